//! Tests on small databases.

use std::fs;

use rusqlite::Connection;

use super::*;
use crate::diag::Severity;
use crate::ir::draft::{At, Column, IndexTarget, RawDefault, RawExpr, Table, Type};
use crate::ir::{Action, Default, Literal, SqlType, TableKind};

/// The draft of a script, with codes and messages of the diagnostics.
fn read(sql: &str) -> (Draft, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    load_all(&path)
}

fn load_all(path: &Path) -> (Draft, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let draft = load(path, &mut diagnostics);
    let found = diagnostics.into_iter().map(|d| format!("{} {}", d.code.id, d.message)).collect();
    (draft, found)
}

fn table<'d>(draft: &'d Draft, name: &str) -> &'d Table {
    draft.tables.iter().find(|table| table.name.value.name == name).unwrap()
}

fn column<'d>(draft: &'d Draft, table_name: &str, name: &str) -> &'d Column {
    table(draft, table_name).columns.iter().find(|column| column.name.value == name).unwrap()
}

fn texts(names: &[At<String>]) -> Vec<&str> {
    names.iter().map(|name| name.value.as_str()).collect()
}

const BIGINT: Type = Type::Plain(SqlType::BigInt { unsigned: false });

#[test]
fn keys_are_numbered_where_sqlite_does_it() {
    let (draft, found) = read(
        "CREATE TABLE rowid (id INTEGER PRIMARY KEY, x TEXT);
         CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT);
         CREATE TABLE not_rowid (id INT PRIMARY KEY NOT NULL);
         CREATE TABLE without (id INTEGER PRIMARY KEY) WITHOUT ROWID;
         CREATE TABLE descending (id INTEGER PRIMARY KEY DESC);
         CREATE TABLE shared (id INTEGER PRIMARY KEY REFERENCES rowid);
         CREATE TABLE pair (b INTEGER, a TEXT, PRIMARY KEY (a, b)) STRICT;",
    );
    let is_numbered = |name: &str| {
        let default = column(&draft, name, "id").default.as_ref();
        default.is_some_and(|default| default.value == RawDefault::Typed(Default::AutoIncrement))
    };
    let numbered: Vec<bool> =
        ["rowid", "auto", "not_rowid", "without", "descending", "shared"].map(is_numbered).to_vec();
    assert_eq!(numbered, [true, true, false, false, false, false]);
    assert!(table(&draft, "auto").sqlite.autoincrement && !table(&draft, "rowid").sqlite.autoincrement);
    assert!(table(&draft, "without").sqlite.without_rowid && table(&draft, "pair").sqlite.strict);
    assert_eq!(texts(&table(&draft, "pair").primary_key), ["a", "b"]);
    assert!(draft.tables.iter().flat_map(|table| &table.columns).filter(|c| c.name.value != "x").all(|c| !c.nullable));
    // `descending`; STRICT and WITHOUT ROWID tables keep NULL out by themselves
    assert_eq!(found, ["P0308 the key may hold NULL, which SQLite allows; read as NOT NULL: \"id\""]);
}

#[test]
fn columns_with_types_defaults_and_generated_ones() {
    let (draft, found) = read(
        "CREATE TABLE t (
           id INTEGER PRIMARY KEY,
           name NVARCHAR(40) NOT NULL DEFAULT 'a''b' COLLATE NOCASE,
           price DECIMAL(10,2) DEFAULT 1.5,
           made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
           flag BOOLEAN NOT NULL DEFAULT 0,
           token TEXT DEFAULT (lower(hex(randomblob(4)))),
           total INTEGER GENERATED ALWAYS AS ([price] * 2) STORED,
           half REAL AS (price / 2),
           untyped,
           place GEOMETRY
         )",
    );
    let name = column(&draft, "t", "name");
    assert_eq!(name.ty.value, Type::Plain(SqlType::String(40)));
    // SQLite treats it like our `VARCHAR(40)`.
    assert_eq!(name.declared, None);
    assert_eq!(name.collation.as_deref(), Some("NOCASE"));
    assert_eq!(name.default.as_ref().unwrap().value, RawDefault::Written("a'b".to_owned()));
    assert!(column(&draft, "t", "price").declared.is_none() && column(&draft, "t", "price").nullable);
    assert_eq!(column(&draft, "t", "made").default.as_ref().unwrap().value, RawDefault::Typed(Default::Now));
    let flag = column(&draft, "t", "flag").default.as_ref().unwrap();
    assert_eq!(flag.value, RawDefault::Typed(Default::Value(Literal::Bool(false))));
    let token = column(&draft, "t", "token").default.as_ref().unwrap();
    assert_eq!(token.value, RawDefault::Expr(RawExpr::Neutral("lower(hex(randomblob(4)))".to_owned())));
    let (total, stored) = column(&draft, "t", "total").generated.as_ref().unwrap();
    assert_eq!((&total.value, *stored), (&RawExpr::Neutral("\"price\" * 2".to_owned()), true));
    assert!(!column(&draft, "t", "half").generated.as_ref().unwrap().1);
    assert!(matches!(&column(&draft, "t", "untyped").ty.value, Type::Plain(SqlType::Raw(_))));
    assert_eq!(
        found,
        ["P0307 the declared type says too little, and this is read as a guess: \"untyped\", \"place\" GEOMETRY"]
    );
}

#[test]
fn constraints_and_indexes_keep_their_names() {
    let (draft, _) = read(
        "CREATE TABLE t (
           a TEXT NOT NULL UNIQUE, b INT, c INT CONSTRAINT positive CHECK (c > 0),
           CONSTRAINT pair UNIQUE (b, c),
           CHECK ([b] <> C)
         );
         CREATE UNIQUE INDEX z ON t (b DESC) WHERE c IS NOT NULL;
         CREATE INDEX y ON t (lower(a), c);
         CREATE INDEX x ON t (a COLLATE NOCASE);",
    );
    let t = table(&draft, "t");
    let uniques: Vec<(Option<&str>, Vec<&str>)> =
        t.uniques.iter().map(|(name, columns)| (name.as_deref(), texts(columns))).collect();
    assert_eq!(uniques, [(None, vec!["a"]), (Some("pair"), vec!["b", "c"])]);
    let checks: Vec<(Option<&str>, &RawExpr)> = t.checks.iter().map(|(name, e)| (name.as_deref(), &e.value)).collect();
    let neutral = |text: &str| RawExpr::Neutral(text.to_owned());
    assert_eq!(checks, [(Some("positive"), &neutral("c > 0")), (None, &neutral("\"b\" <> \"c\""))]);
    let names: Vec<&str> = t.indexes.iter().map(|index| index.name.as_ref().unwrap().value.as_str()).collect();
    assert_eq!(names, ["x", "y", "z"]);
    let targets: Vec<String> = t.indexes.iter().flat_map(|index| &index.parts).map(|p| shown(&p.target)).collect();
    assert_eq!(targets, ["sqlite a COLLATE NOCASE", "lower(a)", "column c", "column b"]);
    let z = &t.indexes[2];
    assert!(z.unique && z.parts[0].desc);
    assert_eq!(z.predicate.as_ref().unwrap().value, neutral("c IS NOT NULL"));
}

fn shown(target: &IndexTarget) -> String {
    match target {
        IndexTarget::Column(column) => format!("column {}", column.value),
        IndexTarget::Expr(expr) => match &expr.value {
            RawExpr::Neutral(text) => text.clone(),
            RawExpr::PerDialect(raw) => format!("sqlite {}", raw.sqlite.as_deref().unwrap()),
        },
    }
}

#[test]
fn a_check_over_labels_is_an_enum() {
    let (draft, found) = read(
        "CREATE TABLE posts (
           id INTEGER PRIMARY KEY,
           status VARCHAR(9) NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'it''s')),
           kind TEXT DEFAULT 'other' CHECK (kind IN ('a', 'b')),
           level INT CHECK (level IN ('1', '2')),
           mood TEXT COLLATE NOCASE CHECK (mood IN ('a', 'b'))
         )",
    );
    assert_eq!(draft.enums.len(), 1, "{:?}", draft.enums);
    let labels: Vec<&str> = draft.enums[0].variants.iter().map(|(label, _)| label.value.as_str()).collect();
    assert_eq!((draft.enums[0].name.value.as_str(), labels), ("PostStatus", vec!["draft", "it's"]));
    assert_eq!(draft.enums[0].sql_name.name, "post_status");
    assert_eq!(column(&draft, "posts", "status").ty.value, Type::Named("PostStatus".to_owned()));
    assert_eq!(table(&draft, "posts").checks.len(), 3, "a default that is no label, a number, a collation");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn foreign_keys_are_resolved_or_left_out_with_a_reason() {
    let (draft, found) = read(
        "CREATE TABLE Users (Id INTEGER PRIMARY KEY, code TEXT UNIQUE, plain TEXT);
         CREATE VIEW v AS SELECT Id FROM Users;
         CREATE TABLE posts (
           id INTEGER PRIMARY KEY,
           user_id INT REFERENCES users ON DELETE CASCADE,
           code TEXT CONSTRAINT by_code REFERENCES USERS (CODE) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
           a INT REFERENCES missing, b INT REFERENCES v (Id), c TEXT REFERENCES Users (plain),
           d INT REFERENCES Users (nope), e INT, f INT,
           FOREIGN KEY (e, f) REFERENCES Users
         );",
    );
    let keys = &table(&draft, "posts").foreign_keys;
    assert_eq!(keys.len(), 2);
    assert_eq!((keys[0].table.value.name.as_str(), texts(&keys[0].references)), ("Users", vec!["Id"]));
    assert_eq!((keys[0].on_delete, keys[0].deferred), (Action::Cascade, false));
    assert_eq!((keys[1].name.as_deref(), texts(&keys[1].references)), (Some("by_code"), vec!["code"]));
    assert_eq!((keys[1].on_update, keys[1].deferred), (Action::SetNull, true));
    assert_eq!(
        found,
        [
            "P0306 the foreign key (a) to \"missing\" is left out: there is no such table",
            "P0306 the foreign key (b) to \"v\" is left out: it is a view",
            "P0306 the foreign key (c) to \"Users\" is left out: (plain) is not unique there",
            "P0306 the foreign key (d) to \"Users\" is left out: \"Users\" has no column \"nope\"",
            "P0306 the foreign key (e, f) to \"Users\" is left out: its key has 1 columns",
        ]
    );
}

#[test]
fn views_are_read_and_broken_ones_named() {
    let (draft, found) = read(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, price DECIMAL(5,2) NOT NULL);
         CREATE TABLE gone (id INTEGER);
         CREATE VIEW good AS SELECT id, price, price * 2 AS twice FROM t;
         CREATE VIEW bad AS SELECT id FROM gone;
         DROP TABLE gone;",
    );
    assert_eq!(table(&draft, "good").kind, TableKind::View);
    assert_eq!(column(&draft, "good", "id").ty.value, BIGINT);
    assert!(column(&draft, "good", "price").nullable, "nothing is known of a view's columns");
    assert_eq!(draft.tables.len(), 2);
    let codes: Vec<&str> = found.iter().map(|message| &message[..5]).collect();
    assert_eq!(codes, ["P0305", "P0307"], "{found:?}");
}

#[test]
fn names_of_any_kind_are_read() {
    let (draft, found) = read(
        "CREATE TABLE \"a\"\"b'c\" (\"select\" INTEGER PRIMARY KEY, [x y] TEXT, `*/` TEXT CHECK (`*/` <> ')'), \"\" TEXT, 'q' INT);
         CREATE TABLE \"sqlitey\" (id INTEGER PRIMARY KEY);
         CREATE INDEX \"i\"\"x\" ON \"a\"\"b'c\" ([x y], \"*/\");",
    );
    let t = table(&draft, "a\"b'c");
    let names: Vec<&str> = t.columns.iter().map(|column| column.name.value.as_str()).collect();
    assert_eq!(names, ["select", "x y", "*/", "", "q"]);
    assert_eq!(t.checks[0].1.value, RawExpr::Neutral("\"*/\" <> ')'".to_owned()));
    assert_eq!(t.indexes[0].parts.len(), 2);
    assert_eq!((draft.tables.len(), found), (2, Vec::new()));
}

#[test]
fn virtual_tables_are_left_out_by_name() {
    let (draft, found) =
        read("CREATE VIRTUAL TABLE boxes USING rtree(id, a, b); CREATE TABLE t (id INTEGER PRIMARY KEY);");
    assert_eq!(draft.tables.len(), 1);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("P0305"), "{found:?}");
}

#[test]
fn files_that_are_no_database_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let first = |path: &Path| {
        let mut diagnostics = Diagnostics::default();
        let draft = load(path, &mut diagnostics);
        assert!(draft.tables.is_empty());
        let found: Vec<String> =
            (&diagnostics).into_iter().map(|d| format!("{:?} {} {}", d.severity, d.code.id, d.message)).collect();
        assert!((&diagnostics).into_iter().all(|d| d.help.is_some()));
        found.join("; ").replace(&folder.path().display().to_string(), "")
    };
    assert_eq!(first(&path), "Error P0301 the database file `/x.db` does not exist");
    assert!(!path.exists(), "it must not be created");
    assert_eq!(first(folder.path()), "Error P0301 `` is a directory");
    fs::write(&path, "a text that is long enough to be more than a header of a database file".repeat(20)).unwrap();
    assert_eq!(first(&path), "Error P0301 `/x.db` is not an SQLite database, or is encrypted");
    fs::write(&path, "").unwrap();
    assert_eq!(first(&path), "Warning P0304 `/x.db` has no tables");
}

#[test]
fn a_locked_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY); BEGIN EXCLUSIVE").unwrap();
    let mut diagnostics = Diagnostics::default();
    load(&path, &mut diagnostics);
    let codes: Vec<_> = (&diagnostics).into_iter().map(|d| (d.severity, d.code.id)).collect();
    assert_eq!(codes, [(Severity::Error, "P0303")]);
}
