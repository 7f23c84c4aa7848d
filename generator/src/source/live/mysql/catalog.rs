//! What `information_schema` says about some databases, in seven queries over all tables, as plain rows.
//!
//! The server opens every table for most of these views, and looks at one database only where its name stands in the
//! text. Nothing is joined there: it would open them once for each row.

use std::collections::BTreeMap;

use pilaster::{Result, Row};

use super::super::connect::Snapshot;
use super::{escaped, rights, shown};
use crate::ir::DialectName;
use crate::ir::quote::quote_string;

/// Everything that is read.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// Whether the server is MariaDB, which prints defaults in another way than MySQL.
    pub mariadb: bool,
    /// Whether the server tells tables apart without regard to upper and lower case.
    pub folds_names: bool,
    /// The database that the URL names.
    pub current: Option<String>,
    pub tables: Vec<Table>,
    pub columns: Vec<Column>,
    pub index_parts: Vec<IndexPart>,
    pub key_parts: Vec<KeyPart>,
    pub actions: Vec<Actions>,
    pub checks: Vec<Check>,
    /// The table of each trigger.
    pub triggers: Vec<Name>,
    /// Databases of which the user may see single tables only.
    pub narrow: Vec<String>,
    /// What `SHOW CREATE TABLE` says of the tables that had to be asked for it.
    pub texts: BTreeMap<Name, String>,
}

/// The database and the name of a table.
pub(super) type Name = (String, String);

/// A table or view.
#[derive(Debug)]
pub(super) struct Table {
    pub name: Name,
    /// `BASE TABLE`, `VIEW`, `SEQUENCE`, `SYSTEM VERSIONED`.
    pub kind: String,
    pub comment: String,
    pub options: String,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub table: Name,
    pub name: String,
    pub default: Option<String>,
    pub nullable: bool,
    /// The first word of its type.
    pub word: String,
    /// Its type as SQL.
    pub spelled: String,
    pub collation: Option<String>,
    pub extra: String,
    pub comment: String,
    pub generated: Option<String>,
    /// The reference system that shapes must have.
    pub srid: Option<i64>,
    /// Whether the server printed some of its characters as question marks.
    pub cut: bool,
}

/// A part of an index, the primary key included.
#[derive(Debug)]
pub(super) struct IndexPart {
    pub table: Name,
    pub index: String,
    pub unique: bool,
    /// None for an expression.
    pub column: Option<String>,
    pub desc: bool,
    /// So many characters of the column only.
    pub prefix: Option<i64>,
    /// `BTREE`, `FULLTEXT`, `SPATIAL`, `HASH`.
    pub method: String,
    /// Whether queries pass it by: `IGNORED` on MariaDB, `INVISIBLE` on MySQL.
    pub ignored: bool,
}

/// A column of a foreign key.
#[derive(Debug)]
pub(super) struct KeyPart {
    pub table: Name,
    pub key: String,
    pub column: String,
    pub target: Name,
    pub target_column: String,
}

/// What a foreign key does.
#[derive(Debug)]
pub(super) struct Actions {
    pub table: Name,
    pub key: String,
    pub on_update: String,
    pub on_delete: String,
}

/// A check.
#[derive(Debug)]
pub(super) struct Check {
    pub table: Name,
    pub name: String,
    /// Whether it stands at a column, whose name it then has.
    pub at_column: bool,
    pub condition: String,
    pub enforced: bool,
    /// Whether the server printed some of its characters as question marks.
    pub cut: bool,
}

/// Reads the databases of these names; without one, that of the URL.
pub(super) fn read(snapshot: &Snapshot, wanted: &[String]) -> Result<Catalog> {
    let head = "SELECT version(), database(), @@lower_case_table_names <> 0";
    let (version, current, folds) = snapshot
        .rows(head, |row| Ok((row.get::<String>(0)?, row.get::<Option<String>>(1)?, row.get::<i64>(2)?)))?
        .pop()
        .unwrap_or_default();
    let mariadb = version.to_ascii_lowercase().contains("mariadb");
    let names: Vec<String> = match wanted {
        [] => current.iter().cloned().collect(),
        names => names.to_vec(),
    };
    let mut catalog = Catalog { mariadb, folds_names: folds != 0, current, ..Catalog::default() };
    let ignored = if snapshot.rows(IGNORED, |_| Ok(()))?.is_empty() { "IS_VISIBLE = 'NO'" } else { "IGNORED = 'YES'" };
    // MariaDB before 10.6 has neither.
    let has_neither = mariadb && ignored.starts_with("IS");
    let ignored = if has_neither { "0" } else { ignored };
    for name in names {
        if rights::are_narrow(snapshot, &name, mariadb) {
            catalog.narrow.push(name.clone());
        }
        let name = quote_string(DialectName::Mysql, &name);
        let of = |sql: &str| sql.replace("{schema}", &name);
        catalog.tables.extend(snapshot.rows(&of(TABLES), table)?);
        let srid = if mariadb { "NULL" } else { "SRS_ID" };
        catalog.columns.extend(snapshot.rows(&of(COLUMNS).replace("{srid}", srid), column)?);
        catalog.index_parts.extend(snapshot.rows(&of(INDEXES).replace("{ignored}", ignored), index_part)?);
        catalog.key_parts.extend(snapshot.rows(&of(KEYS), key_part)?);
        catalog.actions.extend(snapshot.rows(&of(ACTIONS), actions)?);
        catalog.checks.extend(snapshot.rows(&of(if mariadb { CHECKS } else { CHECKS_OF_MYSQL }), check)?);
        let table = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<String>(1)?));
        catalog.triggers.extend(snapshot.rows(&of(TRIGGERS), table)?);
    }
    rights::complete_actions(snapshot, &mut catalog);
    if mariadb {
        shown::complete(snapshot, &mut catalog);
    } else {
        catalog.undo_escapes();
    }
    Ok(catalog)
}

impl Catalog {
    /// Gives expressions the form in which MySQL would take them.
    fn undo_escapes(&mut self) {
        for column in &mut self.columns {
            column.generated.iter_mut().for_each(escaped::undo);
            if column.extra.to_ascii_lowercase().contains("default_generated") {
                column.default.iter_mut().for_each(escaped::undo);
            }
        }
        self.checks.iter_mut().for_each(|check| escaped::undo(&mut check.condition));
    }
}

/// The table in which migrations are noted is ours.
const TABLES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_COMMENT, coalesce(CREATE_OPTIONS, '') \
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME <> 'pilaster_migrations' \
    ORDER BY TABLE_NAME";

const COLUMNS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE, COLUMN_TYPE, \
    COLLATION_NAME, EXTRA, COLUMN_COMMENT, GENERATION_EXPRESSION, {srid} \
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} ORDER BY TABLE_NAME, ORDINAL_POSITION";

const INDEXES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, COLLATION, SUB_PART, \
    INDEX_TYPE, {ignored} \
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {schema} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

/// A row where MariaDB says of indexes whether they are ignored.
const IGNORED: &str = "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' \
    AND TABLE_NAME = 'STATISTICS' AND COLUMN_NAME = 'IGNORED'";

const KEYS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, \
    REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
    WHERE TABLE_SCHEMA = {schema} AND REFERENCED_TABLE_NAME IS NOT NULL \
    ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

const ACTIONS: &str = "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE \
    FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {schema} \
    ORDER BY TABLE_NAME, CONSTRAINT_NAME";

const TRIGGERS: &str = "SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS \
    WHERE EVENT_OBJECT_SCHEMA = {schema} ORDER BY EVENT_OBJECT_TABLE";

const CHECKS: &str = "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, LEVEL, CHECK_CLAUSE, 'YES' \
    FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {schema} ORDER BY TABLE_NAME, CONSTRAINT_NAME";

/// MySQL keeps names of checks apart from their tables. Its views are tables of a dictionary, so that joins are cheap.
const CHECKS_OF_MYSQL: &str = "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, c.CONSTRAINT_NAME, 'Table', c.CHECK_CLAUSE, t.ENFORCED \
    FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c \
    ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME \
    WHERE t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA = {schema} ORDER BY t.TABLE_NAME, c.CONSTRAINT_NAME";

fn name(row: &Row<'_>, at: usize) -> Result<Name> {
    Ok((row.get::<String>(at)?, row.get::<String>(at + 1)?))
}

fn table(row: &Row<'_>) -> Result<Table> {
    Ok(Table {
        name: name(row, 0)?,
        kind: row.get::<String>(2)?,
        comment: row.get::<String>(3)?,
        options: row.get::<String>(4)?,
    })
}

fn column(row: &Row<'_>) -> Result<Column> {
    Ok(Column {
        table: name(row, 0)?,
        name: row.get::<String>(2)?,
        default: row.get::<Option<String>>(3)?,
        nullable: row.get::<String>(4)? == "YES",
        word: row.get::<String>(5)?,
        spelled: row.get::<String>(6)?,
        collation: row.get::<Option<String>>(7)?,
        extra: row.get::<String>(8)?,
        comment: row.get::<String>(9)?,
        generated: row.get::<Option<String>>(10)?.filter(|text| !text.is_empty()),
        srid: row.get::<Option<i64>>(11)?,
        cut: false,
    })
}

fn index_part(row: &Row<'_>) -> Result<IndexPart> {
    Ok(IndexPart {
        table: name(row, 0)?,
        index: row.get::<String>(2)?,
        unique: row.get::<i64>(3)? == 0,
        column: row.get::<Option<String>>(4)?,
        desc: row.get::<Option<String>>(5)?.as_deref() == Some("D"),
        prefix: row.get::<Option<i64>>(6)?,
        method: row.get::<String>(7)?,
        ignored: row.get::<i64>(8)? != 0,
    })
}

fn key_part(row: &Row<'_>) -> Result<KeyPart> {
    Ok(KeyPart {
        table: name(row, 0)?,
        key: row.get::<String>(2)?,
        column: row.get::<String>(3)?,
        target: name(row, 4)?,
        target_column: row.get::<String>(6)?,
    })
}

fn actions(row: &Row<'_>) -> Result<Actions> {
    Ok(Actions {
        table: name(row, 0)?,
        key: row.get::<String>(2)?,
        on_update: row.get::<String>(3)?,
        on_delete: row.get::<String>(4)?,
    })
}

fn check(row: &Row<'_>) -> Result<Check> {
    Ok(Check {
        table: name(row, 0)?,
        name: row.get::<String>(2)?,
        at_column: row.get::<String>(3)? == "Column",
        condition: row.get::<String>(4)?,
        enforced: row.get::<String>(5)? == "YES",
        cut: false,
    })
}
