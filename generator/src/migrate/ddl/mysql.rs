//! MySQL and MariaDB: changes of one table that stand together are one `ALTER TABLE`, which is all or nothing; nothing
//! else is, as every such statement commits.
//!
//! `MODIFY` states a column anew, so whatever it does not say is lost: it always says all. A foreign key holds the
//! types of its columns and an index on them, which the server makes itself where there is none, under the key's name.

mod columns;
mod keys;
mod renames;

use std::collections::BTreeSet;

use super::{Out, Written, names};
use crate::ir::quote::quote_string;
use crate::ir::{DialectName, TableName};
use crate::migrate::change::Change;
use crate::migrate::replay;
use crate::migrate::state::{ForeignKey, State, Table};

const MYSQL: DialectName = DialectName::Mysql;

/// Writes the steps of changes.
pub(super) fn write(from: &State, changes: &[Change], out: &mut Out<'_>) -> Written {
    let mut walk = Walk { state: from.clone(), out, group: None, held: Vec::new() };
    for (at, change) in changes.iter().enumerate() {
        walk.out.begin(at, change);
        walk.change(change).map_err(|misfit| (at, misfit))?;
    }
    walk.flush();
    walk.release();
    Ok(())
}

/// Changes of one table that become one statement.
struct Group {
    before: Table,
    changes: Vec<Change>,
    /// What they name: one statement cannot do two things to it.
    named: BTreeSet<String>,
    at: usize,
    about: String,
}

struct Walk<'w, 'a> {
    state: State,
    out: &'w mut Out<'a>,
    group: Option<Group>,
    /// Foreign keys that are put aside while the types of their columns change.
    held: Vec<(TableName, ForeignKey)>,
}

impl Walk<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<(), replay::Misfit> {
        let before = change.table().and_then(|name| self.state.tables.get(name)).cloned();
        if let Some((before, name)) = before.as_ref().zip(gathered(change)) {
            if self.group.as_ref().is_some_and(|group| group.before.name != before.name || group.named.contains(&name))
            {
                let (at, about) = (self.out.at, self.out.about.clone());
                self.flush();
                (self.out.at, self.out.about) = (at, about);
            }
            self.gather(before, change, name);
            return replay::apply(&mut self.state, change);
        }
        let (at, about) = (self.out.at, self.out.about.clone());
        self.flush();
        if !matches!(change, Change::AlterColumn { .. } | Change::AddColumn { .. } | Change::DropForeignKey(..)) {
            self.release();
        }
        (self.out.at, self.out.about) = (at, about);
        if let Change::RenameEnumLabel { name, label } = change {
            let before = self.state.clone();
            replay::apply(&mut self.state, change)?;
            self.rename_label(&before, name, label);
            self.out.relabels(&self.state, name);
            return Ok(());
        }
        replay::apply(&mut self.state, change)?;
        match before {
            Some(before) => {
                self.table(change, &before);
                self.out.touch(change, &before.name);
            }
            None => self.other(change),
        }
        Ok(())
    }

    fn gather(&mut self, before: &Table, change: &Change, name: String) {
        let (at, about) = (self.out.at, self.out.about.clone());
        let group = self.group.get_or_insert_with(|| Group {
            before: before.clone(),
            changes: Vec::new(),
            named: BTreeSet::new(),
            at,
            about: String::new(),
        });
        let between = if group.about.is_empty() { "" } else { "; " };
        group.about.push_str(between);
        group.about.push_str(&about);
        group.changes.push(change.clone());
        group.named.insert(name);
    }

    /// Changes of no table that is there.
    fn other(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => {
                if let Some(sql) = self.out.parts(table, &self.state, |parts| parts.table(0)) {
                    self.out.sql(sql);
                }
                self.out.creates(&table.name);
            }
            Change::AddEnumLabel { name, .. } | Change::OrderEnum { name, .. } => self.modify_users(name),
            Change::RemoveEnumLabel { name, label, replacement, .. } => {
                self.remove_label(name, label, replacement.as_deref());
                self.out.relabels(&self.state, name);
            }
            Change::Execute { sql, .. } => self.out.execute(sql),
            _ => {}
        }
    }

    /// Changes of a table that are not gathered.
    fn table(&mut self, change: &Change, before: &Table) {
        let table = &before.name;
        match change {
            Change::DropTable(_) => self.out.sql(format!("DROP TABLE {}", self.out.table(table))),
            Change::RenameTable(name) => {
                let sql = format!("RENAME TABLE {} TO {}", self.out.table(&name.from), self.out.table(&name.to));
                self.out.sql(sql);
                self.rename_made(before, &name.to);
            }
            Change::RenameColumn { name, .. } => self.rename_column(before, name),
            Change::AddColumn { column, fill, .. } => self.add_filled(table, column, fill.as_ref()),
            Change::AlterColumn { column, change, .. } => self.alter_filled(before, column, change),
            Change::AddForeignKey { key, .. } => {
                let target = self.state.tables.get(&key.table).cloned();
                self.out.ask_orphans(before, key, target.as_ref());
                self.add_key(table, key);
            }
            Change::DropForeignKey(_, key) => self.drop_key(before, key),
            Change::Backfill(fill) => self.out.backfill(fill, Some(before)),
            _ => {}
        }
    }

    /// Writes the group as one statement.
    fn flush(&mut self) {
        let Some(group) = self.group.take() else { return };
        let Some(after) = self.state.tables.get(&group.before.name).cloned() else { return };
        (self.out.at, self.out.about) = (group.at, group.about.clone());
        self.hold_keys(&group.before, &after);
        self.questions(&group);
        let mut clauses = self.kept_indexes(&group.before, &after);
        for change in &group.changes {
            clauses.extend(self.clauses(change, &group.before, &after));
        }
        if !clauses.is_empty() {
            self.out.sql(format!("ALTER TABLE {} {}", self.out.table(&after.name), clauses.join(", ")));
        }
        group.changes.iter().for_each(|change| self.out.touch(change, &after.name));
    }

    fn questions(&mut self, group: &Group) {
        let before = &group.before;
        // A column that another change of the group adds has no rows to ask.
        for change in &group.changes {
            match change {
                Change::AddColumn { column, .. } if column.needs_value() => {
                    let numbered = column.default == Some(crate::ir::Default::AutoIncrement);
                    if !numbered {
                        self.out.ask_empty(&before.name, &column.name);
                    }
                }
                Change::AlterColumn { column, change, .. } => self.ask_column(before, column, change),
                Change::PrimaryKey { columns, .. } if !columns.to.is_empty() => {
                    self.out.ask_duplicates(before, &columns.to);
                }
                Change::AddUnique(_, unique) => self.out.ask_duplicates(before, &unique.columns),
                Change::AddCheck { check, .. } => self.out.ask_check(before, check),
                Change::AddIndex { index, .. } if index.is_on(MYSQL) => self.out.ask_index(before, index),
                _ => {}
            }
        }
    }

    /// The clauses of a change; columns and constraints are written as they are after the whole group.
    fn clauses(&mut self, change: &Change, before: &Table, after: &Table) -> Vec<String> {
        let quote = |name: &str| crate::ir::quote::quote_ident(MYSQL, name);
        let named = names::named(before, &self.state, MYSQL);
        let add = |text: Option<String>| text.map(|text| format!("ADD {text}"));
        let one = match change {
            Change::AddColumn { column, .. } => {
                let text = self.out.parts(after, &self.state, |parts| parts.column(0, &column.name));
                text.map(|text| format!("ADD COLUMN {text}"))
            }
            Change::DropColumn { column, .. } => Some(format!("DROP COLUMN {}", quote(&column.name))),
            Change::AlterColumn { column, change, .. } => return self.alter_clauses(before, after, column, change),
            Change::PrimaryKey { columns, .. } => {
                let gone = (!columns.from.is_empty()).then(|| "DROP PRIMARY KEY".to_owned());
                let new = (!columns.to.is_empty()).then(|| format!("ADD PRIMARY KEY {}", self.out.list(&columns.to)));
                return gone.into_iter().chain(new).collect();
            }
            Change::AddUnique(_, unique) => {
                let at = after.uniques.iter().position(|other| other == unique);
                add(at.and_then(|at| self.out.parts(after, &self.state, |parts| parts.unique(0, at))))
            }
            Change::DropUnique(_, unique) => {
                let at = before.uniques.iter().position(|other| other == unique);
                let name = at.and_then(|at| named.uniques.get(at)?.name.clone());
                name.map(|name| format!("DROP INDEX {}", quote(&name)))
            }
            Change::AddCheck { check, .. } => {
                let at = after.checks.iter().position(|other| other == check);
                add(at.and_then(|at| self.out.parts(after, &self.state, |parts| parts.check(0, at))))
            }
            Change::DropCheck(_, check) => {
                let at = before.checks.iter().position(|other| other == check);
                let name = at.and_then(|at| named.checks.get(at)?.name.clone());
                name.map(|name| format!("DROP CONSTRAINT {}", quote(&name)))
            }
            Change::AddIndex { index, .. } => {
                let at = after.indexes.iter().position(|other| other == index);
                add(at.and_then(|at| self.out.parts(after, &self.state, |parts| parts.inline_index(0, at))))
            }
            Change::DropIndex { index, .. } => {
                let at = before.indexes.iter().position(|other| other == index).filter(|_| index.is_on(MYSQL));
                let name = at.and_then(|at| named.indexes.get(at)?.name.clone());
                name.map(|name| format!("DROP INDEX {}", quote(&name)))
            }
            Change::RenameIndex { name, .. } => {
                let here = |index: &&crate::migrate::state::Index| index.name.as_ref() == Some(&name.from);
                let found = before.indexes.iter().find(here).is_some_and(|index| index.is_on(MYSQL));
                found.then(|| format!("RENAME INDEX {} TO {}", quote(&name.from), quote(&name.to)))
            }
            Change::CommentTable { comment, .. } => {
                Some(format!("COMMENT = {}", quote_string(MYSQL, comment.to.as_deref().unwrap_or_default())))
            }
            _ => None,
        };
        one.into_iter().collect()
    }
}

/// Whether a change can be put together with others of its table; then what it names.
fn gathered(change: &Change) -> Option<String> {
    let column = |name: &str| Some(format!("column {name}"));
    match change {
        Change::AddColumn { column: added, fill: None, .. } => column(&added.name),
        Change::DropColumn { column: dropped, .. } => column(&dropped.name),
        Change::AlterColumn { column: altered, change, .. } if columns::in_place(change) => column(altered),
        Change::PrimaryKey { .. } => Some("key".to_owned()),
        Change::AddUnique(_, unique) | Change::DropUnique(_, unique) => Some(format!("{} {unique:?}", change.kind())),
        Change::AddCheck { check, .. } | Change::DropCheck(_, check) => Some(format!("{} {check:?}", change.kind())),
        Change::AddIndex { index, .. } | Change::DropIndex { index, .. } => {
            Some(format!("{} {index:?}", change.kind()))
        }
        Change::RenameIndex { name, .. } => Some(format!("index {}", name.from)),
        Change::CommentTable { .. } => Some("comment".to_owned()),
        _ => None,
    }
}
