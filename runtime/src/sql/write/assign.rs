//! Assignments of an UPDATE: all of them see the row as it was.

use super::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::ColumnMeta;
use crate::sql::{Dialect, Node, Source};

type Assignment = (&'static ColumnMeta, Node);

impl Writer {
    /// `column = value` of every assignment to the row of a source.
    pub(super) fn write_assignments(&mut self, row: Source, set: &[Assignment]) -> Result<()> {
        let order = match self.dialect {
            Dialect::Mysql => readers_first(row, set)?,
            Dialect::Sqlite | Dialect::Postgres => set.iter().collect(),
        };
        for (at, (column, node)) in order.into_iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.ident(column.name);
            self.push(" = ");
            self.write_node(node)?;
        }
        Ok(())
    }
}

/// The order in which no assignment reads a column that another one has changed before. MySQL's assignments are done one
/// after the other, and each sees what those before it did; see "UPDATE Statement" in its manual.
fn readers_first(row: Source, set: &[Assignment]) -> Result<Vec<&Assignment>> {
    let mut left: Vec<&Assignment> = set.iter().collect();
    let mut order = Vec::with_capacity(set.len());
    while !left.is_empty() {
        let is_read = |at: usize, column: &ColumnMeta| {
            left.iter().enumerate().any(|(other, (_, node))| other != at && node.reads(row, column))
        };
        let Some(free) = (0..left.len()).find(|&at| left.get(at).is_some_and(|(column, _)| !is_read(at, column)))
        else {
            let names: Vec<&str> = left.iter().map(|(column, _)| column.name).collect();
            let kind = ErrorKind::Unsupported { feature: "an UPDATE that exchanges columns", dialect: "MySQL" };
            let why = "each reads what another one sets, and MySQL sets one after the other";
            return Err(Error::new(kind, format!("{}: {why} (do it in two updates)", names.join(", "))));
        };
        order.push(left.remove(free));
    }
    Ok(order)
}
