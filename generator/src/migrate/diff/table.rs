//! One table that is in both states.

use super::Walk;
use crate::ir::{Default, TableName};
use crate::migrate::change::{Both, Change, ColumnChange};
use crate::migrate::same::Part;
use crate::migrate::state::{Column, Index, Table};

/// The changes of a table, but for its foreign keys.
pub(super) fn diff(walk: &mut Walk<'_>, name: &TableName) {
    let to = walk.to;
    let (Some(old), Some(new)) = (walk.work.tables.get(name).cloned(), to.tables.get(name)) else { return };
    if old == *new {
        return;
    }
    if let Some(comment) = Both::differ(old.comment.clone(), new.comment.clone()) {
        walk.emit(Change::CommentTable { table: name.clone(), comment });
    }
    if let Some(options) = Both::differ(old.sqlite, new.sqlite) {
        walk.emit(Change::SqliteOptions { table: name.clone(), options });
    }
    let mut table = OneTable { walk, name, old: &old, new };
    table.old_constraints();
    table.columns();
    table.new_constraints();
}

struct OneTable<'w, 'a> {
    walk: &'w mut Walk<'a>,
    name: &'w TableName,
    old: &'w Table,
    new: &'w Table,
}

impl OneTable<'_, '_> {
    fn emit(&mut self, change: Change) {
        self.walk.emit(change);
    }

    fn old_constraints(&mut self) {
        let (old, new) = (self.old, self.new);
        for check in old.checks.iter().filter(|check| !check.is_in(&new.checks, self.name)) {
            self.emit(Change::DropCheck(self.name.clone(), check.clone()));
        }
        for index in old.indexes.iter().filter(|index| !index.is_in(&new.indexes, self.name)) {
            let change = match renamed(index, old, new) {
                Some(name) => Change::RenameIndex { table: self.name.clone(), name },
                None => Change::DropIndex { table: self.name.clone(), index: index.clone(), concurrently: false },
            };
            self.emit(change);
        }
        for unique in old.uniques.iter().filter(|unique| !unique.is_in(&new.uniques, self.name)) {
            self.emit(Change::DropUnique(self.name.clone(), unique.clone()));
        }
    }

    fn new_constraints(&mut self) {
        let new = self.new;
        let Some(now) = self.walk.work.tables.get(self.name).cloned() else { return };
        for unique in new.uniques.iter().filter(|unique| !unique.is_in(&now.uniques, self.name)) {
            self.emit(Change::AddUnique(self.name.clone(), unique.clone()));
        }
        for index in new.indexes.iter().filter(|index| !index.is_in(&now.indexes, self.name)) {
            self.emit(Change::AddIndex { table: self.name.clone(), index: index.clone(), concurrently: false });
        }
        for check in new.checks.iter().filter(|check| !check.is_in(&now.checks, self.name)) {
            self.emit(Change::AddCheck { table: self.name.clone(), check: check.clone(), at_once: false });
        }
    }

    /// Generated columns lean on others, so they go first and come last. A column that leaves the key may take NULL
    /// only afterwards, and one that joins it may not take NULL before. Plain columns that go are left for the end, but
    /// for one that is numbered where another is now: MySQL takes one of those in a table.
    fn columns(&mut self) {
        let (old, new) = (self.old, self.new);
        let is_new = |column: &&Column| old.column(&column.name).is_none();
        let is_gone = |column: &&Column| new.column(&column.name).is_none();
        let generated = |column: &&Column| column.generated.is_some();
        let plain = |column: &&Column| column.generated.is_none();
        self.drop_generated(old.columns.iter().filter(is_gone).filter(generated).collect());
        for column in new.columns.iter().filter(is_new).filter(plain) {
            self.add(column);
        }
        let released = |column: &&Column| column.nullable && old.primary_key.contains(&column.name);
        let altered = new.columns.iter().filter(|column| old.column(&column.name).is_some_and(|was| was != *column));
        let altered: Vec<&Column> = altered.collect();
        for column in altered.iter().copied().filter(plain).filter(|column| !released(column)) {
            self.alter(column);
        }
        if let Some(columns) = Both::differ(old.primary_key.clone(), new.primary_key.clone()) {
            self.emit(Change::PrimaryKey { table: self.name.clone(), columns });
        }
        for column in altered.iter().copied().filter(plain).filter(released) {
            self.alter(column);
        }
        for column in altered.iter().copied().filter(generated) {
            self.alter(column);
        }
        self.add_generated(new.columns.iter().filter(is_new).filter(generated).collect());
        let numbered = |column: &&Column| column.default == Some(Default::AutoIncrement);
        let another = new.columns.iter().any(|column| numbered(&column));
        for column in old.columns.iter().filter(is_gone).filter(plain).filter(|column| another && numbered(column)) {
            self.drop(column);
        }
    }

    fn add(&mut self, column: &Column) {
        let column = Box::new(column.clone());
        self.emit(Change::AddColumn { table: self.name.clone(), column, fill: None });
    }

    fn drop(&mut self, column: &Column) {
        // As it is by now: another change may have renamed what it is generated by.
        let now = self.walk.work.tables.get(self.name).and_then(|table| table.column(&column.name)).cloned();
        let column = Box::new(now.unwrap_or_else(|| column.clone()));
        self.emit(Change::DropColumn { table: self.name.clone(), column });
    }

    fn alter(&mut self, column: &Column) {
        let Some(was) = self.old.column(&column.name) else { return };
        let change = Box::new(ColumnChange::between(was, column));
        self.emit(Change::AlterColumn { table: self.name.clone(), column: column.name.clone(), change });
    }

    /// Each after those that it is computed from, as far as they do not go round in a circle.
    fn add_generated(&mut self, mut left: Vec<&Column>) {
        while !left.is_empty() {
            let needs = |column: &Column| left.iter().any(|other| other.name != column.name && reads(column, other));
            let at = left.iter().position(|column| !needs(column)).unwrap_or(0);
            self.add(left.remove(at));
        }
    }

    fn drop_generated(&mut self, mut left: Vec<&Column>) {
        while !left.is_empty() {
            let needed = |column: &Column| left.iter().any(|other| other.name != column.name && reads(other, column));
            let at = left.iter().position(|column| !needed(column)).unwrap_or(0);
            self.drop(left.remove(at));
        }
    }
}

fn reads(column: &Column, other: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| generated.expr.columns().contains(&other.name.as_str()))
}

/// The names, when an index is the same but for its name, and no other index is.
fn renamed(index: &Index, old: &Table, new: &Table) -> Option<Both<String>> {
    let from = index.name.clone()?;
    let same = |other: &Index| other.bare() == index.bare();
    let free = new.indexes.iter().filter(|other| same(other) && !other.is_in(&old.indexes, &old.name));
    let mut free = free.filter_map(|other| other.name.clone());
    let to = free.next().filter(|_| free.next().is_none())?;
    let alone = old.indexes.iter().filter(|other| same(other) && !other.is_in(&new.indexes, &new.name)).count() == 1;
    let unused = old.indexes.iter().all(|other| other.name.as_ref() != Some(&to));
    (alone && unused).then_some(Both { from, to })
}
