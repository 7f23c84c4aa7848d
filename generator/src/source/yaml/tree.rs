//! A located YAML tree: mappings in order, lists and texts, each with its byte range.
//!
//! YAML's own types are ignored: every scalar is a text as written. Aliases are refused and never expanded, and depth
//! is limited, so that a hostile file costs no more than its size.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::syntax;
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place, SourceText};

/// Deepest nesting of mappings and lists; the format needs seven.
const MAX_DEPTH: usize = 32;
/// Largest file.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Where it stands.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A mapping.
    Map(Vec<Entry>),
    /// A list.
    Seq(Vec<Node>),
    /// A text.
    Text(String, Style),
    /// Something that was refused; findings about it would only repeat that.
    Refused,
}

/// How a text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) key_span: Range<usize>,
    /// The value.
    pub(crate) value: Node,
}

impl Node {
    /// Whether nothing was written here.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(&self.kind, Kind::Text(text, Style::Plain) if text.is_empty())
    }

    fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Text(_, Style::Plain))
    }
}

/// A mapping or list that is being read.
enum Frame {
    Map { start: usize, flow: bool, entries: Vec<Entry>, seen: BTreeMap<String, usize>, key: Option<Pending> },
    Seq { start: usize, flow: bool, items: Vec<Node> },
}

/// A key whose value has not come yet.
struct Pending {
    text: String,
    span: Range<usize>,
    /// A key that was refused is read with its value and dropped.
    keep: bool,
}

/// Reads a text. `None` when it is not well formed or empty; everything else is in the tree.
pub(crate) fn parse(source: &Arc<SourceText>, diagnostics: &mut Diagnostics) -> Option<Node> {
    if source.text.len() > MAX_BYTES {
        diagnostics.push(
            Diagnostic::error(codes::YAML_LIMIT, Place::text(source, 0..0), "the file is larger than 16 MiB")
                .help("split the spec"),
        );
        return None;
    }
    let mut builder =
        Builder { source, diagnostics, offsets: Offsets::new(&source.text), stack: Vec::new(), root: None };
    let mut documents = 0;
    for event in Parser::new_from_str(&source.text) {
        match event {
            Ok((Event::DocumentStart(_), span)) => {
                documents += 1;
                if documents > 1 {
                    builder.refuse(span, "the file holds several YAML documents", "remove the `---` lines");
                    return None;
                }
            }
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                builder.syntax(&error);
                return None;
            }
        }
    }
    builder.root
}

struct Builder<'a> {
    source: &'a Arc<SourceText>,
    diagnostics: &'a mut Diagnostics,
    offsets: Offsets,
    stack: Vec<Frame>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn span(&self, span: Span) -> Range<usize> {
        self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index())
    }

    fn refuse(&mut self, span: Span, message: &str, help: &str) {
        let place = Place::text(self.source, self.span(span));
        self.diagnostics.push(Diagnostic::error(codes::YAML_UNSUPPORTED, place, message).help(help));
    }

    fn syntax(&mut self, error: &ScanError) {
        let offset = self.offsets.byte(error.marker().index());
        self.diagnostics.push(syntax::explain(self.source, offset, error.info()));
    }

    /// Takes one event; `None` when reading cannot go on.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Alias(_) => {
                self.refuse(
                    span,
                    "specs do not use YAML aliases",
                    "write the value out, or put it in quotes if the `*` belongs to it",
                );
                let span = self.span(span);
                self.value(Node { span, kind: Kind::Refused });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.anchor_and_tag(anchor, tag.is_some(), span);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let mut span = self.span(span);
                if text.is_empty() && style == Style::Plain {
                    span.end = span.start;
                }
                self.value(Node { span, kind: Kind::Text(text.into_owned(), style) });
            }
            Event::MappingStart(anchor, tag) => {
                self.anchor_and_tag(anchor, tag.is_some(), span);
                let span = self.span(span);
                let (start, flow) = (span.start, self.source.text.get(span).is_some_and(|s| s.starts_with('{')));
                let seen = BTreeMap::new();
                self.open(Frame::Map { start, flow, entries: Vec::new(), seen, key: None })?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.anchor_and_tag(anchor, tag.is_some(), span);
                let span = self.span(span);
                let (start, flow) = (span.start, self.source.text.get(span).is_some_and(|s| s.starts_with('[')));
                self.open(Frame::Seq { start, flow, items: Vec::new() })?;
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn anchor_and_tag(&mut self, anchor: usize, tag: bool, span: Span) {
        if anchor > 0 {
            self.refuse(span, "specs do not use YAML anchors", "remove the `&name`, or put the value in quotes");
        }
        if tag {
            self.refuse(
                span,
                "specs do not use YAML tags",
                "remove the tag, or put the value in quotes if the `!` belongs to it",
            );
        }
    }

    fn open(&mut self, frame: Frame) -> Option<()> {
        if self.stack.len() >= MAX_DEPTH {
            let (Frame::Map { start, .. } | Frame::Seq { start, .. }) = frame;
            let place = Place::text(self.source, start..start + 1);
            self.diagnostics.push(
                Diagnostic::error(codes::YAML_LIMIT, place, format!("nested more than {MAX_DEPTH} levels deep"))
                    .help("a spec needs seven levels: check the brackets and the indentation"),
            );
            return None;
        }
        self.stack.push(frame);
        Some(())
    }

    fn close(&mut self, span: Span) {
        let span_end = self.span(span).end;
        let node = match self.stack.pop() {
            Some(Frame::Map { start, flow, entries, .. }) => {
                let entries = if flow { self.join_entries(entries) } else { entries };
                let end = if flow { span_end } else { entries.last().map_or(start, |e| e.value.span.end) };
                Node { span: start..end.max(start), kind: Kind::Map(entries) }
            }
            Some(Frame::Seq { start, flow, items }) => {
                let items = if flow { self.join_items(items) } else { items };
                let end = if flow { span_end } else { items.last().map_or(start, |n| n.span.end) };
                Node { span: start..end.max(start), kind: Kind::Seq(items) }
            }
            None => return,
        };
        self.value(node);
    }

    /// Puts a finished value where it belongs.
    fn value(&mut self, node: Node) {
        let Some(mut frame) = self.stack.pop() else {
            self.root = Some(node);
            return;
        };
        match &mut frame {
            Frame::Seq { items, .. } => items.push(node),
            Frame::Map { entries, seen, key, .. } => match key.take() {
                None => *key = Some(self.key(node, seen)),
                Some(pending) if pending.keep => {
                    entries.push(Entry { key: pending.text, key_span: pending.span, value: node });
                }
                Some(_) => {}
            },
        }
        self.stack.push(frame);
    }

    fn key(&mut self, node: Node, seen: &mut BTreeMap<String, usize>) -> Pending {
        let place = Place::text(self.source, node.span.clone());
        let Kind::Text(text, style) = node.kind else {
            if node.kind != Kind::Refused {
                self.diagnostics.push(
                    Diagnostic::error(codes::YAML_SHAPE, place, "a key must be a text")
                        .help("put the key in quotes if the brackets belong to it"),
                );
            }
            return Pending { text: String::new(), span: node.span, keep: false };
        };
        let mut keep = true;
        if text == "<<" && style == Style::Plain {
            keep = false;
            self.diagnostics.push(
                Diagnostic::error(codes::YAML_UNSUPPORTED, place, "specs do not use YAML merge keys")
                    .help("write the keys out"),
            );
        } else if let Some(&first) = seen.get(&text) {
            keep = false;
            let line = self.source.text.get(..first).unwrap_or_default().matches('\n').count() + 1;
            self.diagnostics.push(
                Diagnostic::error(codes::YAML_DUPLICATE_KEY, place, format!("the key `{text}` stands here twice"))
                    .help(format!("it stands first in line {line}: remove or rename one of them")),
            );
        } else {
            seen.insert(text.clone(), node.span.start);
        }
        Pending { text, span: node.span, keep }
    }

    /// `{ type: decimal(10,2) }` reads as `type: decimal(10` and a key `2)`: says so and puts the value together.
    fn join_entries(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut joined: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut open = 0;
        for entry in entries {
            if open > 0
                && entry.value.is_blank()
                && let Some(last) = joined.last_mut()
            {
                last.value.span.end = entry.key_span.end;
                open = self.open_brackets(&last.value);
                if open <= 0 {
                    self.join(&mut last.value);
                }
                continue;
            }
            open = self.open_brackets(&entry.value);
            joined.push(entry);
        }
        joined
    }

    /// The same in a list: `[decimal(10,2)]` reads as two items.
    fn join_items(&mut self, items: Vec<Node>) -> Vec<Node> {
        let mut joined: Vec<Node> = Vec::with_capacity(items.len());
        let mut open = 0;
        for item in items {
            if open > 0
                && item.is_plain()
                && let Some(last) = joined.last_mut()
            {
                last.span.end = item.span.end;
                open = self.open_brackets(last);
                if open <= 0 {
                    self.join(last);
                }
                continue;
            }
            open = self.open_brackets(&item);
            joined.push(item);
        }
        joined
    }

    /// Number of `(` without a `)` in an unquoted text.
    fn open_brackets(&self, node: &Node) -> i32 {
        let Some(text) = self.source.text.get(node.span.clone()).filter(|_| node.is_plain()) else { return 0 };
        text.chars().fold(0, |open, c| match c {
            '(' => open + 1,
            ')' => open - 1,
            _ => open,
        })
    }

    fn join(&mut self, value: &mut Node) {
        let raw = self.source.text.get(value.span.clone()).unwrap_or_default();
        self.diagnostics.push(
            Diagnostic::error(
                codes::YAML_COMMA,
                Place::text(self.source, value.span.clone()),
                format!("inside brackets the comma cuts `{raw}` in two"),
            )
            .help(format!("put it in quotes: {}", quoted(raw))),
        );
        value.kind = Kind::Text(raw.to_owned(), Style::Plain);
    }
}

/// A text as a double-quoted YAML scalar, to show in help.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Byte offsets of characters; the parser counts characters.
struct Offsets {
    /// Empty when the text is ASCII and both counts are the same.
    bytes: Vec<usize>,
    len: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { bytes, len: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            return character.min(self.len);
        }
        self.bytes.get(character).copied().unwrap_or(self.len)
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
