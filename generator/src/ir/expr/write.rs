//! From a neutral expression to text: the SQL of a dialect, or the normal form.

use std::fmt::Write as _;

use super::super::DialectName;
use super::super::quote::{quote_ident, quote_string};
use super::node::{CastType, Clock, Neutral, Node, Op, Truth};

/// How tightly an expression binds. Only what the three databases agree on; everything else is in parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tight {
    Or,
    And,
    Compare,
    Sum,
    Product,
    Atom,
}

/// Writes for a dialect, or the normal form when there is none. `None` when the dialect lacks something.
pub(super) fn write(expr: &Neutral, dialect: Option<DialectName>) -> Option<String> {
    let mut writer = Writer { out: String::new(), dialect };
    writer.node(&expr.0)?;
    Some(writer.out)
}

/// Writes for a dialect what has to be a condition.
pub(super) fn condition(expr: &Neutral, dialect: DialectName) -> Option<String> {
    let mut writer = Writer { out: String::new(), dialect: Some(dialect) };
    let value = matches!(expr.0, Node::Column(_) | Node::Call(..) | Node::Case { .. } | Node::Cast(..));
    if value && dialect == DialectName::Mysql {
        // As MySQL itself prints it.
        writer.push("0 <> ");
        writer.operand(&expr.0, Tight::Sum)?;
    } else {
        writer.node(&expr.0)?;
    }
    Some(writer.out)
}

struct Writer {
    out: String,
    dialect: Option<DialectName>,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn is(&self, dialect: DialectName) -> bool {
        self.dialect == Some(dialect)
    }

    /// Writes an operand, in parentheses unless it binds at least so tightly.
    fn operand(&mut self, node: &Node, least: Tight) -> Option<()> {
        if tightness(node) >= least {
            return self.node(node);
        }
        self.push("(");
        self.node(node)?;
        self.push(")");
        Some(())
    }

    fn list(&mut self, nodes: &[Node]) -> Option<()> {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.node(node)?;
        }
        Some(())
    }

    fn node(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Column(name) => self.column(name),
            Node::Number(number) => self.push(number),
            Node::Text(text) => {
                let quoted = quote_string(self.dialect.unwrap_or(DialectName::Postgres), text);
                self.push(&quoted);
            }
            Node::Bool(value) => self.push(if *value { "TRUE" } else { "FALSE" }),
            Node::Null => self.push("NULL"),
            Node::Now(Clock::Timestamp) => self.push("CURRENT_TIMESTAMP"),
            Node::Now(Clock::Date) => self.push("CURRENT_DATE"),
            Node::Now(Clock::Time) => self.push("CURRENT_TIME"),
            Node::Not(inner) => {
                self.push("NOT ");
                self.operand(inner, Tight::Atom)?;
            }
            Node::Minus(inner) => {
                self.push("-");
                self.operand(inner, Tight::Atom)?;
            }
            Node::Binary(left, op, right) => self.binary(left, *op, right)?,
            Node::Is { expr, what, negated } => {
                self.operand(expr, Tight::Sum)?;
                self.push(if *negated { " IS NOT " } else { " IS " });
                self.push(match what {
                    Truth::Null => "NULL",
                    Truth::True => "TRUE",
                    Truth::False => "FALSE",
                });
            }
            Node::Distinct { left, right, negated } => self.distinct(left, right, *negated)?,
            Node::In { expr, list, negated } => {
                self.operand(expr, Tight::Sum)?;
                self.push(if *negated { " NOT IN (" } else { " IN (" });
                self.list(list)?;
                self.push(")");
            }
            Node::Between { expr, low, high, negated } => {
                self.operand(expr, Tight::Sum)?;
                self.push(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
                self.operand(low, Tight::Sum)?;
                self.push(" AND ");
                self.operand(high, Tight::Sum)?;
            }
            Node::Like { expr, pattern, escape, negated } => self.like(expr, pattern, escape.as_deref(), *negated)?,
            Node::Call(name, args) => self.call(name, args)?,
            Node::Case { operand, whens, otherwise } => self.case(operand.as_deref(), whens, otherwise.as_deref())?,
            Node::Cast(inner, ty) => self.cast(inner, *ty)?,
        }
        Some(())
    }

    /// In the normal form a name is quoted only where it must be, so that a spec stays readable.
    fn column(&mut self, name: &str) {
        let quoted = match self.dialect {
            None if is_plain(name) => name.to_owned(),
            dialect => quote_ident(dialect.unwrap_or(DialectName::Postgres), name),
        };
        self.push(&quoted);
    }

    fn binary(&mut self, left: &Node, op: Op, right: &Node) -> Option<()> {
        if op == Op::Concat && self.is(DialectName::Mysql) {
            // `||` is a logical or there
            self.push("CONCAT(");
            self.node(left)?;
            self.push(", ");
            self.node(right)?;
            self.push(")");
            return Some(());
        }
        let (left_least, right_least) = match op {
            Op::Or => (Tight::Or, Tight::And),
            Op::And => (Tight::And, Tight::Compare),
            Op::Eq | Op::NotEq | Op::Less | Op::LessEq | Op::Greater | Op::GreaterEq => (Tight::Sum, Tight::Sum),
            Op::Plus | Op::Minus => (Tight::Sum, Tight::Product),
            Op::Times | Op::Divide | Op::Modulo => (Tight::Product, Tight::Atom),
            Op::Concat | Op::BitAnd | Op::BitOr => (Tight::Atom, Tight::Atom),
        };
        self.operand(left, left_least)?;
        let _ = write!(self.out, " {} ", symbol(op));
        self.operand(right, right_least)
    }

    fn distinct(&mut self, left: &Node, right: &Node, negated: bool) -> Option<()> {
        let mysql = self.is(DialectName::Mysql);
        if mysql && !negated {
            self.push("NOT (");
        }
        self.operand(left, Tight::Sum)?;
        self.push(match (self.dialect, negated) {
            (Some(DialectName::Mysql), _) => " <=> ",
            (Some(DialectName::Sqlite), false) => " IS NOT ",
            (Some(DialectName::Sqlite), true) => " IS ",
            (_, false) => " IS DISTINCT FROM ",
            (_, true) => " IS NOT DISTINCT FROM ",
        });
        self.operand(right, Tight::Sum)?;
        if mysql && !negated {
            self.push(")");
        }
        Some(())
    }

    fn like(&mut self, expr: &Node, pattern: &Node, escape: Option<&str>, negated: bool) -> Option<()> {
        self.operand(expr, Tight::Sum)?;
        self.push(if negated { " NOT LIKE " } else { " LIKE " });
        self.operand(pattern, Tight::Sum)?;
        if let Some(escape) = escape {
            let quoted = quote_string(self.dialect.unwrap_or(DialectName::Postgres), escape);
            let _ = write!(self.out, " ESCAPE {quoted}");
        }
        Some(())
    }

    fn call(&mut self, name: &str, args: &[Node]) -> Option<()> {
        // MySQL's `length` counts bytes
        let name = if name == "length" && self.is(DialectName::Mysql) { "char_length" } else { name };
        self.push(name);
        self.push("(");
        self.list(args)?;
        self.push(")");
        Some(())
    }

    fn case(&mut self, operand: Option<&Node>, whens: &[(Node, Node)], otherwise: Option<&Node>) -> Option<()> {
        self.push("CASE");
        if let Some(operand) = operand {
            self.push(" ");
            self.node(operand)?;
        }
        for (when, then) in whens {
            self.push(" WHEN ");
            self.node(when)?;
            self.push(" THEN ");
            self.node(then)?;
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            self.node(otherwise)?;
        }
        self.push(" END");
        Some(())
    }

    fn cast(&mut self, inner: &Node, ty: CastType) -> Option<()> {
        let name = match ty {
            // The one whole number that it makes of a truth value.
            CastType::Integer if self.is(DialectName::Postgres) && inner.is_condition() => "INTEGER".to_owned(),
            _ => cast_name(ty, self.dialect)?,
        };
        self.push("CAST(");
        self.node(inner)?;
        let _ = write!(self.out, " AS {name})");
        Some(())
    }
}

fn tightness(node: &Node) -> Tight {
    match node {
        Node::Binary(_, Op::Or, _) => Tight::Or,
        Node::Binary(_, Op::And, _) => Tight::And,
        Node::Binary(_, Op::Plus | Op::Minus, _) => Tight::Sum,
        Node::Binary(_, Op::Times | Op::Divide | Op::Modulo, _) => Tight::Product,
        // a bare NOT, a comparison, `||` and bit operators: their rank differs between databases
        Node::Binary(..)
        | Node::Not(_)
        | Node::Is { .. }
        | Node::Distinct { .. }
        | Node::In { .. }
        | Node::Between { .. }
        | Node::Like { .. } => Tight::Compare,
        Node::Minus(_) => Tight::Product,
        _ => Tight::Atom,
    }
}

fn symbol(op: Op) -> &'static str {
    match op {
        Op::Or => "OR",
        Op::And => "AND",
        Op::Eq => "=",
        Op::NotEq => "<>",
        Op::Less => "<",
        Op::LessEq => "<=",
        Op::Greater => ">",
        Op::GreaterEq => ">=",
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Times => "*",
        Op::Divide => "/",
        Op::Modulo => "%",
        Op::Concat => "||",
        Op::BitAnd => "&",
        Op::BitOr => "|",
    }
}

fn cast_name(ty: CastType, dialect: Option<DialectName>) -> Option<String> {
    use DialectName::{Mysql, Postgres, Sqlite};
    Some(match (ty, dialect) {
        (CastType::Decimal(p, s), Some(Sqlite)) => return (p <= 15 && s >= 0).then(|| "NUMERIC".to_owned()),
        (CastType::Decimal(p, s), _) => format!("DECIMAL({p}, {s})"),
        (CastType::Integer, Some(Postgres)) => "BIGINT".into(),
        (CastType::Integer, Some(Mysql)) => "SIGNED".into(),
        (CastType::Integer, _) => "INTEGER".into(),
        (CastType::Double, Some(Sqlite)) => "REAL".into(),
        (CastType::Double, Some(Mysql)) => "DOUBLE".into(),
        (CastType::Double, _) => "DOUBLE PRECISION".into(),
        (CastType::Text, Some(Mysql)) => "CHAR".into(),
        (CastType::Text, _) => "TEXT".into(),
        // SQLite has no such types: a cast would make a number of the text
        (CastType::Date | CastType::Time | CastType::Timestamp, Some(Sqlite)) => return None,
        (CastType::Date, _) => "DATE".into(),
        (CastType::Time, _) => "TIME".into(),
        (CastType::Timestamp, Some(Mysql)) => "DATETIME".into(),
        (CastType::Timestamp, _) => "TIMESTAMP".into(),
    })
}

/// Whether a name reads back as a column without quotes. Words that SQL may know are quoted.
fn is_plain(name: &str) -> bool {
    let shape = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    shape
        && matches!(super::parse::parse(name, None), Ok(Neutral(Node::Column(read))) if read == name)
        && !is_keyword(name)
}

/// Words that read as a column alone but as something else beside an operator.
fn is_keyword(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "all", "and", "any", "as", "between", "case", "cast", "collate", "default", "distinct", "else", "end",
        "escape", "exists", "from", "in", "interval", "is", "isnull", "like", "not", "notnull", "null", "or", "order",
        "select", "some", "then", "user", "when", "where",
    ];
    WORDS.contains(&name)
}
