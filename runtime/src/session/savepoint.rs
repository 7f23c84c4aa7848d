//! Handles that stand for a session in a certain state: inside a savepoint, or without flushes.

use std::ops::{Deref, DerefMut};

use super::UnitOfWork;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;

/// A session inside a savepoint. Dropped without [`Savepoint::commit`], what was done since is undone.
#[must_use = "a savepoint that is dropped is rolled back"]
#[derive(Debug)]
pub struct Savepoint<'s, M: Mode> {
    session: &'s mut UnitOfWork<M>,
    /// Where the journal and the levels stood.
    mark: usize,
    depth: usize,
    open: bool,
}

impl<'s, M: Mode> Savepoint<'s, M> {
    pub(super) fn new(session: &'s mut UnitOfWork<M>, mark: usize) -> Self {
        let depth = session.core.levels.len().saturating_sub(1);
        Self { session, mark, depth, open: true }
    }

    /// Flushes and keeps what was done, as far as the session is committed.
    ///
    /// # Errors
    /// Those of a flush; what was done since the savepoint is undone then.
    pub fn commit(self) -> M::Out<'s, ()> {
        M::run(async move {
            let mut savepoint = self;
            savepoint.session.core.flush().await?;
            savepoint.release().await?;
            savepoint.open = false;
            Ok(())
        })
    }

    async fn release(&mut self) -> Result<()> {
        let core = &mut self.session.core;
        if core.levels.len() != self.depth + 1 {
            return Err(Error::new(ErrorKind::Transaction, "the session was rolled back since this savepoint"));
        }
        match core.levels.pop() {
            Some(level) => level.commit().await,
            None => Ok(()),
        }
    }

    /// Undoes what was done since the savepoint.
    ///
    /// # Errors
    /// Those of the database.
    pub fn rollback(self) -> M::Out<'s, ()> {
        M::run(async move {
            let mut savepoint = self;
            let level = savepoint.session.core.levels.get(savepoint.depth).cloned();
            savepoint.undo();
            if let Some(level) = level {
                level.rollback().await?;
            }
            let core = &mut savepoint.session.core;
            if !core.arena.doubtful.is_empty() && !core.levels.is_empty() {
                let (arena, mut lease) = core.parts().await?;
                arena.settle_doubts(&mut lease).await?;
            }
            Ok(())
        })
    }

    fn undo(&mut self) {
        if std::mem::take(&mut self.open) && self.session.core.levels.len() > self.depth {
            let core = &mut self.session.core;
            core.levels.truncate(self.depth);
            core.arena.undo(self.mark);
            core.broken = false;
        }
    }
}

impl<M: Mode> Drop for Savepoint<'_, M> {
    fn drop(&mut self) {
        self.undo();
    }
}

impl<M: Mode> Deref for Savepoint<'_, M> {
    type Target = UnitOfWork<M>;

    fn deref(&self) -> &UnitOfWork<M> {
        self.session
    }
}

impl<M: Mode> DerefMut for Savepoint<'_, M> {
    fn deref_mut(&mut self) -> &mut UnitOfWork<M> {
        self.session
    }
}

/// A session whose statements do not flush first.
#[derive(Debug)]
pub struct NoFlush<'s, M: Mode> {
    session: &'s mut UnitOfWork<M>,
    before: bool,
}

impl<'s, M: Mode> NoFlush<'s, M> {
    pub(super) fn new(session: &'s mut UnitOfWork<M>) -> Self {
        let before = std::mem::replace(&mut session.core.flushes, false);
        Self { session, before }
    }
}

impl<M: Mode> Drop for NoFlush<'_, M> {
    fn drop(&mut self) {
        self.session.core.flushes = self.before;
    }
}

impl<M: Mode> Deref for NoFlush<'_, M> {
    type Target = UnitOfWork<M>;

    fn deref(&self) -> &UnitOfWork<M> {
        self.session
    }
}

impl<M: Mode> DerefMut for NoFlush<'_, M> {
    fn deref_mut(&mut self) -> &mut UnitOfWork<M> {
        self.session
    }
}
