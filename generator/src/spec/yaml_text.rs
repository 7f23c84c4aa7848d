//! YAML as text: what needs quotes gets them.
//!
//! The only place that asks `serde_yaml` anything: whether a text without quotes would be read as something else.

/// A YAML value, and whether it takes one line or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// A text.
    Text(String),
    /// A word of the format, such as `true`.
    Word(&'static str),
    /// A number or a name of digits, for readers that take every value as it is written.
    Bare(String),
    /// `[a, b]`.
    List(Vec<Yaml>),
    /// `{ a: b }`, with keys of the format.
    Map(Vec<(&'static str, Yaml)>),
    /// One `key: value` per line.
    Lines(Vec<(String, Yaml)>),
    /// One `- item` per line.
    Items(Vec<Yaml>),
    /// The same as lines, also as an item of a list.
    Block(Vec<(String, Yaml)>),
}

impl Yaml {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts in one line.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// `true`.
    pub fn yes() -> Self {
        Self::Word("true")
    }
}

/// The lines of a mapping.
pub(crate) fn print(entries: &[(String, Yaml)]) -> String {
    let mut out = String::new();
    lines(&mut out, entries, 0);
    out
}

fn lines(out: &mut String, entries: &[(String, Yaml)], depth: usize) {
    for (at, (key, value)) in entries.iter().enumerate() {
        // Sections and models are read one by one.
        if at > 0 && depth < 2 && matches!(value, Yaml::Lines(_)) {
            out.push('\n');
        }
        indent(out, depth);
        out.push_str(&scalar(key, false));
        out.push(':');
        match value {
            Yaml::Lines(inner) | Yaml::Block(inner) if !inner.is_empty() => {
                out.push('\n');
                lines(out, inner, depth + 1);
            }
            Yaml::Items(items) if !items.is_empty() => {
                out.push('\n');
                for item in items {
                    list_item(out, item, depth + 1);
                }
            }
            value => {
                out.push(' ');
                out.push_str(&line(value, false));
                out.push('\n');
            }
        }
    }
}

/// An item; the first line of a block stands beside the dash.
fn list_item(out: &mut String, item: &Yaml, depth: usize) {
    indent(out, depth);
    out.push_str("- ");
    match item {
        Yaml::Block(entries) if !entries.is_empty() => {
            let start = out.len();
            lines(out, entries, depth + 1);
            let skip = 2 * (depth + 1);
            out.replace_range(start..start + skip, "");
        }
        item => {
            out.push_str(&line(item, false));
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

/// A value in one line; `flow` is inside brackets.
fn line(value: &Yaml, flow: bool) -> String {
    match value {
        Yaml::Text(text) => scalar(text, flow),
        Yaml::Word(word) => (*word).to_owned(),
        Yaml::Bare(text) if is_bare(text) => text.clone(),
        Yaml::Bare(text) => scalar(text, flow),
        Yaml::List(items) | Yaml::Items(items) => {
            format!("[{}]", items.iter().map(|item| line(item, true)).collect::<Vec<_>>().join(", "))
        }
        Yaml::Map(entries) => braces(entries.iter().map(|(key, value)| format!("{key}: {}", line(value, true)))),
        Yaml::Lines(entries) | Yaml::Block(entries) => {
            braces(entries.iter().map(|(key, value)| format!("{}: {}", scalar(key, true), line(value, true))))
        }
    }
}

fn braces(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// A text, quoted where a reader could take it for something else.
fn scalar(text: &str, flow: bool) -> String {
    if is_plain(text, flow) { text.to_owned() } else { quoted(text) }
}

/// Whether a text may stand without quotes: no sign that means something to YAML, and no word that some version of it
/// reads as another type.
fn is_plain(text: &str, flow: bool) -> bool {
    let inner = |c: char| c.is_alphanumeric() || "_-. +=<>/()".contains(c) || (!flow && ",'\"*!?|[]".contains(c));
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !text.ends_with([' ', ':'])
        && text.replace("::", "").chars().all(inner)
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && matches!(serde_yaml::from_str(text), Ok(serde_yaml::Value::String(read)) if read == text)
}

/// Whether a text begins with a digit and holds nothing that YAML could take for a sign.
fn is_bare(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
}

/// Words that YAML 1.1 reads as truth values or null.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// A text in double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: &[&str] = &[
        "",
        " ",
        "a",
        "a b",
        " a",
        "a ",
        "no",
        "No",
        "true",
        "null",
        "~",
        "1",
        "1e3",
        "0x1F",
        "1_000",
        "2024-01-01",
        "-",
        "- a",
        "?",
        "? a",
        ":",
        "a: b",
        "a:",
        ":a",
        "#",
        "a #b",
        "#fff",
        "text = #fff",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "'",
        "\"",
        "'a'",
        "%a",
        "@a",
        "`a`",
        "[a]",
        "{a}",
        "a, b",
        "decimal(10,2)",
        "text[]",
        "a\nb",
        "a\r\nb",
        "\t",
        "\0",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{feff}",
        "\u{2028}",
        "é",
        "日本",
        "😀",
        "crate::types::Email",
        "::",
        "a::",
        "---",
        "...",
        "--- a",
        "<<",
        "=",
        ".inf",
        "\\",
        "a\\nb",
        "*/",
        "#[x]",
        "{{ x }}",
        "12:30:45",
        "0o7",
    ];

    #[test]
    fn every_text_is_read_back_as_itself() {
        for text in TEXTS {
            let entries = vec![
                ((*text).to_owned(), Yaml::text(*text)),
                ("list".to_owned(), Yaml::texts([*text, *text])),
                ("map".to_owned(), Yaml::Items(vec![Yaml::Lines(vec![((*text).to_owned(), Yaml::text(*text))])])),
                ("items".to_owned(), Yaml::Items(vec![Yaml::text(*text), Yaml::texts([*text])])),
            ];
            let printed = print(&entries);
            let read: serde_yaml::Value =
                serde_yaml::from_str(&printed).unwrap_or_else(|e| panic!("{text:?}: {e}\n{printed}"));
            let plain = |value: &serde_yaml::Value| value.as_str() == Some(text);
            assert!(
                read.as_mapping().is_some_and(|map| map.iter().next().is_some_and(|(k, v)| plain(k) && plain(v))),
                "{printed}"
            );
            assert!(plain(&read["list"][1]) && plain(&read["items"][0]) && plain(&read["items"][1][0]), "{printed}");
            assert!(
                read["map"][0].as_mapping().is_some_and(|map| map.iter().all(|(k, v)| plain(k) && plain(v))),
                "{printed}"
            );
        }
    }

    #[test]
    fn ordinary_texts_have_no_quotes() {
        for text in ["bigint primary", "string(80) unique", "User", "crate::types::Email", "timestamp = now"] {
            assert_eq!(scalar(text, false), text);
        }
        assert_eq!(scalar("decimal(10,2)", false), "decimal(10,2)");
        assert_eq!(scalar("decimal(10,2)", true), "\"decimal(10,2)\"");
    }
}
