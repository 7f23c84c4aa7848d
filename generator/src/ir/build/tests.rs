//! Tests of the rules on drafts that no YAML spec makes, above all those of live databases.

use super::*;
use crate::diag::Diagnostics;
use crate::ir::draft::{
    self, Column, Field, ForeignKey, Index, IndexPart, IndexTarget, RawDefault, RawExpr, Relation, Type,
};
use crate::ir::table::Default as ColumnDefault;
use crate::ir::{Action, SqlType, TableKind};

fn name(text: &str) -> At<String> {
    At::new(text.into(), Place::Object(format!("`{text}`")))
}

fn table_name(text: &str) -> TableName {
    TableName { schema: None, name: text.into() }
}

const BIG: SqlType = SqlType::BigInt { unsigned: false };

fn column(text: &str, ty: SqlType) -> Column {
    Column {
        name: name(text),
        ty: At::new(Type::Plain(ty), Place::None),
        nullable: false,
        default: None,
        generated: None,
        collation: None,
        comment: None,
        renamed_from: None,
        declared: None,
        spelled: None,
    }
}

fn table(text: &str, columns: Vec<Column>) -> draft::Table {
    draft::Table {
        name: At::new(table_name(text), Place::Object(format!("table {text:?}"))),
        kind: TableKind::Table,
        primary_key: columns.first().map(|c| c.name.clone()).into_iter().collect(),
        columns,
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        renamed_from: None,
        sqlite: Default::default(),
    }
}

fn foreign(column: &str, target: &str, references: &[&str]) -> ForeignKey {
    ForeignKey {
        name: None,
        columns: vec![name(column)],
        table: At::new(table_name(target), Place::None),
        references: references.iter().map(|r| name(r)).collect(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        deferred: false,
        place: Place::Object(format!("foreign key on {column:?}")),
    }
}

fn live(tables: Vec<draft::Table>) -> (Schema, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let schema = build(Draft { tables, lenient: true, ..Draft::default() }, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    (schema.unwrap(), diagnostics)
}

fn codes_of(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|d| d.code.id).collect()
}

#[test]
fn a_foreign_key_to_a_missing_table_is_left_out_with_a_warning() {
    let mut post = table("post", vec![column("id", BIG), column("user_id", BIG)]);
    post.foreign_keys.push(foreign("user_id", "users", &[]));
    let (schema, diagnostics) = live(vec![post.clone()]);
    assert_eq!(schema.tables[0].foreign_keys.len(), 0);
    insta::assert_snapshot!(diagnostics.to_string(), @r#"
    warning[P0204]: a foreign key of `post` points to `users`, which is not there; it is left out
     --> foreign key on "user_id"
     = help: create that table, take it in if it is filtered out, or drop the foreign key
    "#);

    let mut diagnostics = Diagnostics::new();
    assert_eq!(build(Draft { tables: vec![post], ..Draft::default() }, &mut diagnostics), None);
    assert_eq!(diagnostics.error_count(), 1);
}

#[test]
fn odd_foreign_keys() {
    let user = table("User", vec![column("id", BIG), column("name", SqlType::Text)]);
    let mut post = table(
        "post",
        vec![column("id", BIG), column("user_id", SqlType::Integer { unsigned: false }), column("n", SqlType::Text)],
    );
    post.foreign_keys = vec![
        foreign("user_id", "user", &[]),
        foreign("n", "User", &["name"]),
        foreign("gone", "User", &["id"]),
        ForeignKey { columns: vec![name("id"), name("n")], ..foreign("id", "User", &[]) },
    ];
    let (schema, diagnostics) = live(vec![user, post]);
    insta::assert_snapshot!(diagnostics.to_string(), @r#"
    warning[P0212]: the column `user_id` of `post` has another type than `id` of `User`, to which it points
     --> foreign key on "user_id"
     = help: give both the same type: MySQL refuses such a key and other databases compare slowly

    warning[P0211]: a foreign key of `post` points to `User` (name), which is no key of it; it is left out
     --> foreign key on "n"
     = help: point to the primary key, or make these columns unique

    warning[P0203]: a foreign key of `post` names `gone`, which is no column of `post`; it is left out
     --> `gone`
     = help: known columns are `id`, `user_id`, `n`

    warning[P0211]: a foreign key of `post` has 2 columns and points to 1; it is left out
     --> foreign key on "id"
     = help: name one column for each key column of `User`
    "#);
    assert_eq!(schema.tables[1].foreign_keys.len(), 1);
    assert_eq!(schema.tables[1].foreign_keys[0].references, [ColumnId(0)]);
}

#[test]
fn odd_tables_do_not_fail_the_others() {
    let mut odd = table("odd", vec![column("id", BIG), column("id", SqlType::Text), column("j", SqlType::Json)]);
    odd.columns[0].nullable = true;
    odd.checks = vec![
        (None, At::new(RawExpr::Neutral("ID > 0".into()), Place::None)),
        (None, At::new(RawExpr::Neutral("x >".into()), Place::None)),
        (None, At::new(RawExpr::Neutral("gone > 0".into()), Place::None)),
    ];
    odd.indexes.push(Index {
        name: None,
        parts: vec![IndexPart { target: IndexTarget::Column(name("gone")), desc: false }],
        unique: false,
        predicate: None,
        only: Vec::new(),
        place: Place::None,
    });
    odd.uniques.push((None, vec![name("j"), name("j")]));
    let tables = vec![
        table("empty", Vec::new()),
        odd,
        table("odd", vec![column("x", BIG)]),
        table("good", vec![column("a\"b", BIG)]),
    ];
    let (schema, diagnostics) = live(tables);
    let names: Vec<_> = schema.tables.iter().map(|t| t.name.name.as_str()).collect();
    assert_eq!(names, ["odd", "good"]);
    assert_eq!(schema.tables[0].columns.len(), 2);
    assert!(!schema.tables[0].columns[0].nullable);
    assert_eq!(schema.tables[0].checks[0].expr, crate::ir::Expr::parse_neutral("id > 0").unwrap());
    assert_eq!(codes_of(&diagnostics), ["P0218", "P0205", "P0210", "P0205", "P0203", "P0216", "P0203", "P0206"]);
}

#[test]
fn numbered_columns_are_whole_keys() {
    let mut bad = table("bad", vec![column("a", BIG), column("b", SqlType::Text)]);
    bad.columns[1].default = Some(At::new(RawDefault::Typed(ColumnDefault::AutoIncrement), Place::None));
    let mut diagnostics = Diagnostics::new();
    assert_eq!(build(Draft { tables: vec![bad], ..Draft::default() }, &mut diagnostics), None);
    assert_eq!(codes_of(&diagnostics), ["P0215"]);
}

fn model(text: &str, table: &str, fields: &[(&str, &str)]) -> draft::Model {
    let field = |(n, c): &(&str, &str)| Field { name: name(n), column: (*c).into(), version: false };
    draft::Model {
        name: name(text),
        table: table_name(table),
        fields: fields.iter().map(field).collect(),
        relations: Vec::new(),
        doc: None,
        hooks: crate::ir::Hooks::default(),
        keyless: false,
    }
}

#[test]
fn odd_models_do_not_fail_the_others() {
    let tables = vec![table("a", vec![column("id", BIG), column("x", BIG)]), table("b", vec![column("id", BIG)])];
    let mut a = model("A", "a", &[("x", "x"), ("id", "id"), ("id", "x"), ("bad name", "x")]);
    let relation = |n: &str, to: &str, back: Option<&str>| Relation {
        name: name(n),
        target: name(to),
        kind: draft::RelationKind::BelongsTo(vec![("x".into(), "id".into())]),
        inverse: back.map(str::to_owned),
        ownership: crate::ir::Ownership::default(),
    };
    a.relations = vec![
        relation("b", "B", Some("gone")),
        relation("b", "B", None),
        relation("x", "B", None),
        relation("c", "C", None),
    ];
    let models = vec![a, model("B", "b", &[("id", "id")]), model("B2", "b", &[]), model("D", "gone", &[])];
    let mut diagnostics = Diagnostics::new();
    let schema = build(Draft { tables, models, lenient: true, ..Draft::default() }, &mut diagnostics).unwrap();
    assert_eq!(codes_of(&diagnostics), ["P0205", "P0209", "P0206", "P0204", "P0205", "P0207", "P0202"]);
    assert_eq!(schema.models.len(), 2);
    let fields: Vec<_> = schema.models[0].fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(fields, ["id", "x"]);
    assert_eq!(schema.models[0].relations.len(), 1);
    assert_eq!(schema.models[0].relations[0].inverse, None);
}
