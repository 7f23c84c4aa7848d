//! Types, as far as PostgreSQL's casts and constants depend on them.

use super::super::node::{CastType, Clock, Node, Op};
use super::Normal;
use crate::ir::check::defaults;
use crate::ir::{Default, Literal, SqlType};

/// Functions that exist for fractions only: whole numbers are cast.
const OF_FRACTIONS: &[&str] = &[
    "acos", "asin", "atan", "atan2", "cbrt", "ceil", "cos", "degrees", "exp", "floor", "ln", "log", "log10", "pow",
    "power", "radians", "round", "sign", "sin", "sqrt", "tan", "trunc",
];

/// Functions that exist for plain text only: other kinds of text are cast.
const OF_TEXT: &[&str] = &[
    "ascii", "concat", "initcap", "left", "lower", "lpad", "ltrim", "md5", "repeat", "reverse", "right", "rpad",
    "rtrim", "substr", "trim", "upper",
];

impl Normal<'_> {
    /// A cast, unless it is to the type that a value has: PostgreSQL keeps none then.
    pub(super) fn cast(&self, inner: Node, ty: CastType) -> Node {
        let own = match (self.ty(&inner), ty) {
            _ if self.mysql => false,
            (Some(SqlType::BigInt { .. }), CastType::Integer)
            | (Some(SqlType::Double), CastType::Double)
            | (Some(SqlType::Text | SqlType::String(_)), CastType::Text)
            | (Some(SqlType::Date), CastType::Date)
            | (Some(SqlType::Time), CastType::Time)
            | (Some(SqlType::DateTime), CastType::Timestamp) => true,
            (Some(SqlType::Decimal(Some((p, s)))), CastType::Decimal(precision, scale)) => {
                (u64::from(p), i64::from(s)) == (precision, scale)
            }
            (Some(_), CastType::Integer) => matches!(inner, Node::Number(_)),
            _ => false,
        };
        if own { inner } else { Node::Cast(Box::new(inner), ty) }
    }

    /// A value that is compared: a cast to a wider type changes nothing then, and one of a constant nothing that
    /// PostgreSQL would not do by itself.
    pub(super) fn compared(&self, node: &Node) -> Node {
        self.widened(self.value(node))
    }

    /// A value beside which others stand that it gets the type of.
    pub(super) fn widened(&self, node: Node) -> Node {
        match node {
            Node::Cast(inner, ty) if !self.mysql && self.is_wider(&inner, ty) => *inner,
            other => other,
        }
    }

    fn is_wider(&self, inner: &Node, ty: CastType) -> bool {
        match ty {
            CastType::Integer => self.is_whole(inner),
            CastType::Double => {
                let counted = matches!(inner, Node::Call(name, _) if OF_FRACTIONS.contains(&name.as_str()));
                counted || self.is_whole(inner) || self.is_fraction(inner)
            }
            CastType::Date | CastType::Time | CastType::Timestamp => matches!(inner, Node::Text(_)),
            CastType::Decimal(..) | CastType::Text => false,
        }
    }

    /// A text in the form that PostgreSQL gives it as a constant of the other value's type.
    pub(super) fn typed(&self, constant: Node, other: &Node) -> Node {
        let Node::Text(text) = &constant else { return constant };
        if self.mysql {
            return constant;
        }
        let text = match self.ty(other) {
            Some(ty @ (SqlType::DateTime | SqlType::Timestamp)) => {
                let text = text.strip_suffix("+00").unwrap_or(text);
                let date = text.len() == "2000-01-01".len();
                form(&ty, &if date { format!("{text} 00:00:00") } else { text.to_owned() })
            }
            Some(ty @ (SqlType::Date | SqlType::Time | SqlType::Uuid)) => form(&ty, text),
            Some(_) if self.is_whole(other) || self.is_fraction(other) => return number(text).unwrap_or(constant),
            _ => None,
        };
        text.map_or(constant, Node::Text)
    }

    pub(super) fn postgres_call(&self, name: &str, arguments: Vec<Node>) -> Node {
        let fractions = OF_FRACTIONS.contains(&name);
        let plain = |argument: Node| match argument {
            Node::Cast(inner, CastType::Double) if fractions && self.is_whole(&inner) => *inner,
            other if OF_TEXT.contains(&name) => self.as_text(other),
            other if ["coalesce", "nullif", "greatest", "least"].contains(&name) => self.widened(other),
            other => other,
        };
        Node::Call(name.to_owned(), arguments.into_iter().map(plain).collect())
    }

    /// A value where PostgreSQL takes nothing but text, without the cast that it adds to a column of another kind.
    pub(super) fn as_text(&self, node: Node) -> Node {
        match node {
            Node::Cast(inner, CastType::Text) if !self.mysql && matches!(*inner, Node::Column(_)) => *inner,
            other => other,
        }
    }

    /// Two values of which one is cast to the plain text that the other is: PostgreSQL does so by itself.
    pub(super) fn alike(&self, left: Node, right: Node) -> (Node, Node) {
        let is_text = |node: &Node| matches!(self.ty(node), Some(SqlType::Text | SqlType::String(_)));
        let is_cast = |node: &Node| matches!(node, Node::Cast(_, CastType::Text));
        match (is_cast(&left), is_cast(&right)) {
            (true, false) if is_text(&right) => (self.as_text(left), right),
            (false, true) if is_text(&left) => (left, self.as_text(right)),
            _ => (left, right),
        }
    }

    fn is_whole(&self, node: &Node) -> bool {
        self.ty(node).as_ref().is_some_and(is_whole)
    }

    fn is_fraction(&self, node: &Node) -> bool {
        matches!(self.ty(node), Some(SqlType::Real | SqlType::Double | SqlType::Decimal(_)))
    }

    /// The type of a value, where it is known.
    fn ty(&self, node: &Node) -> Option<SqlType> {
        match node {
            Node::Column(name) => self.columns.iter().find(|(column, _)| column == name).map(|(_, ty)| ty.clone()),
            Node::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(SqlType::Integer { unsigned: false })
            }
            Node::Number(_) => Some(SqlType::Decimal(None)),
            Node::Minus(inner) => self.ty(inner),
            Node::Binary(_, Op::Concat, _) => Some(SqlType::Text),
            Node::Binary(left, Op::Plus | Op::Minus | Op::Times | Op::Divide | Op::Modulo, right) => {
                let big = |ty: &SqlType| matches!(ty, SqlType::BigInt { .. });
                let (one, other) = (self.ty(left)?, self.ty(right)?);
                match is_whole(&one) && is_whole(&other) {
                    true if big(&one) || big(&other) => Some(SqlType::BigInt { unsigned: false }),
                    true => Some(SqlType::Integer { unsigned: false }),
                    false => None,
                }
            }
            Node::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("length", _) => Some(SqlType::Integer { unsigned: false }),
                ("lower" | "upper" | "trim" | "replace" | "substr", _) => Some(SqlType::Text),
                ("abs" | "coalesce" | "nullif", [first, ..]) => self.ty(first),
                _ => None,
            },
            Node::Cast(_, ty) => Some(match ty {
                CastType::Integer => SqlType::BigInt { unsigned: false },
                CastType::Double => SqlType::Double,
                CastType::Decimal(..) => SqlType::Decimal(None),
                CastType::Text => SqlType::Text,
                CastType::Date => SqlType::Date,
                CastType::Time => SqlType::Time,
                CastType::Timestamp => SqlType::DateTime,
            }),
            Node::Now(Clock::Timestamp) => Some(SqlType::Timestamp),
            Node::Now(Clock::Date) => Some(SqlType::Date),
            _ => None,
        }
    }
}

fn is_whole(ty: &SqlType) -> bool {
    matches!(ty, SqlType::TinyInt { .. } | SqlType::SmallInt { .. } | SqlType::Integer { .. } | SqlType::BigInt { .. })
}

/// A text in the one form that constants of a type have.
fn form(ty: &SqlType, text: &str) -> Option<String> {
    match defaults::typed(ty, &[], text) {
        Ok(Default::Value(Literal::Text(text))) => Some(text),
        _ => None,
    }
}

/// A text as the number that it is.
fn number(text: &str) -> Option<Node> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let node = plain.then(|| Node::Number(digits.to_owned()))?;
    Some(if digits.len() == text.len() { node } else { Node::Minus(Box::new(node)) })
}
