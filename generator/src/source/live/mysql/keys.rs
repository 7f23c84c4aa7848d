//! Foreign keys.

use super::super::given_name;
use super::super::server::{action, at, part_place, warn};
use super::Reader;
use super::catalog::{KeyPart, Name};
use crate::codes;
use crate::diag::Diagnostics;
use crate::ir::draft::{At, ForeignKey};
use crate::ir::{Action, TableName};

impl Reader<'_> {
    pub(super) fn foreign_keys(
        &self,
        table: &Name,
        name: &TableName,
        diagnostics: &mut Diagnostics,
    ) -> Vec<ForeignKey> {
        let rows = self.rows.key_parts.get(table).map_or(&[][..], Vec::as_slice);
        let keys = rows.chunk_by(|a, b| a.key == b.key);
        keys.filter_map(|parts| self.foreign_key(table, name, parts, diagnostics)).collect()
    }

    fn foreign_key(
        &self,
        table: &Name,
        name: &TableName,
        parts: &[&KeyPart],
        diagnostics: &mut Diagnostics,
    ) -> Option<ForeignKey> {
        let first = parts.first()?;
        let place = part_place(name, "constraint", &first.key);
        let columns: Vec<String> = parts.iter().map(|part| part.column.clone()).collect();
        let references: Vec<String> = parts.iter().map(|part| part.target_column.clone()).collect();
        let same = |other: &Name| {
            other.0.eq_ignore_ascii_case(&first.target.0) && other.1.eq_ignore_ascii_case(&first.target.1)
        };
        let names = || self.catalog.tables.iter().map(|other| &other.name);
        let Some(target) = names().find(|name| **name == first.target).or_else(|| names().find(|name| same(name)))
        else {
            let (schema, target) = &first.target;
            let columns = columns.join(", ");
            let message =
                format!("the foreign key ({columns}) is left out: it leads to {schema}.{target}, which is not read");
            let help = "create that table, or take its database in: `schemas` under [tables] in pilaster.toml";
            warn(diagnostics, codes::LIVE_FOREIGN_KEY, place, message, help);
            return None;
        };
        let actions = self.catalog.actions.iter().find(|row| row.table == *table && row.key == first.key);
        if actions.is_none() {
            let message = "what it does on UPDATE and DELETE is not shown to the user, and is read as nothing";
            warn(diagnostics, codes::LIVE_RIGHTS, place.clone(), message, "grant the user SELECT on the table");
        }
        let of = |words: Option<&str>| match action(words.unwrap_or_default()) {
            // InnoDB knows no difference, and reports one for the other.
            Action::Restrict => Action::NoAction,
            other => other,
        };
        // MariaDB counts those without a name in each table since 12.1, and no other database takes a name twice.
        let is_numbered = self.catalog.mariadb && first.key.chars().all(|c| c.is_ascii_digit());
        Some(ForeignKey {
            name: if is_numbered { None } else { given_name(&first.key, &name.name, &columns, "fkey") },
            columns: at(&columns, &place),
            table: At::new(self.name(target), place.clone()),
            references: at(&references, &place),
            on_delete: of(actions.map(|row| row.on_delete.as_str())),
            on_update: of(actions.map(|row| row.on_update.as_str())),
            deferred: false,
            place,
        })
    }
}
