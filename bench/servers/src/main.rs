//! Measures the runtime against tokio-postgres and mysql_async by hand, on one server each, in one process, turn by turn.
//!
//! `bench-servers [postgres|mysql] [NAME] [--rounds N]` prints a table of ratios for each server that there is: those that
//! `PILASTER_TEST_POSTGRES` and `PILASTER_TEST_MYSQL` name, else what is installed is started.
//! `bench-servers postgres|mysql NAME --only hand|ours N` runs one side N times without measuring, for profilers.
//! Reads run in a task, as in a server; with `--main-thread` on the thread that the runtime was started from, which each reply
//! then has to wake. `--one-thread` does all of it on a current-thread runtime.
//! `bench-servers load [--rounds N] [--writes N]` has 64 tasks use 8 connections to PostgreSQL at once; of ten statements one
//! writes, or so many.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod data;
mod floor;
mod hand_blocking;
mod hand_mysql;
mod hand_postgres;
mod load;
#[path = "../../runtime/src/measure.rs"]
mod measure;
mod ours;
mod peer_sqlx;
#[path = "../../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;

/// The generated models.
#[allow(missing_docs, dead_code)]
mod models {
    pilaster::models!();
}

use std::error::Error;
use std::future::Future;
use std::hint::black_box;
use std::time::{Duration, Instant};

use measure::{Pair, Side};
use pilaster::Db;
use tokio::runtime::Runtime;

type Anything<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The work, as one writes it by hand.
trait Hand: Clone + Send + Sync + 'static {
    fn get(&self, id: i64) -> impl Future<Output = Anything<Option<data::User>>> + Send;
    fn by_email(&self, email: String) -> impl Future<Output = Anything<Vec<data::User>>> + Send;
    fn all(&self) -> impl Future<Output = Anything<Vec<data::User>>> + Send;
    fn join(&self) -> impl Future<Output = Anything<Vec<(data::User, data::Post)>>> + Send;
    fn nested(&self) -> impl Future<Output = Anything<Vec<data::Family>>> + Send;
    fn insert(&self, rows: Vec<data::NewUser>) -> impl Future<Output = Anything<Vec<i64>>> + Send;
    /// Parents with their children, in as few statements as can be.
    fn insert_families(&self, rows: Vec<data::NewFamily>) -> impl Future<Output = Anything<usize>> + Send;
    /// One UPDATE per user.
    fn rename(&self, rows: Vec<(i64, String)>) -> impl Future<Output = Anything<usize>> + Send;
}

/// What the command line asks for.
struct Arguments(Vec<String>);

impl Arguments {
    /// The word so far behind a flag.
    fn after(&self, flag: &str, at: usize) -> Option<&str> {
        let flag = self.0.iter().position(|argument| argument == flag)?;
        self.0.get(flag + at).map(String::as_str)
    }

    /// The words before the first flag.
    fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).take_while(|word| !word.starts_with("--")).collect()
    }

    fn rounds(&self, otherwise: usize) -> Anything<usize> {
        Ok(self.after("--rounds", 1).map_or(Ok(otherwise), str::parse)?)
    }
}

fn main() -> Anything<()> {
    let arguments = Arguments(std::env::args().skip(1).collect());
    let words = arguments.words();
    let wanted = |name: &str| words.first().is_none_or(|first| *first == name);
    let has = |flag: &str| arguments.after(flag, 0).is_some();
    let runtime = match has("--one-thread") {
        true => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        false => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
    };
    if words.first() == Some(&"load") {
        let writes = arguments.after("--writes", 1).map_or(Ok(1), str::parse)?;
        return load::run(&runtime, &servers::postgres()?, arguments.rounds(9)?, writes);
    }
    // For tasks, which borrow nothing; they live as long as the process.
    let stage = Stage { runtime: Box::leak(Box::new(runtime)), in_task: !has("--main-thread") };
    let runtime = stage.runtime;
    if wanted("postgres") {
        match servers::postgres() {
            Ok(url) => {
                let (db, hand) = runtime.block_on(async {
                    let db = prepare(&url).await?;
                    Ok::<_, Box<dyn Error + Send + Sync>>((db, hand_postgres::Client::connect(&url).await?))
                })?;
                println!("\nPostgreSQL\n");
                let targets = [1.05, 1.05, 0.75, 0.75, 1.05, 0.9, 0.9, 1.3, 0.2];
                let sqlx = runtime.block_on(peer_sqlx::Client::connect(&url))?;
                let hand = &*Box::leak(Box::new(hand));
                let mut beside = floors(stage, &url, hand)?;
                beside.extend(peers(stage, hand, Box::leak(Box::new(sqlx))));
                let db = &*Box::leak(Box::new(db));
                beside.push(blocking(&url, db)?);
                compare(stage, db, hand, targets, beside, &arguments)?;
            }
            Err(why) => eprintln!("no PostgreSQL: {why}"),
        }
    }
    if wanted("mysql") {
        match servers_mysql::find() {
            Some(url) => {
                let url = servers_mysql::url(url, "pilaster_bench");
                let (db, hand) = runtime.block_on(async {
                    let admin = Db::connect(servers_mysql::find().unwrap_or_default()).await?;
                    admin.sql("CREATE DATABASE IF NOT EXISTS pilaster_bench").execute().await?;
                    let db = prepare(&url).await?;
                    Ok::<_, Box<dyn Error + Send + Sync>>((db, hand_mysql::Client::connect(&url).await?))
                })?;
                println!("\nMariaDB\n");
                let targets = [1.05, 1.05, 1.05, 1.05, 1.05, 0.33, 0.33, 1.3, 1.05];
                let hand = &*Box::leak(Box::new(hand));
                compare(stage, Box::leak(Box::new(db)), hand, targets, Vec::new(), &arguments)?;
            }
            None => eprintln!("no MariaDB"),
        }
    }
    Ok(())
}

/// Fills the tables; what an earlier run left behind is gone. What is measured gets connections of its own: one that took
/// a large statement once has a larger buffer at MariaDB, which sends rows in larger portions and so later.
async fn prepare(url: &str) -> Anything<Db> {
    let db = Db::connect(url).await?;
    models::schema::drop_all(&db).await?;
    models::schema::create_all(&db).await?;
    ours::fill(&db).await?;
    db.close().await?;
    Ok(Db::connect(url).await?)
}

/// Where reads run.
#[derive(Clone, Copy)]
struct Stage {
    runtime: &'static Runtime,
    in_task: bool,
}

/// Runs a future many times and measures all of it.
fn timed<T, F>(stage: Stage, one: impl Fn(usize) -> F + Clone + Send + Sync + 'static) -> Side<'static>
where
    F: Future<Output = Anything<T>> + Send + 'static,
{
    Box::new(move |times| {
        let one = one.clone();
        let all = async move {
            let begun = Instant::now();
            for at in 0..times {
                black_box(one(at).await.expect("a benchmark runs"));
            }
            begun.elapsed()
        };
        let runtime = stage.runtime;
        if stage.in_task {
            runtime.block_on(runtime.spawn(all)).expect("a benchmark runs")
        } else {
            runtime.block_on(all)
        }
    })
}

/// The same with input that is made, and traces that are removed, outside the measured time.
fn staged<'b, I, T, F: Future<Output = Anything<T>>>(
    runtime: &'static Runtime,
    db: &'b Db,
    clear: String,
    before: impl Fn() -> I + 'b,
    one: impl Fn(I) -> F + 'b,
) -> Side<'b> {
    Box::new(move |times| {
        let mut total = Duration::ZERO;
        for _ in 0..times {
            let input = before();
            let begun = Instant::now();
            let output = runtime.block_on(one(input)).expect("a benchmark runs");
            total += begun.elapsed();
            black_box(output);
            runtime.block_on(async { db.sql(clear.clone()).batch().await }).expect("the tables are there");
        }
        total
    })
}

/// Checks that both sides do the same, and measures them; or runs one side of one benchmark.
fn compare<H: Hand>(
    stage: Stage,
    db: &'static Db,
    hand: &'static H,
    targets: [f64; 9],
    more: Vec<Pair<'static>>,
    arguments: &Arguments,
) -> Anything<()> {
    stage.runtime.block_on(agree(db, hand))?;
    let words = arguments.words();
    let mut pairs = pairs(stage, db, hand, targets);
    pairs.extend(more);
    if let Some(name) = words.get(1) {
        pairs.retain(|pair| pair.name.contains(name));
    }
    if let Some(side) = arguments.after("--only", 1) {
        let times = arguments.after("--only", 2).map_or(Ok(1), str::parse)?;
        for mut pair in pairs {
            (if side == "hand" { &mut pair.hand } else { &mut pair.ours })(times);
        }
        return Ok(());
    }
    measure::header();
    let rounds = arguments.rounds(31)?;
    for mut pair in pairs {
        measure::row(&mut pair, rounds);
    }
    Ok(())
}

/// By hand beside the bare replies of the server.
fn floors(stage: Stage, url: &str, hand: &'static hand_postgres::Client) -> Anything<Vec<Pair<'static>>> {
    let bare = |mut floor: floor::Floor| -> Side<'static> {
        Box::new(move |times| {
            let begun = Instant::now();
            for _ in 0..times {
                floor.run().expect("a benchmark runs");
            }
            begun.elapsed()
        })
    };
    let pair = |name, hand, floor| Pair { name, target: f64::INFINITY, hand, ours: bare(floor) };
    let all = floor::Floor::connect(url, hand_postgres::USER)?;
    let join = floor::Floor::connect(url, hand_postgres::JOIN)?;
    Ok(vec![
        pair("the bare reply: 10,000 rows of", timed(stage, move |_| hand.all()), all),
        pair("the bare reply: join", timed(stage, move |_| hand.join()), join),
    ])
}

/// Reads by key on a thread that blocks, outside of any runtime.
fn blocking(url: &str, db: &Db) -> Anything<Pair<'static>> {
    let hand = hand_blocking::Blocking::connect(url)?;
    let db = db.blocking();
    let timed = |one: Box<dyn Fn(i64)>| -> Side<'static> {
        Box::new(move |times| {
            let begun = Instant::now();
            (0..times).for_each(|at| one(key(at)));
            begun.elapsed()
        })
    };
    let by_hand = timed(Box::new(move |id| drop(black_box(hand.get(id).expect("a benchmark runs")))));
    let ours = timed(Box::new(move |id| drop(black_box(ours::get_blocking(&db, id).expect("a benchmark runs")))));
    Ok(Pair { name: "blocking: one row by its key", target: 1.05, hand: by_hand, ours })
}

/// A key of a user, each time another one.
fn key(at: usize) -> i64 {
    1 + (at as i64 * 7919) % data::USERS
}

/// By hand beside what others do: SQLx, and rows decoded by hand while they come.
fn peers(stage: Stage, hand: &'static hand_postgres::Client, sqlx: &'static peer_sqlx::Client) -> [Pair<'static>; 4] {
    let pair = |name, hand, peer| Pair { name, target: f64::INFINITY, hand, ours: peer };
    let join = || timed(stage, move |_| hand.join());
    let one = (timed(stage, move |at| hand.get(key(at))), timed(stage, move |at| sqlx.get(key(at))));
    [
        pair("SQLx: one row by its key", one.0, one.1),
        pair("SQLx: 10,000 rows of", timed(stage, move |_| hand.all()), timed(stage, move |_| sqlx.all())),
        pair("SQLx: join", join(), timed(stage, move |_| sqlx.join())),
        pair("by hand, while they come: join", join(), timed(stage, move |_| hand.streamed_join())),
    ]
}

/// Both sides find the same.
async fn agree<H: Hand>(db: &Db, hand: &H) -> Anything<()> {
    let email = data::email(77);
    assert_eq!(hand.get(77).await?.map(|user| user.email), ours::get(db, 77).await?.map(|user| user.email));
    assert_eq!(hand.by_email(email.clone()).await?.len(), ours::by_email(db, email).await?.len());
    assert_eq!((hand.all().await?.len(), hand.join().await?.len()), (10_000, 10_000));
    assert_eq!((ours::all(db).await?.len(), ours::join(db).await?.len()), (10_000, 10_000));
    let one: usize = hand.nested().await?.iter().flat_map(|(_, below)| below).map(|(_, below)| below.len()).sum();
    let other: usize = ours::nested(db).await?.iter().flat_map(|(_, below)| below).map(|(_, more)| more.len()).sum();
    assert_eq!((one, other), (10_000, 10_000));
    Ok(())
}

/// The benchmarks.
fn pairs<H: Hand>(stage: Stage, db: &'static Db, hand: &'static H, targets: [f64; 9]) -> Vec<Pair<'static>> {
    let runtime = stage.runtime;
    let pair = |name, target, hand, ours| Pair { name, target, hand, ours };
    let insert = |name, target, count| {
        let clear = format!("DELETE FROM {} WHERE id > {}", ours::quoted(db), data::USERS);
        let by_hand = staged(runtime, db, clear.clone(), move || data::new_rows(count), |rows| hand.insert(rows));
        let ours = staged(runtime, db, clear, move || ours::new_rows(count), |rows| ours::insert(db, rows));
        pair(name, target, by_hand, ours)
    };
    let clear = "DELETE FROM child WHERE parent_id > 100; DELETE FROM parent WHERE id > 100";
    let flush = pair(
        "session: flush 1,000 x 10 new",
        targets[7],
        staged(runtime, db, clear.into(), data::new_families, |rows| hand.insert_families(rows)),
        staged(
            runtime,
            db,
            clear.into(),
            move || runtime.block_on(ours::with_families(db)).expect("a session begins"),
            ours::commit,
        ),
    );
    let update = pair(
        "session: 1,000 changed rows",
        targets[8],
        staged(runtime, db, "SELECT 1".into(), data::changed, |rows| hand.rename(rows)),
        staged(
            runtime,
            db,
            "SELECT 1".into(),
            move || runtime.block_on(ours::with_changes(db)).expect("a session begins"),
            ours::commit,
        ),
    );
    vec![
        pair(
            "get by key",
            targets[0],
            timed(stage, move |at| hand.get(key(at))),
            timed(stage, move |at| ours::get(db, key(at))),
        ),
        pair(
            "filter, one row",
            targets[1],
            timed(stage, move |at| hand.by_email(data::email(key(at)))),
            timed(stage, move |at| ours::by_email(db, data::email(key(at)))),
        ),
        pair(
            "10,000 rows of 12 columns",
            targets[2],
            timed(stage, move |_| hand.all()),
            timed(stage, move |_| ours::all(db)),
        ),
        pair(
            "join, 10,000 pairs",
            targets[3],
            timed(stage, move |_| hand.join()),
            timed(stage, move |_| ours::join(db)),
        ),
        pair(
            "include nested, 100 x 10 x 10",
            targets[4],
            timed(stage, move |_| hand.nested()),
            timed(stage, move |_| ours::nested(db)),
        ),
        insert("insert 1,000 rows with keys", targets[5], 1_000),
        insert("insert 10,000 rows with keys", targets[6], 10_000),
        flush,
        update,
    ]
}
