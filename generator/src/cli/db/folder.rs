//! The folder of the migrations: its files in, new ones out.

use std::path::{Path, PathBuf};

use super::super::Context;
use super::super::args::FolderArgs;
use super::refuse;
use crate::diag::{Diagnostic, Place};
use crate::migrate::embed::several_heads;
use crate::migrate::history::{File, History};
use crate::migrate::revision::{Revision, slug};
use crate::output::{self, FileSet};
use crate::{codes, config, pipeline};

/// The folder: that of the flag, of the settings, or `migrations`.
pub(in crate::cli) fn path(context: &mut Context, args: &FolderArgs) -> Option<PathBuf> {
    if let Some(flag) = &args.migrations {
        return Some(context.path(flag));
    }
    let named = context.file()?.migrations;
    let folder = named.unwrap_or_else(|| context.path(Path::new(config::MIGRATIONS)));
    (!context.diagnostics.has_errors()).then_some(folder)
}

/// Whether the project has migrations.
pub(super) fn is_used(context: &mut Context) -> Option<bool> {
    let folder = path(context, &FolderArgs::default())?;
    Some(folder.is_dir() && !pipeline::revision_files(&folder, &mut context.diagnostics)?.is_empty())
}

/// The revisions of a folder, which has to be there.
pub(in crate::cli) fn history(context: &mut Context, args: &FolderArgs) -> Option<History> {
    let folder = path(context, args)?;
    let sources = pipeline::revision_files(&folder, &mut context.diagnostics)?;
    History::read(&sources, &mut context.diagnostics)
}

/// The path of a file of the history.
pub(super) fn path_of(file: &File) -> PathBuf {
    PathBuf::from(&file.name)
}

/// The revision that a word means.
pub(super) fn find<'h>(context: &mut Context, history: &'h History, word: &str) -> Option<&'h File> {
    match history.find(word) {
        Ok(id) => history.get(id),
        Err((message, help)) => refuse(context, codes::REVISION_UNKNOWN, message, &help),
    }
}

/// The one head; none in an empty history. `None` when there are several, which is told.
pub(super) fn parents(context: &mut Context, history: &History) -> Option<Vec<String>> {
    let heads = history.heads();
    if heads.len() > 1 {
        context.diagnostics.push(several_heads(history));
        return None;
    }
    Some(heads.into_iter().map(str::to_owned).collect())
}

/// A name that no revision has: the time in UTC, and the message.
pub(super) fn new_id(context: &Context, history: &History, message: &str) -> String {
    let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let now = context.around.now.unwrap_or_else(clock);
    let slug = slug(message);
    let tail = if slug.is_empty() { String::new() } else { format!("_{slug}") };
    // Names follow each other even where the clock does not.
    let mut time = now;
    loop {
        let id = format!("{}{tail}", stamp(time));
        let latest = history.files().iter().all(|file| file.revision.id.get(..13) < id.get(..13));
        if latest || time > now + 60 * 60 * 24 * 366 {
            return id;
        }
        time += 60;
    }
}

/// `YYYYMMDD_HHMM`.
fn stamp(seconds: u64) -> String {
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    // Days since 0000-03-01, in eras of 400 years; a year begins in March, so that a leap day is its last.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}_{:02}{:02}", minutes / 60, minutes % 60)
}

/// Writes a new revision; gives the path of its file.
pub(super) fn write(context: &mut Context, args: &FolderArgs, revision: &Revision, notes: &[String]) -> Option<String> {
    let folder = path(context, args)?;
    let name = format!("{}.yaml", revision.id);
    let path = folder.join(&name).display().to_string();
    let files = FileSet { files: [(name, revision.text(notes))].into() };
    match output::create(&folder, &files) {
        Ok(()) => Some(path),
        Err(found) => {
            context.diagnostics.extend(found);
            None
        }
    }
}

/// Makes the folder. `None` when it cannot be made; whether it was not there.
pub(super) fn make(context: &mut Context, args: &FolderArgs) -> Option<bool> {
    let folder = path(context, args)?;
    let new = !folder.is_dir();
    match std::fs::create_dir_all(&folder) {
        Ok(()) => {
            if new {
                look_again(&context.path(Path::new("build.rs")));
            }
            Some(new)
        }
        Err(error) => {
            let message = format!("the folder {} cannot be made: {error}", folder.display());
            context.diagnostics.push(Diagnostic::error(codes::OUTPUT_IO, Place::None, message));
            None
        }
    }
}

/// Cargo cannot watch a folder that is not there yet, so a build script is made to look as if it had changed. Where that
/// fails, the next change of the spec does the same.
fn look_again(script: &Path) {
    if let Ok(file) = std::fs::File::options().write(true).open(script) {
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn times_are_days_of_the_calendar() {
        assert_eq!(stamp(0), "19700101_0000");
        assert_eq!(stamp(951_782_400 + 3_660), "20000229_0101");
        assert_eq!(stamp(1_795_386_600), "20261122_2230");
        assert_eq!(stamp(4_107_542_399), "21000228_2359");
    }
}
