//! The session: a unit of work. Every test runs on SQLite, and all again on the servers that there are.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::collapsible_if,
    clippy::needless_pass_by_ref_mut,
    clippy::expect_used,
    clippy::panic,
    missing_docs
)]

mod basics;
mod cascade;
mod composite;
mod errors;
mod events;
mod hooks;
mod identity;
mod keys;
mod order;
mod property;
mod race;
mod relations;
mod scenarios;

/// The models, from `specs/session.yaml`.
mod models {
    #![allow(dead_code)]
    pilaster::models!("session");
}

/// The models, from `specs/deferred.yaml`.
mod deferred {
    #![allow(dead_code)]
    pilaster::models!("deferred");
}

use std::io::Write as _;
use std::process::{Command, Stdio};

use pilaster::Dialect;
use pilaster::blocking::Db;
use pilaster_tests::database::{Kind, Server, is_required, with_database};
use pilaster_tests::servers_mysql::unique_name;
use pilaster_tests::statements::Statements;

/// The statements as SQLite has them: without the quotes, places and returned columns of the servers.
fn sent(statements: &Statements) -> Vec<String> {
    let plain = |sql: String| {
        let sql = sql.split(" RETURNING ").next().unwrap_or_default().replace('`', "\"");
        (1..10).fold(sql, |sql, number| sql.replace(&format!("${number}"), "?"))
    };
    statements.take().into_iter().map(plain).collect()
}

/// Names the server that all tests of this process use, instead of SQLite.
const SERVER: &str = "PILASTER_SESSION_SERVER";

/// A database of its own with all tables.
fn database() -> Db {
    let db = Db::connect(&url()).unwrap();
    models::schema::create_all(&db).unwrap();
    db
}

/// Where the next test's database is.
fn url() -> String {
    let Ok(server) = std::env::var(SERVER) else { return "sqlite::memory:".into() };
    let name = unique_name();
    Db::connect(&server).unwrap().sql(format!("CREATE DATABASE {name}")).execute().unwrap();
    with_database(&server, &name)
}

/// All tests of this file again, in a process of their own, on a server.
fn on_server(kind: Kind) {
    if std::env::var_os(SERVER).is_some() {
        return;
    }
    let server = match kind.server() {
        Server::Url(url) => url,
        Server::Absent(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            let _ = writeln!(std::io::stderr(), "skipped: {}: {why}", kind.name());
            return;
        }
    };
    let mut again = Command::new(std::env::current_exe().unwrap());
    // Another way to the same server need not be played against the model for as long.
    if !matches!(kind, Kind::Postgres | Kind::Mysql) && std::env::var_os("PILASTER_SEEDS").is_none() {
        again.env("PILASTER_SEEDS", "15");
    }
    let again = again.env(SERVER, &server).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = again.id();
    let again = again.wait_with_output().unwrap();
    if is_named(kind) {
        remove_databases(&server, process);
    }
    assert!(again.status.success(), "on {}:\n{}", kind.name(), String::from_utf8_lossy(&again.stdout));
}

/// Whether the server stays when the tests are over.
fn is_named(kind: Kind) -> bool {
    let name = if kind.is_postgres() { "PILASTER_TEST_POSTGRES" } else { "PILASTER_TEST_MYSQL" };
    std::env::var_os(name).is_some()
}

/// Removes the databases that a process made.
fn remove_databases(server: &str, process: u32) {
    let db = Db::connect(server).unwrap();
    let (list, force) = match db.dialect() {
        Dialect::Postgres => ("SELECT datname FROM pg_database", " WITH (FORCE)"),
        _ => ("SELECT schema_name FROM information_schema.schemata", ""),
    };
    for name in db.sql(list).all::<String>().unwrap() {
        if name.starts_with(&format!("pilaster_test_{process}_")) {
            db.sql(format!("DROP DATABASE {name}{force}")).execute().unwrap();
        }
    }
}

#[test]
fn all_on_postgres() {
    on_server(Kind::Postgres);
}

#[test]
fn all_on_postgres_without_a_statement_cache() {
    on_server(Kind::PostgresPlain);
}

#[test]
fn all_behind_pgbouncer() {
    on_server(Kind::PostgresPooled);
}

#[test]
fn all_on_mysql() {
    on_server(Kind::Mysql);
}

#[test]
fn all_on_mysql_without_returning() {
    on_server(Kind::MysqlPlain);
}

/// Whether the database is MySQL's own.
fn is_mysql(db: &Db) -> bool {
    db.dialect() == Dialect::Mysql && !db.sql("SELECT version()").one::<String>().unwrap().contains("MariaDB")
}

/// SQL in which the table `user` is quoted where that is a word of the database's own.
fn own(sql: &str, db: &Db) -> String {
    if db.dialect() == Dialect::Postgres { sql.replace(" user", " \"user\"") } else { sql.to_owned() }
}

/// Rows of a table as text, in the order of its first column.
fn dump(db: &Db, sql: &str) -> Vec<String> {
    let sql = own(sql, db);
    let tx = db.begin().unwrap();
    if db.dialect() == Dialect::Mysql {
        tx.sql("SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')").execute().unwrap();
    }
    let rows = tx.sql(sql).map(|row| row.text(0).map(|text| text.unwrap_or_default().into_owned())).all().unwrap();
    tx.rollback().unwrap();
    rows
}
