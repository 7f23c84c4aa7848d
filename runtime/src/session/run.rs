//! Runs the steps of a flush and tells the session what came of them.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;

use super::arena::{Arena, Shelf, State, Undo};
use super::plan::{Batch, Deed, Step};
use super::shelf::Collector;
use super::{bulk, reread};
use crate::driver::{Bulk, Returned, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::meta::{ColumnMeta, ModelMeta, RelationMeta, ThroughMeta};
use crate::query::insert_text;
use crate::relation::key_bytes;
use crate::row::{Given, Row, Source as RowSource};
use crate::sql::{BinaryOp, Dialect, Insert, Node, Source, Statement, Table, Write, Writer};
use crate::value::{Kind, Value};

/// From how many rows on SQLite is asked what it makes of them.
const MANY: usize = 32;

/// Runs all steps. What an error leaves behind is for a rollback to clear up.
pub(super) async fn run(arena: &mut Arena, lease: &mut Lease<'_>, steps: &[Step]) -> Result<()> {
    let mut stale = Vec::new();
    for step in steps {
        match step {
            Step::Defer => lease.batch("PRAGMA defer_foreign_keys = ON").await?,
            Step::Link { relation, pairs, add } => link(arena, lease, relation, pairs, *add).await?,
            Step::Write(batch) => {
                let Some(meta) = batch.rows.first().and_then(|&row| arena.meta(row)) else { continue };
                match batch.deed {
                    Deed::Insert => insert(arena, lease, meta, batch).await?,
                    Deed::Delete => delete(arena, lease, meta, batch, &mut stale).await?,
                    _ => update(arena, lease, meta, batch, &mut stale).await?,
                }
            }
        }
    }
    arena.settle();
    reread::rows(arena, lease, &stale).await
}

impl Arena {
    /// Everything is flushed.
    pub(super) fn settle(&mut self) {
        for index in std::mem::take(&mut self.touched) {
            if let Some((rows, slot)) = self.row_shelf_mut(index) {
                // Written to without being changed.
                drop(rows.take_snapshot(slot));
            }
            if let Some(entry) = self.entries.get_mut(index as usize) {
                entry.touched = false;
            }
        }
        self.fresh.clear();
        self.doomed.clear();
        self.dropped.clear();
        self.linking.clear();
        self.assigned.clear();
        self.related.clear();
    }
}

async fn insert(arena: &mut Arena, lease: &mut Lease<'_>, meta: &'static ModelMeta, batch: &Batch) -> Result<()> {
    if given(arena, lease, meta, batch)? {
        return insert_given(arena, lease, meta, batch).await;
    }
    let Some(Shelf::New(news)) = batch.rows.first().and_then(|&row| arena.shelf(row)) else { return Ok(()) };
    let mut collector = news.collector();
    collector.expect(batch.rows.len());
    let returning: Vec<&'static ColumnMeta> = meta.columns.iter().collect();
    let sql = insert_text(lease.dialect(), meta, &batch.columns, &returning);
    let nulls = batch.nulls.iter().copied().collect();
    let rows = NewRows { arena, meta, batch, nulls, copy: None };
    lease.execute_rows(&sql, &rows, Returned::Rows(&mut |row| collector.push(row))).await?;
    if collector.len() != batch.rows.len() {
        let message = format!("the database did not give back every {} it inserted", meta.model);
        return Err(Error::query(message));
    }
    collector.inserted(arena, &batch.rows)
}

/// Whether the rows of a batch are known before they are stored, but for a key that the database counts: SQLite takes
/// three times as long when it has to give back what it was given. Few rows are not worth the question.
fn given(arena: &mut Arena, lease: &mut Lease<'_>, meta: &'static ModelMeta, batch: &Batch) -> Result<bool> {
    let known = |(at, column): (usize, &ColumnMeta)| {
        !column.generated && (batch.columns.contains(&at) || meta.auto_key == Some(at))
    };
    if batch.rows.len() < MANY || lease.dialect() != Dialect::Sqlite || !meta.columns.iter().enumerate().all(known) {
        return Ok(false);
    }
    if let Some(&keeps) = arena.keeps.get(meta.table) {
        return Ok(keeps);
    }
    let keeps = lease.keeps(meta)?;
    arena.keeps.insert(meta.table, keeps);
    Ok(keeps)
}

/// Inserts rows without asking for them back.
async fn insert_given(arena: &mut Arena, lease: &mut Lease<'_>, meta: &'static ModelMeta, batch: &Batch) -> Result<()> {
    let Some(Shelf::New(news)) = batch.rows.first().and_then(|&row| arena.shelf(row)) else { return Ok(()) };
    let mut collector = news.collector();
    collector.expect(batch.rows.len());
    let sql = insert_text(lease.dialect(), meta, &batch.columns, &[]);
    let counted = meta.auto_key.filter(|at| !batch.columns.contains(at));
    let nulls = batch.nulls.iter().copied().collect();
    let rows = NewRows { arena, meta, batch, nulls, copy: Some(Mutex::new(Given::new(meta.columns.len()))) };
    let mut each = |key: i64| {
        let Some(copy) = &rows.copy else { return Ok(()) };
        let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = counted {
            copy.set(at, Value::Int(key));
        }
        collector.push(&Row::new(RowSource::Given(&copy)))
    };
    let affected = lease.execute_rows(&sql, &rows, Returned::EachKey(&mut each)).await?;
    if affected != batch.rows.len() as u64 {
        return Err(Error::query(format!("the database did not insert every {}", meta.model)));
    }
    collector.inserted(arena, &batch.rows)
}

/// New rows, bound straight from the structs.
struct NewRows<'a> {
    arena: &'a Arena,
    meta: &'static ModelMeta,
    batch: &'a Batch,
    nulls: FxHashSet<(u32, usize)>,
    /// What was bound last, where the row is made out of that.
    copy: Option<Mutex<Given>>,
}

impl NewRows<'_> {
    fn put(
        &self,
        row: u32,
        column: usize,
        value: Value<'_>,
        put: &mut dyn FnMut(Value<'_>) -> Result<()>,
    ) -> Result<()> {
        if !self.nulls.is_empty() && self.nulls.contains(&(row, column)) {
            return put(Value::Null);
        }
        match value {
            Value::Pending(number) => put(self.arena.resolve(number, 0)?),
            value => put(value),
        }
    }

    fn assigned(&self, row: u32, column: usize) -> Result<Value<'static>> {
        if self.nulls.contains(&(row, column)) {
            return Ok(Value::Null);
        }
        self.arena.value(row, column)?.ok_or_else(|| self.arena.unstored(row))
    }
}

impl Rows for NewRows<'_> {
    fn len(&self) -> usize {
        self.batch.rows.len()
    }

    fn bulk(&self) -> Option<Bulk> {
        let returning: Vec<&'static ColumnMeta> = self.meta.columns.iter().collect();
        Some(Bulk::of(self.meta, &self.batch.columns, &returning))
    }

    fn bind(&self, row: usize, put: &mut dyn FnMut(Value<'_>) -> Result<()>) -> Result<()> {
        let Some(&row) = self.batch.rows.get(row) else { return Ok(()) };
        let (Some(Shelf::New(news)), Some(entry)) = (self.arena.shelf(row), self.arena.entry(row)) else {
            return Ok(());
        };
        let columns = &self.batch.columns;
        let assigned = self.arena.assigned.get(&row);
        let is_assigned = |column| assigned.is_some_and(|list| list.iter().any(|item| item.column == column));
        let (mut at, mut copied) = (0, 0);
        let mut copy = self.copy.as_ref().map(|copy| copy.lock().unwrap_or_else(PoisonError::into_inner));
        let put = &mut |value: Value<'_>| {
            if let (Some(copy), Some(&column)) = (&mut copy, columns.get(copied)) {
                copy.set(column, stored(&value));
            }
            copied += 1;
            put(value)
        };
        let mut result = news.bind(entry.slot, &mut |value| {
            let column = columns.get(at).copied().unwrap_or_default();
            match is_assigned(column) {
                true => put(self.assigned(row, column)?)?,
                false => self.put(row, column, value, put)?,
            }
            at += 1;
            Ok(())
        });
        while let (Ok(()), Some(&column)) = (&result, columns.get(at)) {
            result = self.assigned(row, column).and_then(&mut *put);
            at += 1;
        }
        result.map_err(|error| self.meta.locate_in(error, columns.get(at).copied()))
    }
}

/// A copy of a value as SQLite stores it.
fn stored(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Float(number) if number.is_nan() => Value::Null,
        value => value.clone().into_owned(),
    }
}

async fn update(
    arena: &mut Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    batch: &Batch,
    stale: &mut Vec<u32>,
) -> Result<()> {
    let whole = batch.deed == Deed::Update;
    let entries: Vec<u32> = batch.rows.iter().map(|&row| arena.stored(row).unwrap_or(row)).collect();
    let version = meta.version.filter(|_| whole);
    let mut sql = write_text(lease.dialect(), meta, &batch.columns, version)?;
    let assigned = batch.rows.iter().any(|row| arena.assigned.contains_key(row));
    let computed = meta.version.is_some() || meta.columns.iter().any(|column| column.generated) || assigned;
    // Triggers that change the row show in RETURNING there.
    let back = batch.deed == Deed::Complete || whole && (computed || lease.dialect() == Dialect::Postgres);
    let first = entries.first().and_then(|&row| arena.row_shelf(row));
    let returns = lease.dialect().writes_return();
    let mut collector = first.filter(|_| back && returns).map(|(rows, _)| rows.collector());
    let (mut entries, mut done) = (entries, false);
    if let Some(collector) = collector.as_mut().filter(|_| bulk::fits(lease.dialect(), meta, batch)) {
        let rows = OldRows { arena, meta, batch, entries: &entries, first: 0, version };
        if let Some(order) = bulk::update(lease, &rows, &mut **collector).await? {
            if order.len() != entries.len() {
                return Err(missing(arena, lease, meta, &entries, Some(&**collector)).await);
            }
            (entries, done) = (order, true);
        }
    }
    let left = if done { &[][..] } else { &entries };
    // Where no rows come back, only statements of their own tell which row was stale.
    let size = if returns || version.is_none() { entries.len() } else { 1 };
    for (at, part) in left.chunks(size.max(1)).enumerate() {
        let rows = OldRows { arena, meta, batch, entries: part, first: at * size, version };
        let affected = write(lease, meta, &mut sql, &rows, collector.as_mut()).await?;
        if affected != part.len() as u64 {
            return Err(missing(arena, lease, meta, part, collector.as_deref()).await);
        }
    }
    if back && !returns {
        stale.extend(&entries);
    }
    if whole {
        let keyed = super::edges::touches(&batch.columns, meta.key);
        if keyed {
            stale.extend(arena.referrers(&entries, meta, true)?);
        }
        entries.iter().for_each(|&entry| arena.flushed(entry, keyed));
    }
    match collector {
        Some(collector) => collector.replace(arena, &entries),
        None => Ok(()),
    }
}

async fn delete(
    arena: &mut Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    batch: &Batch,
    stale: &mut Vec<u32>,
) -> Result<()> {
    let mut sql = write_text(lease.dialect(), meta, &[], meta.version)?;
    let first = batch.rows.first().and_then(|&row| arena.row_shelf(row));
    let returns = lease.dialect().writes_return();
    let mut collector = first.filter(|_| meta.version.is_some() && returns).map(|(rows, _)| rows.collector());
    let size = if returns || meta.version.is_none() { batch.rows.len() } else { 1 };
    for (at, part) in batch.rows.chunks(size.max(1)).enumerate() {
        let rows = OldRows { arena, meta, batch, entries: part, first: at * size, version: meta.version };
        let affected = write(lease, meta, &mut sql, &rows, collector.as_mut()).await?;
        // Without a version a row that is gone already is as it should be.
        if affected != part.len() as u64 && meta.version.is_some() {
            return Err(missing(arena, lease, meta, part, collector.as_deref()).await);
        }
    }
    let mut gone = batch.rows.clone();
    while let Some(meta) = gone.first().and_then(|&row| arena.meta(row)) {
        let (same, others): (Vec<u32>, Vec<u32>) =
            gone.into_iter().partition(|&row| arena.meta(row).is_some_and(|other| other.same_table(meta)));
        gone = others;
        same.iter().for_each(|&row| arena.deleted(row));
        gone.extend(arena.cascaded(&same, meta)?);
        stale.extend(arena.referrers(&same, meta, false)?);
    }
    Ok(())
}

impl Arena {
    /// A row was updated.
    fn flushed(&mut self, index: u32, keyed: bool) {
        if keyed {
            self.unlist(index);
        }
        if let Some((rows, slot)) = self.row_shelf_mut(index)
            && let Some(before) = rows.take_snapshot(slot)
        {
            self.journal.push(Undo::Changed { entry: index, before });
        }
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.touched = false;
        }
        if keyed {
            self.enlist(index);
        }
    }

    fn deleted(&mut self, index: u32) {
        if self.entry(index).is_some_and(|entry| entry.state != State::Gone) {
            self.restore(index);
            self.bury(index);
            self.journal.push(Undo::Deleted { entry: index });
        }
    }

    /// The rows that the database deletes with others.
    fn cascaded(&self, gone: &[u32], meta: &ModelMeta) -> Result<Vec<u32>> {
        self.pointing(gone, meta, |key| key.on_delete == crate::meta::OnDelete::Cascade)
    }

    /// The rows whose foreign keys the database changes with others.
    fn referrers(&self, changed: &[u32], meta: &ModelMeta, keys: bool) -> Result<Vec<u32>> {
        self.pointing(changed, meta, |key| keys || key.on_delete == crate::meta::OnDelete::Set)
    }

    /// The rows of the session that point to some rows as these are stored, by foreign keys of a kind.
    fn pointing(
        &self,
        to: &[u32],
        meta: &ModelMeta,
        kind: impl Fn(&crate::meta::ForeignKeyMeta) -> bool,
    ) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for shelf in &self.shelves {
            let Shelf::Rows(rows) = shelf else { continue };
            for key in rows.meta().foreign_keys.iter().filter(|key| meta.is_target_of(key) && kind(key)) {
                let mut targets = FxHashSet::default();
                for &row in to {
                    targets.extend(self.stored_values(row, key.targets)?);
                }
                for child in self.live(rows.meta()) {
                    if self.stored_values(child, key.columns)?.is_some_and(|value| targets.contains(&value)) {
                        found.push(child);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The values of some columns as they are stored; `None` when one is NULL.
    fn stored_values(&self, index: u32, columns: &[usize]) -> Result<Option<Vec<u8>>> {
        let Some((rows, slot)) = self.row_shelf(index) else { return Ok(None) };
        let values: Vec<Value<'_>> = columns.iter().map(|&at| rows.before(slot, at)).collect::<Result<_>>()?;
        Ok(values.iter().all(|value| !value.is_null()).then(|| key_bytes(&values)))
    }
}

/// The text of an UPDATE of some columns, or a DELETE without any, by key and version. Its parameters come from
/// [`OldRows`] in the same order.
fn write_text(dialect: Dialect, meta: &'static ModelMeta, columns: &[usize], version: Option<usize>) -> Result<String> {
    let source = Source::new();
    let column = |at: &usize| meta.columns.get(*at);
    let mut set: Vec<(&'static ColumnMeta, Node)> =
        columns.iter().filter_map(column).map(|column| (column, Node::Bind(Value::Null))).collect();
    if let (Some(version), false) = (version.as_ref().and_then(column), columns.is_empty()) {
        let one = Node::Bind(Value::Int(1));
        set.push((version, Node::binary(BinaryOp::Add, Node::Column(source, version), one)));
    }
    let equal = |column| Node::binary(BinaryOp::Eq, Node::Column(source, column), Node::Bind(Value::Null));
    let filter: Vec<Node> = meta.key.iter().chain(version.iter()).filter_map(column).map(equal).collect();
    let write = Write { source, table: Table::Model(meta), set: &set, filter: &filter };
    Writer::write(dialect, &write).map(|statement| statement.sql)
}

/// Runs it; with a collector all columns come back.
async fn write(
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    sql: &mut String,
    rows: &OldRows<'_>,
    collector: Option<&mut Box<dyn Collector>>,
) -> Result<u64> {
    let Some(collector) = collector else { return lease.execute_rows(sql, rows, Returned::Nothing).await };
    sql.push_str(&Writer::returning(lease.dialect(), meta.columns));
    lease.execute_rows(sql, rows, Returned::Rows(&mut |row| collector.push(row))).await?;
    Ok(collector.len() as u64)
}

/// Stored rows that are written to.
pub(super) struct OldRows<'a> {
    pub arena: &'a Arena,
    pub meta: &'static ModelMeta,
    pub batch: &'a Batch,
    pub entries: &'a [u32],
    /// Which of the batch the first of them is.
    pub first: usize,
    pub version: Option<usize>,
}

impl OldRows<'_> {
    fn set(&self, at: usize, entry: u32, column: usize) -> Result<Value<'_>> {
        let row = self.batch.rows.get(at).copied().unwrap_or(entry);
        match self.batch.deed {
            Deed::Clear => Ok(Value::Null),
            Deed::Park => Ok(self.parked(entry, column)),
            Deed::Complete => Ok(self.arena.own_value(row, column, 0)?.unwrap_or(Value::Null)),
            _ if self.arena.assigned.contains_key(&row) => Ok(self.arena.value(row, column)?.unwrap_or(Value::Null)),
            _ => match self.arena.row_shelf(entry) {
                Some((rows, slot)) => rows.value(slot, column),
                None => Ok(Value::Null),
            },
        }
    }

    /// A value that no other row has, for a moment.
    fn parked(&self, entry: u32, column: usize) -> Value<'static> {
        let Some(meta) = self.meta.columns.get(column) else { return Value::Null };
        let entry = i64::from(entry);
        match meta.kind {
            _ if meta.nullable => Value::Null,
            Kind::SmallInt => Value::Int(i64::from(i16::MIN) + entry % 10_000),
            Kind::Int => Value::Int(i64::from(i32::MIN) + entry),
            Kind::Text => Value::Text(format!("~{entry:x}").into()),
            Kind::Uuid => Value::Uuid((u128::MAX - entry.unsigned_abs() as u128).to_be_bytes()),
            _ => Value::Int(i64::MIN + entry),
        }
    }
}

impl Rows for OldRows<'_> {
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn bind(&self, row: usize, put: &mut dyn FnMut(Value<'_>) -> Result<()>) -> Result<()> {
        let Some(&entry) = self.entries.get(row) else { return Ok(()) };
        for &column in &self.batch.columns {
            let value = self.set(self.first + row, entry, column).map_err(|error| self.meta.locate(error, column))?;
            put(value)?;
        }
        if self.version.is_some() && !self.batch.columns.is_empty() {
            put(Value::Int(1))?;
        }
        let Some((rows, slot)) = self.arena.row_shelf(entry) else { return Ok(()) };
        self.meta.key.iter().chain(self.version.iter()).try_for_each(|&at| put(rows.before(slot, at)?))
    }
}

/// The error of a row that a write did not find.
async fn missing(
    arena: &Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    entries: &[u32],
    collector: Option<&dyn Collector>,
) -> Error {
    let found = match collector {
        Some(collector) => collector.keys().map(|keys| keys.into_iter().collect::<FxHashSet<_>>()),
        None => reread::keys(arena, lease, entries).await,
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return error,
    };
    let lost = entries.iter().find(|&&entry| {
        arena.key_values(entry, collector.is_none()).is_ok_and(|key| !found.contains(&key_bytes(&key)))
    });
    // A row alone is the one, though its key is found with another version.
    let lost = lost.or(entries.first().filter(|_| entries.len() == 1));
    let row = lost.map_or_else(|| meta.model.to_owned(), |&entry| arena.label(entry));
    if meta.version.is_some() {
        return Error::new(ErrorKind::Stale, format!("{row} was changed or deleted since it was read"));
    }
    Error::new(ErrorKind::NotFound, format!("{row} is not stored any more"))
}

async fn link(
    arena: &mut Arena,
    lease: &mut Lease<'_>,
    relation: &'static RelationMeta,
    pairs: &[(u32, u32)],
    add: bool,
) -> Result<()> {
    let Some(through) = relation.through else { return Ok(()) };
    let columns: Vec<&'static ColumnMeta> =
        through.near.iter().map(|(_, column)| column).chain(through.far.iter().map(|(column, _)| column)).collect();
    let table = Table::Through(through);
    let sql = if add {
        let insert = Insert { table, columns: &columns, returning: &[], ignore_existing: true };
        Writer::insert(lease.dialect(), &insert)
    } else {
        let source = Source::new();
        let equal = |column| Node::binary(BinaryOp::Eq, Node::Column(source, column), Node::Bind(Value::Null));
        let filter: Vec<Node> = columns.iter().copied().map(equal).collect();
        let Statement { sql, .. } =
            Writer::write(lease.dialect(), &Write { source, table, set: &[], filter: &filter })?;
        sql
    };
    if !add || lease.dialect().ignores_existing() {
        lease.execute_rows(&sql, &Pairs { arena, through, pairs }, Returned::Nothing).await?;
        return Ok(());
    }
    for pair in pairs.chunks(1) {
        match lease.execute_rows(&sql, &Pairs { arena, through, pairs: pair }, Returned::Nothing).await {
            // A statement that fails so changes nothing, and the transaction goes on.
            Err(error) if !error.is_unique_violation() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The rows of a table between.
struct Pairs<'a> {
    arena: &'a Arena,
    through: &'static ThroughMeta,
    pairs: &'a [(u32, u32)],
}

impl Rows for Pairs<'_> {
    fn len(&self) -> usize {
        self.pairs.len()
    }

    fn bind(&self, row: usize, put: &mut dyn FnMut(Value<'_>) -> Result<()>) -> Result<()> {
        let Some(&(near, far)) = self.pairs.get(row) else { return Ok(()) };
        let ends = self.through.near.iter().map(|(at, _)| (near, *at));
        for (index, column) in ends.chain(self.through.far.iter().map(|(_, at)| (far, *at))) {
            put(self.arena.value(index, column)?.ok_or_else(|| self.arena.unstored(index))?)?;
        }
        Ok(())
    }
}
