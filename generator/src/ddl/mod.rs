//! Writes CREATE and DROP statements of a schema per dialect.
//!
//! One [walk](walk::Walk) over the tables serves every database; what differs is asked of [`dialect::Dialect`] (what a
//! database can do) and [`types`] (how it spells a type). What a dialect cannot do is an error that names the item and
//! the dialect, and the statements go on without it; a caller for whom that database is optional may lower it.
//!
//! The statements have no semicolon and are meant to run one by one, in order, on one connection. Those of [`create`]
//! may run in one transaction where the database has that for DDL (SQLite, PostgreSQL); those of [`drop`] on
//! PostgreSQL only, because tables that point at each other need a pragma on SQLite that transactions ignore. Views
//! are neither created nor dropped: their text is not part of a schema.

mod column;
mod dialect;
mod index;
mod literal;
mod name;
mod order;
pub(crate) mod parts;
mod table;
mod types;
mod walk;

#[cfg(test)]
mod tests;

use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::ir::{DialectName, Schema};

use walk::{Mode, Walk};

/// The statements that make everything of a schema, in an order that works on an empty database. What the dialect
/// cannot do becomes a diagnostic that names the item.
pub fn create(schema: &Schema, dialect: DialectName, diagnostics: &mut Diagnostics) -> Vec<String> {
    Walk::new(schema, dialect, Mode::Empty, diagnostics).create()
}

/// The statements that make whatever of a schema is missing: tables, types and indexes that exist are left as they
/// are, also when they differ. Running them twice does no harm.
pub fn create_missing(schema: &Schema, dialect: DialectName, diagnostics: &mut Diagnostics) -> Vec<String> {
    Walk::new(schema, dialect, Mode::Missing, diagnostics).create()
}

/// The name that an unnamed key (`key`), foreign key (`fkey`) or index (`idx`) of some columns gets.
#[must_use]
pub fn made_name<'a>(table: &str, columns: impl Iterator<Item = &'a str>, suffix: &str) -> String {
    name::made(table, columns, suffix)
}

/// The name of a dialect for people.
#[must_use]
pub fn label(dialect: DialectName) -> &'static str {
    dialect::Dialect::of(dialect).label
}

/// What a database that nobody asked for cannot do, as one finding: the first, and how many there are beside it.
pub(crate) fn one_finding(cannot: &str, dialect: DialectName, found: &Diagnostics) -> Option<Diagnostic> {
    let first = found.iter().find(|item| item.severity == Severity::Error).or_else(|| found.iter().next())?;
    let label = label(dialect);
    let more = match found.len() {
        1 => String::new(),
        2 => "; and 1 more problem".to_owned(),
        count => format!("; and {} more problems", count - 1),
    };
    // The first problem names the database at its end by itself.
    let reason = first.message.replace(&format!(" on {label}"), "");
    let message = format!("{cannot} on {label}: {reason}{more}");
    let own = first.help.as_deref().map(|help| format!("{help}; or ")).unwrap_or_default();
    let help = format!("{own}list the databases you need, as `dialects: [sqlite]` at the top of the spec");
    Some(Diagnostic::warning(first.code, first.place.clone(), message).help(help))
}

/// What becomes of the notes of which migrations were applied, which are in a table of the runtime's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// They stay.
    Keep,
    /// They go with the tables: else nothing would make those again.
    Drop,
}

/// The statements that remove everything of a schema, whatever of it exists.
#[must_use]
pub fn drop(schema: &Schema, dialect: DialectName, notes: Notes) -> Vec<String> {
    walk::drop(schema, dialect, notes)
}
