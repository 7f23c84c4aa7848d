//! `for_update` and `for_share`: queries that lock the rows they read.

use std::marker::PhantomData;

use super::column::{Expr, Predicate, Sort};
use super::model::Model;
use super::order::SortList;
use super::scope::{Maybe, NotNull, Push, Scope};
use super::select::Query;
use super::selection::Selection;
use crate::error::Result;
use crate::executor::{Executor, Out};
use crate::relation::{IncludeList, Relation};
use crate::sql::lock::{Lock, Strength, Wait};
use crate::stream::RowStream;
use crate::transaction::Transactional;

/// A query that locks the rows it reads, until the transaction ends that it runs in; so it runs on `&Tx` or
/// `&mut Session` only, as [`Transactional`] says.
///
/// [`Query::for_update`], [`Query::for_no_key_update`] and [`Query::for_share`] make one of a query, which goes on being built
/// as before. Whether it waits for rows that others have locked is `W`: it does, unless [`LockedQuery::no_wait`] or
/// [`LockedQuery::skip_locked`] says otherwise.
///
/// Locked are the rows of the query's own model, and neither those that are joined or included, nor those that a condition
/// looks at. The row that comes out is the newest one, which nobody else changes before the transaction ends.
#[must_use = "a query does nothing until it is run, for instance with `all`"]
pub struct LockedQuery<S: Scope, O = <S as Scope>::Row, I = (), W = Waits> {
    query: Query<S, O, I>,
    waits: PhantomData<fn() -> W>,
}

/// A locked query that has more tables in its scope.
type Joined<S, T, W> = LockedQuery<<S as Push<T>>::Out, <<S as Push<T>>::Out as Scope>::Row, (), W>;

/// A locked query that waits for rows that others have locked.
#[derive(Debug)]
pub enum Waits {}

/// A locked query that does not wait for them.
#[derive(Debug)]
pub enum WaitsNot {}

/// What is asked for rows and not read from them. No locked query is; the bound says so where the compiler would otherwise
/// take the method of an iterator to be meant.
#[diagnostic::on_unimplemented(
    message = "locked rows cannot be counted: a number has no row that could be locked",
    label = "a query that locks has no `count`",
    note = "count without the lock, or lock the rows with `all` and take the length of what comes"
)]
pub trait Countable {}

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
    /// The same lock of a query that is made of the one beneath.
    pub(super) fn then<T: Scope, P, J>(
        self,
        change: impl FnOnce(Query<S, O, I>) -> Query<T, P, J>,
    ) -> LockedQuery<T, P, J, W> {
        LockedQuery { query: change(self.query), waits: PhantomData }
    }

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

    /// See [`Query::filter`].
    pub fn filter<P: Predicate>(self, condition: impl FnOnce(S::Columns) -> P) -> Self {
        self.then(|query| query.filter(condition))
    }

    /// See [`Query::filter_if`].
    pub fn filter_if<V, P: Predicate>(self, value: Option<V>, condition: impl FnOnce(S::Columns, V) -> P) -> Self {
        self.then(|query| query.filter_if(value, condition))
    }

    /// See [`Query::order_by`].
    pub fn order_by<L: SortList>(self, order: impl FnOnce(S::Columns) -> L) -> Self {
        self.then(|query| query.order_by(order))
    }

    /// See [`Query::order_by_choice`].
    ///
    /// # Errors
    /// Those of [`Query::order_by_choice`].
    pub fn order_by_choice<'n>(
        self,
        choice: &str,
        allowed: impl FnOnce(S::Columns) -> Vec<(&'n str, Sort)>,
    ) -> Result<Self> {
        Ok(Self { query: self.query.order_by_choice(choice, allowed)?, waits: PhantomData })
    }

    /// See [`Query::limit`].
    pub fn limit(self, rows: u64) -> Self {
        self.then(|query| query.limit(rows))
    }

    /// See [`Query::offset`].
    pub fn offset(self, rows: u64) -> Self {
        self.then(|query| query.offset(rows))
    }

    /// Cannot be called.
    #[doc(hidden)]
    pub fn count<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64>
    where
        W: Countable,
    {
        self.query.count(on)
    }
}

impl<S: Scope, W> LockedQuery<S, S::Row, (), W> {
    /// See [`Query::join`]. The rows that are added are not locked.
    pub fn join<R: Relation>(self, relation: impl FnOnce(S::Columns) -> R) -> Joined<S, R::Target, W>
    where
        S: Push<R::Target>,
    {
        self.then(|query| query.join(relation))
    }

    /// See [`Query::left_join`]. The rows that are added are not locked.
    pub fn left_join<R: Relation>(self, relation: impl FnOnce(S::Columns) -> R) -> Joined<S, Maybe<R::Target>, W>
    where
        S: Push<Maybe<R::Target>>,
    {
        self.then(|query| query.left_join(relation))
    }

    /// See [`Query::join_on`]. The rows that are added are not locked.
    pub fn join_on<M: Model>(self, on: impl FnOnce(S::Columns, M::Columns<NotNull>) -> Expr<bool>) -> Joined<S, M, W>
    where
        S: Push<M>,
    {
        self.then(|query| query.join_on(on))
    }

    /// See [`Query::left_join_on`]. The rows that are added are not locked.
    pub fn left_join_on<M: Model>(
        self,
        on: impl FnOnce(S::Columns, M::Columns<NotNull>) -> Expr<bool>,
    ) -> Joined<S, Maybe<M>, W>
    where
        S: Push<Maybe<M>>,
    {
        self.then(|query| query.left_join_on(on))
    }
}

impl<S: Scope, O, W> LockedQuery<S, O, (), W> {
    /// See [`Query::select`].
    pub fn select<L: Selection>(self, list: impl FnOnce(S::Columns) -> L) -> LockedQuery<S, L::Output, (), W> {
        self.then(|query| query.select(list))
    }
}

impl<S: Scope, O: 'static, W> LockedQuery<S, O, (), W> {
    /// See [`Query::map`].
    pub fn map<R: 'static>(self, map: impl Fn(O) -> R + Send + Sync + 'static) -> LockedQuery<S, R, (), W> {
        self.then(|query| query.map(map))
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
