//! Reads shapes out of the tree, with a diagnostic wherever the shape is another.

use std::ops::Range;
use std::sync::Arc;

use super::keys;
use super::tree::{Entry, Kind, Node, Style, quoted};
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place, SourceText, suggest_help};
use crate::ir::RawType;
use crate::ir::draft::{At, RawExpr};

/// The text that is read and where findings go.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Arc<SourceText>,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// The entries of a mapping.
#[derive(Clone, Copy)]
pub(crate) struct Map<'n> {
    pub(crate) entries: &'n [Entry],
    pub(crate) span: &'n Range<usize>,
}

impl<'n> Map<'n> {
    /// The value of a key.
    pub(crate) fn get(self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The entry of a key.
    pub(crate) fn entry(self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|e| e.key == key)
    }
}

impl Reader<'_> {
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        Place::text(self.source, span.clone())
    }

    pub(crate) fn error(
        &mut self,
        code: Code,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(Diagnostic::error(code, self.place(span), message).help(help));
    }

    /// A mapping; nothing at all counts as an empty one.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<Map<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Map { entries, span: &node.span }),
            Kind::Refused => None,
            _ if node.is_blank() => Some(Map { entries: &[], span: &node.span }),
            _ => {
                self.shape(node, what, "a mapping");
                None
            }
        }
    }

    /// A list; a single text counts as a list of one.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::Seq(items) => items,
            Kind::Text(..) if !node.is_blank() => std::slice::from_ref(node),
            Kind::Refused => &[],
            _ => {
                self.shape(node, what, "a list");
                &[]
            }
        }
    }

    /// A text, as written.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<At<String>> {
        match &node.kind {
            Kind::Text(text, _) if !node.is_blank() => Some(At::new(text.clone(), self.place(&node.span))),
            Kind::Refused => None,
            _ => {
                if !(node.is_blank() && self.eaten_by_comment(node, "")) {
                    self.shape(node, what, "a text");
                }
                None
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, node: &Node, what: &str) -> Vec<At<String>> {
        let item = format!("an item of {what}");
        self.list(node, what).iter().filter_map(|n| self.text(n, &item)).collect()
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> bool {
        let Some(text) = self.text(node, what) else { return false };
        match text.value.as_str() {
            "true" => true,
            "false" => false,
            other => {
                let message = format!("{what} is `true` or `false`, not `{other}`");
                self.error(codes::SPEC_VALUE, &node.span, message, "write `true` or `false`");
                false
            }
        }
    }

    /// An expression: a text for all databases, or one text per database.
    pub(crate) fn expr(&mut self, node: &Node, what: &str) -> Option<At<RawExpr>> {
        if matches!(node.kind, Kind::Map(_)) {
            let place = self.place(&node.span);
            return Some(At::new(RawExpr::PerDialect(self.per_dialect(node, what)?), place));
        }
        let text = self.text(node, what)?;
        Some(At::new(RawExpr::Neutral(text.value), text.place))
    }

    /// One text per database.
    pub(crate) fn per_dialect(&mut self, node: &Node, what: &str) -> Option<RawType> {
        let map = self.map(node, what)?;
        self.known(map, what, keys::DIALECTS);
        let mut one = |key: &str| map.get(key).and_then(|n| self.text(n, &format!("`{key}`"))).map(|t| t.value);
        let raw = RawType { sqlite: one("sqlite"), postgres: one("postgres"), mysql: one("mysql") };
        if raw == RawType::default() {
            let message = format!("{what} names no database");
            self.error(codes::SPEC_MISSING, &node.span, message, "write at least one of `sqlite`, `postgres`, `mysql`");
            return None;
        }
        Some(raw)
    }

    /// Reports keys that are not known here.
    pub(crate) fn known(&mut self, map: Map<'_>, what: &str, keys: &[&str]) {
        for entry in map.entries {
            if !keys.contains(&entry.key.as_str()) {
                let message = format!("unknown key `{}` in {what}", entry.key);
                let help = suggest_help(&entry.key, "keys", keys.iter().copied());
                self.error(codes::YAML_UNKNOWN_KEY, &entry.key_span, message, help);
            }
        }
    }

    /// Whether a `#` follows that YAML took for a comment although it was meant as the value; reports that.
    pub(crate) fn eaten_by_comment(&mut self, node: &Node, written: &str) -> bool {
        let source = self.source;
        let after = source.text.get(node.span.end..).unwrap_or_default();
        let line = after.lines().next().unwrap_or_default();
        let blank = line.trim_start_matches([' ', '\t', ':']);
        // `# a remark` is meant as a comment, `#fff` is not
        let meant = blank.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()));
        if !meant || blank.len() == line.len() {
            return false;
        }
        let lost = blank.trim_end();
        let start = node.span.end + line.len() - blank.len();
        let whole = if written.is_empty() { lost.to_owned() } else { format!("{written} {lost}") };
        self.error(
            codes::YAML_COMMENT,
            &(start..start + lost.len()),
            format!("YAML reads `{lost}` as a comment, so that nothing is left of the value"),
            format!("put the value in quotes: {}", quoted(&whole)),
        );
        true
    }

    fn shape(&mut self, node: &Node, what: &str, wanted: &str) {
        let got = match &node.kind {
            Kind::Map(_) => "a mapping",
            Kind::Seq(_) => "a list",
            _ if node.is_blank() => "nothing",
            _ => "a text",
        };
        let help = match wanted {
            "a mapping" => "write `key: value` lines below, or `{ key: value }`",
            "a list" => "write `[a, b]`, or one `- item` per line",
            _ => "write one value; put it in quotes if brackets or colons belong to it",
        };
        self.error(codes::YAML_SHAPE, &node.span, format!("{what} must be {wanted}, not {got}"), help);
    }

    /// The place of a part of a text; the whole text where escapes make the two differ.
    pub(crate) fn part(&self, node: &Node, range: Range<usize>) -> Range<usize> {
        let Kind::Text(text, style) = &node.kind else { return node.span.clone() };
        let skip = usize::from(*style == Style::Quoted);
        let start = node.span.start + skip;
        match self.source.text.get(start..start + text.len()) {
            Some(written) if written == text => start + range.start..start + range.end,
            _ => node.span.clone(),
        }
    }
}
