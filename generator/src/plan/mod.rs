//! From the IR to exactly what the templates print.

use crate::diag::Diagnostics;
use crate::ir::{DialectName, Schema};

/// What the user decides about the generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Path of the runtime crate, `::pilaster` by default.
    pub crate_path: String,
    /// Derives `serde::Serialize` and `serde::Deserialize` on models, new rows and enums.
    pub serde: bool,
    /// More derives on models, as paths.
    pub derives: Vec<String>,
    /// Dialects to write CREATE and DROP statements for.
    pub dialects: Vec<DialectName>,
    /// Where one item stands from another: empty in one file, `super::super::` in a folder.
    pub root: String,
}

/// Everything that the templates print.
#[derive(Debug, Clone)]
pub struct CodePlan {
    /// Names of the models.
    pub models: Vec<String>,
}

/// Plans the code of a schema. `None` when there were errors.
pub fn plan(schema: &Schema, options: &Options, diagnostics: &mut Diagnostics) -> Option<CodePlan> {
    let _ = (options, diagnostics);
    Some(CodePlan { models: schema.models.iter().map(|model| model.name.clone()).collect() })
}
