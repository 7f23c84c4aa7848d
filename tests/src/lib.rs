//! Golden cases and the suite that every database runs.
//!
//! - `cases/<name>/` holds an input and what is generated of it; [`cases`] compiles it, `tests/golden.rs` compares it.
//! - [`suite`] holds behaviours, each a function over a database, run on each database by a file in `tests/`.
//! - [`database`] gives every test a database of its own, [`statements`] counts what is sent.
#![deny(warnings, missing_docs)]
// While goldens are being blessed nothing here is built: none of it may keep a broken golden from being replaced.
#![cfg(not(bless))]

pub mod cases;
pub mod database;
pub mod hooks;
pub mod servers;
pub mod servers_mysql;
#[cfg(unix)]
pub mod servers_own;
pub mod statements;
mod strict;
pub mod suite;
pub mod types;
pub mod with_tables;

/// The models of the suite, from `specs/suite.yaml`.
pub mod models {
    pilaster::models!("suite");
}

/// What only PostgreSQL has, from `specs/postgres.yaml`.
pub mod own {
    pilaster::models!("postgres");
}

/// What only MySQL and MariaDB have, from `specs/mysql.yaml`.
pub mod own_mysql {
    pilaster::models!("mysql");
}

/// Unsigned integers, from `specs/unsigned.yaml`.
pub mod unsigned {
    pilaster::models!("unsigned");
}

/// A music shop, from `specs/shop.yaml`.
pub mod shop {
    pilaster::models!("shop");
}
