//! Which changes have to be written before which others.

use rustc_hash::FxHashMap;

use super::plan::{Deed, Kind, Need, Planner, Why};
use crate::error::Result;
use crate::meta::{ForeignKeyMeta, ModelMeta, OnDelete};
use crate::relation::key_bytes;
use crate::value::Value;

/// Nodes of the operations by table and kind.
pub(super) struct Edges {
    by_table: Vec<[Vec<usize>; 3]>,
}

impl Edges {
    pub(super) fn add_all(planner: &mut Planner<'_>) -> Result<()> {
        let mut by_table: Vec<[Vec<usize>; 3]> = Vec::new();
        by_table.resize_with(planner.changes.tables.len(), Default::default);
        for at in 0..planner.nodes.len() {
            if let Some(group) = planner.group(at)
                && let Some(kinds) = by_table.get_mut(group.table)
            {
                kinds[group.kind as usize].push(at);
            }
        }
        let edges = Self { by_table };
        edges.needs(planner);
        for at in 0..planner.changes.tables.len() {
            let Some(meta) = planner.changes.tables.get(at).copied() else { continue };
            for key in meta.foreign_keys {
                let target = planner.changes.tables.iter().position(|table| table.is_target_of(key));
                let Some(target) = target else { continue };
                edges.values(planner, at, key, target)?;
                edges.parents(planner, at, key, target)?;
            }
            let own = std::iter::once(meta.key).chain(meta.uniques.iter().copied());
            for columns in own.filter(|columns| !columns.is_empty()) {
                edges.uniques(planner, at, columns)?;
            }
        }
        Ok(())
    }

    fn of(&self, table: usize, kind: Kind) -> &[usize] {
        self.by_table.get(table).map_or(&[], |kinds| &kinds[kind as usize])
    }

    /// A row that refers to another comes after it.
    fn needs(&self, planner: &mut Planner<'_>) {
        let changes = planner.changes;
        if changes.ops.iter().all(|op| op.needs.is_empty()) {
            return;
        }
        let mut nodes: FxHashMap<u32, usize> = FxHashMap::default();
        for (at, op) in changes.ops.iter().enumerate() {
            let Some(group) = changes.groups.get(op.group) else { continue };
            let keyed = changes.tables.get(group.table).is_some_and(|meta| touches(&group.columns, meta.key));
            if group.kind == Kind::Insert || group.kind == Kind::Update && keyed {
                nodes.insert(op.row, at);
            }
        }
        for (at, op) in changes.ops.iter().enumerate() {
            let mut left = op.needs.to_vec();
            while let (Some(&first), Some(meta)) = (left.first(), planner.table(at)) {
                let target = nodes.get(&first.row).copied();
                let key = meta.foreign_keys.iter().find(|key| {
                    let leads = target.and_then(|target| planner.table(target)).is_some_and(|to| to.is_target_of(key));
                    leads && key.columns.contains(&first.column)
                });
                // All columns of a foreign key are one reference.
                let columns = key.map_or(&[][..], |key| key.columns);
                let same = |need: &Need| {
                    need.row == first.row && (need.column == first.column || columns.contains(&need.column))
                };
                let (needs, others): (Vec<Need>, Vec<Need>) = left.into_iter().partition(same);
                left = others;
                let Some(target) = target else { continue };
                let deferred = key.is_some_and(|key| key.deferred);
                if target != at {
                    let (column, known) = decisive(meta, &needs);
                    planner.edge(target, at, Why::Reference { columns, column, known, deferred });
                    continue;
                }
                // A row that refers to itself gets the reference once it has a key.
                let unknown: Vec<usize> = needs.iter().filter(|need| !need.known).map(|need| need.column).collect();
                if !unknown.is_empty() {
                    complete_later(planner, at, unknown, at);
                }
            }
        }
    }

    /// The same for rows that refer to others by values.
    fn values(&self, planner: &mut Planner<'_>, at: usize, key: &'static ForeignKeyMeta, target: usize) -> Result<()> {
        let gives = |planner: &Planner<'_>, node: &usize, all: bool, columns: &[usize]| {
            planner.group(*node).is_some_and(|group| match all {
                true => columns.iter().all(|column| group.columns.contains(column)),
                false => touches(&group.columns, columns),
            })
        };
        let inserts = self.of(target, Kind::Insert).iter().filter(|node| gives(planner, node, true, key.targets));
        let updates = self.of(target, Kind::Update).iter().filter(|node| gives(planner, node, false, key.targets));
        let givers: Vec<usize> = inserts.chain(updates).copied().collect();
        if givers.is_empty() {
            return Ok(());
        }
        let known = index(planner, &givers, key.targets, false)?;
        let takers: Vec<usize> =
            [Kind::Insert, Kind::Update].iter().flat_map(|&kind| self.of(at, kind)).copied().collect();
        for node in takers {
            if !gives(planner, &node, false, key.columns) {
                continue;
            }
            // What it needs by row is known already.
            let op = planner.nodes.get(node).and_then(|node| planner.changes.ops.get(node.op));
            if op.is_some_and(|op| op.needs.iter().any(|need| key.columns.contains(&need.column))) {
                continue;
            }
            if let Some(found) = lookup(planner, &known, node, key.columns, false)?
                && found != node
            {
                let why = Why::Reference { columns: key.columns, column: None, known: true, deferred: key.deferred };
                planner.edge(found, node, why);
            }
        }
        Ok(())
    }

    /// A row is deleted after those that refer to it were deleted or refer to others.
    fn parents(&self, planner: &mut Planner<'_>, at: usize, key: &'static ForeignKeyMeta, target: usize) -> Result<()> {
        let deletes = self.of(target, Kind::Delete);
        if deletes.is_empty() {
            return Ok(());
        }
        let moved = |node: &&usize| planner.group(**node).is_some_and(|group| touches(&group.columns, key.columns));
        let children: Vec<usize> =
            self.of(at, Kind::Delete).iter().chain(self.of(at, Kind::Update).iter().filter(moved)).copied().collect();
        if children.is_empty() {
            return Ok(());
        }
        let parents = index(planner, deletes, key.targets, true)?;
        for node in children {
            match lookup(planner, &parents, node, key.columns, true)? {
                Some(parent) if parent == node => clear_first(planner, node, key),
                Some(parent) => {
                    planner.edge(node, parent, Why::Parent { columns: key.columns, deferred: key.deferred })
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A unique value is taken after it was given up.
    fn uniques(&self, planner: &mut Planner<'_>, at: usize, columns: &'static [usize]) -> Result<()> {
        let writes = |node: &&usize| planner.group(**node).is_some_and(|group| touches(&group.columns, columns));
        let changed: Vec<usize> = self.of(at, Kind::Update).iter().filter(writes).copied().collect();
        let releasing: Vec<usize> = self.of(at, Kind::Delete).iter().chain(&changed).copied().collect();
        let inserted = self.of(at, Kind::Insert).iter().filter(writes);
        let taking: Vec<usize> = inserted.chain(&changed).copied().collect();
        if releasing.is_empty() || taking.is_empty() {
            return Ok(());
        }
        let held = index(planner, &releasing, columns, true)?;
        for node in taking {
            if let Some(holder) = lookup(planner, &held, node, columns, false)?
                && holder != node
            {
                planner.edge(holder, node, Why::Unique { columns });
            }
        }
        Ok(())
    }
}

/// The column of a reference that decides whether it can wait, and whether all of its values are known.
fn decisive(meta: &ModelMeta, needs: &[Need]) -> (Option<usize>, bool) {
    let order = |need: &&Need| {
        let nullable = !nullable(meta, &[need.column]).is_empty();
        match (need.known, nullable) {
            (false, false) => 0,
            (false, true) => 1,
            (true, true) => 2,
            (true, false) => 3,
        }
    };
    (needs.iter().min_by_key(order).map(|need| need.column), needs.iter().all(|need| need.known))
}

/// A row that refers to itself lets go of itself before it is deleted, where the database wants that.
fn clear_first(planner: &mut Planner<'_>, node: usize, key: &ForeignKeyMeta) {
    let columns = planner.table(node).map(|meta| nullable(meta, key.columns)).unwrap_or_default();
    if !planner.changes.row_by_row || key.on_delete != OnDelete::Refuse || columns.is_empty() {
        return;
    }
    let Some(op) = planner.nodes.get(node).map(|node| node.op) else { return };
    let part = planner.part(op, Deed::Clear, columns);
    planner.edge(part, node, Why::Parts);
}

/// Leaves a column of a new row out at first, and sets it when both rows are there.
pub(super) fn complete_later(planner: &mut Planner<'_>, insert: usize, columns: Vec<usize>, target: usize) -> usize {
    let op = planner.nodes.get(insert).map_or(0, |node| node.op);
    if let Some(node) = planner.nodes.get_mut(insert) {
        node.nulls.extend(&columns);
    }
    let part = planner.part(op, Deed::Complete, columns);
    planner.edge(insert, part, Why::Parts);
    if target != insert {
        planner.edge(target, part, Why::Parts);
    }
    part
}

pub(super) fn touches(columns: &[usize], others: &[usize]) -> bool {
    columns.iter().any(|column| others.contains(column))
}

/// Nodes by the values of some columns.
fn index(planner: &Planner<'_>, nodes: &[usize], columns: &[usize], before: bool) -> Result<FxHashMap<Vec<u8>, usize>> {
    let mut known = FxHashMap::default();
    for &node in nodes {
        if let Some(bytes) = bytes(planner, node, columns, before)? {
            known.insert(bytes, node);
        }
    }
    Ok(known)
}

fn lookup(
    planner: &Planner<'_>,
    known: &FxHashMap<Vec<u8>, usize>,
    node: usize,
    columns: &[usize],
    before: bool,
) -> Result<Option<usize>> {
    Ok(bytes(planner, node, columns, before)?.and_then(|bytes| known.get(&bytes).copied()))
}

/// The values of some columns of a node; `None` when one is NULL or not known.
fn bytes(planner: &Planner<'_>, node: usize, columns: &[usize], before: bool) -> Result<Option<Vec<u8>>> {
    let row = planner.row(node);
    let mut values: Vec<Value<'static>> = Vec::with_capacity(columns.len());
    for &column in columns {
        let value = if before { planner.look.before(row, column)? } else { planner.look.after(row, column)? };
        match value {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => values.push(value),
        }
    }
    Ok(Some(key_bytes(&values)))
}

/// The columns of a foreign key that can be NULL for a while.
pub(super) fn nullable(meta: &ModelMeta, columns: &[usize]) -> Vec<usize> {
    let free = |at: &usize| !meta.key.contains(at) && meta.columns.get(*at).is_some_and(|column| column.nullable);
    columns.iter().copied().filter(free).collect()
}
