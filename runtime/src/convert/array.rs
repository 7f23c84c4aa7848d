//! Arrays of one dimension, which PostgreSQL has.

use std::marker::PhantomData;

use super::{ColumnType, Operand, unexpected_null};
use crate::error::{Error, Result};
use crate::row::Row;
use crate::sql::Node;
use crate::value::{Kind, Value};

/// A column that holds an array of `T`; its Rust value is a `Vec`.
#[derive(Debug)]
pub enum Array<T> {
    #[doc(hidden)]
    Never(PhantomData<T>, std::convert::Infallible),
}

impl<T: ColumnType<Inner = T>> ColumnType for Array<T> {
    type Value = Vec<T::Value>;
    type Inner = Self;
    type Class = Self;
    const KIND: Kind = Kind::Array(&T::KIND);

    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<Self::Value>> {
        let mut values = Vec::new();
        let found = row.list(at, &mut |element| {
            let value = T::decode_nullable(element, 0)?;
            let null = || Error::decode(format!("an array of {} without NULL", T::KIND.rust_name()), "one with NULL");
            values.push(value.ok_or_else(null)?);
            Ok(())
        })?;
        Ok(found.then_some(values))
    }

    fn decode(row: &Row<'_>, at: usize) -> Result<Self::Value> {
        Self::decode_nullable(row, at)?.ok_or_else(|| unexpected_null(Self::KIND))
    }

    fn encode(value: &Self::Value) -> Result<Value<'_>> {
        let values: Result<Vec<_>> = value.iter().map(|value| T::encode(value).map(Value::into_owned)).collect();
        values.map(Value::List)
    }
}

impl<T: ColumnType<Inner = T>> Operand<Array<T>> for Vec<T::Value> {
    fn into_node(self) -> Node {
        Node::bind(Array::<T>::encode(&self).map(Value::into_owned))
    }
}

impl<T: ColumnType<Inner = T>> Operand<Array<T>> for &Vec<T::Value> {
    fn into_node(self) -> Node {
        Node::bind(Array::<T>::encode(self).map(Value::into_owned))
    }
}
