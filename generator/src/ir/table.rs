//! The tables layer: what a database can report about itself.

use std::fmt;

use super::{ColumnId, Expr, RawType, SqlType, TableId};

/// The name of a table, or of an enum type, which is in a schema as a table is: the schema, if it is named, and the name
/// itself, as SQL knows them. Either may hold any character, so the two are never told apart in a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// PostgreSQL schema or MySQL database; `None` is the connection's default.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl TableName {
    /// A name in the connection's own schema.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }
}

/// For people alone.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What kind of relation in the database's sense a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// A base table.
    Table,
    /// A view: read only.
    View,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Table or view.
    pub kind: TableKind,
    /// Its columns in the database's order.
    pub columns: Vec<Column>,
    /// Columns of the primary key in key order; empty when there is none.
    pub primary_key: Vec<ColumnId>,
    /// Unique constraints.
    pub uniques: Vec<Unique>,
    /// Indexes that are not constraints.
    pub indexes: Vec<Index>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Comment of the table.
    pub comment: Option<String>,
    /// The name the table had before, for migrations.
    pub renamed_from: Option<String>,
    /// SQLite's own table options, as data that round trips.
    pub sqlite: SqliteOptions,
}

/// Options that only SQLite has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SqliteOptions {
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// `AUTOINCREMENT` on the integer primary key.
    pub autoincrement: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its SQL name.
    pub name: String,
    /// Its logical type.
    pub ty: SqlType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// What the database fills in when an insert leaves the column out.
    pub default: Option<Default>,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: Option<Generated>,
    /// Collation, by the database's name.
    pub collation: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// The name the column had before, for migrations.
    pub renamed_from: Option<String>,
    /// The spelling of the type that the database reported, where it differs from the one we would write.
    pub declared: Option<RawType>,
}

/// A column default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// A constant, typed by the column.
    Value(Literal),
    /// The current date, time or both (`now` in a spec).
    Now,
    /// The key is made by the database: integer primary key on SQLite, identity on PostgreSQL, `AUTO_INCREMENT`.
    AutoIncrement,
    /// A SQL expression.
    Expr(Expr),
}

/// A constant of a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// Integer.
    Int(i128),
    /// Decimal or floating point number, as written.
    Number(String),
    /// Truth value.
    Bool(bool),
    /// Text; also dates, times, UUIDs, JSON and enum labels.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A generated column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Its expression.
    pub expr: Expr,
    /// Stored (`true`) or computed when read.
    pub stored: bool,
}

/// A unique constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// Name, when the database or the spec gives one.
    pub name: Option<String>,
    /// Columns in order.
    pub columns: Vec<ColumnId>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name, when given; otherwise DDL makes one from table and columns.
    pub name: Option<String>,
    /// Parts in order.
    pub parts: Vec<IndexPart>,
    /// `UNIQUE`.
    pub unique: bool,
    /// `WHERE …` of a partial index.
    pub predicate: Option<Expr>,
    /// Dialects it is made on; empty is all.
    pub only: Vec<DialectName>,
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// A column or an expression.
    pub target: IndexTarget,
    /// Descending.
    pub desc: bool,
}

/// What an index part orders by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexTarget {
    /// A column.
    Column(ColumnId),
    /// An expression.
    Expr(Expr),
}

/// A check constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Name, when given.
    pub name: Option<String>,
    /// Condition.
    pub expr: Expr,
}

/// A foreign key. `columns` and `references` have the same length, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Name, when given.
    pub name: Option<String>,
    /// Columns of this table.
    pub columns: Vec<ColumnId>,
    /// The table they point to.
    pub table: TableId,
    /// The columns there.
    pub references: Vec<ColumnId>,
    /// What happens to these rows when the target is deleted.
    pub on_delete: Action,
    /// What happens to these rows when the target's key changes.
    pub on_update: Action,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferred: bool,
}

/// Referential action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// `NO ACTION`.
    #[default]
    NoAction,
    /// `RESTRICT`.
    Restrict,
    /// `CASCADE`.
    Cascade,
    /// `SET NULL`.
    SetNull,
    /// `SET DEFAULT`.
    SetDefault,
}

/// The databases we write for. MariaDB counts as MySQL here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DialectName {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}
