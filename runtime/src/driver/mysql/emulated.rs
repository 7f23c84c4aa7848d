//! INSERT … RETURNING for servers without it, as MySQL is one: rows are read again by their keys.
//!
//! Exact, since both happen in one transaction: nobody else can change a row that it holds. The key is the one by which a
//! row that is there already is found; else the primary key, which is what the row gives, or what the server counted for
//! it (`LAST_INSERT_ID`, which is the connection's own). A key that another default makes cannot be known, and is refused
//! before anything is sent.
//!
//! Each row is inserted by a statement of its own. Of many in one the server tells the first key, and the manual promises
//! that the others follow it without gaps for `innodb_autoinc_lock_mode` 0 and 1 only; with 2, which is the default, there
//! may be gaps while others insert rows that are not counted before. Counted keys are read again many at once.

use mysql_async::Value as Sent;
use mysql_async::prelude::Queryable as _;
use rustc_hash::FxHashMap;

use super::rows::{BYTES, bind_row, fetch, keyed};
use super::{Connection, bind, from_mysql};
use crate::driver::{Bulk, Each, Rows, of_row};
use crate::error::{Error, ErrorKind, Result};
use crate::meta::ColumnMeta;
use crate::row::{Row, Source};
use crate::sql::{Dialect, Existing, Insert, Table, Writer};

/// How many rows are read again at once, fewer where they are long.
const TOGETHER: usize = 512;

/// The texts for one table.
struct Plan {
    insert: String,
    /// By keys that the server counts, many at once.
    counted: Option<Counted>,
    /// By the key that rows that are there already are found by. NULL in it finds none.
    found: Option<Again>,
    /// By the primary key.
    inserted: Result<Again>,
}

/// How a row is read again.
struct Again {
    select: String,
    /// Positions of the parts of its key among the given columns; `None` is counted by the server.
    key: Vec<Option<usize>>,
}

impl Again {
    fn by_found_key(bulk: &Bulk<'_>) -> Option<Self> {
        let columns = &bulk.conflict()?.key;
        let given = |column: &&ColumnMeta| bulk.columns.iter().position(|given| given.name == column.name);
        let key = columns.iter().map(|column| given(column).map(Some)).collect::<Option<_>>()?;
        Some(Self { select: Writer::select_by_key(Dialect::Mysql, bulk.table, &bulk.returning, columns), key })
    }

    fn by_primary_key(bulk: &Bulk<'_>) -> Result<Self> {
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
        Ok(Self { select: Writer::select_by_key(Dialect::Mysql, bulk.table, &bulk.returning, &bulk.key), key })
    }

    /// The key of a row of these values.
    fn key_of(&self, values: &[Sent], counted: Option<u64>) -> Option<Vec<Sent>> {
        let part = |part: &Option<usize>| match part {
            Some(at) => values.get(*at).cloned(),
            None => counted.map(Sent::UInt),
        };
        self.key.iter().map(part).collect()
    }
}

/// How rows are read again whose whole key the server counts.
struct Counted {
    table: Table,
    returning: Vec<&'static ColumnMeta>,
    key: &'static ColumnMeta,
    /// The position of the key among the columns that come back.
    at: usize,
}

impl Counted {
    fn of(bulk: &Bulk<'_>) -> Option<Self> {
        let key = bulk.counted.filter(|counted| bulk.key.iter().all(|part| part.name == counted.name))?;
        let at = bulk.returning.iter().position(|column| column.name == key.name)?;
        let given = bulk.columns.iter().any(|column| column.name == key.name);
        let new = matches!(bulk.existing, Existing::Refused) && !given;
        new.then(|| Self { table: bulk.table, returning: bulk.returning.clone(), key, at })
    }

    /// Reads the rows of these keys and hands each out at the place of its key, whatever a trigger made of that. The list is
    /// filled up to a power of two, so that few different texts are prepared.
    async fn read(&self, on: &mut Connection, keys: &[u64], each: Each<'_>) -> Result<()> {
        let width = keys.len().next_power_of_two();
        let sql = Writer::select_by_keys(Dialect::Mysql, self.table, &self.returning, self.key, width);
        let values = (0..width).filter_map(|at| keys.get(at).or(keys.last())).copied().map(Sent::UInt).collect();
        let statement = on.prepare(&sql, true).await?;
        let (found, columns) = fetch(on, &statement, &sql, values).await?;
        on.release(statement).await?;
        let found: FxHashMap<_, _> = keyed(found, &columns, self.at)?.into_iter().collect();
        keys.iter().try_for_each(|key| {
            let row = found.get(&Some(*key)).ok_or_else(not_found)?;
            each(&Row::new(Source::Mysql(row)))
        })
    }
}

impl Plan {
    fn of(bulk: &Bulk<'_>) -> Result<Self> {
        let insert = Insert { table: bulk.table, columns: &bulk.columns, returning: &[], existing: bulk.existing };
        let insert = Writer::insert(Dialect::Mysql, &insert)?.sql;
        match (Again::by_found_key(bulk), Again::by_primary_key(bulk)) {
            (None, Err(error)) => Err(error),
            (found, inserted) => Ok(Self { insert, counted: Counted::of(bulk), found, inserted }),
        }
    }

    /// How the row of these values is read again, and its key.
    fn again(&self, values: &[Sent], counted: Option<u64>) -> Result<(&Again, Vec<Sent>)> {
        let found = self.found.as_ref().and_then(|again| Some((again, again.key_of(values, None)?)));
        if let Some(found) = found.filter(|(_, key)| !key.contains(&Sent::NULL)) {
            return Ok(found);
        }
        let again = self.inserted.as_ref().map_err(|why| Error::new(why.kind().clone(), why.to_string()))?;
        let key = again.key_of(values, counted);
        key.map(|key| (again, key)).ok_or_else(not_counted)
    }
}

fn not_counted() -> Error {
    Error::query("the database counted no key for a row")
}

fn not_found() -> Error {
    Error::query("a row cannot be found under the key that it was inserted with")
}

/// Inserts rows and hands each to `each` as it is stored.
pub(super) async fn insert(on: &mut Connection, rows: &mut dyn Rows, each: Each<'_>) -> Result<u64> {
    let Some(bulk) = rows.bulk() else {
        let kind = ErrorKind::Unsupported { feature: "INSERT … RETURNING", dialect: "MySQL" };
        return Err(Error::new(kind, "MySQL gives no rows back from INSERT; MariaDB does"));
    };
    let plan = Plan::of(&bulk)?;
    let own = !on.transaction;
    if own {
        control(on, "START TRANSACTION").await?;
    }
    let outcome = match &plan.counted {
        Some(counted) => insert_counted(on, &plan, counted, rows, each).await,
        None => insert_all(on, &plan, rows, each).await,
    };
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

async fn insert_all(on: &mut Connection, plan: &Plan, rows: &mut dyn Rows, each: Each<'_>) -> Result<u64> {
    for row in 0..rows.len() {
        let mut values = Vec::new();
        bind_row(on, rows, row, &mut values)?;
        let given = values.clone();
        let statement = on.prepare(&plan.insert, true).await?;
        let outcome = on.run_prepared(&statement, &plan.insert, values, &mut |_| Ok(()), None).await;
        outcome.map_err(|error| of_row(error, rows, row))?;
        on.release(statement).await?;
        let (again, key) = plan.again(&given, on.client.last_insert_id())?;
        let mut found = 0;
        let mut counting = |row: &Row<'_>| {
            found += 1;
            each(row)
        };
        let statement = on.prepare(&again.select, true).await?;
        on.run_prepared(&statement, &again.select, key, &mut counting, None).await?;
        on.release(statement).await?;
        if found != 1 {
            return Err(not_found());
        }
    }
    Ok(rows.len() as u64)
}

/// Inserts rows whose keys are counted.
async fn insert_counted(
    on: &mut Connection,
    plan: &Plan,
    counted: &Counted,
    rows: &mut dyn Rows,
    each: Each<'_>,
) -> Result<u64> {
    let mut next = 0;
    while next < rows.len() {
        let keys = insert_some(on, &plan.insert, rows, next).await?;
        counted.read(on, &keys, &mut *each).await?;
        next += keys.len();
    }
    Ok(rows.len() as u64)
}

/// Inserts some rows, from one on, and gives the keys that the server counted for them.
async fn insert_some(on: &mut Connection, sql: &str, rows: &mut dyn Rows, first: usize) -> Result<Vec<u64>> {
    let statement = on.prepare(sql, true).await?;
    let (mut keys, mut bytes) = (Vec::new(), 0);
    while keys.len() < TOGETHER && first + keys.len() < rows.len() && bytes < BYTES {
        let mut values = Vec::new();
        bind_row(on, rows, first + keys.len(), &mut values)?;
        bytes += values.iter().map(bind::weight).sum::<usize>();
        let outcome = on.run_prepared(&statement, sql, values, &mut |_| Ok(()), None).await;
        outcome.map_err(|error| of_row(error, rows, first + keys.len()))?;
        keys.push(on.client.last_insert_id().ok_or_else(not_counted)?);
    }
    on.release(statement).await?;
    Ok(keys)
}
