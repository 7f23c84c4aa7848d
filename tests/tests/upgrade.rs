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

/// Runs a command that must succeed, away from the async workers, as it blocks.
fn pilaster(folder: &Path, args: &[&str]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let root = folder.display().to_string();
    let args = ["pilaster", "-C", &root, "db"].into_iter().chain(args.iter().copied());
    let code = pilaster_generator::cli::run(args, &mut out, &mut err);
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert_eq!(code, 0, "{out}{err}");
    out
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
