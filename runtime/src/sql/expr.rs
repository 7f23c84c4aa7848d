//! The expression tree.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Select;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::value::{Kind, Value};

/// One use of a table in a query. Every use has a number of its own, so that a table can be joined to itself and a
/// subquery can look out; numbers are replaced by short aliases when the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(u32);

impl Source {
    /// A number that no other use has. They wrap after four thousand million uses, when no query of the first lives.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a filter lets one row of its table through at most: that of a primary key.
    pub(crate) fn is_one_row(self, table: &ModelMeta, filter: &[Node]) -> bool {
        let key = table.key.iter().filter_map(|&at| table.columns.get(at));
        !table.key.is_empty() && key.into_iter().all(|column| filter.iter().any(|node| node.pins(self, column)))
    }
}

/// An expression.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[doc(hidden)]
pub enum Node {
    /// A column of a source.
    Column(Source, &'static ColumnMeta),
    /// A bound value.
    Bind(Value<'static>),
    /// A value that could not be encoded; reported when the statement runs.
    Invalid(Box<InvalidValue>),
    /// An operator before or behind its operand.
    Unary(UnaryOp, Box<Node>),
    /// An operator between two operands.
    Binary(BinaryOp, Box<Node>, Box<Node>),
    /// All of them, or any of them.
    Junction { all: bool, nodes: Vec<Node> },
    /// A list of values; empty is false.
    In { node: Box<Node>, values: Vec<Node>, negated: bool },
    /// Several columns in a list of rows.
    InRows { nodes: Vec<Node>, rows: Vec<Vec<Value<'static>>> },
    /// The rows of a subquery.
    InSelect { node: Box<Node>, select: Box<Select>, negated: bool },
    /// Whether a subquery has a row.
    Exists { select: Box<Select>, negated: bool },
    /// The one value of a subquery.
    Scalar(Box<Select>),
    /// Literal text match.
    Match { node: Box<Node>, text: String, mode: MatchMode, ignore_case: bool },
    /// Between two values, both included.
    Between(Box<Node>, Box<Node>, Box<Node>),
    /// An aggregate; `None` counts rows.
    Aggregate { function: Aggregate, distinct: bool, argument: Option<Box<Node>>, kind: Kind },
    /// A function that all dialects have.
    Call(&'static str, Vec<Node>),
    /// A truth that needs no database.
    Constant(bool),
}

/// Why a value cannot be sent: mostly that it could not be encoded.
#[derive(Debug, Clone)]
pub struct InvalidValue {
    kind: ErrorKind,
    message: String,
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    IsNull,
    IsNotNull,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
}

/// Where a literal text has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchMode {
    Contains,
    StartsWith,
    EndsWith,
}

/// Aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

/// One item of an ORDER BY.
#[derive(Debug, Clone)]
pub struct Order {
    pub(crate) node: Node,
    pub(crate) kind: Kind,
    pub(crate) desc: bool,
    pub(crate) nulls_last: Option<bool>,
}

impl Node {
    /// A bound value, or the reason why there is none.
    #[must_use]
    pub fn bind(value: Result<Value<'static>>) -> Self {
        match value {
            Ok(value) => Self::Bind(value),
            Err(error) => Self::Invalid(Box::new(InvalidValue::from(&error))),
        }
    }

    /// Whether it is true only for one given value of a column.
    fn pins(&self, source: Source, column: &ColumnMeta) -> bool {
        match self {
            Self::Binary(BinaryOp::Eq, left, right) => {
                matches!(&**left, Self::Column(of, found) if *of == source && found.name == column.name)
                    && matches!(**right, Self::Bind(_))
            }
            Self::Junction { all: true, nodes } => nodes.iter().any(|node| node.pins(source, column)),
            _ => false,
        }
    }

    pub(crate) fn binary(op: BinaryOp, left: Node, right: Node) -> Self {
        Self::Binary(op, Box::new(left), Box::new(right))
    }

    pub(crate) fn unary(op: UnaryOp, node: Node) -> Self {
        Self::Unary(op, Box::new(node))
    }

    /// Both or either; chains stay flat.
    pub(crate) fn junction(all: bool, left: Node, right: Node) -> Self {
        match left {
            Self::Junction { all: same, mut nodes } if same == all => {
                nodes.push(right);
                Self::Junction { all, nodes }
            }
            left => Self::Junction { all, nodes: vec![left, right] },
        }
    }

    /// Equality of columns pairwise.
    pub(crate) fn equal_pairs(pairs: impl IntoIterator<Item = (Node, Node)>) -> Self {
        let mut nodes: Vec<Node> =
            pairs.into_iter().map(|(left, right)| Self::binary(BinaryOp::Eq, left, right)).collect();
        match (nodes.len(), nodes.pop()) {
            (1, Some(node)) => node,
            (_, Some(node)) => {
                nodes.push(node);
                Self::Junction { all: true, nodes }
            }
            (_, None) => Self::Constant(true),
        }
    }
}

impl InvalidValue {
    pub(crate) fn error(&self) -> Error {
        Error::new(self.kind.clone(), self.message.clone())
    }
}

impl From<&Error> for InvalidValue {
    fn from(error: &Error) -> Self {
        Self { kind: error.kind().clone(), message: error.message().to_owned() }
    }
}
