//! jiff's date and time types.

use jiff::civil::{Date, DateTime, Time, date};
use jiff::{SignedDuration, Timestamp};

use super::{column_type, operand, ordered};
use crate::error::{Error, Result};
use crate::value::{Kind, Value};

column_type!(
    Date,
    Date,
    Kind::Date,
    |row, at| match row.date(at)? {
        Some(days) => match EPOCH.checked_add(SignedDuration::from_hours(i64::from(days) * 24)) {
            Ok(date) => Ok(Some(date)),
            Err(_) => Err(Error::decode("a date within jiff's range", Value::Date(days).shown())),
        },
        None => Ok(None),
    },
    |value| Value::Date(i32::try_from(value.duration_since(EPOCH).as_hours() / 24).unwrap_or(i32::MAX))
);
column_type!(
    Time,
    Time,
    Kind::Time,
    |row, at| match row.time(at)? {
        Some(micros) => match Time::midnight().checked_add(SignedDuration::from_micros(micros)) {
            Ok(time) => Ok(Some(time)),
            Err(_) => Err(Error::decode("a time of day", Value::Time(micros).shown())),
        },
        None => Ok(None),
    },
    |value| Value::Time(micros(value.duration_since(Time::midnight()).as_nanos()))
);
column_type!(
    DateTime,
    DateTime,
    Kind::DateTime,
    |row, at| match row.datetime(at)? {
        Some(micros) => match EPOCH.to_datetime(Time::midnight()).checked_add(SignedDuration::from_micros(micros)) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(out_of_range(micros)),
        },
        None => Ok(None),
    },
    |value| Value::DateTime(micros(value.duration_since(EPOCH.to_datetime(Time::midnight())).as_nanos()))
);
column_type!(
    Timestamp,
    Timestamp,
    Kind::Timestamp,
    |row, at| match row.timestamp(at)? {
        Some(micros) => instant(micros).map(Some),
        None => Ok(None),
    },
    |value| Value::Timestamp(micros(value.as_nanosecond()))
);
ordered!(Date, Time, DateTime, Timestamp);
operand!(Date: Date);
operand!(Time: Time);
operand!(DateTime: DateTime);
operand!(Timestamp: Timestamp);

const EPOCH: Date = date(1970, 1, 1);

/// Microseconds are what databases keep; rounded down, so that order is kept before 1970 too.
fn micros(nanos: i128) -> i64 {
    i64::try_from(nanos.div_euclid(1_000)).unwrap_or(i64::MAX)
}

fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| out_of_range(micros))
}

fn out_of_range(micros: i64) -> Error {
    Error::decode("a time within jiff's range", Value::DateTime(micros).shown())
}
