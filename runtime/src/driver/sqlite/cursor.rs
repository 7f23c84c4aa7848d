//! Reading a row of SQLite, where any column can hold a value of any type.
//!
//! | asked for | taken |
//! |---|---|
//! | truth value | INTEGER 0 and 1 |
//! | integer | INTEGER; REAL that is whole, which NUMERIC columns can hold |
//! | floating point | REAL, INTEGER |
//! | decimal | INTEGER; REAL by its 15 significant digits; text that is a plain number |
//! | text | TEXT |
//! | bytes | BLOB; TEXT by its bytes |
//! | date, time | text in the forms that SQLite and common tools write |
//! | datetime | the same; INTEGER seconds since 1970, as `unixepoch()` counts |
//! | timestamp | the same, with or without `Z` or an offset |
//! | UUID | text with or without hyphens; BLOB of 16 bytes |
//! | JSON | text; INTEGER and REAL, which NUMERIC columns make of JSON numbers |

use std::borrow::Cow;

use super::stmt::{Cell, Cursor};
use crate::civil;
use crate::driver::AN_INTEGER;
use crate::error::{Error, Result};
use crate::row::RawRow;
use crate::value::{Decimal, quoted};

impl Cursor {
    #[inline]
    fn at(&self, at: usize) -> Result<Cell<'_>> {
        match self.cell(at) {
            Some(cell) => Ok(cell),
            None => Err(no_column(at, self.columns())),
        }
    }

    /// A text in the form that `read` understands.
    fn written<T>(&self, at: usize, expected: &'static str, read: fn(&[u8]) -> Option<T>) -> Result<Option<T>> {
        match self.at(at)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => read(text).map(Some).ok_or_else(|| unexpected(expected, &Cell::Text(text))),
            other => Err(unexpected(expected, &other)),
        }
    }

    /// A time in text, or in seconds since 1970.
    fn instant(&self, at: usize, expected: &'static str, read: fn(&[u8]) -> Option<i64>) -> Result<Option<i64>> {
        match self.at(at)? {
            Cell::Int(seconds) => {
                civil::from_unix_seconds(seconds).map(Some).ok_or_else(|| unexpected(expected, &Cell::Int(seconds)))
            }
            _ => self.written(at, expected, read),
        }
    }
}

impl RawRow for Cursor {
    #[inline]
    fn is_null(&self, at: usize) -> Result<bool> {
        Ok(matches!(self.at(at)?, Cell::Null))
    }

    #[inline]
    fn bool(&self, at: usize) -> Result<Option<bool>> {
        match self.at(at)? {
            Cell::Int(0) => Ok(Some(false)),
            Cell::Int(1) => Ok(Some(true)),
            Cell::Null => Ok(None),
            other => Err(unexpected("a boolean, 0 or 1", &other)),
        }
    }

    #[inline]
    fn int(&self, at: usize) -> Result<Option<i64>> {
        match self.at(at)? {
            Cell::Int(value) => Ok(Some(value)),
            Cell::Null => Ok(None),
            other => whole(&other).map(Some),
        }
    }

    fn uint(&self, at: usize) -> Result<Option<u64>> {
        let Some(value) = self.int(at)? else { return Ok(None) };
        u64::try_from(value).map(Some).map_err(|_| Error::decode("an unsigned integer", format!("integer {value}")))
    }

    #[inline]
    #[allow(clippy::cast_precision_loss)] // An integer read as a floating point number rounds as it does in SQL.
    fn float(&self, at: usize) -> Result<Option<f64>> {
        match self.at(at)? {
            Cell::Real(value) => Ok(Some(value)),
            Cell::Int(value) => Ok(Some(value as f64)),
            Cell::Null => Ok(None),
            other => Err(unexpected("a floating point number", &other)),
        }
    }

    fn decimal(&self, at: usize) -> Result<Option<Decimal>> {
        let cell = self.at(at)?;
        let value = match &cell {
            Cell::Null => return Ok(None),
            Cell::Int(value) => Some(Decimal { mantissa: i128::from(*value), scale: 0 }),
            Cell::Real(value) => exact(*value),
            Cell::Text(text) => std::str::from_utf8(text).ok().and_then(Decimal::parse),
            Cell::Blob(_) => None,
        };
        value.map(Some).ok_or_else(|| unexpected("a decimal", &cell))
    }

    #[inline]
    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        match self.at(at)? {
            Cell::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(Cow::Borrowed(text))),
                Err(error) => Err(not_utf8(error)),
            },
            Cell::Null => Ok(None),
            other => Err(unexpected("text", &other)),
        }
    }

    #[inline]
    fn bytes(&self, at: usize) -> Result<Option<Cow<'_, [u8]>>> {
        match self.at(at)? {
            Cell::Blob(bytes) | Cell::Text(bytes) => Ok(Some(Cow::Borrowed(bytes))),
            Cell::Null => Ok(None),
            other => Err(unexpected("bytes", &other)),
        }
    }

    fn date(&self, at: usize) -> Result<Option<i32>> {
        let days = self.written(at, "a date as YYYY-MM-DD", civil::read_date)?;
        Ok(days.and_then(|days| i32::try_from(days).ok()))
    }

    fn time(&self, at: usize) -> Result<Option<i64>> {
        self.written(at, "a time of day as HH:MM:SS", civil::read_time)
    }

    fn datetime(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a date and time as YYYY-MM-DD HH:MM:SS", civil::read_datetime)
    }

    fn timestamp(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a timestamp as YYYY-MM-DD HH:MM:SS", civil::read_timestamp)
    }

    fn uuid(&self, at: usize) -> Result<Option<[u8; 16]>> {
        match self.at(at)? {
            Cell::Blob(bytes) => {
                <[u8; 16]>::try_from(bytes).map(Some).map_err(|_| unexpected("a UUID", &Cell::Blob(bytes)))
            }
            _ => self.written(at, "a UUID", civil::read_uuid),
        }
    }

    fn json(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        match self.at(at)? {
            Cell::Int(value) => Ok(Some(Cow::Owned(value.to_string()))),
            Cell::Real(value) if value.is_finite() => Ok(Some(Cow::Owned(value.to_string()))),
            Cell::Text(_) | Cell::Null => self.text(at),
            other => Err(unexpected("JSON as text", &other)),
        }
    }

    fn len(&self) -> usize {
        self.columns()
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.column_name(at)
    }
}

/// A whole number that a NUMERIC column keeps as a REAL.
#[cold]
#[allow(clippy::cast_possible_truncation)] // Checked: whole, and within the range.
fn whole(cell: &Cell<'_>) -> Result<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    match cell {
        Cell::Real(value) if value.trunc() == *value && (-LIMIT..LIMIT).contains(value) => Ok(*value as i64),
        // What came of integers beyond 64 bits.
        Cell::Real(value) if value.trunc() == *value => Err(unexpected(AN_INTEGER, cell)),
        other => Err(unexpected("an integer", other)),
    }
}

/// The decimal number of at most 15 significant digits that a REAL stands for.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // Below 10^15 both ways are exact.
fn exact(value: f64) -> Option<Decimal> {
    let mut factor = 1.0;
    for scale in 0..=6 {
        let scaled = (value * factor).round();
        // Both are exact, so that the division gives the nearest REAL of the decimal number: the one in hand or not.
        if scaled.abs() < 1e15 && scaled / factor == value {
            return Some(Decimal { mantissa: i128::from(scaled as i64), scale });
        }
        factor *= 10.0;
    }
    let printed = format!("{value:.14e}");
    let (mantissa, exponent) = printed.split_once('e')?;
    let (exponent, mut digits) = (exponent.parse::<i32>().ok()?, Decimal::parse(mantissa)?);
    while digits.scale > 0 && digits.mantissa % 10 == 0 {
        digits = Decimal { mantissa: digits.mantissa / 10, scale: digits.scale - 1 };
    }
    let scale = i32::try_from(digits.scale).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Some(Decimal { mantissa: digits.mantissa, scale }),
        Err(_) => {
            let mantissa = digits.mantissa.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?;
            Some(Decimal { mantissa, scale: 0 })
        }
    }
}

#[cold]
fn no_column(at: usize, columns: usize) -> Error {
    Error::decode(format!("at least {} columns", at.saturating_add(1)), format!("{columns}"))
}

#[cold]
fn not_utf8(error: std::str::Utf8Error) -> Error {
    let found = format!("bytes that are not UTF-8 after the first {}", error.valid_up_to());
    Error::decode("text", found).with_source(error)
}

/// The error of a value of another type or form.
#[cold]
fn unexpected(expected: &'static str, found: &Cell<'_>) -> Error {
    let found = match found {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(value) => format!("integer {value}"),
        // With an exponent where it is long.
        Cell::Real(value) => format!("real {value:?}"),
        Cell::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => format!("text {}", quoted(text)),
            Err(_) => format!("{} bytes of text that are not UTF-8", text.len()),
        },
        Cell::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    };
    Error::decode(expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: f64) -> Option<String> {
        exact(value).map(|value| value.to_string())
    }

    #[test]
    fn reals_are_read_by_their_fifteen_digits() {
        for text in ["0", "1", "-1", "12.5", "0.1", "-0.3", "19.99", "0.000001", "123456789.123456", "0.0000000123"] {
            assert_eq!(shown(text.parse().unwrap()).as_deref(), Some(text));
        }
        assert_eq!(shown(0.1 + 0.2).as_deref(), Some("0.3"));
        assert_eq!(shown(1.1 * 3.0).as_deref(), Some("3.3"));
        assert_eq!(shown(1e19).as_deref(), Some("10000000000000000000"));
        assert_eq!(shown(123_456_789_012.345).as_deref(), Some("123456789012.345"));
        assert_eq!(shown(2.0_f64.powi(60)).as_deref(), Some("1152921504606850000"));
    }

    #[test]
    fn reals_without_a_decimal_form_are_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(shown(value), None, "{value}");
        }
        assert_eq!(exact(5e-324).map(|value| value.scale), Some(338));
    }

    #[test]
    fn whole_reals_are_integers_within_the_range() {
        assert_eq!(whole(&Cell::Real(5.0)).unwrap(), 5);
        assert_eq!(whole(&Cell::Real(-9_223_372_036_854_775_808.0)).unwrap(), i64::MIN);
        for value in [5.5, 9_223_372_036_854_775_808.0, f64::NAN, f64::INFINITY] {
            assert!(whole(&Cell::Real(value)).is_err(), "{value}");
        }
        let error = whole(&Cell::Real(1e300)).unwrap_err().to_string();
        assert!(error.contains("real 1e300"), "{error}");
    }
}
