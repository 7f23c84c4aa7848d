//! Applies changes to a state, as running them would.
//!
//! A change that does not fit the state is refused with what is wrong: it is how a history is known to be sound before
//! any database sees it.

mod column;
mod enums;
mod table;

use super::change::Change;
use super::state::{State, Table, shown};
use crate::diag::suggest_help;
use crate::ir::TableName;

/// Why a change does not fit a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

type Fit = Result<(), Misfit>;

fn misfit<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { message: message.into(), help: help.into() })
}

/// Applies a list of changes.
///
/// # Errors
/// The position of the first change that does not fit, and why. The state is then what the ones before it made.
pub fn apply_all(state: &mut State, changes: &[Change]) -> Result<(), (usize, Misfit)> {
    changes.iter().enumerate().try_for_each(|(at, change)| apply(state, change).map_err(|misfit| (at, misfit)))
}

/// Applies one change.
///
/// # Errors
/// When it does not fit. The state may then be half changed.
pub fn apply(state: &mut State, change: &Change) -> Fit {
    match change {
        Change::CreateTable(table) => table::create(state, table),
        Change::DropTable(table) => table::drop(state, table),
        Change::RenameTable(name) => table::rename(state, name),
        Change::AddColumn { table, column, fill } => column::add(state, table, column, fill.as_ref()),
        Change::DropColumn { table, column } => column::drop(state, table, column),
        Change::RenameColumn { table, name } => column::rename(state, table, name),
        Change::AlterColumn { table, column, change } => column::alter(state, table, column, change),
        Change::PrimaryKey { table, columns } => table::primary_key(state, table, columns),
        Change::AddUnique(table, unique) => table::add_unique(state, table, unique),
        Change::DropUnique(table, unique) => {
            let found = find(state, table)?;
            remove(&mut found.uniques, |other| other == unique, || format!("unique ({})", unique.columns.join(", ")))
        }
        Change::AddCheck { table, check, .. } => table::add_check(state, table, check),
        Change::DropCheck(table, check) => {
            let found = find(state, table)?;
            remove(&mut found.checks, |other| other == check, || change.describe())
        }
        Change::AddForeignKey { table, key, .. } => table::add_key(state, table, key),
        Change::DropForeignKey(table, key) => {
            let found = find(state, table)?;
            remove(
                &mut found.foreign_keys,
                |other| other == key,
                || format!("foreign key ({})", key.columns.join(", ")),
            )
        }
        Change::AddIndex { table, index, .. } => table::add_index(state, table, index),
        Change::DropIndex { table, index, .. } => {
            let found = find(state, table)?;
            let what = || match &index.name {
                Some(name) => format!("index `{name}`"),
                None => format!("index on ({})", index.columns().collect::<Vec<_>>().join(", ")),
            };
            remove(&mut found.indexes, |other| other == index, what)
        }
        Change::RenameIndex { table, name } => table::rename_index(state, table, name),
        Change::CommentTable { table, comment } => {
            let found = find(state, table)?;
            replace(&mut found.comment, &comment.from, &comment.to, "comment")
        }
        Change::SqliteOptions { table, options } => {
            let found = find(state, table)?;
            replace(&mut found.sqlite, &options.from, &options.to, "options of SQLite")
        }
        Change::CreateEnum { name, labels } => enums::create(state, name, labels),
        Change::DropEnum { name, labels } => enums::drop(state, name, labels),
        Change::RenameEnum(name) => enums::rename(state, name),
        Change::AddEnumLabel { name, label, before } => enums::add_label(state, name, label, before.as_deref()),
        Change::RemoveEnumLabel { name, label, replacement, .. } => {
            enums::remove_label(state, name, label, replacement.as_deref())
        }
        Change::RenameEnumLabel { name, label } => enums::rename_label(state, name, label),
        Change::OrderEnum { name, labels } => enums::order(state, name, labels),
        Change::Execute { effect, .. } => effect.iter().try_for_each(|inner| apply(state, inner)),
        Change::Backfill(backfill) => {
            let table = find(state, &backfill.table)?;
            for (column, _) in &backfill.set {
                column::known(table, column)?;
            }
            let values = backfill.set.iter().map(|(_, value)| value);
            values.chain([&backfill.filter]).try_for_each(|expr| column::knows(table, Some(expr)))
        }
    }
}

/// The table of a name.
fn find<'s>(state: &'s mut State, name: &TableName) -> Result<&'s mut Table, Misfit> {
    if !state.tables.contains_key(name) {
        return unknown(state, name);
    }
    match state.tables.get_mut(name) {
        Some(table) => Ok(table),
        None => misfit("the table is gone", "write the changes in another order"),
    }
}

fn unknown<T>(state: &State, name: &TableName) -> Result<T, Misfit> {
    let help = suggest_help(&name.name, "tables", state.tables.keys().map(|other| other.name.as_str()));
    misfit(format!("there is no table `{}` at this point", shown(name)), help)
}

/// Removes what fits.
fn remove<T>(items: &mut Vec<T>, is: impl Fn(&T) -> bool, what: impl Fn() -> String) -> Fit {
    match items.iter().position(is) {
        Some(at) => {
            items.remove(at);
            Ok(())
        }
        None => misfit(
            format!("the table has no such thing at this point: {}", what()),
            "write it exactly as it was made, or remove the change",
        ),
    }
}

/// Puts a value in the place of the one that a change expects there.
fn replace<T: Clone + PartialEq>(place: &mut T, from: &T, to: &T, what: &str) -> Fit {
    if place != from {
        let message = format!("the {what} is not what the change says it was");
        return misfit(message, "another revision has changed it: write what it is at this point under `from`");
    }
    place.clone_from(to);
    Ok(())
}

#[cfg(test)]
mod tests;
