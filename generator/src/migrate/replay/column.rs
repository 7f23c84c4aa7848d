//! Changes of columns.

use super::table::enum_is_there;
use super::{Fit, find, misfit, replace, unknown};
use crate::diag::suggest_help;
use crate::ir::{Expr, TableName};
use crate::migrate::change::{Both, ColumnChange};
use crate::migrate::state::{Column, IndexTarget, State, Table, shown};

/// Refuses a column that the table does not have.
pub(super) fn known(table: &Table, column: impl AsRef<str>) -> Fit {
    let column = column.as_ref();
    if table.column(column).is_some() {
        return Ok(());
    }
    let help = suggest_help(column, "columns", table.columns.iter().map(|column| column.name.as_str()));
    misfit(format!("`{}` has no column `{column}` at this point", shown(&table.name)), help)
}

/// Refuses an expression over the row that names a column which the table does not have. SQLite would take the name for a
/// text, and write that into the rows.
pub(super) fn knows(table: &Table, expr: Option<&Expr>) -> Fit {
    let unknown = expr.into_iter().flat_map(Expr::columns).find(|column| table.column(column).is_none());
    let Some(Err(mut misfit)) = unknown.map(|column| known(table, column)) else { return Ok(()) };
    misfit.help.push_str("; a text goes in quotes of its own: \"'text'\"");
    Err(misfit)
}

fn absent(table: &Table, column: &str) -> Fit {
    match table.column(column) {
        None => Ok(()),
        Some(_) => misfit(
            format!("`{}` has a column `{column}` already", shown(&table.name)),
            "drop or rename it first, or choose another name",
        ),
    }
}

pub(super) fn add(state: &mut State, table: &TableName, column: &Column, fill: Option<&Expr>) -> Fit {
    enum_is_there(state, column)?;
    let table = find(state, table)?;
    absent(table, &column.name)?;
    knows(table, fill)?;
    if let Some(generated) = &column.generated {
        generated.expr.columns().into_iter().try_for_each(|column| known(table, column))?;
    }
    table.columns.push(column.clone());
    Ok(())
}

pub(super) fn drop(state: &mut State, table: &TableName, column: &Column) -> Fit {
    let Some(found) = state.tables.get(table) else { return unknown(state, table) };
    known(found, &column.name)?;
    if found.column(&column.name) != Some(column) {
        let message = format!("the column `{}` is not what the change says it was", column.name);
        return misfit(message, "write the whole column as it is at this point, so that it can be brought back");
    }
    if let Some(user) = user(state, found, &column.name) {
        let message = format!("`{}.{}` cannot be dropped: {user} uses it", shown(table), column.name);
        return misfit(message, "drop or change that first");
    }
    if found.columns.len() == 1 {
        let help = "drop the table, or add another column first";
        return misfit(format!("`{}` is the only column of `{}`", column.name, shown(table)), help);
    }
    let found = find(state, table)?;
    found.columns.retain(|other| other.name != column.name);
    Ok(())
}

/// What uses a column, for people.
fn user(state: &State, table: &Table, column: &str) -> Option<String> {
    let has = |columns: &[String]| columns.iter().any(|name| name == column);
    let reads = |expr: &Expr| expr.columns().contains(&column);
    if has(&table.primary_key) {
        return Some("the primary key".to_owned());
    }
    if table.uniques.iter().any(|unique| has(&unique.columns)) {
        return Some("a unique constraint".to_owned());
    }
    if let Some(index) = table.indexes.iter().find(|index| index.uses(column)) {
        return Some(match &index.name {
            Some(name) => format!("the index `{name}`"),
            None => format!("the index on ({})", index.columns().collect::<Vec<_>>().join(", ")),
        });
    }
    if table.checks.iter().any(|check| reads(&check.expr)) {
        return Some("a check".to_owned());
    }
    let generated = |other: &&Column| other.generated.as_ref().is_some_and(|generated| reads(&generated.expr));
    if let Some(other) = table.columns.iter().find(generated) {
        return Some(format!("the generated column `{}`", other.name));
    }
    if table.foreign_keys.iter().any(|key| has(&key.columns)) {
        return Some("a foreign key".to_owned());
    }
    let (other, _) = state.keys_to(&table.name).find(|(_, key)| has(&key.references))?;
    Some(format!("a foreign key of `{}`", shown(&other.name)))
}

pub(super) fn rename(state: &mut State, table: &TableName, name: &Both<String>) -> Fit {
    let found = find(state, table)?;
    known(found, &name.from)?;
    absent(found, &name.to)?;
    if let Some(column) = found.column_mut(&name.from) {
        column.name.clone_from(&name.to);
    }
    rename_uses(found, name);
    for other in state.tables.values_mut() {
        for key in other.foreign_keys.iter_mut().filter(|key| key.table == *table) {
            rename_in(&mut key.references, name);
        }
    }
    Ok(())
}

fn rename_in(columns: &mut [String], name: &Both<String>) {
    for column in columns.iter_mut().filter(|column| **column == name.from) {
        column.clone_from(&name.to);
    }
}

/// Gives a column its new name wherever its table names it. Expressions written per database stay as they are.
fn rename_uses(table: &mut Table, name: &Both<String>) {
    let rename = &mut |column: &str| (column == name.from).then(|| name.to.clone());
    rename_in(&mut table.primary_key, name);
    table.uniques.iter_mut().for_each(|unique| rename_in(&mut unique.columns, name));
    table.foreign_keys.iter_mut().for_each(|key| rename_in(&mut key.columns, name));
    table.checks.iter_mut().for_each(|check| check.expr.rename_columns(rename));
    for generated in table.columns.iter_mut().filter_map(|column| column.generated.as_mut()) {
        generated.expr.rename_columns(rename);
    }
    for index in &mut table.indexes {
        for part in &mut index.parts {
            match &mut part.target {
                IndexTarget::Column(column) if *column == name.from => column.clone_from(&name.to),
                IndexTarget::Column(_) => {}
                IndexTarget::Expr(expr) => expr.rename_columns(rename),
            }
        }
        if let Some(predicate) = &mut index.predicate {
            predicate.rename_columns(rename);
        }
    }
}

pub(super) fn alter(state: &mut State, table: &TableName, column: &str, change: &ColumnChange) -> Fit {
    let found = find(state, table)?;
    known(found, column)?;
    knows(found, change.using.as_ref())?;
    knows(found, change.fill.as_ref())?;
    let Some(found) = found.column_mut(column) else { return Ok(()) };
    let mut altered = found.clone();
    set(&mut altered.ty, change.ty.as_ref(), "type")?;
    set(&mut altered.declared, change.declared.as_ref(), "spelling of the type")?;
    set(&mut altered.nullable, change.nullable.as_ref(), "`null`")?;
    set(&mut altered.default, change.default.as_ref(), "default")?;
    set(&mut altered.generated, change.generated.as_ref(), "generating expression")?;
    set(&mut altered.collation, change.collation.as_ref(), "collation")?;
    set(&mut altered.comment, change.comment.as_ref(), "comment")?;
    *found = altered.clone();
    enum_is_there(state, &altered)?;
    let found = find(state, table)?;
    match &altered.generated {
        Some(generated) => generated.expr.columns().into_iter().try_for_each(|column| known(found, column)),
        None => Ok(()),
    }
}

fn set<T: Clone + PartialEq>(place: &mut T, change: Option<&Both<T>>, what: &str) -> Fit {
    match change {
        Some(Both { from, to }) => replace(place, from, to, &format!("{what} of the column")),
        None => Ok(()),
    }
}
