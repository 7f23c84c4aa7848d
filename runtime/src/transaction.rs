//! Transactions: handles that can be cloned, nested by savepoints, and roll back when dropped.
//!
//! One connection carries a transaction and all that is nested in it. Each nesting is a `Level`; its handles share it,
//! and the last one to go undoes it unless it was ended. While a nested transaction is open, only its own handles run
//! statements: on the outer handle they would silently share the fate of the nested one.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::Isolation;
use crate::driver::{Begin, Connection};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor, Target, is_lost, sealed};
use crate::mode::{Async, Mode, Outcome};
use crate::pool::{Pool, Pooled};
use crate::raw::Sql;
use crate::rt;

/// How often the closure of a transaction is run at most.
const ATTEMPTS: u32 = 5;

/// An async transaction.
pub type Tx = Transaction<Async>;

/// A transaction: statements run on it as `&tx`. It commits when told to, and rolls back when its last clone is
/// dropped, also when that is because a future was cancelled.
///
/// While a transaction nested in it by [`Transaction::begin`] is open, statements on the outer handle are refused. A
/// handle whose transaction is over gives an error of kind [`ErrorKind::Transaction`].
///
/// ```
/// # use pilaster::blocking::Db;
/// let db = Db::connect("sqlite::memory:")?;
/// let tx = db.begin()?;
/// tx.sql("CREATE TABLE note (text TEXT)").execute()?;
/// let nested = tx.begin()?;
/// nested.sql("INSERT INTO note VALUES ('gone')").execute()?;
/// nested.rollback()?;
/// tx.commit()?;
/// assert_eq!(db.sql("SELECT count(*) FROM note").one::<i64>()?, 0);
/// # Ok::<(), pilaster::Error>(())
/// ```
pub struct Transaction<M: Mode> {
    level: Arc<Level>,
    mode: PhantomData<fn() -> M>,
}

/// What rows can be locked in: `&Tx` or `&mut Session`, async or blocking.
#[diagnostic::on_unimplemented(
    message = "rows can be locked only in a transaction, and `{Self}` is none",
    label = "takes `&tx` or `&mut session`",
    note = "a lock lasts until its transaction ends: `db.transaction(async |tx| …)` or `db.begin()` begin one"
)]
pub trait Transactional<'e>: Executor<'e> {}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, Default)]
pub struct TxOptions {
    begin: Begin,
}

impl TxOptions {
    /// The database's own defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How much it sees of other transactions. SQLite's are always serializable.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.begin.isolation = Some(isolation);
        self
    }

    /// Whether writes are refused. On SQLite such a transaction does not wait for the connection that writes.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.begin.read_only = read_only;
        self
    }
}

impl TxOptions {
    /// A serializable transaction that only reads and waits, before its first statement, for a moment from which on no
    /// conflict with others can end it: for long reports and backups on PostgreSQL. It sets
    /// [`TxOptions::read_only`] and [`Isolation::Serializable`] along. On SQLite every transaction that only reads is
    /// such a one; on MySQL it is refused as unsupported.
    #[must_use]
    pub fn deferrable(mut self) -> Self {
        self.begin = Begin { read_only: true, deferrable: true, isolation: Some(Isolation::Serializable) };
        self
    }
}

/// A transaction or one nested in it.
pub(crate) struct Level {
    shared: Arc<Shared>,
    /// 1 for the transaction itself.
    depth: u32,
    end: AtomicU8,
    // An outer level lives as long as the levels in it.
    _outer: Option<Arc<Level>>,
}

const OPEN: u8 = 0;
const COMMITTED: u8 = 1;
const ROLLED_BACK: u8 = 2;

/// What all levels of a transaction have in common.
struct Shared {
    pool: Arc<Pool>,
    access: Access,
    holder: u64,
    state: Mutex<State>,
    /// The lowest level that was dropped while somebody else had the state; 0 is none.
    abandoned: AtomicU32,
    /// A statement failed in a way that makes running the whole transaction again worthwhile.
    retryable: AtomicBool,
}

struct State {
    // `None` when the transaction is over.
    connection: Option<Pooled>,
    /// How many levels are open.
    depth: u32,
    /// The database itself ended the transaction.
    lost: bool,
}

/// The right to run statements in a transaction.
pub(crate) struct Seat<'e> {
    shared: &'e Shared,
    state: MutexGuard<'e, State>,
}

impl Seat<'_> {
    #[inline]
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        self.state.connection.as_mut().map(|pooled| &mut pooled.connection)
    }

    /// Whether the transaction was begun so that it cannot write.
    pub(crate) fn is_read_only(&self) -> bool {
        self.shared.access == Access::Read
    }

    /// Notes what an error means for the transaction.
    #[cold]
    pub(crate) fn failed(&mut self, error: &Error) {
        if error.is_retryable() {
            self.shared.retryable.store(true, Ordering::Relaxed);
        }
        // Some errors end the transaction; what followed would be outside of any.
        if self.state.connection.as_ref().is_some_and(|pooled| !pooled.connection.in_transaction()) {
            self.state.lost = true;
        }
    }
}

impl Level {
    /// Begins a transaction.
    pub(crate) async fn begin(
        pool: Arc<Pool>,
        options: TxOptions,
        begun_at: &'static Location<'static>,
    ) -> Result<Arc<Self>> {
        let access = if options.begin.read_only { Access::Read } else { Access::Write };
        let connection = pool.take(access).await?;
        let holder = pool.note_transaction(begun_at);
        let state = State { connection: Some(connection), depth: 1, lost: false };
        // From here on the drop gives the connection back.
        let mut shared = Shared {
            pool,
            access,
            holder,
            state: Mutex::new(state),
            abandoned: AtomicU32::new(0),
            retryable: AtomicBool::new(false),
        };
        let watch = shared.pool.logging.watch();
        if let Some(pooled) = &mut shared.state.get_mut().connection {
            // A peer that went silent would not answer the BEGIN for long.
            if !pooled.connection.is_awake().await {
                shared.pool.renew(access, pooled).await?;
            }
            let mut outcome = pooled.connection.begin(options.begin).await;
            if is_lost(&outcome) {
                shared.pool.renew(access, pooled).await?;
                outcome = pooled.connection.begin(options.begin).await;
            }
            let outcome = outcome.map_err(Error::without_effect);
            if let Some(watch) = watch {
                watch.done("BEGIN", None, &outcome, None, None);
            }
            outcome?;
        }
        Ok(Arc::new(Self { shared: Arc::new(shared), depth: 1, end: AtomicU8::new(OPEN), _outer: None }))
    }

    /// Begins a transaction nested in this one.
    pub(crate) async fn nest(self: Arc<Self>) -> Result<Arc<Self>> {
        let depth = self.depth + 1;
        let mut seat = self.seat().await?;
        control(&mut seat, "SAVEPOINT", &format!("SAVEPOINT {}", savepoint(depth))).await?;
        seat.state.depth = depth;
        drop(seat);
        let shared = Arc::clone(&self.shared);
        Ok(Arc::new(Self { shared, depth, end: AtomicU8::new(OPEN), _outer: Some(self) }))
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// The right to run statements on this level.
    pub(crate) async fn seat(&self) -> Result<Seat<'_>> {
        self.check_open()?;
        let mut seat = self.shared.seat().await?;
        self.shared.settle(&mut seat.state);
        self.check_open()?;
        if seat.state.lost {
            return Err(over("the database rolled this transaction back after an error"));
        }
        match seat.state.depth.cmp(&self.depth) {
            std::cmp::Ordering::Equal => Ok(seat),
            std::cmp::Ordering::Greater => {
                Err(over("a transaction nested in this one is open: run statements on it, or end it first"))
            }
            std::cmp::Ordering::Less => Err(over("the transaction that this one is nested in is over")),
        }
    }

    fn check_open(&self) -> Result<()> {
        match self.end.load(Ordering::Acquire) {
            OPEN => Ok(()),
            COMMITTED => Err(over("this transaction was committed")),
            _ => Err(over("this transaction was rolled back")),
        }
    }

    /// Commits. When that fails the transaction is rolled back, unless a nested one is still open.
    pub(crate) async fn commit(&self) -> Result<()> {
        let mut seat = self.seat().await?;
        let outcome = if self.depth > 1 {
            control(&mut seat, "RELEASE", &format!("RELEASE SAVEPOINT {}", savepoint(self.depth))).await
        } else {
            let watch = self.shared.pool.logging.watch();
            let outcome = match seat.connection() {
                Some(connection) => connection.commit().await,
                None => Err(over("this transaction is over")),
            };
            if let Some(watch) = watch {
                watch.done("COMMIT", None, &outcome, None, None);
            }
            outcome
        };
        if let Err(error) = &outcome {
            seat.failed(error);
        }
        self.end.store(if outcome.is_ok() { COMMITTED } else { ROLLED_BACK }, Ordering::Release);
        match outcome.is_ok() {
            true if self.depth > 1 => seat.state.depth = self.depth - 1,
            _ => self.shared.undo(&mut seat.state, self.depth),
        }
        outcome
    }

    /// Rolls back, with all that is nested in it.
    pub(crate) async fn rollback(&self) -> Result<()> {
        self.check_open()?;
        let mut seat = self.shared.seat().await?;
        self.end.store(ROLLED_BACK, Ordering::Release);
        self.shared.settle(&mut seat.state);
        let watch = self.shared.pool.logging.watch();
        if self.depth == 1
            && let Some(connection) = seat.connection()
        {
            let outcome = connection.rollback().await;
            if let Some(watch) = watch {
                watch.done("ROLLBACK", None, &outcome, None, None);
            }
        }
        self.shared.undo(&mut seat.state, self.depth);
        Ok(())
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        if *self.end.get_mut() == OPEN {
            self.shared.abandon(self.depth);
        }
    }
}

impl Shared {
    /// The state, when nobody else runs a statement.
    async fn seat(&self) -> Result<Seat<'_>> {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(_) => rt::timeout(self.pool.patience(), self.state.lock()).await.ok_or_else(|| {
                let patience = self.pool.patience();
                let why =
                    "another statement of this transaction did not end (a stream of rows that is still open, say)";
                Error::new(ErrorKind::Pool, format!("waited {patience:?} for the transaction's connection: {why}"))
            })?,
        };
        Ok(Seat { shared: self, state })
    }

    /// Undoes a level whose handles are gone, now or, when a statement is in progress, before the next one.
    fn abandon(&self, depth: u32) {
        let lowest = |seen: u32| Some(if seen == 0 { depth } else { seen.min(depth) });
        // The closure never refuses.
        let _ = self.abandoned.fetch_update(Ordering::AcqRel, Ordering::Acquire, lowest);
        if let Ok(mut state) = self.state.try_lock() {
            self.settle(&mut state);
        }
    }

    /// Undoes the levels that were abandoned.
    fn settle(&self, state: &mut State) {
        if self.abandoned.load(Ordering::Acquire) > 0 {
            let depth = self.abandoned.swap(0, Ordering::AcqRel);
            self.undo(state, depth);
        }
    }

    /// Undoes a level and those in it, as far as they are open. The whole transaction gives its connection back.
    fn undo(&self, state: &mut State, depth: u32) {
        if depth == 0 || depth > state.depth {
            return;
        }
        state.depth = depth.saturating_sub(1);
        if depth > 1 {
            if let (Some(Pooled { connection, .. }), false) = (&mut state.connection, state.lost) {
                let watch = self.pool.logging.watch();
                connection.abandon_to(&savepoint(depth));
                if let Some(watch) = watch {
                    watch.done("ROLLBACK TO SAVEPOINT", None, &Ok::<(), Error>(()), None, None);
                }
            }
        } else if let Some(connection) = state.connection.take() {
            self.release(connection);
        }
    }

    fn release(&self, connection: Pooled) {
        self.pool.forget_transaction(self.holder);
        self.pool.give_back(self.access, connection);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(connection) = self.state.get_mut().connection.take() {
            self.release(connection);
        }
    }
}

/// Runs transaction control on a savepoint.
async fn control(seat: &mut Seat<'_>, shown: &str, sql: &str) -> Result<()> {
    let watch = seat.shared.pool.logging.watch();
    let outcome = match seat.connection() {
        Some(connection) => connection.batch(sql).await,
        None => Err(over("this transaction is over")),
    };
    let outcome = outcome.map_err(Error::without_effect);
    if let Some(watch) = watch {
        watch.done(shown, None, &outcome, None, None);
    }
    if let Err(error) = &outcome {
        seat.failed(error);
    }
    outcome
}

fn savepoint(depth: u32) -> String {
    format!("pilaster_{depth}")
}

fn over(why: &str) -> Error {
    Error::new(ErrorKind::Transaction, why)
}

impl<M: Mode> Transaction<M> {
    pub(crate) fn new(level: Arc<Level>) -> Self {
        Self { level, mode: PhantomData }
    }

    /// Begins a transaction nested in this one. Until it ends, statements on this handle are refused.
    pub fn begin(&self) -> M::Out<'static, Self> {
        let level = Arc::clone(&self.level);
        M::run(async move { level.nest().await.map(Self::new) })
    }

    /// Commits. Other clones of the handle are of no further use. When committing fails, the work is rolled back.
    pub fn commit(self) -> M::Out<'static, ()> {
        M::run(async move { self.level.commit().await })
    }

    /// Rolls back, with all that is nested in it.
    pub fn rollback(self) -> M::Out<'static, ()> {
        M::run(async move { self.level.rollback().await })
    }

    /// Hand-written SQL in this transaction; see [`crate::sql`].
    pub fn sql<'e>(&'e self, text: impl Into<std::borrow::Cow<'e, str>>) -> Sql<'e, &'e Self> {
        Sql::new(self, text.into())
    }
}

impl<M: Mode> Clone for Transaction<M> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.level))
    }
}

impl<M: Mode> std::fmt::Debug for Transaction<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("depth", &self.level.depth).finish_non_exhaustive()
    }
}

impl<M: Mode> sealed::Sealed for &Transaction<M> {}

impl<'e, M: Mode> Executor<'e> for &'e Transaction<M> {
    type Mode = M;

    fn target(self) -> Target<'e> {
        Target::transaction(&self.level)
    }
}

impl<'e, M: Mode> Transactional<'e> for &'e Transaction<M> {}

/// Runs the closure in a transaction: commits on `Ok`, rolls back on `Err`, and runs it again when the database says
/// that this can help.
pub(crate) async fn attempt<M, F, O>(
    pool: Arc<Pool>,
    options: TxOptions,
    begun_at: &'static Location<'static>,
    mut closure: F,
) -> Result<O::Value, O::Error>
where
    M: Mode,
    F: FnMut(Transaction<M>) -> O + Send,
    O: Outcome<M>,
{
    let mut attempt = 0;
    loop {
        let level = Level::begin(Arc::clone(&pool), options, begun_at).await?;
        let outcome = closure(Transaction::new(Arc::clone(&level))).settle().await;
        attempt += 1;
        let (error, retryable) = match outcome {
            Ok(value) => match level.commit().await {
                Ok(()) => return Ok(value),
                Err(error) => {
                    let retryable = error.is_retryable();
                    (O::Error::from(error), retryable)
                }
            },
            Err(error) => {
                let retryable = level.shared.retryable.load(Ordering::Relaxed) || is_retryable(&error);
                (error, retryable)
            }
        };
        // The error that is in hand matters more than one of rolling back.
        let _ = level.rollback().await;
        drop(level);
        if !retryable || attempt >= ATTEMPTS {
            return Err(error);
        }
        rt::sleep(pause(attempt)).await;
    }
}

/// Runs the closure in a transaction that is always rolled back.
pub(crate) async fn rehearse<M, F, O>(
    pool: Arc<Pool>,
    begun_at: &'static Location<'static>,
    closure: F,
) -> Result<O::Value, O::Error>
where
    M: Mode,
    F: FnOnce(Transaction<M>) -> O + Send,
    O: Outcome<M>,
{
    let level = Level::begin(pool, TxOptions::default(), begun_at).await?;
    let outcome = closure(Transaction::new(Arc::clone(&level))).settle().await;
    let undone = level.rollback().await;
    let value = outcome?;
    undone?;
    Ok(value)
}

fn is_retryable<E: 'static>(error: &E) -> bool {
    (error as &dyn std::any::Any).downcast_ref::<Error>().is_some_and(Error::is_retryable)
}

/// Longer from attempt to attempt, and not the same for two that met.
fn pause(attempt: u32) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let spread = u64::from(now.subsec_micros() % 5_000);
    Duration::from_millis(5 << attempt.min(8)) + Duration::from_micros(spread)
}
