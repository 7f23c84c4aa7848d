//! Columns, and what they are by default.

use super::super::server::{Expressions, constant, is_now, left_out, part_place, raw};
use super::Reader;
use super::catalog::Column as Row;
use super::types::Reading;
use crate::diag::Diagnostics;
use crate::ir::draft::{At, Column, RawDefault};
use crate::ir::{Default, DialectName, Literal, SqlType, TableName};

/// What DDL of ours writes for the current date and time of columns without a zone, as the server prints it.
const NOW: &[(&str, SqlType)] = &[
    ("((now() AT TIME ZONE 'UTC'::text))::date", SqlType::Date),
    ("((now() AT TIME ZONE 'UTC'::text))::time without time zone", SqlType::Time),
    ("(now() AT TIME ZONE 'UTC'::text)", SqlType::DateTime),
    ("(now() AT TIME ZONE 'utc'::text)", SqlType::DateTime),
    ("timezone('utc'::text, now())", SqlType::DateTime),
    ("timezone('UTC'::text, now())", SqlType::DateTime),
    ("LOCALTIMESTAMP", SqlType::DateTime),
    ("('now'::text)::date", SqlType::Date),
];

impl Reader<'_> {
    pub(super) fn column(
        &self,
        name: &TableName,
        row: &Row,
        reading: &Reading,
        expressions: &Expressions,
        diagnostics: &mut Diagnostics,
    ) -> Column {
        let is_key = self
            .rows
            .constraints
            .get(&row.table)
            .into_iter()
            .flatten()
            .any(|key| key.kind == "p" && key.columns.contains(&row.number));
        let place = part_place(name, "column", &row.name);
        let is_generated = !row.generated.is_empty();
        let generated = row.default.as_ref().filter(|_| is_generated);
        let text = row.default.as_ref().or(reading.domain.default.as_ref()).filter(|_| !is_generated);
        let default = if is_numbered(row, is_key) {
            Some(RawDefault::Typed(Default::AutoIncrement))
        } else {
            text.and_then(|text| self.default(text, reading))
        };
        if row.identity == "a" {
            let message = "`GENERATED ALWAYS AS IDENTITY` is read as BY DEFAULT: a number that is given is refused by the \
                           database all the same";
            left_out(diagnostics, place.clone(), message);
        }
        if let Some(counts) = row.counts.as_ref().filter(|_| default == Some(RawDefault::Typed(Default::AutoIncrement)))
        {
            left_out(diagnostics, place.clone(), format!("how its sequence counts is left out: {counts}"));
        }
        Column {
            name: At::new(row.name.clone(), place.clone()),
            ty: At::new(reading.ty.clone(), place.clone()),
            nullable: !row.not_null && !reading.domain.not_null,
            default: default.map(|default| At::new(default, place.clone())),
            generated: generated.map(|text| (At::new(expressions.read(text), place), row.generated == "s")),
            collation: row.collation.clone().or_else(|| reading.domain.collation.clone()),
            comment: row.comment.clone(),
            renamed_from: None,
            declared: reading.declared.as_ref().map(|spelled| raw(DialectName::Postgres, spelled)),
            spelled: Some(raw(DialectName::Postgres, row.spelled.clone())),
        }
    }

    /// `None` for NULL, which is what happens without a default.
    fn default(&self, text: &str, reading: &Reading) -> Option<RawDefault> {
        let known = NOW.iter().find(|(known, _)| *known == text);
        if known.is_some_and(|(_, ty)| reading.ty == ty.clone().into()) {
            return Some(RawDefault::Typed(Default::Now));
        }
        // No column can stand in a default.
        let expressions = Expressions { dialect: DialectName::Postgres, columns: Vec::new() };
        let Some(expr) = expressions.parse(text) else { return Some(RawDefault::Expr(expressions.verbatim(text))) };
        if expr.moment().is_some_and(|moment| is_now(&moment, &reading.ty)) {
            return Some(RawDefault::Typed(Default::Now));
        }
        match expr.constant() {
            Some(Literal::Null) => None,
            Some(literal) => Some(
                constant(&literal, &reading.ty, &self.labels)
                    .unwrap_or_else(|| RawDefault::Expr(expressions.verbatim(text))),
            ),
            None => Some(RawDefault::Expr(expressions.read(text))),
        }
    }
}

/// Whether the database counts the column: an identity, a sequence that belongs to it, or any sequence for a column of the key.
fn is_numbered(row: &Row, is_key: bool) -> bool {
    let counts = row.default.as_deref().is_some_and(|text| text.starts_with("nextval("));
    !row.identity.is_empty() || (counts && (row.sequence || is_key))
}
