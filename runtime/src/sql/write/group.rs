//! Groups: what may be shown of them, and how each database is told that two expressions are the same.

use super::Writer;
use crate::error::{Error, Result};
use crate::meta::ColumnMeta;
use crate::sql::{Dialect, Node, Projection, Select, Source, Table};

/// What rows are grouped by, while HAVING is written for MySQL.
pub(super) struct Having {
    by: Vec<Node>,
    sources: Vec<Source>,
}

impl Writer {
    pub(super) fn write_groups(&mut self, select: &Select) -> Result<()> {
        if !select.group_by.is_empty() {
            self.push(" GROUP BY ");
            self.separated_nodes(&select.group_by, ", ")?;
        }
        self.having = (self.dialect == Dialect::Mysql && !select.having.is_empty()).then(|| Having::of(select));
        let outcome = self.write_conditions(" HAVING ", &select.having);
        self.having = None;
        outcome
    }

    /// What has one value in each group, as the least of all; in an aggregate each row counts. MySQL knows only names in HAVING, those of columns that are
    /// listed or grouped by: <https://dev.mysql.com/doc/refman/8.4/en/select.html>.
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

    /// Writes a part in which groups are those of another query, or of none.
    pub(super) fn apart(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let (grouped, having) = (self.grouped.take(), self.having.take());
        let outcome = body(self);
        (self.grouped, self.having) = (grouped, having);
        outcome
    }
}

impl Having {
    fn of(select: &Select) -> Self {
        let joined = select.joins.iter().map(|join| join.source);
        Self { by: select.group_by.clone(), sources: std::iter::once(select.source).chain(joined).collect() }
    }

    fn is_wrapped(&self, node: &Node) -> bool {
        let is_grouped = || self.by.iter().any(|by| by.is_same(node));
        match node {
            Node::Column(source, _) => self.sources.contains(source) && !is_grouped(),
            Node::Bind(_) | Node::Constant(_) => false,
            _ => is_grouped(),
        }
    }
}

impl Select {
    /// Refuses what is not one value for each group. PostgreSQL does, and so does MySQL unless it is set otherwise; SQLite
    /// and MariaDB would give that of any row.
    pub(super) fn check_groups(&self) -> Result<()> {
        if self.group_by.is_empty() && self.having.is_empty() && !self.has_aggregate() {
            return Ok(());
        }
        let of_model = |source: Source, table: Table| match table {
            Table::Model(meta) if !self.is_settled(source) => {
                meta.columns.iter().find(|column| self.loose(&Node::Column(source, column)).is_some())
            }
            _ => None,
        };
        let shown = self.projection.iter().find_map(|item| match item {
            Projection::Model(source, meta) => of_model(*source, Table::Model(meta)).map(|column| (*source, column)),
            Projection::Node(node) => self.loose(node),
        });
        let ordered = || self.order.iter().find_map(|order| self.loose(&order.node));
        match shown.or_else(|| self.having.iter().find_map(|node| self.loose(node))).or_else(ordered) {
            Some((source, column)) => Err(self.ungrouped(source, column)),
            None => Ok(()),
        }
    }

    /// Refuses to order distinct rows by what is not among them, which each of them can have many of. PostgreSQL does.
    pub(super) fn check_distinct(&self) -> Result<()> {
        let is_listed = |node: &Node| {
            self.projection.iter().any(|item| match (item, node) {
                (Projection::Model(source, _), Node::Column(of, _)) => source == of,
                (Projection::Model(..), _) => false,
                (Projection::Node(listed), node) => listed.is_same(node),
            })
        };
        if self.distinct && !self.order.iter().all(|order| is_listed(&order.node)) {
            return Err(Error::query("distinct rows are ordered by something that is not selected: select it, too"));
        }
        Ok(())
    }

    /// Whether it makes one row of many without groups.
    pub(super) fn has_aggregate(&self) -> bool {
        let is_aggregate = |node: &Node| node.any(&|node| matches!(node, Node::Aggregate { .. }));
        let listed = |item: &Projection| matches!(item, Projection::Node(node) if is_aggregate(node));
        self.projection.iter().any(listed) || self.order.iter().any(|order| is_aggregate(&order.node))
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

    /// The first column of its own tables in an expression that can have many values in a group.
    fn loose(&self, node: &Node) -> Option<(Source, &'static ColumnMeta)> {
        if self.is_grouped_by(node) {
            return None;
        }
        let inner = match node {
            Node::Aggregate { .. } => return None,
            Node::Column(source, column) => {
                return (self.table_of(*source).is_some() && !self.is_settled(*source)).then_some((*source, *column));
            }
            Node::InSelect { select, .. } | Node::Exists { select, .. } | Node::Scalar(select) => Some(select),
            _ => None,
        };
        let inner = inner.and_then(|select| select.nodes().find_map(|node| self.loose(node)));
        inner.or_else(|| node.part(&mut |part| self.loose(part)))
    }

    #[cold]
    fn ungrouped(&self, source: Source, column: &ColumnMeta) -> Error {
        let table = self.table_of(source).map_or("", |table| table.name().1);
        let name = column.name;
        Error::query(format!(
            "column \"{name}\" of \"{table}\" can have many values in a group: \
             name it in `group_by`, or take its `min`, `max` or another aggregate"
        ))
    }
}
