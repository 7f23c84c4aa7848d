//! Faults and their kinds: what the server refuses, and servers that cannot be reached.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, Error, ErrorKind};

use crate::{Database, LONG, servers, until};

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
async fn statements_that_are_not_kept_are_ended_when_they_fail_too() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("max_connections=1&statement_cache=0").await;
    tables(&db).await;
    let open = async || {
        let status = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_stmt_prepare', 'Com_stmt_close')";
        let found = db.sql(status).all::<(String, String)>().await.unwrap();
        found.iter().fold(0, |open, (name, count)| {
            let count: i64 = count.parse().unwrap();
            if name == "Com_stmt_close" { open - count } else { open + count }
        })
    };
    let before = open().await;
    for _ in 0..20 {
        let insert = db.sql("INSERT INTO `user` (`name`, `email`) VALUES (?, ?)").bind("ann").bind("a@b");
        assert!(insert.execute().await.unwrap_err().is_unique_violation());
        assert!(db.sql("SELECT id FROM user").all::<bool>().await.is_ok());
        assert!(db.sql("SELECT name FROM user").all::<i64>().await.is_err());
    }
    assert_eq!(open().await, before);
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

#[tokio::test]
async fn a_wrong_name_of_a_database_costs_no_connection() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("max_connections=1").await;
    let id = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
    for sql in ["SELECT * FROM pilaster_nowhere.a", "CREATE TABLE pilaster_nowhere.a (b INT)", "USE pilaster_nowhere"] {
        let error = db.sql(sql).execute().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query), "{sql}: {error:?}");
        assert_eq!(db.sql("SELECT connection_id()").one::<i64>().await.unwrap(), id);
    }
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
    tables(&database.connect("").await).await;
    let db = database.connect("statement_timeout=2s").await;
    let begun = Instant::now();
    let numbers = servers::numbers(6);
    let slow = format!("SELECT count(*) FROM {numbers} a, {numbers} b WHERE a.seq + b.seq = -1");
    let error = db.sql(slow).one::<i64>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(begun.elapsed() < LONG);
    assert_eq!(db.sql("SELECT 1").one::<i64>().await.unwrap(), 1);
    let reader = Db::builder(&database.url).read_only(true).connect().await.unwrap();
    assert_eq!(reader.sql("SELECT count(*) FROM user").one::<i64>().await.unwrap(), 1);
    let error = reader.sql("DELETE FROM user").execute().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
}

/// A write is not run again, so that whoever closed the connection while it was idle is noticed before.
#[tokio::test]
async fn a_connection_that_was_closed_while_it_was_idle_is_noticed() {
    let Some(database) = Database::new() else { return };
    let (db, other) = (database.connect("max_connections=2").await, database.connect("max_connections=1").await);
    tables(&db).await;
    let mut first = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
    for name in ["bea", "cid"] {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        // One that lives is kept.
        assert_eq!(db.sql("SELECT connection_id()").one::<i64>().await.unwrap(), first);
        other.sql(format!("KILL CONNECTION {first}")).execute().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let insert = db.sql("INSERT INTO user (name, email) VALUES (?, '')").bind(name);
        assert_eq!(insert.execute().await.unwrap(), 1);
        let id = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
        assert_ne!(id, first);
        first = id;
    }
    // What is used all the time is not asked.
    let pings = async || {
        let status = "SHOW SESSION STATUS LIKE 'Com_admin_commands'";
        db.sql(status).one::<(String, String)>().await.unwrap().1
    };
    until("no connection is idle for a second", async || {
        let (begun, before) = (Instant::now(), pings().await);
        for _ in 0..10 {
            db.sql("SELECT 1").one::<i64>().await.unwrap();
        }
        let after = pings().await;
        let is_used_all_the_time = begun.elapsed() < Duration::from_secs(1);
        assert!(after == before || !is_used_all_the_time, "{before} pings before, {after} after");
        is_used_all_the_time
    })
    .await;
}

/// A way to a server whose first connection swallows what is sent from when it is told so.
fn way_that_goes_silent(server: &str) -> (std::net::SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, silent) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
    let (server, told) = (server.to_owned(), Arc::clone(&silent));
    std::thread::spawn(move || {
        for (at, client) in listener.incoming().enumerate() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
            for (mut from, mut to) in [there, (server, client)] {
                let told = Arc::clone(&told);
                std::thread::spawn(move || {
                    let mut buffer = [0; 4_096];
                    while let Ok(count @ 1..) = from.read(&mut buffer) {
                        let swallowed = at == 0 && told.load(Ordering::SeqCst);
                        if !swallowed && to.write_all(&buffer[..count]).is_err() {
                            return;
                        }
                    }
                });
            }
        }
    });
    (address, silent)
}

#[tokio::test]
async fn a_connection_that_went_silent_while_it_was_idle_is_replaced_in_time() {
    let Some(database) = Database::new() else { return };
    let Some((user, rest)) = database.url.split_once('@') else { return };
    let (place, name) = rest.split_once('/').unwrap();
    let place = if place.contains(':') { place.to_owned() } else { format!("{place}:3306") };
    let (way, silent) = way_that_goes_silent(&place);
    let parameters = "max_connections=1&connect_timeout=3s&ssl-mode=DISABLED";
    let join = if name.contains('?') { '&' } else { '?' };
    let db = Db::connect(&format!("{user}@{way}/{name}{join}{parameters}")).await.unwrap();
    tables(&db).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    silent.store(true, Ordering::SeqCst);
    let insert = db.sql("INSERT INTO user (name, email) VALUES ('bea', '')").execute();
    let inserted = tokio::time::timeout(LONG, insert).await;
    assert_eq!(inserted.expect("nobody answers on that connection").unwrap(), 1);
}

#[tokio::test]
async fn a_keepalive_that_is_no_time_is_refused() {
    let error = refusal("mysql://ann@host/blog?tcp_keepalive=often").await;
    assert!(error.to_string().contains("tcp_keepalive is a time"), "{error}");
}

/// Nobody waits for the connection any more, so that nobody is connected further.
#[tokio::test]
async fn connecting_ends_with_whoever_waits_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mysql://ann@{}/blog?connect_timeout=60", listener.local_addr().unwrap());
    let (accepting, accepted) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || accepting.send(listener.accept().unwrap().0));
    // Whoever waits goes when the connection is under way.
    let mut accepted = tokio::select! {
        connected = Db::connect(&url) => panic!("nobody answers: {connected:?}"),
        accepted = accepted => accepted.unwrap(),
    };
    accepted.set_read_timeout(Some(LONG)).unwrap();
    let read = accepted.read(&mut [0]);
    assert_eq!(read.expect("the connection is left open"), 0);
}

#[tokio::test]
async fn a_killed_connection_is_replaced() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("max_connections=1").await;
    let other = database.connect("max_connections=1").await;
    let mut rounds = 0;
    until("a connection is killed three times right after it was used", async || {
        let used = Instant::now();
        let id = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
        // By somebody else, while nobody uses it. What is written by hand may do anything and is not run again; it says
        // that the connection was lost, and the next one finds another.
        other.sql(format!("KILL CONNECTION {id}")).execute().await.unwrap();
        let left = "SELECT count(*) FROM information_schema.processlist WHERE id = ?";
        until("it is gone", async || other.sql(left).bind(id).one::<i64>().await.unwrap() == 0).await;
        match db.sql("SELECT connection_id()").one::<i64>().await {
            Ok(next) => {
                // One that is idle for a second is asked first, and replaced.
                assert_ne!(next, id);
                assert!(used.elapsed() >= Duration::from_secs(1), "it was run again");
            }
            Err(error) => {
                assert_eq!(*error.kind(), ErrorKind::Connection, "{error:?}");
                let next = db.sql("SELECT connection_id()").one::<i64>().await.unwrap();
                assert_ne!(next, id);
                rounds += 1;
            }
        }
        rounds == 3
    })
    .await;
}
