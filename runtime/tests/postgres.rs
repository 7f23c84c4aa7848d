//! PostgreSQL: values, errors and transactions on a real server.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(all(feature = "postgres", feature = "chrono", feature = "decimal", feature = "json", feature = "uuid"))]

mod server;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use pilaster::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use pilaster::rust_decimal::Decimal;
use pilaster::uuid::Uuid;
use pilaster::{Db, Error, ErrorKind, Isolation, Row, TxOptions, Violation, serde_json};

use tokio::task::coop;

use server::{with_db, with_url};

async fn run(db: &Db, sql: &str) {
    db.sql(sql.to_owned()).batch().await.unwrap();
}

/// What a parameter cast to a type comes back as.
macro_rules! back {
    ($db:expr, $ty:literal, $rust:ty, $value:expr) => {
        $db.sql(concat!("SELECT $1::", $ty)).bind($value).one::<$rust>().await
    };
}

macro_rules! round_trips {
    ($db:expr; $($ty:literal $rust:ty: $($value:expr),+;)*) => {$($({
        let value: $rust = $value;
        assert_eq!(back!($db, $ty, $rust, value.clone()).unwrap(), value, "{} {value:?}", $ty);
        assert_eq!(back!($db, $ty, Option<$rust>, None::<$rust>).unwrap(), None, "{}", $ty);
    })+)*};
}

#[tokio::test]
async fn values_come_back_as_they_were() {
    with_db(async |db| {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let at = |day: NaiveDate, micros| day.and_hms_micro_opt(23, 59, 59, micros).unwrap();
        round_trips! { &db;
            "boolean" bool: true, false;
            "smallint" i16: i16::MIN, -1, i16::MAX;
            "integer" i32: i32::MIN, 0, i32::MAX;
            "bigint" i64: i64::MIN, 1, i64::MAX;
            "oid" u32: 0, u32::MAX;
            "real" f32: f32::MIN, f32::MIN_POSITIVE, -0.1, f32::INFINITY, f32::NEG_INFINITY;
            "double precision" f64: f64::MIN, f64::MAX, 5e-324, 0.1, f64::INFINITY;
            "numeric" Decimal: Decimal::MIN, Decimal::MAX, "0.0000000000000000000000000001".parse().unwrap(),
                "-12.50".parse().unwrap(), "10000".parse().unwrap(), Decimal::ZERO;
            "text" String: String::new(), "a'\"\\ü😀\u{10FFFF}".into(), "x".repeat(1 << 20);
            "varchar(3)" String: "äöü".into();
            "xml" String: "<a/>".into();
            "bytea" Vec<u8>: vec![], vec![0, 255, b'\\'], vec![7; 1 << 20];
            "date" NaiveDate: day(1, 1, 1), day(-4712, 1, 1), day(1970, 1, 1), day(9999, 12, 31), day(200_000, 1, 1);
            "time" NaiveTime: NaiveTime::MIN, NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
            "timestamp" NaiveDateTime: at(day(-4712, 1, 1), 0), at(day(1969, 12, 31), 999_999), at(day(200_000, 1, 1), 1);
            "timestamptz" DateTime<Utc>: at(day(1, 1, 1), 1).and_utc(), at(day(2000, 2, 29), 5).and_utc();
            "uuid" Uuid: Uuid::nil(), Uuid::max();
            "json" serde_json::Value: serde_json::json!({"a": [1, null, "ü"]}), serde_json::Value::Null;
            "jsonb" serde_json::Value: serde_json::json!({"a": [1.5, true]}), serde_json::json!([]);
        }
        assert!(back!(&db, "double precision", f64, f64::NAN).unwrap().is_nan());
        assert!(back!(&db, "real", f32, f32::NAN).unwrap().is_nan());
    })
    .await;
}

/// One whose rows come from here, and one whose rows go to here.
const COPIES: [&str; 2] = ["COPY copied FROM STDIN", "COPY (SELECT generate_series(1, 100000)) TO STDOUT"];

fn assert_no_copy<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error:?}");
}

/// What is refused in a transaction takes the connection with it where rows were to come, else only itself.
async fn assert_committed(tx: pilaster::Tx, sql: &str) {
    let committed = tokio::time::timeout(std::time::Duration::from_secs(60), tx.commit()).await.unwrap();
    assert_eq!(committed.is_ok(), sql.ends_with("STDOUT"), "{committed:?}");
}

/// Also without kept statements, as behind a pooler.
#[tokio::test]
async fn copying_from_and_to_here_is_refused_and_holds_nobody_up() {
    with_url(async |url| {
        for kept in [100, 0] {
            let db = Db::builder(&url).max_connections(4).statement_cache(kept).connect().await.unwrap();
            run(&db, "CREATE TABLE IF NOT EXISTS copied (a int); TRUNCATE copied").await;
            for sql in COPIES {
                assert_no_copy(db.sql(sql).execute().await);
                assert_no_copy(db.sql(sql).all::<i32>().await);
                assert_eq!(db.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
                let tx = db.begin().await.unwrap();
                tx.sql("INSERT INTO copied VALUES (1)").execute().await.unwrap();
                assert_no_copy(tx.sql(sql).execute().await);
                assert_committed(tx, sql).await;
                // Several statements go as they are, by the client library.
                let several = format!("SELECT 1; {sql}");
                assert_no_copy(db.sql(several.clone()).batch().await);
                let tx = db.begin().await.unwrap();
                assert_no_copy(tx.sql(several).batch().await);
                assert_committed(tx, sql).await;
            }
            assert_eq!(db.sql("SELECT count(*) FROM copied").one::<i64>().await.unwrap(), 1);
        }
    })
    .await;
}

/// Runs a future as a busy task does, which has no turn left: what it sends goes by the client library.
async fn as_busy<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        while let Poll::Ready(turn) = coop::poll_proceed(context) {
            turn.made_progress();
        }
        future.as_mut().poll(context)
    })
    .await
}

/// In a transaction, which has its connection: to get one takes turns.
#[tokio::test]
async fn copying_is_refused_by_the_client_library() {
    with_db(async |db| {
        run(&db, "CREATE TABLE copied (a int)").await;
        for sql in COPIES {
            let tx = db.begin().await.unwrap();
            assert_no_copy(as_busy(tx.sql(sql).all::<i32>()).await);
            assert_committed(tx, sql).await;
        }
    })
    .await;
}

/// The one in a transaction that was given up before it was refused, and the second one of a batch.
#[tokio::test]
async fn a_copy_that_nobody_asks_for_holds_nobody_up() {
    with_db(async |db| {
        run(&db, "CREATE TABLE copied (a int)").await;
        for sql in COPIES {
            let tx = db.begin().await.unwrap();
            let given_up = std::time::Duration::from_micros(1);
            drop(tokio::time::timeout(given_up, tx.sql(sql).execute()).await);
            drop(tokio::time::timeout(std::time::Duration::from_secs(60), tx.commit()).await.unwrap());
            let tx = db.begin().await.unwrap();
            let several = format!("{}; {sql}", COPIES[1]);
            assert_no_copy(tx.sql(several).batch().await);
            assert_committed(tx, sql).await;
            assert_eq!(db.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_copy_to_here_may_have_written_before_it_was_refused() {
    with_url(async |url| {
        for kept in [100, 0] {
            let db = Db::builder(&url).max_connections(4).statement_cache(kept).connect().await.unwrap();
            run(&db, "CREATE TABLE IF NOT EXISTS copied (a int)").await;
            let writes = "COPY (INSERT INTO copied VALUES (1) RETURNING a) TO STDOUT";
            let error = db.sql(writes).execute().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }) && error.is_outcome_unknown(), "{error:?}");
            let tx = db.begin().await.unwrap();
            let error = tx.sql(writes).execute().await.unwrap_err();
            assert!(!error.is_outcome_unknown(), "it is not committed: {error:?}");
            // Without kept statements what gives rows runs in a transaction of its own, which is rolled back.
            let error = db.sql(writes).all::<i32>().await.unwrap_err();
            assert_eq!(error.is_outcome_unknown(), kept > 0, "{error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn types_without_a_form_of_their_own_are_carried_as_text() {
    with_db(async |db| {
        run(&db, "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN age AS smallint CHECK (VALUE >= 0)").await;
        assert_eq!(back!(&db, "mood", String, "happy").unwrap(), "happy");
        assert_eq!(back!(&db, "age", i16, 7_i16).unwrap(), 7);
        assert_eq!(back!(&db, "inet", String, "10.0.0.1/8").unwrap(), "10.0.0.1/8");
        assert_eq!(back!(&db, "cidr", String, "2001:db8::/32").unwrap(), "2001:db8::/32");
        let interval = "P-1Y-2M3DT-4H5M-6.789S";
        let read = back!(&db, "interval", String, interval).unwrap();
        assert!(db.sql("SELECT $1::interval = $2::interval").bind(interval).bind(read).one::<bool>().await.unwrap());
        let list = db.sql("SELECT $1::int[]::text").bind("{1,NULL}").one::<String>().await.unwrap();
        assert_eq!(list, "{1,NULL}");
        let error = db.sql("SELECT point(1, 2)").one::<String>().await.unwrap_err();
        assert!(error.to_string().contains("type point") && error.to_string().contains("casts it"), "{error}");
    })
    .await;
}

#[tokio::test]
#[allow(clippy::print_stderr)]
async fn types_of_extensions_are_carried_as_text() {
    with_db(async |db| {
        // What the driver knows no binary form of is cast, as models do.
        for (extension, column, given, read) in [
            ("ltree", "a", "a.b_c.D", "a.b_c.D"),
            ("citext", "a", "Grüße", "Grüße"),
            ("hstore", "a::text", "a=>1, \"b c\"=>NULL", "\"a\"=>\"1\", \"b c\"=>NULL"),
        ] {
            let there = db.sql("SELECT count(*) FROM pg_available_extensions WHERE name = $1").bind(extension);
            if there.one::<i64>().await.unwrap() == 0 {
                eprintln!("skipped: the server has no {extension}");
                continue;
            }
            run(&db, &format!("CREATE EXTENSION {extension}; CREATE TABLE {extension}_t (a {extension})")).await;
            let insert = format!("INSERT INTO {extension}_t VALUES ($1), ($2)");
            db.sql(insert).bind(given).bind(None::<String>).execute().await.unwrap();
            let stored = format!("SELECT {column} FROM {extension}_t ORDER BY a");
            let stored = db.sql(stored).all::<Option<String>>().await.unwrap();
            assert_eq!(stored, [Some(read.to_owned()), None], "{extension}");
            let same = format!("SELECT count(*) FROM {extension}_t WHERE a = $1");
            assert_eq!(db.sql(same).bind(read).one::<i64>().await.unwrap(), 1, "{extension}");
        }
    })
    .await;
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused() {
    with_db(async |db| {
        let encode = |error: Error| assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
        let decode = |error: Error| assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
        encode(back!(&db, "smallint", i64, 32_768_i64).unwrap_err());
        encode(back!(&db, "integer", i64, i64::from(i32::MAX) + 1).unwrap_err());
        encode(back!(&db, "real", f64, 1e300).unwrap_err());
        encode(back!(&db, "text", String, "a\0b").unwrap_err());
        encode(back!(&db, "integer", String, "1").unwrap_err());
        encode(back!(&db, "timestamptz", NaiveDateTime, NaiveDateTime::default()).unwrap_err());
        encode(back!(&db, "inet", String, "no address").unwrap_err());
        encode(back!(&db, "date", NaiveDate, NaiveDate::MIN).unwrap_err());
        for sql in ["'infinity'::date", "'-infinity'::timestamptz", "'NaN'::numeric", "1e40::numeric", "1.5::numeric"] {
            let sql = format!("SELECT {sql}");
            decode(db.sql(sql.clone()).one::<i64>().await.unwrap_err());
            decode(db.sql(sql.clone()).one::<NaiveDate>().await.unwrap_err());
            decode(db.sql(sql.clone()).one::<DateTime<Utc>>().await.unwrap_err());
        }
        let late = db.sql("SELECT 'infinity'::timestamptz").one::<DateTime<Utc>>().await.unwrap_err();
        assert!(late.to_string().contains("infinity"), "{late}");
        decode(db.sql("SELECT 'infinity'::numeric").one::<Decimal>().await.unwrap_err());
        decode(db.sql("SELECT NULL::int").one::<i32>().await.unwrap_err());
        decode(db.sql("SELECT 300").one::<i8>().await.unwrap_err());
        decode(db.sql("SELECT 1").map(|row: &Row<'_>| row.get::<i64>(1)).one().await.unwrap_err());
        let error = db.sql("SELECT $1").one::<i64>().await.unwrap_err();
        assert!(error.to_string().contains("1 parameters, and 0 were given"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn violations_name_constraint_table_and_columns() {
    with_db(async |db| {
        let tables = "CREATE TABLE a (id int PRIMARY KEY, \"b, c\" int, d varchar(3) NOT NULL DEFAULT 'x', \
            CONSTRAINT pair UNIQUE (id, \"b, c\"), CONSTRAINT small CHECK (\"b, c\" < 10)); \
            CREATE UNIQUE INDEX low ON a (lower(d)) WHERE id > 5; \
            CREATE TABLE child (a int CONSTRAINT to_a REFERENCES a); INSERT INTO a VALUES (1, 1), (6, 6); \
            INSERT INTO child VALUES (1)";
        run(&db, tables).await;
        let violation = |constraint: &str, table: &str, columns: &[&str]| Violation {
            constraint: (!constraint.is_empty()).then(|| constraint.to_owned()),
            table: Some(table.to_owned()),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        };
        for (sql, kind) in [
            ("INSERT INTO a VALUES (1, 2)", ErrorKind::UniqueViolation(violation("a_pkey", "a", &["id"]))),
            (
                "INSERT INTO a VALUES (7, 7, 'X')",
                ErrorKind::UniqueViolation(violation("low", "a", &["lower(d::text)"])),
            ),
            ("INSERT INTO child VALUES (9)", ErrorKind::ForeignKeyViolation(violation("to_a", "child", &["a"]))),
            ("DELETE FROM a", ErrorKind::ForeignKeyViolation(violation("to_a", "child", &[]))),
            ("INSERT INTO a VALUES (2, 10)", ErrorKind::CheckViolation(violation("small", "a", &[]))),
            ("INSERT INTO a (id, d) VALUES (3, NULL)", ErrorKind::NotNullViolation(violation("", "a", &["d"]))),
        ] {
            let error = db.sql(sql).execute().await.unwrap_err();
            assert_eq!(*error.kind(), kind, "{sql}: {error}");
            assert!(std::error::Error::source(&error).is_some());
        }
        // As PostgreSQL 18 refuses to delete what others refer to by ON DELETE RESTRICT.
        let restricted = "DO $$ BEGIN RAISE EXCEPTION 'update or delete on table \"a\" violates RESTRICT setting of foreign \
            key constraint \"to_a\" on table \"child\"' USING ERRCODE = '23001', TABLE = 'child', CONSTRAINT = 'to_a', \
            DETAIL = 'Key (id)=(1) is referenced from table \"child\".'; END $$";
        let error = db.sql(restricted).execute().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::ForeignKeyViolation(violation("to_a", "child", &[])));
        let error = db.sql("INSERT INTO a VALUES (4, 1, 'long')").execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)) && error.to_string().contains("varying(3)"), "{error:?}");
        let error = db.sql("SELECT nothing FROM a").one::<i64>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query) && error.to_string().contains("nothing FROM a"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn refusals_have_their_kinds() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await;
        let kind = async |limit: &str, sql: &str| {
            let tx = db.begin().await.unwrap();
            tx.sql(format!("SET LOCAL statement_timeout = '{limit}'")).execute().await.unwrap();
            tx.sql(sql.to_owned()).execute().await.unwrap_err().kind().clone()
        };
        assert_eq!(kind("100ms", "SELECT pg_sleep(60)").await, ErrorKind::Timeout);
        let holder = db.begin().await.unwrap();
        holder.sql("SELECT * FROM t FOR UPDATE").execute().await.unwrap();
        assert_eq!(kind("0", "SELECT * FROM t FOR UPDATE NOWAIT").await, ErrorKind::Locked);
        let reader = db.begin_with(TxOptions::new().read_only(true)).await.unwrap();
        assert_eq!(*reader.sql("DELETE FROM t").execute().await.unwrap_err().kind(), ErrorKind::ReadOnly);
        drop((holder, reader));
        let role = format!("pilaster_nobody_{}", std::process::id());
        let tx = db.begin().await.unwrap();
        tx.sql(format!("CREATE ROLE {role}; SET LOCAL ROLE {role}")).batch().await.unwrap();
        assert_eq!(*tx.sql("SELECT * FROM t").execute().await.unwrap_err().kind(), ErrorKind::Permission);
    })
    .await;
}

#[tokio::test]
async fn statements_that_take_too_long_are_stopped() {
    with_url(async |url| {
        let limit = std::time::Duration::from_secs(2);
        let db = Db::builder(&url).statement_timeout(limit).connect().await.unwrap();
        let error = db.sql("SELECT pg_sleep(60)").execute().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Timeout);
        assert_eq!(db.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_deferrable_transaction_is_what_it_says() {
    with_db(async |db| {
        let tx = db.begin_with(TxOptions::new().deferrable()).await.unwrap();
        for (setting, value) in [("deferrable", "on"), ("read_only", "on"), ("isolation", "serializable")] {
            let shown = tx.sql(format!("SHOW transaction_{setting}")).one::<String>().await.unwrap();
            assert_eq!(shown, value, "{setting}");
        }
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_failed_does_not_pass_for_committed() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (a int PRIMARY KEY)").await;
        let tx = db.begin().await.unwrap();
        tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
        tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap_err();
        let error = tx.sql("INSERT INTO t VALUES (2)").execute().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        let error = tx.commit().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 0);
        // What is nested may fail.
        let tx = db.begin().await.unwrap();
        tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
        let nested = tx.begin().await.unwrap();
        nested.sql("INSERT INTO t VALUES (1)").execute().await.unwrap_err();
        drop(nested);
        tx.sql("INSERT INTO t VALUES (2)").execute().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn batches_cannot_end_a_transaction_in_silence() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (a int)").await;
        let tx = db.begin().await.unwrap();
        let error = tx.sql("INSERT INTO t VALUES (1); COMMIT").batch().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        assert_eq!(*tx.sql("SELECT 1").execute().await.unwrap_err().kind(), ErrorKind::Transaction);
        drop(tx);
        let error = db.sql("BEGIN; INSERT INTO t VALUES (1)").batch().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn arrays_of_dates_and_times() {
    with_db(async |db| {
        let days =
            [(1, 1, 1), (1969, 12, 31), (9999, 12, 31)].map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).unwrap());
        let clocks =
            [0, 86_399].map(|second| NaiveTime::from_num_seconds_from_midnight_opt(second, 999_999_000).unwrap());
        let locals: Vec<NaiveDateTime> = days.iter().map(|day| day.and_time(clocks[1])).collect();
        let instants: Vec<DateTime<Utc>> = locals.iter().map(NaiveDateTime::and_utc).collect();
        assert_eq!(back!(db, "date[]", Vec<NaiveDate>, days.to_vec()).unwrap(), days);
        assert_eq!(back!(db, "time[]", Vec<NaiveTime>, clocks.to_vec()).unwrap(), clocks);
        assert_eq!(back!(db, "timestamp[]", Vec<NaiveDateTime>, locals.clone()).unwrap(), locals);
        assert_eq!(back!(db, "timestamptz[]", Vec<DateTime<Utc>>, instants.clone()).unwrap(), instants);
        assert_eq!(back!(db, "timestamptz[]", Vec<DateTime<Utc>>, Vec::<DateTime<Utc>>::new()).unwrap().len(), 0);
        assert_eq!(back!(db, "time[]", Option<Vec<NaiveTime>>, None::<Vec<NaiveTime>>).unwrap(), None);
        assert_eq!(back!(db, "time[]", Option<Vec<NaiveTime>>, Some(&clocks[..1])).unwrap().unwrap(), clocks[..1]);
    })
    .await;
}

#[tokio::test]
async fn instants_are_the_same_in_every_time_zone() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (at timestamptz, local timestamp)").await;
        let at: DateTime<Utc> = "2026-03-29T00:59:59.999999Z".parse().unwrap();
        for zone in ["Asia/Kathmandu", "America/St_Johns", "UTC"] {
            db.transaction(async |tx| {
                tx.sql(format!("SET LOCAL TIME ZONE '{zone}'")).execute().await?;
                let insert = tx.sql("INSERT INTO t VALUES ($1, $2)").bind(at).bind(at.naive_utc());
                insert.execute().await?;
                let rows = tx.sql("SELECT at, local FROM t").all::<(DateTime<Utc>, NaiveDateTime)>().await?;
                assert!(rows.iter().all(|row| *row == (at, at.naive_utc())), "{zone}: {rows:?}");
                Ok(())
            })
            .await
            .unwrap();
        }
        assert_eq!(db.sql("SELECT count(*) FROM t WHERE at = $1").bind(at).one::<i64>().await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn conflicting_transactions_are_run_again() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)").await;
        // A deadlock: each waits for the row that the other one holds.
        let (runs, held, failed) = (AtomicU32::new(0), AtomicU32::new(0), Mutex::new(Vec::new()));
        let cross = async |first: i32, second: i32| {
            db.transaction(async |tx| {
                let meet = runs.fetch_add(1, Ordering::Relaxed) < 2;
                tx.sql("UPDATE t SET n = n + 1 WHERE id = $1").bind(first).execute().await?;
                held.fetch_add(1, Ordering::Relaxed);
                while meet && held.load(Ordering::Relaxed) < 2 {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
                let changed = tx.sql("UPDATE t SET n = n + 1 WHERE id = $1").bind(second).execute().await;
                changed.inspect_err(|error| failed.lock().unwrap().push(error.kind().clone()))
            })
            .await
            .unwrap();
        };
        tokio::join!(cross(1, 2), cross(2, 1));
        assert!(runs.load(Ordering::Relaxed) > 2, "one of them was run again");
        let failed = failed.into_inner().unwrap();
        assert!(!failed.is_empty() && failed.iter().all(|kind| *kind == ErrorKind::Deadlock), "{failed:?}");
        assert_eq!(db.sql("SELECT n FROM t ORDER BY id").all::<i32>().await.unwrap(), [2, 2]);
        // A serialization failure, seen and named.
        let serializable = TxOptions::new().isolation(Isolation::Serializable);
        let (one, two) = (db.begin_with(serializable).await.unwrap(), db.begin_with(serializable).await.unwrap());
        for tx in [&one, &two] {
            tx.sql("SELECT sum(n) FROM t").one::<i64>().await.unwrap();
        }
        one.sql("UPDATE t SET n = 5 WHERE id = 1").execute().await.unwrap();
        one.commit().await.unwrap();
        let error = match two.sql("UPDATE t SET n = 6 WHERE id = 1").execute().await {
            Ok(_) => two.commit().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.is_retryable() && *error.kind() == ErrorKind::Serialization, "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn plans_that_no_longer_fit_are_made_anew() {
    with_db(async |db| {
        run(&db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await;
        let all = async || db.sql("SELECT * FROM t").map(|row| row.int(0)).all().await;
        for _ in 0..8 {
            all().await.unwrap();
        }
        run(&db, "ALTER TABLE t ALTER a TYPE bigint, ADD b text").await;
        for _ in 0..8 {
            assert_eq!(all().await.unwrap(), [Some(1)]);
        }
    })
    .await;
}
