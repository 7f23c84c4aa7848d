//! INSERT … RETURNING for servers without it, as MySQL is one: the row is read again by its key.
//!
//! Exact, since both happen in one transaction: nobody else can change a row that it holds. The key is what the row
//! gives, or what the server counted for it (`LAST_INSERT_ID`, which is the connection's own). A key that another default
//! makes cannot be known, and is refused before anything is sent. Each row is a statement of its own.

use mysql_async::Value as Sent;
use mysql_async::prelude::Queryable as _;

use super::rows::bind_row;
use super::{Connection, from_mysql};
use crate::driver::{Bulk, Each, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::row::Row;
use crate::sql::{Dialect, Insert, Writer};

/// The texts for one table, and where the parts of its key come from.
struct Plan {
    insert: String,
    select: String,
    /// Positions among the given columns; `None` is counted by the server.
    key: Vec<Option<usize>>,
}

impl Plan {
    fn of(bulk: &Bulk) -> Result<Self> {
        let unsupported = |why: &str| {
            let kind = ErrorKind::Unsupported { feature: "giving inserted rows back", dialect: "MySQL" };
            Error::new(kind, format!("{why}: insert with `run`, or give the key yourself"))
        };
        if bulk.key.is_empty() {
            return Err(unsupported("MySQL has no RETURNING, and the table has no key to read rows again by"));
        }
        let mut key = Vec::new();
        for column in &bulk.key {
            let given = bulk.columns.iter().position(|given| given.name == column.name);
            if given.is_none() && bulk.counted.is_none_or(|counted| counted.name != column.name) {
                return Err(unsupported("MySQL has no RETURNING, and does not tell the key that a default makes"));
            }
            key.push(given);
        }
        let insert = Insert { table: bulk.table, columns: &bulk.columns, returning: &[], ignore_existing: false };
        let select = Writer::select_by_key(Dialect::Mysql, bulk.table, &bulk.returning, &bulk.key);
        Ok(Self { insert: Writer::insert(Dialect::Mysql, &insert), select, key })
    }
}

/// Inserts rows and hands each to `each` as it is stored.
pub(super) async fn insert(on: &mut Connection, rows: &dyn Rows, each: Each<'_>) -> Result<u64> {
    let Some(bulk) = rows.bulk() else {
        let kind = ErrorKind::Unsupported { feature: "INSERT … RETURNING", dialect: "MySQL" };
        return Err(Error::new(kind, "MySQL gives no rows back from INSERT; MariaDB does"));
    };
    let plan = Plan::of(&bulk)?;
    let own = !on.transaction;
    if own {
        control(on, "START TRANSACTION").await?;
    }
    let outcome = insert_all(on, &plan, rows, each).await;
    match (own, &outcome) {
        (false, _) => {}
        (true, Ok(_)) => control(on, "COMMIT").await?,
        // The fault in hand matters more.
        (true, Err(error)) if matches!(error.kind(), ErrorKind::Connection) => {}
        (true, Err(_)) => drop(control(on, "ROLLBACK").await),
    }
    outcome
}

async fn control(on: &mut Connection, sql: &str) -> Result<()> {
    on.client.query_drop(sql).await.map_err(|fault| from_mysql(fault, Some(sql)))
}

async fn insert_all(on: &mut Connection, plan: &Plan, rows: &dyn Rows, each: Each<'_>) -> Result<u64> {
    for row in 0..rows.len() {
        let mut values = Vec::new();
        bind_row(rows, row, &mut values)?;
        let mut key: Vec<Option<Sent>> = Vec::new();
        for part in &plan.key {
            key.push(part.and_then(|at| values.get(at).cloned()));
        }
        let statement = on.prepare(&plan.insert, true).await?;
        on.run_prepared(&statement, &plan.insert, values, &mut |_| Ok(()), None).await?;
        on.release(statement).await?;
        let counted = on.client.last_insert_id();
        let key: Option<Vec<Sent>> = key.into_iter().map(|part| part.or(counted.map(Sent::UInt))).collect();
        let key = key.ok_or_else(|| Error::query("the database counted no key for a row"))?;
        let mut found = 0;
        let mut counting = |row: &Row<'_>| {
            found += 1;
            each(row)
        };
        let statement = on.prepare(&plan.select, true).await?;
        on.run_prepared(&statement, &plan.select, key, &mut counting, None).await?;
        on.release(statement).await?;
        if found != 1 {
            return Err(Error::query("a row cannot be found under the key that it was inserted with"));
        }
    }
    Ok(rows.len() as u64)
}
