//! The pool: who waits, for how long, and what happens to those that stop waiting.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sqlite")]

use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind, TxOptions};
use tempfile::TempDir;

async fn file(connections: u32, patience: u64) -> (TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let builder = Db::builder(&url).max_connections(connections).acquire_timeout(Duration::from_millis(patience));
    let db = builder.connect().await.unwrap();
    db.sql("CREATE TABLE t (a INTEGER)").execute().await.unwrap();
    (folder, db)
}

#[tokio::test]
async fn a_pool_of_one_connection_does_everything() {
    let (_folder, db) = file(1, 50).await;
    db.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
    assert_eq!(db.sql("SELECT a FROM t").all::<i64>().await.unwrap(), [1]);
    let tx = db.begin_with(TxOptions::new().read_only(true)).await.unwrap();
    assert!(matches!(tx.sql("DELETE FROM t").execute().await.unwrap_err().kind(), ErrorKind::ReadOnly));
    let error = db.sql("SELECT a FROM t").all::<i64>().await.unwrap_err();
    assert!(error.to_string().contains("the only connection") && error.to_string().contains("pool.rs"), "{error}");
    drop(tx);
    assert_eq!(db.sql("DELETE FROM t").execute().await.unwrap(), 1);
}

#[tokio::test]
async fn a_database_in_memory_outlives_the_limits_of_servers() {
    for limit in ["idle_timeout", "max_lifetime"] {
        let db = Db::connect(&format!("sqlite::memory:?{limit}=1ms")).await.unwrap();
        db.sql("CREATE TABLE t (a INTEGER)").execute().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(db.sql("INSERT INTO t VALUES (1)").execute().await.unwrap(), 1, "{limit}");
    }
}

#[tokio::test]
async fn readers_do_not_wait_for_the_writer_and_are_counted() {
    let (_folder, db) = file(3, 50).await;
    let writing = db.begin().await.unwrap();
    writing.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
    let read_only = TxOptions::new().read_only(true);
    let (first, second) = (db.begin_with(read_only).await.unwrap(), db.begin_with(read_only).await.unwrap());
    for reading in [&first, &second] {
        assert_eq!(reading.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 0);
    }
    let error = db.sql("SELECT 1").one::<i64>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Pool), "{error:?}");
    assert!(error.to_string().contains("one of the 2 connections that read within 50ms"), "{error}");
    assert_eq!(error.to_string().matches("a transaction begun").count(), 3, "{error}");
    drop(first);
    assert_eq!(db.sql("SELECT 1").one::<i64>().await.unwrap(), 1);
}

#[tokio::test]
async fn those_who_wait_are_counted() {
    let (_folder, db) = file(1, 60).await;
    let tx = db.begin().await.unwrap();
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { db.sql("INSERT INTO t VALUES (1)").execute().await }
    });
    while db.pool_status().waiting == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((db.pool_status().waits, db.pool_status().timeouts), (0, 0));
    assert!(waiting.await.unwrap().is_err());
    let after = db.pool_status();
    assert_eq!((after.waiting, after.waits, after.timeouts, after.opened), (0, 1, 1, 1), "{after:?}");
    assert!(after.waited >= Duration::from_millis(60), "{after:?}");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn those_who_stop_waiting_lose_nothing() {
    let (_folder, db) = file(2, 10_000).await;
    let tx = db.begin().await.unwrap();
    for _ in 0..10 {
        let waiting = db.sql("INSERT INTO t VALUES (1)").execute();
        assert!(tokio::time::timeout(Duration::from_millis(2), waiting).await.is_err());
    }
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { db.sql("INSERT INTO t VALUES (2)").execute().await }
    });
    tokio::task::yield_now().await;
    tx.commit().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(db.sql("SELECT a FROM t").all::<i64>().await.unwrap(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_share_few_connections() {
    let (_folder, db) = file(3, 30_000).await;
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for round in 0..25_i64 {
                    db.sql("INSERT INTO t VALUES (?)").bind(task * 100 + round).execute().await.unwrap();
                    let own = db.sql("SELECT count(*) FROM t WHERE a / 100 = ?").bind(task);
                    assert_eq!(own.one::<i64>().await.unwrap(), round + 1);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.sql("SELECT count(*) FROM t").one::<i64>().await.unwrap(), 400);
}

#[tokio::test]
async fn closing_waits_for_what_is_running() {
    let (_folder, db) = file(2, 5_000).await;
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
    let closing = tokio::spawn({
        let db = db.clone();
        async move { db.close().await }
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    let refused = db.sql("SELECT 1").one::<i64>().await.unwrap_err();
    assert!(refused.to_string().contains("closed"), "{refused}");
    tx.commit().await.unwrap();
    closing.await.unwrap().unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let (_folder, db) = file(2, 40).await;
    let tx = db.begin().await.unwrap();
    let error = db.close().await.unwrap_err();
    assert!(error.to_string().contains("pool.rs"), "{error}");
    assert!(tx.sql("INSERT INTO t VALUES (1)").execute().await.is_ok());
    tx.commit().await.unwrap();
    assert!(db.sql("SELECT 1").one::<i64>().await.is_err());
}

#[tokio::test]
async fn timeouts_are_kept() {
    let (_folder, db) = file(2, 60).await;
    let _tx = db.begin().await.unwrap();
    let begun = Instant::now();
    assert!(db.sql("DELETE FROM t").execute().await.is_err());
    let waited = begun.elapsed();
    assert!((Duration::from_millis(60)..Duration::from_secs(30)).contains(&waited), "{waited:?}");
}

#[test]
fn futures_can_be_sent() {
    fn send<T: Send>(_: T) {}
    send(Db::connect("sqlite::memory:"));
    let db = pilaster::blocking::Db::connect("sqlite::memory:").unwrap().into_async();
    send(db.sql("SELECT 1").all::<(i64, String)>());
    send(db.begin());
    send(db.transaction(async |tx| tx.sql("SELECT 1").execute().await));
    send(db.close());
}
