//! Conditions of an UPDATE or DELETE that read the table which it changes.

use super::{Alias, Write, Writer};
use crate::error::Result;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{Dialect, Node, Select, Table};

impl Writer {
    /// The conditions. MySQL reads the table that it changes only where the rows have to be put aside first, which
    /// DISTINCT makes of the keys.
    pub(super) fn write_filter(&mut self, write: &Write<'_>) -> Result<()> {
        let Some(key) = self.key_to_put_aside(write) else { return self.write_conditions(" WHERE ", write.filter) };
        self.push(" WHERE (");
        self.separated(&key, |w, column| w.ident(column.name));
        self.push(") IN (SELECT * FROM (SELECT DISTINCT ");
        let outer = self.scope.len();
        self.scope.push((write.source, Alias::Number(self.aliases)));
        self.aliases += 1;
        for (at, column) in key.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.column(write.source, column)?;
        }
        self.push(" FROM ");
        self.write_source(write.source, write.table);
        self.write_conditions(" WHERE ", write.filter)?;
        self.scope.truncate(outer);
        self.push(") AS q)");
        Ok(())
    }

    /// The key of the table, where a subquery reads that and the server may mind.
    fn key_to_put_aside(&self, write: &Write<'_>) -> Option<Vec<&'static ColumnMeta>> {
        let Table::Model(meta) = write.table else { return None };
        let minds = self.dialect == Dialect::Mysql && !meta.key.is_empty();
        (minds && write.filter.iter().any(|node| node.selects_from(meta))).then(|| meta.key_columns().collect())
    }
}

impl Node {
    /// Whether a subquery in it reads a table.
    fn selects_from(&self, meta: &ModelMeta) -> bool {
        self.any(&|node| match node {
            Node::InSelect { select, .. } | Node::Exists { select, .. } | Node::Scalar(select) => {
                select.reads_table(meta) || select.nodes().any(|node| node.selects_from(meta))
            }
            _ => false,
        })
    }
}

impl Select {
    fn reads_table(&self, meta: &ModelMeta) -> bool {
        let mut tables = std::iter::once(self.table).chain(self.joins.iter().map(|join| join.table));
        tables.any(|table| table.name() == (meta.schema, meta.table))
    }
}
