//! Statements without types: an expression tree, the statements around it, and the one writer that makes their text.

mod dialect;
mod expr;
pub(crate) mod lock;
mod write;

pub use dialect::Dialect;
pub(crate) use dialect::{FITS_DECIMAL, FITS_INTEGER, FITS_REAL};
pub(crate) use expr::{Aggregate, BinaryOp, MatchMode, UnaryOp};
pub use expr::{Node, Order, Source};
pub(crate) use lock::Lock;
pub(crate) use write::{BulkUpdate, Conflict, Existing, Insert, SqlText, Statement, Write, Writer};

use crate::error::Error;
use crate::meta::{ModelMeta, ThroughMeta};

/// A table that a statement reads or writes.
#[derive(Debug, Clone, Copy)]
pub enum Table {
    /// The table of a model.
    Model(&'static ModelMeta),
    /// The table between the two sides of a many-to-many relation.
    Through(&'static ThroughMeta),
}

/// A join to one more table.
#[derive(Debug, Clone)]
pub struct Join {
    pub left: bool,
    pub source: Source,
    pub table: Table,
    pub on: Node,
}

/// One item of a SELECT's list.
#[derive(Debug, Clone)]
pub enum Projection {
    /// All columns of a model, in order.
    Model(Source, &'static ModelMeta),
    /// An expression.
    Node(Node),
}

/// A SELECT.
#[derive(Debug, Clone)]
pub struct Select {
    pub source: Source,
    pub table: Table,
    pub joins: Vec<Join>,
    pub projection: Vec<Projection>,
    pub distinct: bool,
    pub filter: Vec<Node>,
    pub group_by: Vec<Node>,
    pub having: Vec<Node>,
    pub order: Vec<Order>,
    pub limit: Option<u64>,
    pub offset: Option<u64>,
    /// At most so many rows for each value of these nodes, in `order`.
    pub per: Option<(Vec<Node>, u64)>,
    /// How its rows are locked.
    pub lock: Option<Lock>,
}

/// At most so many rows are few.
const FEW: u64 = 100;

impl Select {
    /// Whether it gives few rows and skips few. How long the server works for them is not known.
    pub(crate) fn is_short(&self) -> bool {
        self.limit.is_some_and(|rows| rows <= FEW) && self.offset.is_none_or(|rows| rows <= FEW)
    }

    /// All rows and columns of a model.
    pub(crate) fn all(source: Source, table: &'static ModelMeta) -> Self {
        Self {
            source,
            table: Table::Model(table),
            joins: Vec::new(),
            projection: vec![Projection::Model(source, table)],
            distinct: false,
            filter: Vec::new(),
            group_by: Vec::new(),
            having: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            per: None,
            lock: None,
        }
    }
}

impl Select {
    /// Names the column of an error by its position in a row of this query.
    pub(crate) fn locate(&self, error: Error, position: usize) -> Error {
        let mut first = 0;
        for item in &self.projection {
            match item {
                Projection::Model(_, meta) if position < first + meta.columns.len() => {
                    return meta.locate(error, position - first);
                }
                Projection::Model(_, meta) => first += meta.columns.len(),
                Projection::Node(node) if position == first => {
                    return match node {
                        Node::Column(source, column) => match self.table_of(*source) {
                            Some(table) => error.in_column(table.name().1, column.name),
                            None => error,
                        },
                        _ => error.in_column("result", &format!("#{}", position + 1)),
                    };
                }
                Projection::Node(_) => first += 1,
            }
        }
        error
    }

    /// The table of a source that it reads itself.
    fn table_of(&self, source: Source) -> Option<Table> {
        if source == self.source {
            return Some(self.table);
        }
        self.joins.iter().find(|join| join.source == source).map(|join| join.table)
    }

    /// The one expression that it selects.
    pub(crate) fn value(&self) -> Option<&Node> {
        match &self.projection[..] {
            [Projection::Node(node)] => Some(node),
            _ => None,
        }
    }

    /// All expressions in it.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let projected = self.projection.iter().filter_map(|item| match item {
            Projection::Node(node) => Some(node),
            Projection::Model(..) => None,
        });
        let joined = self.joins.iter().map(|join| &join.on);
        let per = self.per.iter().flat_map(|(nodes, _)| nodes);
        let order = self.order.iter().map(|order| &order.node);
        projected.chain(joined).chain(&self.filter).chain(&self.group_by).chain(&self.having).chain(per).chain(order)
    }

    /// The name of what is read, for messages.
    pub(crate) fn table_label(&self) -> &'static str {
        match self.table {
            Table::Model(meta) => meta.model,
            Table::Through(through) => through.table,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_and_skips_a_hundred_rows_at_most_is_short() {
        let of = |limit, offset| Select { limit, offset, ..Select::all(Source::new(), &ModelMeta::EMPTY) };
        for (limit, offset, short) in [
            (None, None, false),
            (None, Some(1), false),
            (Some(1), None, true),
            (Some(100), Some(100), true),
            (Some(101), None, false),
            (Some(1), Some(101), false),
        ] {
            assert_eq!(of(limit, offset).is_short(), short, "{limit:?} {offset:?}");
        }
    }
}
