//! The blocking forms: the same methods, whose results come without `.await`.
//!
//! They need no runtime. Inside one they block the thread that calls them; on a worker of tokio's multi-thread
//! runtime its other tasks move to another thread first.

use crate::mode::Blocking;

/// A database whose methods block.
pub type Db = crate::database::Database<Blocking>;

/// A transaction whose methods block.
pub type Tx = crate::transaction::Transaction<Blocking>;

/// A session whose methods block.
pub type Session = crate::session::UnitOfWork<Blocking>;

/// Settings of a database that is about to be opened.
pub type Builder = crate::database::Builder<Blocking>;
