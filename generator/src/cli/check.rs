//! `pilaster check`: whether spec, generated code, migrations and a database say the same.
//!
//! Each is compared with what it is made from: the code and the migrations with the spec, the database with the
//! revisions that it has applied. What a project does not have is not compared, and that is said.

use super::args::{FolderArgs, PlaceArgs, ProjectArgs};
use super::db::{self, Compared, Standing};
use super::json::Json;
use super::{Context, Report, generate};
use crate::codes;
use crate::config::{Input, Layer, Options};
use crate::ir::Schema;
use crate::migrate::drift::{Drift, Finding};
use crate::migrate::history::History;
use crate::pipeline;
use crate::render::Layout;

/// How two things stand to each other.
struct Pair {
    name: &'static str,
    /// What is compared.
    title: &'static str,
    state: &'static str,
    /// More about it, for people.
    detail: String,
    facts: Vec<(&'static str, Json)>,
}

pub(super) fn run(context: &mut Context, args: &ProjectArgs) -> Option<Report> {
    let flags = Layer {
        input: args.spec.as_ref().map(|path| Input::Spec(context.path(path))),
        out: args.out.as_ref().map(|path| context.path(path)),
        migrations: args.folder.migrations.as_ref().map(|path| context.path(path)),
        ..Layer::default()
    };
    let options = context.options(flags)?;
    let schema = pipeline::schema(&options, &mut context.diagnostics)?;
    let mut pairs = vec![apart(context, |context| {
        let pair = code(context, &options, &schema);
        // The code carries the revisions, and tells in one what is told below change by change.
        let found = std::mem::take(&mut context.diagnostics);
        context.diagnostics.extend(found.into_iter().filter(|item| item.code != codes::OUT_OF_STEP));
        pair
    })];
    let history = apart(context, |context| history(context, &args.folder));
    pairs.push(apart(context, |context| migrations(context, &schema, history.as_ref())));
    if let Some(url) = &args.database {
        // Revisions that cannot be read say nothing about what a database should have.
        let known = !matches!(history, Some(None));
        let place = PlaceArgs { folder: args.folder.clone(), database: url.clone() };
        let history = history.flatten();
        let compare = |context: &mut Context| db::compare(context, &place, history.as_ref(), &schema);
        let compared = if known { apart(context, compare) } else { None };
        pairs.extend(database(compared));
    }
    Some(report(pairs))
}

/// Does something as if nothing was found before: an error stops the stages that come after it, and what is compared
/// next is none of them.
fn apart<T>(context: &mut Context, step: impl FnOnce(&mut Context) -> T) -> T {
    let before = std::mem::take(&mut context.diagnostics);
    let outcome = step(context);
    let found = std::mem::replace(&mut context.diagnostics, before);
    // The code holds the revisions as well, so that what is wrong with them is found again.
    let new: Vec<_> = found.into_iter().filter(|item| context.diagnostics.iter().all(|told| told != item)).collect();
    context.diagnostics.extend(new);
    outcome
}

fn code(context: &mut Context, options: &Options, schema: &Schema) -> Pair {
    let out = options.out.display().to_string();
    let pair = |state, detail: String, differences: Vec<String>| Pair {
        name: "code",
        title: "spec and code",
        state,
        detail,
        facts: vec![("out", Json::Text(out.clone())), ("differences", Json::texts(differences))],
    };
    if !options.out.exists() {
        return pair("absent", format!("{out} is not there: the code is not committed"), Vec::new());
    }
    let files = pipeline::files(schema, options, Layout::Folder, &mut context.diagnostics);
    match files.and_then(|files| generate::differences(context, options, &files)) {
        Some(differences) if differences.is_empty() => pair("in_sync", out.clone(), differences),
        Some(differences) => pair("differs", format!("{} of {out}", count(differences.len(), "file")), differences),
        None => pair("unknown", "the code cannot be generated".to_owned(), Vec::new()),
    }
}

/// The revisions: `None` without a folder of them, `Some(None)` when they cannot be read, which is told.
fn history(context: &mut Context, folder: &FolderArgs) -> Option<Option<History>> {
    let Some(path) = db::folder_path(context, folder) else { return Some(None) };
    path.is_dir().then(|| db::history(context, folder))
}

fn migrations(context: &mut Context, schema: &Schema, history: Option<&Option<History>>) -> Pair {
    let pair = |state, detail: String, changes: Vec<String>| Pair {
        name: "migrations",
        title: "spec and migrations",
        state,
        detail,
        facts: vec![("changes", Json::texts(changes))],
    };
    match history {
        None => pair("absent", "there is no folder of migrations".to_owned(), Vec::new()),
        Some(None) => pair("unknown", "the revisions cannot be read".to_owned(), Vec::new()),
        Some(Some(history)) => match db::differences(context, schema, history) {
            Some(changes) if changes.is_empty() => pair("in_sync", db::revisions(history.files().len()), changes),
            Some(changes) => {
                pair("behind", format!("{} of the spec, in no revision", count(changes.len(), "change")), changes)
            }
            None => pair("unknown", "the revisions lead nowhere".to_owned(), Vec::new()),
        },
    }
}

fn database(compared: Option<Compared>) -> Vec<Pair> {
    let Some(compared) = compared else {
        let detail = "the database could not be looked at".to_owned();
        return vec![Pair { name: "database", title: "database", state: "unknown", detail, facts: Vec::new() }];
    };
    let shown = Json::Text(compared.shown.clone());
    let mut pairs: Vec<Pair> = compared.standing.as_ref().map(standing).into_iter().collect();
    let title = if compared.standing.is_some() { "applied revisions and database" } else { "spec and database" };
    let (state, detail) = match (&compared.drift, &compared.standing) {
        (Some(drift), _) if drift.findings.is_empty() => ("in_sync", compared.shown.clone()),
        (Some(drift), _) => ("drifted", count(drift.findings.len(), "difference")),
        (None, Some(standing)) if standing.word() == "behind" => {
            ("empty", "there are no tables of the schema yet".to_owned())
        }
        (None, _) => ("unknown", "what it should have is not known".to_owned()),
    };
    let none = Drift::default();
    let drift = compared.drift.as_ref().unwrap_or(&none);
    let mut detail = detail;
    for (what, items) in [("not in the schema, and left alone", &drift.others), ("not compared", &compared.uncompared)]
    {
        if !items.is_empty() {
            detail.push_str(&format!("\n  {what}:\n    {}", items.join("\n    ")));
        }
    }
    let facts = vec![
        ("url", shown),
        ("differences", Json::List(drift.findings.iter().map(finding).collect())),
        ("only_in_database", Json::texts(drift.others.iter().cloned())),
        ("not_compared", Json::texts(compared.uncompared.iter().cloned())),
    ];
    pairs.push(Pair { name: "database", title, state, detail, facts });
    pairs
}

fn standing(standing: &Standing) -> Pair {
    let lists = [
        ("pending", "pending", &standing.pending),
        ("unknown", "without a file", &standing.unknown),
        ("edited", "changed since", &standing.edited),
        ("unfinished", "applied in part", &standing.unfinished),
    ];
    let told = lists.iter().filter(|(.., ids)| !ids.is_empty());
    let detail = told.map(|(_, words, ids)| format!("{words}: {}", ids.join(", "))).collect::<Vec<_>>().join("; ");
    Pair {
        name: "revisions",
        title: "migrations and database",
        state: standing.word(),
        detail,
        facts: lists.iter().map(|(word, _, ids)| (*word, Json::texts(ids.iter().cloned()))).collect(),
    }
}

fn finding(item: &Finding) -> Json {
    let text = |side: &Option<String>| side.clone().map_or(Json::Null, Json::Text);
    Json::Object(vec![
        ("place", Json::Text(item.place.clone())),
        ("what", Json::Text(item.what.clone())),
        ("database", text(&item.database)),
        ("schema", text(&item.schema)),
    ])
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn report(pairs: Vec<Pair>) -> Report {
    let mut report = Report::default();
    for pair in pairs {
        let words = pair.state.replace('_', " ");
        let colon = if pair.detail.is_empty() { "" } else { ", " };
        report.text.push_str(&format!("{}: {words}{colon}{}\n", pair.title, pair.detail));
        let mut facts = vec![("state", Json::Text(pair.state.to_owned()))];
        facts.extend(pair.facts);
        report.facts.push((pair.name, Json::Object(facts)));
    }
    report
}
