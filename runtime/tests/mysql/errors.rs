//! Faults and their kinds: what the server refuses, and servers that cannot be reached.

use std::time::{Duration, Instant};

use pilaster::{Db, Error, ErrorKind};

use crate::{Database, servers};

async fn tables(db: &Db) {
    let user = "CREATE TABLE user (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, email VARCHAR(20) NOT \
                NULL, UNIQUE KEY who (name, email))";
    let post = "CREATE TABLE post (id BIGINT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(20) NOT NULL, user_id BIGINT NOT \
                NULL, CONSTRAINT by_user FOREIGN KEY (user_id) REFERENCES user (id), CONSTRAINT titled CHECK \
                (length(title) > 0))";
    db.sql(user).execute().await.unwrap();
    db.sql(post).execute().await.unwrap();
    db.sql("INSERT INTO user (name, email) VALUES ('ann', 'a@b')").execute().await.unwrap();
}

#[tokio::test]
async fn violations_name_constraint_table_and_columns() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    tables(&db).await;
    for _ in 0..2 {
        let insert = db.sql("INSERT INTO `user` (`name`, `email`) VALUES (?, ?)").bind("ann").bind("a@b");
        let error = insert.execute().await.unwrap_err();
        let ErrorKind::UniqueViolation(found) = error.kind() else { panic!("{error:?}") };
        assert_eq!((found.constraint.as_deref(), found.table.as_deref()), (Some("who"), Some("user")));
        assert_eq!(found.columns, ["name", "email"]);
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = db.sql("INSERT INTO post (title, user_id) VALUES ('x', 7)").execute().await.unwrap_err();
    let ErrorKind::ForeignKeyViolation(found) = error.kind() else { panic!("{error:?}") };
    assert_eq!((found.constraint.as_deref(), found.table.as_deref()), (Some("by_user"), Some("post")));
    assert_eq!(found.columns, ["user_id"]);
    db.sql("INSERT INTO post (title, user_id) VALUES ('x', 1)").execute().await.unwrap();
    assert!(db.sql("DELETE FROM user").execute().await.unwrap_err().is_foreign_key_violation());
    let error = db.sql("INSERT INTO post (title, user_id) VALUES ('', 1)").execute().await.unwrap_err();
    let ErrorKind::CheckViolation(found) = error.kind() else { panic!("{error:?}") };
    assert_eq!((found.constraint.as_deref(), found.table.as_deref()), (Some("titled"), Some("post")));
    for sql in ["INSERT INTO `user` (`name`, `email`) VALUES (NULL, '')", "INSERT INTO `user` (`email`) VALUES ('')"] {
        let error = db.sql(sql).execute().await.unwrap_err();
        let ErrorKind::NotNullViolation(found) = error.kind() else { panic!("{error:?}") };
        assert_eq!((found.table.as_deref(), found.columns.as_slice()), (Some("user"), &["name".to_owned()][..]));
    }
}

#[tokio::test]
async fn wrong_statements_are_shown() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    for sql in
        ["SELEC 1", "SELECT nothing FROM nowhere", "SELECT 1; SELECT 2", "SELECT ?", "INSERT INTO nowhere VALUES (1)"]
    {
        let error = db.sql(sql).execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query), "{sql}: {error:?}");
    }
    assert!(db.sql("SELEC 1").execute().await.unwrap_err().to_string().contains("SELEC 1"));
    let error = db.sql("SELECT 1 WHERE 1 = :one").execute().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Query), "{error:?}");
    assert_eq!(db.sql("SELECT ':a', `b:c` FROM (SELECT 1 AS `b:c`) q").one::<(String, i64)>().await.unwrap().0, ":a");
}

async fn refusal(url: &str) -> Error {
    let error = Db::connect(url).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
    error
}

#[tokio::test]
async fn servers_that_cannot_be_used_say_why() {
    let Some(database) = Database::new() else { return };
    let place = database.url.rsplit_once('@').map_or("127.0.0.1", |(_, place)| place).to_owned();
    let error = refusal(&format!("mysql://nobody:secret@{place}")).await;
    assert!(matches!(error.kind(), ErrorKind::Permission) && error.to_string().contains("password"), "{error}");
    let error = refusal("mysql://ann:secret@127.0.0.1:1/blog").await;
    assert!(matches!(error.kind(), ErrorKind::Connection) && error.to_string().contains("127.0.0.1:1"), "{error}");
    let error = refusal("mysql://ann:secret@no.such.host.invalid/blog?connect_timeout=5").await;
    assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    let error = refusal("mysql://ann:secret@127.0.0.1/blog?socket=/no/such/socket").await;
    assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    let missing = servers::url(servers::server().unwrap(), "pilaster_no_such_database");
    let error = refusal(&missing).await;
    assert!(matches!(error.kind(), ErrorKind::Connection) && error.to_string().contains("create"), "{error}");
    assert!(matches!(refusal("mysql://ann:secret@host/blog?odd=1").await.kind(), ErrorKind::Config));
}

#[tokio::test]
async fn timeouts_and_read_only_sessions() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("statement_timeout=200ms").await;
    tables(&db).await;
    let begun = Instant::now();
    let numbers = servers::numbers(6);
    let slow = format!("SELECT count(*) FROM {numbers} a, {numbers} b WHERE a.seq + b.seq = -1");
    let error = db.sql(slow).one::<i64>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(db.sql("SELECT 1").one::<i64>().await.unwrap(), 1);
    let reader = Db::builder(&database.url).read_only(true).connect().await.unwrap();
    assert_eq!(reader.sql("SELECT count(*) FROM user").one::<i64>().await.unwrap(), 1);
    let error = reader.sql("DELETE FROM user").execute().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
}

#[tokio::test]
async fn a_killed_connection_is_replaced() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("max_connections=1").await;
    let other = database.connect("max_connections=1").await;
    let mut id = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
    for _ in 0..3 {
        // By somebody else, while nobody uses it. What is written by hand may do anything and is not run again; it says
        // that the connection was lost, and the next one finds another.
        other.sql(format!("KILL CONNECTION {id}")).execute().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let error = db.sql("SELECT connection_id()").one::<i64>().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Connection, "{error:?}");
        let next = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
        assert_ne!(next, id);
        id = next;
    }
}
