//! What can be bound to hand-written SQL.

use std::borrow::Cow;

use crate::convert::ColumnType;
use crate::error::Result;
use crate::value::Value;

/// A value that can be bound to hand-written SQL: every column type, borrowed text and bytes, and for PostgreSQL a `Vec`, slice
/// or array of most of them, as an array: `WHERE id = ANY($1)`. The other databases have no arrays, and refuse it. An `Option` is
/// NULL where it is `None`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be bound to hand-written SQL",
    label = "expected the value of a column, or a list of numbers, texts, dates, enums and the like",
    note = "a value of a type of your own is bound as what its column holds: `.bind(email.as_str())`"
)]
pub trait Bind<'e> {
    /// The value as the database takes it.
    ///
    /// # Errors
    /// `Encode` when the value has no form in the database.
    fn into_value(self) -> Result<Value<'e>>;
}

#[diagnostic::do_not_recommend]
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

impl<'e, const N: usize> Bind<'e> for &'e [u8; N] {
    fn into_value(self) -> Result<Value<'e>> {
        self.as_slice().into_value()
    }
}

/// NULL where there is none. Options of column types are column types themselves.
macro_rules! options {
    ($([$($parameter:tt)*] $ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'e, $($parameter)*> Bind<'e> for Option<$ty> {
            fn into_value(self) -> Result<Value<'e>> {
                self.map_or(Ok(Value::Null), Bind::into_value)
            }
        }
    )*};
}

options!([] &'e str, [] &'e String);
options!([] &'e [u8], [] &'e Vec<u8>, [const N: usize] &'e [u8; N]);
options!([T: Element] &[T], [T: Element] &Vec<T>, [T: Element] Vec<T>);
options!([T: Element, const N: usize] [T; N], [T: Element, const N: usize] &[T; N]);

/// A column type of which there are arrays: all but `u8`, of which a `Vec` is bytes.
pub trait Scalar: ColumnType<Value = Self, Inner = Self> + Send {}

// Types that are a class by themselves, generated enums among them; the others follow.
impl<T: ColumnType<Value = T, Inner = T, Class = T> + Send> Scalar for T {}

macro_rules! scalars {
    ($($ty:ty),*) => {$(
        impl Scalar for $ty {}
    )*};
}

scalars!(i8, i16, i32, i64, u16, u32, u64, f32, f64, String, Vec<u8>);

/// What stands in a list that is bound: a value of a column type of which there are arrays, or borrowed text.
pub trait Element {
    /// The value as the database takes it.
    ///
    /// # Errors
    /// `Encode` when the value has no form in the database.
    fn to_value(&self) -> Result<Value<'static>>;
}

impl<T: Scalar> Element for T {
    fn to_value(&self) -> Result<Value<'static>> {
        T::encode(self).map(Value::into_owned)
    }
}

impl Element for &str {
    fn to_value(&self) -> Result<Value<'static>> {
        Ok(Value::Text(Cow::Owned((*self).to_owned())))
    }
}

macro_rules! lists {
    ($([$($size:ident)?] $ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'e, T: Element $(, const $size: usize)?> Bind<'e> for $ty {
            fn into_value(self) -> Result<Value<'e>> {
                self.iter().map(Element::to_value).collect::<Result<_>>().map(Value::List)
            }
        }
    )*};
}

lists!([] &[T], [] &Vec<T>, [] Vec<T>, [N] [T; N], [N] &[T; N]);
