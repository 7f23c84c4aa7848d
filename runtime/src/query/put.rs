//! What a row that is not stored yet gives to the database: the positions of its columns, or their values.

use std::marker::PhantomData;

use super::model::{Keyed, Ref};
use crate::convert::ColumnType;
use crate::error::Result;
use crate::row::Row;
use crate::value::{Kind, Value};

/// Takes the columns of a new row one after another; for generated code, which says what is in which column once and
/// without a `?` for each, which the compiler takes long for.
pub struct Puts<'p>(Sink<'p>);

enum Sink<'p> {
    /// Which columns have a value.
    Columns(&'p mut Vec<usize>),
    /// The same, and which of them stand for rows of a session: the column, the row's number, and the part of its key.
    Survey { columns: &'p mut Vec<usize>, refs: &'p mut Vec<(usize, u64, u8)>, outcome: Result<()> },
    /// The values, up to the first error.
    Values { put: &'p mut dyn FnMut(&Value<'_>) -> Result<()>, outcome: Result<()> },
}

impl<'p> Puts<'p> {
    pub(super) fn columns(out: &'p mut Vec<usize>) -> Self {
        Self(Sink::Columns(out))
    }

    pub(super) fn values(put: &'p mut dyn FnMut(&Value<'_>) -> Result<()>) -> Self {
        Self(Sink::Values { put, outcome: Ok(()) })
    }

    pub(super) fn survey(columns: &'p mut Vec<usize>, refs: &'p mut Vec<(usize, u64, u8)>) -> Self {
        Self(Sink::Survey { columns, refs, outcome: Ok(()) })
    }

    /// The first error, if there was one.
    pub(super) fn done(self) -> Result<()> {
        match self.0 {
            Sink::Columns(_) => Ok(()),
            Sink::Values { outcome, .. } | Sink::Survey { outcome, .. } => outcome,
        }
    }

    /// A column that has a value.
    #[inline]
    pub fn column<T: ColumnType>(&mut self, at: usize, value: &T::Value) {
        match &mut self.0 {
            Sink::Columns(out) => out.push(at),
            Sink::Survey { columns, refs, outcome } => {
                if outcome.is_ok() {
                    columns.push(at);
                    match T::encode(value) {
                        Ok(value) => {
                            if let Value::Pending(row, part) = value {
                                refs.push((at, row, part));
                            }
                            value.discard();
                        }
                        Err(error) => *outcome = Err(error),
                    }
                }
            }
            Sink::Values { put, outcome } => {
                if outcome.is_ok() {
                    *outcome = T::encode(value).and_then(|value| {
                        let done = put(&value);
                        value.discard();
                        done
                    });
                }
            }
        }
    }

    /// A column that is left to the database where it has no value.
    #[inline]
    pub fn maybe<T: ColumnType>(&mut self, at: usize, value: &Option<T::Value>) {
        if let Some(value) = value {
            self.column::<T>(at, value);
        }
    }

    /// The columns of a foreign key of several, in the order of the key that it refers to.
    pub fn refer<M: Keyed>(&mut self, columns: &[usize], value: &Ref<M>) {
        match &mut self.0 {
            Sink::Columns(out) => out.extend(columns),
            Sink::Survey { columns: out, refs, outcome } => {
                if outcome.is_ok() {
                    out.extend(columns);
                    let mut at = columns.iter();
                    *outcome = value.parts(columns.len(), &mut |value| {
                        if let (Some(&at), &Value::Pending(row, part)) = (at.next(), value) {
                            refs.push((at, row, part));
                        }
                        Ok(())
                    });
                }
            }
            Sink::Values { put, outcome } => {
                if outcome.is_ok() {
                    *outcome = value.parts(columns.len(), *put);
                }
            }
        }
    }
}

/// The column type of a foreign key of one column in a new row: a `T` in the database, a [`Ref`] in the row.
pub struct Refers<T, M>(PhantomData<fn() -> (T, M)>);

impl<M: Keyed, T: ColumnType<Value = M::Key>> ColumnType for Refers<T, M> {
    type Value = Ref<M>;
    type Inner = Self;
    type Class = T::Class;
    const KIND: Kind = T::KIND;

    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<Ref<M>>> {
        Ok(if row.is_null(at)? { None } else { Some(Ref::new(T::decode(row, at)?)) })
    }

    fn decode(row: &Row<'_>, at: usize) -> Result<Ref<M>> {
        T::decode(row, at).map(Ref::new)
    }

    fn encode(value: &Ref<M>) -> Result<Value<'_>> {
        value.encode::<T>()
    }
}
