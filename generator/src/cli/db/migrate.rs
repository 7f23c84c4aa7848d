//! Commands that write revisions.

use super::super::args::{InitArgs, MigrateArgs, RevisionArgs};
use super::super::json::Json;
use super::super::{Context, Report};
use super::{dialect, folder};
use crate::config::{self, Input, Layer, Options};
use crate::diag::{Diagnostic, Place};
use crate::ir::Schema;
use crate::migrate::change::{Change, invert};
use crate::migrate::diff::{Renames, diff};
use crate::migrate::history::History;
use crate::migrate::lint::{Risk, lint};
use crate::migrate::revision::{Entry, Revision};
use crate::migrate::state::{State, shown};
use crate::url::{self, Target};
use crate::{codes, migrate as engine, pipeline};

pub(super) fn init(context: &mut Context, args: &InitArgs) -> Option<Report> {
    let new = folder::make(context, &args.folder)?;
    let shown = folder::path(context, &args.folder)?.display().to_string();
    let mut text = if new { format!("{shown} made\n") } else { format!("{shown} is there already\n") };
    let mut facts = vec![("folder", Json::Text(shown)), ("created", Json::Bool(new))];
    if let Some(url) = &args.from_database {
        // A relative path is relative to where the command runs, as elsewhere.
        let url = match url::parse(url) {
            Ok(Target::Sqlite(path)) => url::at_file(url, &context.path(&path)),
            _ => url.clone(),
        };
        let flags = Layer { input: Some(Input::Database(url)), ..Layer::default() };
        let options = context.options(flags)?;
        let history = folder::history(context, &args.folder)?;
        if !history.files().is_empty() {
            let message = "there are revisions already, so none is made of the database".to_owned();
            return super::refuse(context, codes::REFUSED, message, "name another folder with `--migrations`");
        }
        let (state, others) = baseline(context, &options)?;
        let changes = diff(&State::default(), &state, &Renames::default()).changes;
        let revision = written(context, &history, Vec::new(), "baseline", changes);
        let path = folder::write(context, &args.folder, &revision.0, &revision.1)?;
        text.push_str(&format!("{path} written: what the database holds\n"));
        for name in &others {
            text.push_str(&format!("  left out, as the spec does not have it: {name}\n"));
        }
        text.push_str("note it in the database with `pilaster db stamp head`\n");
        facts.push(("left_out", Json::texts(others)));
        facts.push(("revision", Json::Text(revision.0.id)));
    }
    Some(Report { text, facts })
}

/// What a database holds, as a first revision says it. Where there is a spec, in its words and for its tables alone: a
/// database does not tell what an enum is called, or how wide a number of SQLite is meant to be. Gives the tables that
/// are left out, too.
fn baseline(context: &mut Context, options: &Options) -> Option<(State, Vec<String>)> {
    let (Some(spec), Input::Database(url)) = (own_spec(context)?, &options.input) else {
        // Without the tables that a spec of it would leave out.
        let schema = pipeline::inspected(options, &mut context.diagnostics)?;
        return Some((State::of(&schema), Vec::new()));
    };
    let wanted = State::of(&spec);
    let live = pipeline::tables(options, &wanted, &mut context.diagnostics)?;
    let dialect = super::parse(context, url)?.dialect();
    let mut state = super::live::in_words_of(context, options, &live, &wanted, dialect)?.state;
    let others: Vec<_> = state.tables.keys().filter(|name| !wanted.tables.contains_key(*name)).cloned().collect();
    state.tables.retain(|name, _| wanted.tables.contains_key(name));
    for table in state.tables.values_mut() {
        table.foreign_keys.retain(|key| !others.contains(&key.table));
    }
    let used: Vec<_> = state.enums.keys().filter(|name| state.users_of_enum(name).next().is_some()).cloned().collect();
    state.enums.retain(|name, _| used.contains(name) || wanted.enums.contains_key(name));
    Some((state, others.iter().map(shown).collect()))
}

/// The schema of the spec, if the project has one.
fn own_spec(context: &mut Context) -> Option<Option<Schema>> {
    let named = match context.file()?.input {
        Some(Input::Spec(path)) => path,
        Some(Input::Database(_)) => return Some(None),
        None => context.path(std::path::Path::new(config::SPEC)),
    };
    if named.is_file() { spec(context, None).map(Some) } else { Some(None) }
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
    context.diagnostics.extend(back_without_values(&from, &revision));
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

/// Columns that come back on the way down and need a value that nobody knows any more. Said while the file can be
/// edited: once it is applied, it cannot.
fn back_without_values(from: &State, revision: &Revision) -> Vec<Diagnostic> {
    let mut after = from.clone();
    // That it fits was asked before.
    let _ = engine::replay::apply_all(&mut after, &revision.up_changes());
    let down = revision.down.as_deref().unwrap_or_default();
    let (risks, _) = lint(&after, down);
    let told = risks.into_iter().filter(|risk| risk.code == codes::RISK_REQUIRED).map(|risk| {
        let about = down.get(risk.at).map(|entry| entry.change.describe()).unwrap_or_default();
        let message = format!("on the way back, {}", risk.message);
        let help = "add `fill:` with a value to the change under `down:`, before anybody applies the revision";
        Diagnostic::warning(risk.code, Place::Object(format!("down: {about}")), message).help(help)
    });
    told.collect()
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
