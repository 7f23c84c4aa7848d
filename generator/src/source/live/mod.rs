//! Live databases.

#[cfg(any(feature = "live-sqlite", feature = "live-postgres", feature = "live-mysql"))]
use crate::ddl;

#[cfg(any(feature = "live-postgres", feature = "live-mysql"))]
pub(crate) mod connect;
#[cfg(feature = "live-mysql")]
pub mod mysql;
#[cfg(feature = "live-postgres")]
pub mod postgres;
#[cfg(any(feature = "live-postgres", feature = "live-mysql"))]
mod server;
#[cfg(feature = "live-sqlite")]
pub mod sqlite;

/// A name that DDL of ours would make by itself is none.
#[cfg(any(feature = "live-sqlite", feature = "live-postgres", feature = "live-mysql"))]
fn given_name(name: &str, table: &str, columns: &[String], suffix: &str) -> Option<String> {
    let made = ddl::made_name(table, columns.iter().map(String::as_str), suffix);
    (made != name).then(|| name.to_owned())
}
