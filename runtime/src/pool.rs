//! The pool: lanes of connections, who may take one, and what is said when none comes.
//!
//! A server has one lane of equal connections. SQLite has one connection that writes and some that read beside it; a
//! database in memory, and a pool of one connection, have a single lane for both.
//!
//! On PostgreSQL short statements share idle connections, see `share`; whoever wants one for himself gets one that
//! nobody shares.
//!
//! Drivers know when the connection of theirs was closed, or look; that of MySQL has to ask, and does so before a statement on one that
//! was idle for a second. Connections that are too old or were idle for too long are closed when they are due, see `expiry`.

mod expiry;
mod flow;
mod queue;
mod share;
mod status;
mod widen;

use std::any::Any;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use self::expiry::{Limits, Watch};
use self::flow::Flow;
use self::queue::Queue;
use self::share::Emptied;
pub use self::status::PoolStatus;
use self::widen::Openings;
use crate::config::Settings;
use crate::driver::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Access;
use crate::log::Logging;
use crate::rt;
use crate::sql::Dialect;

/// How long one waits before a connection that could not be opened is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// How much of a statement is shown when it holds the connection that somebody waits for.
const SHOWN: usize = 200;

/// The connections of a database.
pub(crate) struct Pool {
    settings: Settings,
    pub(crate) logging: Logging,
    // Readers first: SQLite's connection that writes is closed last and tidies up the files.
    readers: Option<Arc<Lane>>,
    main: Arc<Lane>,
    holders: Mutex<Holders>,
    next_holder: AtomicU64,
    closed: AtomicBool,
    /// A request to cancel a write may be told as its success, so that none is sent where others wait behind it.
    writes_apart: AtomicBool,
    /// How many connections were opened, and how often somebody waited in vain for one.
    opened: AtomicU64,
    timeouts: AtomicU64,
    /// What a layer above keeps with the pool.
    pub(crate) attached: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// Connections of one kind.
struct Lane {
    size: u32,
    permits: Semaphore,
    /// Those who wait for a permit.
    queue: Queue,
    /// How many statements that share connections are under way.
    reads: Flow,
    writes: Flow,
    /// The one used last stands at the end, and is the next to be used.
    idle: Mutex<Vec<Idle>>,
    /// Tells who waits for seats to be left that somebody gave a connection back, or gave it up.
    returned: Notify,
    /// Those that are being opened for statements that share.
    openings: Openings,
    limits: Limits,
    watch: Watch,
}

/// A connection that nobody uses.
struct Idle {
    connection: Pooled,
    since: Instant,
}

/// A connection of the pool.
pub(crate) struct Pooled {
    /// The connection itself.
    pub connection: Connection,
    opened: Instant,
}

/// Who holds connections for longer than a statement that reads a file.
#[derive(Default)]
struct Holders {
    transactions: Vec<Holder>,
    /// Statements by their place; texts stay allocated.
    statements: Vec<Running>,
}

/// A statement in progress, or the place of one.
#[derive(Default)]
struct Running {
    text: String,
    since: Option<Instant>,
}

struct Holder {
    id: u64,
    begun_at: &'static Location<'static>,
    since: Instant,
}

impl Lane {
    fn new(size: u32, limits: Limits) -> Arc<Self> {
        let places = size as usize;
        let lane = Arc::new(Self {
            size,
            permits: Semaphore::new(places),
            queue: Queue::default(),
            reads: Flow::new(places + share::READS, places * share::SEATS),
            writes: Flow::new(places.max(share::WRITES), places * share::SEATS),
            idle: Mutex::default(),
            returned: Notify::new(),
            openings: Openings::default(),
            limits,
            watch: Watch::new(),
        });
        expiry::watch(&lane);
        lane
    }

    fn permit_returned(&self) {
        self.permits.add_permits(1);
        self.returned.notify_one();
    }

    /// Adds an idle connection.
    fn put(&self, idle: &mut Vec<Idle>, next: Idle) {
        self.watch.expect(&self.limits, &next);
        idle.push(next);
    }
}

/// A lock that a panic elsewhere does not close: all that it guards is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Opens the database: its first connection, which shows whether it can be opened at all.
    pub(crate) async fn open(settings: Settings) -> Result<Arc<Self>> {
        let (main, readers) = match (settings.dialect, settings.max_connections) {
            (Dialect::Sqlite, 0 | 1) => (1, None),
            (Dialect::Sqlite, _) if settings.path.is_none() => (1, None),
            (Dialect::Sqlite, all) => (1, Some(all - 1)),
            (Dialect::Postgres | Dialect::Mysql, all) => (all.max(1), None),
        };
        let system = match settings.dialect {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
            Dialect::Mysql => "mysql",
        };
        let limits = Limits::of(&settings);
        let pool = Self {
            logging: Logging { system, echo: settings.echo, slow: settings.slow_statement },
            readers: readers.map(|readers| Lane::new(readers, limits)),
            main: Lane::new(main, limits),
            holders: Mutex::default(),
            next_holder: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            writes_apart: AtomicBool::new(false),
            opened: AtomicU64::new(1),
            timeouts: AtomicU64::new(0),
            attached: OnceLock::new(),
            settings,
        };
        let first = Box::pin(Connection::open(&pool.settings, Access::Write)).await?;
        pool.writes_apart.store(first.awaits_standbys(), Ordering::Relaxed);
        let first = Idle { connection: Pooled::new(first), since: Instant::now() };
        pool.main.put(&mut lock(&pool.main.idle), first);
        Ok(Arc::new(pool))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.settings.dialect
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
            _ => &self.main,
        }
    }

    /// Whether statements of this access are worth noting for those who wait. Readers of a file never block others
    /// for long.
    pub(crate) fn notes(&self, access: Access) -> bool {
        access == Access::Write || self.settings.dialect != Dialect::Sqlite
    }

    /// Takes a connection; it must be given back with the same access.
    pub(crate) async fn take(&self, access: Access) -> Result<Pooled> {
        let (lane, begun) = (self.lane(access), Instant::now());
        let permit = match lane.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                let standing = lane.queue.stand();
                let turn = rt::timeout(self.patience(), lane.permits.acquire()).await;
                drop(standing);
                match turn {
                    Some(Ok(permit)) => permit,
                    Some(Err(_)) => return Err(closed()),
                    None => return Err(self.exhausted(access)),
                }
            }
        };
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let connection = loop {
            if let Some(connection) = self.idle(lane) {
                break connection;
            }
            if lane.has_room() {
                break self.open_in_time(access, begun).await?;
            }
            // Kept apart, as it is rare and needs much room.
            match Box::pin(self.emptied(lane, self.patience().saturating_sub(begun.elapsed()))).await {
                Emptied::Connection(connection) if lane.limits.keep(&connection, None, Instant::now()) => {
                    break connection;
                }
                // Lost while others had seats, or a statement on it was cancelled, which may still hit another one.
                Emptied::Connection(lost) => {
                    drop(lost);
                    break self.open_in_time(access, begun).await?;
                }
                Emptied::Again => {}
                Emptied::Late => return Err(self.exhausted(access)),
            }
        };
        permit.forget();
        Ok(connection)
    }

    /// A new connection to use instead of one that was lost while in use; nothing changes when there is none. Idle ones
    /// are likely lost as well, and not yet known to be: one of them makes room.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
    pub(crate) async fn renew(&self, access: Access, lost: &mut Pooled) -> Result<()> {
        let idle = lock(&self.lane(access).idle).pop();
        drop(idle);
        *lost = self.open_in_time(access, Instant::now()).await?;
        Ok(())
    }

    /// A connection to use instead of one that is known to be lost; nothing changes when there is none.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
    pub(crate) async fn replace(&self, access: Access, lost: &mut Pooled) -> Result<()> {
        let connection = match self.idle(self.lane(access)) {
            Some(connection) => connection,
            None => self.open_in_time(access, Instant::now()).await?,
        };
        *lost = connection;
        Ok(())
    }

    /// The idle connection that was used last and is still good; none that others share.
    fn idle(&self, lane: &Lane) -> Option<Pooled> {
        loop {
            let idle = {
                let mut idle = lock(&lane.idle);
                let at = idle.iter().rposition(|idle| !idle.connection.connection.is_shared())?;
                idle.remove(at)
            };
            if lane.limits.keep(&idle.connection, Some(idle.since), Instant::now()) {
                return Some(idle.connection);
            }
            // Closed here, outside of the lock.
            drop(idle);
        }
    }

    /// Opens a connection. A server that is just starting gets time until the patience is over.
    async fn open_in_time(&self, access: Access, begun: Instant) -> Result<Pooled> {
        let mut pause = FIRST_PAUSE;
        loop {
            // Kept apart: most statements find a connection, and the future of each would have room for this one.
            let error = match Box::pin(self.open_one(access)).await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            if begun.elapsed() + pause >= self.patience() || !Connection::may_pass(&self.settings, &error) {
                return Err(error);
            }
            rt::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Tries to open a connection.
    async fn open_one(&self, access: Access) -> Result<Pooled> {
        let connection = Connection::open(&self.settings, access).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.writes_apart.store(connection.awaits_standbys(), Ordering::Relaxed);
        Ok(Pooled::new(connection))
    }

    /// Gives a connection back. What is open on it is rolled back first; a broken one is dropped.
    pub(crate) fn give_back(&self, access: Access, mut pooled: Pooled) {
        let lane = self.lane(access);
        let now = Instant::now();
        let keep = pooled.connection.abandon()
            && !self.closed.load(Ordering::Acquire)
            && !lane.limits.is_due(&pooled, None, now);
        let stale = if keep {
            let mut idle = lock(&lane.idle);
            // Where statements share connections, the first was not always idle for longest.
            let oldest = idle.iter().enumerate().min_by_key(|(_, idle)| idle.since);
            let stale =
                oldest.filter(|(_, idle)| !lane.limits.keep(&idle.connection, Some(idle.since), now)).map(|(at, _)| at);
            let stale = stale.map(|at| idle.remove(at).connection);
            lane.put(&mut idle, Idle { connection: pooled, since: now });
            stale
        } else {
            Some(pooled)
        };
        drop(stale);
        lane.permit_returned();
    }

    /// Closes a connection that was taken, instead of giving it back.
    pub(crate) fn discard(&self, access: Access, pooled: Pooled) {
        drop(pooled);
        self.lane(access).permit_returned();
    }

    /// Refuses new work, waits for what is running and closes all connections.
    pub(crate) async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        for lane in self.readers.iter().chain([&self.main]) {
            match rt::timeout(self.patience(), lane.permits.acquire_many(lane.size)).await {
                None => return Err(self.exhausted(Access::Write)),
                // The permits go with the lane; whoever waits for one learns that it is closed.
                Some(_) => lane.permits.close(),
            }
            lane.watch.wake();
            lane.reads.close();
            lane.writes.close();
            let idle = std::mem::take(&mut *lock(&lane.idle));
            let seats: Vec<_> = idle.iter().map(|idle| idle.connection.connection.emptied()).collect();
            for emptied in seats {
                rt::timeout(self.patience(), emptied).await;
            }
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

    /// Notes a statement, which costs nothing beside running it; gives its place.
    pub(crate) fn note_statement(&self, sql: &str) -> usize {
        let text = sql.get(..sql.floor_char_boundary(SHOWN)).unwrap_or("");
        let mut holders = lock(&self.holders);
        let free = holders.statements.iter_mut().enumerate().find(|(_, running)| running.since.is_none());
        if let Some((place, running)) = free {
            running.text.clear();
            running.text.push_str(text);
            running.since = Some(Instant::now());
            return place;
        }
        holders.statements.push(Running { text: text.to_owned(), since: Some(Instant::now()) });
        holders.statements.len() - 1
    }

    /// Notes that it is done.
    pub(crate) fn forget_statement(&self, place: usize) {
        if let Some(running) = lock(&self.holders).statements.get_mut(place) {
            running.since = None;
        }
    }

    /// The error of waiting in vain.
    #[cold]
    fn exhausted(&self, access: Access) -> Error {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
        let holders = lock(&self.holders);
        let mut held: Vec<String> = holders
            .transactions
            .iter()
            .map(|holder| {
                let (since, at) = (holder.since.elapsed(), holder.begun_at);
                format!("a transaction begun {since:.1?} ago at {}:{}", at.file(), at.line())
            })
            .collect();
        for Running { text, since } in &holders.statements {
            if let Some(since) = since {
                held.push(format!("a statement begun {:.1?} ago: {text}", since.elapsed()));
            }
        }
        let (size, patience) = (self.lane(access).size, self.patience());
        let what = match (&self.readers, access) {
            (None, _) if size > 1 => format!("one of the {size} connections"),
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

impl Pooled {
    fn new(connection: Connection) -> Self {
        Self { connection, opened: Instant::now() }
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
