//! `for_update` and `for_share`: queries that lock the rows they read.

use std::marker::PhantomData;

use super::scope::Scope;
use super::select::Query;
use crate::error::Result;
use crate::executor::Out;
use crate::relation::IncludeList;
use crate::sql::lock::{Lock, Strength, Wait};
use crate::stream::RowStream;
use crate::transaction::Transactional;

/// A query that locks the rows it reads, until the transaction ends that it runs in; so it runs on `&Tx` or
/// `&mut Session` only, as [`Transactional`] says.
///
/// [`Query::for_update`], [`Query::for_no_key_update`] and [`Query::for_share`] make one of a query that is complete. Whether
/// it waits for rows that others have locked is `W`: it does, unless [`LockedQuery::no_wait`] or
/// [`LockedQuery::skip_locked`] says otherwise.
///
/// Locked are the rows of the query's own model, and neither those that are joined or included, nor those that a condition
/// looks at. The row that comes out is the newest one, which nobody else changes before the transaction ends.
#[must_use = "a query does nothing until it is run, for instance with `all`"]
pub struct LockedQuery<S: Scope, O = <S as Scope>::Row, I = (), W = Waits> {
    query: Query<S, O, I>,
    waits: PhantomData<fn() -> W>,
}

/// A locked query that waits for rows that others have locked.
#[derive(Debug)]
pub enum Waits {}

/// A locked query that does not wait for them.
#[derive(Debug)]
pub enum WaitsNot {}

impl<S: Scope, O, I> Query<S, O, I> {
    /// Locks the rows that are read, as an update of them would: nobody else changes, deletes or locks them before the
    /// transaction ends. Whoever reads without a lock still sees them.
    ///
    /// On a server the statement waits for rows that others have locked. On SQLite a transaction that may write keeps all
    /// others from writing from its beginning, so that what is asked for is granted already.
    ///
    /// # Errors
    /// When it is run, besides those of the query: `ReadOnly` in a transaction that was begun to read only; `Query` where
    /// rows are grouped, distinct or aggregated; `Locked` or `Timeout` when waiting took too long; `Deadlock` and
    /// `Serialization`, after which the transaction can be run again.
    pub fn for_update(self) -> LockedQuery<S, O, I> {
        LockedQuery::new(self, Strength::Update)
    }

    /// The same, but lets others add rows that refer to those that are locked, where the database can tell that from a
    /// change: on PostgreSQL. Elsewhere it is [`Query::for_update`].
    pub fn for_no_key_update(self) -> LockedQuery<S, O, I> {
        LockedQuery::new(self, Strength::NoKeyUpdate)
    }

    /// Locks the rows that are read against changes: others may lock them so too, and nobody changes or deletes them before
    /// all of these transactions have ended. For rows that something else is made of.
    ///
    /// Two that hold such a lock and both go on to change the row wait for each other, which ends one of them as a
    /// `Deadlock`: who means to write asks [`Query::for_update`].
    ///
    /// # Errors
    /// Those of [`Query::for_update`].
    pub fn for_share(self) -> LockedQuery<S, O, I> {
        LockedQuery::new(self, Strength::Share)
    }
}

impl<S: Scope, O, I> LockedQuery<S, O, I> {
    fn new(mut query: Query<S, O, I>, strength: Strength) -> Self {
        query.select_mut().lock = Some(Lock::new(strength));
        Self { query, waits: PhantomData }
    }

    /// Fails with `Locked` instead of waiting for a row that another transaction has locked. On PostgreSQL the transaction can
    /// only be rolled back then, unless the query ran in one that is nested.
    pub fn no_wait(self) -> LockedQuery<S, O, I, WaitsNot> {
        self.decided(Wait::Fails)
    }

    /// Leaves out rows that another transaction has locked, so that several workers take different ones.
    ///
    /// # Errors
    /// When it is run: `Unsupported` on MariaDB before 10.6.
    pub fn skip_locked(self) -> LockedQuery<S, O, I, WaitsNot> {
        self.decided(Wait::Skips)
    }

    fn decided(mut self, wait: Wait) -> LockedQuery<S, O, I, WaitsNot> {
        if let Some(lock) = &mut self.query.select_mut().lock {
            lock.wait = wait;
        }
        LockedQuery { query: self.query, waits: PhantomData }
    }
}

impl<S: Scope, O, I, W> LockedQuery<S, O, I, W> {
    /// The query beneath, which keeps its lock.
    pub(crate) fn unwrapped(self) -> Query<S, O, I> {
        self.query
    }

    /// The SQL text that this query sends in a dialect, to look at or to log.
    ///
    /// # Errors
    /// Those of [`Query::to_sql`], and `Query` where its rows cannot be locked.
    pub fn to_sql(&self, dialect: crate::Dialect) -> Result<String> {
        self.query.to_sql(dialect)
    }
}

impl<S: Scope, O: Send + 'static, I: IncludeList<O>, W> LockedQuery<S, O, I, W> {
    /// All rows.
    ///
    /// # Errors
    /// Those of [`Query::all`] and [`Query::for_update`].
    pub fn all<'e, E: Transactional<'e>>(self, on: E) -> Out<'e, E, Vec<I::Row>> {
        self.query.all(on)
    }

    /// The first row, if there is any. The others are not locked by it.
    ///
    /// # Errors
    /// Those of [`LockedQuery::all`].
    pub fn first<'e, E: Transactional<'e>>(self, on: E) -> Out<'e, E, Option<I::Row>> {
        self.query.first(on)
    }

    /// The only row.
    ///
    /// # Errors
    /// Those of [`Query::one`] and [`Query::for_update`].
    pub fn one<'e, E: Transactional<'e>>(self, on: E) -> Out<'e, E, I::Row> {
        self.query.one(on)
    }

    /// The only row, or `None`.
    ///
    /// # Errors
    /// Those of [`Query::one_or_none`] and [`Query::for_update`].
    pub fn one_or_none<'e, E: Transactional<'e>>(self, on: E) -> Out<'e, E, Option<I::Row>> {
        self.query.one_or_none(on)
    }
}

impl<S: Scope, O: Send + 'static, W> LockedQuery<S, O, (), W> {
    /// The rows one after another; see [`Query::stream`].
    ///
    /// # Errors
    /// Those of [`LockedQuery::all`], as the last item.
    pub fn stream<'e, E: Transactional<'e>>(self, on: E) -> RowStream<'e, E::Mode, O> {
        self.query.stream(on)
    }
}

impl<S: Scope, O, I: Clone, W> Clone for LockedQuery<S, O, I, W> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), waits: PhantomData }
    }
}

impl<S: Scope, O, I, W> std::fmt::Debug for LockedQuery<S, O, I, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LockedQuery").field(&self.query).finish()
    }
}
