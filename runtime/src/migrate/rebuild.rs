//! Making a table of SQLite anew, with everything kept that belongs to it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::data::SqliteRebuild;
use super::fail;
use super::store::{number, rows};
use crate::error::Result;
use crate::executor::Lease;
use crate::value::Value;

const NONE: [Value<'static>; 0] = [];

fn text(value: &str) -> [Value<'_>; 1] {
    [Value::Text(Cow::Borrowed(value))]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes the table anew, within a transaction and with foreign keys off.
pub(super) async fn run(lease: &mut Lease<'_>, it: &SqliteRebuild) -> Result<()> {
    let kept = kept(lease, it).await?;
    let highest = if it.sequence { sequence(lease, &it.table).await? } else { None };
    let there = number(lease, &format!("SELECT count(*) FROM {}", quoted(&it.table))).await?;
    lease.batch(&format!("DROP TABLE IF EXISTS {}", quoted(&it.temporary))).await?;
    lease.batch(&it.create).await?;
    let copied = lease.execute(&it.copy, &NONE).await?.affected;
    if i64::try_from(copied).ok() != Some(there) {
        return Err(fail(format!("`{}` has {there} rows, and {copied} were copied", it.table)));
    }
    lease.batch(&format!("DROP TABLE {}", quoted(&it.table))).await?;
    // Views and triggers that name the table are left alone so; else the renaming fails at them.
    lease.batch("PRAGMA legacy_alter_table = ON").await?;
    let renamed = lease.batch(&it.rename).await;
    lease.batch("PRAGMA legacy_alter_table = OFF").await?;
    renamed?;
    if let Some(highest) = highest {
        raise(lease, &it.table, highest).await?;
    }
    for sql in it.indexes.iter() {
        lease.batch(sql).await?;
    }
    for sql in &kept {
        lease.batch(sql).await?;
    }
    Ok(())
}

/// The texts of the indexes that no schema knows, and of the triggers.
async fn kept(lease: &mut Lease<'_>, it: &SqliteRebuild) -> Result<Vec<String>> {
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? COLLATE NOCASE \
        AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, rowid";
    let all = rows(lease, sql, &text(&it.table), |row| {
        Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
    })
    .await?;
    let keeps = |kind: &str, name: &str| kind == "trigger" || !it.known_indexes.iter().any(|known| known == name);
    Ok(all.into_iter().filter(|(kind, name, _)| keeps(kind, name)).map(|(.., sql)| sql).collect())
}

/// The highest number that a table has given out.
async fn sequence(lease: &mut Lease<'_>, table: &str) -> Result<Option<i64>> {
    if number(lease, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'").await? == 0 {
        return Ok(None);
    }
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?";
    Ok(rows(lease, sql, &text(table), |row| row.get::<i64>(0)).await?.first().copied())
}

async fn raise(lease: &mut Lease<'_>, table: &str, highest: i64) -> Result<()> {
    let values = [Value::Int(highest), Value::Text(Cow::Borrowed(table))];
    let sql = match sequence(lease, table).await? {
        Some(_) => "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
        None => "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)",
    };
    lease.execute(sql, &values).await?;
    Ok(())
}

/// How many rows of each table have lost their parent.
pub(super) async fn orphans(lease: &mut Lease<'_>) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1";
    Ok(rows(lease, sql, &NONE, |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?))).await?.into_iter().collect())
}

/// Refuses orphans that were not there before.
pub(super) async fn no_new_orphans(lease: &mut Lease<'_>, before: &BTreeMap<String, i64>) -> Result<()> {
    for (table, count) in orphans(lease).await? {
        if count > before.get(&table).copied().unwrap_or(0) {
            let why = format!("{count} rows of `{table}` would point to rows that are not there; nothing was changed");
            return Err(fail(why));
        }
    }
    Ok(())
}
