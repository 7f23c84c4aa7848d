//! SQLite's faults as kinds of [`Error`].

use rusqlite::ffi;

use super::fits;
use crate::error::{Cell, Error, ErrorKind, Violation};
use crate::value::shorten;

/// How much of a statement is shown in a message.
const SHOWN: usize = 600;

/// What SQLite says about a call that failed.
pub(super) struct Fault {
    /// Extended result code.
    pub code: i32,
    pub message: String,
    /// Where in the text the statement is wrong, in bytes.
    pub offset: Option<usize>,
}

impl Fault {
    /// The error, with SQLite's own as its source. The statement is named where it can be at fault.
    pub(super) fn into_error(self, sql: Option<&str>) -> Error {
        let kind = kind(self.code, &self.message);
        let mut message = match &kind {
            ErrorKind::Encode(_) => String::new(),
            _ => self.message.clone(),
        };
        if self.message.starts_with("too many SQL variables") {
            message.push_str(
                " (a statement takes 32766 values: send a long list in parts, or join a table that holds it)",
            );
        }
        message.push_str(match self.code {
            // A transaction that read before it wrote; to wait does not help it.
            ffi::SQLITE_BUSY_SNAPSHOT => {
                " (another connection wrote since this transaction read: run it again, or begin it as one that writes, as \
                `db.begin()` and `db.transaction(…)` do)"
            }
            code if code & 0xff == ffi::SQLITE_BUSY => {
                " (another connection or program writes to the file: busy_timeout in the URL says how long to wait for it; \
                keep transactions that write short)"
            }
            _ => "",
        });
        if let (ErrorKind::Query, Some(sql)) = (&kind, sql) {
            message.push_str(&place(sql, self.offset));
        }
        let source = rusqlite::Error::SqliteFailure(ffi::Error::new(self.code), Some(self.message));
        Error::new(kind, message).with_source(source)
    }
}

/// The error of a call that went through rusqlite.
pub(super) fn from_rusqlite(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(cause, message) => {
            let message = message.unwrap_or_else(|| ffi::code_to_str(cause.extended_code).to_owned());
            Fault { code: cause.extended_code, message, offset: None }.into_error(None)
        }
        rusqlite::Error::SqlInputError { error: cause, msg, sql, offset } => {
            Fault { code: cause.extended_code, message: msg, offset: usize::try_from(offset).ok() }
                .into_error(Some(&sql))
        }
        other => Error::new(ErrorKind::Query, other.to_string()).with_source(other),
    }
}

/// Whether a statement failed since what it makes is there. SQLite has one code for all that is wrong with a statement, but
/// speaks one language.
pub(crate) fn is_there(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    let Some(rusqlite::Error::SqliteFailure(_, Some(message))) = source else { return false };
    message.ends_with(" already exists") || message.starts_with("duplicate column name: ")
}

/// The statement, cut where it is long, and where in it the fault lies.
fn place(sql: &str, offset: Option<usize>) -> String {
    let place = offset.map_or(String::new(), |at| format!(", at byte {at}"));
    format!("{place} in: {}", shorten(sql, SHOWN))
}

fn kind(code: i32, message: &str) -> ErrorKind {
    if let Some(cell) = fits::refused(message) {
        return ErrorKind::Encode(cell);
    }
    match code & 0xff {
        ffi::SQLITE_CONSTRAINT => constraint(code, message),
        ffi::SQLITE_BUSY if code == ffi::SQLITE_BUSY_SNAPSHOT => ErrorKind::Serialization,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => ErrorKind::Locked,
        ffi::SQLITE_INTERRUPT => ErrorKind::Timeout,
        ffi::SQLITE_READONLY => ErrorKind::ReadOnly,
        ffi::SQLITE_PERM | ffi::SQLITE_AUTH => ErrorKind::Permission,
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_NOTADB | ffi::SQLITE_CORRUPT | ffi::SQLITE_IOERR | ffi::SQLITE_PROTOCOL => {
            ErrorKind::Connection
        }
        ffi::SQLITE_MISMATCH => encode("an integer for the row's key", "a value of another type"),
        ffi::SQLITE_TOOBIG => encode("a value within SQLite's limit of size", "a longer one"),
        _ => ErrorKind::Query,
    }
}

fn encode(expected: &str, found: &str) -> ErrorKind {
    ErrorKind::Encode(Cell { expected: expected.into(), found: found.into(), ..Cell::default() })
}

fn constraint(code: i32, message: &str) -> ErrorKind {
    let detail = message.split_once(" constraint failed: ").map(|(_, detail)| detail);
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            ErrorKind::UniqueViolation(detail.map(columns).unwrap_or_default())
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation(detail.map(columns).unwrap_or_default()),
        ffi::SQLITE_CONSTRAINT_CHECK => {
            ErrorKind::CheckViolation(Violation { constraint: detail.map(str::to_owned), ..Violation::default() })
        }
        // RESTRICT is watched over by a trigger of SQLite's own, which says what it is.
        ffi::SQLITE_CONSTRAINT_TRIGGER if message == "FOREIGN KEY constraint failed" => {
            ErrorKind::ForeignKeyViolation(Violation::default())
        }
        // A trigger that raises an error is a check written by hand.
        ffi::SQLITE_CONSTRAINT_TRIGGER => ErrorKind::CheckViolation(Violation::default()),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation(Violation::default()),
        ffi::SQLITE_CONSTRAINT_DATATYPE => datatype(message),
        _ => ErrorKind::Query,
    }
}

/// `user.email, user.name`, or `index 'name'` for an index over expressions. Names are not quoted there.
fn columns(detail: &str) -> Violation {
    if let Some(index) = detail.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return Violation { constraint: Some(index.to_owned()), ..Violation::default() };
    }
    let Some((table, rest)) = detail.split_once('.') else {
        return Violation { constraint: Some(detail.to_owned()), ..Violation::default() };
    };
    let columns = rest.split(&format!(", {table}.")).map(str::to_owned).collect();
    Violation { constraint: None, table: Some(table.to_owned()), columns }
}

/// `cannot store TEXT value in INTEGER column user.age`, from a STRICT table.
fn datatype(message: &str) -> ErrorKind {
    let parts = message.strip_prefix("cannot store ").and_then(|rest| rest.split_once(" value in "));
    let Some((found, (expected, column))) = parts.and_then(|(found, rest)| Some((found, rest.split_once(" column ")?)))
    else {
        return encode("a value of the column's type", message);
    };
    let (table, column) = column.split_once('.').map_or((None, column), |(table, column)| (Some(table), column));
    ErrorKind::Encode(Cell {
        table: table.map(str::to_owned),
        column: Some(column.to_owned()),
        expected: expected.to_owned(),
        found: format!("a value of type {found}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(code: i32, message: &str) -> ErrorKind {
        kind(code, message)
    }

    #[test]
    fn unique_violations_name_table_and_columns() {
        let found = violation(ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: user.email, user.na, me");
        let expected =
            Violation { constraint: None, table: Some("user".into()), columns: vec!["email".into(), "na, me".into()] };
        assert_eq!(found, ErrorKind::UniqueViolation(expected));
        let found = violation(ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: index 'lower_email'");
        assert_eq!(
            found,
            ErrorKind::UniqueViolation(Violation { constraint: Some("lower_email".into()), ..Violation::default() })
        );
    }

    #[test]
    fn strict_tables_name_the_column_and_both_types() {
        let found = violation(ffi::SQLITE_CONSTRAINT_DATATYPE, "cannot store TEXT value in INTEGER column user.age");
        let ErrorKind::Encode(cell) = found else { panic!("{found:?}") };
        assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("user"), Some("age")));
        assert_eq!((cell.expected.as_str(), cell.found.as_str()), ("INTEGER", "a value of type TEXT"));
    }

    #[test]
    fn messages_that_change_still_have_a_kind() {
        assert_eq!(
            violation(ffi::SQLITE_CONSTRAINT_UNIQUE, "something new"),
            ErrorKind::UniqueViolation(Violation::default())
        );
        let restrict = violation(ffi::SQLITE_CONSTRAINT_TRIGGER, "FOREIGN KEY constraint failed");
        assert_eq!(restrict, ErrorKind::ForeignKeyViolation(Violation::default()));
        assert_eq!(violation(ffi::SQLITE_CONSTRAINT_TRIGGER, "no"), ErrorKind::CheckViolation(Violation::default()));
        assert_eq!(violation(ffi::SQLITE_BUSY_SNAPSHOT, ""), ErrorKind::Serialization);
        assert_eq!(violation(ffi::SQLITE_BUSY_RECOVERY, ""), ErrorKind::Locked);
        assert_eq!(violation(ffi::SQLITE_READONLY_DIRECTORY, ""), ErrorKind::ReadOnly);
    }
}
