//! Migrations that generated code carries, on every database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

use std::fs;
use std::path::Path;

use pilaster::migrate::{State, Target};
use pilaster::{Db, ErrorKind, blocking};
use pilaster_tests::cases::with_migrations::{NewNote, Note, Status, schema};
use pilaster_tests::database::{Fresh, Kind, is_required};
use pilaster_tests::statements::Statements;

const ALL: [&str; 3] =
    ["20261122_2230_initial_migration", "20261123_0900_status_and_views", "20261124_0800_first_note"];

const KINDS: [Kind; 3] = [Kind::SqliteFile, Kind::Postgres, Kind::Mysql];

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

async fn titles(db: &Db) -> Vec<(String, Status)> {
    Note::query().order_by(|n| n.id.asc()).select(|n| (n.title, n.status)).all(db).await.unwrap()
}

#[tokio::test]
async fn an_empty_database_is_brought_up_once() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        assert_eq!(schema::migrate(db).await.unwrap(), ALL, "{}", kind.name());
        assert!(schema::migrate(db).await.unwrap().is_empty(), "{}", kind.name());
        let note = NewNote::new("a reply").views(3).parent_id(1).insert(db).await.unwrap();
        assert_eq!(note.id, 2);
        assert_eq!(titles(db).await, [("r#\"first\"#".into(), Status::Published), ("a reply".into(), Status::Draft)]);
        assert!(NewNote::new("no").views(-1).insert(db).await.is_err());

        let migrator = schema::migrator(db.dialect()).unwrap();
        let names: Vec<&str> = migrator.revisions().iter().map(|revision| &revision.id[..]).collect();
        assert_eq!(names, ALL);
        assert_eq!(migrator.revisions()[2].message, "a first note, and the longest titles published");
        let noted = migrator.current(db).await.unwrap();
        assert!(noted.iter().map(|row| row.revision.as_str()).eq(ALL));
        assert!(noted.iter().all(|row| row.state == State::Done));
        assert!(migrator.plan_upgrade(db, Target::Head).await.unwrap().is_empty());
        fresh.remove().await.unwrap();
    }
}

#[tokio::test]
async fn rows_of_an_older_revision_stay() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let migrator = schema::migrator(db.dialect()).unwrap();
        assert_eq!(migrator.upgrade(db, Target::Revision(ALL[0].into())).await.unwrap(), ALL[..1]);
        db.sql("INSERT INTO note (title) VALUES ('a title of some length'), ('short')").execute().await.unwrap();
        assert_eq!(migrator.plan_upgrade(db, Target::Head).await.unwrap(), ALL[1..]);
        assert_eq!(schema::migrate(db).await.unwrap(), ALL[1..], "{}", kind.name());
        let expected = [
            ("a title of some length".into(), Status::Published),
            ("short".into(), Status::Draft),
            ("r#\"first\"#".into(), Status::Published),
        ];
        assert_eq!(titles(db).await, expected, "{}", kind.name());
        fresh.remove().await.unwrap();
    }
}

#[tokio::test]
async fn what_loses_data_has_to_be_allowed() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let migrator = schema::migrator(db.dialect()).unwrap();
        migrator.upgrade(db, Target::Steps(2)).await.unwrap();
        let error = migrator.downgrade(db, Target::Steps(-1)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Migration), "{error}");
        assert!(error.to_string().contains("P0903") && error.to_string().contains("allow_destructive"), "{error}");
        assert_eq!(migrator.current(db).await.unwrap().len(), 2);
        let migrator = migrator.allow_destructive();
        assert_eq!(migrator.downgrade(db, Target::Base).await.unwrap(), [ALL[1], ALL[0]], "{}", kind.name());
        assert!(migrator.current(db).await.unwrap().is_empty());
        fresh.remove().await.unwrap();
    }
}

/// Who made the tables in another way is told what to do, which works.
#[tokio::test]
async fn tables_that_are_there_are_stamped() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        schema::create_all(db).await.unwrap();
        let error = schema::migrate(db).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Migration), "{error}");
        let told = error.to_string();
        assert!(told.contains("Migrator::stamp") && told.contains("pilaster db stamp"), "{}: {told}", kind.name());
        let migrator = schema::migrator(db.dialect()).unwrap();
        assert!(migrator.current(db).await.unwrap().is_empty(), "{}", kind.name());
        migrator.stamp(db, Target::Head).await.unwrap();
        assert!(schema::migrate(db).await.unwrap().is_empty(), "{}", kind.name());
        // What fails for another reason says nothing of it.
        schema::drop_all(db).await.unwrap();
        db.sql("CREATE VIEW pilaster_migrations AS SELECT 1 AS one").execute().await.unwrap();
        let told = schema::migrate(db).await.unwrap_err().to_string();
        assert!(!told.contains("stamp"), "{}: {told}", kind.name());
        fresh.remove().await.unwrap();
    }
}

/// The steps of the first revision would not be the right ones for a database that has the second alone.
#[tokio::test]
async fn another_order_is_refused() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        schema::migrate(db).await.unwrap();
        let delete = format!("DELETE FROM pilaster_migrations WHERE revision = '{}'", ALL[0]);
        db.sql(delete).execute().await.unwrap();
        let error = schema::migrate(db).await.unwrap_err().to_string();
        assert!(error.contains("applied in another order") && error.contains("pilaster db upgrade"), "{error}");
        fresh.remove().await.unwrap();
    }
}

/// Where tables come of migrations, dropping them leaves no note that they are there.
#[tokio::test]
async fn dropped_tables_are_made_again() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        for _ in 0..2 {
            assert_eq!(schema::migrate(db).await.unwrap(), ALL, "{}", kind.name());
            assert_eq!(Note::query().count(db).await.unwrap(), 1);
            schema::drop_all(db).await.unwrap();
        }
        fresh.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_apply_each_revision_once() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        // Each with connections of its own, as processes have them.
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let url = fresh.url.clone();
                tokio::spawn(async move {
                    let db = Db::builder(&url).max_connections(2).connect().await.unwrap();
                    let applied = schema::migrate(&db).await;
                    db.close().await.unwrap();
                    applied
                })
            })
            .collect();
        let mut applied = Vec::new();
        for task in tasks {
            applied.extend(task.await.unwrap().unwrap());
        }
        applied.sort();
        assert_eq!(applied, ALL, "{}", kind.name());
        assert_eq!(Note::query().count(&fresh.db).await.unwrap(), 1, "{}", kind.name());
        fresh.remove().await.unwrap();
    }
}

/// What a run sent from where the notes are made on: the steps, and the notes of them.
fn sent(statements: &Statements) -> Vec<String> {
    let all = statements.take();
    let start = all.iter().position(|sql| sql.starts_with("CREATE TABLE pilaster_migrations")).expect("no notes");
    all[start..].to_vec()
}

/// Runs `pilaster db upgrade` in a project of the case's files.
fn upgrade(url: &str) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/with_migrations");
    let project = tempfile::tempdir().unwrap();
    fs::copy(case.join("spec.yaml"), project.path().join("models.yaml")).unwrap();
    let migrations = case.join("migrations").display().to_string();
    let root = project.path().display().to_string();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["pilaster", "-C", &root, "db", "upgrade", "--migrations", &migrations, "--database", url];
    let code = pilaster_generator::cli::run(words, &mut out, &mut err);
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
}

#[test]
fn a_program_sends_what_the_command_sends() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for kind in KINDS {
        let both: Vec<Vec<String>> = [true, false]
            .into_iter()
            .filter_map(|embedded| {
                let fresh = runtime.block_on(fresh(kind))?;
                let statements = Statements::listen();
                if embedded {
                    let db = blocking::Db::connect(&fresh.url).unwrap();
                    assert_eq!(schema::migrate(&db).unwrap(), ALL);
                    assert!(schema::migrate(&db).unwrap().is_empty());
                    db.close().unwrap();
                } else {
                    upgrade(&fresh.url);
                }
                let sent = sent(&statements);
                drop(statements);
                runtime.block_on(fresh.remove()).unwrap();
                Some(sent)
            })
            .collect();
        let [embedded, command] = both.as_slice() else { continue };
        let last = embedded.iter().rposition(|sql| sql.contains("INTO pilaster_migrations")).unwrap();
        let ended = command.iter().rposition(|sql| sql.contains("INTO pilaster_migrations")).unwrap();
        assert_eq!(embedded[..=last], command[..=ended], "{}", kind.name());
        assert!(
            embedded.iter().any(|sql| sql == "INSERT INTO note (title)\n  VALUES ('r#\"first\"#')"),
            "{embedded:#?}"
        );
    }
}
