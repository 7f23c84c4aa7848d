//! PostgreSQL without a statement cache, directly and behind a pooler that changes connections between transactions.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(all(feature = "postgres", unix))]

mod server;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind};

use server::{through_pooler, through_pooler_with, until_none_runs, with, with_url};

async fn exercise(url: &str) {
    let db = Db::builder(url).max_connections(6).connect().await.unwrap();
    let label = "SELECT mood FROM t WHERE id = $1 AND mood = $2";
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    let id = task * 100 + n;
                    let insert = db.sql("INSERT INTO t VALUES ($1, $2)").bind(id).bind("sad");
                    assert_eq!(insert.execute().await.unwrap(), 1);
                    assert_eq!(db.sql(label).bind(id).bind("sad").one::<String>().await.unwrap(), "sad");
                    let moved = db.sql("UPDATE t SET mood = $2 WHERE id = $1").bind(id).bind("happy");
                    assert_eq!(moved.execute().await.unwrap(), 1);
                    let tx = db.begin().await.unwrap();
                    assert_eq!(tx.sql(label).bind(id).bind("happy").one::<String>().await.unwrap(), "happy");
                    tx.sql("DELETE FROM t WHERE id = $1").bind(id).execute().await.unwrap();
                    if n % 2 == 0 { tx.commit().await.unwrap() } else { drop(tx) }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 60);
    let again = db.sql("INSERT INTO t VALUES ($1, 'sad')").bind(1).execute().await.unwrap_err();
    assert!(matches!(again.kind(), ErrorKind::UniqueViolation(_)), "{again:?}");
    // What cannot run in a transaction does not.
    db.sql("VACUUM t").execute().await.unwrap();
    assert_eq!(db.sql("DELETE FROM t").execute().await.unwrap(), 60);
    db.close().await.unwrap();
}

const SCHEMA: &str = "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (id int PRIMARY KEY, mood mood)";

async fn prepare(url: &str) {
    let db = Db::connect(url).await.unwrap();
    db.sql(SCHEMA).batch().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_need_not_be_kept() {
    with_url(async |url| {
        prepare(&url).await;
        exercise(&with(&url, "statement_cache=0")).await;
    })
    .await;
}

/// Runs a test with the URL of a database directly, and with that through a pooler.
#[allow(clippy::print_stderr)]
async fn with_pooled<F: Future<Output = ()>>(
    pooler: fn(&str) -> Result<String, String>,
    test: impl FnOnce(String, String) -> F,
) {
    with_url(async |url| match pooler(&url) {
        Ok(pooled) => test(url, pooled).await,
        Err(why) => {
            let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains("pgbouncer"));
            assert!(!required, "PILASTER_REQUIRE names pgbouncer: {why}");
            eprintln!("skipped: {why}");
        }
    })
    .await;
}

/// Types that are made while a connection lives: the client library asks for them by statements that it has no more.
async fn meet_types(url: &str) {
    let db = Db::builder(url).max_connections(1).connect().await.unwrap();
    assert_eq!(db.sql("SELECT mood FROM t WHERE id = $1").bind(1).all::<String>().await.unwrap(), [""; 0]);
    for n in 0..3 {
        db.sql(format!("CREATE TYPE mood{n} AS ENUM ('so', 'not so')")).execute().await.unwrap();
        db.sql(format!("CREATE TABLE t{n} (id int, mood mood{n})")).execute().await.unwrap();
        let insert = db.sql(format!("INSERT INTO t{n} VALUES ($1, $2)")).bind(n).bind("so");
        assert_eq!(insert.execute().await.unwrap(), 1);
        let read = db.sql(format!("SELECT mood FROM t{n} WHERE id = $1")).bind(n);
        assert_eq!(read.one::<String>().await.unwrap(), "so");
        // In a transaction of one's own too, and before it is committed.
        let tx = db.begin().await.unwrap();
        tx.sql(format!("ALTER TYPE mood{n} RENAME TO old{n}; CREATE TYPE mood{n} AS ENUM ('a', 'b')"))
            .batch()
            .await
            .unwrap();
        assert_eq!(tx.sql(format!("SELECT $1::mood{n}")).bind("a").one::<String>().await.unwrap(), "a");
        tx.commit().await.unwrap();
        // What another process makes is not known there: the transaction is lost, which is told, and is run again.
        let unseen = format!("DO 'BEGIN EXECUTE ''CRE'' || ''ATE TYPE far{n} AS ENUM (''''a'''')''; END'");
        db.sql(unseen).execute().await.unwrap();
        let runs = AtomicU32::new(0);
        let found = db.transaction(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.sql(format!("SELECT $1::far{n}")).bind("a").one::<String>().await
        });
        assert_eq!(found.await.unwrap(), "a");
        // Once, where types that others make at the same time had it look.
        assert!(runs.into_inner() <= 2);
    }
    // Another kind of type, for which the library has a statement of its own.
    for n in 0..2 {
        db.sql(format!("CREATE TYPE pair{n} AS (a int, b int)")).execute().await.unwrap();
        let read = db.sql(format!("SELECT $1::pair{n}::text")).bind("(1,2)");
        assert_eq!(read.one::<String>().await.unwrap(), "(1,2)");
    }
    let left = "SELECT count(*) FROM pg_prepared_statements WHERE name ~ '^s[0-9]+$' AND parameter_types = '{oid}'";
    assert_eq!(db.sql(left).one::<i64>().await.unwrap(), 0);
    db.close().await.unwrap();
}

/// The first types of a database that had none, on several connections, which other programs use as well; and a statement that is
/// like those by which the library asks for types.
async fn meet_first_types(url: &str) {
    let db = Db::builder(url).max_connections(2).connect().await.unwrap();
    // Connections that are open before there are types.
    let held = [db.begin().await.unwrap(), db.begin().await.unwrap()];
    for tx in held {
        tx.sql("SELECT $1::int").bind(1).one::<i32>().await.unwrap();
        tx.commit().await.unwrap();
    }
    for n in 0..3 {
        db.sql(format!("CREATE TYPE mood{n} AS ENUM ('so', 'not so')")).execute().await.unwrap();
        db.sql(format!("CREATE TABLE t{n} AS SELECT 7::oid AS place, 'so'::mood{n} AS mood")).execute().await.unwrap();
        let other = Db::builder(url).max_connections(1).connect().await.unwrap();
        let (first, second) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        for tx in [first, second] {
            tx.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute().await.unwrap();
            let insert = tx.sql(format!("INSERT INTO t{n} VALUES ($1, $2)")).bind(8_i64).bind("not so");
            assert_eq!(insert.execute().await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
        for _ in 0..2 {
            let read = db.sql(format!("SELECT mood FROM t{n} WHERE place = $1")).bind(7_i64);
            assert_eq!(read.one::<String>().await.unwrap(), "so");
        }
        let read = db.sql(format!("SELECT $1::mood{n}[]::text")).bind("{so}");
        assert_eq!(read.one::<String>().await.unwrap(), "{so}");
        other.close().await.unwrap();
    }
    // Those that a transaction makes, seen by others once it is over; by a connection that keeps statements as well.
    let plain = url.replace("statement_cache=0", "statement_cache=8");
    let keeping = Db::builder(&plain).max_connections(1).connect().await.unwrap();
    for (n, maker) in [&db, &keeping].into_iter().enumerate() {
        let maker = maker.begin().await.unwrap();
        maker.sql(format!("CREATE TYPE late{n} AS ENUM ('a')")).execute().await.unwrap();
        assert_eq!(db.sql("SELECT $1::int").bind(1).one::<i32>().await.unwrap(), 1);
        maker.commit().await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute().await.unwrap();
        assert_eq!(tx.sql(format!("SELECT $1::late{n}")).bind("a").one::<String>().await.unwrap(), "a");
        tx.commit().await.unwrap();
    }
    keeping.close().await.unwrap();
    // Those of another process.
    for n in 0..3 {
        let unseen = format!("DO 'BEGIN EXECUTE ''CRE'' || ''ATE TYPE far{n} AS (a int)''; END'");
        db.sql(unseen).execute().await.unwrap();
        let read = db.sql(format!("SELECT $1::far{n}::text")).bind("(1)");
        assert_eq!(read.one::<String>().await.unwrap(), "(1)");
    }
    let left = "SELECT count(*) FROM pg_prepared_statements WHERE name ~ '^s[0-9]+$' AND parameter_types = '{oid}'";
    assert_eq!(db.sql(left).one::<i64>().await.unwrap(), 0);
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_types_are_made_while_a_connection_lives() {
    with_pooled(through_pooler, async |url, pooled| {
        drop(url);
        meet_first_types(&pooled).await;
    })
    .await;
    with_url(async |url| {
        meet_first_types(&with(&url, "statement_cache=0")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_are_made_while_a_connection_lives() {
    with_url(async |url| {
        prepare(&url).await;
        meet_types(&with(&url, "statement_cache=0")).await;
    })
    .await;
    with_pooled(through_pooler, async |url, pooled| {
        prepare(&url).await;
        meet_types(&pooled).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_may_stand_between() {
    with_pooled(through_pooler, async |url, pooled| {
        prepare(&url).await;
        exercise(&pooled).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_waiting_is_in_nobodys_way() {
    with_pooled(through_pooler, async |url, pooled| {
        prepare(&url).await;
        let db = Db::builder(&pooled).max_connections(4).connect().await.unwrap();
        let begun = Instant::now();
        // More than the connections that the pooler has to the server.
        for n in 0..6 {
            let insert = db.sql("INSERT INTO t SELECT $1, 'sad' FROM pg_sleep(5)").bind(n);
            tokio::time::timeout(Duration::from_millis(50), insert.execute()).await.unwrap_err();
            assert_eq!(db.sql("SELECT $1::int").bind(n).one::<i32>().await.unwrap(), n);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        // What is under way when its client is gone is undone.
        let direct = Db::connect(&url).await.unwrap();
        until_none_runs(&direct, "pg_sleep(5)").await;
        direct.close().await.unwrap();
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 0);
        db.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_the_server_sets_hold_behind_a_pooler() {
    with_pooled(through_pooler, async |url, pooled| {
        prepare(&url).await;
        let database = url.split('?').next().and_then(|base| base.rsplit('/').next()).unwrap().to_owned();
        let direct = Db::connect(&url).await.unwrap();
        direct.sql(format!("ALTER DATABASE {database} SET statement_timeout = '1s'")).execute().await.unwrap();
        direct.close().await.unwrap();
        let db = Db::builder(&pooled).max_connections(3).connect().await.unwrap();
        for _ in 0..2 {
            let error = db.sql("SELECT pg_sleep($1)").bind(60.0).execute().await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Timeout, "{error}");
            let tx = db.begin().await.unwrap();
            tx.sql("INSERT INTO t VALUES (1, 'sad')").execute().await.unwrap();
            let nested = tx.begin().await.unwrap();
            assert_eq!(*nested.sql("SELECT pg_sleep(60)").execute().await.unwrap_err().kind(), ErrorKind::Timeout);
            drop(nested);
            assert_eq!(tx.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 1);
            tx.rollback().await.unwrap();
        }
        db.close().await.unwrap();
    })
    .await;
}

/// The settings of a URL that go to the server when a connection is opened, with their names there.
const OF_THE_SESSION: [(&str, &str); 5] = [
    ("search_path=a", "search_path"),
    ("lock_timeout=100", "lock_timeout"),
    ("statement_timeout=1s", "statement_timeout"),
    ("read_only=true", "default_transaction_read_only"),
    ("idle_in_transaction_session_timeout=1000", "idle_in_transaction_session_timeout"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_a_pooler_refuses_are_named() {
    with_pooled(through_pooler, async |_, pooled| {
        for (setting, name) in OF_THE_SESSION {
            let error = Db::connect(&format!("{pooled}&{setting}")).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Config, "{setting}: {error}");
            let word = setting.split('=').next().unwrap();
            for said in ["startup parameter", &format!("take {word} out"), &format!("set {name} on the server")] {
                assert!(error.to_string().contains(said), "{setting}: {error}");
            }
        }
        let error = Db::connect(&format!("{pooled}&options=-c%20jit=off")).await.unwrap_err();
        assert!(error.to_string().contains("take options out"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_a_pooler_passes_over_are_named() {
    with_pooled(
        |url| through_pooler_with(url, "options"),
        async |url, pooled| {
            for (setting, name) in OF_THE_SESSION {
                let error = Db::connect(&format!("{pooled}&{setting}")).await.unwrap_err();
                assert_eq!(*error.kind(), ErrorKind::Config, "{setting}: {error}");
                assert!(error.to_string().contains("did not reach the server"), "{setting}: {error}");
                assert!(error.to_string().contains(&format!("set {name} on the server")), "{setting}: {error}");
                // Where nothing stands between, they do.
                Db::connect(&with(&url, setting)).await.unwrap().close().await.unwrap();
            }
        },
    )
    .await;
}
