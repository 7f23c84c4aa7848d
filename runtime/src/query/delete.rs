//! DELETE of all rows that match a filter.

use std::marker::PhantomData;

use super::column::Predicate;
use super::model::Model;
use super::scope::NotNull;
use super::update::{Bounded, Filtered, Unfiltered, write_lease};
use crate::executor::{Executor, Out};
use crate::mode::Mode;
use crate::sql::{Node, Source, Statement, Table, Write, Writer};

/// A DELETE. It can be run once it has a filter, or `all_rows` says that none is meant.
#[derive(Debug)]
#[must_use = "nothing is deleted before `run`"]
pub struct Delete<M, F = Unfiltered> {
    source: Source,
    filter: Vec<Node>,
    ty: PhantomData<fn() -> (M, F)>,
}

impl<M: Model> Delete<M> {
    /// A DELETE of a model; for generated code.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { source: Source::new(), filter: Vec::new(), ty: PhantomData }
    }
}

impl<M: Model> Default for Delete<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Model, F> Delete<M, F> {
    /// Deletes only rows for which a condition is true; several filters must all be true.
    pub fn filter<P: Predicate>(mut self, condition: impl FnOnce(M::Columns<NotNull>) -> P) -> Delete<M, Filtered> {
        self.filter.push(condition(M::columns(self.source)).into_node());
        self.all_rows()
    }

    /// Deletes all rows, on purpose.
    pub fn all_rows(self) -> Delete<M, Filtered> {
        Delete { source: self.source, filter: self.filter, ty: PhantomData }
    }
}

impl<M: Model, F> Delete<M, F> {
    /// Runs it and says how many rows were deleted.
    ///
    /// # Errors
    /// `ForeignKeyViolation` when other rows refer to them, and others of the database.
    pub fn run<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64>
    where
        F: Bounded,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut lease = write_lease(target, M::meta(), self.source, &self.filter).await?;
            let (source, table) = (self.source, Table::Model(M::meta()));
            let write = Write { source, table, set: &[], filter: &self.filter };
            let Statement { sql, params } = Writer::write(lease.dialect(), &write)?;
            let affected = lease.execute_shared(&sql, &params).await?;
            lease.written(M::meta()).await?;
            Ok(affected)
        })
    }
}
