//! Opening databases, and hand-written SQL on them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sqlite")]

use std::path::Path;
use std::time::Duration;

use pilaster::blocking::Db;
use pilaster::{Error, ErrorKind};

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn refused(url: &str) -> Error {
    Db::connect(url).expect_err("the database opened")
}

#[test]
fn a_file_is_created_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.db");
    let address = url(&path).replace(' ', "%20");
    let db = Db::connect(&address).unwrap();
    db.sql("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)").execute().unwrap();
    assert_eq!(db.sql("INSERT INTO note (text) VALUES (?), (?)").bind("a").bind("b").execute().unwrap(), 2);
    assert_eq!(db.sql("PRAGMA journal_mode").one::<String>().unwrap(), "wal");
    assert_eq!(db.sql("PRAGMA foreign_keys").one::<i64>().unwrap(), 1);
    db.close().unwrap();
    assert!(path.exists() && !folder.path().join("a b.db-wal").exists(), "closing tidies up");

    let error = db.sql("SELECT 1").one::<i64>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Pool) && error.to_string().contains("closed"), "{error}");
    let db = Db::builder(&address).create_if_missing(false).connect().unwrap();
    assert_eq!(db.sql("SELECT count(*) FROM note").one::<i64>().unwrap(), 2);
}

#[test]
fn what_cannot_be_opened_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let missing = refused(&url(&path.join("no/such/folder.db")));
    assert!(matches!(missing.kind(), ErrorKind::Connection), "{missing:?}");
    assert!(missing.to_string().contains("there is no folder") && missing.to_string().contains("no/such"), "{missing}");

    let missing = refused(&(url(&path.join("missing.db")) + "?mode=rw"));
    assert!(missing.to_string().contains("no such file"), "{missing}");
    assert!(!path.join("missing.db").exists());
    assert!(refused(&(url(&path.join("missing.db")) + "?read_only=true")).to_string().contains("no such file"));

    let directory = refused(&url(path));
    assert!(matches!(directory.kind(), ErrorKind::Connection), "{directory:?}");

    for content in ["not a database, but longer than the head of one would be: ".repeat(20), "short".to_owned()] {
        let text = path.join("text.db");
        std::fs::write(&text, content).unwrap();
        let error = refused(&url(&text));
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
        assert!(error.to_string().contains("file is not a database"), "{error}");
        assert!(error.to_string().contains("text.db"), "{error}");
    }
    assert!(matches!(refused("blog.db").kind(), ErrorKind::Config));
    #[cfg(not(feature = "postgres"))]
    assert!(matches!(refused("postgres://a:b@c/d").kind(), ErrorKind::Unsupported { .. }));
    #[cfg(not(feature = "mysql"))]
    assert!(matches!(refused("mysql://a:b@c/d").kind(), ErrorKind::Unsupported { .. }));
}

#[test]
fn a_read_only_database_refuses_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = Db::connect(&url(&path)).unwrap();
    db.sql("CREATE TABLE note (text TEXT)").execute().unwrap();
    db.close().unwrap();

    let db = Db::connect(&(url(&path) + "?mode=ro")).unwrap();
    assert_eq!(db.sql("SELECT count(*) FROM note").one::<i64>().unwrap(), 0);
    let error = db.sql("INSERT INTO note VALUES ('a')").execute().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
}

#[test]
fn another_process_that_holds_the_file_is_a_locked_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = Db::builder(&url(&path)).busy_timeout(Duration::from_millis(30)).connect().unwrap();
    db.sql("CREATE TABLE note (text TEXT)").execute().unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let error = db.sql("INSERT INTO note VALUES ('a')").execute().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked), "{error:?}");
    assert!(!error.is_retryable());
    let error = db.begin().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked), "{error:?}");
    // With a write-ahead log, reading goes on.
    assert_eq!(db.sql("SELECT count(*) FROM note").one::<i64>().unwrap(), 0);
    other.execute_batch("ROLLBACK").unwrap();
    db.sql("INSERT INTO note VALUES ('a')").execute().unwrap();

    // Without a write-ahead log a database that another one holds cannot even be opened.
    let rolled = folder.path().join("rolled.db");
    let other = rusqlite::Connection::open(&rolled).unwrap();
    other.execute_batch("CREATE TABLE a (b); BEGIN EXCLUSIVE").unwrap();
    let error = Db::builder(&url(&rolled)).busy_timeout(Duration::from_millis(30)).connect().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Locked), "{error:?}");
}

#[test]
fn memory_is_one_database_for_all_handles_and_modes() {
    let db = Db::connect("sqlite::memory:").unwrap();
    db.sql("CREATE TABLE note (text TEXT)").execute().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let db = db.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    db.sql("INSERT INTO note VALUES (?)").bind(number).execute().unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(db.sql("SELECT count(*) FROM note").one::<i64>().unwrap(), 200);
    let other = Db::connect("sqlite::memory:").unwrap();
    assert!(other.sql("SELECT * FROM note").execute().is_err(), "two connects are two databases");
}

#[test]
fn rows_are_read_as_types_tuples_and_by_closures() {
    let db = Db::connect("sqlite::memory:").unwrap();
    db.sql("CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL, bio TEXT); INSERT INTO user VALUES (9, 'z', 'y')")
        .batch()
        .unwrap();
    let bytes: &[u8] = b"x";
    db.sql("INSERT INTO user (name, bio) VALUES (?, ?)").bind("ann").bind(None::<&str>).execute().unwrap();
    db.sql("INSERT INTO user (name, bio) VALUES (?, ?)").bind(String::from("bob")).bind(Some(bytes)).execute().unwrap();

    let rows: Vec<(i64, String)> = db.sql("SELECT id, name FROM user WHERE id > ? ORDER BY id").bind(9).all().unwrap();
    assert_eq!(rows, [(10, "ann".into()), (11, "bob".into())]);
    assert_eq!(db.sql("SELECT bio FROM user WHERE id = 10").one::<Option<String>>().unwrap(), None);
    assert_eq!(db.sql("SELECT name FROM user ORDER BY id").first::<String>().unwrap().as_deref(), Some("z"));
    assert_eq!(db.sql("SELECT name FROM user WHERE id = 0").first::<String>().unwrap(), None);
    assert!(db.sql("SELECT name FROM user WHERE id = 0").one::<String>().unwrap_err().is_not_found());
    assert!(matches!(db.sql("SELECT name FROM user").one::<String>().unwrap_err().kind(), ErrorKind::NotUnique));

    let lengths = db.sql("SELECT * FROM user").map(|row| Ok(row.by_name::<String>("name")?.len())).all().unwrap();
    assert_eq!(lengths, [1, 3, 3]);
    let error = db.sql("SELECT 1").map(|row| row.by_name::<i64>("x")).all().unwrap_err();
    assert!(error.to_string().contains("no column named \"x\""), "{error}");
    let error = db.sql("SELECT name FROM user").all::<(i64,)>().unwrap_err();
    assert_eq!(error.to_string(), "cannot read column \"name\" of \"result\": expected an integer, found text \"z\"");
    assert!(db.sql("SELECT 1").all::<(i64, i64)>().is_err());
    assert!(db.sql("SELECT 1").one::<i8>().is_ok() && db.sql("SELECT 1000").one::<i8>().is_err());
}

#[test]
fn statements_go_where_they_may_write() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(&url(&folder.path().join("a.db"))).unwrap();
    db.sql("CREATE TABLE t (a INTEGER)").execute().unwrap();
    assert_eq!(db.sql("INSERT INTO t VALUES (1), (2) RETURNING a").all::<i64>().unwrap(), [1, 2]);
    assert_eq!(db.sql("INSERT INTO t VALUES (3), (4) RETURNING a").first::<i64>().unwrap(), Some(3));
    assert_eq!(db.sql("WITH x AS (SELECT 1) UPDATE t SET a = a + 1").execute().unwrap(), 4);
    assert_eq!(db.sql("WITH x AS (SELECT 7 AS n) SELECT n FROM x").one::<i64>().unwrap(), 7);
    assert_eq!(db.sql("/* read */ SELECT sum(a) FROM t").one::<i64>().unwrap(), 14);
    db.sql("PRAGMA user_version = 5").execute().unwrap();
    assert_eq!(db.sql("PRAGMA user_version").one::<i64>().unwrap(), 5);

    for control in ["BEGIN", "commit", "SAVEPOINT a"] {
        assert!(db.sql(control).execute().unwrap_err().to_string().contains("methods of the database"), "{control}");
    }
    let error = db.sql("BEGIN; INSERT INTO t VALUES (100)").batch().unwrap_err();
    assert!(error.to_string().contains("left a transaction open"), "{error}");
    db.sql("BEGIN; INSERT INTO t VALUES (200); COMMIT").batch().unwrap();
    assert_eq!(db.sql("SELECT a FROM t WHERE a >= 100").all::<i64>().unwrap(), [200]);
}

#[test]
fn values_that_cannot_be_bound_are_reported_when_it_runs() {
    let db = Db::connect("sqlite::memory:").unwrap();
    let error = db.sql("SELECT ?, ?").bind(f64::NAN).bind(1).one::<i64>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
    assert!(db.sql("SELECT 1").bind(1).one::<i64>().unwrap_err().to_string().contains("0 parameters"));
}

#[tokio::test]
async fn modes_share_a_database() {
    let db = pilaster::Db::connect("sqlite::memory:").await.unwrap();
    db.sql("CREATE TABLE t (a)").execute().await.unwrap();
    let blocking = db.blocking();
    blocking.sql("INSERT INTO t VALUES (1)").execute().unwrap();
    assert_eq!(blocking.into_async().sql("SELECT a FROM t").all::<i64>().await.unwrap(), [1]);
    async fn count<'e, E: pilaster::Executor<'e, Mode = pilaster::Async>>(on: E) -> i64 {
        pilaster::sql(on, "SELECT count(*) FROM t").one().await.unwrap()
    }
    let tx = db.begin().await.unwrap();
    assert_eq!(count(&tx).await, 1);
    drop(tx);
    assert_eq!(count(&db).await, 1);
}

#[test]
fn nothing_shows_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = Db::connect(&url(&path)).unwrap();
    assert!(format!("{db:?}").contains("a.db"));
    let builder = Db::builder("postgres://ann:secret@host/db");
    assert!(!format!("{builder:?}").contains("secret"), "{builder:?}");
}
