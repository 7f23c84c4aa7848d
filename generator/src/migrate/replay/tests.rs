//! What fits, what does not, and what renames take with them.

use super::*;
use crate::ir::{Check, Expr, SqlType};
use crate::migrate::change::{Both, ColumnChange, invert};
use crate::migrate::state::{Column, ForeignKey, Index, IndexPart, IndexTarget, Type, plain};

fn column(name: &str) -> Column {
    Column { nullable: false, ..Column::new(name, Type::Plain(SqlType::BigInt { unsigned: false })) }
}

fn table(name: &str, columns: &[&str]) -> Table {
    Table {
        name: plain(name),
        columns: columns.iter().map(|name| column(name)).collect(),
        primary_key: vec![(*columns.first().unwrap()).to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        sqlite: crate::ir::SqliteOptions::default(),
    }
}

fn key(column: &str, target: &str) -> ForeignKey {
    ForeignKey {
        name: None,
        columns: vec![column.to_owned()],
        table: plain(target),
        references: vec!["id".to_owned()],
        on_delete: crate::ir::Action::Cascade,
        on_update: crate::ir::Action::NoAction,
        deferred: false,
    }
}

fn two_tables() -> State {
    let mut state = State::default();
    let mut post = table("post", &["id", "user_id", "n"]);
    post.foreign_keys.push(key("user_id", "user"));
    post.checks.push(Check { name: Some("positive".into()), expr: Expr::parse_neutral("n > 0").unwrap() });
    post.indexes.push(Index {
        name: None,
        parts: vec![IndexPart { target: IndexTarget::Column("n".into()), desc: false }],
        unique: false,
        predicate: Some(Expr::parse_neutral("n < 10").unwrap()),
        only: Vec::new(),
    });
    let changes = [Change::CreateTable(Box::new(table("user", &["id"]))), Change::CreateTable(Box::new(post))];
    apply_all(&mut state, &changes).unwrap();
    state
}

fn refused(change: Change) -> String {
    let mut state = two_tables();
    let misfit = apply(&mut state, &change).unwrap_err();
    assert!(!misfit.help.is_empty());
    misfit.message
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(refused(Change::CreateTable(Box::new(table("user", &["id"])))), "there is a table `user` already");
    assert_eq!(
        refused(Change::DropTable(Box::new(table("user", &["id"])))),
        "`user` cannot be dropped: the foreign key (user_id) of `post` points to it"
    );
    assert_eq!(
        refused(Change::DropColumn { table: plain("post"), column: Box::new(column("n")) }),
        "`post.n` cannot be dropped: the index on (n) uses it"
    );
    assert_eq!(
        refused(Change::AddColumn { table: plain("psot"), column: Box::new(column("n")), fill: None }),
        "there is no table `psot` at this point"
    );
    assert_eq!(
        refused(Change::AddColumn { table: plain("post"), column: Box::new(column("n")), fill: None }),
        "`post` has a column `n` already"
    );
    assert_eq!(
        refused(Change::AddForeignKey { table: plain("post"), key: key("m", "user"), at_once: false }),
        "`post` has no column `m` at this point"
    );
    let change = ColumnChange { nullable: Both::differ(true, false), ..ColumnChange::default() };
    assert_eq!(
        refused(Change::AlterColumn { table: plain("post"), column: "n".into(), change: Box::new(change) }),
        "the `null` of the column is not what the change says it was"
    );
    let gone = Change::DropEnum { name: plain("mood"), labels: vec!["sad".into()] };
    assert_eq!(refused(gone), "there is no enum `mood` at this point");
}

#[test]
fn renames_reach_keys_indexes_and_expressions() {
    let mut state = two_tables();
    let before = state.clone();
    let both = |from: &str, to: &str| Both { from: from.to_owned(), to: to.to_owned() };
    let changes = vec![
        Change::RenameTable(Both { from: plain("user"), to: plain("person") }),
        Change::RenameColumn { table: plain("person"), name: both("id", "key") },
        Change::RenameColumn { table: plain("post"), name: both("n", "rank") },
    ];
    apply_all(&mut state, &changes).unwrap();
    let post = &state.tables[&plain("post")];
    assert_eq!(post.foreign_keys[0].table, plain("person"));
    assert_eq!(post.foreign_keys[0].references, ["key"]);
    assert_eq!(post.checks[0].expr, Expr::parse_neutral("rank > 0").unwrap());
    assert!(post.indexes[0].uses("rank") && !post.indexes[0].uses("n"));
    let (back, notes) = invert(&changes);
    assert!(notes.is_empty());
    apply_all(&mut state, &back).unwrap();
    assert_eq!(state, before);
}

#[test]
#[allow(clippy::print_stdout)]
fn a_thousand_revisions_are_replayed() {
    let once = || {
        let mut state = State::default();
        let start = std::time::Instant::now();
        for at in 0..1000 {
            let mut made = table(&format!("t{at}"), &["id", "a", "b", "c", "d"]);
            if at > 0 {
                made.foreign_keys.push(key("a", &format!("t{}", at - 1)));
            }
            apply(&mut state, &Change::CreateTable(Box::new(made))).unwrap();
            let name = Both { from: "b".to_owned(), to: "e".to_owned() };
            apply(&mut state, &Change::RenameColumn { table: plain(&format!("t{at}")), name }).unwrap();
        }
        let took = start.elapsed();
        assert_eq!(state.tables.len(), 1000);
        took
    };
    // A measurement, not a test of time: `--nocapture` shows it.
    println!("replay of 1,000 revisions: {:?}", (0..3).map(|_| once()).min());
}
