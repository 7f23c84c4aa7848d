//! Many changed rows in one statement, where the database is far away: PostgreSQL.

use super::edges::touches;
use super::plan::{Batch, Deed};
use super::run::OldRows;
use super::shelf::Collector;
use crate::driver::Rows as _;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{BulkUpdate, Dialect, Writer};
use crate::value::{Kind, Value};

/// From how many rows on it pays.
const MANY: usize = 16;
/// How many rows go into one statement at most.
const ROWS: usize = 8192;

/// Whether the rows of a batch may be updated in any order, by one statement. Not where they could hand on values of a
/// key, which are then taken row by row.
pub(super) fn fits(dialect: Dialect, meta: &ModelMeta, batch: &Batch) -> bool {
    let listed = |at: &usize| meta.columns.get(*at).is_some_and(|column| column.kind != Kind::Json);
    dialect == Dialect::Postgres
        && batch.deed == Deed::Update
        && batch.rows.len() >= MANY
        && !touches(&batch.columns, meta.key)
        && !meta.uniques.iter().any(|unique| touches(&batch.columns, unique))
        && batch.columns.iter().chain(meta.key).all(listed)
}

/// Updates all rows of a batch. Gives the entries in the order in which they came back, or `None` when the database
/// refused and the rows have to be sent one by one: a unique index that models do not show may want their order.
pub(super) async fn update(
    lease: &mut Lease<'_>,
    rows: &mut OldRows<'_>,
    collector: &mut dyn Collector,
) -> Result<Option<Vec<u32>>> {
    lease.begin_atomic().await?;
    let outcome = run(lease, rows, collector).await;
    match outcome {
        Err(error) if is_lost(&error) => Err(error),
        outcome => {
            lease.end_atomic(outcome.is_ok()).await?;
            if outcome.is_err() {
                collector.clear();
            }
            Ok(outcome.ok())
        }
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Serialization | ErrorKind::Deadlock)
}

async fn run(lease: &mut Lease<'_>, rows: &mut OldRows<'_>, collector: &mut dyn Collector) -> Result<Vec<u32>> {
    let meta = rows.meta;
    let column = |at: &usize| meta.columns.get(*at);
    let set: Vec<&'static ColumnMeta> = rows.batch.columns.iter().filter_map(column).collect();
    let filter: Vec<&'static ColumnMeta> = meta.key.iter().chain(rows.version.iter()).filter_map(column).collect();
    let counter = rows.version.as_ref().and_then(column);
    let sql = Writer::bulk_update(&BulkUpdate { table: meta, set: &set, filter: &filter, counter });
    let mut order = Vec::with_capacity(rows.entries.len());
    for first in (0..rows.entries.len()).step_by(ROWS) {
        let lists = lists(rows, first..rows.entries.len().min(first + ROWS), set.len(), set.len() + filter.len())?;
        let each = &mut |row: &crate::Row<'_>| {
            let place = row.int(meta.columns.len())?.and_then(|place| usize::try_from(place - 1).ok());
            let entry = place.and_then(|place| rows.entries.get(first + place));
            order.push(*entry.ok_or_else(|| Error::query("a row came back that was not sent"))?);
            collector.push(row)
        };
        lease.query(&sql, &lists, each).await?;
    }
    Ok(order)
}

/// The values of some rows, a list per column.
fn lists(
    rows: &mut OldRows<'_>,
    range: std::ops::Range<usize>,
    set: usize,
    columns: usize,
) -> Result<Vec<Value<'static>>> {
    let mut lists: Vec<Vec<Value<'static>>> = (0..columns).map(|_| Vec::with_capacity(range.len())).collect();
    // What counts on is bound by a number, which this statement has written out.
    let skipped = rows.version.map(|_| set);
    for row in range {
        let (mut at, mut list) = (0, 0);
        rows.bind(row, &mut |value| {
            if Some(at) != skipped {
                if let Some(list) = lists.get_mut(list) {
                    list.push(value.to_static());
                }
                list += 1;
            }
            at += 1;
            Ok(())
        })?;
    }
    Ok(lists.into_iter().map(Value::List).collect())
}
