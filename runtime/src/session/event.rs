//! Who is told of what sessions commit, and what they are told.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustc_hash::{FxHashMap, FxHashSet};

use super::arena::Arena;
use super::shelf::AnyRow;
use super::undo::Undo;
use crate::pool::Pool;
use crate::query::Keyed;

/// What a session committed, row by row.
///
/// A row that was inserted and then changed is an inserted one, as it is now; one that was inserted and deleted again
/// is none. Rows that a savepoint or a rollback took back are not in it, and neither are rows that the session never
/// saw: those of updates and deletes by a filter, of hand-written SQL, and what the database did by itself.
pub struct Committed<'a> {
    arena: &'a Arena,
    inserted: Vec<u32>,
    updated: Vec<(u32, &'a AnyRow)>,
    deleted: Vec<(u32, Option<&'a AnyRow>)>,
}

impl<'a> Committed<'a> {
    fn new(arena: &'a Arena, journal: &'a [Undo]) -> Self {
        let mut inserted = Vec::new();
        let (mut before, mut changed) = (FxHashMap::<u32, &AnyRow>::default(), Vec::new());
        let (mut new, mut gone) = (FxHashSet::default(), FxHashSet::default());
        let mut deleted = Vec::new();
        for undo in journal {
            match undo {
                Undo::Inserted { news, first } => {
                    let rows = news.iter().zip(*first..).map(|(_, row)| row);
                    new.extend(rows.clone());
                    inserted.extend(rows);
                }
                Undo::Changed { entry, before: row } => {
                    if !new.contains(entry) && !before.contains_key(entry) {
                        before.insert(*entry, row);
                        changed.push(*entry);
                    }
                }
                Undo::Deleted { entry } => {
                    gone.insert(*entry);
                    if !new.contains(entry) {
                        deleted.push(*entry);
                    }
                }
                Undo::Read { .. } | Undo::Reread { .. } | Undo::Missed { .. } => {}
            }
        }
        inserted.retain(|row| !gone.contains(row));
        let updated = changed.into_iter().filter(|row| !gone.contains(row));
        let updated = updated.filter_map(|row| Some((row, *before.get(&row)?))).collect();
        let deleted = deleted.into_iter().map(|row| (row, before.get(&row).copied())).collect();
        Self { arena, inserted, updated, deleted }
    }

    /// Whether no row was inserted, updated or deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.updated.is_empty() && self.deleted.is_empty()
    }

    fn row<M: Keyed>(&self, index: u32) -> Option<&'a M> {
        let (rows, slot) = self.arena.row_shelf(index)?;
        rows.row(slot)?.downcast_ref()
    }

    /// The rows of a model that were inserted, in the order in which they were.
    pub fn inserted<M: Keyed>(&self) -> impl Iterator<Item = &M> {
        self.inserted.iter().filter_map(|&index| self.row(index))
    }

    /// The rows of a model that were updated: as they were when the transaction began, and as they are now.
    pub fn updated<M: Keyed>(&self) -> impl Iterator<Item = (&M, &M)> {
        self.updated.iter().filter_map(|&(index, before)| Some((before.downcast_ref()?, self.row(index)?)))
    }

    /// The rows of a model that were deleted, as they were when the transaction began.
    pub fn deleted<M: Keyed>(&self) -> impl Iterator<Item = &M> {
        self.deleted.iter().filter_map(|&(index, before)| match before {
            Some(before) => before.downcast_ref(),
            None => self.row(index),
        })
    }
}

impl std::fmt::Debug for Committed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let labels = |rows: &mut dyn Iterator<Item = u32>| rows.map(|row| self.arena.label(row)).collect::<Vec<_>>();
        f.debug_struct("Committed")
            .field("inserted", &labels(&mut self.inserted.iter().copied()))
            .field("updated", &labels(&mut self.updated.iter().map(|(row, _)| *row)))
            .field("deleted", &labels(&mut self.deleted.iter().map(|(row, _)| *row)))
            .finish()
    }
}

type Listener = Arc<dyn Fn(&Committed<'_>) + Send + Sync>;

/// Who is told, kept with the pool.
#[derive(Default)]
struct Listeners {
    list: Mutex<(u64, Vec<(u64, Listener)>)>,
}

impl Listeners {
    /// The list is whole at any time, so a panic elsewhere does not close it.
    fn lock(&self) -> MutexGuard<'_, (u64, Vec<(u64, Listener)>)> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(pool: &Pool) -> Option<&Self> {
        pool.attached.get()?.downcast_ref()
    }
}

/// A closure that is told of commits until it is cancelled. Dropping this changes nothing.
pub struct Subscription {
    pool: Weak<Pool>,
    number: u64,
}

impl Subscription {
    /// The closure is not called any more.
    pub fn cancel(self) {
        if let Some(pool) = self.pool.upgrade()
            && let Some(listeners) = Listeners::of(&pool)
        {
            listeners.lock().1.retain(|(number, _)| *number != self.number);
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

pub(crate) fn subscribe(pool: &Arc<Pool>, listener: Listener) -> Subscription {
    let attached = pool.attached.get_or_init(|| Box::new(Listeners::default()) as Box<dyn Any + Send + Sync>);
    let mut number = 0;
    if let Some(listeners) = attached.downcast_ref::<Listeners>() {
        let mut list = listeners.lock();
        list.0 += 1;
        number = list.0;
        list.1.push((number, listener));
    }
    Subscription { pool: Arc::downgrade(pool), number }
}

/// Tells everybody who wants to know what was committed.
pub(super) fn tell(pool: &Pool, arena: &Arena, journal: &[Undo]) {
    let Some(listeners) = Listeners::of(pool) else { return };
    // Not under the lock: a listener may cancel its own subscription.
    let list: Vec<Listener> = listeners.lock().1.iter().map(|(_, listener)| Arc::clone(listener)).collect();
    if list.is_empty() {
        return;
    }
    let committed = Committed::new(arena, journal);
    if !committed.is_empty() {
        list.iter().for_each(|listener| listener(&committed));
    }
}
