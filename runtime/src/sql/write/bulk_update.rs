//! One UPDATE of many rows, each with values of its own, as PostgreSQL has it.

use super::Writer;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{Dialect, Table};

/// Values come as one list per column: those that are set, then those that tell the rows apart.
pub(crate) struct BulkUpdate<'a> {
    pub table: &'static ModelMeta,
    pub set: &'a [&'static ColumnMeta],
    pub filter: &'a [&'static ColumnMeta],
    /// A column that counts on.
    pub counter: Option<&'static ColumnMeta>,
}

impl Writer {
    /// The text. All columns of the model come back, and behind them the place of the row in the lists, from 1.
    ///
    /// The types of the lists are inferred from comparisons in a part of the statement that nothing refers to and that
    /// is never run: `unnest` says nothing about them, and a model does not know how a server calls its types.
    pub(crate) fn bulk_update(bulk: &BulkUpdate<'_>) -> String {
        let mut w = Self::new(Dialect::Postgres);
        let table = Table::Model(bulk.table);
        w.push("WITH pilaster_types AS (SELECT FROM ");
        w.table_name(table);
        let columns = || bulk.set.iter().chain(bulk.filter).copied().enumerate();
        for (at, column) in columns() {
            w.push(if at == 0 { " WHERE " } else { " AND " });
            w.ident(column.name);
            w.push(" = ANY(");
            w.placeholder(at + 1);
            w.push(")");
        }
        w.push(") UPDATE ");
        w.table_name(table);
        w.push(" SET ");
        for (at, column) in bulk.set.iter().enumerate() {
            w.push(if at == 0 { "" } else { ", " });
            w.ident(column.name);
            w.number(format_args!(" = pilaster_values.c{at}"));
        }
        if let Some(counter) = bulk.counter {
            w.push(", ");
            w.ident(counter.name);
            w.push(" = ");
            w.own_column(table, counter);
            w.push(" + 1");
        }
        w.push(" FROM UNNEST(");
        columns().for_each(|(at, _)| {
            w.push(if at == 0 { "" } else { ", " });
            w.placeholder(at + 1);
        });
        w.push(") WITH ORDINALITY AS pilaster_values(");
        columns().for_each(|(at, _)| w.number(format_args!("c{at}, ")));
        w.push("place)");
        for (at, column) in bulk.filter.iter().enumerate() {
            w.push(if at == 0 { " WHERE " } else { " AND " });
            w.own_column(table, column);
            w.number(format_args!(" = pilaster_values.c{}", bulk.set.len() + at));
        }
        w.push(" RETURNING ");
        for column in bulk.table.columns {
            w.own_column(table, column);
            w.push(", ");
        }
        w.push("pilaster_values.place");
        w.out.sql
    }

    fn own_column(&mut self, table: Table, column: &ColumnMeta) {
        self.table_name(table);
        self.push(".");
        self.ident(column.name);
    }
}
