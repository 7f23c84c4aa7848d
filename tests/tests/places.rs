//! Where a URL says that a server is: sockets, several hosts, and what is asked of them.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]
#![cfg(unix)]

use pilaster::{Db, ErrorKind};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::servers_own::Own;

/// The server, or `None` where there is none and none is required.
fn found(kind: Kind, server: Result<Own, String>) -> Option<Own> {
    match server {
        Ok(server) => Some(server),
        Err(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            eprintln!("skipped: {why}");
            None
        }
    }
}

async fn answer(url: &str, sql: &str) -> String {
    let db = Db::connect(url).await.unwrap();
    let answer = db.sql(sql.to_owned()).one::<String>().await.unwrap();
    db.close().await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_over_its_socket() {
    let Some(server) = found(Kind::Mysql, Own::mysql(false)) else { return };
    // Over TCP the port stands behind the host.
    let host = "SELECT host FROM information_schema.processlist WHERE id = connection_id()";
    let (socket, port) = (server.file("socket"), server.port);
    let escaped = socket.replace('/', "%2F");
    for url in [format!("mysql://root@localhost/mysql?socket={socket}"), format!("mysql://root@{escaped}/mysql")] {
        assert_eq!(answer(&url, host).await, "localhost", "{url}");
    }
    assert!(answer(&format!("mysql://root@127.0.0.1:{port}/mysql"), host).await.contains(':'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_over_its_socket_and_on_several_hosts() {
    let Some(writer) = found(Kind::Postgres, Own::postgres(false)) else { return };
    let Some(reader) = found(Kind::Postgres, Own::postgres(false)) else { return };
    let (folder, port) = (writer.folder.display().to_string(), writer.port);
    let way = "SELECT coalesce(inet_server_port()::text, 'socket')";
    let escaped = folder.replace('/', "%2F");
    for url in [
        format!("postgres://postgres@localhost:{port}/postgres?host={folder}"),
        format!("postgres://postgres@{escaped}:{port}/postgres"),
    ] {
        assert_eq!(answer(&url, way).await, "socket", "{url}");
    }

    // What cannot be reached is passed over, and what is not as it should be.
    let other = reader.port;
    let port_of = "SELECT inet_server_port()::text";
    let several = format!("postgres://postgres@localhost:1,localhost:{other},localhost:{port}/postgres");
    assert_eq!(answer(&several, port_of).await, other.to_string());
    let db = Db::connect(&format!("postgres://postgres@localhost:{other}/postgres")).await.unwrap();
    db.sql("ALTER SYSTEM SET default_transaction_read_only = on").execute().await.unwrap();
    db.sql("SELECT pg_reload_conf()").one::<bool>().await.unwrap();
    while db.sql("SHOW transaction_read_only").one::<String>().await.unwrap() == "off" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    db.close().await.unwrap();
    for (wanted, reached) in [("read-write", port), ("read-only", other), ("any", other)] {
        let url = format!("{several}?target_session_attrs={wanted}");
        assert_eq!(answer(&url, port_of).await, reached.to_string(), "{wanted}");
    }
    let none = format!("postgres://postgres@localhost:{other}/postgres?target_session_attrs=read-write");
    let error = Db::connect(&none).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.message().contains("target_session_attrs"), "{error}");

    // What the server does not know, or does not take, is a mistake of the URL.
    for wrong in ["no_such_setting%3D1", "work_mem%3Dmuch"] {
        let url = format!("postgres://postgres@localhost:{port}/postgres?options=-c%20{wrong}");
        let error = Db::connect(&url).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config, "{error}");
    }

    // Names with spaces and capitals are quoted as in SQL.
    let db = Db::connect(&format!("postgres://postgres@localhost:{port}/postgres")).await.unwrap();
    db.sql("CREATE SCHEMA \"My Own\"; CREATE TABLE \"My Own\".t AS SELECT 'own' AS a").batch().await.unwrap();
    db.close().await.unwrap();
    let url = format!("postgres://postgres@localhost:{port}/postgres?search_path=none,%22My%20Own%22,public");
    assert_eq!(answer(&url, "SELECT a FROM t").await, "own");
}
