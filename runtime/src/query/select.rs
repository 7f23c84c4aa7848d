//! SELECT: filter, join, group, order, and the methods that run it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::column::{Expr, Predicate, Sort};
use super::lock::LockedQuery;
use super::model::Model;
use super::order::SortList;
use super::page::Page;
use super::scope::{Maybe, NotNull, Push, Scope, Sources, TableRef};
use super::selection::{self, Selection};
use crate::convert::ColumnType;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor, Lease, Out, Target};
use crate::mode::Mode;
use crate::relation::{IncludeList, Relation};
use crate::row::Row;
use crate::sql::{Join, Node, Projection, Select, Source, SqlText, Statement, Table, Writer};
use crate::stream::RowStream;

/// A query over a scope `S`, whose rows are read as `O`, with related rows `I` loaded along.
///
/// `User::query()` is a `Query<User>`. Methods that take a closure give it the columns of everything in scope; nothing
/// runs before a terminal method such as [`Query::all`].
#[must_use = "a query does nothing until it is run, for instance with `all`"]
pub struct Query<S: Scope, O = <S as Scope>::Row, I = ()> {
    select: Select,
    sources: Sources,
    decode: Decoder<O>,
    includes: I,
    scope: PhantomData<fn() -> S>,
}

/// A function from a row to an `O` that has captured something.
type Decode<O> = dyn Fn(&Row<'_>) -> Result<O> + Send + Sync;

/// How a row becomes an `O`.
enum Decoder<O> {
    Plain(fn(&Row<'_>) -> Result<O>),
    Mapped(Arc<Decode<O>>),
}

impl<O> Clone for Decoder<O> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(decode) => Self::Plain(*decode),
            Self::Mapped(decode) => Self::Mapped(Arc::clone(decode)),
        }
    }
}

impl<S: Scope, O, I: Clone> Clone for Query<S, O, I> {
    fn clone(&self) -> Self {
        Self {
            select: self.select.clone(),
            sources: self.sources.clone(),
            decode: self.decode.clone(),
            includes: self.includes.clone(),
            scope: PhantomData,
        }
    }
}

impl<S: Scope, O, I> std::fmt::Debug for Query<S, O, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Query").field(&self.select).finish()
    }
}

impl<M: Model> Query<M> {
    /// All rows of a model; for generated code.
    #[doc(hidden)]
    pub fn new() -> Self {
        let source = Source::new();
        Self {
            select: Select::all(source, M::meta()),
            sources: Sources::One(source),
            decode: Decoder::Plain(|row| M::decode(row, 0)),
            includes: (),
            scope: PhantomData,
        }
    }
}

impl<M: Model> Default for Query<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope, O, I> Query<S, O, I> {
    fn columns(&self) -> S::Columns {
        S::columns(self.sources.as_slice())
    }

    pub(crate) fn select_mut(&mut self) -> &mut Select {
        &mut self.select
    }

    pub(crate) fn into_select(self) -> Select {
        self.select
    }

    /// Keeps the rows for which a condition is true; several filters must all be true.
    pub fn filter<P: Predicate>(mut self, condition: impl FnOnce(S::Columns) -> P) -> Self {
        self.select.filter.push(condition(self.columns()).into_node());
        self
    }

    /// Filters if there is a value to filter by: for search forms whose fields may be empty.
    pub fn filter_if<V, P: Predicate>(self, value: Option<V>, condition: impl FnOnce(S::Columns, V) -> P) -> Self {
        match value {
            Some(value) => self.filter(|columns| condition(columns, value)),
            None => self,
        }
    }

    /// Orders the rows; a second call orders within the first.
    pub fn order_by<L: SortList>(mut self, order: impl FnOnce(S::Columns) -> L) -> Self {
        order(self.columns()).push_to(&mut self.select.order);
        self
    }

    /// Orders by a name that comes from outside, out of the allowed ones; a `-` before it reverses the direction.
    ///
    /// # Errors
    /// `Query` with the allowed names when `choice` is none of them.
    pub fn order_by_choice<'n>(
        mut self,
        choice: &str,
        allowed: impl FnOnce(S::Columns) -> Vec<(&'n str, Sort)>,
    ) -> Result<Self> {
        let (name, reverse) = choice.strip_prefix('-').map_or((choice, false), |name| (name, true));
        let allowed = allowed(self.columns());
        let Some((_, sort)) = allowed.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
            return Err(Error::query(format!("cannot order by \"{choice}\"; the choices are {}", names.join(", "))));
        };
        let sort = sort.clone();
        self.select.order.push(if reverse { sort.reverse().0 } else { sort.0 });
        Ok(self)
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit = Some(rows);
        self
    }

    /// Skips so many rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset = Some(rows);
        self
    }

    /// Leaves out rows that are equal in everything that is selected.
    pub fn distinct(mut self) -> Self {
        self.select.distinct = true;
        self
    }
}

impl<S: Scope> Query<S> {
    /// Adds the rows that a relation leads to; rows without any are left out.
    pub fn join<R: Relation>(self, relation: impl FnOnce(S::Columns) -> R) -> Query<<S as Push<R::Target>>::Out>
    where
        S: Push<R::Target>,
    {
        self.join_relation::<R, R::Target>(relation, false)
    }

    /// Adds the rows that a relation leads to, or `None` where there are none.
    pub fn left_join<R: Relation>(
        self,
        relation: impl FnOnce(S::Columns) -> R,
    ) -> Query<<S as Push<Maybe<R::Target>>>::Out>
    where
        S: Push<Maybe<R::Target>>,
    {
        self.join_relation::<R, Maybe<R::Target>>(relation, true)
    }

    fn join_relation<R: Relation, T: TableRef>(
        mut self,
        relation: impl FnOnce(S::Columns) -> R,
        left: bool,
    ) -> Query<<S as Push<T>>::Out>
    where
        S: Push<T>,
    {
        let (from, meta) = relation(self.columns()).parts();
        let source = Source::new();
        crate::relation::push_joins(&mut self.select.joins, left, from, meta, source);
        self.pushed::<T>(source)
    }

    /// Adds the rows of a model for which a condition is true, for tables that no relation joins.
    pub fn join_on<M: Model>(
        self,
        on: impl FnOnce(S::Columns, M::Columns<NotNull>) -> Expr<bool>,
    ) -> Query<<S as Push<M>>::Out>
    where
        S: Push<M>,
    {
        let source = Source::new();
        let on = on(self.columns(), M::columns(source)).node();
        self.join_table::<M>(false, source, on)
    }

    /// Adds the rows of a model for which a condition is true, or `None` where there are none.
    pub fn left_join_on<M: Model>(
        self,
        on: impl FnOnce(S::Columns, M::Columns<NotNull>) -> Expr<bool>,
    ) -> Query<<S as Push<Maybe<M>>>::Out>
    where
        S: Push<Maybe<M>>,
    {
        let source = Source::new();
        let on = on(self.columns(), M::columns(source)).node();
        self.join_table::<Maybe<M>>(true, source, on)
    }

    fn join_table<T: TableRef>(mut self, left: bool, source: Source, on: Node) -> Query<<S as Push<T>>::Out>
    where
        S: Push<T>,
    {
        self.select.joins.push(Join { left, source, table: Table::Model(T::Model::meta()), on });
        self.pushed::<T>(source)
    }

    fn pushed<T: TableRef>(mut self, source: Source) -> Query<<S as Push<T>>::Out>
    where
        S: Push<T>,
    {
        self.select.projection.push(Projection::Model(source, T::Model::meta()));
        self.sources.push(source);
        Query {
            select: self.select,
            sources: self.sources,
            decode: Decoder::Plain(<S as Push<T>>::Out::decode),
            includes: (),
            scope: PhantomData,
        }
    }
}

impl<S: Scope, O> Query<S, O> {
    /// Groups rows by one or more columns; [`Query::select`] then takes these columns and aggregates.
    pub fn group_by<L: Selection>(mut self, columns: impl FnOnce(S::Columns) -> L) -> Self {
        self.select.group_by.extend(selection::nodes(columns(self.columns())));
        self
    }

    /// Keeps the groups for which a condition is true.
    pub fn having<P: Predicate>(mut self, condition: impl FnOnce(S::Columns) -> P) -> Self {
        self.select.having.push(condition(self.columns()).into_node());
        self
    }

    /// Selects columns, expressions or models instead of whole rows.
    pub fn select<L: Selection>(mut self, list: impl FnOnce(S::Columns) -> L) -> Query<S, L::Output> {
        self.select.projection.clear();
        list(S::columns(self.sources.as_slice())).project(&mut self.select.projection);
        Query {
            select: self.select,
            sources: self.sources,
            decode: Decoder::Plain(|row| L::decode(row, &mut 0)),
            includes: (),
            scope: PhantomData,
        }
    }
}

impl<S: Scope, O: 'static> Query<S, O> {
    /// Turns every row into something else, for instance a struct of one's own.
    pub fn map<R: 'static>(self, map: impl Fn(O) -> R + Send + Sync + 'static) -> Query<S, R> {
        let decode = self.decode;
        Query {
            select: self.select,
            sources: self.sources,
            decode: Decoder::Mapped(Arc::new(move |row| decode.row(row).map(&map))),
            includes: (),
            scope: PhantomData,
        }
    }
}

impl<S: Scope, T: ColumnType> Query<S, T> {
    /// This query of one column and one row as a value in another query.
    #[must_use]
    pub fn as_expr(self) -> Expr<Option<T::Inner>> {
        Expr::new(Node::Scalar(Box::new(self.select)))
    }
}

impl<O> Decoder<O> {
    fn row(&self, row: &Row<'_>) -> Result<O> {
        match self {
            Self::Plain(decode) => decode(row),
            Self::Mapped(decode) => decode(row),
        }
    }
}

/// The text of a SELECT for a connection that may run it.
fn written(select: &Select, lease: &mut Lease<'_>) -> Result<Statement<SqlText>> {
    select.lock.map_or(Ok(()), |lock| lease.check_lock(lock))?;
    Writer::select(lease.dialect(), select)
}

/// Runs a SELECT on a connection and decodes its rows.
async fn fetch<O: Send>(select: &Select, decode: &Decoder<O>, lease: &mut Lease<'_>) -> Result<Vec<O>> {
    let Statement { sql, params } = written(select, lease)?;
    let mut rows = Vec::new();
    let mut each = |row: &Row<'_>| {
        rows.push(decode.row(row).map_err(|error| select.locate(error, row.position()))?);
        Ok(())
    };
    match select.is_short() {
        true => lease.query_shared(&sql, &params, &mut each).await?,
        false => lease.query(&sql, &params, &mut each).await?,
    }
    Ok(rows)
}

/// The same for rows of a model and a function per row; for relations.
pub(crate) async fn fetch_each(
    select: &Select,
    lease: &mut Lease<'_>,
    each: &mut (dyn FnMut(&Row<'_>) -> Result<()> + Send),
) -> Result<()> {
    let Statement { sql, params } = Writer::select(lease.dialect(), select)?;
    lease.query(&sql, &params, &mut |row| each(row).map_err(|error| select.locate(error, row.position()))).await
}

/// Runs a query. Its SELECT is lent, as every future that has it by value has room for one of its own, and all of them
/// are moved to the heap together.
async fn run_on<O: Send + 'static, I: IncludeList<O>>(
    select: &Select,
    decode: &Decoder<O>,
    includes: I,
    target: Target<'_>,
) -> Result<Vec<I::Row>> {
    let mut lease = match select.is_short() {
        true => target.lease_shared(Access::Read).await?,
        false => target.lease(Access::Read).await?,
    };
    run(select, decode, includes, &mut lease).await
}

/// Runs it on a connection, and loads what comes along.
async fn run<O: Send + 'static, I: IncludeList<O>>(
    select: &Select,
    decode: &Decoder<O>,
    includes: I,
    lease: &mut Lease<'_>,
) -> Result<Vec<I::Row>> {
    let rows = fetch(select, decode, lease).await?;
    includes.load_all(rows, lease).await
}

/// The one value of a statement.
async fn single<T: Send>(
    target: Target<'_>,
    write: impl FnOnce(crate::Dialect) -> Result<Statement<SqlText>>,
    read: fn(&Row<'_>) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let mut lease = target.lease(Access::Read).await?;
    let Statement { sql, params } = write(lease.dialect())?;
    let mut value = None;
    lease
        .query(&sql, &params, &mut |row| {
            value = read(row)?;
            Ok(())
        })
        .await?;
    Ok(value)
}

impl<S: Scope, O: Send + 'static, I: IncludeList<O>> Query<S, O, I> {
    /// All rows.
    ///
    /// # Errors
    /// Those of the database, and `Decode` when a value does not fit its Rust type.
    pub fn all<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<I::Row>> {
        let (target, Self { select, decode, includes, .. }) = (on.target(), self);
        E::Mode::run(async move { run_on(&select, &decode, includes, target).await })
    }

    /// The first row, if there is any.
    ///
    /// # Errors
    /// Those of [`Query::all`].
    pub fn first<'e, E: Executor<'e>>(mut self, on: E) -> Out<'e, E, Option<I::Row>> {
        self.limit_to(1);
        let (target, Self { select, decode, includes, .. }) = (on.target(), self);
        E::Mode::run(async move { Ok(run_on(&select, &decode, includes, target).await?.pop()) })
    }

    /// The only row.
    ///
    /// # Errors
    /// `NotFound` when there is none, `NotUnique` when there are several, and those of [`Query::all`].
    pub fn one<'e, E: Executor<'e>>(mut self, on: E) -> Out<'e, E, I::Row> {
        self.limit_to(2);
        let (target, Self { select, decode, includes, .. }) = (on.target(), self);
        E::Mode::run(async move {
            let name = select.table_label();
            let rows = run_on(&select, &decode, includes, target).await?;
            at_most_one(rows, name)?
                .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no {name} matches the query")))
        })
    }

    /// The only row, or `None`.
    ///
    /// # Errors
    /// `NotUnique` when there are several, and those of [`Query::all`].
    pub fn one_or_none<'e, E: Executor<'e>>(mut self, on: E) -> Out<'e, E, Option<I::Row>> {
        self.limit_to(2);
        let (target, Self { select, decode, includes, .. }) = (on.target(), self);
        E::Mode::run(async move {
            let name = select.table_label();
            at_most_one(run_on(&select, &decode, includes, target).await?, name)
        })
    }

    /// A page of so many rows, with the number of all. Pages count from 1.
    ///
    /// # Errors
    /// `Query` for page 0 or pages of no rows, and those of [`Query::all`].
    pub fn paginate<'e, E: Executor<'e>>(self, page: u64, per_page: u64, on: E) -> Out<'e, E, Page<I::Row>> {
        let (target, Self { mut select, decode, includes, .. }) = (on.target(), self);
        E::Mode::run(async move {
            let offset = Page::<I::Row>::offset(page, per_page)?;
            let mut lease = target.lease(Access::Read).await?;
            let Statement { sql, params } = Writer::count(lease.dialect(), &select)?;
            let mut total = 0;
            lease
                .query(&sql, &params, &mut |row| {
                    total = row.uint(0)?.unwrap_or(0);
                    Ok(())
                })
                .await?;
            select.limit = Some(per_page);
            select.offset = Some(offset);
            let items = run(&select, &decode, includes, &mut lease).await?;
            Ok(Page { items, total, page, per_page })
        })
    }

    pub(crate) async fn run(self, lease: &mut Lease<'_>) -> Result<Vec<I::Row>> {
        run(&self.select, &self.decode, self.includes, lease).await
    }

    pub(crate) fn limit_to(&mut self, rows: u64) {
        self.select.limit = Some(self.select.limit.map_or(rows, |limit| limit.min(rows)));
    }
}

impl<S: Scope, O: Send + 'static> Query<S, O> {
    /// The rows one after another, for results that are larger than memory; see [`RowStream`]. Related rows cannot be
    /// included, since the connection is in use.
    ///
    /// # Errors
    /// Those of [`Query::all`], as the last item.
    pub fn stream<'e, E: Executor<'e>>(self, on: E) -> RowStream<'e, E::Mode, O> {
        let target = on.target();
        RowStream::new(move |sink| async move {
            let mut lease = target.lease(Access::Read).await?;
            let Statement { sql, params } = written(&self.select, &mut lease)?;
            let (mut each, gate) =
                sink.fill(|row| self.decode.row(row).map_err(|error| self.select.locate(error, row.position())));
            lease.stream(&sql, &params, &mut each, gate).await
        })
    }
}

impl<S: Scope, O, I> Query<S, O, I> {
    /// How many rows there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64> {
        let (target, select) = (on.target(), self.select);
        E::Mode::run(async move {
            let count = single(target, |dialect| Writer::count(dialect, &select), |row| row.uint(0)).await?;
            Ok(count.unwrap_or(0))
        })
    }

    /// Whether there is any row.
    ///
    /// # Errors
    /// Those of the database.
    pub fn exists<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, bool> {
        let (target, select) = (on.target(), self.select);
        E::Mode::run(async move {
            let exists = single(target, |dialect| Writer::exists(dialect, &select), |row| row.bool(0)).await?;
            Ok(exists.unwrap_or(false))
        })
    }

    /// The SQL text that this query sends in a dialect, to look at or to log.
    ///
    /// # Errors
    /// `Query` when it uses a column that is not in its scope.
    pub fn to_sql(&self, dialect: crate::Dialect) -> Result<String> {
        Writer::select(dialect, &self.select).map(|statement| statement.sql.into())
    }
}

fn at_most_one<T>(mut rows: Vec<T>, name: &str) -> Result<Option<T>> {
    if rows.len() > 1 {
        return Err(Error::new(ErrorKind::NotUnique, format!("more than one {name} matches the query")));
    }
    Ok(rows.pop())
}

/// `include` for a query that has some already: each adds one place to the tuple.
macro_rules! includes {
    ($($I:ident $at:tt),*) => {
        impl<M: Model, $($I),*> Query<M, M, ($($I,)*)> {
            /// Loads related rows along with every row, in one more statement per relation.
            pub fn include<R: crate::relation::IntoInclude<M>>(
                self,
                relation: impl FnOnce(M::Columns<NotNull>) -> R,
            ) -> Query<M, M, ($($I,)* R::Include,)> {
                let include = relation(M::columns(self.select.source)).into_include();
                Query {
                    includes: ($(self.includes.$at,)* include,),
                    select: self.select,
                    sources: self.sources,
                    decode: self.decode,
                    scope: PhantomData,
                }
            }
        }

        impl<M: Model, W, $($I),*> LockedQuery<M, M, ($($I,)*), W> {
            /// See [`Query::include`]. The rows that come along are not locked.
            pub fn include<R: crate::relation::IntoInclude<M>>(
                self,
                relation: impl FnOnce(M::Columns<NotNull>) -> R,
            ) -> LockedQuery<M, M, ($($I,)* R::Include,), W> {
                self.then(|query| query.include(relation))
            }
        }
    };
}

includes!();
includes!(A 0);
includes!(A 0, B 1);
includes!(A 0, B 1, C 2);
includes!(A 0, B 1, C 2, D 3);
includes!(A 0, B 1, C 2, D 3, E 4);
includes!(A 0, B 1, C 2, D 3, E 4, F 5);
includes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
