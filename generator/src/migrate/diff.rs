//! The changes that lead from one state to another.
//!
//! Renames come first, so that everything after them compares things of one name. Then, in the order that every
//! database accepts: enums and labels that are new, foreign keys that go, the tables that stay one by one, tables that are
//! new, foreign keys that are new, columns that go, tables that go, labels and enums that go. What holds values goes last,
//! so that SQL that moves them is written between what comes and what goes. Each change is applied to a working copy as
//! it is found, so that it says what it meets at its own point.
//!
//! Nothing is guessed: what is gone here and new there is dropped and made, unless [`Renames`] says otherwise; pairs
//! that look like a rename are reported as [`Hint`]s. Names that differ only by upper and lower case are one name, as
//! they are for SQLite and MySQL.

mod moved;
mod order;
mod renames;
mod table;

use std::collections::BTreeSet;

use super::change::{Both, Change};
use super::replay;
use super::same::Part;
use super::state::{ForeignKey, State, Table};
use crate::ir::TableName;

pub use renames::{Hint, Renames};

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The changes, in the order in which they can be made.
    pub changes: Vec<Change>,
    /// Pairs that may be renames.
    pub hints: Vec<Hint>,
}

/// The changes that make `to` of `from`. The same states give the same changes, in the same order; of equal states
/// there are none. The order of columns is no difference.
#[must_use]
pub fn diff(from: &State, to: &State, renames: &Renames) -> Difference {
    let mut walk = Walk { work: from.clone(), to, changes: Vec::new(), hints: Vec::new() };
    renames::apply(&mut walk, renames);
    renames::hints(&mut walk);
    walk.new_enums();
    walk.old_keys();
    walk.moved_names();
    for name in walk.common() {
        table::diff(&mut walk, &name);
    }
    let late = walk.new_tables();
    walk.new_keys(late);
    walk.old_columns();
    walk.old_tables();
    walk.old_enums();
    Difference { changes: walk.changes, hints: walk.hints }
}

/// The state of a comparison.
struct Walk<'a> {
    /// What the changes so far have made of the first state.
    work: State,
    to: &'a State,
    changes: Vec<Change>,
    hints: Vec<Hint>,
}

impl Walk<'_> {
    /// Adds a change. One that does not fit is added all the same: whoever replays the list is told what is wrong.
    fn emit(&mut self, change: Change) {
        let _ = replay::apply(&mut self.work, &change);
        self.changes.push(change);
    }

    /// Tables that are in both, by name.
    fn common(&self) -> Vec<TableName> {
        self.to.tables.keys().filter(|name| self.work.tables.contains_key(name)).cloned().collect()
    }

    fn new_enums(&mut self) {
        let to = self.to;
        for (name, labels) in &to.enums {
            let Some(old) = self.work.enums.get(name).cloned() else {
                self.emit(Change::CreateEnum { name: name.clone(), labels: labels.clone() });
                continue;
            };
            let mut have = old.clone();
            // From the back, so that the label that it stands before is there already.
            for (at, label) in labels.iter().enumerate().rev().filter(|(_, label)| !old.contains(label)) {
                let before = labels.get(at + 1..).into_iter().flatten().find(|next| have.contains(next)).cloned();
                have.push(label.clone());
                self.emit(Change::AddEnumLabel { name: name.clone(), label: label.clone(), before });
            }
        }
    }

    fn old_enums(&mut self) {
        let to = self.to;
        for (name, labels) in &to.enums {
            let old = self.work.enums.get(name).cloned().unwrap_or_default();
            for (at, label) in old.iter().enumerate().rev().filter(|(_, label)| !labels.contains(label)) {
                let now = self.work.enums.get(name).cloned().unwrap_or_default();
                let before = now.get(at + 1).cloned();
                let (name, label) = (name.clone(), label.clone());
                self.emit(Change::RemoveEnumLabel { name, label, before, replacement: None });
            }
            let now = self.work.enums.get(name).cloned().unwrap_or_default();
            if let Some(labels) = Both::differ(now, labels.clone()) {
                self.emit(Change::OrderEnum { name: name.clone(), labels });
            }
        }
        let gone: Vec<_> = self.work.enums.iter().filter(|(name, _)| !to.enums.contains_key(*name)).collect();
        let gone: Vec<_> = gone.into_iter().map(|(name, labels)| (name.clone(), labels.clone())).collect();
        for (name, labels) in gone {
            self.emit(Change::DropEnum { name, labels });
        }
    }

    /// Drops foreign keys that are gone, and those whose target's key is made anew, which no database allows while
    /// they are there. Those of tables that go later are there until then, unless their target's columns change.
    fn old_keys(&mut self) {
        let mut gone: Vec<(TableName, ForeignKey)> = Vec::new();
        let renewed = self.renewed_keys();
        for name in self.common() {
            let (Some(old), Some(new)) = (self.work.tables.get(&name), self.to.tables.get(&name)) else { continue };
            let goes = |key: &&ForeignKey| {
                let held = renewed.iter().any(|(table, columns)| *table == key.table && same(columns, &key.references));
                held || !key.is_in(&new.foreign_keys, &name)
            };
            gone.extend(old.foreign_keys.iter().filter(goes).map(|key| (name.clone(), key.clone())));
        }
        let tables = self.work.tables.values().filter(|table| !self.to.tables.contains_key(&table.name));
        for table in tables {
            let keys = table.foreign_keys.iter().filter(|key| {
                let held = renewed.iter().any(|(name, columns)| *name == key.table && same(columns, &key.references));
                held || self.changes_target(key)
            });
            gone.extend(keys.map(|key| (table.name.clone(), key.clone())));
        }
        for (table, key) in gone {
            self.emit(Change::DropForeignKey(table, key));
        }
    }

    /// Whether columns that a foreign key points to, in a table that stays, become others.
    fn changes_target(&self, key: &ForeignKey) -> bool {
        let (Some(old), Some(new)) = (self.work.tables.get(&key.table), self.to.tables.get(&key.table)) else {
            return false;
        };
        key.references.iter().any(|column| old.column(column) != new.column(column))
    }

    /// Tables and columns that foreign keys can point to and whose key or unique index goes.
    fn renewed_keys(&self) -> Vec<(TableName, Vec<String>)> {
        let mut found = Vec::new();
        for (name, new) in &self.to.tables {
            let Some(old) = self.work.tables.get(name) else { continue };
            if old.primary_key != new.primary_key && !old.primary_key.is_empty() {
                found.push((name.clone(), old.primary_key.clone()));
            }
            let uniques = old.uniques.iter().filter(|unique| !unique.is_in(&new.uniques, name));
            found.extend(uniques.map(|unique| (name.clone(), unique.columns.clone())));
            let indexes = old.indexes.iter().filter(|index| index.unique && !index.is_in(&new.indexes, name));
            found.extend(indexes.map(|index| (name.clone(), index.columns().map(str::to_owned).collect())));
        }
        found
    }

    fn old_tables(&mut self) {
        let gone: Vec<&Table> =
            self.work.tables.values().filter(|table| !self.to.tables.contains_key(&table.name)).collect();
        let gone: Vec<Table> = order::tables(&gone).into_iter().rev().cloned().collect();
        // A key to a table that is dropped earlier closes a cycle: it goes first.
        let mut dropped = BTreeSet::new();
        for table in &gone {
            let open = |key: &&ForeignKey| key.table != table.name && dropped.contains(&key.table);
            let keys: Vec<ForeignKey> = table.foreign_keys.iter().filter(open).cloned().collect();
            dropped.insert(table.name.clone());
            for key in keys {
                self.emit(Change::DropForeignKey(table.name.clone(), key));
            }
        }
        for table in gone {
            if let Some(now) = self.work.tables.get(&table.name).cloned() {
                self.emit(Change::DropTable(Box::new(now)));
            }
        }
    }

    /// Columns that go, and are not gone yet.
    fn old_columns(&mut self) {
        for name in self.common() {
            let (Some(now), Some(new)) = (self.work.tables.get(&name), self.to.tables.get(&name)) else { continue };
            let gone = now.columns.iter().filter(|column| new.column(&column.name).is_none());
            let gone: Vec<_> = gone.cloned().map(Box::new).collect();
            for column in gone {
                self.emit(Change::DropColumn { table: name.clone(), column });
            }
        }
    }

    /// Makes new tables; gives the foreign keys that have to wait until all are there.
    fn new_tables(&mut self) -> Vec<(TableName, ForeignKey)> {
        let to = self.to;
        let new: Vec<&Table> = to.tables.values().filter(|table| !self.work.tables.contains_key(&table.name)).collect();
        let mut late = Vec::new();
        for table in order::tables(&new) {
            let mut made = table.clone();
            let there = |key: &ForeignKey| key.table == table.name || self.work.tables.contains_key(&key.table);
            late.extend(
                made.foreign_keys.iter().filter(|key| !there(key)).map(|key| (table.name.clone(), key.clone())),
            );
            made.foreign_keys.retain(there);
            self.emit(Change::CreateTable(Box::new(made)));
        }
        late
    }

    fn new_keys(&mut self, late: Vec<(TableName, ForeignKey)>) {
        let mut new = Vec::new();
        for name in self.common() {
            let (Some(old), Some(table)) = (self.work.tables.get(&name), self.to.tables.get(&name)) else { continue };
            let missing = table.foreign_keys.iter().filter(|key| !key.is_in(&old.foreign_keys, &name));
            new.extend(missing.map(|key| (name.clone(), key.clone())));
        }
        // `late` is among them: its tables are common by now.
        debug_assert!(late.iter().all(|key| new.contains(key)));
        for (table, key) in new {
            self.emit(Change::AddForeignKey { table, key, at_once: false });
        }
    }
}

/// Whether two lists hold the same columns.
fn same(one: &[String], two: &[String]) -> bool {
    one.len() == two.len() && one.iter().all(|column| two.contains(column))
}

#[cfg(test)]
mod tests;
