//! Reads of several callers go to the server together, and are as if each had gone alone.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind, Result};
use pilaster_tests::database::Fresh;
use pilaster_tests::models::{Tag, User};

use super::{LONG, backends, done, futures_all, prepared};

/// Reads so often together that the connection knows how quick they are.
async fn warm(db: &Db, keys: &[i64]) {
    for _ in 0..40 {
        for (key, user) in keys.iter().zip(all(keys.iter().take(12).map(|key| User::get(db, *key))).await) {
            assert_eq!(user.unwrap().unwrap().id, *key);
        }
        for tag in all((0..4).map(|_| Tag::get(db, "rust"))).await {
            assert_eq!(tag.unwrap().unwrap().name, "rust");
        }
    }
}

/// What futures give that are polled together, if they do in time.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T> + Unpin>) -> Vec<T> {
    tokio::time::timeout(LONG, futures_all(futures)).await.unwrap()
}

/// A handle of which nothing is known but how quick its reads are.
async fn anew(fresh: &Fresh, keys: &[i64]) -> Db {
    let db = Db::builder(&fresh.url).max_connections(3).acquire_timeout(LONG * 2).connect().await.unwrap();
    warm(&db, keys).await;
    db
}

/// Polls reads once, and leaves those that are not there yet.
fn poll_each<F: Future<Output = Result<Option<User>>> + Unpin>(reads: &mut Vec<(i64, F)>, context: &mut Context<'_>) {
    reads.retain_mut(|(key, read)| {
        let Poll::Ready(user) = Pin::new(read).poll(context) else { return true };
        assert_eq!(user.unwrap().unwrap().id, *key);
        false
    });
}

/// How many transactions there were in the database. Connections tell of theirs when they are closed, at the latest.
async fn transactions(fresh: &Fresh) -> i64 {
    let sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
    fresh.db.sql(sql).one().await.unwrap()
}

#[tokio::test]
async fn reads_that_wait_to_be_sent_are_one_transaction() {
    let Some((fresh, db, keys)) = prepared(1).await else { return };
    warm(&db, &keys).await;
    db.close().await.unwrap();
    let count = async |settings: &str| {
        let db = Db::connect(&format!("{}{settings}", fresh.url)).await.unwrap();
        let before = transactions(&fresh).await;
        for _ in 0..50 {
            warm_once(&db, &keys).await;
        }
        db.close().await.unwrap();
        let begun = Instant::now();
        while backends(&fresh.db).await.0 > 0 {
            assert!(begun.elapsed() < LONG, "the connection is closed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (mut seen, mut last) = (0, -1);
        // What was told of late may be shown later.
        while (seen < 100 || seen != last) && begun.elapsed() < LONG {
            tokio::time::sleep(Duration::from_millis(300)).await;
            last = seen;
            seen = transactions(&fresh).await - before;
        }
        seen
    };
    let separator = if fresh.url.contains('?') { '&' } else { '?' };
    // A machine that is busy with other things takes longer for some, which go alone then.
    let mut together = 0;
    for _ in 0..20 {
        together = count(&format!("{separator}max_connections=1")).await;
        if together < 1_300 {
            break;
        }
    }
    assert!((100..1_300).contains(&together), "{together} for 1,600 reads");
    // Where statements of a transaction see less than each alone would, they go alone.
    let serial = "options=-c%20default_transaction_isolation%3Dserializable";
    let apart = count(&format!("{separator}max_connections=1&{serial}")).await;
    assert!(apart >= 1_600, "{apart} for 1,600 reads");
    fresh.remove().await.unwrap();
}

async fn warm_once(db: &Db, keys: &[i64]) {
    for user in all(keys.iter().take(32).map(|key| User::get(db, *key))).await {
        user.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_of_any_length_come_to_whom_they_belong() {
    let Some((fresh, db, keys)) = prepared(1).await else { return };
    // Such that messages begin and end anywhere in what is read at a time.
    let fill = "UPDATE \"user\" SET bio = repeat(chr(97 + (id % 26)::int), (id * 37 % 4001)::int) WHERE id <= $1";
    fresh.db.sql(fill).bind(keys[99]).execute().await.unwrap();
    warm(&db, &keys).await;
    for round in 0..30 {
        let some = keys[..100].iter().skip(round).step_by(3);
        let users = all(some.clone().map(|key| User::get(&db, *key))).await;
        for (key, user) in some.zip(users) {
            let user = user.unwrap().unwrap();
            let letter = char::from(97 + (key % 26) as u8);
            let bio = user.bio.unwrap();
            assert_eq!((user.id, bio.len()), (*key, (key * 37 % 4001) as usize));
            assert!(bio.chars().all(|c| c == letter), "{bio}");
        }
    }
    done(fresh, db).await;
}

/// A read that fails for one of the users.
async fn failing(db: &Db, key: i64) -> Result<Option<User>> {
    User::query().filter(|u| u.id.eq(key) & ((u.age + 7) / u.age).ge(0)).first(db).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_is_its_callers_alone() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    warm(&db, &keys).await;
    for round in 0..40 {
        let reads = (0..24).map(|at| {
            let (db, key) = (&db, keys[at]);
            Box::pin(async move {
                // The first user's age is 0.
                let user = if at % 6 == round % 6 { failing(db, key).await } else { User::get(db, key).await };
                (at, user)
            })
        });
        for (at, user) in all(reads).await {
            match user {
                Err(error) => {
                    assert!(at == 0 && round % 6 == 0, "{at} {round} {error}");
                    assert!(error.to_string().contains("division by zero"), "{error}");
                }
                Ok(user) => assert_eq!(user.unwrap().id, keys[at]),
            }
        }
    }
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_long_for_one_that_takes_long() {
    let Some((fresh, db, keys)) = prepared(3).await else { return };
    db.close().await.unwrap();
    for key in &keys[..3] {
        let db = anew(&fresh, &keys).await;
        let lock = fresh.db.begin().await.unwrap();
        lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
        let mut slow = User::get(&db, *key);
        // In one poll, so that they go together; the user's is one of them.
        let mut tags: Vec<_> = (0..13).map(|_| Box::pin(Tag::get(&db, "rust"))).collect();
        let mut found = 0;
        let waited = tokio::time::timeout(
            LONG,
            poll_fn(|context| {
                let mut at = 0;
                tags.retain_mut(|tag| {
                    if at == 5 {
                        assert!(slow.as_mut().poll(context).is_pending(), "the table is locked");
                    }
                    at += 1;
                    let Poll::Ready(tag) = tag.as_mut().poll(context) else { return true };
                    assert_eq!(tag.unwrap().unwrap().name, "rust");
                    found += 1;
                    false
                });
                if tags.is_empty() { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
        waited.await.expect("they do not wait for the lock");
        assert_eq!(found, 13);
        lock.rollback().await.unwrap();
        let user = tokio::time::timeout(LONG, slow).await.expect("it goes on").unwrap();
        assert_eq!(user.unwrap().id, *key);
        db.close().await.unwrap();
    }
    fresh.remove().await.unwrap();
}

/// The server writes when its buffer is full, so that a part of a reply may be there, and the end wait for another's statement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_the_end_of_a_reply_that_the_server_keeps() {
    let Some((fresh, db, keys)) = prepared(3).await else { return };
    db.close().await.unwrap();
    fresh.db.sql("UPDATE \"user\" SET bio = repeat('x', 3000)").execute().await.unwrap();
    let (mut sent_at_once, mut round) = (0, 0);
    while round < 3 || sent_at_once == 0 && round < 20 {
        let at = 4 + round % 3;
        round += 1;
        let db = anew(&fresh, &keys).await;
        let lock = fresh.db.begin().await.unwrap();
        lock.sql("LOCK TABLE tag IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
        let reads = |keys: &[i64]| keys.iter().map(|key| (*key, User::get(&db, *key))).collect::<Vec<_>>();
        let (mut before, mut behind) = (reads(&keys[..at]), reads(&keys[at..8]));
        let mut tag = Tag::get(&db, "rust");
        poll_fn(|context| {
            // Sent in this order. Where this thread is held up, some may be there before the last is sent.
            poll_each(&mut before, context);
            sent_at_once += usize::from(before.len() == at);
            assert!(tag.as_mut().poll(context).is_pending(), "the table is locked");
            poll_each(&mut behind, context);
            Poll::Ready(())
        })
        .await;
        // Who holds the lock may wait for them.
        let (keys, reads): (Vec<_>, Vec<_>) = before.into_iter().chain(behind).unzip();
        for (key, user) in keys.iter().zip(all(reads.into_iter()).await) {
            assert_eq!(user.unwrap().unwrap().id, *key);
        }
        lock.rollback().await.unwrap();
        assert_eq!(tokio::time::timeout(LONG, tag).await.expect("it goes on").unwrap().unwrap().name, "rust");
        db.close().await.unwrap();
    }
    assert!(sent_at_once > 0, "nothing was read before all were sent");
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_are_given_up_take_nobody_along() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    warm(&db, &keys).await;
    for round in 0..60 {
        let mut kept = Vec::new();
        let mut given_up = Vec::new();
        for (at, key) in keys[..16].iter().enumerate() {
            let read = User::get(&db, *key);
            if (at + round) % 3 == 0 { given_up.push(read) } else { kept.push((at, read)) }
        }
        for read in &mut given_up {
            let _ = poll_fn(|context| Poll::Ready(read.as_mut().poll(context).is_ready())).await;
        }
        drop(given_up);
        for (at, read) in kept {
            let user = tokio::time::timeout(LONG, read).await.expect("it is answered");
            assert_eq!(user.unwrap().unwrap().id, keys[at]);
        }
    }
    // A lost connection, too: reads go on elsewhere.
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..5 {
        let reads = all(keys[..24].iter().map(|key| User::get(&db, *key)));
        let (killed, users) = tokio::join!(fresh.db.sql(kill).one::<i64>(), reads);
        killed.unwrap();
        let mut lost = 0;
        for (key, user) in keys.iter().zip(users) {
            match user {
                Ok(user) => assert_eq!(user.unwrap().id, *key),
                // Its row was there, and not yet the end of its reply.
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Connection), "{error}");
                    lost += 1;
                }
            }
        }
        assert!(lost <= 2, "one of each connection at most, {lost}");
    }
    assert!(matches!(User::by_name(&db, "nobody").await, Ok(None)));
    done(fresh, db).await;
}
