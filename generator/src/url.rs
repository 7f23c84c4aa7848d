//! Database URLs: what they lead to, and how to show them.
//!
//! The one place that takes them apart. A URL may hold a password, so nothing prints one but through [`redact`].

use std::path::PathBuf;

use crate::ir::DialectName;
use crate::secret::{hide, is_secret};

/// What a database URL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A server; only its kind matters here so far.
    Server(DialectName),
}

impl Target {
    /// The kind of database.
    #[must_use]
    pub fn dialect(&self) -> DialectName {
        match self {
            Self::Sqlite(_) => DialectName::Sqlite,
            Self::Server(dialect) => *dialect,
        }
    }
}

/// Takes a URL apart: `sqlite://path`, `sqlite:///absolute/path`, `sqlite:path` with percent escapes, or one of a
/// server, of which only the scheme is looked at. What follows a `?` is for the runtime.
///
/// # Errors
/// Says in a sentence why the URL leads nowhere; never repeats it.
pub fn parse(url: &str) -> Result<Target, String> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err("it has no scheme: write `sqlite://path/to/file.db`".to_owned());
    };
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" | "sqlite3" => sqlite(rest).map(Target::Sqlite),
        "postgres" | "postgresql" => Ok(Target::Server(DialectName::Postgres)),
        "mysql" | "mariadb" => Ok(Target::Server(DialectName::Mysql)),
        _ => Err("its scheme is none of `sqlite`, `postgres`, `mysql`, `mariadb`".to_owned()),
    }
}

fn sqlite(rest: &str) -> Result<PathBuf, String> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split('?').next().unwrap_or_default();
    let path = decode(path)?;
    if path == ":memory:" {
        return Err("a database in memory is empty and gone when the command ends: name a file".to_owned());
    }
    if path.is_empty() {
        return Err("it names no file: write `sqlite://path/to/file.db`".to_owned());
    }
    if path.contains('\0') {
        return Err("its path holds a zero byte".to_owned());
    }
    Ok(PathBuf::from(without_slash_of_drive(&path)))
}

/// `/C:/x` is `C:/x`: the slash belongs to the URL.
fn without_slash_of_drive(path: &str) -> &str {
    match path.as_bytes() {
        [b'/', letter, b':', ..] if cfg!(windows) && letter.is_ascii_alphabetic() => path.get(1..).unwrap_or(path),
        _ => path,
    }
}

/// Undoes percent escapes.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pair = match tail {
            [high, low, after @ ..] => digit(*high).zip(digit(*low)).map(|(high, low)| (high * 16 + low, after)),
            _ => None,
        };
        let Some((byte, after)) = pair else {
            return Err("a `%` in it is not followed by two hexadecimal digits: write `%25` for `%`".to_owned());
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| "its percent escapes are not UTF-8".to_owned())
}

/// The URL of a file of SQLite.
#[must_use]
pub fn of_file(path: &std::path::Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}")
}

/// The URL of a file of SQLite in place of that of another URL, whose settings stay.
#[must_use]
pub fn at_file(url: &str, path: &std::path::Path) -> String {
    with_settings(of_file(path), url.split_once('?').map_or("", |(_, settings)| settings))
}

/// The URL with more settings, which go over those that it has.
#[must_use]
pub fn with_settings(url: String, settings: &str) -> String {
    match settings {
        "" => url,
        settings => format!("{url}{}{settings}", if url.contains('?') { '&' } else { '?' }),
    }
}

/// The database that the URL of a server names, in its path or as `dbname`, which goes over it.
#[must_use]
pub fn database(url: &str) -> Option<String> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let named = |pair: &str| ["dbname=", "database="].iter().find_map(|key| pair.strip_prefix(key)).map(str::to_owned);
    let text = query.split('&').find_map(named).unwrap_or_else(|| path(base).1.to_owned());
    decode(&text).ok().filter(|name| !name.is_empty())
}

/// The URL of a server with another database, whose name needs no escapes; none for an empty name.
#[must_use]
pub fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let others = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname="));
    let others: Vec<&str> = others.filter(|pair| !pair.starts_with("database=")).collect();
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    format!("{}/{name}{query}", path(base).0)
}

/// What stands before the name of the database, and that.
fn path(base: &str) -> (&str, &str) {
    let scheme = base.find("://").map_or(0, |at| at + 3);
    // A password may hold a slash by mistake; the last `@` ends it in any case.
    let host = base.rfind('@').map_or(scheme, |at| (at + 1).max(scheme));
    match base.get(host..).and_then(|rest| rest.find('/')) {
        Some(slash) => {
            let (before, name) = base.split_at(host + slash);
            (before, name.get(1..).unwrap_or(""))
        }
        None => (base, ""),
    }
}

/// A URL as it may be shown: without passwords, wherever they stand. Rather hides too much.
#[must_use]
pub fn redact(url: &str) -> String {
    let (head, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // A password may hold unescaped `/`, `?`, `:` and `@`: it ends at the last `@`.
    let shown = match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            // The path of a file.
            Some((name, path)) if path.starts_with('\\') || name.eq_ignore_ascii_case("sqlite") => rest.to_owned(),
            Some((name, _)) => format!("{name}:***@{host}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    // What stands where a port is expected may be a password whose host was forgotten.
    hide(&(head + &redact_settings(&shown))).into_owned()
}

/// Hides the values of settings such as `password=…`, separated as in queries or connection strings.
fn redact_settings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(['?', '&', ';', ' ']) {
        let end = piece.chars().next_back().filter(|last| ['?', '&', ';', ' '].contains(last));
        match piece.split_once('=') {
            Some((key, _)) if is_secret(key) => {
                out.push_str(key);
                out.push_str("=***");
                out.extend(end);
            }
            _ => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_sqlite() {
        for (url, path) in [
            ("sqlite://blog.db", "blog.db"),
            ("sqlite:///var/lib/blog.db", "/var/lib/blog.db"),
            ("sqlite:data/blog.db", "data/blog.db"),
            ("SQLite:/blog.db", "/blog.db"),
            ("sqlite://a%20b%3F%25.db?mode=rwc", "a b?%.db"),
            ("sqlite://d%C3%A9.db", "dé.db"),
            ("sqlite://a#b.db", "a#b.db"),
        ] {
            assert_eq!(parse(url), Ok(Target::Sqlite(PathBuf::from(path))), "{url}");
        }
    }

    #[test]
    fn what_leads_nowhere() {
        for (url, part) in [
            ("sqlite::memory:", "memory"),
            ("sqlite://:memory:", "memory"),
            ("sqlite://", "no file"),
            ("sqlite:?x", "no file"),
            ("sqlite://a%2", "%25"),
            ("sqlite://a%zz", "%25"),
            ("sqlite://%ff", "UTF-8"),
            ("sqlite://a%00b", "zero byte"),
            ("oracle://u:secret@h", "scheme"),
            ("blog.db", "scheme"),
        ] {
            let error = parse(url).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_file_has_a_url_that_leads_back() {
        for path in ["a b?%#.db", "/x/y.db", "//x/y.db"] {
            let path = PathBuf::from(path);
            assert_eq!(parse(&of_file(&path)), Ok(Target::Sqlite(path)));
        }
    }

    #[test]
    fn settings_stay_where_a_file_is_found_elsewhere() {
        let path = std::path::Path::new("/x/a?.db");
        assert_eq!(at_file("sqlite://a%3F.db?busy_timeout=1s", path), "sqlite:///x/a%3F.db?busy_timeout=1s");
        assert_eq!(at_file("sqlite://a%3F.db", path), "sqlite:///x/a%3F.db");
        assert_eq!(with_settings("sqlite://a?mode=rw".to_owned(), "mode=ro"), "sqlite://a?mode=rw&mode=ro");
    }

    #[test]
    fn servers() {
        assert_eq!(parse("postgresql://u:p@h/db"), Ok(Target::Server(DialectName::Postgres)));
        assert_eq!(parse("mariadb://h/db").unwrap().dialect(), DialectName::Mysql);
    }

    #[test]
    fn the_database_of_a_server() {
        for (url, name, other) in [
            ("postgres://a:b@h:1/x?y=z", Some("x"), "postgres://a:b@h:1/o?y=z"),
            ("mysql://root@h", None, "mysql://root@h/o"),
            ("postgres:///x?host=/run&dbname=my%20db", Some("my db"), "postgres:///o?host=/run"),
            ("postgres://a:s/e@h/x", Some("x"), "postgres://a:s/e@h/o"),
        ] {
            assert_eq!(database(url).as_deref(), name, "{url}");
            assert_eq!(with_database(url, "o"), other);
        }
    }

    #[test]
    fn passwords_are_hidden() {
        for (url, shown) in [
            ("postgres://ann:s3cret@host:5432/db", "postgres://ann:***@host:5432/db"),
            ("postgres://ann:s3/c?r@e:t@host/db", "postgres://ann:***@host/db"),
            ("postgres://:s3cret@host/db", "postgres://:***@host/db"),
            ("postgres://ann@host/db?password=s3cret&x=1", "postgres://ann@host/db?password=***&x=1"),
            ("mysql://h/db?sslpassword=s3cret", "mysql://h/db?sslpassword=***"),
            ("host=h password=s3cret user=ann", "host=h password=*** user=ann"),
            ("sqlite://blog.db", "sqlite://blog.db"),
            ("sqlite:/home/a@b/x.db", "sqlite:/home/a@b/x.db"),
            ("C:\\Users\\ann@home\\x.yaml", "C:\\Users\\ann@home\\x.yaml"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }
}
