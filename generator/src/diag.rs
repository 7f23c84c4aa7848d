//! Diagnostics: what is wrong with an input, where, and what to do about it.
//!
//! Stages collect [`Diagnostic`]s instead of stopping at the first; the caller decides what to do with the whole list.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::secret::hide;

mod render;
mod suggest;

pub use suggest::{suggest, suggest_help};

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        Self::new(Severity::Error, code, place, message)
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, place, message)
    }

    /// A finding of the given severity at a place.
    #[must_use]
    pub fn new(severity: Severity, code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, severity, message: hide(&message.into()).into_owned(), place, help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(hide(&help.into()).into_owned());
        self
    }
}

impl Place {
    /// A byte range of a text.
    #[must_use]
    pub fn text(source: &Arc<SourceText>, span: Range<usize>) -> Self {
        Self::Text { source: Arc::clone(source), span }
    }

    /// A place inside this one: the first occurrence of a word in the text it covers, or the whole place when the
    /// word is not there.
    #[must_use]
    pub fn narrow(&self, word: &str) -> Self {
        let Self::Text { source, span } = self else { return self.clone() };
        let Some(covered) = source.text.get(span.clone()) else { return self.clone() };
        match find_word(covered, word) {
            Some(at) => Self::text(source, span.start + at..span.start + at + word.len()),
            None => self.clone(),
        }
    }
}

/// Where a word stands that is not part of a longer one.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|&at| {
        let before = text.get(..at).and_then(|s| s.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|s| s.chars().next());
        !word.is_empty() && !before.is_some_and(inner) && !after.is_some_and(inner)
    })
}

/// The findings of one or more stages, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No findings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// The findings, in the order in which they were made.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// Number of errors.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.items.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Number of warnings.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.items.len() - self.error_count()
    }

    /// Makes every warning an error, as `--strict` asks for.
    pub fn promote_warnings(&mut self) {
        for item in &mut self.items {
            item.severity = Severity::Error;
        }
    }

    /// The findings as text in the look of the Rust compiler, with the lines they point at; with `colour`, as ANSI
    /// sequences for a terminal. Ends with a line break unless there are none.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        render::render(&self.items, colour)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.items.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
