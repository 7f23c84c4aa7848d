//! Conditions of an UPDATE or DELETE, and assignments, that read the table which it changes.

use super::{Alias, Part, Write, Writer};
use crate::error::Result;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{Dialect, Node, Select, Table};

/// As many rows as there are. MySQL and MariaDB make a table of a subquery that has a LIMIT, before anything is changed.
const ALL_ROWS: &str = " LIMIT 18446744073709551615";

impl Writer {
    /// An UPDATE whose assignments read its table, on databases that refuse that or see what was changed before: keys and
    /// values are put aside, and joined with it. So all values are made of the rows as they were. A subquery that is put
    /// aside alone could not see the row that it is for.
    pub(super) fn write_joined(&mut self, write: &Write<'_>, key: &[&'static ColumnMeta]) -> Result<()> {
        self.push("UPDATE ");
        self.table_name(write.table);
        if self.dialect == Dialect::Mysql {
            self.push(" JOIN ");
            self.write_aside(write, key)?;
            self.push(" ON ");
            self.write_match_aside(write, key)?;
            self.push(" SET ");
            return self.write_values_aside(write);
        }
        self.push(" SET ");
        self.write_values_aside(write)?;
        self.push(" FROM ");
        self.write_aside(write, key)?;
        self.push(" WHERE ");
        self.write_match_aside(write, key)
    }

    /// Keys and values of the rows that are to be changed.
    fn write_aside(&mut self, write: &Write<'_>, key: &[&'static ColumnMeta]) -> Result<()> {
        self.push("(SELECT ");
        let outer = self.enter();
        self.scope.push((write.source, Alias::Number(self.aliases)));
        self.aliases += 1;
        for (at, column) in key.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.column(write.source, column)?;
            self.aside(" AS k", at);
        }
        for (at, assignment) in write.set.iter().enumerate().filter(|(_, (_, node))| is_made(node)) {
            self.push(", ");
            self.write_value(write.table, assignment)?;
            self.aside(" AS v", at);
        }
        self.push(" FROM ");
        self.write_source(write.source, write.table);
        self.write_conditions(Part::Changed, write.filter)?;
        self.leave(outer);
        self.push(if self.dialect == Dialect::Mysql { ALL_ROWS } else { "" });
        self.push(") AS ");
        self.push(name_aside(write.table));
        Ok(())
    }

    fn write_match_aside(&mut self, write: &Write<'_>, key: &[&'static ColumnMeta]) -> Result<()> {
        for (at, column) in key.iter().enumerate() {
            self.push(if at == 0 { "" } else { " AND " });
            self.column(write.source, column)?;
            self.push(" = ");
            self.push(name_aside(write.table));
            self.aside(".k", at);
        }
        Ok(())
    }

    fn write_values_aside(&mut self, write: &Write<'_>) -> Result<()> {
        for (at, assignment @ (column, node)) in write.set.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            // The other table may have a column of this name too, and SQLite takes no table here.
            if self.dialect == Dialect::Mysql {
                self.column(write.source, column)?;
            } else {
                self.ident(column.name);
            }
            self.push(" = ");
            if is_made(node) {
                self.push(name_aside(write.table));
                self.aside(".v", at);
            } else {
                self.write_value(write.table, assignment)?;
            }
        }
        Ok(())
    }

    fn aside(&mut self, name: &str, at: usize) {
        self.push(name);
        self.number(at);
    }

    /// The key to put values aside with, where one of them comes of a subquery that reads the table: MySQL refuses that, and
    /// SQLite reads rows that it changed before.
    pub(super) fn key_to_join(&self, write: &Write<'_>) -> Option<Vec<&'static ColumnMeta>> {
        let minds = self.dialect != Dialect::Postgres;
        Self::key_where(write, minds && write.set.iter().any(|(_, node)| reads_own(node, write.table)))
    }

    /// The conditions. MySQL reads the table that it changes only where the rows have to be put aside first, which
    /// DISTINCT makes of the keys.
    pub(super) fn write_filter(&mut self, write: &Write<'_>) -> Result<()> {
        let Some(key) = self.key_to_put_aside(write) else { return self.write_conditions(Part::Changed, write.filter) };
        self.push(" WHERE (");
        self.separated(&key, |w, column| w.ident(column.name));
        self.push(") IN (SELECT * FROM (SELECT DISTINCT ");
        let outer = self.enter();
        self.scope.push((write.source, Alias::Number(self.aliases)));
        self.aliases += 1;
        for (at, column) in key.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.column(write.source, column)?;
        }
        self.push(" FROM ");
        self.write_source(write.source, write.table);
        self.write_conditions(Part::Changed, write.filter)?;
        self.leave(outer);
        self.push(") AS q)");
        Ok(())
    }

    /// The key of the table, where a subquery of the conditions reads that.
    fn key_to_put_aside(&self, write: &Write<'_>) -> Option<Vec<&'static ColumnMeta>> {
        let minds = self.dialect == Dialect::Mysql;
        Self::key_where(write, minds && write.filter.iter().any(|node| reads_own(node, write.table)))
    }

    fn key_where(write: &Write<'_>, is_needed: bool) -> Option<Vec<&'static ColumnMeta>> {
        let Table::Model(meta) = write.table else { return None };
        (is_needed && !meta.key.is_empty()).then(|| meta.key_columns().collect())
    }
}

/// The name of what is put aside beside the table.
fn name_aside(table: Table) -> &'static str {
    if table.name().1.eq_ignore_ascii_case("q") { "q_" } else { "q" }
}

/// Whether a value has to be put aside. One that is given is not, as it would become a text on the way.
fn is_made(node: &Node) -> bool {
    !matches!(node, Node::Bind(_) | Node::Invalid(_))
}

/// Whether a subquery in a node reads a table.
fn reads_own(node: &Node, table: Table) -> bool {
    matches!(table, Table::Model(meta) if node.selects_from(meta))
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
