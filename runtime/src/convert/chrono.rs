//! chrono's date and time types.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use super::{column_type, operand, ordered};
use crate::error::Error;
use crate::value::{Kind, Value};

column_type!(
    NaiveDate,
    NaiveDate,
    Kind::Date,
    |row, at| match row.date(at)? {
        Some(days) => match epoch().checked_add_signed(chrono::TimeDelta::days(i64::from(days))) {
            Some(date) => Ok(Some(date)),
            None => Err(Error::decode("a date within chrono's range", Value::Date(days).shown())),
        },
        None => Ok(None),
    },
    |value| Value::Date(i32::try_from(value.signed_duration_since(epoch()).num_days()).unwrap_or(i32::MAX))
);
column_type!(
    NaiveTime,
    NaiveTime,
    Kind::Time,
    |row, at| match row.time(at)? {
        Some(micros) => match time_of_day(micros) {
            Some(time) => Ok(Some(time)),
            None => Err(Error::decode("a time of day", Value::Time(micros).shown())),
        },
        None => Ok(None),
    },
    |value| Value::Time(
        i64::from(value.num_seconds_from_midnight()) * 1_000_000
            + i64::from(value.nanosecond().min(999_999_999) / 1_000)
    )
);
column_type!(
    NaiveDateTime,
    NaiveDateTime,
    Kind::DateTime,
    |row, at| match row.datetime(at)? {
        Some(micros) => instant(micros).map(|v| Some(v.naive_utc())),
        None => Ok(None),
    },
    |value| Value::DateTime(value.and_utc().timestamp_micros())
);
column_type!(
    DateTime<Utc>,
    DateTime<Utc>,
    Kind::Timestamp,
    |row, at| match row.timestamp(at)? {
        Some(micros) => instant(micros).map(Some),
        None => Ok(None),
    },
    |value| Value::Timestamp(value.timestamp_micros())
);
ordered!(NaiveDate, NaiveTime, NaiveDateTime, DateTime<Utc>);
operand!(NaiveDate: NaiveDate);
operand!(NaiveTime: NaiveTime);
operand!(NaiveDateTime: NaiveDateTime);
operand!(DateTime<Utc>: DateTime<Utc>);

fn time_of_day(micros: i64) -> Option<NaiveTime> {
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok()?;
    let nanos = u32::try_from(micros.rem_euclid(1_000_000)).ok()? * 1_000;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
}

fn instant(micros: i64) -> crate::error::Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| Error::decode("a time within chrono's range", Value::DateTime(micros).shown()))
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::ColumnType;

    fn nanos(second: u32, nanos: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_hms_nano_opt(23, 59, second, nanos).unwrap()
    }

    fn datetime(value: NaiveDateTime) -> String {
        format!("{:?}", NaiveDateTime::encode(&value).unwrap())
    }

    fn time(value: NaiveTime) -> String {
        format!("{:?}", NaiveTime::encode(&value).unwrap())
    }

    #[test]
    fn what_is_finer_than_microseconds_is_cut_off() {
        assert_eq!(datetime(nanos(58, 1_999)), datetime(nanos(58, 1_000)));
        assert_eq!(time(nanos(58, 1_999).time()), time(nanos(58, 1_000).time()));
        let before_1970 =
            |nanos| datetime(NaiveDate::from_ymd_opt(1960, 1, 1).unwrap().and_hms_nano_opt(0, 0, 0, nanos).unwrap());
        assert_eq!(before_1970(1_999), before_1970(1_000), "downwards there too");
    }

    #[test]
    fn a_leap_second_becomes_one_that_databases_have() {
        let leap = nanos(59, 1_500_000_000);
        let next = NaiveDate::from_ymd_opt(2017, 1, 1).unwrap().and_hms_milli_opt(0, 0, 0, 500).unwrap();
        assert_eq!(datetime(leap), datetime(next));
        assert_eq!(time(leap.time()), time(nanos(59, 999_999_000).time()));
    }
}
