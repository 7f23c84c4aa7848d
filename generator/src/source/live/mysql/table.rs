//! One table of the catalog as a draft table.

use super::super::server::{Expressions, at, check_name, left_out, part_place, table_place, warn};
use super::catalog::{Check, Column as ColumnRow, Table as Row};
use super::types::{self, Reading};
use super::{Reader, is_readable, shown};
use crate::codes;
use crate::diag::Diagnostics;
use crate::ir::draft::{At, Column, Draft, RawExpr, Table};
use crate::ir::{DialectName, SqliteOptions, TableKind, TableName};

impl Reader<'_> {
    /// Adds a table to the draft.
    pub(super) fn table(&self, row: &Row, draft: &mut Draft, diagnostics: &mut Diagnostics) {
        let name = self.name(&row.name);
        let rows = self.rows.columns.get(&row.name).map_or(&[][..], Vec::as_slice);
        if !is_readable(row, &name, rows.len(), diagnostics) {
            return;
        }
        let checks = self.rows.checks.get(&row.name).map_or(&[][..], Vec::as_slice);
        let is_json = |column: &ColumnRow| checks.iter().any(|check| is_json_check(check, column));
        let readings: Vec<Reading> = rows.iter().map(|column| types::read(column, is_json(column))).collect();
        let families = rows.iter().zip(&readings).map(|(column, reading)| (column.name.clone(), reading.family));
        let expressions = Expressions { dialect: DialectName::Mysql, columns: families.collect() };
        let mut columns: Vec<Column> = rows
            .iter()
            .zip(&readings)
            .map(|(column, reading)| self.column(&name, column, reading, &expressions, draft, diagnostics))
            .collect();
        let place = table_place(&name);
        let kind = if row.kind == "VIEW" { TableKind::View } else { TableKind::Table };
        if kind == TableKind::View {
            // Those of the tables beneath, which mean nothing here.
            columns.iter_mut().for_each(|column| column.default = None);
        }
        let period = self.catalog.texts.get(&row.name).and_then(|text| shown::period(text));
        if let Some(period) = period {
            left_out(diagnostics, place.clone(), format!("PERIOD FOR `{period}` is left out; its columns are read"));
        }
        let others = checks.iter().filter(|check| !rows.iter().any(|column| is_json_check(check, column)));
        let checks = others
            .map(|check| {
                warn_of_check(check, &name, diagnostics);
                let condition = expressions.read(&check.condition);
                let given = if check.at_column { None } else { check_name(&check.name, &name.name, &condition) };
                (given, At::new(condition, place.clone()))
            })
            .collect::<Vec<(Option<String>, At<RawExpr>)>>();
        let indexes = self.indexes(&row.name, &name, diagnostics);
        draft.tables.push(Table {
            kind,
            columns,
            primary_key: at(&indexes.primary_key, &place),
            uniques: indexes.uniques,
            indexes: indexes.indexes,
            checks,
            foreign_keys: self.foreign_keys(&row.name, &name, diagnostics),
            comment: (kind == TableKind::Table && !row.comment.is_empty()).then(|| row.comment.clone()),
            renamed_from: None,
            sqlite: SqliteOptions::default(),
            name: At::new(name, place),
        });
    }
}

/// What a check is besides its condition.
fn warn_of_check(check: &Check, name: &TableName, diagnostics: &mut Diagnostics) {
    let place = || part_place(name, "constraint", &check.name);
    if !check.enforced {
        left_out(diagnostics, place(), "that it is NOT ENFORCED is left out: tables made from this schema apply it");
    }
    if check.cut {
        let message =
            "the server prints its condition with a `?` for every byte of a character outside the basic plane";
        warn(diagnostics, codes::LIVE_CLAUSE, place(), message, "compare it with SHOW CREATE TABLE");
    }
}

/// Whether a check is what MariaDB makes of a JSON column.
fn is_json_check(check: &Check, column: &ColumnRow) -> bool {
    column.word == "longtext"
        && check.condition == format!("json_valid({})", crate::ir::quote::quote_ident(DialectName::Mysql, &column.name))
}
