//! Rows that a flush deletes with others, because the spec has sessions look after them; and the hooks of the user's
//! that see all rows before anything is sent.

use std::any::Any;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::arena::{Arena, From, Shelf, State};
use super::reread::matching;
use super::work::Core;
use crate::error::Result;
use crate::meta::ModelMeta;
use crate::query::{Keyed, Owned, fetch_each};
use crate::relation::key_bytes;
use crate::value::Value;

impl Owned {
    /// The foreign key of `C` whose columns stand second; for generated code.
    #[must_use]
    pub const fn new<C: Keyed>(on: &'static [(usize, usize)]) -> Self {
        Self::of::<C>(on, enter::<C>)
    }
}

fn enter<C: Keyed>(arena: &mut dyn Any) -> Option<u32> {
    arena.downcast_mut::<Arena>().map(Arena::rows_of::<C>)
}

/// Rows that a flush took along, and what they were before: a flush that sends nothing gives them back.
pub(super) type Taken = Vec<(u32, State)>;

impl Core {
    /// Marks what goes with the rows that are deleted. What belongs to them is read first, table by table.
    pub(super) async fn spread(&mut self) -> Result<Taken> {
        let mut taken = Taken::new();
        self.arena.take_orphans(&mut taken)?;
        let mut front = self.arena.owners();
        while !front.is_empty() {
            let mut next = Vec::new();
            for (owned, rows) in self.arena.by_owned(&front) {
                let keys = self.arena.owner_keys(owned, &rows)?;
                if !keys.is_empty() {
                    self.begin().await?;
                    self.fetch_owned(owned, &keys).await?;
                }
                for index in self.arena.belonging(owned, &rows, &keys)? {
                    self.arena.take(index, &mut taken);
                    next.push(index);
                }
            }
            front = next;
        }
        Ok(taken)
    }

    async fn fetch_owned(&mut self, owned: &'static Owned, keys: &[Vec<Value<'static>>]) -> Result<()> {
        let (arena, mut lease) = self.parts().await?;
        let Some(shelf) = (owned.enter)(arena) else { return Ok(()) };
        let columns: Vec<usize> = owned.on.iter().map(|&(_, there)| there).collect();
        for chunk in keys.chunks(super::reread::KEYS_PER_STATEMENT / columns.len().max(1)) {
            let Some(Shelf::Rows(rows)) = arena.shelves.get(shelf as usize) else { return Ok(()) };
            let mut collector = rows.collector();
            let select = matching(owned.child, &columns, chunk.to_vec());
            fetch_each(&select, &mut lease, &mut |row| collector.push(row)).await?;
            arena.batch += 1;
            collector.absorb(arena)?;
        }
        Ok(())
    }
}

impl Arena {
    /// Gives back what a flush took along.
    pub(super) fn give_back(&mut self, taken: &Taken) {
        for &(index, state) in taken {
            self.set_state(index, state);
        }
        let states = &self.entries;
        self.doomed.retain(|&index| states.get(index as usize).is_some_and(|entry| entry.state == State::Doomed));
    }

    fn take(&mut self, index: u32, taken: &mut Taken) {
        let Some(state) = self.entry(index).map(|entry| entry.state) else { return };
        taken.push((index, state));
        match state {
            State::Fresh => self.set_state(index, State::Gone),
            _ => {
                self.set_state(index, State::Doomed);
                self.doomed.push(index);
            }
        }
    }

    /// Rows that go, and that others may have to go with: also new ones that are not inserted.
    fn owners(&self) -> Vec<u32> {
        let going = self.doomed.iter().chain(&self.dropped).copied();
        going.filter(|&index| self.shelf(index).is_some_and(|shelf| !shelf.owned().is_empty())).collect()
    }

    /// Rows with each of the foreign keys that others refer to them by.
    fn by_owned(&self, rows: &[u32]) -> Vec<(&'static Owned, Vec<u32>)> {
        let mut shelves: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &row in rows {
            if let Some(entry) = self.entry(row) {
                shelves.entry(entry.shelf).or_default().push(row);
            }
        }
        let owned = |(shelf, rows): (u32, Vec<u32>)| {
            let owned = self.shelves.get(shelf as usize).map_or(&[][..], Shelf::owned);
            owned.iter().map(move |owned| (owned, rows.clone()))
        };
        shelves.into_iter().flat_map(owned).collect()
    }

    /// What others refer to rows by, as far as these are stored.
    fn owner_keys(&self, owned: &Owned, rows: &[u32]) -> Result<Vec<Vec<Value<'static>>>> {
        let mut keys = Vec::with_capacity(rows.len());
        for &row in rows {
            let Some((shelf, slot)) = self.row_shelf(row) else { continue };
            let key = owned.on.iter().map(|&(here, _)| shelf.before(slot, here).map(Value::into_owned));
            let key = key.collect::<Result<Vec<_>>>()?;
            if !key.iter().any(Value::is_null) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// The rows of a model that belong to some rows as things are in the session.
    fn belonging(&self, owned: &Owned, owners: &[u32], keys: &[Vec<Value<'static>>]) -> Result<Vec<u32>> {
        let owners: FxHashSet<u32> = owners.iter().copied().collect();
        let keys: FxHashSet<Vec<u8>> = keys.iter().map(|key| key_bytes(key)).collect();
        let columns: Vec<usize> = owned.on.iter().map(|&(_, there)| there).collect();
        let stored = self.live(owned.child).into_iter();
        let stored = stored.filter(|&index| self.entry(index).is_some_and(|entry| entry.state == State::Stored));
        let fresh = self.fresh_of(owned.child);
        let mut found = Vec::new();
        for index in stored.chain(fresh) {
            let referred = columns.first().and_then(|&column| self.refers(index, column));
            let belongs = match referred {
                Some(row) => owners.contains(&row),
                None => self.current(index, &columns)?.is_some_and(|key| keys.contains(&key_bytes(&key))),
            };
            if belongs {
                found.push(index);
            }
        }
        Ok(found)
    }

    fn fresh_of(&self, meta: &ModelMeta) -> Vec<u32> {
        let wanted = |index: &u32| {
            self.entry(*index).is_some_and(|entry| entry.state == State::Fresh)
                && self.meta(*index).is_some_and(|other| other.same_table(meta))
        };
        self.fresh.iter().copied().filter(wanted).collect()
    }

    /// The row that a column refers to by its key in the session, and not by a value.
    pub(super) fn refers(&self, index: u32, column: usize) -> Option<u32> {
        let assigned = self.assigned.get(&index).and_then(|list| list.iter().find(|item| item.column == column));
        let row = match assigned.map(|item| item.from) {
            Some(From::Row { row, .. }) => Some(row),
            Some(From::Null) => None,
            None => self.pending(index, column),
        };
        row.map(|row| self.stored(row).unwrap_or(row))
    }

    /// The values of some columns as they are now; `None` when one is NULL or not known.
    fn current(&self, index: u32, columns: &[usize]) -> Result<Option<Vec<Value<'static>>>> {
        let mut values = Vec::with_capacity(columns.len());
        for &column in columns {
            match self.value(index, column)? {
                None | Some(Value::Null) => return Ok(None),
                Some(value) => values.push(value),
            }
        }
        Ok(Some(values))
    }

    fn take_orphans(&mut self, taken: &mut Taken) -> Result<()> {
        if self.shelves.iter().all(|shelf| shelf.orphans().is_empty()) {
            return Ok(());
        }
        for index in self.fresh.iter().chain(&self.touched).copied().collect::<Vec<_>>() {
            let pending = self.entry(index).is_some_and(|e| matches!(e.state, State::Fresh | State::Stored));
            if pending && self.is_orphan(index)? {
                self.take(index, taken);
            }
        }
        Ok(())
    }

    /// Whether a row was taken away from what it belonged to, and goes for that.
    pub(super) fn is_orphan(&self, index: u32) -> Result<bool> {
        for columns in self.shelf(index).map_or(&[][..], Shelf::orphans) {
            let had = match self.row_shelf(index) {
                Some((rows, slot)) => {
                    let before = columns.iter().map(|&at| rows.before(slot, at).map(|value| !value.is_null()));
                    before.collect::<Result<Vec<_>>>()?.into_iter().all(|there| there)
                }
                None => true,
            };
            let is_null = |&&column: &&usize| match self.row_shelf(index) {
                Some(_) => matches!(self.value(index, column), Ok(Some(Value::Null))),
                None => self.is_cut(index, column),
            };
            if had && columns.iter().any(|column| is_null(&column)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a reference was taken away.
    fn is_cut(&self, index: u32, column: usize) -> bool {
        let list = self.assigned.get(&index).into_iter().flatten();
        list.into_iter().any(|item| item.column == column && matches!(item.from, From::Null))
    }

    /// Calls the hooks of all rows that are about to be written.
    pub(super) fn call_hooks(&mut self) -> Result<()> {
        if !self.shelves.iter().any(Shelf::is_hooked) {
            return Ok(());
        }
        let mut columns = Vec::new();
        for index in self.fresh.clone() {
            let Some(entry) = self.entries.get(index as usize).filter(|entry| entry.state == State::Fresh) else {
                continue;
            };
            if let Some(Shelf::New(news)) = self.shelves.get_mut(entry.shelf as usize) {
                news.before_insert(entry.slot)?;
            }
        }
        for index in self.touched.clone() {
            if self.entry(index).is_none_or(|entry| entry.state != State::Stored) {
                continue;
            }
            self.changed(index, &mut columns)?;
            if let (false, Some((rows, slot))) = (columns.is_empty(), self.row_shelf_mut(index)) {
                rows.before_update(slot)?;
            }
        }
        for &index in &self.doomed {
            let doomed = self.entry(index).is_some_and(|entry| entry.state == State::Doomed);
            if let (true, Some((rows, slot))) = (doomed, self.row_shelf(index)) {
                rows.before_delete(slot)?;
            }
        }
        Ok(())
    }
}
