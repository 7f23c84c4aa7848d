//! `pilaster db`: makes and removes what a spec describes, and keeps its migrations.

mod check;
mod folder;
mod live;
mod migrate;
mod offline;
mod online;
mod runtime;
mod show;

mod server;
mod sqlite;

use super::args::{CreateArgs, DbCommand, DropArgs, TargetArgs};
use super::json::Json;
use super::{Context, Report};
use crate::config::{self, Input, Layer};
use crate::ddl::{self, Notes};
use crate::diag::{Code, Diagnostic, Place};
use crate::ir::{DialectName, Schema};
use crate::url::{self, Target};
use crate::{codes, pipeline};

pub(super) use check::differences;
pub(super) use folder::{history, path as folder_path};
pub(super) use live::{Compared, Standing, compare};

/// What to do, where and with what.
struct Job {
    schema: Schema,
    strict: bool,
    dialect: DialectName,
    /// The URL, taken apart and as it is; absent only when statements are printed for a dialect that a flag names.
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
        DbCommand::Upgrade(args) if !args.sql => online::upgrade(context, args),
        DbCommand::Upgrade(args) => offline::upgrade(context, args),
        DbCommand::Downgrade(args) if !args.sql => online::downgrade(context, args),
        DbCommand::Downgrade(args) => offline::downgrade(context, args),
        DbCommand::Current(args) => online::current(context, args),
        DbCommand::Stamp(args) => online::stamp(context, args),
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
    let (target, url, shown) = target(context, &job)?;
    let change = match target {
        Target::Sqlite(path) => sqlite::create(path, &shown, &statements),
        Target::Server(dialect) => server::create(url, &shown, *dialect, &statements),
    };
    let change = told(context, change)?;
    let made: Vec<String> = change.after.into_iter().filter(|name| !change.before.contains(name)).collect();
    let first = if change.database { "the database and " } else { "" };
    let text = format!("{shown}: {first}{} created\n", count(made.len()));
    Some(Report { text, facts: vec![("database", Json::Text(shown)), ("created", Json::texts(made))] })
}

fn drop(context: &mut Context, args: &DropArgs) -> Option<Report> {
    let job = prepare(context, &args.target)?;
    let notes = if folder::is_used(context)? { Notes::Drop } else { Notes::Keep };
    let statements = ddl::drop(&job.schema, job.dialect, notes);
    if args.target.sql {
        return Some(script(&statements));
    }
    let (target, url, shown) = target(context, &job)?;
    let exists = match target {
        Target::Sqlite(path) => Ok(path.exists()),
        Target::Server(dialect) => server::exists(url, &shown, *dialect),
    };
    if !told(context, exists)? {
        let text = format!("{shown}: no such database, so there is nothing to drop\n");
        return Some(Report { text, facts: vec![("database", Json::Text(shown)), ("dropped", Json::List(vec![]))] });
    }
    confirm(context, args, &shown)?;
    let change = match target {
        Target::Sqlite(path) => sqlite::drop(path, &shown, &statements),
        Target::Server(dialect) => server::drop(url, &shown, *dialect, &statements),
    };
    let change = told(context, change)?;
    let gone: Vec<String> = change.before.into_iter().filter(|name| !change.after.contains(name)).collect();
    let text = format!("{shown}: {} dropped\n", count(gone.len()));
    Some(Report { text, facts: vec![("database", Json::Text(shown)), ("dropped", Json::texts(gone))] })
}

/// The tables before and after.
struct Change {
    before: Vec<String>,
    after: Vec<String>,
    /// Whether the database was made, too.
    database: bool,
}

fn told<T>(context: &mut Context, result: Result<T, Diagnostic>) -> Option<T> {
    result.map_err(|diagnostic| context.diagnostics.push(diagnostic)).ok()
}

/// A number of revisions, for people.
pub(super) fn revisions(count: usize) -> String {
    if count == 1 { "1 revision".to_owned() } else { format!("{count} revisions") }
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
        Some(url) => Some((parse(context, url)?, url.clone())),
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
            refuse(
                context,
                codes::DATABASE_URL,
                message,
                "write `sqlite://path`, `postgres://user@host/name` or `mysql://user@host/name`",
            )
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

/// The database to work on: what it is, its URL, and how that is shown.
fn target<'j>(context: &mut Context, job: &'j Job) -> Option<(&'j Target, &'j str, String)> {
    match &job.target {
        Some((target, url)) => Some((target, url, url::redact(url))),
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
