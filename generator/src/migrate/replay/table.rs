//! Changes of tables, keys, constraints and indexes.

use super::column::known;
use super::{Fit, find, misfit, unknown};
use crate::ir::{Check, TableName};
use crate::migrate::change::Both;
use crate::migrate::state::{ForeignKey, Index, State, Table, Unique, enum_of, shown};

pub(super) fn create(state: &mut State, table: &Table) -> Fit {
    absent(state, &table.name)?;
    if table.columns.is_empty() {
        return misfit(format!("the table `{}` has no columns", shown(&table.name)), "give it at least one");
    }
    for (at, column) in table.columns.iter().enumerate() {
        if table.columns.iter().take(at).any(|other| other.name == column.name) {
            return misfit(format!("the column `{}` is there twice", column.name), "remove one of them");
        }
        enum_is_there(state, column)?;
    }
    let named = table.primary_key.iter().chain(table.uniques.iter().flat_map(|unique| &unique.columns));
    named.into_iter().try_for_each(|column| known(table, column))?;
    table.indexes.iter().try_for_each(|index| fits(table, index))?;
    table.checks.iter().flat_map(|check| check.expr.columns()).try_for_each(|column| known(table, column))?;
    for key in &table.foreign_keys {
        key_fits(state, table, key)?;
    }
    state.tables.insert(table.name.clone(), table.clone());
    Ok(())
}

fn absent(state: &State, name: &TableName) -> Fit {
    if state.tables.contains_key(name) {
        let message = format!("there is a table `{}` already", shown(name));
        return misfit(message, "drop or rename it first, or choose another name");
    }
    Ok(())
}

/// Refuses a type whose enum does not exist.
pub(super) fn enum_is_there(state: &State, column: &crate::migrate::state::Column) -> Fit {
    match enum_of(&column.ty) {
        Some(name) if !state.enums.contains_key(name) => {
            let message = format!("the column `{}` has the enum `{name}`, which is not there", column.name);
            misfit(message, "add a `create_enum` before it")
        }
        _ => Ok(()),
    }
}

pub(super) fn drop(state: &mut State, table: &Table) -> Fit {
    let name = &table.name;
    if !state.tables.contains_key(name) {
        return unknown(state, name);
    }
    let from_others = state.keys_to(name).find(|(other, _)| other.name != *name);
    if let Some((other, key)) = from_others {
        let message = format!(
            "`{}` cannot be dropped: the foreign key ({}) of `{}` points to it",
            shown(name),
            key.columns.join(", "),
            shown(&other.name)
        );
        return misfit(message, "drop that table or its foreign key first");
    }
    state.tables.remove(name);
    Ok(())
}

pub(super) fn rename(state: &mut State, name: &Both<TableName>) -> Fit {
    absent(state, &name.to)?;
    let Some(mut table) = state.tables.remove(&name.from) else { return unknown(state, &name.from) };
    table.name = name.to.clone();
    state.tables.insert(name.to.clone(), table);
    let keys = state.tables.values_mut().flat_map(|table| &mut table.foreign_keys);
    for key in keys.filter(|key| key.table == name.from) {
        key.table = name.to.clone();
    }
    Ok(())
}

pub(super) fn primary_key(state: &mut State, table: &TableName, columns: &Both<Vec<String>>) -> Fit {
    let table = find(state, table)?;
    columns.to.iter().try_for_each(|column| known(table, column))?;
    super::replace(&mut table.primary_key, &columns.from, &columns.to, "primary key")
}

pub(super) fn add_unique(state: &mut State, table: &TableName, unique: &Unique) -> Fit {
    let table = find(state, table)?;
    unique.columns.iter().try_for_each(|column| known(table, column))?;
    if table.uniques.iter().any(|other| other == unique || (unique.name.is_some() && other.name == unique.name)) {
        return twice("unique constraint");
    }
    table.uniques.push(unique.clone());
    Ok(())
}

pub(super) fn add_check(state: &mut State, table: &TableName, check: &Check) -> Fit {
    let table = find(state, table)?;
    check.expr.columns().into_iter().try_for_each(|column| known(table, column))?;
    if check.name.is_some() && table.checks.iter().any(|other| other.name == check.name) {
        return twice("check");
    }
    table.checks.push(check.clone());
    Ok(())
}

pub(super) fn add_key(state: &mut State, table: &TableName, key: &ForeignKey) -> Fit {
    let Some(found) = state.tables.get(table) else { return unknown(state, table) };
    key_fits(state, found, key)?;
    if found.foreign_keys.iter().any(|other| other == key || (key.name.is_some() && other.name == key.name)) {
        return twice("foreign key");
    }
    find(state, table)?.foreign_keys.push(key.clone());
    Ok(())
}

fn key_fits(state: &State, table: &Table, key: &ForeignKey) -> Fit {
    key.columns.iter().try_for_each(|column| known(table, column))?;
    let target = if key.table == table.name { Some(table) } else { state.tables.get(&key.table) };
    let Some(target) = target else { return unknown(state, &key.table) };
    key.references.iter().try_for_each(|column| known(target, column))?;
    if key.columns.is_empty() || key.columns.len() != key.references.len() {
        return misfit("a foreign key names as many columns here as there, at least one", "correct its columns");
    }
    Ok(())
}

pub(super) fn add_index(state: &mut State, table: &TableName, index: &Index) -> Fit {
    let table = find(state, table)?;
    fits(table, index)?;
    if table.indexes.iter().any(|other| other == index || (index.name.is_some() && other.name == index.name)) {
        return twice("index");
    }
    table.indexes.push(index.clone());
    Ok(())
}

fn fits(table: &Table, index: &Index) -> Fit {
    if index.parts.is_empty() {
        return misfit("the index has no columns", "name its columns");
    }
    index.columns().try_for_each(|column| known(table, column))?;
    index.expressions().flat_map(|expr| expr.columns()).try_for_each(|column| known(table, column))
}

pub(super) fn rename_index(state: &mut State, table: &TableName, name: &Both<String>) -> Fit {
    let table = find(state, table)?;
    if table.indexes.iter().any(|index| index.name.as_ref() == Some(&name.to)) {
        return twice("index");
    }
    match table.indexes.iter_mut().find(|index| index.name.as_ref() == Some(&name.from)) {
        Some(index) => {
            index.name = Some(name.to.clone());
            Ok(())
        }
        None => misfit(format!("the table has no index `{}`", name.from), "check the name"),
    }
}

fn twice(what: &str) -> Fit {
    misfit(format!("the table has that {what} already"), "remove the change, or give it another name")
}
