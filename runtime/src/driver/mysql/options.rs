//! How a connection to MySQL or MariaDB is opened: what a URL says, and what every session is set to.

use std::fmt;
use std::time::Duration;

use mysql_async::{Opts, OptsBuilder};

/// The port when the URL names none.
const PORT: u16 = 3306;
/// What a value larger than a packet can be at most, as far as the protocol goes; the server's own limit is lower.
const IDLE_SECONDS: usize = 28_800;

/// How a connection is opened.
#[derive(Clone)]
pub(crate) struct Options {
    pub host: String,
    pub port: Option<u16>,
    pub user: String,
    pub password: Option<String>,
    pub database: Option<String>,
    /// A Unix socket instead of host and port.
    pub socket: Option<String>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Option<Duration>,
    /// The session refuses writes.
    pub read_only: bool,
}

impl Options {
    /// What the client library needs to know.
    pub(super) fn client(&self) -> Opts {
        let builder = OptsBuilder::default()
            .user(Some(self.user.clone()))
            .pass(self.password.clone())
            .db_name(self.database.clone())
            // Affected rows are those that a condition matched, as on the other databases.
            .client_found_rows(true)
            // The path that the server tells can belong to another server on this machine.
            .prefer_socket(false)
            // Statements are cached here, without parsing their text anew at every run.
            .stmt_cache_size(0)
            .wait_timeout(Some(IDLE_SECONDS));
        let builder = match &self.socket {
            Some(socket) => builder.socket(Some(socket.clone())),
            None => builder.ip_or_hostname(self.host.clone()).tcp_port(self.port.unwrap_or(PORT)),
        };
        builder.into()
    }

    /// The server, for messages.
    pub(crate) fn place(&self) -> String {
        match &self.socket {
            Some(socket) => socket.clone(),
            None => format!("{}:{}", self.host, self.port.unwrap_or(PORT)),
        }
    }

    /// The statements that make every session alike: strict about values, in UTC, in Unicode. `version()` comes first,
    /// and comments that only MariaDB reads keep what MySQL does not know.
    ///
    /// NO_UNSIGNED_SUBTRACTION: `unsigned - 1` can be negative, as on the other databases. SIMULTANEOUS_ASSIGNMENT: an
    /// UPDATE sees the old values on the right of `=`.
    pub(super) fn session(&self) -> String {
        let mut text = "SELECT version(); SET NAMES utf8mb4, autocommit = 1, time_zone = '+00:00', \
                        foreign_key_checks = 1, unique_checks = 1, \
                        sql_mode = CONCAT('STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION', \
                        /*M! ',SIMULTANEOUS_ASSIGNMENT' */ '')"
            .to_owned();
        if let Some(limit) = self.statement_timeout {
            // Seconds on MariaDB; milliseconds on MySQL, where they hold for SELECT only.
            let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis());
            text.push_str(&format!("; SET /*M! max_statement_time = {seconds} */ /*!50708 max_execution_time = {millis} */"));
        }
        if self.read_only {
            text.push_str("; SET SESSION TRANSACTION READ ONLY");
        }
        text
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("place", &self.place()).field("database", &self.database).finish_non_exhaustive()
    }
}
