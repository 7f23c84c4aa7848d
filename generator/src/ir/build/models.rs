//! Models: fields, relations, and the names that they share.

use std::collections::BTreeMap;

use super::{Builder, column_id, shown};
use crate::codes;
use crate::diag::{Place, suggest_help};
use crate::ir::check::names as rules;
use crate::ir::draft::{self, At};
use crate::ir::{
    ColumnId, Field, Hooks, IndexTarget, Model, ModelId, Ownership, Relation, RelationKind, SqlType, Table, TableId,
    TableKind,
};
use crate::names;

type On = Vec<(ColumnId, ColumnId)>;

impl Builder<'_> {
    pub(super) fn models(&mut self, models: &[draft::Model]) {
        let mut ids: BTreeMap<&str, ModelId> = BTreeMap::new();
        let mut kept = Vec::new();
        for draft in models {
            let Some(table) = self.model_table(draft) else {
                self.unmade.insert(draft.name.value.clone());
                continue;
            };
            if !self.model_name(draft, &ids) {
                continue;
            }
            ids.insert(&draft.name.value, ModelId::from(self.models.len()));
            let model = Model {
                name: draft.name.value.clone(),
                table,
                fields: self.fields(draft, table),
                relations: Vec::new(),
                doc: draft.doc.clone(),
                hooks: self.hooks(draft, table),
            };
            self.finder_names(draft, &model);
            self.models.push(model);
            kept.push(draft);
        }
        self.derived_names(&kept, &ids);
        for (index, draft) in kept.into_iter().enumerate() {
            let relations = self.relations(index, draft, &ids);
            if let Some(model) = self.models.get_mut(index) {
                model.relations = relations;
            }
        }
        self.inverses();
    }

    fn model_table(&mut self, draft: &draft::Model) -> Option<TableId> {
        let Some(&table) = self.table_ids.get(&draft.table) else {
            let message = format!("the model `{}` has no table `{}`", draft.name.value, shown(&draft.table));
            if !self.left_out.contains(&draft.table) {
                self.broken(codes::UNKNOWN_TABLE, &draft.name.place, message, "create the table, or remove the model");
            }
            return None;
        };
        if let Some(first) = self.models.iter().find(|m| m.table == table) {
            let message = format!(
                "the models `{}` and `{}` are both on the table `{}`",
                first.name,
                draft.name.value,
                shown(&draft.table)
            );
            let help = "give one of them another table with `table:`";
            if !self.left_out.contains(&draft.table) {
                self.broken(codes::SHARED_TABLE, &draft.name.place, message, help);
            }
            return None;
        }
        Some(table)
    }

    fn model_name(&mut self, draft: &draft::Model, ids: &BTreeMap<&str, ModelId>) -> bool {
        let name = &draft.name;
        if let Some((message, help)) = rules::camel("model", &name.value) {
            self.broken(codes::INVALID_NAME, &name.place, message, help);
            return false;
        }
        if ids.contains_key(name.value.as_str()) {
            self.duplicate("the model", name);
            return false;
        }
        let other = if self.enum_ids.contains_key(&name.value) { "an enum" } else { "a custom type" };
        if self.enum_ids.contains_key(&name.value) || self.custom_ids.contains_key(&name.value) {
            let message = format!("`{}` is a model and {other}", name.value);
            self.broken(codes::NAME_CLASH, &name.place, message, "rename one of them");
            return false;
        }
        true
    }

    /// `User` brings `NewUser` and `UserColumns` with it, which nothing else may be called.
    fn derived_names(&mut self, kept: &[&draft::Model], ids: &BTreeMap<&str, ModelId>) {
        for draft in kept {
            for derived in names::reserved::beside(&draft.name.value) {
                let taken = ids.contains_key(derived.as_str()) || self.enum_ids.contains_key(&derived);
                if !taken {
                    continue;
                }
                let message = format!(
                    "`{derived}` is made for the model `{}`, so nothing else can have that name",
                    draft.name.value
                );
                let place = kept.iter().find(|m| m.name.value == derived).map(|m| m.name.place.clone());
                let place = place.unwrap_or_else(|| draft.name.place.clone());
                if self.lenient {
                    self.warn(codes::RESERVED_NAME, &place, message, "give one of them another name");
                } else {
                    self.broken(codes::RESERVED_NAME, &place, message, "give one of them another name");
                }
            }
        }
    }

    fn fields(&mut self, draft: &draft::Model, table: TableId) -> Vec<Field> {
        let Some(table) = self.table(table).cloned() else { return Vec::new() };
        let mut fields: Vec<Field> = Vec::with_capacity(draft.fields.len());
        for field in &draft.fields {
            let name = &field.name;
            // the column has been reported if it is not there
            let Some(column) = column_id(&table, &field.column) else { continue };
            let problem = rules::snake("field", &name.value).or_else(|| rules::reserved_field(&name.value));
            if let Some((message, help)) = problem {
                self.broken(codes::INVALID_NAME, &name.place, message, help);
                continue;
            }
            if fields.iter().any(|f| f.name == name.value) {
                self.duplicate("the field", name);
                continue;
            }
            if fields.iter().any(|f| f.column == column) {
                let message = format!("two fields are on the column `{}`", field.column);
                self.broken(codes::DUPLICATE_NAME, &name.place, message, "remove one of them");
                continue;
            }
            let version = field.version && self.version(field, &table, column, &fields);
            fields.push(Field { name: name.value.clone(), column, version });
        }
        fields.sort_by_key(|f| f.column);
        fields
    }

    fn version(&mut self, field: &draft::Field, table: &Table, column: ColumnId, fields: &[Field]) -> bool {
        let place = &field.name.place;
        if let Some(first) = fields.iter().find(|f| f.version) {
            let message = format!("`{}` is a second version counter beside `{}`", field.name.value, first.name);
            self.broken(codes::VERSION_COLUMN, place, message, "keep one `version`");
            return false;
        }
        let Some(column) = table.columns.get(column.index()) else { return false };
        let integer = matches!(self.beneath(&column.ty), SqlType::Integer { .. } | SqlType::BigInt { .. });
        if !integer || column.nullable || column.generated.is_some() {
            let message = format!("`{}` cannot be a version counter", field.name.value);
            let help = "a version counter is `integer version` or `bigint version`, without `null`";
            self.broken(codes::VERSION_COLUMN, place, message, help);
            return false;
        }
        true
    }

    fn relations(&mut self, index: usize, draft: &draft::Model, ids: &BTreeMap<&str, ModelId>) -> Vec<Relation> {
        let mut relations: Vec<Relation> = Vec::with_capacity(draft.relations.len());
        let finders = self.models.get(index).map(|model| self.finders(model)).unwrap_or_default();
        for relation in &draft.relations {
            let name = &relation.name;
            let problem = rules::snake("relation", &name.value).map(|p| (codes::INVALID_NAME, p));
            let reserved = || rules::reserved_relation(&name.value, &finders).map(|p| (codes::RESERVED_NAME, p));
            let problem = problem.or_else(reserved);
            if let Some((code, (message, help))) = problem {
                self.broken(code, &name.place, message, help);
                continue;
            }
            let Some(model) = self.models.get(index) else { continue };
            if let Some(field) = model.fields.iter().find(|f| f.name == name.value) {
                let message = format!("`{}` has a field and a relation `{}`", model.name, field.name);
                let help = "rename one of them; the other side of a relation is named with `inverse:`";
                self.broken(codes::NAME_CLASH, &name.place, message, help);
                continue;
            }
            if relations.iter().any(|r| r.name == name.value) {
                let message = format!("`{}` has two relations `{}`", model.name, name.value);
                let help = "rename one of them; the other side of a relation is named with `inverse:`";
                self.broken(codes::DUPLICATE_NAME, &name.place, message, help);
                continue;
            }
            relations.extend(self.relation(index, relation, ids));
        }
        relations
    }

    /// The names of the finders that generated code has for the unique keys of a model.
    fn finders(&self, model: &Model) -> Vec<String> {
        self.unique_fields(model).iter().map(|fields| rules::finder(fields)).collect()
    }

    /// Two finders of one name: that of `a` and `b`, and that of a field `a_and_b`.
    fn finder_names(&mut self, draft: &draft::Model, model: &Model) {
        let mut first: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for fields in self.unique_fields(model) {
            let name = rules::finder(&fields);
            let known = first.entry(name.clone()).or_insert_with(|| fields.clone());
            if *known != fields {
                let of =
                    |fields: &[&str]| fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and ");
                let message = format!(
                    "the finder `{name}` of `{}` would be that of {} and that of {}",
                    model.name,
                    of(known),
                    of(&fields)
                );
                let help = "rename one of the fields; `column:` keeps the name of its column";
                self.broken(codes::NAME_CLASH, &draft.name.place, message, help);
            }
        }
    }

    /// The fields of each unique key that is whole among them.
    fn unique_fields<'m>(&self, model: &'m Model) -> Vec<Vec<&'m str>> {
        let Some(table) = self.table(model.table) else { return Vec::new() };
        let columns = |index: &crate::ir::Index| {
            let column = |part: &crate::ir::IndexPart| match part.target {
                IndexTarget::Column(id) => Some(id),
                IndexTarget::Expr(_) => None,
            };
            index.parts.iter().map(column).collect::<Option<Vec<_>>>()
        };
        let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
        let keys = table.uniques.iter().map(|unique| unique.columns.clone()).chain(indexes.filter_map(columns));
        let field = |id: &ColumnId| model.fields.iter().find(|f| f.column == *id).map(|f| f.name.as_str());
        keys.filter_map(|ids| ids.iter().map(field).collect()).collect()
    }

    fn relation(&mut self, index: usize, draft: &draft::Relation, ids: &BTreeMap<&str, ModelId>) -> Option<Relation> {
        let Some(&target) = ids.get(draft.target.value.as_str()) else {
            // Why it is none was told, and nothing is made of a spec with errors.
            if self.failed && self.unmade.contains(&draft.target.value) {
                return None;
            }
            let message =
                format!("the relation `{}` leads to `{}`, which is no model", draft.name.value, draft.target.value);
            let help = suggest_help(&draft.target.value, "models", ids.keys().copied());
            self.broken(codes::UNKNOWN_MODEL, &draft.target.place, message, help);
            return None;
        };
        let here = self.table(self.models.get(index)?.table)?.clone();
        let there = self.table(self.models.get(target.index())?.table)?.clone();
        let place = &draft.name.place;
        let kind = match &draft.kind {
            draft::RelationKind::BelongsTo(on) => {
                let on = self.on(&here, &there, on, place)?;
                let optional = on.iter().any(|(id, _)| here.columns.get(id.index()).is_some_and(|c| c.nullable));
                RelationKind::BelongsTo { on, optional }
            }
            draft::RelationKind::HasOne(on) => RelationKind::HasOne { on: self.on(&here, &there, on, place)? },
            draft::RelationKind::HasMany(on) => RelationKind::HasMany { on: self.on(&here, &there, on, place)? },
            draft::RelationKind::ManyToMany { through, near, far } => {
                let Some(&through) = self.table_ids.get(through) else {
                    let message = format!("the relation `{}` has no table `{}`", draft.name.value, shown(through));
                    self.broken(codes::UNKNOWN_TABLE, place, message, "create the table, or remove the relation");
                    return None;
                };
                let between = self.table(through)?.clone();
                let near = self.on(&here, &between, near, place)?;
                RelationKind::ManyToMany { through, near, far: self.on(&between, &there, far, place)? }
            }
        };
        let ownership = self.ownership(draft, &here, &there);
        Some(Relation { name: draft.name.value.clone(), target, kind, inverse: draft.inverse.clone(), ownership })
    }

    /// Rows are updated and deleted by their key.
    fn hooks(&mut self, draft: &draft::Model, table: TableId) -> Hooks {
        let hooks = draft.hooks;
        let keyed = self.table(table).is_some_and(|table| !table.primary_key.is_empty());
        if !keyed && (hooks.before_update || hooks.before_delete) {
            let name = &draft.name;
            let message = format!("`{}` has hooks for rows by their key, and no primary key", name.value);
            let help = "give it a primary key, or keep `before_insert` only";
            self.broken(codes::PRIMARY_KEY, &name.place, message, help);
            return Hooks { before_update: false, before_delete: false, ..hooks };
        }
        hooks
    }

    /// A session holds rows by their key.
    fn ownership(&mut self, draft: &draft::Relation, here: &Table, there: &Table) -> Ownership {
        let holds = |table: &Table| table.kind == TableKind::Table && !table.primary_key.is_empty();
        if draft.ownership == Ownership::default() || holds(here) && holds(there) {
            return draft.ownership;
        }
        // Said once, where the foreign key is.
        if !matches!(draft.kind, draft::RelationKind::BelongsTo(_)) && draft.inverse.is_some() {
            return Ownership::default();
        }
        let message = format!("a session cannot hold the rows of both sides of `{}`", draft.name.value);
        let help = "give both tables a primary key, or remove `cascade` and `orphans`";
        self.broken(codes::PRIMARY_KEY, &draft.name.place, message, help);
        Ownership::default()
    }

    fn on(&mut self, here: &Table, there: &Table, on: &[(String, String)], place: &Place) -> Option<On> {
        let what = "a relation";
        let left: Vec<_> = on.iter().map(|(name, _)| At::new(name.clone(), place.clone())).collect();
        let right: Vec<_> = on.iter().map(|(_, name)| At::new(name.clone(), place.clone())).collect();
        let (left, right) = (self.columns(here, &left, what)?, self.columns(there, &right, what)?);
        if left.is_empty() {
            self.broken(codes::RELATION_COLUMNS, place, "a relation has no columns", "name its columns");
            return None;
        }
        Some(left.into_iter().zip(right).collect())
    }

    /// An inverse that was left out is not named any more.
    fn inverses(&mut self) {
        let names: Vec<Vec<String>> =
            self.models.iter().map(|m| m.relations.iter().map(|r| r.name.clone()).collect()).collect();
        for relation in self.models.iter_mut().flat_map(|m| &mut m.relations) {
            let there = names.get(relation.target.index());
            if let Some(inverse) = &relation.inverse
                && !there.is_some_and(|names| names.contains(inverse))
            {
                relation.inverse = None;
            }
        }
    }
}
