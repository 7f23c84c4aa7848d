//! The runner of migrations, on every database: up and back, resumed, edited, ahead, and several at once.
#![cfg(all(unix, feature = "sqlite", feature = "postgres", feature = "mysql"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs
)]

use std::borrow::Cow;
use std::time::Duration;

use pilaster::migrate::{Action, Backfill, Migrator, Precheck, Revision, Script, SqliteRebuild, State, Step, Target};
use pilaster::{Db, Dialect, ErrorKind};

#[path = "../../../tests/src/database.rs"]
#[allow(dead_code)]
mod database;
mod killed;
#[path = "../../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;
#[path = "../server/until.rs"]
mod until;

use database::{Fresh, Kind, is_required};
use until::until;

const KINDS: [Kind; 4] = [Kind::SqliteFile, Kind::SqliteMemory, Kind::Postgres, Kind::Mysql];

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

fn sql(text: &str) -> Step {
    Step { about: text.to_owned().into(), transactional: true, action: Action::Sql(text.to_owned().into()) }
}

fn alone(step: Step) -> Step {
    Step { transactional: false, ..step }
}

fn revision(dialect: Dialect, id: &str, parents: &[&str], up: Vec<Step>, down: Vec<Step>) -> Revision {
    let script = |steps: Vec<Step>| Script { dialect, foreign_keys_off: false, steps: steps.into() };
    Revision {
        id: id.to_owned().into(),
        parents: parents.iter().map(|parent| Cow::Owned((*parent).to_owned())).collect(),
        message: "".into(),
        checksum: format!("sum of {id}").into(),
        up: script(up),
        down: Some(script(down)),
    }
}

/// Three revisions: a table, rows with another table, a column that is filled.
fn history(dialect: Dialect) -> Vec<Revision> {
    let fill = Backfill {
        sql: match dialect {
            Dialect::Mysql => "UPDATE note SET size = 7 WHERE size IS NULL LIMIT 2".into(),
            Dialect::Postgres => {
                "UPDATE note SET size = 7 WHERE ctid = ANY (ARRAY(SELECT ctid FROM note WHERE size IS NULL LIMIT 2))"
                    .into()
            }
            Dialect::Sqlite => {
                "UPDATE note SET size = 7 WHERE rowid IN (SELECT rowid FROM note WHERE size IS NULL LIMIT 2)".into()
            }
        },
        left: "SELECT count(*) FROM note WHERE size IS NULL".into(),
    };
    let fill = Step { about: "fill size".into(), transactional: false, action: Action::Backfill(fill) };
    let table = vec![sql("CREATE TABLE note (id integer PRIMARY KEY)")];
    let more = vec![
        sql("INSERT INTO note (id) VALUES (1), (2), (3), (4), (5)"),
        sql("CREATE TABLE tag (id integer PRIMARY KEY)"),
        sql("INSERT INTO tag (id) SELECT id FROM note"),
    ];
    vec![
        revision(dialect, "a", &[], table, vec![sql("DROP TABLE note")]),
        revision(dialect, "b", &["a"], more, vec![sql("DROP TABLE tag"), sql("DELETE FROM note")]),
        revision(
            dialect,
            "c",
            &["b"],
            vec![sql("ALTER TABLE note ADD COLUMN size integer"), fill],
            vec![sql("ALTER TABLE note DROP COLUMN size")],
        ),
    ]
}

async fn number(db: &Db, text: &str) -> i64 {
    db.sql(text.to_owned()).one::<i64>().await.unwrap()
}

async fn names(db: &Db, history: &[Revision]) -> Vec<String> {
    Migrator::new(history).current(db).await.unwrap().into_iter().map(|row| row.revision).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_and_back() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let history = history(db.dialect());
        let it = Migrator::new(&history);
        assert!(it.current(db).await.unwrap().is_empty(), "looking makes no table");
        assert_eq!(it.plan_upgrade(db, Target::Head).await.unwrap(), ["a", "b", "c"]);
        let beyond = it.upgrade(db, Target::Steps(4)).await.unwrap_err().to_string();
        assert!(beyond.contains("there are not 4 revisions to go: 3 revisions are not applied"), "{beyond}");
        assert_eq!(it.upgrade(db, Target::Steps(1)).await.unwrap(), ["a"]);
        let beyond = it.downgrade(db, Target::Steps(-2)).await.unwrap_err().to_string();
        assert!(beyond.contains("there are not 2 revisions to go: 1 revision is applied"), "{beyond}");
        assert_eq!(it.upgrade(db, Target::Head).await.unwrap(), ["b", "c"]);
        assert!(it.upgrade(db, Target::Head).await.unwrap().is_empty());
        assert_eq!(number(db, "SELECT count(*) FROM note WHERE size = 7").await, 5);
        assert_eq!(number(db, "SELECT count(*) FROM tag").await, 5);
        let current = it.current(db).await.unwrap();
        assert!(current.iter().all(|row| row.state == State::Done && row.at.len() == 19), "{current:?}");
        assert_eq!(it.downgrade(db, Target::Steps(-1)).await.unwrap(), ["c"]);
        assert_eq!(it.downgrade(db, Target::Base).await.unwrap(), ["b", "a"]);
        assert!(it.current(db).await.unwrap().is_empty());
        assert_eq!(it.upgrade(db, Target::Revision("b".into())).await.unwrap(), ["a", "b"]);
        assert_eq!(it.downgrade(db, Target::Revision("a".into())).await.unwrap(), ["b"]);
        fresh.remove().await.unwrap();
    }
}

/// A step in the middle fails; what came before is undone or kept, and is never done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_in_the_middle_is_resumed() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let history = history(db.dialect());
        let it = Migrator::new(&history);
        it.upgrade(db, Target::Revision("a".into())).await.unwrap();
        db.sql("CREATE TABLE tag (id integer PRIMARY KEY)").batch().await.unwrap();
        let error = it.upgrade(db, Target::Head).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Migration);
        let told = error.to_string();
        assert!(told.contains("upgrade of `b`, step 2 of 3") && told.contains("CREATE TABLE tag"), "{told}");
        let journalled = db.dialect() == Dialect::Mysql;
        assert_eq!(number(db, "SELECT count(*) FROM note").await, if journalled { 5 } else { 0 });
        let current = it.current(db).await.unwrap();
        assert_eq!(current.len(), if journalled { 2 } else { 1 });
        if journalled {
            let stopped = current.iter().find(|row| row.revision == "b").unwrap();
            assert_eq!((stopped.state, stopped.steps), (State::UpgradeFailed, 1));
            let back = it.downgrade(db, Target::Base).await.unwrap_err().to_string();
            assert!(back.contains("the upgrade of `b` is unfinished, 1 of its steps are done"), "{back}");
        }
        db.sql("DROP TABLE tag").batch().await.unwrap();
        assert_eq!(it.upgrade(db, Target::Head).await.unwrap(), ["b", "c"]);
        assert_eq!(number(db, "SELECT count(*) FROM note WHERE size = 7").await, 5);
        assert_eq!(number(db, "SELECT count(*) FROM tag").await, 5);
        fresh.remove().await.unwrap();
    }
}

/// A file that may not grow any more: nothing of the revision is there, and it is applied when there is room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_nothing_behind() {
    let Some(fresh) = fresh(Kind::SqliteFile).await else { return };
    let dialect = fresh.db.dialect();
    let db = Db::builder(&fresh.url).max_connections(1).connect().await.unwrap();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                INSERT INTO big SELECT randomblob(1000) FROM n";
    let steps = vec![sql("CREATE TABLE big (data blob)"), sql(rows), sql("CREATE TABLE after_it (id integer)")];
    let history = [revision(dialect, "a", &[], steps, Vec::new())];
    let it = Migrator::new(&history);
    let pages = number(&db, "PRAGMA max_page_count = 40").await;
    assert_eq!(pages, 40);
    let error = it.upgrade(&db, Target::Head).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Migration);
    let told = error.to_string();
    assert!(told.contains("upgrade of `a`, step 2 of 3") && told.contains("full"), "{told}");
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('big', 'after_it')").await, 0);
    assert!(it.current(&db).await.unwrap().is_empty());
    number(&db, "PRAGMA max_page_count = 100000").await;
    assert_eq!(it.upgrade(&db, Target::Head).await.unwrap(), ["a"]);
    assert_eq!(number(&db, "SELECT count(*) FROM big").await, 500);
    db.close().await.unwrap();
    fresh.remove().await.unwrap();
}

/// A revision with a mistake in a statement is corrected from there on; what is done is not done again, and may not be
/// another thing. Where all of it was undone, all of it may be corrected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_failed_is_corrected() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let mut wrong = history(db.dialect());
        let index = alone(sql("CREATE INDEX tag_id ON tag (id)"));
        wrong[1].up.steps.to_mut().extend([index.clone(), sql("INSERT INTO tag (idd) VALUES (6)")]);
        let error = Migrator::new(&wrong).upgrade(db, Target::Head).await.unwrap_err().to_string();
        assert!(error.contains("upgrade of `b`, step 5 of 5"), "{error}");
        let journalled = db.dialect() != Dialect::Sqlite;
        assert_eq!(number(db, "SELECT count(*) FROM note").await, if journalled { 5 } else { 0 });
        let edited = |at: usize, text: &str| {
            let mut edited = wrong.clone();
            edited[1].checksum = "other".into();
            edited[1].up.steps.to_mut()[at] = sql(text);
            edited
        };
        if journalled {
            let before = edited(0, "INSERT INTO note (id) VALUES (1), (2), (3), (4)");
            let refused = Migrator::new(&before).upgrade(db, Target::Head).await.unwrap_err().to_string();
            assert!(refused.contains("`b` was edited in what is done of it"), "{refused}");
            assert!(
                refused.contains("4 of its steps done") && refused.contains("from the step that failed on"),
                "{refused}"
            );
        }
        let right = edited(4, "INSERT INTO tag (id) VALUES (6)");
        let it = Migrator::new(&right);
        assert_eq!(it.plan_upgrade(db, Target::Head).await.unwrap(), ["b", "c"]);
        assert_eq!(it.upgrade(db, Target::Head).await.unwrap(), ["b", "c"]);
        assert_eq!(number(db, "SELECT count(*) FROM tag").await, 6);
        assert_eq!(number(db, "SELECT count(*) FROM note").await, 5);
        let current = it.current(db).await.unwrap();
        assert_eq!(current.iter().find(|row| row.revision == "b").unwrap().checksum, "other");
        // From here on it is as any other.
        let refused = Migrator::new(&wrong).upgrade(db, Target::Head).await.unwrap_err().to_string();
        assert!(refused.contains("`b` was edited after it was applied"), "{refused}");
        fresh.remove().await.unwrap();
    }
}

/// A connection that ends after a statement and before its note leaves a step in doubt, which is not run twice, and may
/// not become another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_in_doubt_is_not_done_twice() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let mut history = history(db.dialect());
        let steps = history[1].up.steps.to_mut();
        let end = match db.dialect() {
            Dialect::Postgres => "COMMIT; SELECT pg_terminate_backend(pg_backend_pid())",
            _ => "KILL CONNECTION_ID()",
        };
        // Run again, it stops at what is there already.
        steps[1] = alone(sql(&format!("CREATE TABLE tag (id integer PRIMARY KEY); {end}")));
        let it = Migrator::new(&history);
        it.upgrade(db, Target::Head).await.unwrap_err();
        let current = it.current(db).await.unwrap();
        let stopped = current.iter().find(|row| row.revision == "b").unwrap();
        assert_eq!((stopped.state, stopped.steps), (State::Upgrading, 1));
        let mut edited = history.clone();
        edited[1].up.steps.to_mut()[1] = alone(sql("CREATE TABLE tag (id integer PRIMARY KEY, more integer)"));
        let refused = Migrator::new(&edited).upgrade(db, Target::Head).await.unwrap_err().to_string();
        assert!(refused.contains("behind the step that was being run then"), "{refused}");
        assert_eq!(it.upgrade(db, Target::Head).await.unwrap(), ["b", "c"]);
        assert_eq!(number(db, "SELECT count(*) FROM tag").await, 5);
        assert_eq!(number(db, "SELECT count(*) FROM note").await, 5);
        fresh.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_precheck_stops_before_the_first_statement() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let check = Precheck {
            sql: "SELECT count(*) FROM note".into(),
            message: "there are {count} notes".into(),
            help: "remove them".into(),
        };
        let check = Step { about: "check".into(), transactional: true, action: Action::Precheck(check) };
        let mut history = history(db.dialect());
        history[2].up.steps.to_mut().insert(0, check);
        let it = Migrator::new(&history);
        let error = it.upgrade(db, Target::Head).await.unwrap_err().to_string();
        assert!(error.contains("upgrade of `c`, step 1 of 3 (check): there are 5 notes; remove them"), "{error}");
        assert_eq!(names(db, &history).await, ["a", "b"], "nothing of it is noted");
        fresh.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_that_do_not_fit_are_refused() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = &fresh.db;
        let history = history(db.dialect());
        Migrator::new(&history).upgrade(db, Target::Revision("b".into())).await.unwrap();
        let refused = async |history: &[Revision], wanted: &str| {
            let error = Migrator::new(history).upgrade(db, Target::Head).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Migration);
            assert!(error.to_string().contains(wanted), "{error}");
        };
        let mut edited = history.clone();
        edited[0].checksum = "other".into();
        refused(&edited, "`a` was edited after it was applied").await;
        refused(&history[..1], "the database has the revision `b`, which is not in this history").await;
        refused(&[history[1].clone()], "`b` comes after `a`").await;
        refused(&[history[0].clone(), history[0].clone()], "stands twice").await;
        let mut two = history.clone();
        two[2].parents = vec![Cow::Borrowed("a")].into();
        refused(&two, "there are 2 heads: b, c").await;
        let mut stuck = history.clone();
        stuck[1].down = None;
        let error = Migrator::new(&stuck).downgrade(db, Target::Base).await.unwrap_err().to_string();
        assert!(error.contains("`b` cannot be taken back"), "{error}");
        // Whoever knows that the edit means nothing says so.
        let it = Migrator::new(&edited);
        assert_eq!(it.stamp(db, Target::Revision("b".into())).await.unwrap(), ["a", "b"]);
        assert_eq!(it.upgrade(db, Target::Head).await.unwrap(), ["c"]);
        assert!(it.stamp(db, Target::Base).await.unwrap().is_empty());
        assert!(it.current(db).await.unwrap().is_empty());
        fresh.remove().await.unwrap();
    }
}

/// Runners of programs of their own: each has a pool of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_apply_each_revision_once() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let dialect = fresh.db.dialect();
        let runners: Vec<_> = (0..10)
            .map(|_| {
                let url = fresh.url.clone();
                tokio::spawn(async move {
                    let db = Db::builder(&url).max_connections(2).connect().await.unwrap();
                    let done = Migrator::new(&history(dialect)).upgrade(&db, Target::Head).await.unwrap();
                    db.close().await.unwrap();
                    done
                })
            })
            .collect();
        let mut done = Vec::new();
        for runner in runners {
            done.extend(runner.await.unwrap());
        }
        done.sort();
        assert_eq!(done, ["a", "b", "c"], "{}", kind.name());
        assert_eq!(number(&fresh.db, "SELECT count(*) FROM note WHERE size = 7").await, 5);
        fresh.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_that_is_held_is_told_with_its_holder() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::Mysql] {
        let Some(fresh) = fresh(kind).await else { continue };
        let dialect = fresh.db.dialect();
        let other = Db::builder(&fresh.url).busy_timeout(Duration::from_millis(50)).connect().await.unwrap();
        // A runner stands before a gate in the middle of its step, until this transaction opens it. On SQLite, where
        // statements cannot wait, the transaction itself is the other program.
        let gate = fresh.db.begin().await.unwrap();
        let (close, pass, open, waiting) = match dialect {
            Dialect::Postgres => (
                "SELECT pg_advisory_xact_lock(7)",
                "SELECT pg_advisory_xact_lock(7)",
                "SELECT 1",
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            ),
            Dialect::Mysql => (
                "SELECT get_lock(concat('gate_', database()), 0)",
                "DO get_lock(concat('gate_', database()), 60)",
                "DO release_lock(concat('gate_', database()))",
                "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND state = 'User lock'",
            ),
            Dialect::Sqlite => ("SELECT 1", "SELECT 1", "SELECT 1", "SELECT 1"),
        };
        gate.sql(close).execute().await.unwrap();
        let first = (dialect != Dialect::Sqlite).then(|| {
            let url = fresh.url.clone();
            tokio::spawn(async move {
                let db = Db::builder(&url).max_connections(2).connect().await.unwrap();
                let slow = [revision(dialect, "a", &[], vec![sql(pass)], vec![])];
                Migrator::new(&slow).upgrade(&db, Target::Head).await.unwrap();
                db.close().await.unwrap();
            })
        });
        until("the runner is before the gate", async || number(&fresh.db, waiting).await == 1).await;
        let history = history(dialect);
        let it = Migrator::new(&history).lock_wait(Duration::from_millis(200));
        let error = it.upgrade(&other, Target::Head).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Locked, "{error}");
        let wanted = match dialect {
            Dialect::Postgres => "process ",
            Dialect::Mysql => "connection ",
            Dialect::Sqlite => "another program has been writing to this file",
        };
        assert!(error.to_string().contains(wanted), "{error}");
        gate.sql(open).execute().await.unwrap();
        gate.rollback().await.unwrap();
        if let Some(first) = first {
            first.await.unwrap();
        }
        other.close().await.unwrap();
        fresh.remove().await.unwrap();
    }
}

/// A table is made anew and keeps its children's rows, triggers, views, indexes and numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_keeps_what_belongs_to_the_table() {
    let fresh = fresh(Kind::SqliteFile).await.unwrap();
    let db = &fresh.db;
    for text in [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id) ON DELETE CASCADE)",
        "CREATE TABLE log (text TEXT)",
        "CREATE INDEX by_hand ON parent (lower(name) DESC)",
        "CREATE TRIGGER noticed AFTER INSERT ON parent BEGIN INSERT INTO log VALUES (new.name); END",
        "CREATE TRIGGER elsewhere AFTER INSERT ON child BEGIN UPDATE parent SET name = name; END",
        "CREATE VIEW parents AS SELECT id, name FROM parent",
        "INSERT INTO parent (name) VALUES ('one'), ('two'), ('three')",
        "INSERT INTO child (parent_id) VALUES (1), (2)",
        "DELETE FROM parent WHERE id = 3",
        "DELETE FROM log",
    ] {
        db.sql(text).batch().await.unwrap();
    }
    let rebuild = SqliteRebuild {
        table: "parent".into(),
        temporary: "_parent".into(),
        create: "CREATE TABLE _parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL)".into(),
        copy: "INSERT INTO _parent (id, name) SELECT id, name FROM parent".into(),
        rename: "ALTER TABLE _parent RENAME TO parent".into(),
        indexes: vec!["CREATE INDEX by_schema ON parent (name)".into()].into(),
        known_indexes: vec![].into(),
        sequence: true,
    };
    let action = Action::SqliteRebuild(Cow::Owned(rebuild));
    let step = Step { about: "make `parent` anew".into(), transactional: true, action };
    let mut history = [revision(Dialect::Sqlite, "a", &[], vec![step], vec![])];
    history[0].up.foreign_keys_off = true;
    // What would leave a child without its parent is undone as a whole.
    let mut broken = history.clone();
    broken[0].up.steps.to_mut().push(sql("DELETE FROM parent WHERE id = 2"));
    let error = Migrator::new(&broken).upgrade(db, Target::Head).await.unwrap_err().to_string();
    assert!(error.contains("1 rows of `child` would point to rows that are not there"), "{error}");
    assert_eq!(number(db, "SELECT count(*) FROM parent").await, 2);

    assert_eq!(Migrator::new(&history).upgrade(db, Target::Head).await.unwrap(), ["a"]);
    assert_eq!(number(db, "SELECT count(*) FROM child").await, 2);
    assert_eq!(number(db, "SELECT count(*) FROM parents").await, 2);
    let kept = "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND name NOT LIKE 'sqlite%' \
        AND name NOT LIKE 'pilaster%' ORDER BY name";
    assert_eq!(db.sql(kept).all::<String>().await.unwrap(), ["by_hand", "by_schema", "elsewhere", "noticed"]);
    db.sql("INSERT INTO parent (name) VALUES ('four')").execute().await.unwrap();
    assert_eq!(number(db, "SELECT max(id) FROM parent").await, 4, "no number is given out twice");
    assert_eq!(number(db, "SELECT count(*) FROM log").await, 1);
    // Foreign keys are on again.
    assert!(
        db.sql("INSERT INTO child (parent_id) VALUES (99)").execute().await.unwrap_err().is_foreign_key_violation()
    );
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_runs_the_same() {
    for kind in KINDS {
        let Some(fresh) = fresh(kind).await else { continue };
        let db = fresh.db.blocking();
        let history = history(db.dialect());
        assert_eq!(Migrator::new(&history).upgrade(&db, Target::Head).unwrap(), ["a", "b", "c"]);
        assert_eq!(Migrator::new(&history).downgrade(&db, Target::Base).unwrap(), ["c", "b", "a"]);
        fresh.remove().await.unwrap();
    }
}
