//! What `select` takes: columns, expressions, whole models, and tuples of them.

use super::column::{Column, Expr};
use super::model::{Model, ModelColumns};
use super::scope::Nullability;
use crate::convert::{ColumnType, Operand};
use crate::error::Result;
use crate::row::Row;
use crate::sql::{Node, Projection};

/// What a query can select or group by.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected",
    label = "expected a column, an expression, the columns of a model, or a tuple of up to 12 of them",
    note = "related rows come along with `include`, or with `join` as a model of the query"
)]
pub trait Selection {
    /// What a row of it is.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn project(self, out: &mut Vec<Projection>);
    #[doc(hidden)]
    fn decode(row: &Row<'_>, at: &mut usize) -> Result<Self::Output>;
}

fn next(at: &mut usize) -> usize {
    let now = *at;
    *at += 1;
    now
}

impl<T: ColumnType> Selection for Column<T> {
    type Output = T::Value;

    fn project(self, out: &mut Vec<Projection>) {
        out.push(Projection::Node(self.into_node()));
    }

    fn decode(row: &Row<'_>, at: &mut usize) -> Result<T::Value> {
        T::take(row, next(at))
    }
}

impl<T: ColumnType> Selection for Expr<T> {
    type Output = T::Value;

    fn project(self, out: &mut Vec<Projection>) {
        out.push(Projection::Node(self.into_node()));
    }

    fn decode(row: &Row<'_>, at: &mut usize) -> Result<T::Value> {
        T::take(row, next(at))
    }
}

#[diagnostic::do_not_recommend]
impl<C: ModelColumns> Selection for C {
    type Output = <C::Nullability as Nullability>::Row<C::Model>;

    fn project(self, out: &mut Vec<Projection>) {
        out.push(Projection::Model(self.source(), C::Model::meta()));
    }

    fn decode(row: &Row<'_>, at: &mut usize) -> Result<Self::Output> {
        let first = *at;
        *at += C::Model::meta().columns.len();
        C::Nullability::decode::<C::Model>(row, first)
    }
}

macro_rules! tuples {
    ($($T:ident $at:tt),*) => {
        impl<$($T: Selection),*> Selection for ($($T,)*) {
            type Output = ($($T::Output,)*);

            fn project(self, out: &mut Vec<Projection>) {
                $(self.$at.project(out);)*
            }

            fn decode(row: &Row<'_>, at: &mut usize) -> Result<Self::Output> {
                Ok(($($T::decode(row, at)?,)*))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

/// The expressions of a selection, for GROUP BY.
pub(crate) fn nodes(selection: impl Selection) -> Vec<Node> {
    let mut projections = Vec::new();
    selection.project(&mut projections);
    let mut nodes = Vec::with_capacity(projections.len());
    for projection in projections {
        match projection {
            Projection::Node(node) => nodes.push(node),
            Projection::Model(source, meta) => {
                nodes.extend(meta.columns.iter().map(|column| Node::Column(source, column)));
            }
        }
    }
    nodes
}
