//! The same work through the generated models.

use std::time::Instant;

use pilaster::Result;
use pilaster::blocking::Db;

use crate::Anything;
use crate::data::{Bench, NEW, USERS};
use crate::hand;
use crate::measure::{median, shown};
use crate::models::{Child, Grandchild, NewUser, Parent, Post, User};

pub fn get(db: &Db, id: i64) -> Result<Option<User>> {
    User::get(db, id)
}

pub fn by_email(db: &Db, email: &str) -> Result<Vec<User>> {
    User::query().filter(|u| u.email.eq(email)).all(db)
}

pub fn all(db: &Db) -> Result<Vec<User>> {
    User::query().all(db)
}

pub fn join(db: &Db) -> Result<Vec<(User, Post)>> {
    User::query().join(|u| u.posts).all(db)
}

/// Rows to insert.
pub fn new_rows() -> Vec<NewUser> {
    let new = |id| {
        let hand::NewUser { username, email, full_name, bio, city, country, age, score, active, logins, joined } =
            hand::NewUser::numbered(id);
        let row = NewUser::new(username, email, full_name, city, country, age, score, active, logins, joined);
        match bio {
            Some(bio) => row.bio(bio),
            None => row,
        }
    };
    (1..=NEW as i64).map(new).collect()
}

pub fn insert(db: &Db, rows: Vec<NewUser>) -> Result<Vec<i64>> {
    User::insert_many(rows).keys(db)
}

type Family = (Parent, Vec<(Child, Vec<Grandchild>)>);

pub fn nested(db: &Db) -> Result<Vec<Family>> {
    Parent::query().include(|p| p.children.include(|c| c.grandchildren)).all(db)
}

/// What a statement costs more in async mode, on a worker of a multi-thread runtime.
pub fn asynchronous(bench: &Bench, rounds: usize) -> Anything<()> {
    const TIMES: i64 = 2_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let waiting = bench.db.into_async();
    let (mut blocking, mut more, mut asynchronous) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let begun = Instant::now();
        for at in 0..TIMES {
            get(&bench.db, 1 + at % USERS)?;
        }
        let plain = begun.elapsed().as_secs_f64() / TIMES as f64;
        let db = waiting.clone();
        let task = runtime.spawn(async move {
            let begun = Instant::now();
            for at in 0..TIMES {
                User::get(&db, 1 + at % USERS).await?;
            }
            Ok::<_, pilaster::Error>(begun.elapsed().as_secs_f64() / TIMES as f64)
        });
        let polled = runtime.block_on(task)??;
        blocking.push(plain);
        asynchronous.push(polled);
        more.push(polled - plain);
    }
    let (blocking, asynchronous, more) = (median(&mut blocking), median(&mut asynchronous), median(&mut more));
    println!("\nget by key: blocking {}, async on a worker {}", shown(blocking), shown(asynchronous));
    println!("async costs {:.2} us more (target 2.00)", more * 1e6);
    Ok(())
}
