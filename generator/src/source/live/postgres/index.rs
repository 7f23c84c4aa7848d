//! Indexes that are no constraints.

use super::super::given_name;
use super::super::server::{Expressions, left_out, part_place};
use super::Reader;
use super::catalog::IndexPart as Row;
use crate::diag::{Diagnostics, Place};
use crate::ir::TableName;
use crate::ir::draft::{At, Index, IndexPart, IndexTarget};

impl Reader<'_> {
    /// The indexes of a table, by name.
    pub(super) fn indexes(
        &self,
        table: i64,
        name: &TableName,
        expressions: &Expressions,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Index> {
        let rows = self.rows.index_parts.get(&table).map_or(&[][..], Vec::as_slice);
        let groups = rows.chunk_by(|a, b| a.index == b.index);
        groups.filter_map(|parts| self.index(name, parts, expressions, diagnostics)).collect()
    }

    fn index(
        &self,
        name: &TableName,
        rows: &[&Row],
        expressions: &Expressions,
        diagnostics: &mut Diagnostics,
    ) -> Option<Index> {
        let first = rows.first()?;
        let place = part_place(name, "index", &first.index);
        if let Some(why) = impossible(first) {
            left_out(diagnostics, place, format!("the index is left out: {why}"));
            return None;
        }
        warn_of_clauses(rows, &place, diagnostics);
        let mut columns = Vec::new();
        let mut parts = Vec::new();
        for row in rows {
            let target = match self.rows.column(row.table, row.column) {
                Some(column) => {
                    columns.push(column.clone());
                    IndexTarget::Column(At::new(column, place.clone()))
                }
                None => IndexTarget::Expr(At::new(expressions.read(&row.expression), place.clone())),
            };
            parts.push(IndexPart { target, desc: row.desc });
        }
        let given = given_name(&first.index, &name.name, &columns, "idx");
        Some(Index {
            name: given.map(|given| At::new(given, place.clone())),
            parts,
            unique: first.unique,
            predicate: first.predicate.as_ref().map(|text| At::new(expressions.read(text), place.clone())),
            only: Vec::new(),
            place,
        })
    }
}

/// Why an index has no counterpart at all.
fn impossible(row: &Row) -> Option<String> {
    if !row.valid {
        return Some("it is not valid, as a concurrent build of it failed".to_owned());
    }
    (row.method != "btree").then(|| format!("its method is {}", row.method))
}

/// What the index has beyond its parts.
fn warn_of_clauses(rows: &[&Row], place: &Place, diagnostics: &mut Diagnostics) {
    let mut clauses: Vec<String> = Vec::new();
    for row in rows {
        clauses.extend(row.class.as_ref().map(|class| format!("the operator class {class}")));
        clauses.extend(row.collation.as_ref().map(|collation| format!("the collation {collation}")));
        clauses.extend(row.nulls_first.then(|| "where NULLs are sorted".to_owned()));
    }
    if let Some(first) = rows.first() {
        clauses.extend(first.includes.then(|| "INCLUDE".to_owned()));
        clauses.extend(first.nulls_not_distinct.then(|| "NULLS NOT DISTINCT".to_owned()));
    }
    clauses.dedup();
    if !clauses.is_empty() {
        left_out(diagnostics, place.clone(), format!("left out of the index: {}", clauses.join(", ")));
    }
}
