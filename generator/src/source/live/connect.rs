//! A server, opened over the runtime's own drivers, so that a URL means the same here and there.
//!
//! Everything is read in one read-only transaction that sees one moment.

use std::time::Duration;

use pilaster::blocking::{Db, Tx};
use pilaster::{Error, ErrorKind, Isolation, Row, TxOptions};

use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place};
use crate::url;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server's catalog as it is at one moment.
pub(super) struct Snapshot {
    transaction: Tx,
    /// The URL without password.
    shown: String,
}

/// Opens a database with a single connection.
///
/// # Errors
/// The diagnostic that says why it cannot be opened.
pub(crate) fn open(url: &str) -> Result<Db, Diagnostic> {
    let opened = Db::builder(url).max_connections(1).acquire_timeout(PATIENCE).connect();
    opened.map_err(|error| {
        let (code, help) = match error.kind() {
            ErrorKind::Config => (codes::DATABASE_URL, "correct the URL; special characters in it are written as %40"),
            ErrorKind::Unsupported { .. } => (codes::LIVE_OPEN, "use a newer server, or change what the URL asks for"),
            ErrorKind::Permission => {
                (codes::LIVE_OPEN, "check user, password and rights, and the name of the database")
            }
            _ => (codes::LIVE_OPEN, "check host and port, that the server runs, user, password and database"),
        };
        of_error(code, &url::redact(url), &error, help)
    })
}

/// An error of the runtime's at a database. Its texts hold no password.
pub(crate) fn of_error(code: Code, shown: &str, error: &Error, help: &str) -> Diagnostic {
    Diagnostic::error(code, Place::Object(format!("database \"{shown}\"")), error.to_string()).help(help)
}

impl Snapshot {
    /// Connects, or says why that is not possible.
    pub(super) fn open(url: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let shown = url::redact(url);
        let db = open(url).map_err(|diagnostic| diagnostics.push(diagnostic)).ok()?;
        let options = TxOptions::new().isolation(Isolation::RepeatableRead).read_only(true);
        match db.begin_with(options) {
            Ok(transaction) => Some(Self { transaction, shown }),
            Err(error) => {
                diagnostics.push(unreadable(&shown, &error));
                None
            }
        }
    }

    /// The rows of a query.
    pub(super) fn rows<T: Send>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> pilaster::Result<T> + Send,
    ) -> pilaster::Result<Vec<T>> {
        self.transaction.sql(sql).map(read).all()
    }

    /// What was read, or `None` with the reason.
    pub(super) fn finish<T>(&self, read: pilaster::Result<T>, diagnostics: &mut Diagnostics) -> Option<T> {
        read.map_err(|error| diagnostics.push(unreadable(&self.shown, &error))).ok()
    }

    /// The warning of a database in which nothing was found.
    pub(super) fn empty(&self, help: &str) -> Diagnostic {
        let place = Place::Object(format!("database \"{}\"", self.shown));
        Diagnostic::warning(codes::LIVE_EMPTY, place, "there are no tables to read").help(help)
    }
}

fn unreadable(shown: &str, error: &Error) -> Diagnostic {
    let help = match error.kind() {
        ErrorKind::Permission => "let the user read the catalog, or use another one: nothing but the catalog is read",
        ErrorKind::Connection => "the connection was lost: try again",
        _ => "this may be a server that is not known yet; its version and this message tell what to look at",
    };
    of_error(codes::LIVE_READ, shown, error, help)
}
