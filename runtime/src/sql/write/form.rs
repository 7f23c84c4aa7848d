//! The form of a SELECT: all that its text depends on, as numbers, and what it binds. SELECTs of one form have one text, so
//! that one that ran before need not be written again.

use super::Asked;
use crate::sql::{Dialect, Join, Node, Order, Projection, Select, Source, Table};
use crate::value::Value;

/// Queries of more numbers are written each time. It bounds what is kept of a form, too.
const MOST: usize = 96;
/// Lists of so many values are short.
const FEW: usize = 16;

/// Reads the form of a SELECT into `form`, and gives its parameters in their order. None for what has no form: what is
/// rare, and what has a text for every value or number of values.
///
/// Two SELECTs give the same numbers only if they have the same text. Every list is preceded by its length where the text
/// depends on that, and every node by what it is; tables and columns live as long as the program, so that an address
/// stands for one of them.
pub(super) fn read(
    dialect: Dialect,
    select: &Select,
    asked: Asked,
    form: &mut Vec<u64>,
) -> Option<Vec<Value<'static>>> {
    form.clear();
    let mut reader = Reader { dialect, select, form, params: Vec::new() };
    reader.select(asked)?;
    Some(reader.params)
}

struct Reader<'a> {
    dialect: Dialect,
    select: &'a Select,
    form: &'a mut Vec<u64>,
    params: Vec<Value<'static>>,
}

impl Reader<'_> {
    /// The parts in the order in which the writer binds their values.
    fn select(&mut self, asked: Asked) -> Option<()> {
        // Without `..`, so that a new part is not forgotten here.
        let Select {
            source: _,
            table,
            joins,
            projection,
            distinct,
            filter,
            group_by,
            having,
            order,
            limit,
            offset,
            per,
            lock,
        } = self.select;
        if *distinct || !group_by.is_empty() || !having.is_empty() || offset.is_some() || per.is_some() {
            return None;
        }
        let lock = lock.map_or(0, |lock| 1 | (lock.strength as u64) << 1 | (lock.wait as u64) << 3);
        self.form.push(self.dialect as u64 | (asked as u64) << 2 | u64::from(limit.is_some()) << 4 | lock << 5);
        self.form.push(limit.unwrap_or(0));
        self.table(*table);
        self.list(projection, Self::projection)?;
        self.list(joins, Self::join)?;
        self.list(filter, Self::node)?;
        self.list(order, Self::order)
    }

    fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T) -> Option<()>) -> Option<()> {
        self.form.push(items.len() as u64);
        items.iter().try_for_each(|item| each(self, item))
    }

    fn table(&mut self, table: Table) {
        self.form.push(match table {
            Table::Model(meta) => address(meta),
            Table::Through(meta) => address(meta),
        });
    }

    fn join(&mut self, join: &Join) -> Option<()> {
        let Join { left, source: _, table, on } = join;
        self.form.push(u64::from(*left));
        self.table(*table);
        self.node(on)
    }

    fn projection(&mut self, item: &Projection) -> Option<()> {
        match item {
            Projection::Model(source, meta) => {
                let source = self.index_of(*source)?;
                self.tag(Tag::Model, source)?;
                self.form.push(address(*meta));
                Some(())
            }
            Projection::Node(node @ Node::Column(..)) => self.node(node),
            Projection::Node(_) => None,
        }
    }

    /// Columns only, in the order of their type.
    fn order(&mut self, order: &Order) -> Option<()> {
        let Order { node, kind, desc, nulls_last } = order;
        let Node::Column(source, column) = node else { return None };
        if column.kind != *kind {
            return None;
        }
        self.form.push(u64::from(*desc) | nulls_last.map_or(0, |last| 2 | u64::from(last) << 2));
        self.column(*source, address(*column))
    }

    fn column(&mut self, source: Source, column: u64) -> Option<()> {
        let source = self.index_of(source)?;
        self.tag(Tag::Column, source)?;
        self.form.push(column);
        Some(())
    }

    fn node(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Column(source, column) => self.column(*source, address(*column)),
            Node::Bind(value) => self.value(value),
            Node::Unary(op, node) => {
                self.tag(Tag::Unary, *op as u64)?;
                self.node(node)
            }
            Node::Binary(op, left, right) => {
                self.tag(Tag::Binary, *op as u64)?;
                self.node(left)?;
                self.node(right)
            }
            Node::Junction { all, nodes } => {
                self.tag(Tag::Junction, u64::from(*all))?;
                self.list(nodes, Self::node)
            }
            Node::Between(node, low, high) => {
                self.tag(Tag::Between, 0)?;
                self.node(node)?;
                self.node(low)?;
                self.node(high)
            }
            Node::Constant(truth) => self.tag(Tag::Constant, u64::from(*truth)),
            Node::In { node, values, negated } => {
                self.tag(Tag::In, u64::from(*negated))?;
                self.node(node)?;
                self.values(values)
            }
            Node::Invalid(_)
            | Node::InRows { .. }
            | Node::InSelect { .. }
            | Node::Exists { .. }
            | Node::Scalar(_)
            | Node::Match { .. }
            | Node::Aggregate { .. }
            | Node::Call(..) => None,
        }
    }

    fn value(&mut self, value: &Value<'static>) -> Option<()> {
        let (kind, width) = self.sort(value)?;
        self.tag(Tag::Bind, kind | width << 8)?;
        self.params.push(value.clone());
        Some(())
    }

    /// Values of one type, which are one parameter on PostgreSQL. Elsewhere each number of them has a text of its own, so
    /// that only those of short lists are worth keeping.
    fn values(&mut self, values: &[Node]) -> Option<()> {
        let is_one = self.dialect == Dialect::Postgres;
        if values.is_empty() || !is_one && values.len() > FEW {
            return None;
        }
        let (mut same, mut widths) = (None, 0);
        for node in values {
            let Node::Bind(value) = node else { return None };
            let (kind, width) = self.sort(value)?;
            if value.is_null() || same.is_some_and(|same| same != kind) {
                return None;
            }
            same = Some(kind);
            widths |= 1 << width;
        }
        self.tag(Tag::Bind, same?)?;
        self.form.push(widths);
        let list =
            values.iter().filter_map(|node| if let Node::Bind(value) = node { Some(value.clone()) } else { None });
        if is_one {
            self.params.push(Value::List(list.collect()));
        } else {
            self.form.push(values.len() as u64);
            self.params.extend(list);
        }
        Some(())
    }

    /// The type of a value, and what else of it the text depends on: PostgreSQL is told the type of integers that a column
    /// cannot hold. There is none for other numbers, of which casts tell more, and for what is rare.
    fn sort(&self, value: &Value<'_>) -> Option<(u64, u64)> {
        Some(match value {
            Value::Null => (0, 0),
            Value::Bool(_) => (1, 0),
            Value::Int(number) if self.dialect == Dialect::Postgres => (2, width(*number)),
            Value::Int(_) => (2, 0),
            Value::Text(_) => (3, 0),
            Value::Bytes(_) => (4, 0),
            Value::Date(_) => (5, 0),
            Value::Time(_) => (6, 0),
            Value::DateTime(_) => (7, 0),
            Value::Timestamp(_) => (8, 0),
            Value::Uuid(_) => (9, 0),
            Value::UInt(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Json(_)
            | Value::Geometry(_)
            | Value::Pending(..)
            | Value::List(_) => return None,
        })
    }

    /// Every part has one or several, so that what is long ends here.
    fn tag(&mut self, tag: Tag, more: u64) -> Option<()> {
        self.form.push(tag as u64 | more << 8);
        (self.form.len() < MOST).then_some(())
    }

    /// The number of a source among those of the query. There is none for one that is not in scope, which the writer
    /// refuses.
    fn index_of(&self, source: Source) -> Option<u64> {
        if source == self.select.source {
            return Some(0);
        }
        let joined = self.select.joins.iter().position(|join| join.source == source)?;
        Some(joined as u64 + 1)
    }
}

/// What a number stands for.
#[derive(Clone, Copy)]
enum Tag {
    Model,
    Column,
    Bind,
    Unary,
    Binary,
    Junction,
    Between,
    Constant,
    In,
}

fn address<T>(of: &'static T) -> u64 {
    std::ptr::from_ref(of).addr() as u64
}

/// Which of the integer types of [`Kind`](crate::value::Kind), by their bits, is the first that holds a number, and whether
/// it is negative.
fn width(number: i64) -> u64 {
    let negative = number < 0;
    let bits = 64 - if negative { !number } else { number }.leading_zeros();
    let width = [7, 8, 15, 16, 31, 32].into_iter().take_while(|&width| width < bits).count();
    (width as u64) << 1 | u64::from(negative)
}
