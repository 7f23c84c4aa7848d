//! What a query reads from: one model, or a tuple of models and `Maybe` models.

use std::marker::PhantomData;

use super::model::Model;
use crate::convert::ColumnType;
use crate::error::Result;
use crate::row::Row;
use crate::sql::Source;

/// Whether the columns of a model are there for certain, or come from a left join.
pub trait Nullability: Copy + Send + Sync + 'static {
    /// The type of a column that the table declares as `T`.
    type Of<T: ColumnType>: ColumnType<Inner = T::Inner, Class = T::Class>;
    /// What a row of the model is.
    type Row<M: Model>: Send + 'static;

    #[doc(hidden)]
    fn decode<M: Model>(row: &Row<'_>, at: usize) -> Result<Self::Row<M>>;
}

/// The row is there.
#[derive(Debug, Clone, Copy)]
pub enum NotNull {}

/// The row may be missing: every column may be NULL.
#[derive(Debug, Clone, Copy)]
pub enum Nullable {}

impl Nullability for NotNull {
    type Of<T: ColumnType> = T;
    type Row<M: Model> = M;

    fn decode<M: Model>(row: &Row<'_>, at: usize) -> Result<M> {
        M::decode(row, at)
    }
}

impl Nullability for Nullable {
    type Of<T: ColumnType> = Option<T::Inner>;
    type Row<M: Model> = Option<M>;

    fn decode<M: Model>(row: &Row<'_>, at: usize) -> Result<Option<M>> {
        if is_missing(M::meta(), row, at)? { Ok(None) } else { M::decode(row, at).map(Some) }
    }
}

/// A model that a left join may not find.
#[derive(Debug)]
pub struct Maybe<M>(PhantomData<fn() -> M>);

/// One table of a scope: a model, or `Maybe` one.
pub trait TableRef: 'static {
    /// The model.
    type Model: Model;
    /// What a closure gets.
    type Columns: Copy;
    /// What a row of it is.
    type Row: Send + 'static;

    #[doc(hidden)]
    fn columns(source: Source) -> Self::Columns;
    #[doc(hidden)]
    fn decode(row: &Row<'_>, at: usize) -> Result<Self::Row>;
}

impl<M: Model> TableRef for M {
    type Model = M;
    type Columns = M::Columns<NotNull>;
    type Row = M;

    fn columns(source: Source) -> Self::Columns {
        M::columns(source)
    }

    #[inline]
    fn decode(row: &Row<'_>, at: usize) -> Result<M> {
        M::decode(row, at)
    }
}

impl<M: Model> TableRef for Maybe<M> {
    type Model = M;
    type Columns = M::Columns<Nullable>;
    type Row = Option<M>;

    fn columns(source: Source) -> Self::Columns {
        M::columns(source)
    }

    fn decode(row: &Row<'_>, at: usize) -> Result<Option<M>> {
        Nullable::decode(row, at)
    }
}

/// A left join found nothing when a column that is never NULL is NULL, or when all are.
fn is_missing(meta: &crate::meta::ModelMeta, row: &Row<'_>, at: usize) -> Result<bool> {
    if let Some(certain) = meta.columns.iter().position(|column| !column.nullable) {
        return row.is_null(at + certain);
    }
    for column in 0..meta.columns.len() {
        if !row.is_null(at + column)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The sources that a query reads from, in the order of its scope. One alone, as most have, takes no memory of its own.
#[derive(Debug, Clone)]
pub(super) enum Sources {
    One(Source),
    Several(Vec<Source>),
}

impl Sources {
    pub(super) fn as_slice(&self) -> &[Source] {
        match self {
            Self::One(source) => std::slice::from_ref(source),
            Self::Several(sources) => sources,
        }
    }

    pub(super) fn push(&mut self, source: Source) {
        match self {
            Self::One(first) => *self = Self::Several(vec![*first, source]),
            Self::Several(sources) => sources.push(source),
        }
    }
}

/// What a query reads from.
pub trait Scope: 'static {
    /// What its closures get.
    type Columns;
    /// What a row of it is.
    type Row: Send + 'static;

    #[doc(hidden)]
    fn columns(sources: &[Source]) -> Self::Columns;
    #[doc(hidden)]
    fn decode(row: &Row<'_>) -> Result<Self::Row>;
}

/// A scope with one more table.
pub trait Push<T: TableRef>: Scope {
    /// The scope with it.
    type Out: Scope;
}

/// The source of a position; a scope has as many sources as tables.
fn source(sources: &[Source], at: usize) -> Source {
    sources.get(at).copied().unwrap_or_else(Source::new)
}

impl<M: Model> Scope for M {
    type Columns = M::Columns<NotNull>;
    type Row = M;

    fn columns(sources: &[Source]) -> Self::Columns {
        M::columns(source(sources, 0))
    }

    #[inline]
    fn decode(row: &Row<'_>) -> Result<M> {
        M::decode(row, 0)
    }
}

impl<M: Model, T: TableRef> Push<T> for M {
    type Out = (M, T);
}

macro_rules! scopes {
    ($($T:ident $at:tt),*) => {
        impl<$($T: TableRef),*> Scope for ($($T,)*) {
            type Columns = ($($T::Columns,)*);
            type Row = ($($T::Row,)*);

            fn columns(sources: &[Source]) -> Self::Columns {
                ($($T::columns(source(sources, $at)),)*)
            }

            fn decode(row: &Row<'_>) -> Result<Self::Row> {
                let mut at = 0;
                Ok(($({
                    let table = $T::decode(row, at)?;
                    at += $T::Model::meta().columns.len();
                    let _ = at;
                    table
                },)*))
            }
        }
    };
}

macro_rules! pushes {
    ($($T:ident),*) => {
        impl<$($T: TableRef,)* Next: TableRef> Push<Next> for ($($T,)*) {
            type Out = ($($T,)* Next,);
        }
    };
}

scopes!(A 0, B 1);
scopes!(A 0, B 1, C 2);
scopes!(A 0, B 1, C 2, D 3);
scopes!(A 0, B 1, C 2, D 3, E 4);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

pushes!(A, B);
pushes!(A, B, C);
pushes!(A, B, C, D);
pushes!(A, B, C, D, E);
pushes!(A, B, C, D, E, F);
pushes!(A, B, C, D, E, F, G);
