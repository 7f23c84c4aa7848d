//! Commands that look at the history.

use super::super::args::{FolderArgs, ShowArgs};
use super::super::json::Json;
use super::super::{Context, Report};
use super::{folder, refuse};
use crate::codes;
use crate::migrate::history::{File, History};

pub(super) fn history(context: &mut Context, args: &FolderArgs) -> Option<Report> {
    let history = folder::history(context, args)?;
    let heads = history.heads();
    let mut text = String::new();
    for file in history.files().iter().rev() {
        text.push_str(&line(file, heads.contains(&file.revision.id.as_str())));
    }
    if text.is_empty() {
        text.push_str("there are no revisions\n");
    }
    let all = history.files().iter().rev().map(facts).collect();
    Some(Report { text, facts: vec![("revisions", Json::List(all))] })
}

fn line(file: &File, head: bool) -> String {
    let it = &file.revision;
    let from = if it.parents.is_empty() { "base".to_owned() } else { it.parents.join(", ") };
    let mark = if head { " (head)" } else { "" };
    let message = if it.message.is_empty() { String::new() } else { format!(", {}", it.message) };
    format!("{from} -> {}{mark}{message}\n", it.id)
}

fn facts(file: &File) -> Json {
    Json::Object(vec![
        ("revision", Json::Text(file.revision.id.clone())),
        ("parents", Json::texts(file.revision.parents.iter().cloned())),
        ("message", Json::Text(file.revision.message.clone())),
        ("file", Json::Text(file.name.clone())),
        ("checksum", Json::Text(file.checksum.clone())),
        ("reversible", Json::Bool(file.revision.down.is_some())),
    ])
}

pub(super) fn heads(context: &mut Context, args: &FolderArgs) -> Option<Report> {
    let history = folder::history(context, args)?;
    let heads = history.heads();
    let text = heads.iter().filter_map(|id| history.get(id)).map(|file| line(file, true)).collect();
    Some(Report { text, facts: vec![("heads", Json::texts(heads))] })
}

pub(super) fn branches(context: &mut Context, args: &FolderArgs) -> Option<Report> {
    let history = folder::history(context, args)?;
    let branches = history.branches();
    let text = branches.iter().map(|(id, children)| format!("{id} -> {}\n", children.join(", "))).collect();
    let all = branches.into_iter().map(|(id, children)| {
        Json::Object(vec![("revision", Json::Text(id.to_owned())), ("children", Json::texts(children))])
    });
    Some(Report { text, facts: vec![("branches", Json::List(all.collect()))] })
}

fn found(context: &mut Context, args: &ShowArgs) -> Option<File> {
    let history: History = folder::history(context, &args.folder)?;
    folder::find(context, &history, &args.revision).cloned()
}

pub(super) fn show(context: &mut Context, args: &ShowArgs) -> Option<Report> {
    let file = found(context, args)?;
    let text = match std::fs::read_to_string(folder::path_of(&file)) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", file.name);
            return refuse(context, codes::INPUT_READ, message, "check its permissions");
        }
    };
    let changes = file.revision.up.iter().map(|entry| entry.change.describe());
    Some(Report { text, facts: vec![("revision", facts(&file)), ("changes", Json::texts(changes))] })
}

pub(super) fn edit(context: &mut Context, args: &ShowArgs) -> Option<Report> {
    let file = found(context, args)?;
    let read = |key: &str| context.around.env.and_then(|env| env(key)).filter(|editor| !editor.trim().is_empty());
    let Some(editor) = read("VISUAL").or_else(|| read("EDITOR")) else {
        let message = "no editor is named".to_owned();
        return refuse(context, codes::REFUSED, message, &format!("set EDITOR, or open {} yourself", file.name));
    };
    // An editor may have arguments of its own.
    let mut words = editor.split_whitespace();
    let mut command = std::process::Command::new(words.next().unwrap_or_default());
    let ended = command.args(words).arg(folder::path_of(&file)).status();
    let failure = match ended {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("{editor} ended with {status}")),
        Err(error) => Some(format!("{editor} could not be started: {error}")),
    };
    if let Some(message) = failure {
        return refuse(context, codes::REFUSED, message, "set EDITOR to a program that is there");
    }
    // What was written is read at once, so that mistakes are told while they are fresh.
    folder::history(context, &args.folder)?;
    Some(Report { text: String::new(), facts: vec![("file", Json::Text(file.name))] })
}
