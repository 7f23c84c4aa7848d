//! Where the database is and how it is used: URLs, environment, `pilaster.toml`.

mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "mysql")]
pub(crate) use self::server::Secret;
pub(crate) use self::server::Server;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Dialect;

/// The environment variable with the URL.
const VARIABLE: &str = "DATABASE_URL";
/// The file with settings.
const FILE: &str = "pilaster.toml";

/// All settings of a database and its pool.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The URL without what must not be shown.
    pub shown: String,
    pub dialect: Dialect,
    /// On SQLite the file; `None` is a database in memory.
    pub path: Option<PathBuf>,
    /// Elsewhere the server.
    pub server: Server,
    pub max_connections: u32,
    pub acquire_timeout: Duration,
    pub idle_timeout: Option<Duration>,
    pub max_lifetime: Option<Duration>,
    /// Prepared statements kept per connection; 0 prepares none, which poolers in transaction mode need.
    pub statement_cache: usize,
    pub busy_timeout: Duration,
    pub create_if_missing: bool,
    pub read_only: bool,
    pub echo: bool,
    pub slow_statement: Option<Duration>,
    pub statement_timeout: Option<Duration>,
    pub share_connections: bool,
}

/// The names of the settings that URLs and files can hold.
const NAMES: [&str; 12] = [
    "max_connections",
    "acquire_timeout",
    "idle_timeout",
    "max_lifetime",
    "statement_cache",
    "busy_timeout",
    "create_if_missing",
    "read_only",
    "echo",
    "slow_statement",
    "statement_timeout",
    "share_connections",
];

/// Connections to a server, unless settings say otherwise.
const SERVER_CONNECTIONS: u32 = 8;

impl Settings {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(Error::config(format!(
                "\"{}\" is no database URL; one for SQLite is sqlite://blog.db or sqlite::memory:",
                redact(url)
            )));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => Self::sqlite(url, rest),
            "postgres" | "postgresql" => Self::server(Dialect::Postgres, cfg!(feature = "postgres"), url, rest),
            "mysql" | "mariadb" => Self::server(Dialect::Mysql, cfg!(feature = "mysql"), url, rest),
            _ => Err(Error::config(format!(
                "the URL \"{}\" has a scheme that no driver knows; known are sqlite, postgres (or postgresql) and mysql (or mariadb)",
                redact(url)
            ))),
        }
    }

    fn sqlite(url: &str, rest: &str) -> Result<Self> {
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = decode(path, url)?;
        let mut settings = Self::new(Dialect::Sqlite, url);
        settings.path = match path.as_str() {
            ":memory:" => None,
            "" => return Err(Error::config(format!("the URL \"{}\" names no file", redact(url)))),
            // SQLite would take a name that begins so for a URL of its own.
            name if name.starts_with("file:") => Some(Path::new(".").join(name)),
            name => Some(PathBuf::from(name)),
        };
        settings.set_query(query, url)?;
        Ok(settings)
    }

    fn server(dialect: Dialect, has_driver: bool, url: &str, rest: &str) -> Result<Self> {
        if !has_driver {
            return Err(no_driver(dialect));
        }
        let Some(rest) = rest.strip_prefix("//") else {
            let scheme = dialect.name().to_ascii_lowercase().replace("postgresql", "postgres");
            return Err(Error::config(format!(
                "the URL \"{}\" has no // behind its scheme: write {scheme}://user@host/database",
                redact(url)
            )));
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !place.contains('@') && query.split_once('@').is_some_and(|(before, _)| !before.contains('=')) {
            let why = "has an @ behind its ?: in a password a question mark is written %3F";
            return Err(Error::config(format!("the URL \"{}\" {why}", redact(url))));
        }
        let mut settings = Self::new(dialect, url);
        settings.server = Server::parse(place, url)?;
        settings.max_connections = SERVER_CONNECTIONS;
        settings.max_lifetime = Some(Duration::from_secs(30 * 60));
        settings.idle_timeout = Some(Duration::from_secs(10 * 60));
        settings.set_query(query, url)?;
        Ok(settings)
    }

    /// The defaults.
    fn new(dialect: Dialect, url: &str) -> Self {
        Self {
            shown: redact(url),
            dialect,
            path: None,
            server: Server::default(),
            max_connections: default_connections(),
            acquire_timeout: Duration::from_secs(30),
            idle_timeout: None,
            max_lifetime: None,
            statement_cache: 256,
            busy_timeout: Duration::from_secs(5),
            create_if_missing: true,
            read_only: false,
            echo: false,
            slow_statement: None,
            statement_timeout: None,
            share_connections: true,
        }
    }

    /// Sets what stands behind the question mark of a URL.
    fn set_query(&mut self, query: &str, url: &str) -> Result<()> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            // It may be a part of a password, so that it is not shown.
            let Some((name, value)) = pair.split_once('=') else {
                let why =
                    "something behind the ? of the URL is no setting: write name=value, with %26 for an & in a value";
                return Err(Error::config(why));
            };
            self.set(&decode(name, url)?, &decode(value, url)?)?;
        }
        Ok(())
    }

    /// What SQLite's driver needs to know.
    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite_options(&self) -> crate::driver::sqlite::Options {
        crate::driver::sqlite::Options {
            path: self.path.clone(),
            create: self.create_if_missing,
            read_only: self.read_only,
            busy_timeout: self.busy_timeout,
            statement_timeout: self.statement_timeout,
        }
    }

    /// What MySQL's driver needs to know.
    #[cfg(feature = "mysql")]
    pub(crate) fn mysql_options(&self) -> Result<crate::driver::mysql::Options> {
        crate::driver::mysql::Options::of(self)
    }

    /// Sets one setting by its name.
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "mode" if self.dialect == Dialect::Sqlite => return self.set_mode(value),
            "max_connections" => self.max_connections = positive(name, value)?,
            "acquire_timeout" => self.acquire_timeout = duration(name, value)?,
            "idle_timeout" => self.idle_timeout = limit(name, value)?,
            "max_lifetime" => self.max_lifetime = limit(name, value)?,
            "statement_cache" => {
                let wrong = || Error::config(format!("statement_cache is a number, 0 for none, not \"{value}\""));
                self.statement_cache = value.parse().map_err(|_| wrong())?;
            }
            "busy_timeout" => self.busy_timeout = duration(name, value)?,
            "create_if_missing" => self.create_if_missing = truth(name, value)?,
            "read_only" => self.read_only = truth(name, value)?,
            "echo" => self.echo = truth(name, value)?,
            "slow_statement" => self.slow_statement = Some(duration(name, value)?),
            "share_connections" => self.share_connections = truth(name, value)?,
            "statement_timeout" => self.statement_timeout = Some(duration(name, value)?),
            // Drivers report the names that they do not know when they connect.
            _ if self.dialect != Dialect::Sqlite => self.server.set(name, value)?,
            _ => {
                let known = NAMES.join(", ");
                return Err(Error::config(format!("there is no setting \"{name}\"; known are mode, {known}")));
            }
        }
        Ok(())
    }

    /// `mode` as in SQLite's own URLs.
    fn set_mode(&mut self, value: &str) -> Result<()> {
        match value {
            "ro" => self.read_only = true,
            "rw" => self.create_if_missing = false,
            "rwc" => self.create_if_missing = true,
            "memory" => self.path = None,
            _ => return Err(Error::config(format!("mode is ro, rw, rwc or memory, not \"{value}\""))),
        }
        Ok(())
    }

    /// Reads `DATABASE_URL`, or the URL in `pilaster.toml`; the file's other settings hold for both.
    pub(crate) fn from_env() -> Result<Self> {
        let url = match std::env::var(VARIABLE) {
            Ok(url) if url.trim().is_empty() => None,
            Ok(url) => Some(url),
            Err(std::env::VarError::NotPresent) => None,
            Err(error) => return Err(Error::config(format!("{VARIABLE} is no text")).with_source(error)),
        };
        Self::from_folder(Path::new(""), url)
    }

    /// The same, with the file in a folder.
    fn from_folder(folder: &Path, url: Option<String>) -> Result<Self> {
        let table = read_file(&folder.join(FILE))?;
        let in_file = match table.get("url") {
            Some(toml::Value::String(url)) => Some(url.clone()),
            Some(_) => return Err(Error::config(format!("url in [database] of {FILE} must be a text"))),
            None => None,
        };
        if let Some(name) = table.keys().find(|name| *name != "url" && !NAMES.contains(&name.as_str())) {
            let known = NAMES.join(", ");
            return Err(Error::config(format!(
                "there is no setting \"{name}\" under [database] in {FILE}; known are url, {known}; what only one \
                 database knows stands behind the URL"
            )));
        }
        let Some(url) = url.or(in_file) else {
            return Err(Error::config(format!(
                "no database is named: set {VARIABLE}, or write url = \"sqlite://blog.db\" under [database] in {FILE}"
            )));
        };
        let mut settings = Self::parse(&url)?;
        for name in NAMES {
            if let Some(value) = table.get(name) {
                let value = match value {
                    toml::Value::String(text) => text.clone(),
                    toml::Value::Integer(number) => number.to_string(),
                    toml::Value::Boolean(truth) => truth.to_string(),
                    _ => return Err(Error::config(format!("{name} in [database] of {FILE} must be a single value"))),
                };
                settings.set(name, &value)?;
            }
        }
        // What the URL itself says is nearer than the file.
        if let Some((_, query)) = url.split_once('?') {
            settings.set_query(query, &url)?;
        }
        Ok(settings)
    }
}

/// The `[database]` table of a file; empty when there is no file or no such table.
fn read_file(path: &Path) -> Result<toml::Table> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(toml::Table::new()),
        Err(error) => return Err(Error::config(format!("cannot read {}", path.display())).with_source(error)),
    };
    let mut file: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The error's own text shows the line, which can hold a password.
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
        Error::config(format!("{} is no TOML: line {line}: {}", path.display(), error.message()))
    })?;
    match file.remove("database") {
        None => Ok(toml::Table::new()),
        Some(toml::Value::Table(table)) => Ok(table),
        Some(_) => Err(Error::config(format!("[database] in {} must be a table", path.display()))),
    }
}

/// One connection writes; the others read beside it.
fn default_connections() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(64));
    cores.max(4) + 1
}

/// The error of a build without the driver of a database.
pub(crate) fn no_driver(dialect: Dialect) -> Error {
    let feature = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
        Dialect::Mysql => "mysql",
    };
    let kind = ErrorKind::Unsupported { feature: "connecting", dialect: dialect.name() };
    let message = format!(
        "this build has no driver for {}: switch on the feature `{feature}` of the crate `pilaster` in Cargo.toml",
        dialect.name()
    );
    Error::new(kind, message)
}

/// The URL without user, password and parameters that may be secret.
fn redact(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let base = match (base.find("://"), base.rfind('@')) {
        // A file may have such a name.
        (_, at) if base.starts_with("sqlite:") && (at.is_none() || base.matches(':').count() == 1) => base.to_owned(),
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}://***{}", base.get(..scheme).unwrap_or(""), base.get(at..).unwrap_or(""))
        }
        (None, Some(at)) if !base.starts_with("sqlite:") => format!("***{}", base.get(at..).unwrap_or("")),
        _ => without_host(base),
    };
    // A password with a question mark in it ends the base early.
    if query.contains('@') {
        let base = base.split_once("://").map_or("***".to_owned(), |(scheme, _)| format!("{scheme}://***"));
        return base;
    }
    if query.is_empty() {
        return base;
    }
    let pairs: Vec<&str> = query.split('&').map(|pair| if is_open(pair) { pair } else { "***" }).collect();
    format!("{base}?{}", pairs.join("&"))
}

/// A base without an @: what stands where a port is expected, and is none, may be a password whose host was forgotten.
fn without_host(base: &str) -> String {
    let scheme = base.find([':', '/']).unwrap_or(0);
    let begin = base.len() - base.get(scheme..).unwrap_or("").trim_start_matches([':', '/']).len();
    let (head, rest) = base.split_at(begin);
    let authority = rest.split('/').next().unwrap_or_default();
    let is_port = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let is_host = |part: &str| part.starts_with('[') || part.split_once(':').is_none_or(|(_, port)| is_port(port));
    match authority.split_once(':') {
        Some((name, _)) if !authority.split(',').all(is_host) => format!("{head}{name}:***"),
        _ => base.to_owned(),
    }
}

/// Whether a setting behind the question mark can be shown. Of others nobody knows what they are: a misspelt password, or the
/// end of one that holds an `&`.
fn is_open(pair: &str) -> bool {
    let open = [
        "mode",
        "host",
        "port",
        "dbname",
        "database",
        "socket",
        "sslmode",
        "ssl-mode",
        "application_name",
        "search_path",
        "connect_timeout",
        "lock_timeout",
        "target_session_attrs",
        "returning",
    ];
    pair.split_once('=').is_some_and(|(name, _)| NAMES.contains(&name) || open.contains(&name))
}

/// Resolves `%20` and its like.
fn decode(text: &str, url: &str) -> Result<String> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let wrong = || Error::config(format!("the URL \"{}\" has a % that begins no valid escape", redact(url)));
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(wrong);
        let value = digit()? * 16 + digit()?;
        out.push(u8::try_from(value).map_err(|_| wrong())?);
    }
    match String::from_utf8(out) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(wrong()),
    }
}

fn positive(name: &str, value: &str) -> Result<u32> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Error::config(format!("{name} is a number above 0, not \"{value}\""))),
    }
}

pub(crate) fn truth(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Error::config(format!("{name} is true or false, not \"{value}\""))),
    }
}

/// Seconds, or a number with `ms`, `s` or `m`.
pub(crate) fn duration(name: &str, value: &str) -> Result<Duration> {
    let unit = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(unit);
    let number: Option<u64> = number.parse().ok();
    let found = match (number, unit) {
        (Some(number), "ms") => Some(Duration::from_millis(number)),
        (Some(number), "" | "s") => Some(Duration::from_secs(number)),
        (Some(number), "m") => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    };
    found.ok_or_else(|| Error::config(format!("{name} is a time such as 500ms, 30s or 2m, not \"{value}\"")))
}

/// A time, or `never` or 0 for no limit.
pub(crate) fn limit(name: &str, value: &str) -> Result<Option<Duration>> {
    if value == "never" {
        return Ok(None);
    }
    duration(name, value).map(|time| if time.is_zero() { None } else { Some(time) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Option<String> {
        Settings::parse(url).unwrap().path.map(|path| path.to_string_lossy().into_owned())
    }

    fn refusal(url: &str) -> String {
        let error = Settings::parse(url).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config), "{error:?}");
        error.to_string()
    }

    #[test]
    fn a_driver_that_is_missing_is_said_to_be_a_feature() {
        let error = no_driver(Dialect::Mysql);
        assert_eq!(*error.kind(), ErrorKind::Unsupported { feature: "connecting", dialect: "MySQL" });
        let expected = "this build has no driver for MySQL: switch on the feature `mysql` of the crate `pilaster` in \
                        Cargo.toml";
        assert_eq!(error.to_string(), expected);
        #[cfg(not(feature = "postgres"))]
        assert_eq!(
            Settings::parse("postgres://localhost/a").unwrap_err().to_string(),
            no_driver(Dialect::Postgres).to_string()
        );
    }

    #[test]
    fn sqlite_urls() {
        assert_eq!(path("sqlite://blog.db").as_deref(), Some("blog.db"));
        assert_eq!(path("sqlite:///var/lib/blog.db").as_deref(), Some("/var/lib/blog.db"));
        assert_eq!(path("sqlite:blog.db").as_deref(), Some("blog.db"));
        assert_eq!(path("SQLITE:/abs.db").as_deref(), Some("/abs.db"));
        assert_eq!(path("sqlite://my%20blog%3f.db").as_deref(), Some("my blog?.db"));
        assert_eq!(path("sqlite://file:blog.db").as_deref(), Some("./file:blog.db"));
        for memory in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x.db?mode=memory"] {
            assert_eq!(path(memory), None, "{memory}");
        }
    }

    #[test]
    fn parameters_are_settings() {
        let settings = Settings::parse(
            "sqlite://b.db?mode=rw&max_connections=3&acquire_timeout=250ms&busy_timeout=2&echo=on&slow_statement=2m",
        )
        .unwrap();
        assert!(!settings.create_if_missing && !settings.read_only && settings.echo);
        assert_eq!(settings.max_connections, 3);
        assert_eq!(settings.acquire_timeout, Duration::from_millis(250));
        assert_eq!(settings.busy_timeout, Duration::from_secs(2));
        assert_eq!(settings.slow_statement, Some(Duration::from_secs(120)));
        assert!(Settings::parse("sqlite://b.db?mode=ro").unwrap().read_only);
    }

    #[test]
    fn wrong_urls_say_what_is_wrong() {
        assert!(refusal("blog.db").contains("sqlite://blog.db"));
        assert!(refusal("oracle://x").contains("known are sqlite"));
        assert!(refusal("sqlite://").contains("names no file"));
        assert!(refusal("sqlite://a%2.db").contains('%'));
        assert!(refusal("sqlite://a%ff.db").contains('%'));
        assert!(refusal("sqlite://a%00.db").contains('%'));
        assert!(refusal("sqlite://a.db?max_conections=3").contains("max_connections"));
        assert!(refusal("sqlite://a.db?max_connections=0").contains("above 0"));
        assert!(refusal("sqlite://a.db?busy_timeout=soon").contains("500ms"));
        assert!(refusal("sqlite://a.db?echo=maybe").contains("true or false"));
        assert!(refusal("sqlite://a.db?mode=x").contains("rwc"));
    }

    #[test]
    fn databases_without_a_driver_are_named() {
        let postgres = ("postgres://ann:secret@host/db", "PostgreSQL", cfg!(feature = "postgres"));
        for (url, name, known) in [postgres, ("mysql://ann:secret@host/db", "MySQL", cfg!(feature = "mysql"))] {
            if known {
                assert!(!format!("{:?}", Settings::parse(url).unwrap()).contains("secret"));
                continue;
            }
            let error = Settings::parse(url).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Unsupported { dialect, .. } if *dialect == name));
            assert!(!format!("{error:?}{error}").contains("secret"));
        }
    }

    #[test]
    fn what_is_no_password_is_shown() {
        for url in [
            "sqlite::memory:",
            "sqlite://C:\\x\\a.db",
            "sqlite:/home/a@b/x.db",
            "postgres://a:1,b:2/x",
            "postgres://[::1]:5432/db?sslmode=require",
            "mysql://h/db?returning=false",
        ] {
            assert_eq!(redact(url), url);
        }
    }

    #[test]
    fn no_error_shows_a_password() {
        for url in [
            "oracle://ann:secret@host/db",
            "oracle://ann:sec@ret/secret@host/db",
            "ann:secret@host",
            "secret@host",
            "oracle://ann:secret?secret@host/db",
            "oracle://host/db?password=secret",
            "oracle://host/db?pasword=secret",
            "oracle://ann:secret",
            "postgre//ann:secret",
            "postgres:ann:secret",
            "postgres:ann:secret//x",
            "oracle://ann:x/secret",
            "oracle://host/db?password=x&secret",
            "sqlite://a.db?busy_timeout=1&secret",
            "sqlite://ann:secret@host/%zz",
        ] {
            let error = Settings::parse(url).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_file_gives_url_and_settings_and_the_nearer_wins() {
        let folder = tempfile::tempdir().unwrap();
        let none = Settings::from_folder(folder.path(), None).unwrap_err();
        assert!(none.to_string().contains("DATABASE_URL"), "{none}");
        let file = folder.path().join(FILE);
        std::fs::write(
            &file,
            "[database]\nurl = 'sqlite://a.db?busy_timeout=1'\nbusy_timeout = 9\nmax_connections = 2\n",
        )
        .unwrap();
        let settings = Settings::from_folder(folder.path(), None).unwrap();
        assert_eq!((settings.shown.as_str(), settings.max_connections), ("sqlite://a.db?busy_timeout=1", 2));
        assert_eq!(settings.busy_timeout, Duration::from_secs(1));
        let settings = Settings::from_folder(folder.path(), Some("sqlite://b.db".into())).unwrap();
        assert_eq!((settings.shown.as_str(), settings.busy_timeout), ("sqlite://b.db", Duration::from_secs(9)));

        std::fs::write(&file, "[database]\nurl = 'postgres://ann:secret@host/db\n").unwrap();
        let broken = Settings::from_folder(folder.path(), None).unwrap_err();
        assert!(!format!("{broken:?}").contains("secret"), "{broken:?}");
        std::fs::write(&file, "[database]\nurl = 'sqlite://a.db'\nbusy_timeout = 'soon'\n").unwrap();
        assert!(Settings::from_folder(folder.path(), None).is_err());
        std::fs::write(&file, "[database]\nurl = 'sqlite://a.db'\nmax_conections = 8\n").unwrap();
        let unknown = Settings::from_folder(folder.path(), None).unwrap_err().to_string();
        assert!(unknown.contains("max_conections") && unknown.contains("max_connections"), "{unknown}");
    }
}
