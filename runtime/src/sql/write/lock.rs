//! What locks rows behind a SELECT. Only rows of the query's own table are locked, not those that it joins.

use super::{Table, Writer};
use crate::error::{Error, Result};
use crate::meta::ColumnMeta;
use crate::sql::lock::{Strength, Wait};
use crate::sql::{Dialect, Select, Source};

impl Writer {
    /// The locking clause. SQLite has none: whoever may write there keeps all others from writing.
    pub(super) fn write_lock(&mut self, select: &Select) -> Result<()> {
        let Some(lock) = select.lock else { return Ok(()) };
        if let Some(what) = select.made_of_several() {
            return Err(Error::query(format!("rows cannot be locked where {what}: a row of it is no row of a table")));
        }
        match (self.dialect, lock.strength) {
            (Dialect::Sqlite, _) => return Ok(()),
            (_, Strength::Update) | (Dialect::Mysql, Strength::NoKeyUpdate) => self.push(" FOR UPDATE"),
            (Dialect::Postgres, Strength::NoKeyUpdate) => self.push(" FOR NO KEY UPDATE"),
            (Dialect::Postgres, Strength::Share) => self.push(" FOR SHARE"),
            // Both servers know the first one, MySQL without a word behind it; each reads a comment of its own.
            (Dialect::Mysql, Strength::Share) if lock.wait == Wait::Waits => self.push(" LOCK IN SHARE MODE"),
            (Dialect::Mysql, Strength::Share) => self.push(" /*M! LOCK IN SHARE MODE */ /*!80001 FOR SHARE */"),
        }
        if self.dialect == Dialect::Postgres && !select.joins.is_empty() {
            self.alias(" OF t", select.source);
        }
        self.push(match lock.wait {
            Wait::Waits => "",
            Wait::Fails => " NOWAIT",
            Wait::Skips => " SKIP LOCKED",
        });
        Ok(())
    }

    /// A table that is joined. MariaDB has no `OF` to say whose rows are locked, and neither server locks those of a
    /// subquery, which both take for the table itself when they plan.
    pub(super) fn write_joined_table(&mut self, select: &Select, source: Source, table: Table) {
        if select.lock.is_none() || self.dialect != Dialect::Mysql {
            return self.write_source(source, table);
        }
        self.push("(SELECT ");
        self.separated(table.columns(), |w, column| w.ident(column.name));
        self.push(" FROM ");
        self.table_name(table);
        self.push(")");
        self.alias(" AS t", source);
    }
}

impl Table {
    /// All columns that a query can name, each once: both keys of a table between may share some.
    fn columns(self) -> Vec<&'static ColumnMeta> {
        match self {
            Self::Model(meta) => meta.columns.iter().collect(),
            Self::Through(through) => {
                let near = through.near.iter();
                let far = through.far.iter().map(|(column, _)| column);
                let own = far.filter(|far| through.near.iter().all(|(_, near)| near.name != far.name));
                near.map(|(_, column)| column).chain(own).collect()
            }
        }
    }
}

impl Select {
    /// What makes one of its rows out of several of its table.
    fn made_of_several(&self) -> Option<&'static str> {
        match () {
            () if self.distinct => Some("equal ones are left out (`distinct`)"),
            () if !self.group_by.is_empty() => Some("they are grouped (`group_by`)"),
            () if !self.having.is_empty() => Some("groups are chosen (`having`)"),
            () if self.has_aggregate() => Some("aggregates are computed"),
            () => None,
        }
    }
}
