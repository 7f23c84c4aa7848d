//! Says what a YAML syntax error means in a spec and what to write instead.

use std::ops::Range;
use std::sync::Arc;

use super::tree::quoted;
use crate::codes;
use crate::diag::{Diagnostic, Place, SourceText};

/// A diagnostic for an error of the YAML parser.
pub(super) fn explain(source: &Arc<SourceText>, offset: usize, info: &str) -> Diagnostic {
    let at = At::new(&source.text, offset);
    if info.contains("recursion limit") {
        return Diagnostic::error(codes::YAML_LIMIT, Place::text(source, at.one()), "nested too deeply")
            .help("a spec needs seven levels: check the brackets");
    }
    let found = Found::of(&at, info);
    let error = Diagnostic::error(codes::YAML_SYNTAX, Place::text(source, found.span), found.message);
    error.help(found.help)
}

/// A place in a text.
struct At<'a> {
    text: &'a str,
    offset: usize,
    line: &'a str,
    line_start: usize,
}

impl<'a> At<'a> {
    fn new(text: &'a str, offset: usize) -> Self {
        let offset = offset.min(text.len());
        let line_start = text.get(..offset).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
        let line = text.get(line_start..).and_then(|tail| tail.lines().next()).unwrap_or_default();
        Self { text, offset, line, line_start }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn one(&self) -> Range<usize> {
        self.offset..self.offset + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    /// The key and the value of the line, when it has the form `key: value`.
    fn pair(&self) -> Option<(&'a str, &'a str)> {
        let (key, value) = self.line.split_once(": ")?;
        Some((key.trim_start_matches(['-', ' ', '{']), value.trim()))
    }
}

struct Found {
    message: String,
    help: String,
    span: Range<usize>,
}

impl Found {
    fn of(at: &At<'_>, info: &str) -> Self {
        let new = |message: &str, help: String| Self { message: message.into(), help, span: at.one() };
        if info.contains("tab") && at.line.contains('\t') {
            return Self::tab(at);
        }
        if info.contains("expected ',' or") {
            return Self::bracket(at);
        }
        if info.contains("mapping values are not allowed") || info.contains("placement of ':'") {
            return match at.pair() {
                Some((key, value)) if value.contains(':') => {
                    let help = format!("put the value in quotes: {key}: {}", quoted(value));
                    new("a second `:` in one unquoted value", help)
                }
                _ => new(
                    "a key cannot stand here",
                    "line its indentation up with the keys above; a value before it ends where its line ends".into(),
                ),
            };
        }
        if info.contains("unknown anchor") {
            return new("a value that starts with `*` is a YAML alias", "put the value in quotes".into());
        }
        if info.contains("quoted scalar") {
            let message =
                if info.contains("escape") { "a `\\` that starts no escape" } else { "a quote is not closed" };
            let help = "close it on the same line; inside \"…\" write `\\\"` and `\\\\`, inside '…' write `''`";
            return new(message, help.into());
        }
        if let Some(c) = at.rest().chars().next().filter(|_| info.contains("unexpected character")) {
            return new(&format!("an unquoted value cannot start with `{c}`"), "put the value in quotes".into());
        }
        if info.contains("block sequence entries") {
            let help = "start the list on the next line, or put the value in quotes if the `-` belongs to it";
            return new("a list cannot start here", help.into());
        }
        let help = "check the indentation of this line and of the one before, and that keys end with `: `";
        new(&format!("this is no well-formed YAML: {}", tidy(info)), help.into())
    }

    fn tab(at: &At<'_>) -> Self {
        let start = at.line_start + at.line.find('\t').unwrap_or(0);
        Self {
            message: "a tab is used for indentation".into(),
            help: "YAML takes spaces only: replace each tab with spaces".into(),
            span: start..start + 1,
        }
    }

    /// A flow mapping or list that does not go on: the brackets of an array type, or a missing bracket.
    fn bracket(at: &At<'_>) -> Self {
        let head = at.text.get(at.line_start..at.offset).unwrap_or_default();
        let word_at = head.rfind(|c: char| !(c.is_alphanumeric() || "_()".contains(c))).map_or(0, |i| i + 1);
        let word = head.get(word_at..).unwrap_or_default();
        if at.rest().starts_with("[]") && !word.is_empty() {
            return Self {
                message: format!("inside brackets `{word}[]` must be in quotes"),
                help: format!("write \"{word}[]\""),
                span: at.offset - word.len()..at.offset + 2,
            };
        }
        Self {
            message: "a `{` or `[` before this is not closed".into(),
            help: "add the missing `}`, `]` or comma, or put the value before this in quotes".into(),
            span: at.one(),
        }
    }
}

/// The parser's words without its own ways.
fn tidy(info: &str) -> String {
    info.replace("did not find expected", "missing").replace("while parsing a block mapping, ", "in a mapping, ")
}
