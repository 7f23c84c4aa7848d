//! `upgrade`, `downgrade`, `current` and `stamp` on a database, over the runner of the runtime.

use std::collections::{BTreeMap, BTreeSet};

use pilaster::ErrorKind;
use pilaster::blocking::Db;
use pilaster::migrate::{Applied, Migrator, Revision, State as Progress, Target};

use super::super::args::{PlaceArgs, ScriptArgs, StampArgs};
use super::super::json::Json;
use super::super::{Context, Report};
use super::{folder, offline, refuse, runtime};
use crate::codes;
use crate::config::Layer;
use crate::diag::{Diagnostic, Place};
use crate::ir::DialectName;
use crate::migrate::history::History;
use crate::migrate::script::Script;
use crate::source::live::connect::open;
use crate::url;

/// A database that is open.
pub(super) struct Online {
    pub db: Db,
    pub dialect: DialectName,
    pub url: String,
    pub shown: String,
}

/// What to do when there is no such file of SQLite.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Missing {
    /// It is an error: only what makes a database makes a file.
    Refuse,
    /// Refused, and one that is there is only looked at: opening it does not change how it keeps its journal.
    Look,
    Make,
    /// As if there were an empty one.
    Pretend,
}

pub(super) fn connect(context: &mut Context, args: &PlaceArgs, missing: Missing) -> Option<Online> {
    let flags = Layer { database_url: args.database.clone(), ..Layer::default() };
    let Some(url) = context.options(flags)?.database_url else {
        let help = "add `--database sqlite://path`, set DATABASE_URL, or `url` under `[database]` in pilaster.toml";
        return refuse(context, codes::NO_INPUT, "no database is named".to_owned(), help);
    };
    let shown = url::redact(&url);
    let (dialect, url) = match super::parse(context, &url)? {
        url::Target::Sqlite(path) if matches!(missing, Missing::Refuse | Missing::Look) && !path.exists() => {
            let message = format!("{shown}: there is no such file");
            let help = "check the path; `pilaster db upgrade` and `pilaster db create` make a file";
            return refuse(context, codes::LIVE_OPEN, message, help);
        }
        url::Target::Sqlite(path) if missing == Missing::Pretend && !path.exists() => {
            (DialectName::Sqlite, "sqlite::memory:".to_owned())
        }
        url::Target::Sqlite(path) => (DialectName::Sqlite, url::at_file(&url, &path)),
        url::Target::Server(dialect) => (dialect, url),
    };
    let only_looks = dialect == DialectName::Sqlite && missing == Missing::Look;
    let opened = if only_looks { open(&url::with_settings(url.clone(), "mode=ro")) } else { open(&url) };
    let db = opened.map_err(|diagnostic| context.diagnostics.push(diagnostic)).ok()?;
    Some(Online { db, dialect, url, shown })
}

/// What the runtime gives, or its error told.
pub(super) fn told<T>(context: &mut Context, online: &Online, outcome: pilaster::Result<T>) -> Option<T> {
    outcome
        .map_err(|error| {
            let place = Place::Object(format!("database \"{}\"", online.shown));
            let (text, own) = text_and_help(&error);
            let found = Diagnostic::error(codes::RUN, place, text);
            context.diagnostics.push(match own.or(help(&error).map(str::to_owned)) {
                Some(help) => found.help(help),
                None => found,
            });
        })
        .ok()
}

/// An error in one line, and what to do, which the runtime says where a program can do it as well.
pub(super) fn text_and_help(error: &pilaster::Error) -> (String, Option<String>) {
    let text = error.to_string();
    match text.split_once("\n  help: ") {
        Some((text, own)) => (one_line(text), Some(own.to_owned())),
        None => (one_line(&text), None),
    }
}

/// An error in one line; a statement in it may have several.
fn one_line(error: &str) -> String {
    error.replace("\n  in: ", "; in: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to do about an error that is not the migration's own fault.
fn help(error: &pilaster::Error) -> Option<&'static str> {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<pilaster::Error>());
    match cause.unwrap_or(error).kind() {
        ErrorKind::Permission => Some("let the user make and alter tables in this database, or run it as one who may"),
        ErrorKind::ReadOnly => {
            Some("run it on a database that can be written: not on a replica, and not on a file without rights")
        }
        ErrorKind::Locked | ErrorKind::Timeout => Some("somebody else is at the tables: try again, or when fewer are"),
        _ => None,
    }
}

/// Where a word leads to.
fn target(context: &mut Context, history: &History, word: &str) -> Option<Target> {
    Some(match word {
        "head" if history.files().is_empty() => Target::Heads,
        "head" => Target::Head,
        "heads" => Target::Heads,
        "base" => Target::Base,
        _ => match offline::relative(word) {
            Some(steps) => Target::Steps(steps),
            None => Target::Revision(folder::find(context, history, word)?.revision.id.clone()),
        },
    })
}

/// Names, checksums and order of the history, with scripts for some.
fn revisions(
    context: &mut Context,
    history: &History,
    online: &Online,
    up: &BTreeMap<String, Script>,
    down: &BTreeMap<String, Script>,
) -> Option<Vec<Revision>> {
    let dialect = online.dialect;
    let nothing = || Script { dialect, foreign_keys_off: false, steps: Vec::new() };
    let all = history.files().iter().map(|file| {
        let id = &file.revision.id;
        let script = up.get(id).cloned().unwrap_or_else(nothing);
        let back = file.revision.down.as_ref().map(|_| down.get(id).cloned().unwrap_or_else(nothing));
        runtime::revision(file, &script, back.as_ref())
    });
    let all = all.collect();
    told(context, online, all)
}

pub(super) fn upgrade(context: &mut Context, args: &ScriptArgs) -> Option<Report> {
    travel(context, args, true)
}

pub(super) fn downgrade(context: &mut Context, args: &ScriptArgs) -> Option<Report> {
    travel(context, args, false)
}

fn travel(context: &mut Context, args: &ScriptArgs, up: bool) -> Option<Report> {
    let history = folder::history(context, &args.place.folder)?;
    let word = args.target.as_deref().unwrap_or(if up { "head" } else { "-1" });
    let target = target(context, &history, word)?;
    let missing = match (up, args.dry_run) {
        (false, _) => Missing::Refuse,
        (true, true) => Missing::Pretend,
        (true, false) => Missing::Make,
    };
    let online = connect(context, &args.place, missing)?;
    let scripts = scripts(context, args, &history, &online, &target, up)?;
    if args.dry_run {
        return Some(dry(&scripts, up));
    }
    let by_name = scripts.into_iter().collect();
    let none = BTreeMap::new();
    let (ups, downs) = if up { (&by_name, &none) } else { (&none, &by_name) };
    let all = revisions(context, &history, &online, ups, downs)?;
    // What is run was written for the database as it was found: should others be at it meanwhile, only that.
    let migrator = Migrator::new(&all).only(by_name.keys().cloned());
    let ran = if up { migrator.upgrade(&online.db, target) } else { migrator.downgrade(&online.db, target) };
    let done = told(context, &online, ran)?;
    let (what, key) = if up { ("applied", "applied") } else { ("taken back", "reverted") };
    let mut text: String = done.iter().map(|id| format!("{what} {id}\n")).collect();
    if done.is_empty() {
        text = "nothing to do\n".to_owned();
    }
    Some(Report { text, facts: vec![("database", Json::Text(online.shown)), (key, Json::texts(done))] })
}

/// The scripts of what is to be run, each for the state that it will find.
fn scripts(
    context: &mut Context,
    args: &ScriptArgs,
    history: &History,
    online: &Online,
    target: &Target,
    up: bool,
) -> Option<Vec<(String, Script)>> {
    let none = BTreeMap::new();
    let bare = revisions(context, history, online, &none, &none)?;
    let migrator = Migrator::new(&bare);
    let rows = told(context, online, migrator.current(&online.db))?;
    let planned = match up {
        true => migrator.plan_upgrade(&online.db, target.clone()),
        false => migrator.plan_downgrade(&online.db, target.clone()),
    };
    let plan = told(context, online, planned)?;
    // One that is on its way up is at its beginning as far as its script goes; one on its way down at its end.
    let mut done: BTreeSet<&str> = rows.iter().filter(|row| !is_rising(row)).map(|row| row.revision.as_str()).collect();
    let mut scripts = Vec::new();
    for id in &plan {
        let file = history.get(id)?;
        let entries = if up { &file.revision.up } else { file.revision.down.as_ref()? };
        let state = history.state_of(&done, &mut context.diagnostics)?;
        let script = offline::checked(context, args.allow_destructive, &state, entries, online.dialect)?;
        scripts.push((id.clone(), script));
        if up {
            done.insert(id);
        } else {
            done.remove(id.as_str());
        }
    }
    Some(scripts)
}

fn is_rising(row: &Applied) -> bool {
    matches!(row.state, Progress::Upgrading | Progress::UpgradeFailed)
}

/// What would be run.
fn dry(scripts: &[(String, Script)], up: bool) -> Report {
    let what = if up { "would apply" } else { "would take back" };
    let mut text: String = scripts.iter().map(|(id, script)| format!("-- {what} {id}\n{}\n", script.text())).collect();
    if scripts.is_empty() {
        text = "nothing to do\n".to_owned();
    }
    Report { text, facts: vec![("revisions", Json::texts(scripts.iter().map(|(id, _)| id.clone())))] }
}

pub(super) fn current(context: &mut Context, args: &PlaceArgs) -> Option<Report> {
    let online = connect(context, args, Missing::Look)?;
    let rows = told(context, &online, Migrator::new(&[]).current(&online.db))?;
    let line = |row: &Applied| match row.state {
        Progress::Done => format!("{} applied at {} UTC\n", row.revision, row.at),
        _ => format!("{} UNFINISHED: {} of its steps are done\n", row.revision, row.steps),
    };
    let text = if rows.is_empty() { "no revision is applied\n".to_owned() } else { rows.iter().map(line).collect() };
    let fact = |row: &Applied| {
        Json::Object(vec![
            ("revision", Json::Text(row.revision.clone())),
            ("applied_at", Json::Text(row.at.clone())),
            ("done", Json::Bool(row.state == Progress::Done)),
            ("steps", Json::Number(row.steps)),
        ])
    };
    let facts = vec![
        ("database", Json::Text(online.shown.clone())),
        ("revisions", Json::List(rows.iter().map(fact).collect())),
    ];
    Some(Report { text, facts })
}

pub(super) fn stamp(context: &mut Context, args: &StampArgs) -> Option<Report> {
    let history = folder::history(context, &args.place.folder)?;
    let target = target(context, &history, &args.revision)?;
    let online = connect(context, &args.place, Missing::Refuse)?;
    let none = BTreeMap::new();
    let all = revisions(context, &history, &online, &none, &none)?;
    let stamped = told(context, &online, Migrator::new(&all).stamp(&online.db, target))?;
    let mut text: String = stamped.iter().map(|id| format!("stamped {id}\n")).collect();
    if stamped.is_empty() {
        text = "no revision is noted any more\n".to_owned();
    }
    Some(Report { text, facts: vec![("database", Json::Text(online.shown)), ("stamped", Json::texts(stamped))] })
}
