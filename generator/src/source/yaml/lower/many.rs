//! Many-to-many relations, over a table of their own or through a model.

use super::super::relations::{Inverse, RelationSpec};
use super::{Declared, Lower, plain_index};
use crate::codes;
use crate::diag::suggest_help;
use crate::ir::draft::{At, Column, ForeignKey, Relation, RelationKind, Table, Type};
use crate::ir::{Action, SqliteOptions, TableKind, TableName};
use crate::names;

type Pairs = Vec<(String, String)>;

/// One half of the table between: its columns, and what they point to.
struct Half {
    table: TableName,
    columns: Vec<At<String>>,
    references: Vec<String>,
    types: Vec<At<Type>>,
}

impl Lower<'_, '_> {
    pub(super) fn many_to_many(&mut self, at: Declared, target: usize, spec: &RelationSpec) {
        let made = match &spec.through {
            Some(model) => self.through_model(at.0, target, spec, model),
            None => self.own_table(at.0, target, spec),
        };
        let Some((through, near, far)) = made else { return };
        let (owner, other) = (self.name_of(at.0).to_owned(), self.name_of(target).to_owned());
        let inverse = match &spec.inverse {
            Inverse::Suppressed => None,
            Inverse::Named(name) => Some(name.clone()),
            Inverse::Omitted => {
                let plural = names::plural(&names::table(&owner));
                let plain = spec.name.value == names::plural(&names::table(&other));
                let name = if plain { plural } else { format!("{}_{plural}", spec.name.value) };
                Some(At::new(name, spec.name.place.clone()))
            }
        };
        let flip = |pairs: &Pairs| pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect::<Pairs>();
        let (place, ownership) = (spec.target.place.clone(), spec.ownership);
        if let Some(name) = &inverse {
            let kind = RelationKind::ManyToMany { through: through.clone(), near: flip(&far), far: flip(&near) };
            let back = Some(spec.name.value.clone());
            let target_at = At::new(owner, place.clone());
            let relation = Relation { name: name.clone(), target: target_at, kind, inverse: back, ownership };
            self.inverses.insert(at, (target, relation));
        }
        let kind = RelationKind::ManyToMany { through, near, far };
        let inverse = inverse.map(|n| n.value);
        let target = At::new(other, place);
        self.declared.insert(at, Relation { name: spec.name.clone(), target, kind, inverse, ownership });
    }

    /// Columns of a model's primary key with their types.
    fn key_of(&mut self, model: usize, spec: &RelationSpec) -> Option<Vec<(String, String, At<Type>)>> {
        let fields = self.owners.get(model).cloned().unwrap_or_default();
        if fields.is_empty() {
            let message = format!("`{}` has no primary key to point to", self.name_of(model));
            let help = "mark a column of it with `primary`";
            self.push(codes::RELATION_COLUMNS, spec.name.place.clone(), message, help);
            return None;
        }
        let mut key = Vec::new();
        for field in &fields {
            let column = self.column_of(model, field)?;
            let found = self.table_of(model)?.columns.iter().find(|c| c.name.value == column.value)?;
            key.push((field.value.clone(), column.value.clone(), found.ty.clone()));
        }
        Some(key)
    }

    /// Makes the table between.
    fn own_table(&mut self, owner: usize, target: usize, spec: &RelationSpec) -> Option<(TableName, Pairs, Pairs)> {
        let (near_key, far_key) = (self.key_of(owner, spec)?, self.key_of(target, spec)?);
        let wanted = near_key.len() + far_key.len();
        if spec.columns.is_empty() && owner == target {
            let message = "a many-to-many of a model with itself needs names for its columns";
            let help = "add for instance `columns: [follower_id, followee_id]`: this side first";
            self.push(codes::RELATION_COLUMNS, spec.name.place.clone(), message, help);
            return None;
        }
        if !spec.columns.is_empty() && spec.columns.len() != wanted {
            let message = format!("`columns` has {} names and the table between needs {wanted}", spec.columns.len());
            let help = "give those that point to this model first, then those that point to the other";
            self.push(codes::RELATION_COLUMNS, spec.name.place.clone(), message, help);
            return None;
        }
        let mut given = spec.columns.iter().cloned();
        let near = self.half(owner, near_key, &mut given, spec)?;
        let far = self.half(target, far_key, &mut given, spec)?;
        let name = spec.table.clone().unwrap_or_else(|| {
            let name = format!("{}_{}", names::table(self.name_of(owner)), names::table(self.name_of(target)));
            At::new(name, spec.name.place.clone())
        });
        let name = At::new(TableName { schema: None, name: name.value }, name.place);
        if let Some(model) = self.draft.models.iter().find(|model| model.table == name.value) {
            let (table, owner, relation) = (&name.value.name, &model.name.value, &spec.name.value);
            let message = format!("`{table}` cannot be the table between of `{relation}`: it is that of `{owner}`");
            let help =
                format!("give it another name with `table:`, or write `through: {owner}` if that model is meant");
            self.push(codes::SHARED_TABLE, name.place, message, help);
            return None;
        }
        let pairs_near = near.references.iter().cloned().zip(near.columns.iter().map(|c| c.value.clone())).collect();
        let pairs_far = far.columns.iter().map(|c| c.value.clone()).zip(far.references.iter().cloned()).collect();
        self.draft.tables.push(between(name.clone(), near, far));
        Some((name.value, pairs_near, pairs_far))
    }

    fn half(
        &self,
        model: usize,
        key: Vec<(String, String, At<Type>)>,
        given: &mut impl Iterator<Item = At<String>>,
        spec: &RelationSpec,
    ) -> Option<Half> {
        let stem = names::table(self.name_of(model));
        let single = key.len() == 1;
        let mut half = Half {
            table: self.table_of(model)?.name.value.clone(),
            columns: Vec::new(),
            references: Vec::new(),
            types: Vec::new(),
        };
        for (field, column, ty) in key {
            let derived = if single { format!("{stem}_id") } else { format!("{stem}_{field}") };
            half.columns.push(given.next().unwrap_or_else(|| At::new(derived, spec.name.place.clone())));
            half.references.push(column);
            half.types.push(At::new(self.copied(&ty.value), spec.target.place.clone()));
        }
        Some(half)
    }

    /// Finds the two foreign keys of the model between.
    fn through_model(
        &mut self,
        owner: usize,
        target: usize,
        spec: &RelationSpec,
        through: &At<String>,
    ) -> Option<(TableName, Pairs, Pairs)> {
        let between = self.model_of(through)?;
        let near = self.key_to(between, owner, spec, 0)?;
        let far = self.key_to(between, target, spec, 1)?;
        let table = self.table_of(between)?.name.value.clone();
        let near = near.into_iter().map(|(here, there)| (there, here)).collect();
        Some((table, near, far))
    }

    /// The foreign key of a model to another one, as columns here and there; `columns` decides between several.
    fn key_to(&mut self, between: usize, to: usize, spec: &RelationSpec, position: usize) -> Option<Pairs> {
        let target = self.table_of(to)?.name.value.clone();
        let table = self.table_of(between)?;
        let keys: Vec<&ForeignKey> = table.foreign_keys.iter().filter(|f| f.table.value == target).collect();
        let pairs = |key: &ForeignKey| {
            let references = key.references.iter().map(|c| c.value.clone());
            key.columns.iter().map(|c| c.value.clone()).zip(references).collect::<Pairs>()
        };
        let (name, other) = (self.name_of(between).to_owned(), self.name_of(to).to_owned());
        let Some(wanted) = spec.columns.get(position) else {
            if let [key] = keys.as_slice() {
                return Some(pairs(key));
            }
            let message = format!("`{name}` has {} relations to `{other}`", keys.len());
            let help = match keys.len() {
                0 => format!("add a `belongs_to: {other}` to `{name}`"),
                _ => "add `columns: [a_id, b_id]`: the column that points to this model, then the other".to_owned(),
            };
            self.push(codes::RELATION_COLUMNS, spec.name.place.clone(), message, help);
            return None;
        };
        let column = self.draft.models.get(between)?.fields.iter().find(|f| f.name.value == wanted.value);
        let column = column.map_or(wanted.value.as_str(), |f| f.column.as_str());
        if let Some(key) = keys.iter().find(|k| k.columns.iter().any(|c| c.value == column)) {
            return Some(pairs(key));
        }
        let columns: Vec<String> = keys.iter().flat_map(|k| k.columns.iter().map(|c| c.value.clone())).collect();
        let message = format!("`{}` is no column of `{name}` that points to `{other}`", wanted.value);
        let help = suggest_help(&wanted.value, "columns", columns.iter().map(String::as_str));
        self.push(codes::RELATION_COLUMNS, wanted.place.clone(), message, help);
        None
    }
}

fn between(name: At<TableName>, near: Half, far: Half) -> Table {
    let place = name.place.clone();
    let key: Vec<_> = near.columns.iter().chain(&far.columns).cloned().collect();
    let index = plain_index(far.columns.clone(), place.clone());
    let mut columns = Vec::new();
    let mut foreign_keys = Vec::new();
    for half in [near, far] {
        for (column, ty) in half.columns.iter().zip(half.types) {
            columns.push(Column {
                name: column.clone(),
                ty,
                nullable: false,
                default: None,
                generated: None,
                collation: None,
                comment: None,
                renamed_from: None,
                declared: None,
                spelled: None,
            });
        }
        foreign_keys.push(ForeignKey {
            name: None,
            columns: half.columns,
            table: At::new(half.table, place.clone()),
            references: half.references.into_iter().map(|c| At::new(c, place.clone())).collect(),
            on_delete: Action::Cascade,
            on_update: Action::NoAction,
            deferred: false,
            place: place.clone(),
        });
    }
    Table {
        name,
        kind: TableKind::Table,
        columns,
        primary_key: key,
        uniques: Vec::new(),
        indexes: vec![index],
        checks: Vec::new(),
        foreign_keys,
        comment: None,
        renamed_from: None,
        sqlite: SqliteOptions::default(),
    }
}
