//! What a server refuses, or cannot do any more: the kind of the error, and every word of its message.
#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used, clippy::panic)]
#![cfg(all(feature = "tls", unix))]

#[path = "../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;
#[path = "../../tests/src/servers_own.rs"]
#[allow(dead_code)]
mod servers_own;
#[path = "server/until.rs"]
mod until;

use std::time::Duration;

use pilaster::{Db, Error, Result};

use servers_own::Own;
use until::until;

/// The server, or `None` where there is none, or no program to make certificates; a failure where `PILASTER_REQUIRE`
/// asks for it.
fn found(kind: &str, server: impl FnOnce() -> Result<Own, String>) -> Option<Own> {
    let server = if servers_own::has("openssl") { server() } else { Err("openssl is not installed".to_owned()) };
    match server {
        Ok(server) => Some(server),
        Err(why) => {
            let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains(kind));
            assert!(!required, "PILASTER_REQUIRE names {kind}: {why}");
            eprintln!("skipped: {why}");
            None
        }
    }
}

/// Kind and message; what differs between runs is written as a word.
#[track_caller]
fn said(error: &Error, port: u16) -> String {
    assert!(!format!("{error:?} {error}").contains("s3cret"), "{error:?}");
    let said = format!("{:?}: {error}", error.kind()).replace(&port.to_string(), "PORT");
    // MySQL looks names up here.
    said.replace("@'localhost'", "@'127.0.0.1'")
}

/// Compares kind and message.
#[track_caller]
fn says(error: &Error, port: u16, expected: &str) {
    assert_eq!(said(error, port), expected);
    assert_eq!(error.is_outcome_unknown(), expected.contains("is not known"));
}

/// The same where MySQL and MariaDB have words of their own.
#[cfg(feature = "mysql")]
#[track_caller]
fn says_either(error: &Error, port: u16, expected: [&str; 2]) {
    let said = said(error, port);
    assert!(expected.contains(&said.as_str()), "{said}");
}

/// Connecting may take longer than is waited for a server that is just starting.
async fn refused(url: &str) -> Error {
    let patient = format!("{url}{}connect_timeout=30", if url.contains('?') { '&' } else { '?' });
    match Db::builder(&patient).acquire_timeout(Duration::from_secs(3)).connect().await {
        Ok(_) => panic!("{url} lets in"),
        Err(error) => error,
    }
}

/// What a statement gives when something happens to its connection, once it is under way.
async fn interrupted(
    sleep: impl Future<Output = Result<u64>>,
    is_under_way: impl AsyncFnMut() -> bool,
    happens: impl Future<Output = ()>,
) -> Error {
    let later = async {
        until("the statement is under way", is_under_way).await;
        happens.await;
    };
    tokio::join!(sleep, later).0.unwrap_err()
}

/// A PostgreSQL server that says hello and gives its version, which is all that is asked of it.
#[cfg(feature = "postgres")]
fn pretender(version: &'static str) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut rest).unwrap();
        let parameter = format!("server_version\0{version}\0");
        let mut answer = b"R\0\0\0\x08\0\0\0\0S".to_vec();
        answer.extend(u32::try_from(parameter.len() + 4).unwrap().to_be_bytes());
        answer.extend(parameter.as_bytes());
        answer.extend(b"Z\0\0\0\x05I");
        client.write_all(&answer).unwrap();
        let _ = client.read(&mut rest);
    });
    port
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_says_what_to_do() {
    let Some(mut server) = found("postgres", || Own::postgres(true)) else { return };
    let port = server.port;
    let url = |user: &str, rest: &str| format!("postgres://{user}@localhost:{port}/{rest}");
    let admin = Db::builder(&url("postgres", "postgres")).max_connections(3).connect().await.unwrap();
    for sql in [
        "CREATE ROLE worded LOGIN PASSWORD 's3cret'",
        "CREATE ROLE secure LOGIN",
        "CREATE ROLE plain LOGIN CONNECTION LIMIT 0",
        "CREATE TABLE closed (a int)",
        "CREATE DATABASE shut",
        "REVOKE CONNECT ON DATABASE shut FROM PUBLIC",
    ] {
        admin.sql(sql).execute().await.unwrap();
    }
    let old = pretender("9.6.24");
    for (url, expected) in [
        (
            url("worded:s3cret2", "postgres"),
            r#"Permission: cannot connect to PostgreSQL at localhost:PORT, database "postgres": password authentication failed for user "worded" (is the password in the URL right, and are its special characters escaped as in %40 for @?)"#,
        ),
        (
            url("worded", "postgres"),
            r#"Permission: cannot connect to PostgreSQL at localhost:PORT, database "postgres": the server asks for a password and the URL has none (write it as user:password@host)"#,
        ),
        (
            url("nobody:s3cret", "postgres"),
            r#"Permission: cannot connect to PostgreSQL at localhost:PORT, database "postgres": no pg_hba.conf entry for host "127.0.0.1", user "nobody", database "postgres", SSL encryption (does the role exist, and does pg_hba.conf let it in from here?)"#,
        ),
        (
            "postgres://ann:s3cret@no-such-host.invalid/blog".to_owned(),
            r#"Connection: cannot connect to PostgreSQL at no-such-host.invalid:5432, database "blog": nobody knows a host of this name (is it right in the URL?)"#,
        ),
        (
            "postgres://ann:s3cret@127.0.0.1:1/blog".to_owned(),
            r#"Connection: cannot connect to PostgreSQL at 127.0.0.1:1, database "blog": Connection refused (os error 111) (nobody listens there: does the server run, and are host and port right?)"#,
        ),
        (
            "postgres://ann:s3cret@/blog?host=/no/such/folder".to_owned(),
            r#"Connection: cannot connect to PostgreSQL at /no/such/folder, database "blog": No such file or directory (os error 2) (there is no such socket: does the server run, and does it make its socket there?)"#,
        ),
        (
            url("secure", "postgres?sslmode=disable"),
            r#"Permission: cannot connect to PostgreSQL at localhost:PORT, database "postgres": no pg_hba.conf entry for host "127.0.0.1", user "secure", database "postgres", no encryption (pg_hba.conf may ask for TLS here: sslmode=require in the URL)"#,
        ),
        (
            url("postgres", &format!("postgres?sslmode=verify-ca&sslrootcert={}", server.file("other.pem"))),
            r#"Connection: cannot connect to PostgreSQL at localhost:PORT, database "postgres": the server's certificate is signed by an authority that is not trusted here (name the file of the authority's certificate in sslrootcert)"#,
        ),
        (
            url("postgres", "nowhere"),
            r#"Connection: cannot connect to PostgreSQL at localhost:PORT, database "nowhere": database "nowhere" does not exist (create it with `createdb` or `pilaster db create`)"#,
        ),
        (
            url("secure", "shut"),
            r#"Permission: cannot connect to PostgreSQL at localhost:PORT, database "shut": permission denied for database "shut" (GRANT CONNECT ON DATABASE … lets the role in)"#,
        ),
        (
            url("plain", "postgres?sslmode=disable"),
            r#"Connection: cannot connect to PostgreSQL at localhost:PORT, database "postgres": too many connections for role "plain" (lower max_connections of this pool or of others, or raise the server's)"#,
        ),
        (
            format!("postgres://ann:s3cret@127.0.0.1:{old}/blog?sslmode=disable"),
            r#"Unsupported { feature: "such an old server", dialect: "PostgreSQL" }: cannot connect to PostgreSQL at 127.0.0.1:PORT, database "blog": the server has version 9.6.24, and 12 or later is needed (upgrade it)"#,
        ),
    ] {
        says(&refused(&url).await, if url.contains(&format!(":{old}/")) { old } else { port }, expected);
    }
    let secure = Db::connect(&url("secure", "postgres")).await.unwrap();
    says(
        &secure.sql("SELECT * FROM closed").execute().await.unwrap_err(),
        port,
        r#"Permission: permission denied for table closed (GRANT gives the role of the URL the right)"#,
    );
    let hasty = Db::connect(&url("secure", "postgres?statement_timeout=1s")).await.unwrap();
    says(
        &hasty.sql("SELECT pg_sleep(60)").execute().await.unwrap_err(),
        port,
        r#"Timeout: canceling statement due to statement timeout (statement_timeout in the URL says how long it may take)"#,
    );
    let kill = async {
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'";
        admin.sql(all).execute().await.unwrap();
    };
    let is_asleep = async |sql: &str| {
        let asleep = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND wait_event = 'PgSleep'";
        admin.sql(asleep).bind(sql).one::<i64>().await.unwrap() == 1
    };
    let sleep = "SELECT pg_sleep(30)";
    says(
        &interrupted(admin.sql(sleep).execute(), async || is_asleep(sleep).await, kill).await,
        port,
        r#"Connection: terminating connection due to administrator command (whether what was under way took effect is not known: look before it is run again)"#,
    );
    let mut held = Vec::new();
    let crowd = Db::builder(&url("secure", "postgres?connect_timeout=30")).max_connections(40);
    let crowd = crowd.acquire_timeout(Duration::from_millis(300)).connect().await.unwrap();
    let error = loop {
        match crowd.begin().await {
            Ok(tx) => held.push(tx),
            Err(error) => break error,
        }
    };
    says(
        &error,
        port,
        r#"Connection: cannot connect to PostgreSQL at localhost:PORT, database "postgres": remaining connection slots are reserved for non-replication superuser connections (lower max_connections of this pool or of others, or raise the server's)"#,
    );
    let tx = admin.begin().await.unwrap();
    let stop = async { tokio::task::block_in_place(|| server.stop().unwrap()) };
    let sleep = "SELECT pg_sleep(40)";
    says(
        &interrupted(tx.sql(sleep).execute(), async || is_asleep(sleep).await, stop).await,
        port,
        r#"Connection: the connection to PostgreSQL was lost: the server closed it"#,
    );
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_says_what_to_do() {
    let Some(mut server) = found("mysql", || Own::mysql(true)) else { return };
    let port = server.port;
    let url = |user: &str, rest: &str| format!("mysql://{user}@127.0.0.1:{port}/{rest}");
    let admin = Db::builder(&url("root", "mysql")).max_connections(3).connect().await.unwrap();
    for sql in [
        "CREATE USER worded@'%' IDENTIFIED BY 's3cret'",
        "CREATE USER secure@'%' REQUIRE SSL",
        "CREATE USER plain@'%' WITH MAX_USER_CONNECTIONS 1",
        "CREATE DATABASE shop",
        "CREATE TABLE shop.closed (a int)",
        "CREATE TABLE shop.open (a int)",
        "GRANT SELECT ON shop.open TO plain@'%'",
    ] {
        admin.sql(sql).execute().await.unwrap();
    }
    for (url, expected) in [
        (
            url("worded:s3cret2", "shop"),
            r#"Permission: cannot connect to the server at 127.0.0.1:PORT: Access denied for user 'worded'@'127.0.0.1' (using password: YES) (check user and password in the URL; a user who REQUIREs TLS needs ssl-mode=REQUIRED, or ssl-cert and ssl-key)"#,
        ),
        (
            "mysql://ann:s3cret@no-such-host.invalid/blog".to_owned(),
            r#"Connection: cannot connect to the server at no-such-host.invalid:3306: nobody knows a host of this name (is it right in the URL?)"#,
        ),
        (
            "mysql://ann:s3cret@127.0.0.1:1/blog".to_owned(),
            r#"Connection: cannot connect to the server at 127.0.0.1:1: Connection refused (os error 111) (nobody listens there: does the server run, and are host and port right?)"#,
        ),
        (
            "mysql://ann:s3cret@127.0.0.1/blog?socket=/no/such/socket".to_owned(),
            r#"Connection: cannot connect to the server at /no/such/socket: No such file or directory (os error 2) (there is no such socket: does the server run, and does it make its socket there?)"#,
        ),
        (
            url("secure", "?ssl-mode=DISABLED"),
            r#"Permission: cannot connect to the server at 127.0.0.1:PORT: Access denied for user 'secure'@'127.0.0.1' (using password: NO) (check user and password in the URL; a user who REQUIREs TLS needs ssl-mode=REQUIRED, or ssl-cert and ssl-key)"#,
        ),
        (
            url("root", &format!("?ssl-mode=VERIFY_CA&ssl-ca={}", server.file("other.pem"))),
            r#"Connection: cannot connect to the server at 127.0.0.1:PORT: the server's certificate is signed by an authority that is not trusted here (name the file of the authority's certificate in ssl-ca)"#,
        ),
        (
            url("root", "nowhere"),
            r#"Connection: cannot connect to the server at 127.0.0.1:PORT: Unknown database 'nowhere' (create the database first, or correct its name in the URL)"#,
        ),
        (
            url("worded:s3cret", "shop"),
            r#"Permission: cannot connect to the server at 127.0.0.1:PORT: Access denied for user 'worded'@'%' to database 'shop' (the user needs a GRANT for this)"#,
        ),
    ] {
        says(&refused(&url).await, port, expected);
    }
    // MySQL does not let on that it knows nobody of this name, and asks for the password in one way or another.
    says_either(
        &refused(&url("nobody:s3cret", "shop")).await,
        port,
        [
            r#"Permission: cannot connect to the server at 127.0.0.1:PORT: Access denied for user 'nobody'@'127.0.0.1' (using password: YES) (check user and password in the URL; a user who REQUIREs TLS needs ssl-mode=REQUIRED, or ssl-cert and ssl-key)"#,
            r#"Permission: cannot connect to the server at 127.0.0.1:PORT: the server asks for the password by `sha256_password`, which is not spoken here (check the user in the URL, as MySQL may ask so for one that is not there; else let the user be IDENTIFIED WITH caching_sha2_password)"#,
        ],
    );
    let plain = Db::connect(&url("plain", "shop?statement_timeout=2s&max_connections=2")).await.unwrap();
    says_either(
        &plain.sql("SELECT * FROM closed").execute().await.unwrap_err(),
        port,
        [
            r#"Permission: SELECT command denied to user 'plain'@'127.0.0.1' for table `shop`.`closed` (the user needs a GRANT for this)"#,
            r#"Permission: SELECT command denied to user 'plain'@'127.0.0.1' for table 'closed' (the user needs a GRANT for this)"#,
        ],
    );
    // MySQL only wakes what sleeps.
    let long = format!("SELECT count(*) FROM {} numbers", servers_mysql::numbers(9));
    says_either(
        &plain.sql(long).execute().await.unwrap_err(),
        port,
        [
            r#"Timeout: Query execution was interrupted (max_statement_time exceeded) (statement_timeout in the URL says how long it may take)"#,
            r#"Timeout: Query execution was interrupted, maximum statement execution time exceeded (statement_timeout in the URL says how long it may take)"#,
        ],
    );
    let _tx = plain.begin().await.unwrap();
    says(
        &refused(&url("plain", "shop")).await,
        port,
        r#"Connection: cannot connect to the server at 127.0.0.1:PORT: User 'plain' has exceeded the 'max_user_connections' resource (current value: 1) (lower max_connections in the URL, or raise the server's limit)"#,
    );
    let asleep = "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'";
    let kill = async {
        let id = admin.sql(asleep).one::<i64>().await.unwrap();
        admin.sql(format!("KILL CONNECTION {id}")).execute().await.unwrap();
    };
    let is_asleep = async || admin.sql(asleep).all::<i64>().await.unwrap().len() == 1;
    says(
        &interrupted(admin.sql("SELECT sleep(30)").execute(), is_asleep, kill).await,
        port,
        r#"Connection: the connection to the server was lost: the server closed it (whether what was under way took effect is not known: look before it is run again)"#,
    );
    let crowd = Db::builder(&url("root", "mysql?connect_timeout=30")).max_connections(40);
    let crowd = crowd.acquire_timeout(Duration::from_millis(300)).connect().await.unwrap();
    let mut held = Vec::new();
    let error = loop {
        match crowd.begin().await {
            Ok(tx) => held.push(tx),
            Err(error) => break error,
        }
    };
    says(
        &error,
        port,
        r#"Connection: cannot connect to the server at 127.0.0.1:PORT: Too many connections (lower max_connections in the URL, or raise the server's limit)"#,
    );
    let tx = admin.begin().await.unwrap();
    let stop = async { tokio::task::block_in_place(|| server.stop().unwrap()) };
    // The server has no connection left but those that are there.
    let watch = held.pop().unwrap();
    let is_asleep = async || watch.sql(asleep).all::<i64>().await.unwrap().len() == 1;
    says(
        &interrupted(tx.sql("SELECT sleep(40)").execute(), is_asleep, stop).await,
        port,
        r#"Connection: the connection to the server was lost: the server closed it"#,
    );
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mariadb_that_is_too_old_is_refused() {
    if servers_mysql::program().is_ok_and(|program| !program.is_mariadb) {
        eprintln!("skipped: MySQL cannot be told to be of another version");
        return;
    }
    let Some(server) = found("mysql", || Own::mysql_with(false, "--version=10.4.34-MariaDB")) else { return };
    let port = server.port;
    says(
        &refused(&format!("mysql://root@127.0.0.1:{port}")).await,
        port,
        r#"Unsupported { feature: "this version of the server", dialect: "MariaDB" }: cannot connect to the server at 127.0.0.1:PORT: it is MariaDB 10.4.34-MariaDB, and 10.5 or newer is needed (upgrade it)"#,
    );
}

/// What a violation is about stands in the server's message, whose language is the session's.
#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_that_speaks_german_still_names_what_is_violated() {
    let Some(server) = found("mysql", || Own::mysql_with(false, "--lc-messages=de_DE")) else { return };
    let root = Db::connect(&format!("mysql://root@127.0.0.1:{}", server.port)).await.unwrap();
    let language = root.sql("SELECT @@global.lc_messages").one::<String>().await.unwrap();
    assert_eq!(language, "de_DE");
    for sql in [
        "CREATE DATABASE words",
        "CREATE TABLE words.word (id BIGINT PRIMARY KEY, text VARCHAR(5) UNIQUE)",
        "CREATE USER writer",
        "GRANT SELECT, INSERT ON words.word TO writer",
    ] {
        root.sql(sql).execute().await.unwrap();
    }
    // Nobody needs a right to choose the language of his own session.
    let db = Db::connect(&format!("mysql://writer@127.0.0.1:{}/words", server.port)).await.unwrap();
    let insert = async |id: i64, text: &str| {
        db.sql("INSERT INTO `word` (`id`, `text`) VALUES (?, ?)").bind(id).bind(text).execute().await
    };
    insert(1, "one").await.unwrap();
    let error = insert(2, "one").await.unwrap_err();
    let pilaster::ErrorKind::UniqueViolation(found) = error.kind() else { panic!("{error:?}") };
    assert_eq!((found.constraint.as_deref(), found.columns.as_slice()), (Some("text"), &["text".to_owned()][..]));
    let error = insert(3, "longer").await.unwrap_err();
    let pilaster::ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!(cell.column.as_deref(), Some("text"), "{error}");
}
