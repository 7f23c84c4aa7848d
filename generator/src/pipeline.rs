//! The stages in order.

use std::collections::BTreeMap;
#[cfg(feature = "cli")]
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codes;
use crate::config::{Input, Migrations, Options, word};
use crate::ddl;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, SourceText};
use crate::ir::check::constraint_names;
use crate::ir::draft::Draft;
use crate::ir::{DialectName, Schema, build, infer};
use crate::migrate::embed::{self, Embedded};
use crate::migrate::history::History;
#[cfg(feature = "cli")]
use crate::migrate::state::State;
use crate::output::FileSet;
use crate::plan;
use crate::render::{self, Layout};
use crate::source;
use crate::url::{self, Target};

/// From the options to the files, in memory. `None` when there were errors, which strict options make of warnings.
pub fn generate(options: &Options, layout: Layout, diagnostics: &mut Diagnostics) -> Option<FileSet> {
    let files = schema(options, diagnostics).and_then(|schema| files(&schema, options, layout, diagnostics));
    if options.strict {
        diagnostics.promote_warnings();
    }
    files.filter(|_| !diagnostics.has_errors())
}

/// From the options to a checked schema: load, infer, build.
pub fn schema(options: &Options, diagnostics: &mut Diagnostics) -> Option<Schema> {
    let draft = draft(options, diagnostics)?;
    built(draft, options, diagnostics)
}

/// The same for a schema that tables are made of: what they will lack is said.
#[cfg(feature = "cli")]
pub(crate) fn inspected(options: &Options, diagnostics: &mut Diagnostics) -> Option<Schema> {
    let draft = draft(options, diagnostics)?;
    diagnostics.extend(infer::beside(&draft, |_| true));
    built(draft, options, diagnostics)
}

fn draft(options: &Options, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let mut draft = load(options, diagnostics)?;
    if draft.models.is_empty() {
        infer::infer(&mut draft, &options.overrides, diagnostics);
    }
    Some(draft)
}

fn built(draft: Draft, options: &Options, diagnostics: &mut Diagnostics) -> Option<Schema> {
    names(&draft, options, diagnostics);
    let schema = build::build(draft, diagnostics)?;
    (!diagnostics.has_errors()).then_some(schema)
}

/// Checks what stands in a spec for the databases that it is for. What is read of a database is legal there.
fn names(draft: &Draft, options: &Options, diagnostics: &mut Diagnostics) {
    let targets = Targets::of(&draft.dialects, options);
    if !draft.lenient && targets.dialects.contains(&DialectName::Mysql) {
        constraint_names::across_tables(draft, targets.required, diagnostics);
    }
}

/// From the options to the tables of a database, without models: what migrations look at. What the wanted ones of them have
/// beside that is said.
#[cfg(feature = "cli")]
pub(crate) fn tables(options: &Options, wanted: &State, diagnostics: &mut Diagnostics) -> Option<Schema> {
    let mut draft = load(options, diagnostics)?;
    infer::tables(&mut draft, &options.overrides, diagnostics);
    // A server may have written the names in small letters.
    let wanted: BTreeSet<String> = wanted.tables.keys().map(|name| name.to_string().to_lowercase()).collect();
    diagnostics.extend(infer::beside(&draft, |name| wanted.contains(&name.to_string().to_lowercase())));
    build::build(draft, diagnostics).filter(|_| !diagnostics.has_errors())
}

/// The tables that SQLite reports when it is given the statements of a schema.
#[cfg(feature = "cli")]
pub(crate) fn kept_by_sqlite(
    statements: &[String],
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Schema> {
    let mut draft = source::live::sqlite::load_statements(statements, diagnostics)?;
    let mut unread = Diagnostics::default();
    infer::tables(&mut draft, &options.overrides, &mut unread);
    build::build(draft, &mut unread)
}

/// From a schema to files: plan, render, header.
pub(crate) fn files(
    schema: &Schema,
    options: &Options,
    layout: Layout,
    diagnostics: &mut Diagnostics,
) -> Option<FileSet> {
    let targets = Targets::of(&schema.dialects, options);
    let fits = targets.check(schema, diagnostics);
    // What is wrong with the migrations is told along with what is wrong with the tables.
    let migrations = migrations(schema, options, &targets, diagnostics)?;
    fits?;
    let templates = templates(options.templates.as_deref(), diagnostics)?;
    let plan_options = plan_options(options, &targets, &layout);
    let plan = plan::plan(schema, migrations.as_ref(), &plan_options, diagnostics)?;
    match render::render(&plan, &render::Options { layout, templates }) {
        Ok(files) => Some(files.with_headers()),
        Err(found) => {
            diagnostics.extend(found);
            None
        }
    }
}

/// The migrations for the code to carry: nothing where there are none, `None` when there are errors.
fn migrations(
    schema: &Schema,
    options: &Options,
    targets: &Targets,
    diagnostics: &mut Diagnostics,
) -> Option<Option<Embedded>> {
    let sources = revisions(options, diagnostics)?;
    if sources.is_empty() {
        return Some(None);
    }
    let history = History::read(&sources, diagnostics)?;
    embed::embed(&history, schema, &targets.dialects, targets.required, diagnostics).map(Some)
}

/// Whether code carries migrations, should there be some. A database that is read has its own history.
pub(crate) fn embeds(options: &Options) -> bool {
    options.migrations.embed && matches!(options.input, Input::Spec(_))
}

/// The files of the migrations that code carries.
pub(crate) fn revisions(options: &Options, diagnostics: &mut Diagnostics) -> Option<Vec<Arc<SourceText>>> {
    let Migrations { folder, named, .. } = &options.migrations;
    if !embeds(options) || (!named && !folder.is_dir()) {
        return Some(Vec::new());
    }
    revision_files(folder, diagnostics)
}

/// The files of a folder of migrations, which has to be there, by name.
pub(crate) fn revision_files(folder: &Path, diagnostics: &mut Diagnostics) -> Option<Vec<Arc<SourceText>>> {
    let is_revision = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
    let listed = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = match listed {
        Ok(paths) => paths,
        Err(error) => {
            let message = format!("the folder {} cannot be read: {error}", folder.display());
            let help =
                "make it with `pilaster db init`, or name it with `--migrations` or `folder` under `[migrations]`";
            diagnostics.push(Diagnostic::error(codes::INPUT_READ, Place::None, message).help(help));
            return None;
        }
    };
    paths.retain(is_revision);
    paths.sort();
    // All of them, so that all that cannot be read is told.
    let read: Vec<_> = paths.iter().map(|path| read(path, diagnostics)).collect();
    read.into_iter().collect()
}

fn plan_options(options: &Options, targets: &Targets, layout: &Layout) -> plan::Options {
    plan::Options {
        crate_path: options.runtime.clone(),
        serde: options.serde,
        derives: options.derives.clone(),
        dates: options.dates,
        dialects: targets.dialects.clone(),
        asked: targets.asked,
        root: render::root(layout).to_owned(),
    }
}

/// The databases that the code is for.
struct Targets {
    dialects: Vec<DialectName>,
    /// Whether somebody asked for them, so that what they cannot do is told in full.
    asked: bool,
    /// Whether what they cannot do is an error.
    required: bool,
}

impl Targets {
    /// Settings go before what the spec says. A database that is read is its own target: that it can hold its tables
    /// is known.
    fn of(said: &[DialectName], options: &Options) -> Self {
        let is_spec = matches!(options.input, Input::Spec(_));
        if options.required {
            Self { dialects: options.dialects.clone(), asked: true, required: true }
        } else if said.is_empty() {
            Self { dialects: options.dialects.clone(), asked: false, required: false }
        } else {
            Self { dialects: said.to_vec(), asked: true, required: is_spec }
        }
    }

    /// What a database that somebody asked for cannot do is an error; for the others the plan makes a warning of it.
    fn check(&self, schema: &Schema, diagnostics: &mut Diagnostics) -> Option<()> {
        if !self.required {
            return Some(());
        }
        let mut found = Diagnostics::default();
        for dialect in &self.dialects {
            ddl::create(schema, *dialect, &mut found);
        }
        let refused = found.has_errors();
        diagnostics.extend(found.into_iter().filter(|item| item.severity == Severity::Error));
        (!refused).then_some(())
    }
}

/// Reads the input.
fn load(options: &Options, diagnostics: &mut Diagnostics) -> Option<Draft> {
    match &options.input {
        Input::Spec(path) => {
            let source = read(path, diagnostics)?;
            Some(source::yaml::load(&source, diagnostics))
        }
        Input::Database(url) => live(url, options, diagnostics),
    }
}

/// Reads a text file for diagnostics to point into.
pub(crate) fn read(path: &Path, diagnostics: &mut Diagnostics) -> Option<Arc<SourceText>> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Some(Arc::new(SourceText { name, text })),
        Err(error) => {
            let message = format!("{} cannot be read: {error}", url::redact(&name));
            let help = match error.kind() {
                std::io::ErrorKind::NotFound => "check the path; relative ones start at the folder of the command",
                std::io::ErrorKind::InvalidData => "specs and settings are text in UTF-8",
                _ => "check that it is a file, and its permissions",
            };
            diagnostics.push(Diagnostic::error(codes::INPUT_READ, Place::None, message).help(help));
            None
        }
    }
}

/// Reads a database, by the kind that its URL names.
fn live(url: &str, options: &Options, diagnostics: &mut Diagnostics) -> Option<Draft> {
    match url::parse(url) {
        Ok(target) => read_live(url, &target, &options.schemas, diagnostics).or_else(|| {
            let dialect = target.dialect();
            let help =
                format!("turn on the feature `live-{}` of pilaster-generator, or generate from a spec", word(dialect));
            let reason = format!("reading {} is not built in", ddl::label(dialect));
            refuse(url, &reason, &help, diagnostics)
        }),
        // Without the advice that some reasons end with: it is the help here.
        Err(reason) => {
            let reason = reason.split(": write").next().unwrap_or_default();
            let help =
                "write `sqlite://path/to/file.db`, `postgres://user@host/database` or `mysql://user@host/database`";
            refuse(url, reason, help, diagnostics)
        }
    }
}

/// `None` when reading this kind of database is not built in.
#[cfg_attr(not(any(feature = "live-postgres", feature = "live-mysql")), allow(unused_variables))]
fn read_live(url: &str, target: &Target, schemas: &[String], diagnostics: &mut Diagnostics) -> Option<Draft> {
    match target {
        #[cfg(feature = "live-sqlite")]
        Target::Sqlite(path) => {
            if !schemas.is_empty() {
                let place = Place::Object("tables.schemas".to_owned());
                let message = "`schemas` is of no use: a file of SQLite has none";
                diagnostics.push(Diagnostic::warning(codes::OVERRIDE_UNUSED, place, message).help("remove it"));
            }
            Some(source::live::sqlite::load(path, diagnostics))
        }
        #[cfg(feature = "live-postgres")]
        Target::Server(DialectName::Postgres) => Some(source::live::postgres::load(url, schemas, diagnostics)),
        #[cfg(feature = "live-mysql")]
        Target::Server(DialectName::Mysql) => Some(source::live::mysql::load(url, schemas, diagnostics)),
        _ => None,
    }
}

fn refuse(url: &str, reason: &str, help: &str, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let message = format!("{} cannot be read: {reason}", url::redact(url));
    diagnostics.push(Diagnostic::error(codes::DATABASE_URL, Place::None, message).help(help));
    None
}

/// The texts of a folder of templates by name, which is the path in it with `/`.
pub(crate) fn templates(folder: Option<&Path>, diagnostics: &mut Diagnostics) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(folder) = folder else { return Some(found) };
    match walk(folder, "", &mut found) {
        Ok(()) => Some(found),
        Err(error) => {
            let message = format!("the templates in {} cannot be read: {error}", folder.display());
            diagnostics.push(Diagnostic::error(codes::INPUT_READ, Place::None, message));
            None
        }
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        // Links are not followed, so that a loop of them cannot hang a build.
        if kind.is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if kind.is_file() && name.ends_with(".jinja") {
            found.insert(format!("{prefix}{name}"), fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}
