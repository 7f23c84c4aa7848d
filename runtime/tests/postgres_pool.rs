//! PostgreSQL: connecting, the pool, cancellation, blocking mode.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
#![cfg(feature = "postgres")]

mod server;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind};

use server::{LONG, until, until_asleep, until_none_runs, with, with_db, with_url};

#[tokio::test]
async fn a_server_that_cannot_be_had_is_named_and_the_password_is_not() {
    with_url(async |url| {
        let refused = "postgres://ann:secret@127.0.0.1:1/x";
        let unknown = "postgres://ann:secret@no-such-host.invalid/x";
        let missing = url.replacen("pilaster_runtime", "no_such_database", 1);
        for (url, said) in
            [(refused, "127.0.0.1:1"), (unknown, "no-such-host"), (missing.as_str(), "pilaster db create")]
        {
            let begun = Instant::now();
            let error = Db::connect(url).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
            assert!(error.to_string().contains(said), "{error}");
            assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        let error = Db::connect(&with(&url, "serch_path=a")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config), "{error:?}");
        let db = Db::connect(&with(&url, "search_path=%22a%20b%22,c&application_name=mine")).await.unwrap();
        assert_eq!(db.sql("SHOW search_path").one::<String>().await.unwrap(), "\"a b\",c");
        assert_eq!(db.sql("SHOW application_name").one::<String>().await.unwrap(), "mine");
        db.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_futures_leave_no_broken_connection() {
    with_db(async |db| {
        db.sql("CREATE TABLE t (a int)").execute().await.unwrap();
        for _ in 0..12 {
            let slow = db.sql("SELECT pg_sleep(60)").execute();
            assert!(tokio::time::timeout(Duration::from_millis(30), slow).await.is_err());
            let long = db.sql("SELECT n FROM generate_series(1, 10000000) n").map(|row| row.int(0)).all();
            assert!(tokio::time::timeout(Duration::from_millis(5), long).await.is_err());
        }
        let begun = Instant::now();
        for n in 0..20 {
            assert_eq!(db.sql("SELECT $1::int").bind(n).one::<i32>().await.unwrap(), n);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits behind what was dropped");
        // The server stops them, too.
        until_none_runs(&db, "pg_sleep(60)").await;
        // A transaction that is dropped, and one whose statement is dropped.
        for _ in 0..8 {
            let tx = db.begin().await.unwrap();
            tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
            let slow = tx.sql("SELECT pg_sleep(60)").execute();
            assert!(tokio::time::timeout(Duration::from_millis(5), slow).await.is_err());
            drop(tx);
            let tx = db.begin().await.unwrap();
            tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
        }
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 0);
        // A commit after a statement that failed while nobody waited for it.
        let none = "SELECT 1 / (SELECT count(a) FROM t WHERE a = 2) FROM pg_advisory_xact_lock(1)";
        let error = commit_after_dropping(&db, none).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 0);
        // And after one that did not.
        commit_after_dropping(&db, "INSERT INTO t SELECT 3 FROM pg_advisory_xact_lock(1)").await.unwrap();
        assert_eq!(db.sql("SELECT a FROM t ORDER BY a").all::<i32>().await.unwrap(), [1, 3]);
    })
    .await;
}

/// Writes a row, drops the future of a statement that waits in the server for the lock 1, and commits; only then may the
/// statement go on.
async fn commit_after_dropping(db: &Db, sql: &str) -> pilaster::Result<()> {
    let holder = db.begin().await.unwrap();
    holder.sql("SELECT pg_advisory_xact_lock(1)").execute().await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database \
        WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted";
    tokio::select! {
        outcome = tx.sql(sql).execute() => panic!("nobody holds the lock: {outcome:?}"),
        () = until(sql, async || db.sql(waiting).one::<i64>().await.unwrap() == 1) => {}
    }
    let (committed, released) = tokio::join!(tx.commit(), holder.rollback());
    released.unwrap();
    committed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_replaced() {
    with_db(async |db| {
        let pid = async || db.sql("SELECT pg_backend_pid()").one::<i32>().await.unwrap();
        let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
            AND backend_type = 'client backend'";
        let version = db.sql("SELECT current_setting('server_version_num')::int").one::<i32>().await.unwrap();
        // A session is not listed any more a moment before its process closes the connection; since PostgreSQL 14 one can
        // wait for the end of the process.
        let patience = if version < 140_000 { "" } else { ", 30000" };
        let held = db.begin().await.unwrap();
        let lost = db.begin().await.unwrap();
        lost.sql("SELECT 1").execute().await.unwrap();
        let first = pid().await;
        let kill = format!("SELECT count(pg_terminate_backend(pid{patience})) {others}");
        assert!(held.sql(kill).one::<i64>().await.unwrap() >= 2);
        let left = format!("SELECT count(*) {others}");
        until("the others are gone", async || {
            // A transaction goes on seeing the sessions that it saw.
            held.sql("SELECT pg_stat_clear_snapshot()").execute().await.unwrap();
            held.sql(left.as_str()).one::<i64>().await.unwrap() == 0
        })
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        // Idle ones are replaced before anything is sent.
        assert_ne!(pid().await, first);
        let error = lost.sql("SELECT 1").execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::Transaction), "{error:?}");
        assert!(lost.commit().await.is_err());
        held.commit().await.unwrap();
        for _ in 0..8 {
            pid().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_few_connections() {
    with_db(async |db| {
        db.sql("CREATE TABLE t (a int)").execute().await.unwrap();
        let tasks: Vec<_> = (0..64)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move {
                    for _ in 0..5 {
                        db.sql("INSERT INTO t VALUES ($1)").bind(n).execute().await.unwrap();
                        db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 320);
        let used = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND backend_type = 'client backend'";
        assert!(db.sql(used).one::<i64>().await.unwrap() <= 4);
    })
    .await;
}

#[tokio::test]
async fn waiting_in_vain_says_who_holds_the_connections() {
    with_url(async |url| {
        let watch = Db::builder(&url).max_connections(1).connect().await.unwrap();
        // Opening a connection may take longer than waiting for one.
        let db = Db::builder(&with(&url, "connect_timeout=30")).max_connections(2);
        let db = db.acquire_timeout(Duration::from_millis(100)).connect().await.unwrap();
        let _tx = db.begin().await.unwrap();
        let slow = tokio::spawn({
            let db = db.clone();
            async move { db.sql("SELECT pg_sleep(60)").execute().await }
        });
        until_asleep(&watch, "SELECT pg_sleep(60)").await;
        let error = db.sql("SELECT 1").one::<i32>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Pool), "{error:?}");
        for said in ["one of the 2 connections", "postgres_pool.rs", "SELECT pg_sleep(60)"] {
            assert!(error.to_string().contains(said), "{error}");
        }
        slow.abort();
    })
    .await;
}

#[tokio::test]
async fn old_and_idle_connections_are_closed() {
    for setting in ["max_lifetime", "idle_timeout"] {
        with_url(async |url| {
            let url = with(&url, &format!("{setting}=500ms&max_connections=1"));
            until("both statements come before the limit", async || {
                let begun = Instant::now();
                let db = Db::connect(&url).await.unwrap();
                let pid = async || db.sql("SELECT pg_backend_pid()").one::<i32>().await.unwrap();
                let (first, second) = (pid().await, pid().await);
                if begun.elapsed() >= Duration::from_millis(500) {
                    return false;
                }
                assert_eq!(first, second);
                tokio::time::sleep(Duration::from_millis(550)).await;
                assert_ne!(pid().await, first, "{setting}");
                true
            })
            .await;
        })
        .await;
    }
}

/// A database with settings behind its URL, and one that tells how many sessions the server has for it.
struct Counted {
    url: String,
    name: String,
    admin: Db,
}

impl Counted {
    async fn new(url: &str, settings: &str) -> Self {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (server, name) = base.rsplit_once('/').unwrap();
        let admin = Db::builder(&format!("{server}/postgres?{query}")).max_connections(1).connect().await.unwrap();
        Self { url: format!("{base}?{query}&{settings}"), name: name.to_owned(), admin }
    }

    async fn sessions(&self) -> i64 {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'";
        self.admin.sql(count).bind(self.name.as_str()).one().await.unwrap()
    }

    /// Waits until there are so many.
    async fn until(&self, number: i64) {
        let begun = Instant::now();
        while self.sessions().await != number {
            assert!(begun.elapsed() < LONG, "{} sessions instead of {number}", self.sessions().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn sessions_end_when_they_are_due_though_nobody_asks() {
    for setting in ["max_lifetime", "idle_timeout"] {
        with_url(async |url| {
            let counted = Counted::new(&url, &format!("{setting}=600ms")).await;
            let db = Db::connect(&counted.url).await.unwrap();
            // Twice, as nothing is waited for once all are closed.
            for _ in 0..2 {
                let (a, b, c) = (db.begin().await.unwrap(), db.begin().await.unwrap(), db.begin().await.unwrap());
                counted.until(3).await;
                a.commit().await.unwrap();
                b.commit().await.unwrap();
                counted.until(1).await;
                // Whoever has one keeps it.
                tokio::time::sleep(Duration::from_millis(700)).await;
                assert_eq!(c.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
                c.commit().await.unwrap();
                counted.until(0).await;
            }
            assert_eq!(db.sql("SELECT 2").one::<i32>().await.unwrap(), 2);
        })
        .await;
    }
}

#[tokio::test]
async fn sessions_end_without_a_runtime_and_after_one() {
    with_url(async |url| {
        let counted = Counted::new(&url, "idle_timeout=400ms").await;
        let url = counted.url.clone();
        let ((held, is_held), (counting, is_counted)) = (mpsc::channel(), mpsc::channel());
        let open = move || {
            let blocking = pilaster::blocking::Db::connect(&url).unwrap();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            let outlived = runtime.block_on(Db::connect(&url)).unwrap().blocking();
            drop(runtime);
            // Nobody closes what is held, however long counting takes.
            let transactions = [&blocking, &outlived].map(|db| db.begin().unwrap());
            held.send(()).unwrap();
            is_counted.recv().unwrap();
            transactions.into_iter().for_each(|tx| tx.rollback().unwrap());
            for db in [&blocking, &outlived] {
                assert_eq!(db.sql("SELECT 1").one::<i32>().unwrap(), 1);
            }
            [blocking, outlived]
        };
        let opening = std::thread::spawn(open);
        is_held.recv().unwrap();
        counted.until(2).await;
        counting.send(()).unwrap();
        let kept = opening.join().unwrap();
        counted.until(0).await;
        assert_eq!(kept.len(), 2, "nobody closed them");
    })
    .await;
}

fn blocking_work(url: &str) {
    let db = pilaster::blocking::Db::connect(url).unwrap();
    db.sql("CREATE TABLE IF NOT EXISTS b (a int)").execute().unwrap();
    let tx = db.begin().unwrap();
    assert_eq!(tx.sql("INSERT INTO b VALUES ($1), (2)").bind(1).execute().unwrap(), 2);
    assert_eq!(tx.sql("SELECT a FROM b ORDER BY a").all::<i32>().unwrap(), [1, 2]);
    tx.rollback().unwrap();
    assert_eq!(db.sql("SELECT count(*) FROM b").one::<i64>().unwrap(), 0);
    db.close().unwrap();
}

#[tokio::test]
async fn blocking_works_where_the_only_thread_is_blocked() {
    with_db(async |db| {
        // The same pool, from async code and from blocking code on the same thread.
        assert_eq!(db.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
        assert_eq!(db.blocking().sql("SELECT 2").one::<i32>().unwrap(), 2);
        assert_eq!(db.sql("SELECT 3").one::<i32>().await.unwrap(), 3);
    })
    .await;
    with_url(async |url| {
        blocking_work(&url);
        std::thread::spawn(move || blocking_work(&url)).join().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn blocking_works_on_a_runtime_of_one_worker() {
    with_url(async |url| {
        tokio::spawn(async move { blocking_work(&url) }).await.unwrap();
    })
    .await;
}
