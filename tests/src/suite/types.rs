//! Every column type there and back: bounds, NULL, empty, extreme.

use pilaster::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use pilaster::rust_decimal::Decimal;
use pilaster::{Db, Dialect, Error, ErrorKind, Result, serde_json, uuid};

use super::{place, quoted};
use crate::models::{
    Everything, NewDocument, NewEverything, NewRectangle, NewTicket, Post, Rectangle, Status, Ticket, User,
};

/// Inserts a row, reads it by key, and gives back both, which must be equal.
async fn there_and_back(db: &Db, row: NewEverything) -> Result<Everything> {
    let stored = row.insert(db).await?;
    let read = Everything::get(db, stored.id).await?.unwrap();
    assert_eq!(read, stored);
    Ok(read)
}

pub async fn integers(db: &Db) -> Result<()> {
    for (tiny, small, int, big) in
        [(i8::MIN, i16::MIN, i32::MIN, i64::MIN), (i8::MAX, i16::MAX, i32::MAX, i64::MAX), (0, 0, 0, 0)]
    {
        let row = there_and_back(db, NewEverything::new().tiny(tiny).small(small).int(int).big(big)).await?;
        assert_eq!((row.tiny, row.small, row.int, row.big), (Some(tiny), Some(small), Some(int), Some(big)));
        assert_eq!(Everything::query().filter(|e| e.big.eq(big).and(e.tiny.eq(tiny))).count(db).await?, 1);
    }
    Ok(())
}

pub async fn floats(db: &Db) -> Result<()> {
    for double in [0.0, -1.5, 0.1, f64::MAX, 5e-324, 1e-300, 123_456_789.123_456_78] {
        let row = there_and_back(db, NewEverything::new().double(double)).await?;
        assert_eq!(row.double, Some(double));
        assert_eq!(Everything::query().filter(|e| e.double.eq(double)).count(db).await?, 1, "{double}");
    }
    for real in [0.1_f32, f32::MAX, -2.5, 1e-30] {
        assert_eq!(there_and_back(db, NewEverything::new().real(real)).await?.real, Some(real));
    }
    Ok(())
}

/// What is no number of its own is stored, or refused before it is sent; never something else.
pub async fn infinities_and_nan(db: &Db) -> Result<()> {
    for double in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        match (NewEverything::new().double(double).insert(db).await, db.dialect()) {
            (Err(error), Dialect::Mysql) => assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}"),
            // SQLite takes NaN for NULL.
            (Err(error), Dialect::Sqlite) if double.is_nan() => {
                assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
            }
            (Ok(row), Dialect::Sqlite | Dialect::Postgres) => {
                let found = row.double.unwrap();
                assert!(found == double || (found.is_nan() && double.is_nan()), "{found} instead of {double}");
                let read = Everything::get(db, row.id).await?.unwrap().double.unwrap();
                assert_eq!(read.to_bits(), double.to_bits());
            }
            (outcome, dialect) => panic!("{double} on {}: {outcome:?}", dialect.name()),
        }
    }
    for real in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        match (NewEverything::new().real(real).insert(db).await, db.dialect()) {
            (Ok(row), Dialect::Sqlite | Dialect::Postgres) => {
                let read = Everything::get(db, row.id).await?.unwrap();
                assert_eq!([row.real, read.real].map(|read| read.unwrap().to_bits()), [real.to_bits(); 2]);
            }
            (outcome, Dialect::Mysql) => misfit(outcome, "real"),
            (outcome, Dialect::Sqlite) if real.is_nan() => misfit(outcome, "real"),
            (outcome, dialect) => panic!("{real} on {}: {outcome:?}", dialect.name()),
        }
    }
    // Decimals of PostgreSQL can be what Rust's cannot.
    if db.dialect() == Dialect::Postgres {
        db.sql("ALTER TABLE everything ALTER exact TYPE numeric").execute().await?;
        for odd in ["NaN", "Infinity", "-Infinity"] {
            db.sql(format!("INSERT INTO everything (exact) VALUES ('{odd}')")).execute().await?;
            let error = Everything::query().select(|e| e.exact).filter(|e| e.exact.is_not_null()).all(db).await;
            assert!(matches!(error.unwrap_err().kind(), ErrorKind::Decode(_)), "{odd}");
            db.sql("DELETE FROM everything").execute().await?;
        }
    }
    Ok(())
}

/// What an update sets is kept as what an insert gives is.
pub async fn decimals_that_are_set(db: &Db) -> Result<()> {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    let row = NewEverything::new().exact(number("1")).insert(db).await?;
    let found = async |text: &str| Everything::query().filter(|e| e.exact.eq(number(text))).count(db).await;
    Everything::update().filter(|e| e.id.eq(row.id)).set(|e| e.exact, number("1.00005")).run(db).await?;
    assert_eq!(found("1.0001").await?, 1);
    Everything::update().filter(|e| e.id.eq(row.id)).set(|e| e.exact, number("-2.00005")).run(db).await?;
    assert_eq!(found("-2.0001").await?, 1);
    Everything::update().filter(|e| e.id.eq(row.id)).set(|e| e.exact, number("0.05")).run(db).await?;
    let computed = Everything::update().filter(|e| e.id.eq(row.id));
    computed.set_to(|e| (e.exact, e.exact * number("1.0012"))).run(db).await?;
    assert_eq!(found("0.0501").await?, 1);
    assert_eq!(Everything::get(db, row.id).await?.unwrap().exact, Some(number("0.0501")));
    // A half of the last digit, of which floating point numbers have a little less.
    for (old, factor, new) in [("1.67", "1.5", "2.51"), ("-1.67", "1.5", "-2.51"), ("4.1", "0.35", "1.44")] {
        let ticket = NewTicket::new(number(old)).insert(db).await?;
        let this = Ticket::update().filter(|t| t.id.eq(ticket.id));
        this.set_to(|t| (t.price, t.price * number(factor))).run(db).await?;
        assert_eq!(
            Ticket::query().filter(|t| t.id.eq(ticket.id)).one(db).await?.price,
            number(new),
            "{old} * {factor}"
        );
    }
    Ok(())
}

pub async fn decimals(db: &Db) -> Result<()> {
    for text in ["0.0000", "0.1000", "-0.0001", "12345678.9012", "-99999999.9999", "10.0000"] {
        let exact: Decimal = text.parse().unwrap();
        let row = there_and_back(db, NewEverything::new().exact(exact)).await?;
        assert_eq!(row.exact, Some(exact));
        assert_eq!(Everything::query().filter(|e| e.exact.eq(exact)).count(db).await?, 1, "{text}");
    }
    // Digits of the column's scale, whatever was written, and rounded as servers do.
    for (written, read) in [("7", "7.0000"), ("1.00005", "1.0001"), ("-2.00005", "-2.0001")] {
        let row = there_and_back(db, NewEverything::new().exact(written.parse::<Decimal>().unwrap())).await?;
        assert_eq!(row.exact.unwrap().to_string(), read);
    }
    Everything::delete_many().filter(|e| e.exact.eq("-2.0001".parse::<Decimal>().unwrap())).run(db).await?;
    let negative = Everything::query().filter(|e| e.exact.lt(Decimal::ZERO)).count(db).await?;
    assert_eq!(negative, 2);
    Ok(())
}

pub async fn texts(db: &Db) -> Result<()> {
    let long = "x".repeat(100_000);
    for text in ["", " ", "it's \"quoted\" \\ % _", "日本語 🦀 é e\u{301}", "a\nb\tc", "\u{1}\u{7f}", &long] {
        let row = there_and_back(db, NewEverything::new().long(text)).await?;
        assert_eq!(row.long.as_deref(), Some(text));
        assert_eq!(Everything::query().filter(|e| e.long.eq(text)).count(db).await?, 1, "{text:?}");
    }
    // Trailing blanks and case count.
    for near in ["  ", "A\nb\tc", "日本語 🦀 e\u{301} e\u{301}"] {
        assert_eq!(Everything::query().filter(|e| e.long.eq(near)).count(db).await?, 0, "{near:?}");
    }
    let row = there_and_back(db, NewEverything::new().short("é".repeat(40))).await?;
    assert_eq!(row.short.unwrap().chars().count(), 40);
    Ok(())
}

pub async fn bytes(db: &Db) -> Result<()> {
    for bytes in [vec![], vec![0], vec![0, 255, 39, 92, 128], vec![7; 100_000]] {
        let row = there_and_back(db, NewEverything::new().raw(bytes.clone())).await?;
        assert_eq!(row.raw.as_deref(), Some(bytes.as_slice()));
        assert_eq!(Everything::query().filter(|e| e.raw.eq(bytes.as_slice())).count(db).await?, 1);
    }
    Ok(())
}

/// Many rows at once go another way than one.
pub async fn many_of_all(db: &Db) -> Result<()> {
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let clock = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let rows = (0..30_i16).map(|n| {
        let row = NewEverything::new().small(n).short(format!("{n}\"\\{{}},'"));
        if n % 3 == 0 {
            return row;
        }
        row.tiny(-1)
            .int(i32::MIN)
            .big(i64::MAX)
            .real(0.1)
            .double(-1e300)
            .exact(Decimal::new(-i64::from(n), 4))
            .flag(n % 2 == 0)
            .long("🦀".repeat(usize::try_from(n).unwrap()))
            .raw(vec![0, 255, 34, 92])
            .day(day)
            .clock(clock)
            .local(day.and_time(clock))
            .instant(day.and_time(clock).and_utc())
            .guid(uuid::Uuid::from_u128(7))
            .doc(serde_json::json!({ "n": n }))
            .status(if n % 2 == 0 { Status::Published } else { Status::Archived })
    });
    let rows: Vec<NewEverything> = rows.collect();
    let one_by_one = {
        let mut stored = Vec::new();
        for row in rows.clone() {
            stored.push(row.insert(db).await?);
        }
        stored
    };
    let many = Everything::insert_many(rows.clone()).all(db).await?;
    assert_eq!(many.len(), 30);
    for (mut one, other) in one_by_one.into_iter().zip(&many) {
        assert_ne!(one.id, other.id);
        one.id = other.id;
        assert_eq!(&one, other);
        assert_eq!(Everything::get(db, other.id).await?.as_ref(), Some(other));
    }
    // Nobody wants these back, so that they go in other statements.
    let last = many.iter().map(|row| row.id).max().unwrap();
    let crowd = rows.iter().cycle().take(1_800).cloned();
    assert_eq!(Everything::insert_many(crowd).run(db).await?, 1_800);
    let stored = Everything::query().filter(|e| e.id.gt(last)).all(db).await?;
    for n in 0..30_i16 {
        assert_eq!(stored.iter().filter(|row| row.small == Some(n)).count(), 60);
    }
    for mut row in stored {
        let expected = many.iter().find(|one| one.small == row.small).unwrap();
        row.id = expected.id;
        assert_eq!(&row, expected);
    }
    Ok(())
}

pub async fn dates_and_times(db: &Db) -> Result<()> {
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let time = |h, m, s, micro| NaiveTime::from_hms_micro_opt(h, m, s, micro).unwrap();
    let moments = [
        (date(1970, 1, 1), time(0, 0, 0, 0)),
        (date(1969, 12, 31), time(23, 59, 59, 999_999)),
        (date(2024, 2, 29), time(12, 0, 0, 1)),
        (date(1000, 1, 1), time(0, 0, 0, 500_000)),
        (date(9999, 12, 31), time(23, 59, 59, 999_999)),
    ];
    for (day, clock) in moments {
        let local: NaiveDateTime = day.and_time(clock);
        let row = there_and_back(db, NewEverything::new().day(day).clock(clock).local(local)).await?;
        assert_eq!((row.day, row.clock, row.local), (Some(day), Some(clock), Some(local)));
        let same = Everything::query().filter(|e| e.day.eq(day).and(e.clock.eq(clock)).and(e.local.eq(local)));
        assert_eq!(same.count(db).await?, 1, "{local}");
    }
    let early =
        Everything::query().filter(|e| e.local.lt(date(1970, 1, 1).and_time(time(0, 0, 0, 0)))).count(db).await?;
    assert_eq!(early, 2);
    for text in ["1970-01-01T00:00:01Z", "2026-11-23T01:02:03.000004Z", "2037-12-31T23:59:59.999999Z"] {
        let instant: DateTime<Utc> = text.parse().unwrap();
        let row = there_and_back(db, NewEverything::new().instant(instant)).await?;
        assert_eq!(row.instant, Some(instant));
        assert_eq!(Everything::query().filter(|e| e.instant.eq(instant)).count(db).await?, 1);
    }
    let latest = Everything::query().select(|e| e.instant.max()).one(db).await?;
    assert_eq!(latest, Some("2037-12-31T23:59:59.999999Z".parse().unwrap()));
    Ok(())
}

/// A TIMESTAMP of MySQL and MariaDB begins with 1970 and ends in 2038, or in 2106 on newer servers.
pub async fn instants_beyond_a_timestamp(db: &Db) -> Result<()> {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for beyond in ["1000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2106-02-07T06:28:16Z"].map(at) {
        if db.dialect() == Dialect::Mysql {
            misfits(db, "instant", NewEverything::new().instant(beyond), |row| row.instant = Some(beyond)).await?;
        } else {
            assert_eq!(there_and_back(db, NewEverything::new().instant(beyond)).await?.instant, Some(beyond));
        }
    }
    for inside in ["1970-01-01T00:00:01Z", "2038-01-19T03:14:07.999999Z"].map(at) {
        assert_eq!(there_and_back(db, NewEverything::new().instant(inside)).await?.instant, Some(inside));
    }
    Ok(())
}

pub async fn uuid_and_json(db: &Db) -> Result<()> {
    for guid in [uuid::Uuid::nil(), uuid::Uuid::max(), uuid::Uuid::from_u128(0x0123_4567_89ab_cdef)] {
        let row = there_and_back(db, NewEverything::new().guid(guid)).await?;
        assert_eq!(row.guid, Some(guid));
        assert_eq!(Everything::query().filter(|e| e.guid.eq(guid)).count(db).await?, 1);
    }
    for doc in [
        serde_json::json!(null),
        serde_json::json!([]),
        serde_json::json!({ "a": [1, 2.5, "x\"y", null, true], "é": {} }),
        serde_json::json!("text"),
        serde_json::json!(9_007_199_254_740_993_i64),
    ] {
        assert_eq!(there_and_back(db, NewEverything::new().doc(doc.clone())).await?.doc.as_ref(), Some(&doc));
        assert_eq!(Everything::query().filter(|e| e.doc.eq(doc.clone())).count(db).await?, 1, "{doc}");
    }
    Ok(())
}

/// Of every type with an order.
pub async fn least_and_greatest(db: &Db) -> Result<()> {
    let guids = [0xff00, 7, 0x0a00, 0xa0].map(uuid::Uuid::from_u128);
    let raws: [&[u8]; 4] = [&[0x7f], &[], &[0x7f, 0], &[0xff, 1]];
    let day = |n| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
    let clock = |n| NaiveTime::from_hms_opt(n, 0, 59).unwrap();
    let rows = (0_u32..4).zip(guids.into_iter().zip(raws)).map(|(n, (guid, raw))| {
        let (day, clock) = (day(n + 8), clock(n + 8));
        let moment = day.and_time(clock);
        NewEverything::new().guid(guid).raw(raw).day(day).clock(clock).local(moment).instant(moment.and_utc())
    });
    Everything::insert_many(rows).run(db).await?;
    let query = || Everything::query().filter(|e| e.guid.is_not_null());
    let found = query().select(|e| (e.guid.min(), e.guid.max(), e.raw.min(), e.raw.max())).one(db).await?;
    assert_eq!(found, (Some(guids[1]), Some(guids[0]), Some(vec![]), Some(vec![0xff, 1])));
    let found = query().select(|e| (e.day.min(), e.day.max(), e.clock.min(), e.clock.max())).one(db).await?;
    assert_eq!(found, (Some(day(8)), Some(day(11)), Some(clock(8)), Some(clock(11))));
    let found = query().select(|e| (e.local.min(), e.instant.max())).one(db).await?;
    assert_eq!(found, (Some(day(8).and_time(clock(8))), Some(day(11).and_time(clock(11)).and_utc())));
    let nothing = query().filter(|e| e.id.lt(0)).select(|e| (e.guid.min(), e.raw.max())).one(db).await?;
    assert_eq!(nothing, (None, None));
    Ok(())
}

pub async fn enums_and_flags(db: &Db) -> Result<()> {
    for (status, flag) in [(Status::Draft, true), (Status::Archived, false)] {
        let row = there_and_back(db, NewEverything::new().status(status).flag(flag)).await?;
        assert_eq!((row.status, row.flag), (Some(status), Some(flag)));
        assert_eq!(Everything::query().filter(|e| e.status.eq(status).and(e.flag.eq(flag))).count(db).await?, 1);
    }
    assert_eq!(Everything::query().filter(|e| e.flag).count(db).await?, 1);
    Ok(())
}

pub async fn nulls(db: &Db) -> Result<()> {
    let row = there_and_back(db, NewEverything::new()).await?;
    let nothing = (row.int, row.exact, row.long.as_ref(), row.raw.as_ref(), row.local, row.instant, row.status);
    assert_eq!(nothing, (None, None, None, None, None, None, None));
    // All columns but the key.
    let fields = format!("{row:?}");
    assert_eq!(fields.matches(": None").count(), fields.matches(": ").count() - 1, "{fields}");
    assert_eq!(Everything::query().filter(|e| e.flag.is_null().and(e.doc.is_null())).count(db).await?, 1);
    assert_eq!(Everything::query().filter(|e| e.flag.is_not_null()).count(db).await?, 0);
    Ok(())
}

pub async fn unknown_labels_are_errors(db: &Db) -> Result<()> {
    let table = quoted(db, "everything");
    // The database has moved on, and the models have not.
    let widened = match db.dialect() {
        Dialect::Postgres => "ALTER TYPE status ADD VALUE 'burnt'".to_owned(),
        Dialect::Mysql => format!("ALTER TABLE {table} MODIFY status ENUM('draft', 'published', 'archived', 'burnt')"),
        _ => "PRAGMA ignore_check_constraints = ON".to_owned(),
    };
    // The pragma is its connection's, and a new label of a type cannot be used in the transaction that adds it.
    if db.dialect() != Dialect::Sqlite {
        db.sql(widened.clone()).batch().await?;
    }
    let tx = db.begin().await?;
    if db.dialect() == Dialect::Sqlite {
        tx.sql(widened).batch().await?;
    }
    tx.sql(format!("INSERT INTO {table} (status) VALUES ('burnt')")).execute().await?;
    let error = Everything::query().all(&tx).await.unwrap_err();
    if db.dialect() == Dialect::Sqlite {
        tx.sql("PRAGMA ignore_check_constraints = OFF").batch().await?;
    }
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("everything"), Some("status")));
    assert!(error.to_string().contains("burnt"), "{error}");
    tx.rollback().await
}

pub async fn decode_errors_name_the_column(db: &Db) -> Result<()> {
    let user = format!("INSERT INTO {} (name) VALUES ({})", quoted(db, "user"), place(db, 1));
    db.sql(user).bind("ann").execute().await?;
    let ann = User::by_name(db, "ann").await?.unwrap();
    let wrong = db.sql(format!("SELECT name FROM {}", quoted(db, "user"))).one::<i64>().await.unwrap_err();
    let ErrorKind::Decode(cell) = wrong.kind() else { panic!("{wrong:?}") };
    assert_eq!(cell.column.as_deref(), Some("name"));
    // What the column is declared as is only SQLite's wish: servers need another declaration to hold such values.
    let wider = match db.dialect() {
        Dialect::Postgres => Some("ALTER TABLE post ALTER COLUMN views TYPE bigint"),
        Dialect::Mysql => Some("ALTER TABLE post MODIFY views BIGINT NOT NULL DEFAULT 0"),
        _ => None,
    };
    let post = format!("INSERT INTO post (title, views, user_id) VALUES ('x', 0, {})", place(db, 1));
    db.sql(post).bind(ann.id).execute().await?;
    match wider {
        Some(wider) => db.sql(wider).batch().await?,
        None => {
            db.sql("UPDATE post SET views = 'many'").execute().await?;
            views_cannot_be_read(db).await;
        }
    }
    db.sql("UPDATE post SET views = 3000000000").execute().await?;
    views_cannot_be_read(db).await;
    let error = Post::query().select(|p| p.views).all(db).await.unwrap_err();
    assert!(error.to_string().contains("3000000000"), "{error}");
    misread(&error, "post", "views");
    // The column is looked for where it comes from, in whatever order tables are joined.
    misread(&Post::query().join(|p| p.user).select(|(p, _)| p.views).all(db).await.unwrap_err(), "post", "views");
    misread(
        &User::query().join(|u| u.posts).select(|(u, p)| (u.name, p.views)).all(db).await.unwrap_err(),
        "post",
        "views",
    );
    misread(&User::query().join(|u| u.posts).all(db).await.unwrap_err(), "post", "views");
    Ok(())
}

async fn views_cannot_be_read(db: &Db) {
    misread(&Post::query().all(db).await.unwrap_err(), "post", "views");
}

#[track_caller]
fn misread(error: &Error, table: &str, column: &str) {
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some(table), Some(column)), "{error}");
}

/// A row in which everything fits; one text is longer than the others may be.
fn fitting() -> NewEverything {
    NewEverything::new().long("x".repeat(500)).short("y".repeat(40)).exact(Decimal::ONE).double(1.5).int(7)
}

#[track_caller]
pub(super) fn misfit<T: std::fmt::Debug>(outcome: Result<T>, column: &str) {
    let error = outcome.unwrap_err();
    let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("everything"), Some(column)), "{error:?}");
}

/// Writes a row that does not fit in every way there is; all of them name table and column.
pub(super) async fn misfits(
    db: &Db,
    column: &str,
    wrong: NewEverything,
    spoil: impl Fn(&mut Everything),
) -> Result<()> {
    let stored = fitting().insert(db).await?;
    misfit(wrong.clone().insert(db).await, column);
    misfit(wrong.clone().id(stored.id).on_conflict(Everything::PRIMARY_KEY).update_all().run(db).await, column);
    for many in [1, 40] {
        let rows = || {
            let mut rows = vec![fitting(); many];
            rows.push(wrong.clone());
            Everything::insert_many(rows)
        };
        misfit(rows().run(db).await, column);
        misfit(rows().all(db).await, column);
        misfit(rows().keys(db).await, column);
        let tx = db.begin().await?;
        misfit(rows().run(&tx).await, column);
        tx.rollback().await?;
    }
    let mut row = stored.clone();
    spoil(&mut row);
    misfit(row.save(db).await, column);
    let mut session = db.session().await?;
    session.add(fitting());
    session.add(wrong);
    misfit(session.flush().await, column);
    drop(session);
    for many in [1, 40] {
        let ids = Everything::insert_many(vec![fitting(); many]).keys(db).await?;
        let mut session = db.session().await?;
        for key in session.load(Everything::query().filter(|e| e.id.in_(ids))).await? {
            spoil(&mut session[key]);
        }
        misfit(session.flush().await, column);
    }
    assert_eq!(Everything::query().filter(|e| e.int.is_null()).count(db).await?, 0, "nothing of it is stored");
    Everything::delete_many().all_rows().run(db).await.map(drop)
}

/// What the database computes can be out of range, too. SQLite has no range there.
pub async fn what_is_generated_is_named(db: &Db) -> Result<()> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let named = |error: Error| {
        let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
        assert_eq!(cell.table.as_deref(), Some("rectangle"), "{error:?}");
        // PostgreSQL does not tell which.
        assert!(cell.column.is_none() || cell.column.as_deref() == Some("area"), "{error:?}");
        assert_eq!(cell.column.is_none(), db.dialect() == Dialect::Postgres, "{error:?}");
    };
    let stored = NewRectangle::new(3, 4).insert(db).await?;
    let wrong = || NewRectangle::new(1_000_000, 1_000_000);
    named(wrong().insert(db).await.unwrap_err());
    named(Rectangle::insert_many([wrong(), wrong()]).all(db).await.unwrap_err());
    named(wrong().id(stored.id).on_conflict(Rectangle::PRIMARY_KEY).update_all().run(db).await.unwrap_err());
    let update = Rectangle::update().filter(|r| r.id.eq(stored.id));
    named(update.set(|r| r.width, 1_000_000_000).run(db).await.unwrap_err());
    let mut row = stored;
    row.width = 1_000_000_000;
    named(row.save(db).await.unwrap_err());
    let mut session = db.session().await?;
    session.add(wrong());
    named(session.flush().await.unwrap_err());
    session.rollback().await
}

/// What was found is shown as one would write it, at a readable length.
pub async fn what_does_not_fit_can_be_read(db: &Db) -> Result<()> {
    async fn found(row: NewEverything, db: &Db) -> String {
        match row.insert(db).await.unwrap_err().kind() {
            ErrorKind::Encode(cell) => cell.found.clone(),
            other => panic!("{other:?}"),
        }
    }
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    if db.dialect() == Dialect::Postgres {
        assert_eq!(found(NewEverything::new().day(NaiveDate::MIN), db).await, "-262143-01-01");
    } else {
        let (late, early) = (day("+10000-01-01"), day("-0001-12-31"));
        assert_eq!(found(NewEverything::new().day(late), db).await, "10000-01-01");
        assert_eq!(
            found(NewEverything::new().local(early.and_hms_opt(10, 0, 0).unwrap()), db).await,
            "-0001-12-31 10:00:00"
        );
        let instant = late.and_hms_milli_opt(1, 2, 3, 500).unwrap().and_utc();
        assert_eq!(found(NewEverything::new().instant(instant), db).await, "10000-01-01 01:02:03.5+00:00");
    }
    // Without an exponent it has 300 digits.
    let id = NewEverything::new().insert(db).await?.id;
    let error = Everything::update().filter(|e| e.id.eq(id)).set(|e| e.real, 1e300).run(db).await.unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
    Ok(())
}

pub async fn what_does_not_fit_is_named(db: &Db) -> Result<()> {
    let (id, dialect) = (fitting().insert(db).await?.id, db.dialect());
    let upsert = || fitting().id(id).on_conflict(Everything::PRIMARY_KEY);
    // More digits than the column has, and than SQLite keeps.
    let exact: Decimal = "1234567890123.456".parse().unwrap();
    misfit(Everything::update().filter(|e| e.id.eq(id)).set(|e| e.exact, exact).run(db).await, "exact");
    misfit(upsert().set(|e| e.exact, exact).run(db).await, "exact");
    misfits(db, "exact", NewEverything::new().exact(exact), |row| row.exact = Some(exact)).await?;

    let id = fitting().insert(db).await?.id;
    let upsert = || fitting().id(id).on_conflict(Everything::PRIMARY_KEY);
    let update = || Everything::update().filter(|e| e.id.eq(id));
    let (long, nul) = ("é".repeat(41), "a\0b");
    misfit(update().set_to(|e| (e.int, e.int + i32::MAX)).set(|e| e.short, "y").run(db).await, "int");
    if dialect == Dialect::Sqlite {
        // It takes no notice of lengths.
        assert_eq!(fitting().short(long.clone()).insert(db).await?.short, Some(long));
    } else {
        misfit(update().set(|e| e.short, long.as_str()).run(db).await, "short");
        misfit(update().set(|e| e.int, 1).set(|e| e.short, long.as_str()).set(|e| e.long, "z").run(db).await, "short");
        misfit(upsert().set(|e| e.short, long.as_str()).run(db).await, "short");
        misfits(db, "short", NewEverything::new().short(long.clone()), |row| row.short = Some(long.clone())).await?;
    }
    match dialect {
        Dialect::Postgres => {
            misfit(update().set(|e| e.int, 1).set(|e| e.long, nul).run(db).await, "long");
            misfit(upsert().set(|e| e.long, nul).run(db).await, "long");
            misfits(db, "long", NewEverything::new().long(nul), |row| row.long = Some(nul.to_owned())).await?;
            let mut document = NewDocument::new("x").insert(db).await?;
            document.title = nul.to_owned();
            let error = document.save(db).await.unwrap_err();
            assert!(error.to_string().contains("column \"title\" of \"document\""), "{error}");
        }
        _ => {
            misfit(update().set(|e| e.int, 1).set(|e| e.double, f64::NAN).run(db).await, "double");
            misfit(upsert().set(|e| e.double, f64::NAN).run(db).await, "double");
            let nan = NewEverything::new().double(f64::NAN);
            misfits(db, "double", nan, |row| row.double = Some(f64::NAN)).await?;
        }
    }
    Ok(())
}
