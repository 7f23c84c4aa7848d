//! What newer servers than those of the tests report, as drafts.

use super::catalog::{Column, Constraint, Schema, Table, Type};
use super::*;

fn table(oid: i64, name: &str) -> Table {
    Table {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: "r".to_owned(),
        comment: None,
        partitions: None,
        parents: None,
        unlogged: false,
        triggers: 0,
        rules: 0,
        row_security: false,
    }
}

fn column(table: i64, number: i64, name: &str) -> Column {
    Column {
        table,
        number,
        name: name.to_owned(),
        ty: 23,
        modifier: -1,
        spelled: "integer".to_owned(),
        not_null: true,
        identity: String::new(),
        generated: String::new(),
        default: None,
        collation: None,
        comment: None,
        sequence: false,
        counts: None,
    }
}

fn constraint(table: i64, name: &str, kind: &str, columns: &[i64]) -> Constraint {
    Constraint {
        table,
        name: name.to_owned(),
        kind: kind.to_owned(),
        deferrable: false,
        deferred: false,
        validated: true,
        enforced: true,
        period: false,
        no_inherit: false,
        columns: columns.to_vec(),
        target: 0,
        target_name: None,
        target_columns: Vec::new(),
        on_update: "a".to_owned(),
        on_delete: "a".to_owned(),
        condition: None,
        definition: String::new(),
    }
}

/// Keys over time and constraints that are not applied, of version 18.
#[test]
fn what_has_no_counterpart_is_told() {
    let key = |constraint| Constraint { target: 1, target_columns: vec![1, 2], ..constraint };
    let catalog = Catalog {
        schemas: vec![Schema { oid: 2200, name: "public".to_owned(), current: true }],
        tables: vec![table(1, "stay"), table(2, "visit")],
        columns: vec![column(1, 1, "room"), column(1, 2, "at"), column(2, 1, "room"), column(2, 2, "at")],
        constraints: vec![
            Constraint { period: true, ..constraint(1, "stay_pkey", "p", &[1, 2]) },
            Constraint {
                period: true,
                definition: "FOREIGN KEY (room, PERIOD at) REFERENCES stay(room, PERIOD at)".to_owned(),
                ..key(constraint(2, "during", "f", &[1, 2]))
            },
            Constraint { enforced: false, validated: false, ..key(constraint(2, "loose", "f", &[1, 2])) },
            Constraint {
                enforced: false,
                validated: false,
                condition: Some("(room > 0)".to_owned()),
                ..constraint(2, "idle", "c", &[1])
            },
        ],
        types: vec![Type {
            oid: 23,
            schema: "pg_catalog".to_owned(),
            name: "int4".to_owned(),
            kind: "b".to_owned(),
            element: 0,
            base: 0,
            base_modifier: -1,
            base_spelled: String::new(),
            not_null: false,
            default: None,
            collation: None,
        }],
        ..Catalog::default()
    };
    let mut diagnostics = Diagnostics::new();
    let draft = draft(&catalog, &mut diagnostics);
    let said: Vec<String> = diagnostics.iter().map(|item| format!("{:?}: {}", item.place, item.message)).collect();
    let expected = [
        ("stay_pkey", "WITHOUT OVERLAPS is left out"),
        ("during", "the foreign key is left out: FOREIGN KEY (room, PERIOD at) REFERENCES"),
        ("loose", "that it is NOT ENFORCED is left out"),
        ("idle", "that it is NOT ENFORCED is left out"),
    ];
    for (name, message) in expected {
        assert!(said.iter().any(|line| line.contains(name) && line.contains(message)), "{name}: {message}\n{said:?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:?}");
    let keys: Vec<_> = draft.tables[1].foreign_keys.iter().map(|key| key.name.as_deref()).collect();
    assert_eq!(keys, [Some("loose")]);
    assert_eq!(draft.tables[1].checks.len(), 1);
}
