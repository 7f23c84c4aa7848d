//! Keys, unique constraints and indexes of one table.

use super::{Builder, column_id, shown};
use crate::codes;
use crate::diag::{Place, suggest_help};
use crate::ir::draft::{self, At};
use crate::ir::table::Default as ColumnDefault;
use crate::ir::{ColumnId, Index, IndexPart, IndexTarget, SqlType, Table, Unique};

impl Builder<'_> {
    /// Columns by name; `None` when one of them is missing or named twice, which is reported.
    pub(super) fn columns(&mut self, table: &Table, names: &[At<String>], what: &str) -> Option<Vec<ColumnId>> {
        let mut ids = Vec::with_capacity(names.len());
        let mut complete = true;
        for name in names {
            match column_id(table, &name.value) {
                Some(id) if ids.contains(&id) => {
                    complete = false;
                    self.duplicate("the column", name);
                }
                Some(id) => ids.push(id),
                None => {
                    complete = false;
                    let message =
                        format!("{what} names `{}`, which is no column of `{}`", name.value, shown(&table.name));
                    let help = suggest_help(&name.value, "columns", table.columns.iter().map(|c| c.name.as_str()));
                    self.broken(codes::UNKNOWN_COLUMN, &name.place, message, help);
                }
            }
        }
        complete.then_some(ids)
    }

    pub(super) fn primary_key(&mut self, table: &mut Table, draft: &draft::Table) {
        let Some(ids) = self.columns(table, &draft.primary_key, "the primary key") else { return };
        for (id, name) in ids.iter().zip(&draft.primary_key) {
            let Some(column) = table.columns.get_mut(id.index()) else { continue };
            if std::mem::take(&mut column.nullable) {
                let message = format!("the primary key column `{}` may be null", name.value);
                if self.lenient {
                    // SQLite allows it, by an old mistake that it keeps
                    let message = format!("{message}; rows where it is cannot be read");
                    self.warn(codes::PRIMARY_KEY, &name.place, message, "declare it NOT NULL in the database");
                } else {
                    self.broken(codes::PRIMARY_KEY, &name.place, message, "remove `null` or `primary`");
                }
            }
            let Some(column) = table.columns.get(id.index()) else { continue };
            if matches!(column.ty, SqlType::Json | SqlType::Array(_)) {
                let message =
                    format!("the column `{}` cannot be a primary key: databases cannot compare its type", name.value);
                self.broken(codes::PRIMARY_KEY, &name.place, message, "use another column as the key");
                // A table without rowids is one of its key.
                table.sqlite.without_rowid = false;
                return;
            }
        }
        table.primary_key = ids;
    }

    /// Every database numbers a column only when it is the whole key and a whole number; servers number others as well.
    pub(super) fn auto_increments(&mut self, table: &mut Table, draft: &draft::Table) {
        for index in 0..table.columns.len() {
            let Some(column) = table.columns.get(index) else { continue };
            if column.default != Some(ColumnDefault::AutoIncrement) {
                continue;
            }
            let whole = table.primary_key == [ColumnId::from(index)];
            let beneath = self.beneath(&column.ty);
            let integer = matches!(
                beneath,
                SqlType::TinyInt { .. } | SqlType::SmallInt { .. } | SqlType::Integer { .. } | SqlType::BigInt { .. }
            );
            if (whole || self.lenient || self.servers_only) && integer {
                continue;
            }
            let (message, help) = match self.lenient {
                true => (
                    format!("the column `{}` is numbered, and read as no whole number", column.name),
                    "make it a type of whole numbers in the database, such as smallint or bigint; until then give new \
                     rows a value for it",
                ),
                false => (
                    format!("the database cannot number the column `{}`", column.name),
                    "only a single integer primary key is numbered: leave the default out",
                ),
            };
            let place = draft.columns.iter().find(|c| c.name.value == column.name).map(|c| c.name.place.clone());
            self.broken(codes::AUTO_INCREMENT, &place.unwrap_or_default(), message, help);
            if let Some(column) = table.columns.get_mut(index) {
                column.default = None;
            }
        }
    }

    pub(super) fn uniques(&mut self, table: &mut Table, draft: &draft::Table) {
        for (name, columns) in &draft.uniques {
            if columns.is_empty() {
                self.broken(codes::EMPTY, &draft.name.place, "a unique constraint has no columns", "name its columns");
                continue;
            }
            let Some(columns) = self.columns(table, columns, "a unique constraint") else { continue };
            table.uniques.push(Unique { name: name.clone(), columns });
        }
    }

    pub(super) fn indexes(&mut self, table: &mut Table, draft: &draft::Table) {
        for index in &draft.indexes {
            if let Some(name) = &index.name
                && table.indexes.iter().any(|i| i.name.as_ref() == Some(&name.value))
            {
                self.duplicate("the index", name);
                continue;
            }
            if index.parts.is_empty() {
                let place = if index.place == Place::None { &draft.name.place } else { &index.place };
                self.broken(codes::EMPTY, place, "an index has no columns", "name its columns");
                continue;
            }
            if let Some(index) = self.index(table, index) {
                table.indexes.push(index);
            }
        }
    }

    fn index(&mut self, table: &Table, draft: &draft::Index) -> Option<Index> {
        let what = draft.name.as_ref().map_or_else(|| "an index".to_owned(), |n| format!("the index `{}`", n.value));
        let mut parts = Vec::with_capacity(draft.parts.len());
        for part in &draft.parts {
            let target = match &part.target {
                draft::IndexTarget::Column(name) => {
                    let id = self.columns(table, std::slice::from_ref(name), &what)?;
                    let id = *id.first()?;
                    let again = parts.iter().any(|p: &IndexPart| p.target == IndexTarget::Column(id));
                    if again {
                        self.duplicate("the column", name);
                        return None;
                    }
                    IndexTarget::Column(id)
                }
                draft::IndexTarget::Expr(expr) => IndexTarget::Expr(self.expr(table, expr, &what)?),
            };
            parts.push(IndexPart { target, desc: part.desc });
        }
        let predicate = match &draft.predicate {
            Some(predicate) => Some(self.expr(table, predicate, &format!("the condition of {what}"))?),
            None => None,
        };
        let name = draft.name.as_ref().map(|n| n.value.clone());
        Some(Index { name, parts, unique: draft.unique, predicate, only: draft.only.clone() })
    }
}
