//! Commands that write revisions.

use super::super::args::{InitArgs, MigrateArgs, RevisionArgs};
use super::super::json::Json;
use super::super::{Context, Report};
use super::{dialect, folder};
use crate::config::{Input, Layer};
use crate::diag::{Diagnostic, Place};
use crate::ir::Schema;
use crate::migrate::change::{Change, invert};
use crate::migrate::diff::{Renames, diff};
use crate::migrate::history::History;
use crate::migrate::lint::{Risk, lint};
use crate::migrate::revision::{Entry, Revision};
use crate::migrate::state::State;
use crate::url::{self, Target};
use crate::{codes, migrate as engine, pipeline};

pub(super) fn init(context: &mut Context, args: &InitArgs) -> Option<Report> {
    let new = folder::make(context, &args.folder)?;
    let shown = context.path(&args.folder.migrations).display().to_string();
    let mut text = if new { format!("{shown} made\n") } else { format!("{shown} is there already\n") };
    let mut facts = vec![("folder", Json::Text(shown)), ("created", Json::Bool(new))];
    if let Some(url) = &args.from_database {
        // A relative path is relative to where the command runs, as elsewhere.
        let url = match url::parse(url) {
            Ok(Target::Sqlite(path)) => url::of_file(&context.path(&path)),
            _ => url.clone(),
        };
        let flags = Layer { input: Some(Input::Database(url)), ..Layer::default() };
        let options = context.options(flags)?;
        let schema = pipeline::schema(&options, &mut context.diagnostics)?;
        let history = folder::history(context, &args.folder)?;
        if !history.files().is_empty() {
            let message = "there are revisions already, so none is made of the database".to_owned();
            return super::refuse(context, codes::REFUSED, message, "name another folder with `--migrations`");
        }
        let changes = diff(&State::default(), &State::of(&schema), &Renames::default()).changes;
        let revision = written(context, &history, Vec::new(), "baseline", changes);
        let path = folder::write(context, &args.folder, &revision.0, &revision.1)?;
        text.push_str(&format!("{path} written: what the database holds\n"));
        facts.push(("revision", Json::Text(revision.0.id)));
    }
    Some(Report { text, facts })
}

/// A revision of changes, and what is lost on the way back.
fn written(
    context: &Context,
    history: &History,
    parents: Vec<String>,
    message: &str,
    changes: Vec<Change>,
) -> (Revision, Vec<String>) {
    let (back, notes) = invert(&changes);
    let id = folder::new_id(context, history, message);
    let entries = |changes: Vec<Change>| changes.into_iter().map(Entry::new).collect();
    let (up, down) = (entries(changes), Some(entries(back)));
    (Revision { id, parents, message: message.to_owned(), up, down }, notes)
}

/// The schema of the spec.
pub(super) fn spec(context: &mut Context, spec: Option<&std::path::PathBuf>) -> Option<Schema> {
    let flags = Layer { input: spec.map(|path| Input::Spec(context.path(path))), ..Layer::default() };
    let options = context.options(flags)?;
    pipeline::schema(&options, &mut context.diagnostics)
}

pub(super) fn migrate(context: &mut Context, args: &MigrateArgs) -> Option<Report> {
    let schema = spec(context, args.spec.as_ref())?;
    let history = folder::history(context, &args.folder)?;
    let parents = folder::parents(context, &history)?;
    let from = history.state(&mut context.diagnostics)?;
    let changes = changes(context, &schema, &from);
    if changes.is_empty() {
        let text = "nothing has changed, and nothing was written\n".to_owned();
        return Some(Report { text, facts: vec![("revision", Json::Null), ("changes", Json::List(Vec::new()))] });
    }
    let (revision, notes) = written(context, &history, parents, &args.message, changes);
    let (risks, _) = lint(&from, &revision.up);
    context.diagnostics.extend(risks.iter().map(Risk::diagnostic));
    if args.sql {
        let dialect = dialect(context, args.dialect.as_deref().unwrap_or_default())?;
        let script = engine::ddl::script(&from, &revision.up_changes(), dialect, &mut context.diagnostics)?;
        return Some(super::offline::report(&script));
    }
    let mut facts = vec![
        ("revision", Json::Text(revision.id.clone())),
        ("changes", Json::texts(revision.up.iter().map(|entry| entry.change.describe()))),
        ("destructive", Json::Bool(risks.iter().any(|risk| risk.destructive))),
    ];
    if args.dry_run {
        return Some(Report { text: revision.text(&notes), facts });
    }
    let path = folder::write(context, &args.folder, &revision, &notes)?;
    let mut text = format!("{path} written\n");
    for entry in &revision.up {
        text.push_str(&format!("  {}\n", entry.change.describe()));
    }
    facts.push(("file", Json::Text(path)));
    Some(Report { text, facts })
}

/// The changes that lead to the spec. Whoever is there is asked about renames; where nobody is, they are only hinted
/// at.
pub(super) fn changes(context: &mut Context, schema: &Schema, from: &State) -> Vec<Change> {
    let to = State::of(schema);
    let mut renames = Renames::of(schema, from);
    let mut asked = Vec::new();
    loop {
        let found = diff(from, &to, &renames);
        let Some(hint) = found.hints.iter().find(|hint| !asked.contains(*hint)) else {
            if context.around.confirm.is_none() {
                context.diagnostics.extend(found.hints.iter().map(|hint| {
                    let help = "if so, write `renamed_from` in the spec, or change the revision by hand";
                    Diagnostic::warning(codes::MAYBE_RENAMED, Place::None, hint.question()).help(help)
                }));
            }
            return found.changes;
        };
        if context.around.confirm.is_some_and(|ask| ask(&hint.question())) {
            renames.confirm(hint);
        }
        asked.push(hint.clone());
    }
}

pub(super) fn revision(context: &mut Context, args: &RevisionArgs) -> Option<Report> {
    let history = folder::history(context, &args.folder)?;
    let parents = folder::parents(context, &history)?;
    let (revision, notes) = written(context, &history, parents, &args.message, Vec::new());
    new_file(context, args, &revision, &notes)
}

fn new_file(context: &mut Context, args: &RevisionArgs, revision: &Revision, notes: &[String]) -> Option<Report> {
    let path = folder::write(context, &args.folder, revision, notes)?;
    let facts = vec![("revision", Json::Text(revision.id.clone())), ("file", Json::Text(path.clone()))];
    Some(Report { text: format!("{path} written\n"), facts })
}

pub(super) fn merge(context: &mut Context, args: &RevisionArgs) -> Option<Report> {
    let history = folder::history(context, &args.folder)?;
    let heads: Vec<String> = history.heads().into_iter().map(str::to_owned).collect();
    if heads.len() < 2 {
        let text = "there is one head at most, and nothing to merge\n".to_owned();
        return Some(Report { text, facts: vec![("revision", Json::Null)] });
    }
    let names: Vec<&str> = heads.iter().map(String::as_str).collect();
    if !history.commute(&names, &mut context.diagnostics) {
        return None;
    }
    let message = if args.message.is_empty() { format!("merge {}", heads.join(" and ")) } else { args.message.clone() };
    let (revision, notes) = written(context, &history, heads, &message, Vec::new());
    new_file(context, args, &revision, &notes)
}
