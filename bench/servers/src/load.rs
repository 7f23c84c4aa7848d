//! Many tasks on few connections: 64 tasks, 8 connections to PostgreSQL, 80 % get by key, 10 % filter, 10 % update, or
//! more updates.
//!
//! By hand that is deadpool with `prepare_cached`. Both sides run for some time in every round, in changing order.

use std::future::Future;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use pilaster::Db;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use crate::measure::median;
use crate::models::User;
use crate::{Anything, data, hand_postgres, ours};

const TASKS: usize = 64;
const CONNECTIONS: usize = 8;
/// How long a side runs in a round.
const TURN: Duration = Duration::from_millis(700);

/// What an operation does.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Get,
    Find,
    Write,
}

/// Of ten operations so many write, and one of those that read filters.
fn kind(at: usize, writes: usize) -> Kind {
    match at % 10 {
        of_ten if of_ten < writes => Kind::Write,
        of_ten if of_ten == writes => Kind::Find,
        _ => Kind::Get,
    }
}

const GET: &str = "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined \
    FROM \"user\" WHERE id = $1";
const FIND: &str = "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined \
    FROM \"user\" WHERE email = $1 LIMIT 1";
const UPDATE: &str = "UPDATE \"user\" SET logins = $1 WHERE id = $2";

/// What is shown of a turn.
type Figure = fn(&Turn) -> f64;

/// What a side did in a turn.
struct Turn {
    /// Operations in a second.
    rate: f64,
    /// The time in seconds that one in a hundred took longer than: of all, of those that read, of those that write.
    slow: [f64; 3],
}

/// Measures both sides and prints a line for each.
pub fn run(runtime: &Runtime, url: &str, rounds: usize, writes: usize) -> Anything<()> {
    let (db, pool) = runtime.block_on(async {
        drop(crate::prepare(url).await?);
        let db = Db::builder(url).max_connections(CONNECTIONS as u32).connect().await?;
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(hand_postgres::config(url)?, NoTls, config);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((db, pool))
    })?;
    let (mut hand, mut ours): (Vec<Turn>, Vec<Turn>) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (pool, db) = (pool.clone(), db.clone());
        let by_hand = || turn(runtime, writes, move |at| hand_op(pool.clone(), kind(at, writes), at));
        let by_us = || turn(runtime, writes, move |at| our_op(db.clone(), kind(at, writes), at));
        let (one, other) = if round % 2 == 0 {
            let one = by_hand()?;
            (one, by_us()?)
        } else {
            let other = by_us()?;
            (by_hand()?, other)
        };
        // The first round warms up.
        if round > 0 {
            hand.push(one);
            ours.push(other);
        }
    }
    let of = |turns: &[Turn], what: fn(&Turn) -> f64| median(&mut turns.iter().map(what).collect::<Vec<_>>());
    let ratio = |what: fn(&Turn) -> f64| {
        let ratios = hand.iter().zip(&ours).map(|(hand, ours)| what(ours) / what(hand));
        median(&mut ratios.collect::<Vec<_>>())
    };
    println!(
        "\n| {TASKS} tasks, {CONNECTIONS} connections | by hand | ours | ratio | target |\n|---|---:|---:|---:|---:|"
    );
    let rate: Figure = |turn| turn.rate;
    let slow: [(&str, Figure); 3] = [
        ("p99", |turn| turn.slow[0] * 1e3),
        ("p99 of reads", |turn| turn.slow[1] * 1e3),
        ("p99 of writes", |turn| turn.slow[2] * 1e3),
    ];
    println!("| operations per second | {:.0} | {:.0} | {:.2} | 1.30 |", of(&hand, rate), of(&ours, rate), ratio(rate));
    for (name, slow) in slow {
        let target = if name == "p99" { "1.00" } else { "" };
        println!("| {name}, ms | {:.2} | {:.2} | {:.2} | {target} |", of(&hand, slow), of(&ours, slow), ratio(slow));
    }
    Ok(())
}

/// Runs operations in all tasks until the time is over.
fn turn<F, O>(runtime: &Runtime, writes: usize, op: F) -> Anything<Turn>
where
    F: Fn(usize) -> O + Clone + Send + 'static,
    O: Future<Output = Anything<()>> + Send,
{
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let op = op.clone();
            runtime.spawn(async move {
                let mut times = Vec::with_capacity(4096);
                let mut at = task * 1_000_003;
                while begun.elapsed() < TURN {
                    let since = Instant::now();
                    op(at).await?;
                    times.push((kind(at, writes) == Kind::Write, since.elapsed().as_secs_f64()));
                    at += 1;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(runtime.block_on(task)??);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    let slow = |these: &dyn Fn(bool) -> bool| {
        let mut times: Vec<f64> = times.iter().filter(|(writes, _)| these(*writes)).map(|(_, time)| *time).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() * 99 / 100).copied().unwrap_or(f64::NAN)
    };
    Ok(Turn { rate, slow: [slow(&|_| true), slow(&|writes| !writes), slow(&|writes| writes)] })
}

fn key(at: usize) -> i64 {
    1 + (at as i64 * 7919) % data::USERS
}

async fn hand_op(pool: Pool, kind: Kind, at: usize) -> Anything<()> {
    let client = pool.get().await?;
    match kind {
        Kind::Find => {
            let statement = client.prepare_cached(FIND).await?;
            let row = client.query_opt(&statement, &[&data::email(key(at))]).await?;
            assert!(row.as_ref().map(hand_postgres::user).is_some());
        }
        Kind::Write => {
            let statement = client.prepare_cached(UPDATE).await?;
            assert_eq!(client.execute(&statement, &[&(at as i64), &key(at)]).await?, 1);
        }
        Kind::Get => {
            let statement = client.prepare_cached(GET).await?;
            let row = client.query_opt(&statement, &[&key(at)]).await?;
            assert!(row.as_ref().map(hand_postgres::user).is_some());
        }
    }
    Ok(())
}

async fn our_op(db: Db, kind: Kind, at: usize) -> Anything<()> {
    match kind {
        Kind::Find => {
            let email = data::email(key(at));
            assert!(User::query().filter(|u| u.email.eq(email)).first(&db).await?.is_some());
        }
        Kind::Write => {
            let update = User::update().filter(|u| u.id.eq(key(at))).set(|u| u.logins, at as i64);
            assert_eq!(update.run(&db).await?, 1);
        }
        Kind::Get => assert!(ours::get(&db, key(at)).await?.is_some()),
    }
    Ok(())
}
