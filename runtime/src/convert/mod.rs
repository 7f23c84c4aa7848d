//! Column types: which Rust value a column has, what it compares with, how it is read and written.
//!
//! Each optional crate has a file of its own and a feature of the same name.

mod array;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "decimal")]
mod decimal;
mod geometry;
mod interval;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "json")]
mod json;
mod tuple;
#[cfg(feature = "uuid")]
mod uuid;

use std::borrow::Cow;

pub use self::array::Array;
pub use self::geometry::Geometry;
pub use self::interval::Interval;
use crate::error::{Error, Result};
use crate::row::Row;
use crate::sql::Node;
use crate::value::{Kind, Value, narrow};

#[cfg(feature = "decimal")]
pub use self::decimal::{Rounded, Scaled};
pub use tuple::{KeyColumns, Tuple};

/// The type of a column or expression.
///
/// Implemented for the standard types, for enums by the generator, and for custom types by a marker that the generator
/// writes. `Option<T>` is the nullable form of `T`.
pub trait ColumnType: 'static {
    /// The Rust value that is read and written.
    type Value: Send + 'static;
    /// The same type without `Option`.
    type Inner: ColumnType<Inner = Self::Inner, Class = Self::Class>;
    /// What it compares with: columns and values of the same class ([`Operand`]).
    type Class: 'static;
    /// The logical type.
    const KIND: Kind;

    /// Reads a value; `None` is NULL.
    ///
    /// # Errors
    /// `Decode` when the column holds something else.
    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<<Self::Inner as ColumnType>::Value>>;

    /// Reads a value.
    ///
    /// # Errors
    /// `Decode` when the column holds something else, or NULL where the type has none.
    fn decode(row: &Row<'_>, at: usize) -> Result<Self::Value>;

    /// Reads a value of a column that nobody reads again, so that it can be moved out of the row; `None` is NULL.
    #[doc(hidden)]
    #[inline]
    fn take_nullable(row: &Row<'_>, at: usize) -> Result<Option<<Self::Inner as ColumnType>::Value>> {
        Self::decode_nullable(row, at)
    }

    /// Reads a value of a column that nobody reads again.
    #[doc(hidden)]
    #[inline]
    fn take(row: &Row<'_>, at: usize) -> Result<Self::Value> {
        Self::decode(row, at)
    }

    /// The value as the database takes it.
    ///
    /// # Errors
    /// `Encode` when the value has no form in the database.
    fn encode(value: &Self::Value) -> Result<Value<'_>>;

    /// The value of a key that the database counted; integers have one.
    #[doc(hidden)]
    fn counted(number: i64) -> Result<Self::Value> {
        Err(Error::decode(Self::KIND.rust_name(), format!("the counted key {number}")))
    }
}

/// A type of number, which adds, subtracts and multiplies.
pub trait Number: ColumnType {
    /// The type of its sum.
    type Sum: ColumnType;
    /// The type of its average.
    type Average: ColumnType;
    /// The type of what is computed with it.
    type Computed: ColumnType;
}

/// A type whose order is the same on every database: everything but enums, truth values and JSON. Texts have the order of
/// their column's collation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no order that all databases share",
    label = "compare with `eq`, `ne` or `in_` instead"
)]
pub trait Ordered: ColumnType {}

#[diagnostic::do_not_recommend]
impl<T: Ordered + ColumnType<Inner = T>> Ordered for Option<T> {}

macro_rules! ordered {
    ($($ty:ty),*) => {$(
        impl crate::convert::Ordered for $ty {}
    )*};
}
#[allow(unused_imports)] // By a build without optional types.
pub(crate) use ordered;

ordered!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, String, Vec<u8>);

/// A type whose column holds text, so that parts of it can be looked for.
#[diagnostic::on_unimplemented(message = "`{Self}` is no text", label = "only text can be searched")]
pub trait Textual: ColumnType {}

impl Textual for String {}
#[diagnostic::do_not_recommend]
impl<T: Textual + ColumnType<Inner = T>> Textual for Option<T> {}

/// A value, column or expression that stands on the right of a comparison or assignment of class `C`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with or assigned to this column",
    label = "the column takes another type",
    note = "NULL is `is_null()` in a filter and `set_null` in an update; an `Option` is `set_option`"
)]
pub trait Operand<C> {
    /// The expression it is.
    #[doc(hidden)]
    fn into_node(self) -> Node;
}

/// A class of which values compare with those of class `C`: every class with itself. As a bound it lets the compiler say that
/// a column or expression does not fit, where it would say of an associated type that it is another one.
pub trait ComparesWith<C> {}

impl<C> ComparesWith<C> for C {}

/// Class of all integers.
#[derive(Debug)]
pub enum IntClass {}
/// Class of all floating point numbers.
#[derive(Debug)]
pub enum FloatClass {}
/// Class of all texts.
#[derive(Debug)]
pub enum TextClass {}
/// Class of bytes.
#[derive(Debug)]
pub enum BytesClass {}

impl<T: ColumnType<Inner = T>> ColumnType for Option<T> {
    type Value = Option<T::Value>;
    type Inner = T;
    type Class = T::Class;
    const KIND: Kind = T::KIND;

    #[inline]
    fn decode_nullable(row: &Row<'_>, at: usize) -> Result<Option<T::Value>> {
        T::decode_nullable(row, at)
    }

    #[inline]
    fn decode(row: &Row<'_>, at: usize) -> Result<Self::Value> {
        T::decode_nullable(row, at)
    }

    #[inline]
    fn take_nullable(row: &Row<'_>, at: usize) -> Result<Option<T::Value>> {
        T::take_nullable(row, at)
    }

    #[inline]
    fn take(row: &Row<'_>, at: usize) -> Result<Self::Value> {
        T::take_nullable(row, at)
    }

    fn encode(value: &Self::Value) -> Result<Value<'_>> {
        value.as_ref().map_or(Ok(Value::Null), T::encode)
    }
}

/// The error of a NULL where the Rust type has none.
#[cold]
#[doc(hidden)]
pub fn unexpected_null(kind: Kind) -> Error {
    Error::decode(kind.rust_name(), "NULL")
}

/// Implements [`ColumnType`] for a plain type from its reader and writer, and what takes it out of a row, if that is another.
macro_rules! column_type {
    ($ty:ty, $class:ty, $kind:expr, |$row:ident, $at:ident| $read:expr, take $take:expr, |$value:ident| $write:expr) => {
        column_type!(
            $ty,
            $class,
            $kind,
            |$row, $at| $read,
            |$value| $write,
            #[inline]
            fn take_nullable($row: &crate::row::Row<'_>, $at: usize) -> crate::error::Result<Option<$ty>> {
                $take
            },
            #[inline]
            fn take($row: &crate::row::Row<'_>, $at: usize) -> crate::error::Result<$ty> {
                match $take {
                    Ok(Some(value)) => Ok(value),
                    Ok(None) => Err(crate::convert::unexpected_null($kind)),
                    Err(error) => Err(error),
                }
            }
        );
    };
    ($ty:ty, $class:ty, $kind:expr, |$row:ident, $at:ident| $read:expr, |$value:ident| $write:expr $(, $more:item)*) => {
        impl crate::convert::ColumnType for $ty {
            type Value = $ty;
            type Inner = $ty;
            type Class = $class;
            const KIND: crate::value::Kind = $kind;

            #[inline]
            fn decode_nullable($row: &crate::row::Row<'_>, $at: usize) -> crate::error::Result<Option<$ty>> {
                $read
            }

            #[inline]
            fn decode($row: &crate::row::Row<'_>, $at: usize) -> crate::error::Result<$ty> {
                match $read {
                    Ok(Some(value)) => Ok(value),
                    Ok(None) => Err(crate::convert::unexpected_null($kind)),
                    Err(error) => Err(error),
                }
            }

            #[inline]
            fn encode($value: &$ty) -> crate::error::Result<crate::value::Value<'_>> {
                Ok($write)
            }

            $($more)*
        }
    };
}
#[allow(unused_imports)] // By a build without optional types.
pub(crate) use column_type;

/// Implements [`Operand`] for values, by value and by reference.
macro_rules! operand {
    ($class:ty: $($ty:ty),*) => {$(
        impl crate::convert::Operand<$class> for $ty {
            fn into_node(self) -> crate::sql::Node {
                crate::sql::Node::bind(<$ty as crate::convert::ColumnType>::encode(&self).map(crate::value::Value::into_owned))
            }
        }

        impl crate::convert::Operand<$class> for &$ty {
            fn into_node(self) -> crate::sql::Node {
                crate::sql::Node::bind(<$ty as crate::convert::ColumnType>::encode(self).map(crate::value::Value::into_owned))
            }
        }
    )*};
}
#[allow(unused_imports)] // By a build without optional types.
pub(crate) use operand;

macro_rules! integers {
    ($($ty:ty, $kind:ident;)*) => {$(
        column_type!($ty, IntClass, Kind::$kind, |row, at| match row.int(at) {
            Ok(Some(value)) => narrow(value, Kind::$kind.rust_name()).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }, |value| Value::Int(i64::from(*value)), fn counted(number: i64) -> Result<$ty> {
            narrow(number, Kind::$kind.rust_name())
        });
        operand!(IntClass: $ty);

        impl Number for $ty {
            type Sum = Option<i64>;
            type Average = Option<f64>;
            type Computed = $ty;
        }
    )*};
}

integers! {
    i8, TinyInt;
    i16, SmallInt;
    i32, Int;
    u8, UnsignedTinyInt;
    u16, UnsignedSmallInt;
    u32, UnsignedInt;
}

column_type!(
    i64,
    IntClass,
    Kind::BigInt,
    |row, at| row.int(at),
    |value| Value::Int(*value),
    fn counted(number: i64) -> Result<i64> {
        Ok(number)
    }
);
column_type!(
    u64,
    IntClass,
    Kind::UnsignedBigInt,
    |row, at| row.uint(at),
    |value| Value::UInt(*value),
    fn counted(number: i64) -> Result<u64> {
        narrow(number, Kind::UnsignedBigInt.rust_name())
    }
);
operand!(IntClass: i64, u64);

impl Number for i64 {
    type Sum = Option<i64>;
    type Average = Option<f64>;
    type Computed = i64;
}

impl Number for u64 {
    type Sum = Option<u64>;
    type Average = Option<f64>;
    type Computed = u64;
}

column_type!(bool, bool, Kind::Bool, |row, at| row.bool(at), |value| Value::Bool(*value));
operand!(bool: bool);

// A `real` column holds an f32; reading a wider number back rounds to it, as the server does.
#[allow(clippy::cast_possible_truncation)]
mod real {
    use super::{FloatClass, Kind, Value};

    column_type!(f32, FloatClass, Kind::Real, |row, at| Ok(row.float(at)?.map(|v| v as f32)), |value| Value::Float(
        f64::from(*value)
    ));
}
column_type!(f64, FloatClass, Kind::Double, |row, at| row.float(at), |value| Value::Float(*value));
operand!(FloatClass: f32, f64);

impl Number for f32 {
    type Sum = Option<f64>;
    type Average = Option<f64>;
    type Computed = f32;
}

impl Number for f64 {
    type Sum = Option<f64>;
    type Average = Option<f64>;
    type Computed = f64;
}

column_type!(
    String,
    TextClass,
    Kind::Text,
    |row, at| match row.text(at) {
        Ok(Some(text)) => Ok(Some(text.into_owned())),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    },
    take row.take_text(at),
    |value| Value::Text(Cow::Borrowed(value))
);
operand!(TextClass: String);

impl Operand<TextClass> for &str {
    fn into_node(self) -> Node {
        Node::bind(Ok(Value::Text(Cow::Owned(self.to_owned()))))
    }
}

impl Operand<TextClass> for Cow<'_, str> {
    fn into_node(self) -> Node {
        Node::bind(Ok(Value::Text(Cow::Owned(self.into_owned()))))
    }
}

column_type!(
    Vec<u8>,
    BytesClass,
    Kind::Bytes,
    |row, at| Ok(row.bytes(at)?.map(Cow::into_owned)),
    take row.take_bytes(at),
    |value| Value::Bytes(Cow::Borrowed(value))
);
operand!(BytesClass: Vec<u8>);

impl Operand<BytesClass> for &[u8] {
    fn into_node(self) -> Node {
        Node::bind(Ok(Value::Bytes(Cow::Owned(self.to_owned()))))
    }
}

impl<C: ColumnType<Inner = C>, T: Number<Computed = C> + ColumnType<Inner = T>> Number for Option<T> {
    type Sum = T::Sum;
    type Average = T::Average;
    type Computed = Option<C>;
}

/// A codec: carries a type of the user's over a column type.
///
/// A spec names it in `types: { Email: { sql: string(120), rust: crate::types::Email } }`, where the type is its own
/// codec, or in `with:` for a type that is not the user's.
///
/// ```
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Email(String);
///
/// impl pilaster::Codec for Email {
///     type Value = Email;
///     type Sql = String;
///
///     fn encode(value: &Email) -> Result<String, String> {
///         Ok(value.0.clone())
///     }
///
///     fn decode(sql: String) -> Result<Email, String> {
///         if sql.contains('@') { Ok(Email(sql)) } else { Err(format!("{sql:?} is no e-mail address")) }
///     }
/// }
/// ```
pub trait Codec: 'static {
    /// The Rust value.
    type Value: Clone + Send + Sync + 'static;
    /// The type of the column beneath: the Rust type of the spec's `sql:`.
    type Sql: ColumnType<Value = Self::Sql, Inner = Self::Sql>;

    /// The value as the column holds it.
    ///
    /// # Errors
    /// A sentence that says why the value cannot be written.
    fn encode(value: &Self::Value) -> Result<Self::Sql, String>;

    /// The value of what the column holds.
    ///
    /// # Errors
    /// A sentence that says why the column's value does not fit.
    fn decode(sql: Self::Sql) -> Result<Self::Value, String>;
}

/// Reads through a codec; for generated code.
#[doc(hidden)]
pub fn decode_with<C: Codec>(row: &Row<'_>, at: usize) -> Result<Option<C::Value>> {
    decoded::<C>(C::Sql::decode_nullable(row, at)?)
}

/// Reads a column that nobody reads again through a codec; for generated code.
#[doc(hidden)]
pub fn take_with<C: Codec>(row: &Row<'_>, at: usize) -> Result<Option<C::Value>> {
    decoded::<C>(C::Sql::take_nullable(row, at)?)
}

fn decoded<C: Codec>(sql: Option<C::Sql>) -> Result<Option<C::Value>> {
    match sql {
        Some(sql) => C::decode(sql).map(Some).map_err(|why| Error::decode(std::any::type_name::<C::Value>(), why)),
        None => Ok(None),
    }
}

/// Writes through a codec; for generated code.
#[doc(hidden)]
pub fn encode_with<C: Codec>(value: &C::Value) -> Result<Value<'static>> {
    let sql = C::encode(value).map_err(|why| Error::encode(C::Sql::KIND.rust_name(), why))?;
    C::Sql::encode(&sql).map(Value::into_owned)
}

impl Kind {
    /// The name for error messages.
    #[must_use]
    pub fn rust_name(self) -> &'static str {
        match self {
            Kind::Bool => "a boolean",
            Kind::TinyInt => "an 8-bit integer",
            Kind::SmallInt => "a 16-bit integer",
            Kind::Int => "a 32-bit integer",
            Kind::BigInt => "a 64-bit integer",
            Kind::UnsignedTinyInt => "an unsigned 8-bit integer",
            Kind::UnsignedSmallInt => "an unsigned 16-bit integer",
            Kind::UnsignedInt => "an unsigned 32-bit integer",
            Kind::UnsignedBigInt => "an unsigned 64-bit integer",
            Kind::Real | Kind::Double => "a floating point number",
            Kind::Decimal(_) => "a decimal",
            Kind::Text => "text",
            Kind::Bytes => "bytes",
            Kind::Date => "a date",
            Kind::Time => "a time of day",
            Kind::DateTime => "a date and time",
            Kind::Timestamp => "a timestamp",
            Kind::Uuid => "a UUID",
            Kind::Json => "JSON",
            Kind::Enum(_) => "an enum label",
            Kind::Interval => "an interval",
            Kind::Array(_) => "an array",
            Kind::Server => "text",
            Kind::Geometry => "a shape",
        }
    }
}
