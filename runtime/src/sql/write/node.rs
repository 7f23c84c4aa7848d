//! Expressions as text.

use super::Writer;
use crate::error::Result;
use crate::meta::ColumnMeta;
use crate::sql::expr::{Aggregate, BinaryOp, MatchMode, UnaryOp};
use crate::sql::{Dialect, Node, Source};
use crate::value::{Kind, Value};

impl Writer {
    /// A node inside another one: in parentheses where it would be read otherwise.
    pub(super) fn write_operand(&mut self, node: &Node) -> Result<()> {
        if !node.is_loose() {
            return self.write_node(node);
        }
        self.push("(");
        self.write_node(node)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn write_node(&mut self, node: &Node) -> Result<()> {
        if self.having.is_some()
            && let Some(outcome) = self.write_of_group(node)
        {
            return outcome;
        }
        if self.same.is_some()
            && let Some(outcome) = self.write_same(node)
        {
            return outcome;
        }
        self.write_plain(node)
    }

    pub(super) fn write_plain(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Column(source, column) => return self.column(*source, column),
            Node::Bind(value) => self.bind(value.clone()),
            Node::Invalid(invalid) => return Err(invalid.error()),
            Node::Unary(op, node) => return self.write_unary(*op, node),
            Node::Binary(op, left, right) => return self.write_binary(*op, left, right),
            Node::Junction { all, nodes } => return self.write_junction(*all, nodes),
            Node::In { node, values, negated } => return self.write_in(node, values, *negated),
            Node::InRows { nodes, rows } => return self.write_in_rows(nodes, rows),
            Node::InSelect { node, select, negated } => {
                self.write_searched(node)?;
                self.push(if *negated { " NOT IN (" } else { " IN (" });
                // MySQL takes no LIMIT right inside of IN.
                let inner = self.dialect == Dialect::Mysql && (select.limit.is_some() || select.offset.is_some());
                self.push(if inner { "SELECT * FROM (" } else { "" });
                self.write_select(select)?;
                self.push(if inner { ") AS q)" } else { ")" });
            }
            Node::Exists { select, negated } => return self.write_exists(select, *negated),
            Node::Scalar(select) => {
                self.push("(");
                self.write_select(select)?;
                self.push(")");
            }
            Node::Match { node, text, mode, ignore_case } => return self.write_match(node, text, *mode, *ignore_case),
            Node::Between(node, low, high) => return self.write_between(node, low, high),
            Node::Aggregate { function, distinct, argument, kind } => {
                return self.write_aggregate(*function, *distinct, argument.as_deref(), *kind);
            }
            Node::Call(name, arguments) => {
                self.push(name);
                self.push("(");
                let kind = arguments.first().and_then(Node::number);
                for (at, argument) in arguments.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " });
                    self.write_beside(argument, kind)?;
                }
                self.push(")");
            }
            Node::Constant(true) => self.push("1 = 1"),
            Node::Constant(false) => self.push("1 = 0"),
        }
        Ok(())
    }

    /// What is looked for in a subquery. MariaDB compares an aggregate or a subquery there with what it was before, unless
    /// it is inside of something.
    fn write_searched(&mut self, node: &Node) -> Result<()> {
        let is_one = matches!(node, Node::Aggregate { .. } | Node::Scalar(_)) || self.is_of_group(node);
        if self.dialect != Dialect::Mysql || !is_one {
            return self.write_operand(node);
        }
        self.push("coalesce(");
        self.write_node(node)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn write_unary(&mut self, op: UnaryOp, node: &Node) -> Result<()> {
        self.push(match op {
            UnaryOp::Not => "NOT ",
            UnaryOp::IsNull | UnaryOp::IsNotNull => "",
        });
        self.write_operand(node)?;
        self.push(match op {
            UnaryOp::IsNull => " IS NULL",
            UnaryOp::IsNotNull => " IS NOT NULL",
            UnaryOp::Not => "",
        });
        Ok(())
    }

    pub(super) fn write_junction(&mut self, all: bool, nodes: &[Node]) -> Result<()> {
        let by = if all { " AND " } else { " OR " };
        for (at, node) in nodes.iter().enumerate() {
            if at > 0 {
                self.push(by);
            }
            self.write_operand(node)?;
        }
        Ok(())
    }

    /// Composite keys. SQLite takes rows only as VALUES; PostgreSQL would read the parameters there as text.
    pub(super) fn write_in_rows(&mut self, nodes: &[Node], rows: &[Vec<Value<'static>>]) -> Result<()> {
        self.push("(");
        self.separated_nodes(nodes, ", ")?;
        self.push(if self.dialect == Dialect::Sqlite { ") IN (VALUES " } else { ") IN (" });
        self.separated(rows, |w, row| {
            w.push("(");
            w.separated(row, |w, value| w.bind(value.clone()));
            w.push(")");
        });
        self.push(")");
        Ok(())
    }

    /// Literal text, found case-sensitively everywhere: SQLite's LIKE folds ASCII, its GLOB does not; MySQL compares by
    /// the column's collation unless told otherwise.
    pub(super) fn write_match(&mut self, node: &Node, text: &str, mode: MatchMode, ignore_case: bool) -> Result<()> {
        let glob = self.dialect == Dialect::Sqlite && !ignore_case;
        let (any, escaped) = if glob { ('*', escape_glob(text)) } else { ('%', escape_like(text)) };
        let mut pattern = String::with_capacity(escaped.len() + 2);
        if mode != MatchMode::StartsWith {
            pattern.push(any);
        }
        pattern.push_str(&escaped);
        if mode != MatchMode::EndsWith {
            pattern.push(any);
        }
        // MySQL's collations that ignore case ignore accents too.
        let lower = self.dialect == Dialect::Mysql && ignore_case;
        self.push(if lower { "LOWER(" } else { "" });
        self.write_operand(node)?;
        self.push(match (self.dialect, ignore_case) {
            (Dialect::Sqlite, false) => " GLOB ",
            (Dialect::Postgres, true) => " ILIKE ",
            (Dialect::Mysql, true) => ") LIKE LOWER(",
            _ => " LIKE ",
        });
        self.bind(Value::Text(pattern.into()));
        if self.dialect == Dialect::Mysql {
            self.push(if lower { ") COLLATE utf8mb4_bin" } else { " COLLATE utf8mb4_bin" });
        }
        if !glob {
            self.push(" ESCAPE '!'");
        }
        Ok(())
    }

    /// Sums and averages have the same type and scale everywhere: SQLite computes decimals as floating point numbers,
    /// MySQL gives averages of integers with four digits behind the point, and PostgreSQL gives sums and averages of integers as numeric, sums of reals as real, and averages of decimals
    /// with many digits. Before version 18 it knows no least and greatest of bytes, nor of UUIDs, whose hexadecimal digits
    /// have the same order.
    pub(super) fn write_aggregate(
        &mut self,
        function: Aggregate,
        distinct: bool,
        argument: Option<&Node>,
        kind: Kind,
    ) -> Result<()> {
        let (before, inner, behind) = shape(self.dialect, function, kind);
        self.push(before);
        self.push(match function {
            Aggregate::Count => "count(",
            Aggregate::Sum => "sum(",
            Aggregate::Avg => "avg(",
            Aggregate::Min => "min(",
            Aggregate::Max => "max(",
        });
        self.push(if distinct { "DISTINCT " } else { "" });
        self.write_argument(function.name(distinct, argument), argument, |w| {
            let Some(node) = argument else {
                w.push("*");
                return Ok(());
            };
            w.push(inner.0);
            w.write_node(node)?;
            w.push(inner.1);
            Ok(())
        })?;
        self.push(")");
        match behind {
            Behind::Nothing => {}
            Behind::Text(text) => self.push(text),
            Behind::Scale(scale) => self.number(format_args!(", {scale})")),
        }
        Ok(())
    }
}

/// What stands behind an aggregate.
enum Behind {
    Nothing,
    Text(&'static str),
    Scale(u32),
}

/// What stands before an aggregate, around its argument, and behind it.
fn shape(dialect: Dialect, function: Aggregate, kind: Kind) -> (&'static str, (&'static str, &'static str), Behind) {
    let whole = kind.is_integer();
    match (dialect, function, kind) {
        (Dialect::Sqlite, Aggregate::Avg, Kind::Decimal(Some(scale))) => (ROUND_HALVES, PLAIN, Behind::Scale(scale)),
        (Dialect::Sqlite, _, Kind::Decimal(Some(scale)))
        | (Dialect::Postgres | Dialect::Mysql, Aggregate::Avg, Kind::Decimal(Some(scale))) => {
            ("round(", PLAIN, Behind::Scale(scale))
        }
        (Dialect::Postgres, Aggregate::Sum, _) if whole => ("CAST(", PLAIN, Behind::Text(" AS bigint)")),
        (Dialect::Mysql, Aggregate::Avg, _) if whole => ("", ("", " + 0e0"), Behind::Nothing),
        (Dialect::Postgres, Aggregate::Avg, _) if whole => ("CAST(", PLAIN, Behind::Text(" AS double precision)")),
        (Dialect::Postgres, Aggregate::Sum | Aggregate::Avg, Kind::Real) => {
            ("", ("CAST(", " AS double precision)"), Behind::Nothing)
        }
        (Dialect::Postgres, Aggregate::Min | Aggregate::Max, Kind::Uuid) => {
            ("CAST(", ("CAST(", " AS text) COLLATE \"C\""), Behind::Text(" AS uuid)"))
        }
        (Dialect::Postgres, Aggregate::Min | Aggregate::Max, Kind::Bytes) => {
            ("decode(", ("encode(", ", 'hex') COLLATE \"C\""), Behind::Text(", 'hex')"))
        }
        _ => ("", PLAIN, Behind::Nothing),
    }
}

/// Rounds a decimal on SQLite, halves away from zero: 1.67 * 1.5 is a little less than 2.505 there. What it is raised by is
/// less than the last of 15 digits.
pub(super) const ROUND_HALVES: &str = "round(1.0000000000000004 * ";

/// Nothing around an argument.
const PLAIN: (&str, &str) = ("", "");

fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out
}

/// GLOB has no escape character; a set of one character stands for that character.
fn escape_glob(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[') {
            out.push('[');
            out.push(c);
            out.push(']');
        } else {
            out.push(c);
        }
    }
    out
}

impl Node {
    /// Whether an operator beside it could take it apart.
    pub(super) fn is_loose(&self) -> bool {
        matches!(
            self,
            Node::Unary(..)
                | Node::Binary(..)
                | Node::Junction { .. }
                | Node::In { .. }
                | Node::InRows { .. }
                | Node::InSelect { .. }
                | Node::Match { .. }
                | Node::Between(..)
                | Node::Constant(_)
        )
    }

    /// The digits behind the point of an exact number, by the rules of the servers: a product has those of both sides. None
    /// where that is not known, as of a quotient.
    pub(crate) fn decimal_scale(&self) -> Option<u32> {
        let of = |node: &Self| if node.is_integer() { Some(0) } else { node.decimal_scale() };
        match self {
            Node::Column(_, ColumnMeta { kind: Kind::Decimal(scale), .. }) => *scale,
            Node::Bind(Value::Decimal(value)) => Some(value.scale),
            Node::Binary(BinaryOp::Mul, left, right) => Some(of(left)? + of(right)?),
            Node::Binary(BinaryOp::Add | BinaryOp::Sub, left, right) => Some(of(left)?.max(of(right)?)),
            Node::Aggregate { kind: Kind::Decimal(scale), .. } => *scale,
            Node::Call("coalesce", nodes) => nodes.iter().map(of).try_fold(0, |most, scale| Some(most.max(scale?))),
            Node::Scalar(select) => select.value().and_then(of),
            _ => None,
        }
    }

    pub(super) fn has_subquery(&self) -> bool {
        match self {
            Node::InSelect { .. } | Node::Exists { .. } | Node::Scalar(_) => true,
            Node::Column(..) | Node::Bind(_) => false,
            // As most conditions are, which this is asked of each time.
            Node::Binary(_, left, right) => left.has_subquery() || right.has_subquery(),
            _ => self.part(&mut |node| node.has_subquery().then_some(())).is_some(),
        }
    }

    /// Whether it reads a column of a source, be it in a subquery.
    pub(super) fn reads(&self, source: Source, column: &ColumnMeta) -> bool {
        self.any(&|node| match node {
            Node::Column(of, found) => *of == source && found.name == column.name,
            Node::InSelect { select, .. } | Node::Exists { select, .. } | Node::Scalar(select) => {
                select.nodes().any(|node| node.reads(source, column))
            }
            _ => false,
        })
    }

    /// Whether something is true of it or of a node inside of it; subqueries are not looked into.
    pub(super) fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self) || self.part(&mut |node| node.any(is).then_some(())).is_some()
    }

    /// What is found first in the nodes that it is made of; subqueries are not looked into.
    pub(super) fn part<T>(&self, find: &mut dyn FnMut(&Self) -> Option<T>) -> Option<T> {
        match self {
            Node::Column(..) | Node::Bind(_) | Node::Invalid(_) | Node::Constant(_) => None,
            Node::Exists { .. } | Node::Scalar(_) => None,
            Node::Unary(_, node) | Node::Match { node, .. } | Node::InSelect { node, .. } => find(node),
            Node::Binary(_, left, right) => find(left).or_else(|| find(right)),
            Node::InRows { nodes, .. } | Node::Junction { nodes, .. } | Node::Call(_, nodes) => {
                nodes.iter().find_map(find)
            }
            Node::In { node, values, .. } => find(node).or_else(|| values.iter().find_map(find)),
            Node::Between(node, low, high) => find(node).or_else(|| find(low)).or_else(|| find(high)),
            Node::Aggregate { argument, .. } => argument.as_deref().and_then(find),
        }
    }

    /// Whether it is the same expression with the same values. Subqueries are never the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let all = |these: &[Self], those: &[Self]| {
            these.len() == those.len() && these.iter().zip(those).all(|(this, that)| this.is_same(that))
        };
        match (self, other) {
            (Node::Column(one, column), Node::Column(two, other)) => one == two && column.name == other.name,
            (Node::Bind(value), Node::Bind(other)) => value == other,
            (Node::Constant(value), Node::Constant(other)) => value == other,
            (Node::Unary(op, node), Node::Unary(same, other)) => op == same && node.is_same(other),
            (Node::Binary(op, left, right), Node::Binary(same, one, two)) => {
                op == same && left.is_same(one) && right.is_same(two)
            }
            (Node::Junction { all: every, nodes }, Node::Junction { all: same, nodes: others }) => {
                every == same && all(nodes, others)
            }
            (Node::In { node, values, negated }, Node::In { node: other, values: others, negated: same }) => {
                negated == same && node.is_same(other) && all(values, others)
            }
            (
                Node::Match { node, text, mode, ignore_case },
                Node::Match { node: other, text: same, mode: way, ignore_case: folded },
            ) => text == same && mode == way && ignore_case == folded && node.is_same(other),
            (Node::Between(node, low, high), Node::Between(other, least, most)) => {
                node.is_same(other) && low.is_same(least) && high.is_same(most)
            }
            (
                Node::Aggregate { function, distinct, argument, .. },
                Node::Aggregate { function: same, distinct: once, argument: other, .. },
            ) => {
                let is_same = match (argument, other) {
                    (Some(node), Some(other)) => node.is_same(other),
                    (one, two) => one.is_none() && two.is_none(),
                };
                function == same && distinct == once && is_same
            }
            (Node::Call(name, nodes), Node::Call(same, others)) => name == same && all(nodes, others),
            _ => false,
        }
    }
}
