//! In which order a session's changes are written: pure data in, pure data out.
//!
//! Every change of a row is a node; an edge says that one has to be written before another (see [`super::edges`]). Nodes
//! that wait for nothing are taken in a fixed order that puts inserts of parents first and deletes of parents last, and
//! neighbours of one kind become one step.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use super::edges::{Edges, nullable};
use super::{cycle, straight};
use crate::error::Result;
use crate::meta::{ModelMeta, RelationMeta};
use crate::value::Value;

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Insert,
    Update,
    Delete,
}

/// Changes that differ in their rows only.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub kind: Kind,
    /// Position of the table in [`Changes::tables`].
    pub table: usize,
    /// The columns that are written.
    pub columns: Vec<usize>,
}

/// A change of one row.
#[derive(Debug, Clone)]
pub(super) struct Op {
    pub row: u32,
    pub group: usize,
    /// Columns that refer to other rows of the session, by the row that the change is of.
    pub needs: Needs,
}

/// A column that takes its value from another row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub column: usize,
    pub row: u32,
    /// The value is known before that row is stored.
    pub known: bool,
}

/// The columns of a change that refer to other rows: mostly none or one.
#[derive(Debug, Clone, Default)]
pub(super) enum Needs {
    #[default]
    None,
    One(Need),
    Many(Vec<Need>),
}

impl From<&[Need]> for Needs {
    fn from(needs: &[Need]) -> Self {
        match needs {
            [] => Self::None,
            [need] => Self::One(*need),
            needs => Self::Many(needs.to_vec()),
        }
    }
}

impl std::ops::Deref for Needs {
    type Target = [Need];

    fn deref(&self) -> &[Need] {
        match self {
            Self::None => &[],
            Self::One(need) => std::slice::from_ref(need),
            Self::Many(needs) => needs,
        }
    }
}

/// Everything that a flush writes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub tables: Vec<&'static ModelMeta>,
    pub groups: Vec<Group>,
    pub ops: Vec<Op>,
    pub links: Vec<LinkChange>,
    /// The database can put off the check of any foreign key.
    pub defers: bool,
    /// The database checks foreign keys row by row, so that a row's reference to itself keeps it from being deleted.
    pub row_by_row: bool,
}

/// A link to make or to take away.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkChange {
    pub relation: &'static RelationMeta,
    pub near: u32,
    pub far: u32,
    pub add: bool,
}

/// The values of rows, where the plan depends on them.
pub(super) trait Look {
    /// As it is stored; `None` for a new row.
    fn before(&self, row: u32, column: usize) -> Result<Option<Value<'static>>>;
    /// As it will be; `None` when it is not known yet.
    fn after(&self, row: u32, column: usize) -> Result<Option<Value<'static>>>;
    /// The row as a message names it.
    fn label(&self, row: u32) -> String;
}

/// What a step does to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// Sets columns to NULL before the rows are deleted.
    Clear,
    /// Sets columns to values out of the way, since two rows exchange theirs.
    Park,
    Insert,
    Update,
    /// Sets columns of new rows that had to wait for other rows.
    Complete,
    Delete,
}

/// One statement over rows of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch {
    pub deed: Deed,
    pub table: &'static str,
    pub model: &'static str,
    pub columns: Vec<usize>,
    pub column_names: Vec<&'static str>,
    pub rows: Vec<u32>,
    /// Columns of new rows that stay NULL until the rows they refer to are there.
    pub nulls: Vec<(u32, usize)>,
}

/// One step of a flush.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Foreign keys are checked at the end of the transaction.
    Defer,
    Write(Batch),
    Link {
        relation: &'static RelationMeta,
        pairs: Vec<(u32, u32)>,
        add: bool,
    },
}

/// A part of an operation.
pub(super) struct Node {
    pub op: usize,
    pub deed: Deed,
    /// The columns of a part; the whole operation's are its group's.
    pub columns: Vec<usize>,
    pub nulls: Vec<usize>,
    pub out: Vec<Edge>,
    pub waiting: usize,
    level: u32,
    min_step: usize,
    pub done: bool,
}

/// One node comes before another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub to: usize,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Why {
    /// A foreign key of the later one refers to the earlier one.
    Reference { columns: &'static [usize], column: Option<usize>, known: bool, deferred: bool },
    /// The earlier one gives up a unique value that the later one takes.
    Unique { columns: &'static [usize] },
    /// The later one is deleted, and the earlier one referred to it.
    Parent { columns: &'static [usize], deferred: bool },
    /// Parts of one change.
    Parts,
}

type Priority = (u8, usize, u32, usize, Deed, usize);

pub(super) struct Planner<'a> {
    pub changes: &'a Changes,
    pub look: &'a dyn Look,
    pub nodes: Vec<Node>,
    ranks: Vec<usize>,
    ready: BinaryHeap<Reverse<Priority>>,
    steps: Vec<Step>,
    pub defer: bool,
}

/// The steps of a flush.
pub(super) fn plan(changes: &Changes, look: &dyn Look) -> Result<Vec<Step>> {
    let ranks = ranks(changes);
    if let Some(steps) = straight::steps(changes, &ranks) {
        return Ok(with_links(steps, &changes.links));
    }
    let mut planner = Planner {
        changes,
        look,
        nodes: changes.ops.iter().enumerate().map(|(op, _)| Node::whole(changes, op)).collect(),
        ranks,
        ready: BinaryHeap::new(),
        steps: Vec::new(),
        defer: false,
    };
    Edges::add_all(&mut planner)?;
    planner.schedule()?;
    Ok(planner.finish())
}

impl Node {
    fn whole(changes: &Changes, op: usize) -> Self {
        let kind = changes.ops.get(op).and_then(|op| changes.groups.get(op.group)).map_or(Kind::Insert, |g| g.kind);
        let deed = match kind {
            Kind::Insert => Deed::Insert,
            Kind::Update => Deed::Update,
            Kind::Delete => Deed::Delete,
        };
        Self::part(op, deed, Vec::new())
    }

    fn part(op: usize, deed: Deed, columns: Vec<usize>) -> Self {
        let (nulls, out) = (Vec::new(), Vec::new());
        Self { op, deed, columns, nulls, out, waiting: 0, level: 0, min_step: 0, done: false }
    }
}

impl Planner<'_> {
    pub(super) fn group(&self, node: usize) -> Option<&Group> {
        let op = self.changes.ops.get(self.nodes.get(node)?.op)?;
        self.changes.groups.get(op.group)
    }

    pub(super) fn table(&self, node: usize) -> Option<&'static ModelMeta> {
        self.changes.tables.get(self.group(node)?.table).copied()
    }

    pub(super) fn row(&self, node: usize) -> u32 {
        self.nodes.get(node).and_then(|node| self.changes.ops.get(node.op)).map_or(0, |op| op.row)
    }

    pub(super) fn edge(&mut self, from: usize, to: usize, why: Why) {
        if let Some(node) = self.nodes.get_mut(from) {
            node.out.push(Edge { to, why });
        }
        if let Some(node) = self.nodes.get_mut(to) {
            node.waiting += 1;
        }
    }

    /// A node for a part of an operation.
    pub(super) fn part(&mut self, op: usize, deed: Deed, columns: Vec<usize>) -> usize {
        self.nodes.push(Node::part(op, deed, columns));
        self.nodes.len() - 1
    }

    fn priority(&self, at: usize) -> Priority {
        let (Some(node), Some(group)) = (self.nodes.get(at), self.group(at)) else {
            return (0, 0, 0, 0, Deed::Insert, at);
        };
        let rank = self.ranks.get(group.table).copied().unwrap_or(0);
        let (phase, rank) = match node.deed {
            Deed::Insert => (0, rank),
            Deed::Delete => (2, self.ranks.len() - rank),
            _ => (1, rank),
        };
        let group = self.changes.ops.get(node.op).map_or(0, |op| op.group);
        (phase, rank, node.level, group, node.deed, at)
    }

    fn offer(&mut self, at: usize) {
        let priority = self.priority(at);
        self.ready.push(Reverse(priority));
    }

    fn schedule(&mut self) -> Result<()> {
        let mut left = self.nodes.len();
        let free: Vec<usize> =
            self.nodes.iter().enumerate().filter(|(_, n)| n.waiting == 0).map(|(at, _)| at).collect();
        free.into_iter().for_each(|at| self.offer(at));
        loop {
            while let Some(Reverse((.., at))) = self.ready.pop() {
                left -= 1;
                self.take(at);
            }
            if left == 0 {
                return Ok(());
            }
            let before = self.nodes.len();
            let freed = cycle::break_all(self)?;
            left += self.nodes.len() - before;
            freed.into_iter().for_each(|at| self.offer(at));
        }
    }

    /// Puts a node into a step, and offers those that waited for it only.
    fn take(&mut self, at: usize) {
        let step = self.place(at);
        let table = self.group(at).map(|group| group.table);
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.done = true;
        let (level, out) = (node.level, node.out.clone());
        for Edge { to, why } in out {
            let same_table = self.group(to).map(|group| group.table) == table;
            let Some(next) = self.nodes.get_mut(to) else { continue };
            if same_table {
                next.level = next.level.max(level + 1);
            }
            if matches!(why, Why::Reference { .. } | Why::Parts) {
                next.min_step = next.min_step.max(step + 1);
            }
            next.waiting -= 1;
            if next.waiting == 0 {
                self.offer(to);
            }
        }
    }

    fn place(&mut self, at: usize) -> usize {
        let (Some(node), Some(group)) = (self.nodes.get(at), self.group(at)) else { return 0 };
        let (Some(table), row) = (self.table(at), self.row(at)) else { return 0 };
        let whole = matches!(node.deed, Deed::Insert | Deed::Update | Deed::Delete);
        let (deed, min_step) = (node.deed, node.min_step);
        let columns = if whole { group.columns.clone() } else { node.columns.clone() };
        let nulls: Vec<_> = node.nulls.iter().map(|&column| (row, column)).collect();
        let last = self.steps.len();
        if last > min_step
            && let Some(Step::Write(batch)) = self.steps.last_mut()
            && batch.deed == deed
            && batch.table == table.table
            && batch.columns == columns
        {
            batch.rows.push(row);
            batch.nulls.extend(nulls);
            return last - 1;
        }
        self.steps.push(Step::Write(Batch { nulls, ..Batch::new(deed, table, columns, vec![row]) }));
        last
    }

    fn finish(self) -> Vec<Step> {
        let mut steps = with_links(self.steps, &self.changes.links);
        if self.defer {
            steps.insert(0, Step::Defer);
        }
        steps
    }
}

/// Links go in where both ends are there: old ones first of all, new ones behind the last insert.
pub(super) fn with_links(written: Vec<Step>, links: &[LinkChange]) -> Vec<Step> {
    let mut steps = link_steps(links, false);
    let is_insert = |step: &Step| matches!(step, Step::Write(batch) if batch.deed == Deed::Insert);
    let behind = written.iter().rposition(is_insert).map_or(0, |at| at + 1);
    let mut written = written.into_iter();
    steps.extend(written.by_ref().take(behind));
    steps.extend(link_steps(links, true));
    steps.extend(written);
    steps
}

fn link_steps(links: &[LinkChange], add: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for link in links.iter().filter(|link| link.add == add) {
        let same = |step: &&mut Step| {
            matches!(step, Step::Link { relation, .. }
                if relation.name == link.relation.name && relation.parent.same_table(link.relation.parent))
        };
        match steps.iter_mut().find(same) {
            Some(Step::Link { pairs, .. }) => pairs.push((link.near, link.far)),
            _ => steps.push(Step::Link { relation: link.relation, pairs: vec![(link.near, link.far)], add }),
        }
    }
    steps
}

/// Where tables stand: those that others refer to first, else in the order of the changes. Of tables that refer to each
/// other in a circle, those that have to refer to others stand behind them.
pub(super) fn ranks(changes: &Changes) -> Vec<usize> {
    let mut ranks = vec![usize::MAX; changes.tables.len()];
    let mut next = 0;
    for start in 0..changes.tables.len() {
        visit(changes, start, &mut ranks, &mut vec![false; changes.tables.len()], &mut next);
    }
    ranks
}

fn visit(changes: &Changes, at: usize, ranks: &mut [usize], entered: &mut [bool], next: &mut usize) {
    let (Some(meta), Some(false)) = (changes.tables.get(at), entered.get(at).copied()) else { return };
    if ranks.get(at).is_none_or(|&rank| rank != usize::MAX) {
        return;
    }
    if let Some(entered) = entered.get_mut(at) {
        *entered = true;
    }
    for key in meta.foreign_keys {
        if let Some(target) = changes.tables.iter().position(|table| table.is_target_of(key))
            && (nullable(meta, key.columns).is_empty() || !leads(changes, target, at, &mut vec![false; ranks.len()]))
        {
            visit(changes, target, ranks, entered, next);
        }
    }
    if let Some(rank) = ranks.get_mut(at) {
        *rank = *next;
        *next += 1;
    }
}

/// Whether foreign keys lead from one table to another, over any number of others.
fn leads(changes: &Changes, from: usize, to: usize, seen: &mut [bool]) -> bool {
    let (Some(meta), Some(false)) = (changes.tables.get(from), seen.get(from).copied()) else { return false };
    if let Some(seen) = seen.get_mut(from) {
        *seen = true;
    }
    from == to
        || meta.foreign_keys.iter().any(|key| {
            let target = changes.tables.iter().position(|table| table.is_target_of(key));
            target.is_some_and(|target| leads(changes, target, to, seen))
        })
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defer => write!(f, "defer foreign keys"),
            Self::Write(batch) => batch.fmt(f),
            Self::Link { relation, pairs, add } => {
                let verb = if *add { "link" } else { "unlink" };
                write!(f, "{verb} {}.{}:", relation.parent.model, relation.name)?;
                pairs.iter().try_for_each(|(near, far)| write!(f, " #{near}-#{far}"))
            }
        }
    }
}

impl Batch {
    pub(super) fn new(deed: Deed, meta: &ModelMeta, columns: Vec<usize>, rows: Vec<u32>) -> Self {
        let names = columns.iter().filter_map(|&at| meta.columns.get(at)).map(|column| column.name).collect();
        let (table, model, nulls) = (meta.table, meta.model, Vec::new());
        Self { deed, table, model, columns, column_names: names, rows, nulls }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.deed {
            Deed::Insert => "insert",
            Deed::Update => "update",
            Deed::Delete => "delete",
            Deed::Complete => "complete",
            Deed::Clear => "clear",
            Deed::Park => "park",
        };
        write!(f, "{verb} {}", self.model)?;
        if !self.column_names.is_empty() {
            write!(f, " ({})", self.column_names.join(", "))?;
        }
        write!(f, ":")?;
        for row in &self.rows {
            write!(f, " #{row}")?;
            for (_, column) in self.nulls.iter().filter(|(of, _)| of == row) {
                let at = self.columns.iter().position(|known| known == column);
                let name = at.and_then(|at| self.column_names.get(at)).copied().unwrap_or("?");
                write!(f, " without {name}")?;
            }
        }
        Ok(())
    }
}
