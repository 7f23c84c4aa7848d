//! Values on their way to a database, in forms that every driver understands.
//!
//! Dates, decimals and UUIDs are carried in neutral forms, so that drivers need to know no date or decimal crate.

use std::borrow::Cow;

use crate::error::{Error, Result};

mod shown;

pub(crate) use self::shown::{quoted, several, shorten};

/// A value bound to a statement. Borrowed where it can be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// Truth value.
    Bool(bool),
    /// Signed integer of any width.
    Int(i64),
    /// Unsigned 64-bit integer.
    UInt(u64),
    /// Floating point number of any width.
    Float(f64),
    /// Exact number: `mantissa / 10^scale`.
    Decimal(Decimal),
    /// Text; also enum labels.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01 00:00:00, without a zone.
    DateTime(i64),
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    Timestamp(i64),
    /// UUID, in network byte order.
    Uuid([u8; 16]),
    /// JSON text.
    Json(Cow<'a, str>),
    /// A shape as WKT.
    Geometry(Cow<'a, str>),
    /// The key of a new row that its session has not stored yet: the row's number, and which part of its key. Never
    /// reaches a database.
    #[doc(hidden)]
    Pending(u64, u8),
    /// Values of one type, for databases that take a list as one parameter.
    List(Vec<Value<'static>>),
}

impl Value<'_> {
    /// The number of an integer.
    pub(crate) fn integer(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(i128::from(*number)),
            Self::UInt(number) => Some(i128::from(*number)),
            _ => None,
        }
    }

    /// The number that a column of 32-bit floating point numbers makes of it, as PostgreSQL and MySQL round it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(crate) fn into_real(self) -> Self {
        let number = match &self {
            Self::Float(number) => Some(*number),
            number => number.integer().map(|number| number as f64),
        };
        number.map_or(self, |number| Self::Float(f64::from(number as f32)))
    }
}

/// An exact number: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// All digits.
    pub mantissa: i128,
    /// How many of them stand behind the point.
    pub scale: u32,
}

/// The logical type of a column or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Truth value.
    Bool,
    /// 8-bit integer.
    TinyInt,
    /// 16-bit integer.
    SmallInt,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    BigInt,
    /// Unsigned 8-bit integer.
    UnsignedTinyInt,
    /// Unsigned 16-bit integer.
    UnsignedSmallInt,
    /// Unsigned 32-bit integer.
    UnsignedInt,
    /// Unsigned 64-bit integer.
    UnsignedBigInt,
    /// 32-bit floating point number.
    Real,
    /// 64-bit floating point number.
    Double,
    /// Exact number; the scale it is rounded to, where the column has one.
    Decimal(Option<u32>),
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without a zone.
    DateTime,
    /// Instant.
    Timestamp,
    /// UUID.
    Uuid,
    /// JSON.
    Json,
    /// Enum; its labels in declaration order.
    Enum(&'static [&'static str]),
    /// Span of time.
    Interval,
    /// Array of values of one type.
    Array(&'static Kind),
    /// A type of the server's, carried as the text that the server reads and writes.
    Server,
    /// A shape of MySQL's, carried as WKT; elsewhere the same as `Server`.
    Geometry,
}

impl Kind {
    /// The least and the greatest value of a type of integers; `None` of any other type.
    pub(crate) fn range(self) -> Option<(i128, i128)> {
        let (low, high) = match self {
            Kind::TinyInt => (i8::MIN.into(), i8::MAX.into()),
            Kind::SmallInt => (i16::MIN.into(), i16::MAX.into()),
            Kind::Int => (i32::MIN.into(), i32::MAX.into()),
            Kind::BigInt => (i64::MIN.into(), i64::MAX.into()),
            Kind::UnsignedTinyInt => (0, u8::MAX.into()),
            Kind::UnsignedSmallInt => (0, u16::MAX.into()),
            Kind::UnsignedInt => (0, u32::MAX.into()),
            Kind::UnsignedBigInt => (0, u64::MAX.into()),
            _ => return None,
        };
        Some((low, high))
    }

    /// Whether it is a type of integers.
    pub(crate) fn is_integer(self) -> bool {
        self.range().is_some()
    }

    /// Whether an integer or a floating point number is in the range of a type of such; `None` for other types and values.
    #[allow(clippy::cast_possible_truncation)] // Whether it becomes infinite is the question.
    pub(crate) fn holds(self, value: &Value<'_>) -> Option<bool> {
        match value {
            // NaN and infinities are for the database to take or to refuse.
            Value::Float(number) if self == Kind::Real => Some(!number.is_finite() || (*number as f32).is_finite()),
            value => {
                let (number, (low, high)) = (value.integer()?, self.range()?);
                Some((low..=high).contains(&number))
            }
        }
    }
}

impl Value<'_> {
    /// The same value, owned.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(v) => Value::Bool(v),
            Value::Int(v) => Value::Int(v),
            Value::UInt(v) => Value::UInt(v),
            Value::Float(v) => Value::Float(v),
            Value::Decimal(v) => Value::Decimal(v),
            Value::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Value::Bytes(v) => Value::Bytes(Cow::Owned(v.into_owned())),
            Value::Date(v) => Value::Date(v),
            Value::Time(v) => Value::Time(v),
            Value::DateTime(v) => Value::DateTime(v),
            Value::Timestamp(v) => Value::Timestamp(v),
            Value::Uuid(v) => Value::Uuid(v),
            Value::Json(v) => Value::Json(Cow::Owned(v.into_owned())),
            Value::Geometry(v) => Value::Geometry(Cow::Owned(v.into_owned())),
            Value::Pending(row, part) => Value::Pending(row, part),
            Value::List(v) => Value::List(v),
        }
    }

    /// A copy that borrows nothing.
    #[must_use]
    #[inline]
    pub fn to_static(&self) -> Value<'static> {
        match self {
            // Most are of these two kinds, and rows can be many.
            Value::Int(v) => Value::Int(*v),
            Value::Text(v) => Value::Text(Cow::Owned(String::from(&**v))),
            v => v.reborrow().into_owned(),
        }
    }

    /// Drops a value at the least cost: what drops any kind is a function of its own, and most values own nothing.
    #[inline]
    pub(crate) fn discard(self) {
        let owns = match &self {
            Value::Text(v) | Value::Json(v) | Value::Geometry(v) => matches!(v, Cow::Owned(_)),
            Value::Bytes(v) => matches!(v, Cow::Owned(_)),
            Value::List(_) => true,
            _ => false,
        };
        if !owns {
            std::mem::forget(self);
        }
    }

    /// Whether this is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// Parameters of a statement, put one after another without an array in between.
pub trait Params: Sync {
    /// Hands every parameter to `put`, in order.
    ///
    /// # Errors
    /// What `put` returns, and `Encode` for a value that cannot be written.
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()>;

    /// The error of the statement, with the table and column of the value at fault as far as they can be told.
    #[doc(hidden)]
    fn place(&self, error: Error) -> Error {
        error
    }
}

impl Params for [Value<'_>] {
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(put)
    }
}

impl<P: Params + ?Sized> Params for &P {
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        (**self).bind(put)
    }

    fn place(&self, error: Error) -> Error {
        (**self).place(error)
    }
}

impl Params for Vec<Value<'_>> {
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        self.as_slice().bind(put)
    }
}

impl<const N: usize> Params for [Value<'_>; N] {
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        self.as_slice().bind(put)
    }
}

impl Value<'_> {
    /// The same value, borrowed.
    #[must_use]
    pub fn reborrow(&self) -> Value<'_> {
        match self {
            Value::Text(v) => Value::Text(Cow::Borrowed(v)),
            Value::Bytes(v) => Value::Bytes(Cow::Borrowed(v)),
            Value::Json(v) => Value::Json(Cow::Borrowed(v)),
            Value::Geometry(v) => Value::Geometry(Cow::Borrowed(v)),
            Value::Null => Value::Null,
            Value::Bool(v) => Value::Bool(*v),
            Value::Int(v) => Value::Int(*v),
            Value::UInt(v) => Value::UInt(*v),
            Value::Float(v) => Value::Float(*v),
            Value::Decimal(v) => Value::Decimal(*v),
            Value::Date(v) => Value::Date(*v),
            Value::Time(v) => Value::Time(*v),
            Value::DateTime(v) => Value::DateTime(*v),
            Value::Timestamp(v) => Value::Timestamp(*v),
            Value::Uuid(v) => Value::Uuid(*v),
            Value::Pending(row, part) => Value::Pending(*row, *part),
            Value::List(v) => Value::List(v.clone()),
        }
    }
}

impl Decimal {
    /// Reads `-12.50`; `None` when the text is no plain decimal number or has more than 38 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut mantissa: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
            mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
        }
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// Reads a number of any length in as many digits as can be held; those behind the point that are too many are cut off.
    #[cfg(feature = "mysql")]
    pub(crate) fn parse_front(text: &str) -> Option<Self> {
        let whole = text.find('.').unwrap_or(text.len());
        (whole..=text.len()).rev().filter_map(|end| text.get(..end)).find_map(Self::parse)
    }

    /// The same number with so many digits behind the point at most, halves rounded away from zero, as PostgreSQL and MySQL do
    /// when they store it.
    pub(crate) fn stored(self, scale: u32) -> Self {
        let Some(cut) = self.scale.checked_sub(scale).filter(|cut| *cut > 0) else { return self };
        // More than all digits that there can be.
        let Some(divisor) = 10_i128.checked_pow(cut) else { return Self { mantissa: 0, scale } };
        let (quotient, rest) = (self.mantissa / divisor, (self.mantissa % divisor).unsigned_abs());
        let up = rest >= divisor.unsigned_abs().div_ceil(2);
        Self { mantissa: quotient + if up { self.mantissa.signum() } else { 0 }, scale }
    }

    /// The same number in so many digits at most, and so many of them behind the point: what is too much there is rounded.
    /// `None` where those before the point are too many.
    #[cfg(feature = "decimal")]
    pub(crate) fn within(self, digits: u32, scale: u32) -> Option<Self> {
        let limit = 10_u128.checked_pow(digits)?;
        (0..=self.scale.min(scale)).rev().map(|scale| self.stored(scale)).find(|it| it.mantissa.unsigned_abs() < limit)
    }

    /// The same number with exactly so many digits behind the point, rounded half to even.
    #[must_use]
    pub fn rescale(self, scale: u32) -> Option<Self> {
        if scale >= self.scale {
            let factor = 10_i128.checked_pow(scale - self.scale)?;
            return Some(Self { mantissa: self.mantissa.checked_mul(factor)?, scale });
        }
        let divisor = 10_i128.checked_pow(self.scale - scale)?;
        let (quotient, rest) = (self.mantissa / divisor, (self.mantissa % divisor).abs());
        let up = match (rest * 2).cmp(&divisor) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => quotient % 2 != 0,
            std::cmp::Ordering::Less => false,
        };
        let mantissa = if up { quotient + self.mantissa.signum() } else { quotient };
        Some(Self { mantissa, scale })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = self.scale as usize;
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// Keeps an integer in the range of a column's type.
pub(crate) fn narrow<T: TryFrom<i64>>(value: i64, expected: &'static str) -> Result<T> {
    T::try_from(value).map_err(|_| Error::decode(expected, format!("{value}, which is out of its range")))
}

/// The error of a key that is not there yet.
pub(crate) fn pending_key() -> Error {
    Error::encode("the key of a stored row", "the key of a row that its session has not stored yet")
}

#[cfg(all(feature = "decimal", feature = "mysql"))]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_to_the_digits_that_there_are() {
        let within = |text: &str, digits, scale| {
            Decimal::parse(text).unwrap().within(digits, scale).map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(within("1763668.41449", 10, 10), "1763668.414");
        assert_eq!(within("0.00049", 10, 3), "0.000");
        assert_eq!(within("-999.95", 4, 4), "-1000");
        assert_eq!(within("9999.95", 4, 4), "", "all of its digits are before the point");
        assert_eq!(Decimal { mantissa: 7, scale: 70 }.stored(2), Decimal { mantissa: 0, scale: 2 });
    }

    #[test]
    fn the_first_digits_of_a_long_text_are_read() {
        let digits = "123456789".repeat(6);
        let front = Decimal::parse_front(&format!("-12.{digits}")).unwrap().to_string();
        assert!(front.len() > 38 && format!("-12.{digits}").starts_with(&front), "{front}");
        assert_eq!(Decimal::parse_front("1.50"), Decimal::parse("1.50"));
        assert_eq!(Decimal::parse_front(&digits), None);
    }
}
