//! Reads the schema of a PostgreSQL database.
//!
//! Tables come in the order of their names. Those of the first schema of the search path have none in their names, so
//! that the code also works where that schema is called otherwise; the others are named with theirs.

mod catalog;
mod column;
mod enums;
mod index;
mod keys;
mod table;
mod types;

use std::collections::BTreeMap;

use super::connect::Snapshot;
use super::server::{self, left_out, table_place, warn};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::draft::{Beside, Draft};
use crate::ir::{DialectName, TableName};

use catalog::Catalog;
use types::Types;

/// Reads the tables of some schemas; without one named, those of the search path.
pub fn load(url: &str, schemas: &[String], diagnostics: &mut Diagnostics) -> Draft {
    let Some(snapshot) = Snapshot::open(url, diagnostics) else { return Draft::default() };
    let read = catalog::read(&snapshot, schemas);
    let Some(catalog) = snapshot.finish(read, diagnostics) else { return Draft::default() };
    for missing in schemas.iter().filter(|name| !catalog.schemas.iter().any(|schema| schema.name == **name)) {
        let place = Place::Object("tables.schemas".to_owned());
        let help = "write the name as in the database";
        warn(diagnostics, codes::OVERRIDE_UNUSED, place, format!("there is no schema `{missing}`"), help);
    }
    for name in &catalog.forbidden {
        let place = Place::Object(format!("schema \"{name}\""));
        let message = "it is left out, though it is on the search path: the role has no right to use it";
        let help = "GRANT USAGE ON SCHEMA gives that right; or name a `search_path` without it in the URL";
        warn(diagnostics, codes::LIVE_RIGHTS, place, message, help);
    }
    let draft = draft(&catalog, diagnostics);
    if draft.tables.is_empty() {
        let help = "check the name of the database, that its migrations have run, and that its schema is on the search \
                    path: `?search_path=app` in the URL, or `schemas` under [tables] in pilaster.toml";
        diagnostics.push(snapshot.empty(help));
    }
    draft
}

fn draft(catalog: &Catalog, diagnostics: &mut Diagnostics) -> Draft {
    let mut draft = Draft { lenient: true, dialects: vec![DialectName::Postgres], ..Draft::default() };
    let current = catalog.schemas.iter().find(|schema| schema.current).map(|schema| schema.name.as_str());
    draft.schema = current.map(str::to_owned);
    let names = Names { current };
    let numbers = enums::read(catalog, &names, &mut draft, diagnostics);
    let reader = Reader {
        types: Types::of(catalog, numbers),
        labels: enums::labels(&draft),
        names,
        rows: Rows::of(catalog),
        catalog,
    };
    for row in &catalog.tables {
        let (table, row_security) = (reader.names.table(row), row.row_security);
        draft.beside.push(Beside { table, triggers: row.triggers, rules: row.rules, row_security });
        reader.table(row, &mut draft, diagnostics);
    }
    keys::resolve(&reader, &mut draft.tables, diagnostics);
    server::sort(&mut draft.tables);
    draft
}

/// What is known while the tables are read.
struct Reader<'a> {
    catalog: &'a Catalog,
    types: Types<'a>,
    names: Names<'a>,
    rows: Rows<'a>,
    /// Labels of enums by Rust name.
    labels: BTreeMap<String, Vec<String>>,
}

/// Names with and without schema.
struct Names<'a> {
    current: Option<&'a str>,
}

impl Names<'_> {
    /// The schema where it must be named.
    fn schema(&self, schema: &str) -> Option<String> {
        (self.current != Some(schema)).then(|| schema.to_owned())
    }

    fn table(&self, row: &catalog::Table) -> TableName {
        TableName { schema: self.schema(&row.schema), name: row.name.clone() }
    }
}

/// Rows by the number of their table.
struct Rows<'a> {
    columns: BTreeMap<i64, Vec<&'a catalog::Column>>,
    constraints: BTreeMap<i64, Vec<&'a catalog::Constraint>>,
    index_parts: BTreeMap<i64, Vec<&'a catalog::IndexPart>>,
}

impl<'a> Rows<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        Self {
            columns: grouped(&catalog.columns, |row| row.table),
            constraints: grouped(&catalog.constraints, |row| row.table),
            index_parts: grouped(&catalog.index_parts, |row| row.table),
        }
    }

    /// The name of a column by its number.
    fn column(&self, table: i64, number: i64) -> Option<String> {
        let columns = self.columns.get(&table)?;
        columns.iter().find(|column| column.number == number).map(|column| column.name.clone())
    }

    fn column_names(&self, table: i64, numbers: &[i64]) -> Option<Vec<String>> {
        numbers.iter().map(|number| self.column(table, *number)).collect()
    }
}

fn grouped<T>(rows: &[T], key: impl Fn(&T) -> i64) -> BTreeMap<i64, Vec<&T>> {
    let mut groups: BTreeMap<i64, Vec<&T>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

fn skip(name: &TableName, message: &str, help: &str) -> Diagnostic {
    Diagnostic::warning(codes::LIVE_TABLE, table_place(name), message).help(help)
}

/// What a table is made of besides its columns and constraints.
fn warn_of_kind(row: &catalog::Table, name: &TableName, diagnostics: &mut Diagnostics) {
    if let Some(key) = &row.partitions {
        let message =
            format!("`PARTITION BY {key}` is left out; the partitions are no models, their rows are this table's");
        left_out(diagnostics, table_place(name), message);
    }
    if let Some(parents) = &row.parents {
        let message = format!("that it inherits from {parents} is left out: it is read as a table of its own");
        left_out(diagnostics, table_place(name), message);
    }
    if row.unlogged {
        left_out(diagnostics, table_place(name), "UNLOGGED is left out");
    }
    if row.kind == "f" {
        let help = "write to it with hand-written SQL, if its server takes that";
        diagnostics.push(skip(name, "a foreign table is read like a view: its model only reads", help));
    }
}

#[cfg(test)]
mod tests;
