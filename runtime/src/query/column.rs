//! Columns and expressions: what closures of a query compare, order by and select.

use std::marker::PhantomData;
use std::ops;

use super::select::Query;
use crate::convert::{ColumnType, ComparesWith, Number, Operand, Ordered, Textual};
use crate::meta::ColumnMeta;
use crate::sql::{Aggregate, BinaryOp, MatchMode, Node, Order, Source, UnaryOp};
use crate::value::Kind;

/// A column of a table in a query's scope.
pub struct Column<T> {
    source: Source,
    meta: &'static ColumnMeta,
    ty: PhantomData<fn() -> T>,
}

/// An expression of type `T`.
pub struct Expr<T> {
    node: Node,
    ty: PhantomData<fn() -> T>,
}

/// An item of an ORDER BY: made by `asc()` and `desc()`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Sort(pub(crate) Order);

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<T> {}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<T> std::fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Column({})", self.meta.name)
    }
}

impl<T> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expr({:?})", self.node)
    }
}

impl<T> Column<T> {
    /// A column of a source; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(source: Source, meta: &'static ColumnMeta) -> Self {
        Self { source, meta, ty: PhantomData }
    }

    pub(crate) fn meta(self) -> &'static ColumnMeta {
        self.meta
    }

    fn node(self) -> Node {
        Node::Column(self.source, self.meta)
    }

    fn kind(&self) -> Kind {
        self.meta.kind
    }
}

impl<T> Expr<T> {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, ty: PhantomData }
    }

    pub(crate) fn node(self) -> Node {
        self.node
    }
}

impl<T: ColumnType> Expr<T> {
    fn kind(&self) -> Kind {
        match (&self.node, T::KIND) {
            (Node::Aggregate { kind, .. }, _) => *kind,
            (node, Kind::Decimal(None)) => Kind::Decimal(node.decimal_scale()),
            (_, kind) => kind,
        }
    }
}

// Of two columns that cannot be compared the compiler is to say so, and not which classes they have.
#[diagnostic::do_not_recommend]
impl<C, T: ColumnType<Class: ComparesWith<C>>> Operand<C> for Column<T> {
    fn into_node(self) -> Node {
        self.node()
    }
}

#[diagnostic::do_not_recommend]
impl<C, T: ColumnType<Class: ComparesWith<C>>> Operand<C> for Expr<T> {
    fn into_node(self) -> Node {
        self.node
    }
}

/// Columns of whole numbers beside exact numbers.
#[cfg(feature = "decimal")]
macro_rules! whole {
    ($($ty:ty),*) => {$(
        impl Operand<rust_decimal::Decimal> for Column<$ty> {
            fn into_node(self) -> Node {
                self.node()
            }
        }

        impl Operand<rust_decimal::Decimal> for Expr<$ty> {
            fn into_node(self) -> Node {
                self.node
            }
        }
    )*};
}

#[cfg(feature = "decimal")]
whole!(
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    Option<i8>,
    Option<i16>,
    Option<i32>,
    Option<i64>,
    Option<u8>,
    Option<u16>,
    Option<u32>,
    Option<u64>
);

/// Something that is true or false for a row: a comparison, or a boolean column.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition of a query",
    label = "takes a condition, such as `u.name.eq(\"x\")`; several are joined with `&` and `|`, not with `&&` and `||`"
)]
pub trait Predicate {
    /// The expression it is.
    #[doc(hidden)]
    fn into_node(self) -> Node;
}

impl Predicate for Expr<bool> {
    fn into_node(self) -> Node {
        self.node
    }
}

impl Predicate for Expr<Option<bool>> {
    fn into_node(self) -> Node {
        self.node
    }
}

impl Predicate for Column<bool> {
    fn into_node(self) -> Node {
        self.node()
    }
}

impl Predicate for Column<Option<bool>> {
    fn into_node(self) -> Node {
        self.node()
    }
}

/// The right side of `in_`: a list of values, or a query of one column.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of values for this column",
    label = "expected a list, such as `[1, 2]`, or a query of one column; a single value is compared with `eq`"
)]
pub trait List<C> {
    /// The test that `node` is (not) in it.
    #[doc(hidden)]
    fn contains(self, node: Node, negated: bool) -> Node;
}

impl<C, O: Operand<C>, I: IntoIterator<Item = O>> List<C> for I {
    fn contains(self, node: Node, negated: bool) -> Node {
        let values = self.into_iter().map(Operand::into_node).collect();
        Node::In { node: Box::new(node), values, negated }
    }
}

impl<S: super::Scope, T: ColumnType> List<T::Class> for Query<S, T> {
    fn contains(self, node: Node, negated: bool) -> Node {
        Node::InSelect { node: Box::new(node), select: Box::new(self.into_select()), negated }
    }
}

fn compare<T>(op: BinaryOp, left: Node, right: Node) -> Expr<T> {
    Expr::new(Node::binary(op, left, right))
}

fn aggregate<T>(function: Aggregate, distinct: bool, argument: Node, kind: Kind) -> Expr<T> {
    Expr::new(Node::Aggregate { function, distinct, argument: Some(Box::new(argument)), kind })
}

fn text_match(node: Node, text: &str, mode: MatchMode, ignore_case: bool) -> Expr<bool> {
    Expr::new(Node::Match { node: Box::new(node), text: text.to_owned(), mode, ignore_case })
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $op:ident $(, $bound:ident)?;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, other: impl Operand<T::Class>) -> Expr<bool>
        $(where
            T: $bound,)?
        {
            compare(BinaryOp::$op, self.node(), other.into_node())
        }
    )*};
}

macro_rules! matches {
    ($($(#[$doc:meta])* $name:ident = $mode:ident, $ignore_case:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, text: impl AsRef<str>) -> Expr<bool>
        where
            T: Textual,
        {
            text_match(self.node(), text.as_ref(), MatchMode::$mode, $ignore_case)
        }
    )*};
}

/// The methods that columns and expressions share. They are inherent, so that queries need no trait in scope. What only some
/// types have is a method of all that is bound: where it is missing, the compiler says why.
macro_rules! operators {
    ($this:ident) => {
        impl<T: ColumnType> $this<T> {
            comparisons! {
                /// Equal. A NULL on either side is neither equal nor unequal; see [`Self::is_null`].
                eq = Eq;
                /// Not equal.
                ne = Ne;
            }

            /// One of a list of values, or of the rows of a query that selects one column. An empty list is false.
            pub fn in_(self, list: impl List<T::Class>) -> Expr<bool> {
                Expr::new(list.contains(self.node(), false))
            }

            /// None of a list of values. An empty list is true.
            pub fn not_in(self, list: impl List<T::Class>) -> Expr<bool> {
                Expr::new(list.contains(self.node(), true))
            }

            /// Whether it is NULL.
            pub fn is_null(self) -> Expr<bool> {
                Expr::new(Node::unary(UnaryOp::IsNull, self.node()))
            }

            /// Whether it is not NULL.
            pub fn is_not_null(self) -> Expr<bool> {
                Expr::new(Node::unary(UnaryOp::IsNotNull, self.node()))
            }

            /// Ascending.
            pub fn asc(self) -> Sort {
                let kind = self.kind();
                Sort(Order { node: self.node(), kind, desc: false, nulls_last: None })
            }

            /// Descending.
            pub fn desc(self) -> Sort {
                let kind = self.kind();
                Sort(Order { node: self.node(), kind, desc: true, nulls_last: None })
            }

            /// How many rows have a value here: NULLs do not count, so that a left join counts what it found.
            pub fn count(self) -> Expr<i64> {
                aggregate(Aggregate::Count, false, self.node(), Kind::BigInt)
            }

            /// How many different values there are.
            pub fn count_distinct(self) -> Expr<i64> {
                aggregate(Aggregate::Count, true, self.node(), Kind::BigInt)
            }

            /// This, or another value where this is NULL.
            pub fn coalesce(self, other: impl Operand<T::Class>) -> Expr<T::Inner> {
                Expr::new(Node::Call("coalesce", vec![self.node(), other.into_node()]))
            }

            comparisons! {
                /// Less than.
                lt = Lt, Ordered;
                /// Less than or equal.
                le = Le, Ordered;
                /// Greater than.
                gt = Gt, Ordered;
                /// Greater than or equal.
                ge = Ge, Ordered;
            }

            /// Between two values, both included.
            pub fn between(self, low: impl Operand<T::Class>, high: impl Operand<T::Class>) -> Expr<bool>
            where
                T: Ordered,
            {
                let (low, high) = (Box::new(low.into_node()), Box::new(high.into_node()));
                Expr::new(Node::Between(Box::new(self.node()), low, high))
            }

            /// The smallest value; `None` when there is none.
            pub fn min(self) -> Expr<Option<T::Inner>>
            where
                T: Ordered,
            {
                let kind = self.kind();
                aggregate(Aggregate::Min, false, self.node(), kind)
            }

            /// The greatest value; `None` when there is none.
            pub fn max(self) -> Expr<Option<T::Inner>>
            where
                T: Ordered,
            {
                let kind = self.kind();
                aggregate(Aggregate::Max, false, self.node(), kind)
            }

            matches! {
                /// Contains a text, case-sensitively; `%` and `_` have no special meaning.
                contains = Contains, false;
                /// Starts with a text, case-sensitively.
                starts_with = StartsWith, false;
                /// Ends with a text, case-sensitively.
                ends_with = EndsWith, false;
                /// Contains a text whatever the case; on SQLite that holds for ASCII letters only.
                icontains = Contains, true;
                /// Starts with a text whatever the case.
                istarts_with = StartsWith, true;
                /// Ends with a text whatever the case.
                iends_with = EndsWith, true;
            }

            /// In lower case; on SQLite ASCII letters only.
            pub fn lower(self) -> Expr<T>
            where
                T: Textual,
            {
                Expr::new(Node::Call("lower", vec![self.node()]))
            }

            /// In upper case; on SQLite ASCII letters only.
            pub fn upper(self) -> Expr<T>
            where
                T: Textual,
            {
                Expr::new(Node::Call("upper", vec![self.node()]))
            }
        }

        impl<T: Number> $this<T> {
            /// The sum; `None` of no rows.
            pub fn sum(self) -> Expr<T::Sum> {
                let kind = self.kind();
                aggregate(Aggregate::Sum, false, self.node(), kind)
            }

            /// The average; `None` of no rows.
            pub fn avg(self) -> Expr<T::Average> {
                let kind = self.kind();
                aggregate(Aggregate::Avg, false, self.node(), kind)
            }
        }

        arithmetic! { $this: Add add Add, Sub sub Sub, Mul mul Mul, Div div Div }
    };
}

macro_rules! arithmetic {
    ($this:ident: $($trait:ident $name:ident $op:ident),*) => {$(
        impl<T: Number, R: Operand<T::Class>> ops::$trait<R> for $this<T> {
            type Output = Expr<T::Computed>;

            fn $name(self, other: R) -> Expr<T::Computed> {
                compare(BinaryOp::$op, self.node(), other.into_node())
            }
        }
    )*};
}

operators!(Column);
operators!(Expr);

impl Expr<bool> {
    /// Both.
    pub fn and(self, other: impl Predicate) -> Self {
        Self::new(Node::junction(true, self.node, other.into_node()))
    }

    /// Either, or both.
    pub fn or(self, other: impl Predicate) -> Self {
        Self::new(Node::junction(false, self.node, other.into_node()))
    }
}

/// The opposite.
impl ops::Not for Expr<bool> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Node::unary(UnaryOp::Not, self.node))
    }
}

/// Both; the same as [`Expr::and`].
impl<P: Predicate> ops::BitAnd<P> for Expr<bool> {
    type Output = Self;

    fn bitand(self, other: P) -> Self {
        self.and(other)
    }
}

/// Either; the same as [`Expr::or`].
impl<P: Predicate> ops::BitOr<P> for Expr<bool> {
    type Output = Self;

    fn bitor(self, other: P) -> Self {
        self.or(other)
    }
}

/// The opposite of a boolean column.
impl ops::Not for Column<bool> {
    type Output = Expr<bool>;

    fn not(self) -> Expr<bool> {
        Expr::new(Node::unary(UnaryOp::Not, self.node()))
    }
}

impl Sort {
    /// NULLs behind everything else, on every database.
    pub fn nulls_last(mut self) -> Self {
        self.0.nulls_last = Some(true);
        self
    }

    /// NULLs before everything else, on every database.
    pub fn nulls_first(mut self) -> Self {
        self.0.nulls_last = Some(false);
        self
    }

    /// The other direction.
    pub fn reverse(mut self) -> Self {
        self.0.desc = !self.0.desc;
        self.0.nulls_last = self.0.nulls_last.map(|last| !last);
        self
    }
}

/// How many rows there are: `count(*)`.
#[must_use]
pub fn count() -> Expr<i64> {
    Expr::new(Node::Aggregate { function: Aggregate::Count, distinct: false, argument: None, kind: Kind::BigInt })
}
