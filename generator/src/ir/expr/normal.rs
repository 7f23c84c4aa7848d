//! What MySQL keeps of an expression: it moves negations inwards as far as it can, and writes a few functions in another
//! way.

use super::node::{Neutral, Node, Op, Truth};

/// The form in which expressions that MySQL keeps alike are equal.
pub(super) fn normal(expr: &Neutral) -> Neutral {
    Neutral(condition(&expr.0, false))
}

/// A node where a truth value is meant, or its negation.
fn condition(node: &Node, negate: bool) -> Node {
    match node {
        Node::Not(inner) => condition(inner, !negate),
        Node::Bool(value) => Node::Bool(*value != negate),
        Node::Binary(left, op @ (Op::And | Op::Or), right) => {
            let op = match (op, negate) {
                (Op::And, false) | (Op::Or, true) => Op::And,
                _ => Op::Or,
            };
            Node::Binary(Box::new(condition(left, negate)), op, Box::new(condition(right, negate)))
        }
        Node::Binary(left, op, right) if opposite(*op).is_some() => {
            let op = opposite(*op).filter(|_| negate).unwrap_or(*op);
            Node::Binary(boxed(left), op, boxed(right))
        }
        Node::Is { expr, what, negated } => {
            let expr = if *what == Truth::Null { value(expr) } else { condition(expr, false) };
            Node::Is { expr: Box::new(expr), what: *what, negated: *negated != negate }
        }
        Node::Distinct { left, right, negated } => {
            Node::Distinct { left: boxed(left), right: boxed(right), negated: *negated != negate }
        }
        Node::In { expr, list, negated } => {
            Node::In { expr: boxed(expr), list: list.iter().map(value).collect(), negated: *negated != negate }
        }
        Node::Between { expr, low, high, negated } => {
            Node::Between { expr: boxed(expr), low: boxed(low), high: boxed(high), negated: *negated != negate }
        }
        Node::Like { expr, pattern, escape, negated } => Node::Like {
            expr: boxed(expr),
            pattern: boxed(pattern),
            escape: escape.clone(),
            negated: *negated != negate,
        },
        other if negate => Node::Not(Box::new(value(other))),
        other => value(other),
    }
}

/// A node where any value is meant.
fn value(node: &Node) -> Node {
    match node {
        Node::Minus(inner) => Node::Minus(boxed(inner)),
        Node::Cast(inner, ty) => Node::Cast(boxed(inner), *ty),
        Node::Call(name, arguments) => call(name, arguments.iter().map(value).collect()),
        Node::Case { operand, whens, otherwise } => {
            let when = |when: &Node| if operand.is_some() { value(when) } else { condition(when, false) };
            Node::Case {
                operand: operand.as_deref().map(boxed),
                whens: whens.iter().map(|(one, then)| (when(one), value(then))).collect(),
                otherwise: otherwise.as_deref().map(boxed),
            }
        }
        Node::Binary(left, op, right) if opposite(*op).is_none() && !matches!(op, Op::And | Op::Or) => {
            Node::Binary(boxed(left), *op, boxed(right))
        }
        Node::Column(_) | Node::Number(_) | Node::Text(_) | Node::Bool(_) | Node::Null | Node::Now(_) => node.clone(),
        truth => condition(truth, false),
    }
}

fn boxed(node: &Node) -> Box<Node> {
    Box::new(value(node))
}

fn call(name: &str, mut arguments: Vec<Node>) -> Node {
    match (name, arguments.as_slice()) {
        ("round", [_, Node::Number(digits)]) if digits == "0" => arguments.truncate(1),
        ("mod", [left, right]) => {
            return Node::Binary(Box::new(left.clone()), Op::Modulo, Box::new(right.clone()));
        }
        ("pow", _) => return Node::Call("power".to_owned(), arguments),
        _ => {}
    }
    Node::Call(name.to_owned(), arguments)
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
mod tests {
    use super::super::Expr;

    fn kept(text: &str) -> String {
        Expr::parse_neutral(text).unwrap().as_mysql_keeps_it().neutral_text().unwrap()
    }

    #[test]
    fn negations_go_inwards() {
        for (written, expected) in [
            ("NOT (a > 1 AND b)", "a <= 1 OR NOT b"),
            ("NOT (a >= 1 OR NOT b)", "a < 1 AND b"),
            ("NOT (a IN (1, 2)) AND NOT (a BETWEEN 1 AND 2)", "a NOT IN (1, 2) AND a NOT BETWEEN 1 AND 2"),
            ("NOT (a LIKE 'x') OR NOT (a IS NULL)", "a NOT LIKE 'x' OR a IS NOT NULL"),
            ("NOT (a IS DISTINCT FROM b)", "a IS NOT DISTINCT FROM b"),
            ("NOT NOT a", "a"),
            ("(NOT (a = 1)) IS TRUE", "(a <> 1) IS TRUE"),
            ("CASE WHEN NOT (a < 1) THEN 1 END = 2", "CASE WHEN a >= 1 THEN 1 END = 2"),
            ("a = FALSE", "a = FALSE"),
        ] {
            assert_eq!(kept(written), expected, "{written}");
        }
    }

    #[test]
    fn functions_of_two_names_have_one() {
        assert_eq!(kept("round(a, 0) = mod(b, 2) AND pow(a, 2) > 1"), kept("round(a) = b % 2 AND power(a, 2) > 1"));
        assert_ne!(kept("round(a, 1) = 1"), kept("round(a) = 1"));
    }
}
