//! What was done since a transaction began, and how it is taken back.

use super::arena::{Arena, State};
use super::reread;
use super::shelf::AnyRow;
use crate::error::Result;
use crate::executor::Lease;

/// How a change of what is stored, or of what is known of it, is taken back.
pub(super) enum Undo {
    /// New rows, and the first of what they became, one after another.
    Inserted { news: Vec<u32>, first: u32 },
    /// A row was updated.
    Changed { entry: u32, before: AnyRow },
    /// A row was deleted.
    Deleted { entry: u32 },
    /// A row was read for the first time, after something had been written.
    Read { entry: u32 },
    /// A row was read again, and was not as before.
    Reread { entry: u32, before: AnyRow },
    /// A row was read again, and was not there any more.
    Missed { entry: u32 },
}

impl Arena {
    /// Takes back what was flushed and read since a mark in the journal, and everything that was not flushed.
    pub(super) fn undo(&mut self, mark: usize) {
        self.discard();
        while self.journal.len() > mark
            && let Some(undo) = self.journal.pop()
        {
            match undo {
                Undo::Inserted { news, first } => {
                    for (new, row) in news.into_iter().zip(first..) {
                        self.bury(row);
                        self.set_state(new, State::Gone);
                    }
                }
                Undo::Changed { entry, before } | Undo::Reread { entry, before } => {
                    self.unlist(entry);
                    if let Some((rows, slot)) = self.row_shelf_mut(entry) {
                        rows.put(slot, before);
                    }
                    self.enlist(entry);
                }
                Undo::Deleted { entry } | Undo::Missed { entry } => {
                    self.set_state(entry, State::Stored);
                    self.enlist(entry);
                }
                Undo::Read { entry } => self.doubtful.push(entry),
            }
        }
        self.entries.iter_mut().for_each(|entry| entry.expired = true);
        self.related.clear();
    }

    /// Reads the rows again that nothing else is known of than what was rolled back.
    pub(super) async fn settle_doubts(&mut self, lease: &mut Lease<'_>) -> Result<()> {
        let mut rows = std::mem::take(&mut self.doubtful);
        let is_live = |arena: &Self, row: &u32| {
            arena.entry(*row).is_some_and(|entry| matches!(entry.state, State::Stored | State::Doomed))
        };
        rows.retain(|row| is_live(self, row));
        let before = self.journal.len();
        reread::rows(self, lease, &rows).await?;
        // How they were there is nothing to come back to: what is rolled back next has them read once more.
        self.journal.truncate(before);
        rows.retain(|row| is_live(self, row));
        self.journal.extend(rows.into_iter().map(|entry| Undo::Read { entry }));
        Ok(())
    }

    /// Forgets all changes that were not flushed.
    fn discard(&mut self) {
        for index in std::mem::take(&mut self.touched) {
            self.restore(index);
        }
        for index in std::mem::take(&mut self.doomed) {
            if self.entry(index).is_some_and(|entry| entry.state == State::Doomed) {
                self.set_state(index, State::Stored);
            }
        }
        for index in std::mem::take(&mut self.fresh) {
            if self.entry(index).is_some_and(|entry| entry.state == State::Fresh) {
                self.set_state(index, State::Gone);
            }
        }
        self.dropped.clear();
        self.linking.clear();
        self.assigned.clear();
        self.late = None;
    }

    /// Puts a row back to what is stored.
    pub(super) fn restore(&mut self, index: u32) {
        if let Some((rows, slot)) = self.row_shelf_mut(index)
            && let Some(before) = rows.take_snapshot(slot)
        {
            rows.put(slot, before);
        }
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.touched = false;
        }
    }

    /// A row that was read again is not there any more.
    pub(super) fn missed(&mut self, index: u32) {
        if self.entry(index).is_some_and(|entry| entry.state != State::Gone) {
            self.bury(index);
            self.journal.push(Undo::Missed { entry: index });
        }
    }

    /// The row is not stored any more.
    pub(super) fn bury(&mut self, index: u32) {
        self.unlist(index);
        self.set_state(index, State::Gone);
    }
}
