//! The list of what a run wrote, kept beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::FileSet;
use super::hash::Hash;

/// One file of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub hash: Hash,
    pub length: u64,
}

impl Entry {
    fn of(text: &str) -> Self {
        Self { hash: Hash::of(text.as_bytes()), length: text.len() as u64 }
    }
}

/// Files by path, and the fingerprint of the inputs where a build script keeps one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub inputs: Option<String>,
    pub files: BTreeMap<String, Entry>,
}

impl Manifest {
    pub(super) fn of(files: &FileSet, inputs: Option<&str>) -> Self {
        let entries = files.files.iter().map(|(path, text)| (path.clone(), Entry::of(text)));
        Self { inputs: inputs.map(str::to_owned), files: entries.collect() }
    }

    pub(super) fn write(&self) -> String {
        let mut text = format!("# {}: hash, length and path of each file here\n", super::MARK);
        // Writing to a string cannot fail.
        if let Some(inputs) = &self.inputs {
            let _ = writeln!(text, "inputs {inputs}");
        }
        for (path, entry) in &self.files {
            let _ = writeln!(text, "{} {} {path}", entry.hash, entry.length);
        }
        text
    }

    /// Reads a manifest. Lines that make no sense are skipped: a file that is not listed is merely not removed.
    pub(super) fn read(text: &str) -> Self {
        let mut manifest = Self::default();
        for line in text.lines().skip(1) {
            if let Some(inputs) = line.strip_prefix("inputs ") {
                manifest.inputs = Some(inputs.to_owned());
            } else if let Some((path, entry)) = entry(line) {
                manifest.files.insert(path.to_owned(), entry);
            }
        }
        manifest
    }
}

fn entry(line: &str) -> Option<(&str, Entry)> {
    let (hash, rest) = line.split_once(' ')?;
    let (length, path) = rest.split_once(' ')?;
    Some((path, Entry { hash: Hash::parse(hash)?, length: length.parse().ok()? }))
}
