//! Foreign keys of MySQL, and the indexes that they need.

use super::{MYSQL, Walk};
use crate::ir::TableName;
use crate::migrate::change::Both;
use crate::migrate::ddl::names;
use crate::migrate::state::{Column, ForeignKey, Table};

/// Whether an index of the table begins with the columns of a key, so that the server makes none itself.
fn covered(table: &Table, key: &ForeignKey) -> bool {
    let begins = |columns: &[String]| columns.starts_with(&key.columns);
    let of_index = |index: &crate::migrate::state::Index| {
        let columns: Vec<String> = index.columns().map(str::to_owned).collect();
        index.is_on(MYSQL) && index.expressions().next().is_none() && begins(&columns)
    };
    begins(&table.primary_key)
        || table.uniques.iter().any(|unique| begins(&unique.columns))
        || table.indexes.iter().any(of_index)
}

impl Walk<'_, '_> {
    pub(super) fn add_key(&mut self, table: &TableName, key: &ForeignKey) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let at = after.foreign_keys.iter().position(|other| other == key);
        let text = at.and_then(|at| self.out.parts(&after, &self.state, |parts| parts.key(0, at)));
        if let Some(text) = text {
            self.out.alter(table, format!("ADD {text}"));
        }
    }

    /// Drops a key, with the index that the server has made for it.
    pub(super) fn drop_key(&mut self, before: &Table, key: &ForeignKey) {
        let name = self.out.ident(&names::key_name(&before.name.name, key));
        let held = self.held.iter().position(|(table, other)| *table == before.name && other == key);
        match held {
            Some(at) => drop(self.held.remove(at)),
            None => self.out.alter(&before.name, format!("DROP FOREIGN KEY {name}")),
        }
        let needed = |other: &ForeignKey| other != key && key.columns.starts_with(&other.columns);
        if !covered(before, key) && !before.foreign_keys.iter().any(needed) {
            self.out.alter(&before.name, format!("DROP INDEX {name}"));
        }
        // A key of the same name cannot come back in the statement that drops it.
        self.out.end_statement();
    }

    pub(super) fn rename_key(&mut self, after: &Table, key: &ForeignKey, name: &Both<String>) {
        let own = ForeignKey { name: None, ..key.clone() };
        let given = |other: &&ForeignKey| ForeignKey { name: None, ..(*other).clone() } == own;
        let at = after.foreign_keys.iter().position(|other| given(&other));
        let text = at.and_then(|at| self.out.parts(after, &self.state, |parts| parts.key(0, at)));
        let Some(text) = text else { return };
        let old = self.out.ident(&name.from);
        self.out.sql(format!("ALTER TABLE {} DROP FOREIGN KEY {old}", self.out.table(&after.name)));
        if !covered(after, key) {
            let new = self.out.ident(&name.to);
            self.out.alter(&after.name, format!("RENAME INDEX {old} TO {new}"));
        }
        self.out.sql(format!("ALTER TABLE {} ADD {text}", self.out.table(&after.name)));
    }

    /// Puts aside the foreign keys whose columns change their type on either side: the server refuses that even when it
    /// does not check keys.
    pub(super) fn hold_keys(&mut self, before: &Table, after: &Table) {
        let differs = |old: &&Column| {
            let now = after.column(&old.name);
            now.is_some_and(|now| {
                now.ty != old.ty
                    || now.nullable != old.nullable
                    || now.collation != old.collation
                    || now.declared != old.declared
            })
        };
        let altered: Vec<&str> = before.columns.iter().filter(differs).map(|column| column.name.as_str()).collect();
        if altered.is_empty() {
            return;
        }
        let has = |columns: &[String]| columns.iter().any(|column| altered.contains(&column.as_str()));
        let mut found: Vec<(TableName, ForeignKey)> = Vec::new();
        let own = after.foreign_keys.iter().filter(|key| has(&key.columns));
        found.extend(own.map(|key| (after.name.clone(), key.clone())));
        let others = self.state.keys_to(&after.name).filter(|(_, key)| has(&key.references));
        found.extend(others.map(|(table, key)| (table.name.clone(), key.clone())));
        for (table, key) in found {
            if self.held.iter().any(|(other, held)| *other == table && *held == key) {
                continue;
            }
            let name = self.out.ident(&names::key_name(&table.name, &key));
            self.out.alter(&table, format!("DROP FOREIGN KEY {name}"));
            self.held.push((table, key));
        }
    }

    /// Puts them back.
    pub(super) fn release(&mut self) {
        for (table, key) in std::mem::take(&mut self.held) {
            self.add_key(&table, &key);
        }
    }

    /// Indexes for foreign keys that stay, when the one that they lean on goes.
    pub(super) fn kept_indexes(&mut self, before: &Table, after: &Table) -> Vec<String> {
        let stays = |key: &&ForeignKey| before.foreign_keys.contains(key);
        let bare = after.foreign_keys.iter().filter(stays).filter(|key| covered(before, key) && !covered(after, key));
        let clause = |key: &ForeignKey| {
            let name = self.out.ident(&names::key_name(&after.name.name, key));
            format!("ADD INDEX {name} {}", self.out.list(&key.columns))
        };
        bare.map(clause).collect()
    }
}
