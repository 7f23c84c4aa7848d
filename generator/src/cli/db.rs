//! `pilaster db`: makes and removes what a spec describes, and keeps its migrations.

mod check;
mod folder;
mod migrate;
mod offline;
mod show;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::args::{CreateArgs, DbCommand, DropArgs, TargetArgs};
use super::json::Json;
use super::{Context, Report};
use crate::config::{self, Input, Layer};
use crate::diag::{Code, Diagnostic, Place};
use crate::ir::{DialectName, Schema};
use crate::url::{self, Target};
use crate::{codes, ddl, pipeline};

/// What to do, where and with what.
struct Job {
    schema: Schema,
    strict: bool,
    dialect: DialectName,
    /// The URL, taken apart; absent only when statements are printed for a dialect that a flag names.
    target: Option<(Target, String)>,
}

/// Runs a command.
pub(super) fn run(context: &mut Context, command: &DbCommand) -> Option<Report> {
    match command {
        DbCommand::Create(args) => create(context, args),
        DbCommand::Drop(args) => drop(context, args),
        DbCommand::Init(args) => migrate::init(context, args),
        DbCommand::Migrate(args) => migrate::migrate(context, args),
        DbCommand::Revision(args) => migrate::revision(context, args),
        DbCommand::Merge(args) => migrate::merge(context, args),
        DbCommand::Upgrade(args) => offline::upgrade(context, args),
        DbCommand::Downgrade(args) => offline::downgrade(context, args),
        DbCommand::History(args) => show::history(context, args),
        DbCommand::Heads(args) => show::heads(context, args),
        DbCommand::Branches(args) => show::branches(context, args),
        DbCommand::Show(args) => show::show(context, args),
        DbCommand::Edit(args) => show::edit(context, args),
        DbCommand::Check(args) => check::check(context, args),
    }
}

fn create(context: &mut Context, args: &CreateArgs) -> Option<Report> {
    let job = prepare(context, &args.target)?;
    let statements = ddl::create_missing(&job.schema, job.dialect, &mut context.diagnostics);
    if job.strict {
        context.diagnostics.promote_warnings();
    }
    if context.diagnostics.has_errors() {
        return None;
    }
    if args.target.sql {
        return Some(script(&statements));
    }
    let (path, shown) = file(context, &job)?;
    let missing = !path.exists();
    let result = open(path, OpenFlags::SQLITE_OPEN_CREATE).and_then(|mut connection| {
        let before = tables(&connection)?;
        execute(&mut connection, &statements)?;
        Ok((before, tables(&connection)?))
    });
    if result.is_err() && missing {
        // An empty file that nobody asked for; when it was never made, there is nothing to remove.
        let _ = std::fs::remove_file(path);
    }
    let (before, after) = database(context, &shown, result)?;
    let made: Vec<String> = after.into_iter().filter(|name| !before.contains(name)).collect();
    let text = format!("{shown}: {} created\n", count(made.len()));
    Some(Report { text, facts: vec![("database", Json::Text(shown)), ("created", Json::texts(made))] })
}

fn drop(context: &mut Context, args: &DropArgs) -> Option<Report> {
    let job = prepare(context, &args.target)?;
    let statements = ddl::drop(&job.schema, job.dialect);
    if args.target.sql {
        return Some(script(&statements));
    }
    let (path, shown) = file(context, &job)?;
    if !path.exists() {
        let text = format!("{shown}: no such file, so there is nothing to drop\n");
        return Some(Report { text, facts: vec![("database", Json::Text(shown)), ("dropped", Json::List(vec![]))] });
    }
    confirm(context, args, &shown)?;
    let result = open(path, OpenFlags::empty()).and_then(|mut connection| {
        let before = tables(&connection)?;
        execute(&mut connection, &statements)?;
        Ok((before, tables(&connection)?))
    });
    let (before, after) = database(context, &shown, result)?;
    let gone: Vec<String> = before.into_iter().filter(|name| !after.contains(name)).collect();
    let text = format!("{shown}: {} dropped\n", count(gone.len()));
    Some(Report { text, facts: vec![("database", Json::Text(shown)), ("dropped", Json::texts(gone))] })
}

fn count(tables: usize) -> String {
    if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") }
}

/// Reads the flags, the settings and the spec.
fn prepare(context: &mut Context, args: &TargetArgs) -> Option<Job> {
    let flags = Layer {
        input: args.spec.as_ref().map(|path| Input::Spec(context.path(path))),
        database_url: args.database.clone(),
        ..Layer::default()
    };
    let options = context.options(flags)?;
    let target = match &options.database_url {
        Some(url) => Some((parse(context, url)?, url::redact(url))),
        None => None,
    };
    let dialect = match (&args.dialect, &target) {
        (Some(word), _) => dialect(context, word)?,
        (None, Some((target, _))) => target.dialect(),
        (None, None) => {
            let help = "add `--database sqlite://path`, set DATABASE_URL, or `url` under `[database]` in pilaster.toml";
            return refuse(context, codes::NO_INPUT, "no database is named".to_owned(), help);
        }
    };
    let schema = pipeline::schema(&options, &mut context.diagnostics)?;
    Some(Job { schema, strict: options.strict, dialect, target })
}

fn parse(context: &mut Context, url: &str) -> Option<Target> {
    match url::parse(url) {
        Ok(Target::Sqlite(path)) => Some(Target::Sqlite(context.path(&path))),
        Ok(server) => Some(server),
        Err(reason) => {
            let message = format!("{} cannot be used: {reason}", url::redact(url));
            refuse(context, codes::DATABASE_URL, message, "write `sqlite://path/to/file.db`")
        }
    }
}

fn dialect(context: &mut Context, word: &str) -> Option<DialectName> {
    match config::dialect(word) {
        Some(dialect) => Some(dialect),
        None => {
            let message = format!("there is no dialect {word:?}");
            refuse(context, codes::SETTINGS_VALUE, message, "the dialects are sqlite, postgres and mysql")
        }
    }
}

/// The file to work on; other databases are refused.
fn file<'j>(context: &mut Context, job: &'j Job) -> Option<(&'j Path, String)> {
    match &job.target {
        Some((Target::Sqlite(path), shown)) => Some((path, shown.clone())),
        Some((Target::Server(_), shown)) => {
            let message = format!("{shown}: this version runs statements on SQLite only");
            refuse(
                context,
                codes::DATABASE_URL,
                message,
                "add `--sql` to print the statements for the database's own client",
            )
        }
        None => refuse(context, codes::NO_INPUT, "no database is named".to_owned(), "add `--database sqlite://path`"),
    }
}

fn confirm(context: &mut Context, args: &DropArgs, shown: &str) -> Option<()> {
    if args.yes {
        return Some(());
    }
    let question = format!("Drop the tables of the spec in {shown}, with everything in them?");
    match context.around.confirm {
        Some(ask) if ask(&question) => Some(()),
        Some(_) => refuse(context, codes::REFUSED, "nothing was dropped".to_owned(), "answer `y` to drop"),
        None => {
            let message = "dropping tables must be confirmed, and there is nobody to ask".to_owned();
            refuse(context, codes::REFUSED, message, "add `--yes`")
        }
    }
}

fn refuse<T>(context: &mut Context, code: Code, message: String, help: &str) -> Option<T> {
    context.diagnostics.push(Diagnostic::error(code, Place::None, message).help(help));
    None
}

fn script(statements: &[String]) -> Report {
    let text = statements.iter().map(|statement| format!("{statement};\n")).collect();
    Report { text, facts: vec![("statements", Json::texts(statements.iter().cloned()))] }
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

fn database<T>(context: &mut Context, shown: &str, result: Result<T, Failure>) -> Option<T> {
    let failure = match result {
        Ok(value) => return Some(value),
        Err(failure) => failure,
    };
    let place = failure.statement.map_or(Place::None, Place::Object);
    let (code, message, help) = explain(&failure.error);
    let diagnostic = Diagnostic::error(code, place, format!("{shown}: {message}"));
    context.diagnostics.push(Diagnostic { help: help.map(str::to_owned), ..diagnostic });
    None
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
