//! What only SQLite's way of making a table anew could lose.

use pilaster_generator::migrate::change::Change;
use pilaster_tests::database::Kind;

use crate::on_all::{open_sqlite, sqlite_rows, state_of};
use crate::runner_tests::run;

const MODELS: &str = "models:
  Parent:
    columns: { id: bigint primary, n: integer null }
    sqlite: { autoincrement: true }
    checks: { small: \"n < 100\" }
    indexes:
      - { columns: [n], where: \"n > 1\", only: [sqlite] }
  Child:
    columns: { id: bigint primary }
    relations:
      parent: { belongs_to: Parent, on_delete: cascade }
";

/// Makes the parent anew and gives the connection.
fn rebuilt(more: &str) -> (tempfile::TempDir, rusqlite::Connection) {
    let folder = tempfile::tempdir().unwrap();
    let from = state_of(MODELS);
    let connection = open_sqlite(&folder.path().join("it.db"), &from);
    let rows = "INSERT INTO parent (id, n) VALUES (1, 1), (2, 2), (9, 9); DELETE FROM parent WHERE id = 9;
                INSERT INTO child (id, parent_id) VALUES (1, 1), (2, 2)";
    connection.execute_batch(rows).unwrap();
    connection.execute_batch(more).unwrap();
    let table = &from.tables[&pilaster_generator::migrate::state::plain("parent")];
    let change = Change::DropCheck(table.name.clone(), table.checks[0].clone());
    let script = crate::script_of(Kind::SqliteFile, &from, &[change]).unwrap();
    assert!(script.foreign_keys_off);
    run(&connection, &script).unwrap_or_else(|stop| panic!("{stop:?}\n{}", script.text()));
    (folder, connection)
}

fn count(connection: &rusqlite::Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn rows_of_children_stay() {
    let (_folder, connection) = rebuilt("");
    assert_eq!(count(&connection, "SELECT count(*) FROM child"), 2);
    assert_eq!(count(&connection, "PRAGMA foreign_keys"), 1);
    connection.execute_batch("DELETE FROM parent WHERE id = 1").unwrap();
    assert_eq!(count(&connection, "SELECT count(*) FROM child"), 1, "the key still leads to the table");
}

#[test]
fn numbers_are_not_given_twice() {
    let (_folder, connection) = rebuilt("");
    connection.execute_batch("INSERT INTO parent (n) VALUES (5)").unwrap();
    assert_eq!(count(&connection, "SELECT max(id) FROM parent"), 10);
}

#[test]
fn triggers_views_and_indexes_of_others_stay() {
    let (_folder, connection) = rebuilt(
        "CREATE TABLE log (t TEXT);
         CREATE VIEW big AS SELECT id FROM parent WHERE n > 1;
         CREATE VIEW over AS SELECT id FROM big;
         CREATE TRIGGER on_parent AFTER UPDATE OF n ON parent BEGIN INSERT INTO log VALUES ('parent'); END;
         CREATE TRIGGER on_child AFTER DELETE ON child BEGIN UPDATE parent SET n = n + 1 WHERE id = old.parent_id; END;
         CREATE INDEX mine ON parent (n DESC, abs(n)) WHERE n <> 7;",
    );
    connection.execute_batch("DELETE FROM child WHERE id = 2").unwrap();
    assert_eq!(sqlite_rows(&connection, "SELECT t FROM log"), ["parent"]);
    assert_eq!(count(&connection, "SELECT count(*) FROM over"), 1);
    let indexes =
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'parent' ORDER BY 1";
    assert_eq!(sqlite_rows(&connection, indexes), ["mine", "parent_n_idx"]);
}

#[test]
fn what_a_crash_left_behind_is_no_hindrance() {
    let (_folder, connection) = rebuilt("CREATE TABLE _pilaster_new_parent (x)");
    assert_eq!(count(&connection, "SELECT count(*) FROM parent"), 2);
    assert_eq!(count(&connection, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_pilaster%' ESCAPE '\\'"), 0);
}

#[test]
fn one_rebuild_serves_many_changes() {
    let from = state_of(MODELS);
    let to = state_of(
        "models:
  Parent:
    columns: { id: bigint primary, n: bigint, m: { type: integer, default: 3 }, s: text null }
    checks: { other: \"n < m\" }
    uniques: [[n, m]]
  Child:
    columns: { id: bigint primary }
    relations:
      parent: { belongs_to: Parent, on_delete: cascade }
",
    );
    let changes = pilaster_generator::migrate::diff::diff(&from, &to, &Default::default()).changes;
    let script = crate::script_of(Kind::SqliteFile, &from, &changes).unwrap();
    let rebuild = |step: &&pilaster_generator::migrate::script::Step| {
        matches!(step.action, pilaster_generator::migrate::script::Action::SqliteRebuild(_))
    };
    assert!(changes.len() > 5);
    assert_eq!(script.steps.iter().filter(rebuild).count(), 1, "{}", script.text());
}
