//! Processes that end in the middle of an upgrade, by `kill -9` after some time and by themselves after every statement.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pilaster::Dialect;
use pilaster::migrate::{Migrator, Revision, Target};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::database::{self, Fresh, Kind};
use super::{alone, fresh, names, number, revision, sql};

const KINDS: [Kind; 3] = [Kind::SqliteFile, Kind::Postgres, Kind::Mysql];
/// The database that a process of its own brings up.
const URL: &str = "PILASTER_MIGRATE_CHILD";
/// After how many statements it ends.
const LAST: &str = "PILASTER_MIGRATE_LAST_STATEMENT";

/// Six tables, each with a row that must be there once; steps in transactions, and steps by themselves between them.
fn long_history(dialect: Dialect) -> Vec<Revision> {
    let steps = |from: usize| {
        let tables = (from..from + 3).flat_map(|at| {
            [sql(&format!("CREATE TABLE t{at} (id integer)")), sql(&format!("INSERT INTO t{at} (id) VALUES ({at})"))]
        });
        let index = alone(sql(&format!("CREATE INDEX t{from}_id ON t{from} (id)")));
        let alter = sql(&format!("ALTER TABLE t{from} ADD COLUMN more integer"));
        tables.chain([index, alter]).collect::<Vec<_>>()
    };
    vec![revision(dialect, "a", &[], steps(0), vec![]), revision(dialect, "b", &["a"], steps(3), vec![])]
}

/// Ends the process, as it is, after some statements.
struct Fuse(AtomicUsize);

impl Subscriber for Fuse {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "pilaster::sql"
    }
    fn event(&self, _: &Event<'_>) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The process that is killed: nothing of its own.
#[test]
fn upgrade_in_a_process_of_its_own() {
    let Ok(url) = std::env::var(URL) else { return };
    let db = pilaster::blocking::Db::builder(&url).max_connections(1).connect().unwrap();
    if let Ok(last) = std::env::var(LAST) {
        tracing::subscriber::set_global_default(Fuse(AtomicUsize::new(last.parse().unwrap()))).unwrap();
    }
    println!("begins");
    Migrator::new(&long_history(db.dialect())).upgrade(&db, Target::Head).unwrap();
}

fn child(fresh: &Fresh, last: Option<usize>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::upgrade_in_a_process_of_its_own", "--nocapture"]).env(URL, &fresh.url);
    if let Some(last) = last {
        command.env(LAST, last.to_string());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Brings the database to the head: everything is there once. Gives the revisions that were missing.
async fn finish(fresh: &Fresh, about: &str) -> Vec<String> {
    let history = long_history(fresh.db.dialect());
    let left = Migrator::new(&history).upgrade(&fresh.db, Target::Head).await.unwrap();
    for table in 0..6 {
        assert_eq!(number(&fresh.db, &format!("SELECT count(*) FROM t{table}")).await, 1, "{about}");
    }
    number(&fresh.db, "SELECT count(more) FROM t0").await;
    number(&fresh.db, "SELECT count(more) FROM t3").await;
    assert_eq!(names(&fresh.db, &history).await, ["a", "b"], "{about}");
    left
}

/// Killed again and again, later each time, it still ends at the head, with nothing lost and nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_is_resumed() {
    for kind in KINDS {
        let (times, mut interrupted) = ([0, 1, 2, 4, 7, 11, 16, 22, 30], 0);
        // This process may be held up when it should kill the other one; then there are more tries.
        for (round, time) in times.into_iter().chain([0; 50]).enumerate() {
            if round >= times.len() && interrupted > 0 {
                break;
            }
            let Some(fresh) = fresh(kind).await else { continue };
            let mut child = child(&fresh, None);
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let begun = lines.map_while(Result::ok).any(|line| line.contains("begins"));
            assert!(begun, "{}", kind.name());
            std::thread::sleep(Duration::from_millis(time));
            child.kill().unwrap();
            child.wait().unwrap();
            interrupted += usize::from(!finish(&fresh, kind.name()).await.is_empty());
            fresh.remove().await.unwrap();
        }
        assert!(interrupted > 0 || is_skipped(kind), "{}: no process was killed early enough", kind.name());
    }
}

/// The same after each statement that it sends, transaction control and its own notes included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_after_any_statement_is_resumed() {
    for kind in KINDS {
        let mut ends = 0;
        while let Some(fresh) = fresh(kind).await {
            let whole = child(&fresh, Some(ends + 1)).wait().unwrap().success();
            let left = finish(&fresh, &format!("{} after {} statements", kind.name(), ends + 1)).await;
            fresh.remove().await.unwrap();
            if whole {
                assert!(left.is_empty(), "{}", kind.name());
                break;
            }
            ends += 1;
        }
        assert!(ends >= 20 || is_skipped(kind), "{}: {ends} statements are not a long upgrade", kind.name());
    }
}

fn is_skipped(kind: Kind) -> bool {
    kind != Kind::SqliteFile && matches!(kind.server(), database::Server::Absent(_))
}
