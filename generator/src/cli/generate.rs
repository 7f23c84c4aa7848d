//! `pilaster generate`.

use super::args::GenerateArgs;
use super::json::Json;
use super::{Context, Report};
use crate::codes;
use crate::config::{Input, Layer, Options};
use crate::diag::{Diagnostic, Place};
use crate::output::{self, Difference, DifferenceKind, FileSet};
use crate::pipeline;
use crate::render::Layout;

pub(super) fn run(context: &mut Context, args: &GenerateArgs) -> Option<Report> {
    let spec = args.spec.as_ref().map(|path| Input::Spec(context.path(path)));
    let flags = Layer {
        input: spec.or_else(|| args.database.clone().map(Input::Database)),
        out: args.out.as_ref().map(|path| context.path(path)),
        strict: args.strict.then_some(true),
        ..Layer::default()
    };
    let options = context.options(flags)?;
    let files = pipeline::generate(&options, Layout::Folder, &mut context.diagnostics)?;
    if args.check { check(context, &options, &files) } else { write(context, &options, &files) }
}

fn write(context: &mut Context, options: &Options, files: &FileSet) -> Option<Report> {
    keeps_what_there_is(context, options, files)?;
    let report = match output::write(&options.out, files) {
        Ok(report) => report,
        Err(found) => {
            context.diagnostics.extend(found);
            return None;
        }
    };
    let text = format!(
        "{}: {} written, {} unchanged, {} removed\n",
        options.out.display(),
        report.written.len(),
        report.unchanged.len(),
        report.removed.len(),
    );
    let facts = vec![
        ("out", Json::Text(options.out.display().to_string())),
        ("written", Json::texts(report.written)),
        ("unchanged", Json::texts(report.unchanged)),
        ("removed", Json::texts(report.removed)),
    ];
    Some(Report { text, facts })
}

/// A database in which nothing is to be seen is more often the wrong one, or read by the wrong user, than one that lost its
/// tables: what was generated of them stays.
fn keeps_what_there_is(context: &mut Context, options: &Options, files: &FileSet) -> Option<()> {
    if !context.diagnostics.iter().any(|found| found.code == codes::LIVE_EMPTY) {
        return Some(());
    }
    let differences = output::check(&options.out, files).map_err(|found| context.diagnostics.extend(found)).ok()?;
    let stale = differences.iter().filter(|difference| difference.kind == DifferenceKind::Stale).count();
    if stale == 0 {
        return Some(());
    }
    let out = options.out.display();
    let message =
        format!("{stale} files in {out} would be removed, as there are no tables to read; nothing was written");
    let help = format!("check the URL, and what its user may see; remove {out} first if the tables are gone for good");
    context.diagnostics.push(Diagnostic::error(codes::LIVE_EMPTY, Place::None, message).help(help));
    None
}

/// How many files that differ are told one by one.
const SHOWN: usize = 10;

fn check(context: &mut Context, options: &Options, files: &FileSet) -> Option<Report> {
    let differences = differences(context, options, files)?;
    let text = if differences.is_empty() {
        format!("{}: up to date ({} files)\n", options.out.display(), files.files.len())
    } else {
        String::new()
    };
    let facts = vec![("out", Json::Text(options.out.display().to_string())), ("differences", Json::texts(differences))];
    Some(Report { text, facts })
}

/// The paths of files that are not what they would be, each told; many of them in one line.
pub(super) fn differences(context: &mut Context, options: &Options, files: &FileSet) -> Option<Vec<String>> {
    let differences = match output::check(&options.out, files) {
        Ok(differences) => differences,
        Err(found) => {
            context.diagnostics.extend(found);
            return None;
        }
    };
    let help = "run `pilaster generate`";
    let nothing = !options.out.exists();
    if nothing {
        let message = format!("{} is missing: nothing was generated there yet", options.out.display());
        context.diagnostics.push(Diagnostic::error(codes::OUT_OF_DATE, Place::None, message).help(help));
    }
    // A change of the generator changes every file: a few are enough to see what is up, the facts have all of them.
    let shown = if nothing { 0 } else { SHOWN };
    for Difference { path, kind } in differences.iter().take(shown) {
        let file = options.out.join(path);
        let what = match kind {
            DifferenceKind::Missing => "is missing",
            DifferenceKind::Changed => "is not what the input gives",
            DifferenceKind::Stale => "is no longer generated",
            DifferenceKind::Foreign => "is not generated but stands where a generated file belongs",
        };
        let message = format!("{} {what}", file.display());
        context.diagnostics.push(Diagnostic::error(codes::OUT_OF_DATE, Place::None, message).help(help));
    }
    if !nothing && differences.len() > SHOWN {
        let message = format!("{} more files of {} differ", differences.len() - SHOWN, options.out.display());
        context.diagnostics.push(Diagnostic::error(codes::OUT_OF_DATE, Place::None, message).help(help));
    }
    Some(differences.into_iter().map(|difference| difference.path).collect())
}
