//! One table of the catalog as a draft table.

use super::super::given_name;
use super::super::server::{Expressions, at, check_name, left_out, part_place, table_place, warn};
use super::catalog::{Constraint, Table as Row};
use super::types::{Domain, Reading};
use super::{Reader, skip, warn_of_kind};
use crate::codes;
use crate::diag::{Diagnostics, Place};
use crate::ir::draft::{At, Column, Draft, RawExpr, Table};
use crate::ir::{DialectName, SqliteOptions, TableKind};

impl Reader<'_> {
    /// Adds a table to the draft.
    pub(super) fn table(&self, row: &Row, draft: &mut Draft, diagnostics: &mut Diagnostics) {
        let name = self.names.table(row);
        let Some(rows) = self.rows.columns.get(&row.oid) else {
            diagnostics.push(skip(&name, "it has no columns and is left out", "drop it, or add a column"));
            return;
        };
        warn_of_kind(row, &name, diagnostics);
        let mut readings: Vec<Reading> =
            rows.iter().map(|column| self.types.read(column.ty, column.modifier, &column.spelled)).collect();
        if ["v", "m"].contains(&row.kind.as_str()) {
            // What a query gives is not checked against the domain: an outer join gives NULL for one that is NOT NULL.
            readings.iter_mut().for_each(|reading| reading.domain = Domain::default());
        }
        let families = rows.iter().zip(&readings).map(|(column, reading)| (column.name.clone(), reading.family));
        let expressions = Expressions { dialect: DialectName::Postgres, columns: families.collect() };
        let columns: Vec<Column> = rows
            .iter()
            .zip(&readings)
            .map(|(column, reading)| self.column(&name, column, reading, &expressions, diagnostics))
            .collect();
        let place = table_place(&name);
        let kind = if ["r", "p"].contains(&row.kind.as_str()) { TableKind::Table } else { TableKind::View };
        let mut table = Table {
            kind,
            columns,
            primary_key: Vec::new(),
            uniques: Vec::new(),
            indexes: self.indexes(row.oid, &name, &expressions, diagnostics),
            checks: self.domain_checks(&expressions, &readings, &place),
            foreign_keys: Vec::new(),
            comment: row.comment.clone(),
            renamed_from: None,
            sqlite: SqliteOptions::default(),
            name: At::new(name, place),
        };
        if kind == TableKind::View {
            // What is checked was checked where the rows come from.
            table.checks.clear();
            for index in std::mem::take(&mut table.indexes) {
                left_out(diagnostics, index.place, "the index is left out: what is read like a view has none");
            }
        }
        for constraint in self.rows.constraints.get(&row.oid).into_iter().flatten() {
            self.constraint(constraint, &mut table, &expressions, diagnostics);
        }
        table.uniques.sort_by_key(|(name, columns)| {
            let position =
                |column: &At<String>| table.columns.iter().position(|other| other.name.value == column.value);
            (columns.iter().map(position).collect::<Vec<_>>(), name.clone())
        });
        draft.tables.push(table);
    }

    /// The conditions of domains, at the columns that have them.
    fn domain_checks(
        &self,
        expressions: &Expressions,
        readings: &[Reading],
        place: &Place,
    ) -> Vec<(Option<String>, At<RawExpr>)> {
        let mut checks = Vec::new();
        for ((column, family), reading) in expressions.columns.iter().zip(readings) {
            for condition in &reading.domain.checks {
                let text = with_column(condition, column);
                let mut expressions = Expressions { dialect: DialectName::Postgres, columns: Vec::new() };
                expressions.columns.push((column.clone(), *family));
                checks.push((None, At::new(expressions.read(&text), place.clone())));
            }
        }
        checks
    }

    fn constraint(
        &self,
        row: &Constraint,
        table: &mut Table,
        expressions: &Expressions,
        diagnostics: &mut Diagnostics,
    ) {
        let name = table.name.value.clone();
        let place = part_place(&name, "constraint", &row.name);
        let columns = self.rows.column_names(row.table, &row.columns).unwrap_or_default();
        if row.deferrable && row.kind != "f" {
            left_out(diagnostics, place.clone(), "that it is DEFERRABLE is left out");
        }
        if !row.enforced {
            let message = "that it is NOT ENFORCED is left out: tables made from this schema apply it";
            left_out(diagnostics, place.clone(), message);
        } else if !row.validated {
            left_out(diagnostics, place.clone(), "that it is NOT VALID for the rows of before is left out");
        }
        if row.no_inherit {
            left_out(diagnostics, place.clone(), "NO INHERIT is left out");
        }
        if ["p", "u"].contains(&row.kind.as_str()) {
            if row.period {
                let message = "WITHOUT OVERLAPS is left out: it is read as a key over the columns";
                left_out(diagnostics, place.clone(), message);
            }
            for clause in
                [" INCLUDE (", " NULLS NOT DISTINCT "].iter().filter(|clause| row.definition.contains(**clause))
            {
                let clause = clause.trim_end_matches('(').trim();
                left_out(diagnostics, place.clone(), format!("{clause} is left out"));
            }
        }
        match row.kind.as_str() {
            "p" => table.primary_key = at(&columns, &place),
            "u" => {
                let given = given_name(&row.name, &name.name, &columns, "key");
                table.uniques.push((given, at(&columns, &place)));
            }
            "c" if table.kind == TableKind::View => {
                let message = "the check is left out: what is read like a view has none";
                let help = "a foreign table does not check its rows itself: its own server does, or nobody";
                warn(diagnostics, codes::LIVE_CLAUSE, place, message, help);
            }
            "c" => {
                let condition = expressions.read(row.condition.as_deref().unwrap_or("true"));
                let given = check_name(&row.name, &name.name, &condition);
                table.checks.push((given, At::new(condition, place)));
            }
            "x" => {
                let message = format!("the exclusion constraint is left out: {}", row.definition);
                left_out(diagnostics, place, message);
            }
            // Foreign keys need all tables.
            _ => {}
        }
    }
}

/// The condition of a domain over a column: `VALUE` outside of quotes is the column.
fn with_column(condition: &str, column: &str) -> String {
    let quoted = crate::ir::quote::quote_ident(DialectName::Postgres, column);
    let mut out = String::with_capacity(condition.len() + quoted.len());
    let mut quote = None;
    let mut rest = condition;
    while let Some(c) = rest.chars().next() {
        let free = quote.is_none() && !out.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        if let Some(after) = rest
            .strip_prefix("VALUE")
            .filter(|after| free && !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        {
            out.push_str(&quoted);
            rest = after;
            continue;
        }
        if c == '\'' || c == '"' {
            quote = match quote {
                None => Some(c),
                Some(open) if open == c => None,
                open => open,
            };
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_domain_is_the_column() {
        for (condition, over) in [
            ("(VALUE > 0)", "(\"a b\" > 0)"),
            ("((VALUE)::text ~ 'VALUE'::text)", "((\"a b\")::text ~ 'VALUE'::text)"),
            (
                "(app.\"VALUE\"(VALUE) AND MYVALUE(1) AND VALUES_ > 'it''s VALUE')",
                "(app.\"VALUE\"(\"a b\") AND MYVALUE(1) AND VALUES_ > 'it''s VALUE')",
            ),
        ] {
            assert_eq!(with_column(condition, "a b"), over);
        }
    }
}
