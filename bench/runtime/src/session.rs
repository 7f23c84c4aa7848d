//! The session: a flush of new rows, what the identity map costs, and many changed rows on PostgreSQL.

use std::time::{Duration, Instant};

use pilaster::Db;
use pilaster::blocking::{self, Session};
use tokio_postgres::{Client, NoTls};

use crate::Anything;
use crate::data::Bench;
use crate::hand::NewFamily;
use crate::measure::{median, shown};
use crate::models::{NewChild, NewParent, Parent, schema};

const FAMILIES: usize = 1_000;
const CHILDREN: i32 = 10;
/// How many rows are changed at once.
const CHANGED: usize = 1_000;

/// Parents with their children.
pub fn families() -> Vec<NewFamily> {
    let child = |at: usize, rank| (format!("child {rank} of {at}"), rank);
    let family = |at| NewFamily {
        name: format!("parent {at}"),
        note: (at % 3 == 0).then(|| "a note".to_owned()),
        children: (0..CHILDREN).map(|rank| child(at, rank)).collect(),
    };
    (0..FAMILIES).map(family).collect()
}

/// The same, added to a session.
pub fn added(db: &blocking::Db) -> Session {
    let mut session = db.session().expect("a session sends nothing");
    for NewFamily { name, note, children } in families() {
        let parent = NewParent::new(name);
        let parent = session.add(match note {
            Some(note) => parent.note(note),
            None => parent,
        });
        for (name, rank) in children {
            session.add(NewChild::new(name, rank, parent));
        }
    }
    session
}

/// What it costs to get a row that is there already.
pub fn identity(bench: &Bench, rounds: usize) -> Anything<()> {
    const TIMES: i64 = 100_000;
    let mut session = bench.db.session()?;
    let rows = session.load(Parent::query())?.len() as i64;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        for at in 0..TIMES {
            std::hint::black_box(session.get::<Parent>(1 + at * 37 % rows)?);
        }
        times.push(begun.elapsed().as_secs_f64() / TIMES as f64);
    }
    println!("\nsession: get by key of a row that is there: {:.0} ns (target 50)", median(&mut times) * 1e9);
    Ok(())
}

/// A thousand changed rows against an UPDATE for each, on the PostgreSQL server that `BENCH_POSTGRES` names.
pub fn updates(rounds: usize) -> Anything<()> {
    let Ok(url) = std::env::var("BENCH_POSTGRES") else {
        println!("session: 1,000 changed rows on PostgreSQL: BENCH_POSTGRES names no server");
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let db = Db::connect(&url).await?;
        schema::drop_all(&db).await?;
        schema::create_all(&db).await?;
        Parent::insert_many((0..CHANGED).map(|at| NewParent::new(format!("parent {at}")))).run(&db).await?;
        let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        let driver = tokio::spawn(connection);
        let (mut hand, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let one = by_hand(&mut client, round).await?.as_secs_f64();
            let other = flushed(&db, round).await?.as_secs_f64();
            hand.push(one);
            ours.push(other);
            ratios.push(one / other);
        }
        drop(client);
        driver.await??;
        let (hand, ours, ratio) = (median(&mut hand), median(&mut ours), median(&mut ratios));
        println!(
            "session: 1,000 changed rows on PostgreSQL: an UPDATE for each {}, flush {}, {ratio:.1} times as fast (target 5)",
            shown(hand),
            shown(ours)
        );
        schema::drop_all(&db).await?;
        Ok(())
    })
}

/// One prepared UPDATE, run and waited for row by row in one transaction.
async fn by_hand(client: &mut Client, round: usize) -> Anything<Duration> {
    let keys: Vec<i64> =
        client.query("SELECT id FROM parent ORDER BY id", &[]).await?.iter().map(|row| row.get(0)).collect();
    let names: Vec<String> = keys.iter().map(|key| format!("by hand {key} in {round}")).collect();
    let update = client.prepare("UPDATE parent SET name = $1 WHERE id = $2").await?;
    let begun = Instant::now();
    let all = client.transaction().await?;
    for (name, key) in names.iter().zip(&keys) {
        all.execute(&update, &[name, key]).await?;
    }
    all.commit().await?;
    Ok(begun.elapsed())
}

async fn flushed(db: &Db, round: usize) -> Anything<Duration> {
    let mut session = db.session().await?;
    let rows = session.load(Parent::query()).await?;
    for &row in &rows {
        session[row].name = format!("flushed {} in {round}", session[row].id);
    }
    let begun = Instant::now();
    session.commit().await?;
    Ok(begun.elapsed())
}
