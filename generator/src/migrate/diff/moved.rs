//! Names that something in another table takes over.

use std::collections::{BTreeMap, BTreeSet};

use super::{Walk, same};
use crate::ir::TableName;
use crate::migrate::change::Change;
use crate::migrate::state::{State, Table};

impl Walk<'_> {
    /// Where names of indexes or constraints are one name space, nothing can take a name that something of another table
    /// still has. Where each table has its own, several may have one name, and keep it.
    pub(super) fn moved_names(&mut self) {
        let owners = owners(self.to);
        let is_moved = |table: &Table, name: &Option<String>| {
            let owners = name.as_ref().and_then(|name| owners.get(name));
            owners.is_some_and(|owners| !owners.contains(&table.name))
        };
        let mut moved = Vec::new();
        for table in self.work.tables.values() {
            let name = &table.name;
            let keys = table.foreign_keys.iter().filter(|key| is_moved(table, &key.name));
            moved.extend(keys.map(|key| Change::DropForeignKey(name.clone(), key.clone())));
            let uniques = table.uniques.iter().filter(|unique| is_moved(table, &unique.name));
            for unique in uniques {
                moved.extend(leaning(&self.work, name, &unique.columns));
                moved.push(Change::DropUnique(name.clone(), unique.clone()));
            }
            for index in table.indexes.iter().filter(|index| is_moved(table, &index.name)) {
                if index.unique {
                    let columns: Vec<String> = index.columns().map(str::to_owned).collect();
                    moved.extend(leaning(&self.work, name, &columns));
                }
                let index = index.clone();
                moved.push(Change::DropIndex { table: name.clone(), index, concurrently: false });
            }
            let checks = table.checks.iter().filter(|check| is_moved(table, &check.name));
            moved.extend(checks.map(|check| Change::DropCheck(name.clone(), check.clone())));
        }
        for (at, change) in moved.iter().enumerate() {
            if !moved.iter().take(at).any(|before| before == change) {
                self.emit(change.clone());
            }
        }
    }
}

/// The tables that have something of a name.
fn owners(state: &State) -> BTreeMap<String, BTreeSet<TableName>> {
    let mut owners: BTreeMap<String, BTreeSet<TableName>> = BTreeMap::new();
    for table in state.tables.values() {
        let indexes = table.indexes.iter().map(|index| &index.name);
        let uniques = table.uniques.iter().map(|unique| &unique.name);
        let checks = table.checks.iter().map(|check| &check.name);
        let keys = table.foreign_keys.iter().map(|key| &key.name);
        for name in indexes.chain(uniques).chain(checks).chain(keys).flatten() {
            owners.entry(name.clone()).or_default().insert(table.name.clone());
        }
    }
    owners
}

/// The foreign keys that point to these columns of a table, and cannot be without what makes them unique.
fn leaning(state: &State, table: &TableName, columns: &[String]) -> Vec<Change> {
    let keys = state.keys_to(table).filter(|(_, key)| same(columns, &key.references));
    keys.map(|(from, key)| Change::DropForeignKey(from.name.clone(), key.clone())).collect()
}
