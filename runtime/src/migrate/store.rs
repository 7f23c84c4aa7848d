//! The table in which a database notes what was done to it.

use std::borrow::Cow;

use super::fail;
use crate::error::Result;
use crate::executor::Lease;
use crate::row::Row;
use crate::sql::Dialect;
use crate::value::Value;

/// The name of the table.
pub const TABLE: &str = "pilaster_migrations";

/// A row of the table: a revision that was applied, or that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision.
    pub revision: String,
    /// The checksum of its file then; while it is not applied as a whole, one of the steps that are done.
    pub checksum: String,
    /// When it was applied or begun, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub at: String,
    /// How far it is.
    pub state: State,
    /// How many of its steps were done, while it is not applied as a whole.
    pub steps: usize,
}

/// How far a revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Applied.
    Done,
    /// On its way up: a runner is at it, or has died at it. The step that follows may have been run.
    Upgrading,
    /// Its upgrade has stopped at a step that failed and did nothing.
    UpgradeFailed,
    /// On its way down, like [`State::Upgrading`].
    Downgrading,
    /// Its downgrade has stopped.
    DowngradeFailed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Upgrading => "upgrading",
            Self::UpgradeFailed => "upgrade failed",
            Self::Downgrading => "downgrading",
            Self::DowngradeFailed => "downgrade failed",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let all = [Self::Done, Self::Upgrading, Self::UpgradeFailed, Self::Downgrading, Self::DowngradeFailed];
        all.into_iter().find(|state| state.name() == name)
    }
}

const NONE: [Value<'static>; 0] = [];

/// Rows of a query.
pub(super) async fn rows<T: Send>(
    lease: &mut Lease<'_>,
    sql: &str,
    values: &[Value<'_>],
    mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut each = |row: &Row<'_>| {
        all.push(read(row)?);
        Ok(())
    };
    lease.query(sql, &values, &mut each).await?;
    Ok(all)
}

/// The number that a query gives.
pub(super) async fn number(lease: &mut Lease<'_>, sql: &str) -> Result<i64> {
    let found = rows(lease, sql, &NONE, |row| row.get::<Option<i64>>(0)).await?;
    Ok(found.into_iter().flatten().next().unwrap_or(0))
}

/// Whether the table is there.
pub(super) async fn exists(lease: &mut Lease<'_>) -> Result<bool> {
    let sql = match lease.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'pilaster_migrations'",
        Dialect::Postgres => {
            "SELECT CASE WHEN to_regclass('pilaster_migrations') IS NULL THEN 0::bigint ELSE 1::bigint END"
        }
        Dialect::Mysql => {
            "SELECT count(*) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'pilaster_migrations'"
        }
    };
    Ok(number(lease, sql).await? > 0)
}

/// Makes the table where it is missing.
pub(super) async fn create(lease: &mut Lease<'_>) -> Result<()> {
    if exists(lease).await? {
        return Ok(());
    }
    let sql = match lease.dialect() {
        Dialect::Sqlite => {
            "CREATE TABLE pilaster_migrations (revision TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, \
             applied_at TEXT NOT NULL, state TEXT NOT NULL, steps INTEGER NOT NULL) STRICT"
        }
        Dialect::Postgres => {
            "CREATE TABLE pilaster_migrations (revision varchar(190) PRIMARY KEY, checksum varchar(64) NOT NULL, \
             applied_at timestamptz NOT NULL, state varchar(20) NOT NULL, steps bigint NOT NULL)"
        }
        Dialect::Mysql => {
            "CREATE TABLE pilaster_migrations (revision varchar(190) NOT NULL PRIMARY KEY, \
             checksum varchar(64) NOT NULL, applied_at datetime NOT NULL, state varchar(20) NOT NULL, \
             steps bigint NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        }
    };
    lease.batch(sql).await
}

/// All rows; none when there is no table.
pub(super) async fn read(lease: &mut Lease<'_>) -> Result<Vec<Applied>> {
    if !exists(lease).await? {
        return Ok(Vec::new());
    }
    let at = match lease.dialect() {
        Dialect::Sqlite => "applied_at",
        Dialect::Postgres => "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
        Dialect::Mysql => "date_format(applied_at, '%Y-%m-%d %H:%i:%s')",
    };
    let sql =
        format!("SELECT revision, checksum, {at}, state, steps FROM pilaster_migrations ORDER BY applied_at, revision");
    rows(lease, &sql, &NONE, |row| {
        let name: String = row.get::<String>(3)?;
        let Some(state) = State::of(&name) else {
            let why = format!("`{TABLE}` has a row in the state `{name}`, which this version does not know");
            return Err(fail(why));
        };
        Ok(Applied {
            revision: row.get::<String>(0)?,
            checksum: row.get::<String>(1)?,
            at: row.get::<String>(2)?,
            state,
            steps: usize::try_from(row.get::<i64>(4)?).unwrap_or(0),
        })
    })
    .await
}

/// Notes how far a revision is.
pub(super) async fn note(
    lease: &mut Lease<'_>,
    revision: &str,
    checksum: &str,
    state: State,
    steps: usize,
) -> Result<()> {
    let values = [
        Value::Text(Cow::Borrowed(checksum)),
        Value::Text(Cow::Borrowed(state.name())),
        Value::Int(i64::try_from(steps).unwrap_or(i64::MAX)),
        Value::Text(Cow::Borrowed(revision)),
    ];
    let (update, insert) = match lease.dialect() {
        Dialect::Sqlite => (
            "UPDATE pilaster_migrations SET checksum = ?, state = ?, steps = ?, applied_at = datetime('now') \
             WHERE revision = ?",
            "INSERT INTO pilaster_migrations (checksum, state, steps, applied_at, revision) \
             VALUES (?, ?, ?, datetime('now'), ?)",
        ),
        Dialect::Postgres => (
            "UPDATE pilaster_migrations SET checksum = $1, state = $2, steps = $3, applied_at = clock_timestamp() \
             WHERE revision = $4",
            "INSERT INTO pilaster_migrations (checksum, state, steps, applied_at, revision) \
             VALUES ($1, $2, $3, clock_timestamp(), $4)",
        ),
        Dialect::Mysql => (
            "UPDATE pilaster_migrations SET checksum = ?, state = ?, steps = ?, applied_at = utc_timestamp() \
             WHERE revision = ?",
            "INSERT INTO pilaster_migrations (checksum, state, steps, applied_at, revision) \
             VALUES (?, ?, ?, utc_timestamp(), ?)",
        ),
    };
    // Rows that are found are counted, changed or not.
    if lease.execute(update, &values).await?.affected == 0 {
        lease.execute(insert, &values).await?;
    }
    Ok(())
}

/// Forgets a revision.
pub(super) async fn forget(lease: &mut Lease<'_>, revision: &str) -> Result<()> {
    let sql = match lease.dialect() {
        Dialect::Postgres => "DELETE FROM pilaster_migrations WHERE revision = $1",
        Dialect::Sqlite | Dialect::Mysql => "DELETE FROM pilaster_migrations WHERE revision = ?",
    };
    lease.execute(sql, &[Value::Text(Cow::Borrowed(revision))]).await?;
    Ok(())
}
