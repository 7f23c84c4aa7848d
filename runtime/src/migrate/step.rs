//! Runs one step.

use super::data::{Action, Backfill, ConcurrentIndex, Precheck, Step};
use super::store::number;
use super::{fail, rebuild};
use crate::error::Result;
use crate::executor::Lease;
use crate::sql::Dialect;
use crate::value::{Value, shorten};

const NONE: [Value<'static>; 0] = [];

/// How many portions are filled between two looks at what is left.
const PORTIONS: u32 = 50;

/// How much of a statement is shown.
const SHOWN: usize = 600;

pub(super) async fn run(lease: &mut Lease<'_>, step: &Step) -> Result<()> {
    match &step.action {
        Action::Sql(sql) => lease.batch(sql).await,
        Action::Precheck(check) => precheck(lease, check).await,
        Action::Backfill(fill) => backfill(lease, fill).await,
        Action::ConcurrentIndex(index) => concurrent_index(lease, index).await,
        Action::SqliteRebuild(it) => rebuild::run(lease, it).await,
    }
}

async fn precheck(lease: &mut Lease<'_>, check: &Precheck) -> Result<()> {
    match number(lease, &check.sql).await? {
        0 => Ok(()),
        rows => {
            let message = check.message.replace("{count}", &rows.to_string());
            Err(fail(format!("{message}; {}", check.help)))
        }
    }
}

async fn backfill(lease: &mut Lease<'_>, fill: &Backfill) -> Result<()> {
    let mut left = number(lease, &fill.left).await?;
    let mut portions = 0;
    while left > 0 {
        let changed = lease.execute(&fill.sql, &NONE).await?.affected;
        portions += 1;
        if changed == 0 || portions % PORTIONS == 0 {
            let now = number(lease, &fill.left).await?;
            if now >= left {
                return Err(fail(format!("filling does not get on: {now} rows are left")));
            }
            left = now;
        }
    }
    Ok(())
}

async fn concurrent_index(lease: &mut Lease<'_>, index: &ConcurrentIndex) -> Result<()> {
    if index.create.is_some() && number(lease, &index.valid).await? == 1 {
        return Ok(());
    }
    // It waits for every transaction that was open before, and stands in nobody's way meanwhile.
    let limited = lease.dialect() == Dialect::Postgres;
    let before = if limited {
        number(lease, "SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'").await?
    } else {
        0
    };
    if limited {
        lease.batch("SET lock_timeout = 0").await?;
    }
    let mut outcome = lease.batch(&index.drop).await;
    if let (Ok(()), Some(create)) = (&outcome, &index.create) {
        outcome = lease.batch(create).await;
    }
    if limited {
        lease.batch(&format!("SET lock_timeout = {before}")).await?;
    }
    outcome
}

/// The statement of a step, for an error that does not show it.
pub(super) fn shown(step: &Step, error: &str) -> String {
    let sql = match &step.action {
        Action::Sql(sql) => sql,
        Action::Precheck(check) => &check.sql,
        Action::Backfill(fill) => &fill.sql,
        Action::ConcurrentIndex(index) => index.create.as_ref().unwrap_or(&index.drop),
        Action::SqliteRebuild(it) => &it.create,
    };
    let text = shorten(sql, SHOWN);
    if error.contains(&*text) { String::new() } else { format!("\n  in: {text}") }
}
