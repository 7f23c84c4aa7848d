//! Tests of the statements: what they say, and that databases take them.

use super::*;
use crate::ir::{
    Action, Check, Column, ColumnId, CustomType, Default as ColumnDefault, EnumId, EnumType, Expr, ForeignKey,
    Generated, Index, IndexPart, IndexTarget, Literal, RawType, SqlType, SqliteOptions, Table, TableId, TableKind,
    TableName, Unique, Variant,
};

const ALL: [DialectName; 3] = [DialectName::Sqlite, DialectName::Postgres, DialectName::Mysql];

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table {
        name: TableName { schema: None, name: name.to_owned() },
        kind: TableKind::Table,
        columns,
        primary_key: vec![ColumnId(0)],
        uniques: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        renamed_from: None,
        sqlite: SqliteOptions::default(),
    }
}

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

fn with(mut column: Column, change: impl FnOnce(&mut Column)) -> Column {
    change(&mut column);
    column
}

fn big() -> SqlType {
    SqlType::BigInt { unsigned: false }
}

fn id() -> Column {
    with(column("id", big()), |column| column.default = Some(ColumnDefault::AutoIncrement))
}

fn text(value: &str) -> Expr {
    let value = Some(value.to_owned());
    Expr::PerDialect(RawType { sqlite: value.clone(), postgres: value.clone(), mysql: value })
}

fn index(columns: &[u32]) -> Index {
    let part = |id: &u32| IndexPart { target: IndexTarget::Column(ColumnId(*id)), desc: false };
    Index { name: None, parts: columns.iter().map(part).collect(), unique: false, predicate: None, only: Vec::new() }
}

fn key(column: u32, target: u32) -> ForeignKey {
    ForeignKey {
        name: None,
        columns: vec![ColumnId(column)],
        table: TableId(target),
        references: vec![ColumnId(0)],
        on_delete: Action::Cascade,
        on_update: Action::NoAction,
        deferred: false,
    }
}

/// A child before its parent, an enum, defaults of many kinds, comments, a check and indexes.
fn blog() -> Schema {
    let default = |value| move |column: &mut Column| column.default = Some(value);
    let mut post = table(
        "post",
        vec![
            id(),
            column("user_id", big()),
            column("title", SqlType::String(80)),
            with(column("content", SqlType::Text), default(ColumnDefault::Value(Literal::Text("it's".into())))),
            with(column("status", SqlType::Enum(EnumId(0))), |column| {
                column.default = Some(ColumnDefault::Value(Literal::Text("draft".into())));
            }),
            with(column("size", SqlType::Integer { unsigned: false }), |column| {
                column.generated = Some(Generated { expr: text("length(title)"), stored: true });
            }),
        ],
    );
    post.comment = Some("What's written".into());
    post.foreign_keys = vec![key(1, 1)];
    post.indexes = vec![index(&[1]), index(&[4, 2]), index(&[4, 2])];
    post.indexes[2].unique = true;
    post.indexes[2].predicate = Some(text("status = 'published'"));
    post.indexes[2].only = vec![DialectName::Sqlite, DialectName::Postgres];
    post.checks = vec![Check { name: Some("title_not_empty".into()), expr: text("length(title) > 0") }];
    let mut user = table(
        "user",
        vec![
            id(),
            column("username", SqlType::String(80)),
            with(column("bio", SqlType::Text), |column| {
                column.nullable = true;
                column.comment = Some("In their words".into());
            }),
            with(column("created_at", SqlType::Timestamp), default(ColumnDefault::Now)),
            with(column("active", SqlType::Boolean), default(ColumnDefault::Value(Literal::Bool(true)))),
        ],
    );
    user.uniques = vec![Unique { name: None, columns: vec![ColumnId(1)] }];
    let variant = |label: &str| Variant { label: label.to_owned(), name: String::new() };
    let status = EnumType {
        name: "Status".into(),
        sql_name: TableName::plain("status"),
        variants: vec![variant("draft"), variant("published")],
    };
    Schema { enums: vec![status], customs: Vec::new(), tables: vec![post, user], ..Schema::default() }
}

/// Two tables that point at each other, one of them at itself too.
fn cycle() -> Schema {
    let nullable = |name| with(column(name, big()), |column| column.nullable = true);
    let mut egg = table("egg", vec![id(), nullable("hen_id"), nullable("twin_id")]);
    egg.foreign_keys = vec![key(1, 1), key(2, 0)];
    let mut hen = table("hen", vec![id(), nullable("egg_id")]);
    hen.foreign_keys = vec![key(1, 0)];
    Schema { tables: vec![egg, hen], ..Schema::default() }
}

/// Every type that all three databases have.
fn common() -> Schema {
    let types = [
        SqlType::TinyInt { unsigned: false },
        SqlType::SmallInt { unsigned: false },
        SqlType::Integer { unsigned: false },
        big(),
        SqlType::Real,
        SqlType::Double,
        SqlType::Decimal(None),
        SqlType::Decimal(Some((10, 2))),
        SqlType::Boolean,
        SqlType::String(20),
        SqlType::Text,
        SqlType::Bytes,
        SqlType::Date,
        SqlType::Time,
        SqlType::DateTime,
        SqlType::Timestamp,
        SqlType::Uuid,
        SqlType::Json,
        SqlType::Custom(crate::ir::CustomId(0)),
    ];
    let mut columns = vec![id()];
    for (at, ty) in types.into_iter().enumerate() {
        let default = match ty {
            SqlType::Date | SqlType::Time | SqlType::DateTime | SqlType::Timestamp => Some(ColumnDefault::Now),
            SqlType::Bytes => Some(ColumnDefault::Value(Literal::Bytes(vec![1, 255]))),
            SqlType::Json => Some(ColumnDefault::Value(Literal::Text("{}".into()))),
            _ => None,
        };
        columns.push(with(column(&format!("c{at}"), ty), |column| {
            column.nullable = true;
            column.default = default;
        }));
    }
    let email = CustomType { name: "Email".into(), sql: SqlType::String(120), rust: "crate::Email".into(), with: None };
    Schema { customs: vec![email], tables: vec![table("everything", columns)], ..Schema::default() }
}

/// Names and texts that try to leave their quotes.
fn hostile() -> Schema {
    let evil = "a\"b`c'd\\; DROP TABLE x; -- /* */ $do$ é";
    let label = Variant { label: evil.to_owned(), name: String::new() };
    let ty = EnumType { name: "Evil".into(), sql_name: TableName::plain(format!("{evil}!")), variants: vec![label] };
    let mut target = table(
        evil,
        vec![
            id(),
            with(column(evil, SqlType::Enum(EnumId(0))), |column| {
                column.comment = Some(evil.into());
                column.default = Some(ColumnDefault::Value(Literal::Text(evil.into())));
            }),
        ],
    );
    target.comment = Some(evil.into());
    target.indexes = vec![index(&[1])];
    let mut child = table("select", vec![id(), column("order", big())]);
    child.foreign_keys = vec![key(1, 0)];
    Schema { enums: vec![ty], tables: vec![target, child], ..Schema::default() }
}

fn written(schema: &Schema, dialect: DialectName) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    let statements = create(schema, dialect, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    statements
}

fn script(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}

fn findings(schema: &Schema, dialect: DialectName) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    create(schema, dialect, &mut diagnostics);
    diagnostics.iter().map(|item| format!("{} {:?} {}", item.code.id, item.place, item.message)).collect()
}

#[test]
fn blog_on_sqlite() {
    insta::assert_snapshot!(script(&written(&blog(), DialectName::Sqlite)));
}

#[test]
fn blog_on_postgres() {
    insta::assert_snapshot!(script(&written(&blog(), DialectName::Postgres)));
}

#[test]
fn blog_on_mysql() {
    insta::assert_snapshot!(script(&written(&blog(), DialectName::Mysql)));
}

#[test]
fn cycles_are_tied_afterwards_and_let_go_first() {
    let all: String = [DialectName::Postgres, DialectName::Mysql]
        .map(|dialect| {
            script(&written(&cycle(), dialect)) + "\n" + &script(&drop(&cycle(), dialect, Notes::Keep)) + "\n"
        })
        .concat();
    insta::assert_snapshot!(all);
}

#[test]
fn what_is_missing_is_made_without_harm() {
    let mut diagnostics = Diagnostics::default();
    let mut all = String::new();
    for (schema, dialect) in [(blog(), DialectName::Postgres), (cycle(), DialectName::Mysql)] {
        all.push_str(&script(&create_missing(&schema, dialect, &mut diagnostics)));
    }
    assert!(diagnostics.is_empty());
    insta::assert_snapshot!(all);
}

#[test]
fn every_common_type() {
    let lines = |dialect| written(&common(), dialect).concat();
    insta::assert_snapshot!(ALL.map(lines).join("\n"));
}

#[test]
fn what_a_database_cannot_do_is_named() {
    let mut schema = common();
    let table = &mut schema.tables[0];
    table.columns = vec![
        id(),
        column("u", SqlType::BigInt { unsigned: true }),
        column("tags", SqlType::Array(Box::new(SqlType::Text))),
        with(column("name", SqlType::Text), |column| column.collation = Some("NOCASE".into())),
        column("span", SqlType::Interval),
        column("ip", SqlType::Raw(RawType { postgres: Some("inet".into()), ..RawType::default() })),
        column("bad", SqlType::Raw(RawType { sqlite: Some("int, b int".into()), ..RawType::default() })),
    ];
    table.uniques = vec![Unique { name: None, columns: vec![ColumnId(3)] }];
    table.indexes = vec![index(&[0])];
    table.indexes[0].predicate = Some(text("u > 0"));
    table.foreign_keys = vec![key(0, 0)];
    table.foreign_keys[0].deferred = true;
    table.foreign_keys[0].on_update = Action::SetDefault;
    let all: Vec<String> = ALL.iter().flat_map(|dialect| findings(&schema, *dialect)).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn long_names_are_reported_and_made_ones_cut() {
    let mut schema = Schema { tables: vec![table(&"t".repeat(64), vec![id()])], ..Schema::default() };
    assert_eq!(findings(&schema, DialectName::Postgres).len(), 1);
    assert_eq!(findings(&schema, DialectName::Mysql).len(), 0);
    schema.tables[0].name.name.pop();
    schema.tables[0].indexes = vec![index(&[0])];
    let statements = written(&schema, DialectName::Postgres);
    assert!(statements[1].contains(&format!("INDEX \"{}", "t".repeat(50))), "{}", statements[1]);
}

#[test]
fn hostile_names_and_texts_stay_in_their_quotes() {
    let all = ALL.map(|dialect| written(&hostile(), dialect));
    assert_eq!(all.each_ref().map(Vec::len), [3, 6, 2]);
    assert!(all[0][0].starts_with("CREATE TABLE \"a\"\"b`c'd\\; DROP TABLE x; -- /* */ $do$ é\" ("), "{}", all[0][0]);
    assert!(all[1][0].ends_with("AS ENUM ('a\"b`c''d\\; DROP TABLE x; -- /* */ $do$ é')"), "{}", all[1][0]);
    assert!(all[2][0].starts_with("CREATE TABLE `a\"b``c'd\\; DROP TABLE x; -- /* */ $do$ é` ("), "{}", all[2][0]);
    let missing = create_missing(&hostile(), DialectName::Postgres, &mut Diagnostics::default());
    assert!(missing[0].starts_with("DO $_do$ ") && missing[0].ends_with(" $_do$"), "{}", missing[0]);
}

#[test]
fn names_that_a_database_cannot_hold() {
    let named = |name: &str| Schema { tables: vec![table(name, vec![id()])], ..Schema::default() };
    assert_eq!(ALL.map(|dialect| findings(&named("crab 🦀"), dialect).len()), [0, 0, 1]);
    assert_eq!(ALL.map(|dialect| findings(&named("nul\0"), dialect).len()), [1, 1, 1]);
    let mut schema = blog();
    schema.enums[0].sql_name = TableName::plain("post");
    assert_eq!(ALL.map(|dialect| findings(&schema, dialect).len()), [0, 1, 0], "the name of a table");
}

#[test]
fn index_names_that_are_taken() {
    let mut schema = blog();
    schema.tables[0].indexes[0].name = Some("shared".into());
    schema.tables[1].indexes = vec![Index { name: Some("Shared".into()), ..index(&[1]) }];
    assert_eq!(findings(&schema, DialectName::Sqlite).len(), 1);
    assert_eq!(findings(&schema, DialectName::Mysql).len(), 0, "a table has names of its own there");
}

#[test]
fn a_made_name_is_none_that_is_given() {
    let mut schema = blog();
    let given = Check { name: Some("post_check".into()), expr: text("title <> 'x'") };
    schema.tables[0].checks = vec![Check { name: None, expr: text("length(title) > 0") }, given];
    let sql = script(&written(&schema, DialectName::Postgres));
    assert_eq!(sql.matches("CONSTRAINT \"post_check\"").count(), 1, "{sql}");
    assert_eq!(sql.matches("CHECK (length(title) > 0)").count(), 1, "{sql}");
}

/// `(a, b_c)` and `(a_b, c)` would make one name of two constraints.
#[test]
fn made_names_of_constraints_that_are_one() {
    let columns = || ["id", "a", "b_c", "a_b", "c"].map(|name| column(name, big())).to_vec();
    let unique = |columns: &[u32]| Unique { name: None, columns: columns.iter().copied().map(ColumnId).collect() };
    let key = |column| ForeignKey {
        name: None,
        columns: vec![ColumnId(column)],
        table: TableId(0),
        references: vec![ColumnId(0)],
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        deferred: false,
    };
    let mut own = table("t", columns());
    own.uniques = vec![unique(&[1, 2]), unique(&[3, 4])];
    let told = |tables: &[Table]| {
        let schema = Schema { tables: tables.to_vec(), ..Schema::default() };
        ALL.map(|dialect| findings(&schema, dialect).iter().filter(|found| found.contains("is taken on")).count())
    };
    assert_eq!(told(&[own.clone()]), [0, 1, 1], "SQLite leaves them without a name");
    own.uniques[1].name = Some("other".into());
    assert_eq!(told(&[own.clone()]), [0, 0, 0]);
    // Of two tables: PostgreSQL has one name for all of their indexes, MySQL for all of their foreign keys.
    let mut tables = [table("a", columns()), table("a_b", columns())];
    tables[0].uniques = vec![unique(&[2])];
    tables[1].uniques = vec![unique(&[4])];
    assert_eq!(told(&tables), [0, 1, 0]);
    for (table, column) in tables.iter_mut().zip([2, 4]) {
        table.uniques.clear();
        table.foreign_keys = vec![key(column)];
    }
    assert_eq!(told(&tables), [0, 0, 1]);
    tables[1].foreign_keys = vec![key(1), key(1)];
    assert_eq!(told(&tables), [0, 1, 1], "twice in one table");
}

/// Each schema has names of its own, but for SQLite, which has one.
#[test]
fn index_names_of_two_schemas() {
    let within = |schema: &str, index: Index| {
        let mut table = table("t", vec![id()]);
        table.name.schema = Some(schema.to_owned());
        table.indexes = vec![index];
        table
    };
    let tables = |index: &Index| vec![within("a", index.clone()), within("b", index.clone())];
    let schema = |index: Index| Schema { tables: tables(&index), ..Schema::default() };
    let named = schema(Index { name: Some("shared".into()), ..index(&[0]) });
    assert_eq!(findings(&named, DialectName::Postgres), [] as [String; 0]);
    assert_eq!(findings(&named, DialectName::Mysql), [] as [String; 0]);
    assert!(findings(&named, DialectName::Sqlite).iter().any(|found| found.contains("the name of the index is taken")));
    let made = written(&schema(index(&[0])), DialectName::Postgres);
    assert_eq!(made.iter().filter(|text| text.contains("INDEX \"t_id_idx\"")).count(), 2, "{made:?}");
}

/// PostgreSQL tells names apart by upper and lower case, and has those that its users make.
#[test]
fn collations_of_postgres_that_are_called_like_those_of_sqlite() {
    let of = |name: &str| {
        let named = with(column("c", SqlType::Text), |column| column.collation = Some(name.to_owned()));
        findings(&Schema { tables: vec![table("t", vec![id(), named])], ..Schema::default() }, DialectName::Postgres)
    };
    assert_eq!(of("nocase"), [] as [String; 0]);
    assert_eq!(of("NOCASE").len(), 1);
}

#[test]
fn keys_of_sqlite() {
    let int = || column("id", SqlType::Integer { unsigned: false });
    let one =
        |table: Table| written(&Schema { tables: vec![table], ..Schema::default() }, DialectName::Sqlite).concat();
    assert!(one(table("t", vec![int()])).contains("\"id\" INT NOT NULL"), "not an alias of the row id");
    let mut numbered = table("t", vec![id()]);
    numbered.sqlite = SqliteOptions { strict: true, without_rowid: false, autoincrement: true };
    insta::assert_snapshot!(one(numbered), @r#"
    CREATE TABLE "t" (
        "id" INTEGER PRIMARY KEY AUTOINCREMENT
    ) STRICT
    "#);
    let mut strict = table("t", vec![column("id", SqlType::Uuid), column("price", SqlType::Decimal(None))]);
    strict.sqlite = SqliteOptions { strict: true, without_rowid: true, autoincrement: false };
    insta::assert_snapshot!(one(strict), @r#"
    CREATE TABLE "t" (
        "id" TEXT NOT NULL,
        "price" ANY NOT NULL,
        PRIMARY KEY ("id")
    ) STRICT, WITHOUT ROWID
    "#);
}

#[test]
fn views_are_left_alone() {
    let mut schema = blog();
    schema.tables[0].kind = TableKind::View;
    let all =
        ALL.map(|dialect| script(&written(&schema, dialect)) + &script(&drop(&schema, dialect, Notes::Keep))).concat();
    assert!(!all.contains("post"), "{all}");
}

#[cfg(feature = "live-sqlite")]
mod sqlite {
    use super::*;
    use rusqlite::Connection;

    fn run(connection: &Connection, statements: &[String]) {
        for statement in statements {
            connection.execute_batch(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
    }

    #[test]
    fn created_dropped_and_created_again() {
        for schema in [blog(), cycle(), common(), hostile()] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
            for _ in 0..2 {
                run(&connection, &written(&schema, DialectName::Sqlite));
                run(&connection, &drop(&schema, DialectName::Sqlite, Notes::Keep));
                run(&connection, &drop(&schema, DialectName::Sqlite, Notes::Keep));
            }
            let left: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0);
        }
    }

    #[test]
    fn what_is_there_is_kept() {
        let connection = Connection::open_in_memory().unwrap();
        let statements = create_missing(&blog(), DialectName::Sqlite, &mut Diagnostics::default());
        run(&connection, &statements);
        connection.execute_batch("INSERT INTO user (username) VALUES ('ann')").unwrap();
        run(&connection, &statements);
        let (name, at): (String, String) = connection
            .query_row("SELECT username, created_at FROM user", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(name, "ann");
        assert_eq!((at.len(), &at[19..20], &at[23..]), ("2024-01-01 00:00:00.000000".len(), ".", "000"));
    }

    #[test]
    fn rows_that_point_at_each_other_are_dropped() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        run(&connection, &written(&cycle(), DialectName::Sqlite));
        let rows = "BEGIN; PRAGMA defer_foreign_keys = ON; INSERT INTO egg VALUES (1, 1, 1);
            INSERT INTO hen VALUES (1, 1); COMMIT;";
        connection.execute_batch(rows).unwrap();
        run(&connection, &drop(&cycle(), DialectName::Sqlite, Notes::Keep));
        let on: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        assert!(on, "keys are checked again afterwards");
    }

    #[test]
    fn affinity_keeps_documents_and_keys_as_they_are() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, &written(&common(), DialectName::Sqlite));
        connection.execute_batch("INSERT INTO everything (c16, c17) VALUES ('1e3', '1.0')").unwrap();
        let kept: (String, String) =
            connection.query_row("SELECT c16, c17 FROM everything", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(kept, ("1e3".to_owned(), "1.0".to_owned()));
    }
}

/// Settings of the connection stay outside of the transaction.
#[test]
fn notes_go_with_the_tables_and_before_the_settings_behind_them() {
    let all = drop(&cycle(), DialectName::Sqlite, Notes::Drop);
    let end = &all[all.len() - 2..];
    assert_eq!(end, ["DROP TABLE IF EXISTS pilaster_migrations", "PRAGMA foreign_keys = ON"]);
}
