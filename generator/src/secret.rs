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
    let urls = urls(line);
    let mut found = Vec::new();
    for (at, url) in urls.iter().enumerate() {
        let end = urls.get(at + 1).map_or(line.len(), |next| next.scheme);
        let mut rest = line.get(url.authority..end).unwrap_or("");
        if !url.is_known {
            rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
        }
        let of_user = match rest.rfind('@') {
            Some(end) => rest[..end].find(':').map(|colon| colon + 1..end),
            None => without_host(rest),
        };
        let ranges = settings(rest).into_iter().chain(of_user);
        found.extend(ranges.map(|range| url.authority + range.start..url.authority + range.end));
    }
    found
}

/// Where a URL begins, and the user and host in it.
struct Url {
    scheme: usize,
    authority: usize,
    /// Whether it is one of a server by its scheme.
    is_known: bool,
}

/// What looks like a URL of a server in a line, in order.
fn urls(line: &str) -> Vec<Url> {
    let lower = line.to_ascii_lowercase();
    let mut found: Vec<Url> = Vec::new();
    for scheme in SCHEMES {
        for (begin, word) in lower.match_indices(scheme) {
            let rest = lower[begin + word.len()..].trim_start_matches(|c: char| c.is_ascii_lowercase());
            let behind = rest.trim_start_matches([':', '/']);
            let marks = &rest[..rest.len() - behind.len()];
            if (marks.contains(':') || marks.len() > 1) && !behind.starts_with(char::is_whitespace) {
                found.push(Url { scheme: begin, authority: line.len() - behind.len(), is_known: true });
            }
        }
    }
    for (at, mark) in lower.match_indices("://") {
        let begin = lower[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        let begin = line.ceil_char_boundary(begin);
        if !lower[begin..at].starts_with("sqlite") {
            found.push(Url { scheme: begin, authority: at + mark.len(), is_known: false });
        }
    }
    found.sort_by_key(|url| (url.scheme, !url.is_known));
    // What stands in another one, a user or a password that is called so, is none.
    let mut apart: Vec<Url> = Vec::new();
    for url in found {
        let between = apart.last().map(|last| line.get(last.authority..url.scheme).unwrap_or(""));
        if between.is_none_or(|between| between.contains(ends)) {
            apart.push(url);
        }
    }
    apart
}

/// What a URL in a text ends at, unless its password holds it.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`')
}

/// What stands where a port is expected, and is none.
fn without_host(rest: &str) -> Option<Range<usize>> {
    let end = rest.find(ends).unwrap_or(rest.len());
    let authority = &rest[..rest.find(|c: char| ends(c) || matches!(c, '/' | '?')).unwrap_or(rest.len())];
    // What a sentence around it ends with.
    let authority = authority.trim_end_matches([')', ']', '}', '>', '!', '.', ';', ',']);
    let is_port = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | ';' | '.'));
    let is_host = |part: &str| part.starts_with('[') || part.split_once(':').is_none_or(|(_, port)| is_port(port));
    if authority.split(',').all(is_host) { None } else { authority.find(':').map(|colon| colon + 1..end) }
}

/// Values of settings whose names speak of passwords.
fn settings(rest: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begun = 0;
    for piece in rest.split_inclusive(['?', '&', ';', ' ', '"', '\'']) {
        let text = piece.trim_end_matches(['?', '&', ';', ' ', '"', '\'']);
        match text.split_once('=') {
            Some((key, value)) if is_secret(key) => found.push(begun + text.len() - value.len()..begun + text.len()),
            // The end of a value that holds an `&`.
            None if rest[..begun].ends_with('&') => found.push(begun..begun + text.len()),
            _ => {}
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
            ("urll = \"pg://ann:s3cret@h/db\" # x@y", "urll = \"pg://ann:******@h/db\" # x@y"),
            ("mysql://a:b@h or mysql://c:d@h", "mysql://a:*@h or mysql://c:*@h"),
            ("url = \"postgres://postgres:s3cret@localhost/db\"", "url = \"postgres://postgres:******@localhost/db\""),
            ("mysql://mysql:s3cret@h/db", "mysql://mysql:******@h/db"),
            ("postgresql+asyncpg://postgres:s3cret@h", "postgresql+asyncpg://postgres:******@h"),
            ("postgres://postgres:s3cret", "postgres://postgres:******"),
            ("postgres://ann:postgres:x@h/db", "postgres://ann:**********@h/db"),
            ("postgres://ann:x://y@h/db", "postgres://ann:*****@h/db"),
            ("postgres://ann:se/cr?et", "postgres://ann:********"),
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
            "write `sqlite://path`, `postgres://user@host/name` or `mysql://user@host/name`",
            "postgres://db1.example:5432,db2.example:5433/blog",
            "postgres://h:5432 cannot be used: it's not there",
            "see https://example.org:80/ and mail ann@example.org",
            "see (http://localhost:8080) now",
        ] {
            assert_eq!(hide(text), text);
        }
    }
}
