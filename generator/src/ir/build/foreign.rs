//! Foreign keys.

use super::{Builder, shown};
use crate::codes;
use crate::diag::{Place, suggest_help};
use crate::ir::draft;
use crate::ir::{Action, ColumnId, ForeignKey, IndexTarget, SqlType, Table, TableId, TableKind};

impl Builder<'_> {
    pub(super) fn foreign_keys(&mut self, tables: &[draft::Table]) {
        let mut seen = std::collections::BTreeSet::new();
        for draft in tables {
            let Some(&id) = self.table_ids.get(&draft.name.value) else { continue };
            // a second table of that name is not the one with the id
            if !seen.insert(id) {
                continue;
            }
            for key in &draft.foreign_keys {
                if let Some(key) = self.foreign_key(id, key)
                    && let Some(table) = self.tables.get_mut(id.index())
                {
                    table.foreign_keys.push(key);
                }
            }
            // Which relation is declared first is no property of the table.
            if let Some(table) = self.tables.get_mut(id.index()) {
                table.foreign_keys.sort_by(|a, b| a.columns.cmp(&b.columns));
            }
        }
    }

    fn foreign_key(&mut self, owner: TableId, draft: &draft::ForeignKey) -> Option<ForeignKey> {
        let table = self.table(owner)?.clone();
        let target_id = self.foreign_target(&table, draft)?;
        let target = self.table(target_id)?.clone();
        let what = format!("a foreign key of `{}`", shown(&table.name));
        if target.kind == TableKind::View {
            let message = format!("{what} points to the view `{}`", shown(&target.name));
            self.broken(codes::FOREIGN_KEY, &draft.place, message, "a foreign key points to a table");
            return None;
        }
        let columns = self.columns(&table, &draft.columns, &what)?;
        let references = match draft.references.as_slice() {
            [] => target.primary_key.clone(),
            names => self.columns(&target, names, &what)?,
        };
        if columns.is_empty() || columns.len() != references.len() {
            let message = format!("{what} has {} columns and points to {}", columns.len(), references.len());
            let help = format!("name one column for each key column of `{}`", shown(&target.name));
            self.broken(codes::FOREIGN_KEY, &draft.place, message, help);
            return None;
        }
        if !is_unique(&target, &references) {
            let names = column_names(&target, &references);
            let message = format!("{what} points to `{}` ({names}), which is no key of it", shown(&target.name));
            let help = "point to the primary key, or make these columns unique";
            self.broken(codes::FOREIGN_KEY, &draft.place, message, help);
            return None;
        }
        let (columns, references) = in_order_of_key(&target, columns, references);
        self.foreign_types(&table, &columns, &target, &references, draft);
        self.set_null(&table, &columns, draft);
        Some(ForeignKey {
            name: draft.name.clone(),
            columns,
            table: target_id,
            references,
            on_delete: draft.on_delete,
            on_update: draft.on_update,
            deferred: draft.deferred,
        })
    }

    fn foreign_target(&mut self, table: &Table, draft: &draft::ForeignKey) -> Option<TableId> {
        if let Some(&id) = self.table_ids.get(&draft.table.value) {
            return Some(id);
        }
        // SQLite and MySQL match table names without regard to case
        let wanted = &draft.table.value;
        let near = self.table_ids.iter().find(|(name, _)| {
            self.lenient && name.schema == wanted.schema && name.name.to_lowercase() == wanted.name.to_lowercase()
        });
        if let Some((_, &id)) = near {
            return Some(id);
        }
        let message =
            format!("a foreign key of `{}` points to `{}`, which is not there", shown(&table.name), shown(wanted));
        let help = match self.lenient {
            true => "create that table, take it in if it is filtered out, or drop the foreign key".to_owned(),
            false => suggest_help(&wanted.name, "tables", self.table_ids.keys().map(|n| n.name.as_str())),
        };
        let place = if draft.place == Place::None { &draft.table.place } else { &draft.place };
        self.broken(codes::UNKNOWN_TABLE, place, message, help);
        None
    }

    fn foreign_types(
        &mut self,
        table: &Table,
        columns: &[ColumnId],
        target: &Table,
        references: &[ColumnId],
        draft: &draft::ForeignKey,
    ) {
        for (here, there) in columns.iter().zip(references) {
            let (Some(here), Some(there)) = (table.columns.get(here.index()), target.columns.get(there.index())) else {
                continue;
            };
            if same_kind(self.beneath(&here.ty), self.beneath(&there.ty)) {
                continue;
            }
            let message = format!(
                "the column `{}` of `{}` has another type than `{}` of `{}`, to which it points",
                here.name,
                shown(&table.name),
                there.name,
                shown(&target.name)
            );
            let help = "give both the same type: MySQL refuses such a key and other databases compare slowly";
            self.warn(codes::FOREIGN_KEY_TYPE, &draft.place, message, help);
        }
    }

    /// `set_null` on a column that may not be null fails when it is needed.
    fn set_null(&mut self, table: &Table, columns: &[ColumnId], draft: &draft::ForeignKey) {
        let actions = [("on_delete", draft.on_delete), ("on_update", draft.on_update)];
        let Some((key, _)) = actions.into_iter().find(|(_, action)| *action == Action::SetNull) else { return };
        let strict = columns.iter().filter_map(|id| table.columns.get(id.index())).find(|c| !c.nullable);
        let Some(column) = strict else { return };
        let message = format!("`{key}: set_null` on the column `{}`, which may not be null", column.name);
        // A database takes such a key, so a spec that describes one must be able to say it.
        let help = format!("add `null: true`, or use another `{key}`");
        self.warn(codes::FOREIGN_KEY, &draft.place, message, help);
    }
}

fn column_names(table: &Table, ids: &[ColumnId]) -> String {
    let names = ids.iter().filter_map(|id| table.columns.get(id.index())).map(|c| c.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// Whether columns are the primary key or unique, in any order.
fn is_unique(table: &Table, columns: &[ColumnId]) -> bool {
    let same = |other: &[ColumnId]| other.len() == columns.len() && columns.iter().all(|c| other.contains(c));
    same(&table.primary_key)
        || table.uniques.iter().any(|u| same(&u.columns))
        || table.indexes.iter().any(|index| {
            let ids = index.parts.iter().map(|p| match &p.target {
                IndexTarget::Column(id) => Some(*id),
                IndexTarget::Expr(_) => None,
            });
            let whole = index.unique && index.predicate.is_none();
            whole && ids.collect::<Option<Vec<_>>>().is_some_and(|ids| same(&ids))
        })
}

/// Whether two types compare without a conversion: lengths do not matter, widths do.
fn same_kind(a: &SqlType, b: &SqlType) -> bool {
    match (a, b) {
        (SqlType::String(_) | SqlType::Text, SqlType::String(_) | SqlType::Text) => true,
        (SqlType::Decimal(_), SqlType::Decimal(_)) => true,
        // spelled by hand, nothing is known
        (SqlType::Raw(_), _) | (_, SqlType::Raw(_)) => true,
        _ => a == b,
    }
}

/// The pairs of a foreign key in the order of the key that it points to: InnoDB takes no other one, the meaning is the same,
/// and a database that is read gives them so.
fn in_order_of_key(
    target: &Table,
    columns: Vec<ColumnId>,
    references: Vec<ColumnId>,
) -> (Vec<ColumnId>, Vec<ColumnId>) {
    let uniques = target.uniques.iter().map(|unique| &unique.columns);
    let same = |key: &&Vec<ColumnId>| key.len() == references.len() && references.iter().all(|id| key.contains(id));
    let Some(key) = std::iter::once(&target.primary_key).chain(uniques).find(same) else {
        return (columns, references);
    };
    let mut pairs: Vec<_> = columns.into_iter().zip(references).collect();
    pairs.sort_by_key(|(_, reference)| key.iter().position(|id| id == reference));
    pairs.into_iter().unzip()
}
