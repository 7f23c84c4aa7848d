//! Changes that wait for each other in a circle, and what can be done about it.

use super::edges::{complete_later, nullable};
use super::park;
use super::plan::{Deed, Edge, Kind, Planner, Why};
use crate::error::{Error, Result};

/// Breaks all circles, so that those of many rows still go together; tells which nodes wait for nothing any more.
pub(super) fn break_all(planner: &mut Planner<'_>) -> Result<Vec<usize>> {
    let mut knots = Knots::of(planner);
    let mut freed = Vec::new();
    while let Some(circle) = knots.next() {
        let (at, free) = break_one(planner, &circle)?;
        freed.extend(free);
        knots.cut(planner, at);
    }
    Ok(freed)
}

/// Breaks one circle; tells at which node.
fn break_one(planner: &mut Planner<'_>, circle: &[(usize, usize, Why)]) -> Result<(usize, Vec<usize>)> {
    // What is put off to the end of the transaction is checked there only, so a column that can be NULL comes first.
    for defers in [false, planner.changes.defers] {
        for &(from, to, why) in circle {
            if let Some(freed) = try_break(planner, from, to, why, defers) {
                return Ok((to, freed));
            }
        }
    }
    let names: Vec<String> = circle.iter().map(|&(from, ..)| planner.look.label(planner.row(from))).collect();
    if circle.iter().any(|(.., why)| matches!(why, Why::Unique { .. })) {
        let message = "these rows exchange values of a key that none of them can do without for a while: give one of \
                       them another value, and flush in between";
        return Err(Error::query(format!("{message}: {}", names.join(", "))));
    }
    let message = format!(
        "these rows wait for each other, and no foreign key between them can be NULL for a while or is deferrable: {}",
        names.join(", ")
    );
    Err(Error::query(message))
}

/// The nodes that are left, as far as they wait for each other. Parts of changes that are made on the way never do.
struct Knots {
    /// What leads to each node.
    ins: Vec<Vec<(usize, Why)>>,
    waiting: Vec<usize>,
    /// Not part of any circle, or not any more.
    gone: Vec<bool>,
    seen: Vec<usize>,
    walk: usize,
    start: usize,
}

impl Knots {
    fn of(planner: &Planner<'_>) -> Self {
        let count = planner.nodes.len();
        let gone = planner.nodes.iter().map(|node| node.done).collect();
        let (ins, waiting) = (vec![Vec::new(); count], vec![0; count]);
        let mut knots = Self { ins, waiting, gone, seen: vec![0; count], walk: 0, start: 0 };
        // The first of them is taken first, off the end.
        for (from, node) in planner.nodes.iter().enumerate().rev().filter(|(_, node)| !node.done) {
            for &Edge { to, why } in node.out.iter().rev() {
                if let (Some(ins), Some(waiting)) = (knots.ins.get_mut(to), knots.waiting.get_mut(to)) {
                    ins.push((from, why));
                    *waiting += 1;
                }
            }
        }
        knots
    }

    /// What a node waits for.
    fn before(&mut self, at: usize) -> Option<(usize, Why)> {
        let ins = self.ins.get_mut(at)?;
        while let Some(&(from, _)) = ins.last()
            && self.gone.get(from) == Some(&true)
        {
            ins.pop();
        }
        ins.last().copied()
    }

    /// A circle, as edges. Every node that is left waits for one that is left, so walking back must come round.
    fn next(&mut self) -> Option<Vec<(usize, usize, Why)>> {
        self.start += self.gone.get(self.start..)?.iter().position(|gone| !gone)?;
        self.walk += 1;
        let mut at = self.start;
        while let Some(seen) = self.seen.get_mut(at)
            && *seen != self.walk
        {
            *seen = self.walk;
            at = self.before(at)?.0;
        }
        let (mut circle, end) = (Vec::new(), at);
        while let Some((from, why)) = self.before(at) {
            circle.push((from, at, why));
            at = from;
            if at == end {
                break;
            }
        }
        Some(circle)
    }

    /// An edge to a node was taken away, the one that was found.
    fn cut(&mut self, planner: &Planner<'_>, at: usize) {
        if let Some(ins) = self.ins.get_mut(at) {
            ins.pop();
        }
        let mut freed = self.release(at);
        while let Some(node) = freed.pop() {
            let out = planner.nodes.get(node).map_or(&[][..], |node| &node.out);
            out.iter().for_each(|edge| freed.extend(self.release(edge.to)));
        }
    }

    /// A node waits for one less; it is left out once it waits for none.
    fn release(&mut self, at: usize) -> Vec<usize> {
        let Some(waiting) = self.waiting.get_mut(at) else { return Vec::new() };
        *waiting -= 1;
        if *waiting > 0 {
            return Vec::new();
        }
        if let Some(gone) = self.gone.get_mut(at) {
            *gone = true;
        }
        vec![at]
    }
}

/// Takes an edge away by other means, if there are any; `defers` where the check of any foreign key can be put off.
fn try_break(planner: &mut Planner<'_>, from: usize, to: usize, why: Why, defers: bool) -> Option<Vec<usize>> {
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
            if known && (deferred || defers) {
                planner.defer |= !deferred;
                return Some(cut(planner, from, to, why));
            }
            None
        }
        Why::Unique { columns } => {
            let meta = planner.table(from)?;
            let node = planner.nodes.get(from).filter(|node| node.deed == Deed::Update)?;
            let (op, column) = (node.op, park::column(meta, columns, &planner.group(from)?.columns, defers)?);
            planner.defer |= defers;
            Some(beforehand(planner, op, Deed::Park, vec![column], (from, to, why)))
        }
        Why::Parent { columns, deferred } => {
            let meta = planner.table(from)?;
            let node = planner.nodes.get(from)?;
            let (op, free) = (node.op, nullable(meta, columns));
            if node.deed == Deed::Delete && free.is_empty() && (deferred || defers) {
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
