//! rust_decimal's exact numbers: up to 28 digits.

use rust_decimal::Decimal as Exact;

use super::{ColumnType, Number, Operand, Ordered, column_type, operand, ordered, unexpected_null};
use crate::error::{Error, Result};
use crate::row::Row;
use crate::sql::Node;
use crate::value::{Decimal, Kind, Value};

/// So many digits a number of rust_decimal's can have, and so many behind its point. Of those with 29 it holds some.
const DIGITS: u32 = 28;

fn exact(value: Decimal) -> Result<Exact> {
    Exact::try_from_i128_with_scale(value.mantissa, value.scale)
        .map_err(|error| Error::decode("a decimal of at most 28 digits", value.to_string()).with_source(error))
}

column_type!(
    Exact,
    Exact,
    Kind::Decimal(None),
    |row, at| match row.decimal(at)? {
        Some(value) => exact(value).map(Some),
        None => Ok(None),
    },
    |value| Value::Decimal(Decimal { mantissa: value.mantissa(), scale: value.scale() })
);
operand!(Exact: Exact);

/// Whole numbers beside exact ones, which every database computes and compares exactly.
macro_rules! whole {
    ($($ty:ty),*) => {$(
        impl Operand<Exact> for $ty {
            fn into_node(self) -> Node {
                Node::bind(<$ty as ColumnType>::encode(&self).map(Value::into_owned))
            }
        }
    )*};
}

whole!(i8, i16, i32, i64, u8, u16, u32, u64);
ordered!(Exact);

impl Number for Exact {
    type Sum = Option<Rounded>;
    type Average = Option<Rounded>;
    type Computed = Rounded;
}

/// An exact number that the database computed. It may have more digits than a [`Decimal`](Exact) holds, as a quotient has
/// none that is the last one: it is rounded to those that fit, halves away from zero.
#[derive(Debug)]
pub enum Rounded {}

impl ColumnType for Rounded {
    type Value = Exact;
    type Inner = Self;
    type Class = Exact;
    const KIND: Kind = Kind::Decimal(None);

    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<Exact>> {
        let Some(value) = row.decimal_front(at)? else { return Ok(None) };
        exact(value).or_else(|error| value.within(DIGITS, DIGITS).map_or(Err(error), exact)).map(Some)
    }

    fn decode(row: &Row<'_>, at: usize) -> Result<Exact> {
        Self::decode_nullable(row, at)?.ok_or_else(|| unexpected_null(Self::KIND))
    }

    fn encode(value: &Exact) -> Result<Value<'_>> {
        Exact::encode(value)
    }
}

impl Ordered for Rounded {}

impl Number for Rounded {
    type Sum = Option<Self>;
    type Average = Option<Self>;
    type Computed = Self;
}

/// A decimal column with so many digits behind the point; for generated code. SQLite keeps no scale, so values are
/// brought to it when they are read: 15 is 15.00 on every database.
#[derive(Debug)]
pub enum Scaled<const SCALE: u32> {}

impl<const SCALE: u32> ColumnType for Scaled<SCALE> {
    type Value = Exact;
    type Inner = Self;
    type Class = Exact;
    const KIND: Kind = Kind::Decimal(Some(SCALE));

    #[inline]
    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<Exact>> {
        let mut value = Exact::decode_nullable(row, at)?;
        if let Some(value) = value.as_mut().filter(|value| value.scale() != SCALE) {
            // Rounds halves away from zero, as PostgreSQL and MySQL do when they store a value.
            value.rescale(SCALE);
        }
        Ok(value)
    }

    #[inline]
    fn decode(row: &Row<'_>, at: usize) -> Result<Exact> {
        Self::decode_nullable(row, at)?.ok_or_else(|| unexpected_null(Self::KIND))
    }

    fn encode(value: &Exact) -> Result<Value<'_>> {
        let mut value = *value;
        if value.scale() > SCALE {
            value.rescale(SCALE);
        }
        Ok(Value::Decimal(Decimal { mantissa: value.mantissa(), scale: value.scale() }))
    }
}

impl<const SCALE: u32> Ordered for Scaled<SCALE> {}

impl<const SCALE: u32> Number for Scaled<SCALE> {
    type Sum = Option<Self>;
    type Average = Option<Self>;
    /// Products have more digits.
    type Computed = Rounded;
}
