//! Why a file cannot be read as an SQLite database, and what to do.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::codes;
use crate::diag::{Code, Diagnostic, Place};

/// The diagnostic of a path that is no file, before anything is opened.
pub(super) fn unsuitable(path: &Path) -> Option<Diagnostic> {
    let shown = path.display();
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            Some(open(path, codes::LIVE_OPEN, format!("`{shown}` is a directory"), "give the path of a database file"))
        }
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(open(
            path,
            codes::LIVE_OPEN,
            format!("the database file `{shown}` does not exist"),
            "check the path; a file is only read here, never created",
        )),
        Err(error) => {
            let message = format!("the database file `{shown}` cannot be reached: {error}");
            Some(open(path, codes::LIVE_OPEN, message, "check the permissions of the file and of its folders"))
        }
    }
}

/// The diagnostic of an error of SQLite's.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> Diagnostic {
    let shown = path.display();
    let (code, message, help) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => (
            codes::LIVE_OPEN,
            format!("`{shown}` is not an SQLite database, or is encrypted"),
            "give the path of a plain SQLite file; decrypt an encrypted one into a copy first",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            codes::LIVE_LOCKED,
            format!("`{shown}` is locked by another connection"),
            "end the other program's transaction, or read a copy of the file",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => (
            codes::LIVE_OPEN,
            format!("`{shown}` cannot be opened: {error}"),
            "check the permissions; a database in WAL mode also needs its folder to be writable, or a copy elsewhere",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            codes::LIVE_READ,
            format!("`{shown}` is damaged: {error}"),
            "run `PRAGMA integrity_check` on it, and recover it with `sqlite3 FILE .recover`",
        ),
        _ => (
            codes::LIVE_READ,
            format!("the schema of `{shown}` cannot be read: {error}"),
            "try `SELECT * FROM sqlite_schema` on the file with `sqlite3`",
        ),
    };
    open(path, code, message, help)
}

fn open(path: &Path, code: Code, message: String, help: &str) -> Diagnostic {
    Diagnostic::error(code, Place::Object(format!("database \"{}\"", path.display())), message).help(help)
}
