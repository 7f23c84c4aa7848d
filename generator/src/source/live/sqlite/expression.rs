//! SQL texts of a table as draft expressions: the names in them quoted in one way and spelled as the columns are, so
//! that they can be read as neutral ones.

use super::tokens::{Kind, Token, tokens};
use crate::ir::RawType;
use crate::ir::draft::RawExpr;

/// Words whose meaning other databases do not share.
const OWN_WORDS: &[&str] = &["glob", "regexp", "match", "collate", "isnull", "notnull", "raise", "filter", "over"];

/// An expression over a table's columns.
pub(super) fn expression(text: &str, columns: &[&str]) -> RawExpr {
    let tokens = tokens(text);
    let own = tokens.iter().any(|token| OWN_WORDS.iter().any(|word| token.is_word(word)))
        || tokens.windows(2).any(|pair| matches!(pair, [a, b] if is_own_operator(a, b)));
    let text = rewrite(text, &tokens, columns);
    if own { only_sqlite(text) } else { RawExpr::Neutral(text) }
}

/// An expression for SQLite alone.
pub(super) fn only_sqlite(text: impl Into<String>) -> RawExpr {
    RawExpr::PerDialect(RawType { sqlite: Some(text.into()), ..RawType::default() })
}

/// `==`, `->` and the bit operators, which differ or are missing elsewhere.
fn is_own_operator(first: &Token, second: &Token) -> bool {
    let close = first.span.end == second.span.start;
    close
        && [('=', '='), ('-', '>'), ('<', '<'), ('>', '>')]
            .iter()
            .any(|(one, two)| first.is_sign(*one) && second.is_sign(*two))
}

/// The labels of `column IN ('a', 'b', …)`, alone or as `column IS NULL OR column IN (…)`: how an enum is written in
/// SQLite. `None` for anything else.
pub(super) fn labels(condition: &str) -> Option<(String, Vec<String>)> {
    let tokens = tokens(condition);
    let tokens = unwrap(&tokens);
    let (tokens, nullable) = match tokens {
        [name, is, null, or, rest @ ..] if is.is_word("is") && null.is_word("null") && or.is_word("or") => {
            (unwrap(rest), Some(name.name()?))
        }
        _ => (tokens, None),
    };
    let [name, word, open, list @ .., close] = tokens else { return None };
    let column = match name.kind {
        Kind::Text(_) => return None,
        _ => name.name()?,
    };
    let fits = word.is_word("in") && open.is_sign('(') && close.is_sign(')');
    if !fits || nullable.is_some_and(|other| !other.eq_ignore_ascii_case(column)) {
        return None;
    }
    let mut labels: Vec<String> = Vec::new();
    for (at, token) in list.iter().enumerate() {
        match &token.kind {
            Kind::Text(label) if at % 2 == 0 && !labels.contains(label) => labels.push(label.clone()),
            Kind::Sign(',') if at % 2 == 1 => {}
            _ => return None,
        }
    }
    (list.len() % 2 == 1).then(|| (column.to_owned(), labels))
}

/// Tokens without parentheses around the whole.
pub(super) fn unwrap(tokens: &[Token]) -> &[Token] {
    let [open, inner @ .., close] = tokens else { return tokens };
    let mut depth = 0_i32;
    let balanced = inner.iter().all(|token| {
        depth += i32::from(token.is_sign('(')) - i32::from(token.is_sign(')'));
        depth >= 0
    });
    if open.is_sign('(') && close.is_sign(')') && balanced && depth == 0 { unwrap(inner) } else { tokens }
}

/// The text again, with blanks and comments as single blanks, and names quoted with double quotes.
fn rewrite(text: &str, tokens: &[Token], columns: &[&str]) -> String {
    let mut out = String::new();
    let mut end = None;
    for (at, token) in tokens.iter().enumerate() {
        if end.is_some_and(|end| end < token.span.start) {
            out.push(' ');
        }
        end = Some(token.span.end);
        let column = |name: &str| columns.iter().find(|column| column.eq_ignore_ascii_case(name)).copied();
        let call = tokens.get(at + 1).is_some_and(|next| next.is_sign('('));
        match &token.kind {
            Kind::Name(name, double) => match column(name) {
                Some(column) => out.push_str(&quoted(column)),
                // SQLite takes a double-quoted name that is no column for text.
                None if *double && !call => out.push_str(&format!("'{}'", name.replace('\'', "''"))),
                None => out.push_str(&quoted(name)),
            },
            Kind::Word(name) => match column(name).filter(|_| !call) {
                Some(column) if column != name => out.push_str(&quoted(column)),
                _ => out.push_str(name),
            },
            _ => out.push_str(text.get(token.span.clone()).unwrap_or("")),
        }
    }
    out
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_in_one_way() {
        let columns = ["Unit Price", "qty", "Size"];
        for (text, neutral) in [
            ("[Unit Price] > 0 AND `qty`>=1", "\"Unit Price\" > 0 AND \"qty\">=1"),
            ("size IN ('S',  \"M\") -- note", "\"Size\" IN ('S', 'M')"),
            ("length(Size)\n> 1", "length(Size) > 1"),
        ] {
            assert_eq!(expression(text, &columns), RawExpr::Neutral(neutral.to_owned()), "{text}");
        }
        for text in ["qty GLOB '*'", "Size->'$.a' = 1", "qty == 1", "Size COLLATE nocase = 'a'"] {
            assert_eq!(expression(text, &columns), only_sqlite(text), "{text}");
        }
    }

    #[test]
    fn labels_of_an_enum() {
        let found = |text: &str| labels(text).map(|(column, labels)| format!("{column}: {}", labels.join("|")));
        assert_eq!(found("rating IN ('G', 'it''s')").as_deref(), Some("rating: G|it's"));
        assert_eq!(found("((\"a b\" in ('x')))").as_deref(), Some("a b: x"));
        assert_eq!(found("a IS NULL OR (A IN ('x','y'))").as_deref(), Some("A: x|y"));
        for text in [
            "a IN ()",
            "a IN ('x',)",
            "a IN ('x', 1)",
            "a IN ('x','x')",
            "a IN ('x') AND b",
            "a NOT IN ('x')",
            "lower(a) IN ('x')",
            "b IS NULL OR a IN ('x')",
            "'a' IN ('a')",
            "",
            "(",
            "a IN ('x' 'y')",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
