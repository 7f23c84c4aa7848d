//! Foreign keys that no relation stands for.

use super::super::relations::{ForeignKeySpec, KeyTarget};
use super::Lower;
use crate::ir::TableName;
use crate::ir::draft::{At, ForeignKey};

impl Lower<'_, '_> {
    /// Adds them when all columns are there, those of relations included.
    pub(super) fn plain_keys(&mut self) {
        for index in 0..self.specs.len() {
            let keys = self.specs.get_mut(index).map(|spec| std::mem::take(&mut spec.foreign_keys)).unwrap_or_default();
            for key in keys {
                if let Some(key) = self.plain_key(index, key)
                    && let Some(table) = self.draft.tables.get_mut(index)
                {
                    table.foreign_keys.push(key);
                }
            }
        }
    }

    fn plain_key(&mut self, index: usize, spec: ForeignKeySpec) -> Option<ForeignKey> {
        let columns = self.columns_of(index, &spec.columns);
        if columns.len() != spec.columns.len() {
            return None;
        }
        let (table, references) = match spec.to {
            KeyTarget::Table(name) => {
                (At::new(TableName { schema: None, name: name.value }, name.place), spec.references)
            }
            KeyTarget::Model(name) => {
                let target = self.model_of(&name)?;
                let references = self.columns_of(target, &spec.references);
                if references.len() != spec.references.len() {
                    return None;
                }
                (At::new(self.table_of(target)?.name.value.clone(), name.place), references)
            }
        };
        Some(ForeignKey {
            name: spec.constraint,
            columns,
            table,
            references,
            on_delete: spec.on_delete,
            on_update: spec.on_update,
            deferred: spec.deferred,
            place: spec.place,
        })
    }
}
