//! The pool: lanes of connections, who may take one, and what is said when none comes.
//!
//! SQLite has one connection that writes and some that read beside it; a database in memory, and a pool of one
//! connection, have a single lane for both.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::config::Settings;
use crate::driver::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Access;
use crate::log::Logging;
use crate::rt;
use crate::sql::Dialect;

/// How much of a statement is shown when it holds the connection that somebody waits for.
const SHOWN: usize = 200;

/// The connections of a database.
pub(crate) struct Pool {
    settings: Settings,
    pub(crate) logging: Logging,
    // Readers first: the connection that writes is closed last and tidies up the files.
    readers: Option<Lane>,
    writer: Lane,
    holders: Mutex<Holders>,
    next_holder: AtomicU64,
    closed: AtomicBool,
}

/// Connections of one kind.
struct Lane {
    size: u32,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// Who holds connections for longer than a statement that reads.
#[derive(Default)]
struct Holders {
    transactions: Vec<Holder>,
    /// The statement that writes. The text stays allocated.
    statement: String,
    statement_since: Option<Instant>,
}

struct Holder {
    id: u64,
    begun_at: &'static Location<'static>,
    since: Instant,
}

impl Lane {
    fn new(size: u32) -> Self {
        Self { size, permits: Semaphore::new(size as usize), idle: Mutex::new(Vec::new()) }
    }
}

/// A lock that a panic elsewhere does not close: all that it guards is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Opens the database: its first connection, which shows whether it can be opened at all.
    pub(crate) async fn open(settings: Settings) -> Result<Arc<Self>> {
        let readers = settings.max_connections.saturating_sub(1);
        let single = settings.path.is_none() || readers == 0;
        let pool = Self {
            logging: Logging { system: "sqlite", echo: settings.echo, slow: settings.slow_statement },
            readers: if single { None } else { Some(Lane::new(readers)) },
            writer: Lane::new(1),
            holders: Mutex::default(),
            next_holder: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            settings,
        };
        let connection = Connection::open(&pool.settings, Access::Write).await?;
        lock(&pool.writer.idle).push(connection);
        Ok(Arc::new(pool))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// The URL without what must not be shown.
    pub(crate) fn shown(&self) -> &str {
        &self.settings.shown
    }

    /// How long one may wait for a connection.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.acquire_timeout
    }

    fn lane(&self, access: Access) -> &Lane {
        match (access, &self.readers) {
            (Access::Read, Some(readers)) => readers,
            _ => &self.writer,
        }
    }

    /// Takes a connection; it must be given back with the same access.
    pub(crate) async fn take(&self, access: Access) -> Result<Connection> {
        let lane = self.lane(access);
        let permit = match lane.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => match rt::timeout(self.patience(), lane.permits.acquire()).await {
                Some(Ok(permit)) => permit,
                Some(Err(_)) => return Err(closed()),
                None => return Err(self.exhausted(access)),
            },
        };
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let idle = lock(&lane.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None if std::ptr::eq(lane, &self.writer) => Connection::open(&self.settings, Access::Write).await?,
            None => Connection::open(&self.settings, Access::Read).await?,
        };
        permit.forget();
        Ok(connection)
    }

    /// Gives a connection back. What is open on it is rolled back first; a broken one is dropped.
    pub(crate) fn give_back(&self, access: Access, mut connection: Connection) {
        let lane = self.lane(access);
        if connection.abandon() && !self.closed.load(Ordering::Acquire) {
            lock(&lane.idle).push(connection);
        } else {
            drop(connection);
        }
        lane.permits.add_permits(1);
    }

    /// Refuses new work, waits for what is running and closes all connections.
    pub(crate) async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        for lane in self.readers.iter().chain([&self.writer]) {
            match rt::timeout(self.patience(), lane.permits.acquire_many(lane.size)).await {
                None => return Err(self.exhausted(Access::Write)),
                // The permits go with the lane; whoever waits for one learns that it is closed.
                Some(_) => lane.permits.close(),
            }
            let idle = std::mem::take(&mut *lock(&lane.idle));
            rt::give_way(|| drop(idle));
        }
        Ok(())
    }

    /// Notes that a transaction holds a connection from now on.
    pub(crate) fn note_transaction(&self, begun_at: &'static Location<'static>) -> u64 {
        let id = self.next_holder.fetch_add(1, Ordering::Relaxed);
        lock(&self.holders).transactions.push(Holder { id, begun_at, since: Instant::now() });
        id
    }

    /// Notes that it does no more.
    pub(crate) fn forget_transaction(&self, id: u64) {
        lock(&self.holders).transactions.retain(|holder| holder.id != id);
    }

    /// Notes the statement that writes, which costs nothing beside the write.
    pub(crate) fn note_statement(&self, sql: &str) {
        let mut holders = lock(&self.holders);
        holders.statement.clear();
        holders.statement.push_str(sql.get(..sql.floor_char_boundary(SHOWN)).unwrap_or(""));
        holders.statement_since = Some(Instant::now());
    }

    /// Notes that it is done.
    pub(crate) fn forget_statement(&self) {
        lock(&self.holders).statement_since = None;
    }

    /// The error of waiting in vain.
    #[cold]
    fn exhausted(&self, access: Access) -> Error {
        let holders = lock(&self.holders);
        let mut held: Vec<String> = holders
            .transactions
            .iter()
            .map(|holder| {
                let (since, at) = (holder.since.elapsed(), holder.begun_at);
                format!("a transaction begun {since:.1?} ago at {}:{}", at.file(), at.line())
            })
            .collect();
        if let Some(since) = holders.statement_since {
            held.push(format!("a statement begun {:.1?} ago: {}", since.elapsed(), holders.statement));
        }
        let (size, patience) = (self.lane(access).size, self.patience());
        let what = match (&self.readers, access) {
            (None, _) => "the only connection".to_owned(),
            (Some(_), Access::Write) => "the connection that writes".to_owned(),
            (Some(_), Access::Read) => format!("one of the {size} connections that read"),
        };
        let by = match held.len() {
            0 => "it is held by statements in progress".to_owned(),
            _ => format!("held are {}", held.join("; ")),
        };
        let hint = "inside a transaction, run statements on its handle and not on the database";
        Error::new(ErrorKind::Pool, format!("could not have {what} within {patience:?}: {by} ({hint})"))
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("url", &self.shown()).finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Pool, "the database was closed")
}
