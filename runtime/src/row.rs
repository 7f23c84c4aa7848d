//! A row in a driver's hands: read by position, straight into Rust values.

mod given;
mod named;

use std::borrow::Cow;
use std::cell::Cell;

pub(crate) use self::given::Given;
pub(crate) use self::named::{Named, is_in_order};
use crate::convert::{ColumnType, Tuple};
use crate::error::{Error, Result};
use crate::value::{Decimal, Kind, Value};

/// What a driver offers for one row. Each method gives `None` for NULL and a `Decode` error for a value of another
/// type; integers widen and narrow with a range check by the caller.
///
/// Positions count from 0. A position behind the last column is a `Decode` error, never a panic.
///
/// Everything can be read again and again, but for what was moved out by `take_text` and `take_bytes`: to read that again is
/// a `Decode` error, where the driver has moved it indeed.
pub(crate) trait RawRow {
    fn is_null(&self, at: usize) -> Result<bool>;
    fn bool(&self, at: usize) -> Result<Option<bool>>;
    fn int(&self, at: usize) -> Result<Option<i64>>;
    fn uint(&self, at: usize) -> Result<Option<u64>>;
    fn float(&self, at: usize) -> Result<Option<f64>>;
    fn decimal(&self, at: usize) -> Result<Option<Decimal>>;
    /// An exact number without the last digits behind the point, where it has more than a [`Decimal`] holds.
    fn decimal_front(&self, at: usize) -> Result<Option<Decimal>> {
        self.decimal(at)
    }
    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>>;
    fn bytes(&self, at: usize) -> Result<Option<Cow<'_, [u8]>>>;
    fn date(&self, at: usize) -> Result<Option<i32>>;
    fn time(&self, at: usize) -> Result<Option<i64>>;
    fn datetime(&self, at: usize) -> Result<Option<i64>>;
    fn timestamp(&self, at: usize) -> Result<Option<i64>>;
    fn uuid(&self, at: usize) -> Result<Option<[u8; 16]>>;
    fn json(&self, at: usize) -> Result<Option<Cow<'_, str>>>;
    /// Shows a text where it is.
    #[inline]
    fn with_text<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        Ok(self.text(at)?.map(|text| read(&text)))
    }
    /// Shows JSON text where it is.
    #[cfg(feature = "json")]
    #[inline]
    fn with_json<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        Ok(self.json(at)?.map(|text| read(&text)))
    }
    /// A text, moved out where the row owns it.
    #[inline]
    fn take_text(&self, at: usize) -> Result<Option<String>> {
        match self.text(at) {
            Ok(Some(text)) => Ok(Some(text.into_owned())),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }
    /// Bytes, moved out where the row owns them.
    #[inline]
    fn take_bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        Ok(self.bytes(at)?.map(Cow::into_owned))
    }
    /// How many columns there are.
    fn len(&self) -> usize;
    /// The name of a column, for rows of hand-written SQL.
    fn name(&self, at: usize) -> Option<&str>;
}

/// A row that is being read. Lives as long as the driver stands on it.
pub struct Row<'r> {
    source: Source<'r>,
    /// The position that was read last, so that an error can name its column.
    last: Cell<usize>,
}

pub(crate) enum Source<'r> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'r crate::driver::sqlite::Cursor),
    #[cfg(feature = "postgres")]
    Postgres(crate::driver::postgres::Cursor<'r>),
    #[cfg(feature = "mysql")]
    Mysql(&'r crate::driver::mysql::Cursor<'r>),
    Given(&'r Given),
    Named(&'r Named<'r>),
    #[allow(dead_code)]
    Never(std::convert::Infallible, std::marker::PhantomData<&'r ()>),
}

/// Does something with the row as its driver has it.
macro_rules! driven {
    ($self:ident, $row:ident => $what:expr) => {
        match &$self.source {
            #[cfg(feature = "sqlite")]
            Source::Sqlite($row) => $what,
            #[cfg(feature = "postgres")]
            Source::Postgres($row) => $what,
            #[cfg(feature = "mysql")]
            Source::Mysql($row) => $what,
            Source::Given($row) => $what,
            Source::Named($row) => $what,
            Source::Never(never, _) => match *never {},
        }
    };
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// `Decode` when the column holds something else, or there is no such column.
        #[inline]
        pub fn $name(&self, at: usize) -> Result<$ty> {
            self.last.set(at);
            driven!(self, row => row.$name(at))
        }
    )*};
}

impl<'r> Row<'r> {
    pub(crate) fn new(source: Source<'r>) -> Self {
        Self { source, last: Cell::new(0) }
    }

    /// The row as its driver has it.
    #[cfg(feature = "postgres")]
    pub(crate) fn source(&self) -> &Source<'r> {
        &self.source
    }

    forward! {
        /// Whether a column is NULL.
        is_null -> bool;
        /// A truth value.
        bool -> Option<bool>;
        /// A signed integer.
        int -> Option<i64>;
        /// An unsigned integer.
        uint -> Option<u64>;
        /// A floating point number.
        float -> Option<f64>;
        /// An exact number.
        decimal -> Option<Decimal>;
        /// An exact number without the last digits behind the point, where it has more than can be held.
        decimal_front -> Option<Decimal>;
        /// Text.
        text -> Option<Cow<'_, str>>;
        /// Bytes.
        bytes -> Option<Cow<'_, [u8]>>;
        /// Days since 1970-01-01.
        date -> Option<i32>;
        /// Microseconds since midnight.
        time -> Option<i64>;
        /// Microseconds since 1970-01-01 00:00:00, without a zone.
        datetime -> Option<i64>;
        /// Microseconds since 1970-01-01 00:00:00 UTC.
        timestamp -> Option<i64>;
        /// A UUID.
        uuid -> Option<[u8; 16]>;
        /// JSON text.
        json -> Option<Cow<'_, str>>;
    }

    /// Shows a text where it is.
    #[inline]
    pub(crate) fn with_text<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.last.set(at);
        driven!(self, row => row.with_text(at, read))
    }

    /// Shows JSON text where it is.
    #[cfg(feature = "json")]
    pub(crate) fn with_json<T>(&self, at: usize, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        self.last.set(at);
        driven!(self, row => row.with_json(at, read))
    }

    /// A text of a column that nobody reads again.
    #[inline]
    pub(crate) fn take_text(&self, at: usize) -> Result<Option<String>> {
        self.last.set(at);
        driven!(self, row => row.take_text(at))
    }

    /// The bytes of a column that nobody reads again.
    #[inline]
    pub(crate) fn take_bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        self.last.set(at);
        driven!(self, row => row.take_bytes(at))
    }

    /// Hands the elements of an array to `each`, as rows of one column; `false` for NULL.
    pub(crate) fn list(&self, at: usize, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<bool> {
        self.last.set(at);
        match &self.source {
            #[cfg(feature = "postgres")]
            Source::Postgres(row) => row.list(at, each),
            Source::Named(row) => row.list(at, each),
            #[allow(unreachable_patterns)]
            _ => {
                let _ = each;
                Err(Error::decode("an array", "a value of a database that has none"))
            }
        }
    }

    /// The position that was read last.
    pub(crate) fn position(&self) -> usize {
        self.last.get()
    }

    /// The value of a column as a Rust type.
    ///
    /// # Errors
    /// `Decode` when the column holds something else, or there is no such column.
    #[inline]
    pub fn get<T: ColumnType>(&self, at: usize) -> Result<T::Value> {
        T::decode(self, at)
    }

    /// The values of up to 16 columns from a position on, which nobody reads again: texts and bytes are moved out of the row
    /// where it owns them; for generated code.
    #[doc(hidden)]
    #[inline]
    pub fn read<T: Tuple>(&self, at: usize) -> Result<T::Values> {
        T::read(self, at)
    }

    /// The value of a column by its name in the result.
    ///
    /// # Errors
    /// `Decode` when the column holds something else, `Query` when there is none of that name.
    pub fn by_name<T: ColumnType>(&self, name: &str) -> Result<T::Value> {
        let at = (0..self.len()).find(|&at| self.name(at) == Some(name));
        let at = at.ok_or_else(|| Error::query(format!("the result has no column named \"{name}\"")))?;
        T::decode(self, at).map_err(|error| error.in_column("result", name))
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        driven!(self, row => row.len())
    }

    /// Whether there are no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of a column in the result.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        driven!(self, row => row.name(at))
    }

    /// A column by its logical type, as a value of its own.
    pub(crate) fn value(&self, at: usize, kind: Kind) -> Result<Value<'static>> {
        let value = match kind {
            Kind::Bool => self.bool(at)?.map(Value::Bool),
            Kind::UnsignedBigInt => self.uint(at)?.map(Value::UInt),
            Kind::TinyInt
            | Kind::SmallInt
            | Kind::Int
            | Kind::BigInt
            | Kind::UnsignedTinyInt
            | Kind::UnsignedSmallInt
            | Kind::UnsignedInt => self.int(at)?.map(Value::Int),
            Kind::Real | Kind::Double => self.float(at)?.map(Value::Float),
            Kind::Decimal(_) => self.decimal(at)?.map(Value::Decimal),
            Kind::Text | Kind::Enum(_) | Kind::Interval | Kind::Server => {
                self.text(at)?.map(|v| Value::Text(Cow::Owned(v.into_owned())))
            }
            Kind::Bytes => self.bytes(at)?.map(|v| Value::Bytes(Cow::Owned(v.into_owned()))),
            Kind::Date => self.date(at)?.map(Value::Date),
            Kind::Time => self.time(at)?.map(Value::Time),
            Kind::DateTime => self.datetime(at)?.map(Value::DateTime),
            Kind::Timestamp => self.timestamp(at)?.map(Value::Timestamp),
            Kind::Uuid => self.uuid(at)?.map(Value::Uuid),
            Kind::Geometry => self.text(at)?.map(|v| Value::Geometry(Cow::Owned(v.into_owned()))),
            Kind::Json => self.json(at)?.map(|v| Value::Json(Cow::Owned(v.into_owned()))),
            Kind::Array(element) => {
                let mut values = Vec::new();
                let found = self.list(at, &mut |row| {
                    values.push(row.value(0, *element)?);
                    Ok(())
                })?;
                found.then_some(Value::List(values))
            }
        };
        Ok(value.unwrap_or(Value::Null))
    }
}
