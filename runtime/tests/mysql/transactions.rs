//! Transactions, savepoints, cancellation, deadlocks, DDL, and the blocking mode.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pilaster::{Db, ErrorKind, Isolation, TxOptions, blocking};

use crate::{Database, is_mysql, servers, until};

const COUNT: &str = "SELECT count(*) FROM note";

async fn notes(database: &Database, parameters: &str) -> Db {
    let db = database.connect(parameters).await;
    db.sql("CREATE TABLE note (id INT PRIMARY KEY, text VARCHAR(20) UNIQUE)").execute().await.unwrap();
    db
}

async fn count(db: &Db) -> i64 {
    db.sql(COUNT).one().await.unwrap()
}

#[tokio::test]
async fn committed_work_stays_and_the_rest_goes() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    assert_eq!(count(&db).await, 0);
    assert!(tx.sql("INSERT INTO note VALUES (2, 'a')").execute().await.unwrap_err().is_unique_violation());
    let nested = tx.begin().await.unwrap();
    nested.sql("INSERT INTO note VALUES (3, 'c')").execute().await.unwrap();
    drop(nested);
    let nested = tx.begin().await.unwrap();
    nested.sql("INSERT INTO note VALUES (4, 'd')").execute().await.unwrap();
    nested.rollback().await.unwrap();
    let nested = tx.begin().await.unwrap();
    nested.sql("INSERT INTO note VALUES (5, 'e')").execute().await.unwrap();
    nested.commit().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.sql("SELECT id FROM note ORDER BY id").all::<i64>().await.unwrap(), [1, 5]);
    let tx = db.begin().await.unwrap();
    tx.sql("DELETE FROM note").execute().await.unwrap();
    drop(tx);
    // The lock is gone with the connection.
    assert_eq!(db.sql("UPDATE note SET text = 'z' WHERE id = 1").execute().await.unwrap(), 1);
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn matched_rows_are_counted_and_assignments_see_old_values() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    db.sql("INSERT INTO note VALUES (1, '7')").execute().await.unwrap();
    assert_eq!(db.sql("UPDATE note SET text = '7'").execute().await.unwrap(), 1, "matched, though not changed");
    db.sql("UPDATE note SET id = id + 1, text = id").execute().await.unwrap();
    // MySQL assigns one after the other, which only matters to what is written by hand.
    let text = if is_mysql(&db).await { "2" } else { "1" };
    assert_eq!(db.sql("SELECT id, text FROM note").one::<(i64, String)>().await.unwrap(), (2, text.to_owned()));
}

#[tokio::test]
async fn kinds_of_transactions() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    let tx = db.begin_with(TxOptions::new().read_only(true)).await.unwrap();
    let error = tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
    tx.rollback().await.unwrap();
    let tx = db.begin_with(TxOptions::new().isolation(Isolation::ReadCommitted)).await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 0);
    db.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
    tx.commit().await.unwrap();
    let tx = db.begin_with(TxOptions::new().isolation(Isolation::RepeatableRead)).await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
    db.sql("INSERT INTO note VALUES (2, 'b')").execute().await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
}

#[tokio::test]
async fn ddl_in_a_transaction_is_refused() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    for sql in ["CREATE TABLE other (a INT)", "truncate note", "/* x */ DROP TABLE note"] {
        let error = tx.sql(sql).execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{sql}: {error:?}");
    }
    tx.sql("CREATE TEMPORARY TABLE other (a INT)").execute().await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(count(&db).await, 0);
}

async fn ids(db: &Db) -> Vec<i64> {
    db.sql("SELECT id FROM note ORDER BY id").all().await.unwrap()
}

/// Writes what the next user of the only connection writes, in both ways, and looks from another one whether that is all.
async fn next_user_is_alone(db: &Db, other: &Db) {
    db.sql("INSERT INTO note VALUES (7, 'g')").execute().await.unwrap();
    assert_eq!(ids(other).await, [7]);
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (8, 'h')").execute().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(other).await, [7, 8]);
    db.sql("DELETE FROM note").execute().await.unwrap();
    assert!(ids(other).await.is_empty());
}

#[tokio::test]
async fn what_failed_halfway_leaves_no_transaction_behind() {
    let Some(database) = Database::new() else { return };
    let (db, other) = (notes(&database, "max_connections=1").await, database.connect("max_connections=1").await);
    for fails in ["INSERT INTO note VALUES (1, 'b')", "INSERT INTO nothing VALUES (1)", "SELECT * FROM nothing.a"] {
        let text = format!("START TRANSACTION; INSERT INTO note VALUES (1, 'a'); {fails}; COMMIT");
        db.sql(text).batch().await.unwrap_err();
        next_user_is_alone(&db, &other).await;
    }
    let half = "CREATE PROCEDURE half() BEGIN START TRANSACTION; INSERT INTO note VALUES (1, 'a'); INSERT INTO note \
                VALUES (1, 'b'); COMMIT; END";
    db.sql(half).execute().await.unwrap();
    assert!(db.sql("CALL half()").execute().await.unwrap_err().is_unique_violation());
    next_user_is_alone(&db, &other).await;
}

#[tokio::test]
async fn what_begins_or_ends_a_transaction_unseen_is_told() {
    let Some(database) = Database::new() else { return };
    let (db, other) = (notes(&database, "max_connections=1").await, database.connect("max_connections=1").await);
    let begins = "CREATE PROCEDURE begins() BEGIN START TRANSACTION; INSERT INTO note VALUES (1, 'a'); END";
    db.sql(begins).execute().await.unwrap();
    db.sql("CREATE PROCEDURE ends() COMMIT").execute().await.unwrap();
    for sql in ["CALL begins()", "SET autocommit = 0"] {
        let error = db.sql(sql).execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transaction), "{sql}: {error:?}");
        next_user_is_alone(&db, &other).await;
    }
    for sql in ["CALL ends()", "/*! COMMIT */", "ANALYZE TABLE note"] {
        let tx = db.begin().await.unwrap();
        let error = tx.sql(sql).execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transaction), "{sql}: {error:?}");
        let error = tx.sql("INSERT INTO note VALUES (2, 'b')").execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transaction), "{sql}: {error:?}");
        drop(tx);
        next_user_is_alone(&db, &other).await;
    }
}

#[tokio::test]
async fn transactions_are_not_begun_by_hand() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    for sql in ["START TRANSACTION", "begin", "XA START 'a'", "ABORT"] {
        for error in [
            db.sql(sql).execute().await.unwrap_err(),
            tx.sql(sql).execute().await.unwrap_err(),
            tx.sql(sql).all::<i64>().await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("by the methods of the database"), "{sql}: {error}");
        }
    }
    for sql in ["START TRANSACTION", "INSERT INTO note VALUES (2, 'b'); BEGIN", "COMMIT AND CHAIN"] {
        let error = tx.sql(sql).batch().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{sql}: {error:?}");
    }
    tx.rollback().await.unwrap();
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn deadlocks_are_run_again() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    db.sql("INSERT INTO note VALUES (1, 'a'), (2, 'b')").execute().await.unwrap();
    let (runs, held, failed) = (AtomicU32::new(0), AtomicU32::new(0), Mutex::new(Vec::new()));
    let change = async |first: i64, second: i64| {
        db.transaction(async |tx| {
            let meet = runs.fetch_add(1, Ordering::SeqCst) < 2;
            tx.sql("UPDATE note SET text = concat(text, 'x') WHERE id = ?").bind(first).execute().await?;
            held.fetch_add(1, Ordering::SeqCst);
            while meet && held.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let changed = tx.sql("UPDATE note SET text = concat(text, 'y') WHERE id = ?").bind(second).execute().await;
            changed.inspect_err(|error| failed.lock().unwrap().push(error.kind().clone()))
        })
        .await
    };
    let (one, two) = tokio::join!(change(1, 2), change(2, 1));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    assert_eq!(runs.load(Ordering::SeqCst), 3, "one of both met the deadlock and was run again");
    assert_eq!(*failed.lock().unwrap(), [ErrorKind::Deadlock]);
}

#[tokio::test]
async fn locks_that_are_not_given_free() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "").await;
    db.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.sql("UPDATE note SET text = 'b'").execute().await.unwrap();
    let other = db.begin().await.unwrap();
    let error = other.sql("SELECT id FROM note FOR UPDATE NOWAIT").all::<i64>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked), "{error:?}");
    // The statement failed, not the transaction.
    assert_eq!(other.sql(COUNT).one::<i64>().await.unwrap(), 1);
}

#[tokio::test]
async fn a_dropped_future_leaves_no_broken_connection() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "max_connections=1").await;
    for pause in [0, 1, 5, 30] {
        let slow = db.sql("SELECT sleep(60)").one::<i64>();
        assert!(tokio::time::timeout(Duration::from_millis(pause), slow).await.is_err());
        assert_eq!(db.sql("SELECT 7").one::<i64>().await.unwrap(), 7);
        // In the middle of many rows.
        let rows = db.sql(format!("SELECT seq FROM {} s", servers::numbers(7))).all::<i64>();
        let _ = tokio::time::timeout(Duration::from_millis(pause), rows).await;
        assert_eq!(db.sql("SELECT 8").one::<i64>().await.unwrap(), 8);
    }
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    let slow = tx.sql("SELECT sleep(60)").one::<i64>();
    assert!(tokio::time::timeout(Duration::from_millis(30), slow).await.is_err());
    assert!(tx.sql(COUNT).one::<i64>().await.is_err(), "what was left in the middle is over");
    assert!(tx.commit().await.is_err());
    assert_eq!(count(&db).await, 0);
    // The server does not go on with what nobody waits for.
    let slow = db.sql("SELECT sleep(600)").one::<i64>();
    assert!(tokio::time::timeout(Duration::from_millis(50), slow).await.is_err());
    let running =
        "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info LIKE '%sleep(600)'";
    until("the statement is stopped", async || db.sql(running).one::<i64>().await.unwrap() == 0).await;
}

#[tokio::test]
async fn an_error_while_reading_rows_leaves_the_rest_unread() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "max_connections=1").await;
    for digits in [1, 5] {
        let error =
            db.sql(format!("SELECT seq FROM {} s", servers::numbers(digits))).all::<String>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
        assert_eq!(db.sql("SELECT 7").one::<i64>().await.unwrap(), 7);
    }
}

/// Neither the wish for one row nor one that cannot be read ends the transaction, whatever the length of the rest and in
/// whichever form it comes.
#[tokio::test]
async fn rows_that_nobody_wants_leave_the_transaction_open() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "max_connections=1").await;
    let rows = format!("SELECT seq, 'x' FROM {} s", servers::numbers(4));
    db.sql(format!("CREATE PROCEDURE twice() BEGIN {rows}; {rows}; END")).execute().await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO note VALUES (1, 'a')").execute().await.unwrap();
    for sql in [rows.as_str(), "CALL twice()"] {
        let error = tx.sql(sql).all::<(i64, i64)>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
        assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
    }
    assert!(tx.sql(rows.as_str()).first::<i64>().await.unwrap().is_some());
    assert!(matches!(tx.sql(rows.as_str()).one::<i64>().await.unwrap_err().kind(), ErrorKind::NotUnique));
    // What is only read is stopped; this comes in text.
    let shown = tx.sql("SHOW COLLATION").first::<String>().await.unwrap();
    assert!(shown.is_some());
    let explained = "EXPLAIN SELECT * FROM note UNION ALL SELECT * FROM note UNION ALL SELECT * FROM note";
    assert!(tx.sql(explained).map(|_| Ok(())).first().await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[test]
fn blocking_mode_needs_no_runtime() {
    let Some(database) = Database::new() else { return };
    let db = blocking::Db::connect(&database.url).unwrap();
    db.sql("CREATE TABLE note (id INT)").execute().unwrap();
    let done = db.transaction(|tx| tx.sql("INSERT INTO note VALUES (1)").execute()).unwrap();
    assert_eq!((done, db.sql(COUNT).one::<i64>().unwrap()), (1, 1));
    db.close().unwrap();
}

#[tokio::test]
async fn blocking_mode_works_inside_async_code() {
    let Some(database) = Database::new() else { return };
    let db = blocking::Db::connect(&database.url).unwrap();
    assert_eq!(db.sql("SELECT 1").one::<i64>().unwrap(), 1);
    assert_eq!(db.into_async().sql("SELECT 2").one::<i64>().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_few_connections() {
    let Some(database) = Database::new() else { return };
    let db = notes(&database, "max_connections=3").await;
    let tasks: Vec<_> = (0..40)
        .map(|id| {
            let db = db.clone();
            tokio::spawn(async move {
                db.sql("INSERT INTO note VALUES (?, ?)").bind(id).bind(format!("n{id}")).execute().await?;
                db.blocking().sql("SELECT text FROM note WHERE id = ?").bind(id).one::<String>()
            })
        })
        .collect();
    for (id, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap().unwrap(), format!("n{id}"));
    }
    assert_eq!(count(&db).await, 40);
}

#[tokio::test]
async fn waiting_in_vain_says_who_holds_the_connections() {
    let Some(database) = Database::new() else { return };
    let patience = Duration::from_millis(100);
    // Opening a connection may take longer than waiting for one.
    let db = Db::builder(&database.with("connect_timeout=30")).max_connections(2).acquire_timeout(patience);
    let db = db.connect().await.unwrap();
    let watch = database.connect("max_connections=1").await;
    let _tx = db.begin().await.unwrap();
    let slow = tokio::spawn({
        let db = db.clone();
        async move { db.sql("SELECT sleep(60)").execute().await }
    });
    let asleep =
        "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info = 'SELECT sleep(60)'";
    until("the statement is under way", async || watch.sql(asleep).one::<i64>().await.unwrap() == 1).await;
    let error = db.sql("SELECT 1").one::<i32>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Pool), "{error:?}");
    for said in ["one of the 2 connections", "transactions.rs", "SELECT sleep(60)"] {
        assert!(error.to_string().contains(said), "{error}");
    }
    let status = db.pool_status();
    assert!(status.waits == 1 && status.timeouts == 1 && status.waited >= patience, "{status:?}");
    slow.abort();
}
