//! Types a constant of a default by its column.

use super::super::table::Default as ColumnDefault;
use super::super::{Literal, SqlType};
use crate::diag::suggest_help;

/// What is wrong with a default: a sentence and what to do.
pub type Problem = (String, String);

type Typed = Result<ColumnDefault, Problem>;

/// Reads a constant as written in a spec. `ty` is the column's type without custom types, `labels` those of its enum.
///
/// # Errors
/// When the type does not take the constant.
pub fn typed(ty: &SqlType, labels: &[String], written: &str) -> Typed {
    match ty {
        SqlType::TinyInt { unsigned } => integer(written, 8, *unsigned),
        SqlType::SmallInt { unsigned } => integer(written, 16, *unsigned),
        SqlType::Integer { unsigned } => integer(written, 32, *unsigned),
        SqlType::BigInt { unsigned } => integer(written, 64, *unsigned),
        SqlType::Real | SqlType::Double => float(written),
        SqlType::Decimal(size) => decimal(written, *size),
        SqlType::Boolean => boolean(written),
        SqlType::String(length) => string(written, *length),
        SqlType::Text | SqlType::Raw(_) => text(written),
        SqlType::Interval => non_empty(written, "an interval", "P1DT2H"),
        SqlType::Json => json(written),
        SqlType::Bytes => bytes(written),
        SqlType::Uuid => uuid(written),
        SqlType::Date | SqlType::Time | SqlType::DateTime | SqlType::Timestamp => moment(ty, written),
        SqlType::Enum(_) => label(labels, written),
        SqlType::Array(_) | SqlType::Custom(_) => {
            problem("an array has no constant default", "use `default: { sql: … }`")
        }
    }
}

fn value(literal: Literal) -> Typed {
    Ok(ColumnDefault::Value(literal))
}

fn problem(message: impl Into<String>, help: impl Into<String>) -> Typed {
    Err((message.into(), help.into()))
}

/// `now` and `null` written where the type has no such thing.
fn special(written: &str) -> Option<Problem> {
    match written {
        "now" => Some((
            "`now` is a default of date, time, datetime and timestamp columns only".into(),
            "give a constant, or another expression with `default: { sql: … }`".into(),
        )),
        "null" | "NULL" | "~" => Some((
            format!("`{written}` is no constant of this type"),
            "leave the default out: a column with `null` is NULL without one".into(),
        )),
        _ => None,
    }
}

fn integer(written: &str, bits: u32, unsigned: bool) -> Typed {
    if let Some(special) = special(written) {
        return Err(special);
    }
    let (low, high) = match unsigned {
        true => (0, (1_i128 << bits) - 1),
        false => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
    };
    match written.parse::<i128>() {
        Ok(number) if (low..=high).contains(&number) => value(Literal::Int(number)),
        Ok(_) => problem(format!("`{written}` is out of range"), format!("give a number from {low} to {high}")),
        Err(_) => problem(format!("`{written}` is no whole number"), "write digits only, for instance `0`"),
    }
}

/// Sign, digits before the point, digits after it, and whether there is an exponent.
fn number(written: &str) -> Option<(&str, &str, bool)> {
    let rest = written.strip_prefix(['-', '+']).unwrap_or(written);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (rest, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if exponent.is_some_and(|e| e.is_empty() || !digits(e)) {
        return None;
    }
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (mantissa, ""),
    };
    (!whole.is_empty() && digits(whole) && digits(fraction)).then_some((whole, fraction, exponent.is_some()))
}

fn float(written: &str) -> Typed {
    if let Some(special) = special(written) {
        return Err(special);
    }
    let finite = written.parse::<f64>().is_ok_and(f64::is_finite);
    match number(written) {
        Some(_) if finite => value(Literal::Number(written.trim_start_matches('+').to_owned())),
        _ => problem(format!("`{written}` is no finite number"), "write for instance `1.5` or `1e3`"),
    }
}

fn decimal(written: &str, size: Option<(u32, u32)>) -> Typed {
    if let Some(special) = special(written) {
        return Err(special);
    }
    let Some((whole, fraction, false)) = number(written) else {
        return problem(format!("`{written}` is no decimal number"), "write for instance `9.99`, without an exponent");
    };
    let len = |digits: &str| u32::try_from(digits.len()).unwrap_or(u32::MAX);
    if let Some((precision, scale)) = size {
        if len(fraction) > scale {
            return problem(
                format!("`{written}` has more than {scale} digits after the point"),
                format!("round it, or use `decimal({precision},{})`", len(fraction)),
            );
        }
        if len(whole.trim_start_matches('0')) > precision.saturating_sub(scale) {
            return problem(
                format!("`{written}` has too many digits before the point"),
                format!("`decimal({precision},{scale})` holds {} of them", precision.saturating_sub(scale)),
            );
        }
    }
    value(Literal::Number(written.trim_start_matches('+').to_owned()))
}

fn boolean(written: &str) -> Typed {
    match written {
        "true" => value(Literal::Bool(true)),
        "false" => value(Literal::Bool(false)),
        "yes" | "on" | "1" | "True" | "TRUE" | "t" | "y" => {
            problem(format!("`{written}` is no truth value here"), "write `true`")
        }
        "no" | "off" | "0" | "False" | "FALSE" | "f" | "n" => {
            problem(format!("`{written}` is no truth value here"), "write `false`")
        }
        other => Err(special(other)
            .unwrap_or_else(|| (format!("`{other}` is no truth value"), "write `true` or `false`".to_owned()))),
    }
}

fn text(written: &str) -> Typed {
    if written.contains('\0') {
        return problem("the text contains a NUL character", "PostgreSQL cannot store it: leave it out");
    }
    value(Literal::Text(written.to_owned()))
}

fn string(written: &str, length: u32) -> Typed {
    let count = written.chars().count();
    if u32::try_from(count).unwrap_or(u32::MAX) > length {
        return problem(
            format!("the default has {count} characters and the column holds {length}"),
            format!("shorten it, or use `string({count})`"),
        );
    }
    text(written)
}

fn non_empty(written: &str, what: &str, example: &str) -> Typed {
    if let Some(special) = special(written) {
        return Err(special);
    }
    if written.is_empty() {
        return problem(format!("an empty text is not {what}"), format!("write for instance `{example}`"));
    }
    text(written)
}

/// Looks at the first character only: there is no JSON parser here, the database has one.
fn json(written: &str) -> Typed {
    let start = written.trim_start().chars().next();
    let plausible = match start {
        Some('{' | '[' | '"' | '-') => true,
        Some(c) if c.is_ascii_digit() => true,
        _ => matches!(written.trim(), "true" | "false" | "null"),
    };
    if plausible {
        return text(written);
    }
    problem(format!("`{written}` is no JSON"), "a JSON text is in double quotes: for instance `'\"x\"'`, `{}`, `[]`")
}

fn bytes(written: &str) -> Typed {
    if written.is_empty() {
        return value(Literal::Bytes(Vec::new()));
    }
    let digits = written.strip_prefix("0x").filter(|hex| hex.len() % 2 == 0 && hex.is_ascii());
    let parsed = digits.and_then(|hex| {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
        pairs.map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| !pair.starts_with('+'))).collect()
    });
    match parsed {
        Some(bytes) => value(Literal::Bytes(bytes)),
        None => problem(format!("`{written}` is no byte string"), "write pairs of hexadecimal digits: `0x00ff`"),
    }
}

fn uuid(written: &str) -> Typed {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = written.split('-').collect();
    let shaped = groups.len() == GROUPS.len()
        && groups.iter().zip(GROUPS).all(|(g, n)| g.len() == n && g.bytes().all(|b| b.is_ascii_hexdigit()));
    if shaped {
        return value(Literal::Text(written.to_ascii_lowercase()));
    }
    problem(
        format!("`{written}` is no UUID"),
        "write for instance `00000000-0000-0000-0000-000000000000`; one that the database makes needs `default: { sql: … }`",
    )
}

fn label(labels: &[String], written: &str) -> Typed {
    if labels.iter().any(|l| l == written) {
        return value(Literal::Text(written.to_owned()));
    }
    problem(
        format!("the enum has no label `{written}`"),
        suggest_help(written, "labels", labels.iter().map(String::as_str)),
    )
}

fn moment(ty: &SqlType, written: &str) -> Typed {
    if written == "now" {
        return Ok(ColumnDefault::Now);
    }
    let (what, example, parsed) = match ty {
        SqlType::Date => ("a date", "2026-01-31", date(written)),
        SqlType::Time => ("a time of day", "13:45:00", time(written, false)),
        SqlType::Timestamp => ("a moment in UTC", "2026-01-31 13:45:00", date_time(written.trim_end_matches('Z'))),
        _ => ("a date and time", "2026-01-31 13:45:00", date_time(written)),
    };
    match parsed {
        Some(text) => value(Literal::Text(text)),
        None => Err(special(written).unwrap_or_else(|| {
            (format!("`{written}` is not {what}"), format!("write for instance `{example}`, or `now`"))
        })),
    }
}

fn field(text: &str, digits: usize, low: u32, high: u32) -> Option<u32> {
    let shaped = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| shaped && (low..=high).contains(n))
}

fn date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (y, m) = (field(year, 4, 1, 9999)?, field(month, 2, 1, 12)?);
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let days = match m {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    field(day, 2, 1, days)?;
    parts.next().is_none().then(|| text.to_owned())
}

/// With `micros`, in the one fixed form with six digits, in which text order is time order.
fn time(text: &str, micros: bool) -> Option<String> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, ""),
    };
    if fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) || text.ends_with('.') {
        return None;
    }
    let mut parts = clock.split(':');
    let hour = field(parts.next()?, 2, 0, 23)?;
    let minute = field(parts.next()?, 2, 0, 59)?;
    let second = match parts.next() {
        Some(second) => field(second, 2, 0, 59)?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if micros || !fraction.is_empty() { Some(format!("{clock}.{fraction:0<6}")) } else { Some(clock) }
}

fn date_time(text: &str) -> Option<String> {
    let (day, clock) = text.split_once([' ', 'T'])?;
    Some(format!("{} {}", date(day)?, time(clock, true)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(ty: &SqlType, written: &str) -> Literal {
        match typed(ty, &["draft".into(), "PG-13".into()], written) {
            Ok(ColumnDefault::Value(literal)) => literal,
            other => panic!("{written}: {other:?}"),
        }
    }

    fn help(ty: &SqlType, written: &str) -> String {
        typed(ty, &["draft".into()], written).unwrap_err().1
    }

    #[test]
    fn constants_are_typed() {
        let text = |s: &str| Literal::Text(s.into());
        assert_eq!(ok(&SqlType::BigInt { unsigned: true }, "18446744073709551615"), Literal::Int(u64::MAX.into()));
        assert_eq!(ok(&SqlType::TinyInt { unsigned: false }, "-128"), Literal::Int(-128));
        assert_eq!(ok(&SqlType::Double, "1e3"), Literal::Number("1e3".into()));
        assert_eq!(ok(&SqlType::Decimal(Some((4, 2))), "-09.99"), Literal::Number("-09.99".into()));
        assert_eq!(ok(&SqlType::Text, "null"), text("null"));
        assert_eq!(ok(&SqlType::Text, "now"), text("now"));
        assert_eq!(ok(&SqlType::Bytes, "0x00fF"), Literal::Bytes(vec![0, 255]));
        assert_eq!(ok(&SqlType::Timestamp, "2024-02-29T01:02:03.5Z"), text("2024-02-29 01:02:03.500000"));
        assert_eq!(ok(&SqlType::DateTime, "2024-02-29 01:02"), text("2024-02-29 01:02:00.000000"));
        assert_eq!(ok(&SqlType::Time, "01:02"), text("01:02:00"));
        assert_eq!(ok(&SqlType::Json, "{}"), text("{}"));
        assert_eq!(ok(&SqlType::Enum(crate::ir::EnumId(0)), "PG-13"), text("PG-13"));
        assert_eq!(typed(&SqlType::Date, &[], "now"), Ok(ColumnDefault::Now));
    }

    #[test]
    fn wrong_constants_say_what_to_write() {
        assert_eq!(help(&SqlType::TinyInt { unsigned: true }, "256"), "give a number from 0 to 255");
        assert_eq!(help(&SqlType::Integer { unsigned: false }, "1e3"), "write digits only, for instance `0`");
        assert_eq!(help(&SqlType::Boolean, "no"), "write `false`");
        assert_eq!(help(&SqlType::Decimal(Some((4, 2))), "1.234"), "round it, or use `decimal(4,3)`");
        assert_eq!(help(&SqlType::Decimal(Some((4, 2))), "123"), "`decimal(4,2)` holds 2 of them");
        assert_eq!(help(&SqlType::String(2), "abc"), "shorten it, or use `string(3)`");
        assert_eq!(help(&SqlType::Enum(crate::ir::EnumId(0)), "Draft"), "did you mean `draft`?");
        for (ty, written) in [
            (SqlType::Double, "inf"),
            (SqlType::Double, "1e999"),
            (SqlType::Double, "."),
            (SqlType::Date, "2023-02-29"),
            (SqlType::Date, "2023-2-1"),
            (SqlType::Time, "24:00"),
            (SqlType::Timestamp, "2023-01-01"),
            (SqlType::Uuid, "now"),
            (SqlType::Uuid, "0-0-0-0-0"),
            (SqlType::Bytes, "0x+f"),
            (SqlType::Bytes, "0x0é"),
            (SqlType::Json, "x"),
            (SqlType::Boolean, "now"),
            (SqlType::Array(Box::new(SqlType::Text)), "{}"),
        ] {
            assert!(typed(&ty, &[], written).is_err(), "{ty:?} {written}");
        }
    }
}
