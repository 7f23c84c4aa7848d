//! Where a statement runs: on a database, or in a transaction.

use std::sync::Arc;

use crate::driver::{Begin, Connection, Done, Each, Gate, Returned, Rows, place_row};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Logging;
use crate::meta::ModelMeta;
use crate::mode::Mode;
use crate::pool::{Pool, Pooled};
use crate::session::{Arena, Core};
use crate::sql::Dialect;
use crate::sql::lock::{Lock, Wait};
use crate::transaction::{Level, Seat};
use crate::value::Params;

/// What statements run on: `&Db`, `&Tx` or `&mut Session`, async or blocking.
#[diagnostic::on_unimplemented(
    message = "statements run on `&db`, `&tx` or `&mut session`, not on `{Self}`",
    label = "takes a database, a transaction or a session by reference"
)]
pub trait Executor<'e>: sealed::Sealed + Sized + Send {
    /// Async or blocking.
    type Mode: Mode;

    /// The place itself, without its mode.
    #[doc(hidden)]
    fn target(self) -> Target<'e>;
}

/// What a terminal method returns on an executor: a future in async mode, a `Result` in blocking mode.
pub type Out<'e, E, T> = <<E as Executor<'e>>::Mode as Mode>::Out<'e, T>;

/// Whether a statement may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// How often a read is repeated whose connection was lost: once as that was closed while it was idle, and once more as the
/// server was just about to end all connections.
const RENEWALS: u32 = 2;

/// A place to run statements.
#[doc(hidden)]
pub struct Target<'e>(Inner<'e>);

enum Inner<'e> {
    Pool(&'e Arc<Pool>),
    Transaction(&'e Level),
    Session(&'e mut Core),
}

impl<'e> Target<'e> {
    pub(crate) fn pool(pool: &'e Arc<Pool>) -> Self {
        Self(Inner::Pool(pool))
    }

    pub(crate) fn transaction(level: &'e Level) -> Self {
        Self(Inner::Transaction(level))
    }

    pub(crate) fn session(core: &'e mut Core) -> Self {
        Self(Inner::Session(core))
    }

    /// The same place for a shorter time.
    pub(crate) fn reborrow(&mut self) -> Target<'_> {
        Target(match &mut self.0 {
            Inner::Pool(pool) => Inner::Pool(pool),
            Inner::Transaction(level) => Inner::Transaction(level),
            Inner::Session(core) => Inner::Session(core),
        })
    }

    /// A connection for one or more statements.
    pub(crate) async fn lease(self, access: Access) -> Result<Lease<'e>> {
        self.lease_as(access, false).await
    }

    /// The same, where a first statement may share a connection with others: none is taken before one is needed.
    pub(crate) async fn lease_shared(self, access: Access) -> Result<Lease<'e>> {
        self.lease_as(access, true).await
    }

    async fn lease_as(self, access: Access, shared: bool) -> Result<Lease<'e>> {
        let (pool, place) = match self.0 {
            Inner::Pool(pool) => {
                let connection = if shared && pool.shares(access) { None } else { Some(pool.take(access).await?) };
                (&**pool, Place::Pool { pool, access, connection, noted: None })
            }
            Inner::Transaction(level) => (level.pool(), Place::Transaction(level.seat().await?)),
            Inner::Session(core) => {
                let (arena, mut lease) = core.lease().await?;
                arena.wrote |= access == Access::Write;
                lease.rows = Some(arena);
                return Ok(lease);
            }
        };
        let repeatable = access == Access::Read;
        let (dialect, logging) = (pool.dialect(), pool.logging);
        Ok(Lease { place, dialect, logging, atomic: 0, rows: None, repeatable, own: false })
    }
}

/// A connection in use. Every statement that runs on it is logged in one place.
#[doc(hidden)]
pub struct Lease<'e> {
    place: Place<'e>,
    dialect: Dialect,
    logging: Logging,
    /// How many levels of [`Lease::begin_atomic`] are open.
    atomic: u32,
    /// The rows of the session that the statement runs in.
    rows: Option<&'e mut Arena>,
    /// Statements that give rows may be run again when the connection is lost, since they change nothing.
    repeatable: bool,
    /// The connection is in a state that others must not get.
    own: bool,
}

enum Place<'e> {
    Pool {
        pool: &'e Arc<Pool>,
        access: Access,
        // `None` while it is given back, and before a connection of its own is needed.
        connection: Option<Pooled>,
        /// The place of the statement that the pool knows to run.
        noted: Option<usize>,
    },
    Transaction(Seat<'e>),
}

impl Lease<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        match &mut self.place {
            Place::Pool { connection, .. } => connection.as_mut().map(|pooled| &mut pooled.connection),
            Place::Transaction(seat) => seat.connection(),
        }
        .ok_or_else(|| Error::new(ErrorKind::Pool, "the connection was given back"))
    }

    /// Makes the statement known to those who wait for this connection.
    #[inline]
    fn announce(&mut self, sql: &str) {
        if let Place::Pool { pool, access, noted, .. } = &mut self.place
            && pool.notes(*access)
        {
            if let Some(place) = noted.take() {
                pool.forget_statement(place);
            }
            *noted = Some(pool.note_statement(sql));
        }
    }

    /// Draws the conclusions from an error.
    #[inline]
    fn judge<T>(&mut self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Ok(done) => Ok(done),
            Err(error) => Err(self.judge_error(error)),
        }
    }

    #[cold]
    fn judge_error(&mut self, error: Error) -> Error {
        if let Place::Transaction(seat) = &mut self.place {
            seat.failed(&error);
        }
        // Nothing stays of a transaction that is not committed.
        let stands_alone = matches!(self.place, Place::Pool { .. }) && self.atomic == 0;
        if stands_alone && !self.repeatable { error } else { error.without_effect() }
    }

    /// Statements of this lease are written by hand: what looks like a read may write.
    pub(crate) fn unchecked(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Says whether the connection is in a state, a lock of its session say, that no other connection can take the place
    /// of, and that others must not get: it is closed when it is given back so.
    pub(crate) fn keep_to_oneself(&mut self, own: bool) {
        self.own = own;
    }

    /// Whether nothing that came before on this connection matters, so that another one would do.
    fn is_free(&self) -> bool {
        self.atomic == 0 && !self.own && matches!(self.place, Place::Pool { .. })
    }

    /// Takes a connection if there is none yet, and another one when this one was lost and nothing was sent on it.
    async fn revive(&mut self) -> Result<()> {
        let free = self.is_free();
        let Place::Pool { pool, access, connection, .. } = &mut self.place else { return Ok(()) };
        let held = connection.is_some();
        if !held {
            *connection = Some(pool.take(*access).await?);
        }
        if let Some(pooled) = connection
            && free
        {
            // What was taken now was looked at.
            if held && !pooled.connection.is_alive() {
                pool.replace(*access, pooled).await?;
            }
            // Where the server closed one while it was idle, it likely closed others.
            if !pooled.connection.is_awake().await {
                pool.renew(*access, pooled).await?;
            }
        }
        Ok(())
    }

    /// Takes a new connection after this one was lost while a statement ran on it.
    async fn renew(&mut self) -> Result<()> {
        match &mut self.place {
            Place::Pool { pool, access, connection: Some(pooled), .. } => pool.renew(*access, pooled).await,
            _ => Ok(()),
        }
    }

    /// Runs a statement that reads few rows: beside those of others, where that can be.
    pub(crate) async fn query_shared(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        if let Place::Pool { pool, connection: None, .. } = &self.place {
            let watch = self.logging.watch();
            let mut rows = 0;
            let mut counted = |row: &crate::row::Row<'_>| {
                rows += 1;
                each(row)
            };
            if let Some(outcome) = pool.run_shared(Access::Read, sql, params, &mut counted).await {
                let outcome = placed(outcome, params).map_err(Error::without_effect);
                if let Some(watch) = watch {
                    watch.done(sql, Some(params), &outcome, Some(rows), None);
                }
                return outcome.map(drop);
            }
        }
        self.query(sql, params, each).await
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        let watch = self.logging.watch();
        if watch.is_none() && self.dialect == Dialect::Sqlite {
            self.announce(sql);
            let outcome = self.connection()?.query(sql, params, each).await;
            return self.judge(placed(outcome, params));
        }
        self.revive().await?;
        self.announce(sql);
        let (mut rows, mut left) = (0, RENEWALS);
        let outcome = loop {
            let mut counted = |row: &crate::row::Row<'_>| {
                rows += 1;
                each(row)
            };
            let outcome = self.connection()?.query(sql, params, &mut counted).await;
            if !(left > 0 && self.repeatable && rows == 0 && self.is_free() && is_lost(&outcome)) {
                break outcome;
            }
            left -= 1;
            self.renew().await?;
        };
        let outcome = placed(outcome, params);
        let outcome = self.judge(outcome);
        if let Some(watch) = watch {
            watch.done(sql, Some(params), &outcome, Some(rows), None);
        }
        outcome
    }

    /// Runs a statement whose rows are taken bit by bit.
    pub(crate) async fn stream(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> Result<()> {
        self.revive().await?;
        self.announce(sql);
        let watch = self.logging.watch();
        let mut rows = 0;
        let mut counted = |row: &crate::row::Row<'_>| {
            rows += 1;
            each(row)
        };
        let mut outcome = self.connection()?.stream(sql, params, &mut counted, gate).await;
        if self.repeatable && rows == 0 && self.is_free() && is_lost(&outcome) {
            self.renew().await?;
            outcome = self.connection()?.stream(sql, params, each, gate).await;
        }
        let outcome = self.judge(outcome);
        if let Some(watch) = watch {
            watch.done(sql, Some(params), &outcome, Some(rows), None);
        }
        outcome
    }

    /// Runs a statement that changes few rows, gives none, and is all that its transaction does: beside those of others,
    /// where that can be. Says how many rows it changed.
    pub(crate) async fn execute_shared(&mut self, sql: &str, params: &dyn Params) -> Result<u64> {
        if let Place::Pool { pool, connection: None, .. } = &self.place {
            let watch = self.logging.watch();
            if let Some(outcome) = pool.run_shared(Access::Write, sql, params, &mut |_| Ok(())).await {
                let outcome = placed(outcome, params);
                if let Some(watch) = watch {
                    watch.done(sql, Some(params), &outcome, None, outcome.as_ref().ok().copied());
                }
                return outcome;
            }
        }
        self.execute(sql, params).await.map(|done| done.affected)
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        self.revive().await?;
        self.announce(sql);
        let watch = self.logging.watch();
        let outcome = placed(self.connection()?.execute(sql, params).await, params);
        let outcome = self.judge(outcome);
        if let Some(watch) = watch {
            let affected = outcome.as_ref().ok().map(|done| done.affected);
            watch.done(sql, Some(params), &outcome, None, affected);
        }
        outcome
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &mut dyn Rows, returned: Returned<'_>) -> Result<u64> {
        self.revive().await?;
        self.announce(sql);
        let watch = self.logging.watch();
        let outcome = self.connection()?.execute_rows(sql, rows, returned).await;
        let outcome = outcome.map_err(|error| place_row(error, rows));
        let outcome = self.judge(outcome);
        if let Some(watch) = watch {
            let affected = outcome.as_ref().ok().copied();
            watch.done(sql, None, &outcome, None, affected);
        }
        outcome
    }

    /// Whether a table stores what it is given exactly so, as far as the database tells at no cost.
    pub(crate) fn keeps(&mut self, meta: &'static ModelMeta) -> Result<bool> {
        if meta.schema.is_some() {
            return Ok(false);
        }
        let mut columns = meta.columns.iter().map(|column| (column.name, column.kind));
        Ok(self.connection()?.keeps(meta.table, &mut columns))
    }

    /// The key that the database counted last on this connection, where it tells.
    pub(crate) fn last_key(&mut self) -> Option<i64> {
        self.connection().ok()?.last_key()
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.revive().await?;
        self.announce(sql);
        let watch = self.logging.watch();
        let connection = self.connection()?;
        let before = connection.in_transaction();
        let outcome = connection.batch(sql).await;
        let changed = outcome.is_ok() && connection.in_transaction() != before;
        let outcome = self.judge(outcome);
        if let Some(watch) = watch {
            watch.done(sql, None, &outcome, None, None);
        }
        if !changed {
            return outcome;
        }
        let error = match before {
            true => "the statements ended the transaction that they ran in",
            false => "the statements left a transaction open, which was rolled back",
        };
        self.judge(Err(Error::new(ErrorKind::Transaction, error)))
    }

    /// Rows of a model were written past the session that the statement ran in: it reads its own again.
    pub(crate) async fn written(&mut self, meta: &'static ModelMeta) -> Result<()> {
        let Some(arena) = self.rows.take() else { return Ok(()) };
        // Kept apart, as it is rare and needs much room.
        let outcome = Box::pin(arena.written(self, meta)).await;
        self.rows = Some(arena);
        outcome
    }

    /// Refuses to lock rows where no lock would be held, or where the server cannot lock so. Nothing is sent.
    pub(crate) fn check_lock(&mut self, lock: Lock) -> Result<()> {
        if !matches!(&self.place, Place::Transaction(seat) if !seat.is_read_only()) {
            let why = "a transaction that only reads cannot lock rows: begin it without `read_only`";
            return Err(Error::new(ErrorKind::ReadOnly, why));
        }
        if lock.wait == Wait::Skips && !self.connection()?.skips_locked() {
            let kind = ErrorKind::Unsupported { feature: "SKIP LOCKED", dialect: self.dialect.name() };
            return Err(Error::new(kind, "MariaDB skips rows that are locked from version 10.6 on"));
        }
        Ok(())
    }

    /// Whether a statement only reads, as the database sees it.
    pub(crate) async fn is_read_only(&mut self, sql: &str) -> Result<bool> {
        self.connection()?.is_read_only(sql).await
    }

    /// Makes what follows atomic: a transaction on a database, a savepoint inside a transaction. Dropped without
    /// [`Lease::finish_atomic`] it is rolled back.
    pub(crate) async fn begin_atomic(&mut self) -> Result<()> {
        self.revive().await?;
        self.announce("BEGIN");
        let watch = self.logging.watch();
        let savepoint = self.savepoint(self.atomic);
        let outcome = match &savepoint {
            None => {
                let outcome = self.connection()?.begin(Begin::default()).await;
                if is_lost(&outcome) && self.is_free() {
                    self.renew().await?;
                    self.connection()?.begin(Begin::default()).await
                } else {
                    outcome
                }
            }
            Some(name) => self.connection()?.batch(&format!("SAVEPOINT {name}")).await,
        };
        let outcome = self.judge(outcome).map_err(Error::without_effect);
        if let Some(watch) = watch {
            watch.done(if savepoint.is_some() { "SAVEPOINT" } else { "BEGIN" }, None, &outcome, None, None);
        }
        if outcome.is_ok() {
            self.atomic += 1;
        }
        outcome
    }

    /// Ends it: keeps the work, or undoes it when it failed. What it failed by matters more than a fault of undoing it.
    pub(crate) async fn finish_atomic<T>(&mut self, outcome: Result<T>) -> Result<T> {
        let ended = self.end_atomic(outcome.is_ok()).await;
        let value = outcome?;
        ended.map(|()| value)
    }

    /// Ends it: keeps the work, or undoes it.
    pub(crate) async fn end_atomic(&mut self, keep: bool) -> Result<()> {
        let Some(level) = self.atomic.checked_sub(1) else {
            return Err(Error::new(ErrorKind::Transaction, "nothing atomic was begun"));
        };
        let watch = self.logging.watch();
        let savepoint = self.savepoint(level);
        let connection = self.connection()?;
        let outcome = match (&savepoint, keep) {
            (None, true) => connection.commit().await,
            (None, false) => connection.rollback().await,
            (Some(name), true) => connection.batch(&format!("RELEASE SAVEPOINT {name}")).await,
            (Some(name), false) => {
                connection.batch(&format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")).await
            }
        };
        // Of a commit that is lost nobody knows.
        let outcome = if savepoint.is_none() && keep { outcome } else { self.judge(outcome) };
        if let Some(watch) = watch {
            watch.done(if keep { "COMMIT" } else { "ROLLBACK" }, None, &outcome, None, None);
        }
        // After a failed commit the drop rolls back.
        if outcome.is_ok() {
            self.atomic = level;
        }
        outcome
    }

    /// The savepoint of a level; `None` for a transaction.
    fn savepoint(&self, level: u32) -> Option<String> {
        match (&self.place, level) {
            (Place::Pool { .. }, 0) => None,
            _ => Some(format!("pilaster_atomic_{level}")),
        }
    }
}

/// What a statement gave, or its error with the place of the value at fault.
#[inline]
fn placed<T>(outcome: Result<T>, params: &dyn Params) -> Result<T> {
    outcome.map_err(|error| params.place(error))
}

/// Whether the connection was lost.
pub(crate) fn is_lost<T>(outcome: &Result<T>) -> bool {
    outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Connection))
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let open = (self.atomic > 0).then(|| self.savepoint(0)).flatten();
        match &mut self.place {
            Place::Pool { pool, access, connection, noted } => {
                if let Some(place) = noted.take() {
                    pool.forget_statement(place);
                }
                // What is open is rolled back there.
                match connection.take() {
                    Some(connection) if self.own => pool.discard(*access, connection),
                    Some(connection) => pool.give_back(*access, connection),
                    None => {}
                }
            }
            Place::Transaction(seat) => {
                if let (Some(savepoint), Some(connection)) = (open, seat.connection()) {
                    connection.abandon_to(&savepoint);
                }
            }
        }
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests {
    use super::*;

    use crate::rt::block_on;
    use crate::value::Value;

    const NONE: [Value<'static>; 0] = [];

    async fn insert(lease: &mut Lease<'_>, text: &str) {
        lease.execute("INSERT INTO t VALUES (?)", &[Value::Text(text.into())]).await.unwrap();
    }

    /// Adds one row that stays and, atomically, one that is kept, undone or dropped.
    async fn add(on: impl Executor<'_>, kept: Option<bool>) {
        let mut lease = on.target().lease(Access::Write).await.unwrap();
        insert(&mut lease, "plain").await;
        lease.begin_atomic().await.unwrap();
        insert(&mut lease, "atomic").await;
        lease.begin_atomic().await.unwrap();
        insert(&mut lease, "inner").await;
        lease.end_atomic(true).await.unwrap();
        if let Some(keep) = kept {
            lease.end_atomic(keep).await.unwrap();
            assert!(lease.end_atomic(keep).await.is_err(), "nothing is open any more");
        }
    }

    async fn rows(on: impl Executor<'_>) -> String {
        let mut lease = on.target().lease(Access::Read).await.unwrap();
        let mut rows = Vec::new();
        let each: Each<'_> = &mut |row| {
            rows.push(row.text(0)?.unwrap_or_default().into_owned());
            Ok(())
        };
        lease.query("SELECT a FROM t", &NONE, each).await.unwrap();
        rows.join(" ")
    }

    #[test]
    fn what_is_atomic_is_kept_whole_or_not_at_all() {
        for (kept, expected) in [(Some(true), "plain atomic inner"), (Some(false), "plain"), (None, "plain")] {
            let db = crate::blocking::Db::connect("sqlite::memory:").unwrap();
            db.sql("CREATE TABLE t (a TEXT)").execute().unwrap();
            block_on(add(&db, kept));
            assert_eq!(block_on(rows(&db)), expected, "{kept:?}");
            db.sql("DELETE FROM t").execute().unwrap();

            let tx = db.begin().unwrap();
            block_on(add(&tx, kept));
            assert_eq!(block_on(rows(&tx)), expected, "{kept:?}");
            tx.commit().unwrap();
            assert_eq!(block_on(rows(&db)), expected, "{kept:?}");
        }
    }

    fn assert_send<T: Send>(value: T) -> T {
        value
    }

    /// Compiles only as long as every future of a lease can be sent to another thread.
    #[allow(dead_code)]
    fn futures_can_be_sent(target: Target<'_>, lease: &mut Lease<'_>, rows: &mut dyn Rows, returned: Returned<'_>) {
        drop(assert_send(target.lease(Access::Write)));
        drop(assert_send(lease.query("", &NONE, &mut |_| Ok(()))));
        drop(assert_send(lease.execute("", &NONE)));
        drop(assert_send(lease.execute_rows("", rows, returned)));
        drop(assert_send(lease.batch("")));
        drop(assert_send(lease.begin_atomic()));
        drop(assert_send(lease.end_atomic(true)));
    }
}
