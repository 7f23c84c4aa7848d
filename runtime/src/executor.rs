//! Where a statement runs: on a database, or in a transaction.

use crate::driver::{Begin, Connection, Done, Each, Returned, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::sql::Dialect;
use crate::value::Params;

/// What statements run on: `&Db` or `&Tx`, async or blocking.
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
pub struct Target<'e>(std::marker::PhantomData<&'e ()>);

impl<'e> Target<'e> {
    /// The language spoken there.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// A connection for one or more statements.
    pub(crate) async fn lease(self, access: Access) -> Result<Lease<'e>> {
        let _ = access;
        Err(Error::new(ErrorKind::Pool, ""))
    }
}

/// A connection in use. Every statement that runs on it is logged in one place.
pub(crate) struct Lease<'e>(&'e mut Connection);

impl Lease<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        self.0.query(sql, params, each).await
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        self.0.execute(sql, params).await
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &dyn Rows, returned: Returned<'_>) -> Result<u64> {
        self.0.execute_rows(sql, rows, returned).await
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.0.batch(sql).await
    }

    /// Makes what follows atomic: a transaction on a database, a savepoint inside a transaction. Dropped without
    /// [`Lease::finish_atomic`] it is rolled back.
    pub(crate) async fn begin_atomic(&mut self) -> Result<()> {
        self.0.begin(Begin::default()).await
    }

    /// Ends it: keeps the work, or undoes it.
    pub(crate) async fn finish_atomic(&mut self, keep: bool) -> Result<()> {
        if keep { self.0.commit().await } else { self.0.rollback().await }
    }
}

mod sealed {
    pub trait Sealed {}
}
