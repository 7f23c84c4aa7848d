//! Databases that are hard to read, and values that Rust has no room for: what comes of them is said, and nothing panics.

use pilaster::ErrorKind;
use pilaster::blocking::Db;
use pilaster_generator::config::{Input, Layer};
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::{DialectName, Schema};
use pilaster_generator::pipeline;
use pilaster_generator::render::Layout;

use super::servers::{Fresh, Host, all, options};

fn host(dialect: DialectName) -> Option<Host> {
    all().into_iter().find(|host| host.dialect == dialect)
}

/// The tables of a database for which code is made, and what was said.
fn generated(fresh: &Fresh) -> (Schema, String) {
    let mut diagnostics = Diagnostics::new();
    let options = options(Layer { input: Some(Input::Database(fresh.url.clone())), ..Layer::default() });
    let files = pipeline::generate(&options, Layout::Folder, &mut diagnostics);
    assert!(files.is_some(), "{diagnostics}");
    (fresh.schema().0, diagnostics.render(false))
}

fn columns(schema: &Schema, table: &str) -> Vec<String> {
    let found = schema.tables.iter().find(|found| found.name.name == table);
    found.map_or(Vec::new(), |table| table.columns.iter().map(|column| column.name.clone()).collect())
}

/// The column and what was found in it, of an error on reading.
fn unread(error: &pilaster::Error) -> (String, String) {
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
    (cell.column.clone().unwrap_or_default(), cell.found.clone())
}

#[test]
fn tables_of_postgres_that_are_more_than_tables() {
    let Some(host) = host(DialectName::Postgres) else { return };
    let wide: Vec<String> = (0..300).map(|n| format!("c{n} integer")).collect();
    let long = "n".repeat(61);
    let fresh = host.script(&format!(
        "CREATE TABLE gaps (id serial PRIMARY KEY, gone text, a text, lost integer, b text);
         ALTER TABLE gaps DROP gone, DROP lost;
         CREATE TABLE wide (id serial PRIMARY KEY, {});
         CREATE TABLE {long}aa (id serial PRIMARY KEY); CREATE TABLE {long}ab (id serial PRIMARY KEY);
         CREATE TABLE guarded (id serial PRIMARY KEY, owner text NOT NULL);
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON guarded USING (owner = current_user);
         CREATE TABLE _hidden (id serial PRIMARY KEY);
         CREATE TABLE tree (id serial PRIMARY KEY, parent_id integer REFERENCES tree, root_id integer REFERENCES tree);
         CREATE TABLE twice (id serial PRIMARY KEY, tree_id integer REFERENCES tree, CONSTRAINT again FOREIGN KEY (tree_id)
             REFERENCES tree (id));
         CREATE TABLE spare (a integer, b integer, c integer, PRIMARY KEY (c, a));
         CREATE TABLE partly (a integer, b integer, FOREIGN KEY (b, a) REFERENCES spare (c, a), id uuid PRIMARY KEY);
         CREATE VIEW one AS SELECT a FROM gaps; CREATE VIEW two AS SELECT * FROM one;
         CREATE MATERIALIZED VIEW kept AS SELECT * FROM gaps; CREATE TEMP TABLE passing (id integer)",
        wide.join(", ")
    ));
    let (schema, said) = generated(&fresh);
    assert_eq!(columns(&schema, "gaps"), ["id", "a", "b"]);
    assert_eq!(columns(&schema, "wide").len(), 301);
    assert!(columns(&schema, "passing").is_empty(), "a table of a session");
    for table in [&format!("{long}aa"), &format!("{long}ab"), "guarded", "_hidden", "two", "kept", "twice"] {
        assert!(!columns(&schema, table).is_empty(), "{table}");
    }
    let key = schema.tables.iter().find(|table| table.name.name == "spare").unwrap();
    let names: Vec<&str> = key.primary_key.iter().map(|id| key.columns[id.index()].name.as_str()).collect();
    assert_eq!(names, ["c", "a"], "in the order of the key");
    assert!(!said.contains("error"), "{said}");
}

/// Types of extensions give fields too, where the extensions are.
#[test]
fn types_of_extensions() {
    let Some(host) = host(DialectName::Postgres) else { return };
    let fresh = host.empty();
    let db = fresh.open();
    let known = "SELECT count(*) FROM pg_available_extensions WHERE name = $1";
    let extensions = ["citext", "hstore", "ltree", "cube", "isn"];
    let there = extensions.iter().filter(|name| db.sql(known).bind(**name).one::<i64>().unwrap() == 1);
    let mut expected = vec!["id".to_owned()];
    db.sql("CREATE TABLE odd (id serial PRIMARY KEY)").execute().unwrap();
    for name in there {
        let ty = if *name == "isn" { "isbn" } else { name };
        let sql =
            format!("CREATE EXTENSION {name}; ALTER TABLE odd ADD one_{name} {ty} NOT NULL, ADD all_{name} {ty}[]");
        db.sql(sql).batch().unwrap();
        expected.extend([format!("one_{name}"), format!("all_{name}")]);
    }
    db.close().unwrap();
    let (schema, said) = generated(&fresh);
    assert_eq!((columns(&schema, "odd"), said.as_str()), (expected, ""));
}

#[test]
fn values_of_postgres_that_rust_has_no_room_for() {
    use pilaster_tests::cases::postgres_types::{MacNote, NewPlain, Plain};
    let Some(host) = host(DialectName::Postgres) else { return };
    let fresh = host.script(include_str!("../../cases/postgres_types/schema.postgres.sql"));
    let db = fresh.open();
    let run = |sql: &str| db.sql(sql.to_owned()).batch().unwrap();
    run(
        "INSERT INTO by_mac (mac) VALUES ('08:00:2b:01:02:03'); INSERT INTO mac_note (mac) VALUES ('08:00:2b:01:02:03')",
    );
    let (column, found) = unread(&MacNote::query().one(&db).unwrap_err());
    assert!(column == "until" && found.starts_with("infinity"), "{found}");
    for (column, value, found) in [
        ("g", "'NaN'", "NaN"),
        ("g", "1e60", "a longer one"),
        ("s", "'-infinity'", "-infinity"),
        ("p", "'infinity'", "infinity"),
    ] {
        let id = NewPlain::new().insert(&db).unwrap().id;
        run(&format!("UPDATE plain SET {column} = {value} WHERE id = {id}"));
        let (where_, what) = unread(&Plain::get(&db, id).unwrap_err());
        assert!(where_ == column && what.contains(found), "{column} = {value}: {where_}, {what}");
    }
    // A label that came later, a year of five digits, a row that a trigger changes.
    let id = NewPlain::new().insert(&db).unwrap().id;
    run("ALTER TYPE mood ADD VALUE 'later'");
    run(&format!("UPDATE plain SET w = 'later' WHERE id = {id}"));
    let (column, found) = unread(&Plain::get(&db, id).unwrap_err());
    assert!(column == "w" && found.contains("later"), "{found}");
    run(&format!("UPDATE plain SET w = 'happy', r = '20000-01-01 00:00:00' WHERE id = {id}"));
    assert!(Plain::get(&db, id).unwrap().unwrap().r.unwrap().to_string().contains("20000"));
    run("CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.m := upper(NEW.m); RETURN NEW; END';
         CREATE TRIGGER louder BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION louder()");
    assert_eq!(NewPlain::new().m("quiet".to_owned()).insert(&db).unwrap().m.as_deref(), Some("QUIET"));
    db.close().unwrap();
}

#[test]
fn values_of_mariadb_that_rust_has_no_room_for() {
    use pilaster_tests::cases::mysql_types::{Moment, NewMoment, NewOther, Other};
    let Some(host) = host(DialectName::Mysql).filter(|host| !host.is_mysql()) else { return };
    let fresh = host.script(include_str!("../../cases/mysql_types/schema.mariadb.sql"));
    let db = fresh.open();
    let run = |sql: &str| db.sql(sql.to_owned()).batch().unwrap();
    let id = NewMoment::new().insert(&db).unwrap().id;
    for (change, column) in [("a = '0000-00-00'", "a"), ("e = '0000-00-00 00:00:00'", "e"), ("c = '25:00:00'", "c")] {
        run(&format!(
            "SET sql_mode = ''; UPDATE moments SET a = '2024-01-01', e = '2024-01-01', c = NULL; UPDATE moments SET {change}"
        ));
        assert_eq!(unread(&Moment::get(&db, id).unwrap_err()).0, column);
    }
    let id = pilaster::uuid::Uuid::from_u128(9);
    NewOther::new(id).insert(&db).unwrap();
    run("SET sql_mode = ''; UPDATE others SET mood = 'nothing of the kind'");
    // What a lax session makes of a wrong label is the empty text, which is a label of this one.
    assert_eq!(Other::get(&db, id).unwrap().unwrap().mood.label(), "");
    run("ALTER TABLE others MODIFY mood enum('happy', 'later')");
    run("UPDATE others SET mood = 'later'");
    let (column, found) = unread(&Other::get(&db, id).unwrap_err());
    assert!(column == "mood" && found.contains("later"), "{found}");
    db.close().unwrap();
}

/// `NULL` and no text at all reach types that have no binary form for them; what triggers leave out is said.
#[test]
fn writes_that_the_wire_or_a_trigger_stands_against() {
    use pilaster_tests::cases::postgres_types::{NewPlain, Plain};
    let Some(host) = host(DialectName::Postgres) else { return };
    let fresh = host.script(include_str!("../../cases/postgres_types/schema.postgres.sql"));
    let db = fresh.open();
    let run = |sql: &str| db.sql(sql.to_owned()).batch().unwrap();
    run("CREATE TABLE bare (a aclitem, b \"char\")");
    for letter in [Some(""), Some("x"), None] {
        db.sql("INSERT INTO bare VALUES ($1, $2)")
            .bind(None::<String>)
            .bind(letter.map(str::to_owned))
            .execute()
            .unwrap();
    }
    let letters = db.sql("SELECT b FROM bare ORDER BY b").all::<Option<String>>().unwrap();
    assert_eq!(letters, [Some(String::new()), Some("x".to_owned()), None]);
    assert!(db.sql("INSERT INTO bare VALUES (NULL, $1)").bind("xy").execute().is_err(), "nothing is cut off");

    run("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN IF NEW.m = ''no'' THEN RETURN NULL; END IF; RETURN NEW; END';
         CREATE TRIGGER nothing BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION nothing()");
    let rows = || [NewPlain::new().m("yes".to_owned()), NewPlain::new().m("no".to_owned())];
    for error in [Plain::insert_many(rows()).all(&db).unwrap_err(), Plain::insert_many(rows()).keys(&db).unwrap_err()] {
        assert!(error.to_string().contains("stored 1 of 2 new rows of Plain: a trigger"), "{error}");
    }
    assert_eq!(Plain::query().count(&db).unwrap(), 0, "all or none");
    assert_eq!(Plain::insert_many(rows()).run(&db).unwrap(), 1);
    db.close().unwrap();
}

/// What the settings carry as text has room for all that a server holds, both ways.
#[test]
fn what_mysql_is_told_to_carry_as_text() {
    use pilaster_tests::cases::raw_of_mysql::{Member, NewMember, schema};
    let Some(host) = host(DialectName::Mysql) else { return };
    let fresh = host.empty();
    let join = if fresh.url.contains('?') { '&' } else { '?' };
    let lax = Db::connect(&format!("{}{join}zero_dates=true", fresh.url)).unwrap();
    let strict = fresh.open();
    // How dates of zeros are taken is told where they are refused.
    if !host.is_mysql() {
        let error = schema::create_all(&strict).unwrap_err();
        assert!(error.message().contains("zero_dates=true"), "{error}");
        schema::create_all(&lax).unwrap();
        let error = NewMember::new("ann").insert(&strict).unwrap_err();
        assert!(error.message().contains("zero_dates=true"), "{error}");
    }
    schema::create_all(&lax).unwrap();
    let zero = "0000-00-00 00:00:00";
    let due = pilaster::chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let paid = due.and_hms_opt(1, 2, 3).unwrap();
    let error = NewMember::new("ann").joined(zero).born("2024-01-01").paid(paid).due(due).insert(&strict).unwrap_err();
    let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!(cell.column.as_deref(), Some("joined"));

    let wide = "12345678901234567890123456789012345.000000000000000000000000000001";
    let new = NewMember::new("bob").joined("2024-02-29 01:02:03").born("2024-00-00").lap("-838:59:59.125").wide(wide);
    let new = new.seen("2024-02-29 01:02:03.000004").due(due);
    let bob = new.paid(paid).insert(&lax).unwrap();
    assert_eq!((bob.joined.as_str(), bob.born.as_str()), ("2024-02-29 01:02:03", "2024-00-00"));
    let texts = [bob.lap.as_deref(), bob.wide.as_deref(), bob.seen.as_deref()];
    assert_eq!(texts, ["-838:59:59.125", wide, "2024-02-29 01:02:03.000004"].map(Some));
    // A row whose other dates are none is found, but not read.
    let mut ann = Member::get(&strict, bob.id).unwrap().unwrap();
    ann.joined = zero.to_owned();
    ann.save(&lax).unwrap();
    assert_eq!(Member::query().filter(|m| m.joined.eq(zero) & m.wide.eq(wide)).count(&strict).unwrap(), 1);
    assert_eq!(Member::get(&strict, bob.id).unwrap().unwrap(), ann);
    let (column, found) = unread(&NewMember::new("cid").insert(&lax).unwrap_err());
    assert_eq!(
        (column.as_str(), found.as_str()),
        ("paid", "date 0000-00-00, which MySQL has and Rust's types have not")
    );
    for db in [lax, strict] {
        db.close().unwrap();
    }
}

#[test]
fn what_postgres_is_told_to_carry_as_text() {
    use pilaster_tests::cases::raw_of_postgres::{NewSpan, Span, schema};
    let Some(host) = host(DialectName::Postgres) else { return };
    let fresh = host.script("CREATE TYPE mood AS ENUM ('happy', 'later')");
    let db = fresh.open();
    schema::create_all(&db).unwrap();
    let span = NewSpan::new().insert(&db).unwrap();
    assert_eq!((span.begun.as_str(), span.wide.as_str(), span.mood.as_str()), ("-infinity", "NaN", "happy"));
    assert!(span.ended.is_some_and(|ended| ended.starts_with("20")));
    let wide = "9".repeat(100);
    let new = NewSpan::new().begun("infinity").ended("-infinity").day("0044-03-15 BC").wide(wide.clone());
    let mut span = new.mood("later").days("{2024-02-29,infinity,NULL}").insert(&db).unwrap();
    assert_eq!(Span::get(&db, span.id).unwrap().unwrap(), span);
    let texts = [span.ended.as_deref(), span.day.as_deref(), span.days.as_deref()];
    assert_eq!(texts, ["-infinity", "0044-03-15 BC", "{2024-02-29,infinity,NULL}"].map(Some));
    span.begun = "2024-02-29 01:02:03.000004+00".to_owned();
    span.save(&db).unwrap();
    let found = Span::query().filter(|s| s.begun.eq(&span.begun) & s.wide.eq(&wide) & s.mood.eq("later"));
    assert_eq!(found.one(&db).unwrap(), span);
    let many = (1..=30).map(|n| NewSpan::new().begun("infinity").wide(format!("{n}{wide}")).days("{infinity}"));
    let many = Span::insert_many(many).all(&db).unwrap();
    let expected = (1..=30).map(|n| ("infinity".to_owned(), format!("{n}{wide}")));
    assert!(many.iter().map(|span| (span.begun.clone(), span.wide.clone())).eq(expected));
    let wide = many.iter().map(|span| span.wide.clone());
    assert_eq!(Span::query().filter(|s| s.wide.in_(wide)).count(&db).unwrap(), 30);
    db.close().unwrap();
}
