//! Databases of servers, over the drivers of the runtime.

use pilaster::blocking::Db;
use pilaster::{Error, ErrorKind};

use super::Change;
use super::online::text_and_help;
use crate::codes;
use crate::diag::{Diagnostic, Place};
use crate::ir::DialectName;
use crate::ir::quote::{quote_ident, quote_string};
use crate::source::live::connect::open;
use crate::url;

const TABLES_OF_POSTGRES: &str = "SELECT CASE WHEN n.nspname = current_schema() THEN c.relname \
    ELSE n.nspname || '.' || c.relname END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1";

const TABLES_OF_MYSQL: &str = "SELECT TABLE_NAME FROM information_schema.TABLES \
    WHERE TABLE_SCHEMA = database() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME";

/// Makes the database, if it is missing, and what is missing in it.
pub(super) fn create(
    url: &str,
    shown: &str,
    dialect: DialectName,
    statements: &[String],
) -> Result<Change, Diagnostic> {
    let (db, made) = match open(url) {
        Ok(db) => (db, false),
        Err(why) => {
            make(url, shown, dialect, why)?;
            (open(url)?, true)
        }
    };
    let change = run(&db, shown, dialect, statements)?;
    Ok(Change { database: made, ..change })
}

/// Whether the database is there. Other reasons why it cannot be opened are errors.
pub(super) fn exists(url: &str, shown: &str, dialect: DialectName) -> Result<bool, Diagnostic> {
    match open(url) {
        Ok(_) => Ok(true),
        Err(why) => match missing(url, shown, dialect)? {
            Some(_) => Ok(false),
            None => Err(why),
        },
    }
}

/// Runs statements in a database that is there.
pub(super) fn drop(url: &str, shown: &str, dialect: DialectName, statements: &[String]) -> Result<Change, Diagnostic> {
    run(&open(url)?, shown, dialect, statements)
}

/// Makes the database. When it is there already, it could not be opened for another reason, `why`.
fn make(url: &str, shown: &str, dialect: DialectName, why: Diagnostic) -> Result<(), Diagnostic> {
    let Some((server, name)) = missing(url, shown, dialect)? else { return Err(why) };
    let statement = format!("CREATE DATABASE {}", quote_ident(dialect, &name));
    server.sql(statement.as_str()).batch().map_err(|error| failure(shown, &error, Some(&statement)))
}

/// The server and the name of the database that is not there; `None` when it is, or the server cannot be asked.
fn missing(url: &str, shown: &str, dialect: DialectName) -> Result<Option<(Db, String)>, Diagnostic> {
    // Every PostgreSQL server has a database of this name to connect to; MySQL needs none.
    let other = if dialect == DialectName::Postgres { "postgres" } else { "" };
    let Some(name) = url::database(url) else { return Ok(None) };
    let Ok(server) = open(&url::with_database(url, other)) else { return Ok(None) };
    let (table, column) = match dialect {
        DialectName::Postgres => ("pg_database", "datname"),
        _ => ("information_schema.SCHEMATA", "SCHEMA_NAME"),
    };
    let sql = format!("SELECT count(*) FROM {table} WHERE {column} = {}", quote_string(dialect, &name));
    let found = server.sql(sql).one::<i64>().map_err(|error| failure(shown, &error, None))?;
    Ok((found == 0).then_some((server, name)))
}

fn run(db: &Db, shown: &str, dialect: DialectName, statements: &[String]) -> Result<Change, Diagnostic> {
    let before = tables(db, shown, dialect)?;
    match dialect {
        DialectName::Postgres => {
            let fail = |error: &Error| failure(shown, error, None);
            let transaction = db.begin().map_err(|error| fail(&error))?;
            for statement in statements {
                let done = transaction.sql(statement.as_str()).batch();
                done.map_err(|error| failure(shown, &error, Some(statement)))?;
            }
            transaction.commit().map_err(|error| fail(&error))?;
        }
        // Every statement of this kind commits by itself there.
        _ => {
            for statement in statements {
                let done = db.sql(statement.as_str()).batch();
                done.map_err(|error| failure(shown, &error, Some(statement)))?;
            }
        }
    }
    Ok(Change { before, after: tables(db, shown, dialect)?, database: false })
}

fn tables(db: &Db, shown: &str, dialect: DialectName) -> Result<Vec<String>, Diagnostic> {
    let sql = if dialect == DialectName::Postgres { TABLES_OF_POSTGRES } else { TABLES_OF_MYSQL };
    db.sql(sql).all::<String>().map_err(|error| failure(shown, &error, None))
}

fn failure(shown: &str, error: &Error, statement: Option<&str>) -> Diagnostic {
    let place = statement.and_then(|text| text.lines().next());
    let place = place.map_or(Place::None, |line| Place::Object(line.to_owned()));
    let (text, own) = text_and_help(error);
    let diagnostic = Diagnostic::error(codes::DATABASE, place, format!("{shown}: {text}"));
    if let Some(own) = own {
        return diagnostic.help(own);
    }
    match error.kind() {
        ErrorKind::Permission => diagnostic.help("let the user make and drop tables there, or name another one"),
        ErrorKind::Locked | ErrorKind::Timeout => diagnostic.help("end the other program's transaction, and try again"),
        _ => diagnostic,
    }
}
