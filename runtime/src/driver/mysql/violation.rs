//! Where a violated constraint is, as far as the server's message leaves it out: neither server names the columns of a
//! unique key, and MySQL not the table of a check.

use rustc_hash::FxHashMap;

use super::Connection;
use crate::error::{Error, ErrorKind, Violation};
use crate::row::Row;

/// The columns of a unique key.
const COLUMNS: &str = "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
                       AND TABLE_NAME = ? AND INDEX_NAME = ? ORDER BY SEQ_IN_INDEX";

/// The table of a check, whose name no other check of a MySQL database has.
const TABLE: &str = "SELECT TABLE_NAME FROM information_schema.TABLE_CONSTRAINTS \
                     WHERE CONSTRAINT_SCHEMA = DATABASE() AND CONSTRAINT_NAME = ? AND CONSTRAINT_TYPE = 'CHECK'";

/// What was asked for already.
#[derive(Default)]
pub(super) struct Known {
    /// The columns of unique keys, by table and key.
    columns: FxHashMap<(String, String), Vec<String>>,
    /// The tables of checks.
    tables: FxHashMap<String, String>,
}

impl Connection {
    /// The error with what its message leaves out.
    pub(super) async fn placed(&mut self, mut error: Error) -> Error {
        if !self.server.mariadb
            && error.is_unique_violation()
            && let Some(violation) = error.violation_mut()
        {
            split(violation);
        }
        match error.kind() {
            ErrorKind::UniqueViolation(Violation { constraint: Some(key), table: Some(table), .. }) => {
                let place = (table.clone(), key.clone());
                self.with_columns(error, place).await
            }
            ErrorKind::CheckViolation(Violation { constraint: Some(name), table: None, .. }) => {
                let name = name.clone();
                self.with_table(error, name).await
            }
            _ => error,
        }
    }

    async fn with_columns(&mut self, error: Error, place: (String, String)) -> Error {
        if let Some(columns) = self.known.columns.get(&place) {
            return error.in_place(place.0, columns.clone());
        }
        let columns = self.names(COLUMNS, &[&place.0, &place.1]).await;
        if columns.is_empty() {
            return error;
        }
        self.known.columns.insert(place.clone(), columns.clone());
        error.in_place(place.0, columns)
    }

    async fn with_table(&mut self, error: Error, name: String) -> Error {
        if let Some(table) = self.known.tables.get(&name) {
            return error.in_place(table.clone(), Vec::new());
        }
        match self.names(TABLE, &[&name]).await.pop() {
            Some(table) => {
                self.known.tables.insert(name, table.clone());
                error.in_place(table, Vec::new())
            }
            None => error,
        }
    }

    /// The first column of an answer; nothing where it cannot be had, as the error at hand matters more.
    async fn names(&mut self, sql: &str, of: &[&str]) -> Vec<String> {
        let values = of.iter().map(|name| mysql_async::Value::from(*name)).collect();
        let mut names = Vec::new();
        let mut each = |row: &Row<'_>| {
            names.extend(row.text(0)?.map(std::borrow::Cow::into_owned));
            Ok(())
        };
        let found = self.run(sql, values, &mut each, None).await;
        if found.is_ok() { names } else { Vec::new() }
    }
}

/// MySQL says `table.key`, which the statement shows how to take apart only where it is ours.
fn split(violation: &mut Violation) {
    let parts = violation.constraint.as_ref().and_then(|key| key.split_once('.'));
    if let (None, Some((table, key))) = (&violation.table, parts) {
        (violation.table, violation.constraint) = (Some(table.to_owned()), Some(key.to_owned()));
    }
}
