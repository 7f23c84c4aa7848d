//! Reading a row of MySQL, by the type of each column.
//!
//! | asked for | taken |
//! |---|---|
//! | truth value | integers 0 and 1, BIT(1) |
//! | integer | integers of any width, YEAR, BIT; DECIMAL that is whole, which sums are |
//! | floating point | FLOAT, DOUBLE, integers, DECIMAL |
//! | decimal | DECIMAL up to 38 digits, integers |
//! | text | texts, ENUM, SET, JSON and whatever else is carried as UTF-8; shapes as WKT |
//! | bytes | BLOB, BINARY, BIT, texts by their bytes |
//! | date | DATE; DATETIME at midnight; text |
//! | time | TIME within a day; text |
//! | datetime, timestamp | DATETIME, TIMESTAMP, DATE; text |
//! | UUID | text with or without hyphens, MariaDB's UUID, BINARY(16) |
//! | JSON | text |
//!
//! Dates with zeros in them, and times of 24 hours or more, are `Decode` errors.
//!
//! The client library has a buffer for each text and for all bytes, which becomes the program's where the column is not
//! read again.

use std::borrow::Cow;
use std::cell::RefCell;

use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value};

use super::error::shorten;
use super::geometry;
use crate::driver::civil;
use crate::error::{Error, Result};
use crate::row::RawRow;
use crate::value::Decimal;

/// How much of a value is shown in a message.
const SHOWN: usize = 40;

/// A row in hand.
pub(crate) struct Cursor<'c> {
    /// Without the values that were moved out.
    row: RefCell<mysql_async::Row>,
    columns: &'c [Column],
}

/// The value of a column in its own type.
enum Cell<'r> {
    Null,
    Int(i64),
    UInt(u64),
    Real(f64),
    /// The digits of a DECIMAL.
    Number(&'r [u8]),
    Bits(&'r [u8]),
    Bytes(&'r [u8]),
    Shape(&'r [u8]),
    /// Year, month, day, and microseconds since midnight.
    Date(u16, u8, u8, i64),
    /// Microseconds; can be negative and longer than a day.
    Time(i64),
}

impl<'c> Cursor<'c> {
    /// A row of an answer, whose columns stand beside it.
    pub(super) fn new(row: mysql_async::Row, columns: &'c [Column]) -> Self {
        Self { row: RefCell::new(row), columns }
    }

    /// A text in the form that `read` understands.
    fn written<T>(cell: &Cell<'_>, expected: &'static str, read: fn(&[u8]) -> Option<T>) -> Result<Option<T>> {
        match cell {
            Cell::Null => Ok(None),
            Cell::Bytes(text) => read(text).map(Some).ok_or_else(|| unexpected(expected, cell)),
            _ => Err(unexpected(expected, cell)),
        }
    }

    fn instant(&self, at: usize, expected: &'static str, read: fn(&[u8]) -> Option<i64>) -> Result<Option<i64>> {
        match cell(&self.row.borrow(), at)? {
            Cell::Date(year, month, day, micros) => days(year, month, day)
                .map(|days| Some(days * civil::DAY + micros))
                .ok_or_else(|| unexpected(expected, &Cell::Date(year, month, day, micros))),
            cell => Self::written(&cell, expected, read),
        }
    }
}

#[inline]
fn cell(row: &mysql_async::Row, at: usize) -> Result<Cell<'_>> {
    let Some(value) = row.as_ref(at) else { return Err(no_value(row, at)) };
    Ok(match value {
        Value::NULL => Cell::Null,
        Value::Int(value) => Cell::Int(*value),
        Value::UInt(value) => Cell::UInt(*value),
        Value::Float(value) => Cell::Real(f64::from(*value)),
        Value::Double(value) => Cell::Real(*value),
        Value::Bytes(bytes) => {
            row.columns_ref().get(at).map_or(Cell::Bytes(bytes), |column| typed(bytes, column.column_type()))
        }
        Value::Date(year, month, day, hour, minute, second, micros) => {
            Cell::Date(*year, *month, *day, clock(i64::from(*hour), *minute, *second, *micros))
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let time = clock(i64::from(*days) * 24 + i64::from(*hours), *minutes, *seconds, *micros);
            Cell::Time(if *negative { -time } else { time })
        }
    })
}

/// What comes as bytes by the type of its column: numbers do so outside of prepared statements.
fn typed(bytes: &[u8], column: ColumnType) -> Cell<'_> {
    use ColumnType as C;
    match column {
        C::MYSQL_TYPE_NEWDECIMAL | C::MYSQL_TYPE_DECIMAL => Cell::Number(bytes),
        C::MYSQL_TYPE_BIT => Cell::Bits(bytes),
        C::MYSQL_TYPE_GEOMETRY => Cell::Shape(bytes),
        C::MYSQL_TYPE_TINY
        | C::MYSQL_TYPE_SHORT
        | C::MYSQL_TYPE_INT24
        | C::MYSQL_TYPE_LONG
        | C::MYSQL_TYPE_LONGLONG
        | C::MYSQL_TYPE_YEAR => {
            let text = std::str::from_utf8(bytes).unwrap_or("");
            let signed = text.parse().map(Cell::Int);
            signed.or_else(|_| text.parse().map(Cell::UInt)).unwrap_or(Cell::Bytes(bytes))
        }
        C::MYSQL_TYPE_FLOAT | C::MYSQL_TYPE_DOUBLE => {
            std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).map_or(Cell::Bytes(bytes), Cell::Real)
        }
        _ => Cell::Bytes(bytes),
    }
}

fn clock(hours: i64, minutes: u8, seconds: u8, micros: u32) -> i64 {
    ((hours * 60 + i64::from(minutes)) * 60 + i64::from(seconds)) * 1_000_000 + i64::from(micros)
}

/// Days since 1970 of a date without zeros in it.
fn days(year: u16, month: u8, day: u8) -> Option<i64> {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let valid = (1..=12).contains(&month) && day >= 1 && day <= civil::days_in_month(year, month);
    valid.then(|| civil::days_from_civil(year, month, day))
}

/// The number that BIT columns carry as bytes, the highest first.
fn bits(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// A DECIMAL without a fraction.
fn whole(digits: &[u8]) -> Option<i128> {
    let number = decimal(digits)?;
    let factor = 10_i128.checked_pow(number.scale)?;
    (number.mantissa % factor == 0).then(|| number.mantissa / factor)
}

/// The number of a DECIMAL's digits. A fraction of zeros that fills a wide column up is cut off where it would not fit.
fn decimal(digits: &[u8]) -> Option<Decimal> {
    let text = std::str::from_utf8(digits).ok()?;
    let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if fraction > 28 {
        return Decimal::parse(text.trim_end_matches('0').trim_end_matches('.'));
    }
    Decimal::parse(text)
}

impl RawRow for Cursor<'_> {
    #[inline]
    fn is_null(&self, at: usize) -> Result<bool> {
        Ok(matches!(cell(&self.row.borrow(), at)?, Cell::Null))
    }

    #[inline]
    fn bool(&self, at: usize) -> Result<Option<bool>> {
        match cell(&self.row.borrow(), at)? {
            Cell::Int(0) | Cell::Bits([0]) => Ok(Some(false)),
            Cell::Int(1) | Cell::Bits([1]) => Ok(Some(true)),
            Cell::Null => Ok(None),
            other => Err(unexpected("a boolean, 0 or 1", &other)),
        }
    }

    #[inline]
    fn int(&self, at: usize) -> Result<Option<i64>> {
        let row = self.row.borrow();
        let cell = cell(&row, at)?;
        let value = match &cell {
            Cell::Int(value) => return Ok(Some(*value)),
            Cell::Null => return Ok(None),
            Cell::UInt(value) => i64::try_from(*value).ok(),
            Cell::Bits(bytes) => bits(bytes).and_then(|value| i64::try_from(value).ok()),
            Cell::Number(digits) => whole(digits).and_then(|value| i64::try_from(value).ok()),
            _ => None,
        };
        value.map(Some).ok_or_else(|| unexpected("an integer of 64 bits", &cell))
    }

    fn uint(&self, at: usize) -> Result<Option<u64>> {
        let row = self.row.borrow();
        let cell = cell(&row, at)?;
        let value = match &cell {
            Cell::UInt(value) => return Ok(Some(*value)),
            Cell::Null => return Ok(None),
            Cell::Int(value) => u64::try_from(*value).ok(),
            Cell::Bits(bytes) => bits(bytes),
            Cell::Number(digits) => whole(digits).and_then(|value| u64::try_from(value).ok()),
            _ => None,
        };
        value.map(Some).ok_or_else(|| unexpected("an unsigned integer of 64 bits", &cell))
    }

    #[inline]
    #[allow(clippy::cast_precision_loss)] // An integer read as a floating point number rounds as it does in SQL.
    fn float(&self, at: usize) -> Result<Option<f64>> {
        let row = self.row.borrow();
        let cell = cell(&row, at)?;
        let value = match &cell {
            Cell::Real(value) => return Ok(Some(*value)),
            Cell::Null => return Ok(None),
            Cell::Int(value) => Some(*value as f64),
            Cell::UInt(value) => Some(*value as f64),
            Cell::Number(digits) => std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()),
            _ => None,
        };
        value.map(Some).ok_or_else(|| unexpected("a floating point number", &cell))
    }

    fn decimal(&self, at: usize) -> Result<Option<Decimal>> {
        let row = self.row.borrow();
        let cell = cell(&row, at)?;
        let value = match &cell {
            Cell::Null => return Ok(None),
            Cell::Number(digits) => decimal(digits),
            Cell::Int(value) => Some(Decimal { mantissa: i128::from(*value), scale: 0 }),
            Cell::UInt(value) => Some(Decimal { mantissa: i128::from(*value), scale: 0 }),
            _ => None,
        };
        value.map(Some).ok_or_else(|| unexpected("a decimal of at most 38 digits", &cell))
    }

    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        Ok(self.with_text(at, |text| Cow::Owned(text.to_owned()))?)
    }

    fn bytes(&self, at: usize) -> Result<Option<Cow<'_, [u8]>>> {
        match cell(&self.row.borrow(), at)? {
            Cell::Bytes(bytes) | Cell::Bits(bytes) | Cell::Shape(bytes) => Ok(Some(Cow::Owned(bytes.to_owned()))),
            Cell::Null => Ok(None),
            other => Err(unexpected("bytes", &other)),
        }
    }

    #[inline]
    fn with_text<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        match cell(&self.row.borrow(), at)? {
            Cell::Bytes(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(read(text))),
                Err(error) => Err(not_utf8(error)),
            },
            Cell::Shape(bytes) => geometry::decode(bytes).map(|text| Some(read(&text))),
            Cell::Null => Ok(None),
            other => Err(unexpected("text", &other)),
        }
    }

    #[inline]
    fn with_json<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.with_text(at, read)
    }

    #[inline]
    fn take_text(&self, at: usize) -> Result<Option<String>> {
        let mut row = self.row.borrow_mut();
        match cell(&row, at)? {
            Cell::Bytes(_) => {}
            Cell::Null => return Ok(None),
            Cell::Shape(bytes) => return geometry::decode(bytes).map(Some),
            other => return Err(unexpected("text", &other)),
        }
        match String::from_utf8(taken(&mut row, at)) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(not_utf8(error.utf8_error())),
        }
    }

    #[inline]
    fn take_bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        let mut row = self.row.borrow_mut();
        match cell(&row, at)? {
            Cell::Bytes(_) | Cell::Bits(_) | Cell::Shape(_) => Ok(Some(taken(&mut row, at))),
            Cell::Null => Ok(None),
            other => Err(unexpected("bytes", &other)),
        }
    }

    fn date(&self, at: usize) -> Result<Option<i32>> {
        const EXPECTED: &str = "a date";
        let row = self.row.borrow();
        let cell = cell(&row, at)?;
        let days = match &cell {
            Cell::Date(year, month, day, 0) => {
                Some(days(*year, *month, *day).ok_or_else(|| unexpected(EXPECTED, &cell))?)
            }
            _ => Self::written(&cell, EXPECTED, civil::read_date)?,
        };
        Ok(days.and_then(|days| i32::try_from(days).ok()))
    }

    fn time(&self, at: usize) -> Result<Option<i64>> {
        const EXPECTED: &str = "a time of day, below 24 hours";
        match cell(&self.row.borrow(), at)? {
            Cell::Time(micros) if (0..civil::DAY).contains(&micros) => Ok(Some(micros)),
            cell => Self::written(&cell, EXPECTED, civil::read_time),
        }
    }

    fn datetime(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a date and time", civil::read_datetime)
    }

    fn timestamp(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a timestamp", civil::read_timestamp)
    }

    fn uuid(&self, at: usize) -> Result<Option<[u8; 16]>> {
        match cell(&self.row.borrow(), at)? {
            Cell::Bytes(bytes) if bytes.len() == 16 => Ok(<[u8; 16]>::try_from(bytes).ok()),
            cell => Self::written(&cell, "a UUID", civil::read_uuid),
        }
    }

    fn json(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        self.text(at)
    }

    fn len(&self) -> usize {
        self.row.borrow().len()
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.columns.get(at).and_then(|column| std::str::from_utf8(column.name_ref()).ok())
    }
}

/// The bytes of a column, moved out of its row.
fn taken(row: &mut mysql_async::Row, at: usize) -> Vec<u8> {
    match row.take(at) {
        Some(Value::Bytes(bytes)) => bytes,
        _ => Vec::new(),
    }
}

/// The error of a column that is not there, or not any more.
#[cold]
fn no_value(row: &mysql_async::Row, at: usize) -> Error {
    match row.len() {
        columns if at < columns => Error::decode("a value", "one that was moved out of its row before"),
        columns => Error::decode(format!("at least {} columns", at.saturating_add(1)), format!("{columns}")),
    }
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
        Cell::UInt(value) => format!("integer {value}"),
        Cell::Real(value) => format!("floating point number {value}"),
        Cell::Number(digits) => format!("decimal {}", String::from_utf8_lossy(digits)),
        Cell::Bits(bytes) => format!("{} bytes of bits", bytes.len()),
        Cell::Shape(bytes) => geometry::decode(bytes).unwrap_or_else(|_| format!("{} bytes of a shape", bytes.len())),
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("text {:?}", shorten(text, SHOWN)),
            Err(_) => format!("{} bytes", bytes.len()),
        },
        Cell::Date(year, month, day, 0) => format!("date {year:04}-{month:02}-{day:02}"),
        Cell::Date(year, month, day, micros) => format!("date {year:04}-{month:02}-{day:02} {}", hours(*micros)),
        Cell::Time(micros) => format!("time {}", hours(*micros)),
    };
    Error::decode(expected, found)
}

fn hours(micros: i64) -> String {
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{rest:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_decimals_lose_the_zeros_that_do_not_fit() {
        let read = |text: &str| decimal(text.as_bytes()).map(|value| value.to_string());
        assert_eq!(read("12.500000000000000000000000000000").as_deref(), Some("12.5"));
        assert_eq!(read("7.000000000000000000000000000000").as_deref(), Some("7"));
        assert_eq!(read("-0.10").as_deref(), Some("-0.10"));
        assert_eq!(read(&"9".repeat(39)), None);
    }

    #[test]
    fn whole_decimals_are_integers() {
        assert_eq!(whole(b"12"), Some(12));
        assert_eq!(whole(b"-12.00"), Some(-12));
        assert_eq!(whole(b"12.5"), None);
    }

    #[test]
    fn bits_count_from_the_left() {
        assert_eq!(bits(&[1, 2]), Some(258));
        assert_eq!(bits(&[0xff; 8]), Some(u64::MAX));
        assert_eq!(bits(&[0; 9]), None);
    }

    #[test]
    fn dates_with_zeros_are_none() {
        assert_eq!(days(0, 0, 0), None);
        assert_eq!(days(2024, 0, 1), None);
        assert_eq!(days(2024, 2, 29), Some(19_782));
        assert_eq!(days(2023, 2, 29), None);
        assert_eq!(hours(-90_061_000_001), "-25:01:01.000001");
    }
}
