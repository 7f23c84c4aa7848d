//! What is logged of statements, and at which level.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use pilaster::Dialect;
use pilaster::blocking::Db;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[cfg(feature = "postgres")]
#[path = "../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[cfg(feature = "mysql")]
#[path = "../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;

/// Keeps the events of our target as lines.
#[derive(Clone)]
struct Keeper {
    lines: Arc<Mutex<Vec<String>>>,
    most: Level,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "pilaster::sql" && *metadata.level() <= self.most
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The URLs of the databases that there are.
#[allow(clippy::print_stderr, clippy::vec_init_then_push)]
fn databases() -> Vec<String> {
    let mut urls = Vec::new();
    #[cfg(feature = "sqlite")]
    urls.push("sqlite::memory:".to_owned());
    #[cfg(feature = "postgres")]
    match servers::postgres() {
        Ok(url) => urls.push(url),
        Err(why) => {
            let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains("postgres"));
            assert!(!required, "PILASTER_REQUIRE names postgres: {why}");
            eprintln!("skipped: {why}");
        }
    }
    #[cfg(feature = "mysql")]
    urls.extend(servers_mysql::server().map(|server| servers_mysql::url(server, "mysql")));
    urls
}

/// The lines of some work on a database, with the time taken out.
fn lines(most: Level, url: &str, setting: &str, work: impl FnOnce(&Db)) -> Vec<String> {
    let keeper = Keeper { lines: Arc::default(), most };
    let mark = if url.contains('?') { '&' } else { '?' };
    let db = Db::connect(&format!("{url}{mark}{setting}")).unwrap();
    tracing::subscriber::with_default(keeper.clone(), || work(&db));
    let lines = keeper.lines.lock().unwrap().clone();
    let timed = |line: String| {
        let (before, rest) = line.split_once(" elapsed=").unwrap();
        format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    lines.into_iter().map(timed).collect()
}

/// A statement with parameters, and the name of the system in the log.
fn question(db: &Db) -> (&'static str, &'static str) {
    match db.dialect() {
        Dialect::Sqlite => ("sqlite", "SELECT ?, ?"),
        Dialect::Postgres => ("postgresql", "SELECT $1::text, $2::bigint"),
        _ => ("mysql", "SELECT ?, ?"),
    }
}

fn secret(db: &Db) {
    let row = db.sql(question(db).1).bind("secret").bind(5).one::<(String, i64)>().unwrap();
    assert_eq!(row, ("secret".into(), 5));
}

// One test, since the levels that somebody listens to are kept for the whole process.
#[test]
fn statements_are_logged_once_each() {
    for url in databases() {
        statements(&url);
        transactions(&url);
    }
}

fn statements(url: &str) {
    let (system, sql) = question(&Db::connect(url).unwrap());
    let read = format!("message=statement db.system.name={system:?} db.query.text={sql:?}");
    assert_eq!(lines(Level::DEBUG, url, "", secret), [format!("DEBUG {read} rows=1")]);
    assert_eq!(lines(Level::INFO, url, "", secret), [""; 0]);
    let echoed = lines(Level::INFO, url, "echo=true", secret);
    assert_eq!(echoed.len(), 1);
    assert!(echoed[0].starts_with("INFO") && echoed[0].contains("secret") && echoed[0].contains(", 5]"), "{echoed:?}");

    let slow = lines(Level::WARN, url, "slow_statement=0ms", secret);
    assert_eq!(slow, [format!("WARN {} rows=1", read.replace("message=statement", "message=slow statement"))]);
    assert_eq!(lines(Level::WARN, url, "slow_statement=1m", secret), [""; 0]);

    let failed = lines(Level::DEBUG, url, "", |db| drop(db.sql("SELECT nope").execute()));
    assert!(failed.len() == 1 && failed[0].contains("error=") && failed[0].contains("nope"), "{failed:?}");
}

fn transactions(url: &str) {
    let transaction = lines(Level::DEBUG, url, "max_connections=1", |db| {
        // Gone with its connection.
        db.sql("CREATE TEMPORARY TABLE t (a INTEGER)").execute().unwrap();
        db.transaction(|tx| tx.sql("INSERT INTO t VALUES (1), (2)").execute()).unwrap();
        db.sql("DELETE FROM t").execute().unwrap();
        let tx = db.begin().unwrap();
        tx.begin().unwrap().rollback().unwrap();
        drop(tx.begin().unwrap());
        tx.begin().unwrap().commit().unwrap();
        tx.rollback().unwrap();
    });
    let texts: Vec<_> = transaction.iter().filter_map(|line| line.split("db.query.text=").nth(1)).collect();
    assert_eq!(
        texts,
        [
            "\"CREATE TEMPORARY TABLE t (a INTEGER)\" affected=0",
            "\"BEGIN\"",
            "\"INSERT INTO t VALUES (1), (2)\" affected=2",
            "\"COMMIT\"",
            "\"DELETE FROM t\" affected=2",
            "\"BEGIN\"",
            "\"SAVEPOINT\"",
            "\"ROLLBACK TO SAVEPOINT\"",
            "\"SAVEPOINT\"",
            "\"ROLLBACK TO SAVEPOINT\"",
            "\"SAVEPOINT\"",
            "\"RELEASE\"",
            "\"ROLLBACK\""
        ]
    );
}
