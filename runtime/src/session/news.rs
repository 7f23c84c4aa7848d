//! New rows on their way to the database, and what is stored of them.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use super::arena::{Arena, Shelf};
use super::plan::Batch;
use super::shelf::{Collector, Put};
use crate::driver::{Bulk, Rows};
use crate::error::{Error, Result};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::{self, Target};
use crate::row::{Given, Row, Source};
use crate::value::Value;

/// New rows, bound straight from the structs.
pub(super) struct NewRows<'a> {
    arena: &'a Arena,
    meta: &'static ModelMeta,
    batch: &'a Batch,
    /// Those of the batch that are meant.
    pub rows: &'a [u32],
    nulls: FxHashSet<(u32, usize)>,
    /// The column that the database counts, and the number of the first row, for the rows that are made.
    pub key: Option<(usize, i64)>,
    /// Where stored rows are made out of what is bound.
    pub made: Option<Made<'a>>,
    /// The reference that was resolved last: rows that refer to one row mostly come one after another.
    last: Reference,
}

/// The number of a row, the part of its key, and the value of that.
type Reference = (u64, u8, Value<'static>);

/// Stored rows that nobody has to give back.
pub(super) struct Made<'a> {
    /// The one that is bound.
    pub row: Given,
    pub collector: &'a mut dyn Collector,
}

impl<'a> NewRows<'a> {
    pub(super) fn new(arena: &'a Arena, meta: &'static ModelMeta, batch: &'a Batch) -> Self {
        let nulls = batch.nulls.iter().copied().collect();
        Self { arena, meta, batch, rows: &batch.rows, nulls, key: None, made: None, last: (0, 0, Value::Null) }
    }

    /// Leaves the first rows out.
    pub(super) fn skip(&mut self, rows: usize) {
        self.rows = self.rows.get(rows..).unwrap_or_default();
        self.key = self.key.map(|(at, first)| (at, first.saturating_add(rows as i64)));
    }
}

/// Hands on what goes into a column in the place of the row's own value: for a reference, and for what was assigned or
/// has to wait.
fn instead(
    (arena, nulls): (&Arena, &FxHashSet<(u32, usize)>),
    (row, column): (u32, usize),
    own: Option<&Value<'_>>,
    last: &mut Reference,
    put: Put<'_>,
) -> Result<()> {
    if nulls.contains(&(row, column)) {
        return put(&Value::Null);
    }
    let assigned = arena.assigned.get(&row).into_iter().flatten().any(|item| item.column == column);
    match own.filter(|_| !assigned) {
        Some(&Value::Pending(number, part)) => {
            if (last.0, last.1) != (number, part) || last.2.is_null() {
                *last = (number, part, arena.resolve(number, part, 0)?);
            }
            put(&last.2)
        }
        Some(value) => put(value),
        None => put(&arena.value(row, column)?.ok_or_else(|| arena.unstored(row))?),
    }
}

impl Rows for NewRows<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn bulk(&self) -> Option<Bulk<'_>> {
        let returning: Vec<&'static ColumnMeta> = self.meta.columns.iter().collect();
        Some(Bulk::of(self.meta, &self.batch.columns, &returning))
    }

    fn target(&mut self) -> Option<Target> {
        // What failed gives no rows.
        self.made = None;
        Some(Target::of_model(self.meta, &self.batch.columns))
    }

    fn bind(&mut self, number: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let Self { arena, meta, batch, rows, nulls, key, made, last } = self;
        let Some(&row) = rows.get(number) else { return Ok(()) };
        let (Some(Shelf::New(news)), Some(entry)) = (arena.shelf(row), arena.entry(row)) else { return Ok(()) };
        let plain = nulls.is_empty() && !arena.assigned.contains_key(&row);
        let given = Cell::new(0);
        let mut put = |column: usize, value: &Value<'_>| {
            misfit::check_exact(meta, Some(column), value)?;
            if let Some(made) = made {
                made.row.set(column, value);
            }
            put(value)
        };
        let mut give = |own: Option<&Value<'_>>| {
            let Some(&column) = batch.columns.get(given.get()) else { return Ok(()) };
            match own {
                Some(own) if plain && !matches!(own, Value::Pending(..)) => put(column, own)?,
                own => instead((arena, nulls), (row, column), own, last, &mut |value| put(column, value))?,
            }
            given.set(given.get() + 1);
            Ok(())
        };
        let mut result = news.bind(entry.slot, &mut |value| give(Some(value)));
        while result.is_ok() && given.get() < batch.columns.len() {
            result = give(None);
        }
        result.map_err(|error| meta.locate_in(error, batch.columns.get(given.get()).copied()))?;
        let Some(Made { row, collector }) = made else { return Ok(()) };
        if let Some((at, first)) = *key {
            let value = first.checked_add(number as i64).ok_or_else(|| Error::query("the table has no more keys"))?;
            row.set(at, &Value::Int(value));
        }
        collector.push(&Row::new(Source::Given(row)))
    }
}
