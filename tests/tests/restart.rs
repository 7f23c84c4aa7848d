//! A server that goes down and comes back while a program uses it, and one that has no connection to give.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]
#![cfg(unix)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind};
use pilaster_tests::database::{Kind, is_required, with_parameter};
use pilaster_tests::models::{NewUser, User, schema};
use pilaster_tests::servers_own::Own;

/// The server, or `None` where there is none and none is required.
fn found(kind: Kind, server: Result<Own, String>) -> Option<Own> {
    match server {
        Ok(server) => Some(server),
        Err(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            eprintln!("skipped: {why}");
            None
        }
    }
}

/// How often the server is killed, and how many connections are used meanwhile.
const KILLED: usize = 3;
const CONNECTIONS: usize = 6;

/// The same with time to open a connection, which else has no more than somebody waits for one that others have.
fn with_time(url: &str) -> String {
    with_parameter(url, "connect_timeout=30")
}

/// Waits until something was read once more, and a little longer.
async fn go_on(reads: &AtomicU64) {
    let (before, begun) = (reads.load(Ordering::Relaxed), Instant::now());
    while reads.load(Ordering::Relaxed) == before {
        assert!(begun.elapsed() < Duration::from_secs(40), "nobody reads any more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Adds one to the age of a user again and again: how often that was acknowledged, and how often nobody knows.
async fn count(db: &Db, id: i64, stop: &AtomicBool) -> (i32, i32) {
    let (mut acknowledged, mut unknown) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        match User::update().filter(|u| u.id.eq(id)).set_to(|u| (u.age, u.age + 1)).run(db).await {
            Ok(changed) => {
                assert_eq!(changed, 1);
                acknowledged += 1;
            }
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Connection) || error.is_retryable(), "{error:?}");
                unknown += i32::from(error.is_outcome_unknown());
            }
        }
    }
    (acknowledged, unknown)
}

/// Reads and writes while the server is killed and started again, several times.
async fn survives(url: &str, mut server: Own) {
    let db = Db::builder(url)
        .max_connections(CONNECTIONS as u32)
        .acquire_timeout(Duration::from_secs(60))
        .connect()
        .await
        .unwrap();
    schema::create_all(&db).await.unwrap();
    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    // Updates by key, which share connections on PostgreSQL.
    let mut counters = Vec::new();
    for n in 0..6 {
        let id = NewUser::new(format!("counter {n}")).age(0).insert(&db).await.unwrap().id;
        let (db, stop) = (db.clone(), Arc::clone(&stop));
        counters.push(tokio::spawn(async move { (id, count(&db, id, &stop).await) }));
    }
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (db, stop, reads) = (db.clone(), Arc::clone(&stop), Arc::clone(&reads));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    User::query().filter(|u| u.name.starts_with("0")).count(&db).await.unwrap();
                    User::get(&db, 1).await.unwrap();
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let (db, stop) = (db.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut kept, mut lost) = (Vec::new(), Vec::new());
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("{writer} {n}");
                    match NewUser::new(name.clone()).insert(&db).await {
                        Ok(user) => kept.push((user.id, name)),
                        Err(error) => {
                            let kind = error.kind();
                            assert!(matches!(kind, ErrorKind::Connection) || error.is_retryable(), "{error:?}");
                            lost.push((name, error.is_outcome_unknown()));
                        }
                    }
                }
                (kept, lost)
            })
        })
        .collect();
    for _ in 0..KILLED {
        go_on(&reads).await;
        server = tokio::task::spawn_blocking(move || {
            server.stop().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            server.start_again().unwrap();
            server
        })
        .await
        .unwrap();
        db.ping().await.unwrap();
    }
    go_on(&reads).await;
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    let mut wrote = Vec::new();
    for writer in writers {
        wrote.push(writer.await.unwrap());
    }
    // Read when nobody writes any more.
    let stored = User::query().all(&db).await.unwrap();
    let ids: HashMap<&str, i64> = stored.iter().map(|user| (user.name.as_str(), user.id)).collect();
    let (mut acknowledged, mut possible) = (0, 0);
    for (kept, lost) in &wrote {
        for (id, name) in kept {
            assert_eq!(ids.get(name.as_str()), Some(id), "{name} was acknowledged, these were not: {lost:?}");
        }
        for (name, unknown) in lost {
            assert!(*unknown || !ids.contains_key(name.as_str()), "{name} was told as not done");
            possible += usize::from(*unknown);
        }
        // Each connection may fail once before it is known to be lost.
        assert!(lost.len() <= KILLED * CONNECTIONS, "only what was under way fails: {lost:?}");
        acknowledged += kept.len();
    }
    // Names are unique, so nothing is there twice; what failed may be there or not.
    let added = stored.len() - counters.len();
    assert!(added >= acknowledged && added <= acknowledged + possible, "{added}: {acknowledged} and {possible}");
    for counter in counters {
        let (id, (acknowledged, unknown)) = counter.await.unwrap();
        let age = User::get(&db, id).await.unwrap().unwrap().age.unwrap();
        assert!(acknowledged > 0 && unknown <= 3 * 6, "{acknowledged} {unknown}");
        assert!((acknowledged..=acknowledged + unknown).contains(&age), "{age}: {acknowledged} and {unknown}");
    }
    assert!(db.pool_status().opened > 6, "connections that were lost are opened again: {:?}", db.pool_status());
    // Without a server there is no answer.
    let gone = Db::builder(&with_time(url)).acquire_timeout(Duration::from_secs(1)).connect().await.unwrap();
    server.stop().unwrap();
    let error = gone.ping().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_down_under_load() {
    let Some(server) = found(Kind::Postgres, Own::postgres(false)) else { return };
    survives(&format!("postgres://postgres@localhost:{}/postgres", server.port), server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_goes_down_under_load() {
    let Some(server) = found(Kind::Mysql, Own::mysql(false)) else { return };
    let admin = Db::connect(&format!("mysql://root@127.0.0.1:{}", server.port)).await.unwrap();
    admin.sql("CREATE DATABASE load_test").execute().await.unwrap();
    admin.close().await.unwrap();
    survives(&format!("mysql://root@127.0.0.1:{}/load_test", server.port), server).await;
}

/// Takes connections until the server gives no more.
async fn exhausts(url: &str, said: &str) {
    let builder = Db::builder(&with_time(url)).max_connections(100).acquire_timeout(Duration::from_secs(3));
    let db = builder.connect().await.unwrap();
    let mut held = Vec::new();
    let error = loop {
        assert!(held.len() < 100, "the server takes at most 30");
        match db.begin().await {
            Ok(tx) => held.push(tx),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    assert!(error.to_string().contains("max_connections") && error.to_string().contains(said), "{error}");
    drop(held);
    assert!(db.begin().await.is_ok(), "there are connections again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_without_a_connection_to_give_say_so() {
    if let Some(server) = found(Kind::Postgres, Own::postgres(false)) {
        exhausts(&format!("postgres://postgres@localhost:{}/postgres", server.port), "too many clients").await;
    }
    if let Some(server) = found(Kind::Mysql, Own::mysql(false)) {
        exhausts(&format!("mysql://root@127.0.0.1:{}", server.port), "Too many connections").await;
    }
}

/// Reads go on with the connections that there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_reads_do_not_wait_for_connections_that_the_server_does_not_give() {
    let Some(server) = found(Kind::Postgres, Own::postgres(false)) else { return };
    let url = format!("postgres://postgres@localhost:{}/postgres", server.port);
    let patience = Duration::from_secs(60);
    let db = Db::builder(&url).max_connections(100).acquire_timeout(patience).connect().await.unwrap();
    schema::create_all(&db).await.unwrap();
    let user = NewUser::new("Ann").insert(&db).await.unwrap();
    let builder = Db::builder(&with_time(&url)).max_connections(100).acquire_timeout(Duration::from_secs(5));
    let rest = builder.connect().await.unwrap();
    let mut held = Vec::new();
    let error = loop {
        match rest.begin().await {
            Ok(tx) => held.push(tx),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("too many clients"), "{error}");
    let before = db.pool_status();
    let begun = Instant::now();
    let readers: Vec<_> = (0..64)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert_eq!(User::get(&db, user.id).await.unwrap().unwrap().name, "Ann");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(begun.elapsed() < patience / 2, "{:?}", begun.elapsed());
    assert_eq!(db.pool_status().opened, before.opened);
    drop(held);
    rest.close().await.unwrap();
    let (one, two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    drop((one, two));
    assert!(db.pool_status().opened > before.opened, "there are connections again");
}
