//! A row out of values that the program gave itself, where a database stores exactly those.

use std::borrow::Cow;
use std::cell::RefCell;

use super::RawRow;
use crate::error::{Error, Result};
use crate::value::{Decimal, Value};

/// Values by position. Texts and bytes are moved out when they are read, so each is read once.
pub(crate) struct Given(RefCell<Vec<Value<'static>>>);

impl Given {
    /// NULL in so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self(RefCell::new(vec![Value::Null; columns]))
    }

    /// Sets a value, to a copy.
    #[inline]
    pub(crate) fn set(&mut self, at: usize, value: &Value<'_>) {
        match (self.0.get_mut().get_mut(at), value) {
            // Mostly the row before had a value of the same kind there.
            (Some(Value::Int(place)), Value::Int(value)) => *place = *value,
            (Some(Value::Text(place)), Value::Text(value)) => *place = Cow::Owned(String::from(&**value)),
            (Some(place), value) => std::mem::replace(place, value.to_static()).discard(),
            (None, _) => {}
        }
    }

    fn read<T>(
        &self,
        at: usize,
        expected: &str,
        pick: impl FnOnce(&mut Value<'static>) -> Option<T>,
    ) -> Result<Option<T>> {
        let mut values = self.0.borrow_mut();
        let Some(value) = values.get_mut(at) else {
            return Err(Error::decode(expected, format!("no column at position {at}")));
        };
        if value.is_null() {
            return Ok(None);
        }
        match pick(value) {
            Some(found) => Ok(Some(found)),
            None => Err(Error::decode(expected, "a value of another type")),
        }
    }
}

macro_rules! readers {
    ($($name:ident: $ty:ty = $expected:literal, $pattern:pat => $found:expr;)*) => {$(
        fn $name(&self, at: usize) -> Result<Option<$ty>> {
            self.read(at, $expected, |value| match value {
                $pattern => $found,
                _ => None,
            })
        }
    )*};
}

impl RawRow for Given {
    fn is_null(&self, at: usize) -> Result<bool> {
        Ok(self.0.borrow().get(at).is_none_or(Value::is_null))
    }

    readers! {
        bool: bool = "a truth value", Value::Bool(v) => Some(*v);
        float: f64 = "a number", Value::Float(v) => Some(*v);
        decimal: Decimal = "an exact number", Value::Decimal(v) => Some(*v);
        text: Cow<'_, str> = "text", Value::Text(v) | Value::Geometry(v) => Some(std::mem::take(v));
        bytes: Cow<'_, [u8]> = "bytes", Value::Bytes(v) => Some(std::mem::take(v));
        date: i32 = "a date", Value::Date(v) => Some(*v);
        time: i64 = "a time", Value::Time(v) => Some(*v);
        datetime: i64 = "a date and time", Value::DateTime(v) => Some(*v);
        timestamp: i64 = "an instant", Value::Timestamp(v) => Some(*v);
        uuid: [u8; 16] = "a UUID", Value::Uuid(v) => Some(*v);
        json: Cow<'_, str> = "JSON", Value::Json(v) => Some(std::mem::take(v));
    }

    fn int(&self, at: usize) -> Result<Option<i64>> {
        self.read(at, "an integer", |value| match value {
            Value::Int(v) => Some(*v),
            Value::UInt(v) => i64::try_from(*v).ok(),
            _ => None,
        })
    }

    fn uint(&self, at: usize) -> Result<Option<u64>> {
        self.read(at, "an unsigned integer", |value| match value {
            Value::UInt(v) => Some(*v),
            Value::Int(v) => u64::try_from(*v).ok(),
            _ => None,
        })
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn name(&self, _: usize) -> Option<&str> {
        None
    }
}
