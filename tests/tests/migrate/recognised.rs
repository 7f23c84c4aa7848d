//! Databases of random schemas, read back: the report is the schema, word for word, and another schema is another.

use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::build::build;
use pilaster_generator::ir::infer::{self, Overrides};
use pilaster_generator::migrate::drift::{Drift, drift};
use pilaster_generator::migrate::recognise::recognise;
use pilaster_generator::migrate::state::State;
use pilaster_generator::source::live;
use pilaster_tests::database::Kind;

use crate::on_all::{fresh_sqlite, open_sqlite, read_sqlite};
use crate::random_tests::{Random, like, sorted, state};

/// What a server reports.
fn read(kind: Kind, url: &str) -> State {
    let mut diagnostics = Diagnostics::default();
    let mut draft = match kind {
        Kind::Postgres => live::postgres::load(url, &[], &mut diagnostics),
        _ => live::mysql::load(url, &[], &mut diagnostics),
    };
    infer::tables(&mut draft, &Overrides::default(), &mut diagnostics);
    State::of(&build(draft, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}")))
}

fn is_possible(kind: Kind, state: &State) -> bool {
    let mut diagnostics = Diagnostics::default();
    let schema = state.schema(state.tables.values());
    pilaster_generator::ddl::create(&schema, crate::dialect(kind), &mut diagnostics);
    !diagnostics.has_errors()
}

async fn recognised(kind: Kind) {
    let Some(fresh) = crate::fresh(kind).await else { return };
    let (db, dialect) = (&fresh.db, crate::dialect(kind));
    let (mut done, mut drifted) = (0, 0);
    for seed in 0..crate::pairs() {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let to = if random.chance(8) { like(&from, &mut random) } else { state(&mut random) };
        if !is_possible(kind, &from) || !is_possible(kind, &to) {
            continue;
        }
        crate::clear(db, kind).await.unwrap();
        crate::create(db, kind, &to).await;
        let other = crate::catalog(db, kind).await;
        crate::clear(db, kind).await.unwrap();
        crate::create(db, kind, &from).await;
        let same = crate::catalog(db, kind).await == other;
        let url = fresh.url.clone();
        let report = tokio::task::spawn_blocking(move || read(kind, &url)).await.unwrap();
        let found = recognise(&report, &from, &from, dialect);
        assert_eq!(sorted(&found.state), sorted(&from), "seed {seed}");
        assert!(found.uncompared.is_empty(), "seed {seed}: {:?}", found.uncompared);
        let difference = drift(&recognise(&report, &to, &to, dialect).state, &to);
        assert_eq!(difference == Drift::default(), same, "seed {seed}: {difference:#?}");
        done += 1;
        drifted += u64::from(!same);
    }
    assert!(done * 3 > crate::pairs() && drifted > 0, "{done} were compared, and {drifted} differ");
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_schemas_are_recognised_on_postgres() {
    recognised(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_schemas_are_recognised_on_mysql() {
    recognised(Kind::Mysql).await;
}

#[test]
fn random_schemas_are_recognised_on_sqlite() {
    let mut drifted = 0;
    for seed in 0..crate::pairs() * 2 {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let to = if random.chance(8) { like(&from, &mut random) } else { state(&mut random) };
        let dialect = crate::dialect(Kind::SqliteFile);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.db");
        open_sqlite(&path, &from);
        let report = read_sqlite(&path);
        let found = recognise(&report, &from, &fresh_sqlite(&from), dialect);
        assert_eq!(sorted(&found.state), sorted(&from), "seed {seed}");
        let kept = fresh_sqlite(&to);
        let difference = drift(&recognise(&report, &to, &kept, dialect).state, &to);
        assert_eq!(difference == Drift::default(), report == kept, "seed {seed}: {difference:#?}");
        drifted += u64::from(report != kept);
    }
    assert!(drifted > 0);
}
