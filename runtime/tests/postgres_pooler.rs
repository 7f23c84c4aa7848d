//! PostgreSQL without a statement cache, directly and behind a pooler that changes connections between transactions.
#![allow(missing_docs)]
#![cfg(all(feature = "postgres", unix))]

mod server;

use pilaster::{Db, ErrorKind};

use server::{through_pooler, with_url};

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
        let separator = if url.contains('?') { '&' } else { '?' };
        exercise(&format!("{url}{separator}statement_cache=0")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stderr)]
async fn a_pooler_in_transaction_mode_may_stand_between() {
    with_url(async |url| {
        prepare(&url).await;
        match through_pooler(&url) {
            Ok(pooled) => exercise(&pooled).await,
            Err(why) => {
                let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains("pgbouncer"));
                assert!(!required, "PILASTER_REQUIRE names pgbouncer: {why}");
                eprintln!("skipped: {why}");
            }
        }
    })
    .await;
}
