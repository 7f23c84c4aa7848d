//! What is said when a server cannot be read, and which schemas are.

use pilaster_generator::config::{Input, Layer};
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::{Action, DialectName, Schema};
use pilaster_generator::{pipeline, url};
use pilaster_tests::statements::Statements;

use super::servers::{Host, all, options};

/// What is read of a URL, and all that was said.
fn read(url: &str, layer: Layer) -> (Option<Schema>, String) {
    let mut diagnostics = Diagnostics::new();
    let options = options(Layer { input: Some(Input::Database(url.to_owned())), ..layer });
    let schema = pipeline::schema(&options, &mut diagnostics);
    let said = diagnostics.render(false);
    assert!(!said.contains("s3cret"), "{said}");
    (schema, said)
}

fn names(schema: &Schema) -> Vec<String> {
    let name = |schema: Option<&String>, name: &str| schema.map_or(name.to_owned(), |of| format!("{of}.{name}"));
    schema.tables.iter().map(|table| name(table.name.schema.as_ref(), &table.name.name)).collect()
}

/// The URL of a server with another user.
fn as_user(url: &str, user: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{user}:s3cret@{}", rest.split_once('@').map_or(rest, |(_, host)| host))
}

#[test]
fn what_is_wrong_with_a_connection_is_told() {
    for host in all() {
        let fresh = host.empty();
        let (schema, said) = read(&fresh.url, Layer::default());
        assert!(schema.is_some_and(|schema| schema.tables.is_empty()), "{said}");
        assert!(said.contains("P0304") && said.contains("migrations"), "an empty database: {said}");
        let missing = url::with_database(&fresh.url, "no_such_database");
        let (schema, said) = read(&missing, Layer::default());
        assert!(schema.is_none() && said.contains("P0301") && said.contains("no_such_database"), "{said}");
        let (schema, said) = read(&as_user(&fresh.url, "nobody_of_this_name"), Layer::default());
        assert!(schema.is_none() && said.contains("P0301") && said.contains("nobody_of_this_name"), "{said}");
    }
}

/// A schema that the role may not use is not on its search path, as far as the server says.
#[test]
fn schemas_without_rights_are_named() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Postgres) else { return };
    let user = pilaster_tests::servers_mysql::unique_name();
    let fresh = host.script(&format!(
        "CREATE TABLE t (id integer PRIMARY KEY); CREATE SCHEMA other; CREATE TABLE other.u (id integer PRIMARY KEY);
         CREATE ROLE {user} LOGIN PASSWORD 's3cret'"
    ));
    let mark = if fresh.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{mark}search_path=public,other", as_user(&fresh.url, &user));
    // No right on a table is needed.
    let (schema, said) = read(&url, Layer::default());
    assert_eq!(names(&schema.unwrap()), ["t"]);
    assert!(said.contains("P0310") && said.contains("schema \"other\"") && said.contains("GRANT USAGE"), "{said}");
    fresh.open().sql(format!("GRANT USAGE ON SCHEMA other TO {user}")).execute().unwrap();
    let (schema, said) = read(&url, Layer::default());
    assert_eq!((names(&schema.unwrap()).len(), said.as_str()), (2, ""));
    fresh.open().sql(format!("DROP OWNED BY {user}; DROP ROLE {user}")).batch().unwrap();
}

/// What a user may not see is said, as the server does not; what a foreign key does is found all the same.
#[test]
fn users_of_mysql_who_see_a_part_only() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Mysql) else { return };
    // Names of users have 32 letters at most on MySQL.
    let user = pilaster_tests::servers_mysql::unique_name().replace("pilaster_test", "user");
    let fresh = host.script(
        "CREATE TABLE t (id int PRIMARY KEY, parent int CHECK (parent > 0), FOREIGN KEY (parent) REFERENCES t (id)
             ON DELETE CASCADE); CREATE TABLE u (id int PRIMARY KEY)",
    );
    let name = &fresh.name;
    host.admin(&format!("CREATE USER {user} IDENTIFIED BY 's3cret'"));
    let url = as_user(&fresh.url, &user);
    let (schema, said) = read(&url, Layer::default());
    assert!(schema.is_none() && said.contains("GRANT"), "{said}");
    host.admin(&format!("GRANT SELECT ON {name}.t TO {user}"));
    let (schema, said) = read(&url, Layer::default());
    let schema = schema.unwrap();
    assert_eq!((names(&schema), schema.tables[0].foreign_keys[0].on_delete), (vec!["t".to_owned()], Action::Cascade));
    assert!(said.contains("P0310") && said.contains("SHOW VIEW"), "{said}");
    host.admin(&format!("GRANT SELECT ON {name}.* TO {user}"));
    let (schema, said) = read(&url, Layer::default());
    let (all, _) = fresh.schema();
    assert_eq!((schema.unwrap(), said.as_str()), (all, ""));
    host.admin(&format!("DROP USER {user}"));
}

#[test]
fn a_user_without_rights_is_told_so() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Postgres) else { return };
    let user = pilaster_tests::servers_mysql::unique_name();
    let fresh = host.script(&format!(
        "CREATE TABLE t (id integer PRIMARY KEY); CREATE ROLE {user} LOGIN PASSWORD 's3cret';
         REVOKE SELECT ON pg_constraint FROM PUBLIC"
    ));
    let (schema, said) = read(&as_user(&fresh.url, &user), Layer::default());
    assert!(schema.is_none() && said.contains("P0302") && said.contains("pg_constraint"), "{said}");
    assert!(said.contains("let the user read the catalog"), "{said}");
    fresh.open().sql(format!("DROP ROLE {user}")).execute().unwrap();
}

#[test]
fn other_schemas_are_read_when_they_are_asked_for() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Postgres) else { return };
    let fresh = host.script(
        "CREATE SCHEMA app; CREATE SCHEMA log;
         CREATE TABLE one (id integer PRIMARY KEY);
         CREATE TABLE app.one (id integer PRIMARY KEY);
         CREATE TABLE log.two (id integer PRIMARY KEY, one_id integer REFERENCES app.one)",
    );
    let schemas = |names: &[&str]| Layer {
        schemas: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        names: vec![("app.one".into(), "AppOne".into())],
        ..Layer::default()
    };
    let (schema, _) = read(&fresh.url, Layer::default());
    assert_eq!(names(&schema.unwrap()), ["one"]);
    let (schema, said) = read(&fresh.url, schemas(&["public", "app", "log"]));
    let schema = schema.unwrap();
    assert_eq!((names(&schema), said.as_str()), (vec!["one".into(), "app.one".into(), "log.two".into()], ""));
    let models: Vec<&str> = schema.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(models, ["One", "AppOne", "Two"]);
    let (_, said) = read(&fresh.url, schemas(&["app", "gone"]));
    assert!(said.contains("there is no schema `gone`"), "{said}");
    // What comes first on the search path needs no schema in its name.
    let separator = if fresh.url.contains('?') { '&' } else { '?' };
    let (schema, said) = read(&format!("{}{separator}search_path=app", fresh.url), Layer::default());
    assert_eq!(names(&schema.unwrap()), ["one"], "{said}");
}

#[test]
fn other_databases_are_read_when_they_are_asked_for() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Mysql) else { return };
    let (here, there) = (host.empty(), host.script("CREATE TABLE one (id int PRIMARY KEY)"));
    here.open()
        .sql(format!(
            "CREATE TABLE two (id int PRIMARY KEY, one_id int, FOREIGN KEY (one_id) REFERENCES {}.one (id))",
            there.name
        ))
        .execute()
        .unwrap();
    let (schema, said) = read(&here.url, Layer::default());
    assert_eq!(names(&schema.unwrap()), ["two"]);
    assert!(said.contains("P0306") && said.contains(&there.name), "{said}");
    let both = Layer { schemas: Some(vec![here.name.clone(), there.name.clone()]), ..Layer::default() };
    let (schema, said) = read(&here.url, both);
    assert_eq!((names(&schema.unwrap()), said.as_str()), (vec!["two".to_owned(), format!("{}.one", there.name)], ""));
    let (_, said) = read(&url::with_database(&here.url, ""), Layer::default());
    assert!(said.contains("P0705") && said.contains("names no database"), "{said}");
    here.open().sql("DROP TABLE two").execute().unwrap();
}

/// `db create` makes the database as well, says what it made, and says it once; `db drop` takes the tables away.
#[test]
fn the_command_makes_and_drops_databases() {
    for host in all() {
        let fresh = host.empty();
        drop_database(&host, &fresh.name);
        let folder = tempfile::tempdir().unwrap();
        let spec = "pilaster: 1\nenums: { Mood: [a, b] }\nmodels:\n  User:\n    columns: { id: bigint primary, mood: Mood }\n    relations: { best: { belongs_to: User, null: true } }\n";
        std::fs::write(folder.path().join("models.yaml"), spec).unwrap();
        let run = |args: &[&str]| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let folder = folder.path().to_string_lossy().into_owned();
            let args = [&["pilaster", "-C", &folder, "db"], args, &["--database", &fresh.url]].concat();
            let code = pilaster_generator::cli::run(args, &mut out, &mut err);
            (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        };
        let (code, out, err) = run(&["create"]);
        assert!(code == 0 && out.ends_with("the database and 1 table created\n"), "{out}{err}");
        let (code, out, err) = run(&["create"]);
        assert!(code == 0 && out.ends_with(": 0 tables created\n"), "{out}{err}");
        let (code, out, err) = run(&["drop", "--yes"]);
        assert!(code == 0 && out.ends_with(": 1 table dropped\n"), "{out}{err}");
        fresh.open().sql("CREATE TABLE user_view_target (id int)").execute().unwrap();
        drop_database(&host, &fresh.name);
        let (code, out, err) = run(&["drop", "--yes"]);
        assert!(code == 0 && out.contains("no such database"), "{out}{err}");
        host.admin(&format!("CREATE DATABASE {}", fresh.name));
    }
}

fn drop_database(host: &Host, name: &str) {
    let force = if host.dialect == DialectName::Postgres { " WITH (FORCE)" } else { "" };
    host.admin(&format!("DROP DATABASE {name}{force}"));
}

/// How many statements reading a database takes, and how many tables it has.
fn statements_of(url: &str) -> (usize, usize) {
    let statements = Statements::listen();
    let (schema, said) = read(url, Layer::default());
    (statements.count(), schema.unwrap_or_else(|| panic!("{said}")).tables.len())
}

/// Tables with everything that has a query of its own, each with a foreign key to another one.
fn many_tables(dialect: DialectName, count: usize) -> Vec<String> {
    let key = if dialect == DialectName::Postgres { "bigserial" } else { "bigint AUTO_INCREMENT" };
    let table = |n: usize| {
        format!(
            "CREATE TABLE t{n} (id {key} PRIMARY KEY, parent_id bigint, a varchar(40), b int NOT NULL DEFAULT 5, \
             c numeric(10,2), d timestamp NULL, e boolean, f varchar(10) NOT NULL DEFAULT 'a', UNIQUE (a), \
             CHECK (f IN ('a', 'b')), CHECK (b > 0), FOREIGN KEY (parent_id) REFERENCES t{} (id) ON DELETE CASCADE)",
            n / 2
        )
    };
    let mut statements: Vec<String> = (0..count).map(table).collect();
    statements.extend((0..count).map(|n| format!("CREATE INDEX t{n}_b ON t{n} (b, c)")));
    statements
}

#[test]
fn as_many_queries_however_many_tables() {
    for host in all() {
        let [few, many] = [5, 50].map(|count| {
            let fresh = host.database(&many_tables(host.dialect, count));
            let (statements, tables) = statements_of(&fresh.url);
            assert_eq!(tables, count);
            statements
        });
        assert_eq!(few, many, "{:?}", host.dialect);
        assert!((3..=20).contains(&few), "{:?}: {few}", host.dialect);
    }
}

/// MariaDB tells a user who may only select nothing about what foreign keys do, so that each of their tables is asked; any
/// further right on the database saves that.
#[test]
fn a_further_right_saves_a_query_for_each_table() {
    let Some(host) = all().into_iter().find(|host| host.dialect == DialectName::Mysql) else { return };
    let user = pilaster_tests::servers_mysql::unique_name().replace("pilaster_test", "user");
    let fresh = host.database(&many_tables(host.dialect, 6));
    let (least, _) = statements_of(&fresh.url);
    host.admin(&format!("CREATE USER {user} IDENTIFIED BY 's3cret'"));
    host.admin(&format!("GRANT SELECT ON {}.* TO {user}", fresh.name));
    let url = as_user(&fresh.url, &user);
    let more = if host.is_mysql() { 0 } else { 6 };
    assert_eq!(statements_of(&url), (least + more, 6));
    host.admin(&format!("GRANT SHOW VIEW ON {}.* TO {user}", fresh.name));
    assert_eq!(statements_of(&url), (least, 6));
    host.admin(&format!("DROP USER {user}"));
}

/// Run with `--ignored`: `cargo test -p pilaster-tests --test live --all-features -- --ignored --nocapture`.
#[test]
#[ignore = "measures: makes a thousand tables"]
#[allow(clippy::print_stderr)]
fn a_thousand_tables_take_less_than_two_seconds() {
    for host in all() {
        let fresh = host.database(&many_tables(host.dialect, 1000));
        let begun = std::time::Instant::now();
        let (schema, _) = fresh.schema();
        let took = begun.elapsed();
        eprintln!("{:?}: {took:?}", host.dialect);
        assert_eq!(schema.tables.len(), 1000);
        assert!(took.as_secs() < 2, "{took:?}");
    }
}
