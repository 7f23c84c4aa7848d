//! Runs the steps of a flush and tells the session what came of them.

use rustc_hash::FxHashSet;

use super::arena::{Arena, Shelf, State};
use super::news::{Made, NewRows};
use super::park::Parked;
use super::plan::{Batch, Deed, Step};
use super::shelf::Collector;
use super::undo::Undo;
use super::{bulk, reread};
use crate::driver::{Each, Returned, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::meta::{ColumnMeta, ModelMeta, RelationMeta, ThroughMeta};
use crate::misfit::{self, Target};
use crate::query::insert_text;
use crate::relation::key_bytes;
use crate::row::{Given, Row};
use crate::sql::{BinaryOp, Dialect, Existing, Insert, Node, Source, Statement, Table, Write, Writer};
use crate::value::Value;

/// From how many rows on SQLite is asked what it makes of them.
const MANY: usize = 32;

/// Runs all steps. What an error leaves behind is for a rollback to clear up.
pub(super) async fn run(arena: &mut Arena, lease: &mut Lease<'_>, steps: &[Step]) -> Result<()> {
    let mut told = Told::default();
    for step in steps {
        match step {
            Step::Defer => lease.batch("PRAGMA defer_foreign_keys = ON").await?,
            Step::Link { relation, pairs, add } => link(arena, lease, relation, pairs, *add).await?,
            Step::Write(batch) => {
                let Some(meta) = batch.rows.first().and_then(|&row| arena.meta(row)) else { continue };
                match batch.deed {
                    Deed::Insert => insert(arena, lease, meta, batch).await?,
                    Deed::Delete => delete(arena, lease, meta, batch, &mut told.stale).await?,
                    _ => update(arena, lease, meta, batch, &mut told).await?,
                }
            }
        }
    }
    arena.settle();
    reread::rows(arena, lease, &told.stale).await
}

/// What steps leave for later ones, and for the end.
#[derive(Default)]
struct Told {
    /// Rows that have to be read again.
    stale: Vec<u32>,
    /// Values that are stored for now only.
    parked: Parked,
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
    let Some(Shelf::New(news)) = batch.rows.first().and_then(|&row| arena.shelf(row)) else { return Ok(()) };
    let mut collector = news.collector();
    collector.expect(batch.rows.len());
    let known = is_known(arena, lease, meta, batch)?;
    let stored = if known { insert_known(arena, lease, meta, batch, &mut *collector).await? } else { 0 };
    if stored < batch.rows.len() {
        let mut rows = NewRows::new(arena, meta, batch);
        rows.skip(stored);
        insert_asking(lease, meta, batch, rows, &mut |row| collector.push(row)).await?;
    }
    if collector.len() != batch.rows.len() {
        let message = format!("the database did not give back every {} it inserted", meta.model);
        return Err(Error::query(message));
    }
    collector.inserted(arena, &batch.rows);
    Ok(())
}

/// Inserts rows that the database gives back as it stores them.
async fn insert_asking(
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    batch: &Batch,
    mut rows: NewRows<'_>,
    each: Each<'_>,
) -> Result<()> {
    let returning: Vec<&'static ColumnMeta> = meta.columns.iter().collect();
    let sql = insert_text(lease.dialect(), meta, &batch.columns, &returning)?;
    lease.execute_rows(&sql, &mut rows, Returned::Rows(each)).await.map(drop)
}

/// Whether the rows of a batch are known before they are stored, but for a key that the database counts: SQLite takes
/// three times as long when it has to give back what it was given. Few rows are not worth the question.
fn is_known(arena: &mut Arena, lease: &mut Lease<'_>, meta: &'static ModelMeta, batch: &Batch) -> Result<bool> {
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

/// Inserts rows without asking for them back, and says how many. Where the database counts their keys, the first row is
/// asked for. If its key is the highest, those of the others follow, as nobody else can write meanwhile; if not, or if
/// there are not so many numbers left, the others are not inserted here.
async fn insert_known(
    arena: &Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    batch: &Batch,
    collector: &mut dyn Collector,
) -> Result<usize> {
    let mut rows = NewRows::new(arena, meta, batch);
    if let Some(at) = meta.auto_key.filter(|at| !batch.columns.contains(at)) {
        let (mut first, mut key) = (NewRows::new(arena, meta, batch), None);
        first.rows = batch.rows.get(..1).unwrap_or_default();
        let each: Each<'_> = &mut |row| {
            key = row.int(at)?;
            collector.push(row)
        };
        insert_asking(lease, meta, batch, first, each).await?;
        let Some(key) = key.filter(|key| key.checked_add(batch.rows.len() as i64).is_some()) else { return Ok(1) };
        if highest(lease, meta, at).await? != Some(key) {
            return Ok(1);
        }
        rows.key = Some((at, key));
        rows.skip(1);
    }
    let (left, key) = (rows.len() as u64, rows.key);
    rows.made = Some(Made { row: Given::new(meta.columns.len()), collector });
    let sql = insert_text(lease.dialect(), meta, &batch.columns, &[])?;
    if lease.execute_rows(&sql, &mut rows, Returned::Nothing).await? != left {
        return Err(Error::query(format!("the database did not insert every {}", meta.model)));
    }
    if key.is_some_and(|(_, next)| lease.last_key() != Some(next + left as i64 - 1)) {
        let message = format!("the keys that the database counts for {} do not follow each other", meta.model);
        return Err(Error::query(message));
    }
    Ok(batch.rows.len())
}

/// The highest key of a table whose keys are counted.
async fn highest(lease: &mut Lease<'_>, meta: &ModelMeta, key: usize) -> Result<Option<i64>> {
    let mut sql = String::from("SELECT max(");
    lease.dialect().quote_ident(&mut sql, meta.columns.get(key).map_or("", |column| column.name));
    sql.push_str(") FROM ");
    lease.dialect().quote_ident(&mut sql, meta.table);
    let mut found = None;
    let each = &mut |row: &Row<'_>| {
        found = row.int(0)?;
        Ok(())
    };
    lease.query(&sql, &[], each).await?;
    Ok(found)
}

async fn update(
    arena: &mut Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    batch: &Batch,
    told: &mut Told,
) -> Result<()> {
    let whole = batch.deed == Deed::Update;
    let mut entries: Vec<u32> = batch.rows.iter().map(|&row| arena.stored(row).unwrap_or(row)).collect();
    let version = meta.version.filter(|_| whole);
    if batch.deed == Deed::Park {
        entries.retain(|&entry| batch.columns.iter().any(|&at| told.parked.get(entry, at).is_none()));
        arena.park(&mut told.parked, meta, batch, &entries)?;
    }
    let Told { stale, parked } = told;
    let mut sql = write_text(lease.dialect(), meta, &batch.columns, version)?;
    let assigned = batch.rows.iter().any(|row| arena.assigned.contains_key(row));
    let computed = meta.version.is_some() || meta.columns.iter().any(|column| column.generated) || assigned;
    // Triggers that change the row show in RETURNING there.
    let back = batch.deed == Deed::Complete || whole && (computed || lease.dialect() == Dialect::Postgres);
    let first = entries.first().and_then(|&row| arena.row_shelf(row));
    let returns = lease.dialect().writes_return();
    let mut collector = first.filter(|_| back && returns).map(|(rows, _)| rows.collector());
    let mut done = false;
    if let Some(collector) = collector.as_mut().filter(|_| bulk::fits(lease.dialect(), meta, batch)) {
        let mut rows = OldRows { arena, meta, batch, entries: &entries, first: 0, version, parked };
        if let Some(order) = bulk::update(lease, &mut rows, &mut **collector).await? {
            if order.len() != entries.len() {
                return Err(missing(arena, lease, meta, &entries, Some(&**collector), parked).await);
            }
            (entries, done) = (order, true);
        }
    }
    let left = if done { &[][..] } else { &entries };
    // Where no rows come back, only statements of their own tell which row was stale.
    let size = if returns || version.is_none() { entries.len() } else { 1 };
    for (at, part) in left.chunks(size.max(1)).enumerate() {
        let mut rows = OldRows { arena, meta, batch, entries: part, first: at * size, version, parked };
        let affected = write(lease, meta, &mut sql, &mut rows, collector.as_mut()).await?;
        if affected != part.len() as u64 {
            return Err(missing(arena, lease, meta, part, collector.as_deref(), parked).await);
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
    let parked = &Parked::default();
    for (at, part) in batch.rows.chunks(size.max(1)).enumerate() {
        let mut rows = OldRows { arena, meta, batch, entries: part, first: at * size, version: meta.version, parked };
        let affected = write(lease, meta, &mut sql, &mut rows, collector.as_mut()).await?;
        // Without a version a row that is gone already is as it should be.
        if affected != part.len() as u64 && meta.version.is_some() {
            return Err(missing(arena, lease, meta, part, collector.as_deref(), parked).await);
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
    /// Finds values out of the way for the rows of a step.
    fn park(&self, parked: &mut Parked, meta: &ModelMeta, batch: &Batch, entries: &[u32]) -> Result<()> {
        for &entry in entries {
            let Some((rows, slot)) = self.row_shelf(entry) else { continue };
            for &at in &batch.columns {
                let Some(column) = meta.columns.get(at) else { continue };
                parked.add(entry, at, column, &rows.before(slot, at)?);
            }
        }
        Ok(())
    }

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
    rows: &mut OldRows<'_>,
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
    /// What was parked before, and is now.
    pub parked: &'a Parked,
}

impl OldRows<'_> {
    fn set(&self, at: usize, entry: u32, column: usize) -> Result<Value<'_>> {
        let row = self.batch.rows.get(at).copied().unwrap_or(entry);
        match self.batch.deed {
            Deed::Clear => Ok(Value::Null),
            Deed::Park => Ok(self.parked.get(entry, column).map_or(Value::Null, Value::reborrow)),
            Deed::Complete => Ok(self.arena.own_value(row, column, 0)?.unwrap_or(Value::Null)),
            _ if self.arena.assigned.contains_key(&row) => Ok(self.arena.value(row, column)?.unwrap_or(Value::Null)),
            _ => match self.arena.row_shelf(entry) {
                Some((rows, slot)) => rows.value(slot, column),
                None => Ok(Value::Null),
            },
        }
    }
}

impl Rows for OldRows<'_> {
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn bind(&mut self, row: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let Some(&entry) = self.entries.get(row) else { return Ok(()) };
        for &column in &self.batch.columns {
            let value = self.set(self.first + row, entry, column);
            let done = value.and_then(|value| {
                misfit::check_exact(self.meta, Some(column), &value)?;
                put(&value)
            });
            done.map_err(|error| self.meta.locate(error, column))?;
        }
        if self.version.is_some() && !self.batch.columns.is_empty() {
            put(&Value::Int(1))?;
        }
        let Some((rows, slot)) = self.arena.row_shelf(entry) else { return Ok(()) };
        let parks = |at: &usize| self.batch.deed == Deed::Park && self.batch.columns.contains(at);
        let parked = |at: usize| self.parked.get(entry, at).filter(|_| !parks(&at));
        self.meta.key.iter().chain(self.version.iter()).try_for_each(|&at| match parked(at) {
            Some(value) => put(value),
            None => rows.before(slot, at).and_then(|value| put(&value)).map_err(|error| self.meta.locate(error, at)),
        })
    }

    fn target(&mut self) -> Option<Target> {
        Some(Target::of_model(self.meta, &self.batch.columns))
    }
}

/// The error of a row that a write did not find.
async fn missing(
    arena: &Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    entries: &[u32],
    collector: Option<&dyn Collector>,
    parked: &Parked,
) -> Error {
    let found = match collector {
        Some(collector) => collector.keys().map(|keys| keys.into_iter().collect::<FxHashSet<_>>()),
        None => reread::keys(arena, lease, entries).await,
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return error,
    };
    // What was parked was found then, and has no key to look for.
    let is_parked = |entry: u32| meta.key.iter().any(|&at| parked.get(entry, at).is_some());
    let lost = entries.iter().find(|&&entry| {
        (collector.is_some() || !is_parked(entry))
            && arena.key_values(entry, collector.is_none()).is_ok_and(|key| !found.contains(&key_bytes(&key)))
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
        let insert = Insert { table, columns: &columns, returning: &[], existing: Existing::Ignored };
        Writer::insert(lease.dialect(), &insert)?.sql
    } else {
        let source = Source::new();
        let equal = |column| Node::binary(BinaryOp::Eq, Node::Column(source, column), Node::Bind(Value::Null));
        let filter: Vec<Node> = columns.iter().copied().map(equal).collect();
        let Statement { sql, .. } =
            Writer::write(lease.dialect(), &Write { source, table, set: &[], filter: &filter })?;
        sql
    };
    if !add || lease.dialect().ignores_existing() {
        lease.execute_rows(&sql, &mut Pairs { arena, through, pairs }, Returned::Nothing).await?;
        return Ok(());
    }
    for pair in pairs.chunks(1) {
        match lease.execute_rows(&sql, &mut Pairs { arena, through, pairs: pair }, Returned::Nothing).await {
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

    fn bind(&mut self, row: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let Some(&(near, far)) = self.pairs.get(row) else { return Ok(()) };
        let ends = self.through.near.iter().map(|(at, _)| (near, *at));
        for (index, column) in ends.chain(self.through.far.iter().map(|(_, at)| (far, *at))) {
            put(&self.arena.value(index, column)?.ok_or_else(|| self.arena.unstored(index))?)?;
        }
        Ok(())
    }
}
