//! Statements that take long spread over connections.

use std::time::Duration;

use pilaster::Db;
use pilaster_tests::models::Tag;

use super::{done, prepared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_take_long_do_not_wait_for_each_other() {
    let Some((fresh, db, _)) = prepared(8).await else { return };
    // What stands behind the model is a view now, of which each row takes a while.
    for sql in [
        "ALTER TABLE tag RENAME TO tags",
        "CREATE FUNCTION slow(name text) RETURNS text LANGUAGE sql VOLATILE \
            AS 'SELECT name || substr(pg_sleep(0.02)::text, 1, 0)'",
        "CREATE VIEW tag AS SELECT slow(t.name)::varchar(40) AS name FROM tags t",
    ] {
        fresh.db.sql(sql).execute().await.unwrap();
    }
    let mut seen = Vec::new();
    // Where the machine is busy with other things, reads wait for too long, and few are seen at work at the same time.
    for _ in 0..5 {
        seen = at_work(&fresh.db, &db).await;
        if spread(&seen) && leave_two(&seen) {
            break;
        }
    }
    assert!(spread(&seen), "they spread: {seen:?}");
    assert!(leave_two(&seen), "of eight, two are left to those who write: {seen:?}");
    done(fresh, db).await;
}

/// On how many connections many read at the same time, looked at again and again.
async fn at_work(admin: &Db, db: &Db) -> Vec<i64> {
    let readers: Vec<_> = (0..24)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert!(Tag::get(&db, "rust").await.unwrap().is_some());
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    // Not of one that is being opened, which asks the server something.
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while !readers.iter().all(tokio::task::JoinHandle::is_finished) {
        seen.push(admin.sql(asleep).one::<i64>().await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    seen
}

fn spread(seen: &[i64]) -> bool {
    seen.iter().any(|at_work| *at_work >= 5)
}

/// A read that waited for too long takes a connection for itself, so that there may be more now and then.
fn leave_two(seen: &[i64]) -> bool {
    seen.iter().filter(|at_work| **at_work > 6).count() * 4 <= seen.len()
}
