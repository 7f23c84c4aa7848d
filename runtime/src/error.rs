//! The one error type: a kind to match on, a message for people, and the driver's error as source.

use std::error::Error as StdError;
use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Cheap to move; never holds a password.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    /// What failed may have taken effect all the same.
    unknown: bool,
    /// Which row of how many is at fault, from 1.
    row: Option<(usize, usize)>,
    /// Which parameter of the statement is at fault, from 0, where the server says so.
    parameter: Option<usize>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`] a program can react to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `one` found nothing, or the row to change is gone.
    NotFound,
    /// `one` found more than one row.
    NotUnique,
    /// A unique constraint or primary key was violated.
    UniqueViolation(Violation),
    /// A foreign key was violated.
    ForeignKeyViolation(Violation),
    /// A check constraint was violated.
    CheckViolation(Violation),
    /// A column that may not be NULL was given none.
    NotNullViolation(Violation),
    /// The row changed since it was read (optimistic locking).
    Stale,
    /// Two transactions could not be put in an order; retry the transaction.
    Serialization,
    /// The database chose this transaction to resolve a deadlock; retry the transaction.
    Deadlock,
    /// The database or a row is locked by somebody else.
    Locked,
    /// A statement or a wait took longer than allowed.
    Timeout,
    /// No connection could be had from the pool, or the pool is closed.
    Pool,
    /// The database could not be opened or reached, or the connection was lost.
    Connection,
    /// The database refuses this user the operation.
    Permission,
    /// The database or the transaction is read only.
    ReadOnly,
    /// A value does not fit the column it is written to.
    Encode(Cell),
    /// A value that was read does not fit its Rust type.
    Decode(Cell),
    /// The transaction is over, or another one nested in it is open.
    Transaction,
    /// The statement is wrong, or uses a column that is not in its scope.
    Query,
    /// The database cannot do this.
    Unsupported {
        /// What was asked for.
        feature: &'static str,
        /// The dialect that lacks it.
        dialect: &'static str,
    },
    /// The program's own hook refused to have a row written.
    Refused,
    /// A migration failed.
    Migration,
    /// A URL or a setting is wrong.
    Config,
}

/// Which constraint was violated, as far as the database tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violation {
    /// Name of the constraint.
    pub constraint: Option<String>,
    /// Table.
    pub table: Option<String>,
    /// Columns, by SQL name.
    pub columns: Vec<String>,
}

/// Which value did not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// Table, when known.
    pub table: Option<String>,
    /// Column, by SQL name, when known.
    pub column: Option<String>,
    /// What the column takes or the Rust type needs.
    pub expected: String,
    /// What was found instead.
    pub found: String,
}

impl Error {
    /// An error of a kind with a message.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            unknown: false,
            row: None,
            parameter: None,
            source: None,
        }))
    }

    /// Adds the error beneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The message, without the kind's own words and without the source.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether running the whole transaction again can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Serialization | ErrorKind::Deadlock)
    }

    /// Whether what failed may have taken effect all the same: the connection was lost while a statement that writes, or a
    /// commit, was under way, or PostgreSQL began a `COPY … TO STDOUT` before it was refused here. After any other error,
    /// one of kind [`ErrorKind::Connection`] included, nothing was done by a statement that does not commit by itself, as
    /// scripts and procedures can. Of SQL that is written by hand nobody knows whether it writes.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.unknown
    }

    /// Notes that it may have taken effect.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.unknown = true;
        self
    }

    /// Notes that it has no effect whatever became of it.
    pub(crate) fn without_effect(mut self) -> Self {
        self.0.unknown = false;
        self
    }

    /// Says which parameter of the statement is at fault, from 0.
    #[cfg(feature = "postgres")]
    pub(crate) fn of_parameter(mut self, parameter: Option<usize>) -> Self {
        self.0.parameter = parameter;
        self
    }

    /// Which parameter of the statement is at fault, from 0, where that is known.
    pub(crate) fn parameter(&self) -> Option<usize> {
        self.0.parameter
    }

    /// Whether a row is to blame, and not the statement or the database.
    pub(crate) fn is_of_row(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Encode(_)
                | ErrorKind::UniqueViolation(_)
                | ErrorKind::ForeignKeyViolation(_)
                | ErrorKind::CheckViolation(_)
                | ErrorKind::NotNullViolation(_)
        )
    }

    /// Says which row of many it is that is to blame, if one is.
    pub(crate) fn in_row(self, row: usize, of: usize) -> Self {
        if self.is_of_row() { self.numbered(row, of) } else { self }
    }

    /// Says which row of many an error came of that is known to come of one.
    pub(crate) fn numbered(mut self, row: usize, of: usize) -> Self {
        if of > 1 {
            self.0.row.get_or_insert((row, of));
        }
        self
    }

    /// Whether nothing was found where one row was expected.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.0.kind, ErrorKind::NotFound)
    }

    /// Whether a unique constraint or primary key was violated.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self.0.kind, ErrorKind::UniqueViolation(_))
    }

    /// Whether a foreign key was violated.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        matches!(self.0.kind, ErrorKind::ForeignKeyViolation(_))
    }

    /// What a hook says to keep a row from being written; see [`BeforeInsert`](crate::BeforeInsert).
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    /// A statement that is wrong in itself.
    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Query, message)
    }

    /// A setting that is wrong.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// A value that was read and does not fit; table and column are added by [`Error::in_column`].
    pub(crate) fn decode(expected: impl Into<String>, found: impl Into<String>) -> Self {
        let cell = Cell { expected: expected.into(), found: found.into(), ..Cell::default() };
        Self::new(ErrorKind::Decode(cell), "")
    }

    /// A value that does not fit the column it is meant for.
    pub(crate) fn encode(expected: impl Into<String>, found: impl Into<String>) -> Self {
        let cell = Cell { expected: expected.into(), found: found.into(), ..Cell::default() };
        Self::new(ErrorKind::Encode(cell), "")
    }

    /// Adds the table and columns of a violation that were looked up.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(crate) fn in_place(mut self, of: String, found: Vec<String>) -> Self {
        if let Some(Violation { columns, table, .. }) = self.violation_mut() {
            table.get_or_insert(of);
            if columns.is_empty() {
                *columns = found;
            }
        }
        self
    }

    /// Which constraint of several columns was violated.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(crate) fn violation_mut(&mut self) -> Option<&mut Violation> {
        match &mut self.0.kind {
            ErrorKind::UniqueViolation(violation)
            | ErrorKind::ForeignKeyViolation(violation)
            | ErrorKind::CheckViolation(violation) => Some(violation),
            _ => None,
        }
    }

    /// Names the table alone of such an error.
    pub(crate) fn in_table(mut self, table: &str) -> Self {
        if let ErrorKind::Decode(cell) | ErrorKind::Encode(cell) = &mut self.0.kind {
            cell.table.get_or_insert_with(|| table.to_owned());
        }
        self
    }

    /// Names the column of a decode or encode error that does not know it yet.
    pub(crate) fn in_column(mut self, table: &str, column: &str) -> Self {
        if let ErrorKind::Decode(cell) | ErrorKind::Encode(cell) = &mut self.0.kind {
            cell.table.get_or_insert_with(|| table.to_owned());
            cell.column.get_or_insert_with(|| column.to_owned());
        }
        self
    }
}

/// What is said of a statement whose connection went away.
const UNKNOWN: &str = "whether what was under way took effect is not known: look before it is run again";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::Decode(cell) => cell.write(f, "cannot read")?,
            ErrorKind::Encode(cell) => cell.write(f, "cannot write")?,
            _ => {}
        }
        f.write_str(&self.0.message)?;
        if let Some((row, of)) = self.0.row {
            write!(f, " (row {row} of {of})")?;
        }
        if self.0.unknown { write!(f, " ({UNKNOWN})") } else { Ok(()) }
    }
}

impl Cell {
    fn write(&self, f: &mut fmt::Formatter<'_>, verb: &str) -> fmt::Result {
        write!(f, "{verb} ")?;
        match (&self.table, &self.column) {
            (Some(table), Some(column)) => write!(f, "column \"{column}\" of \"{table}\"")?,
            (None, Some(column)) => write!(f, "column \"{column}\"")?,
            (Some(table), None) => write!(f, "a value of \"{table}\"")?,
            (None, None) => write!(f, "a value")?,
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind);
        if !self.0.message.is_empty() {
            debug.field("message", &self.0.message);
        }
        if let Some(row) = &self.0.row {
            debug.field("row", row);
        }
        if self.0.unknown {
            debug.field("is_outcome_unknown", &true);
        }
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
