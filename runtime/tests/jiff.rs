//! jiff's types there and back, and in the text form that SQLite keeps.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(all(feature = "sqlite", feature = "jiff"))]

use pilaster::blocking::Db;
use pilaster::jiff::Timestamp;
use pilaster::jiff::civil::{Date, DateTime, Time, date};

#[test]
fn values_come_back_as_they_went() {
    let db = Db::connect("sqlite::memory:").unwrap();
    db.sql("CREATE TABLE moment (a DATE, b TIME, c DATETIME, d TIMESTAMP)").execute().unwrap();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let rows = [
        (date(2024, 2, 29), Time::midnight(), date(1970, 1, 1).at(0, 0, 0, 0), instant("1970-01-01T00:00:00Z")),
        (
            date(1, 1, 1),
            Time::constant(23, 59, 59, 999_999_000),
            date(1969, 12, 31).at(23, 59, 59, 999_999_000),
            instant("1969-12-31T23:59:59.999999Z"),
        ),
        (
            date(9999, 12, 31),
            Time::constant(12, 0, 0, 1_000),
            date(9999, 12, 31).at(23, 59, 59, 0),
            instant("2024-06-30T12:34:56.5+02:00"),
        ),
    ];
    for (a, b, c, d) in rows {
        db.sql("INSERT INTO moment VALUES (?, ?, ?, ?)").bind(a).bind(b).bind(c).bind(d).execute().unwrap();
        let read: (Date, Time, DateTime, Timestamp) =
            db.sql("SELECT a, b, c, d FROM moment ORDER BY rowid DESC LIMIT 1").one().unwrap();
        assert_eq!(read, (a, b, c, d));
    }
    let text: String = db.sql("SELECT d FROM moment ORDER BY rowid DESC LIMIT 1").one().unwrap();
    assert_eq!(text, "2024-06-30 10:34:56.500000");
    assert_eq!(db.sql("SELECT NULL").one::<Option<Date>>().unwrap(), None);
}

#[test]
fn nanoseconds_are_cut_downwards() {
    let db = Db::connect("sqlite::memory:").unwrap();
    let before: Timestamp = "1969-12-31T23:59:59.999999999Z".parse().unwrap();
    let read: Timestamp = db.sql("SELECT ?").bind(before).one().unwrap();
    assert_eq!(read.to_string(), "1969-12-31T23:59:59.999999Z");
}

#[test]
fn what_is_no_date_is_an_error() {
    let db = Db::connect("sqlite::memory:").unwrap();
    for text in ["no date", "2024-02-30", ""] {
        assert!(db.sql("SELECT ?").bind(text).one::<Date>().is_err(), "{text}");
    }
}
