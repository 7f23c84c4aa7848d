//! The tree of a neutral expression.

use super::super::{Literal, SqlType};

/// A neutral expression. Its depth is limited when it is parsed, so that walking it needs little stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neutral(pub(super) Node);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Column(String),
    Number(String),
    Text(String),
    Bool(bool),
    Null,
    Now(Clock),
    Not(Box<Node>),
    Minus(Box<Node>),
    Binary(Box<Node>, Op, Box<Node>),
    /// `IS [NOT] NULL`, `TRUE`, `FALSE`.
    Is {
        expr: Box<Node>,
        what: Truth,
        negated: bool,
    },
    /// `IS [NOT] DISTINCT FROM`; `negated` is the form that means "equal".
    Distinct {
        left: Box<Node>,
        right: Box<Node>,
        negated: bool,
    },
    In {
        expr: Box<Node>,
        list: Vec<Node>,
        negated: bool,
    },
    Between {
        expr: Box<Node>,
        low: Box<Node>,
        high: Box<Node>,
        negated: bool,
    },
    Like {
        expr: Box<Node>,
        pattern: Box<Node>,
        escape: Option<String>,
        negated: bool,
    },
    /// Name in lower case.
    Call(String, Vec<Node>),
    Case {
        operand: Option<Box<Node>>,
        whens: Vec<(Node, Node)>,
        otherwise: Option<Box<Node>>,
    },
    Cast(Box<Node>, CastType),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Timestamp,
    Date,
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Null,
    True,
    False,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    Concat,
    BitAnd,
    BitOr,
}

/// Types that all three databases can cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CastType {
    Integer,
    Double,
    Decimal(u64, i64),
    Text,
    Date,
    Time,
    Timestamp,
}

impl Neutral {
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut all = Vec::new();
        self.0.collect_columns(&mut all);
        all
    }

    pub(super) fn rename_columns(&mut self, rename: &mut dyn FnMut(&str) -> Option<String>) {
        self.0.rename_columns(rename);
    }

    pub(super) fn rename_text(&mut self, columns: &[String], from: &str, to: &str) {
        self.0.rename_text(columns, from, to);
    }
}

impl Neutral {
    pub(super) fn constant(&self) -> Option<Literal> {
        match &self.0 {
            Node::Null => Some(Literal::Null),
            Node::Bool(value) => Some(Literal::Bool(*value)),
            Node::Text(text) => Some(Literal::Text(text.clone())),
            Node::Number(number) => Some(Literal::Number(number.clone())),
            Node::Minus(inner) => match &**inner {
                Node::Number(number) => Some(Literal::Number(format!("-{number}"))),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn moment(&self) -> Option<SqlType> {
        match self.0 {
            Node::Now(Clock::Timestamp) => Some(SqlType::Timestamp),
            Node::Now(Clock::Date) => Some(SqlType::Date),
            Node::Now(Clock::Time) => Some(SqlType::Time),
            _ => None,
        }
    }
}

impl Node {
    /// Whether it is a truth value by its form.
    pub(super) fn is_condition(&self) -> bool {
        match self {
            Self::Bool(_)
            | Self::Not(_)
            | Self::Is { .. }
            | Self::Distinct { .. }
            | Self::In { .. }
            | Self::Between { .. }
            | Self::Like { .. } => true,
            Self::Binary(_, op, _) => matches!(
                op,
                Op::Or | Op::And | Op::Eq | Op::NotEq | Op::Less | Op::LessEq | Op::Greater | Op::GreaterEq
            ),
            _ => false,
        }
    }

    fn collect_columns<'a>(&'a self, all: &mut Vec<&'a str>) {
        if let Self::Column(name) = self
            && !all.contains(&name.as_str())
        {
            all.push(name);
        }
        for child in self.children() {
            child.collect_columns(all);
        }
    }

    fn rename_columns(&mut self, rename: &mut dyn FnMut(&str) -> Option<String>) {
        if let Self::Column(name) = self
            && let Some(new) = rename(name)
        {
            *name = new;
        }
        for child in self.children_mut() {
            child.rename_columns(rename);
        }
    }

    fn rename_text(&mut self, columns: &[String], from: &str, to: &str) {
        let is_column = |node: &Self| matches!(node, Self::Column(name) if columns.contains(name));
        let rename = |node: &mut Self| {
            if let Self::Text(text) = node
                && text == from
            {
                to.clone_into(text);
            }
        };
        match self {
            Self::Binary(left, _, right) | Self::Distinct { left, right, .. } => {
                let (by_left, by_right) = (is_column(left), is_column(right));
                if by_left {
                    rename(right);
                } else if by_right {
                    rename(left);
                }
            }
            Self::In { expr, list, .. } if is_column(expr) => list.iter_mut().for_each(rename),
            Self::Case { operand: Some(operand), whens, .. } if is_column(operand) => {
                whens.iter_mut().for_each(|(when, _)| rename(when));
            }
            _ => {}
        }
        for child in self.children_mut() {
            child.rename_text(columns, from, to);
        }
    }

    fn children(&self) -> Vec<&Self> {
        match self {
            Self::Column(_) | Self::Number(_) | Self::Text(_) | Self::Bool(_) | Self::Null | Self::Now(_) => Vec::new(),
            Self::Not(a) | Self::Minus(a) | Self::Is { expr: a, .. } | Self::Cast(a, _) => vec![a],
            Self::Binary(a, _, b)
            | Self::Distinct { left: a, right: b, .. }
            | Self::Like { expr: a, pattern: b, .. } => vec![a, b],
            Self::In { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            Self::Between { expr, low, high, .. } => vec![expr, low, high],
            Self::Call(_, args) => args.iter().collect(),
            Self::Case { operand, whens, otherwise } => {
                let whens = whens.iter().flat_map(|(when, then)| [when, then]);
                operand.as_deref().into_iter().chain(whens).chain(otherwise.as_deref()).collect()
            }
        }
    }

    fn children_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Column(_) | Self::Number(_) | Self::Text(_) | Self::Bool(_) | Self::Null | Self::Now(_) => Vec::new(),
            Self::Not(a) | Self::Minus(a) | Self::Is { expr: a, .. } | Self::Cast(a, _) => vec![a],
            Self::Binary(a, _, b)
            | Self::Distinct { left: a, right: b, .. }
            | Self::Like { expr: a, pattern: b, .. } => vec![a, b],
            Self::In { expr, list, .. } => std::iter::once(&mut **expr).chain(list).collect(),
            Self::Between { expr, low, high, .. } => vec![expr, low, high],
            Self::Call(_, args) => args.iter_mut().collect(),
            Self::Case { operand, whens, otherwise } => {
                let whens = whens.iter_mut().flat_map(|(when, then)| [when, then]);
                operand.as_deref_mut().into_iter().chain(whens).chain(otherwise.as_deref_mut()).collect()
            }
        }
    }
}
