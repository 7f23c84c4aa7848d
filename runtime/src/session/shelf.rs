//! The rows of one type in a session, behind object-safe traits.

use std::any::Any;

use rustc_hash::FxHashMap;

use super::arena::Arena;
use crate::error::Result;
use crate::meta::ModelMeta;
use crate::query::{Insertable, Keyed, Model, Owned};
use crate::relation::key_bytes;
use crate::row::Row;
use crate::value::{Kind, Value};

/// A copy of a row without its type.
pub(super) type AnyRow = Box<dyn Any + Send + Sync>;

/// Takes a value, and may refuse it.
pub(super) type Put<'a> = &'a mut dyn FnMut(&Value<'_>) -> Result<()>;

/// Rows of a type that are not stored yet. They stay where they are when they are.
pub(super) trait NewShelf: Send + Sync {
    fn meta(&self) -> &'static ModelMeta;
    fn row(&self, slot: u32) -> Option<&dyn Any>;
    fn row_mut(&mut self, slot: u32) -> Option<&mut dyn Any>;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// The columns that a row gives a value.
    fn columns(&self, slot: u32, out: &mut Vec<usize>);
    /// The same, and which of them refer to rows of the session: the column, the row's number, and the part of its key.
    fn survey(&self, slot: u32, columns: &mut Vec<usize>, refs: &mut Vec<(usize, u64, u8)>) -> Result<()>;
    /// Their values.
    fn bind(&self, slot: u32, put: Put<'_>) -> Result<()>;
    /// Takes the rows that come back.
    fn collector(&self) -> Box<dyn Collector>;
    /// Whether the user has a hook for them.
    fn is_hooked(&self) -> bool;
    /// Calls it.
    fn before_insert(&mut self, slot: u32) -> Result<()>;
    /// Rows that go with one of these.
    fn owned(&self) -> &'static [Owned];
    /// Foreign keys whose rows go when they are taken away from what they belong to.
    fn orphans(&self) -> &'static [&'static [usize]];
}

/// Stored rows of a model.
pub(super) trait RowShelf: Send + Sync {
    fn meta(&self) -> &'static ModelMeta;
    fn row(&self, slot: u32) -> Option<&dyn Any>;
    fn row_mut(&mut self, slot: u32) -> Option<&mut dyn Any>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// The rows by their keys.
    fn ids(&mut self) -> &mut Ids;
    /// The value of a column as it is now.
    fn value(&self, slot: u32, column: usize) -> Result<Value<'_>>;
    /// The value of a column as it is stored.
    fn before(&self, slot: u32, column: usize) -> Result<Value<'_>>;
    /// Keeps a copy of the row as it is stored.
    fn snapshot(&mut self, slot: u32);
    /// Gives the copy out.
    fn take_snapshot(&mut self, slot: u32) -> Option<AnyRow>;
    /// Puts a copy in the row's place.
    fn put(&mut self, slot: u32, row: AnyRow);
    /// Takes rows of the model.
    fn collector(&self) -> Box<dyn Collector>;
    /// Whether the user has hooks for them.
    fn is_hooked(&self) -> bool;
    /// Calls one of them.
    fn before_update(&mut self, slot: u32) -> Result<()>;
    /// Calls the other.
    fn before_delete(&self, slot: u32) -> Result<()>;
    /// Rows that go with one of these.
    fn owned(&self) -> &'static [Owned];
    /// Foreign keys whose rows go when they are taken away from what they belong to.
    fn orphans(&self) -> &'static [&'static [usize]];
}

/// Decodes rows of one model.
pub(super) trait Collector: Send + Sync {
    fn push(&mut self, row: &Row<'_>) -> Result<()>;
    fn len(&self) -> usize;
    /// Takes place for so many rows.
    fn expect(&mut self, rows: usize);
    /// Forgets all rows.
    fn clear(&mut self);
    /// The rows become stored ones, each the outcome of a new row.
    fn inserted(self: Box<Self>, arena: &mut Arena, news: &[u32]);
    /// The rows take the place of those in the session, in this order.
    fn replace(self: Box<Self>, arena: &mut Arena, entries: &[u32]) -> Result<()>;
    /// The rows take the place of those with the same key; tells which.
    fn absorb(self: Box<Self>, arena: &mut Arena) -> Result<Vec<u32>>;
    /// The keys of the rows.
    fn keys(&self) -> Result<Vec<Vec<u8>>>;
}

/// Which row has a key: the identity map of one model.
#[derive(Default)]
pub(super) struct Ids {
    ints: FxHashMap<i64, u32>,
    others: FxHashMap<Vec<u8>, u32>,
}

impl Ids {
    pub(super) fn find(&self, key: &[Value<'_>]) -> Option<u32> {
        match key {
            [Value::Int(int)] => self.ints.get(int).copied(),
            key => self.others.get(&key_bytes(key)).copied(),
        }
    }

    fn make_room(&mut self, meta: &ModelMeta, rows: usize) {
        let kind = |&at: &usize| meta.columns.get(at).map(|column| column.kind);
        match meta.key {
            // What has 64 bits unsigned is no `Value::Int`.
            [at] if kind(at).is_some_and(|kind| kind.is_integer() && kind != Kind::UnsignedBigInt) => {
                self.ints.reserve(rows);
            }
            _ => self.others.reserve(rows),
        }
    }

    pub(super) fn insert(&mut self, key: &[Value<'_>], entry: u32) {
        match key {
            [Value::Int(int)] => self.ints.insert(*int, entry),
            key => self.others.insert(key_bytes(key), entry),
        };
    }

    pub(super) fn remove(&mut self, key: &[Value<'_>], entry: u32) {
        if self.find(key) != Some(entry) {
            return;
        }
        match key {
            [Value::Int(int)] => self.ints.remove(int),
            key => self.others.remove(&key_bytes(key)),
        };
    }
}

/// New rows of one type.
pub(super) struct News<N>(pub(super) Vec<N>);

impl<N: Insertable<Model: Keyed>> NewShelf for News<N> {
    fn meta(&self) -> &'static ModelMeta {
        N::Model::META
    }

    fn row(&self, slot: u32) -> Option<&dyn Any> {
        self.0.get(slot as usize).map(|row| row as &dyn Any)
    }

    fn row_mut(&mut self, slot: u32) -> Option<&mut dyn Any> {
        self.0.get_mut(slot as usize).map(|row| row as &mut dyn Any)
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn columns(&self, slot: u32, out: &mut Vec<usize>) {
        if let Some(row) = self.0.get(slot as usize) {
            row.columns(out);
        }
    }

    fn survey(&self, slot: u32, columns: &mut Vec<usize>, refs: &mut Vec<(usize, u64, u8)>) -> Result<()> {
        let Some(row) = self.0.get(slot as usize) else { return Ok(()) };
        let surveyed = row.survey(columns, refs);
        surveyed.map_err(|error| N::Model::META.locate_in(error, columns.last().copied()))
    }

    fn bind(&self, slot: u32, put: Put<'_>) -> Result<()> {
        self.0.get(slot as usize).map_or(Ok(()), |row| row.bind(put))
    }

    fn collector(&self) -> Box<dyn Collector> {
        Box::new(Collected::<N::Model>(Vec::new()))
    }

    fn is_hooked(&self) -> bool {
        N::BEFORE_INSERT.is_some()
    }

    fn before_insert(&mut self, slot: u32) -> Result<()> {
        match (N::BEFORE_INSERT, self.0.get_mut(slot as usize)) {
            (Some(hook), Some(row)) => hook(row),
            _ => Ok(()),
        }
    }

    fn owned(&self) -> &'static [Owned] {
        N::Model::OWNED
    }

    fn orphans(&self) -> &'static [&'static [usize]] {
        N::Model::ORPHANS
    }
}

/// Stored rows of one model.
pub(super) struct Rows<M> {
    pub(super) rows: Vec<M>,
    /// Copies of the rows that were written to, as they are stored.
    before: FxHashMap<u32, M>,
    ids: Ids,
    /// Rows that are not in `ids` yet: most sessions that insert many rows end before anybody looks for one by its key.
    unlisted: Vec<Unlisted>,
}

/// Rows one after another: the slot and the entry of the first, and how many there are.
struct Unlisted {
    slot: usize,
    entry: u32,
    count: usize,
}

impl<M> Default for Rows<M> {
    fn default() -> Self {
        Self { rows: Vec::new(), before: FxHashMap::default(), ids: Ids::default(), unlisted: Vec::new() }
    }
}

impl<M: Keyed> Rows<M> {
    /// Takes rows whose entries follow each other; gives the slot of the first.
    pub(super) fn extend(&mut self, rows: Vec<M>, entry: u32) -> usize {
        let (slot, count) = (self.rows.len(), rows.len());
        match slot {
            0 => self.rows = rows,
            _ => self.rows.extend(rows),
        }
        self.unlisted.push(Unlisted { slot, entry, count });
        slot
    }

    /// Puts rows into the identity map by their keys as they are stored.
    #[cold]
    fn list(&mut self) {
        for Unlisted { slot, entry, count } in std::mem::take(&mut self.unlisted) {
            self.ids.make_room(M::META, count);
            let rows = (slot as u32..).zip(self.rows.iter().skip(slot).take(count));
            for ((slot, row), entry) in rows.zip(entry..) {
                let row = self.before.get(&slot).unwrap_or(row);
                // A row whose key cannot be encoded is found by nobody.
                let _ = with_key(M::META, |at| row.value(at), |key| self.ids.insert(key, entry));
            }
        }
    }
}

impl<M: Keyed> RowShelf for Rows<M> {
    fn meta(&self) -> &'static ModelMeta {
        M::META
    }

    fn row(&self, slot: u32) -> Option<&dyn Any> {
        self.rows.get(slot as usize).map(|row| row as &dyn Any)
    }

    fn row_mut(&mut self, slot: u32) -> Option<&mut dyn Any> {
        self.rows.get_mut(slot as usize).map(|row| row as &mut dyn Any)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    #[inline]
    fn ids(&mut self) -> &mut Ids {
        if !self.unlisted.is_empty() {
            self.list();
        }
        &mut self.ids
    }

    fn value(&self, slot: u32, column: usize) -> Result<Value<'_>> {
        self.rows.get(slot as usize).map_or(Ok(Value::Null), |row| row.value(column))
    }

    fn before(&self, slot: u32, column: usize) -> Result<Value<'_>> {
        match self.before.get(&slot) {
            Some(row) => row.value(column),
            None => self.value(slot, column),
        }
    }

    fn snapshot(&mut self, slot: u32) {
        if let Some(row) = self.rows.get(slot as usize) {
            self.before.entry(slot).or_insert_with(|| row.clone());
        }
    }

    fn take_snapshot(&mut self, slot: u32) -> Option<AnyRow> {
        self.before.remove(&slot).map(|row| Box::new(row) as AnyRow)
    }

    fn put(&mut self, slot: u32, row: AnyRow) {
        if let (Some(place), Ok(row)) = (self.rows.get_mut(slot as usize), row.downcast::<M>()) {
            *place = *row;
        }
    }

    fn collector(&self) -> Box<dyn Collector> {
        Box::new(Collected::<M>(Vec::new()))
    }

    fn is_hooked(&self) -> bool {
        M::BEFORE_UPDATE.is_some() || M::BEFORE_DELETE.is_some()
    }

    fn before_update(&mut self, slot: u32) -> Result<()> {
        match (M::BEFORE_UPDATE, self.rows.get_mut(slot as usize)) {
            (Some(hook), Some(row)) => hook(row),
            _ => Ok(()),
        }
    }

    fn before_delete(&self, slot: u32) -> Result<()> {
        match (M::BEFORE_DELETE, self.rows.get(slot as usize)) {
            (Some(hook), Some(row)) => hook(row),
            _ => Ok(()),
        }
    }

    fn owned(&self) -> &'static [Owned] {
        M::OWNED
    }

    fn orphans(&self) -> &'static [&'static [usize]] {
        M::ORPHANS
    }
}

struct Collected<M>(Vec<M>);

impl<M: Keyed> Collector for Collected<M> {
    fn push(&mut self, row: &Row<'_>) -> Result<()> {
        self.0.push(M::decode(row, 0).map_err(|error| M::META.locate(error, row.position()))?);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn expect(&mut self, rows: usize) {
        self.0.reserve_exact(rows);
    }

    fn inserted(self: Box<Self>, arena: &mut Arena, news: &[u32]) {
        arena.became(news, self.0);
    }

    fn replace(self: Box<Self>, arena: &mut Arena, entries: &[u32]) -> Result<()> {
        for (row, &entry) in self.0.into_iter().zip(entries) {
            arena.replace(entry, row);
        }
        Ok(())
    }

    fn absorb(self: Box<Self>, arena: &mut Arena) -> Result<Vec<u32>> {
        self.0.into_iter().map(|row| arena.absorb(row)).collect()
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let key =
            |row: &M| M::META.key.iter().map(|&at| row.value(at).map(Value::into_owned)).collect::<Result<Vec<_>>>();
        self.0.iter().map(|row| key(row).map(|key| key_bytes(&key))).collect()
    }
}

/// Hands out the values of a key without an allocation for keys of one column.
pub(super) fn with_key<'v, R>(
    meta: &ModelMeta,
    value: impl Fn(usize) -> Result<Value<'v>>,
    then: impl FnOnce(&[Value<'v>]) -> R,
) -> Result<R> {
    match meta.key {
        [at] => {
            let key = [value(*at)?];
            let found = then(&key);
            let [value] = key;
            value.discard();
            Ok(found)
        }
        key => Ok(then(&key.iter().map(|&at| value(at)).collect::<Result<Vec<_>>>()?)),
    }
}
