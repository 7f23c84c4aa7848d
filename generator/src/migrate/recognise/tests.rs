//! Reports and schemas that mean the same, and some that do not.

use super::*;
use crate::ir::{Action, Check, Default, Expr, Literal, RawType, SqlType};
use crate::migrate::drift::drift;
use crate::migrate::state::{Column, ForeignKey, Index, IndexPart, IndexTarget, Type, Unique, plain};

const MYSQL: DialectName = DialectName::Mysql;
const POSTGRES: DialectName = DialectName::Postgres;

fn column(name: &str, ty: impl Into<Type>) -> Column {
    Column::new(name, ty.into())
}

fn of(columns: Vec<Column>) -> State {
    let table = Table {
        name: plain("post"),
        columns,
        primary_key: Vec::new(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        sqlite: crate::ir::SqliteOptions::default(),
    };
    State { enums: BTreeMap::new(), tables: [(table.name.clone(), table)].into() }
}

fn post(state: &mut State) -> &mut Table {
    state.tables.get_mut(&plain("post")).unwrap()
}

/// What differs between a server's report and a schema.
fn differences(found: &State, wanted: &State, dialect: DialectName) -> Vec<String> {
    let recognised = recognise(found, wanted, wanted, dialect);
    drift(&recognised.state, wanted).findings.iter().map(|item| item.message("the spec")).collect()
}

fn expr(text: &str) -> Expr {
    Expr::parse_neutral(text).unwrap()
}

#[test]
fn what_a_server_makes_of_a_type_is_that_type() {
    let cases: [(DialectName, SqlType, SqlType); 3] = [
        (POSTGRES, SqlType::SmallInt { unsigned: false }, SqlType::TinyInt { unsigned: false }),
        (MYSQL, SqlType::Decimal(Some((65, 30))), SqlType::Decimal(None)),
        (
            POSTGRES,
            SqlType::Raw(RawType { postgres: Some("inet".into()), ..RawType::default() }),
            SqlType::Raw(RawType { postgres: Some("INET".into()), sqlite: Some("TEXT".into()), ..RawType::default() }),
        ),
    ];
    for (dialect, found, wanted) in cases {
        let (found, wanted) = (of(vec![column("c", found)]), of(vec![column("c", wanted)]));
        assert_eq!(differences(&found, &wanted, dialect), [] as [&str; 0]);
        assert_eq!(recognise(&found, &wanted, &wanted, dialect).state, wanted, "word for word");
    }
    let (found, wanted) = (of(vec![column("c", SqlType::Text)]), of(vec![column("c", SqlType::String(9))]));
    assert_eq!(differences(&found, &wanted, POSTGRES), ["the type is text in the database, and string(9) in the spec"]);
}

#[test]
fn a_type_that_only_the_server_understands_is_said_once() {
    let raw = |text: &str| SqlType::Raw(RawType { postgres: Some(text.into()), ..RawType::default() });
    let (found, wanted) = (of(vec![column("c", SqlType::String(3))]), of(vec![column("c", raw("varchar(3)"))]));
    let recognised = recognise(&found, &wanted, &wanted, POSTGRES);
    assert_eq!(recognised.state, wanted);
    assert_eq!(recognised.uncompared, ["table `post`, column `c`: its type is written by hand"]);
}

#[test]
fn enums_without_a_type_are_known_by_their_columns() {
    let with = |name: &str, labels: &[&str], columns: [&str; 2]| {
        let mut state = of(columns.map(|it| column(it, Type::Named(plain(name)))).to_vec());
        state.enums.insert(plain(name), labels.iter().map(|it| (*it).to_owned()).collect());
        state
    };
    let wanted = with("status", &["a", "🦀"], ["now", "then"]);
    let mut found = with("post_now", &["a", "?"], ["now", "then"]);
    found.enums.insert(plain("post_then"), vec!["a".into(), "?".into()]);
    post(&mut found).columns[1].ty = Type::Named(plain("post_then"));
    assert_eq!(recognise(&found, &wanted, &wanted, MYSQL).state, wanted);
    found.enums.values_mut().for_each(|labels| drop(labels.pop()));
    assert_eq!(differences(&found, &wanted, MYSQL), ["the label \"🦀\" of the spec is missing in the database"]);
    found.enums.insert(plain("post_then"), vec!["a".into(), "b".into()]);
    let said = differences(&found, &wanted, MYSQL);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[1], "the type is enum `post_then` in the database, and enum `status` in the spec");
}

#[test]
fn defaults_are_compared_by_what_they_are() {
    let with = |ty: SqlType, default: Option<Literal>| {
        of(vec![Column { default: default.map(Default::Value), ..column("c", ty) }])
    };
    let text = |text: &str| Some(Literal::Text(text.to_owned()));
    let number = |text: &str| Some(Literal::Number(text.to_owned()));
    let same = [
        (SqlType::Decimal(Some((9, 2))), number("9.90"), number("9.9")),
        (SqlType::Double, number("1e3"), number("1000")),
        (SqlType::BigInt { unsigned: false }, Some(Literal::Int(7)), number("7")),
        (SqlType::Timestamp, text("2024-01-02 03:04:00"), text("2024-01-02T03:04Z")),
        (SqlType::Json, text("{\"a\": [1, 2]}"), text("{\"a\":[1,2]}")),
        (SqlType::Text, None, Some(Literal::Null)),
    ];
    for (ty, found, wanted) in same {
        let (found, wanted) = (with(ty.clone(), found), with(ty, wanted));
        for dialect in [POSTGRES, MYSQL] {
            assert_eq!(differences(&found, &wanted, dialect), [] as [&str; 0]);
        }
    }
    let (found, wanted) = (with(SqlType::Text, text("a b")), with(SqlType::Text, text("ab")));
    let said = ["the default is \"a b\" in the database, and \"ab\" in the spec"];
    assert_eq!(differences(&found, &wanted, POSTGRES), said);
}

#[test]
fn constraints_are_known_by_name_and_by_what_they_say() {
    let mut wanted = of(vec![column("a", SqlType::Text), column("b", SqlType::Text)]);
    let table = post(&mut wanted);
    table.uniques.push(Unique { name: None, columns: vec!["a".into()] });
    table.checks.push(Check { name: None, expr: expr("a <> b") });
    let part = IndexPart { target: IndexTarget::Column("b".into()), desc: false };
    let index = Index { name: None, parts: vec![part], unique: true, predicate: None, only: Vec::new() };
    table.indexes.push(index.clone());
    table.indexes.push(Index { name: Some("elsewhere".into()), only: vec![DialectName::Sqlite], ..index });
    table.foreign_keys.push(ForeignKey {
        name: None,
        columns: vec!["b".into()],
        table: plain("post"),
        references: vec!["a".into()],
        on_delete: Action::Restrict,
        on_update: Action::NoAction,
        deferred: false,
    });
    // As MySQL reports it: unique indexes are constraints, and one action is another.
    let mut found = wanted.clone();
    let table = post(&mut found);
    table.indexes.clear();
    table.uniques.push(Unique { name: Some("post_b_idx".into()), columns: vec!["b".into()] });
    table.foreign_keys[0].on_delete = Action::NoAction;
    assert_eq!(recognise(&found, &wanted, &wanted, MYSQL).state, wanted);
    post(&mut found).uniques.pop();
    post(&mut found).checks[0].expr = expr("a > b");
    post(&mut found).foreign_keys[0].on_delete = Action::Cascade;
    assert_eq!(
        differences(&found, &wanted, MYSQL),
        [
            "the foreign key of (b) is to `post` (a), on delete cascade in the database, and to `post` (a), on delete \
             restrict in the spec",
            "the check is `a > b` in the database, and `a <> b` in the spec",
            "the index unique over (b) of the spec is missing in the database",
        ]
    );
}

#[test]
fn what_is_written_for_one_server_counts_as_equal() {
    let hand = |text: &str| Expr::PerDialect(RawType { postgres: Some(text.into()), ..RawType::default() });
    let with = |expr: Expr| {
        let mut state = of(vec![column("a", SqlType::Text)]);
        post(&mut state).checks.push(Check { name: Some("shape".into()), expr });
        state
    };
    let (found, wanted) = (with(hand("(a ~ 'x'::text)")), with(hand("a ~ 'x'")));
    let recognised = recognise(&found, &wanted, &wanted, POSTGRES);
    assert_eq!(recognised.state, wanted);
    assert_eq!(recognised.uncompared, ["table `post`, check `shape`: it is written by hand"]);
}

#[test]
fn names_are_told_apart_as_the_database_does() {
    let named = |schema: Option<&str>, name: &str| {
        let mut state = of(vec![column("a", SqlType::Text)]);
        let (_, mut table) = state.tables.pop_first().unwrap();
        table.name = TableName { schema: schema.map(str::to_owned), name: name.to_owned() };
        state.tables.insert(table.name.clone(), table);
        state
    };
    let (found, wanted) = (named(None, "post"), named(Some("public"), "post"));
    assert_eq!(recognise(&found, &wanted, &wanted, POSTGRES).state, wanted);
    let wanted = named(Some("main"), "Post");
    assert_eq!(recognise(&found, &wanted, &found, DialectName::Sqlite).state, wanted);
    let other = named(Some("audit"), "post");
    assert_eq!(recognise(&found, &other, &other, POSTGRES).state, found);
}

#[test]
fn tables_are_told_apart_as_the_server_does() {
    let named = |schema: Option<&str>, name: &str| {
        let mut state = of(vec![column("c", SqlType::Text)]);
        let name = TableName { schema: schema.map(str::to_owned), name: name.to_owned() };
        let table = Table { name: name.clone(), ..post(&mut state).clone() };
        State { enums: BTreeMap::new(), tables: [(name, table)].into() }
    };
    let both = |a: State, b: State| State { tables: a.tables.into_iter().chain(b.tables).collect(), enums: a.enums };
    let wanted = named(None, "Users");
    assert_eq!(recognise_by(&named(None, "users"), &wanted, &wanted, MYSQL, true).state, wanted);
    assert_ne!(recognise(&named(None, "users"), &wanted, &wanted, MYSQL).state, wanted);
    let wanted = both(named(None, "Users"), named(None, "users"));
    assert_eq!(recognise(&wanted, &wanted, &wanted, MYSQL).state, wanted);
    let own = named(None, "users");
    let two = both(own.clone(), named(Some("public"), "users"));
    assert_eq!(recognise(&two, &two, &two, POSTGRES).state, two);
    assert_eq!(recognise(&two, &own, &own, POSTGRES).state, two, "the other one is not in the schema");
    assert_eq!(recognise(&named(Some("public"), "users"), &own, &own, POSTGRES).state, own);
}
