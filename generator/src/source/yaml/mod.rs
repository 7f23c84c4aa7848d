//! The YAML model spec (design: the spec's format).

use std::sync::Arc;

use crate::diag::{Diagnostics, SourceText};
use crate::ir::draft::Draft;

/// Reads a spec. Everything that could be read is in the draft, also when there were errors.
pub fn load(source: &Arc<SourceText>, diagnostics: &mut Diagnostics) -> Draft {
    let _ = (source, diagnostics);
    Draft::default()
}
