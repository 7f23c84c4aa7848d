//! Transactions: how they end, nest, are retried and are left.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sqlite")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, Error, ErrorKind, Executor, Result, Tx, TxOptions, blocking};
use tempfile::TempDir;

const COUNT: &str = "SELECT count(*) FROM note";

async fn file() -> (TempDir, Db) {
    file_with(Duration::from_millis(80)).await
}

async fn file_with(patience: Duration) -> (TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let db = Db::builder(&url).acquire_timeout(patience).connect().await.unwrap();
    db.sql("CREATE TABLE note (text TEXT UNIQUE)").execute().await.unwrap();
    (folder, db)
}

async fn add<'e, E: Executor<'e, Mode = pilaster::Async>>(on: E, text: &'e str) -> Result<u64> {
    pilaster::sql(on, "INSERT INTO note VALUES (?)").bind(text).execute().await
}

async fn count(db: &Db) -> i64 {
    db.sql(COUNT).one().await.unwrap()
}

fn over(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transaction)
}

#[tokio::test]
async fn committed_work_stays_and_the_rest_goes() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    add(&tx, "a").await.unwrap();
    assert_eq!(count(&db).await, 0, "the database shows what is committed");
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);

    let tx = db.begin().await.unwrap();
    add(&tx, "b").await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.begin().await.unwrap();
    add(&tx, "c").await.unwrap();
    drop(tx);
    assert_eq!(count(&db).await, 1);
    add(&db, "d").await.unwrap();
}

#[tokio::test]
async fn an_error_in_the_middle_leaves_the_transaction_usable() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    add(&tx, "a").await.unwrap();
    assert!(add(&tx, "a").await.unwrap_err().is_unique_violation());
    add(&tx, "b").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 2);
}

#[tokio::test]
async fn nested_transactions_end_by_themselves() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    add(&tx, "outer").await.unwrap();

    let kept = tx.begin().await.unwrap();
    add(&kept, "kept").await.unwrap();
    let error = add(&tx, "refused").await.unwrap_err();
    assert!(over(&error) && error.to_string().contains("nested"), "{error}");
    let deep = kept.begin().await.unwrap();
    add(&deep, "deep").await.unwrap();
    deep.rollback().await.unwrap();
    kept.commit().await.unwrap();

    let dropped = tx.begin().await.unwrap();
    add(&dropped, "dropped").await.unwrap();
    let inside = dropped.begin().await.unwrap();
    add(&inside, "inside").await.unwrap();
    inside.commit().await.unwrap();
    drop(dropped);
    add(&tx, "after").await.unwrap();
    tx.commit().await.unwrap();
    let texts = db.sql("SELECT text FROM note ORDER BY rowid").all::<String>().await.unwrap();
    assert_eq!(texts, ["outer", "kept", "after"]);
}

#[tokio::test]
async fn the_outer_transaction_decides_over_nested_ones() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    let clone = tx.clone();
    let nested = tx.begin().await.unwrap();
    add(&nested, "a").await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(over(&error), "{error:?}");
    clone.rollback().await.unwrap();
    assert!(over(&add(&nested, "b").await.unwrap_err()));
    assert!(over(&nested.commit().await.unwrap_err()));
    assert_eq!(count(&db).await, 0);

    // A nested one keeps the outer one alive, and goes with it.
    let tx = db.begin().await.unwrap();
    let nested = tx.begin().await.unwrap();
    drop(tx);
    add(&nested, "c").await.unwrap();
    nested.commit().await.unwrap();
    assert_eq!(count(&db).await, 0);
    add(&db, "d").await.unwrap();
}

#[tokio::test]
async fn handles_that_outlive_the_transaction_say_so() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    let (clone, another) = (tx.clone(), tx.clone());
    tx.commit().await.unwrap();
    let error = add(&clone, "a").await.unwrap_err();
    assert!(over(&error) && error.to_string().contains("was committed"), "{error}");
    assert!(over(&clone.begin().await.unwrap_err()));
    assert!(over(&clone.commit().await.unwrap_err()));
    assert!(over(&another.rollback().await.unwrap_err()));

    let mut escaped = None;
    db.transaction(|tx: Tx| {
        escaped = Some(tx.clone());
        async move { add(&tx, "b").await }
    })
    .await
    .unwrap();
    assert!(over(&add(&escaped.unwrap(), "c").await.unwrap_err()));
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn a_closure_commits_on_ok_and_rolls_back_on_err() {
    let (_folder, db) = file().await;
    let text = String::from("captured");
    let value = db
        .transaction(async |tx| {
            add(&tx, &text).await?;
            add(&tx, "two").await?;
            Ok(7)
        })
        .await
        .unwrap();
    assert_eq!((value, count(&db).await), (7, 2));
    let failed = db
        .transaction(async |tx| {
            add(&tx, "three").await?;
            add(&tx, &text).await?;
            Ok(())
        })
        .await;
    assert!(failed.unwrap_err().is_unique_violation());
    assert_eq!(count(&db).await, 2);
    db.transaction(async |tx| add(&tx, "short").await).await.unwrap();
    assert_eq!(count(&db).await, 3);
}

#[tokio::test]
async fn a_closure_that_leaves_a_nested_transaction_open_fails_whole() {
    let (_folder, db) = file().await;
    let mut nested = None;
    let failed = db
        .transaction(|tx: Tx| {
            let slot = &mut nested;
            let begun = tx.begin();
            // Blocks for the sake of the test: the handle escapes.
            *slot = Some(ready_now(begun).unwrap());
            async move { Ok(()) }
        })
        .await;
    assert!(over(&failed.unwrap_err()));
    assert!(over(&add(nested.as_ref().unwrap(), "a").await.unwrap_err()));
    add(&db, "the connection is free again").await.unwrap();
}

/// Polls a future that never waits.
fn ready_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the future waits"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn transactions_run_in_spawned_tasks() {
    let (_folder, db) = file_with(Duration::from_secs(30)).await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    db.transaction(async |tx| {
                        add(&tx, &format!("{task} {round}")).await?;
                        tokio::task::yield_now().await;
                        tx.sql(COUNT).one::<i64>().await
                    })
                    .await?;
                }
                Ok::<(), Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&db).await, 40);
}

#[derive(Debug)]
enum Mine {
    Stop,
    Database(Error),
}

impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

#[tokio::test]
async fn errors_of_ones_own_roll_back_too() {
    let (_folder, db) = file().await;
    let outcome = db
        .try_transaction(async |tx| {
            add(&tx, "a").await?;
            if tx.sql(COUNT).one::<i64>().await? == 1 { Err(Mine::Stop) } else { Ok(()) }
        })
        .await;
    assert!(matches!(outcome, Err(Mine::Stop)));
    let outcome = db.try_transaction(async |tx| Ok::<_, Mine>(tx.sql("SELECT nope").execute().await?)).await;
    assert!(matches!(outcome, Err(Mine::Database(error)) if matches!(error.kind(), ErrorKind::Query)));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn what_can_be_retried_is() {
    let (_folder, db) = file().await;
    let runs = AtomicU32::new(0);
    let value = db
        .transaction(async |tx| {
            add(&tx, "once").await?;
            match runs.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::new(ErrorKind::Serialization, "")),
                1 => Err(Error::new(ErrorKind::Deadlock, "")),
                run => Ok(run),
            }
        })
        .await
        .unwrap();
    assert_eq!((value, count(&db).await), (2, 1));

    runs.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    let failed: Result<()> = db
        .transaction(async |_| {
            runs.fetch_add(1, Ordering::Relaxed);
            Err(Error::new(ErrorKind::Serialization, "always"))
        })
        .await;
    assert_eq!((failed.unwrap_err().message(), runs.into_inner()), ("always", 5));
    assert!(begun.elapsed() >= Duration::from_millis(10 + 20 + 40 + 80), "each pause is longer than the one before");
}

#[tokio::test]
async fn a_real_snapshot_conflict_is_retryable() {
    let (folder, db) = file().await;
    add(&db, "a").await.unwrap();
    let tx = db.begin_with(TxOptions::new().read_only(true)).await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1);
    add(&db, "b").await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<i64>().await.unwrap(), 1, "one snapshot");
    let error = add(&tx, "c").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
    tx.commit().await.unwrap();

    let deferred = rusqlite::Connection::open(folder.path().join("a.db")).unwrap();
    deferred.execute_batch("BEGIN; SELECT * FROM note").unwrap();
    add(&db, "d").await.unwrap();
    let conflict = deferred.execute_batch("INSERT INTO note VALUES ('e')").unwrap_err();
    assert_eq!(conflict.sqlite_error().unwrap().extended_code, rusqlite::ffi::SQLITE_BUSY_SNAPSHOT);
}

#[tokio::test]
async fn a_test_leaves_nothing_behind() {
    let (_folder, db) = file().await;
    let seen = db
        .test_transaction(async |tx| {
            add(&tx, "a").await?;
            tx.sql(COUNT).one::<i64>().await
        })
        .await
        .unwrap();
    assert_eq!((seen, count(&db).await), (1, 0));
}

#[tokio::test]
async fn a_cancelled_transaction_is_rolled_back() {
    let (_folder, db) = file().await;
    let work = db.transaction(async |tx| {
        add(&tx, "a").await?;
        let nested = tx.begin().await?;
        add(&nested, "b").await?;
        std::future::pending::<()>().await;
        Ok(())
    });
    assert!(tokio::time::timeout(Duration::from_millis(20), work).await.is_err());
    assert_eq!(count(&db).await, 0);
    add(&db, "c").await.unwrap();
}

#[tokio::test]
async fn waiting_for_oneself_names_the_transaction() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    let line = line!() - 1;
    let error = add(&db, "a").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Pool), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("80ms") && text.contains(&format!("transactions.rs:{line}")), "{text}");
    drop(tx);
    add(&db, "a").await.unwrap();

    let error = db.transaction(async |_| add(&db, "b").await).await.unwrap_err();
    assert!(error.to_string().contains("transactions.rs"), "{error}");
}

#[tokio::test]
async fn statements_of_one_transaction_take_turns() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    let (a, b, c) = tokio::join!(add(&tx, "a"), add(&tx, "b"), add(&tx, "c"));
    assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (1, 1, 1));
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 3);
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_runs_nothing_more() {
    let (_folder, db) = file().await;
    let tx = db.begin().await.unwrap();
    add(&tx, "a").await.unwrap();
    assert!(tx.sql("INSERT OR ROLLBACK INTO note VALUES ('a')").execute().await.unwrap_err().is_unique_violation());
    let error = add(&tx, "b").await.unwrap_err();
    assert!(over(&error) && error.to_string().contains("rolled this transaction back"), "{error}");
    assert!(over(&tx.commit().await.unwrap_err()));
    assert_eq!(count(&db).await, 0);
    add(&db, "c").await.unwrap();

    let tx = db.begin().await.unwrap();
    assert!(over(&tx.sql("INSERT INTO note VALUES ('d'); COMMIT").batch().await.unwrap_err()));
    assert!(over(&add(&tx, "e").await.unwrap_err()));
    drop(tx);
    add(&db, "f").await.unwrap();
}

#[tokio::test]
async fn a_failed_commit_rolls_back() {
    let (_folder, db) = file().await;
    db.sql(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    )
    .batch()
    .await
    .unwrap();
    let tx = db.begin().await.unwrap();
    tx.sql("INSERT INTO c VALUES (1)").execute().await.unwrap();
    assert!(tx.commit().await.unwrap_err().is_foreign_key_violation());
    assert_eq!(db.sql("SELECT count(*) FROM c").one::<i64>().await.unwrap(), 0);
    let failed = db.transaction(async |tx| tx.sql("INSERT INTO c VALUES (1)").execute().await).await;
    assert!(failed.unwrap_err().is_foreign_key_violation());
    add(&db, "a").await.unwrap();
}

/// A file, opened by somebody who waits for little time and by somebody who waits for much.
fn blocking_file() -> (TempDir, [blocking::Db; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let open = |patience| blocking::Db::builder(&url).acquire_timeout(patience).connect().unwrap();
    let both = [Duration::from_millis(80), Duration::from_secs(30)].map(open);
    both[0].sql("CREATE TABLE note (text TEXT UNIQUE)").execute().unwrap();
    (folder, both)
}

/// The same text without a runtime, and inside those of both flavours.
fn use_blocking() {
    let (_folder, [db, patient]) = blocking_file();
    let mut captured = Vec::new();
    db.transaction(|tx| {
        tx.sql("INSERT INTO note VALUES ('a')").execute()?;
        let nested = tx.begin()?;
        nested.sql("INSERT INTO note VALUES ('b')").execute()?;
        nested.rollback()?;
        captured.push(tx.sql(COUNT).one::<i64>()?);
        Ok(())
    })
    .unwrap();
    assert_eq!(captured, [1]);
    let failed: Result<()> = db.transaction(|tx| {
        tx.sql("INSERT INTO note VALUES ('c')").execute()?;
        tx.sql("INSERT INTO note VALUES ('a')").execute()?;
        Ok(())
    });
    assert!(failed.unwrap_err().is_unique_violation());
    let stopped = db.try_transaction(|_| Err::<(), _>(Mine::Stop));
    assert!(matches!(stopped, Err(Mine::Stop)));
    assert_eq!(db.test_transaction(|tx| tx.sql("DELETE FROM note").execute()).unwrap(), 1);

    // Another thread waits for the connection that writes while this one has it.
    let tx = patient.begin().unwrap();
    let other = std::thread::spawn({
        let db = patient.clone();
        move || db.sql("INSERT INTO note VALUES ('d')").execute()
    });
    while patient.pool_status().waiting == 0 {
        assert!(!other.is_finished(), "nobody waits");
        std::thread::sleep(Duration::from_millis(1));
    }
    tx.commit().unwrap();
    assert_eq!(other.join().unwrap().unwrap(), 1);
    let _tx = db.begin().unwrap();
    assert!(matches!(db.begin().unwrap_err().kind(), ErrorKind::Pool));
    assert_eq!(db.sql(COUNT).one::<i64>().unwrap(), 2);
}

#[test]
fn blocking_without_a_runtime() {
    use_blocking();
}

#[tokio::test]
async fn blocking_inside_a_current_thread_runtime() {
    use_blocking();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn blocking_inside_a_multi_thread_runtime() {
    use_blocking();
    tokio::spawn(async { use_blocking() }).await.unwrap();
    tokio::task::spawn_blocking(use_blocking).await.unwrap();
}
