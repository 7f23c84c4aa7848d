//! Plans of flushes in which no row has to wait for another of its own table: the order of the tables is enough.

use super::arena::Arena;
use super::edges::touches;
use super::plan::{Batch, Changes, Deed, Group, Kind, Step, ranks, with_links};
use crate::error::Result;
use crate::meta::ModelMeta;

/// The steps, when the changes are inserts into tables that refer to each other in one direction, and updates of columns
/// that no key has. The same steps as the planner's, at a fraction of the work.
pub(super) fn steps(changes: &Changes, ranks: &[usize]) -> Option<Vec<Step>> {
    if !changes.groups.iter().all(|group| is_plain(changes, group)) || !downhill(changes, ranks) {
        return None;
    }
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); changes.groups.len()];
    let mut last = (usize::MAX, &[][..]);
    for op in &changes.ops {
        let group = changes.groups.get(op.group)?;
        if last.0 != op.group {
            last = (op.group, changes.tables.get(group.table)?.foreign_keys);
        }
        let in_key = |column: usize| last.1.iter().any(|key| key.columns.contains(&column));
        if !op.needs.iter().all(|need| in_key(need.column)) {
            return None;
        }
        rows.get_mut(op.group)?.push(op.row);
    }
    ordered(changes, ranks, rows)
}

impl Arena {
    /// The steps of a flush that has nothing but new rows, and links: read off the rows without a list of changes.
    pub(super) fn straight(&self) -> Result<Option<Vec<Step>>> {
        if !self.touched.is_empty() || !self.doomed.is_empty() || !self.assigned.is_empty() {
            return Ok(None);
        }
        let mut changes = Changes::default();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        let (mut columns, mut refs) = (Vec::new(), Vec::new());
        // What the row before was: those of one type mostly come one after another, and give the same columns.
        let (mut last, mut given, mut group) = (None::<&ModelMeta>, Vec::new(), 0);
        // The reference that was looked at last, with its group: children of one parent come so too.
        let mut known = None;
        for &index in &self.fresh {
            let Some((news, slot)) = self.fresh_row(index) else { continue };
            columns.clear();
            refs.clear();
            news.survey(slot, &mut columns, &mut refs)?;
            let meta = news.meta();
            if last.is_none_or(|last| !std::ptr::eq(last, meta)) || given != columns {
                group = changes.group(None, meta, Kind::Insert, &columns);
                (last, given) = (Some(meta), std::mem::replace(&mut columns, given));
            }
            for &(column, number, _) in &refs {
                if known == Some((group, column, number)) {
                    continue;
                }
                self.expected(number)?;
                if !meta.foreign_keys.iter().any(|key| key.columns.contains(&column)) {
                    return Ok(None);
                }
                known = Some((group, column, number));
            }
            match rows.get_mut(group) {
                Some(rows) => rows.push(index),
                None => rows.push(vec![index]),
            }
        }
        let ranks = ranks(&changes);
        if !downhill(&changes, &ranks) {
            return Ok(None);
        }
        Ok(ordered(&changes, &ranks, rows).map(|steps| with_links(steps, &self.links())))
    }
}

/// A step for each group, in the order of the tables.
fn ordered(changes: &Changes, ranks: &[usize], mut rows: Vec<Vec<u32>>) -> Option<Vec<Step>> {
    let mut order: Vec<(u8, usize, usize)> = Vec::with_capacity(changes.groups.len());
    for (at, group) in changes.groups.iter().enumerate() {
        order.push((group.kind as u8, ranks.get(group.table).copied()?, at));
    }
    order.sort_unstable();
    let step = |(_, _, at): (u8, usize, usize)| {
        let group = changes.groups.get(at)?;
        let table = changes.tables.get(group.table).copied()?;
        let deed = if group.kind == Kind::Insert { Deed::Insert } else { Deed::Update };
        Some(Step::Write(Batch::new(deed, table, group.columns.clone(), std::mem::take(rows.get_mut(at)?))))
    };
    order.into_iter().map(step).collect()
}

/// Whether nothing waits for rows of this group because of values that they take or give up.
fn is_plain(changes: &Changes, group: &Group) -> bool {
    let Some(meta) = changes.tables.get(group.table) else { return false };
    let free = |columns: &[usize]| !touches(&group.columns, columns);
    match group.kind {
        Kind::Insert => true,
        Kind::Update => {
            free(meta.key) && meta.uniques.iter().all(|unique| free(unique)) && no_target(changes, meta, group)
        }
        Kind::Delete => false,
    }
}

fn no_target(changes: &Changes, meta: &ModelMeta, group: &Group) -> bool {
    let keys = changes.tables.iter().flat_map(|table| table.foreign_keys);
    keys.filter(|key| meta.is_target_of(key)).all(|key| !touches(&group.columns, key.targets))
}

/// Whether all foreign keys between the tables lead to one that is written before.
fn downhill(changes: &Changes, ranks: &[usize]) -> bool {
    changes.tables.iter().zip(ranks).all(|(meta, rank)| {
        meta.foreign_keys.iter().all(|key| {
            let target = changes.tables.iter().position(|table| table.is_target_of(key));
            target.is_none_or(|target| ranks.get(target).is_some_and(|target| target < rank))
        })
    })
}
