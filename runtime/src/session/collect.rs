//! What a flush has to write, read off the rows.

use super::arena::{Arena, Assigned, From, Shelf, State};
use super::plan::{Changes, Group, Kind, LinkChange, Look, Need, Op};
use super::shelf::NewShelf;
use crate::error::Result;
use crate::meta::ModelMeta;
use crate::value::Value;

impl Arena {
    /// Whether there is nothing that a flush would have to look at.
    pub(super) fn is_calm(&self) -> bool {
        self.fresh.is_empty()
            && self.touched.is_empty()
            && self.doomed.is_empty()
            && self.linking.is_empty()
            && self.assigned.is_empty()
    }

    /// All changes, in the order they were made.
    pub(super) fn changes(&self) -> Result<Changes> {
        let mut changes = Changes::default();
        changes.ops.reserve(self.fresh.len() + self.touched.len() + self.doomed.len());
        let (mut columns, mut refs, mut needs, mut last) = (Vec::new(), Vec::new(), Vec::new(), None);
        for &index in &self.fresh {
            let Some((news, slot)) = self.fresh_row(index) else { continue };
            if self.is_orphan(index)? {
                continue;
            }
            columns.clear();
            refs.clear();
            news.survey(slot, &mut columns, &mut refs)?;
            self.needs(index, &refs, last, &mut needs)?;
            self.add_assigned(index, &mut columns);
            last = needs.first().copied().filter(|_| !self.assigned.contains_key(&index));
            changes.add(Some(news.meta()), Kind::Insert, index, &columns, &needs);
        }
        for &index in &self.touched {
            if self.entry(index).is_some_and(|entry| entry.state == State::Stored) {
                if self.is_orphan(index)? {
                    changes.add(self.meta(index), Kind::Delete, index, &[], &[]);
                    continue;
                }
                self.changed(index, &mut columns)?;
                self.assigned_needs(index, &mut needs);
                if !columns.is_empty() {
                    changes.add(self.meta(index), Kind::Update, index, &columns, &needs);
                }
            }
        }
        for &index in &self.doomed {
            if self.entry(index).is_some_and(|entry| entry.state == State::Doomed) {
                changes.add(self.meta(index), Kind::Delete, index, &[], &[]);
            }
        }
        changes.links = self.links();
        Ok(changes)
    }

    /// A row that is to be inserted.
    pub(super) fn fresh_row(&self, index: u32) -> Option<(&dyn NewShelf, u32)> {
        let entry = self.entry(index).filter(|entry| entry.state == State::Fresh)?;
        match self.shelves.get(entry.shelf as usize)? {
            Shelf::New(news) => Some((&**news, entry.slot)),
            Shelf::Rows(_) => None,
        }
    }

    /// Links to make and to take away. A row that is deleted is not linked first.
    pub(super) fn links(&self) -> Vec<LinkChange> {
        let lost = |end: u32, add: bool| self.is_lost(end) || add && self.is_doomed(end);
        let ends = self.linking.iter().filter(|link| !lost(link.near, link.add) && !lost(link.far, link.add));
        ends.map(|link| LinkChange { relation: link.relation, near: link.near, far: link.far, add: link.add }).collect()
    }

    /// The row that a reference stands for, if that is or will be stored.
    pub(super) fn expected(&self, number: u64) -> Result<u32> {
        let row = self.referred(number)?;
        match self.is_lost(row) {
            true => Err(self.unstored(row)),
            false => Ok(row),
        }
    }

    /// Whether a row is not stored and will not be. One that was let go of is where it was.
    fn is_lost(&self, index: u32) -> bool {
        let index = self.stored(index).unwrap_or(index);
        match self.entry(index).map(|entry| entry.state) {
            Some(State::Detached) => !matches!(self.shelf(index), Some(Shelf::Rows(_))),
            state => matches!(state, None | Some(State::Gone)),
        }
    }

    fn is_doomed(&self, index: u32) -> bool {
        let index = self.stored(index).unwrap_or(index);
        self.entry(index).is_some_and(|entry| entry.state == State::Doomed)
    }

    /// The columns that a new row gives a value, with those that were assigned.
    fn given(&self, index: u32, columns: &mut Vec<usize>) {
        if let (Some(Shelf::New(news)), Some(entry)) = (self.shelf(index), self.entry(index)) {
            news.columns(entry.slot, columns);
        }
        self.add_assigned(index, columns);
    }

    fn add_assigned(&self, index: u32, columns: &mut Vec<usize>) {
        for assigned in self.assigned.get(&index).into_iter().flatten() {
            if !columns.contains(&assigned.column) {
                columns.push(assigned.column);
            }
        }
    }

    /// The columns of a stored row that are not as they are stored.
    pub(super) fn changed(&self, index: u32, columns: &mut Vec<usize>) -> Result<()> {
        columns.clear();
        let Some((rows, slot)) = self.row_shelf(index) else { return Ok(()) };
        let meta = rows.meta();
        for (at, column) in meta.columns.iter().enumerate() {
            if column.generated || meta.version == Some(at) {
                continue;
            }
            let now = rows.value(slot, at).map_err(|error| meta.locate(error, at))?;
            if !same(&now, &rows.before(slot, at)?) {
                columns.push(at);
            }
        }
        self.add_assigned(index, columns);
        Ok(())
    }

    /// What a new row needs, out of its references; `last` is what another one needed of a row's key.
    fn needs(&self, index: u32, refs: &[(usize, u64, u8)], last: Option<Need>, needs: &mut Vec<Need>) -> Result<()> {
        self.assigned_needs(index, needs);
        let assigned = self.assigned.get(&index);
        for &(column, number, part) in refs {
            // What was assigned stands in the place of what the row itself says.
            if assigned.is_some_and(|list| list.iter().any(|item| item.column == column)) {
                continue;
            }
            let row = self.expected(number)?;
            // Children of one parent mostly come one after another.
            match last.filter(|last| part == 0 && last.row == row && !last.known) {
                Some(last) => needs.push(Need { column, ..last }),
                None => needs.push(self.need(column, row, self.key_column(row, part))),
            }
        }
        Ok(())
    }

    fn assigned_needs(&self, index: u32, needs: &mut Vec<Need>) {
        needs.clear();
        let assigned = self.assigned.get(&index).into_iter().flatten();
        let need = |item: &Assigned| match item.from {
            From::Row { row, column } => Some(self.need(item.column, row, Some(column))),
            From::Null => None,
        };
        needs.extend(assigned.filter_map(need));
    }

    fn need(&self, column: usize, row: u32, target: Option<usize>) -> Need {
        let known = match self.stored(row) {
            Some(_) => true,
            None => target.is_some_and(|target| self.knows(row, target)),
        };
        Need { column, row: self.stored(row).unwrap_or(row), known }
    }

    /// Whether a new row brings the value of a column along.
    fn knows(&self, index: u32, column: usize) -> bool {
        let mut columns = Vec::new();
        self.given(index, &mut columns);
        columns.contains(&column) && matches!(self.value(index, column), Ok(Some(_)))
    }
}

impl Changes {
    fn add(&mut self, meta: Option<&'static ModelMeta>, kind: Kind, row: u32, columns: &[usize], needs: &[Need]) {
        let Some(meta) = meta else { return };
        let group = self.group(self.ops.last().map(|op| op.group), meta, kind, columns);
        self.ops.push(Op { row, group, needs: needs.into() });
    }

    /// The group of a change, made if it is new; `last` is the likeliest.
    pub(super) fn group(
        &mut self,
        last: Option<usize>,
        meta: &'static ModelMeta,
        kind: Kind,
        columns: &[usize],
    ) -> usize {
        match self.find(last, meta, kind, columns) {
            Some(group) => group,
            None => self.new_group(meta, kind, columns),
        }
    }

    /// A group of this kind, the likeliest first.
    fn find(&self, last: Option<usize>, meta: &ModelMeta, kind: Kind, columns: &[usize]) -> Option<usize> {
        let fits = |at: &usize| {
            self.groups.get(*at).is_some_and(|group| {
                group.kind == kind
                    && group.columns == columns
                    && self.tables.get(group.table).is_some_and(|table| table.same_table(meta))
            })
        };
        last.filter(fits).or_else(|| (0..self.groups.len()).find(fits))
    }

    fn new_group(&mut self, meta: &'static ModelMeta, kind: Kind, columns: &[usize]) -> usize {
        let known = self.tables.iter().position(|table| table.same_table(meta));
        let table = known.unwrap_or_else(|| {
            self.tables.push(meta);
            self.tables.len() - 1
        });
        self.groups.push(Group { kind, table, columns: columns.to_vec() });
        self.groups.len() - 1
    }
}

impl Look for Arena {
    fn before(&self, row: u32, column: usize) -> Result<Option<Value<'static>>> {
        let Some((rows, slot)) = self.row_shelf(row) else { return Ok(None) };
        rows.before(slot, column).map(|value| Some(value.into_owned()))
    }

    fn after(&self, row: u32, column: usize) -> Result<Option<Value<'static>>> {
        // What cannot be had yet, or cannot be written at all, is no reason to wait.
        Ok(self.value(row, column).ok().flatten())
    }

    fn label(&self, row: u32) -> String {
        Arena::label(self, row)
    }
}

/// Whether a value is what is stored. Not-a-number is itself here.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        (left, right) => left == right,
    }
}
