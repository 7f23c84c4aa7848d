//! Generated code with jiff's dates, on every database.
#![allow(clippy::unwrap_used, missing_docs)]

use std::future::Future;

use pilaster::jiff::Timestamp;
use pilaster::jiff::civil::{Date, DateTime, Time, date};
use pilaster::{Db, Dialect, ErrorKind, Result};
use pilaster_tests::cases::jiff_arrays::{self, NewSeries, Series};
use pilaster_tests::cases::jiff_dates::{Holiday, Moment, NewHoliday, NewMoment, schema};
use pilaster_tests::database::{Kind, is_required};

/// Runs a test on a database of a kind with the tables.
async fn on<O: Future<Output = Result<()>>>(kind: Kind, test: impl FnOnce(Db) -> O) {
    let fresh = match kind.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            return;
        }
    };
    schema::create_all(&fresh.db).await.unwrap();
    test(fresh.db.clone()).await.unwrap();
    fresh.remove().await.unwrap();
}

const KINDS: [Kind; 5] = [Kind::SqliteMemory, Kind::Postgres, Kind::PostgresPlain, Kind::Mysql, Kind::MysqlPlain];

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first and the last of what a database keeps, and what lies around 1970.
fn values(dialect: Dialect) -> Vec<(Date, Time, DateTime, Timestamp)> {
    let last = Time::constant(23, 59, 59, 999_999_000);
    let mut values = vec![
        (date(1970, 1, 1), Time::midnight(), date(1970, 1, 2).at(0, 0, 0, 0), instant("1970-01-02T00:00:00Z")),
        (date(2024, 2, 29), last, date(2024, 2, 29).to_datetime(last), instant("2024-06-30T12:34:56.5+02:00")),
        (
            date(9999, 12, 31),
            Time::constant(12, 0, 0, 1_000),
            date(9999, 12, 31).at(23, 59, 59, 0),
            instant("2038-01-19T03:14:07Z"),
        ),
        (date(1000, 1, 1), last, date(1000, 1, 1).at(0, 0, 0, 1_000), instant("2000-02-29T00:00:00.000001Z")),
    ];
    if dialect != Dialect::Mysql {
        let early = instant("1969-12-31T23:59:59.999999Z");
        values.push((date(1, 1, 1), last, date(1969, 12, 31).to_datetime(last), early));
        values.push((date(1, 1, 1), last, date(1, 1, 1).at(0, 0, 0, 0), instant("0001-01-01T00:00:00Z")));
    }
    if dialect == Dialect::Postgres {
        values.push((date(-4712, 1, 1), last, date(-4712, 1, 1).at(0, 0, 0, 0), instant("-004712-01-01T00:00:00Z")));
    }
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_back_as_they_went() {
    for kind in KINDS {
        on(kind, async |db| {
            let before = Timestamp::now();
            for (day, clock, local, at) in values(db.dialect()) {
                let plain = NewMoment::new(day, clock, local, at).insert(&db).await?;
                assert_eq!((plain.day, plain.clock, plain.local, plain.instant), (day, clock, local, at));
                assert_eq!((plain.maybe_day, plain.maybe_clock), (None, None));
                assert_eq!((plain.maybe_local, plain.maybe_instant), (None, None));
                let age = plain.made.duration_since(before).abs();
                assert!(age.as_secs() < 60, "{}: {age}", kind.name());
                let full = NewMoment::new(day, clock, local, at).maybe_day(day).maybe_clock(clock);
                let full = full.maybe_local(local).maybe_instant(at).insert(&db).await?;
                let read = Moment::get(&db, full.id).await?.unwrap();
                assert_eq!(read, full, "{}", kind.name());
                assert_eq!((read.maybe_day, read.maybe_clock), (Some(day), Some(clock)));
                assert_eq!((read.maybe_local, read.maybe_instant), (Some(local), Some(at)));
                let same = Moment::query().filter(|m| m.maybe_instant.eq(at).and(m.maybe_local.eq(local)));
                assert_eq!(same.filter(|m| m.clock.eq(clock).and(m.day.eq(day))).count(&db).await?, 1);
                Moment::delete_many().filter(|m| m.id.eq(full.id)).run(&db).await?;
            }
            // In order, and many at once.
            let days: Vec<Date> = values(db.dialect()).into_iter().map(|value| value.0).collect();
            let mut sorted = days.clone();
            sorted.sort();
            let found = Moment::query().order_by(|m| m.day.asc()).select(|m| m.day).all(&db).await?;
            assert_eq!(found, sorted, "{}", kind.name());
            let rows = (1..=300).map(|n| NewHoliday::new(date(2024, 1, 1) + pilaster::jiff::Span::new().days(n), "x"));
            let stored = Holiday::insert_many(rows).all(&db).await?;
            assert_eq!((stored[0].day, stored[299].day), (date(2024, 1, 2), date(2024, 10, 27)));
            assert_eq!(Holiday::get(&db, date(2024, 10, 27)).await?.map(|row| row.name), Some("x".to_owned()));
            let past = Holiday::query().filter(|h| h.day.lt(date(2024, 1, 4))).count(&db).await?;
            assert_eq!(past, 2);
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_and_infinity_of_postgres() {
    on(Kind::Postgres, async |db| {
        jiff_arrays::schema::create_all(&db).await?;
        let days = vec![date(1, 1, 1), date(1970, 1, 1), date(9999, 12, 31)];
        let clocks = vec![Time::midnight(), Time::constant(23, 59, 59, 999_999_000)];
        let locals = vec![date(2024, 2, 29).at(1, 2, 3, 4_000)];
        let instants = vec![instant("1969-12-31T23:59:59.999999Z"), instant("2024-06-30T12:34:56Z")];
        let row = NewSeries::new(days.clone(), clocks.clone(), locals.clone(), instants.clone());
        let stored = row.clone().maybe(vec![]).insert(&db).await?;
        let read = Series::get(&db, stored.id).await?.unwrap();
        assert_eq!(read, stored);
        assert_eq!((read.days, read.clocks, read.locals, read.instants), (days, clocks, locals, instants));
        assert_eq!(read.maybe, Some(vec![]));
        // As many go in one statement.
        let many = Series::insert_many(std::iter::repeat_n(row, 40)).all(&db).await?;
        assert!(many.iter().all(|series| series.days == stored.days && series.maybe.is_none()));
        for wrong in ["{infinity}", "{2024-01-01,NULL}"] {
            db.sql("UPDATE series SET maybe = $1::text::date[]").bind(wrong).execute().await?;
            let error = Series::get(&db, stored.id).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)) && error.to_string().contains("maybe"), "{error}");
        }
        for text in ["infinity", "-infinity"] {
            let error = db.sql(format!("SELECT '{text}'::date")).one::<Date>().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)) && error.to_string().contains(text), "{error}");
            let error = db.sql(format!("SELECT '{text}'::timestamp")).one::<DateTime>().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)) && error.to_string().contains(text), "{error}");
            let error = db.sql(format!("SELECT '{text}'::timestamptz")).one::<Timestamp>().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)) && error.to_string().contains(text), "{error}");
        }
        // What PostgreSQL has and jiff has not.
        for sql in ["'24:00'::time", "'10000-01-01'::date", "'294276-12-31'::timestamp", "'294276-12-31Z'::timestamptz"]
        {
            let sql = format!("SELECT {sql}");
            let read = match sql.as_str() {
                time if time.ends_with("::time") => db.sql(sql).one::<Time>().await.map(drop),
                day if day.ends_with("::date") => db.sql(sql).one::<Date>().await.map(drop),
                local if local.ends_with("::timestamp") => db.sql(sql).one::<DateTime>().await.map(drop),
                _ => db.sql(sql).one::<Timestamp>().await.map(drop),
            };
            assert!(matches!(read.unwrap_err().kind(), ErrorKind::Decode(_)));
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_dates_of_mysql() {
    on(Kind::Mysql, async |db| {
        // One connection, as the mode is the session's.
        let tx = db.begin().await?;
        tx.sql("SET SESSION sql_mode = ''").execute().await?;
        let insert = "INSERT INTO moment (day, clock, local, instant, maybe_day) VALUES ('0000-00-00', '838:59:59', \
            '0000-00-00', '0000-00-00', '2024-00-00')";
        tx.sql(insert).execute().await?;
        tx.sql("SET SESSION sql_mode = DEFAULT").execute().await?;
        let decode = |error: pilaster::Error| assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
        decode(Moment::query().select(|m| m.day).one(&tx).await.unwrap_err());
        decode(Moment::query().select(|m| m.maybe_day).one(&tx).await.unwrap_err());
        decode(Moment::query().select(|m| m.clock).one(&tx).await.unwrap_err());
        decode(Moment::query().select(|m| m.local).one(&tx).await.unwrap_err());
        decode(Moment::query().select(|m| m.instant).one(&tx).await.unwrap_err());
        tx.rollback().await
    })
    .await;
}
