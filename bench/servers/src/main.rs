//! Measures the runtime against tokio-postgres and mysql_async by hand, on one server each, in one process, turn by turn.
//!
//! `bench-servers [postgres|mysql] [--rounds N]` prints a table of ratios for each server that there is: those that
//! `PILASTER_TEST_POSTGRES` and `PILASTER_TEST_MYSQL` name, else what is installed is started.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod data;
mod hand_mysql;
mod hand_postgres;
#[path = "../../runtime/src/measure.rs"]
mod measure;
mod ours;
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
}

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = arguments.iter().position(|argument| argument == "--rounds");
    let rounds = flag.and_then(|at| arguments.get(at + 1)).map_or(Ok(31), |number| number.parse())?;
    let wanted = |name: &str| match arguments.first() {
        Some(first) if !first.starts_with("--") => first == name,
        _ => true,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if wanted("postgres") {
        match servers::postgres() {
            Ok(url) => {
                let (db, hand) = runtime.block_on(async {
                    let db = prepare(&url).await?;
                    Ok::<_, Box<dyn Error + Send + Sync>>((db, hand_postgres::Client::connect(&url).await?))
                })?;
                println!("\nPostgreSQL\n");
                compare(&runtime, &db, &hand, [1.05, 1.05, 0.75, 0.75, 1.05, 0.9, 0.9], rounds)?;
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
                compare(&runtime, &db, &hand, [1.05, 1.05, 1.05, 1.05, 1.05, 0.33, 0.33], rounds)?;
            }
            None => eprintln!("no MariaDB"),
        }
    }
    Ok(())
}

/// The tables, filled; what an earlier run left behind is gone.
async fn prepare(url: &str) -> Anything<Db> {
    let db = Db::connect(url).await?;
    models::schema::drop_all(&db).await?;
    models::schema::create_all(&db).await?;
    ours::fill(&db).await?;
    Ok(db)
}

/// Runs a future many times and measures all of it.
fn timed<'b, T, F: Future<Output = Anything<T>>>(runtime: &'b Runtime, one: impl Fn(usize) -> F + 'b) -> Side<'b> {
    Box::new(move |times| {
        let begun = Instant::now();
        runtime.block_on(async {
            for at in 0..times {
                black_box(one(at).await.expect("a benchmark runs"));
            }
        });
        begun.elapsed()
    })
}

/// The same with input that is made, and traces that are removed, outside the measured time.
fn staged<'b, I, T, F: Future<Output = Anything<T>>>(
    runtime: &'b Runtime,
    db: &'b Db,
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
            let clear = format!("DELETE FROM {} WHERE id > {}", ours::quoted(db), data::USERS);
            runtime.block_on(async { db.sql(clear).execute().await }).expect("the table is there");
        }
        total
    })
}

/// Checks that both sides do the same, and measures them.
fn compare<H: Hand>(runtime: &Runtime, db: &Db, hand: &H, targets: [f64; 7], rounds: usize) -> Anything<()> {
    runtime.block_on(async {
        let email = data::email(77);
        assert_eq!(hand.get(77).await?.map(|user| user.email), ours::get(db, 77).await?.map(|user| user.email));
        assert_eq!(hand.by_email(email.clone()).await?.len(), ours::by_email(db, email).await?.len());
        assert_eq!((hand.all().await?.len(), hand.join().await?.len()), (10_000, 10_000));
        assert_eq!((ours::all(db).await?.len(), ours::join(db).await?.len()), (10_000, 10_000));
        let one: usize = hand.nested().await?.iter().flat_map(|(_, below)| below).map(|(_, below)| below.len()).sum();
        let other: usize =
            ours::nested(db).await?.iter().flat_map(|(_, below)| below).map(|(_, more)| more.len()).sum();
        assert_eq!((one, other), (10_000, 10_000));
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    })?;
    let key = |at: usize| 1 + (at as i64 * 7919) % data::USERS;
    let pair = |name, target, hand, ours| Pair { name, target, hand, ours };
    let insert = |name, target, count| {
        let by_hand = staged(runtime, db, move || data::new_rows(count), |rows| hand.insert(rows));
        let ours = staged(runtime, db, move || ours::new_rows(count), |rows| ours::insert(db, rows));
        pair(name, target, by_hand, ours)
    };
    let pairs = vec![
        pair(
            "get by key",
            targets[0],
            timed(runtime, move |at| hand.get(key(at))),
            timed(runtime, move |at| ours::get(db, key(at))),
        ),
        pair(
            "filter, one row",
            targets[1],
            timed(runtime, move |at| hand.by_email(data::email(key(at)))),
            timed(runtime, move |at| ours::by_email(db, data::email(key(at)))),
        ),
        pair(
            "10,000 rows of 12 columns",
            targets[2],
            timed(runtime, move |_| hand.all()),
            timed(runtime, move |_| ours::all(db)),
        ),
        pair(
            "join, 10,000 pairs",
            targets[3],
            timed(runtime, move |_| hand.join()),
            timed(runtime, move |_| ours::join(db)),
        ),
        pair(
            "include nested, 100 x 10 x 10",
            targets[4],
            timed(runtime, move |_| hand.nested()),
            timed(runtime, move |_| ours::nested(db)),
        ),
        insert("insert 1,000 rows with keys", targets[5], 1_000),
        insert("insert 10,000 rows with keys", targets[6], 10_000),
    ];
    measure::header();
    for mut pair in pairs {
        measure::row(&mut pair, rounds);
    }
    Ok(())
}
