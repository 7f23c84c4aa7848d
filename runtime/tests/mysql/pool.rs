//! The pool on MySQL and MariaDB: sessions that end when they are due.

use std::time::Duration;

use pilaster::{Db, blocking};

use super::{Database, servers, until};

/// Waits until the server has so many sessions for a database.
async fn until_sessions(admin: &Db, database: &Database, number: i64) {
    let count = "SELECT count(*) FROM information_schema.processlist WHERE db = ?";
    let found = async || admin.sql(count).bind(database.name.as_str()).one::<i64>().await.unwrap();
    until(&format!("there are {number} sessions"), async || found().await == number).await;
}

#[tokio::test]
async fn sessions_end_when_they_are_due_though_nobody_asks() {
    let (Some(database), Some(server)) = (Database::new(), servers::server()) else { return };
    let admin = Db::builder(server).max_connections(1).connect().await.unwrap();
    for setting in ["max_lifetime", "idle_timeout"] {
        let db = database.connect(&format!("{setting}=600ms")).await;
        for _ in 0..2 {
            let (a, b, c) = (db.begin().await.unwrap(), db.begin().await.unwrap(), db.begin().await.unwrap());
            until_sessions(&admin, &database, 3).await;
            a.commit().await.unwrap();
            b.commit().await.unwrap();
            until_sessions(&admin, &database, 1).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert_eq!(c.sql("SELECT 1").one::<i32>().await.unwrap(), 1);
            c.commit().await.unwrap();
            until_sessions(&admin, &database, 0).await;
        }
    }
    let url = database.with("idle_timeout=400ms");
    let open = move || {
        let db = blocking::Db::connect(&url).unwrap();
        let tx = db.begin().unwrap();
        (db, tx)
    };
    // What is held stays until it is counted.
    let (kept, tx) = std::thread::spawn(open).join().unwrap();
    until_sessions(&admin, &database, 1).await;
    std::thread::spawn(move || tx.rollback().unwrap()).join().unwrap();
    until_sessions(&admin, &database, 0).await;
    drop(kept);
}
