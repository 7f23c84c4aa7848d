//! Groups: what may be shown of them, and how each database is told that two expressions are the same.

use super::{Part, Writer};
use crate::error::{Error, Result};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{Dialect, Node, Order, Projection, Select, Source, Table};

/// What rows are grouped by, while HAVING is written for MySQL.
pub(super) struct Having {
    by: Vec<Node>,
    sources: Vec<Source>,
}

/// The expressions that rows are grouped by, or that distinct rows are made of, with the parameters in them. PostgreSQL
/// would take an expression with another parameter for another expression, also where the value is the same; a parameter
/// of two expressions would have the type that the first one gives it.
pub(super) struct Same {
    known: Vec<(Node, Option<Vec<usize>>)>,
    /// The parameters that were written, in their order.
    written: Vec<usize>,
    /// Those of the expression that is written again, from behind.
    again: Option<Vec<usize>>,
}

impl Same {
    pub(super) fn of(select: &Select) -> Option<Self> {
        let listed = select.projection.iter().filter(|_| select.distinct);
        let listed = listed.filter_map(|item| if let Projection::Node(node) = item { Some(node) } else { None });
        let has_values = |node: &&Node| node.any(&|node| matches!(node, Node::Bind(_) | Node::Match { .. }));
        let known: Vec<_> =
            select.group_by.iter().chain(listed).filter(has_values).map(|node| (node.clone(), None)).collect();
        (!known.is_empty()).then(|| Self { known, written: Vec::new(), again: None })
    }

    /// The parameter to write: one that is there already, else none, and the next one is to be added.
    pub(super) fn parameter(&mut self, next: usize) -> Option<usize> {
        let known = self.again.as_mut().and_then(Vec::pop);
        self.written.push(known.unwrap_or(next));
        known
    }
}

impl Writer {
    pub(super) fn write_groups(&mut self, select: &Select) -> Result<()> {
        if !select.group_by.is_empty() {
            self.push(" GROUP BY ");
            self.write_part(Part::Group, |w| w.separated_nodes(&select.group_by, ", "))?;
        }
        if select.having.is_empty() {
            return Ok(());
        }
        let inner = (self.dialect == Dialect::Mysql).then(|| Having::of(select));
        let outer = std::mem::replace(&mut self.having, inner);
        let outcome = self.write_conditions(Part::Having, &select.having);
        self.having = outer;
        outcome
    }

    /// What has one value in each group, as the least of all; in an aggregate each row counts. MySQL knows only names in
    /// HAVING, those of columns that are listed or grouped by: <https://dev.mysql.com/doc/refman/8.4/en/select.html>. That
    /// goes for its subqueries, too.
    pub(super) fn write_of_group(&mut self, node: &Node) -> Option<Result<()>> {
        let having = self.having.take()?;
        let wrapped = having.is_wrapped(node);
        if !wrapped && !matches!(node, Node::Aggregate { .. }) {
            self.having = Some(having);
            return None;
        }
        self.push(if wrapped { "min(" } else { "" });
        let outcome = self.write_node(node);
        self.push(if wrapped { ")" } else { "" });
        self.having = Some(having);
        Some(outcome)
    }

    /// Whether it is written as the least of a group.
    pub(super) fn is_of_group(&self, node: &Node) -> bool {
        self.having.as_ref().is_some_and(|having| having.is_wrapped(node))
    }

    /// An expression that rows are grouped by, with the same parameters everywhere.
    pub(super) fn write_same(&mut self, node: &Node) -> Option<Result<()>> {
        let same = self.same.as_mut().filter(|same| same.again.is_none())?;
        let at = same.known.iter().position(|(known, _)| known.is_same(node))?;
        let (first, parameters) = (same.written.len(), same.known.get(at).and_then(|(_, known)| known.clone()));
        let is_again = parameters.is_some();
        same.again = parameters.map(|known| known.into_iter().rev().collect());
        let outcome = self.write_plain(node);
        if let Some(same) = &mut self.same {
            same.again = None;
            if let Some((_, known)) = same.known.get_mut(at).filter(|_| !is_again) {
                *known = same.written.get(first..).map(<[usize]>::to_vec);
            }
        }
        Some(outcome)
    }

    /// Writes a part in which groups are those of another query, or of none.
    pub(super) fn apart(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let same = self.same.take();
        let outcome = body(self);
        self.same = same;
        outcome
    }
}

impl Having {
    fn of(select: &Select) -> Self {
        let joined = select.joins.iter().map(|join| join.source);
        Self { by: select.group_by.clone(), sources: std::iter::once(select.source).chain(joined).collect() }
    }

    /// A column that is grouped by has its name, unless another one has the same: MariaDB finds neither of them then.
    fn is_wrapped(&self, node: &Node) -> bool {
        let is_grouped = || self.by.iter().any(|by| by.is_same(node));
        let is_alone = |name: &str| {
            let named = self.by.iter().filter(|by| matches!(by, Node::Column(_, column) if column.name == name));
            named.count() == 1
        };
        match node {
            Node::Column(source, column) => self.sources.contains(source) && !(is_grouped() && is_alone(column.name)),
            Node::Bind(_) | Node::Constant(_) => false,
            _ => is_grouped(),
        }
    }
}

impl Select {
    /// Refuses to list what is not one value for each group. PostgreSQL does, and so does MySQL unless it is set otherwise;
    /// SQLite and MariaDB would give that of any row.
    pub(super) fn check_list(&self) -> Result<()> {
        if !self.has_groups() {
            return Ok(());
        }
        let of_model = |source: Source, meta: &'static ModelMeta| {
            let is_loose = |column: &&'static ColumnMeta| self.loose(&Node::Column(source, column), None).is_some();
            meta.columns.iter().find(is_loose).map(|column| (source, column))
        };
        let loose = self.projection.iter().find_map(|item| match item {
            Projection::Model(source, meta) => of_model(*source, meta),
            Projection::Node(node) => self.loose(node, None),
        });
        self.refuse(loose)
    }

    /// The same of what groups are chosen by.
    pub(super) fn check_having(&self) -> Result<()> {
        self.refuse(self.having.iter().find_map(|node| self.loose(node, None)))
    }

    /// What its rows are ordered by; a single row needs no order. What can have many values in a group is refused, and so
    /// is what is not among distinct rows, as PostgreSQL does.
    pub(super) fn checked_order(&self) -> Result<&[Order]> {
        if self.group_by.is_empty() && self.having.is_empty() && self.lists_aggregate() {
            return Ok(&[]);
        }
        if self.has_groups() {
            self.refuse(self.order.iter().find_map(|order| self.loose(&order.node, None)))?;
        }
        let is_listed = |node: &Node| {
            self.projection.iter().any(|item| match (item, node) {
                (Projection::Model(source, _), Node::Column(of, _)) => source == of,
                (Projection::Model(..), _) => false,
                (Projection::Node(listed), node) => listed.is_same(node),
            })
        };
        match self.order.iter().find(|order| self.distinct && !is_listed(&order.node)) {
            None => Ok(&self.order),
            Some(order) if order.node.has_subquery() => {
                let why = "distinct rows cannot be ordered by a subquery: order by an expression that is selected";
                Err(Error::query(why))
            }
            Some(_) => Err(Error::query("distinct rows are ordered by something that is not selected: select it, too")),
        }
    }

    /// Whether a source is grouped by its primary key, on which its other columns depend.
    fn is_settled(&self, source: Source) -> bool {
        let Some(Table::Model(meta)) = self.table_of(source) else { return false };
        let mut key = meta.key_columns().peekable();
        key.peek().is_some() && key.all(|column| self.is_grouped_by(&Node::Column(source, column)))
    }

    fn is_grouped_by(&self, node: &Node) -> bool {
        self.group_by.iter().any(|by| by.is_same(node))
    }

    /// The first column of its own tables in an expression that can have many values in a group. In a subquery only columns
    /// that are grouped by, and what depends on them, have one, as for PostgreSQL.
    fn loose(&self, node: &Node, within: Option<&Within<'_>>) -> Option<Loose> {
        if self.is_grouped_by(node) && (within.is_none() || matches!(node, Node::Column(..))) {
            return None;
        }
        let is_own = |source: Source| self.table_of(source).is_some() && !within.is_some_and(|at| at.declares(source));
        match node {
            // One that reads nothing of the subquery that it stands in is of the groups around it.
            Node::Aggregate { .. }
                if within.is_none()
                    || (node.has_column()
                        && !node.any(&|node| matches!(node, Node::Column(of, _) if !is_own(*of)))) =>
            {
                return None;
            }
            Node::Column(source, column) => {
                return (is_own(*source) && !self.is_settled(*source)).then_some((*source, *column));
            }
            Node::InSelect { select, .. } | Node::Exists { select, .. } | Node::Scalar(select) => {
                let within = Within { select, around: within };
                if let Some(found) = select.nodes().find_map(|node| self.loose(node, Some(&within))) {
                    return Some(found);
                }
            }
            _ => {}
        }
        node.part(&mut |part| self.loose(part, within))
    }

    fn refuse(&self, loose: Option<Loose>) -> Result<()> {
        let Some((source, column)) = loose else { return Ok(()) };
        self.check_groups()?;
        if self.group_by.is_empty() && !self.lists_aggregate() {
            return Err(self.no_groups());
        }
        let table = self.table_of(source).map_or("", |table| table.name().1);
        let name = column.name;
        // Nobody need have written it.
        let whole = self.projection.iter().find_map(|item| match item {
            Projection::Model(of, meta) if *of == source => Some(meta.model),
            _ => None,
        });
        let hint = match whole {
            Some(model) => format!(" (all columns of {model} are read here: `select` those that groups have)"),
            None if self.group_by.iter().any(Node::has_subquery) => {
                " (no subquery is the same as another one)".to_owned()
            }
            None => String::new(),
        };
        Err(Error::query(format!(
            "column \"{name}\" of \"{table}\" can have many values in a group: \
             name it in `group_by`, or take its `min`, `max` or another aggregate{hint}"
        )))
    }

    /// The error of a query that is about groups and makes none.
    #[cold]
    fn no_groups(&self) -> Error {
        let (what, instead) = match self.having.is_empty() {
            false => ("`having` chooses among groups", "choose rows with `filter`"),
            true => ("`order_by` has an aggregate, which is one of a group", "order rows by their own columns"),
        };
        Error::query(format!(
            "{what}, and this query has none: make groups with `group_by`, make all rows one with a `select` of aggregates \
             alone, or {instead}"
        ))
    }
}

/// A column, and the source it is of.
type Loose = (Source, &'static ColumnMeta);

/// The subqueries around an expression, up to the query that is looked at. A query may be used in itself as a subquery, and
/// what it reads is its own there.
pub(super) struct Within<'a> {
    pub(super) select: &'a Select,
    pub(super) around: Option<&'a Within<'a>>,
}

impl Within<'_> {
    pub(super) fn declares(&self, source: Source) -> bool {
        self.select.table_of(source).is_some() || self.around.is_some_and(|around| around.declares(source))
    }
}

impl Node {
    pub(super) fn has_aggregate(&self) -> bool {
        self.any(&|node| matches!(node, Self::Aggregate { .. }))
    }

    fn has_column(&self) -> bool {
        self.any(&|node| matches!(node, Self::Column(..)))
    }
}
