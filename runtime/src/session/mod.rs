//! The session: a unit of work. Rows are added, changed and deleted in memory; the session works out the statements.

mod arena;
mod bulk;
mod cascade;
mod change;
mod collect;
mod cycle;
mod done;
mod edges;
mod event;
mod key;
mod load;
mod news;
mod park;
mod plan;
mod related;
mod reread;
mod run;
mod savepoint;
mod shelf;
mod straight;
#[cfg(test)]
mod tests;
mod undo;
mod work;

use std::future::ready;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::panic::Location;
use std::sync::Arc;

pub(crate) use arena::Arena;
pub use change::{Action, Change, Changed};
pub use done::Done;
pub(crate) use event::subscribe;
pub use event::{Committed, Subscription};
pub use key::{Entity, Key};
pub use load::{Absorb, Loadable};
pub use savepoint::{NoFlush, Savepoint};
pub(crate) use work::Core;

use crate::convert::KeyColumns;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Executor, Target, sealed};
use crate::mode::{Async, Mode};
use crate::pool::Pool;
use crate::query::{Insertable, Keyed, Model, NotNull};
use crate::relation::{Cardinality, Many, Rel, Relation};
use crate::transaction::{Transactional, TxOptions};

/// An async session.
pub type Session = UnitOfWork<Async>;

/// A unit of work: a set of rows that are read, changed, added and deleted together, in one transaction.
///
/// Rows live in the session and are reached by small keys: `session[key]` reads a row, and writing to it is all that is
/// needed to have it updated. [`UnitOfWork::add`] takes new rows; their keys can stand for them in foreign keys at once.
/// [`UnitOfWork::flush`] sends what is pending: inserts of parents first, deletes of children first, in as few
/// statements as can be. Everything that reads flushes first, except through [`UnitOfWork::no_flush`].
///
/// One row is one row: whatever is loaded twice has one key. A row that is read again takes the place of the one in the
/// session, unless that was changed here.
///
/// The transaction begins with the first statement. [`UnitOfWork::commit`] ends the session; dropping it rolls back.
/// After a flush that failed, only [`UnitOfWork::rollback`] helps, or to drop it.
#[must_use = "a session that is dropped rolls back"]
pub struct UnitOfWork<M: Mode> {
    core: Core,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> UnitOfWork<M> {
    pub(crate) fn new(pool: Arc<Pool>, options: TxOptions, begun_at: &'static Location<'static>) -> Self {
        Self { core: Core::new(pool, options, begun_at), mode: PhantomData }
    }

    /// Adds a new row, which the next flush inserts. Its key can stand for it where a foreign key is asked for.
    pub fn add<N: Insertable<Model: Keyed>>(&mut self, row: N) -> Key<N> {
        self.core.arena.add(row)
    }

    /// Adds several new rows.
    pub fn add_all<N: Insertable<Model: Keyed>>(&mut self, rows: impl IntoIterator<Item = N>) -> Vec<Key<N>> {
        rows.into_iter().map(|row| self.add(row)).collect()
    }

    /// The row of a primary key, if there is one; without a statement when it is here already.
    ///
    /// # Errors
    /// Those of the database.
    pub fn get<T: Keyed>(&mut self, key: impl Into<T::Key>) -> M::Out<'_, Option<Key<T>>> {
        let values = <T as Keyed>::Columns::values(&key.into());
        // Looked up before there is a future, so that a row that is here costs a look-up and no more.
        let here = values.as_ref().map(|values| self.core.here::<T>(values));
        match here {
            Ok(Ok(Some(found))) => M::run(ready(Ok(found))),
            Ok(Err(error)) => M::run(ready(Err(error))),
            _ => M::run(async move { self.core.fetch::<T>(values?).await }),
        }
    }

    /// Loads the rows of a query, with everything that it includes.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load<Q: Loadable>(&mut self, query: Q) -> M::Out<'_, Vec<Key<Q::Model>>> {
        let query = query.into_query();
        M::run(async move { self.core.load(query).await })
    }

    /// Loads the only row of a query.
    ///
    /// # Errors
    /// `NotFound` when there is none, `NotUnique` when there are several, and those of the database.
    pub fn one<Q: Loadable>(&mut self, query: Q) -> M::Out<'_, Key<Q::Model>> {
        let mut query = query.into_query();
        query.limit_to(2);
        M::run(async move {
            let model = <Q::Model as Model>::META.model;
            match self.core.load(query).await?.as_slice() {
                [key] => Ok(*key),
                [] => Err(Error::new(ErrorKind::NotFound, format!("no {model} matches the query"))),
                _ => Err(Error::new(ErrorKind::NotUnique, format!("more than one {model} matches the query"))),
            }
        })
    }

    /// Loads the first row of a query, if there is any.
    ///
    /// # Errors
    /// Those of the database.
    pub fn first<Q: Loadable>(&mut self, query: Q) -> M::Out<'_, Option<Key<Q::Model>>> {
        let mut query = query.into_query();
        query.limit_to(1);
        M::run(async move { Ok(self.core.load(query).await?.pop()) })
    }

    /// The row behind a key.
    ///
    /// # Errors
    /// `Query` for a key of another session.
    pub fn try_get<T: Entity>(&self, key: Key<T>) -> Result<&T> {
        self.core.arena.get(key)
    }

    /// The row behind a key, to write to.
    ///
    /// # Errors
    /// `Query` for a key of another session.
    pub fn try_get_mut<T: Entity>(&mut self, key: Key<T>) -> Result<&mut T> {
        self.core.arena.get_mut(key)
    }

    /// What a new row became when it was flushed; for a row that was stored anyway, its own key.
    ///
    /// # Errors
    /// `NotFound` when it is not flushed yet or was never stored, `Query` for a key of another session.
    pub fn stored<T: Entity>(&self, key: Key<T>) -> Result<Key<T::Model>> {
        let index = self.core.arena.index_of(key)?;
        let row = self.core.arena.stored(index).ok_or_else(|| {
            let label = self.core.arena.label(index);
            Error::new(ErrorKind::NotFound, format!("a {label} is not stored yet: flush the session first"))
        })?;
        Ok(Key::new(key.session, row))
    }

    /// Deletes a row at the next flush. A new row is just not inserted. With `cascade: session` in the spec, what belongs to
    /// it goes with it: the flush reads those rows, and deletes them first.
    ///
    /// # Errors
    /// `NotFound` when it is not stored any more or was detached, `Query` for a key of another session.
    pub fn delete<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        self.core.delete(key)
    }

    /// Reads a row again and forgets what was changed in it.
    ///
    /// # Errors
    /// `NotFound` when it is not stored any more, and those of the database.
    pub fn refresh<T: Entity>(&mut self, key: Key<T>) -> M::Out<'_, ()> {
        M::run(async move { self.core.refresh(key).await })
    }

    /// Forgets what was changed in a row, and has the next [`UnitOfWork::get`] read it again.
    ///
    /// # Errors
    /// `NotFound` when it is not stored, `Query` for a key of another session.
    pub fn expire<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        self.core.expire(key)
    }

    /// Lets go of a row: it can still be read, but nothing that is done to it matters any more.
    ///
    /// # Errors
    /// `Query` for a key of another session.
    pub fn detach<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        self.core.detach(key)
    }

    /// The rows that a relation leads to. They are loaded for all rows that were loaded together with this one.
    ///
    /// # Errors
    /// `NotFound` when the row is not stored any more, and those of the database.
    pub fn related<T: Entity, C: Keyed, K: Cardinality>(
        &mut self,
        key: Key<T>,
        relation: impl FnOnce(<T::Model as Model>::Columns<NotNull>) -> Rel<T::Model, C, K>,
    ) -> M::Out<'_, K::Out<Key<C>>> {
        let meta = related::meta_of::<T, _>(relation);
        M::run(async move {
            let index = self.core.arena.index_of(key)?;
            self.core.related::<C, K>(index, meta).await
        })
    }

    /// Links two rows at the next flush: over the table between, or by making the other row belong to this one where it
    /// is the one with the foreign key.
    ///
    /// # Errors
    /// `Query` for a key of another session, and for a row that was deleted.
    pub fn link<T: Entity, U: Entity>(
        &mut self,
        key: Key<T>,
        relation: impl FnOnce(<T::Model as Model>::Columns<NotNull>) -> Rel<T::Model, U::Model, Many>,
        other: Key<U>,
    ) -> Result<()> {
        let ends = (self.core.arena.index_of(key)?, self.core.arena.index_of(other)?);
        self.core.link(ends.0, related::meta_of::<T, _>(relation), ends.1, true)
    }

    /// Takes the link of two rows away at the next flush, if there is one. Where the other row has the foreign key, that
    /// becomes NULL; where the spec says `orphans: delete`, the row is deleted, unless it is linked to another.
    ///
    /// # Errors
    /// Those of [`UnitOfWork::link`], and `Query` for a foreign key that is not null without `orphans: delete`.
    pub fn unlink<T: Entity, U: Entity>(
        &mut self,
        key: Key<T>,
        relation: impl FnOnce(<T::Model as Model>::Columns<NotNull>) -> Rel<T::Model, U::Model, Many>,
        other: Key<U>,
    ) -> Result<()> {
        let ends = (self.core.arena.index_of(key)?, self.core.arena.index_of(other)?);
        self.core.link(ends.0, related::meta_of::<T, _>(relation), ends.1, false)
    }

    /// Makes a row belong to another, stored or new: sets the foreign key of the relation at the next flush.
    ///
    /// # Errors
    /// `Query` when the foreign key is on the other side, and for a key of another session.
    pub fn assign<T: Entity, U: Entity, R: Relation<Target = U::Model>>(
        &mut self,
        key: Key<T>,
        relation: impl FnOnce(<T::Model as Model>::Columns<NotNull>) -> R,
        parent: Key<U>,
    ) -> Result<()> {
        let ends = (self.core.arena.index_of(key)?, self.core.arena.index_of(parent)?);
        self.core.assign(ends.0, related::meta_of::<T, _>(relation), ends.1)
    }

    /// Sends everything that is pending.
    ///
    /// # Errors
    /// Violations, `Stale` and `NotFound` naming the row that was changed or deleted by others, `Query` for rows that
    /// wait for each other in a circle. After an error of the database the session has to be rolled back.
    pub fn flush(&mut self) -> M::Out<'_, ()> {
        M::run(async move { self.core.flush().await })
    }

    /// Flushes, commits, and gives the rows out.
    ///
    /// # Errors
    /// Those of [`UnitOfWork::flush`]; everything is rolled back then.
    pub fn commit(mut self) -> M::Out<'static, Done> {
        M::run(async move {
            self.core.commit().await?;
            Ok(Done(self.core.arena))
        })
    }

    /// Rolls back. Rows are again as they were before the transaction, new ones can be read and nothing else; the
    /// session can go on with a new transaction. Rows that were read for the first time after something had been written
    /// are read once more, since nothing else is known of them.
    ///
    /// # Errors
    /// Those of the database; the transaction is over all the same.
    pub fn rollback(&mut self) -> M::Out<'_, ()> {
        M::run(async move { self.core.rollback().await })
    }

    /// Flushes and sets a savepoint: what is done through the handle can be rolled back by itself. Dropped without
    /// [`Savepoint::commit`], it is.
    ///
    /// # Errors
    /// Those of [`UnitOfWork::flush`].
    pub fn begin(&mut self) -> M::Out<'_, Savepoint<'_, M>> {
        M::run(async move {
            let mark = self.core.nest().await?;
            Ok(Savepoint::new(self, mark))
        })
    }

    /// Whether a flush would send anything.
    ///
    /// # Errors
    /// `Encode` when a value does not fit its column.
    pub fn is_dirty(&self) -> Result<bool> {
        let changes = self.core.arena.changes()?;
        Ok(!changes.ops.is_empty() || !changes.links.is_empty())
    }

    /// What a flush would change, in the order in which it was changed here.
    ///
    /// # Errors
    /// `Encode` when a value does not fit its column.
    pub fn changes(&self) -> Result<Vec<Change>> {
        change::list(&self.core.arena)
    }

    /// The steps of a flush as lines of text, in their order; rows by their number in the session.
    ///
    /// # Errors
    /// Those that [`UnitOfWork::flush`] finds before it sends anything.
    pub fn plan(&self) -> Result<Vec<String>> {
        Ok(self.core.steps()?.iter().map(ToString::to_string).collect())
    }

    /// The session as one whose statements do not flush first.
    pub fn no_flush(&mut self) -> NoFlush<'_, M> {
        NoFlush::new(self)
    }
}

/// Reads a row.
///
/// # Panics
/// For a key of another session; see [`UnitOfWork::try_get`].
impl<T: Entity, M: Mode> Index<Key<T>> for UnitOfWork<M> {
    type Output = T;

    #[track_caller]
    fn index(&self, key: Key<T>) -> &T {
        given(self.core.arena.get(key))
    }
}

/// Writes to a row.
///
/// # Panics
/// For a key of another session; see [`UnitOfWork::try_get_mut`].
impl<T: Entity, M: Mode> IndexMut<Key<T>> for UnitOfWork<M> {
    #[track_caller]
    fn index_mut(&mut self, key: Key<T>) -> &mut T {
        given(self.core.arena.get_mut(key))
    }
}

/// Indexing has no other way to refuse a key; `try_get` has.
#[track_caller]
#[allow(clippy::panic)]
fn given<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

impl<M: Mode> sealed::Sealed for &mut UnitOfWork<M> {}

impl<'e, M: Mode> Executor<'e> for &'e mut UnitOfWork<M> {
    type Mode = M;

    fn target(self) -> Target<'e> {
        Target::session(&mut self.core)
    }
}

impl<'e, M: Mode> Transactional<'e> for &'e mut UnitOfWork<M> {}

impl<M: Mode> std::fmt::Debug for UnitOfWork<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("rows", &self.core.arena.entries.len()).finish_non_exhaustive()
    }
}
