//! TLS: what each mode does with a server that speaks it, one that does not, and certificates that are wrong.
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

use pilaster::{Db, ErrorKind, Result};

use servers_own::Own;

/// The server, or `None` where there is none, which is said, and is a failure where `PILASTER_REQUIRE` asks for it.
fn found(kind: &str, server: Result<Own, String>) -> Option<Own> {
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

fn has_openssl() -> bool {
    let has = servers_own::has("openssl");
    if !has {
        eprintln!("skipped: the program openssl is not installed");
    }
    has
}

/// The one value that a statement gives on a connection of its own.
async fn ask(url: &str, sql: &str) -> Result<String> {
    let db = Db::builder(url).max_connections(1).connect().await?;
    let answer = db.sql(sql).one::<String>().await?;
    db.close().await?;
    Ok(answer)
}

/// Each URL's answer, or the kind and some words of its error.
async fn check(cases: &[(String, Result<&str, &str>)], sql: &str) {
    for (url, expected) in cases {
        match (ask(url, sql).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "{url}"),
            (Err(error), Err(said)) => {
                assert!(error.to_string().contains(said), "{url}: {error}");
                assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
                let wanted = matches!(error.kind(), ErrorKind::Connection | ErrorKind::Permission | ErrorKind::Config);
                assert!(wanted, "{url}: {error:?}");
            }
            (found, _) => panic!("{url}: {found:?}, expected {expected:?}"),
        }
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_modes_do_as_libpq_does() {
    const ENCRYPTED: &str = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    if !has_openssl() {
        return;
    }
    let Some(server) = found("postgres", Own::postgres(true)) else { return };
    let (port, ca, other) = (server.port, server.file("ca.pem"), server.file("other.pem"));
    let admin = Db::connect(&format!("postgres://postgres@localhost:{port}/postgres")).await.unwrap();
    for role in ["secure", "plain", "certified", "worded PASSWORD 's3cret'"] {
        admin.sql(format!("CREATE ROLE {role} LOGIN")).execute().await.unwrap();
    }
    let url = |user: &str, query: &str| format!("postgres://{user}@localhost:{port}/postgres?{query}");
    let there = |query: &str| format!("postgres://postgres@127.0.0.1:{port}/postgres?{query}");
    let own = format!("sslcert={}&sslkey={}", server.file("client.pem"), server.file("client.key"));
    let (yes, no) = (Ok("true"), Ok("false"));
    check(
        &[
            (url("postgres", ""), yes),
            (url("postgres", "sslmode=disable"), no),
            (url("postgres", "sslmode=allow"), no),
            (url("postgres", "sslmode=prefer"), yes),
            (url("postgres", "sslmode=require"), yes),
            // What the server asks for is found out where the mode leaves a choice.
            (url("secure", "sslmode=allow"), yes),
            (url("secure", "sslmode=disable"), Err("sslmode=require")),
            (url("plain", "sslmode=prefer"), no),
            (url("plain", "sslmode=require"), Err("pg_hba.conf")),
            // The authority and the name.
            (url("postgres", &format!("sslmode=verify-ca&sslrootcert={ca}")), yes),
            (url("postgres", &format!("sslmode=verify-full&sslrootcert={ca}")), yes),
            (there(&format!("sslmode=verify-ca&sslrootcert={ca}")), yes),
            (there(&format!("sslmode=verify-full&sslrootcert={ca}")), Err("localhost")),
            (url("postgres", &format!("sslmode=verify-ca&sslrootcert={other}")), Err("sslrootcert")),
            (url("postgres", &format!("sslmode=require&sslrootcert={other}")), Err("not trusted")),
            (url("postgres", "sslmode=verify-full&sslrootcert=system"), Err("not trusted")),
            // The server's own certificate does as its authority.
            (url("postgres", &format!("sslmode=verify-full&sslrootcert={}", server.file("server.pem"))), yes),
            (there(&format!("sslmode=verify-full&sslrootcert={}", server.file("server.pem"))), Err("localhost")),
            // The client's certificate.
            (url("certified", &format!("sslmode=require&{own}")), yes),
            (url("certified", "sslmode=require"), Err("sslcert")),
            // SCRAM, bound to the server's certificate.
            (url("worded:s3cret", "sslmode=require&channel_binding=require"), yes),
            (url("worded:s3cret", "sslmode=disable&channel_binding=require"), Err("channel binding")),
            (url("worded:wrong", "sslmode=require"), Err("password")),
        ],
        ENCRYPTED,
    )
    .await;
    // A statement that is given up is cancelled over TLS, too.
    let db = Db::connect(&url("secure", "sslmode=require&max_connections=2")).await.unwrap();
    let slow = db.sql("SELECT pg_sleep(60)").execute();
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), slow).await.is_err());
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
    let begun = std::time::Instant::now();
    while db.sql(running).one::<i64>().await.unwrap() > 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(pilaster::blocking::Db::connect(&url("secure", "")).unwrap().sql("SELECT 1").one::<i32>().unwrap(), 1);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_without_tls_is_asked_for_it_in_vain() {
    let Some(server) = found("postgres", Own::postgres(false)) else { return };
    let url = |mode: &str| format!("postgres://postgres@localhost:{}/postgres?sslmode={mode}", server.port);
    let cases = [
        (url("prefer"), Ok("1")),
        (url("allow"), Ok("1")),
        (url("require"), Err("ssl = on")),
        (url("on"), Err("allow")),
    ];
    check(&cases, "SELECT '1'").await;
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_modes_do_as_its_own_programs_do() {
    if !has_openssl() {
        return;
    }
    let Some(server) = found("mysql", Own::mysql(true)) else { return };
    let (port, ca, other) = (server.port, server.file("ca.pem"), server.file("other.pem"));
    let admin = Db::connect(&format!("mysql://root@127.0.0.1:{port}")).await.unwrap();
    admin.sql("CREATE USER secure@'%' REQUIRE SSL").execute().await.unwrap();
    admin.sql("CREATE USER certified@'%' REQUIRE X509").execute().await.unwrap();
    // The cipher, which is an empty text on a plain connection. Neither server keeps it where the other one does.
    let keeper = match servers_mysql::program() {
        Ok(program) if !program.is_mariadb => "performance_schema",
        _ => "information_schema",
    };
    let encrypted = format!(
        "SELECT IF(variable_value = '', 'no', 'yes') FROM {keeper}.session_status WHERE variable_name = 'Ssl_cipher'"
    );
    let url = |user: &str, query: &str| format!("mysql://{user}@localhost:{port}/?{query}");
    let there = |query: &str| format!("mysql://root@127.0.0.1:{port}/?{query}");
    let own = format!("ssl-cert={}&ssl-key={}", server.file("client.pem"), server.file("client.key"));
    let (yes, no) = (Ok("yes"), Ok("no"));
    check(
        &[
            (url("root", ""), yes),
            (url("root", "ssl-mode=DISABLED"), no),
            (url("root", "ssl-mode=PREFERRED"), yes),
            (url("root", "sslmode=require"), yes),
            (url("secure", "ssl-mode=REQUIRED"), yes),
            (url("secure", "ssl-mode=DISABLED"), Err("ssl-mode=REQUIRED")),
            (url("root", &format!("ssl-mode=VERIFY_CA&ssl-ca={ca}")), yes),
            (url("root", &format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")), yes),
            (there(&format!("ssl-ca={ca}")), yes),
            (there(&format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")), Err("localhost")),
            (url("root", &format!("ssl-mode=VERIFY_CA&ssl-ca={other}")), Err("ssl-ca")),
            (there(&format!("ssl-mode=VERIFY_CA&ssl-ca={other}")), Err("not trusted")),
            (url("root", "ssl-mode=VERIFY_IDENTITY"), Err("not trusted")),
            (url("certified", &format!("ssl-mode=REQUIRED&{own}")), yes),
            (url("certified", "ssl-mode=REQUIRED"), Err("ssl-cert")),
            (url("root", "ssl-mode=REQUIRED&ssl-cert=/no/file&ssl-key=/no/key"), Err("/no/file")),
        ],
        &encrypted,
    )
    .await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mysql_without_tls_is_asked_for_it_in_vain() {
    let Some(server) = found("mysql", Own::mysql(false)) else { return };
    let url = |query: &str| format!("mysql://root@localhost:{}/?{query}", server.port);
    let cases = [
        (url(""), Ok("1")),
        (url("ssl-mode=PREFERRED"), Ok("1")),
        (url("ssl-mode=REQUIRED"), Err("TLS switched off")),
        (url("ssl-mode=yes"), Err("VERIFY_CA")),
    ];
    check(&cases, "SELECT '1'").await;
}
