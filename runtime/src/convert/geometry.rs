//! Shapes of the server's, as text.

use std::borrow::Cow;

use super::{ColumnType, Operand, unexpected_null};
use crate::error::Result;
use crate::row::Row;
use crate::sql::Node;
use crate::value::{Kind, Value};

/// A column of a shape of MySQL's, carried as the text that other programs read and write, WKT: `POINT(1 2)`; for
/// generated code.
#[derive(Debug)]
pub enum Geometry {}

impl ColumnType for Geometry {
    type Value = String;
    type Inner = Self;
    type Class = Self;
    const KIND: Kind = Kind::Geometry;

    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<String>> {
        Ok(row.text(at)?.map(Cow::into_owned))
    }

    fn decode(row: &Row<'_>, at: usize) -> Result<String> {
        Self::decode_nullable(row, at)?.ok_or_else(|| unexpected_null(Self::KIND))
    }

    fn take_nullable(row: &Row<'_>, at: usize) -> Result<Option<String>> {
        row.take_text(at)
    }

    fn take(row: &Row<'_>, at: usize) -> Result<String> {
        row.take_text(at)?.ok_or_else(|| unexpected_null(Self::KIND))
    }

    fn encode(value: &String) -> Result<Value<'_>> {
        Ok(Value::Geometry(Cow::Borrowed(value)))
    }
}

macro_rules! shapes {
    ($($ty:ty),*) => {$(
        impl Operand<Geometry> for $ty {
            fn into_node(self) -> Node {
                Node::bind(Ok(Value::Geometry(Cow::Owned(String::from(self)))))
            }
        }
    )*};
}

shapes!(String, &String, &str, Cow<'_, str>);
