//! Splits SQLite's SQL into tokens, so that names, strings and comments cannot be mistaken for one another.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An unquoted word, as written.
    Word(String),
    /// A quoted name, without its quotes: `"x"`, `[x]`, `` `x` ``. The flag tells double quotes, which SQLite also
    /// takes for text where no column has that name.
    Name(String, bool),
    /// Text in single quotes, without them.
    Text(String),
    /// A number or a blob, as written.
    Constant(String),
    /// Any other character.
    Sign(char),
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Byte offsets into the text.
    pub span: Range<usize>,
}

impl Token {
    /// Whether this is the given unquoted word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    /// Whether this is the given sign.
    pub fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// The text where a name may stand: SQLite takes words, quoted names and even text there.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(text) | Kind::Name(text, _) | Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The tokens of a text, without blanks and comments. Something unfinished reaches to the end.
pub(super) fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = next(rest);
        if let Some(kind) = kind {
            found.push(Token { kind, span: at..at + length });
        }
        at += length;
    }
    found
}

/// The first token of a text and its length; no token for blanks and comments.
fn next(rest: &str) -> (Option<Kind>, usize) {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or(' ');
    let second = chars.next();
    match first {
        c if c.is_whitespace() => (None, c.len_utf8()),
        '-' if second == Some('-') => (None, rest.find('\n').unwrap_or(rest.len())),
        '/' if second == Some('*') => (None, rest.find("*/").map_or(rest.len(), |end| end + 2)),
        '\'' => quoted(rest, '\'', Kind::Text),
        '"' => quoted(rest, '"', |text| Kind::Name(text, true)),
        '`' => quoted(rest, '`', |text| Kind::Name(text, false)),
        '[' => {
            let end = rest.find(']').unwrap_or(rest.len());
            let name = rest.get(1..end).unwrap_or("").to_owned();
            (Some(Kind::Name(name, false)), (end + 1).min(rest.len()))
        }
        'x' | 'X' if second == Some('\'') => {
            let end = rest.get(2..).and_then(|hex| hex.find('\'')).map_or(rest.len(), |end| end + 3);
            (Some(Kind::Constant(rest.get(..end).unwrap_or("").to_owned())), end)
        }
        c if c.is_ascii_digit() || (c == '.' && second.is_some_and(|c| c.is_ascii_digit())) => {
            let length = number_length(rest);
            (Some(Kind::Constant(rest.get(..length).unwrap_or("").to_owned())), length)
        }
        c if is_word(c) => {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (Some(Kind::Word(rest.get(..length).unwrap_or("").to_owned())), length)
        }
        c => (Some(Kind::Sign(c)), c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// A text between quotes, in which a doubled quote stands for one.
fn quoted(rest: &str, quote: char, kind: fn(String) -> Kind) -> (Option<Kind>, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return (Some(kind(text)), at + 1);
        }
    }
    (Some(kind(text)), rest.len())
}

fn number_length(rest: &str) -> usize {
    let mut before = ' ';
    let hex = rest.starts_with("0x") || rest.starts_with("0X");
    for (at, c) in rest.char_indices() {
        let sign_of_exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !hex;
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign_of_exponent) {
            return at;
        }
        before = c;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_of_quotes_and_comments() {
        let sql = "a \"b\"\"c\" [d e] `f``g` 'h''i' -- j\n/* k */ 1.5e-3 0xFF X'00ff' <= é";
        let kinds: Vec<Kind> = tokens(sql).into_iter().map(|token| token.kind).collect();
        let word = |text: &str| Kind::Word(text.to_owned());
        let constant = |text: &str| Kind::Constant(text.to_owned());
        assert_eq!(
            kinds,
            [
                word("a"),
                Kind::Name("b\"c".to_owned(), true),
                Kind::Name("d e".to_owned(), false),
                Kind::Name("f`g".to_owned(), false),
                Kind::Text("h'i".to_owned()),
                constant("1.5e-3"),
                constant("0xFF"),
                constant("X'00ff'"),
                Kind::Sign('<'),
                Kind::Sign('='),
                word("é"),
            ]
        );
    }

    #[test]
    fn unfinished_text_ends_at_the_end() {
        for sql in ["'a", "\"a", "`a", "[a", "x'a", "/* a", "-- a", "'", "["] {
            assert!(tokens(sql).len() <= 1, "{sql}");
        }
    }
}
