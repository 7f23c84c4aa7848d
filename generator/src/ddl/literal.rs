//! Column defaults as SQL.

use crate::ir::quote::quote_string;
use crate::ir::{DialectName, Literal, Schema, SqlType};

/// The type beneath custom types.
pub(super) fn base<'a>(ty: &'a SqlType, schema: &'a Schema) -> &'a SqlType {
    match ty {
        SqlType::Custom(id) => &schema.custom(*id).sql,
        other => other,
    }
}

/// A constant as what follows `DEFAULT`.
pub(super) fn constant(literal: &Literal, ty: &SqlType, dialect: DialectName) -> String {
    let text = match literal {
        Literal::Null => return "NULL".to_owned(),
        Literal::Int(value) => value.to_string(),
        Literal::Number(text) if is_number(text) => text.clone(),
        Literal::Number(text) => quote_string(dialect, text),
        Literal::Bool(true) => "TRUE".to_owned(),
        Literal::Bool(false) => "FALSE".to_owned(),
        Literal::Text(text) => quote_string(dialect, &moment(text, ty, dialect).unwrap_or_else(|| text.clone())),
        Literal::Bytes(bytes) if dialect == DialectName::Postgres => format!("'\\x{}'", hex(bytes)),
        Literal::Bytes(bytes) => format!("X'{}'", hex(bytes)),
    };
    // MySQL takes a default of these types as an expression only.
    let parentheses = dialect == DialectName::Mysql && matches!(ty, SqlType::Text | SqlType::Bytes | SqlType::Json);
    if parentheses { format!("({text})") } else { text }
}

/// A plain decimal number, with or without a fraction and an exponent.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let whole = match mantissa.split_once('.') {
        Some((before, after)) => digits(before) && digits(after),
        None => digits(mantissa),
    };
    whole && exponent.is_none_or(|part| digits(part.strip_prefix(['-', '+']).unwrap_or(part)))
}

/// The current date or time in UTC, as what follows `DEFAULT`. On SQLite in the one form that text order needs:
/// microseconds, of which its clock knows the first three.
pub(super) fn now(ty: &SqlType, dialect: DialectName) -> &'static str {
    match (dialect, ty) {
        (DialectName::Sqlite, SqlType::Date) => "CURRENT_DATE",
        (DialectName::Sqlite, SqlType::Time) => "(strftime('%H:%M:%f000', 'now'))",
        (DialectName::Sqlite, _) => "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))",
        (DialectName::Postgres, SqlType::Date) => "((now() AT TIME ZONE 'UTC')::date)",
        (DialectName::Postgres, SqlType::Time) => "((now() AT TIME ZONE 'UTC')::time)",
        (DialectName::Postgres, SqlType::DateTime) => "(now() AT TIME ZONE 'UTC')",
        (DialectName::Postgres, _) => "CURRENT_TIMESTAMP",
        // The runtime's connections are in UTC. MySQL takes functions other than CURRENT_TIMESTAMP in parentheses.
        (DialectName::Mysql, SqlType::Date) => "(CURRENT_DATE)",
        (DialectName::Mysql, SqlType::Time) => "(CURRENT_TIME(6))",
        (DialectName::Mysql, _) => "CURRENT_TIMESTAMP(6)",
    }
}

/// A date with time, or a time, in the fixed form that values of that type have: `YYYY-MM-DD HH:MM:SS.ffffff`, with
/// `+00` on a PostgreSQL timestamp. `None` for other types and for texts in another form.
fn moment(text: &str, ty: &SqlType, dialect: DialectName) -> Option<String> {
    let text = text.trim();
    match ty {
        SqlType::Time => clock(text),
        SqlType::DateTime | SqlType::Timestamp => {
            let utc = ["Z", "z", "+00:00", "+00"].iter().find_map(|zone| text.strip_suffix(zone));
            let local = utc.unwrap_or(text);
            let (date, time) = local.split_once(['T', ' ']).unwrap_or((local, "00:00:00"));
            let zone = if dialect == DialectName::Postgres && *ty == SqlType::Timestamp { "+00" } else { "" };
            fields(date, '-', &[4, 2, 2]).then_some(())?;
            Some(format!("{date} {}{zone}", clock(time)?))
        }
        _ => None,
    }
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f…` with six digits of fraction.
fn clock(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = match whole.len() {
        5 if fraction.is_empty() && fields(whole, ':', &[2, 2]) => ":00",
        8 if fields(whole, ':', &[2, 2, 2]) => "",
        _ => return None,
    };
    Some(format!("{whole}{seconds}.{fraction:0<6}"))
}

fn fields(text: &str, separator: char, widths: &[usize]) -> bool {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.len() == widths.len()
        && parts
            .iter()
            .zip(widths)
            .all(|(part, width)| part.len() == *width && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use DialectName::{Mysql, Postgres, Sqlite};

    #[test]
    fn moments_get_the_fixed_form() {
        let text = |text: &str, ty: SqlType, dialect| constant(&Literal::Text(text.to_owned()), &ty, dialect);
        assert_eq!(text("2024-02-03", SqlType::Timestamp, Sqlite), "'2024-02-03 00:00:00.000000'");
        assert_eq!(text("2024-02-03T04:05:06.7Z", SqlType::Timestamp, Mysql), "'2024-02-03 04:05:06.700000'");
        assert_eq!(text("2024-02-03 04:05", SqlType::Timestamp, Postgres), "'2024-02-03 04:05:00.000000+00'");
        assert_eq!(text("04:05", SqlType::Time, Sqlite), "'04:05:00.000000'");
        assert_eq!(text("2024-02-03", SqlType::Date, Sqlite), "'2024-02-03'");
        assert_eq!(text("next year's", SqlType::Timestamp, Sqlite), "'next year''s'");
    }

    #[test]
    fn numbers_that_are_none_are_quoted() {
        for good in ["1", "-1.5", "1e3", "+2.0E-7"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "1;", "NaN", ".5", "1.", "1e", "--1", "1.2.3"] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    #[test]
    fn text_defaults_on_mysql_are_expressions() {
        assert_eq!(constant(&Literal::Text("a".into()), &SqlType::Text, Mysql), "('a')");
        assert_eq!(constant(&Literal::Text("a".into()), &SqlType::String(3), Mysql), "'a'");
        assert_eq!(constant(&Literal::Bytes(vec![0, 255]), &SqlType::Bytes, Postgres), "'\\x00ff'");
    }
}
