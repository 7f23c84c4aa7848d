//! Tests of the written spec.

use super::*;
use crate::ir::{
    Action, Column, Default, ForeignKey, IndexPart, Literal, ModelId, Relation, RelationKind, SqlType, TableId,
    TableName, Variant,
};

fn column(name: &str, ty: SqlType) -> Column {
    Column {
        name: name.to_owned(),
        ty,
        nullable: false,
        default: None,
        generated: None,
        collation: None,
        comment: None,
        renamed_from: None,
        declared: None,
    }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table {
        name: TableName { schema: None, name: name.to_owned() },
        kind: TableKind::Table,
        columns,
        primary_key: vec![crate::ir::ColumnId(0)],
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        renamed_from: None,
        sqlite: SqliteOptions::default(),
    }
}

fn model(name: &str, table: u32, fields: &[(&str, u32)]) -> Model {
    let field = |(name, column): &(&str, u32)| Field {
        name: (*name).to_owned(),
        column: crate::ir::ColumnId(*column),
        version: false,
    };
    Model {
        name: name.to_owned(),
        table: TableId(table),
        fields: fields.iter().map(field).collect(),
        relations: Vec::new(),
        doc: None,
        hooks: crate::ir::Hooks::default(),
    }
}

fn relation(name: &str, target: u32, kind: RelationKind, inverse: Option<&str>) -> Relation {
    let ownership = crate::ir::Ownership::default();
    Relation { name: name.to_owned(), target: ModelId(target), kind, inverse: inverse.map(str::to_owned), ownership }
}

const BIGINT: SqlType = SqlType::BigInt { unsigned: false };

fn id() -> Column {
    Column { default: Some(Default::AutoIncrement), ..column("id", BIGINT) }
}

fn only_sqlite(text: &str) -> Expr {
    Expr::PerDialect(RawType { sqlite: Some(text.to_owned()), ..RawType::default() })
}

/// Everything after `models:`.
fn models(schema: &Schema) -> String {
    write(schema).split_once("models:\n").unwrap().1.to_owned()
}

#[test]
fn columns_in_both_forms() {
    let with = |default, column| Column { default: Some(Default::Value(default)), ..column };
    let text = |text: &str| Literal::Text(text.to_owned());
    let declared = RawType { sqlite: Some("NVARCHAR(80)".to_owned()), ..RawType::default() };
    let columns = vec![
        id(),
        Column { nullable: true, ..column("Name", SqlType::String(80)) },
        with(text("draft"), column("status", SqlType::Enum(crate::ir::EnumId(0)))),
        with(text("#fff"), column("colour", SqlType::Text)),
        with(text(" x "), column("blank", SqlType::Text)),
        with(text(""), column("empty", SqlType::Text)),
        with(Literal::Number("9.99".to_owned()), column("price", SqlType::Decimal(Some((10, 2))))),
        with(Literal::Bytes(vec![0, 255]), column("data", SqlType::Bytes)),
        Column { default: Some(Default::Now), ..column("made", SqlType::Timestamp) },
        Column { default: Some(Default::Expr(only_sqlite("random()"))), ..column("dice", BIGINT) },
        column("hidden", SqlType::Json),
        Column { declared: Some(declared), ..column("old", SqlType::String(80)) },
    ];
    let mut notes = table("notes", columns);
    notes.comment = Some("line one\n\"two\" #3".to_owned());
    notes.sqlite.strict = true;
    let fields = ["id", "name", "status", "colour", "blank", "empty", "price", "data", "made", "dice"];
    let mut fields: Vec<(&str, u32)> = fields.into_iter().zip(0..).collect();
    fields.push(("old", 11));
    let variant = |label: &str, name: &str| Variant { label: label.to_owned(), name: name.to_owned() };
    let schema = Schema {
        enums: vec![EnumType {
            name: "Status".to_owned(),
            sql_name: TableName::plain("status"),
            variants: vec![variant("draft", "Draft"), variant("no", "No"), variant("b/w", "Grey")],
        }],
        tables: vec![notes],
        models: vec![model("Note", 0, &fields)],
        ..Schema::default()
    };
    assert_eq!(
        write(&schema),
        r##"pilaster: 1

enums:
  Status: [draft, "no", { label: b/w, name: Grey }]

models:
  Note:
    table: notes
    comment: "line one\n\"two\" #3"
    sqlite: { strict: true }
    columns:
      id: bigint primary
      name: { type: string(80), null: true, column: Name }
      status: Status = draft
      colour: "text = #fff"
      blank: { type: text, default: " x " }
      empty: { type: text, default: "" }
      price: decimal(10,2) = 9.99
      data: bytes = 0x00ff
      made: timestamp = now
      dice: { type: bigint, default: { sql: { sqlite: random() } } }
      hidden: { type: json, field: false }
      old: { type: string(80), declared: { sqlite: NVARCHAR(80) } }
"##
    );
    assert!(!write_with(&schema, &Options { declared: false }).contains("NVARCHAR"));
}

fn key(column: u32, target: u32) -> ForeignKey {
    ForeignKey {
        name: None,
        columns: vec![crate::ir::ColumnId(column)],
        table: TableId(target),
        references: vec![crate::ir::ColumnId(0)],
        on_delete: Action::Cascade,
        on_update: Action::NoAction,
        deferred: false,
    }
}

fn on(here: u32, there: u32) -> Vec<(crate::ir::ColumnId, crate::ir::ColumnId)> {
    vec![(crate::ir::ColumnId(here), crate::ir::ColumnId(there))]
}

#[test]
fn relations_are_declared_where_their_key_is() {
    let mut posts =
        table("post", vec![id(), column("user_id", BIGINT), column("editor", BIGINT), column("x_id", BIGINT)]);
    posts.foreign_keys = vec![key(1, 0), key(2, 0), key(3, 0)];
    let part = |column| IndexPart { target: IndexTarget::Column(crate::ir::ColumnId(column)), desc: false };
    posts.indexes = vec![Index {
        name: Some("i".to_owned()),
        parts: vec![part(1), part(2)],
        unique: false,
        predicate: None,
        only: Vec::new(),
    }];
    let mut post = model("Post", 1, &[("id", 0), ("user_id", 1), ("editor", 2), ("x_id", 3)]);
    let belongs_to = |here| RelationKind::BelongsTo { on: on(here, 0), optional: false };
    post.relations =
        vec![relation("user", 0, belongs_to(1), Some("posts")), relation("editor_user", 0, belongs_to(2), None)];
    let mut user = model("User", 0, &[("id", 0)]);
    user.relations = vec![relation("posts", 1, RelationKind::HasMany { on: on(0, 1) }, Some("user"))];
    let schema =
        Schema { tables: vec![table("user", vec![id()]), posts], models: vec![user, post], ..Schema::default() };
    assert_eq!(
        models(&schema),
        r#"  User:
    columns:
      id: bigint primary

  Post:
    columns:
      id: bigint primary
      user_id: bigint
      editor: bigint
      x_id: bigint
    relations:
      user: { belongs_to: User, on_delete: cascade }
      editor_user: { belongs_to: User, inverse: none, columns: [editor], on_delete: cascade, index: false }
    foreign_keys:
      - { columns: [x_id], model: User, on_delete: cascade }
    indexes:
      - { columns: [user_id, editor], name: i }
"#
    );
}

#[test]
fn a_relation_before_declared_ones_is_declared_too() {
    let mut a = model("A", 0, &[("id", 0), ("b_id", 1)]);
    let mut b = model("B", 1, &[("id", 0), ("a_id", 1)]);
    a.relations = vec![
        relation("bs", 1, RelationKind::HasMany { on: on(0, 1) }, Some("a")),
        relation("b", 1, RelationKind::BelongsTo { on: on(1, 0), optional: false }, Some("as")),
    ];
    b.relations = vec![
        relation("a", 0, RelationKind::BelongsTo { on: on(1, 0), optional: false }, Some("bs")),
        relation("as", 0, RelationKind::HasMany { on: on(0, 1) }, Some("b")),
    ];
    let mut tables =
        vec![table("a", vec![id(), column("b_id", BIGINT)]), table("b", vec![id(), column("a_id", BIGINT)])];
    tables[0].foreign_keys.push(key(1, 1));
    tables[1].foreign_keys.push(key(1, 0));
    let written = models(&Schema { tables, models: vec![a, b], ..Schema::default() });
    assert!(
        written.contains("      bs: { has_many: B, on_delete: cascade, index: false }\n      b: { belongs_to: B,"),
        "{written}"
    );
    assert_eq!(written.matches("relations:").count(), 1, "{written}");
}

#[test]
fn a_many_to_many_makes_its_table_or_goes_through_a_model() {
    let mut between = table("user_group", vec![column("user_id", BIGINT), column("group_id", BIGINT)]);
    between.primary_key.push(crate::ir::ColumnId(1));
    between.foreign_keys = vec![key(0, 0), key(1, 1)];
    let kind = |near, far| RelationKind::ManyToMany { through: TableId(2), near: on(0, near), far: on(far, 0) };
    let mut user = model("User", 0, &[("id", 0)]);
    user.relations = vec![relation("groups", 1, kind(0, 1), Some("members"))];
    let mut group = model("Group", 1, &[("id", 0)]);
    group.relations = vec![relation("members", 0, kind(1, 0), Some("groups"))];
    let mut schema = Schema {
        tables: vec![table("user", vec![id()]), table("group", vec![id()]), between],
        models: vec![user, group],
        ..Schema::default()
    };
    let written = models(&schema);
    assert!(written.contains("      groups: { many_to_many: Group, inverse: members }\n"), "{written}");
    assert_eq!(written.matches("many_to_many").count(), 1, "{written}");
    schema.models.push(model("UserGroup", 2, &[("user_id", 0), ("group_id", 1)]));
    let written = models(&schema);
    assert!(
        written.contains("      groups: { many_to_many: Group, through: UserGroup, inverse: members }\n"),
        "{written}"
    );
}

#[test]
fn what_the_format_cannot_say_is_named() {
    let schema = Schema { tables: vec![table("lone", vec![id()])], ..Schema::default() };
    assert_eq!(write(&schema), "pilaster: 1\nmodels: {}\n# left out: the table \"lone\" has no model\n");
}
