//! Tests of the format as a whole: what is read, and what users are told about mistakes.

use super::*;
use crate::ir::build::build;
use crate::ir::{Default, RelationKind, Schema};

mod lowering;
mod mistakes;

fn read(text: &str) -> (Option<Schema>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let source = Arc::new(SourceText { name: "models.yaml".into(), text: text.into() });
    let draft = load(&source, &mut diagnostics);
    let schema = build(draft, &mut diagnostics);
    (schema, diagnostics)
}

fn good(text: &str) -> Schema {
    let (schema, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    schema.unwrap()
}

/// What is said about the models of a spec.
fn said(models: &str) -> String {
    let indented: String = models.lines().map(|l| format!("  {l}\n")).collect();
    read(&format!("pilaster: 1\nmodels:\n{indented}")).1.to_string()
}

/// What is said about the columns of a model.
fn columns(columns: &str) -> String {
    let indented: String = columns.lines().map(|l| format!("    {l}\n")).collect();
    said(&format!("User:\n  columns:\n    id: bigint primary\n{indented}"))
}
