//! Foreign keys: their targets found, in the spelling that the target has.

use super::catalog::{Catalog, ForeignKey as Row};
use super::{create_sql, table_place};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::draft::{At, ForeignKey, IndexTarget, Table};
use crate::ir::{Action, TableKind, TableName};

/// Adds the foreign keys to the tables. SQLite accepts keys that lead nowhere; those are left out with a warning.
pub(super) fn resolve(catalog: &Catalog, tables: &mut [Table], diagnostics: &mut Diagnostics) {
    let mut found = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let Some(object) = catalog.get(&table.name.value.name) else { continue };
        let texts = create_sql::table(&object.sql).foreign_keys;
        // The texts only add to the rows when they clearly speak of the same keys.
        let texts = if texts.len() == object.foreign_keys.len() { texts } else { Vec::new() };
        for (position, row) in object.foreign_keys.iter().enumerate() {
            match key(table, row, tables) {
                Ok(mut key) => {
                    if let Some(text) = texts.get(position) {
                        key.name.clone_from(&text.name);
                        key.deferred = text.deferred;
                    }
                    found.push((at, key));
                }
                Err(reason) => diagnostics.push(left_out(table, row, &reason)),
            }
        }
    }
    for (at, key) in found {
        if let Some(table) = tables.get_mut(at) {
            table.foreign_keys.push(key);
        }
    }
}

fn left_out(table: &Table, row: &Row, reason: &str) -> Diagnostic {
    let columns: Vec<&str> = row.columns.iter().map(|(column, _)| column.as_str()).collect();
    let message = format!("the foreign key ({}) to \"{}\" is left out: {reason}", columns.join(", "), row.table);
    Diagnostic::warning(codes::LIVE_FOREIGN_KEY, table_place(&table.name.value.name), message).help(
        "correct the foreign key in the database; SQLite itself rejects writes to this table while it enforces keys",
    )
}

fn key(table: &Table, row: &Row, tables: &[Table]) -> Result<ForeignKey, String> {
    let same = |other: &&Table| other.name.value.name.eq_ignore_ascii_case(&row.table);
    let target = tables.iter().find(same).ok_or("there is no such table")?;
    if target.kind == TableKind::View {
        return Err("it is a view".to_owned());
    }
    let columns: Vec<String> = row.columns.iter().map(|(here, _)| spelled(table, here)).collect::<Result<_, _>>()?;
    let references: Vec<String> =
        match row.columns.iter().map(|(_, there)| there.as_deref()).collect::<Option<Vec<_>>>() {
            Some(there) => there.into_iter().map(|there| spelled(target, there)).collect::<Result<_, _>>()?,
            None => target.primary_key.iter().map(|column| column.value.clone()).collect(),
        };
    if references.len() != columns.len() {
        return Err(format!("its key has {} columns", references.len()));
    }
    if !is_unique(target, &references) {
        return Err(format!("({}) is not unique there", references.join(", ")));
    }
    let place = table.name.place.clone();
    let at = |names: Vec<String>| names.into_iter().map(|name| At::new(name, place.clone())).collect();
    Ok(ForeignKey {
        name: None,
        columns: at(columns),
        table: At::new(TableName { schema: None, name: target.name.value.name.clone() }, place.clone()),
        references: at(references),
        on_delete: action(&row.on_delete),
        on_update: action(&row.on_update),
        deferred: false,
        place: place.clone(),
    })
}

/// A column in the spelling of its table: SQLite compares names without regard to case.
fn spelled(table: &Table, column: &str) -> Result<String, String> {
    let found = table.columns.iter().find(|other| other.name.value.eq_ignore_ascii_case(column));
    found
        .map(|found| found.name.value.clone())
        .ok_or_else(|| format!("\"{}\" has no column \"{column}\"", table.name.value.name))
}

/// Whether columns are the key or unique, in any order.
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let same = |others: Vec<&String>| others.len() == columns.len() && columns.iter().all(|c| others.contains(&c));
    let of_index = |index: &crate::ir::draft::Index| {
        let parts: Vec<&String> = index
            .parts
            .iter()
            .filter_map(|part| match &part.target {
                IndexTarget::Column(column) => Some(&column.value),
                IndexTarget::Expr(_) => None,
            })
            .collect();
        index.unique && index.predicate.is_none() && parts.len() == index.parts.len() && same(parts)
    };
    same(table.primary_key.iter().map(|column| &column.value).collect())
        || table.uniques.iter().any(|(_, unique)| same(unique.iter().map(|column| &column.value).collect()))
        || table.indexes.iter().any(of_index)
}

fn action(text: &str) -> Action {
    match text.to_ascii_uppercase().as_str() {
        "RESTRICT" => Action::Restrict,
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::NoAction,
    }
}
