//! `pilaster db` on every database, as a user runs it: a spec that changes, with rows in the tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

use std::fs;
use std::path::Path;

use pilaster::Db;
use pilaster_tests::database::{Fresh, Kind, is_required};

const FIRST: &str = "pilaster: 1
enums:
  Status: [draft, published]
models:
  Writer:
    columns: { id: bigint primary, name: string(40) unique }
  Post:
    columns:
      id: bigint primary
      title: string(40)
      status: { type: Status, default: draft }
    relations:
      writer: { belongs_to: Writer, on_delete: cascade }
";

async fn fresh(kind: Kind) -> Option<Fresh> {
    match kind.fresh().await.unwrap() {
        Ok(fresh) => Some(fresh),
        Err(why) if is_required(kind) => panic!("{}: {why}", kind.name()),
        Err(why) => {
            eprintln!("skipped on {}: {why}", kind.name());
            None
        }
    }
}

/// Runs a command; gives its exit code and what it says.
fn ran(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let root = folder.display().to_string();
    let args = ["pilaster", "-C", &root, "db"].into_iter().chain(args.iter().copied());
    let code = pilaster_generator::cli::run(args, &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Runs a command that must succeed.
fn pilaster(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = ran(folder, args);
    assert_eq!(code, 0, "{out}{err}");
    out
}

/// Runs a command that must be refused; gives what it says about that.
fn refused(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = ran(folder, args);
    assert_eq!(code, 1, "{out}{err}");
    err
}

async fn rows(db: &Db, sql: &str) -> Vec<String> {
    db.sql(sql.to_owned()).all::<String>().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spec_that_changes_reaches_the_database() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let (db, url) = (&fresh.db, fresh.url.as_str());
        let project = tempfile::tempdir().unwrap();
        let spec = project.path().join("models.yaml");
        fs::write(&spec, FIRST).unwrap();
        let run = |args: &[&str]| pilaster(project.path(), args);
        run(&["init"]);
        run(&["migrate", "-m", "first"]);
        assert!(run(&["upgrade", "--database", url]).ends_with("_first\n"));
        db.sql("INSERT INTO writer (id, name) VALUES (1, 'ann')").execute().await.unwrap();
        let posts =
            "INSERT INTO post (id, title, status, writer_id) VALUES (1, 'one', 'draft', 1), (2, 'two', 'published', 1)";
        db.sql(posts).execute().await.unwrap();

        let second = FIRST
            .replace(
                "title: string(40)",
                "title: { type: string(80), index: true }\n      views: { type: integer, default: 7 }",
            )
            .replace("[draft, published]", "[draft, review, published]");
        fs::write(&spec, second).unwrap();
        run(&["migrate", "-m", "second"]);
        let there = project.path().join("migrations");
        let second = fs::read_dir(&there).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let second = second.into_iter().find(|name| name.ends_with("_second.yaml")).unwrap().replace(".yaml", "");
        // A fill in portions, and an index that is made while others write.
        let third = format!(
            "pilaster_migration: 1\nrevision: 20990101_0000_third\nparents: [{second}]\nmessage: third\nup:\n  \
             - backfill: {{ table: post, set: {{ views: 8 }}, where: views = 7, batch: 1 }}\n  \
             - add_index: {{ table: post, name: by_views, columns: [views], concurrently: true }}\ndown:\n  \
             - drop_index: {{ table: post, name: by_views, columns: [views], concurrently: true }}\n"
        );
        fs::write(there.join("20990101_0000_third.yaml"), third).unwrap();
        let applied = run(&["upgrade", "--database", url]);
        assert!(applied.contains("_second\n") && applied.ends_with("applied 20990101_0000_third\n"), "{applied}");
        assert_eq!(run(&["upgrade", "--database", url]), "nothing to do\n");
        assert_eq!(rows(db, "SELECT title FROM post WHERE views = 8 ORDER BY id").await, ["one", "two"]);
        db.sql("UPDATE post SET status = 'review' WHERE id = 2").execute().await.unwrap();
        db.sql("UPDATE post SET status = 'draft' WHERE id = 2").execute().await.unwrap();
        assert_eq!(run(&["current", "--database", url]).lines().count(), 3);

        let back = run(&["downgrade", "first", "--allow-destructive", "--database", url]);
        assert!(back.starts_with("taken back 20990101_0000_third\n") && back.lines().count() == 2, "{back}");
        assert_eq!(rows(db, "SELECT title FROM post ORDER BY id").await, ["one", "two"]);
        assert!(run(&["downgrade", "base", "--allow-destructive", "--database", url]).ends_with("_first\n"));
        assert_eq!(run(&["current", "--database", url]), "no revision is applied\n");
        fresh.remove().await.unwrap();
    }
}

/// A run that ended after the constraint was added, and before its rows were checked, checks them with the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_still_to_be_checked_are_checked_by_the_next_run() {
    let Some(fresh) = fresh(Kind::Postgres).await else { return };
    let (db, url) = (&fresh.db, fresh.url.as_str());
    let project = tempfile::tempdir().unwrap();
    fs::write(project.path().join("models.yaml"), FIRST).unwrap();
    let run = |args: &[&str]| pilaster(project.path(), args);
    run(&["init"]);
    run(&["migrate", "-m", "first"]);
    run(&["upgrade", "--database", url]);
    let checked =
        FIRST.replace("name: string(40) unique }", "name: string(40) unique }\n    checks: { named: name <> '' }");
    fs::write(project.path().join("models.yaml"), checked).unwrap();
    run(&["migrate", "-m", "second"]);
    db.sql(
        "CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF current_query() LIKE '%VALIDATE%' THEN RAISE 'stopped'; END IF; END $$; \
         CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop()",
    )
    .batch()
    .await
    .unwrap();
    let told = refused(project.path(), &["upgrade", "--database", url]);
    assert!(told.contains("stopped"), "{told}");
    let valid = "SELECT convalidated::text FROM pg_constraint WHERE conname = 'named'";
    assert_eq!(rows(db, valid).await, ["false"]);
    db.sql("DROP EVENT TRIGGER stop").execute().await.unwrap();
    assert!(run(&["upgrade", "--database", url]).ends_with("_second\n"));
    assert_eq!(rows(db, valid).await, ["true"]);
    fresh.remove().await.unwrap();
}

/// Hand-written SQL that a database does not take is corrected in the file, whatever was done before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_sql_is_corrected_in_the_file() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let (db, url) = (&fresh.db, fresh.url.as_str());
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("models.yaml"), FIRST).unwrap();
        let run = |args: &[&str]| pilaster(project.path(), args);
        run(&["init"]);
        run(&["migrate", "-m", "first"]);
        run(&["upgrade", "--database", url]);
        db.sql("INSERT INTO writer (id, name) VALUES (1, 'ann')").execute().await.unwrap();
        let first = run(&["current", "--database", url]).split_whitespace().next().unwrap().to_owned();
        let file = project.path().join("migrations/20990101_0000_second.yaml");
        let write = |column: &str, sql: &str, more: &str| {
            let text = format!(
                "pilaster_migration: 1\nrevision: 20990101_0000_second\nparents: [{first}]\nmessage: second\nup:\n  \
                 - add_column: {{ table: writer, column: {{ name: {column}, type: string(40), null: true }} }}\n  \
                 - execute: {{ sql: \"{sql}\" }}\n{more}"
            );
            fs::write(&file, text).unwrap();
        };
        write("title", "UPDATE writer SET titel = name", "");
        let told = refused(project.path(), &["upgrade", "--database", url]);
        assert!(told.contains("step 2 of 2") && told.contains("titel"), "{told}");
        if kind == Kind::Mysql {
            write("titel", "UPDATE writer SET titel = name", "");
            let told = refused(project.path(), &["upgrade", "--database", url]);
            assert!(told.contains("was edited in what is done of it"), "{told}");
            let checked = run_check(project.path(), url);
            assert!(checked.contains("P0816") && !checked.contains("P0815"), "{checked}");
        }
        // What comes later may be another thing too, with questions that are asked before everything.
        let check = "  - add_check: { table: writer, name: named, expr: name <> '' }\n";
        write("title", "UPDATE writer SET title = name", check);
        assert_eq!(run(&["upgrade", "--database", url]), "applied 20990101_0000_second\n");
        assert_eq!(rows(db, "SELECT title FROM writer").await, ["ann"]);
        assert_eq!(run(&["upgrade", "--database", url]), "nothing to do\n");
        fresh.remove().await.unwrap();
    }
}

/// What `pilaster check` says of a database.
fn run_check(folder: &Path, url: &str) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let root = folder.display().to_string();
    let args = ["pilaster", "-C", &root, "check", "--database", url];
    pilaster_generator::cli::run(args, &mut out, &mut err);
    String::from_utf8(err).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rights_nothing_is_done() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let (db, url) = (&fresh.db, fresh.url.as_str());
        let name = pilaster_tests::servers_mysql::unique_name();
        let name = name.get(name.len() - 12..).unwrap().trim_matches('_');
        let name = format!("reader_{name}");
        let (make, drop) = match kind {
            Kind::Postgres => (
                format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {name} LOGIN PASSWORD 'x'"),
                format!("DROP ROLE {name}"),
            ),
            _ => (
                format!("CREATE USER {name} IDENTIFIED BY 'x'; GRANT SELECT ON `%`.* TO {name}"),
                format!("DROP USER {name}"),
            ),
        };
        db.sql(make).batch().await.unwrap();
        let authority = url.find("://").unwrap() + 3;
        let host = url.find('@').map_or(authority, |at| at + 1);
        let weak = format!("{}{name}:x@{}", url.get(..authority).unwrap(), url.get(host..).unwrap());
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("models.yaml"), FIRST).unwrap();
        pilaster(project.path(), &["init"]);
        pilaster(project.path(), &["migrate", "-m", "first"]);
        let err = refused(project.path(), &["upgrade", "--database", &weak]);
        assert!(err.contains("denied") && err.contains("help"), "{}: {err}", kind.name());
        assert!(!err.contains(":x@"), "no password: {err}");
        assert_eq!(pilaster(project.path(), &["current", "--database", url]), "no revision is applied\n");
        assert!(pilaster(project.path(), &["upgrade", "--database", url]).ends_with("_first\n"));
        db.sql(drop).batch().await.unwrap();
        fresh.remove().await.unwrap();
    }
}

/// A database that has its tables already is not touched, and who meets that is told what to do, which works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_another_origin_are_stamped() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let url = fresh.url.as_str();
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("models.yaml"), FIRST).unwrap();
        let run = |args: &[&str]| pilaster(project.path(), args);
        run(&["create", "--database", url]);
        run(&["init"]);
        run(&["migrate", "-m", "first"]);
        let said = refused(project.path(), &["upgrade", "--database", url]);
        assert!(said.contains("already exists") && said.contains("pilaster db stamp"), "{}: {said}", kind.name());
        run(&["stamp", "first", "--database", url]);
        assert!(run(&["current", "--database", url]).contains("_first"));
        run(&["upgrade", "--database", url]);
        fresh.remove().await.unwrap();
    }
}
