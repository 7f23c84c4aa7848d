//! From a draft to a checked schema: names are resolved to ids, every rule is checked, all problems are reported.
//!
//! A rule that is broken leaves its item out. In a lenient draft that is a warning and the schema is usable without
//! the item; otherwise it is an error and there is no schema.

mod constraints;
mod foreign;
mod models;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{At, Draft};
use super::{ColumnId, CustomId, CustomType, DialectName, EnumId, EnumType, Model, Schema, Table, TableId, TableName};
use crate::diag::{Code, Diagnostic, Diagnostics, Place, Severity};

/// Resolves and checks a draft. `None` when there were errors; warnings leave the schema usable.
pub fn build(draft: Draft, diagnostics: &mut Diagnostics) -> Option<Schema> {
    let mut builder = Builder::new(&draft, diagnostics);
    builder.enums(&draft.enums);
    builder.customs(&draft.customs);
    builder.tables(&draft.tables, &draft.models);
    builder.foreign_keys(&draft.tables);
    builder.models(&draft.models);
    let failed = builder.failed;
    let Builder { enums, customs, tables, models, .. } = builder;
    let Draft { dialects, folds_names, .. } = draft;
    (!failed).then_some(Schema { enums, customs, tables, models, dialects, folds_names })
}

struct Builder<'a> {
    diagnostics: &'a mut Diagnostics,
    lenient: bool,
    /// Whether the schema is for databases that number any integer, or only some: not for SQLite.
    servers_only: bool,
    failed: bool,
    enums: Vec<EnumType>,
    enum_ids: BTreeMap<String, EnumId>,
    customs: Vec<CustomType>,
    custom_ids: BTreeMap<String, CustomId>,
    tables: Vec<Table>,
    table_ids: BTreeMap<TableName, TableId>,
    models: Vec<Model>,
    /// Tables that were reported, so that their models are not reported as well.
    left_out: BTreeSet<TableName>,
    /// Models that have no table, which was told.
    unmade: BTreeSet<String>,
}

impl<'a> Builder<'a> {
    fn new(draft: &Draft, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            diagnostics,
            lenient: draft.lenient,
            servers_only: !draft.dialects.is_empty() && !draft.dialects.contains(&DialectName::Sqlite),
            failed: false,
            enums: Vec::new(),
            enum_ids: BTreeMap::new(),
            customs: Vec::new(),
            custom_ids: BTreeMap::new(),
            tables: Vec::new(),
            table_ids: BTreeMap::new(),
            models: Vec::new(),
            left_out: BTreeSet::new(),
            unmade: BTreeSet::new(),
        }
    }

    /// A broken rule; the caller leaves the item out.
    fn broken(&mut self, code: Code, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        let severity = if self.lenient { Severity::Warning } else { Severity::Error };
        self.failed |= !self.lenient;
        let mut message = message.into();
        if self.lenient {
            message.push_str("; it is left out");
        }
        self.diagnostics.push(Diagnostic::new(severity, code, place.clone(), message).help(help));
    }

    /// Something doubtful that stays as it is.
    fn warn(&mut self, code: Code, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(code, place.clone(), message).help(help));
    }

    /// Reports a name that was there before; the second one is left out.
    fn duplicate(&mut self, what: &str, name: &At<String>) {
        let message = format!("{what} `{}` is there twice", name.value);
        self.broken(crate::codes::DUPLICATE_NAME, &name.place, message, "rename or remove one of them");
    }

    fn table(&self, id: TableId) -> Option<&Table> {
        self.tables.get(id.index())
    }
}

/// The column of a name.
fn column_id(table: &Table, name: &str) -> Option<ColumnId> {
    table.columns.iter().position(|c| c.name == name).map(ColumnId::from)
}

/// A table's name as SQL shows it.
fn shown(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{schema}.{}", name.name),
        None => name.name.clone(),
    }
}

#[cfg(test)]
mod tests;
