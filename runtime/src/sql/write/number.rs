//! Numbers beside numbers of another width. SQLite and MySQL compute and compare them in 64 bits, whatever their columns
//! hold; PostgreSQL takes a parameter to be of the type beside it, and computes in the wider of the two. So a value that
//! the other type cannot hold is cast to a wider one there, and what is computed is computed in 64 bits. A value that is
//! greater than all integers of 64 bits is not sent there at all: beside it PostgreSQL would cast the column to `numeric`,
//! and use no index.

use std::borrow::Cow;

use super::Writer;
use crate::error::Result;
use crate::sql::expr::{Aggregate, BinaryOp};
use crate::sql::{Dialect, Node};
use crate::value::{Kind, Value};

const WHOLE: &str = "bigint";
const FLOAT: &str = "double precision";

impl Writer {
    /// An operator between its operands.
    pub(super) fn write_binary(&mut self, op: BinaryOp, left: &Node, right: &Node) -> Result<()> {
        let (beside_left, beside_right) = (right.number(), left.number());
        if !op.is_arithmetic() {
            if self.is_beyond(left, right) {
                return self.write_beyond(left, matches!(op, BinaryOp::Eq | BinaryOp::Gt | BinaryOp::Ge));
            }
            if self.is_beyond(right, left) {
                return self.write_beyond(right, matches!(op, BinaryOp::Eq | BinaryOp::Lt | BinaryOp::Le));
            }
            self.write_beside(left, beside_left)?;
            self.push(operator(op));
            return self.write_beside(right, beside_right);
        }
        let whole = left.is_integer() && right.is_integer();
        if op == BinaryOp::Div && whole && self.dialect == Dialect::Mysql && (left.may_be_long() || right.may_be_long())
        {
            return self.write_long_quotient(left, right);
        }
        let widened = match self.dialect {
            Dialect::Postgres => wide_type(left, right).map(|word| (word, Side::of(left, right))),
            Dialect::Sqlite | Dialect::Mysql => None,
        };
        match widened {
            Some((word, Side::Left)) => self.write_cast(left, word)?,
            // An exact number that is whole is stored as an integer there, and 5 / 2 would be 2.
            _ if op == BinaryOp::Div && !whole && self.dialect == Dialect::Sqlite => self.write_cast(left, "REAL")?,
            _ => self.write_term(left, whole)?,
        }
        self.push(if op == BinaryOp::Div && whole && self.dialect == Dialect::Mysql { " DIV " } else { operator(op) });
        match widened {
            Some((word, Side::Right)) => self.write_cast(right, word),
            _ => self.write_term(right, whole),
        }
    }

    /// Whether a value is greater than all that an integer can be on PostgreSQL.
    fn is_beyond(&self, node: &Node, value: &Node) -> bool {
        self.dialect == Dialect::Postgres
            && exceeds(value)
            && node.number().is_some_and(|kind| kind.is_integer() && kind != Kind::UnsignedBigInt)
            && !may_exceed(node)
    }

    /// What a comparison with such a value says: never, or of every integer that is not NULL.
    fn write_beyond(&mut self, node: &Node, never: bool) -> Result<()> {
        self.write_operand(node)?;
        self.push(if never { " > 9223372036854775807" } else { " <= 9223372036854775807" });
        Ok(())
    }

    pub(super) fn write_between(&mut self, node: &Node, low: &Node, high: &Node) -> Result<()> {
        if self.is_beyond(node, low) || self.is_beyond(node, high) {
            self.write_binary(BinaryOp::Ge, node, low)?;
            self.push(" AND ");
            return self.write_binary(BinaryOp::Le, node, high);
        }
        let kind = node.number();
        self.write_operand(node)?;
        self.push(" BETWEEN ");
        self.write_beside(low, kind)?;
        self.push(" AND ");
        self.write_beside(high, kind)
    }

    pub(super) fn write_in(&mut self, node: &Node, values: &[Node], negated: bool) -> Result<()> {
        if values.is_empty() {
            return self.write_node(&Node::Constant(negated));
        }
        let values = match values.iter().any(|value| self.is_beyond(node, value)) {
            true => Cow::Owned(values.iter().filter(|value| !exceeds(value)).cloned().collect()),
            false => Cow::Borrowed(values),
        };
        if values.is_empty() {
            return self.write_beyond(node, !negated);
        }
        let kind = node.number();
        self.write_operand(node)?;
        if self.dialect == Dialect::Postgres
            && let Some(list) = one_list(&values)
        {
            // One text for all lengths, so that it is prepared once.
            self.push(if negated { " <> ALL(" } else { " = ANY(" });
            self.bind_list(list, kind);
        } else {
            self.push(if negated { " NOT IN (" } else { " IN (" });
            for (at, value) in values.iter().enumerate() {
                self.push(if at == 0 { "" } else { ", " });
                self.write_beside(value, kind)?;
            }
        }
        self.push(")");
        Ok(())
    }

    /// An operand of arithmetic. What is unsigned on MySQL stays so in its results, where a negative one is an error. Those of
    /// 64 bits have no signed type of their width, but exact numbers hold them.
    fn write_term(&mut self, node: &Node, whole: bool) -> Result<()> {
        let kind = node.number().filter(|_| whole && self.dialect == Dialect::Mysql);
        match kind {
            Some(Kind::UnsignedTinyInt | Kind::UnsignedSmallInt | Kind::UnsignedInt) => self.write_cast(node, "SIGNED"),
            Some(Kind::UnsignedBigInt) => self.write_cast(node, "DECIMAL(20)"),
            _ => self.write_operand(node),
        }
    }

    /// A quotient on MySQL, whose DIV knows no more than 64 bits with a sign, or without one: by as many digits as tell that
    /// of the two greatest numbers from 1.
    fn write_long_quotient(&mut self, left: &Node, right: &Node) -> Result<()> {
        self.push("TRUNCATE(");
        self.write_cast(left, "DECIMAL(65,25)")?;
        self.push(" / ");
        self.write_operand(right)?;
        self.push(", 0)");
        Ok(())
    }

    fn write_cast(&mut self, node: &Node, word: &str) -> Result<()> {
        self.push("CAST(");
        self.write_node(node)?;
        self.push(" AS ");
        self.push(word);
        self.push(")");
        Ok(())
    }

    /// What is compared with, or stands for, a number of a type.
    pub(super) fn write_beside(&mut self, node: &Node, kind: Option<Kind>) -> Result<()> {
        let (Node::Bind(value), Some(kind)) = (node, kind) else { return self.write_operand(node) };
        match (self.dialect, value) {
            // All integers there are less, also than the floating point number next to it.
            #[allow(clippy::cast_precision_loss)]
            (Dialect::Sqlite, Value::UInt(number)) if i64::try_from(*number).is_err() => {
                self.bind(Value::Float(*number as f64));
            }
            (Dialect::Postgres, _) => {
                self.bind(value.clone());
                self.cast_to(wider(kind, value), "");
            }
            _ => self.bind(value.clone()),
        }
        Ok(())
    }

    /// The values of a list, beside a number of a type, as one array.
    fn bind_list(&mut self, values: Vec<Value<'static>>, kind: Option<Kind>) {
        let casts = || values.iter().filter_map(|value| wider(kind?, value));
        let cast = casts().find(|&word| word == "numeric").or_else(|| casts().next());
        self.bind(Value::List(values));
        self.cast_to(cast, "[]");
    }

    fn cast_to(&mut self, word: Option<&str>, behind: &str) {
        if let Some(word) = word {
            self.push("::");
            self.push(word);
            self.push(behind);
        }
    }
}

/// Which operand is cast, so that PostgreSQL computes in 64 bits.
enum Side {
    Left,
    Right,
    Neither,
}

impl Side {
    /// A value takes the type of the other side. One side that is wide is enough.
    fn of(left: &Node, right: &Node) -> Self {
        match (left, right) {
            (_, Node::Bind(_)) if !left.is_wide() => Self::Right,
            _ if !left.is_wide() && !right.is_wide() => Self::Left,
            (Node::Bind(_), _) if !right.is_wide() => Self::Left,
            _ => Self::Neither,
        }
    }
}

/// Whether it is a value beyond the integers of 64 bits.
fn exceeds(node: &Node) -> bool {
    matches!(node, Node::Bind(Value::UInt(number)) if i64::try_from(*number).is_err())
}

/// Whether it could be such a value, as `coalesce` gives it.
fn may_exceed(node: &Node) -> bool {
    node.any(&|node| match node {
        Node::Scalar(select) => select.value().is_some_and(may_exceed),
        node => exceeds(node),
    })
}

/// The values of a list as one, where all are plain values of one type. There are no arrays of arrays.
fn one_list(values: &[Node]) -> Option<Vec<Value<'static>>> {
    let mut list = Vec::with_capacity(values.len());
    for node in values {
        let Node::Bind(value) = node else { return None };
        if value.is_null()
            || matches!(value, Value::List(_))
            || list.first().is_some_and(|first| !same_type(first, value))
        {
            return None;
        }
        list.push(value.clone());
    }
    Some(list)
}

fn same_type(one: &Value<'_>, other: &Value<'_>) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The type of 64 bits for what both are, if both are numbers that have one.
fn wide_type(left: &Node, right: &Node) -> Option<&'static str> {
    match (left.number()?.is_integer(), right.number()?.is_integer()) {
        (true, true) => Some(WHOLE),
        (false, false) => Some(FLOAT),
        _ => None,
    }
}

/// The type that PostgreSQL has to be told of a value beside a number, where that of the number cannot hold it.
#[allow(clippy::cast_possible_truncation)] // Whether it is cut is the question.
fn wider(kind: Kind, value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::UInt(number) if i64::try_from(*number).is_err() => kind.is_integer().then_some("numeric"),
        Value::Int(_) | Value::UInt(_) => (kind.holds(value) == Some(false)).then_some(WHOLE),
        Value::Float(number) => (kind == Kind::Real && f64::from(*number as f32) != *number).then_some(FLOAT),
        _ => None,
    }
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Eq => " = ",
        BinaryOp::Ne => " <> ",
        BinaryOp::Lt => " < ",
        BinaryOp::Le => " <= ",
        BinaryOp::Gt => " > ",
        BinaryOp::Ge => " >= ",
        BinaryOp::Add => " + ",
        BinaryOp::Sub => " - ",
        BinaryOp::Mul => " * ",
        BinaryOp::Div => " / ",
    }
}

impl BinaryOp {
    fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div)
    }
}

impl Node {
    /// The type of number that it is, an integer or a floating point number, as far as that shows; the narrower one where
    /// it could be either.
    pub(super) fn number(&self) -> Option<Kind> {
        let whole_or =
            |node: &Self| node.number().map(|kind| if kind.is_integer() { Kind::BigInt } else { Kind::Double });
        match self {
            Node::Column(_, column) => {
                Some(column.kind).filter(|kind| kind.is_integer() || matches!(kind, Kind::Real | Kind::Double))
            }
            Node::Bind(Value::Int(_)) => Some(Kind::BigInt),
            Node::Bind(Value::UInt(_)) => Some(Kind::UnsignedBigInt),
            Node::Bind(Value::Float(_)) => Some(Kind::Double),
            Node::Binary(op, left, right) if op.is_arithmetic() => {
                let (left, right) = (whole_or(left)?, whole_or(right)?);
                Some(if left == right { left } else { Kind::Double })
            }
            Node::Aggregate { function, argument, .. } => match (function, argument.as_deref()) {
                (Aggregate::Count, _) => Some(Kind::BigInt),
                (Aggregate::Sum, Some(node)) => whole_or(node),
                (Aggregate::Avg, Some(node)) => whole_or(node).map(|_| Kind::Double),
                (Aggregate::Min | Aggregate::Max, Some(node)) => node.number(),
                (_, None) => None,
            },
            Node::Call("coalesce", nodes) => {
                let first = nodes.first()?.number()?;
                let is_alike = |node: &Self| node.number().is_some_and(|kind| kind.is_integer() == first.is_integer());
                nodes.iter().all(is_alike).then_some(first)
            }
            Node::Scalar(select) => select.value()?.number(),
            _ => None,
        }
    }

    /// Whether it is an integer for certain: dividing integers gives an integer, which MySQL has to be told.
    pub(super) fn is_integer(&self) -> bool {
        self.number().is_some_and(Kind::is_integer)
    }

    /// Whether there is an unsigned integer of 64 bits in it, so that computing it may take more than 64 bits with a sign.
    fn may_be_long(&self) -> bool {
        match self {
            Node::Column(_, column) => column.kind == Kind::UnsignedBigInt,
            Node::Bind(value) => matches!(value, Value::UInt(_)),
            Node::Binary(_, left, right) => left.may_be_long() || right.may_be_long(),
            Node::Aggregate { argument, .. } => argument.as_deref().is_some_and(Self::may_be_long),
            Node::Call(_, nodes) => nodes.iter().any(Self::may_be_long),
            Node::Scalar(select) => select.value().is_some_and(Self::may_be_long),
            _ => false,
        }
    }

    /// Whether it has 64 bits already.
    fn is_wide(&self) -> bool {
        !matches!(self, Node::Bind(_))
            && matches!(self.number(), Some(Kind::BigInt | Kind::UnsignedBigInt | Kind::Double))
    }
}
