//! Prints diagnostics in the look of the Rust compiler.

use std::fmt::Write as _;
use std::ops::Range;

use super::{Diagnostic, Place, Severity, SourceText};
use crate::secret::hide;

/// Columns shown of a line; a longer one is cut around the place.
const MAX_LINE: usize = 160;

/// ANSI sequences, or nothing.
struct Paint {
    error: &'static str,
    warning: &'static str,
    frame: &'static str,
    bold: &'static str,
    reset: &'static str,
}

const PLAIN: Paint = Paint { error: "", warning: "", frame: "", bold: "", reset: "" };
const COLOURED: Paint = Paint {
    error: "\u{1b}[1;31m",
    warning: "\u{1b}[1;33m",
    frame: "\u{1b}[1;34m",
    bold: "\u{1b}[1m",
    reset: "\u{1b}[0m",
};

pub(super) fn render(items: &[Diagnostic], colour: bool) -> String {
    let paint = if colour { &COLOURED } else { &PLAIN };
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        write_item(&mut out, item, paint);
    }
    out
}

fn write_item(out: &mut String, item: &Diagnostic, paint: &Paint) {
    let Paint { frame, bold, reset, .. } = paint;
    let (word, tone) = match item.severity {
        Severity::Error => ("error", paint.error),
        Severity::Warning => ("warning", paint.warning),
    };
    let message = visible(&item.message);
    let _ = writeln!(out, "{tone}{word}[{}]{reset}{bold}: {message}{reset}", item.code.id);
    let indent = match &item.place {
        Place::None => 1,
        Place::Object(object) => {
            let _ = writeln!(out, " {frame}-->{reset} {}", visible(object));
            1
        }
        Place::Text { source, span } => write_excerpt(out, source, span, tone, paint),
    };
    if let Some(help) = &item.help {
        let pad = " ".repeat(indent);
        let mut lines = help.lines();
        let _ = writeln!(out, "{pad}{frame}={reset} {bold}help{reset}: {}", visible(lines.next().unwrap_or_default()));
        for line in lines {
            let _ = writeln!(out, "{pad}        {}", visible(line));
        }
    }
}

/// Writes the place, the line and the carets; gives the width of the gutter.
fn write_excerpt(out: &mut String, source: &SourceText, span: &Range<usize>, tone: &str, paint: &Paint) -> usize {
    let Paint { frame, reset, .. } = paint;
    let at = Position::of(&source.text, span);
    let number = at.line.to_string();
    let pad = " ".repeat(number.len());
    let (line, before, under) = at.shown();
    let _ = writeln!(out, "{pad}{frame}-->{reset} {}:{}:{}", visible(&source.name), at.line, at.column);
    let _ = writeln!(out, "{pad} {frame}|{reset}");
    let _ = writeln!(out, "{frame}{number} |{reset} {line}");
    let _ = writeln!(out, "{pad} {frame}|{reset} {}{tone}{}{reset}", " ".repeat(before), "^".repeat(under.max(1)));
    number.len() + 1
}

/// A span as line and column, with the text of its first line.
struct Position<'a> {
    line: usize,
    /// Counted in characters, from 1.
    column: usize,
    text: &'a str,
    /// Bytes of `text` that the span covers.
    covered: Range<usize>,
}

impl<'a> Position<'a> {
    fn of(text: &'a str, span: &Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end).max(start);
        let head = &text[..start];
        let line_start = head.rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let line_start_shown = if line_start == 0 && line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let shown = &line[line_start_shown..];
        let offset = line_start + line_start_shown;
        let from = start.saturating_sub(offset).min(shown.len());
        let to = end.saturating_sub(offset).min(shown.len()).max(from);
        Self {
            line: head.matches('\n').count() + 1,
            column: shown[..from].chars().count() + 1,
            text: shown,
            covered: from..to,
        }
    }

    /// The line with tabs and control characters made visible, the width before the carets, and theirs.
    fn shown(&self) -> (String, usize, usize) {
        let (from, to) = (self.covered.start, self.covered.end);
        let chars = |text: &str| text.chars().count();
        // A star may have fewer bytes than what it hides.
        let (from, to) = (chars(&self.text[..from]), chars(&self.text[from..to]));
        let shown: Vec<char> = hide(self.text).chars().collect();
        let part = |range: Range<usize>| shown.get(range).unwrap_or_default().iter().collect::<String>();
        let before = cut_left(&part(0..from));
        let under = cut_right(&part(from..from + to), MAX_LINE);
        let after = cut_right(&part(from + to..shown.len()), MAX_LINE / 2);
        let line = format!("{before}{under}{after}");
        (line.trim_end().to_owned(), width(&before), width(&under))
    }
}

fn cut_left(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let skip = chars.len().saturating_sub(MAX_LINE);
    let tail: String = chars.iter().skip(skip).collect();
    if skip > 0 { format!("…{}", visible(&tail)) } else { visible(&tail) }
}

fn cut_right(text: &str, limit: usize) -> String {
    let head: String = text.chars().take(limit).collect();
    if head.len() < text.len() { format!("{}…", visible(&head)) } else { visible(&head) }
}

/// Tabs as four spaces; other control characters, and those that reorder text, as a replacement: a hostile input
/// must not drive the terminal or disguise itself.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns that a character takes in a terminal, near enough for carets: zero for combining marks, two for East
/// Asian wide forms and emoji.
fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f => 0,
        0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200b..=0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff => 2,
        0x1f900..=0x1f9ff | 0x1fa70..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Diagnostics, SourceText};
    use super::*;
    use crate::codes;

    fn at(text: &str, span: Range<usize>) -> String {
        let source = Arc::new(SourceText { name: "models.yaml".into(), text: text.into() });
        let mut all = Diagnostics::new();
        all.push(
            Diagnostic::error(codes::YAML_UNKNOWN_KEY, Place::text(&source, span), "unknown key `colums`")
                .help("did you mean `columns`?"),
        );
        all.to_string()
    }

    #[test]
    fn looks_like_the_compiler() {
        insta::assert_snapshot!(at("models:\n  User:\n    colums: {}\n", 20..26), @r"
        error[P0102]: unknown key `colums`
         --> models.yaml:3:5
          |
        3 |     colums: {}
          |     ^^^^^^
          = help: did you mean `columns`?
        ");
    }

    #[test]
    fn tabs_wide_text_and_byte_order_mark_keep_the_carets_in_place() {
        insta::assert_snapshot!(at("\u{feff}\té日本: x\r\n", 12..13), @r"
        error[P0102]: unknown key `colums`
         --> models.yaml:1:5
          |
        1 |     é日本: x
          |          ^
          = help: did you mean `columns`?
        ");
    }

    #[test]
    fn several_lines_show_the_first_and_an_empty_place_one_caret() {
        insta::assert_snapshot!(at("a:\n  b\n  c\n", 3..9), @r"
        error[P0102]: unknown key `colums`
         --> models.yaml:2:1
          |
        2 |   b
          | ^^^
          = help: did you mean `columns`?
        ");
        assert!(at("ab", 2..2).contains("1 | ab\n  |   ^\n"));
        assert!(at("", 0..0).contains("1 | \n  | ^\n"));
    }

    #[test]
    fn places_outside_the_text_and_inside_characters_do_no_harm() {
        assert!(at("é", 1..1).contains("models.yaml:1:1"));
        assert!(at("é\n", 90..99).contains("models.yaml:2:1"));
        assert!(at(&"x".repeat(2000), 1000..1001).contains('…'));
    }

    #[test]
    fn objects_control_characters_and_colour() {
        let mut all = Diagnostics::new();
        all.push(Diagnostic::warning(
            codes::UNKNOWN_TYPE,
            Place::Object("table \"a\u{1b}[31m\", column \"b\"".into()),
            "odd\u{202e} type",
        ));
        insta::assert_snapshot!(all.to_string(), @r#"
        warning[P0201]: odd� type
         --> table "a�[31m", column "b"
        "#);
        assert!(all.render(true).starts_with("\u{1b}[1;33mwarning[P0201]\u{1b}[0m"));
        all.promote_warnings();
        assert_eq!((all.error_count(), all.warning_count(), all.has_errors()), (1, 0, true));
    }
}
