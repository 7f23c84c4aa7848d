//! A folder of generated files: what is in the way, what differs, what is stale.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::transaction::{self, Change};
use super::{FileSet, has_mark};
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place};

/// What a run did, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that were written.
    pub written: Vec<String>,
    /// Files that had the right bytes.
    pub unchanged: Vec<String>,
    /// Files of an earlier run that were removed.
    pub removed: Vec<String>,
}

/// A file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path in the folder.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a file differs from what would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It does not exist.
    Missing,
    /// It has other bytes.
    Changed,
    /// It should no longer exist.
    Stale,
    /// A file that is not ours is in its place.
    Foreign,
}

/// A folder that holds generated files, and a manifest of them.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
    manifest: String,
}

/// What stands at a path.
enum Found {
    Nothing,
    Ours(Vec<u8>),
    Foreign,
}

impl Folder {
    /// A folder of its own, with the manifest `.pilaster-manifest`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), manifest: ".pilaster-manifest".to_owned() }
    }

    /// A folder that is shared with others: the manifest is named after the one file that is written.
    #[must_use]
    pub fn shared(dir: impl Into<PathBuf>, file: &str) -> Self {
        Self { dir: dir.into(), manifest: format!(".{file}.pilaster-manifest") }
    }

    /// Writes what differs and removes what is stale, all of it or nothing.
    ///
    /// # Errors
    /// A path that leaves the folder, a file in the way that is not ours, or a failure of the file system.
    pub fn write(&self, files: &FileSet) -> Result<Report, Diagnostics> {
        self.write_for(files, None)
    }

    /// Like [`Self::write`], and keeps the fingerprint of the inputs for [`Self::is_fresh`].
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_for(&self, files: &FileSet, inputs: Option<&str>) -> Result<Report, Diagnostics> {
        let plan = self.plan(files, inputs)?;
        plan.refuse_foreign(&self.dir)?;
        let mut report = Report { unchanged: plan.unchanged, ..Report::default() };
        for (path, kind) in &plan.differences {
            match kind {
                DifferenceKind::Stale => report.removed.push(path.clone()),
                _ if *path == self.manifest => {}
                _ => report.written.push(path.clone()),
            }
        }
        transaction::apply(&plan.changes).map_err(|(path, error)| io(&path, "written", &error))?;
        for path in &report.removed {
            self.remove_empty_folders(path);
        }
        Ok(report)
    }

    /// What a write would change, in order of path.
    ///
    /// # Errors
    /// A path that leaves the folder, or a file that cannot be read.
    pub fn check(&self, files: &FileSet) -> Result<Vec<Difference>, Diagnostics> {
        let plan = self.plan(files, None)?;
        Ok(plan.differences.into_iter().map(|(path, kind)| Difference { path, kind }).collect())
    }

    /// Whether the last write was for these inputs and its files are still there. Lengths tell: this is asked at
    /// every build, and nobody edits the folder of a build script by hand.
    #[must_use]
    pub fn is_fresh(&self, inputs: &str) -> bool {
        let Ok(text) = fs::read_to_string(self.dir.join(&self.manifest)) else { return false };
        let manifest = Manifest::read(&text);
        let there = |path: &str, length| {
            fs::metadata(self.dir.join(path)).is_ok_and(|found| found.is_file() && found.len() == length)
        };
        manifest.inputs.as_deref() == Some(inputs)
            && !manifest.files.is_empty()
            && manifest.files.iter().all(|(path, entry)| there(path, entry.length))
    }

    fn plan(&self, files: &FileSet, inputs: Option<&str>) -> Result<Plan, Diagnostics> {
        check_paths(files)?;
        let mut plan = Plan::default();
        let manifest = Manifest::of(files, inputs).write();
        let old = match self.find(&self.manifest)? {
            Found::Ours(bytes) => Manifest::read(&String::from_utf8_lossy(&bytes)),
            Found::Nothing | Found::Foreign => Manifest::default(),
        };
        for (path, text) in &files.files {
            plan.add(path, self.dir.join(path), text, self.find(path)?);
        }
        // Our own paths were checked when they were written, but a manifest is a file that anybody can edit.
        let stale = old.files.keys().filter(|path| !files.files.contains_key(*path) && path_trouble(path).is_none());
        for path in stale {
            if let Found::Ours(before) = self.find(path)? {
                plan.differences.insert(path.clone(), DifferenceKind::Stale);
                plan.changes.push(Change { path: self.dir.join(path), text: None, before: Some(before) });
            }
        }
        plan.add(&self.manifest, self.dir.join(&self.manifest), &manifest, self.find(&self.manifest)?);
        plan.unchanged.retain(|path| *path != self.manifest);
        Ok(plan)
    }

    /// What stands at a path of the folder. Links are not followed: they may lead anywhere.
    fn find(&self, path: &str) -> Result<Found, Diagnostics> {
        let mut full = self.dir.clone();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            full.push(part);
            let meta = match fs::symlink_metadata(&full) {
                Ok(meta) => meta,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
                Err(error) => return Err(io(&full, "read", &error)),
            };
            let last = parts.peek().is_none();
            if (last && !meta.is_file()) || (!last && !meta.is_dir()) {
                return Ok(Found::Foreign);
            }
        }
        let bytes = fs::read(&full).map_err(|error| io(&full, "read", &error))?;
        Ok(if has_mark(&bytes) { Found::Ours(bytes) } else { Found::Foreign })
    }

    /// Removing a folder that is not empty fails, which is what is wanted.
    fn remove_empty_folders(&self, path: &str) {
        let mut parent = Path::new(path).parent();
        while let Some(folder) = parent.filter(|folder| !folder.as_os_str().is_empty()) {
            if fs::remove_dir(self.dir.join(folder)).is_err() {
                return;
            }
            parent = folder.parent();
        }
    }
}

/// What a write would do.
#[derive(Default)]
struct Plan {
    changes: Vec<Change>,
    differences: BTreeMap<String, DifferenceKind>,
    unchanged: Vec<String>,
}

impl Plan {
    fn add(&mut self, path: &str, full: PathBuf, text: &str, found: Found) {
        let (kind, before) = match found {
            Found::Ours(bytes) if bytes == text.as_bytes() => {
                self.unchanged.push(path.to_owned());
                return;
            }
            Found::Ours(bytes) => (DifferenceKind::Changed, Some(bytes)),
            Found::Nothing => (DifferenceKind::Missing, None),
            Found::Foreign => (DifferenceKind::Foreign, None),
        };
        self.differences.insert(path.to_owned(), kind);
        self.changes.push(Change { path: full, text: Some(text.to_owned()), before });
    }

    fn refuse_foreign(&self, dir: &Path) -> Result<(), Diagnostics> {
        let foreign = self.differences.iter().filter(|(_, kind)| **kind == DifferenceKind::Foreign);
        let mut diagnostics = Diagnostics::default();
        for (path, _) in foreign {
            let message = format!("{} was not written by pilaster, so it is not overwritten", dir.join(path).display());
            let help = "move it away, or choose another output folder; nothing was written";
            diagnostics.push(Diagnostic::error(codes::FOREIGN_FILE, Place::None, message).help(help));
        }
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}

/// Writes files that must not be there yet.
pub(super) fn create(dir: &Path, files: &FileSet) -> Result<(), Diagnostics> {
    check_paths(files)?;
    let mut diagnostics = Diagnostics::default();
    let mut changes = Vec::new();
    for (path, text) in &files.files {
        let path = dir.join(path);
        if fs::symlink_metadata(&path).is_ok() {
            let message = format!("{} is there already", path.display());
            let help = "choose another place, or move it away; nothing was written";
            diagnostics.push(error(codes::EXISTS, message).help(help));
        }
        changes.push(Change { path, text: Some(text.clone()), before: None });
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    transaction::apply(&changes).map_err(|(path, error)| io(&path, "written", &error))
}

/// Refuses paths that leave the folder, and pairs that are one file where case does not count.
fn check_paths(files: &FileSet) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for path in files.files.keys() {
        if let Some(trouble) = path_trouble(path) {
            diagnostics.push(error(codes::OUTPUT_PATH, format!("the output path {path:?} {trouble}")));
        }
        if let Some(other) = seen.insert(path.to_lowercase(), path) {
            let message = format!("the output paths {other:?} and {path:?} differ in case only");
            diagnostics.push(error(codes::OUTPUT_PATH, message));
        }
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

/// What is wrong with a path, if anything: it must be of plain names with `/` between them.
fn path_trouble(path: &str) -> Option<&'static str> {
    if path.contains(['\\', ':', '\0', '\n', '\r']) {
        return Some("holds a character that is not for file names");
    }
    path.split('/').any(|part| matches!(part, "" | "." | "..")).then_some("leaves the output folder")
}

fn io(path: &Path, what: &str, cause: &std::io::Error) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.push(error(codes::OUTPUT_IO, format!("{} cannot be {what}: {cause}", path.display())));
    diagnostics
}

fn error(code: Code, message: String) -> Diagnostic {
    Diagnostic::error(code, Place::None, message)
}
