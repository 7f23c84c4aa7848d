//! The function that keeps what SQLite computes in the range of its column: `pilaster_fits(value, low, high)` is the value, or
//! an error. SQLite takes no notice of the width of a type, and goes on with floating point numbers where 64 bits do not
//! suffice.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error, ffi};

use crate::error::Cell;
use crate::sql::FITS;

/// What stands between the two parts of its message.
const FOUND: &str = ", found ";

/// Makes it known to a connection.
pub(super) fn define(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(FITS, 3, flags, |context| checked(context))
}

/// The parts of its message, if it is its message.
pub(super) fn refused(message: &str) -> Option<Cell> {
    let (expected, found) = message.strip_prefix(FITS)?.strip_prefix(": ")?.split_once(FOUND)?;
    Some(Cell { expected: expected.into(), found: found.into(), ..Cell::default() })
}

fn checked(context: &Context<'_>) -> rusqlite::Result<Value> {
    let (value, low, high) = (context.get(0)?, context.get(1)?, context.get(2)?);
    if fits(&value, &low, &high) {
        return Ok(value);
    }
    let message = format!("{FITS}: a number from {} to {}{FOUND}{}", shown(&low), shown(&high), shown(&value));
    Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISMATCH), Some(message)))
}

/// Whether a number is in a range, and an integer where the range is one of integers. What is no number is not judged.
fn fits(value: &Value, low: &Value, high: &Value) -> bool {
    match (value, low, high) {
        (Value::Integer(value), Value::Integer(low), Value::Integer(high)) => (low..=high).contains(&value),
        (Value::Real(value), Value::Integer(low), Value::Integer(high)) => {
            whole(*value).is_some_and(|value| (*low..=*high).contains(&value))
        }
        (value, Value::Real(low), Value::Real(high)) => real(value).is_none_or(|value| (*low..=*high).contains(&value)),
        _ => true,
    }
}

/// The integer that is the same number. Larger floating point numbers are what came of integers beyond 64 bits, and rounded.
#[allow(clippy::cast_possible_truncation)] // Checked: whole, and within the range.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    (value.trunc() == value && (-EXACT..=EXACT).contains(&value)).then_some(value as i64)
}

#[allow(clippy::cast_precision_loss)] // As SQLite compares them.
fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Real(value) => Some(*value),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        _ => String::new(),
    }
}
