//! `upgrade --sql` and `downgrade --sql`: the statements on paper.

use std::collections::BTreeSet;

use super::super::args::ScriptArgs;
use super::super::json::Json;
use super::super::{Context, Report};
use super::{dialect, folder, refuse};
use crate::codes;
use crate::diag::{Diagnostic, Place};
use crate::ir::DialectName;
use crate::migrate::ddl;
use crate::migrate::history::{File, History};
use crate::migrate::lint::lint;
use crate::migrate::revision::Entry;
use crate::migrate::script::Script;
use crate::migrate::state::State;

/// A script as the result of a command.
pub(super) fn report(script: &Script) -> Report {
    let text = script.text();
    Report { facts: vec![("sql", Json::Text(text.clone()))], text }
}

fn wanted(context: &mut Context, args: &ScriptArgs) -> Option<DialectName> {
    let Some(word) = args.dialect.as_deref() else {
        let message = "no database is named".to_owned();
        return refuse(context, codes::NO_INPUT, message, "add `--dialect sqlite`, `postgres` or `mysql`");
    };
    dialect(context, word)
}

/// The revisions that are applied when a word's revision is: `base` is none.
fn applied<'h>(context: &mut Context, history: &'h History, word: &str) -> Option<BTreeSet<&'h str>> {
    if word == "base" {
        return Some(BTreeSet::new());
    }
    if word == "heads" {
        return Some(history.files().iter().map(|file| file.revision.id.as_str()).collect());
    }
    let file = folder::find(context, history, word)?;
    Some(history.ancestors(&[file.revision.id.as_str()]))
}

/// `+1` and `-1` as a number.
pub(super) fn relative(word: &str) -> Option<i64> {
    word.starts_with(['+', '-']).then(|| word.parse().ok()).flatten()
}

/// So many of some revisions; refused where there are fewer.
fn few<T>(context: &mut Context, mut all: Vec<T>, steps: i64, are: &str) -> Option<Vec<T>> {
    let count = usize::try_from(steps.unsigned_abs()).unwrap_or(usize::MAX);
    if all.len() < count {
        let message = format!("{steps:+} leads beyond the end: {} {are}", super::revisions(all.len()));
        return refuse(context, codes::REVISION_UNKNOWN, message, "name fewer, or where to go");
    }
    all.truncate(count);
    Some(all)
}

pub(super) fn upgrade(context: &mut Context, args: &ScriptArgs) -> Option<Report> {
    let dialect = wanted(context, args)?;
    let history = folder::history(context, &args.place.folder)?;
    let from = applied(context, &history, args.from.as_deref().unwrap_or("base"))?;
    let word = args.target.as_deref().unwrap_or("head");
    let files: Vec<&File> = match relative(word) {
        Some(steps) if steps > 0 => {
            let all: Vec<&str> = history.heads();
            few(context, history.upgrade(&from, &all), steps, "are not applied")?
        }
        Some(_) => return refuse(context, codes::REVISION_UNKNOWN, format!("`{word}` leads back"), "use `downgrade`"),
        None => {
            let target = applied(context, &history, word)?;
            history.upgrade(&from, &target.into_iter().collect::<Vec<_>>())
        }
    };
    let mut done = from;
    let mut parts = Vec::new();
    for file in files {
        let state = history.state_of(&done, &mut context.diagnostics)?;
        parts.push(part(context, args, file, &state, &file.revision.up, dialect)?);
        done.insert(file.revision.id.as_str());
    }
    Some(joined(parts))
}

pub(super) fn downgrade(context: &mut Context, args: &ScriptArgs) -> Option<Report> {
    let dialect = wanted(context, args)?;
    let history = folder::history(context, &args.place.folder)?;
    let mut done = applied(context, &history, args.from.as_deref().unwrap_or("heads"))?;
    let word = args.target.as_deref().unwrap_or("-1");
    let order = |done: &BTreeSet<&str>| -> Vec<File> {
        history.files().iter().rev().filter(|file| done.contains(file.revision.id.as_str())).cloned().collect()
    };
    let files: Vec<File> = match relative(word) {
        Some(steps) if steps < 0 => few(context, order(&done), steps, "are applied")?,
        Some(_) => return refuse(context, codes::REVISION_UNKNOWN, format!("`{word}` leads on"), "use `upgrade`"),
        None => {
            let kept = applied(context, &history, word)?;
            order(&done).into_iter().filter(|file| !kept.contains(file.revision.id.as_str())).collect()
        }
    };
    let mut parts = Vec::new();
    for file in &files {
        let Some(down) = &file.revision.down else {
            let message = format!("`{}` cannot be taken back: it has no `down`", file.revision.id);
            return refuse(context, codes::NO_WAY_BACK, message, "write its `down:`, or restore a backup");
        };
        let state = history.state_of(&done, &mut context.diagnostics)?;
        parts.push(part(context, args, file, &state, down, dialect)?);
        done.remove(file.revision.id.as_str());
    }
    Some(joined(parts))
}

/// The statements of one revision.
fn part(
    context: &mut Context,
    args: &ScriptArgs,
    file: &File,
    state: &State,
    entries: &[Entry],
    dialect: DialectName,
) -> Option<(String, String)> {
    let script = checked(context, args.allow_destructive, state, entries, dialect);
    if let Some(script) = &script
        && script.foreign_keys_off
        && context.diagnostics.is_empty()
    {
        let message = "a table is made anew, and a script cannot look for triggers on it: those are lost";
        let note = Diagnostic::warning(codes::UNSUPPORTED, Place::Object(file.revision.id.clone()), message);
        context.diagnostics.push(note.help("run the migration online, or make the triggers again after"));
    }
    Some((file.revision.id.clone(), script?.text()))
}

/// The steps of changes, unless they lose data that nobody has allowed to be lost.
pub(super) fn checked(
    context: &mut Context,
    allow_destructive: bool,
    state: &State,
    entries: &[Entry],
    dialect: DialectName,
) -> Option<Script> {
    let (risks, _) = lint(state, entries);
    let mut refused = false;
    for risk in risks.iter().filter(|risk| risk.destructive && risk.allowed.is_none() && !allow_destructive) {
        let error = Diagnostic::error(risk.code, risk.place.clone(), risk.message.clone());
        let help = "add `--allow-destructive`, or accept it in the revision, in a line of its own below the change: \
                    `allow: { CODE: reason }`";
        context.diagnostics.push(error.help(help.replace("CODE", risk.code.id)));
        refused = true;
    }
    let changes: Vec<_> = entries.iter().map(|entry| entry.change.clone()).collect();
    ddl::script(state, &changes, dialect, &mut context.diagnostics).filter(|_| !refused)
}

fn joined(parts: Vec<(String, String)>) -> Report {
    let text: String = parts.iter().map(|(id, sql)| format!("-- revision {id}\n{sql}\n")).collect();
    let facts =
        parts.into_iter().map(|(id, sql)| Json::Object(vec![("revision", Json::Text(id)), ("sql", Json::Text(sql))]));
    Report { facts: vec![("revisions", Json::List(facts.collect()))], text }
}
