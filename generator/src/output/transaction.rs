//! Several changes of files that happen together or not at all.
//!
//! New texts go to temporary files in their folders first, so that most failures (no room, no permission) come before
//! anything is replaced. Replacing is by rename, so a reader sees the old or the new file and never half of one. When
//! a later step fails, the earlier ones are undone from memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One change: a new text for a file, or `None` to remove it, with the bytes it has now.
#[derive(Debug)]
pub(super) struct Change {
    pub path: PathBuf,
    pub text: Option<String>,
    pub before: Option<Vec<u8>>,
}

/// Makes all changes. On failure everything is as before, and the path that failed is told.
pub(super) fn apply(changes: &[Change]) -> Result<(), (PathBuf, io::Error)> {
    let mut made = Made::default();
    let result = made.stage(changes).and_then(|()| made.commit(changes));
    if result.is_err() {
        made.undo(changes);
    }
    result
}

/// What has been done so far.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    temporary: Vec<(usize, PathBuf)>,
    committed: Vec<usize>,
}

impl Made {
    fn stage(&mut self, changes: &[Change]) -> Result<(), (PathBuf, io::Error)> {
        for (at, change) in changes.iter().enumerate() {
            let Some(text) = &change.text else { continue };
            let failed = |error| (change.path.clone(), error);
            if let Some(folder) = change.path.parent() {
                self.make_folder(folder).map_err(failed)?;
            }
            let temporary = temporary(&change.path);
            self.temporary.push((at, temporary.clone()));
            fs::write(&temporary, text).map_err(failed)?;
        }
        Ok(())
    }

    /// Makes a folder and its parents, remembering which were new.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            fs::create_dir(path)?;
            self.folders.push(path.to_owned());
        }
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), (PathBuf, io::Error)> {
        for (at, temporary) in &self.temporary {
            if let Some(change) = changes.get(*at) {
                fs::rename(temporary, &change.path).map_err(|error| (change.path.clone(), error))?;
                self.committed.push(*at);
            }
        }
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| change.text.is_none()) {
            fs::remove_file(&change.path).map_err(|error| (change.path.clone(), error))?;
            self.committed.push(at);
        }
        Ok(())
    }

    /// As well as it goes: a file system that fails here too cannot be helped.
    fn undo(&self, changes: &[Change]) {
        for change in self.committed.iter().rev().filter_map(|at| changes.get(*at)) {
            let _ = match &change.before {
                Some(bytes) => fs::write(&change.path, bytes),
                None => fs::remove_file(&change.path),
            };
        }
        for (_, temporary) in &self.temporary {
            let _ = fs::remove_file(temporary);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A name beside the file that nobody else uses: rename works within one file system only.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.pilaster-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_failure_undoes_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "before").unwrap();
        // A folder in the way of the second file makes its rename fail.
        fs::create_dir_all(path("taken/inner")).unwrap();
        let change = |name: &str, before: Option<&str>| Change {
            path: path(name),
            text: Some("after".into()),
            before: before.map(|text| text.as_bytes().to_vec()),
        };
        let changes = [change("old", Some("before")), change("new/deep/file", None), change("taken", None)];
        let (failed, _) = apply(&changes).unwrap_err();
        assert_eq!(failed, path("taken"));
        assert_eq!(fs::read_to_string(path("old")).unwrap(), "before");
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["old", "taken"]);
    }
}
