//! Measures the runtime against rusqlite by hand, on one SQLite file, in one process, turn by turn.
//!
//! `bench-runtime [NAME] [--rounds N]` prints a table of ratios; `bench-runtime NAME --only hand|ours N` runs one side N
//! times without measuring, for profilers.
#![allow(clippy::print_stdout)]

mod data;
mod hand;
mod measure;
mod ours;
mod session;

/// The generated models.
#[allow(missing_docs)]
mod models {
    pilaster::models!();
}

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use measure::{Pair, Side};

type Anything<T> = Result<T, Box<dyn Error>>;

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    let bench = data::Bench::new(folder.path())?;
    let name = arguments.first().filter(|first| !first.starts_with("--")).map(String::as_str);
    let after = |flag: &str, at: usize| {
        let flag = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(flag + at).map(String::as_str)
    };
    if let (Some(name), Some(side)) = (name, after("--only", 1)) {
        let times = after("--only", 2).map_or(Ok(1), str::parse)?;
        let pair = pairs(&bench).into_iter().find(|pair| pair.name == name).ok_or("there is no such benchmark")?;
        let Pair { mut hand, mut ours, .. } = pair;
        (if side == "hand" { &mut hand } else { &mut ours })(times);
        return Ok(());
    }
    agree(&bench)?;
    let rounds = after("--rounds", 1).map_or(Ok(41), str::parse)?;
    measure::header();
    for mut pair in pairs(&bench) {
        if name.is_none_or(|name| pair.name.contains(name)) {
            measure::row(&mut pair, rounds);
        }
    }
    if name.is_none_or(|name| name == "async") {
        ours::asynchronous(&bench, rounds)?;
    }
    if name.is_none_or(|name| name.starts_with("session")) {
        session::identity(&bench, rounds)?;
        session::updates(rounds)?;
    }
    Ok(())
}

/// Both sides do the same work: they give equally many rows, at every level.
fn agree(bench: &data::Bench) -> Anything<()> {
    let (hand, db) = (&bench.hand, &bench.db);
    let email = data::email(77);
    assert_eq!(hand::get(hand, 77).map(|user| user.email), ours::get(db, 77)?.map(|user| user.email));
    assert_eq!(hand::by_email(hand, &email)?.len(), ours::by_email(db, &email)?.len());
    assert_eq!(hand::all(hand)?.len(), ours::all(db)?.len());
    assert_eq!(hand::join(hand)?.len(), ours::join(db)?.len());
    let (one, other) = (hand::nested(hand)?, ours::nested(db)?);
    let one: Vec<_> = one.iter().flat_map(|(_, below)| below).map(|(child, below)| (child.id, below.len())).collect();
    let other: Vec<_> =
        other.iter().flat_map(|(_, below)| below).map(|(child, below)| (child.id, below.len())).collect();
    assert_eq!(one, other);
    Ok(())
}

/// Runs a closure many times and measures all of it.
fn timed<'b, T>(mut one: impl FnMut(usize) -> T + 'b) -> Side<'b> {
    Box::new(move |times| {
        let begun = Instant::now();
        for at in 0..times {
            black_box(one(at));
        }
        begun.elapsed()
    })
}

/// The same with input that is made, and traces that are removed, outside the measured time.
fn staged<'b, I, T>(
    mut before: impl FnMut() -> I + 'b,
    mut one: impl FnMut(I) -> T + 'b,
    mut after: impl FnMut() + 'b,
) -> Side<'b> {
    Box::new(move |times| {
        let mut total = Duration::ZERO;
        for _ in 0..times {
            let input = before();
            let begun = Instant::now();
            let output = one(input);
            total += begun.elapsed();
            black_box(output);
            after();
        }
        total
    })
}

/// What is measured, with what is asked of it.
fn pairs(bench: &data::Bench) -> Vec<Pair<'_>> {
    let (by_hand, db) = (&bench.hand, &bench.db);
    let key = |at: usize| 1 + (at as i64 * 7919) % data::USERS;
    let email = move |at: usize| bench.emails[key(at) as usize].as_str();
    vec![
        Pair {
            name: "get by key",
            target: 1.10,
            hand: timed(move |at| hand::get(by_hand, key(at))),
            ours: timed(move |at| ours::get(db, key(at))),
        },
        Pair {
            name: "filter, one row",
            target: 1.30,
            hand: timed(move |at| hand::by_email(by_hand, email(at))),
            ours: timed(move |at| ours::by_email(db, email(at))),
        },
        Pair {
            name: "10,000 rows of 12 columns",
            target: 1.00,
            hand: timed(|_| hand::all(by_hand)),
            ours: timed(|_| ours::all(db)),
        },
        Pair {
            name: "join, 10,000 pairs",
            target: 1.00,
            hand: timed(|_| hand::join(by_hand)),
            ours: timed(|_| ours::join(db)),
        },
        Pair {
            name: "insert 1,000 rows with keys",
            target: 1.00,
            hand: staged(data::new_rows, |rows| hand::insert(&bench.hand_writes, &rows), || bench.clear_by_hand()),
            ours: staged(ours::new_rows, |rows| ours::insert(&bench.db_writes, rows), || bench.clear_ours()),
        },
        Pair {
            name: "session: flush 1,000 x 10 new",
            target: 1.30,
            hand: staged(
                session::families,
                |rows| hand::insert_families(&bench.hand_writes, &rows),
                || bench.clear_families_by_hand(),
            ),
            ours: staged(|| session::added(&bench.db_writes), |session| session.commit(), || bench.clear_families()),
        },
        Pair {
            name: "include nested, 100 x 10 x 10",
            target: 1.05,
            hand: timed(|_| hand::nested(by_hand)),
            ours: timed(|_| ours::nested(db)),
        },
    ]
}
