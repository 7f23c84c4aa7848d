//! Dates of MySQL with zeros in them, which stand for none and which no Rust type holds.

use super::toml_text;
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::SqlType;
use crate::ir::draft::{Column, Draft, RawDefault, RawExpr, Type};

/// Warns of columns that have such a date by default, as rows with it cannot be read.
pub(super) fn warn(draft: &Draft, diagnostics: &mut Diagnostics) {
    for table in &draft.tables {
        let columns: Vec<&str> =
            table.columns.iter().filter(|column| is_zero(column)).map(|column| column.name.value.as_str()).collect();
        let Some(first) = columns.first() else { continue };
        let name = &table.name.value.name;
        let shown: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let message =
            format!("dates are zero by default, and rows with such a date cannot be read: {}", shown.join(", "));
        let help = format!(
            "carry them as text: in pilaster.toml [types] {} = \"raw\"; with `zero_dates=true` in its URL a program may write them",
            toml_text(&format!("{name}.{first}"))
        );
        let place = Place::Object(format!("table \"{name}\""));
        diagnostics.push(Diagnostic::warning(codes::LIVE_ZERO_DATE, place, message).help(help));
    }
}

fn is_zero(column: &Column) -> bool {
    let is_date = matches!(column.ty.value, Type::Plain(SqlType::Date | SqlType::DateTime | SqlType::Timestamp));
    let text = match column.default.as_ref().map(|default| &default.value) {
        Some(RawDefault::Expr(RawExpr::PerDialect(text))) => text.mysql.as_deref(),
        _ => None,
    };
    is_date && text.and_then(|text| text.strip_prefix('\'')).is_some_and(has_zeros)
}

/// Whether a date has no month or no day (MySQL's manual, "Date and Time Data Types").
fn has_zeros(text: &str) -> bool {
    let part = |at: std::ops::Range<usize>| text.get(at);
    part(4..5) == Some("-") && (part(5..7) == Some("00") || part(8..10) == Some("00"))
}
