//! Passwords in texts that are shown: the line of a settings file, an argument that is none.

use std::borrow::Cow;
use std::ops::Range;

/// Words that URLs of servers begin with, however they end.
const SCHEMES: [&str; 3] = ["postgre", "mysql", "mariadb"];

/// A text with a star for each character of a password in the URL of a server. Rather hides too much: a password ends at
/// the last `@` of its line.
#[must_use]
pub fn hide(text: &str) -> Cow<'_, str> {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut begun = 0;
    for line in text.split_inclusive('\n') {
        hidden.extend(secrets(line).into_iter().map(|range| begun + range.start..begun + range.end));
        begun += line.len();
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let star = |(at, c)| if hidden.iter().any(|range| range.contains(&at)) { '*' } else { c };
    Cow::Owned(text.char_indices().map(star).collect())
}

/// The bytes of a line that may be secret.
fn secrets(line: &str) -> Vec<Range<usize>> {
    let Some(begin) = authority(line) else { return Vec::new() };
    let rest = &line[begin..];
    let mut found = settings(rest);
    match rest.rfind('@') {
        Some(end) => found.extend(rest[..end].find(':').map(|colon| colon + 1..end)),
        None => found.extend(without_host(rest)),
    }
    found.into_iter().map(|range| begin + range.start..begin + range.end).collect()
}

/// Where user and host of the first URL of a server begin.
fn authority(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let begins = SCHEMES.iter().flat_map(|scheme| lower.match_indices(scheme).map(|(at, found)| at + found.len()));
    begins
        .filter_map(|at| {
            let rest = lower[at..].trim_start_matches(|c: char| c.is_ascii_lowercase());
            let behind = rest.trim_start_matches([':', '/']);
            let is_url =
                rest.len() > behind.len() && rest != format!("/{behind}") && !behind.starts_with(char::is_whitespace);
            is_url.then(|| line.len() - behind.len())
        })
        .min()
}

/// What stands where a port is expected, and is none.
fn without_host(rest: &str) -> Option<Range<usize>> {
    let end = rest.find(['/', '?', '"', '\'', '`']).or_else(|| rest.find(char::is_whitespace)).unwrap_or(rest.len());
    let colon = rest[..end].find(':').filter(|_| !rest.starts_with('['))?;
    let is_port = |c: char| c.is_ascii_digit() || matches!(c, ',' | ':' | ';' | '.');
    (!rest[colon + 1..end].chars().all(is_port)).then_some(colon + 1..end)
}

/// Values of settings whose names speak of passwords.
fn settings(rest: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begun = 0;
    for piece in rest.split_inclusive(['?', '&', ';', ' ', '"', '\'']) {
        let text = piece.trim_end_matches(['?', '&', ';', ' ', '"', '\'']);
        if let Some((key, value)) = text.split_once('=')
            && is_secret(key)
        {
            found.push(begun + text.len() - value.len()..begun + text.len());
        }
        begun += piece.len();
    }
    found
}

/// Whether the name of a setting speaks of what is not to be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["pas", "pwd", "secret", "token"].iter().any(|part| key.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_where_they_stand() {
        for (text, shown) in [
            ("url = \"postgres://ann:s3cr@t/x@host/db\" x=2", "url = \"postgres://ann:********@host/db\" x=2"),
            ("url = 'MySQL://ann:s3cret@host/db", "url = 'MySQL://ann:******@host/db"),
            ("'postgres//ann:s3cret@host' is no file", "'postgres//ann:******@host' is no file"),
            ("mariadb:ann:s3cret@host", "mariadb:ann:******@host"),
            ("it is `postgre://ann:s3cret` here", "it is `postgre://ann:******` here"),
            ("postgres://host:5432/db", "postgres://host:5432/db"),
            ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db"),
            ("postgres://h/db?pasword=s3cret&x=1", "postgres://h/db?pasword=******&x=1"),
            ("\"mysql://h/db?pwd=s3cret\"", "\"mysql://h/db?pwd=******\""),
            ("one\npostgres://ann:ü@h\ntwo: a@b", "one\npostgres://ann:*@h\ntwo: a@b"),
            ("postgres://ann:***@h", "postgres://ann:***@h"),
        ] {
            assert_eq!(hide(text), shown);
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in [
            "raw: { postgres: cidr } # ann: a@b",
            "dialects: [postgres, mysql]",
            "a/mysql/spec.yaml: x@y",
            "sqlite://a@b.db",
            "default: { sql: { mysql: \"'a:b@c'\" } }",
        ] {
            assert_eq!(hide(text), text);
        }
    }
}
