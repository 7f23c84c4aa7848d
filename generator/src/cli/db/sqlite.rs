//! Files of SQLite.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Change;
use crate::codes;
use crate::diag::{Code, Diagnostic, Place};

/// Makes the file, if it is missing, and what is missing in it.
pub(super) fn create(path: &Path, shown: &str, statements: &[String]) -> Result<Change, Diagnostic> {
    let missing = !path.exists();
    let result = run(path, OpenFlags::SQLITE_OPEN_CREATE, statements);
    if result.is_err() && missing {
        // An empty file that nobody asked for; when it was never made, there is nothing to remove.
        let _ = std::fs::remove_file(path);
    }
    result.map_err(|failure| diagnostic(shown, failure))
}

/// Runs statements in a file that is there.
pub(super) fn drop(path: &Path, shown: &str, statements: &[String]) -> Result<Change, Diagnostic> {
    run(path, OpenFlags::empty(), statements).map_err(|failure| diagnostic(shown, failure))
}

fn run(path: &Path, more: OpenFlags, statements: &[String]) -> Result<Change, Failure> {
    let mut connection = open(path, more)?;
    let before = tables(&connection)?;
    execute(&mut connection, statements)?;
    Ok(Change { before, after: tables(&connection)?, database: false })
}

/// What went wrong, with the statement if it was one.
struct Failure {
    error: rusqlite::Error,
    statement: Option<String>,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self { error, statement: None }
    }
}

fn diagnostic(shown: &str, failure: Failure) -> Diagnostic {
    let place = failure.statement.map_or(Place::None, Place::Object);
    let (code, message, help) = explain(&failure.error);
    let diagnostic = Diagnostic::error(code, place, format!("{shown}: {message}"));
    Diagnostic { help: help.map(str::to_owned), ..diagnostic }
}

/// What an error of SQLite's means to somebody who makes tables, and what to do.
fn explain(error: &rusqlite::Error) -> (Code, String, Option<&'static str>) {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            codes::LIVE_LOCKED,
            "the database is locked by another connection".to_owned(),
            Some("end the other program's transaction, and try again"),
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            codes::DATABASE,
            "the database cannot be written: the file or its folder is read only".to_owned(),
            Some("check the permissions of the file and of its folder"),
        ),
        Some(ErrorCode::CannotOpen) => (
            codes::DATABASE,
            "the file can be neither opened nor made".to_owned(),
            Some("check that its folder exists, and the permissions of both"),
        ),
        Some(ErrorCode::NotADatabase) => (
            codes::DATABASE,
            "the file is no SQLite database, or is encrypted".to_owned(),
            Some("check the path; a new file is made where there is none"),
        ),
        _ => (codes::DATABASE, error.to_string(), None),
    }
}

fn open(path: &Path, more: OpenFlags) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | more)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn tables(connection: &Connection) -> Result<Vec<String>, Failure> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Runs statements in one transaction, except for pragmas, which it would ignore.
fn execute(connection: &mut Connection, statements: &[String]) -> Result<(), Failure> {
    let run = |connection: &Connection, statement: &String| {
        let fail = |error| Failure { error, statement: Some(statement.lines().next().unwrap_or_default().to_owned()) };
        connection.execute_batch(statement).map_err(fail)
    };
    let is_pragma = |statement: &&String| statement.starts_with("PRAGMA ");
    let before: Vec<&String> = statements.iter().take_while(is_pragma).collect();
    let after: Vec<&String> = statements.iter().skip(before.len()).filter(is_pragma).collect();
    for statement in before {
        run(connection, statement)?;
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for statement in statements.iter().filter(|statement| !is_pragma(statement)) {
        run(&transaction, statement)?;
    }
    transaction.commit()?;
    after.into_iter().try_for_each(|statement| run(connection, statement))
}
