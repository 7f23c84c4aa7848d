//! What single versions of the servers report, as drafts.

use super::catalog::{Check, Column, KeyPart, Table};
use super::*;
use crate::ir::draft::{RawDefault, RawExpr};

fn named(name: &str) -> Name {
    ("d".to_owned(), name.to_owned())
}

fn table(name: &str) -> Table {
    Table { name: named(name), kind: "BASE TABLE".to_owned(), comment: String::new(), options: String::new() }
}

fn column(table: &str, name: &str, spelled: &str, default: Option<&str>) -> Column {
    Column {
        table: named(table),
        name: name.to_owned(),
        default: default.map(str::to_owned),
        nullable: false,
        word: spelled.split('(').next().unwrap_or_default().to_owned(),
        spelled: spelled.to_owned(),
        collation: None,
        extra: String::new(),
        comment: String::new(),
        generated: None,
        srid: None,
        cut: false,
    }
}

fn of(mariadb: bool) -> Catalog {
    Catalog { mariadb, current: Some("d".to_owned()), tables: vec![table("t")], ..Catalog::default() }
}

fn read(catalog: &Catalog) -> (Draft, String) {
    let mut diagnostics = Diagnostics::new();
    let draft = draft(catalog, &mut diagnostics);
    (draft, diagnostics.render(false))
}

/// MySQL prints bare values. Those that the type of the column has none of stay as they are written there.
#[test]
fn no_default_of_mysql_is_dropped() {
    let mut catalog = of(false);
    for (spelled, default, written) in [
        ("datetime", "0000-00-00 00:00:00", "'0000-00-00 00:00:00'"),
        ("date", "2024-00-00", "'2024-00-00'"),
        ("tinyint(1)", "2", "2"),
        ("time", "25:00:00", "'25:00:00'"),
    ] {
        catalog.columns = vec![column("t", "c", spelled, Some(default))];
        let (draft, _) = read(&catalog);
        let found = draft.tables[0].columns[0].default.as_ref().map(|default| &default.value);
        let expected = RawDefault::Expr(RawExpr::PerDialect(server::raw(DialectName::Mysql, written)));
        assert_eq!(found, Some(&expected), "{spelled} DEFAULT {default}");
    }
    catalog.columns = vec![column("t", "c", "int", Some("7"))];
    let (draft, _) = read(&catalog);
    let found = draft.tables[0].columns[0].default.as_ref();
    assert!(found.is_some_and(|default| matches!(default.value, RawDefault::Typed(_))), "{found:?}");
}

/// MariaDB 12.1 counts the foreign keys of each table that have no name.
#[test]
fn numbers_are_no_names() {
    for (mariadb, key, expected) in [(true, "1", None), (true, "t_1", Some("t_1")), (false, "1", Some("1"))] {
        let mut catalog = of(mariadb);
        catalog.columns = vec![column("t", "a", "int", None)];
        catalog.key_parts = vec![KeyPart {
            table: named("t"),
            key: key.to_owned(),
            column: "a".to_owned(),
            target: named("t"),
            target_column: "a".to_owned(),
        }];
        let (draft, _) = read(&catalog);
        assert_eq!(draft.tables[0].foreign_keys[0].name.as_deref(), expected);
    }
}

#[test]
fn checks_that_are_not_applied_and_texts_that_are_cut_are_told() {
    let check = |name: &str, condition: &str, enforced, cut| Check {
        table: named("t"),
        name: name.to_owned(),
        at_column: false,
        condition: condition.to_owned(),
        enforced,
        cut,
    };
    let mut catalog = of(true);
    let cut = Column { cut: true, ..column("t", "c", "varchar(9)", Some("'????'")) };
    catalog.columns = vec![column("t", "a", "int", None), cut];
    catalog.checks = vec![
        check("idle", "(`a` > 0)", false, false),
        check("odd", "`c` <> '????'", true, true),
        check("fine", "`a` < 9", true, false),
    ];
    let (_, said) = read(&catalog);
    assert!(said.contains("that it is NOT ENFORCED is left out") && said.contains("constraint \"idle\""), "{said}");
    assert!(said.contains("constraint \"odd\"") && said.contains("column \"c\""), "{said}");
    assert_eq!(said.matches("for every byte of a character outside the").count(), 2, "{said}");
    assert!(!said.contains("\"fine\""), "{said}");
}
