//! PostgreSQL: short statements share connections, and nobody notices but the clock.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod rule;
mod spread;
mod together;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind, Result};
use pilaster_tests::database::{Fresh, Kind, is_required};
use pilaster_tests::models::{NewTag, NewUser, Tag, User, schema};

/// So long nobody waits behind somebody else.
const LONG: Duration = Duration::from_secs(15);

/// A database with users that are named after their keys and a tag, and a handle with so many connections; `None` where
/// there is no server and none is required.
async fn prepared(connections: u32) -> Option<(Fresh, Db, Vec<i64>)> {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "postgres is required: {why}");
            eprintln!("skipped: {why}");
            return None;
        }
    };
    schema::create_all(&fresh.db).await.unwrap();
    let users = (0..200).map(|n| NewUser::new(format!("user {n}")).age(n));
    let keys = User::insert_many(users).keys(&fresh.db).await.unwrap();
    NewTag::new("rust").insert(&fresh.db).await.unwrap();
    let builder = Db::builder(&fresh.url).max_connections(connections).acquire_timeout(Duration::from_secs(30));
    let db = builder.connect().await.unwrap();
    // Statements are known to a connection before they are shared there.
    User::get(&db, keys[0]).await.unwrap();
    Tag::get(&db, "rust").await.unwrap();
    Some((fresh, db, keys))
}

async fn done(fresh: Fresh, db: Db) {
    db.close().await.unwrap();
    fresh.remove().await.unwrap();
}

/// How many connections of a handle the server has, and how many of them work or wait for a lock.
async fn backends(admin: &Db) -> (i64, i64) {
    let sql = "SELECT count(*), count(*) FILTER (WHERE state = 'active') FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    admin.sql(sql).one::<(i64, i64)>().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_his_own_rows_whatever_else_goes_on() {
    let Some((fresh, db, keys)) = prepared(3).await else { return };
    let (keys, stop) = (Arc::new(keys), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..48)
        .map(|task: usize| {
            let (db, keys) = (db.clone(), Arc::clone(&keys));
            tokio::spawn(async move {
                for round in 0..60 {
                    let at = (task * 31 + round * 7) % keys.len();
                    let user = User::get(&db, keys[at]).await.unwrap().unwrap();
                    assert_eq!((user.name.as_str(), user.id), (format!("user {at}").as_str(), keys[at]));
                    let some: Vec<User> = User::query()
                        .filter(|u| u.age.ge(at as i32))
                        .order_by(|u| u.id.asc())
                        .limit(3)
                        .all(&db)
                        .await
                        .unwrap();
                    assert_eq!(some[0].id, keys[at], "of its own parameters");
                    assert!(User::by_name(&db, "nobody").await.unwrap().is_none());
                }
            })
        })
        .collect();
    // Transactions beside them, whose changes nobody may see before they are committed, which they never are.
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (db, keys, stop) = (db.clone(), Arc::clone(&keys), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let tx = db.begin().await.unwrap();
                    User::update().filter(|u| u.id.eq(keys[0])).set(|u| u.name, "changed").run(&tx).await.unwrap();
                    assert_eq!(User::get(&tx, keys[0]).await.unwrap().unwrap().name, "changed");
                    drop(tx);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let begun = Instant::now();
    // No more than there may be, and those of the other handle. One that was closed may be about to go.
    while backends(&fresh.db).await.0 > 3 + 4 {
        assert!(begun.elapsed() < LONG, "there are more connections than there may be");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_behind_a_slow_statement_goes_elsewhere() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    // Nobody else uses the only connection that is open, so this one is sent there.
    let first = tokio::spawn({
        let (db, key) = (db.clone(), keys[7]);
        async move { User::get(&db, key).await }
    });
    let begun = Instant::now();
    while backends(&fresh.db).await.1 == 0 {
        assert!(begun.elapsed() < LONG, "it is sent");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        let tag = tokio::time::timeout(LONG, Tag::get(&db, "rust")).await.expect("it does not wait for the lock");
        assert_eq!(tag.unwrap().unwrap().name, "rust");
    }
    assert!(!first.is_finished());
    lock.rollback().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().unwrap().name, "user 7");
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_any_more_is_cancelled() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    for key in &keys[..5] {
        let given_up = tokio::time::timeout(Duration::from_millis(30), User::get(&db, *key)).await;
        assert!(given_up.is_err());
    }
    let begun = Instant::now();
    while backends(&fresh.db).await.1 > 0 {
        assert!(begun.elapsed() < LONG, "statements go on that nobody waits for");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Both connections can be had again, each for oneself.
    let (one, two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    assert!(Tag::get(&one, "rust").await.unwrap().is_some() && Tag::get(&two, "rust").await.unwrap().is_some());
    drop((one, two));
    lock.rollback().await.unwrap();
    assert_eq!(User::get(&db, keys[3]).await.unwrap().unwrap().name, "user 3");
    done(fresh, db).await;
}

/// Polls a future once, which sends its statement.
async fn begin<T>(future: &mut Pin<Box<dyn Future<Output = Result<T>> + Send + '_>>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_nobody_reads_hold_nobody_up_for_good() {
    let Some((fresh, db, keys)) = prepared(3).await else { return };
    // Far more than what is kept for somebody who does not read.
    let long = "x".repeat(4 << 20);
    User::update().filter(|u| u.id.le(keys[9])).set_option(|u| u.bio, Some(long)).run(&fresh.db).await.unwrap();
    let mut unread: Vec<_> = keys[..6].iter().map(|key| User::get(&db, *key)).collect();
    for future in &mut unread {
        begin(future).await;
    }
    tokio::time::timeout(LONG, async {
        for key in &keys[20..40] {
            assert_eq!(User::get(&db, *key).await.unwrap().unwrap().id, *key);
        }
    })
    .await
    .expect("others do not wait for them");
    for (future, key) in unread.into_iter().zip(&keys) {
        let user = future.await.unwrap().unwrap();
        assert_eq!((user.id, user.bio.unwrap().len()), (*key, 4 << 20));
    }
    done(fresh, db).await;
}

/// Whoever finds no seat has another connection opened, or waits for one, and may not come to use it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_nobody_comes_to_use_are_there_for_others() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    let mut slow = User::get(&db, keys[0]);
    begin(&mut slow).await;
    let mut left = Vec::new();
    let begun = Instant::now();
    while db.pool_status().open < 2 {
        assert!(begun.elapsed() < LONG, "another connection is opened");
        // Until its connection is known to be slow, they go behind it.
        if left.len() < 12 {
            let mut tag = Tag::get(&db, "rust");
            begin(&mut tag).await;
            left.push(tag);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    for _ in 0..5 {
        let tag = tokio::time::timeout(LONG, Tag::get(&db, "rust")).await.expect("it is had by nobody");
        assert_eq!(tag.unwrap().unwrap().name, "rust");
    }
    // One can be had for oneself.
    drop(tokio::time::timeout(LONG, db.begin()).await.expect("nobody has it").unwrap());
    lock.rollback().await.unwrap();
    assert_eq!(slow.await.unwrap().unwrap().name, "user 0");
    for tag in left {
        assert_eq!(tag.await.unwrap().unwrap().name, "rust");
    }
    done(fresh, db).await;
}

/// Whoever gives up while a connection is opened for him leaves it to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_whose_takers_are_gone_are_opened_all_the_same() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    let mut slow = User::get(&db, keys[0]);
    begin(&mut slow).await;
    let begun = Instant::now();
    while db.pool_status().opened < 2 {
        assert!(begun.elapsed() < LONG, "it is opened");
        let mut tag = Tag::get(&db, "rust");
        // Where its connection is not known to be slow yet, it waits behind, and is cleared away.
        let _ = poll_fn(|context| Poll::Ready(Pin::new(&mut tag).poll(context).is_ready())).await;
        drop(tag);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let tag = tokio::time::timeout(LONG, Tag::get(&db, "rust")).await.expect("it is had by nobody");
    assert_eq!(tag.unwrap().unwrap().name, "rust");
    assert_eq!(db.pool_status().opened, 2);
    lock.rollback().await.unwrap();
    assert_eq!(slow.await.unwrap().unwrap().name, "user 0");
    done(fresh, db).await;
}

/// Whoever waits alone drives the connection himself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_alone_and_is_not_polled_any_more_holds_nobody_up() {
    let Some((fresh, db, keys)) = prepared(1).await else { return };
    tokio::time::timeout(LONG, async {
        for round in 0..50 {
            let mut alone = User::get(&db, keys[round]);
            // The reply may be there at once.
            if let Some(user) = poll_fn(|context| Poll::Ready(ready(Pin::new(&mut alone).poll(context)))).await {
                assert_eq!(user.unwrap().unwrap().id, keys[round]);
                continue;
            }
            let others = (0..3).map(|other| User::get(&db, keys[100 + other]));
            for (other, user) in futures_all(others).await.into_iter().enumerate() {
                assert_eq!(user.unwrap().unwrap().id, keys[100 + other]);
            }
            if round % 2 == 0 {
                assert_eq!(alone.await.unwrap().unwrap().id, keys[round]);
            }
        }
    })
    .await
    .expect("others do not depend on it");
    done(fresh, db).await;
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// What futures give that are polled together.
async fn futures_all<T>(futures: impl Iterator<Item = impl Future<Output = T> + Unpin>) -> Vec<T> {
    let mut futures: Vec<_> = futures.collect();
    let mut out: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, out) in futures.iter_mut().zip(&mut out) {
            if out.is_none()
                && let Poll::Ready(value) = Pin::new(future).poll(context)
            {
                *out = Some(value);
            }
        }
        if out.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    out.into_iter().flatten().collect()
}

/// On a thread of its own, and on a runtime of one, a connection works like anywhere else.
#[test]
fn one_thread_drives_its_connection_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some((fresh, db, keys)) = runtime.block_on(prepared(2)) else { return };
    for key in &keys[..50] {
        assert_eq!(runtime.block_on(User::get(&db, *key)).unwrap().unwrap().id, *key);
    }
    let blocking = runtime.block_on(Db::builder(&fresh.url).max_connections(2).connect()).unwrap().blocking();
    let begun = Instant::now();
    for key in &keys {
        assert_eq!(User::get(&blocking, *key).unwrap().unwrap().id, *key);
    }
    let all = User::query().all(&blocking).unwrap();
    assert_eq!(all.len(), 200);
    assert!(begun.elapsed() < LONG);
    blocking.close().unwrap();
    runtime.block_on(done(fresh, db));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_and_lost_connections_are_those_of_one_caller() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    // A plan that no longer fits is made again.
    fresh.db.sql("ALTER TABLE \"user\" ALTER age TYPE bigint").execute().await.unwrap();
    assert_eq!(User::get(&db, keys[1]).await.unwrap().unwrap().age, Some(1));
    // A value that does not fit is told to its reader only.
    fresh.db.sql("UPDATE \"user\" SET age = 5000000000 WHERE name = 'user 2'").execute().await.unwrap();
    let (bad, good) = tokio::join!(User::get(&db, keys[2]), User::get(&db, keys[4]));
    assert!(matches!(bad.unwrap_err().kind(), ErrorKind::Decode { .. }));
    assert_eq!(good.unwrap().unwrap().age, Some(4));
    let mut cut = 0;
    for _ in 0..5 {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let (killed, read) = tokio::join!(fresh.db.sql(kill).one::<i64>(), User::get(&db, keys[5]));
        killed.unwrap();
        match read {
            Ok(user) => assert_eq!(user.unwrap().age, Some(5)),
            // Its row was there, and not yet the end of its reply.
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Connection), "{error}");
                cut += 1;
            }
        }
    }
    assert!(cut <= 1, "they are read again on new connections, {cut}");
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_done_once_each_and_by_their_own_parameters() {
    let Some((fresh, db, keys)) = prepared(4).await else { return };
    let keys = Arc::new(keys);
    let tasks: Vec<_> = (0..40_usize)
        .map(|task| {
            let (db, keys) = (db.clone(), Arc::clone(&keys));
            tokio::spawn(async move {
                for round in 0..25 {
                    let key = keys[(task * 7 + round) % 20];
                    let counted = User::update().filter(|u| u.id.eq(key)).set_to(|u| (u.age, u.age + 1));
                    assert_eq!(counted.run(&db).await.unwrap(), 1);
                    let none = User::update().filter(|u| u.id.eq(key) & u.name.eq("nobody")).set(|u| u.name, "x");
                    assert_eq!(none.run(&db).await.unwrap(), 0, "by all of its filter");
                    // Of a row that is this task's alone: what was written is read right after.
                    let mut own = User::get(&db, keys[100 + task]).await.unwrap().unwrap();
                    own.bio = Some(format!("{task} {round}"));
                    own.save(&db).await.unwrap();
                    assert_eq!(User::get(&db, own.id).await.unwrap().unwrap().bio, own.bio);
                }
                User::get(&db, keys[150 + task]).await.unwrap().unwrap().delete(&db).await.unwrap();
                assert_eq!(User::delete_many().filter(|u| u.id.eq(keys[150 + task])).run(&db).await.unwrap(), 0);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let sum: i64 =
        fresh.db.sql("SELECT sum(age)::bigint FROM \"user\" WHERE id <= $1").bind(keys[19]).one().await.unwrap();
    assert_eq!(sum, (0..20).sum::<i64>() + 40 * 25, "each is done once");
    assert_eq!(User::query().count(&fresh.db).await.unwrap(), 160);
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_behind_a_slow_one_go_on_and_it_is_done_once() {
    let Some((fresh, db, keys)) = prepared(4).await else { return };
    let count = |key: i64| User::update().filter(move |u| u.id.eq(key)).set_to(|u| (u.age, u.age + 1_000));
    // Known to all connections, whichever is shared.
    for _ in 0..8 {
        count(keys[1]).run(&db).await.unwrap();
    }
    let lock = fresh.db.begin().await.unwrap();
    User::update().filter(|u| u.id.eq(keys[0])).set(|u| u.name, "locked").run(&lock).await.unwrap();
    let mut slow: Vec<_> = (0..6).map(|_| count(keys[0]).run(&db)).collect();
    for future in &mut slow {
        begin(future).await;
    }
    tokio::time::timeout(LONG, async {
        for _ in 0..20 {
            assert_eq!(count(keys[2]).run(&db).await.unwrap(), 1);
        }
    })
    .await
    .expect("those behind it do not wait for its lock");
    lock.rollback().await.unwrap();
    for future in slow {
        assert_eq!(future.await.unwrap(), 1);
    }
    let age = async |key: i64| User::get(&db, key).await.unwrap().unwrap().age.unwrap();
    assert_eq!((age(keys[0]).await, age(keys[2]).await), (6_000, 20_002), "each is done once");
    // What nobody waits for is cancelled while it waits for a lock.
    let lock = fresh.db.begin().await.unwrap();
    User::update().filter(|u| u.id.eq(keys[3])).set(|u| u.name, "locked").run(&lock).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(30), count(keys[3]).run(&db)).await.is_err());
    let begun = Instant::now();
    while backends(&fresh.db).await.1 > 0 {
        assert!(begun.elapsed() < LONG, "it goes on though nobody waits for it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(age(keys[3]).await, 3);
    done(fresh, db).await;
}

/// The request to cancel may arrive late, and would meet whoever has the connection then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_a_connection_on_which_a_statement_was_cancelled() {
    let Some((fresh, db, keys)) = prepared(1).await else { return };
    let count = |key: i64| User::update().filter(move |u| u.id.eq(key)).set_to(|u| (u.age, u.age + 1_000));
    for _ in 0..2 {
        count(keys[1]).run(&db).await.unwrap();
    }
    let pid = "SELECT pg_backend_pid()";
    let before: i32 = db.sql(pid).one().await.unwrap();
    let lock = fresh.db.begin().await.unwrap();
    User::update().filter(|u| u.id.eq(keys[0])).set(|u| u.name, "locked").run(&lock).await.unwrap();
    let (mut slow, mut behind) = (count(keys[0]).run(&db), count(keys[2]).run(&db));
    begin(&mut slow).await;
    begin(&mut behind).await;
    let transaction = tokio::spawn({
        let db = db.clone();
        async move {
            let tx = db.begin().await?;
            let pid: i32 = tx.sql(pid).one().await?;
            tx.commit().await.map(|()| pid)
        }
    });
    let ended = async {
        let outcome = tokio::join!(behind, transaction);
        lock.rollback().await.unwrap();
        outcome
    };
    let (slow, (behind, after)) = tokio::join!(slow, ended);
    assert_eq!((slow.unwrap(), behind.unwrap()), (1, 1));
    assert_ne!(after.unwrap().unwrap(), before);
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_refused_concerns_nobody_else() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    let rename = |key: i64, name: &str| User::update().filter(move |u| u.id.eq(key)).set(|u| u.name, name);
    for round in 0..10 {
        let (bad, good, read) = tokio::join!(
            rename(keys[0], "user 1").run(&db),
            rename(keys[2], &format!("round {round}")).run(&db),
            User::get(&db, keys[3])
        );
        assert!(matches!(bad.unwrap_err().kind(), ErrorKind::UniqueViolation(_)));
        assert_eq!((good.unwrap(), read.unwrap().unwrap().id), (1, keys[3]));
    }
    // A lost write is told, and not done again: nobody knows whether it was done.
    let lock = fresh.db.begin().await.unwrap();
    User::update().filter(|u| u.id.eq(keys[4])).set(|u| u.name, "locked").run(&lock).await.unwrap();
    let waiting = tokio::spawn({
        let (db, key) = (db.clone(), keys[4]);
        async move { User::update().filter(|u| u.id.eq(key)).set(|u| u.name, "lost").run(&db).await }
    });
    let blocked = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while lock.sql(blocked).one::<i64>().await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Connection));
    lock.rollback().await.unwrap();
    assert_eq!(User::get(&db, keys[4]).await.unwrap().unwrap().name, "user 4");
    done(fresh, db).await;
}

#[test]
fn threads_share_connections_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some((fresh, db, keys)) = runtime.block_on(prepared(2)) else { return };
    let blocking = db.blocking();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (db, keys) = (&blocking, &keys);
            scope.spawn(move || {
                for round in 0..100 {
                    let at = (thread * 13 + round) % keys.len();
                    assert_eq!(User::get(db, keys[at]).unwrap().unwrap().name, format!("user {at}"));
                    if round % 20 == thread {
                        User::update().filter(|u| u.id.eq(keys[at])).set_null(|u| u.bio).run(db).unwrap();
                    }
                }
            });
        }
    });
    runtime.block_on(done(fresh, db));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_can_be_switched_off() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    db.close().await.unwrap();
    let join = if fresh.url.contains('?') { '&' } else { '?' };
    let apart = Db::connect(&format!("{}{join}share_connections=false&max_connections=4", fresh.url)).await.unwrap();
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    let mut held: Vec<_> = keys[..3].iter().map(|key| User::get(&apart, *key)).collect();
    for future in &mut held {
        begin(future).await;
    }
    let begun = Instant::now();
    // Three connections wait, one for each statement.
    while tokio::time::timeout(Duration::from_millis(50), futures_of(&mut held)).await.is_err()
        && backends(&fresh.db).await.1 < 3
    {
        assert!(begun.elapsed() < LONG, "each has a connection for itself");
    }
    lock.rollback().await.unwrap();
    for future in held {
        assert!(future.await.unwrap().is_some());
    }
    done(fresh, apart).await;
}

/// Polls futures for as long as none of them is done.
async fn futures_of<T>(futures: &mut [Pin<Box<dyn Future<Output = Result<T>> + Send + '_>>]) {
    poll_fn(|context| {
        for future in futures.iter_mut() {
            assert!(future.as_mut().poll(context).is_pending());
        }
        Poll::<()>::Pending
    })
    .await;
}
