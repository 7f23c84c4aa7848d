//! Which table and columns a violation is about: SQLite names them for unique and missing values only.
//!
//! What a statement as the writer makes it gives is known by its text and parameters, so that the foreign key at fault is
//! the one whose row is not there. Nothing is asked unless a statement failed.

use super::bind;
use super::stmt::{Cell, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Dialect;
use crate::value::Value;

/// A statement that changes rows.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    table: String,
    /// The columns that are given, in the order of the first parameters.
    columns: Vec<String>,
    /// Whether rows are only taken away.
    delete: bool,
}

/// A foreign key of a table.
#[derive(Default)]
struct Key {
    table: String,
    columns: Vec<String>,
    /// Empty for the primary key.
    references: Vec<String>,
}

/// The error with table and columns, as far as they can be found out.
#[cold]
pub(super) fn complete(
    error: Error,
    session: &mut Session,
    sql: &str,
    values: impl FnOnce() -> Result<Vec<Value<'static>>>,
) -> Error {
    let Some(change) = read(sql) else { return error };
    match error.kind() {
        ErrorKind::CheckViolation(_) => error.in_place(change.table, Vec::new()),
        ErrorKind::ForeignKeyViolation(_) => match foreign_key(session, &change, values) {
            Ok(Some((table, columns))) => error.in_place(table, columns),
            // What cannot be found out is no fault of its own.
            Ok(None) | Err(_) => error.in_place(change.table, Vec::new()),
        },
        _ => error,
    }
}

fn foreign_key(
    session: &mut Session,
    change: &Change,
    values: impl FnOnce() -> Result<Vec<Value<'static>>>,
) -> Result<Option<(String, Vec<String>)>> {
    if !change.delete {
        let values = values()?;
        for key in keys_of(session, &change.table)? {
            let given = |column: &String| {
                let at = change.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?;
                values.get(at).filter(|value| !value.is_null())
            };
            let Some(given) = key.columns.iter().map(given).collect::<Option<Vec<_>>>() else { continue };
            if !is_there(session, &key, &given)? {
                return Ok(Some((change.table.clone(), key.columns)));
            }
        }
    }
    // A row that others refer to: the key is known where there is one only.
    let mut found = Vec::new();
    for table in referring(session, &change.table)? {
        let keys = keys_of(session, &table)?.into_iter().filter(|key| key.table.eq_ignore_ascii_case(&change.table));
        found.extend(keys.map(|key| (table.clone(), key.columns)));
    }
    Ok(found.pop().filter(|_| found.is_empty()))
}

fn keys_of(session: &mut Session, table: &str) -> Result<Vec<Key>> {
    let sql = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id, seq";
    let mut keys: Vec<Key> = Vec::new();
    let mut last = None;
    for mut row in ask(session, sql, &[Value::Text(table.into())])? {
        let (to, from, target, id) = (row.pop(), row.pop(), row.pop(), row.pop());
        if last != id {
            keys.push(Key { table: target.flatten().unwrap_or_default(), ..Key::default() });
            last = id;
        }
        if let Some(key) = keys.last_mut() {
            key.columns.extend(from.flatten());
            key.references.extend(to.flatten());
        }
    }
    Ok(keys)
}

/// Whether the row that a key points to is there.
fn is_there(session: &mut Session, key: &Key, values: &[&Value<'static>]) -> Result<bool> {
    let mut references = key.references.clone();
    if references.is_empty() {
        let sql = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
        let rows = ask(session, sql, &[Value::Text(key.table.as_str().into())])?;
        references = rows.into_iter().flatten().flatten().collect();
    }
    let tests: Vec<String> = references.iter().map(|name| format!("{} = ?", quoted(name))).collect();
    let sql = format!("SELECT 1 FROM {} WHERE {}", quoted(&key.table), tests.join(" AND "));
    let values: Vec<Value<'static>> = values.iter().map(|value| (*value).clone()).collect();
    Ok(!ask(session, &sql, &values)?.is_empty())
}

/// The tables that refer to one.
fn referring(session: &mut Session, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) f \
               WHERE m.type = 'table' AND f.\"table\" = ? COLLATE NOCASE";
    Ok(ask(session, sql, &[Value::Text(table.into())])?.into_iter().flatten().flatten().collect())
}

/// The rows of a statement as texts.
fn ask(session: &mut Session, sql: &str, values: &[Value<'_>]) -> Result<Vec<Vec<Option<String>>>> {
    let found = session.find(sql);
    let mut running = session.run(sql, found)?;
    running.bind(|binder| values.iter().try_for_each(|value| bind::put(binder, value)))?;
    let mut rows = Vec::new();
    while running.step()? {
        let row = running.row();
        rows.push((0..row.columns()).map(|at| row.cell(at).and_then(|cell| text(&cell))).collect());
    }
    Ok(rows)
}

fn text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Int(number) => Some(number.to_string()),
        Cell::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

fn quoted(name: &str) -> String {
    let mut out = String::new();
    Dialect::Sqlite.quote_ident(&mut out, name);
    out
}

/// Reads the statements that the writer makes.
fn read(sql: &str) -> Option<Change> {
    if let Some(rest) = sql.strip_prefix("DELETE FROM ") {
        return Some(Change { table: table(rest)?.0, columns: Vec::new(), delete: true });
    }
    let mut columns = Vec::new();
    if let Some(rest) = sql.strip_prefix("INSERT INTO ") {
        let (table, rest) = table(rest)?;
        let mut rest = rest.trim_start().strip_prefix('(').unwrap_or("");
        while let Some((name, behind)) = identifier(rest) {
            columns.push(name);
            rest = behind.strip_prefix(", ").unwrap_or("");
        }
        return Some(Change { table, columns, delete: false });
    }
    let (table, rest) = table(sql.strip_prefix("UPDATE ")?)?;
    let mut rest = rest.trim_start().strip_prefix("SET ")?;
    while let Some((name, behind)) = identifier(rest) {
        // Whatever is computed ends what is known.
        let Some(behind) = behind.strip_prefix(" = ?") else { break };
        columns.push(name);
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(", ").unwrap_or("");
    }
    Some(Change { table, columns, delete: false })
}

/// A table, in the schema that is its own or another one.
fn table(text: &str) -> Option<(String, &str)> {
    let (name, rest) = identifier(text)?;
    match rest.strip_prefix('.').and_then(identifier) {
        Some(found) => Some(found),
        None => Some((name, rest)),
    }
}

/// A quoted identifier at the beginning of a text, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => return Some((name, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_writer_are_read() {
        let change = |table: &str, columns: &[&str], delete| {
            let columns = columns.iter().map(|&name| name.to_owned()).collect();
            Some(Change { table: table.to_owned(), columns, delete })
        };
        assert_eq!(read("DELETE FROM \"a\"\"b\" WHERE 1"), change("a\"b", &[], true));
        assert_eq!(read("INSERT INTO \"a\" (\"x, y\", \"z\") VALUES (?, ?)"), change("a", &["x, y", "z"], false));
        assert_eq!(read("INSERT INTO \"main\".\"a\" DEFAULT VALUES"), change("a", &[], false));
        assert_eq!(read("UPDATE \"a\" SET \"x\" = ?1, \"y\" = ?, \"z\" = \"z\" + ?"), change("a", &["x", "y"], false));
        assert_eq!(read("SELECT 1"), None);
    }
}
