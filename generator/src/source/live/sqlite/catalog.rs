//! What SQLite reports about a file, in few queries over all tables, as plain rows.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use crate::ir::DialectName;
use crate::ir::check::types::is_type_text;
use crate::ir::quote::quote_ident;

/// Tables and views by name.
pub(super) type Catalog = BTreeMap<String, Object>;

/// A table or view.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// `table`, `view`, `virtual` or `shadow`.
    pub kind: String,
    /// Its `CREATE` text.
    pub sql: String,
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Foreign keys in order of declaration.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes in order of creation, those of constraints included.
    pub indexes: Vec<Index>,
    /// How many triggers it has.
    pub triggers: i64,
    /// Why its columns could not be read.
    pub broken: Option<String>,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub declared: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// Position in the primary key from 1, or 0.
    pub key: i64,
    /// 0 ordinary, 1 hidden, 2 virtual, 3 stored.
    pub hidden: i64,
}

/// A foreign key.
#[derive(Debug)]
pub(super) struct ForeignKey {
    pub id: i64,
    pub table: String,
    pub on_update: String,
    pub on_delete: String,
    /// Columns here and there; none there stands for the target's key.
    pub columns: Vec<(String, Option<String>)>,
}

/// An index.
#[derive(Debug)]
pub(super) struct Index {
    pub name: String,
    pub unique: bool,
    /// `c` created by itself, `u` of a unique constraint, `pk` of the key.
    pub origin: String,
    /// Its `CREATE INDEX` text, when it has one.
    pub sql: Option<String>,
    pub parts: Vec<IndexPart>,
}

/// A part of an index.
#[derive(Debug)]
pub(super) struct IndexPart {
    /// None for an expression.
    pub column: Option<String>,
    pub desc: bool,
    pub collation: String,
}

/// The table in which migrations are noted is ours.
const OBJECTS: &str = "SELECT l.name, l.type, s.sql, l.strict, l.wr FROM pragma_table_list AS l \
    JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
    WHERE l.schema = 'main' AND lower(substr(l.name, 1, 7)) <> 'sqlite_' \
    AND l.name <> 'pilaster_migrations'";

/// Columns of base tables. A virtual table whose module is missing, and a view over something missing, would fail the
/// whole query.
const COLUMNS: &str = "SELECT s.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden \
    FROM main.sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS c \
    WHERE s.type = 'table' AND s.sql NOT LIKE 'create virtual%' ORDER BY s.name, c.cid";

const VIEW_COLUMNS: &str = "SELECT ?1, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden \
    FROM pragma_table_xinfo(?1, 'main') AS c ORDER BY c.cid";

const FOREIGN_KEYS: &str = "SELECT s.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete \
    FROM main.sqlite_schema AS s, pragma_foreign_key_list(s.name, 'main') AS f \
    WHERE s.type = 'table' AND s.sql NOT LIKE 'create virtual%' ORDER BY s.name, f.id DESC, f.seq";

const INDEXES: &str = "SELECT s.name, i.name, i.\"unique\", i.origin, x.name, x.cid, x.\"desc\", x.coll, d.sql \
    FROM main.sqlite_schema AS s, pragma_index_list(s.name, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS x \
    LEFT JOIN main.sqlite_schema AS d ON d.type = 'index' AND d.name = i.name \
    WHERE s.type = 'table' AND s.sql NOT LIKE 'create virtual%' AND x.key = 1 ORDER BY s.name, i.seq DESC, x.seqno";

/// A trigger keeps the name of its table as it was written there.
const TRIGGERS: &str = "SELECT s.name, count(*) FROM main.sqlite_schema AS t JOIN main.sqlite_schema AS s \
    ON s.type IN ('table', 'view') AND s.name = t.tbl_name COLLATE NOCASE WHERE t.type = 'trigger' GROUP BY s.name";

/// Opens a file for reading only; it is never created.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    Ok(connection)
}

/// Reads everything as it is at one moment.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Catalog> {
    let transaction = connection.unchecked_transaction()?;
    let mut catalog = objects(&transaction)?;
    columns(&transaction, &mut catalog)?;
    view_columns(&transaction, &mut catalog)?;
    foreign_keys(&transaction, &mut catalog)?;
    indexes(&transaction, &mut catalog)?;
    triggers(&transaction, &mut catalog)?;
    Ok(catalog)
}

fn triggers(connection: &Connection, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(TRIGGERS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(object) = catalog.get_mut(&text(row, 0)?) {
            object.triggers = row.get(1)?;
        }
    }
    Ok(())
}

fn objects(connection: &Connection) -> rusqlite::Result<Catalog> {
    let mut catalog = Catalog::new();
    let mut statement = connection.prepare(OBJECTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let object = Object {
            kind: text(row, 1)?,
            sql: text(row, 2)?,
            strict: row.get(3)?,
            without_rowid: row.get(4)?,
            ..Object::default()
        };
        catalog.insert(text(row, 0)?, object);
    }
    Ok(catalog)
}

fn columns(connection: &Connection, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(COLUMNS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(object) = catalog.get_mut(&text(row, 0)?) {
            object.columns.push(column(row)?);
        }
    }
    Ok(())
}

/// One view at a time: a view over something that is gone is an error, which is not to hide the others.
fn view_columns(connection: &Connection, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(VIEW_COLUMNS)?;
    for (name, object) in catalog.iter_mut().filter(|(_, object)| object.kind == "view") {
        let read = statement.query_map([name], column).and_then(|rows| rows.collect::<rusqlite::Result<Vec<Column>>>());
        match read {
            Ok(columns) => object.columns = columns,
            Err(error) => object.broken = Some(error.to_string()),
        }
    }
    Ok(())
}

fn column(row: &Row<'_>) -> rusqlite::Result<Column> {
    Ok(Column {
        name: text(row, 1)?,
        declared: spelled(text(row, 2)?),
        not_null: row.get(3)?,
        default: optional(row, 4)?,
        key: row.get(5)?,
        hidden: row.get(6)?,
    })
}

/// A declared type as it is written: SQLite takes any text in quotes for one, and tells it without them.
fn spelled(declared: String) -> String {
    match declared.trim().is_empty() || is_type_text(&declared) {
        true => declared,
        false => quote_ident(DialectName::Sqlite, &declared),
    }
}

fn foreign_keys(connection: &Connection, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(FOREIGN_KEYS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(object) = catalog.get_mut(&text(row, 0)?) else { continue };
        let id: i64 = row.get(1)?;
        if object.foreign_keys.last().is_none_or(|key| key.id != id) {
            object.foreign_keys.push(ForeignKey {
                id,
                table: text(row, 2)?,
                on_update: text(row, 5)?,
                on_delete: text(row, 6)?,
                columns: Vec::new(),
            });
        }
        let pair = (text(row, 3)?, optional(row, 4)?);
        if let Some(key) = object.foreign_keys.last_mut() {
            key.columns.push(pair);
        }
    }
    Ok(())
}

fn indexes(connection: &Connection, catalog: &mut Catalog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(INDEXES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(object) = catalog.get_mut(&text(row, 0)?) else { continue };
        let name = text(row, 1)?;
        if object.indexes.last().is_none_or(|index| index.name != name) {
            object.indexes.push(Index {
                name,
                unique: row.get(2)?,
                origin: text(row, 3)?,
                sql: optional(row, 8)?,
                parts: Vec::new(),
            });
        }
        let part = IndexPart { column: optional(row, 4)?, desc: row.get(6)?, collation: text(row, 7)? };
        if let Some(index) = object.indexes.last_mut() {
            index.parts.push(part);
        }
    }
    Ok(())
}

fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    optional(row, index).map(Option::unwrap_or_default)
}

/// A text that may be NULL. Names are bytes to SQLite, and need not be UTF-8.
fn optional(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    })
}
