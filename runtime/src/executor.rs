//! Where a statement runs: on a database, or in a transaction.

use crate::driver::{Begin, Connection, Done, Each, Returned, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Logging;
use crate::meta::ModelMeta;
use crate::mode::Mode;
use crate::pool::Pool;
use crate::session::{Arena, Core};
use crate::sql::Dialect;
use crate::transaction::{Level, Seat};
use crate::value::Params;

/// What statements run on: `&Db`, `&Tx` or `&mut Session`, async or blocking.
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

/// A place to run statements.
#[doc(hidden)]
pub struct Target<'e>(Inner<'e>);

enum Inner<'e> {
    Pool(&'e Pool),
    Transaction(&'e Level),
    Session(&'e mut Core),
}

impl<'e> Target<'e> {
    pub(crate) fn pool(pool: &'e Pool) -> Self {
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
        let (pool, place) = match self.0 {
            Inner::Pool(pool) => {
                let connection = Some(pool.take(access).await?);
                (pool, Place::Pool { pool, access, connection, noted: false })
            }
            Inner::Transaction(level) => (level.pool(), Place::Transaction(level.seat().await?)),
            Inner::Session(core) => {
                let (arena, mut lease) = core.lease().await?;
                lease.rows = Some(arena);
                return Ok(lease);
            }
        };
        Ok(Lease { place, dialect: pool.dialect(), logging: pool.logging, atomic: 0, rows: None })
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
}

enum Place<'e> {
    Pool {
        pool: &'e Pool,
        access: Access,
        // `None` only while it is given back.
        connection: Option<Connection>,
        /// The pool knows the statement that runs.
        noted: bool,
    },
    Transaction(Seat<'e>),
}

impl Lease<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        match &mut self.place {
            Place::Pool { connection, .. } => connection.as_mut(),
            Place::Transaction(seat) => seat.connection(),
        }
        .ok_or_else(|| Error::new(ErrorKind::Pool, "the connection was given back"))
    }

    /// Makes the statement known to those who wait for this connection.
    #[inline]
    fn announce(&mut self, sql: &str) {
        if let Place::Pool { pool, access: Access::Write, noted, .. } = &mut self.place {
            pool.note_statement(sql);
            *noted = true;
        }
    }

    /// Draws the conclusions from an error.
    #[inline]
    fn judge<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if let (Place::Transaction(seat), Err(error)) = (&mut self.place, &outcome) {
            seat.failed(error);
        }
        outcome
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        self.announce(sql);
        let watch = self.logging.watch();
        let Some(watch) = watch else {
            let outcome = self.connection()?.query(sql, params, each).await;
            return self.judge(outcome);
        };
        let mut rows = 0;
        let mut counted = |row: &crate::row::Row<'_>| {
            rows += 1;
            each(row)
        };
        let outcome = self.connection()?.query(sql, params, &mut counted).await;
        watch.done(sql, Some(params), &outcome, Some(rows), None);
        self.judge(outcome)
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        self.announce(sql);
        let watch = self.logging.watch();
        let outcome = self.connection()?.execute(sql, params).await;
        if let Some(watch) = watch {
            let affected = outcome.as_ref().ok().map(|done| done.affected);
            watch.done(sql, Some(params), &outcome, None, affected);
        }
        self.judge(outcome)
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &dyn Rows, returned: Returned<'_>) -> Result<u64> {
        self.announce(sql);
        let watch = self.logging.watch();
        let outcome = self.connection()?.execute_rows(sql, rows, returned).await;
        if let Some(watch) = watch {
            let affected = outcome.as_ref().ok().copied();
            watch.done(sql, None, &outcome, None, affected);
        }
        self.judge(outcome)
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.announce(sql);
        let watch = self.logging.watch();
        let connection = self.connection()?;
        let before = connection.in_transaction();
        let outcome = connection.batch(sql).await;
        let changed = outcome.is_ok() && connection.in_transaction() != before;
        if let Some(watch) = watch {
            watch.done(sql, None, &outcome, None, None);
        }
        if !changed {
            return self.judge(outcome);
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
        let outcome = arena.written(self, meta).await;
        self.rows = Some(arena);
        outcome
    }

    /// Whether a statement only reads, as the database sees it.
    pub(crate) async fn is_read_only(&mut self, sql: &str) -> Result<bool> {
        self.connection()?.is_read_only(sql).await
    }

    /// Makes what follows atomic: a transaction on a database, a savepoint inside a transaction. Dropped without
    /// [`Lease::finish_atomic`] it is rolled back.
    pub(crate) async fn begin_atomic(&mut self) -> Result<()> {
        self.announce("BEGIN");
        let watch = self.logging.watch();
        let savepoint = self.savepoint(self.atomic);
        let connection = self.connection()?;
        let outcome = match &savepoint {
            None => connection.begin(Begin::default()).await,
            Some(name) => connection.batch(&format!("SAVEPOINT {name}")).await,
        };
        if let Some(watch) = watch {
            watch.done(if savepoint.is_some() { "SAVEPOINT" } else { "BEGIN" }, None, &outcome, None, None);
        }
        if outcome.is_ok() {
            self.atomic += 1;
        }
        self.judge(outcome)
    }

    /// Ends it: keeps the work, or undoes it.
    pub(crate) async fn finish_atomic(&mut self, keep: bool) -> Result<()> {
        let Some(level) = self.atomic.checked_sub(1) else {
            return Err(Error::new(ErrorKind::Transaction, "nothing atomic was begun"));
        };
        let watch = self.logging.watch();
        let savepoint = self.savepoint(level);
        let connection = self.connection()?;
        let outcome = match (&savepoint, keep) {
            (None, true) => connection.commit().await,
            (None, false) => connection.rollback().await,
            (Some(name), true) => connection.batch(&format!("RELEASE {name}")).await,
            (Some(name), false) => connection.batch(&format!("ROLLBACK TO {name}; RELEASE {name}")).await,
        };
        if let Some(watch) = watch {
            watch.done(if keep { "COMMIT" } else { "ROLLBACK" }, None, &outcome, None, None);
        }
        // After a failed commit the drop rolls back.
        if outcome.is_ok() {
            self.atomic = level;
        }
        self.judge(outcome)
    }

    /// The savepoint of a level; `None` for a transaction.
    fn savepoint(&self, level: u32) -> Option<String> {
        match (&self.place, level) {
            (Place::Pool { .. }, 0) => None,
            _ => Some(format!("pilaster_atomic_{level}")),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let open = (self.atomic > 0).then(|| self.savepoint(0)).flatten();
        match &mut self.place {
            Place::Pool { pool, access, connection, noted } => {
                if *noted {
                    pool.forget_statement();
                }
                // What is open is rolled back there.
                if let Some(connection) = connection.take() {
                    pool.give_back(*access, connection);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_send<T: Send>(value: T) -> T {
        value
    }

    /// Compiles only as long as every future of a lease can be sent to another thread.
    #[allow(dead_code)]
    fn futures_can_be_sent(target: Target<'_>, lease: &mut Lease<'_>, rows: &dyn Rows, returned: Returned<'_>) {
        let params: [crate::Value<'_>; 0] = [];
        drop(assert_send(target.lease(Access::Write)));
        drop(assert_send(lease.query("", &params, &mut |_| Ok(()))));
        drop(assert_send(lease.execute("", &params)));
        drop(assert_send(lease.execute_rows("", rows, returned)));
        drop(assert_send(lease.batch("")));
        drop(assert_send(lease.begin_atomic()));
        drop(assert_send(lease.finish_atomic(true)));
    }
}
