//! One INSERT for many rows: as few statements as there may be parameters, and every key with its own row.
//!
//! RETURNING promises no order. Where the database counts a key that the statement does not give, the rows of one
//! statement get rising numbers in the order of its VALUES, by the manual, so the numbers say which row is whose: they
//! come back rising, unless a trigger made them, which is refused.
//! Where it counts none, or rows may be there already, every row is a statement of its own.

use std::ops::Range;
use std::sync::Arc;

use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Column, Statement, Value as Sent};

use super::{Connection, Cursor, bind};
use crate::driver::{Each, Returned, Rows, of_row};
use crate::error::{Error, Result};
use crate::row::{RawRow, Row, Source};

/// What one statement takes at most.
const PARAMETERS: usize = 65_535;
/// Rows of a full statement; always the same, so that it is prepared once.
const ROWS: usize = 500;
/// A statement's values are not larger than this, unless a single row is; servers take 16 MiB by default, and may take less.
pub(super) const BYTES: usize = 1 << 20;
/// The statements of so few rows are kept prepared.
const KEPT: usize = 8;

/// Runs one statement for every row.
pub(super) async fn execute(
    on: &mut Connection,
    sql: &str,
    rows: &mut dyn Rows,
    returned: Returned<'_>,
) -> Result<u64> {
    let returned = match returned {
        // Kept apart, as it needs much room, which MariaDB has no use for.
        Returned::Rows(each) if !on.server.returning => {
            return Box::pin(super::emulated::insert(on, rows, each)).await;
        }
        returned => returned,
    };
    let statement = on.prepare(sql, true).await?;
    let affected = run(on, &statement, sql, rows, returned).await?;
    on.release(statement).await?;
    Ok(affected)
}

async fn run(
    on: &mut Connection,
    statement: &Statement,
    sql: &str,
    rows: &mut dyn Rows,
    returned: Returned<'_>,
) -> Result<u64> {
    let width = usize::from(statement.num_params());
    let tuple = values(sql, width).filter(|_| width > 0 && rows.len() > 1);
    match (returned, tuple) {
        // Kept apart, as it needs much room.
        (Returned::Nothing, Some(tuple)) => Box::pin(many(on, sql, &tuple, width, rows, 0, None)).await,
        // What was found has an older key than what was inserted before it.
        (Returned::Rows(each), Some(tuple)) if rows.bulk().is_none_or(|bulk| bulk.conflict().is_none()) => {
            let (mut first, mut affected) = (0, 0);
            // Servers tell that a column counts once the statement has run.
            if counted(statement, sql).is_none() {
                affected = single(on, statement, sql, rows, 0, each).await?;
                first = 1;
            }
            affected += match counted(statement, sql) {
                Some(at) => Box::pin(many(on, sql, &tuple, width, rows, first, Some((each, at)))).await?,
                None => one_by_one(on, statement, sql, rows, first, Returned::Rows(each)).await?,
            };
            Ok(affected)
        }
        (returned, _) => one_by_one(on, statement, sql, rows, 0, returned).await,
    }
}

/// The position of the key that the database counts, among the columns that come back.
fn counted(statement: &Statement, sql: &str) -> Option<usize> {
    let columns = statement.columns();
    let at = columns.iter().position(|column| column.flags().contains(ColumnFlags::AUTO_INCREMENT_FLAG))?;
    columns.get(at).filter(|column| !gives(sql, &column.name_str())).map(|_| at)
}

async fn one_by_one(
    on: &mut Connection,
    statement: &Statement,
    sql: &str,
    rows: &mut dyn Rows,
    first: usize,
    returned: Returned<'_>,
) -> Result<u64> {
    let mut returned = returned;
    let mut affected = 0;
    for row in first..rows.len() {
        if let Returned::Rows(each) = &mut returned {
            affected += single(on, statement, sql, rows, row, each).await?;
            continue;
        }
        let mut values = Vec::new();
        bind_row(on, rows, row, &mut values)?;
        let outcome = on.run_prepared(statement, sql, values, &mut |_| Ok(()), None).await;
        outcome.map_err(|error| of_row(error, rows, row))?;
        affected += on.client.affected_rows();
        if let Returned::Keys(keys) = &mut returned {
            let key = on.client.last_insert_id().and_then(|key| i64::try_from(key).ok());
            keys.push(key.ok_or_else(|| Error::query("the database counted no key for a row"))?);
        }
    }
    Ok(affected)
}

/// One row, which comes back. The answer with rows in it does not count them.
async fn single(
    on: &mut Connection,
    statement: &Statement,
    sql: &str,
    rows: &mut dyn Rows,
    at: usize,
    each: Each<'_>,
) -> Result<u64> {
    let mut values = Vec::new();
    bind_row(on, rows, at, &mut values)?;
    let mut affected = 0;
    let mut count = |row: &Row<'_>| {
        affected += 1;
        each(row)
    };
    let outcome = on.run_prepared(statement, sql, values, &mut count, None).await;
    outcome.map_err(|error| of_row(error, rows, at))?;
    Ok(affected)
}

/// What takes the rows that come back, and the position of the key that the database counts.
type Back<'a> = Option<(Each<'a>, usize)>;

async fn many(
    on: &mut Connection,
    sql: &str,
    tuple: &Range<usize>,
    width: usize,
    rows: &mut dyn Rows,
    first: usize,
    back: Back<'_>,
) -> Result<u64> {
    let mut back = back;
    let most = (PARAMETERS / width).clamp(1, ROWS);
    let room = bind::room(on.packet).min(BYTES);
    let (mut next, mut affected) = (first, 0);
    // The values of the next row, which a statement had no room for.
    let mut row = Vec::new();
    while next < rows.len() {
        let (mut values, mut bytes, mut count) = (Vec::new(), 0, 0);
        while count < most && next < rows.len() {
            if row.is_empty() {
                bind_row(on, rows, next, &mut row)?;
            }
            bytes += row.iter().map(bind::weight).sum::<usize>();
            if count > 0 && bytes > room {
                break;
            }
            values.append(&mut row);
            (count, next) = (count + 1, next + 1);
        }
        let text = repeated(sql, tuple, count);
        affected += run_chunk(on, &text, values, count, most, &mut back).await?;
    }
    Ok(affected)
}

async fn run_chunk(
    on: &mut Connection,
    sql: &str,
    values: Vec<Sent>,
    count: usize,
    most: usize,
    back: &mut Back<'_>,
) -> Result<u64> {
    let keep = count == most || count <= KEPT;
    let statement = on.prepare(sql, keep).await?;
    let (found, columns) = fetch(on, &statement, sql, values).await?;
    let affected = on.client.affected_rows();
    on.release(statement).await?;
    if let Some((each, counted)) = back {
        hand_out(found, &columns, *counted, count, each)?;
        return Ok(count as u64);
    }
    Ok(affected)
}

/// Runs a statement, and gives the rows that come back, with their columns.
pub(super) async fn fetch(
    on: &mut Connection,
    statement: &Statement,
    sql: &str,
    values: Vec<Sent>,
) -> Result<(Vec<mysql_async::Row>, Arc<[Column]>)> {
    let named = |fault| super::from_mysql(fault, Some(sql));
    let (given, taken) = (values.len(), usize::from(statement.num_params()));
    if given != taken {
        return Err(Error::query(format!("the statement has {taken} parameters, and {given} values were given")));
    }
    bind::all_within(&values, on.packet)?;
    on.ran = true;
    let mut answer = on.client.exec_iter(statement, values).await.map_err(named)?;
    let columns = answer.columns().unwrap_or_default();
    let mut found = Vec::new();
    while let Some(row) = answer.next().await.map_err(named)? {
        found.push(row);
    }
    answer.drop_result().await.map_err(named)?;
    Ok((found, columns))
}

/// Hands out the rows of one statement, which came with rising keys. Other keys were made by a trigger, and do not tell
/// which row is whose.
fn hand_out(
    found: Vec<mysql_async::Row>,
    columns: &[Column],
    counted: usize,
    count: usize,
    each: Each<'_>,
) -> Result<()> {
    if found.len() != count {
        let message = format!("the database gave back {} rows for {count} that were inserted", found.len());
        return Err(Error::query(message));
    }
    let keyed = keyed(found, columns, counted)?;
    if !keyed.is_sorted_by_key(|(key, _)| *key) {
        return Err(Error::query(
            "rows cannot be told apart by their keys, which the database did not count: a trigger changes them; insert with \
             `run`, or each row alone",
        ));
    }
    keyed.iter().try_for_each(|(_, row)| each(&Row::new(Source::Mysql(row))))
}

/// Rows with their counted keys.
pub(super) fn keyed(
    found: Vec<mysql_async::Row>,
    columns: &[Column],
    counted: usize,
) -> Result<Vec<(Option<u64>, Cursor<'_>)>> {
    let with_key = |row| {
        let row = Cursor::new(row, columns);
        Ok((row.uint(counted)?, row))
    };
    found.into_iter().map(with_key).collect()
}

pub(super) fn bind_row(on: &Connection, rows: &mut dyn Rows, row: usize, values: &mut Vec<Sent>) -> Result<()> {
    rows.bind(row, &mut |value| {
        values.push(bind::within(value, on.packet)?);
        Ok(())
    })
}

/// Where `(?, ?)` stands behind VALUES, for a statement with so many parameters. Only text outside of quotes counts.
fn values(sql: &str, width: usize) -> Option<Range<usize>> {
    let wanted = format!("({})", vec!["?"; width].join(", "));
    let mut offset = 0;
    for (at, part) in sql.split('`').enumerate() {
        if at % 2 == 0
            && let Some(found) = part.find(" VALUES ")
        {
            let start = offset + found + " VALUES ".len();
            return sql.get(start..)?.starts_with(&wanted).then(|| start..start + wanted.len());
        }
        offset += part.len() + 1;
    }
    None
}

/// The statement for so many rows.
fn repeated(sql: &str, tuple: &Range<usize>, count: usize) -> String {
    let (head, one, tail) = (sql.get(..tuple.start), sql.get(tuple.clone()), sql.get(tuple.end..));
    let (head, one, tail) = (head.unwrap_or(""), one.unwrap_or(""), tail.unwrap_or(""));
    let mut text = String::with_capacity(head.len() + (one.len() + 2) * count + tail.len());
    text.push_str(head);
    for at in 0..count {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(one);
    }
    text.push_str(tail);
    text
}

/// Whether an INSERT gives a column a value of its own: its name stands before VALUES.
fn gives(sql: &str, column: &str) -> bool {
    let name = format!("`{}`", column.replace('`', "``"));
    let list = sql.split_once(" (").and_then(|(_, rest)| rest.split_once(") VALUES ")).map_or("", |(list, _)| list);
    list.split(", ").any(|given| given == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tuple_is_found_outside_of_names() {
        let sql = "INSERT INTO `a VALUES (?)` (`b`) VALUES (?) RETURNING `c VALUES (?)`";
        let tuple = values(sql, 1).unwrap();
        assert_eq!(
            repeated(sql, &tuple, 3),
            "INSERT INTO `a VALUES (?)` (`b`) VALUES (?), (?), (?) RETURNING `c VALUES (?)`"
        );
        assert_eq!(values("INSERT INTO `a` (`b`, `c`) VALUES (?, 1)", 1), None);
        assert_eq!(values("UPDATE `a` SET `b` = ?", 1), None);
    }

    #[test]
    fn given_keys_are_seen() {
        let sql = "INSERT INTO `a` (`id`, `b``c`) VALUES (?, ?) RETURNING `id`, `d`";
        assert!(gives(sql, "id"));
        assert!(gives(sql, "b`c"));
        assert!(!gives(sql, "d"));
    }
}
