//! `pilaster inspect`: a database as the spec that would make it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::args::InspectArgs;
use super::json::Json;
use super::{Context, Report};
use crate::codes;
use crate::config::{Input, Layer};
use crate::diag::{Diagnostic, Place};
use crate::output::{self, FileSet};
use crate::{pipeline, spec, url};

pub(super) fn run(context: &mut Context, args: &InspectArgs) -> Option<Report> {
    let input = args.source.as_ref().map(|source| input(context, source));
    let mut flags = Layer { input, strict: args.strict.then_some(true), ..Layer::default() };
    if flags.input.is_none() {
        flags.input = Some(default_database(context)?);
    }
    let options = context.options(flags)?;
    let schema = pipeline::inspected(&options, &mut context.diagnostics);
    if options.strict {
        context.diagnostics.promote_warnings();
    }
    let schema = schema.filter(|_| !context.diagnostics.has_errors())?;
    let text = spec::write(&schema);
    match &args.out {
        Some(path) => write(context, path, text),
        None => Some(Report { facts: vec![("spec", Json::Text(text.clone()))], text }),
    }
}

/// How files of databases are usually called.
const DATABASES: &[&str] = &["db", "db3", "sqlite", "sqlite3"];

/// A URL, a file of SQLite by its name or first bytes, or else a spec.
fn input(context: &Context, source: &str) -> Input {
    let path = context.path(Path::new(source));
    if source.contains("://") || (url::parse(source).is_ok() && !path.exists()) {
        return Input::Database(source.to_owned());
    }
    let by_name = path.extension().and_then(|ext| ext.to_str()).is_some_and(|ext| DATABASES.contains(&ext));
    if by_name || is_sqlite(&path) { Input::Database(url::of_file(&path)) } else { Input::Spec(path) }
}

fn is_sqlite(path: &Path) -> bool {
    let mut head = [0_u8; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

fn default_database(context: &mut Context) -> Option<Input> {
    let env = context.around.env.and_then(|read| Layer::from_env(read).database_url);
    let url = match env {
        Some(url) => Some(url),
        None => context.file()?.database_url,
    };
    if url.is_none() {
        let message = "there is nothing to inspect: no database is named";
        let help = "write `pilaster inspect sqlite://path`, or set DATABASE_URL";
        context.diagnostics.push(Diagnostic::error(codes::NO_INPUT, Place::None, message).help(help));
    }
    url.map(Input::Database)
}

/// A spec is edited afterwards, so one that is there is never overwritten.
fn write(context: &mut Context, path: &Path, text: String) -> Option<Report> {
    let path = context.path(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files = FileSet { files: [(name, text)].into() };
    if let Err(found) = output::create(path.parent().unwrap_or(Path::new("")), &files) {
        context.diagnostics.extend(found);
        return None;
    }
    let path = path.display().to_string();
    Some(Report { text: format!("{path} written\n"), facts: vec![("out", Json::Text(path))] })
}
