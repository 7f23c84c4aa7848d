//! What can be bound to hand-written SQL.

use std::borrow::Cow;

use crate::convert::{ColumnType, Interval};
use crate::error::Result;
use crate::value::Value;

/// A value that can be bound to hand-written SQL: every column type, borrowed text and bytes, and for PostgreSQL a `Vec` or
/// slice of most of them, as an array: `WHERE id = ANY($1)`. The other databases have no arrays, and refuse it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be bound to hand-written SQL",
    label = "expected the value of a column, or a `Vec` of numbers, texts, dates and the like"
)]
pub trait Bind<'e> {
    /// The value as the database takes it.
    ///
    /// # Errors
    /// `Encode` when the value has no form in the database.
    fn into_value(self) -> Result<Value<'e>>;
}

impl<'e, T: ColumnType<Value = T>> Bind<'e> for T {
    fn into_value(self) -> Result<Value<'e>> {
        T::encode(&self).map(Value::into_owned)
    }
}

impl<'e> Bind<'e> for &'e str {
    fn into_value(self) -> Result<Value<'e>> {
        Ok(Value::Text(Cow::Borrowed(self)))
    }
}

impl<'e> Bind<'e> for &'e [u8] {
    fn into_value(self) -> Result<Value<'e>> {
        Ok(Value::Bytes(Cow::Borrowed(self)))
    }
}

impl<'e> Bind<'e> for &'e String {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_str().into_value()
    }
}

impl<'e> Bind<'e> for &'e Vec<u8> {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_slice().into_value()
    }
}

/// What an array can hold: all but `u8`, of which a `Vec` is bytes.
pub trait Element: ColumnType<Value = Self> {}

macro_rules! elements {
    ($($ty:ty),*) => {$(
        impl Element for $ty {}
    )*};
}

elements!(bool, i8, i16, i32, i64, u16, u32, u64, f32, f64, String, Vec<u8>, Interval);
#[cfg(feature = "chrono")]
elements!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime, chrono::DateTime<chrono::Utc>);
#[cfg(feature = "jiff")]
elements!(jiff::civil::Date, jiff::civil::Time, jiff::civil::DateTime, jiff::Timestamp);
#[cfg(feature = "decimal")]
elements!(rust_decimal::Decimal);
#[cfg(feature = "json")]
elements!(serde_json::Value);
#[cfg(feature = "uuid")]
elements!(uuid::Uuid);

impl<'e, T: Element> Bind<'e> for &[T] {
    fn into_value(self) -> Result<Value<'e>> {
        let values: Result<Vec<_>> = self.iter().map(|value| T::encode(value).map(Value::into_owned)).collect();
        values.map(Value::List)
    }
}

impl<'e, T: Element> Bind<'e> for &Vec<T> {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_slice().into_value()
    }
}

impl<'e, T: Element> Bind<'e> for Vec<T> {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_slice().into_value()
    }
}

impl<'e> Bind<'e> for &[&str] {
    fn into_value(self) -> Result<Value<'e>> {
        Ok(Value::List(self.iter().map(|text| Value::Text(Cow::Owned((*text).to_owned()))).collect()))
    }
}

impl<'e> Bind<'e> for Vec<&str> {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_slice().into_value()
    }
}
