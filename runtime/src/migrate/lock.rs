//! One runner at a time.
//!
//! Servers have locks of a session: PostgreSQL's advisory locks, MySQL's named locks. Both are asked for again and again
//! instead of waited for: on PostgreSQL one who waits keeps a snapshot, for which `CREATE INDEX CONCURRENTLY` of the
//! runner at work would wait in turn. SQLite has one writer at a time anyway, so there a transaction is the lock.

use std::time::{Duration, Instant};

use super::store::rows;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::rt;
use crate::sql::Dialect;
use crate::value::Value;

const NONE: [Value<'static>; 0] = [];

/// Two numbers that nobody else is likely to lock: `pila` and `ster` in ASCII.
const TAKE_POSTGRES: &str = "SELECT CASE WHEN pg_try_advisory_lock(1885957217, 1937007986) THEN 1::bigint ELSE 0 END";
const RELEASE_POSTGRES: &str = "SELECT CASE WHEN pg_advisory_unlock(1885957217, 1937007986) THEN 1::bigint ELSE 0 END";
const HOLDER_POSTGRES: &str = "SELECT 'process ' || a.pid || ' of user ' || coalesce(a.usename, '?') \
    || coalesce(' at ' || host(a.client_addr), ' on the server') \
    || CASE WHEN a.application_name <> '' THEN ' (' || a.application_name || ')' ELSE '' END \
    || ', connected since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' \
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1885957217 AND l.objid = 1937007986 AND l.objsubid = 2 \
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

// The names of locks are those of the server, and at most 64 characters long. MySQL has no `md5` since 9.6.
const TAKE_MYSQL: &str =
    "SELECT CAST(coalesce(get_lock(concat('pilaster_', left(sha2(database(), 256), 32)), 0), 0) AS SIGNED)";
const RELEASE_MYSQL: &str =
    "SELECT CAST(coalesce(release_lock(concat('pilaster_', left(sha2(database(), 256), 32))), 0) AS SIGNED)";
const HOLDER_MYSQL: &str = "SELECT concat('connection ', ID, ' of user ', USER, ' at ', HOST) \
    FROM information_schema.PROCESSLIST WHERE ID = is_used_lock(concat('pilaster_', left(sha2(database(), 256), 32)))";

/// Takes the lock of a server. Until it is released the connection is not for others.
pub(super) async fn take(lease: &mut Lease<'_>, patience: Duration) -> Result<()> {
    let (take, holder) = match lease.dialect() {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => (TAKE_POSTGRES, HOLDER_POSTGRES),
        Dialect::Mysql => (TAKE_MYSQL, HOLDER_MYSQL),
    };
    let begun = Instant::now();
    let mut pause = Pause::new();
    lease.keep_to_oneself(true);
    loop {
        if rows(lease, take, &NONE, |row| row.get::<i64>(0)).await? == [1] {
            return Ok(());
        }
        if begun.elapsed() >= patience {
            lease.keep_to_oneself(false);
            let found = rows(lease, holder, &NONE, |row| row.get::<String>(0)).await.unwrap_or_default();
            let who = found.first().map_or("a session that may not be seen", String::as_str);
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "another runner has been migrating this database for {patience:?}: {who}; wait for it, or end it"
                ),
            ));
        }
        pause.pass(patience.saturating_sub(begun.elapsed())).await;
    }
}

/// Releases it.
pub(super) async fn release(lease: &mut Lease<'_>) -> Result<()> {
    let sql = match lease.dialect() {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => RELEASE_POSTGRES,
        Dialect::Mysql => RELEASE_MYSQL,
    };
    if rows(lease, sql, &NONE, |row| row.get::<i64>(0)).await? == [1] {
        lease.keep_to_oneself(false);
        return Ok(());
    }
    let why = "the lock of the runner was lost meanwhile: between this program and the server stands something that \
        gives every transaction another connection; migrate over a direct connection";
    Err(super::fail(why.to_owned()))
}

/// Begins a transaction; on SQLite waits for its writer.
pub(super) async fn begin(lease: &mut Lease<'_>, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    let mut pause = Pause::new();
    loop {
        let outcome = lease.begin_atomic().await;
        let locked = outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Locked));
        if !locked || lease.dialect() != Dialect::Sqlite {
            return outcome;
        }
        if begun.elapsed() >= patience {
            return outcome.map_err(|error| {
                let why = format!(
                    "another program has been writing to this file for {patience:?}, perhaps another runner (SQLite does \
                     not say who): wait for it, or end it"
                );
                Error::new(ErrorKind::Locked, why).with_source(error)
            });
        }
        pause.pass(patience.saturating_sub(begun.elapsed())).await;
    }
}

/// Pauses that get longer.
struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Self(Duration::from_millis(20))
    }

    async fn pass(&mut self, at_most: Duration) {
        rt::sleep(self.0.min(at_most)).await;
        self.0 = (self.0 * 2).min(Duration::from_millis(500));
    }
}
