//! A session without its mode: the rows, the transaction, and when which of them is used.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use super::arena::{Arena, State};
use super::key::{Entity, Key};
use super::load::{Absorb, Loader};
use super::{event, plan, reread, run};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Lease, Target};
use crate::pool::Pool;
use crate::query::{Keyed, Query, fetch_by_key};
use crate::relation::IncludeList;
use crate::sql::Dialect;
use crate::transaction::{Level, TxOptions};
use crate::value::Value;

/// A future of a session's own work.
type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

#[doc(hidden)]
pub struct Core {
    pool: Arc<Pool>,
    /// The transaction and the savepoints in it.
    pub(super) levels: Vec<Arc<Level>>,
    pub(super) arena: Arena,
    /// Whether statements flush first.
    pub(super) flushes: bool,
    /// A flush did not end well: only a rollback helps.
    pub(super) broken: bool,
    /// How its transaction begins, and where that was asked for.
    options: TxOptions,
    begun_at: &'static Location<'static>,
}

impl Core {
    pub(super) fn new(pool: Arc<Pool>, options: TxOptions, begun_at: &'static Location<'static>) -> Self {
        Self { pool, levels: Vec::new(), arena: Arena::new(), flushes: true, broken: false, options, begun_at }
    }

    fn check(&self) -> Result<()> {
        match self.broken {
            true => Err(Error::new(
                ErrorKind::Transaction,
                "a flush of this session failed or was cancelled: roll the session back before going on",
            )),
            false => Ok(()),
        }
    }

    /// Begins the transaction, unless it has begun.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if self.levels.is_empty() {
            let level = Level::begin(Arc::clone(&self.pool), self.options, self.begun_at).await?;
            self.levels.push(level);
        }
        Ok(())
    }

    /// Gets ready for a statement: what is pending is written first, so that the statement sees it.
    async fn ready(&mut self) -> Result<()> {
        self.check()?;
        self.begin().await?;
        if !self.arena.doubtful.is_empty() {
            let (arena, mut lease) = self.parts().await?;
            arena.settle_doubts(&mut lease).await?;
        }
        match self.flushes {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// The rows, and the transaction to run statements in.
    pub(super) async fn parts(&mut self) -> Result<(&mut Arena, Lease<'_>)> {
        let level = self.levels.last().ok_or_else(|| Error::new(ErrorKind::Transaction, "no transaction was begun"))?;
        Ok((&mut self.arena, Target::transaction(level).lease(Access::Write).await?))
    }

    /// A place for a statement of somebody else.
    pub(crate) fn lease(&mut self) -> Work<'_, (&mut Arena, Lease<'_>)> {
        Box::pin(async move {
            self.ready().await?;
            self.parts().await
        })
    }

    /// Writes what is pending.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.check()?;
        if let Some(index) = self.arena.late {
            let model = self.arena.meta(index).map_or("row", |meta| meta.model);
            return Err(Error::query(format!(
                "a new {model} was written to after it was stored: write to the row itself, `session.stored(key)`"
            )));
        }
        if self.arena.is_calm() {
            return Ok(());
        }
        let taken = self.spread().await?;
        let steps = self.arena.call_hooks().and_then(|()| self.steps());
        let steps = steps.inspect_err(|_| self.arena.give_back(&taken))?;
        if !steps.is_empty() {
            self.begin().await?;
        }
        self.broken = !steps.is_empty();
        let level = self.levels.last().cloned();
        match level {
            Some(level) => {
                let mut lease = Target::transaction(&level).lease(Access::Write).await?;
                run::run(&mut self.arena, &mut lease, &steps).await?;
            }
            None => self.arena.settle(),
        }
        self.broken = false;
        Ok(())
    }

    pub(super) fn steps(&self) -> Result<Vec<plan::Step>> {
        if let Some(steps) = self.arena.straight()? {
            return Ok(steps);
        }
        let mut changes = self.arena.changes()?;
        changes.defers = self.pool.dialect() == Dialect::Sqlite;
        changes.row_by_row = self.pool.dialect() == Dialect::Mysql;
        plan::plan(&changes, &self.arena)
    }

    /// The row of a key, when it is here: `Some(None)` for one that will be deleted.
    pub(super) fn here<M: Keyed>(&mut self, values: &[Value<'_>]) -> Result<Option<Option<Key<M>>>> {
        self.check()?;
        let index = self.arena.find::<M>(values);
        let found = index.and_then(|index| Some((index, self.arena.entry(index)?))).filter(|(_, entry)| !entry.expired);
        Ok(found.map(|(index, entry)| (entry.state != State::Doomed).then(|| Key::new(self.arena.session, index))))
    }

    /// The row of a key that is not here.
    pub(super) async fn fetch<M: Keyed>(&mut self, values: Vec<Value<'static>>) -> Result<Option<Key<M>>> {
        self.ready().await?;
        let (arena, mut lease) = self.parts().await?;
        let found = fetch_by_key::<M>(&mut lease, &values).await?;
        arena.batch += 1;
        match found {
            Some(row) => Ok(Some(Key::new(arena.session, arena.absorb(row)?))),
            None => {
                if let Some(gone) = arena.find::<M>(&values) {
                    arena.missed(gone);
                }
                Ok(None)
            }
        }
    }

    pub(super) async fn load<M: Keyed, I>(&mut self, query: Query<M, M, I>) -> Result<Vec<Key<M>>>
    where
        I: IncludeList<M, Row: Absorb<Key = Key<M>>>,
    {
        self.ready().await?;
        let (arena, mut lease) = self.parts().await?;
        let rows = query.run(&mut lease).await?;
        arena.batch += 1;
        rows.into_iter().map(|row| row.absorb(&mut Loader(arena))).collect()
    }

    /// Reads a row again, whatever was changed here.
    pub(super) async fn refresh<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        let index = self.arena.index_of(key)?;
        if self.arena.stored(index).is_some_and(|row| self.arena.entry(row).is_some_and(|entry| entry.touched)) {
            self.expire(key)?;
        }
        self.ready().await?;
        let row = self.stored_row(index)?;
        let label = self.arena.label(row);
        let (arena, mut lease) = self.parts().await?;
        reread::rows(arena, &mut lease, &[row]).await?;
        match arena.entry(row).is_some_and(|entry| entry.state == State::Gone) {
            true => Err(Error::new(ErrorKind::NotFound, format!("{label} is not stored any more"))),
            false => Ok(()),
        }
    }

    pub(super) fn expire<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        let row = self.stored_row(self.arena.index_of(key)?)?;
        self.arena.restore(row);
        self.arena.touched.retain(|&touched| touched != row);
        self.arena.assigned.remove(&row);
        if let Some(entry) = self.arena.entries.get_mut(row as usize) {
            entry.expired = true;
        }
        Ok(())
    }

    pub(super) fn delete<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        let index = self.arena.index_of(key)?;
        let index = self.arena.stored(index).unwrap_or(index);
        match self.arena.entry(index).map(|entry| entry.state) {
            Some(State::Fresh) => {
                self.arena.set_state(index, State::Gone);
                self.arena.dropped.push(index);
            }
            Some(State::Stored) => {
                self.arena.set_state(index, State::Doomed);
                self.arena.doomed.push(index);
            }
            Some(State::Doomed) => {}
            _ => return Err(self.no_row(index)),
        }
        Ok(())
    }

    pub(super) fn detach<T: Entity>(&mut self, key: Key<T>) -> Result<()> {
        let index = self.arena.index_of(key)?;
        let index = self.arena.stored(index).unwrap_or(index);
        self.arena.unlist(index);
        if let Some((rows, slot)) = self.arena.row_shelf_mut(index) {
            // What was written to it stays readable, but is nobody's business.
            drop(rows.take_snapshot(slot));
        }
        self.arena.touched.retain(|&touched| touched != index);
        self.arena.assigned.remove(&index);
        if self.arena.entry(index).is_some_and(|entry| entry.state != State::Gone) {
            self.arena.set_state(index, State::Detached);
        }
        Ok(())
    }

    /// The stored row of an entry that the session still looks after.
    pub(super) fn stored_row(&self, index: u32) -> Result<u32> {
        let row = self.arena.stored(index);
        let live = |row: &u32| {
            self.arena.entry(*row).is_some_and(|entry| matches!(entry.state, State::Stored | State::Doomed))
        };
        row.filter(live).ok_or_else(|| self.no_row(index))
    }

    fn no_row(&self, index: u32) -> Error {
        Error::new(ErrorKind::NotFound, format!("{} is not a stored row of this session", self.arena.label(index)))
    }

    /// Rolls everything back: the session is as it was before its first statement.
    pub(super) async fn rollback(&mut self) -> Result<()> {
        let level = self.levels.first().cloned();
        self.levels.clear();
        self.arena.undo(0);
        self.arena.wrote = false;
        self.broken = false;
        if let Some(level) = level {
            level.rollback().await?;
        }
        if !self.arena.doubtful.is_empty() {
            let mut lease = Target::pool(&self.pool).lease(Access::Read).await?;
            self.arena.settle_doubts(&mut lease).await?;
            // There is no transaction that could be rolled back.
            self.arena.journal.clear();
        }
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.flush().await?;
        if let Some(level) = self.levels.pop() {
            level.commit().await?;
        }
        let journal = std::mem::take(&mut self.arena.journal);
        event::tell(&self.pool, &self.arena, &journal);
        Ok(())
    }

    /// Begins a savepoint; gives how far the journal has come.
    pub(super) async fn nest(&mut self) -> Result<usize> {
        self.check()?;
        self.begin().await?;
        self.flush().await?;
        if let Some(level) = self.levels.last() {
            let nested = Arc::clone(level).nest().await?;
            self.levels.push(nested);
        }
        Ok(self.arena.journal.len())
    }
}

impl Arena {
    /// A write went past the session: rows of the model are read again.
    pub(crate) async fn written(&mut self, lease: &mut Lease<'_>, meta: &'static crate::meta::ModelMeta) -> Result<()> {
        reread::model(self, lease, meta).await
    }
}
