//! Reads the schema of a MySQL or MariaDB database.
//!
//! Tables come in the order of their names. Those of the URL's database have none in their names, those of others have
//! theirs.

mod catalog;
mod column;
mod escaped;
mod index;
mod keys;
mod rights;
mod shown;
mod table;
mod types;

use std::collections::BTreeMap;

use super::connect::Snapshot;
use super::server::{self, left_out, table_place, warn};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::draft::{Beside, Draft, Type};
use crate::ir::{DialectName, TableName};

use catalog::{Catalog, Name};

/// Reads the tables of some databases of a server; without one named, of that in the URL.
pub fn load(url: &str, schemas: &[String], diagnostics: &mut Diagnostics) -> Draft {
    let Some(snapshot) = Snapshot::open(url, diagnostics) else { return Draft::default() };
    let read = catalog::read(&snapshot, schemas);
    let Some(catalog) = snapshot.finish(read, diagnostics) else { return Draft::default() };
    if catalog.current.is_none() && schemas.is_empty() {
        let place = Place::Object(format!("database \"{}\"", crate::url::redact(url)));
        let message = "the URL names no database to read";
        let help = "write `mysql://user@host/database`, or `schemas` under [tables] in pilaster.toml";
        diagnostics.push(Diagnostic::error(codes::DATABASE_URL, place, message).help(help));
        return Draft::default();
    }
    for missing in schemas.iter().filter(|name| !catalog.tables.iter().any(|table| table.name.0 == **name)) {
        let place = Place::Object("tables.schemas".to_owned());
        let message = format!("there is no database `{missing}`, or nothing in it that this user may see");
        warn(diagnostics, codes::OVERRIDE_UNUSED, place, message, "write the name as on the server");
    }
    for name in &catalog.narrow {
        let checks = if catalog.mariadb { ", and neither are the checks of these" } else { "" };
        let message = format!(
            "the user has rights on single tables or columns of `{name}` only: what else there is is not shown{checks}"
        );
        let help = "where more is to be read, grant the user a right on the whole database, such as SHOW VIEW";
        let place = Place::Object(format!("database \"{}\"", crate::url::redact(url)));
        warn(diagnostics, codes::LIVE_RIGHTS, place, message, help);
    }
    let draft = draft(&catalog, diagnostics);
    if draft.tables.is_empty() {
        let help = "check the name of the database, that its migrations have run, and that the user may see its tables";
        diagnostics.push(snapshot.empty(help));
    }
    draft
}

fn draft(catalog: &Catalog, diagnostics: &mut Diagnostics) -> Draft {
    let mut draft = Draft { lenient: true, dialects: vec![DialectName::Mysql], ..Draft::default() };
    draft.folds_names = catalog.folds_names;
    draft.schema.clone_from(&catalog.current);
    let reader = Reader { catalog, rows: Rows::of(catalog) };
    for row in &catalog.tables {
        let triggers = catalog.triggers.iter().filter(|table| **table == row.name).count();
        let triggers = i64::try_from(triggers).unwrap_or(i64::MAX);
        draft.beside.push(Beside { table: reader.name(&row.name), triggers, rules: 0, row_security: false });
        reader.table(row, &mut draft, diagnostics);
    }
    server::sort(&mut draft.tables);
    draft
}

/// What is known while the tables are read.
struct Reader<'a> {
    catalog: &'a Catalog,
    rows: Rows<'a>,
}

impl Reader<'_> {
    fn name(&self, (schema, name): &Name) -> TableName {
        let other = self.catalog.current.as_ref() != Some(schema);
        TableName { schema: other.then(|| schema.clone()), name: name.clone() }
    }
}

/// Rows by their table.
struct Rows<'a> {
    columns: BTreeMap<&'a Name, Vec<&'a catalog::Column>>,
    index_parts: BTreeMap<&'a Name, Vec<&'a catalog::IndexPart>>,
    key_parts: BTreeMap<&'a Name, Vec<&'a catalog::KeyPart>>,
    checks: BTreeMap<&'a Name, Vec<&'a catalog::Check>>,
}

impl<'a> Rows<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        Self {
            columns: grouped(&catalog.columns, |row| &row.table),
            index_parts: grouped(&catalog.index_parts, |row| &row.table),
            key_parts: grouped(&catalog.key_parts, |row| &row.table),
            checks: grouped(&catalog.checks, |row| &row.table),
        }
    }
}

fn grouped<T>(rows: &[T], key: impl Fn(&T) -> &Name) -> BTreeMap<&Name, Vec<&T>> {
    let mut groups: BTreeMap<&Name, Vec<&T>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

/// The labels of a type that is an enum.
fn labels(draft: &Draft, ty: &Type) -> BTreeMap<String, Vec<String>> {
    let Type::Named(name) = ty else { return BTreeMap::new() };
    let named = draft.enums.iter().filter(|ty| ty.name.value == *name);
    named.map(|ty| (name.clone(), ty.variants.iter().map(|(label, _)| label.value.clone()).collect())).collect()
}

/// Whether a table can be taken, with a warning when not, and with one for what it has beyond columns and keys.
fn is_readable(row: &catalog::Table, name: &TableName, columns: usize, diagnostics: &mut Diagnostics) -> bool {
    let skip =
        |message: String, help: &str| Diagnostic::warning(codes::LIVE_TABLE, table_place(name), message).help(help);
    if row.kind == "SEQUENCE" {
        diagnostics.push(skip("a sequence is left out".to_owned(), "use NEXT VALUE FOR it in hand-written SQL"));
        return false;
    }
    if columns == 0 {
        let why = if row.kind == "VIEW" { row.comment.as_str() } else { "it has no columns that this user may see" };
        diagnostics.push(skip(format!("it is left out: {why}"), "repair it, drop it, or grant SELECT on it"));
        return false;
    }
    if row.kind == "SYSTEM VERSIONED" {
        left_out(diagnostics, table_place(name), "WITH SYSTEM VERSIONING is left out");
    }
    if row.options.contains("partitioned") {
        left_out(diagnostics, table_place(name), "its partitions are left out; their rows are the table's");
    }
    true
}

#[cfg(test)]
mod tests;
