//! What a server keeps of an expression: one form for all that it knows no difference between.
//!
//! PostgreSQL takes `BETWEEN` apart, adds and drops casts, and writes dates out. MySQL moves negations inwards as far as it can,
//! has numbers for truth values, and writes a few functions in another way. What is written and what is reported are
//! equal when their forms are.

mod typed;

use super::node::{Neutral, Node, Op, Truth};
use crate::ir::{DialectName, SqlType};

/// The form in which expressions that a server keeps alike are equal. `columns` are those whose types are known.
pub(super) fn normal(expr: &Neutral, dialect: DialectName, columns: &[(String, SqlType)]) -> Neutral {
    let normal = Normal { mysql: dialect == DialectName::Mysql, columns };
    // It is a condition only where it reads as one: a generated column may be any value.
    Neutral(normal.value(&expr.0))
}

/// The form of what has to be a condition.
pub(super) fn condition(expr: &Neutral, dialect: DialectName, columns: &[(String, SqlType)]) -> Neutral {
    let normal = Normal { mysql: dialect == DialectName::Mysql, columns };
    Neutral(normal.condition(&expr.0, false))
}

struct Normal<'a> {
    /// Whether it is MySQL's form, else it is that of PostgreSQL.
    mysql: bool,
    columns: &'a [(String, SqlType)],
}

impl Normal<'_> {
    /// A node where a truth value is meant, or its negation.
    fn condition(&self, node: &Node, negate: bool) -> Node {
        match node {
            Node::Not(inner) => self.condition(inner, !negate),
            Node::Bool(value) => self.truth(*value != negate),
            Node::Binary(left, op @ (Op::And | Op::Or), right) => {
                let op = match (op, negate) {
                    (Op::And, false) | (Op::Or, true) => Op::And,
                    _ => Op::Or,
                };
                let mut parts = Vec::new();
                unroll(self.condition(left, negate), op, &mut parts);
                unroll(self.condition(right, negate), op, &mut parts);
                chain(parts, op)
            }
            Node::Binary(left, op, right) if opposite(*op).is_some() => {
                self.comparison(left, opposite(*op).filter(|_| negate).unwrap_or(*op), right)
            }
            Node::Is { expr, what, negated } => {
                let expr = if *what == Truth::Null { self.value(expr) } else { self.condition(expr, false) };
                Node::Is { expr: Box::new(expr), what: *what, negated: *negated != negate }
            }
            Node::Distinct { left, right, negated } => {
                let (left, right) = self.pair(left, right);
                Node::Distinct { left: Box::new(left), right: Box::new(right), negated: *negated != negate }
            }
            Node::In { expr, list, negated } => match list.as_slice() {
                [one] => self.comparison(expr, if *negated == negate { Op::Eq } else { Op::NotEq }, one),
                _ => {
                    let expr = self.compared(expr);
                    let list = list.iter().map(|one| self.typed(self.compared(one), &expr)).collect();
                    Node::In { expr: Box::new(expr), list, negated: *negated != negate }
                }
            },
            Node::Between { expr, low, high, negated } => {
                let expr = self.compared(expr);
                let bound = |bound: &Node| Box::new(self.typed(self.compared(bound), &expr));
                let (low, high) = (bound(low), bound(high));
                Node::Between { expr: Box::new(expr), low, high, negated: *negated != negate }
            }
            Node::Like { expr, pattern, escape, negated } => Node::Like {
                expr: self.boxed(expr),
                pattern: self.boxed(pattern),
                escape: escape.clone(),
                negated: *negated != negate,
            },
            Node::Number(number) if self.mysql && (number == "0" || number == "1") => {
                self.truth((number == "1") != negate)
            }
            // MySQL makes a comparison of what is none.
            other if self.mysql => binary(self.value(other), if negate { Op::Eq } else { Op::NotEq }, zero()),
            other if negate => Node::Not(self.boxed(other)),
            other => self.value(other),
        }
    }

    /// A node where any value is meant.
    fn value(&self, node: &Node) -> Node {
        match node {
            Node::Minus(inner) => Node::Minus(self.boxed(inner)),
            Node::Cast(inner, ty) => self.cast(self.value(inner), *ty),
            Node::Call(name, arguments) => self.call(name, arguments.iter().map(|it| self.value(it)).collect()),
            Node::Case { operand, whens, otherwise } => {
                let operand = operand.as_deref().map(|operand| self.compared(operand));
                let when = |when: &Node| match &operand {
                    Some(operand) => self.typed(self.compared(when), operand),
                    None => self.condition(when, false),
                };
                let whens = whens.iter().map(|(one, then)| (when(one), self.compared(then))).collect();
                let otherwise = otherwise.as_deref().map(|it| Box::new(self.compared(it)));
                Node::Case { operand: operand.map(Box::new), whens, otherwise }
            }
            Node::Binary(left, Op::Concat, right) => {
                binary(self.as_text(self.value(left)), Op::Concat, self.as_text(self.value(right)))
            }
            Node::Binary(left, op, right) if opposite(*op).is_none() && !matches!(op, Op::And | Op::Or) => {
                binary(self.value(left), *op, self.value(right))
            }
            Node::Number(number) => Node::Number(if self.mysql { number.clone() } else { plain_number(number) }),
            Node::Bool(value) => self.truth(*value),
            Node::Column(_) | Node::Text(_) | Node::Null | Node::Now(_) => node.clone(),
            truth => self.condition(truth, false),
        }
    }

    fn boxed(&self, node: &Node) -> Box<Node> {
        Box::new(self.value(node))
    }

    fn truth(&self, value: bool) -> Node {
        if self.mysql { Node::Number(u8::from(value).to_string()) } else { Node::Bool(value) }
    }

    fn comparison(&self, left: &Node, op: Op, right: &Node) -> Node {
        let (left, right) = self.pair(left, right);
        if self.mysql && left == zero() && matches!(op, Op::Eq | Op::NotEq) {
            return binary(right, op, left);
        }
        binary(left, op, right)
    }

    /// Two values that are compared with each other.
    fn pair(&self, left: &Node, right: &Node) -> (Node, Node) {
        let (left, right) = (self.compared(left), self.compared(right));
        let (left, right) = self.alike(left, right);
        let typed = self.typed(right, &left);
        (self.typed(left, &typed), typed)
    }

    fn call(&self, name: &str, mut arguments: Vec<Node>) -> Node {
        if !self.mysql {
            return self.postgres_call(name, arguments);
        }
        match (name, arguments.as_slice()) {
            ("round", [_, Node::Number(digits)]) if digits == "0" => arguments.truncate(1),
            ("mod", [left, right]) => return binary(left.clone(), Op::Modulo, right.clone()),
            ("pow", _) => return Node::Call("power".to_owned(), arguments),
            _ => {}
        }
        Node::Call(name.to_owned(), arguments)
    }
}

fn binary(left: Node, op: Op, right: Node) -> Node {
    Node::Binary(Box::new(left), op, Box::new(right))
}

fn zero() -> Node {
    Node::Number("0".to_owned())
}

/// A number as PostgreSQL prints it: without an exponent, and with a digit before the point.
fn plain_number(number: &str) -> String {
    if number.contains(['e', 'E']) {
        return number.parse::<f64>().map_or_else(|_| number.to_owned(), |value| value.to_string());
    }
    if number.starts_with('.') { format!("0{number}") } else { number.to_owned() }
}

/// The parts of a chain of ANDs or ORs, however they are nested.
fn unroll(node: Node, op: Op, parts: &mut Vec<Node>) {
    match node {
        Node::Binary(left, inner, right) if inner == op => {
            unroll(*left, op, parts);
            unroll(*right, op, parts);
        }
        other => parts.push(other),
    }
}

/// A chain, with `x >= a AND x <= b` as the BETWEEN that it may have been. Two such pairs never share a part.
fn chain(parts: Vec<Node>, op: Op) -> Node {
    let mut whole: Vec<Node> = Vec::with_capacity(parts.len());
    for part in parts {
        let range = whole.last().and_then(|before| range(before, op, &part));
        if range.is_some() {
            whole.pop();
        }
        whole.push(range.unwrap_or(part));
    }
    let mut whole = whole.into_iter();
    let first = whole.next().unwrap_or(Node::Null);
    whole.fold(first, |left, right| binary(left, op, right))
}

fn range(low: &Node, op: Op, high: &Node) -> Option<Node> {
    let (Node::Binary(one, above, low), Node::Binary(other, below, high)) = (low, high) else { return None };
    let negated = match (op, above, below) {
        (Op::And, Op::GreaterEq, Op::LessEq) => false,
        (Op::Or, Op::Less, Op::Greater) => true,
        _ => return None,
    };
    (one == other).then(|| Node::Between { expr: one.clone(), low: low.clone(), high: high.clone(), negated })
}

/// The comparison that is true where another one is false.
fn opposite(op: Op) -> Option<Op> {
    Some(match op {
        Op::Eq => Op::NotEq,
        Op::NotEq => Op::Eq,
        Op::Less => Op::GreaterEq,
        Op::GreaterEq => Op::Less,
        Op::Greater => Op::LessEq,
        Op::LessEq => Op::Greater,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
