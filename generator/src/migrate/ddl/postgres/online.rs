//! Rows that are there, checked while others read and write.
//!
//! A constraint that is added as NOT VALID holds for what is written from then on, and needs its lock for a moment only.
//! The rows of before are checked when everything is committed, by VALIDATE CONSTRAINT, which lets others go on. A column
//! takes no NULL any more in the same way: PostgreSQL does not look at the rows when a valid check says it already.

use super::{POSTGRES, Walk, names};
use crate::ddl::parts::made_name;
use crate::ir::TableName;
use crate::migrate::change::{Change, ColumnChange};
use crate::migrate::script::Action;
use crate::migrate::state::Table;

/// What is left to do for a constraint when everything else is committed.
pub(super) struct Late {
    change: usize,
    about: String,
    validate: String,
    /// In a transaction after that.
    then: Vec<String>,
}

impl Walk<'_, '_> {
    /// Whether the rows of a table can be checked later: there are some, and nothing in between takes away what is to be
    /// checked, which may be that a column is required.
    pub(super) fn can_wait(&self, table: &TableName, column: Option<&str>) -> bool {
        !self.out.created.contains(table) && self.rest.iter().all(|change| leaves(change, table, column))
    }

    /// Adds the last check of a table.
    pub(super) fn add_check(&mut self, table: &TableName, at_once: bool) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let at = after.checks.len().saturating_sub(1);
        let text = self.out.parts(&after, &self.state, |parts| parts.check(0, at));
        let name = self.named(&after).checks.get(at).and_then(|check| check.name.clone());
        self.add_constraint(table, text, name, at_once);
    }

    /// Adds the last foreign key of a table.
    pub(super) fn add_key(&mut self, table: &TableName, at_once: bool) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let at = after.foreign_keys.len().saturating_sub(1);
        let text = self.out.parts(&after, &self.state, |parts| parts.key(0, at));
        let name = self.named(&after).foreign_keys.get(at).and_then(|key| key.name.clone());
        self.add_constraint(table, text, name, at_once);
    }

    fn named(&self, table: &Table) -> Table {
        names::named(table, &self.state, POSTGRES)
    }

    fn add_constraint(&mut self, table: &TableName, text: Option<String>, name: Option<String>, at_once: bool) {
        let (Some(text), Some(name)) = (text, name) else { return };
        let quoted = self.out.table(table);
        if at_once || !self.can_wait(table, None) {
            return self.out.sql(format!("ALTER TABLE {quoted} ADD {text}"));
        }
        self.out.sql(format!("ALTER TABLE {quoted} ADD {text} NOT VALID"));
        self.validate_later(table, &name, Vec::new());
    }

    /// NOT NULL by way of a check, which is there until all rows have been looked at.
    pub(super) fn require_later(&mut self, table: &TableName, column: &str) {
        let name = made_name(&table.name, [column].into_iter(), "required");
        let (quoted, check, column) = (self.out.table(table), self.out.ident(&name), self.out.ident(column));
        self.out.sql(format!("ALTER TABLE {quoted} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"));
        // In one statement the check would be gone before it could help.
        let then = vec![
            format!("ALTER TABLE {quoted} ALTER COLUMN {column} SET NOT NULL"),
            format!("ALTER TABLE {quoted} DROP CONSTRAINT {check}"),
        ];
        self.validate_later(table, &name, then);
    }

    fn validate_later(&mut self, table: &TableName, name: &str, then: Vec<String>) {
        let validate = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", self.out.table(table), self.out.ident(name));
        self.late.push(Late { change: self.out.at, about: self.out.about.clone(), validate, then });
    }

    /// Writes what was left to do: each check by itself, so that what is checked stays so, and then the rest.
    pub(super) fn finish_late(&mut self) {
        let late = std::mem::take(&mut self.late);
        for item in &late {
            (self.out.at, self.out.about) = (item.change, item.about.clone());
            self.out.step(Action::Sql(item.validate.clone()), false);
        }
        for item in late {
            (self.out.at, self.out.about) = (item.change, item.about);
            item.then.into_iter().for_each(|sql| self.out.sql(sql));
        }
    }
}

/// Whether a later change leaves a new constraint of a table as it is, or a column that is to be required.
fn leaves(change: &Change, table: &TableName, column: Option<&str>) -> bool {
    match change {
        // They may do anything, or make columns of any table anew.
        Change::Execute { .. } | Change::RemoveEnumLabel { .. } | Change::OrderEnum { .. } => false,
        _ if change.table() != Some(table) => true,
        Change::AddColumn { .. }
        | Change::AddUnique(..)
        | Change::AddCheck { .. }
        | Change::AddForeignKey { .. }
        | Change::AddIndex { .. }
        | Change::DropIndex { .. }
        | Change::RenameIndex { .. }
        | Change::CommentTable { .. } => true,
        Change::DropColumn { column: other, .. } => column.is_some_and(|column| column != other.name),
        Change::AlterColumn { column: other, change, .. } => column != Some(other.as_str()) && is_light(change),
        _ => false,
    }
}

/// Whether a change of a column makes neither it nor what leans on it anew.
fn is_light(change: &ColumnChange) -> bool {
    change.ty.is_none() && change.declared.is_none() && change.generated.is_none() && change.collation.is_none()
}
