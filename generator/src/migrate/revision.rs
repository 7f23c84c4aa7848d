//! A revision: one file of a history, with the changes that lead to it and those that lead back.
//!
//! ```yaml
//! pilaster_migration: 1
//! revision: 20261122_2230_add_posts
//! parents: [20261101_0900_users]
//! message: add posts
//! up:
//!   - add_column: { table: post, column: { name: views, type: integer, default: { int: 0 } } }
//! down:
//!   - drop_column: { table: post, column: { name: views, type: integer, default: { int: 0 } } }
//! ```
//!
//! The version in the first line is that of the format. Files of older versions stay readable, as those who have
//! applied one can never change it.

mod read;
mod write;

use std::sync::Arc;

use super::change::Change;
use crate::diag::{Diagnostics, Place, SourceText};
use crate::output::hash::Hash;

/// The version of the format that is written.
pub const VERSION: &str = "1";

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name, by which databases know it.
    pub id: String,
    /// The revisions that it comes after: none for a first one, several for a merge.
    pub parents: Vec<String>,
    /// What it is for.
    pub message: String,
    /// The changes that lead to it.
    pub up: Vec<Entry>,
    /// The changes that lead back, or none when there is no way back.
    pub down: Option<Vec<Entry>>,
}

/// A change in a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// Risks that are accepted: code and reason.
    pub allow: Vec<(String, String)>,
    /// Where it stands.
    pub place: Place,
}

impl Entry {
    /// A change that stands nowhere yet.
    #[must_use]
    pub fn new(change: Change) -> Self {
        Self { change, allow: Vec::new(), place: Place::None }
    }
}

impl Revision {
    /// The changes that lead to it.
    #[must_use]
    pub fn up_changes(&self) -> Vec<Change> {
        self.up.iter().map(|entry| entry.change.clone()).collect()
    }

    /// The changes that lead back.
    #[must_use]
    pub fn down_changes(&self) -> Option<Vec<Change>> {
        Some(self.down.as_ref()?.iter().map(|entry| entry.change.clone()).collect())
    }

    /// The text of the file. Reading it gives an equal revision.
    #[must_use]
    pub fn text(&self, notes: &[String]) -> String {
        write::text(self, notes)
    }
}

/// Reads a file. `None`, with all problems, when it cannot be used.
pub fn read(source: &Arc<SourceText>, diagnostics: &mut Diagnostics) -> Option<Revision> {
    read::read(source, diagnostics)
}

/// What is kept of a file to see whether it was edited. Ends of lines do not count, nor does a byte order mark.
#[must_use]
pub fn checksum(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    Hash::of(text.trim_end().as_bytes()).to_string()
}

/// A name out of a message: what can stand in the name of a file everywhere.
#[must_use]
pub fn slug(message: &str) -> String {
    let mut slug = String::new();
    for c in message.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.is_empty() || slug.ends_with('_') => {}
            _ => slug.push('_'),
        }
        if slug.len() >= 40 {
            break;
        }
    }
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
