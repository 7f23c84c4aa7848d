//! Many rows of MariaDB and MySQL whose keys are counted: how many statements they take, and whose keys are whose.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pilaster::{Db, ErrorKind, Result};
use pilaster_tests::database::{Fresh, Kind, is_mysql, is_required};
use pilaster_tests::models::{NewUser, User};

const USER: &str = "CREATE TABLE user (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL UNIQUE, \
    email varchar(120), bio text, age int)";

/// How many statements the only connection has run.
async fn executed(db: &Db) -> Result<u64> {
    let status = "SHOW SESSION STATUS LIKE 'Com_stmt_execute'";
    Ok(db.sql(status).one::<(String, String)>().await?.1.parse().unwrap())
}

/// A database with the table; `None` where there is no server and none is required.
async fn fresh() -> Option<Fresh> {
    match Kind::Mysql.fresh().await.unwrap() {
        Ok(fresh) => {
            fresh.db.sql(USER).batch().await.unwrap();
            Some(fresh)
        }
        Err(why) => {
            assert!(!is_required(Kind::Mysql), "MySQL is required: {why}");
            None
        }
    }
}

/// The URL with more settings.
fn with(fresh: &Fresh, settings: &str) -> String {
    let join = if fresh.url.contains('?') { '&' } else { '?' };
    format!("{}{join}{settings}", fresh.url)
}

#[tokio::test]
async fn rows_go_together() {
    let Some(fresh) = fresh().await else { return };
    let is_mariadb = fresh.db.sql("SELECT VERSION()").one::<String>().await.unwrap().contains("MariaDB");
    for (round, settings) in ["", "&statement_cache=0", "&returning=false"].into_iter().enumerate() {
        let db = Db::connect(&with(&fresh, &format!("max_connections=1{settings}"))).await.unwrap();
        let users = |part: &str| (0..1_500).map(|n| NewUser::new(format!("{round} {part} {n}"))).collect::<Vec<_>>();
        let before = executed(&db).await.unwrap();
        let keys = User::insert_many(users("a")).keys(&db).await.unwrap();
        let stored = User::insert_many(users("b")).all(&db).await.unwrap();
        let sent = executed(&db).await.unwrap() - before;
        for (n, (key, row)) in keys.iter().zip(&stored).enumerate() {
            assert_eq!(User::get(&db, *key).await.unwrap().unwrap().name, format!("{round} a {n}"));
            assert_eq!(row.name, format!("{round} b {n}"));
            assert_eq!(User::get(&db, row.id).await.unwrap().as_ref(), Some(row));
        }
        assert_eq!((keys.len(), stored.len()), (1_500, 1_500));
        // With RETURNING one row goes alone, which tells that the key is counted, and the others by the 500. Without it
        // each is inserted alone, and 512 are read again at once.
        let most = if is_mariadb && !settings.contains("returning") { 12 } else { 3_010 };
        assert!(sent <= most, "{sent} statements");
        db.close().await.unwrap();
    }
    fresh.remove().await.unwrap();
}

/// What others insert meanwhile, by statements whose rows are not counted before, leaves gaps between one's own keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_others_in_between_are_not_taken_for_ones_own() {
    let Some(fresh) = fresh().await else { return };
    for settings in ["returning=true", "returning=false"] {
        let db = Db::connect(&with(&fresh, settings)).await.unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let other = tokio::spawn({
            let (db, done) = (db.clone(), Arc::clone(&done));
            async move {
                let mut rounds = 0;
                while !done.load(Ordering::Relaxed) {
                    let names = "SELECT UUID() UNION ALL SELECT UUID() UNION ALL SELECT UUID()";
                    db.sql(format!("INSERT INTO user (name) {names}")).execute().await?;
                    rounds += 1;
                }
                Ok::<_, pilaster::Error>(rounds)
            }
        });
        let users = |part: &str| (0..700).map(|n| NewUser::new(format!("{settings} {part} {n}"))).collect::<Vec<_>>();
        let keys = User::insert_many(users("a")).keys(&db).await.unwrap();
        let stored = User::insert_many(users("b")).all(&db).await.unwrap();
        done.store(true, Ordering::Relaxed);
        assert!(other.await.unwrap().unwrap() > 0, "others inserted rows, too");
        for (n, (key, row)) in keys.iter().zip(&stored).enumerate() {
            assert_eq!(User::get(&db, *key).await.unwrap().unwrap().name, format!("{settings} a {n}"));
            assert_eq!(row.name, format!("{settings} b {n}"));
            assert_eq!(User::get(&db, row.id).await.unwrap().as_ref(), Some(row));
        }
        db.close().await.unwrap();
    }
    fresh.remove().await.unwrap();
}

/// A trigger that makes other keys than the database counts: each row comes back to who gave it, or none is stored.
#[tokio::test]
async fn keys_that_a_trigger_changes() {
    let Some(fresh) = fresh().await else { return };
    let trigger = "CREATE TRIGGER falling BEFORE INSERT ON user FOR EACH ROW \
                   SET NEW.id = 100000 - CAST(substr(NEW.name, 2) AS SIGNED)";
    fresh.db.sql(trigger).batch().await.unwrap();
    let is_mariadb = !is_mysql(&fresh.db).await.unwrap();
    let users = |numbers: [i64; 3]| numbers.map(|n| NewUser::new(format!("d{n}"))).to_vec();
    for settings in ["returning=false", "returning=true"] {
        let db = Db::connect(&with(&fresh, settings)).await.unwrap();
        let stored = async |numbers| {
            let stored = User::insert_many(users(numbers)).all(&db).await?;
            Ok::<_, pilaster::Error>(stored.into_iter().map(|user| (user.id, user.name)).collect::<Vec<_>>())
        };
        let meant = |numbers: [i64; 3]| numbers.map(|n| (100_000 - n, format!("d{n}"))).to_vec();
        for numbers in [[0, 1, 2], [4, 3, 5]] {
            if is_mariadb && settings == "returning=true" {
                let error = stored(numbers).await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Query) && error.message().contains("trigger"), "{error:?}");
                assert!(User::insert_many(users(numbers)).keys(&db).await.is_err());
                assert_eq!(User::query().count(&db).await.unwrap(), 0);
            } else {
                assert_eq!(stored(numbers).await.unwrap(), meant(numbers));
                User::delete_many().all_rows().run(&db).await.unwrap();
                let keys = User::insert_many(users(numbers)).keys(&db).await.unwrap();
                assert_eq!(keys, numbers.map(|n| 100_000 - n));
            }
            User::delete_many().all_rows().run(&db).await.unwrap();
        }
        assert_eq!(stored([8, 7, 6]).await.unwrap(), meant([8, 7, 6]));
        assert_eq!(User::insert_many(users([1, 2, 3])).run(&db).await.unwrap(), 3);
        assert_eq!(NewUser::new("d5").insert(&db).await.unwrap().id, 99_995);
        User::delete_many().all_rows().run(&db).await.unwrap();
        // What is less than nothing is told as no key that a row could be found under.
        let error = stored([100_001, 100_002, 100_003]).await.unwrap_err();
        assert!(!settings.contains("false") || error.message().contains("cannot be found"), "{error:?}");
        assert_eq!(User::query().count(&db).await.unwrap(), 0);
        db.close().await.unwrap();
    }
    fresh.remove().await.unwrap();
}
