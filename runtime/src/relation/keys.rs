//! Which rows belong together: keys of rows as numbers of groups.

use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::value::{Decimal, Value};

/// The distinct keys of a list of rows, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ints: FxHashMap<i64, u32>,
    others: FxHashMap<Vec<u8>, u32>,
    /// The keys themselves, in the order of their numbers.
    pub values: Vec<Vec<Value<'static>>>,
}

impl Keys {
    /// The number of a key, made if it is new; `None` when a part of it is NULL, since NULL refers to nothing.
    pub(crate) fn add<'v>(&mut self, parts: impl Iterator<Item = Result<Value<'v>>>) -> Result<Option<u32>> {
        let parts: Vec<Value<'v>> = parts.collect::<Result<_>>()?;
        if parts.iter().any(Value::is_null) {
            return Ok(None);
        }
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let number = match parts.as_slice() {
            [Value::Int(int)] => *self.ints.entry(*int).or_insert(next),
            parts => *self.others.entry(bytes(parts)).or_insert(next),
        };
        if number == next {
            self.values.push(parts.into_iter().map(Value::into_owned).collect());
        }
        Ok(Some(number))
    }

    /// The number of a key of one integer.
    #[inline]
    pub(crate) fn find_int(&self, int: i64) -> Option<u32> {
        self.ints.get(&int).copied()
    }

    /// The number of a key, if it is one of them.
    pub(crate) fn find(&self, parts: &[Value<'_>]) -> Option<u32> {
        match parts {
            [Value::Int(int)] => self.find_int(*int),
            parts => self.others.get(&bytes(parts)).copied(),
        }
    }
}

/// A key as bytes that are equal exactly when the keys are.
pub(crate) fn bytes(parts: &[Value<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    for part in parts {
        match part {
            Value::Text(text) | Value::Json(text) | Value::Geometry(text) => sized(&mut out, text.as_bytes()),
            Value::Bytes(bytes) => sized(&mut out, bytes),
            Value::Uuid(bytes) => out.extend_from_slice(bytes),
            Value::Int(int) => out.extend_from_slice(&int.to_le_bytes()),
            Value::UInt(int) => out.extend_from_slice(&int.to_le_bytes()),
            Value::Bool(bool) => out.push(u8::from(*bool)),
            Value::Float(float) => out.extend_from_slice(&float.to_bits().to_le_bytes()),
            Value::Date(days) => out.extend_from_slice(&days.to_le_bytes()),
            Value::Time(micros) | Value::DateTime(micros) | Value::Timestamp(micros) => {
                out.extend_from_slice(&micros.to_le_bytes());
            }
            Value::Decimal(decimal) => {
                let Decimal { mantissa, scale } = trimmed(*decimal);
                out.extend_from_slice(&mantissa.to_le_bytes());
                out.extend_from_slice(&scale.to_le_bytes());
            }
            // Never part of a key.
            Value::Null | Value::List(_) | Value::Pending(..) => {}
        }
    }
    out
}

fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&bytes.len().to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Without zeros at the end: 1.50 and 1.5 are one key.
fn trimmed(mut decimal: Decimal) -> Decimal {
    while decimal.scale > 0 && decimal.mantissa % 10 == 0 {
        decimal.mantissa /= 10;
        decimal.scale -= 1;
    }
    decimal
}
