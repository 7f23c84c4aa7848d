//! Pilaster: a schema-first data layer. This crate is what generated models run on.

pub mod codegen;
pub mod convert;
mod driver;
mod error;
mod executor;
mod meta;
mod mode;
pub mod query;
pub mod relation;
mod row;
mod rt;
mod sql;
mod value;

pub use convert::{Codec, ColumnType, Operand};
pub use error::{Cell, Error, ErrorKind, Result, Violation};
pub use executor::{Executor, Out};
pub use mode::{Async, Blocking, Mode};
pub use row::Row;
pub use sql::Dialect;
pub use value::{Decimal, Kind, Params, Value};

/// How much a transaction sees of others that run beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Sees what others commit, at every statement anew.
    ReadCommitted,
    /// Sees one snapshot.
    RepeatableRead,
    /// As if transactions ran one after another. SQLite always works so.
    Serializable,
}
