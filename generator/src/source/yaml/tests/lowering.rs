//! What a spec becomes.

use super::*;
use crate::ir::{Action, DialectName, SqlType, Table};

const BLOG: &str = r#"
pilaster: 1
types:
  Email: { sql: string(120), rust: crate::types::Email }
  Link: { sql: text, rust: url::Url, with: crate::types::UrlCodec }
enums:
  Status: [draft, published, {label: PG-13, name: Pg13}]
models:
  User:
    table: user
    columns:
      id: bigint primary
      username: string(80) unique
      email: Email unique
      bio: text null
      created_at: timestamp = now
  Post:
    table: post
    columns:
      id: bigint primary
      title: string(80)
      content: text
      status: Status = draft
      version: integer version                 # optimistic locking
    relations:
      user: { belongs_to: User, inverse: posts, on_delete: cascade }
    indexes:
      - { columns: [status, title] }
      - { columns: [title], unique: true, where: "status = 'published'", only: [sqlite, postgres] }
    checks:
      title_not_empty: "length(title) > 0"
  Comment:
    table: comment
    columns: { id: bigint primary, body: text }
    relations:
      post: { belongs_to: Post, inverse: comments, on_delete: cascade }
  Group:
    table: group
    columns:
      id: bigint primary
      name: string(80) unique
    relations:
      users: { many_to_many: User, table: association, inverse: groups, columns: [group_id, user_id] }
"#;

/// A table in few words: columns, then keys and indexes.
fn table(schema: &Schema, name: &str) -> String {
    let table = schema.tables.iter().find(|t| t.name.name == name).unwrap_or_else(|| panic!("no table {name}"));
    let names =
        |ids: &[crate::ir::ColumnId]| ids.iter().map(|id| table.column(*id).name.clone()).collect::<Vec<_>>().join(",");
    let mut out = String::new();
    for c in &table.columns {
        let null = if c.nullable { " null" } else { "" };
        let default = c.default.as_ref().map(|d| format!(" = {d:?}")).unwrap_or_default();
        out += &format!("{}: {:?}{null}{default}\n", c.name, c.ty);
    }
    out += &format!("key({})\n", names(&table.primary_key));
    for u in &table.uniques {
        out += &format!("unique({})\n", names(&u.columns));
    }
    for i in &table.indexes {
        out += &format!("index({}) unique {} only {:?}{}\n", parts(table, i), i.unique, i.only, predicate(i));
    }
    for c in &table.checks {
        out += &format!("check {:?} {}\n", c.name, c.expr.to_sql(DialectName::Sqlite).unwrap_or_default());
    }
    for f in &table.foreign_keys {
        let target = schema.table(f.table);
        let there = f.references.iter().map(|id| target.column(*id).name.clone()).collect::<Vec<_>>().join(",");
        out += &format!("{} -> {}({there}) {:?}\n", names(&f.columns), target.name.name, f.on_delete);
    }
    out
}

fn parts(table: &Table, index: &crate::ir::Index) -> String {
    let part = |p: &crate::ir::IndexPart| match &p.target {
        crate::ir::IndexTarget::Column(id) => {
            format!("{}{}", table.column(*id).name, if p.desc { " desc" } else { "" })
        }
        crate::ir::IndexTarget::Expr(e) => e.neutral_text().unwrap_or_default(),
    };
    index.parts.iter().map(part).collect::<Vec<_>>().join(",")
}

fn predicate(index: &crate::ir::Index) -> String {
    index.predicate.as_ref().and_then(crate::ir::Expr::neutral_text).map(|p| format!(" where {p}")).unwrap_or_default()
}

/// The relations of a model in few words.
fn relations(schema: &Schema, name: &str) -> Vec<String> {
    let model = schema.models.iter().find(|m| m.name == name).unwrap();
    let kind = |kind: &RelationKind| match kind {
        RelationKind::BelongsTo { on, optional } => {
            format!("belongs_to {}{}", on.len(), if *optional { " null" } else { "" })
        }
        RelationKind::HasOne { .. } => "has_one".to_owned(),
        RelationKind::HasMany { .. } => "has_many".to_owned(),
        RelationKind::ManyToMany { through, .. } => format!("many through {}", schema.table(*through).name.name),
    };
    let line = |r: &crate::ir::Relation| {
        format!("{}: {} {} / {:?}", r.name, kind(&r.kind), schema.model(r.target).name, r.inverse.as_deref())
    };
    model.relations.iter().map(line).collect()
}

#[test]
fn tables_and_columns_of_a_relation_have_names_without_being_told() {
    let text: String = BLOG.lines().filter(|l| !l.starts_with("    table: ")).map(|l| format!("{l}\n")).collect();
    let schema = good(&text.replace(", columns: [group_id, user_id]", ""));
    assert_eq!((schema.tables.len(), schema.models.len()), (5, 4));
}

#[test]
fn a_part_of_a_key_is_no_key() {
    for (n, key) in [
        ("integer", "primary_key: [a_id, b_id]"),
        ("integer", "primary_key: [b_id, a_id]"),
        ("integer primary", "uniques: [[a_id, b_id]]"),
    ] {
        let schema = good(&format!(
            "pilaster: 1\nmodels:\n  A: {{ columns: {{ id: bigint primary }} }}\n  B: {{ columns: {{ id: bigint primary }} }}\n  \
             Link:\n    columns: {{ n: {n} }}\n    relations:\n      a: {{ belongs_to: A, inverse: links }}\n      \
             b: {{ belongs_to: B, inverse: links }}\n    {key}\n"
        ));
        assert_eq!(relations(&schema, "A"), ["links: has_many Link / Some(\"a\")"], "{key}");
        assert_eq!(relations(&schema, "B"), ["links: has_many Link / Some(\"b\")"], "{key}");
    }
}

#[test]
fn the_blog_becomes_five_tables() {
    let schema = good(BLOG);
    insta::assert_snapshot!(table(&schema, "user"), @r"
    id: BigInt { unsigned: false } = AutoIncrement
    username: String(80)
    email: Custom(CustomId(0))
    bio: Text null
    created_at: Timestamp = Now
    key(id)
    unique(username)
    unique(email)
    ");
    insta::assert_snapshot!(table(&schema, "post"), @r#"
    id: BigInt { unsigned: false } = AutoIncrement
    title: String(80)
    content: Text
    status: Enum(EnumId(0)) = Value(Text("draft"))
    version: Integer { unsigned: false }
    user_id: BigInt { unsigned: false }
    key(id)
    index(status,title) unique false only []
    index(title) unique true only [Sqlite, Postgres] where status = 'published'
    index(user_id) unique false only []
    check Some("title_not_empty") length("title") > 0
    user_id -> user(id) Cascade
    "#);
    insta::assert_snapshot!(table(&schema, "comment"), @r"
    id: BigInt { unsigned: false } = AutoIncrement
    body: Text
    post_id: BigInt { unsigned: false }
    key(id)
    index(post_id) unique false only []
    post_id -> post(id) Cascade
    ");
    insta::assert_snapshot!(table(&schema, "association"), @r"
    group_id: BigInt { unsigned: false }
    user_id: BigInt { unsigned: false }
    key(group_id,user_id)
    index(user_id) unique false only []
    group_id -> group(id) Cascade
    user_id -> user(id) Cascade
    ");
    assert_eq!(schema.tables.len(), 5);
    assert_eq!(schema.customs[1].with.as_deref(), Some("crate::types::UrlCodec"));
    assert_eq!(schema.enums[0].variants[2].name, "Pg13");
}

#[test]
fn the_blog_has_both_sides_of_each_relation() {
    let schema = good(BLOG);
    insta::assert_debug_snapshot!(relations(&schema, "User"), @r#"
    [
        "posts: has_many Post / Some(\"user\")",
        "groups: many through association Group / Some(\"users\")",
    ]
    "#);
    insta::assert_debug_snapshot!(relations(&schema, "Post"), @r#"
    [
        "user: belongs_to 1 User / Some(\"posts\")",
        "comments: has_many Comment / Some(\"post\")",
    ]
    "#);
    insta::assert_debug_snapshot!(relations(&schema, "Group"), @r#"
    [
        "users: many through association User / Some(\"groups\")",
    ]
    "#);
    let post = schema.models.iter().find(|m| m.name == "Post").unwrap();
    let fields: Vec<_> = post.fields.iter().map(|f| (f.name.as_str(), f.version)).collect();
    assert_eq!(
        fields,
        [("id", false), ("title", false), ("content", false), ("status", false), ("version", true), ("user_id", false)]
    );
}

#[test]
fn columns_in_full() {
    let schema = good(
        r#"
pilaster: 1
models:
  Thing:
    table: "odd \"name"
    comment: A thing
    columns:
      id: { type: integer }
      type: { type: "decimal(10,2)", column: Kind Of, default: 1.50, comment: how much, check: type > 0 }
      tags: text[]
      net: { raw: { postgres: inet } }
      url: { type: text, null: true, rust: url::Url, with: crate::codec::Url }
      doubled: { type: integer, generated: id * 2 }
      lazy: { type: integer, generated: { expr: id + 1, stored: false } }
      token: { type: uuid, default: { sql: { postgres: gen_random_uuid() } } }
      made: { type: timestamp, default: now, renamed_from: born }
      empty: { type: text, default: "" }
      no: boolean = false
      colour: "text = #fff"
    primary_key: [id]
    uniques: [[type, no], { name: u, columns: [made] }]
    indexes: [no, [type desc, made], { columns: [{ expr: lower(colour) }, { column: no, desc: true }], name: i }]
    checks: [type < 1000, { name: c, expr: "no = false" }, { sqlite: "1", postgres: "true" }]
"#,
    );
    insta::assert_snapshot!(table(&schema, "odd \"name"), @r##"
    id: Integer { unsigned: false } = AutoIncrement
    Kind Of: Decimal(Some((10, 2))) = Value(Number("1.50"))
    tags: Array(Text)
    net: Raw(RawType { sqlite: None, postgres: Some("inet"), mysql: None })
    url: Custom(CustomId(0)) null
    doubled: Integer { unsigned: false }
    lazy: Integer { unsigned: false }
    token: Uuid = Expr(PerDialect(RawType { sqlite: None, postgres: Some("gen_random_uuid()"), mysql: None }))
    made: Timestamp = Now
    empty: Text = Value(Text(""))
    no: Boolean = Value(Bool(false))
    colour: Text = Value(Text("#fff"))
    key(id)
    unique(Kind Of,no)
    unique(made)
    index(no) unique false only []
    index(Kind Of desc,made) unique false only []
    index(lower(colour),no desc) unique false only []
    check None "Kind Of" > 0
    check None "Kind Of" < 1000
    check Some("c") "no" = FALSE
    check None 1
    "##);
    assert_eq!(schema.customs[0].name, "ThingUrl");
    let table = &schema.tables[0];
    assert_eq!(table.columns[1].comment.as_deref(), Some("how much"));
    assert_eq!(table.columns[8].renamed_from.as_deref(), Some("born"));
    assert!(!table.columns[6].generated.as_ref().unwrap().stored);
}

#[test]
fn declared_from_the_other_side_is_the_same() {
    let columns = "{ id: bigint primary }";
    let near = good(&format!(
        "pilaster: 1\nmodels:\n  A: {{ table: a, columns: {columns} }}\n  B:\n    table: b\n    columns: {columns}\n    relations:\n      a: {{ belongs_to: A, inverse: bs, on_delete: restrict, null: true }}\n"
    ));
    let far = good(&format!(
        "pilaster: 1\nmodels:\n  A:\n    table: a\n    columns: {columns}\n    relations:\n      bs: {{ has_many: B, inverse: a, on_delete: restrict, null: true }}\n  B: {{ table: b, columns: {columns} }}\n"
    ));
    assert_eq!(near, far);
    assert_eq!(near.tables[1].foreign_keys[0].on_delete, Action::Restrict);
    assert!(near.tables[1].columns[1].nullable);
}

#[test]
fn one_to_one_composite_and_self_references() {
    let schema = good(
        r"
pilaster: 1
models:
  Tenant:
    table: tenant
    columns: { a: bigint primary, b: string(9) primary }
  User:
    table: user
    columns: { id: bigint primary, tenant_a: bigint, tenant_b: string(9) }
    relations:
      tenant: { belongs_to: Tenant, inverse: users, columns: [tenant_a, tenant_b], index: false }
      parent: { belongs_to: User, null: true, inverse: children, on_delete: set_null }
      friends: { many_to_many: User, table: friend, columns: [a_id, b_id], inverse: friend_of }
      clubs: { many_to_many: Tenant, through: Membership, inverse: members }
  Profile:
    table: profile
    columns: { user_id: bigint primary }
    relations:
      user: { belongs_to: User, inverse: profile, on_delete: cascade }
      twin: { belongs_to: Profile, inverse: none, unique: true, null: true }
  Membership:
    table: membership
    columns: { since: date }
    relations:
      user: { belongs_to: User, inverse: none }
      tenant: { belongs_to: Tenant, inverse: none }
    primary_key: [user_id, tenant_a, tenant_b]
",
    );
    insta::assert_snapshot!(table(&schema, "user"), @r"
    id: BigInt { unsigned: false } = AutoIncrement
    tenant_a: BigInt { unsigned: false }
    tenant_b: String(9)
    parent_id: BigInt { unsigned: false } null
    key(id)
    index(parent_id) unique false only []
    tenant_a,tenant_b -> tenant(a,b) NoAction
    parent_id -> user(id) SetNull
    ");
    insta::assert_snapshot!(table(&schema, "profile"), @r"
    user_id: BigInt { unsigned: false }
    twin_id: BigInt { unsigned: false } null
    key(user_id)
    unique(twin_id)
    user_id -> user(id) Cascade
    twin_id -> profile(user_id) NoAction
    ");
    insta::assert_snapshot!(table(&schema, "friend"), @r"
    a_id: BigInt { unsigned: false }
    b_id: BigInt { unsigned: false }
    key(a_id,b_id)
    index(b_id) unique false only []
    a_id -> user(id) Cascade
    b_id -> user(id) Cascade
    ");
    insta::assert_snapshot!(table(&schema, "membership"), @r"
    since: Date
    user_id: BigInt { unsigned: false }
    tenant_a: BigInt { unsigned: false }
    tenant_b: String(9)
    key(user_id,tenant_a,tenant_b)
    index(tenant_a,tenant_b) unique false only []
    user_id -> user(id) NoAction
    tenant_a,tenant_b -> tenant(a,b) NoAction
    ");
    insta::assert_debug_snapshot!(relations(&schema, "User"), @r#"
    [
        "tenant: belongs_to 2 Tenant / Some(\"users\")",
        "parent: belongs_to 1 null User / Some(\"children\")",
        "friends: many through friend User / Some(\"friend_of\")",
        "clubs: many through membership Tenant / Some(\"members\")",
        "children: has_many User / Some(\"parent\")",
        "friend_of: many through friend User / Some(\"friends\")",
        "profile: has_one Profile / Some(\"user\")",
    ]
    "#);
    insta::assert_debug_snapshot!(relations(&schema, "Profile"), @r#"
    [
        "user: belongs_to 1 User / Some(\"profile\")",
        "twin: belongs_to 1 null Profile / None",
    ]
    "#);
    assert_eq!(schema.tables[0].columns[0].ty, SqlType::BigInt { unsigned: false });
    assert_eq!(schema.tables[2].columns[0].default, None::<Default>);
}

#[test]
fn what_a_database_may_have_can_be_said() {
    let schema = good(
        r"
pilaster: 1
models:
  A:
    table: a
    columns:
      id: { type: bigint, primary: true, auto: false, declared: { sqlite: INT8 } }
      secret: { type: text, field: false, column: odd name, index: true }
      b_id: bigint null
    foreign_keys: [{ columns: [b_id], model: A, on_delete: set_null, constraint: fk }, { columns: [b_id], table: a }]
    indexes: [{ columns: [secret], where: secret <> '' }]
",
    );
    insta::assert_snapshot!(table(&schema, "a"), @r#"
    id: BigInt { unsigned: false }
    odd name: Text
    b_id: BigInt { unsigned: false } null
    key(id)
    index(odd name) unique false only []
    index(odd name) unique false only [] where "odd name" <> ''
    b_id -> a(id) SetNull
    b_id -> a(id) NoAction
    "#);
    assert_eq!(schema.models[0].fields.len(), 2);
    assert_eq!(schema.tables[0].columns[0].declared.as_ref().unwrap().sqlite.as_deref(), Some("INT8"));
}

#[test]
fn an_empty_spec_says_what_is_missing() {
    let (_, diagnostics) = read("");
    let codes: Vec<_> = diagnostics.iter().map(|d| d.code.id).collect();
    assert_eq!(codes, ["P0110", "P0111"]);
    good("pilaster: 1\nmodels:\n");
}

#[test]
fn damaged_specs_are_findings_and_never_panics() {
    let pieces =
        ["", "{", "}", "[", "]", "\"", "'", ":", "#", "\t", "\n", "=", "é", "\u{202e}", "*", "&", "|", "null", "("];
    let ends: Vec<usize> = BLOG.char_indices().map(|(at, _)| at).collect();
    let mut at = 7;
    for round in 0..3000 {
        // a fixed walk over places and pieces: every run is the same
        at = (at * 31 + round * 17) % ends.len();
        let piece = pieces[round % pieces.len()];
        let cut = ends.get(at + round % 5).copied().unwrap_or(BLOG.len());
        let text = format!("{}{piece}{}", &BLOG[..ends[at]], &BLOG[cut..]);
        let (schema, diagnostics) = read(&text);
        assert!(schema.is_some() || diagnostics.has_errors(), "{text}");
        let _ = diagnostics.render(true);
    }
}
