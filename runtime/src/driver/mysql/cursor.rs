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

use super::geometry;
use crate::civil;
use crate::error::{Error, Result};
use crate::row::RawRow;
use crate::value::{Decimal, quoted};

/// A row in hand.
pub(crate) struct Cursor<'c> {
    /// Without those that were moved out.
    values: RefCell<Vec<Option<Value>>>,
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
        Self { values: RefCell::new(row.unwrap_raw()), columns }
    }

    /// Reads a value: the form in which it mostly comes at once, every other as the cell it is.
    #[inline]
    fn read<T>(
        &self,
        at: usize,
        at_once: impl FnOnce(&Value) -> Option<T>,
        otherwise: impl FnOnce(&Cell<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let values = self.values.borrow();
        match values.get(at) {
            Some(Some(Value::NULL)) => Ok(None),
            Some(Some(value)) => match at_once(value) {
                Some(found) => Ok(Some(found)),
                None => otherwise(&cell(value, self.columns.get(at))).map(Some),
            },
            _ => Err(no_value(values.len(), at)),
        }
    }

    /// An exact number, of the digits of a DECIMAL.
    fn exact(&self, at: usize, read: impl FnOnce(&[u8]) -> Option<Decimal>) -> Result<Option<Decimal>> {
        self.read(at, nothing, |cell| {
            let value = match cell {
                Cell::Number(digits) => read(digits),
                Cell::Int(value) => Some(Decimal { mantissa: i128::from(*value), scale: 0 }),
                Cell::UInt(value) => Some(Decimal { mantissa: i128::from(*value), scale: 0 }),
                _ => None,
            };
            value.ok_or_else(|| unexpected("a decimal of at most 38 digits", cell))
        })
    }

    /// Moves out what the server sent as text or bytes, if it did.
    #[inline]
    fn take(&self, at: usize) -> Option<Vec<u8>> {
        let mut values = self.values.borrow_mut();
        let value = values.get_mut(at)?;
        let is_plain = self.columns.get(at).is_some_and(|column| is_plain(column.column_type()));
        match value.take_if(|value| is_plain && matches!(value, Value::Bytes(_))) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    fn instant(&self, at: usize, expected: &'static str, read: fn(&[u8]) -> Option<i64>) -> Result<Option<i64>> {
        self.read(at, nothing, |cell| match cell {
            Cell::Date(year, month, day, micros) => {
                let days = days(*year, *month, *day).ok_or_else(|| unexpected(expected, cell))?;
                Ok(days * civil::DAY + micros)
            }
            _ => written(cell, expected, read),
        })
    }
}

/// No form comes more often than others.
fn nothing<T>(_: &Value) -> Option<T> {
    None
}

/// A text in the form that `read` understands.
fn written<T>(cell: &Cell<'_>, expected: &'static str, read: fn(&[u8]) -> Option<T>) -> Result<T> {
    match cell {
        Cell::Bytes(text) => read(text).ok_or_else(|| unexpected(expected, cell)),
        _ => Err(unexpected(expected, cell)),
    }
}

fn cell<'r>(value: &'r Value, column: Option<&Column>) -> Cell<'r> {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(value) => Cell::Int(*value),
        Value::UInt(value) => Cell::UInt(*value),
        Value::Float(value) => Cell::Real(f64::from(*value)),
        Value::Double(value) => Cell::Real(*value),
        Value::Bytes(bytes) => column.map_or(Cell::Bytes(bytes), |column| typed(bytes, column.column_type())),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            Cell::Date(*year, *month, *day, clock(i64::from(*hour), *minute, *second, *micros))
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let time = clock(i64::from(*days) * 24 + i64::from(*hours), *minutes, *seconds, *micros);
            Cell::Time(if *negative { -time } else { time })
        }
    }
}

/// Whether what comes as bytes is a text or bytes, and nothing else.
#[inline]
fn is_plain(column: ColumnType) -> bool {
    use ColumnType as C;
    matches!(
        column,
        C::MYSQL_TYPE_VARCHAR
            | C::MYSQL_TYPE_JSON
            | C::MYSQL_TYPE_ENUM
            | C::MYSQL_TYPE_SET
            | C::MYSQL_TYPE_TINY_BLOB
            | C::MYSQL_TYPE_MEDIUM_BLOB
            | C::MYSQL_TYPE_LONG_BLOB
            | C::MYSQL_TYPE_BLOB
            | C::MYSQL_TYPE_VAR_STRING
            | C::MYSQL_TYPE_STRING
    )
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
        self.read(at, |_| Some(()), |_| Ok(())).map(|found| found.is_none())
    }

    #[inline]
    fn bool(&self, at: usize) -> Result<Option<bool>> {
        let at_once = |value: &Value| match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        };
        self.read(at, at_once, |cell| match cell {
            Cell::Int(0) | Cell::Bits([0]) => Ok(false),
            Cell::Int(1) | Cell::Bits([1]) => Ok(true),
            other => Err(unexpected("a boolean, 0 or 1", other)),
        })
    }

    #[inline]
    fn int(&self, at: usize) -> Result<Option<i64>> {
        let at_once = |value: &Value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        };
        self.read(at, at_once, |cell| {
            let value = match cell {
                Cell::Int(value) => Some(*value),
                Cell::UInt(value) => i64::try_from(*value).ok(),
                Cell::Bits(bytes) => bits(bytes).and_then(|value| i64::try_from(value).ok()),
                Cell::Number(digits) => whole(digits).and_then(|value| i64::try_from(value).ok()),
                _ => None,
            };
            value.ok_or_else(|| unexpected("an integer of 64 bits", cell))
        })
    }

    fn uint(&self, at: usize) -> Result<Option<u64>> {
        self.read(at, nothing, |cell| {
            let value = match cell {
                Cell::UInt(value) => Some(*value),
                Cell::Int(value) => u64::try_from(*value).ok(),
                Cell::Bits(bytes) => bits(bytes),
                Cell::Number(digits) => whole(digits).and_then(|value| u64::try_from(value).ok()),
                _ => None,
            };
            value.ok_or_else(|| unexpected("an unsigned integer of 64 bits", cell))
        })
    }

    #[inline]
    #[allow(clippy::cast_precision_loss)] // An integer read as a floating point number rounds as it does in SQL.
    fn float(&self, at: usize) -> Result<Option<f64>> {
        let at_once = |value: &Value| match value {
            Value::Double(value) => Some(*value),
            _ => None,
        };
        self.read(at, at_once, |cell| {
            let value = match cell {
                Cell::Real(value) => Some(*value),
                Cell::Int(value) => Some(*value as f64),
                Cell::UInt(value) => Some(*value as f64),
                Cell::Number(digits) => std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()),
                _ => None,
            };
            value.ok_or_else(|| unexpected("a floating point number", cell))
        })
    }

    fn decimal(&self, at: usize) -> Result<Option<Decimal>> {
        self.exact(at, decimal)
    }

    fn decimal_front(&self, at: usize) -> Result<Option<Decimal>> {
        self.exact(at, |digits| decimal(digits).or_else(|| Decimal::parse_front(std::str::from_utf8(digits).ok()?)))
    }

    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        self.with_text(at, |text| Cow::Owned(text.to_owned()))
    }

    fn bytes(&self, at: usize) -> Result<Option<Cow<'_, [u8]>>> {
        self.read(at, nothing, |cell| match *cell {
            Cell::Bytes(bytes) | Cell::Bits(bytes) | Cell::Shape(bytes) => Ok(Cow::Owned(bytes.to_owned())),
            _ => Err(unexpected("bytes", cell)),
        })
    }

    fn with_text<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.read(at, nothing, |cell| match *cell {
            Cell::Bytes(text) => std::str::from_utf8(text).map(read).map_err(not_utf8),
            Cell::Shape(bytes) => geometry::decode(bytes).map(|text| read(&text)),
            _ => Err(unexpected("text", cell)),
        })
    }

    #[cfg(feature = "json")]
    fn with_json<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.with_text(at, read)
    }

    #[inline]
    fn take_text(&self, at: usize) -> Result<Option<String>> {
        match self.take(at).map(String::from_utf8) {
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(error)) => Err(not_utf8(error.utf8_error())),
            None => self.with_text(at, str::to_owned),
        }
    }

    #[inline]
    fn take_bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        match self.take(at) {
            Some(bytes) => Ok(Some(bytes)),
            None => Ok(self.bytes(at)?.map(Cow::into_owned)),
        }
    }

    fn date(&self, at: usize) -> Result<Option<i32>> {
        const EXPECTED: &str = "a date";
        self.read(at, nothing, |cell| {
            let days = match cell {
                Cell::Date(year, month, day, 0) => days(*year, *month, *day),
                _ => Some(written(cell, EXPECTED, civil::read_date)?),
            };
            days.and_then(|days| i32::try_from(days).ok()).ok_or_else(|| unexpected(EXPECTED, cell))
        })
    }

    fn time(&self, at: usize) -> Result<Option<i64>> {
        self.read(at, nothing, |cell| match cell {
            Cell::Time(micros) if (0..civil::DAY).contains(micros) => Ok(*micros),
            _ => written(cell, "a time of day, below 24 hours", civil::read_time),
        })
    }

    fn datetime(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a date and time", civil::read_datetime)
    }

    fn timestamp(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, "a timestamp", civil::read_timestamp)
    }

    fn uuid(&self, at: usize) -> Result<Option<[u8; 16]>> {
        self.read(at, nothing, |cell| match *cell {
            Cell::Bytes(bytes) if let Ok(bytes) = bytes.try_into() => Ok(bytes),
            _ => written(cell, "a UUID", civil::read_uuid),
        })
    }

    fn json(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        self.text(at)
    }

    fn len(&self) -> usize {
        self.values.borrow().len()
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.columns.get(at).and_then(|column| std::str::from_utf8(column.name_ref()).ok())
    }
}

/// The error of a column that is not there, or not any more.
#[cold]
fn no_value(columns: usize, at: usize) -> Error {
    if at < columns {
        return Error::decode("a value", "one that was moved out of its row before");
    }
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
        Cell::UInt(value) => format!("integer {value}"),
        Cell::Real(value) => format!("floating point number {value:?}"),
        Cell::Number(digits) => format!("decimal {}", String::from_utf8_lossy(digits)),
        Cell::Bits(bytes) => format!("{} bytes of bits", bytes.len()),
        Cell::Shape(bytes) => geometry::decode(bytes).unwrap_or_else(|_| format!("{} bytes of a shape", bytes.len())),
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("text {}", quoted(text)),
            Err(_) => format!("{} bytes", bytes.len()),
        },
        Cell::Date(year, month, day, micros) => {
            let time = if *micros == 0 { String::new() } else { format!(" {}", civil::time_shown(*micros)) };
            let foreign =
                if days(*year, *month, *day).is_none() { ", which MySQL has and Rust's types have not" } else { "" };
            format!("date {year:04}-{month:02}-{day:02}{time}{foreign}")
        }
        Cell::Time(micros) => format!("time {}", civil::time_shown(*micros)),
    };
    Error::decode(expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(types: &[ColumnType]) -> Vec<Column> {
        types.iter().map(|ty| Column::new(*ty)).collect()
    }

    fn cursor<'c>(columns: &'c [Column], values: &[Value]) -> Cursor<'c> {
        Cursor { values: RefCell::new(values.iter().cloned().map(Some).collect()), columns }
    }

    #[test]
    fn what_is_not_taken_is_read_again_and_again() {
        let columns = columns(&[ColumnType::MYSQL_TYPE_VAR_STRING, ColumnType::MYSQL_TYPE_BLOB]);
        let row = cursor(&columns, &[Value::Bytes(b"ann".to_vec()), Value::Bytes(vec![0, 255])]);
        for _ in 0..2 {
            assert_eq!(row.text(0).unwrap().as_deref(), Some("ann"));
            assert_eq!(row.with_text(0, str::len).unwrap(), Some(3));
            assert_eq!(row.bytes(0).unwrap().as_deref(), Some(&b"ann"[..]));
            assert_eq!(row.bytes(1).unwrap().as_deref(), Some(&[0, 255][..]));
            assert!(!row.is_null(0).unwrap());
        }
        assert_eq!(row.take_text(0).unwrap().as_deref(), Some("ann"));
        assert_eq!(row.take_bytes(1).unwrap(), Some(vec![0, 255]));
        for found in
            [row.text(0).map(drop), row.take_text(0).map(drop), row.bytes(1).map(drop), row.is_null(1).map(drop)]
        {
            assert!(found.unwrap_err().to_string().contains("moved out of its row before"));
        }
        assert!(row.text(2).unwrap_err().to_string().contains("at least 3 columns"));
    }

    #[test]
    fn only_texts_and_bytes_are_taken() {
        use ColumnType as C;
        let columns =
            columns(&[C::MYSQL_TYPE_NEWDECIMAL, C::MYSQL_TYPE_BIT, C::MYSQL_TYPE_STRING, C::MYSQL_TYPE_STRING]);
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let row = cursor(&columns, &[bytes(b"1.5"), bytes(&[1]), Value::NULL, bytes(&[255])]);
        assert!(row.take_text(0).unwrap_err().to_string().contains("decimal 1.5"));
        assert_eq!(row.decimal(0).unwrap().map(|value| value.to_string()).as_deref(), Some("1.5"));
        for _ in 0..2 {
            assert_eq!(row.take_bytes(1).unwrap(), Some(vec![1]));
            assert_eq!((row.take_text(2).unwrap(), row.take_bytes(2).unwrap()), (None, None));
        }
        assert!(row.take_text(3).unwrap_err().to_string().contains("UTF-8"));
    }

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
    }
}
