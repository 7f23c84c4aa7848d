//! Migrations on servers: a database that was migrated has the catalog of one that was made today.
//!
//! `PILASTER_MIGRATION_PAIRS` says how many random pairs are tried on each server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs, dead_code)]

// What the shared generator of random states looks for beside and above itself.
use pilaster_generator::ir;
use pilaster_generator::migrate::{change, diff, replay, script, state};

#[path = "../../../generator/src/migrate/random_tests.rs"]
mod random_tests;

#[path = "../../../generator/src/migrate/runner_tests.rs"]
mod runner_tests;

mod cases;
mod moves;
mod on_all;
mod online;
mod recognised;
mod sqlite;

use pilaster::{Db, Result};
use pilaster_generator::ddl as create_sql;
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::DialectName;
use pilaster_generator::migrate::change::{Change, invert};
use pilaster_generator::migrate::ddl;
use pilaster_generator::migrate::diff::{Renames, diff};
use pilaster_generator::migrate::script::{Action, Script};
use pilaster_generator::migrate::state::State;
use pilaster_tests::database::{Kind, is_required};

use random_tests::Random;

/// A database of its own, or none with a note.
pub async fn fresh(kind: Kind) -> Option<pilaster_tests::database::Fresh> {
    match kind.fresh().await.unwrap() {
        Ok(fresh) => Some(fresh),
        Err(why) if is_required(kind) => panic!("{}: {why}", kind.name()),
        Err(why) => {
            eprintln!("skipped on {}: {why}", kind.name());
            None
        }
    }
}

pub fn dialect(kind: Kind) -> DialectName {
    match kind {
        Kind::Postgres => DialectName::Postgres,
        Kind::Mysql => DialectName::Mysql,
        _ => DialectName::Sqlite,
    }
}

pub async fn batch(db: &Db, sql: &str) {
    db.sql(sql.to_owned()).batch().await.unwrap_or_else(|error| panic!("{error}\n  in {sql}"));
}

/// Makes all of a state.
pub async fn create(db: &Db, kind: Kind, state: &State) {
    let mut diagnostics = Diagnostics::default();
    let schema = state.schema(state.tables.values());
    for sql in create_sql::create(&schema, dialect(kind), &mut diagnostics) {
        batch(db, &sql).await;
    }
    assert!(!diagnostics.has_errors(), "{diagnostics}");
}

pub fn script_of(kind: Kind, from: &State, changes: &[Change]) -> std::result::Result<Script, String> {
    let mut diagnostics = Diagnostics::default();
    ddl::script(from, changes, dialect(kind), &mut diagnostics).ok_or_else(|| diagnostics.to_string())
}

/// Runs a script as its description says; what stands in the way is an error.
pub async fn run(db: &Db, script: &Script) -> std::result::Result<(), String> {
    let mut open = None;
    for step in &script.steps {
        if step.transactional && open.is_none() {
            open = Some(db.begin().await.map_err(|error| error.to_string())?);
        } else if !step.transactional
            && let Some(tx) = open.take()
        {
            tx.commit().await.map_err(|error| error.to_string())?;
        }
        let told = |error: pilaster::Error, sql: &str| format!("{error}\n  in {sql}");
        let go = async |sql: &str| -> std::result::Result<(), String> {
            let result = match &open {
                Some(tx) => tx.sql(sql.to_owned()).batch().await,
                None => db.sql(sql.to_owned()).batch().await,
            };
            result.map_err(|error| told(error, sql))
        };
        let count = async |sql: &str| -> std::result::Result<i64, String> {
            let result = match &open {
                Some(tx) => tx.sql(sql.to_owned()).one::<(i64,)>().await,
                None => db.sql(sql.to_owned()).one::<(i64,)>().await,
            };
            result.map(|(rows,)| rows).map_err(|error| told(error, sql))
        };
        match &step.action {
            Action::Sql(sql) => go(sql).await?,
            Action::Precheck(check) => match count(&check.sql).await? {
                0 => {}
                rows => return Err(check.message.replace("{count}", &rows.to_string())),
            },
            Action::Backfill(fill) => {
                while count(&fill.left).await? > 0 {
                    go(&fill.sql).await?;
                }
            }
            Action::ConcurrentIndex(index) => {
                if count(&index.valid).await? == 0 || index.create.is_none() {
                    go(&index.drop).await?;
                    if let Some(create) = &index.create {
                        go(create).await?;
                        assert_eq!(count(&index.valid).await?, 1);
                    }
                }
            }
            Action::SqliteRebuild(_) => return Err("a rebuild is SQLite's".to_owned()),
        }
    }
    match open {
        Some(tx) => tx.commit().await.map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// Takes everything away.
pub async fn clear(db: &Db, kind: Kind) -> Result<()> {
    if kind == Kind::Postgres {
        return db.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").batch().await;
    }
    let names = db.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = database()");
    let names = names.all::<(String,)>().await?;
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|(name,)| format!("`{name}`")).collect();
    let sql = format!("SET FOREIGN_KEY_CHECKS = 0; DROP TABLE {}; SET FOREIGN_KEY_CHECKS = 1", names.join(", "));
    db.sql(sql).batch().await
}

const POSTGRES: &[&str] = &[
    "SELECT concat_ws(' ', 'column', table_name, column_name, udt_name, is_nullable, column_default, is_identity, \
     generation_expression, character_maximum_length, numeric_precision, numeric_scale, \
     col_description(quote_ident(table_name)::regclass, ordinal_position)) \
     FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace AND contype <> 'p'",
    "SELECT concat_ws(' ', 'key', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace AND contype = 'p'",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey%'",
    "SELECT concat_ws(' ', 'enum', typname, string_agg(enumlabel, ',' ORDER BY enumsortorder)) FROM pg_enum \
     JOIN pg_type ON pg_type.oid = enumtypid GROUP BY typname",
    "SELECT concat_ws(' ', 'table', relname, obj_description(oid)) FROM pg_class \
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
];

/// What the catalog says, line by line, in an order of its own.
pub async fn catalog(db: &Db, kind: Kind) -> Vec<String> {
    let mut lines = Vec::new();
    if kind == Kind::Postgres {
        for sql in POSTGRES {
            lines.extend(db.sql(*sql).all::<(String,)>().await.unwrap().into_iter().map(|(line,)| line));
        }
    } else {
        let names = db.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = database()");
        for (name,) in names.all::<(String,)>().await.unwrap() {
            let (_, text) = db.sql(format!("SHOW CREATE TABLE `{name}`")).one::<(String, String)>().await.unwrap();
            // The next number is no part of the schema.
            let word = |word: &&str| !word.starts_with("AUTO_INCREMENT=");
            let line =
                |line: &str| line.trim().trim_end_matches(',').split(' ').filter(word).collect::<Vec<_>>().join(" ");
            lines.extend(text.lines().map(|text| format!("{name}: {}", line(text))));
        }
    }
    lines.sort();
    lines
}

#[track_caller]
pub fn compare(found: &[String], wanted: &[String], about: &str) {
    let extra: Vec<_> = found.iter().filter(|line| !wanted.contains(line)).collect();
    let missing: Vec<_> = wanted.iter().filter(|line| !found.contains(line)).collect();
    assert!(extra.is_empty() && missing.is_empty(), "{about}\nis: {extra:#?}\nshould be: {missing:#?}");
}

fn pairs() -> u64 {
    std::env::var("PILASTER_MIGRATION_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(70)
}

async fn random_pairs(kind: Kind) {
    let Some(fresh) = fresh(kind).await else { return };
    let db = &fresh.db;
    let mut done = 0;
    for seed in 0..pairs() {
        let mut random = Random::new(seed);
        let from = random_tests::state(&mut random);
        let to =
            if random.chance(8) { random_tests::like(&from, &mut random) } else { random_tests::state(&mut random) };
        let changes = diff(&from, &to, &Renames::default()).changes;
        let (back, _) = invert(&changes);
        let Ok(up) = script_of(kind, &from, &changes) else { continue };
        clear(db, kind).await.unwrap();
        create(db, kind, &to).await;
        let wanted = catalog(db, kind).await;
        clear(db, kind).await.unwrap();
        create(db, kind, &from).await;
        let before = catalog(db, kind).await;
        run(db, &up).await.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", up.text()));
        compare(&catalog(db, kind).await, &wanted, &format!("seed {seed}\n{}", up.text()));
        done += 1;
        let Ok(down) = script_of(kind, &to, &back) else { continue };
        run(db, &down).await.unwrap_or_else(|error| panic!("seed {seed}, down: {error}\n{}", down.text()));
        compare(&catalog(db, kind).await, &before, &format!("seed {seed}, down\n{}", down.text()));
    }
    assert!(done * 3 > pairs(), "{done} pairs were tried");
    fresh.remove().await.unwrap();
}

/// Puts rows into all tables.
async fn insert(db: &Db, kind: Kind, state: &State) {
    let quote = |name: &str| ir::quote::quote_ident(dialect(kind), name);
    let (off, on) = match kind {
        Kind::Postgres => ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT"),
        _ => ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"),
    };
    let rows = random_tests::inserts(state, &quote);
    if !rows.is_empty() {
        batch(db, &format!("{off}; {}; {on}", rows.join("; "))).await;
    }
}

async fn random_pairs_with_rows(kind: Kind) {
    let Some(fresh) = fresh(kind).await else { return };
    let db = &fresh.db;
    let (mut done, mut refused) = (0, 0);
    for seed in 0..pairs() {
        let mut random = Random::new(seed);
        let from = random_tests::state(&mut random);
        let to = random_tests::like(&from, &mut random);
        let changes = random_tests::filled(diff(&from, &to, &Renames::default()).changes, &to);
        let Ok(up) = script_of(kind, &from, &changes) else { continue };
        clear(db, kind).await.unwrap();
        create(db, kind, &to).await;
        let wanted = catalog(db, kind).await;
        clear(db, kind).await.unwrap();
        create(db, kind, &from).await;
        insert(db, kind, &from).await;
        let before = catalog(db, kind).await;
        match run(db, &up).await {
            Ok(()) => {
                done += 1;
                compare(&catalog(db, kind).await, &wanted, &format!("seed {seed}\n{}", up.text()));
                for name in from.tables.keys().filter(|name| to.tables.contains_key(*name)) {
                    let quoted = ir::quote::quote_ident(dialect(kind), &name.name);
                    let sql = format!("SELECT count(*) FROM {quoted}");
                    assert_eq!(db.sql(sql).one::<(i64,)>().await.unwrap(), (3,), "seed {seed}: {quoted}");
                }
            }
            // Refused by the rows, in words of ours.
            Err(why) if why.contains(" of `") && !why.contains("\n  in ") => {
                refused += 1;
                if kind == Kind::Postgres {
                    // New labels are added by themselves, before.
                    let rest =
                        |lines: Vec<String>| lines.into_iter().filter(|line| !line.starts_with("enum ")).collect();
                    let (now, before): (Vec<String>, Vec<String>) = (rest(catalog(db, kind).await), rest(before));
                    compare(&now, &before, &format!("seed {seed}: nothing was changed"));
                }
            }
            // A text that is no date is left to the server, which takes everything back.
            Err(why) if kind == Kind::Postgres && why.contains("invalid input syntax") => refused += 1,
            Err(why) => panic!("seed {seed}: {why}\n{}", up.text()),
        }
    }
    assert!(done * 4 > pairs(), "{done} pairs ran, {refused} were refused");
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_pairs_with_rows_on_postgres() {
    random_pairs_with_rows(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_pairs_with_rows_on_mysql() {
    random_pairs_with_rows(Kind::Mysql).await;
}

async fn random_renames(kind: Kind) {
    let Some(fresh) = fresh(kind).await else { return };
    let db = &fresh.db;
    for seed in 0..pairs() {
        let mut random = Random::new(seed);
        let from = random_tests::state(&mut random);
        let (to, renames) = random_tests::renamed(&from, &mut random);
        let up = script_of(kind, &from, &diff(&from, &to, &renames).changes).unwrap();
        clear(db, kind).await.unwrap();
        create(db, kind, &to).await;
        let wanted = catalog(db, kind).await;
        clear(db, kind).await.unwrap();
        create(db, kind, &from).await;
        insert(db, kind, &from).await;
        run(db, &up).await.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", up.text()));
        compare(&catalog(db, kind).await, &wanted, &format!("seed {seed}\n{}", up.text()));
    }
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_renames_on_postgres() {
    random_renames(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_renames_on_mysql() {
    random_renames(Kind::Mysql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_pairs_on_postgres() {
    random_pairs(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_pairs_on_mysql() {
    random_pairs(Kind::Mysql).await;
}
