//! Pilaster: a schema-first data layer. This crate is what generated models run on.
// Drivers share more than each of them uses, and without any of them little can be reached.
#![cfg_attr(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")), allow(dead_code))]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unreachable_code, unused_variables)
)]

pub mod blocking;
mod civil;
pub mod codegen;
mod config;
pub mod convert;
mod database;
mod driver;
mod error;
mod executor;
mod log;
mod meta;
pub mod migrate;
mod misfit;
mod mode;
mod pool;
pub mod query;
mod raw;
pub mod relation;
mod row;
mod rt;
mod session;
mod sql;
mod stream;
mod transaction;
mod value;

#[cfg(feature = "decimal")]
pub use convert::Rounded;
pub use convert::{Array, Codec, ColumnType, Interval, Operand};
pub use database::{Builder, Database, Db};
pub use error::{Cell, Error, ErrorKind, Result, Violation};
pub use executor::{Executor, Out};
pub use mode::{Async, Blocking, Mode, Outcome};
pub use pool::PoolStatus;
pub use query::{
    BeforeDelete, BeforeInsert, BeforeUpdate, Column, Delete, Expr, InsertMany, IntoKey, IntoRef, Keyed, LockedQuery,
    Model, Page, Predicate, Query, Ref, Selection, Sort, Unique, Update, Upsert, count_rows,
};
pub use raw::{Bind, FromColumn, FromRow, Mapped, Sql, sql};
pub use relation::{Links, ToMany, ToOne, ToOptional};
pub use row::Row;
pub use session::{
    Absorb, Action, Change, Changed, Committed, Done, Entity, Key, Loadable, NoFlush, Savepoint, Session, Subscription,
    UnitOfWork,
};
pub use sql::Dialect;
pub use stream::RowStream;
pub use transaction::{Transaction, Transactional, Tx, TxOptions};
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

#[cfg(feature = "chrono")]
pub use chrono;
#[cfg(feature = "jiff")]
pub use jiff;
#[cfg(feature = "decimal")]
pub use rust_decimal;
#[cfg(feature = "serde")]
pub use serde;
#[cfg(feature = "json")]
pub use serde_json;
#[cfg(feature = "uuid")]
pub use uuid;

/// Takes in the models that build.rs generated: everything of `models.rs` in `OUT_DIR`, in any module.
///
/// `models!("name")` takes in `name.rs`, for a crate with more than one spec. Each brings a module `schema` with it, so
/// each has a module of its own to stand in.
#[macro_export]
macro_rules! models {
    () => {
        $crate::models!("models");
    };
    ($name:literal) => {
        // A module of their own, so that no name of the module around them hides one that they use.
        // What a crate asks of its own code is not asked of this; committed code says the same at its head.
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            unnameable_types,
            unreachable_pub,
            unused_imports,
            unused_qualifications
        )]
        #[allow(
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            clippy::arithmetic_side_effects,
            clippy::missing_docs_in_private_items
        )]
        mod __pilaster {
            include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
        }
        #[allow(unused_imports)]
        pub use __pilaster::*;
    };
}
