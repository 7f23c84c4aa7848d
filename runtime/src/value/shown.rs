//! Values as messages, changes and logs show them: about as SQL writes them, and never long.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Decimal, Value};
use crate::civil;

/// How many characters of a text are shown.
const TEXT: usize = 60;
/// How many bytes, which take two digits each.
const BYTES: usize = 20;
/// How many values of a list.
const LIST: usize = 10;
/// Up to so many digits behind the point, a decimal is written out.
const SCALE: u32 = 40;

impl Value<'_> {
    /// The value as people read it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::UInt(value) => value.to_string(),
            Self::Float(value) => float(*value),
            Self::Decimal(value) => decimal(*value),
            Self::Text(text) | Self::Geometry(text) => quoted(text),
            // Its own quotes would be escaped, and what can be a line break in it can be a blank.
            Self::Json(text) => shorten(text, TEXT).replace(char::is_control, " "),
            Self::Bytes(value) => bytes(value),
            Self::Date(days) => civil::date_shown((*days).into()),
            Self::Time(micros) => civil::time_shown(*micros),
            Self::DateTime(micros) => civil::datetime_shown(*micros),
            Self::Timestamp(micros) => format!("{}+00:00", civil::datetime_shown(*micros)),
            Self::Uuid(uuid) => civil::uuid_text(*uuid).map(char::from).iter().collect(),
            Self::Pending(..) => "(new row)".to_owned(),
            Self::List(values) => list(values),
        }
    }
}

/// Several values, such as the parts of a key.
pub(crate) fn several(values: &[Value<'_>]) -> String {
    values.iter().map(Value::shown).collect::<Vec<_>>().join(", ")
}

/// The beginning of a text, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shorten(text, TEXT))
}

/// So many characters of a text at most.
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or(""))),
        None => Cow::Borrowed(text),
    }
}

/// With an exponent where it is far from 1.
fn float(value: f64) -> String {
    let mut text = format!("{value:?}");
    text.truncate(text.strip_suffix(".0").map_or(text.len(), str::len));
    text
}

fn decimal(value: Decimal) -> String {
    match value.scale {
        0..=SCALE => value.to_string(),
        scale => format!("{}e-{scale}", value.mantissa),
    }
}

fn bytes(value: &[u8]) -> String {
    let mut out = String::from("x'");
    for byte in value.iter().take(BYTES) {
        // Writing to a text cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    match value.len() {
        0..=BYTES => out.push('\''),
        all => out.push_str(&format!("…' ({all} bytes)")),
    }
    out
}

fn list(values: &[Value<'_>]) -> String {
    let shown = several(values.get(..LIST).unwrap_or(values));
    match values.len() {
        0..=LIST => format!("ARRAY[{shown}]"),
        all => format!("ARRAY[{shown}, …] ({all} values)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_sql_writes_them() {
        let noon = 1_704_103_200_000_000; // 2024-01-01 10:00:00
        for (value, expected) in [
            (Value::Null, "NULL"),
            (Value::Bool(true), "true"),
            (Value::Int(-7), "-7"),
            (Value::UInt(u64::MAX), "18446744073709551615"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(2.0), "2"),
            (Value::Float(1e300), "1e300"),
            (Value::Float(-2.5e-12), "-2.5e-12"),
            (Value::Decimal(Decimal { mantissa: 1250, scale: 2 }), "12.50"),
            (Value::Decimal(Decimal { mantissa: 7, scale: 4_000_000_000 }), "7e-4000000000"),
            (Value::Text("it's \"it\"\n".into()), r#""it's \"it\"\n""#),
            (Value::Json("{\"a\":\n[1]}".into()), r#"{"a": [1]}"#),
            (Value::Geometry("POINT(1 2)".into()), r#""POINT(1 2)""#),
            (Value::Bytes((&[1, 255][..]).into()), "x'01ff'"),
            (Value::Bytes((&[][..]).into()), "x''"),
            (Value::Date(19_723), "2024-01-01"),
            (Value::Time(36_000_000_000), "10:00:00"),
            (Value::Time(36_000_500_000), "10:00:00.5"),
            (Value::DateTime(noon), "2024-01-01 10:00:00"),
            (Value::DateTime(-1), "1969-12-31 23:59:59.999999"),
            (Value::Timestamp(noon), "2024-01-01 10:00:00+00:00"),
            (Value::Uuid([0xab; 16]), "abababab-abab-abab-abab-abababababab"),
            (Value::Pending(1 << 40, 0), "(new row)"),
            (Value::List(vec![Value::Int(1), Value::Text("a".into())]), r#"ARRAY[1, "a"]"#),
        ] {
            assert_eq!(value.shown(), expected);
        }
    }

    #[test]
    fn what_no_database_takes_is_readable_too() {
        for (value, expected) in [
            (Value::Date(2_932_897), "10000-01-01"),
            (Value::Date(i32::MIN), "-5877641-06-23"),
            (Value::Date(-719_529), "-0001-12-31"),
            (Value::Time(-1), "-00:00:00.000001"),
            (Value::Time(90_000_000_000), "25:00:00"),
            (Value::DateTime(i64::MAX), "294247-01-10 04:00:54.775807"),
            (Value::Timestamp(i64::MIN), "-290308-12-21 19:59:05.224192+00:00"),
            (Value::Float(f64::NAN), "NaN"),
        ] {
            assert_eq!(value.shown(), expected);
        }
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        assert_eq!(shorten("äöü", 2), "äö…");
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(Value::Text("ä".repeat(61).into()).shown(), format!("\"{}…\"", "ä".repeat(60)));
        assert_eq!(Value::Bytes(vec![0; 300].into()).shown(), format!("x'{}…' (300 bytes)", "00".repeat(20)));
        let many = Value::List(vec![Value::Int(1); 11]);
        assert_eq!(many.shown(), "ARRAY[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, …] (11 values)");
    }
}
