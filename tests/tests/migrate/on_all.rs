//! One case on all databases: a spec with rows, changes, and what there is afterwards.

use std::sync::Arc;

use pilaster_generator::ddl as create_sql;
use pilaster_generator::diag::{Diagnostics, SourceText};
use pilaster_generator::ir::{DialectName, build};
use pilaster_generator::migrate::change::{Change, invert};
use pilaster_generator::migrate::diff::{Renames, diff};
use pilaster_generator::migrate::replay;
use pilaster_generator::migrate::revision;
use pilaster_generator::migrate::state::State;
use pilaster_generator::source::{live, yaml};
use pilaster_tests::database::Kind;

use crate::random_tests::sorted;
use crate::runner_tests::{self, Stop};

/// What leads on.
pub enum Up {
    /// Another spec.
    Spec(&'static str),
    /// Changes as they stand in a revision.
    Changes(&'static str),
}

/// How it ends.
pub enum End {
    /// Queries and the rows that they give, columns joined by `|`.
    Rows(&'static [(&'static str, &'static [&'static str])]),
    /// Refused, with a part of what is said, on each database; where its servers differ, with one of several.
    Refused([&'static str; 3]),
}

pub struct Case {
    /// Models of the spec before.
    pub before: &'static str,
    /// Statements that put rows in.
    pub rows: &'static [&'static str],
    pub up: Up,
    pub end: End,
    /// Databases that cannot do it.
    pub not_on: &'static [Kind],
    /// Whether the way back is tried too.
    pub back: bool,
}

pub const DEFAULT: Case =
    Case { before: "", rows: &[], up: Up::Changes(""), end: End::Rows(&[]), not_on: &[], back: true };

fn source(text: String) -> Arc<SourceText> {
    Arc::new(SourceText { name: "case.yaml".into(), text })
}

fn spec(models: &str) -> (State, pilaster_generator::ir::Schema) {
    let mut diagnostics = Diagnostics::default();
    let draft = yaml::load(&source(format!("pilaster: 1\n{models}")), &mut diagnostics);
    let schema = build::build(draft, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    (State::of(&schema), schema)
}

impl Case {
    fn changes(&self, from: &State) -> Vec<Change> {
        match &self.up {
            Up::Spec(models) => {
                let (to, schema) = spec(models);
                diff(from, &to, &Renames::of(&schema, from)).changes
            }
            Up::Changes(list) => changes_of(list),
        }
    }

    /// Runs it wherever there is a database.
    pub async fn run(&self) {
        let (from, _) = spec(self.before);
        let changes = self.changes(&from);
        let mut to = from.clone();
        if let Err((at, misfit)) = replay::apply_all(&mut to, &changes) {
            panic!("{}: {}", changes[at].describe(), misfit.message);
        }
        if !self.not_on.contains(&Kind::SqliteFile) {
            self.on_sqlite(&from, &to, &changes);
        }
        for kind in [Kind::Postgres, Kind::Mysql] {
            if !self.not_on.contains(&kind) {
                self.on_server(kind, &from, &to, &changes).await;
            }
        }
    }

    fn refusal(&self, kind: Kind) -> Option<&str> {
        match &self.end {
            End::Rows(_) => None,
            End::Refused([sqlite, postgres, mysql]) => Some(match kind {
                Kind::Postgres => postgres,
                Kind::Mysql => mysql,
                _ => sqlite,
            }),
        }
    }

    fn ended(&self, kind: Kind, result: Result<(), String>, script: &str) -> bool {
        match (self.refusal(kind), result) {
            (None, Ok(())) => true,
            (Some(parts), Err(why)) if parts.split('|').any(|part| why.contains(part)) => false,
            (_, result) => panic!("{}: {result:?}\n{script}", kind.name()),
        }
    }

    fn on_sqlite(&self, from: &State, to: &State, changes: &[Change]) {
        let kind = Kind::SqliteFile;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.db");
        let connection = open_sqlite(&path, from);
        for sql in self.rows {
            connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
        let script = match crate::script_of(kind, from, changes) {
            Ok(script) => script,
            Err(why) => {
                self.ended(kind, Err(why), "");
                return;
            }
        };
        let told = |stop: Stop| match stop {
            Stop::Precheck(message) => message,
            Stop::Error(message) => message,
        };
        if !self.ended(kind, runner_tests::run(&connection, &script).map_err(told), &script.text()) {
            assert_eq!(read_sqlite(&path), fresh_sqlite(from), "nothing was changed");
            return;
        }
        assert_eq!(read_sqlite(&path), fresh_sqlite(to), "sqlite\n{}", script.text());
        if let End::Rows(queries) = &self.end {
            for (sql, wanted) in *queries {
                assert_eq!(&sqlite_rows(&connection, sql), wanted, "sqlite: {sql}\n{}", script.text());
            }
        }
        if let Some(script) = self.way_back(kind, to, changes) {
            let result = runner_tests::run(&connection, &script);
            assert!(result.is_ok(), "sqlite, down: {result:?}\n{}", script.text());
            assert_eq!(read_sqlite(&path), fresh_sqlite(from), "sqlite, down\n{}", script.text());
        }
    }

    fn way_back(
        &self,
        kind: Kind,
        to: &State,
        changes: &[Change],
    ) -> Option<pilaster_generator::migrate::script::Script> {
        if !self.back {
            return None;
        }
        let (back, _) = invert(changes);
        Some(crate::script_of(kind, to, &back).unwrap_or_else(|why| panic!("{}: {why}", kind.name())))
    }

    async fn on_server(&self, kind: Kind, from: &State, to: &State, changes: &[Change]) {
        let Some(fresh) = crate::fresh(kind).await else { return };
        let db = &fresh.db;
        crate::create(db, kind, to).await;
        let wanted = crate::catalog(db, kind).await;
        crate::clear(db, kind).await.unwrap();
        crate::create(db, kind, from).await;
        let before = crate::catalog(db, kind).await;
        for sql in self.rows {
            crate::batch(db, sql).await;
        }
        let result = match crate::script_of(kind, from, changes) {
            Ok(script) => (crate::run(db, &script).await, script.text()),
            Err(why) => (Err(why), String::new()),
        };
        let (result, text) = result;
        if self.ended(kind, result, &text) {
            crate::compare(&crate::catalog(db, kind).await, &wanted, &format!("{}\n{text}", kind.name()));
            if let End::Rows(queries) = &self.end {
                for (sql, wanted) in *queries {
                    assert_eq!(&rows(db, sql).await, wanted, "{}: {sql}\n{text}", kind.name());
                }
            }
            if let Some(script) = self.way_back(kind, to, changes) {
                let result = crate::run(db, &script).await;
                assert!(result.is_ok(), "{}, down: {result:?}\n{}", kind.name(), script.text());
                let about = format!("{}, down\n{}", kind.name(), script.text());
                crate::compare(&crate::catalog(db, kind).await, &before, &about);
            }
        } else {
            crate::compare(&crate::catalog(db, kind).await, &before, "nothing was changed");
        }
        fresh.remove().await.unwrap();
    }
}

/// Rows of one text column.
async fn rows(db: &pilaster::Db, sql: &str) -> Vec<String> {
    let rows = db.sql(sql.to_owned()).all::<(String,)>().await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows.into_iter().map(|(text,)| text).collect()
}

pub fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

pub fn open_sqlite(path: &std::path::Path, state: &State) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    let mut diagnostics = Diagnostics::default();
    let schema = state.schema(state.tables.values());
    for sql in create_sql::create(&schema, DialectName::Sqlite, &mut diagnostics) {
        connection.execute_batch(&sql).unwrap();
    }
    connection
}

pub fn read_sqlite(path: &std::path::Path) -> State {
    let mut diagnostics = Diagnostics::default();
    let draft = live::sqlite::load(path, &mut diagnostics);
    sorted(&State::of(&build::build(draft, &mut diagnostics).unwrap()))
}

pub fn fresh_sqlite(state: &State) -> State {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.db");
    open_sqlite(&path, state);
    read_sqlite(&path)
}

/// Changes as they stand in a revision.
pub fn changes_of(list: &str) -> Vec<Change> {
    let text = format!("pilaster_migration: 1\nrevision: r\nparents: []\nmessage: m\nup:\n{list}\n");
    let mut diagnostics = Diagnostics::default();
    let read = revision::read(&source(text), &mut diagnostics);
    read.unwrap_or_else(|| panic!("{diagnostics}")).up_changes()
}

/// The state of a spec.
pub fn state_of(models: &str) -> State {
    spec(models).0
}
