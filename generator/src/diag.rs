//! Diagnostics: what is wrong with an input, where, and what to do about it.
//!
//! Stages collect [`Diagnostic`]s instead of stopping at the first; the caller decides what to do with the whole list.

use std::ops::Range;
use std::sync::Arc;

/// A stable code with one line of meaning; all of them are listed in [`crate::codes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The stable identifier, for instance `P0102`.
    pub id: &'static str,
    /// What the code means, in one line.
    pub meaning: &'static str,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Something was left out or is doubtful; `--strict` makes it an error.
    Warning,
}

/// A text that diagnostics point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The name to show: a path as the user wrote it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// Nowhere in particular.
    #[default]
    None,
    /// A byte range of a text.
    Text {
        /// The text.
        source: Arc<SourceText>,
        /// Byte offsets into it.
        span: Range<usize>,
    },
    /// A schema object, for instance `table "album", column "title"`.
    Object(String),
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), place, help: None }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Warning, message: message.into(), place, help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The findings of one or more stages, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
