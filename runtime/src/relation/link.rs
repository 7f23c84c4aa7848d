//! Lazy loading from a row in hand, and links between rows of a many-to-many relation.

use super::handle::join_between;
use crate::error::Result;
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::{ColumnMeta, RelationMeta, ThroughMeta};
use crate::mode::Mode;
use crate::query::{Model, NotNull, Page, Predicate, Query, SortList};
use crate::sql::{Existing, Insert, Node, Select, Source, Statement, Table, Write, Writer};
use crate::value::Value;

/// The rows that a relation, by its number, leads to from one row; for generated code.
#[doc(hidden)]
pub fn related<P: Model, C: Model>(parent: &P, relation: usize) -> Query<C> {
    let meta = P::RELATIONS.get(relation).unwrap_or(&RelationMeta::NONE);
    let mut query = Query::<C>::new();
    restrict(query.select_mut(), meta, &|column| parent.value(column));
    query
}

/// The value of a column of a row in hand, by its position.
type Values<'v> = &'v dyn Fn(usize) -> Result<Value<'v>>;

/// Keeps what belongs to one row. Not generic: there is a method for every relation of every model, and one copy of
/// this in each was more than half of what the compiler had to translate.
fn restrict(select: &mut Select, meta: &'static RelationMeta, values: Values<'_>) {
    let source = select.source;
    let bind = |column: usize| Node::bind(values(column).map(Value::into_owned));
    let on = match meta.through {
        None => Node::equal_pairs(meta.on.iter().filter_map(|&(parent, child)| {
            meta.child.columns.get(child).map(|column| (Node::Column(source, column), bind(parent)))
        })),
        Some(through) => {
            let between = Source::new();
            select.joins.push(join_between(meta, through, source, between));
            Node::equal_pairs(through.near.iter().map(|(parent, near)| (Node::Column(between, near), bind(*parent))))
        }
    };
    select.filter.push(on);
}

/// The owned values of a row in hand, at these positions.
fn owned(columns: &mut dyn Iterator<Item = usize>, values: Values<'_>) -> Result<Vec<Value<'static>>> {
    columns.map(|column| values(column).map(Value::into_owned)).collect()
}

/// The other side of a many-to-many relation from one row: a query, and the links themselves.
#[derive(Debug)]
#[must_use = "does nothing until it is run"]
pub struct Links<C: Model> {
    query: Query<C>,
    through: &'static ThroughMeta,
    near: Result<Vec<Value<'static>>>,
}

impl<C: Model> Links<C> {
    /// The links of a row over a relation, by its number; for generated code.
    #[doc(hidden)]
    pub fn new<P: Model>(parent: &P, relation: usize) -> Self {
        let through = P::RELATIONS.get(relation).and_then(|meta| meta.through).unwrap_or(&ThroughMeta::NONE);
        let near = owned(&mut through.near.iter().map(|(column, _)| *column), &|column| parent.value(column));
        Self { query: related(parent, relation), through, near }
    }

    /// Links a row; `false` when it was linked already.
    ///
    /// # Errors
    /// `ForeignKeyViolation` when one of the rows is not stored any more, and those of the database.
    pub fn link<'e, E: Executor<'e>>(self, on: E, row: &C) -> Out<'e, E, bool> {
        let (target, far) = (on.target(), self.far(row));
        E::Mode::run(async move {
            let mut lease = target.lease(Access::Write).await?;
            Ok(insert(&mut lease, self.through, &self.near?, &far?).await? > 0)
        })
    }

    /// Takes a link away; `false` when there was none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn unlink<'e, E: Executor<'e>>(self, on: E, row: &C) -> Out<'e, E, bool> {
        let (target, far) = (on.target(), self.far(row));
        E::Mode::run(async move {
            let mut lease = target.lease(Access::Write).await?;
            Ok(delete(&mut lease, self.through, &self.near?, &far?).await? > 0)
        })
    }

    /// Makes these rows the only ones that are linked, in one transaction.
    ///
    /// # Errors
    /// `ForeignKeyViolation` when one of the rows is not stored any more, and those of the database.
    pub fn replace<'e, 'r, E: Executor<'e>>(self, on: E, rows: impl IntoIterator<Item = &'r C>) -> Out<'e, E, ()> {
        let target = on.target();
        let far: Result<Vec<_>> = rows.into_iter().map(|row| self.far(row)).collect();
        E::Mode::run(async move {
            let (near, far) = (self.near?, far?);
            let mut lease = target.lease(Access::Write).await?;
            lease.begin_atomic().await?;
            let result = replace(&mut lease, self.through, &near, &far).await;
            lease.finish_atomic(result).await
        })
    }

    /// Takes all links away and says how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub fn clear<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64> {
        let target = on.target();
        E::Mode::run(async move {
            let mut lease = target.lease(Access::Write).await?;
            delete(&mut lease, self.through, &self.near?, &[]).await
        })
    }

    fn far(&self, row: &C) -> Result<Vec<Value<'static>>> {
        owned(&mut self.through.far.iter().map(|(_, column)| *column), &|column| row.value(column))
    }

    /// The linked rows as a query.
    pub fn query(self) -> Query<C> {
        self.query
    }

    /// Keeps the linked rows for which a condition is true.
    pub fn filter<P: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> P) -> Query<C> {
        self.query.filter(condition)
    }

    /// Orders the linked rows.
    pub fn order_by<L: SortList>(self, order: impl FnOnce(C::Columns<NotNull>) -> L) -> Query<C> {
        self.query.order_by(order)
    }

    /// At most so many linked rows.
    pub fn limit(self, rows: u64) -> Query<C> {
        self.query.limit(rows)
    }

    /// All linked rows.
    ///
    /// # Errors
    /// Those of [`Query::all`].
    pub fn all<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<C>> {
        self.query.all(on)
    }

    /// The first linked row, if there is any.
    ///
    /// # Errors
    /// Those of [`Query::all`].
    pub fn first<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Option<C>> {
        self.query.first(on)
    }

    /// A page of the linked rows.
    ///
    /// # Errors
    /// Those of [`Query::paginate`].
    pub fn paginate<'e, E: Executor<'e>>(self, page: u64, per_page: u64, on: E) -> Out<'e, E, Page<C>> {
        self.query.paginate(page, per_page, on)
    }

    /// How many rows are linked.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64> {
        self.query.count(on)
    }

    /// Whether any row is linked.
    ///
    /// # Errors
    /// Those of the database.
    pub fn exists<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, bool> {
        self.query.exists(on)
    }
}

async fn insert(
    lease: &mut Lease<'_>,
    through: &'static ThroughMeta,
    near: &[Value<'static>],
    far: &[Value<'static>],
) -> Result<u64> {
    let columns: Vec<&'static ColumnMeta> =
        through.near.iter().map(|(_, column)| column).chain(through.far.iter().map(|(column, _)| column)).collect();
    let insert =
        Insert { table: Table::Through(through), columns: &columns, returning: &[], existing: Existing::Ignored };
    let sql = Writer::insert(lease.dialect(), &insert)?.sql;
    let params = [near, far].concat();
    match lease.execute(&sql, &params).await {
        Ok(done) => Ok(done.affected),
        // A statement that fails so changes nothing, and the transaction goes on.
        Err(error) if error.is_unique_violation() && !lease.dialect().ignores_existing() => Ok(0),
        Err(error) => Err(error),
    }
}

async fn delete(
    lease: &mut Lease<'_>,
    through: &'static ThroughMeta,
    near: &[Value<'static>],
    far: &[Value<'static>],
) -> Result<u64> {
    let source = Source::new();
    let equal = |column, value: &Value<'static>| (Node::Column(source, column), Node::Bind(value.clone()));
    let near = through.near.iter().map(|(_, column)| column).zip(near);
    let far = through.far.iter().map(|(column, _)| column).zip(far);
    let filter = [Node::equal_pairs(near.chain(far).map(|(column, value)| equal(column, value)))];
    let write = Write { source, table: Table::Through(through), set: &[], filter: &filter };
    let Statement { sql, params } = Writer::write(lease.dialect(), &write)?;
    Ok(lease.execute(&sql, &params).await?.affected)
}

async fn replace(
    lease: &mut Lease<'_>,
    through: &'static ThroughMeta,
    near: &[Value<'static>],
    far: &[Vec<Value<'static>>],
) -> Result<()> {
    delete(lease, through, near, &[]).await?;
    for far in far {
        insert(lease, through, near, far).await?;
    }
    Ok(())
}
