//! A row out of values that the program gave itself, where a database stores exactly those.

use std::borrow::Cow;
use std::cell::RefCell;

use super::RawRow;
use crate::error::{Error, Result};
use crate::value::{Decimal, Value};

/// Values by position, without those that were moved out.
pub(crate) struct Given(RefCell<Vec<Option<Value<'static>>>>);

impl Given {
    /// NULL in so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self(RefCell::new(vec![Some(Value::Null); columns]))
    }

    /// Sets a value, to a copy.
    #[inline]
    pub(crate) fn set(&mut self, at: usize, value: &Value<'_>) {
        if let Some(place) = self.0.get_mut().get_mut(at) {
            if let Some(last) = place.replace(value.to_static()) {
                last.discard();
            }
        }
    }

    fn read<T>(&self, at: usize, expected: &str, pick: impl FnOnce(&Value<'static>) -> Option<T>) -> Result<Option<T>> {
        match self.0.borrow().get(at) {
            Some(Some(Value::Null)) => Ok(None),
            Some(Some(value)) => pick(value).map(Some).ok_or_else(|| other(expected)),
            Some(None) => Err(Error::decode(expected, "a value that was moved out before")),
            None => Err(Error::decode(expected, format!("no column at position {at}"))),
        }
    }

    /// Moves a value out, unless it is another than `is` says.
    fn take(&self, at: usize, expected: &str, is: fn(&Value<'_>) -> bool) -> Result<Option<Value<'static>>> {
        let found = self.read(at, expected, |value| is(value).then_some(()))?;
        let taken = |()| self.0.borrow_mut().get_mut(at).and_then(Option::take);
        Ok(found.and_then(taken))
    }
}

#[cold]
fn other(expected: &str) -> Error {
    Error::decode(expected, "a value of another type")
}

macro_rules! readers {
    ($($name:ident: $ty:ty = $expected:literal, $pattern:pat => $found:expr;)*) => {$(
        fn $name(&self, at: usize) -> Result<Option<$ty>> {
            self.read(at, $expected, |value| match value {
                $pattern => Some($found),
                _ => None,
            })
        }
    )*};
}

impl RawRow for Given {
    fn is_null(&self, at: usize) -> Result<bool> {
        self.read(at, "a value", |_| Some(())).map(|found| found.is_none())
    }

    readers! {
        bool: bool = "a truth value", Value::Bool(v) => *v;
        float: f64 = "a number", Value::Float(v) => *v;
        decimal: Decimal = "an exact number", Value::Decimal(v) => *v;
        text: Cow<'_, str> = "text", Value::Text(v) | Value::Geometry(v) => Cow::Owned(v.clone().into_owned());
        bytes: Cow<'_, [u8]> = "bytes", Value::Bytes(v) => Cow::Owned(v.clone().into_owned());
        date: i32 = "a date", Value::Date(v) => *v;
        time: i64 = "a time", Value::Time(v) => *v;
        datetime: i64 = "a date and time", Value::DateTime(v) => *v;
        timestamp: i64 = "an instant", Value::Timestamp(v) => *v;
        uuid: [u8; 16] = "a UUID", Value::Uuid(v) => *v;
        json: Cow<'_, str> = "JSON", Value::Json(v) => Cow::Owned(v.clone().into_owned());
    }

    fn with_text<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.read(at, "text", |value| match value {
            Value::Text(v) | Value::Geometry(v) => Some(read(v)),
            _ => None,
        })
    }

    #[cfg(feature = "json")]
    fn with_json<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.read(at, "JSON", |value| match value {
            Value::Json(v) => Some(read(v)),
            _ => None,
        })
    }

    fn take_text(&self, at: usize) -> Result<Option<String>> {
        Ok(match self.take(at, "text", |value| matches!(value, Value::Text(_) | Value::Geometry(_)))? {
            Some(Value::Text(v) | Value::Geometry(v)) => Some(v.into_owned()),
            _ => None,
        })
    }

    fn take_bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        Ok(match self.take(at, "bytes", |value| matches!(value, Value::Bytes(_)))? {
            Some(Value::Bytes(v)) => Some(v.into_owned()),
            _ => None,
        })
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
