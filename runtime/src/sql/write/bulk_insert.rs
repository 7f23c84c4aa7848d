//! Parts of statements that write many rows: PostgreSQL's INSERT, whose columns come as one array each.

use super::{Insert, Table, Writer};
use crate::error::Result;
use crate::meta::ColumnMeta;
use crate::sql::Dialect;

impl Writer {
    /// The text of an INSERT that takes an array per column, so that it is the same for any number of rows; `types` are
    /// those of the elements, as the server spells them. `counted` keys are written over what the server would count.
    pub(crate) fn insert_arrays(insert: &Insert<'_>, types: &[String], counted: bool) -> Result<String> {
        let mut w = Self::new(Dialect::Postgres);
        w.push("INSERT INTO ");
        w.table_name(insert.table);
        w.push(" (");
        w.separated(insert.columns, |w, column| w.ident(column.name));
        w.push(if counted { ") OVERRIDING SYSTEM VALUE" } else { ")" });
        // Side by side in the list they give a row at a time; in FROM, each of them is kept in full before the first row, which
        // takes a sixth of the time of an INSERT (PostgreSQL's nodeProjectSet.c and nodeFunctionscan.c).
        w.push(" SELECT ");
        w.separated(types.iter().enumerate(), |w, (at, ty)| w.number(format_args!("unnest(${}::{ty}[])", at + 1)));
        w.given = types.len();
        w.write_existing(insert)?;
        w.write_returning(insert.returning);
        Ok(w.out.sql)
    }

    /// The text that makes as many keys as its parameter says. The expressions are the server's own, of its catalog.
    pub(crate) fn make_keys(defaults: &[(String, String)]) -> String {
        let mut w = Self::new(Dialect::Postgres);
        w.push("SELECT ");
        w.separated(defaults, |w, (expression, ty)| w.number(format_args!("({expression})::{ty}")));
        w.push(" FROM generate_series(1, $1::bigint)");
        w.out.sql
    }

    /// RETURNING of some columns, to stand behind a statement.
    pub(crate) fn returning(dialect: Dialect, columns: &[ColumnMeta]) -> String {
        format!(" RETURNING {}", Self::list(dialect, columns))
    }

    /// Columns of one table that are read.
    pub(super) fn list(dialect: Dialect, columns: &[ColumnMeta]) -> String {
        let mut w = Self::new(dialect);
        w.separated(columns, |w, column| w.returned(column));
        w.out.sql
    }

    /// The text that reads some columns of the row of a key, whose parts are its parameters.
    pub(crate) fn select_by_key(
        dialect: Dialect,
        table: Table,
        columns: &[&'static ColumnMeta],
        key: &[&'static ColumnMeta],
    ) -> String {
        let mut w = Self::select_where(dialect, table, columns);
        for (at, column) in key.iter().enumerate() {
            w.push(if at == 0 { "" } else { " AND " });
            w.ident(column.name);
            w.push(" = ");
            w.placeholder(at + 1);
        }
        w.out.sql
    }

    /// The text that reads some columns of the rows of so many keys of one column, which are its parameters.
    pub(crate) fn select_by_keys(
        dialect: Dialect,
        table: Table,
        columns: &[&'static ColumnMeta],
        key: &'static ColumnMeta,
        count: usize,
    ) -> String {
        let mut w = Self::select_where(dialect, table, columns);
        w.ident(key.name);
        w.push(" IN (");
        w.separated(1..=count, |w, number| w.placeholder(number));
        w.push(")");
        w.out.sql
    }

    fn select_where(dialect: Dialect, table: Table, columns: &[&'static ColumnMeta]) -> Self {
        let mut w = Self::new(dialect);
        w.push("SELECT ");
        w.separated(columns, |w, column| w.returned(column));
        w.push(" FROM ");
        w.table_name(table);
        w.push(" WHERE ");
        w
    }

    /// The name of a table as a text that the server reads as such.
    pub(crate) fn table_text(dialect: Dialect, table: Table) -> String {
        let mut w = Self::new(dialect);
        w.table_name(table);
        w.out.sql
    }
}
