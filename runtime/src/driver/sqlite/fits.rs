//! The functions that keep what SQLite computes as its column has it, each of which gives the value or an error:
//! `pilaster_integer(value, low, high)`, `pilaster_real(value)`, which rounds it to 32 bits, and `pilaster_decimal(value, digits,
//! scale)`. SQLite takes no notice of the width of a type, and goes on with floating point numbers where 64 bits do not
//! suffice. What is no number is not judged.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error, ffi};

use crate::error::Cell;
use crate::misfit::{A_NUMBER, an_exact_number, an_integer};
use crate::sql::{FITS_DECIMAL, FITS_INTEGER, FITS_REAL};

/// What stands before their message.
const REFUSED: &str = "pilaster: ";
/// What stands between the two parts of it.
const FOUND: &str = ", found ";

/// Makes them known to a connection.
pub(super) fn define(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(FITS_INTEGER, 3, flags, |context| integer(context))?;
    connection.create_scalar_function(FITS_REAL, 1, flags, |context| real(context))?;
    connection.create_scalar_function(FITS_DECIMAL, 3, flags, |context| decimal(context))
}

/// The parts of their message, if it is theirs.
pub(super) fn refused(message: &str) -> Option<Cell> {
    let (expected, found) = message.strip_prefix(REFUSED)?.split_once(FOUND)?;
    Some(Cell { expected: expected.into(), found: found.into(), ..Cell::default() })
}

fn refuse(expected: &str, found: impl std::fmt::Display) -> Error {
    let message = format!("{REFUSED}{expected}{FOUND}{found}");
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISMATCH), Some(message))
}

fn shown(number: f64) -> String {
    crate::Value::Float(number).shown()
}

/// The value, where it is an integer in a range.
fn integer(context: &Context<'_>) -> rusqlite::Result<Value> {
    let (value, low, high): (Value, i64, i64) = (context.get(0)?, context.get(1)?, context.get(2)?);
    let is_within = |number: i64| (low..=high).contains(&number);
    let expected = || an_integer(low.into(), high.into());
    match value {
        Value::Integer(number) if !is_within(number) => Err(refuse(&expected(), number)),
        Value::Real(number) if !whole(number).is_some_and(is_within) => Err(refuse(&expected(), shown(number))),
        value => Ok(value),
    }
}

/// The value with 32 bits, where it is in their range.
#[allow(clippy::cast_possible_truncation)] // Wanted: that is how servers round it.
fn real(context: &Context<'_>) -> rusqlite::Result<Value> {
    let value = context.get(0)?;
    let Some(number) = float(&value) else { return Ok(value) };
    let rounded = number as f32;
    if rounded.is_finite() { Ok(Value::Real(rounded.into())) } else { Err(refuse(A_NUMBER, shown(number))) }
}

/// The value, where it has so many digits at most.
fn decimal(context: &Context<'_>) -> rusqlite::Result<Value> {
    let (value, digits, scale): (Value, i32, i32) = (context.get(0)?, context.get(1)?, context.get(2)?);
    let most = (10_f64.powi(digits) - 1.0) / 10_f64.powi(scale);
    match float(&value) {
        Some(number) if number.abs() > most => {
            Err(refuse(&an_exact_number(digits.into(), scale.into()), shown(number)))
        }
        _ => Ok(value),
    }
}

/// The integer that is the same number. Larger floating point numbers are what came of integers beyond 64 bits, and rounded.
#[allow(clippy::cast_possible_truncation)] // Checked: whole, and within the range.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    (value.trunc() == value && (-EXACT..=EXACT).contains(&value)).then_some(value as i64)
}

#[allow(clippy::cast_precision_loss)] // As SQLite compares them.
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Real(value) => Some(*value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_their_column_has_them_or_refused() {
        let db = Connection::open_in_memory().unwrap();
        define(&db).unwrap();
        let call = |call: &str| db.query_row(&format!("SELECT pilaster_{call}"), [], |row| row.get::<_, Value>(0));
        let good = [
            ("integer(32767, -32768, 32767)", Value::Integer(32_767)),
            ("integer(NULL, 0, 255)", Value::Null),
            ("integer(5.0, 0, 255)", Value::Real(5.0)),
            ("integer(9223372036854775807, -9223372036854775808, 9223372036854775807)", Value::Integer(i64::MAX)),
            ("integer('text', 0, 255)", Value::Text("text".into())),
            ("real(0.1)", Value::Real(0.1_f32.into())),
            ("real(16777217)", Value::Real(16_777_216.0)),
            ("real(3.40282347e38)", Value::Real(f32::MAX.into())),
            ("real(NULL)", Value::Null),
            ("decimal(-99.99, 4, 2)", Value::Real(-99.99)),
            ("decimal(99, 4, 2)", Value::Integer(99)),
            ("decimal(NULL, 4, 2)", Value::Null),
        ];
        for (text, expected) in good {
            assert_eq!(call(text).unwrap(), expected, "{text}");
        }
        let bad = [
            ("integer(32767 + 1, -32768, 32767)", "an integer from -32768 to 32767", "32768"),
            ("integer(-1, 0, 255)", "an integer from 0 to 255", "-1"),
            ("integer(5.5, 0, 255)", "an integer from 0 to 255", "5.5"),
            (
                "integer(9223372036854775807 + 1, -9223372036854775808, 9223372036854775807)",
                "an integer from -9223372036854775808 to 9223372036854775807",
                "9.223372036854776e18",
            ),
            ("real(-3.5e38)", "a number in the range of its column", "-3.5e38"),
            ("real(9e999)", "a number in the range of its column", "inf"),
            ("decimal(100, 4, 2)", "a number of 4 digits, 2 of them behind the point", "100"),
        ];
        for (text, expected, found) in bad {
            let Error::SqliteFailure(_, Some(message)) = call(text).unwrap_err() else { panic!("{text}") };
            let cell = refused(&message).unwrap();
            assert_eq!((cell.expected.as_str(), cell.found.as_str()), (expected, found));
        }
    }
}
