//! Statements without types: an expression tree, the statements around it, and the one writer that makes their text.

mod dialect;
mod expr;
mod write;

pub use dialect::Dialect;
pub(crate) use dialect::Capability;
pub use expr::Node;
pub(crate) use expr::{Aggregate, BinaryOp, MatchMode, Order, Source, UnaryOp};
pub(crate) use write::{Statement, Writer};

use crate::meta::ModelMeta;

/// What a SELECT reads from.
#[derive(Debug, Clone)]
pub(crate) struct From {
    pub source: Source,
    pub table: &'static ModelMeta,
}

/// A table between two models that has no model on this way.
#[derive(Debug, Clone)]
pub(crate) struct Through {
    pub source: Source,
    pub meta: &'static crate::meta::ThroughMeta,
}

/// A join to one more table.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub left: bool,
    pub from: From,
    /// Many-to-many: the table between and how it hangs on what came before.
    pub through: Option<(Through, Node)>,
    pub on: Node,
}

/// One item of a SELECT's list.
#[derive(Debug, Clone)]
pub(crate) enum Projection {
    /// All columns of a model, in order.
    Model(Source, &'static ModelMeta),
    /// An expression.
    Node(Node),
}

/// A SELECT.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub from: From,
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
}

impl Select {
    /// All rows and columns of a model.
    pub(crate) fn all(source: Source, table: &'static ModelMeta) -> Self {
        Self {
            from: From { source, table },
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
        }
    }
}
