//! PostgreSQL: statements whose plans do not fit any more, and commits that wait for other servers.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]
#![cfg(feature = "postgres")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::models::{NewPost, NewUser, Post, Status, User, schema};
use pilaster_tests::servers_own::Own;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_stored_though_the_table_was_changed() {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "{why}");
            return eprintln!("skipped: {why}");
        }
    };
    let db = Db::builder(&fresh.url).max_connections(1).connect().await.unwrap();
    schema::create_all(&db).await.unwrap();
    let widen = async |length: u32| {
        let sql = format!("ALTER TABLE \"user\" ALTER name TYPE varchar({length})");
        fresh.db.sql(sql).execute().await.unwrap();
    };
    NewUser::new("ann").insert(&db).await.unwrap();
    widen(120).await;
    NewUser::new("bob").insert(&db).await.unwrap();
    // A transaction may have done more than the statement that failed, so it is run again as a whole.
    widen(130).await;
    let tx = db.begin().await.unwrap();
    let error = NewUser::new("eve").insert(&tx).await.unwrap_err();
    assert!(error.is_retryable() && *error.kind() == ErrorKind::Serialization, "{error:?}");
    drop(tx);
    widen(140).await;
    let mut runs = 0;
    db.transaction(async |tx| NewUser::new("eve").insert(&tx).await).await.unwrap();
    widen(150).await;
    let insert = async |names: [&'static str; 2]| User::insert_many(names.map(NewUser::new)).keys(&db).await;
    while insert(["zoe", "max"]).await.is_err_and(|error| error.is_retryable()) {
        runs += 1;
    }
    assert!(runs <= 1, "{runs}");
    assert_eq!(User::query().count(&db).await.unwrap(), 5);
    db.close().await.unwrap();
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_stored_though_their_types_were_made_anew() {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "{why}");
            return eprintln!("skipped: {why}");
        }
    };
    let db = Db::builder(&fresh.url).max_connections(1).connect().await.unwrap();
    schema::create_all(&db).await.unwrap();
    for round in 0..3 {
        let user = NewUser::new("ann").insert(&db).await.unwrap();
        let posts = || ["a", "b", "c"].map(|title| NewPost::new(title, &user).status(Status::Archived));
        let mut runs = 0;
        while let Err(error) = Post::insert_many(posts()).all(&db).await {
            assert!(error.is_retryable() && runs < 2, "round {round}: {error:?}");
            runs += 1;
        }
        posts()[0].clone().insert(&db).await.unwrap();
        assert_eq!(Post::query().filter(|p| p.status.eq(Status::Archived)).count(&db).await.unwrap(), 4);
        schema::drop_all(&fresh.db).await.unwrap();
        schema::create_all(&fresh.db).await.unwrap();
    }
    db.close().await.unwrap();
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_for_a_standby_are_not_told_as_done() {
    let server = match Own::postgres(false) {
        Ok(server) => server,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "{why}");
            return eprintln!("skipped: {why}");
        }
    };
    let url = format!("postgres://postgres@localhost:{}/postgres", server.port);
    let local = Db::connect(&format!("{url}?options=-c%20synchronous_commit%3Dlocal")).await.unwrap();
    schema::create_all(&local).await.unwrap();
    let users = User::insert_many((0..24).map(|n| NewUser::new(format!("u{n}")))).all(&local).await.unwrap();
    let set = async |names: &'static str| {
        local.sql(format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).execute().await.unwrap();
        local.sql("SELECT pg_reload_conf()").one::<bool>().await.unwrap();
        let shown = async || local.sql("SHOW synchronous_standby_names").one::<String>().await.unwrap();
        while shown().await != names {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    local.sql("CREATE TABLE probe (n int)").execute().await.unwrap();
    set("nowhere").await;
    // Nobody waits before the process that writes checkpoints has read the setting too, which those who ask do not see.
    let over = Arc::new(AtomicBool::new(false));
    let probe = Db::builder(&url).max_connections(1).connect().await.unwrap();
    let probes = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            while !over.load(Ordering::Relaxed) {
                probe.sql("INSERT INTO probe VALUES (1)").execute().await.unwrap();
            }
        }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let begun = Instant::now();
    while local.sql(waiting).one::<i64>().await.unwrap() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "writes wait for the standby");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let db = Db::builder(&url).max_connections(4).connect().await.unwrap();
    let writes: Vec<_> = users
        .into_iter()
        .map(|mut user| {
            let db = db.clone();
            user.name.push('!');
            tokio::spawn(async move { user.save(&db).await.map(drop) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(writes.iter().all(|write| !write.is_finished()), "no standby has them");
    over.store(true, Ordering::Relaxed);
    set("").await;
    probes.await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(User::query().filter(|u| u.name.ends_with("!")).count(&local).await.unwrap(), 24);
}
