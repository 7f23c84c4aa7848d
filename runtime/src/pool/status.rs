//! What the pool tells those who watch over it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Lane, Pool, lock};

/// What a pool does at this moment and did since it was opened, for metrics and for whoever looks for the reason of a
/// delay; from [`Database::pool_status`](crate::Database::pool_status). SQLite's connection that writes and those that
/// read are counted together.
///
/// The numbers are read one after another while the pool goes on, so that they need not fit each other exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// How many connections there can be at most.
    pub max_connections: u32,
    /// How many there are, or are being opened.
    pub open: u32,
    /// How many of them are in use: by one, or on PostgreSQL by statements that share them.
    pub in_use: u32,
    /// How many tasks or threads wait for a connection, or for their turn on a shared one.
    pub waiting: u32,
    /// For how long the one has had a connection who has had it for longest, of the transactions, sessions and statements
    /// that have one for themselves; `None` where there are none. Statements that read a SQLite file are not looked at.
    pub longest_held: Option<Duration>,
    /// How many connections were opened.
    pub opened: u64,
    /// How often somebody waited for a connection, or for his turn on a shared one.
    pub waits: u64,
    /// How long all of those waited, together.
    pub waited: Duration,
    /// How often somebody waited in vain, and was told so with an error of kind [`ErrorKind::Pool`](crate::ErrorKind::Pool).
    pub timeouts: u64,
}

impl Pool {
    /// What it does and did.
    pub(crate) fn status(&self) -> PoolStatus {
        let mut status = PoolStatus {
            max_connections: 0,
            open: 0,
            in_use: 0,
            waiting: 0,
            longest_held: self.longest_held(),
            opened: self.opened.load(Ordering::Relaxed),
            waits: 0,
            waited: Duration::ZERO,
            timeouts: self.timeouts.load(Ordering::Relaxed),
        };
        for lane in self.readers.iter().chain([&self.main]) {
            status.add(lane);
        }
        status
    }

    fn longest_held(&self) -> Option<Duration> {
        let holders = lock(&self.holders);
        let transactions = holders.transactions.iter().map(|holder| holder.since);
        let statements = holders.statements.iter().filter_map(|running| running.since);
        transactions.chain(statements).min().map(|since| since.elapsed())
    }
}

impl PoolStatus {
    fn add(&mut self, lane: &Lane) {
        let (idle, shared) = {
            let idle = lock(&lane.idle);
            (idle.len(), idle.iter().filter(|idle| idle.connection.connection.is_shared()).count())
        };
        let taken = lane.size.saturating_sub(lane.permits.available_permits() as u32);
        self.max_connections += lane.size;
        self.open += taken + idle as u32;
        self.in_use += taken + shared as u32;
        for queue in [&lane.queue, lane.reads.queue(), lane.writes.queue()] {
            let (waits, waited) = queue.past();
            self.waiting += queue.waiting() as u32;
            self.waits += waits;
            self.waited += waited;
        }
    }
}
