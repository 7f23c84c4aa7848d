//! Which statements share a connection, and which have one for themselves.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind, Result};
use pilaster_tests::models::{NewUser, Tag, User};

use super::{LONG, backends, done, prepared};

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A statement by its text, and whether it shares.
struct Case(&'static str, bool, Running);

macro_rules! case {
    ($all:ident, $db:ident, $shares:literal, $statement:expr) => {
        let on = $db.clone();
        $all.push(Case(stringify!($statement), $shares, {
            Box::pin(async move {
                let $db = &on;
                $statement.await.map(drop)
            })
        }));
    };
}

/// Statements of which each needs the table of users.
async fn statements(db: &Db, keys: &[i64]) -> Vec<Case> {
    let key = keys[0];
    let user = |at: usize| {
        let key = keys[at];
        async move { User::get(db, key).await.unwrap().unwrap() }
    };
    let (mut reloaded, mut saved, deleted) = (user(1).await, user(2).await, user(3).await);
    saved.age = Some(99);
    let (updated, gone) = (keys[4], keys[5]);
    let mut all = Vec::new();
    case!(all, db, true, User::get(db, key));
    case!(all, db, true, User::by_name(db, "user 0"));
    case!(all, db, true, reloaded.reload(db));
    case!(all, db, true, User::query().first(db));
    case!(all, db, true, User::query().filter(|u| u.id.eq(key)).one(db));
    case!(all, db, true, User::query().limit(100).all(db));
    case!(all, db, true, User::query().limit(5).offset(100).all(db));
    case!(all, db, true, saved.save(db));
    case!(all, db, true, deleted.delete(db));
    case!(all, db, true, User::update().filter(|u| u.id.eq(updated)).set(|u| u.age, 1).run(db));
    case!(all, db, true, User::delete_many().filter(|u| u.id.eq(gone)).run(db));
    case!(all, db, false, User::query().all(db));
    case!(all, db, false, User::query().limit(101).all(db));
    case!(all, db, false, User::query().limit(5).offset(101).all(db));
    case!(all, db, false, User::query().count(db));
    case!(all, db, false, NewUser::new("new").insert(db));
    case!(all, db, false, User::insert_many([NewUser::new("newer"), NewUser::new("newest")]).keys(db));
    case!(all, db, false, User::update().filter(|u| u.name.eq("user 6")).set(|u| u.age, 1).run(db));
    case!(all, db, false, User::delete_many().filter(|u| u.name.eq("user 7")).run(db));
    case!(all, db, false, db.sql("SELECT count(*) FROM \"user\"").one::<i64>());
    case!(all, db, false, async {
        let mut rows = User::query().limit(1).stream(db);
        rows.next().await.transpose()
    });
    case!(all, db, false, db.transaction(async |tx| User::get(&tx, key).await));
    case!(all, db, false, async {
        let mut session = db.session().await?;
        session.get::<User>(key).await.map(drop)
    });
    all
}

/// Runs a statement until it waits for the lock that somebody has, then looks at who has a connection for himself.
async fn is_shared(admin: &Db, db: &Db, what: &'static str, running: Running) -> bool {
    let begun = Instant::now();
    while db.pool_status().in_use > 0 || backends(admin).await.1 > 0 {
        assert!(begun.elapsed() < LONG, "{what}: what was before it is over");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let lock = admin.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    let running = tokio::spawn(running);
    while backends(admin).await.1 == 0 {
        assert!(begun.elapsed() < LONG && !running.is_finished(), "{what}: it waits for the lock");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = db.pool_status();
    assert_eq!(status.in_use, 1, "{what}: {status:?}");
    lock.rollback().await.unwrap();
    let outcome = running.await.unwrap();
    assert!(outcome.is_ok(), "{what}: {outcome:?}");
    status.longest_held.is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_statements_share_and_no_others() {
    let Some((fresh, db, keys)) = prepared(3).await else { return };
    for Case(what, shares, running) in statements(&db, &keys).await {
        assert_eq!(is_shared(&fresh.db, &db, what, running).await, shares, "{what}");
    }
    done(fresh, db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_ends_alone() {
    let Some((fresh, db, keys)) = prepared(2).await else { return };
    db.close().await.unwrap();
    let builder = Db::builder(&fresh.url).max_connections(2).statement_timeout(Duration::from_secs(2));
    let db = builder.connect().await.unwrap();
    for _ in 0..3 {
        User::get(&db, keys[0]).await.unwrap();
        Tag::get(&db, "rust").await.unwrap();
    }
    let lock = fresh.db.begin().await.unwrap();
    lock.sql("LOCK TABLE \"user\" IN ACCESS EXCLUSIVE MODE").execute().await.unwrap();
    let users: Vec<_> = keys[..3]
        .iter()
        .map(|&key| {
            let db = db.clone();
            tokio::spawn(async move { User::get(&db, key).await })
        })
        .collect();
    let tags: Vec<_> = (0..40)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { Tag::get(&db, "rust").await })
        })
        .collect();
    for tag in tags {
        let tag = tokio::time::timeout(LONG, tag).await.expect("it does not wait for the lock").unwrap();
        assert_eq!(tag.unwrap().unwrap().name, "rust");
    }
    for user in users {
        let error = tokio::time::timeout(LONG, user).await.expect("it is ended").unwrap().unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Timeout, "{error:?}");
    }
    lock.rollback().await.unwrap();
    assert_eq!(User::get(&db, keys[3]).await.unwrap().unwrap().name, "user 3");
    done(fresh, db).await;
}
