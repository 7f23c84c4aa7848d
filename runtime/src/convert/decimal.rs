//! rust_decimal's exact numbers: up to 28 digits.

use rust_decimal::Decimal as Exact;

use super::{Number, column_type, operand, ordered};
use crate::error::Error;
use crate::value::{Decimal, Kind, Value};

column_type!(
    Exact,
    Exact,
    Kind::Decimal(None),
    |row, at| match row.decimal(at)? {
        Some(value) => match Exact::try_from_i128_with_scale(value.mantissa, value.scale) {
            Ok(exact) => Ok(Some(exact)),
            Err(error) => Err(Error::decode("a decimal of at most 28 digits", value.to_string()).with_source(error)),
        },
        None => Ok(None),
    },
    |value| Value::Decimal(Decimal { mantissa: value.mantissa(), scale: value.scale() })
);
operand!(Exact: Exact);
ordered!(Exact);

impl Number for Exact {
    type Sum = Option<Exact>;
    type Average = Option<Exact>;
}
