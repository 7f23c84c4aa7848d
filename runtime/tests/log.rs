//! What is logged of statements, and at which level.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sqlite")]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use pilaster::blocking::Db;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

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

/// The lines of some work on a database, with the time taken out.
fn lines(most: Level, settings: &str, work: impl FnOnce(&Db)) -> Vec<String> {
    let keeper = Keeper { lines: Arc::default(), most };
    let db = Db::connect(&format!("sqlite::memory:{settings}")).unwrap();
    tracing::subscriber::with_default(keeper.clone(), || work(&db));
    let lines = keeper.lines.lock().unwrap().clone();
    let timed = |line: String| {
        let (before, rest) = line.split_once(" elapsed=").unwrap();
        format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    lines.into_iter().map(timed).collect()
}

fn secret(db: &Db) {
    let row = db.sql("SELECT ?, ?").bind("secret").bind(5).one::<(String, i64)>().unwrap();
    assert_eq!(row, ("secret".into(), 5));
}

// One test, since the levels that somebody listens to are kept for the whole process.
#[test]
fn statements_are_logged_once_each() {
    let read = "message=statement db.system.name=\"sqlite\" db.query.text=\"SELECT ?, ?\"";
    assert_eq!(lines(Level::DEBUG, "", secret), [format!("DEBUG {read} rows=1")]);
    assert_eq!(lines(Level::INFO, "", secret), [""; 0]);
    let echoed = lines(Level::INFO, "?echo=true", secret);
    assert_eq!(echoed.len(), 1);
    assert!(
        echoed[0].starts_with("INFO") && echoed[0].contains("secret") && echoed[0].contains("Int(5)"),
        "{echoed:?}"
    );

    let slow = lines(Level::WARN, "?slow_statement=0ms", secret);
    assert_eq!(slow, [format!("WARN {} rows=1", read.replace("statement", "slow statement"))]);
    assert_eq!(lines(Level::WARN, "?slow_statement=1m", secret), [""; 0]);

    let failed = lines(Level::DEBUG, "", |db| drop(db.sql("SELECT nope").execute()));
    assert!(failed[0].contains("error=no such column: nope"), "{failed:?}");

    let transaction = lines(Level::DEBUG, "", |db| {
        db.transaction(|tx| tx.sql("CREATE TABLE t (a)").execute()).unwrap();
        db.sql("INSERT INTO t VALUES (1), (2)").execute().unwrap();
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
            "\"BEGIN\"",
            "\"CREATE TABLE t (a)\" affected=0",
            "\"COMMIT\"",
            "\"INSERT INTO t VALUES (1), (2)\" affected=2",
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
