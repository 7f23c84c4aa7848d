//! Rows of PostgreSQL are checked while others write, in a step of its own after everything else is committed.

use pilaster_generator::ir::DialectName;
use pilaster_generator::migrate::change::Change;
use pilaster_generator::migrate::script::{Action, Script};
use pilaster_tests::database::Kind;

use crate::on_all::{changes_of, state_of};

const BEFORE: &str = "models:
  Writer:
    columns: { id: bigint primary, name: string(40) null }
  Post:
    columns: { id: bigint primary, title: string(40) null, writer_id: bigint }
";

const KEY: &str = "key: { columns: [writer_id], table: writer, references: [id] }";

/// The statements of changes on PostgreSQL, and whether each is in a transaction with those beside it.
fn steps(changes: &str) -> Vec<(String, bool)> {
    let script = crate::script_of(Kind::Postgres, &state_of(BEFORE), &changes_of(changes)).unwrap();
    statements(&script)
}

fn statements(script: &Script) -> Vec<(String, bool)> {
    assert_eq!(script.dialect, DialectName::Postgres);
    let sql = script.steps.iter().filter_map(|step| match &step.action {
        Action::Sql(sql) => Some((sql.clone(), step.transactional)),
        _ => None,
    });
    sql.collect()
}

fn step(sql: &str, transactional: bool) -> (String, bool) {
    (sql.to_owned(), transactional)
}

#[test]
fn constraints_are_validated_when_all_is_committed() {
    let found = steps(&format!(
        "  - add_foreign_key: {{ table: post, {KEY} }}\n  - add_check: {{ table: post, name: long, expr: length(title) > 1 }}"
    ));
    assert_eq!(
        found,
        [
            step(
                "ALTER TABLE \"post\" ADD CONSTRAINT \"post_writer_id_fkey\" FOREIGN KEY (\"writer_id\") \
                 REFERENCES \"writer\" (\"id\") NOT VALID",
                true
            ),
            step("ALTER TABLE \"post\" ADD CONSTRAINT \"long\" CHECK (length(\"title\") > 1) NOT VALID", true),
            step("ALTER TABLE \"post\" VALIDATE CONSTRAINT \"post_writer_id_fkey\"", false),
            step("ALTER TABLE \"post\" VALIDATE CONSTRAINT \"long\"", false),
        ]
    );
}

#[test]
fn a_required_column_goes_by_way_of_a_check() {
    let found = steps("  - alter_column: { table: post, column: title, null: { from: true, to: false } }");
    assert_eq!(
        found,
        [
            step(
                "ALTER TABLE \"post\" ADD CONSTRAINT \"post_title_required\" CHECK (\"title\" IS NOT NULL) NOT VALID",
                true
            ),
            step("ALTER TABLE \"post\" VALIDATE CONSTRAINT \"post_title_required\"", false),
            step("ALTER TABLE \"post\" ALTER COLUMN \"title\" SET NOT NULL", true),
            step("ALTER TABLE \"post\" DROP CONSTRAINT \"post_title_required\"", true),
        ]
    );
}

#[test]
fn what_cannot_wait_or_shall_not_is_one_transaction() {
    let whole = |changes: &str| {
        let found = steps(changes);
        assert!(found.iter().all(|(sql, transactional)| *transactional && !sql.contains("NOT VALID")), "{found:?}");
    };
    whole(&format!("  - add_foreign_key: {{ table: post, {KEY}, at_once: true }}"));
    whole("  - add_check: { table: post, expr: title <> '', at_once: true }");
    whole("  - alter_column: { table: post, column: title, null: { from: true, to: false }, at_once: true }");
    // A later change takes the constraint away, or may do so.
    whole(
        "  - add_check: { table: post, name: c, expr: title <> '' }\n  - drop_check: { table: post, name: c, expr: title <> '' }",
    );
    whole("  - add_check: { table: post, name: c, expr: title <> '' }\n  - rename_table: { from: post, to: note }");
    whole("  - add_check: { table: post, name: c, expr: title <> '' }\n  - execute: { sql: SELECT 1 }");
    whole(
        "  - alter_column: { table: post, column: title, null: { from: true, to: false } }
  - primary_key: { table: post, from: [id], to: [id, title] }",
    );
    // A new table has no rows.
    whole(
        "  - create_table: { table: t, columns: [{ name: a, type: integer }] }
  - add_check: { table: t, expr: a > 0 }",
    );
}

#[test]
fn other_databases_have_one_way() {
    let changes: Vec<Change> = changes_of(&format!("  - add_foreign_key: {{ table: post, {KEY} }}"));
    for kind in [Kind::SqliteFile, Kind::Mysql] {
        let text = crate::script_of(kind, &state_of(BEFORE), &changes).unwrap().text();
        assert!(!text.contains("VALID"), "{text}");
    }
}
