//! The pool on MySQL and MariaDB: sessions that end when they are due.

use std::time::{Duration, Instant};

use pilaster::{Db, blocking};

use super::{Database, servers};

/// Waits until the server has so many sessions for a database.
async fn until_sessions(admin: &Db, database: &Database, number: i64) {
    let begun = Instant::now();
    let count = "SELECT count(*) FROM information_schema.processlist WHERE db = ?";
    loop {
        let found: i64 = admin.sql(count).bind(database.name.as_str()).one().await.unwrap();
        if found == number {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{found} sessions instead of {number}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
    let kept = std::thread::spawn(move || blocking::Db::connect(&url).unwrap()).join().unwrap();
    until_sessions(&admin, &database, 1).await;
    until_sessions(&admin, &database, 0).await;
    drop(kept);
}
