//! Values as MySQL takes them for a prepared statement.
//!
//! | value | sent as |
//! |---|---|
//! | truth value | integer 0 or 1 |
//! | integer | integer, signed or unsigned |
//! | floating point | DOUBLE; NaN and infinities are refused, since MySQL has none |
//! | decimal | its digits as text, which a DECIMAL column takes exactly |
//! | text, JSON | text in utf8mb4 |
//! | bytes | bytes |
//! | shape | the bytes that the server keeps |
//! | date, datetime, timestamp | DATETIME with microseconds; the session is in UTC |
//! | time | TIME with microseconds |
//! | UUID | text, 36 lower-case characters |

use mysql_async::Value as Sent;

use crate::civil;
use crate::error::{Error, Result};
use crate::value::Value;

/// What is sent for a value.
pub(super) fn value(value: &Value<'_>) -> Result<Sent> {
    Ok(match value {
        Value::Null => Sent::NULL,
        Value::Bool(value) => Sent::Int(i64::from(*value)),
        Value::Int(value) => Sent::Int(*value),
        Value::UInt(value) => Sent::UInt(*value),
        Value::Float(value) if !value.is_finite() => {
            return Err(Error::encode("a finite number", if value.is_nan() { "NaN" } else { "an infinity" }));
        }
        Value::Float(value) => Sent::Double(*value),
        Value::Decimal(value) => Sent::Bytes(value.to_string().into_bytes()),
        Value::Text(value) | Value::Json(value) => Sent::Bytes(value.as_bytes().to_vec()),
        Value::Bytes(value) => Sent::Bytes(value.to_vec()),
        Value::Geometry(value) => Sent::Bytes(super::geometry::encode(value)?),
        Value::Date(days) => date(i64::from(*days), 0).ok_or_else(|| no_date(value))?,
        Value::Time(micros) => time(*micros).ok_or_else(|| Error::encode("a time of day", value.shown()))?,
        Value::DateTime(micros) | Value::Timestamp(micros) => {
            date(micros.div_euclid(civil::DAY), micros.rem_euclid(civil::DAY)).ok_or_else(|| no_date(value))?
        }
        Value::Uuid(uuid) => Sent::Bytes(civil::uuid_text(*uuid).to_vec()),
        Value::Pending(..) => return Err(crate::value::pending_key()),
        Value::List(_) => {
            return Err(Error::encode(
                "a single value",
                "a list, which MySQL has none of (give each of its values a place: `IN (?, ?)`)",
            ));
        }
    })
}

/// What goes with a long value.
const LONG: usize = 8;

/// What is sent for a value, if the server takes so many bytes at once: it hangs up on whoever sends more.
pub(super) fn within(given: &Value<'_>, packet: usize) -> Result<Sent> {
    match value(given)? {
        Sent::Bytes(bytes) if bytes.len().saturating_add(LONG) > packet => {
            let expected = format!("less than {packet} bytes, the server's max_allowed_packet");
            Err(Error::encode(expected, format!("{} bytes", bytes.len())))
        }
        sent => Ok(sent),
    }
}

/// What goes with the values of a statement, without a bit and the type of each.
const HEAD: usize = 11;
/// The client library sends values each alone where they are more than this together.
const TOGETHER: usize = (1 << 24) - 1;

/// How many bytes a value takes on its way at most, its type and a bit for whether it is NULL included.
pub(super) fn weight(value: &Sent) -> usize {
    match value {
        Sent::Bytes(bytes) => bytes.len() + 12,
        _ => 16,
    }
}

/// Refuses values that are too many bytes together, where the server takes so many at once.
pub(super) fn all_within(values: &[Sent], packet: usize) -> Result<()> {
    let long: u64 = values.iter().map(Sent::bin_len).sum();
    let bytes = HEAD + values.len().div_ceil(8) + values.len() * 2 + usize::try_from(long).unwrap_or(usize::MAX / 2);
    if bytes < packet || bytes > TOGETHER {
        return Ok(());
    }
    let expected = format!("values of less than {packet} bytes together, the server's max_allowed_packet");
    Err(Error::encode(expected, format!("{bytes} bytes")))
}

/// How many bytes the values of a statement may be together.
pub(super) fn room(packet: usize) -> usize {
    packet.saturating_sub(HEAD + 1)
}

/// A day and the microseconds in it.
fn date(days: i64, micros: i64) -> Option<Sent> {
    if !civil::is_writable_day(days) {
        return None;
    }
    let (year, month, day) = civil::civil_from_days(days);
    let (hour, minute, second, rest) = clock(micros)?;
    let year = u16::try_from(year).ok()?;
    Some(Sent::Date(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?, hour, minute, second, rest))
}

#[cold]
fn no_date(found: &Value<'_>) -> Error {
    Error::encode("a date of the years 0 to 9999", found.shown())
}

fn time(micros: i64) -> Option<Sent> {
    let (hour, minute, second, rest) = (0..civil::DAY).contains(&micros).then(|| clock(micros)).flatten()?;
    Some(Sent::Time(false, 0, hour, minute, second, rest))
}

/// Hour, minute, second and microsecond of a time within a day.
fn clock(micros: i64) -> Option<(u8, u8, u8, u32)> {
    let seconds = micros / 1_000_000;
    let part = |value: i64| u8::try_from(value).ok();
    let rest = u32::try_from(micros % 1_000_000).ok()?;
    Some((part(seconds / 3_600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn times_are_sent_by_their_fields() {
        assert_eq!(value(&Value::Timestamp(-1)).unwrap(), Sent::Date(1969, 12, 31, 23, 59, 59, 999_999));
        assert_eq!(value(&Value::Date(0)).unwrap(), Sent::Date(1970, 1, 1, 0, 0, 0, 0));
        assert_eq!(value(&Value::Date(2_932_896)).unwrap(), Sent::Date(9999, 12, 31, 0, 0, 0, 0));
        assert_eq!(value(&Value::Time(86_399_999_999)).unwrap(), Sent::Time(false, 0, 23, 59, 59, 999_999));
    }

    #[test]
    fn what_mysql_cannot_hold_is_refused() {
        for refused in [
            Value::Float(f64::NAN),
            Value::Float(f64::INFINITY),
            Value::Time(-1),
            Value::Time(86_400_000_000),
            Value::Date(2_932_897),
            Value::DateTime(i64::MAX),
            Value::Timestamp(i64::MIN),
        ] {
            let error = value(&refused).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{refused:?}: {error:?}");
        }
    }
}
