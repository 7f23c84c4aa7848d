//! One handle, used from runtimes of all kinds and from none, while they come, stand still and go.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use pilaster::{Db, Dialect, blocking};
use pilaster_tests::database::{Fresh, Kind, is_required};
use pilaster_tests::models::{NewUser, User, schema};
use tokio::runtime::{Builder, Runtime};

/// What is far more than anything here takes, and far less than what waits for good.
const LONG: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A database with users that are named after their keys, and a handle with so many connections; `None` where there is
/// no server and none is required.
async fn prepared(kind: Kind, connections: u32) -> Option<(Fresh, Db, Vec<i64>)> {
    let fresh = match kind.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            eprintln!("skipped: {why}");
            return None;
        }
    };
    schema::create_all(&fresh.db).await.unwrap();
    let users = (0..50).map(|n| NewUser::new(format!("user {n}")).age(n));
    let keys = User::insert_many(users).keys(&fresh.db).await.unwrap();
    let builder = Db::builder(&fresh.url).max_connections(connections).acquire_timeout(Duration::from_secs(10));
    let db = builder.connect().await.unwrap();
    Some((fresh, db, keys))
}

/// Runs a test on each database, opened by a runtime that the test does not use otherwise.
fn on_all(connections: u32, test: fn(&Fresh, &Db, &[i64])) {
    let admin = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::PostgresPlain, Kind::Mysql] {
        let Some((fresh, db, keys)) = admin.block_on(prepared(kind, connections)) else { continue };
        let (over, ends) = mpsc::channel();
        // On another thread, as one that waits for good cannot say so.
        let runs = thread::spawn(move || {
            test(&fresh, &db, &keys);
            let _ = over.send(());
            (fresh, db)
        });
        let late = ends.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout);
        assert!(!late, "on {} something takes more than {LONG:?}", kind.name());
        let (fresh, db) = runs.join().unwrap();
        admin.block_on(async {
            db.close().await.unwrap();
            fresh.remove().await.unwrap();
        });
    }
}

async fn read(db: &Db, keys: &[i64], at: usize) {
    let at = at % keys.len();
    assert_eq!(User::get(db, keys[at]).await.unwrap().unwrap().name, format!("user {at}"));
}

/// A read, a transaction with a write in it, and many rows.
async fn use_all(db: &Db, keys: &[i64], at: usize) {
    read(db, keys, at).await;
    let tx = db.begin().await.unwrap();
    let key = keys[at % keys.len()];
    let age = User::get(&tx, key).await.unwrap().unwrap().age;
    User::update().filter(|u| u.id.eq(key)).set(|u| u.age, age.unwrap_or_default()).run(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(User::query().all(db).await.unwrap().len(), keys.len());
}

fn use_blocking(db: &blocking::Db, keys: &[i64], at: usize) {
    let at = at % keys.len();
    assert_eq!(User::get(db, keys[at]).unwrap().unwrap().name, format!("user {at}"));
    let tx = db.begin().unwrap();
    User::update().filter(|u| u.id.eq(keys[at])).set(|u| u.age, at as i32).run(&tx).unwrap();
    tx.commit().unwrap();
    assert_eq!(User::query().all(db).unwrap().len(), keys.len());
}

/// Waits for a future as an executor does that knows of no runtime.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn connections_go_from_one_runtime_to_another() {
    on_all(2, |_, db, keys| {
        let (one, other) = (one_thread(), one_thread());
        let many = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let blocking = db.blocking();
        for at in 0..20 {
            one.block_on(use_all(db, keys, at));
            other.block_on(use_all(db, keys, at + 1));
            many.block_on(use_all(db, keys, at + 2));
            wait_for(use_all(db, keys, at + 3));
            use_blocking(&blocking, keys, at + 4);
            // It lives for this, and takes along what it watches.
            one_thread().block_on(use_all(db, keys, at + 5));
        }
    });
}

#[test]
fn runtimes_of_one_thread_share_a_handle() {
    on_all(3, |_, db, keys| {
        thread::scope(|scope| {
            for thread in 0..6 {
                scope.spawn(move || {
                    for round in 0..4 {
                        let some = one_thread();
                        some.block_on(async {
                            let reads = (0..10).map(|read| {
                                let (db, keys) = (db.clone(), keys.to_vec());
                                tokio::spawn(async move { use_all(&db, &keys, thread * 7 + round * 3 + read).await })
                            });
                            for read in reads.collect::<Vec<_>>() {
                                read.await.unwrap();
                            }
                        });
                        use_blocking(&db.blocking(), keys, thread + round);
                    }
                });
            }
        });
    });
}

#[test]
fn a_runtime_that_stands_still_holds_nobody_up() {
    on_all(1, |fresh, db, keys| {
        let (still, other) = (one_thread(), one_thread());
        still.block_on(read(db, keys, 1));
        // A statement that was begun there, and that nobody goes on with for now.
        let mut begun = Box::pin(User::get(db, keys[2]));
        let early = still.block_on(poll_fn(|context| Poll::Ready(begun.as_mut().poll(context))));
        let shares = db.dialect() == Dialect::Postgres && early.is_pending();
        if shares && !fresh.url.contains("statement_cache=0") {
            // It has a seat on the only connection, beside which others work.
            (0..20).for_each(|at| other.block_on(read(db, keys, at)));
            assert_eq!(other.block_on(begun).unwrap().unwrap().name, "user 2");
        } else {
            drop(begun);
        }
        other.block_on(use_all(db, keys, 3));
        thread::scope(|scope| {
            scope.spawn(|| use_blocking(&db.blocking(), keys, 4));
        });
    });
}

#[test]
fn a_runtime_whose_only_thread_is_blocked_gets_its_rows_all_the_same() {
    on_all(2, |_, db, keys| {
        let blocked = one_thread();
        blocked.block_on(read(db, keys, 1));
        let round = || {
            blocked.block_on(async {
                let begun = Instant::now();
                // Once it is known that nobody looks after the runtime, nothing waits for that again; and it does not count
                // how much is done without giving way.
                // The client library for MariaDB does.
                let times = if db.dialect() == Dialect::Mysql { 10 } else { 100 };
                (0..times).for_each(|at| wait_for(read(db, keys, at)));
                let took = begun.elapsed();
                use_blocking(&db.blocking(), keys, 3);
                read(db, keys, 4).await;
                took
            })
        };
        // What waits again and again is slow in each round, and what the machine holds up is not.
        assert!(once_of(5, || round() < Duration::from_secs(3)), "all rounds are slow");
        // One that waits on it must not keep its connection from the one that blocks it.
        blocked.block_on(async {
            let waits = tokio::spawn({
                let (db, keys) = (db.clone(), keys.to_vec());
                async move { read(&db, &keys, 5).await }
            });
            tokio::task::yield_now().await;
            use_blocking(&db.blocking(), keys, 6);
            waits.await.unwrap();
        });
    });
}

#[test]
fn the_closure_of_a_blocking_transaction_may_run_a_runtime() {
    on_all(2, |_, db, keys| {
        let blocking = db.blocking();
        let age: pilaster::Result<i32> = blocking.transaction(|tx| {
            let user = User::get(&tx, keys[7])?.unwrap();
            let runtime = one_thread();
            // On another connection, and by another mode.
            runtime.block_on(read(db, keys, 8));
            let nested = runtime.block_on(async { User::get(&blocking, keys[9]).map(|user| user.unwrap().age) })?;
            User::update().filter(|u| u.id.eq(keys[7])).set(|u| u.age, 70).run(&tx)?;
            Ok(user.age.unwrap() + nested.unwrap())
        });
        assert_eq!(age.unwrap(), 16);
        assert_eq!(User::get(&blocking, keys[7]).unwrap().unwrap().age, Some(70));
    });
}

#[test]
fn a_runtime_without_a_network_driver_will_do() {
    on_all(2, |_, db, keys| {
        for bare in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let mut bare = bare;
            bare.worker_threads(1).build().unwrap().block_on(use_all(db, keys, 1));
        }
    });
}

/// Whether something is so once, tried so often at most.
fn once_of(times: u32, mut is_so: impl FnMut() -> bool) -> bool {
    (0..times).any(|_| is_so())
}

/// How often one of three threads waits for long as others come and go. What holds all of them up at the same time counts once.
fn waits_beside_others(db: &blocking::Db, keys: &[i64]) -> usize {
    let late = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let late = &late;
        let reads = |thread: usize| {
            for round in 0..700_usize {
                let begun = Instant::now();
                let at = (round * 7 + thread) % keys.len();
                assert_eq!(User::get(db, keys[at]).unwrap().unwrap().name, format!("user {at}"));
                if begun.elapsed() > Duration::from_millis(200) {
                    late.lock().unwrap().push(begun);
                }
                thread::sleep(Duration::from_micros((round * 37 + thread * 61) as u64 % 400));
            }
        };
        (0..3).for_each(|thread| drop(scope.spawn(move || reads(thread))));
    });
    let mut late = late.into_inner().unwrap();
    late.sort_unstable();
    late.dedup_by(|next, before| next.duration_since(*before) < Duration::from_millis(200));
    late.len()
}

/// Whoever comes as another one goes hears of his reply, whoever sent his statement.
#[test]
fn nobody_waits_for_a_thread_that_has_gone() {
    on_all(1, |_, db, keys| {
        let db = db.blocking();
        // A machine that is busy with something else makes them wait in some rounds, and threads that have gone in all.
        assert!(once_of(5, || waits_beside_others(&db, keys) < 4), "reads take more than 200 ms again and again");
    });
}

/// Waits until a process of the server has ended, and closed its connection, which it is not listed for any more before. Only
/// where it can be seen: on this machine, if that is Linux.
fn until_gone(pid: i32) {
    let is_there = || {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
        line.is_ok_and(|line| line.contains("postgres"))
    };
    let begun = Instant::now();
    while is_there() && begun.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The pool notices that a connection was closed also where nobody looked after its runtime meanwhile.
#[test]
fn what_was_closed_while_nobody_looked_is_not_used() {
    on_all(2, |fresh, db, keys| {
        // MariaDB's connections are asked before use, and only those that were idle for longer.
        if fresh.db.dialect() != Dialect::Postgres {
            return;
        }
        let (still, admin, blocking) = (one_thread(), fresh.db.blocking(), db.blocking());
        let others = "SELECT % FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let (pids, left) = (others.replace('%', "pid"), others.replace('%', "count(*)"));
        let close_all = || {
            let pids = admin.sql(pids.as_str()).all::<i32>().unwrap();
            assert!(!pids.is_empty());
            for pid in &pids {
                admin.sql("SELECT pg_terminate_backend($1)").bind(*pid).one::<bool>().unwrap();
            }
            while admin.sql(left.as_str()).one::<i64>().unwrap() > 0 {
                thread::sleep(Duration::from_millis(2));
            }
            pids.into_iter().for_each(until_gone);
            thread::sleep(Duration::from_millis(20));
        };
        for at in 0..5 {
            still.block_on(use_all(db, keys, at));
            close_all();
            // Writes are not run again, so that one on a lost connection would fail.
            still.block_on(User::update().filter(|u| u.id.eq(keys[at])).set(|u| u.age, at as i32).run(db)).unwrap();
            use_blocking(&blocking, keys, at);
            close_all();
            use_blocking(&blocking, keys, at);
            // One whose runtime has ended is as good as any other.
            let opened = db.pool_status().opened;
            one_thread().block_on(use_all(db, keys, at));
            thread::sleep(Duration::from_millis(3));
            still.block_on(use_all(db, keys, at));
            assert_eq!(db.pool_status().opened, opened);
        }
    });
}
