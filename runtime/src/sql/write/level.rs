//! Levels of a statement: the query that is written, and those that it stands in. An aggregate is of the innermost one whose
//! rows it reads, and stands where that one has groups, not where it looks at single rows. Servers refuse the others in
//! words of their own, or take them for what they are not.

use super::Writer;
use super::group::Within;
use crate::error::{Error, Result};
use crate::sql::expr::Aggregate;
use crate::sql::{Node, Select};

/// A query or a change that is being written.
#[derive(Default)]
pub(super) struct Level {
    /// Where its sources begin in the scope.
    from: usize,
    part: Part,
}

/// The part of it that is being written.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Part {
    /// What is made of rows or groups: the list, and the order.
    #[default]
    List,
    /// The conditions of a SELECT.
    Filter,
    /// The conditions of an UPDATE or DELETE.
    Changed,
    /// The condition of a join.
    On,
    /// What rows are grouped by.
    Group,
    /// What groups are chosen by.
    Having,
    /// A value that is set.
    Set,
    /// What another aggregate is made of.
    Within(&'static str),
}

impl Writer {
    /// Begins a query, whose sources are declared next; gives what [`Writer::leave`] takes.
    pub(super) fn enter(&mut self) -> usize {
        let from = self.scope.len();
        let around = std::mem::replace(&mut self.level, Level { from, part: Part::List });
        if from > 0 {
            self.around.push(around);
        }
        from
    }

    pub(super) fn leave(&mut self, from: usize) {
        self.scope.truncate(from);
        if let Some(around) = self.around.pop() {
            self.level = around;
        }
    }

    /// Writes a part of the query.
    pub(super) fn write_part(&mut self, part: Part, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let outer = std::mem::replace(&mut self.level.part, part);
        write(self)?;
        self.level.part = outer;
        Ok(())
    }

    /// Conditions that all are true, of which there may be none.
    pub(super) fn write_conditions(&mut self, part: Part, nodes: &[Node]) -> Result<()> {
        if nodes.is_empty() {
            return Ok(());
        }
        self.push(if part == Part::Having { " HAVING " } else { " WHERE " });
        self.write_part(part, |w| {
            if let [node] = nodes {
                return w.write_node(node);
            }
            for (at, node) in nodes.iter().enumerate() {
                if at > 0 {
                    w.push(" AND ");
                }
                w.write_operand(node)?;
            }
            Ok(())
        })
    }

    /// Writes what an aggregate is made of, if it can stand here.
    pub(super) fn write_argument(
        &mut self,
        name: &'static str,
        argument: Option<&Node>,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let own = self.level_of(argument);
        let part = self.around.get_mut(own).map_or(&mut self.level.part, |level| &mut level.part);
        if let Some(error) = part.refusal(name) {
            return Err(error);
        }
        let outer = std::mem::replace(part, Part::Within(name));
        write(self)?;
        *self.around.get_mut(own).map_or(&mut self.level.part, |level| &mut level.part) = outer;
        Ok(())
    }

    /// Whose aggregate it is, counted from the outermost query.
    fn level_of(&self, argument: Option<&Node>) -> usize {
        let innermost = self.around.len();
        if innermost == 0 {
            return 0;
        }
        match argument.and_then(|node| self.last_read(node, None)) {
            Some(place) if place < self.level.from => {
                self.around.iter().rposition(|level| level.from <= place).unwrap_or(innermost)
            }
            _ => innermost,
        }
    }

    /// The last source in the scope of which a column is read.
    fn last_read(&self, node: &Node, within: Option<&Within<'_>>) -> Option<usize> {
        let mut last = match node {
            Node::Column(source, _) if !within.is_some_and(|at| at.declares(*source)) => {
                self.scope.iter().rposition(|(known, _)| known == source)
            }
            Node::InSelect { select, .. } | Node::Exists { select, .. } | Node::Scalar(select) => {
                let within = Within { select, around: within };
                select.nodes().filter_map(|node| self.last_read(node, Some(&within))).max()
            }
            _ => None,
        };
        node.part(&mut |part| {
            last = last.max(self.last_read(part, within));
            None::<()>
        });
        last
    }
}

impl Part {
    /// Why an aggregate cannot stand in it, if it cannot.
    #[inline]
    fn refusal(self, name: &str) -> Option<Error> {
        if matches!(self, Self::List | Self::Having) { None } else { Some(self.refuse(name)) }
    }

    #[cold]
    fn refuse(self, name: &str) -> Error {
        let (place, help) = match self {
            Self::List | Self::Having | Self::Filter => (
                "`filter`, which looks at single rows",
                "choose groups by it with `having`, or take it from a subquery (`select(…).as_expr()`)",
            ),
            Self::Changed => (
                "the `filter` of an update or a delete, which looks at single rows",
                "take it from a subquery (`select(…).as_expr()`), or look for keys in one with `group_by` and `having`",
            ),
            Self::On => (
                "the condition of a join, which looks at single rows",
                "choose groups by it with `having`, or take it from a subquery (`select(…).as_expr()`)",
            ),
            Self::Group => ("`group_by`, which makes the groups", "choose groups by it with `having`"),
            Self::Set => ("what is set in a row", "take it from a subquery (`select(…).as_expr()`)"),
            Self::Within(outer) => {
                let help =
                    "take the inner one from a subquery (`select(…).as_expr()`), or group rows by a query of its own";
                return Error::query(format!("the aggregate `{name}` cannot stand in another one, `{outer}`: {help}"));
            }
        };
        Error::query(format!("the aggregate `{name}` cannot stand in {place}: {help}"))
    }
}

impl Select {
    /// Refuses groups by an aggregate.
    pub(super) fn check_groups(&self) -> Result<()> {
        let found = self.group_by.iter().find_map(Node::aggregate);
        found.and_then(|name| Part::Group.refusal(name)).map_or(Ok(()), Err)
    }
}

impl Aggregate {
    /// Its name in queries.
    pub(super) fn name(self, distinct: bool, argument: Option<&Node>) -> &'static str {
        match self {
            Self::Count if distinct => "count_distinct",
            Self::Count if argument.is_none() => "count_rows",
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

impl Node {
    /// The name of the first aggregate in it.
    pub(super) fn aggregate(&self) -> Option<&'static str> {
        match self {
            Self::Aggregate { function, distinct, argument, .. } => Some(function.name(*distinct, argument.as_deref())),
            _ => self.part(&mut |part| part.aggregate()),
        }
    }
}
