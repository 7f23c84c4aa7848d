//! Writes CREATE and DROP statements of a schema per dialect.

use crate::diag::Diagnostics;
use crate::ir::{DialectName, Schema};

/// The statements that make everything of a schema, in an order that works on an empty database. What the dialect
/// cannot do becomes a diagnostic that names the item.
pub fn create(schema: &Schema, dialect: DialectName, diagnostics: &mut Diagnostics) -> Vec<String> {
    let _ = (schema, dialect, diagnostics);
    Vec::new()
}

/// The statements that remove everything of a schema, whatever of it exists.
pub fn drop(schema: &Schema, dialect: DialectName) -> Vec<String> {
    let _ = (schema, dialect);
    Vec::new()
}
