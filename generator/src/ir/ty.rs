//! Column types, as logical types that every dialect maps to one of its own.

use super::{CustomId, EnumId};

/// A logical column type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SqlType {
    /// 8-bit integer (`i8`); `unsigned` only where the server has it.
    TinyInt {
        /// `u8` instead of `i8`.
        unsigned: bool,
    },
    /// 16-bit integer.
    SmallInt {
        /// `u16` instead of `i16`.
        unsigned: bool,
    },
    /// 32-bit integer.
    Integer {
        /// `u32` instead of `i32`.
        unsigned: bool,
    },
    /// 64-bit integer.
    BigInt {
        /// `u64` instead of `i64`.
        unsigned: bool,
    },
    /// 32-bit floating point number.
    Real,
    /// 64-bit floating point number.
    Double,
    /// Exact number; `None` is the dialect's widest.
    Decimal(Option<(u32, u32)>),
    /// Truth value.
    Boolean,
    /// Text of at most so many characters.
    String(u32),
    /// Text without a length.
    Text,
    /// Bytes.
    Bytes,
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without a zone.
    DateTime,
    /// Instant in UTC.
    Timestamp,
    /// Span of time.
    Interval,
    /// UUID.
    Uuid,
    /// JSON document.
    Json,
    /// Array of a scalar type.
    Array(Box<SqlType>),
    /// An enum of the schema.
    Enum(EnumId),
    /// A custom Rust type over a scalar type.
    Custom(CustomId),
    /// A server type spelled by hand, carried as text.
    Raw(RawType),
}

/// Spellings of a server type per dialect; a dialect without one does not support the column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RawType {
    /// Spelling on SQLite.
    pub sqlite: Option<String>,
    /// Spelling on PostgreSQL.
    pub postgres: Option<String>,
    /// Spelling on MySQL and MariaDB.
    pub mysql: Option<String>,
}
