//! Pending changes as data, for programs and people to look at.

use std::fmt;

use super::arena::{Arena, Shelf};
use super::plan::Kind;
use crate::error::Result;
use crate::value::{Value, several};

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It is inserted.
    Insert,
    /// Some of its columns are updated.
    Update,
    /// It is deleted.
    Delete,
    /// It is linked to another.
    Link,
    /// Its link to another is taken away.
    Unlink,
}

/// A change of one row that the next flush sends.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// What happens to the row.
    pub action: Action,
    /// Name of its model.
    pub model: &'static str,
    /// Its primary key as it is stored; empty for a new row.
    pub key: Vec<Value<'static>>,
    /// The columns that get a value; for links, the relation.
    pub columns: Vec<Changed>,
}

/// A column that gets another value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// SQL name of the column.
    pub column: &'static str,
    /// The value that is stored; `None` for a new row.
    pub before: Option<Value<'static>>,
    /// The value to come; `None` when it is the key of a row that is not stored yet.
    pub after: Option<Value<'static>>,
}

pub(super) fn list(arena: &Arena) -> Result<Vec<Change>> {
    let changes = arena.changes()?;
    let mut out = Vec::with_capacity(changes.ops.len());
    for op in &changes.ops {
        let Some(group) = changes.groups.get(op.group) else { continue };
        let Some(meta) = changes.tables.get(group.table) else { continue };
        let stored = matches!(arena.shelf(op.row), Some(Shelf::Rows(_)));
        let mut columns = Vec::with_capacity(group.columns.len());
        for &at in &group.columns {
            let Some(column) = meta.columns.get(at) else { continue };
            let before = match arena.row_shelf(op.row) {
                Some((rows, slot)) => Some(rows.before(slot, at)?.into_owned()),
                None => None,
            };
            let waits = op.needs.iter().any(|need| need.column == at && !need.known);
            let after = if waits { None } else { arena.value(op.row, at)? };
            columns.push(Changed { column: column.name, before, after });
        }
        let action = match group.kind {
            Kind::Insert => Action::Insert,
            Kind::Update => Action::Update,
            Kind::Delete => Action::Delete,
        };
        let key = if stored { arena.key_values(op.row, true)? } else { Vec::new() };
        out.push(Change { action, model: meta.model, key, columns });
    }
    for link in &changes.links {
        let near = arena.stored(link.near).unwrap_or(link.near);
        out.push(Change {
            action: if link.add { Action::Link } else { Action::Unlink },
            model: link.relation.parent.model,
            key: arena.key_values(near, true)?,
            columns: vec![Changed { column: link.relation.name, before: None, after: None }],
        });
    }
    Ok(out)
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.action {
            Action::Insert => "insert",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Link => "link",
            Action::Unlink => "unlink",
        };
        write!(f, "{verb} {}", self.model)?;
        if !self.key.is_empty() {
            write!(f, " {}", several(&self.key))?;
        }
        let empty = |column: &&Changed| self.action == Action::Insert && matches!(column.after, Some(Value::Null));
        for (at, column) in self.columns.iter().filter(|column| !empty(column)).enumerate() {
            write!(f, "{}{}", if at == 0 { ": " } else { ", " }, column.column)?;
            match (&column.before, &column.after, self.action) {
                (_, _, Action::Link | Action::Unlink) => {}
                (Some(before), Some(after), _) => write!(f, " {} -> {}", before.shown(), after.shown())?,
                (Some(before), None, _) => write!(f, " {} -> (new row)", before.shown())?,
                (None, Some(after), _) => write!(f, " = {}", after.shown())?,
                (None, None, _) => f.write_str(" = (new row)")?,
            }
        }
        Ok(())
    }
}
