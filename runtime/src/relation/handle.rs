//! Relation handles: what closures of a query get beside columns.

use std::marker::PhantomData;

use super::include::With;
use crate::error::Result;
use crate::meta::{ColumnMeta, ForeignKeyMeta, ModelMeta, RelationMeta};
use crate::query::{Expr, IntoKey, Keyed, Model, NotNull, Predicate};
use crate::sql::{Join, Node, Select, Source, Table, UnaryOp};
use crate::value::Value;

/// To any number of rows.
#[derive(Debug, Clone, Copy)]
pub enum Many {}
/// To exactly one row.
#[derive(Debug, Clone, Copy)]
pub enum One {}
/// To one row or none.
#[derive(Debug, Clone, Copy)]
pub enum Optional {}

/// Types that a relation is about and holds no values of.
pub(super) type Typed<P, C, K> = PhantomData<fn() -> (P, C, K)>;

/// A relation from `P` to `C` of a cardinality, seen from a row of a query.
pub struct Rel<P, C, K> {
    source: Source,
    meta: &'static RelationMeta,
    ty: Typed<P, C, K>,
}

/// A relation to any number of rows: has-many, or many-to-many.
pub type ToMany<P, C> = Rel<P, C, Many>;
/// A relation to exactly one row: belongs-to over a key that is never NULL.
pub type ToOne<P, C> = Rel<P, C, One>;
/// A relation to one row or none: belongs-to over a key that may be NULL, or has-one.
pub type ToOptional<P, C> = Rel<P, C, Optional>;

impl<P, C, K> Clone for Rel<P, C, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, C, K> Copy for Rel<P, C, K> {}

impl<P, C, K> std::fmt::Debug for Rel<P, C, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rel({})", self.meta.name)
    }
}

/// Anything that leads from a row of a query to rows of another model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation",
    label = "takes a relation, such as `u.posts`; tables that no relation joins are joined by `join_on` and `left_join_on`"
)]
pub trait Relation {
    /// The model it leads to.
    type Target: Model;

    #[doc(hidden)]
    fn parts(self) -> (Source, &'static RelationMeta);
}

impl<P: Model, C: Model, K> Relation for Rel<P, C, K> {
    type Target = C;

    fn parts(self) -> (Source, &'static RelationMeta) {
        (self.source, self.meta)
    }
}

impl<P: Model, C: Model, K> Rel<P, C, K> {
    /// A relation of a source; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(source: Source, meta: &'static RelationMeta) -> Self {
        Self { source, meta, ty: PhantomData }
    }

    /// Whether there is a related row for which a condition is true.
    pub fn any<R: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> R) -> Expr<bool> {
        let (source, mut select) = self.children();
        select.filter.push(condition(C::columns(source)).into_node());
        Expr::new(exists(select))
    }

    /// Whether there is no related row for which a condition is true.
    pub fn none<R: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> R) -> Expr<bool> {
        let (source, mut select) = self.children();
        select.filter.push(condition(C::columns(source)).into_node());
        Expr::new(Node::Exists { select: Box::new(select), negated: true })
    }

    /// Whether there is any related row.
    pub fn exists(self) -> Expr<bool> {
        Expr::new(exists(self.children().1))
    }

    /// Whether there is no related row.
    pub fn is_empty(self) -> Expr<bool> {
        Expr::new(Node::Exists { select: Box::new(self.children().1), negated: true })
    }

    /// How many related rows there are, as a subquery.
    pub fn count(self) -> Expr<i64> {
        let (_, mut select) = self.children();
        select.projection = vec![crate::sql::Projection::Node(crate::query::count_rows().node())];
        Expr::new(Node::Scalar(Box::new(select)))
    }

    /// The related rows as a subquery that looks out at the row.
    fn children(self) -> (Source, Select) {
        children(self.source, self.meta)
    }

    pub(crate) fn with(self) -> With<P, C, K> {
        With::new(self.meta)
    }
}

impl<P: Model, C: Model> Rel<P, C, One> {
    /// Whether a condition is true for the related row.
    pub fn has<R: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> R) -> Expr<bool> {
        self.any(condition)
    }
}

impl<P: Model, C: Model> Rel<P, C, Optional> {
    /// Whether there is a related row and a condition is true for it.
    pub fn has<R: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> R) -> Expr<bool> {
        self.any(condition)
    }
}

/// To one row at most.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a relation to any number of rows does not equal one of them",
    label = "`contains` tells whether a row is one of them"
)]
pub trait ToOneAtMost {}
impl ToOneAtMost for One {}
impl ToOneAtMost for Optional {}

/// To any number of rows.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a relation to one row contains no others",
    label = "`eq` tells whether a row is the one"
)]
pub trait ToAnyNumber {}
impl ToAnyNumber for Many {}

impl<P: Model, C: Model, K> Rel<P, C, K> {
    /// Whether the related row is this one: a row in hand, or its key. False where there is none. A comparison of the foreign
    /// key where this row has that and it is to the primary key, else a subquery; for a row that a left join did not find it may
    /// be NULL, like a column.
    pub fn eq(self, row: impl IntoKey<C>) -> Expr<bool>
    where
        C: Keyed,
        K: ToOneAtMost,
    {
        Expr::new(leads_to(self.source, self.meta, key_of(row)))
    }

    /// Whether this is one of the related rows: a row in hand, or its key. A subquery.
    pub fn contains(self, row: impl IntoKey<C>) -> Expr<bool>
    where
        C: Keyed,
        K: ToAnyNumber,
    {
        Expr::new(leads_to(self.source, self.meta, key_of(row)))
    }
}

fn key_of<C: Keyed>(row: impl IntoKey<C>) -> Result<Vec<Value<'static>>> {
    let mut key = Vec::with_capacity(1);
    let put = row.into_ref().parts(C::META.key.len(), &mut |value| {
        key.push(value.to_static());
        Ok(())
    });
    put.map(|()| key)
}

fn exists(select: Select) -> Node {
    Node::Exists { select: Box::new(select), negated: false }
}

/// The rows that a relation leads to as a subquery that looks out at the row of a source.
fn children(parent: Source, meta: &'static RelationMeta) -> (Source, Select) {
    let source = Source::new();
    let mut select = Select::all(source, meta.child);
    let on = match meta.through {
        None => pairs(parent, meta.parent, source, meta.child, meta.on),
        Some(through) => {
            let between = Source::new();
            let table = Table::Through(through);
            let on = far_pairs(between, through.far, source, meta.child);
            select.joins.push(Join { left: false, source: between, table, on });
            near_pairs(parent, meta.parent, through.near, between)
        }
    };
    select.filter.push(on);
    (source, select)
}

/// Whether a relation leads to the row of a primary key: by the foreign key alone where that is a reference to it. NULL only
/// where the row itself is one that a left join did not find.
fn leads_to(parent: Source, meta: &'static RelationMeta, key: Result<Vec<Value<'static>>>) -> Node {
    let key = match key {
        Ok(key) => key.into_iter().map(|value| Node::bind(Ok(value))),
        Err(error) => return Node::bind(Err(error)),
    };
    let Some(own) = reference(meta) else {
        let (source, mut select) = children(parent, meta);
        let columns = meta.child.key.iter().filter_map(|&at| column(meta.child, source, at));
        select.filter.push(Node::equal_pairs(columns.zip(key)));
        return exists(select);
    };
    let is_nullable = |at: &&usize| meta.parent.columns.get(**at).is_some_and(|column| column.nullable);
    let columns = own.iter().filter_map(|&at| column(meta.parent, parent, at));
    let same = Node::equal_pairs(columns.zip(key));
    let there = own.iter().filter(is_nullable).filter_map(|&at| column(meta.parent, parent, at));
    let mut nodes: Vec<Node> = there.map(|column| Node::unary(UnaryOp::IsNotNull, column)).collect();
    if nodes.is_empty() {
        return same;
    }
    nodes.insert(0, same);
    Node::Junction { all: true, nodes }
}

/// The columns of the foreign key by which a relation refers to the primary key, in the order of that.
fn reference(meta: &'static RelationMeta) -> Option<Vec<usize>> {
    let refers = |key: &ForeignKeyMeta| {
        let mut pairs = key.columns.iter().zip(key.targets);
        meta.child.is_target_of(key)
            && key.columns.len() == meta.on.len()
            && pairs.all(|(&own, &target)| meta.on.contains(&(own, target)))
    };
    if meta.through.is_some() || meta.child.key.len() != meta.on.len() || !meta.parent.foreign_keys.iter().any(refers) {
        return None;
    }
    let of = |child: usize| meta.on.iter().find(|(_, to)| *to == child).map(|(own, _)| *own);
    meta.child.key.iter().map(|&child| of(child)).collect()
}

fn column(meta: &'static ModelMeta, source: Source, at: usize) -> Option<Node> {
    meta.columns.get(at).map(|column| Node::Column(source, column))
}

fn pairs(
    left: Source,
    left_meta: &'static ModelMeta,
    right: Source,
    right_meta: &'static ModelMeta,
    on: &[(usize, usize)],
) -> Node {
    Node::equal_pairs(
        on.iter().filter_map(|&(l, r)| Some((column(left_meta, left, l)?, column(right_meta, right, r)?))),
    )
}

fn near_pairs(parent: Source, meta: &'static ModelMeta, near: &'static [(usize, ColumnMeta)], between: Source) -> Node {
    Node::equal_pairs(
        near.iter().filter_map(|(at, near)| Some((column(meta, parent, *at)?, Node::Column(between, near)))),
    )
}

fn far_pairs(between: Source, far: &'static [(ColumnMeta, usize)], child: Source, meta: &'static ModelMeta) -> Node {
    Node::equal_pairs(far.iter().filter_map(|(far, at)| Some((Node::Column(between, far), column(meta, child, *at)?))))
}

/// The join of the table between to the children, for loads that begin at the children.
pub(crate) fn join_between(
    meta: &'static RelationMeta,
    through: &'static crate::meta::ThroughMeta,
    child: Source,
    between: Source,
) -> Join {
    let on = far_pairs(between, through.far, child, meta.child);
    Join { left: false, source: between, table: Table::Through(through), on }
}

/// The joins that lead from a row over a relation to its related rows.
pub(crate) fn push_joins(joins: &mut Vec<Join>, left: bool, from: Source, meta: &'static RelationMeta, source: Source) {
    let table = Table::Model(meta.child);
    match meta.through {
        None => joins.push(Join { left, source, table, on: pairs(from, meta.parent, source, meta.child, meta.on) }),
        Some(through) => {
            let between = Source::new();
            let on = near_pairs(from, meta.parent, through.near, between);
            joins.push(Join { left, source: between, table: Table::Through(through), on });
            joins.push(Join { left, source, table, on: far_pairs(between, through.far, source, meta.child) });
        }
    }
}
