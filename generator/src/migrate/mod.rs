//! Migrations: what changes between two schemas, kept as data, and turned into the statements of a database.
//!
//! A [`change::Change`] is one step from a schema to the next, in words that no database owns. The same type serves
//! everybody here: [`diff`] makes changes out of two [`state::State`]s, [`revision`] keeps them in files, [`replay`]
//! applies them to a state, [`history`] puts files into an order, [`lint`] judges them, and [`ddl`] makes a
//! [`script::Script`] of them for one database, which [`text`] writes down for the runtime; [`embed`] does so with a whole
//! history. [`recognise`] says what a database reports in the words of a schema, and [`drift`] what differs then. Every
//! stage takes values and gives values; none opens a connection or
//! a file.
//!
//! Views are no part of it: their text is not part of a schema, so they are neither made nor dropped.

pub mod change;
pub mod ddl;
pub mod diff;
pub mod drift;
pub mod embed;
pub mod history;
pub mod lint;
pub mod recognise;
pub mod replay;
pub mod revision;
mod same;
pub mod script;
pub mod state;
pub mod text;

#[cfg(test)]
#[cfg(feature = "live-sqlite")]
pub(crate) mod runner_tests;

#[cfg(test)]
#[cfg_attr(not(feature = "live-sqlite"), allow(dead_code))] // Some of it is for what is run on SQLite.
mod random_tests;
