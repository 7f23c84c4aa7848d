//! Values as SQLite stores them.
//!
//! | value | stored as |
//! |---|---|
//! | truth value | INTEGER 0 or 1 |
//! | integer | INTEGER; unsigned ones above 2^63-1 are refused |
//! | floating point | REAL; NaN is refused, since SQLite would store NULL |
//! | decimal | INTEGER when whole, else REAL; at most 15 significant digits, which a REAL gives back exactly |
//! | date, time, datetime, timestamp | text in one fixed form, so that the order of texts is the order of times |
//! | UUID | text, 36 lower-case characters |
//! | JSON | text |

use super::stmt::Binder;
use crate::civil;
use crate::error::{Error, Result};
use crate::value::{Decimal, Value};

/// The digits that survive the way through a REAL.
const DIGITS: u32 = 15;

/// Binds the next parameter.
#[inline]
pub(super) fn put(binder: &mut Binder<'_>, value: &Value<'_>) -> Result<()> {
    match value {
        Value::Int(value) => binder.int(*value),
        Value::Text(value) | Value::Json(value) | Value::Geometry(value) => binder.text(value),
        Value::Null => binder.null(),
        Value::Bool(value) => binder.int(i64::from(*value)),
        Value::Bytes(value) => binder.blob(value),
        Value::UInt(value) => match i64::try_from(*value) {
            Ok(value) => binder.int(value),
            Err(_) => return Err(Error::encode("an integer up to 9223372036854775807", value.to_string())),
        },
        Value::Float(value) if value.is_nan() => return Err(Error::encode("a number", "NaN")),
        Value::Float(value) => binder.real(*value),
        Value::Decimal(value) => return decimal(binder, *value),
        Value::Date(days) if !civil::is_writable_day((*days).into()) => {
            return Err(Error::encode("a date of the years 0 to 9999", value.shown()));
        }
        Value::Date(days) => binder.text(as_text(&civil::date_text((*days).into()))),
        Value::Time(micros) if !(0..civil::DAY).contains(micros) => {
            return Err(Error::encode("a time of day", value.shown()));
        }
        Value::Time(micros) => binder.text(as_text(&civil::time_text(*micros))),
        Value::DateTime(micros) | Value::Timestamp(micros)
            if !civil::is_writable_day(micros.div_euclid(civil::DAY)) =>
        {
            return Err(Error::encode("a time of the years 0 to 9999", value.shown()));
        }
        Value::DateTime(micros) | Value::Timestamp(micros) => binder.text(as_text(&civil::datetime_text(*micros))),
        Value::Pending(..) => return Err(crate::value::pending_key()),
        Value::Uuid(uuid) => binder.text(as_text(&civil::uuid_text(*uuid))),
        Value::List(_) => {
            return Err(Error::encode(
                "a single value",
                "a list, which SQLite has none of (give each of its values a place: `IN (?, ?)`)",
            ));
        }
    }
    Ok(())
}

/// What is written by `civil` is ASCII.
fn as_text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}

/// Bound as a number and not as text, so that it compares with `sum(price)` as it does with `price`.
fn decimal(binder: &mut Binder<'_>, value: Decimal) -> Result<()> {
    match number(value) {
        Some(Number::Int(value)) => binder.int(value),
        Some(Number::Real(value)) => binder.real(value),
        None => return Err(Error::encode("a decimal of at most 15 significant digits", Value::Decimal(value).shown())),
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Number {
    Int(i64),
    Real(f64),
}

fn number(value: Decimal) -> Option<Number> {
    let Decimal { mut mantissa, mut scale } = value;
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    let mut significant = mantissa;
    while significant != 0 && significant % 10 == 0 {
        significant /= 10;
    }
    if significant.unsigned_abs() >= 10_u128.pow(DIGITS) {
        return None;
    }
    if let (0, Ok(whole)) = (scale, i64::try_from(mantissa)) {
        return Some(Number::Int(whole));
    }
    // Parsing rounds correctly for every scale.
    let real: f64 = format!("{mantissa}e-{scale}").parse().ok()?;
    (real.is_finite() && (real != 0.0 || mantissa == 0)).then_some(Number::Real(real))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Number> {
        number(Decimal::parse(text).unwrap())
    }

    #[test]
    fn decimals_are_whole_numbers_or_reals() {
        assert_eq!(of("12.50"), Some(Number::Real(12.5)));
        assert_eq!(of("12.00"), Some(Number::Int(12)));
        assert_eq!(of("-0.1"), Some(Number::Real(-0.1)));
        assert_eq!(of("0.000"), Some(Number::Int(0)));
        assert_eq!(of("9000000000000000000"), Some(Number::Int(9_000_000_000_000_000_000)));
        assert_eq!(of("10000000000000000000"), Some(Number::Real(1e19)));
        assert_eq!(of("0.00000000000000000000000001"), Some(Number::Real(1e-26)));
    }

    #[test]
    fn more_than_fifteen_digits_are_refused() {
        assert_eq!(of("123456789012.345"), Some(Number::Real(123_456_789_012.345)));
        assert_eq!(of("1234567890123.456"), None);
        assert_eq!(of("1234567890123456"), None);
        assert_eq!(of("1234567890123.4500"), Some(Number::Real(1_234_567_890_123.45)));
        assert_eq!(number(Decimal { mantissa: i128::MIN, scale: 3 }), None);
        assert_eq!(number(Decimal { mantissa: 1, scale: 4_000 }), None);
    }
}
