//! What an INSERT does with a row that is there already.

use super::{Alias, Insert, Writer};
use crate::error::Result;
use crate::meta::ColumnMeta;
use crate::sql::{Dialect, Node, Source, Table};

/// What becomes of a row that is there already.
#[derive(Clone, Copy)]
pub(crate) enum Existing<'a> {
    /// It is a violation.
    Refused,
    /// It stays as it is, whichever of its keys is in the way. MySQL has no such INSERT that tells how many there were, or
    /// that hides no other faults: there the violation is for the caller to ignore, see [`Dialect::ignores_existing`].
    Ignored,
    /// It is found by one of its keys; by another one it is a violation.
    Found(&'a Conflict),
}

/// What becomes of a row that has the same key as the one that was to be inserted.
pub(crate) struct Conflict {
    /// The columns of the key.
    pub key: Vec<&'static ColumnMeta>,
    /// What is set in it. Nothing: it stays as it is, and the INSERT does not give it back.
    pub set: Vec<(&'static ColumnMeta, Node)>,
    /// The row that is there.
    pub old: Source,
    /// The row that was to be inserted.
    pub new: Source,
}

/// Gives up, but only where it is evaluated: a subquery of two rows, which is error 1242 of MySQL's.
const GIVE_UP: &str = "(SELECT 1 UNION ALL SELECT 2)";

impl Writer {
    /// The clause behind the rows.
    pub(super) fn write_existing(&mut self, insert: &Insert<'_>) -> Result<()> {
        let conflict = match insert.existing {
            Existing::Refused => return Ok(()),
            Existing::Ignored => {
                self.push(if self.dialect.ignores_existing() { " ON CONFLICT DO NOTHING" } else { "" });
                return Ok(());
            }
            Existing::Found(conflict) => conflict,
        };
        self.scope.extend([(conflict.old, Alias::Table(insert.table)), (conflict.new, Alias::Excluded)]);
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => {
                self.push(" ON CONFLICT (");
                self.separated(&conflict.key, |w, column| w.ident(column.name));
                self.push(if conflict.set.is_empty() { ") DO NOTHING" } else { ") DO UPDATE SET " });
                self.write_assignments(insert.table, conflict.old, &conflict.set)
            }
            Dialect::Mysql if conflict.set.is_empty() => Ok(()),
            Dialect::Mysql => self.write_on_duplicate(insert.table, conflict),
        }
    }

    /// MySQL's ON DUPLICATE KEY takes a row that has **any** of its unique keys in common with the new one. The first
    /// assignment, of a column of the key to itself, sees to it that it is the key that was asked for.
    fn write_on_duplicate(&mut self, table: Table, conflict: &Conflict) -> Result<()> {
        let Some(first) = conflict.key.first() else { return Ok(()) };
        self.push(" ON DUPLICATE KEY UPDATE ");
        self.ident(first.name);
        self.push(" = IF(");
        for (at, column) in conflict.key.iter().enumerate() {
            self.push(if at == 0 { "" } else { " AND " });
            self.ident(column.name);
            self.push(" = ");
            self.column(conflict.new, column)?;
        }
        self.push(", ");
        self.ident(first.name);
        self.push(", ");
        self.push(GIVE_UP);
        self.push("), ");
        self.write_assignments(table, conflict.old, &conflict.set)
    }
}
