//! Eager loading: related rows come along in one more statement per relation, and stand in the row's type.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use super::handle::{Many, One, Optional, Rel, Typed, join_between};
use super::keys::Keys;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::meta::RelationMeta;
use crate::query::{Model, NotNull, Predicate, SortList, fetch_each};
use crate::sql::{Node, Order, Projection, Select, Source, Table};
use crate::value::Value;

type Loading<'c, T> = Pin<Box<dyn Future<Output = Result<Vec<T>>> + Send + 'c>>;

/// How many keys one statement takes at most; below every database's bind limit with room for filters.
const KEYS_PER_STATEMENT: usize = 4096;

/// Related rows of a relation, loaded along with rows of `P`.
pub struct With<P, C, K, I = ()> {
    meta: &'static RelationMeta,
    select: Select,
    limit: Option<u64>,
    includes: I,
    ty: Typed<P, C, K>,
}

impl<P, C, K, I> std::fmt::Debug for With<P, C, K, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "With({})", self.meta.name)
    }
}

impl<P, C, K, I: Clone> Clone for With<P, C, K, I> {
    fn clone(&self) -> Self {
        let (meta, select, limit) = (self.meta, self.select.clone(), self.limit);
        Self { meta, select, limit, includes: self.includes.clone(), ty: PhantomData }
    }
}

/// What `include` takes: a relation, or a relation with filter, order, limit and includes of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{P}`",
    label = "`include` takes a relation of the queried model, such as `u.posts`"
)]
pub trait IntoInclude<P> {
    /// What is loaded.
    type Include: Include<P>;

    #[doc(hidden)]
    fn into_include(self) -> Self::Include;
}

/// Something that is loaded for every row of `P`.
pub trait Include<P>: Send + 'static {
    /// What a row gets.
    type Out: Send + 'static;

    #[doc(hidden)]
    fn load<'c>(self, parents: &'c [P], lease: &'c mut Lease<'_>) -> Loading<'c, Self::Out>;
}

/// Everything that is loaded along with rows of `P`: a tuple of includes.
pub trait IncludeList<P>: Send + Sized + 'static {
    /// A row with what was loaded for it.
    type Row: Send + 'static;

    #[doc(hidden)]
    fn load_all(self, rows: Vec<P>, lease: &mut Lease<'_>) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;
}

impl<P: Send + 'static> IncludeList<P> for () {
    type Row = P;

    async fn load_all(self, rows: Vec<P>, _: &mut Lease<'_>) -> Result<Vec<P>> {
        Ok(rows)
    }
}

macro_rules! include_lists {
    ($($I:ident $at:tt $name:ident),*) => {
        impl<P: Send + Sync + 'static, $($I: Include<P>),*> IncludeList<P> for ($($I,)*) {
            type Row = (P, $($I::Out,)*);

            async fn load_all(self, rows: Vec<P>, lease: &mut Lease<'_>) -> Result<Vec<Self::Row>> {
                $(let mut $name = self.$at.load(&rows, lease).await?.into_iter();)*
                let mut out = Vec::with_capacity(rows.len());
                for row in rows {
                    // Each include gives as many items as there are rows.
                    let ($(Some($name),)*) = ($($name.next(),)*) else { break };
                    out.push((row, $($name,)*));
                }
                Ok(out)
            }
        }
    };
}

include_lists!(A 0 a);
include_lists!(A 0 a, B 1 b);
include_lists!(A 0 a, B 1 b, C 2 c);
include_lists!(A 0 a, B 1 b, C 2 c, D 3 d);
include_lists!(A 0 a, B 1 b, C 2 c, D 3 d, E 4 e);
include_lists!(A 0 a, B 1 b, C 2 c, D 3 d, E 4 e, F 5 f);
include_lists!(A 0 a, B 1 b, C 2 c, D 3 d, E 4 e, F 5 f, G 6 g);
include_lists!(A 0 a, B 1 b, C 2 c, D 3 d, E 4 e, F 5 f, G 6 g, H 7 h);

/// How many related rows a row has, and how they are handed out.
pub trait Cardinality: Send + 'static {
    /// What a row gets of related rows `R`.
    type Out<R: Send + 'static>: Send + 'static;

    #[doc(hidden)]
    fn distribute<R: Clone + Send + 'static>(loaded: Loaded<R>, meta: &RelationMeta) -> Result<Vec<Self::Out<R>>>;
}

/// Related rows with the groups they belong to.
#[doc(hidden)]
pub struct Loaded<R> {
    /// The group of each parent; none where its key is NULL.
    parents: Vec<Option<u32>>,
    /// How many groups there are.
    groups: usize,
    /// The group of each related row.
    numbers: Vec<u32>,
    /// The related rows.
    rows: Vec<R>,
}

impl<R> Loaded<R> {
    /// The related rows of a single parent.
    pub(crate) fn of_one(rows: Vec<R>) -> Self {
        Self { parents: vec![Some(0)], groups: 1, numbers: vec![0; rows.len()], rows }
    }
}

impl<R: Clone> Loaded<R> {
    /// The rows of each parent. The last parent of a group gets the rows themselves, others copies.
    pub(crate) fn per_parent(self) -> Vec<Vec<R>> {
        let (mut users, mut rows) = (vec![0_u32; self.groups], vec![0_u32; self.groups]);
        for group in self.parents.iter().flatten() {
            users[*group as usize] += 1;
        }
        for group in &self.numbers {
            rows[*group as usize] += 1;
        }
        let mut groups: Vec<Vec<R>> = rows.into_iter().map(|rows| Vec::with_capacity(rows as usize)).collect();
        for (group, row) in self.numbers.into_iter().zip(self.rows) {
            groups[group as usize].push(row);
        }
        let mut take = |group: u32| {
            let group = group as usize;
            users[group] -= 1;
            if users[group] == 0 { std::mem::take(&mut groups[group]) } else { groups[group].clone() }
        };
        self.parents.into_iter().map(|group| group.map_or_else(Vec::new, &mut take)).collect()
    }
}

impl Cardinality for Many {
    type Out<R: Send + 'static> = Vec<R>;

    fn distribute<R: Clone + Send + 'static>(loaded: Loaded<R>, _: &RelationMeta) -> Result<Vec<Vec<R>>> {
        Ok(loaded.per_parent())
    }
}

impl Cardinality for Optional {
    type Out<R: Send + 'static> = Option<R>;

    fn distribute<R: Clone + Send + 'static>(loaded: Loaded<R>, _: &RelationMeta) -> Result<Vec<Option<R>>> {
        Ok(loaded.per_parent().into_iter().map(|rows| rows.into_iter().next()).collect())
    }
}

impl Cardinality for One {
    type Out<R: Send + 'static> = R;

    fn distribute<R: Clone + Send + 'static>(loaded: Loaded<R>, meta: &RelationMeta) -> Result<Vec<R>> {
        let first = |rows: Vec<R>| rows.into_iter().next().ok_or_else(|| dangling(meta));
        loaded.per_parent().into_iter().map(first).collect()
    }
}

fn dangling(meta: &RelationMeta) -> Error {
    let (parent, child, name) = (meta.parent.model, meta.child.model, meta.name);
    let message = format!("a {parent} refers by \"{name}\" to a {child} that does not exist");
    Error::new(ErrorKind::NotFound, message)
}

impl<P: Model, C: Model, K> With<P, C, K> {
    pub(crate) fn new(meta: &'static RelationMeta) -> Self {
        let select = Select::all(Source::new(), meta.child);
        Self { meta, select, limit: None, includes: (), ty: PhantomData }
    }
}

impl<P: Model, C: Model, K, I> With<P, C, K, I> {
    /// Loads only related rows for which a condition is true.
    pub fn filter<R: Predicate>(
        mut self,
        condition: impl FnOnce(C::Columns<NotNull>) -> R,
    ) -> With<P, C, K::Filtered, I>
    where
        K: Filter,
    {
        self.select.filter.push(condition(C::columns(self.select.source)).into_node());
        let Self { meta, select, limit, includes, .. } = self;
        With { meta, select, limit, includes, ty: PhantomData }
    }
}

/// What becomes of a cardinality when related rows are filtered: the one row may be missing then.
pub trait Filter {
    /// The cardinality after the filter.
    type Filtered: Cardinality;
}

impl Filter for Many {
    type Filtered = Many;
}

impl Filter for One {
    type Filtered = Optional;
}

impl Filter for Optional {
    type Filtered = Optional;
}

impl<P: Model, C: Model, I> With<P, C, Many, I> {
    /// Orders the related rows of each row.
    pub fn order_by<L: SortList>(mut self, order: impl FnOnce(C::Columns<NotNull>) -> L) -> Self {
        order(C::columns(self.select.source)).push_to(&mut self.select.order);
        self
    }

    /// At most so many related rows for each row.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }
}

impl<P: Model, C: Model, K: Filter> Rel<P, C, K> {
    /// For `include`: loads only related rows for which a condition is true.
    pub fn filter<R: Predicate>(self, condition: impl FnOnce(C::Columns<NotNull>) -> R) -> With<P, C, K::Filtered> {
        self.with().filter(condition)
    }
}

impl<P: Model, C: Model> Rel<P, C, Many> {
    /// For `include`: orders the related rows of each row.
    pub fn order_by<L: SortList>(self, order: impl FnOnce(C::Columns<NotNull>) -> L) -> With<P, C, Many> {
        self.with().order_by(order)
    }

    /// For `include`: at most so many related rows for each row.
    pub fn limit(self, rows: u64) -> With<P, C, Many> {
        self.with().limit(rows)
    }
}

impl<P: Model, C: Model, K> Rel<P, C, K> {
    /// For `include`: loads rows that are related to the related rows.
    pub fn include<R: IntoInclude<C>>(
        self,
        relation: impl FnOnce(C::Columns<NotNull>) -> R,
    ) -> With<P, C, K, (R::Include,)> {
        self.with().include(relation)
    }
}

macro_rules! nested_includes {
    ($($I:ident $at:tt),*) => {
        impl<P: Model, C: Model, K, $($I),*> With<P, C, K, ($($I,)*)> {
            /// Loads rows that are related to the related rows.
            pub fn include<R: IntoInclude<C>>(
                self,
                relation: impl FnOnce(C::Columns<NotNull>) -> R,
            ) -> With<P, C, K, ($($I,)* R::Include,)> {
                let include = relation(C::columns(self.select.source)).into_include();
                let includes = ($(self.includes.$at,)* include,);
                With { meta: self.meta, select: self.select, limit: self.limit, includes, ty: PhantomData }
            }
        }
    };
}

nested_includes!();
nested_includes!(A 0);
nested_includes!(A 0, B 1);
nested_includes!(A 0, B 1, D 2);
nested_includes!(A 0, B 1, D 2, E 3);

impl<P: Model, C: Model, K: Cardinality> IntoInclude<P> for Rel<P, C, K> {
    type Include = With<P, C, K>;

    fn into_include(self) -> With<P, C, K> {
        self.with()
    }
}

impl<P: Model, C: Model, K: Cardinality, I: IncludeList<C, Row: Clone>> IntoInclude<P> for With<P, C, K, I> {
    type Include = Self;

    fn into_include(self) -> Self {
        self
    }
}

impl<P: Model, C: Model, K: Cardinality, I: IncludeList<C, Row: Clone>> Include<P> for With<P, C, K, I> {
    type Out = K::Out<I::Row>;

    fn load<'c>(self, parents: &'c [P], lease: &'c mut Lease<'_>) -> Loading<'c, Self::Out> {
        Box::pin(async move {
            let Self { meta, select, limit, includes, .. } = self;
            let mut plan = Plan::new(meta, select, limit);
            for parent in parents {
                plan.parent(|column| parent.value(column))?;
            }
            let mut rows: Vec<C> = Vec::new();
            let mut groups: Vec<u32> = Vec::new();
            for select in plan.statements() {
                let each = &mut |row: &crate::Row<'_>| {
                    let child = C::decode(row, 0)?;
                    if let Some(group) = plan.group(row, |column| child.value(column))? {
                        rows.push(child);
                        groups.push(group);
                    }
                    Ok(())
                };
                fetch_each(&select, lease, each).await?;
            }
            let rows = includes.load_all(rows, lease).await?;
            K::distribute(plan.loaded(groups, rows), meta)
        })
    }
}

/// The untyped part of a load: keys of parents in, statements and groups out.
pub(crate) struct Plan {
    meta: &'static RelationMeta,
    select: Select,
    /// The nodes that hold the parent's key in the related rows.
    near: Vec<Node>,
    /// Where the key stands in a row, when it is not a column of the related model.
    key_at: usize,
    keys: Keys,
    parents: Vec<Option<u32>>,
}

impl Plan {
    pub(crate) fn new(meta: &'static RelationMeta, mut select: Select, limit: Option<u64>) -> Self {
        let near: Vec<Node> = match meta.through {
            None => {
                let columns = meta.on.iter().filter_map(|&(_, child)| meta.child.columns.get(child));
                columns.map(|column| Node::Column(select.source, column)).collect()
            }
            Some(through) => {
                let between = Source::new();
                select.joins.push(join_between(meta, through, select.source, between));
                through.near.iter().map(|(_, column)| Node::Column(between, column)).collect()
            }
        };
        if meta.through.is_some() {
            select.projection.extend(near.iter().cloned().map(Projection::Node));
        }
        if let Some(limit) = limit {
            if select.order.is_empty() {
                select.order = key_order(&select);
            }
            select.per = Some((near.clone(), limit));
        }
        let key_at = meta.child.columns.len();
        Self { meta, select, near, key_at, keys: Keys::default(), parents: Vec::new() }
    }

    /// Takes the key of a parent.
    pub(crate) fn parent<'v>(&mut self, value: impl Fn(usize) -> Result<Value<'v>>) -> Result<()> {
        let number = match self.meta.through {
            None => self.keys.add(self.meta.on.iter().map(|&(parent, _)| value(parent)))?,
            Some(through) => self.keys.add(through.near.iter().map(|(parent, _)| value(*parent)))?,
        };
        self.parents.push(number);
        Ok(())
    }

    /// One statement for every so many keys.
    pub(crate) fn statements(&self) -> Vec<Select> {
        let chunk = KEYS_PER_STATEMENT / self.near.len().max(1);
        self.keys.values.chunks(chunk).map(|keys| self.statement(keys)).collect()
    }

    /// Lists are filled up to a power of two, so that few different texts are prepared.
    fn statement(&self, keys: &[Vec<Value<'static>>]) -> Select {
        let mut select = self.select.clone();
        let width = keys.len().next_power_of_two();
        let padded = keys.iter().chain(keys.last().into_iter().cycle()).take(width);
        select.filter.insert(
            0,
            match self.near.as_slice() {
                [node] => {
                    let values = padded.filter_map(|key| key.first()).map(|value| Node::Bind(value.clone())).collect();
                    Node::In { node: Box::new(node.clone()), values, negated: false }
                }
                nodes => Node::InRows { nodes: nodes.to_vec(), rows: padded.cloned().collect() },
            },
        );
        select
    }

    /// The group of a related row.
    pub(crate) fn group<'v>(
        &self,
        row: &crate::Row<'_>,
        value: impl Fn(usize) -> Result<Value<'v>>,
    ) -> Result<Option<u32>> {
        match (self.meta.through, self.meta.on) {
            (None, [(_, column)]) => match value(*column)? {
                Value::Int(int) => Ok(self.keys.find_int(int)),
                other => Ok(self.keys.find(&[other])),
            },
            (None, on) => {
                let parts: Vec<Value<'v>> = on.iter().map(|&(_, child)| value(child)).collect::<Result<_>>()?;
                Ok(self.keys.find(&parts))
            }
            (Some(through), _) => {
                let parts = through.near.iter().enumerate();
                let parts: Vec<Value<'_>> =
                    parts.map(|(at, (_, column))| row.value(self.key_at + at, column.kind)).collect::<Result<_>>()?;
                Ok(self.keys.find(&parts))
            }
        }
    }

    /// The related rows, each with the group that it is in.
    pub(crate) fn loaded<R>(self, numbers: Vec<u32>, rows: Vec<R>) -> Loaded<R> {
        Loaded { parents: self.parents, groups: self.keys.values.len(), numbers, rows }
    }
}

/// The order of the primary key, or of all columns.
pub(crate) fn key_order(select: &Select) -> Vec<Order> {
    let Table::Model(meta) = select.table else { return Vec::new() };
    let all: Vec<usize> = (0..meta.columns.len()).collect();
    let columns = if meta.key.is_empty() { &all } else { meta.key };
    let columns = columns.iter().filter_map(|&at| meta.columns.get(at));
    let node = |column| Node::Column(select.source, column);
    columns.map(|column| Order { node: node(column), kind: column.kind, desc: false, nulls_last: None }).collect()
}
