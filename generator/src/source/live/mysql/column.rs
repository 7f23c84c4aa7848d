//! Columns, and what they are by default.

use super::super::server::{Expressions, constant, is_now, left_out, part_place, raw, warn};
use super::Reader;
use super::catalog::Column as Row;
use super::types::{self, Reading};
use crate::codes;
use crate::diag::Diagnostics;
use crate::ir::draft::{At, Column, Draft, Enum, RawDefault, Type};
use crate::ir::quote::quote_string;
use crate::ir::{Default, DialectName, Literal, SqlType, TableName};
use crate::names;

impl Reader<'_> {
    pub(super) fn column(
        &self,
        name: &TableName,
        row: &Row,
        reading: &Reading,
        expressions: &Expressions,
        draft: &mut Draft,
        diagnostics: &mut Diagnostics,
    ) -> Column {
        let place = part_place(name, "column", &row.name);
        let extra = row.extra.to_ascii_lowercase();
        let mut declared = reading.declared.clone();
        let mut ty = Type::Plain(reading.ty.clone());
        if let Some(labels) = &reading.labels {
            match enumeration(name, row, labels, draft) {
                Some(named) => ty = named,
                None => {
                    let message = "the labels are read as text: another enum has the name that this one would have";
                    let help = "rename the column or its table in the database";
                    warn(diagnostics, codes::NAME_TAKEN, place.clone(), message, help);
                    declared = Some(row.spelled.clone());
                }
            }
        }
        warn_of_extras(name, row, reading, &extra, diagnostics);
        let of_versions = is_of_versions(row);
        let generated = row.generated.as_ref().map(|text| {
            let stored = !extra.contains("virtual");
            let text = if of_versions { "NULL" } else { text.as_str() };
            (At::new(expressions.read(text), place.clone()), stored && !of_versions)
        });
        let default = match () {
            () if extra.contains("auto_increment") => Some(RawDefault::Typed(Default::AutoIncrement)),
            () if generated.is_some() => None,
            () => self.default(row, &extra, &ty, draft),
        };
        Column {
            name: At::new(row.name.clone(), place.clone()),
            collation: types::collation(row, &reading.ty),
            ty: At::new(ty, place.clone()),
            nullable: row.nullable || of_versions,
            default: default.map(|default| At::new(default, place)),
            generated,
            comment: (!row.comment.is_empty()).then(|| row.comment.clone()),
            renamed_from: None,
            declared: declared.map(|spelled| raw(DialectName::Mysql, spelled)),
            spelled: Some(raw(DialectName::Mysql, types::without_width(&row.spelled))),
        }
    }

    /// MariaDB prints a default as SQL. MySQL prints the bare value of a constant, and says of an expression that it
    /// is one.
    fn default(&self, row: &Row, extra: &str, ty: &Type, draft: &Draft) -> Option<RawDefault> {
        let text = row.default.as_deref()?;
        let expressions = Expressions { dialect: DialectName::Mysql, columns: Vec::new() };
        let labels = super::labels(draft, ty);
        let bare = !self.catalog.mariadb && !extra.contains("default_generated");
        // MySQL prints bytes as a number of base 16, MariaDB as a text.
        let digits = text.strip_prefix("0x").filter(|_| !self.catalog.mariadb);
        if let Some(literal) = special(text, ty).or_else(|| bytes(digits?, ty)) {
            return Some(RawDefault::Typed(Default::Value(literal)));
        }
        if bare && !text.to_ascii_lowercase().starts_with("current_timestamp") {
            let number = matches!(
                ty,
                Type::Plain(
                    SqlType::TinyInt { .. }
                        | SqlType::SmallInt { .. }
                        | SqlType::Integer { .. }
                        | SqlType::BigInt { .. }
                        | SqlType::Real
                        | SqlType::Double
                        | SqlType::Decimal(_)
                        | SqlType::Boolean
                )
            );
            let text = text.to_owned();
            let literal = if number { Literal::Number(text) } else { Literal::Text(text) };
            return Some(constant(&literal, ty, &labels).unwrap_or_else(|| bare_constant(&expressions, &literal)));
        }
        let Some(expr) = expressions.parse(text) else { return Some(RawDefault::Expr(expressions.verbatim(text))) };
        if expr.moment().is_some_and(|moment| is_now(&moment, ty)) {
            return Some(RawDefault::Typed(Default::Now));
        }
        match expr.constant() {
            Some(Literal::Null) => None,
            Some(literal) => {
                Some(constant(&literal, ty, &labels).unwrap_or_else(|| RawDefault::Expr(expressions.verbatim(text))))
            }
            None => Some(RawDefault::Expr(expressions.read(text))),
        }
    }
}

/// A constant that the column's type has none of here, such as the year 0, as it is written for MySQL alone.
fn bare_constant(expressions: &Expressions, literal: &Literal) -> RawDefault {
    let text = match literal {
        Literal::Text(text) => quote_string(DialectName::Mysql, text),
        Literal::Number(text) => text.clone(),
        _ => "NULL".to_owned(),
    };
    RawDefault::Expr(expressions.verbatim(&text))
}

/// Constants of bits and bytes, which have forms of their own.
fn special(text: &str, ty: &Type) -> Option<Literal> {
    let inner = |prefixes: [&str; 2]| {
        prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).and_then(|rest| rest.strip_suffix('\''))
    };
    match ty {
        Type::Plain(SqlType::Boolean) => inner(["b'", "B'"]).map(|digits| Literal::Bool(digits.contains('1'))),
        Type::Plain(SqlType::BigInt { .. }) => {
            inner(["b'", "B'"]).and_then(|digits| i128::from_str_radix(digits, 2).ok()).map(Literal::Int)
        }
        Type::Plain(SqlType::Bytes) => bytes(inner(["x'", "X'"])?, ty),
        _ => None,
    }
}

/// A constant of bytes by its digits.
fn bytes(digits: &str, ty: &Type) -> Option<Literal> {
    if *ty != Type::Plain(SqlType::Bytes) {
        return None;
    }
    let digits: Vec<u32> = digits.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect::<Option<_>>().map(Literal::Bytes)
}

/// Adds the enum of a column. `None` when another one has its name.
fn enumeration(table: &TableName, row: &Row, labels: &[String], draft: &mut Draft) -> Option<Type> {
    let place = part_place(table, "column", &row.name);
    let name = names::column_enum(&table.name, &row.name);
    if draft.enums.iter().any(|ty| ty.name.value == name) {
        return None;
    }
    draft.enums.push(Enum {
        sql_name: TableName::plain(names::table(&name)),
        name: At::new(name.clone(), place.clone()),
        variants: labels.iter().map(|label| (At::new(label.clone(), place.clone()), None)).collect(),
    });
    Some(Type::Named(name))
}

/// Whether the server writes into the column from when or to when the version of a row holds.
pub(super) fn is_of_versions(row: &Row) -> bool {
    row.generated.as_deref().is_some_and(|text| ["ROW START", "ROW END"].contains(&text))
}

fn warn_of_extras(name: &TableName, row: &Row, reading: &Reading, extra: &str, diagnostics: &mut Diagnostics) {
    let place = || part_place(name, "column", &row.name);
    if extra.contains("on update") {
        left_out(diagnostics, place(), "`ON UPDATE CURRENT_TIMESTAMP` is left out");
    }
    if extra.contains("invisible") {
        left_out(diagnostics, place(), "that it is INVISIBLE is left out: its model has a field for it");
    }
    if is_of_versions(row) {
        let message = "that it holds the time of the row's version is left out: the column is read as one that is \
                       generated, and as NULL where there are no versions";
        left_out(diagnostics, place(), message);
    }
    if row.cut && reading.ty != SqlType::Bytes {
        let message = "the server prints its default or expression with a `?` for every byte of a character outside the \
                       basic plane";
        warn(diagnostics, codes::LIVE_CLAUSE, place(), message, "compare it with SHOW CREATE TABLE");
    }
    if !reading.certain {
        let message = format!("a {} is read and written as the bytes that the server keeps it in", row.word);
        let help = "query it with ST_AsText(…) in hand-written SQL";
        warn(diagnostics, codes::LIVE_TYPE, place(), message, help);
    }
    if reading.labels.iter().flatten().any(|label| label.contains('?')) {
        let message = "the server prints the labels with a `?` for every character outside the basic plane";
        warn(diagnostics, codes::LIVE_TYPE, place(), message, "compare them with SHOW CREATE TABLE");
    }
    if let Some(number) = row.srid {
        left_out(diagnostics, place(), format!("that its shapes are in the reference system {number} is left out"));
    }
    let is_constant = |text: &&str| text.starts_with("0x") && !extra.contains("default_generated");
    if reading.ty == SqlType::Bytes && row.default.as_deref().filter(is_constant).is_some_and(|text| is_cut(text, row))
    {
        let message = "the server prints its default up to the first byte that is zero";
        warn(diagnostics, codes::LIVE_CLAUSE, place(), message, "compare it with SHOW CREATE TABLE");
    }
    let lossy = row.default.as_deref().is_some_and(|text| text.contains('?') || text.contains('\0'));
    if lossy && reading.ty == SqlType::Bytes {
        let message = "the server prints its default with a `?` for every byte that is no text";
        warn(diagnostics, codes::LIVE_CLAUSE, place(), message, "compare it with SHOW CREATE TABLE");
    }
}

/// Whether a constant of bytes, as MySQL prints it, may have more of them than are shown.
fn is_cut(text: &str, row: &Row) -> bool {
    let length = row.spelled.split_once('(').and_then(|(_, rest)| rest.trim_end_matches(')').parse::<usize>().ok());
    length.is_none_or(|length| text.len() < 2 + 2 * length)
}
