//! Changes that wait for each other in a circle, and what can be done about it.

use super::edges::{complete_later, nullable};
use super::plan::{Deed, Edge, Kind, Planner, Why};
use crate::error::{Error, Result};
use crate::value;

/// Breaks one circle; tells which nodes wait for nothing any more.
pub(super) fn break_one(planner: &mut Planner<'_>) -> Result<Vec<usize>> {
    let circle = find(planner);
    for &(from, to, why) in &circle {
        if let Some(freed) = try_break(planner, from, to, why) {
            return Ok(freed);
        }
    }
    let names: Vec<String> = circle.iter().map(|&(from, ..)| planner.look.label(planner.row(from))).collect();
    let message = format!(
        "these rows wait for each other, and no foreign key between them can be NULL for a while or is deferrable: {}",
        names.join(", ")
    );
    Err(Error::query(message))
}

/// A circle among the nodes that are left, as edges.
fn find(planner: &Planner<'_>) -> Vec<(usize, usize, Why)> {
    let mut before: Vec<Option<(usize, Why)>> = vec![None; planner.nodes.len()];
    for (from, node) in planner.nodes.iter().enumerate().filter(|(_, node)| !node.done) {
        for &Edge { to, why } in &node.out {
            if let Some(place) = before.get_mut(to)
                && place.is_none()
            {
                *place = Some((from, why));
            }
        }
    }
    // Every node that is left waits for one that is left, so walking back must come round.
    let Some(start) = planner.nodes.iter().position(|node| !node.done) else { return Vec::new() };
    let mut seen = vec![false; planner.nodes.len()];
    let mut at = start;
    while let Some(mark) = seen.get_mut(at)
        && !*mark
    {
        *mark = true;
        match before.get(at).copied().flatten() {
            Some((from, _)) => at = from,
            None => return Vec::new(),
        }
    }
    let (mut circle, end) = (Vec::new(), at);
    while let Some((from, why)) = before.get(at).copied().flatten() {
        circle.push((from, at, why));
        at = from;
        if at == end {
            break;
        }
    }
    circle
}

/// Takes an edge away by other means, if there are any.
fn try_break(planner: &mut Planner<'_>, from: usize, to: usize, why: Why) -> Option<Vec<usize>> {
    let meta = planner.table(to)?;
    let kind = |planner: &Planner<'_>, at: usize| planner.group(at).map(|group| group.kind);
    match why {
        Why::Reference { columns, column, known, deferred } => {
            let wanted = column.map_or(columns, |_| columns);
            let mut free = nullable(meta, wanted);
            if let Some(column) = column.filter(|_| columns.is_empty()) {
                free = nullable(meta, &[column]);
            }
            let whole = planner.nodes.get(to).is_some_and(|node| node.deed == Deed::Insert);
            if whole && kind(planner, to) == Some(Kind::Insert) && !free.is_empty() {
                // The reference that waits must be among them; a composite one is not checked while any part is NULL.
                if column.is_none_or(|column| free.contains(&column)) {
                    complete_later(planner, to, free, from);
                    return Some(cut(planner, from, to, why));
                }
            }
            if known && (deferred || planner.changes.defers) {
                planner.defer |= !deferred;
                return Some(cut(planner, from, to, why));
            }
            None
        }
        Why::Unique { columns } => {
            let meta = planner.table(from)?;
            let node = planner.nodes.get(from)?;
            if node.deed != Deed::Update || columns.iter().any(|column| meta.key.contains(column)) {
                return None;
            }
            let (op, part) = (node.op, park(meta, columns)?);
            Some(beforehand(planner, op, Deed::Park, part, (from, to, why)))
        }
        Why::Parent { columns, deferred } => {
            let meta = planner.table(from)?;
            let node = planner.nodes.get(from)?;
            let (op, free) = (node.op, nullable(meta, columns));
            if node.deed == Deed::Delete && free.is_empty() && (deferred || planner.changes.defers) {
                planner.defer |= !deferred;
                return Some(cut(planner, from, to, why));
            }
            if node.deed != Deed::Delete || free.is_empty() {
                return None;
            }
            Some(beforehand(planner, op, Deed::Clear, free, (from, to, why)))
        }
        Why::Parts => None,
    }
}

/// A part of a change that is done first, so that the other does not have to wait for the whole.
fn beforehand(
    planner: &mut Planner<'_>,
    op: usize,
    deed: Deed,
    columns: Vec<usize>,
    edge: (usize, usize, Why),
) -> Vec<usize> {
    let (from, to, why) = edge;
    let part = planner.part(op, deed, columns);
    planner.edge(part, to, Why::Parts);
    planner.edge(part, from, Why::Parts);
    let mut freed = cut(planner, from, to, why);
    freed.push(part);
    freed
}

/// The column of a unique key that can hold another value for a while.
fn park(meta: &crate::meta::ModelMeta, columns: &[usize]) -> Option<Vec<usize>> {
    let can = |at: &&usize| {
        meta.columns.get(**at).is_some_and(|column| {
            column.nullable
                || matches!(
                    column.kind,
                    value::Kind::SmallInt
                        | value::Kind::Int
                        | value::Kind::BigInt
                        | value::Kind::Text
                        | value::Kind::Uuid
                )
        })
    };
    columns.iter().find(can).map(|&at| vec![at])
}

/// Takes an edge away; tells whether the later node is free now.
fn cut(planner: &mut Planner<'_>, from: usize, to: usize, why: Why) -> Vec<usize> {
    if let Some(node) = planner.nodes.get_mut(from)
        && let Some(at) = node.out.iter().position(|edge| edge.to == to && edge.why == why)
    {
        node.out.remove(at);
    }
    let Some(node) = planner.nodes.get_mut(to) else { return Vec::new() };
    node.waiting -= 1;
    if node.waiting == 0 { vec![to] } else { Vec::new() }
}
