//! Reads rows of a session again.

use rustc_hash::FxHashSet;

use super::arena::Arena;
use crate::error::Result;
use crate::executor::Lease;
use crate::meta::{ModelMeta, OnDelete};
use crate::query::fetch_each;
use crate::relation::key_bytes;
use crate::sql::{Node, Select, Source};
use crate::value::Value;

/// How many keys one statement takes at most.
pub(super) const KEYS_PER_STATEMENT: usize = 4096;

/// Reads rows again by their keys. What is not found any more is gone; what was changed here stays as it is.
pub(super) async fn rows(arena: &mut Arena, lease: &mut Lease<'_>, entries: &[u32]) -> Result<()> {
    let mut left: Vec<u32> = entries.to_vec();
    left.sort_unstable();
    left.dedup();
    while let Some(meta) = left.first().and_then(|&row| arena.meta(row)) {
        let (same, others): (Vec<u32>, Vec<u32>) =
            left.into_iter().partition(|&row| arena.meta(row).is_some_and(|other| other.same_table(meta)));
        left = others;
        for chunk in same.chunks(KEYS_PER_STATEMENT / meta.key.len().max(1)) {
            chunk_again(arena, lease, meta, chunk).await?;
        }
    }
    Ok(())
}

async fn chunk_again(
    arena: &mut Arena,
    lease: &mut Lease<'_>,
    meta: &'static ModelMeta,
    entries: &[u32],
) -> Result<()> {
    let Some((rows, _)) = entries.first().and_then(|&row| arena.row_shelf(row)) else { return Ok(()) };
    let mut collector = rows.collector();
    let select = select(arena, meta, entries)?;
    fetch_each(&select, lease, &mut |row| collector.push(row)).await?;
    // Rows that stay where they are keep the company they were loaded in.
    let batches: Vec<u32> = entries.iter().filter_map(|&row| arena.entry(row)).map(|entry| entry.batch).collect();
    let found: FxHashSet<u32> = collector.absorb(arena)?.into_iter().collect();
    for (&row, batch) in entries.iter().zip(batches) {
        if let Some(entry) = arena.entries.get_mut(row as usize) {
            entry.batch = batch;
        }
        if !found.contains(&row) {
            arena.missed(row);
        }
    }
    Ok(())
}

/// Which keys of rows are still stored.
pub(super) async fn keys(arena: &Arena, lease: &mut Lease<'_>, entries: &[u32]) -> Result<FxHashSet<Vec<u8>>> {
    let mut found = FxHashSet::default();
    let Some(meta) = entries.first().and_then(|&row| arena.meta(row)) else { return Ok(found) };
    for chunk in entries.chunks(KEYS_PER_STATEMENT / meta.key.len().max(1)) {
        let select = select(arena, meta, chunk)?;
        fetch_each(&select, lease, &mut |row| {
            let columns = meta.key.iter().filter_map(|&at| Some((at, meta.columns.get(at)?)));
            let key: Vec<Value<'_>> = columns.map(|(at, column)| row.value(at, column.kind)).collect::<Result<_>>()?;
            found.insert(key_bytes(&key));
            Ok(())
        })
        .await?;
    }
    Ok(found)
}

fn select(arena: &Arena, meta: &'static ModelMeta, entries: &[u32]) -> Result<Select> {
    let keys = entries.iter().map(|&row| arena.key_values(row, true)).collect::<Result<_>>()?;
    Ok(matching(meta, meta.key, keys))
}

/// The rows of a model in which some columns have one of some lists of values.
pub(super) fn matching(meta: &'static ModelMeta, columns: &[usize], keys: Vec<Vec<Value<'static>>>) -> Select {
    let source = Source::new();
    let mut select = Select::all(source, meta);
    let columns = columns.iter().filter_map(|&at| meta.columns.get(at));
    let nodes: Vec<Node> = columns.map(|column| Node::Column(source, column)).collect();
    select.filter.push(match nodes.as_slice() {
        [node] => {
            let values = keys.into_iter().filter_map(|mut key| key.pop()).map(Node::Bind).collect();
            Node::In { node: Box::new(node.clone()), values, negated: false }
        }
        _ => Node::InRows { nodes, rows: keys },
    });
    select
}

/// Reads all rows of a model again after a write that went past the session, and those that the database may have
/// changed with them.
pub(super) async fn model(arena: &mut Arena, lease: &mut Lease<'_>, meta: &'static ModelMeta) -> Result<()> {
    let mut metas: Vec<&'static ModelMeta> = vec![meta];
    let mut at = 0;
    while let Some(&target) = metas.get(at) {
        at += 1;
        let pointing = arena.row_metas().filter(|meta| {
            meta.foreign_keys.iter().any(|key| target.is_target_of(key) && key.on_delete != OnDelete::Refuse)
        });
        let new: Vec<_> = pointing.filter(|meta| !metas.iter().any(|known| known.same_table(meta))).collect();
        metas.extend(new);
    }
    for meta in metas {
        rows(arena, lease, &arena.live(meta)).await?;
    }
    arena.related.clear();
    Ok(())
}

impl Arena {
    fn row_metas(&self) -> impl Iterator<Item = &'static ModelMeta> + '_ {
        self.shelves.iter().filter_map(|shelf| match shelf {
            super::arena::Shelf::Rows(rows) => Some(rows.meta()),
            super::arena::Shelf::New(_) => None,
        })
    }
}
