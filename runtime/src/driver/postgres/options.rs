//! How a connection is opened: what stands in a URL, as PostgreSQL's own client library understands it.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, TargetSessionAttrs};

use super::super::network;
use super::tls::{Connector, Wishes};
use crate::config::Settings;
use crate::error::{Error, Result};

/// How long opening a connection may take, unless the URL says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where servers of most systems keep their socket.
const SOCKET: &str = "/var/run/postgresql";

/// What is needed to open a connection.
pub(super) struct Options {
    pub config: Config,
    pub timeout: Duration,
    /// The place, for messages: no user and no password.
    pub place: String,
    pub statement_cache: usize,
    /// Whether to encrypt, to be tried in order.
    pub encryption: Vec<SslMode>,
    /// What encrypts.
    pub connector: Connector,
    /// What the server is asked to set for the session.
    pub wanted: Vec<Wanted>,
}

/// A setting of the server's that the URL asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name in the URL.
    pub word: &'static str,
    /// Its name on the server; none where the URL's text goes to the server as it is.
    pub name: Option<&'static str>,
    /// What goes to the server.
    flag: String,
}

impl Wanted {
    fn new(word: &'static str, name: &'static str, value: &str) -> Self {
        Self { word, name: Some(name), flag: format!("-c {name}={}", escape(value)) }
    }
}

impl Options {
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let server = &settings.server;
        let mut config = Config::new();
        config.application_name("pilaster");
        let mut places = Vec::new();
        for host in &server.hosts {
            let port = host.port.unwrap_or(5432);
            config.host(&host.name).port(port);
            places.push(if host.name.starts_with('/') { host.name.clone() } else { network::place(&host.name, port) });
        }
        if places.is_empty() {
            let host = if cfg!(unix) && std::path::Path::new(SOCKET).is_dir() { SOCKET } else { "localhost" };
            config.host(host);
            places.push(host.to_owned());
        }
        if let Some(user) = &server.user {
            config.user(user);
        }
        if let Some(password) = &server.password {
            config.password(password.reveal());
        }
        let mut place = places.join(", ");
        if let Some(database) = &server.database {
            config.dbname(database);
            place = format!("{place}, database \"{database}\"");
        }
        let mut timeout = PATIENCE.min(settings.acquire_timeout);
        let (mut wanted, mut wishes) = (Vec::new(), Wishes::default());
        if settings.read_only {
            wanted.push(Wanted::new("read_only", "default_transaction_read_only", "on"));
        }
        if let Some(limit) = settings.statement_timeout.filter(|limit| !limit.is_zero()) {
            let limit = limit.as_millis().max(1).to_string();
            wanted.push(Wanted::new("statement_timeout", "statement_timeout", &limit));
        }
        for (name, value) in &server.parameters {
            if name == "connect_timeout" {
                timeout = seconds(name, value)?;
            } else if !wishes.set(name, value)? {
                set(&mut config, name, value, &mut wanted)?;
            }
        }
        if !wanted.is_empty() {
            let flags: Vec<&str> = wanted.iter().map(|wanted| wanted.flag.as_str()).collect();
            config.options(flags.join(" "));
        }
        // One host, or one address of a name, that does not answer leaves time for the next one.
        config.connect_timeout(timeout / 2);
        let timeout = timeout.saturating_mul(u32::try_from(server.hosts.len()).unwrap_or(1).max(1));
        let encryption = wishes.attempts(&config)?;
        let connector = wishes.connector(&encryption)?;
        Ok(Self { config, timeout, place, statement_cache: settings.statement_cache, encryption, connector, wanted })
    }
}

fn set(config: &mut Config, name: &str, value: &str, wanted: &mut Vec<Wanted>) -> Result<()> {
    const OF_THE_SESSION: [&str; 3] = ["search_path", "lock_timeout", "idle_in_transaction_session_timeout"];
    if let Some(own) = OF_THE_SESSION.into_iter().find(|own| *own == name) {
        wanted.push(Wanted::new(own, own, value));
        return Ok(());
    }
    match name {
        "application_name" => {
            config.application_name(value);
        }
        "options" => wanted.push(Wanted { word: "options", name: None, flag: value.to_owned() }),
        "tcp_user_timeout" => {
            config.tcp_user_timeout(Duration::from_millis(number(name, value)?));
        }
        "keepalives" => {
            config.keepalives(number(name, value)? != 0);
        }
        "keepalives_idle" => {
            config.keepalives_idle(seconds(name, value)?);
        }
        "keepalives_interval" => {
            config.keepalives_interval(seconds(name, value)?);
        }
        "keepalives_count" | "keepalives_retries" => {
            config.keepalives_retries(u32::try_from(number(name, value)?).unwrap_or(u32::MAX));
        }
        "target_session_attrs" => {
            config.target_session_attrs(choose(
                name,
                value,
                &[
                    ("any", TargetSessionAttrs::Any),
                    ("read-write", TargetSessionAttrs::ReadWrite),
                    ("read-only", TargetSessionAttrs::ReadOnly),
                ],
            )?);
        }
        "load_balance_hosts" => {
            config.load_balance_hosts(choose(
                name,
                value,
                &[("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)],
            )?);
        }
        "channel_binding" => {
            config.channel_binding(choose(
                name,
                value,
                &[
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ],
            )?);
        }
        _ => {
            let known = "host, port, user, password, dbname, application_name, options, search_path, sslmode, \
                    sslrootcert, sslcert, sslkey, \
                    connect_timeout, statement_timeout, lock_timeout, idle_in_transaction_session_timeout, \
                    target_session_attrs, load_balance_hosts, keepalives, keepalives_idle, keepalives_interval, \
                    keepalives_count, tcp_user_timeout, channel_binding, and the settings of the pool";
            return Err(Error::config(format!("there is no setting \"{name}\" for PostgreSQL; known are {known}")));
        }
    }
    Ok(())
}

/// White space and backslashes end a flag of the server unless a backslash stands before them.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_whitespace() || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn number(name: &str, value: &str) -> Result<u64> {
    value.parse().map_err(|_| Error::config(format!("{name} is a whole number, not \"{value}\"")))
}

/// Seconds; none is as good as no limit.
fn seconds(name: &str, value: &str) -> Result<Duration> {
    number(name, value).map(|seconds| Duration::from_secs(if seconds == 0 { 365 * 86_400 } else { seconds }))
}

pub(super) fn choose<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T> {
    choices.iter().find(|(known, _)| *known == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
        Error::config(format!("{name} is one of {}, not \"{value}\"", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> Result<Options> {
        Options::new(&Settings::parse(url)?)
    }

    #[test]
    fn the_parts_of_a_url_reach_the_client() {
        let found = options(
            "postgres://ann:s%20w@db:5433/blog?search_path=a,%20b&application_name=x&connect_timeout=3&max_connections=2&statement_timeout=1500ms",
        )
        .unwrap();
        assert_eq!((found.config.get_user(), found.config.get_dbname()), (Some("ann"), Some("blog")));
        assert_eq!(found.config.get_password(), Some(&b"s w"[..]));
        assert_eq!(found.config.get_ports(), [5433]);
        assert_eq!(found.config.get_options(), Some("-c statement_timeout=1500 -c search_path=a,\\ b"));
        assert_eq!((found.config.get_application_name(), found.timeout), (Some("x"), Duration::from_secs(3)));
        assert_eq!(found.place, "db:5433, database \"blog\"");
        assert_eq!(options("postgres://[::1],db/").unwrap().place, "[::1]:5432, db:5432");
    }

    #[test]
    fn sockets_are_hosts_that_are_paths() {
        for url in ["postgres://%2Frun%2Fpg/x", "postgres:///x?host=/run/pg"] {
            assert_eq!(options(url).unwrap().place, "/run/pg, database \"x\"", "{url}");
        }
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn tls_is_never_left_out_in_silence() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = options(&format!("postgres://h/x?sslmode={mode}")).err().unwrap();
            assert!(matches!(error.kind(), crate::ErrorKind::Unsupported { feature: "TLS", .. }), "{error}");
        }
        assert!(options("postgres://h/x?sslmode=prefer").is_ok());
    }

    #[test]
    #[cfg(feature = "tls")]
    fn modes_are_tried_as_libpq_does() {
        let attempts = |url: &str| options(url).unwrap().encryption;
        assert_eq!(attempts("postgres://h/x?sslmode=disable"), [SslMode::Disable]);
        assert_eq!(attempts("postgres://h/x?sslmode=allow"), [SslMode::Disable, SslMode::Require]);
        assert_eq!(attempts("postgres://h/x"), [SslMode::Prefer, SslMode::Disable]);
        assert_eq!(attempts("postgres://h/x?sslmode=require"), [SslMode::Require]);
        assert_eq!(attempts("postgres:///x?host=/run/pg&sslmode=require"), [SslMode::Disable], "as libpq does");
        for (query, said) in [
            ("sslmode=verify-full&sslrootcert=/no/file", "/no/file"),
            ("sslmode=require&sslrootcert=system", "verify-full"),
            ("sslmode=require&sslcert=a", "sslkey"),
        ] {
            let error = options(&format!("postgres://h/x?{query}")).err().unwrap();
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn wrong_settings_are_named() {
        for (query, said) in [
            ("aplication_name=x", "application_name"),
            ("connect_timeout=soon", "whole number"),
            ("target_session_attrs=primary", "read-write"),
            ("sslmode=on", "verify-full"),
        ] {
            let error = options(&format!("postgres://h/x?{query}")).err().unwrap();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
