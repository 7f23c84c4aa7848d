//! Foreign keys, when all tables are there.

use super::super::given_name;
use super::super::server::{action, at, left_out, part_place, shown, warn};
use super::catalog::Constraint as Row;
use super::{Reader, catalog};
use crate::codes;
use crate::diag::Diagnostics;
use crate::ir::draft::{At, ForeignKey, Table};

/// Adds the foreign keys to their tables.
pub(super) fn resolve(reader: &Reader<'_>, tables: &mut [Table], diagnostics: &mut Diagnostics) {
    for row in &reader.catalog.tables {
        let name = reader.names.table(row);
        let Some(table) = tables.iter_mut().find(|table| table.name.value == name) else { continue };
        let keys = reader.rows.constraints.get(&row.oid).into_iter().flatten().filter(|key| key.kind == "f");
        for key in keys {
            table.foreign_keys.extend(foreign_key(reader, row, key, diagnostics));
        }
    }
}

fn foreign_key(
    reader: &Reader<'_>,
    owner: &catalog::Table,
    row: &Row,
    diagnostics: &mut Diagnostics,
) -> Option<ForeignKey> {
    let name = reader.names.table(owner);
    let place = part_place(&name, "constraint", &row.name);
    let columns = reader.rows.column_names(row.table, &row.columns)?;
    let target = reader.catalog.tables.iter().find(|table| table.oid == row.target);
    let Some(target) = target else {
        let target = row.target_name.as_deref().unwrap_or("a table");
        let message =
            format!("the foreign key ({}) is left out: it leads to {target}, which is not read", columns.join(", "));
        let help = "take its schema in: `schemas` under [tables] in pilaster.toml; a partition has no model of its own";
        warn(diagnostics, codes::LIVE_FOREIGN_KEY, place, message, help);
        return None;
    };
    if row.period {
        let message = format!("the foreign key is left out: {}", row.definition);
        left_out(diagnostics, place, message);
        return None;
    }
    let references = reader.rows.column_names(row.target, &row.target_columns)?;
    if row.definition.contains(" MATCH FULL") {
        left_out(diagnostics, place.clone(), "MATCH FULL is left out");
    }
    if row.definition.contains(" SET NULL (") || row.definition.contains(" SET DEFAULT (") {
        let message = "that only some of its columns are set when the target is deleted is left out";
        left_out(diagnostics, place.clone(), message);
    }
    if row.deferrable && !row.deferred {
        left_out(
            diagnostics,
            place.clone(),
            format!("that it can be deferred is left out: DEFERRABLE of {}", shown(&name)),
        );
    }
    Some(ForeignKey {
        name: given_name(&row.name, &name.name, &columns, "fkey"),
        columns: at(&columns, &place),
        table: At::new(reader.names.table(target), place.clone()),
        references: at(&references, &place),
        on_delete: action(&row.on_delete),
        on_update: action(&row.on_update),
        deferred: row.deferred,
        place,
    })
}
