//! UPDATE of all rows that match a filter.

use std::marker::PhantomData;

use super::column::{Column, Predicate};
use super::model::Model;
use super::scope::NotNull;
use crate::convert::{ColumnType, Operand};
use crate::error::{Error, Result};
use crate::executor::{Access, Executor, Lease, Out, Target};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::Assigned;
use crate::mode::Mode;
use crate::sql::{BinaryOp, Node, Source, Statement, Table, Write, Writer};
use crate::value::Value;

/// Neither a filter nor `all_rows` yet: cannot be run.
#[derive(Debug)]
pub enum Unfiltered {}
/// Has a filter, or is meant for all rows.
#[derive(Debug)]
pub enum Filtered {}

/// It is said which rows are meant.
#[diagnostic::on_unimplemented(
    message = "it is not said which rows are meant",
    label = "`filter(|row| …)` comes before, or `all_rows()` where every row of the table is meant"
)]
pub trait Bounded: 'static {}

impl Bounded for Filtered {}

/// A column and what it is set to.
pub(super) type Assignment = (&'static ColumnMeta, Node);

/// Sets a column. The last word on it counts, as databases do not agree on what twice means. One that the database computes
/// or that counts the writes of a row is refused when the statement is run.
pub(super) fn assign(meta: &ModelMeta, set: &mut Vec<Assignment>, column: &'static ColumnMeta, value: Node) {
    let is_version = meta.version.and_then(|at| meta.columns.get(at)).is_some_and(|known| known.name == column.name);
    let why = match (column.generated, is_version) {
        (true, _) => Some("is computed by the database"),
        (_, true) => Some("counts the writes of a row by itself"),
        _ => None,
    };
    let refused =
        |why| Node::bind(Err(Error::query(format!("{}.{} {why}, and cannot be set", meta.model, column.field))));
    set.retain(|(known, _)| known.name != column.name);
    set.push((column, why.map_or(value, refused)));
}

/// An UPDATE. It can be run once it has a filter, or `all_rows` says that none is meant.
#[derive(Debug)]
#[must_use = "nothing is updated before `run`"]
pub struct Update<M, F = Unfiltered> {
    source: Source,
    set: Vec<Assignment>,
    filter: Vec<Node>,
    ty: PhantomData<fn() -> (M, F)>,
}

impl<M: Model> Update<M> {
    /// An UPDATE of a model; for generated code.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { source: Source::new(), set: Vec::new(), filter: Vec::new(), ty: PhantomData }
    }
}

impl<M: Model> Default for Update<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Model, F> Update<M, F> {
    /// Updates only rows for which a condition is true; several filters must all be true.
    pub fn filter<P: Predicate>(mut self, condition: impl FnOnce(M::Columns<NotNull>) -> P) -> Update<M, Filtered> {
        self.filter.push(condition(M::columns(self.source)).into_node());
        self.all_rows()
    }

    /// Updates all rows, on purpose.
    pub fn all_rows(self) -> Update<M, Filtered> {
        Update { source: self.source, set: self.set, filter: self.filter, ty: PhantomData }
    }

    fn assign(&mut self, column: &'static ColumnMeta, value: Node) {
        assign(M::meta(), &mut self.set, column, value);
    }

    /// Sets a column to a value. Of a column that is set twice, the last word counts.
    pub fn set<T: ColumnType>(
        mut self,
        column: impl FnOnce(M::Columns<NotNull>) -> Column<T>,
        value: impl Operand<T::Class>,
    ) -> Self {
        self.assign(column(M::columns(self.source)).meta(), value.into_node());
        self
    }

    /// Sets a column that may be NULL to a value, or to NULL.
    pub fn set_option<T: ColumnType<Inner = T>>(
        mut self,
        column: impl FnOnce(M::Columns<NotNull>) -> Column<Option<T>>,
        value: Option<impl Operand<T::Class>>,
    ) -> Self {
        let node = value.map_or(Node::Bind(Value::Null), Operand::into_node);
        self.assign(column(M::columns(self.source)).meta(), node);
        self
    }

    /// Sets a column to NULL.
    pub fn set_null<T>(mut self, column: impl FnOnce(M::Columns<NotNull>) -> Column<Option<T>>) -> Self {
        self.assign(column(M::columns(self.source)).meta(), Node::Bind(Value::Null));
        self
    }

    /// Sets a column to an expression of the row: `set_to(|p| (p.views, p.views + 1))`.
    pub fn set_to<T: ColumnType, O: Operand<T::Class>>(
        mut self,
        assignment: impl FnOnce(M::Columns<NotNull>) -> (Column<T>, O),
    ) -> Self {
        let (column, value) = assignment(M::columns(self.source));
        self.assign(column.meta(), value.into_node());
        self
    }
}

/// A connection for a write of the rows that a filter lets through: a shared one where that is one row.
pub(super) async fn write_lease<'e>(
    target: Target<'e>,
    meta: &'static ModelMeta,
    source: Source,
    filter: &[Node],
) -> Result<Lease<'e>> {
    match source.is_one_row(meta, filter) {
        true => target.lease_shared(Access::Write).await,
        false => target.lease(Access::Write).await,
    }
}

impl<M: Model, F> Update<M, F> {
    /// Runs it and says how many rows matched.
    ///
    /// # Errors
    /// `Query` when nothing is set, or a column that is computed or counts by itself, violations, and others of the database.
    pub fn run<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64>
    where
        F: Bounded,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut lease = write_lease(target, M::meta(), self.source, &self.filter).await?;
            let (dialect, set) = (lease.dialect(), self.assignments()?);
            let write = Write { source: self.source, table: Table::Model(M::meta()), set: &set, filter: &self.filter };
            let Statement { sql, params } = Writer::write(dialect, &write)?;
            let affected = lease.execute_shared(&sql, &Assigned::new(dialect, &write, &params)).await?;
            lease.written(M::meta()).await?;
            Ok(affected)
        })
    }

    fn assignments(&self) -> Result<Vec<Assignment>> {
        if self.set.is_empty() {
            return Err(Error::query(format!("an update of {} that sets no column", M::meta().model)));
        }
        let (source, mut set) = (self.source, self.set.clone());
        if let Some(version) = M::meta().version.and_then(|at| M::meta().columns.get(at)) {
            // Who holds such a row in hand must see that it changed.
            let counted = Node::binary(BinaryOp::Add, Node::Column(source, version), Node::Bind(Value::Int(1)));
            set.push((version, counted));
        }
        Ok(set)
    }
}
