//! What a SELECT is made of, as far as that decides how it is written.

use crate::sql::{Node, Projection, Select};

impl Select {
    /// Whether it is FROM and WHERE only, so that its rows can be counted without being made.
    pub(super) fn is_plain(&self) -> bool {
        !self.distinct
            && self.group_by.is_empty()
            && self.having.is_empty()
            && self.limit.is_none()
            && self.offset.is_none()
            && self.per.is_none()
            && !self.has_aggregate()
    }

    /// Whether its rows are those of tables as they are, in any order: there is nothing to check then.
    pub(super) fn is_bare(&self) -> bool {
        !self.distinct
            && self.group_by.is_empty()
            && self.having.is_empty()
            && self.order.is_empty()
            && self.projection.iter().all(|item| matches!(item, Projection::Model(..)))
    }

    /// Whether there is a subquery in it. Most queries have only conditions to look through.
    pub(super) fn has_subquery(&self) -> bool {
        match self.is_bare() && self.joins.is_empty() && self.per.is_none() {
            true => self.filter.iter().any(Node::has_subquery),
            false => self.nodes().any(Node::has_subquery),
        }
    }

    /// Whether its rows are groups that are not made distinct, so that they can be counted without their list.
    pub(super) fn counts_groups(&self) -> bool {
        !self.group_by.is_empty() && !self.distinct && self.per.is_none()
    }

    /// Whether its rows are made of several rows each.
    pub(super) fn has_groups(&self) -> bool {
        !self.group_by.is_empty() || !self.having.is_empty() || self.has_aggregate()
    }

    /// Whether it makes one row of many without groups.
    pub(super) fn has_aggregate(&self) -> bool {
        self.lists_aggregate() || self.order.iter().any(|order| order.node.has_aggregate())
    }

    pub(super) fn lists_aggregate(&self) -> bool {
        self.projection.iter().any(|item| matches!(item, Projection::Node(node) if node.has_aggregate()))
    }
}
