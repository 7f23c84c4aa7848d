//! The suite as a program, for the databases whose features are on. Tests come with the generator and all its drivers, so
//! they cannot show what one driver does alone; this can, for `mysql` by
//! `cargo run -p pilaster-tests --no-default-features --features program,mysql`.
#![allow(clippy::expect_used, clippy::print_stdout)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::{panic, thread};

use pilaster_tests::database::Kind;
use pilaster_tests::suite;

/// The kinds of databases that this build has drivers for, each in one way: the tests go the others.
const KINDS: &[Kind] = &[
    #[cfg(feature = "sqlite")]
    Kind::SqliteFile,
    #[cfg(feature = "sqlite")]
    Kind::SqliteMemory,
    #[cfg(feature = "postgres")]
    Kind::Postgres,
    #[cfg(feature = "mysql")]
    Kind::Mysql,
];

/// How many behaviours run at a time.
const THREADS: usize = 4;

/// A behaviour, to be run to its end in the thread that calls it.
type Behaviour = (&'static str, fn(Kind));

macro_rules! list {
    ($($topic:ident: $($name:ident),+;)*) => {
        const BEHAVIOURS: &[Behaviour] = &[$($(
            (concat!(stringify!($topic), "::", stringify!($name)), |kind| {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
                runtime.block_on(suite::run(kind, async |db| suite::$topic::$name(&db).await));
            }),
        )+)*];
    };
}

pilaster_tests::behaviours!(list);

/// Runs them all, and says which failed.
pub fn run() -> ExitCode {
    let left = Mutex::new(KINDS.iter().flat_map(|kind| BEHAVIOURS.iter().map(move |behaviour| (*kind, *behaviour))));
    let next = || left.lock().ok()?.next();
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((kind, (name, behaviour))) = next() {
                    if panic::catch_unwind(|| behaviour(kind)).is_err()
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(format!("{name} on {}", kind.name()));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    println!("{} behaviours on {} kinds of databases, failed: {failed:?}", BEHAVIOURS.len(), KINDS.len());
    if failed.is_empty() && !KINDS.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
