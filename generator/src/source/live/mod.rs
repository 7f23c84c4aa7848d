//! Live databases.

pub mod sqlite;
