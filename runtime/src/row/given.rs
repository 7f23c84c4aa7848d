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
        match (self.0.get_mut().get_mut(at), value) {
            // Mostly the row before had a value of the same kind there.
            (Some(Some(Value::Int(place))), Value::Int(value)) => *place = *value,
            // Or it was moved out.
            (Some(place @ None), value) => *place = Some(value.to_static()),
            (Some(Some(place)), value) => std::mem::replace(place, value.to_static()).discard(),
            (None, _) => {}
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

    #[inline]
    fn take_text(&self, at: usize) -> Result<Option<String>> {
        // Mostly it is a text, which needs no second look.
        let text =
            self.0.borrow_mut().get_mut(at).and_then(|value| value.take_if(|value| matches!(value, Value::Text(_))));
        if let Some(Value::Text(text)) = text {
            return Ok(Some(text.into_owned()));
        }
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

    #[inline]
    fn int(&self, at: usize) -> Result<Option<i64>> {
        if let Some(Some(Value::Int(value))) = self.0.borrow().get(at) {
            return Ok(Some(*value));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::ColumnType;
    use crate::row::{Row, Source};
    use crate::value::Kind;

    fn given(values: &[Value<'_>]) -> Given {
        let mut row = Given::new(values.len());
        values.iter().enumerate().for_each(|(at, value)| row.set(at, value));
        row
    }

    /// A type of the user's that reads a text twice.
    struct Twice;

    impl ColumnType for Twice {
        type Value = (String, String);
        type Inner = Self;
        type Class = Self;
        const KIND: Kind = Kind::Text;

        fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<(String, String)>> {
            Ok(String::decode_nullable(row, at)?.zip(Option::<String>::decode(row, at)?))
        }

        fn decode(row: &Row<'_>, at: usize) -> Result<(String, String)> {
            Self::decode_nullable(row, at)?.ok_or_else(|| crate::convert::unexpected_null(Self::KIND))
        }

        fn encode(value: &(String, String)) -> Result<Value<'_>> {
            Ok(Value::Text(value.0.as_str().into()))
        }
    }

    #[test]
    fn only_a_model_takes_what_it_reads() {
        let values =
            given(&[Value::Text("a".into()), Value::Bytes(vec![1].into()), Value::Text("b".into()), Value::Null]);
        let row = Row::new(Source::Given(&values));
        for _ in 0..2 {
            assert_eq!((row.get::<String>(0).unwrap(), row.get::<Vec<u8>>(1).unwrap()), ("a".into(), vec![1]));
        }
        type Columns = (String, Vec<u8>, Twice, Option<String>);
        let read = row.read::<Columns>(0).unwrap();
        assert_eq!(read, ("a".into(), vec![1], ("b".into(), "b".into()), None));
        assert!(row.read::<Columns>(0).unwrap_err().to_string().contains("moved out before"));
        assert!(row.get::<Vec<u8>>(1).is_err() && row.is_null(0).is_err());
        assert_eq!(row.get::<Twice>(2).unwrap().0, "b");
    }

    #[test]
    fn what_was_taken_can_be_set_again() {
        let mut values = given(&[Value::Text("a".into()), Value::Int(1)]);
        assert!(values.take_text(1).is_err());
        assert_eq!(values.take_text(0).unwrap().as_deref(), Some("a"));
        values.set(0, &Value::Json("[]".into()));
        assert_eq!(values.json(0).unwrap().as_deref(), Some("[]"));
        assert!(values.take_text(0).is_err() && values.json(0).is_ok());
    }
}
