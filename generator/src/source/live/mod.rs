//! Live databases.

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
