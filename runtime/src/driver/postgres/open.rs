//! Opening a connection, and what is asked before its first statement.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, SimpleQueryMessage};

use super::bind::Bound;
use super::error::OpeningFault;
use super::link::Link;
use super::options::{Options, Wanted};
use super::socket::{self, Opened};
use super::tls::Connector;
use super::wire::Wire;
use super::{Session, State, error};
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::rt;

/// The oldest server that the driver is made for.
const OLDEST: u32 = 12;

/// The servers that a commit waits for, and what transactions see of others unless they say it themselves.
const WAYS: &str = "SELECT pg_catalog.current_setting('synchronous_standby_names'), \
    pg_catalog.current_setting('default_transaction_isolation')";

/// The settings that whoever connected did not make. A pooler may be told to pass over them, and then a limit or a
/// protection would be missing in silence.
const UNSET: &str = "SELECT name FROM pg_catalog.pg_settings WHERE source NOT IN ('client', 'session') AND name IN ";

impl Session {
    /// Connects to the server.
    pub(super) async fn open(settings: &Settings) -> Result<Self> {
        let Options { config, timeout, place, statement_cache, encryption, connector, wanted } =
            Options::new(settings)?;
        let handle = rt::beside().ok_or_else(|| {
            Error::new(ErrorKind::Connection, "cannot connect to PostgreSQL: the system gives no thread for it")
        })?;
        let failed =
            |why: String| Error::new(ErrorKind::Connection, format!("cannot connect to PostgreSQL at {place}: {why}"));
        // Opened on that runtime, since the caller may have none, or one without sockets and timers.
        let opening = rt::AbortOnDrop(handle.spawn(connect(config, encryption, connector)));
        let opened = match rt::timeout(timeout, opening).await {
            Some(Ok(opened)) => opened.map_err(|error| error::of_opening(error, &place, &wanted))?,
            Some(Err(error)) => {
                let why = "the tokio runtime ended, or it has no network driver (`enable_all` gives it one)";
                return Err(failed(why.to_owned()).with_source(error));
            }
            None => return Err(failed(format!("no answer within {timeout:?}"))),
        };
        let Opened { client, connection, crowd, roaming, bypass, route } = opened;
        check_version(connection.parameter("server_version"), &place)?;
        // Its end shows in the client, which gives the error to whoever waits for a reply.
        let wire = Wire::new(async move { drop(connection.await) }, crowd, roaming, bypass);
        let task = Some(handle.spawn(Arc::clone(&wire).drive()));
        let link = Arc::new(Link::new((client, wire), route, handle, statement_cache));
        let (bound, plans) = (Bound::default(), FxHashMap::default());
        let (state, asking, learned) = (State::default(), Vec::new(), super::pooler::made());
        let mut session =
            Self { link, task, bound, plans, state, awaits_standbys: false, asking, learned, learning: false };
        let ready = rt::timeout(timeout, session.get_ready(settings, &wanted, &place)).await;
        ready.unwrap_or_else(|| Err(failed(format!("no answer within {timeout:?}"))))?;
        Ok(session)
    }

    /// Finds out what has to be known before the first statement.
    async fn get_ready(&mut self, settings: &Settings, wanted: &[Wanted], place: &str) -> Result<()> {
        self.check_settings(wanted, place).await?;
        if !self.link.keeps_statements() {
            return self.learn_types().await;
        }
        if settings.share_connections {
            let (mut awaits, mut sees_all) = (false, false);
            let read = self.read_plainly(WAYS, |message| {
                if let SimpleQueryMessage::Row(row) = message {
                    awaits |= row.get(0).is_some_and(|names| !names.is_empty());
                    sees_all |= row.get(1) == Some("read committed");
                }
            });
            read.await.map_err(|error| error::of_statement(error, WAYS))?;
            self.awaits_standbys = awaits;
            if sees_all {
                // What was committed meanwhile, that is, also where several statements are one transaction.
                self.link.wire.crowd.join();
            }
        }
        Ok(())
    }

    /// Makes sure that the server knows what the URL asks of it.
    async fn check_settings(&mut self, wanted: &[Wanted], place: &str) -> Result<()> {
        let names: Vec<String> = wanted.iter().filter_map(|wanted| Some(format!("'{}'", wanted.name?))).collect();
        if names.is_empty() {
            return Ok(());
        }
        let sql = format!("{UNSET}({})", names.join(", "));
        let mut unset = Vec::new();
        let read = self.read_plainly(&sql, |message| {
            if let SimpleQueryMessage::Row(row) = message {
                unset.extend(row.try_get(0).ok().flatten().map(str::to_owned));
            }
        });
        read.await.map_err(|error| error::of_statement(error, &sql))?;
        let is_missed = |wanted: &&Wanted| wanted.name.is_some_and(|name| unset.iter().any(|unset| unset == name));
        let missed = wanted.iter().filter(is_missed);
        if missed.clone().next().is_none() { Ok(()) } else { Err(error::not_set(missed, place)) }
    }
}

/// Connects in the first of some ways that the server agrees to.
async fn connect(mut config: Config, encryption: Vec<SslMode>, connector: Connector) -> Result<Opened, OpeningFault> {
    let mut first = None;
    for mode in encryption {
        let fault = match socket::connect(config.ssl_mode(mode), &connector).await {
            Ok(opened) => return Ok(opened),
            Err(fault) => fault,
        };
        let other_way = error::wants_other_encryption(&fault);
        // What the server says of the second attempt is nearer than what the first one failed by.
        // Where both ways are refused, the plain one is not what to wish for.
        let refused =
            first.as_ref().is_some_and(error::wants_other_encryption) && mode == SslMode::Disable && other_way;
        if first.is_none() || (fault.is_of_server() && !refused) {
            first = Some(fault);
        }
        if !other_way {
            break;
        }
    }
    match first {
        Some(fault) => Err(fault),
        None => socket::connect(&config, &connector).await,
    }
}

/// Refuses servers that are too old. A version that cannot be read belongs to something newer, or to a pooler.
fn check_version(version: Option<&str>, place: &str) -> Result<()> {
    let major = version.and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok());
    match major {
        Some(major) if major < OLDEST => {
            let kind = ErrorKind::Unsupported { feature: "such an old server", dialect: "PostgreSQL" };
            let version = version.unwrap_or("");
            let why = format!("the server has version {version}, and {OLDEST} or later is needed (upgrade it)");
            Err(Error::new(kind, format!("cannot connect to PostgreSQL at {place}: {why}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_refused_and_unknown_ones_are_not() {
        assert!(check_version(Some("9.6.24"), "").is_err());
        for fine in [Some("12.1"), Some("15.20 (Debian 15.20-0+deb12u1)"), Some("17devel"), Some("pooler"), None] {
            assert!(check_version(fine, "").is_ok(), "{fine:?}");
        }
    }
}
