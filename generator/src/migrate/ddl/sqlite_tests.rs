//! Scripts on real databases of SQLite: what they leave behind is what a new database would have.

use rusqlite::Connection;

use super::*;
use crate::ddl;
use crate::ir::build;
use crate::migrate::change::invert;
use crate::migrate::diff::{Renames, diff};
use crate::migrate::random_tests::{Random, filled, inserts, like, renamed, sorted, state};
use crate::migrate::runner_tests::{Stop, run};
use crate::migrate::state::{Column, Type};
use crate::source::live;

/// A database in a file, as it is read while it is open.
struct Database {
    folder: tempfile::TempDir,
    connection: Connection,
}

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("it.db")).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF").unwrap();
        Self { folder, connection }
    }

    fn of(state: &State) -> Self {
        let it = Self::new();
        let mut diagnostics = Diagnostics::default();
        let schema = state.schema(state.tables.values());
        for sql in ddl::create(&schema, DialectName::Sqlite, &mut diagnostics) {
            it.connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
        assert!(!diagnostics.has_errors(), "{diagnostics}");
        it
    }

    fn read(&self) -> State {
        let mut diagnostics = Diagnostics::default();
        let draft = live::sqlite::load(&self.folder.path().join("it.db"), &mut diagnostics);
        sorted(&State::of(&build::build(draft, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"))))
    }

    fn all(&self, sql: &str) -> Vec<Vec<rusqlite::types::Value>> {
        let mut statement = self.connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let width = statement.column_count();
        let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect::<Result<Vec<_>, _>>());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn script_of(from: &State, changes: &[Change]) -> Result<Script, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    script(from, changes, DialectName::Sqlite, &mut diagnostics).ok_or(diagnostics)
}

/// Three rows in every table, with values that keep the checks.
fn insert(database: &Database, state: &State) {
    database.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for sql in inserts(state, &|name| quote_ident(DialectName::Sqlite, name)) {
        database.connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    database.connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    assert!(database.all("PRAGMA foreign_key_check").is_empty(), "{:?}", database.all("PRAGMA foreign_key_check"));
}

/// As many seeds as the environment says.
fn seeds() -> u64 {
    std::env::var("PILASTER_MIGRATION_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(700)
}

/// The values of columns that are in both states with one type.
fn survivors(database: &Database, from: &State, to: &State) -> Vec<Vec<Vec<rusqlite::types::Value>>> {
    let mut all = Vec::new();
    for (name, table) in &from.tables {
        let Some(other) = to.tables.get(name) else { continue };
        let same = |column: &&Column| {
            other.column(&column.name).is_some_and(|now| now.ty == column.ty && now.generated == column.generated)
                && matches!(column.ty, Type::Plain(_))
        };
        let columns: Vec<String> =
            table.columns.iter().filter(same).map(|column| quote_ident(DialectName::Sqlite, &column.name)).collect();
        let sql =
            format!("SELECT {} FROM {} ORDER BY id", columns.join(", "), quote_ident(DialectName::Sqlite, &name.name));
        all.push(database.all(&sql));
    }
    all
}

/// Equal, but for NULLs that a fill has replaced.
fn same_values(before: &[Vec<Vec<rusqlite::types::Value>>], after: &[Vec<Vec<rusqlite::types::Value>>]) -> bool {
    let null = |value: &rusqlite::types::Value| *value == rusqlite::types::Value::Null;
    before.len() == after.len()
        && before.iter().zip(after).all(|(one, two)| {
            one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.iter().zip(b).all(|(a, b)| null(a) || a == b))
        })
}

#[test]
fn a_migrated_database_is_like_a_new_one() {
    for seed in 0..seeds() {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let to = if random.chance(8) { like(&from, &mut random) } else { state(&mut random) };
        let changes = filled(diff(&from, &to, &Renames::default()).changes, &to);
        let Ok(script) = script_of(&from, &changes) else { continue };
        let database = Database::of(&from);
        if let Err(stop) = run(&database.connection, &script) {
            panic!("seed {seed}: {stop:?}\n{}", script.text());
        }
        assert_eq!(database.read(), Database::of(&to).read(), "seed {seed}\n{}", script.text());
        let (back, _) = invert(&changes);
        let back = filled(back, &from);
        let Ok(script) = script_of(&to, &back) else { continue };
        if let Err(stop) = run(&database.connection, &script) {
            panic!("seed {seed}, down: {stop:?}\n{}", script.text());
        }
        assert_eq!(database.read(), Database::of(&from).read(), "seed {seed}, down\n{}", script.text());
    }
}

#[test]
fn rows_survive() {
    let mut done = 0;
    for seed in 0..seeds() {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let to = like(&from, &mut random);
        let changes = filled(diff(&from, &to, &Renames::default()).changes, &to);
        let Ok(script) = script_of(&from, &changes) else { continue };
        let database = Database::of(&from);
        insert(&database, &from);
        let before = survivors(&database, &from, &to);
        let dump = database.all("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
        match run(&database.connection, &script) {
            Ok(()) => {
                done += 1;
                assert_eq!(database.read(), Database::of(&to).read(), "seed {seed}\n{}", script.text());
                let after = survivors(&database, &from, &to);
                assert!(same_values(&before, &after), "seed {seed}\n{before:?}\n{after:?}\n{}", script.text());
            }
            Err(Stop::Precheck(message)) => {
                assert!(!message.contains('{'), "{message}");
                let now = database.all("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
                assert_eq!(now, dump, "seed {seed}: nothing was changed");
            }
            Err(Stop::Error(error)) => panic!("seed {seed}: {error}\n{}", script.text()),
        }
    }
    assert!(done * 3 > seeds(), "{done}");
}

#[test]
fn renames_leave_what_a_new_database_would_have() {
    for seed in 0..seeds() {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let (to, renames) = renamed(&from, &mut random);
        let changes = diff(&from, &to, &renames).changes;
        let script = script_of(&from, &changes).unwrap_or_else(|diagnostics| panic!("seed {seed}: {diagnostics}"));
        let database = Database::of(&from);
        insert(&database, &from);
        if let Err(stop) = run(&database.connection, &script) {
            panic!("seed {seed}: {stop:?}\n{}", script.text());
        }
        assert_eq!(database.read(), Database::of(&to).read(), "seed {seed}\n{}", script.text());
    }
}
