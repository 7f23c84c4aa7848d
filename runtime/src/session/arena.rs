//! Where a session keeps its rows: slots that never move, with what is known about each.

use std::any::TypeId;
use std::sync::atomic::{AtomicU32, Ordering};

use rustc_hash::FxHashMap;

use super::collect::same;
use super::key::{Key, parts};
use super::shelf::{NewShelf, News, RowShelf, Rows, with_key};
use super::undo::Undo;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::{ModelMeta, RelationMeta};
use crate::query::{Insertable, Keyed, Owned};
use crate::value::{Value, several};

/// What a row is to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Will be inserted.
    Fresh,
    /// A new row that is stored now, as that other row.
    Became(u32),
    /// Stored.
    Stored,
    /// Will be deleted.
    Doomed,
    /// Deleted, or never stored: can be read and nothing else.
    Gone,
    /// No business of the session any more.
    Detached,
}

pub(super) struct Entry {
    pub shelf: u32,
    pub slot: u32,
    pub state: State,
    /// Was handed out for writing since the last flush.
    pub touched: bool,
    /// Must be read again before it is trusted.
    pub expired: bool,
    /// The load it came with.
    pub batch: u32,
}

/// The rows of one type.
pub(super) enum Shelf {
    New(Box<dyn NewShelf>),
    Rows(Box<dyn RowShelf>),
}

impl Shelf {
    pub(super) fn is_hooked(&self) -> bool {
        match self {
            Self::New(news) => news.is_hooked(),
            Self::Rows(rows) => rows.is_hooked(),
        }
    }

    pub(super) fn owned(&self) -> &'static [Owned] {
        match self {
            Self::New(news) => news.owned(),
            Self::Rows(rows) => rows.owned(),
        }
    }

    pub(super) fn orphans(&self) -> &'static [&'static [usize]] {
        match self {
            Self::New(news) => news.orphans(),
            Self::Rows(rows) => rows.orphans(),
        }
    }
}

/// A link between two rows that a flush will make or take away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linking {
    pub relation: &'static RelationMeta,
    pub near: u32,
    pub far: u32,
    pub add: bool,
}

/// A column of a foreign key that a flush will fill in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assigned {
    pub column: usize,
    pub from: From,
}

/// Where the value of a foreign key's column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// From a column of another row.
    Row { row: u32, column: usize },
    /// The row was taken away from what it belonged to.
    Null,
}

/// What was loaded for a row over a relation: the relation by table and name, and the row.
type Related = (&'static str, &'static str, u32);

pub(crate) struct Arena {
    pub(super) session: u32,
    pub(super) entries: Vec<Entry>,
    pub(super) shelves: Vec<Shelf>,
    types: FxHashMap<TypeId, u32>,
    /// New rows in the order they were added.
    pub(super) fresh: Vec<u32>,
    pub(super) touched: Vec<u32>,
    pub(super) doomed: Vec<u32>,
    /// New rows that were deleted before they were stored.
    pub(super) dropped: Vec<u32>,
    pub(super) linking: Vec<Linking>,
    pub(super) assigned: FxHashMap<u32, Vec<Assigned>>,
    pub(super) journal: Vec<Undo>,
    /// Something else was written in this transaction than what the journal has.
    pub(crate) wrote: bool,
    /// Rows that were read first in what was rolled back meanwhile, after something was written there.
    pub(super) doubtful: Vec<u32>,
    pub(super) batch: u32,
    pub(super) related: FxHashMap<Related, Vec<u32>>,
    /// A new row was written to after it was stored.
    pub(super) late: Option<u32>,
    /// Which tables store what they are given exactly so, by name.
    pub(super) keeps: FxHashMap<&'static str, bool>,
}

static SESSIONS: AtomicU32 = AtomicU32::new(1);

impl Arena {
    pub(super) fn new() -> Self {
        Self {
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
            entries: Vec::new(),
            shelves: Vec::new(),
            types: FxHashMap::default(),
            fresh: Vec::new(),
            touched: Vec::new(),
            doomed: Vec::new(),
            dropped: Vec::new(),
            linking: Vec::new(),
            assigned: FxHashMap::default(),
            journal: Vec::new(),
            wrote: false,
            doubtful: Vec::new(),
            batch: 0,
            related: FxHashMap::default(),
            late: None,
            keeps: FxHashMap::default(),
        }
    }

    /// The shelf of a type, made if it is new.
    fn shelf_of<T: 'static>(&mut self, make: impl FnOnce() -> Shelf) -> u32 {
        let next = self.shelves.len() as u32;
        let shelf = *self.types.entry(TypeId::of::<T>()).or_insert(next);
        if shelf == next {
            self.shelves.push(make());
        }
        shelf
    }

    pub(super) fn rows_of<M: Keyed>(&mut self) -> u32 {
        self.shelf_of::<M>(|| Shelf::Rows(Box::<Rows<M>>::default()))
    }

    /// The stored rows of a model, if there are any.
    pub(super) fn rows<M: Keyed>(&self) -> Option<&Rows<M>> {
        match self.shelves.get(*self.types.get(&TypeId::of::<M>())? as usize)? {
            Shelf::Rows(rows) => rows.as_any().downcast_ref(),
            Shelf::New(_) => None,
        }
    }

    /// The row of a key, if it is here.
    pub(super) fn find<M: Keyed>(&mut self, key: &[Value<'_>]) -> Option<u32> {
        match self.shelves.get_mut(*self.types.get(&TypeId::of::<M>())? as usize)? {
            Shelf::Rows(rows) => rows.ids().find(key),
            Shelf::New(_) => None,
        }
    }

    fn push(&mut self, shelf: u32, slot: usize, state: State) -> u32 {
        let index = self.entries.len() as u32;
        let batch = self.batch;
        self.entries.push(Entry { shelf, slot: slot as u32, state, touched: false, expired: false, batch });
        index
    }

    /// A row that the next flush inserts.
    pub(super) fn add<N: Insertable<Model: Keyed>>(&mut self, row: N) -> Key<N> {
        let shelf = self.shelf_of::<N>(|| Shelf::New(Box::new(News::<N>(Vec::new()))));
        let mut slot = 0;
        if let Some(Shelf::New(news)) = self.shelves.get_mut(shelf as usize)
            && let Some(News(rows)) = news.as_any_mut().downcast_mut::<News<N>>()
        {
            slot = rows.len();
            rows.push(row);
        }
        let index = self.push(shelf, slot, State::Fresh);
        self.fresh.push(index);
        Key::new(self.session, index)
    }

    /// A stored row that the session does not know yet.
    pub(super) fn store<M: Keyed>(&mut self, row: M) -> Result<u32> {
        let shelf = self.rows_of::<M>();
        let index = self.entries.len() as u32;
        let mut slot = 0;
        if let Some(Shelf::Rows(rows)) = self.shelves.get_mut(shelf as usize)
            && let Some(rows) = rows.as_any_mut().downcast_mut::<Rows<M>>()
        {
            with_key(M::META, |at| row.value(at), |key| rows.ids().insert(key, index))?;
            slot = rows.rows.len();
            rows.rows.push(row);
        }
        if self.wrote || !self.journal.is_empty() {
            self.journal.push(Undo::Read { entry: index });
        }
        Ok(self.push(shelf, slot, State::Stored))
    }

    /// New rows are stored now, as these.
    pub(super) fn became<M: Keyed>(&mut self, news: &[u32], rows: Vec<M>) {
        let shelf = self.rows_of::<M>();
        let (first, mut slot, count) = (self.entries.len() as u32, 0, rows.len());
        if let Some(Shelf::Rows(shelf)) = self.shelves.get_mut(shelf as usize)
            && let Some(shelf) = shelf.as_any_mut().downcast_mut::<Rows<M>>()
        {
            slot = shelf.extend(rows, first);
        }
        self.entries.reserve(count);
        for (at, &new) in news.iter().enumerate().take(count) {
            let row = self.push(shelf, slot + at, State::Stored);
            self.set_state(new, State::Became(row));
        }
        self.journal.push(Undo::Inserted { news: news.to_vec(), first });
    }

    /// A row as it was read: takes the place of the one with the same key, unless that was changed here.
    pub(super) fn absorb<M: Keyed>(&mut self, row: M) -> Result<u32> {
        let found = with_key(M::META, |at| row.value(at), |key| self.find::<M>(key))?;
        let Some(index) = found else { return self.store(row) };
        let batch = self.batch;
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.batch = batch;
            if entry.state == State::Stored && !entry.touched {
                self.reread(index, row);
            }
        }
        Ok(index)
    }

    /// Puts a row in the place of another, as it was read again. What it was is kept for a rollback.
    fn reread<M: Keyed>(&mut self, index: u32, row: M) {
        let differs = |before: &M| {
            (0..M::META.columns.len()).any(|at| match (before.value(at), row.value(at)) {
                (Ok(before), Ok(now)) => !same(&before, &now),
                _ => true,
            })
        };
        let slot = self.entry(index).map(|entry| entry.slot as usize);
        let before = slot.and_then(|slot| self.rows::<M>()?.rows.get(slot)).filter(|before| differs(before));
        if let Some(before) = before {
            let undo = Undo::Reread { entry: index, before: Box::new(before.clone()) };
            self.journal.push(undo);
        }
        self.replace(index, row);
    }

    /// Puts a row in the place of another.
    pub(super) fn replace<M: Keyed>(&mut self, index: u32, row: M) {
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        entry.expired = false;
        if let Some(Shelf::Rows(rows)) = self.shelves.get_mut(entry.shelf as usize)
            && let Some(rows) = rows.as_any_mut().downcast_mut::<Rows<M>>()
            && let Some(place) = rows.rows.get_mut(entry.slot as usize)
        {
            *place = row;
        }
    }

    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// The place of a key of this session.
    pub(super) fn index_of<T>(&self, key: Key<T>) -> Result<u32> {
        match key.session == self.session && (key.index as usize) < self.entries.len() {
            true => Ok(key.index),
            false => Err(foreign(key)),
        }
    }

    /// The row behind a key.
    pub(super) fn get<T: 'static>(&self, key: Key<T>) -> Result<&T> {
        let entry = self.entry(self.index_of(key)?).ok_or_else(|| foreign(key))?;
        let row = match self.shelves.get(entry.shelf as usize) {
            Some(Shelf::New(news)) => news.row(entry.slot),
            Some(Shelf::Rows(rows)) => rows.row(entry.slot),
            None => None,
        };
        row.and_then(|row| row.downcast_ref()).ok_or_else(|| foreign(key))
    }

    /// The row behind a key, to write to.
    pub(super) fn get_mut<T: 'static>(&mut self, key: Key<T>) -> Result<&mut T> {
        let index = self.index_of(key)?;
        let entry = self.entries.get_mut(index as usize).ok_or_else(|| foreign(key))?;
        let row = match self.shelves.get_mut(entry.shelf as usize) {
            Some(Shelf::New(news)) => {
                if matches!(entry.state, State::Became(_)) {
                    self.late = Some(index);
                }
                news.row_mut(entry.slot)
            }
            Some(Shelf::Rows(rows)) => {
                if !entry.touched && matches!(entry.state, State::Stored | State::Doomed) {
                    entry.touched = true;
                    rows.snapshot(entry.slot);
                    self.touched.push(index);
                }
                rows.row_mut(entry.slot)
            }
            None => None,
        };
        row.and_then(|row| row.downcast_mut()).ok_or_else(|| foreign(key))
    }

    /// The stored row behind an entry: itself, or what a new row became.
    pub(super) fn stored(&self, index: u32) -> Option<u32> {
        match self.entry(index)?.state {
            State::Became(row) => Some(row),
            State::Fresh => None,
            _ => match self.shelf(index)? {
                Shelf::Rows(_) => Some(index),
                Shelf::New(_) => None,
            },
        }
    }

    pub(super) fn shelf(&self, index: u32) -> Option<&Shelf> {
        self.shelves.get(self.entry(index)?.shelf as usize)
    }

    /// The stored rows' shelf of an entry, and its slot there.
    pub(super) fn row_shelf(&self, index: u32) -> Option<(&dyn RowShelf, u32)> {
        let entry = self.entry(index)?;
        match self.shelves.get(entry.shelf as usize)? {
            Shelf::Rows(rows) => Some((&**rows, entry.slot)),
            Shelf::New(_) => None,
        }
    }

    pub(super) fn row_shelf_mut(&mut self, index: u32) -> Option<(&mut Box<dyn RowShelf>, u32)> {
        let entry = self.entries.get(index as usize)?;
        match self.shelves.get_mut(entry.shelf as usize)? {
            Shelf::Rows(rows) => Some((rows, entry.slot)),
            Shelf::New(_) => None,
        }
    }

    pub(super) fn meta(&self, index: u32) -> Option<&'static ModelMeta> {
        Some(match self.shelf(index)? {
            Shelf::New(news) => news.meta(),
            Shelf::Rows(rows) => rows.meta(),
        })
    }

    pub(super) fn set_state(&mut self, index: u32, state: State) {
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.state = state;
        }
    }

    /// The value of a column of any row, with references resolved as far as their rows are stored.
    pub(super) fn value(&self, index: u32, column: usize) -> Result<Option<Value<'static>>> {
        self.value_within(index, column, 0)
    }

    /// References can lead to rows whose key is a reference again, but not in a circle.
    fn value_within(&self, index: u32, column: usize, depth: u32) -> Result<Option<Value<'static>>> {
        if self.assigned.get(&index).is_some_and(|list| list.iter().any(|assigned| assigned.column == column)) {
            return self.own_value(index, column, depth);
        }
        self.own_value(self.stored(index).unwrap_or(index), column, depth)
    }

    /// The value of a column of this very row, also when it is a new one that is stored meanwhile.
    pub(super) fn own_value(&self, index: u32, column: usize, depth: u32) -> Result<Option<Value<'static>>> {
        if depth > 32 {
            return Err(Error::query(format!("the key of a {} refers to itself", self.label(index))));
        }
        let assigned = self.assigned.get(&index);
        if let Some(assigned) = assigned.and_then(|list| list.iter().find(|assigned| assigned.column == column)) {
            return match assigned.from {
                From::Row { row, column } => self.value_within(row, column, depth + 1),
                From::Null => Ok(Some(Value::Null)),
            };
        }
        let Some(entry) = self.entry(index) else { return Ok(None) };
        match self.shelves.get(entry.shelf as usize) {
            Some(Shelf::Rows(rows)) => Ok(Some(rows.value(entry.slot, column)?.into_owned())),
            Some(Shelf::New(news)) => {
                let (mut columns, mut at, mut found) = (Vec::new(), 0, None);
                news.columns(entry.slot, &mut columns);
                news.bind(entry.slot, &mut |value| {
                    if columns.get(at) == Some(&column) {
                        found = Some(value.to_static());
                    }
                    at += 1;
                    Ok(())
                })?;
                match found {
                    Some(Value::Pending(number, part)) => self.resolve(number, part, depth + 1).map(Some),
                    found => Ok(found),
                }
            }
            None => Ok(None),
        }
    }

    /// The row that a column of a new row refers to by its key in the session.
    pub(super) fn pending(&self, index: u32, column: usize) -> Option<u32> {
        let (Some(Shelf::New(news)), Some(entry)) = (self.shelf(index), self.entry(index)) else { return None };
        let (mut columns, mut at, mut found) = (Vec::new(), 0, None);
        news.columns(entry.slot, &mut columns);
        // What cannot be bound is told by the flush.
        let _ = news.bind(entry.slot, &mut |value| {
            if let (&Value::Pending(number, _), true) = (value, columns.get(at) == Some(&column)) {
                found = self.referred(number).ok();
            }
            at += 1;
            Ok(())
        });
        found
    }

    /// The part of a key that a reference stands for.
    pub(super) fn resolve(&self, number: u64, part: u8, depth: u32) -> Result<Value<'static>> {
        let index = self.referred(number)?;
        match self.key_column(index, part) {
            Some(column) => self.value_within(index, column, depth)?.ok_or_else(|| self.unstored(index)),
            None => Err(self.unstored(index)),
        }
    }

    /// The column of a part of a row's key.
    pub(super) fn key_column(&self, index: u32, part: u8) -> Option<usize> {
        self.meta(index)?.key.get(usize::from(part)).copied()
    }

    /// The row that a reference stands for.
    pub(super) fn referred(&self, number: u64) -> Result<u32> {
        let (session, index) = parts(number);
        match session == self.session && (index as usize) < self.entries.len() {
            true => Ok(index),
            false => Err(Error::query("a row refers to a row of another session")),
        }
    }

    pub(super) fn unstored(&self, index: u32) -> Error {
        let model = self.meta(index).map_or("row", |meta| meta.model);
        Error::query(format!("a row refers to a {model} that is not stored and will not be"))
    }

    /// The key of a stored row, as it is stored or as it is now.
    pub(super) fn key_values(&self, index: u32, before: bool) -> Result<Vec<Value<'static>>> {
        let Some((rows, slot)) = self.row_shelf(index) else { return Ok(Vec::new()) };
        let value = |&at: &usize| if before { rows.before(slot, at) } else { rows.value(slot, at) };
        rows.meta().key.iter().map(|at| value(at).map(Value::into_owned)).collect()
    }

    /// A row as a message names it: `User 5`.
    pub(super) fn label(&self, index: u32) -> String {
        let model = self.meta(index).map_or("row", |meta| meta.model);
        match self.key_values(index, true) {
            Ok(key) if !key.is_empty() => {
                format!("{model} {}", several(&key))
            }
            _ => format!("new {model}"),
        }
    }

    /// Takes a row out of the identity map.
    pub(super) fn unlist(&mut self, index: u32) {
        // A row whose key cannot be encoded never was in it.
        for before in [true, false] {
            if let Ok(key) = self.key_values(index, before)
                && let Some((rows, _)) = self.row_shelf_mut(index)
            {
                rows.ids().remove(&key, index);
            }
        }
    }

    /// Puts a row into the identity map.
    pub(super) fn enlist(&mut self, index: u32) {
        if let Ok(key) = self.key_values(index, false)
            && let Some((rows, _)) = self.row_shelf_mut(index)
        {
            rows.ids().insert(&key, index);
        }
    }

    /// The stored rows of a table that are in the session.
    pub(super) fn live(&self, meta: &ModelMeta) -> Vec<u32> {
        let entries = self.entries.iter().zip(0_u32..);
        let wanted = |entry: &Entry| {
            matches!(entry.state, State::Stored | State::Doomed)
                && matches!(self.shelves.get(entry.shelf as usize), Some(Shelf::Rows(rows)) if rows.meta().same_table(meta))
        };
        entries.filter(|(entry, _)| wanted(entry)).map(|(_, index)| index).collect()
    }
}

/// The error of a key that this session did not give out.
fn foreign<T>(key: Key<T>) -> Error {
    Error::new(ErrorKind::Query, format!("{key:?} is a key of another session"))
}
