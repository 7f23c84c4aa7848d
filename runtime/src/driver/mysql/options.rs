//! How a connection to MySQL or MariaDB is opened: what a URL says, and what every session is set to.

use std::fmt;
use std::time::Duration;

use mysql_async::OptsBuilder;

use super::super::network;
use super::tls::Wishes;
use crate::config::{Secret, Settings, duration, limit, truth};
use crate::error::{Error, Result};

/// The port when the URL names none.
const PORT: u16 = 3306;
/// The pool has limits of its own for idle connections, so that the server need not be asked for its limit.
const IDLE_SECONDS: usize = 28_800;

/// How long connecting may take, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection may be silent before the system asks whether the server is there, unless the URL says otherwise.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How a connection is opened.
#[derive(Clone)]
pub(crate) struct Options {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    /// A Unix socket instead of host and port.
    socket: Option<String>,
    /// How long connecting may take.
    pub(super) connect_timeout: Duration,
    /// How long the connection may be silent before the system asks whether the server is there.
    tcp_keepalive: Option<Duration>,
    /// How long a statement may take.
    statement_timeout: Option<Duration>,
    /// The session refuses writes.
    read_only: bool,
    /// Prepared statements kept.
    pub(super) statements: usize,
    /// Whether RETURNING is used where the server has it; without it MariaDB is used as MySQL is.
    pub(super) returning: bool,
    /// Whether dates with zeros in them may be written.
    zero_dates: bool,
    /// Whether and how to encrypt.
    pub(super) tls: Wishes,
}

/// The most bytes that a row may have which the client library reads.
const LARGEST: usize = 1 << 30;

impl Options {
    /// The settings as far as they concern a connection.
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        let server = &settings.server;
        let (host, port) = match server.hosts.as_slice() {
            [] => ("localhost".to_owned(), None),
            [host] => (host.name.clone(), host.port),
            _ => return Err(Error::config("the URL names several hosts, of which MySQL takes one")),
        };
        let in_path = host.starts_with('/').then(|| host.clone());
        let mut options = Self {
            host,
            port: port.unwrap_or(PORT),
            user: server.user.clone(),
            password: server.password.clone(),
            database: server.database.clone(),
            socket: in_path,
            connect_timeout: CONNECT.min(settings.acquire_timeout),
            tcp_keepalive: Some(KEEPALIVE),
            statement_timeout: settings.statement_timeout.filter(|time| !time.is_zero()),
            read_only: settings.read_only,
            statements: settings.statement_cache,
            returning: true,
            zero_dates: false,
            tls: Wishes::default(),
        };
        for (name, value) in &server.parameters {
            options.set(name, value)?;
        }
        options.tls.check(options.socket.is_some())?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "socket" => self.socket = Some(value.to_owned()),
            "connect_timeout" => self.connect_timeout = duration(name, value)?,
            "tcp_keepalive" => self.tcp_keepalive = limit(name, value)?,
            "returning" => self.returning = truth(name, value)?,
            "zero_dates" => self.zero_dates = truth(name, value)?,
            _ if self.tls.set(name, value)? => {}
            _ => {
                let known = "socket, connect_timeout, tcp_keepalive, ssl-mode, ssl-ca, ssl-cert, ssl-key, returning, \
                    zero_dates, and the settings of the pool";
                return Err(Error::config(format!("MySQL's URL has no parameter \"{name}\"; known are {known}")));
            }
        }
        Ok(())
    }

    /// What the client library needs to know.
    pub(super) fn client(&self) -> OptsBuilder {
        let builder = OptsBuilder::default()
            .user(self.user.clone())
            .pass(self.password.as_ref().map(Secret::reveal))
            .db_name(self.database.clone())
            // Affected rows are those that a condition matched, as on the other databases.
            .client_found_rows(true)
            // The path that the server tells can belong to another server on this machine.
            .prefer_socket(false)
            // Statements are cached here, without parsing their text anew at every run.
            .stmt_cache_size(0)
            // The server sends rows of any size. What it takes at once is checked before anything is sent.
            .max_allowed_packet(Some(LARGEST))
            .tcp_keepalive(self.tcp_keepalive)
            .wait_timeout(Some(IDLE_SECONDS));
        match &self.socket {
            Some(socket) => builder.socket(Some(socket.clone())),
            None => builder.ip_or_hostname(self.host.clone()).tcp_port(self.port),
        }
    }

    /// The server, for messages.
    pub(super) fn place(&self) -> String {
        match &self.socket {
            Some(socket) => socket.clone(),
            None => network::place(&self.host, self.port),
        }
    }

    /// The statements that make every session alike: strict about values, in UTC, in Unicode. `version()` comes first,
    /// and comments that only MariaDB reads keep what MySQL does not know.
    ///
    /// lc_messages: names of constraints, tables and columns are read out of messages, in the words of one language.
    /// NO_UNSIGNED_SUBTRACTION: `unsigned - 1` can be negative, as on the other databases. SIMULTANEOUS_ASSIGNMENT: an
    /// UPDATE sees the old values on the right of `=`. NO_ZERO_IN_DATE and NO_ZERO_DATE: what a program could not read again
    /// is not stored, unless the URL says so.
    pub(super) fn session(&self) -> String {
        let mut text = "SELECT version(); SET NAMES utf8mb4, autocommit = 1, time_zone = '+00:00', \
                        foreign_key_checks = 1, unique_checks = 1, lc_messages = 'en_US', \
                        sql_mode = CONCAT('STRICT_TRANS_TABLES,STRICT_ALL_TABLES,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION', \
                        /*M! ',SIMULTANEOUS_ASSIGNMENT', */ "
            .to_owned();
        text.push_str(if self.zero_dates { "'')" } else { "',NO_ZERO_IN_DATE,NO_ZERO_DATE')" });
        if let Some(limit) = self.statement_timeout {
            // Seconds on MariaDB; milliseconds on MySQL, where they hold for SELECT only.
            let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis());
            text.push_str(&format!(
                "; SET /*M! max_statement_time = {seconds} */ /*!50708 max_execution_time = {millis} */"
            ));
        }
        if self.read_only {
            text.push_str("; SET SESSION TRANSACTION READ ONLY");
        }
        text
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("place", &self.place())
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
