//! A history of revisions as data: what a program carries with it, or the command makes of files.
//!
//! All texts are written, for one database; whatever is more than a statement is a procedure with a name. Texts and
//! lists are borrowed from statics or owned.

use std::borrow::Cow;

use crate::sql::Dialect;

/// A text of a program or of its own.
pub type Text = Cow<'static, str>;

/// A list of a program or of its own.
pub type List<T> = Cow<'static, [T]>;

/// One revision, written for one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name, by which databases know it; at most 190 characters.
    pub id: Text,
    /// The revisions that it comes after. They stand before it in the list.
    pub parents: List<Text>,
    /// What it is for.
    pub message: Text,
    /// By what a change to its file is noticed; at most 64 characters.
    pub checksum: Text,
    /// What leads to it.
    pub up: Script,
    /// What leads back, where something does.
    pub down: Option<Script>,
}

/// Steps on one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The database that they are written for.
    pub dialect: Dialect,
    /// SQLite: whether `PRAGMA foreign_keys` has to be off while they run, and no row may have lost its parent after.
    pub foreign_keys_off: bool,
    /// The steps in order.
    pub steps: List<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does, for people.
    pub about: Text,
    /// PostgreSQL: whether it may run in one transaction with the steps beside it. On SQLite all do, on MySQL none.
    pub transactional: bool,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Runs a statement.
    Sql(Text),
    /// Asks whether the rows that are there permit what follows.
    Precheck(Precheck),
    /// Changes rows in portions.
    Backfill(Backfill),
    /// Makes or removes an index while others write (PostgreSQL).
    ConcurrentIndex(ConcurrentIndex),
    /// Makes a table anew (SQLite).
    SqliteRebuild(Cow<'static, SqliteRebuild>),
}

/// A question to the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// A query of one whole number, how many rows stand in the way: must be 0.
    pub sql: Text,
    /// What is wrong when it is not; `{count}` stands for the number.
    pub message: Text,
    /// What to do then.
    pub help: Text,
}

/// Changing rows in portions: `sql` runs again and again until nothing is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The statement, which changes a limited number of rows.
    pub sql: Text,
    /// A query of one whole number: how many rows are left.
    pub left: Text,
}

/// Making or removing an index while others write. One that failed leaves an invalid index behind, so `drop` runs first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrentIndex {
    /// `DROP INDEX CONCURRENTLY IF EXISTS …`.
    pub drop: Text,
    /// `CREATE INDEX CONCURRENTLY …`; none when the index is only removed.
    pub create: Option<Text>,
    /// A query of one whole number: 1 when the index is there and valid, and so need not be made.
    pub valid: Text,
}

/// Making a table of SQLite anew, as <https://www.sqlite.org/lang_altertable.html#otheralter> describes it, keeping its
/// triggers, the indexes that no schema knows, and the highest number that it has given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteRebuild {
    /// The name of the table, not quoted.
    pub table: Text,
    /// The name of the new table until it is renamed, not quoted.
    pub temporary: Text,
    /// `CREATE TABLE` of the new one under its temporary name.
    pub create: Text,
    /// `INSERT INTO temporary … SELECT … FROM table`.
    pub copy: Text,
    /// `ALTER TABLE temporary RENAME TO table`.
    pub rename: Text,
    /// `CREATE INDEX` of the indexes that it has afterwards.
    pub indexes: List<Text>,
    /// Names of the indexes that the schema has had, which are not made again by their old texts.
    pub known_indexes: List<Text>,
    /// Whether it keeps the highest number that it has given out (`AUTOINCREMENT`).
    pub sequence: bool,
}

impl Action {
    /// Whether it changes nothing.
    pub(super) fn asks(&self) -> bool {
        matches!(self, Self::Precheck(_))
    }
}
