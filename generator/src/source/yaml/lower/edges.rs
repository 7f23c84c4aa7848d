//! Relations over a foreign key, declared on either side.

use super::super::models::{PartSpec, PartTarget};
use super::super::relations::{Inverse, RelationKind, RelationSpec};
use super::{Declared, Lower, made_index};
use crate::codes;
use crate::diag::Place;
use crate::ir::draft::{self, At, Column, Field, ForeignKey, Relation, Type};
use crate::ir::{SqlType, TableKind};
use crate::names;

/// A foreign key between two models.
struct Edge {
    at: Declared,
    /// The model that holds the key.
    owner: usize,
    /// The model it points to.
    target: usize,
    spec: RelationSpec,
}

impl Edge {
    /// Whether the model that holds the key declares the relation.
    fn is_owners(&self) -> bool {
        self.spec.kind == RelationKind::BelongsTo
    }
}

/// A column that a foreign key points to.
#[derive(Clone)]
struct KeyColumn {
    field: String,
    column: String,
    ty: At<Type>,
}

impl Lower<'_, '_> {
    /// Resolves every relation, those over a foreign key first: tables between need their keys.
    pub(super) fn relations(&mut self) {
        let mut edges = Vec::new();
        let mut many = Vec::new();
        for model in 0..self.specs.len() {
            let count = self.specs.get(model).map_or(0, |m| m.relations.len());
            for relation in 0..count {
                let at = (model, relation);
                let Some(spec) = self.spec_of(at).cloned() else { continue };
                let Some(target) = self.model_of(&spec.target) else {
                    let made = [At::new(format!("{}_id", spec.name.value), spec.name.place.clone())];
                    let fields = if spec.columns.is_empty() { &made } else { spec.columns.as_slice() };
                    self.assumed.extend(fields.iter().map(|f| (model, f.value.clone())));
                    continue;
                };
                if self.declared_twice(at, &spec, target) {
                    continue;
                }
                match spec.kind {
                    RelationKind::BelongsTo => edges.push(Edge { at, owner: model, target, spec }),
                    RelationKind::HasOne | RelationKind::HasMany => {
                        edges.push(Edge { at, owner: target, target: model, spec });
                    }
                    RelationKind::ManyToMany => many.push((at, target, spec)),
                }
            }
        }
        self.edges(edges);
        for (at, target, spec) in many {
            self.many_to_many(at, target, &spec);
        }
    }

    /// An edge may point to a key that another edge makes, so those whose target is ready go first.
    fn edges(&mut self, mut waiting: Vec<Edge>) {
        loop {
            let before = waiting.len();
            let mut later = Vec::new();
            for edge in waiting {
                match self.is_ready(&edge) {
                    true => self.edge(&edge),
                    false => later.push(edge),
                }
            }
            if later.len() == before || later.is_empty() {
                for edge in later {
                    // reports what is missing
                    self.edge(&edge);
                }
                return;
            }
            waiting = later;
        }
    }

    fn key_fields(&self, edge: &Edge) -> Vec<At<String>> {
        if edge.spec.references.is_empty() {
            return self.owners.get(edge.target).cloned().unwrap_or_default();
        }
        edge.spec.references.clone()
    }

    fn is_ready(&self, edge: &Edge) -> bool {
        let Some(model) = self.draft.models.get(edge.target) else { return true };
        let missing = |key: &At<String>| model.fields.iter().all(|f| f.name.value != key.value);
        !self.key_fields(edge).iter().any(missing)
    }

    /// Whether the same edge is declared on the other side as well; the `has_…` side reports it.
    fn declared_twice(&mut self, at: Declared, spec: &RelationSpec, target: usize) -> bool {
        let owner = self.name_of(at.0).to_owned();
        let counterpart = match spec.kind {
            RelationKind::BelongsTo => return false,
            RelationKind::HasOne | RelationKind::HasMany => RelationKind::BelongsTo,
            RelationKind::ManyToMany => RelationKind::ManyToMany,
        };
        let same = |other: &RelationSpec| {
            let names_us = matches!(&other.inverse, Inverse::Named(n) if n.value == spec.name.value);
            let named = match &spec.inverse {
                Inverse::Named(name) => name.value == other.name.value,
                Inverse::Omitted => counterpart == RelationKind::BelongsTo && other.columns.is_empty(),
                Inverse::Suppressed => false,
            };
            let first = counterpart == RelationKind::ManyToMany && at.0 < target;
            other.kind == counterpart && other.target.value == owner && (names_us || named) && !first
        };
        let Some(theirs) = self.specs.get(target).filter(|_| target != at.0) else { return false };
        let Some(other) = theirs.relations.iter().find(|r| same(r)) else { return false };
        let message = format!(
            "this relation is declared on both sides: `{}` has it as `{}`",
            spec.target.value, other.name.value
        );
        let help = format!(
            "keep one of them, with `inverse: {}` for the other side's name",
            if counterpart == RelationKind::BelongsTo { &spec.name.value } else { &other.name.value }
        );
        self.push(codes::RELATION_TWICE, spec.name.place.clone(), message, help);
        true
    }

    fn edge(&mut self, edge: &Edge) {
        let Some(key) = self.key_columns(edge) else { return };
        let Some((near, far_name)) = self.edge_names(edge) else { return };
        let Some(columns) = self.foreign_columns(edge, &near, &key) else { return };
        let on: Vec<(String, String)> =
            columns.iter().map(|c| c.value.clone()).zip(key.iter().map(|k| k.column.clone())).collect();
        let one = edge.spec.unique || edge.spec.kind == RelationKind::HasOne || self.is_key(edge.owner, &columns);
        let Some(table) = self.table_of(edge.target).map(|t| t.name.value.clone()) else { return };
        let spec = &edge.spec;
        let Some(owner) = self.draft.tables.get_mut(edge.owner) else { return };
        if owner.kind == TableKind::View {
            // A view has no keys of its own: the relation is one of the query only.
            return self.both_sides(edge, near, far_name, on, one);
        }
        owner.foreign_keys.push(ForeignKey {
            name: spec.constraint.clone(),
            columns: columns.clone(),
            table: At::new(table, spec.target.place.clone()),
            references: key.iter().map(|k| At::new(k.column.clone(), spec.target.place.clone())).collect(),
            on_delete: spec.on_delete,
            on_update: spec.on_update,
            deferred: spec.deferred,
            place: spec.name.place.clone(),
        });
        let known = owner.uniques.iter().any(|(_, list)| same_texts(list, &columns));
        let unique = spec.unique || spec.kind == RelationKind::HasOne;
        if unique && !known && !self.is_key(edge.owner, &columns) {
            if let Some(owner) = self.draft.tables.get_mut(edge.owner) {
                owner.uniques.push((None, columns));
            }
        } else if let Some(owner) = self.draft.tables.get_mut(edge.owner).filter(|_| spec.index) {
            owner.indexes.push(made_index(columns));
        }
        self.both_sides(edge, near, far_name, on, one);
    }

    /// The columns that the key points to.
    fn key_columns(&mut self, edge: &Edge) -> Option<Vec<KeyColumn>> {
        let fields = self.key_fields(edge);
        if fields.is_empty() {
            let message = format!("`{}` has no primary key to point to", self.name_of(edge.target));
            let help = "mark a column of it with `primary`, or name unique ones with `references:`";
            self.push(codes::RELATION_COLUMNS, edge.spec.target.place.clone(), message, help);
            return None;
        }
        let mut all = Vec::with_capacity(fields.len());
        for field in &fields {
            let place = if edge.spec.references.is_empty() { &edge.spec.target.place } else { &field.place };
            let column = self.column_of(edge.target, &At::new(field.value.clone(), place.clone()))?;
            let table = self.table_of(edge.target)?;
            let found = table.columns.iter().find(|c| c.name.value == column.value)?;
            all.push(KeyColumn { field: field.value.clone(), column: column.value, ty: found.ty.clone() });
        }
        Some(all)
    }

    /// Names of both sides: that of the model with the key, and that of the target.
    fn edge_names(&mut self, edge: &Edge) -> Option<(Side, Side)> {
        let spec = &edge.spec;
        let declared = Side::Named(spec.name.clone());
        let other = match &spec.inverse {
            Inverse::Named(name) => Side::Named(name.clone()),
            Inverse::Suppressed => Side::None,
            Inverse::Omitted => Side::Derived(spec.name.place.clone()),
        };
        Some(if edge.is_owners() { (declared, other) } else { (other, declared) })
    }

    /// Fields of the foreign key, made where they are not declared.
    fn foreign_columns(&mut self, edge: &Edge, near: &Side, key: &[KeyColumn]) -> Option<Vec<At<String>>> {
        let spec = &edge.spec;
        let place = spec.name.place.clone();
        let stem = match near {
            Side::Named(name) => name.value.clone(),
            Side::None | Side::Derived(_) => names::table(self.name_of(edge.target)),
        };
        let fields: Vec<At<String>> = match (spec.columns.as_slice(), key) {
            ([], [_]) => vec![At::new(format!("{stem}_id"), place)],
            ([], _) => key.iter().map(|k| At::new(format!("{stem}_{}", k.field), place.clone())).collect(),
            (columns, _) => columns.to_vec(),
        };
        if fields.len() != key.len() {
            let message = format!("the relation has {} columns and its target's key has {}", fields.len(), key.len());
            let wanted = key.iter().map(|k| k.field.as_str()).collect::<Vec<_>>().join(", ");
            let help = format!("give one column for each of: {wanted}");
            self.push(codes::RELATION_COLUMNS, spec.name.place.clone(), message, help);
            return None;
        }
        Some(fields.into_iter().zip(key).map(|(field, key)| self.foreign_column(edge, field, key)).collect())
    }

    fn foreign_column(&mut self, edge: &Edge, field: At<String>, key: &KeyColumn) -> At<String> {
        let Some(model) = self.draft.models.get_mut(edge.owner) else { return field };
        if let Some(found) = model.fields.iter().find(|f| f.name.value == field.value) {
            let column = found.column.clone();
            let nullable = self
                .table_of(edge.owner)
                .and_then(|t| t.columns.iter().find(|c| c.name.value == column))
                .is_none_or(|c| c.nullable);
            if let (Some(place), false) = (&edge.spec.null, nullable) {
                let message = format!("the relation may be null, but its column `{}` may not", field.value);
                let help = format!("add `null` to the column `{}`, or remove it here", field.value);
                self.push(codes::SPEC_CONFLICT, place.clone(), message, help);
            }
            return At::new(column, field.place);
        }
        model.fields.push(Field { name: field.clone(), column: field.value.clone(), version: false });
        let ty = At::new(self.copied(&key.ty.value), edge.spec.target.place.clone());
        if let Some(table) = self.draft.tables.get_mut(edge.owner) {
            table.columns.push(Column {
                name: field.clone(),
                ty,
                nullable: edge.spec.null.is_some(),
                default: None,
                generated: None,
                collation: None,
                comment: None,
                renamed_from: None,
                declared: None,
                spelled: None,
            });
        }
        field
    }

    /// The type of a key as the columns have it that point to it. One that is not known is reported at the key alone.
    pub(super) fn copied(&self, ty: &Type) -> Type {
        let Type::Named(name) = ty else { return ty.clone() };
        let draft = &self.draft;
        let known = draft.enums.iter().any(|item| item.name.value == *name)
            || draft.customs.iter().any(|item| item.name.value == *name);
        if known { ty.clone() } else { Type::Plain(SqlType::BigInt { unsigned: false }) }
    }

    /// Whether columns are a key of their own: the primary key or a unique constraint.
    fn is_key(&self, model: usize, columns: &[At<String>]) -> bool {
        let Some(table) = self.table_of(model) else { return false };
        let fields = self.owners.get(model).map(Vec::as_slice).unwrap_or_default();
        let column_of = |field: &At<String>| {
            let fields = self.draft.models.get(model).map(|m| m.fields.as_slice()).unwrap_or_default();
            fields.iter().find(|f| f.name.value == field.value).map(|f| f.column.clone())
        };
        // A field that another relation is still to make is no column yet; it is none of these, then.
        let is_all = |fields: &[At<String>]| {
            let list: Option<Vec<_>> = fields.iter().map(column_of).collect();
            list.is_some_and(|list| list.len() == columns.len() && columns.iter().all(|c| list.contains(&c.value)))
        };
        let is_primary = is_all(fields);
        let declared = self.specs.get(model).map(|m| m.uniques.as_slice()).unwrap_or_default();
        is_primary
            || table.uniques.iter().any(|(_, list)| same_texts(list, columns))
            || declared.iter().any(|unique| is_all(&unique.columns))
            || self.has_unique_index(model, columns, &column_of)
    }

    /// Whether a unique index on every database, over all rows, has exactly these columns.
    fn has_unique_index(
        &self,
        model: usize,
        columns: &[At<String>],
        column_of: &dyn Fn(&At<String>) -> Option<String>,
    ) -> bool {
        let indexes = self.specs.get(model).map(|m| m.indexes.as_slice()).unwrap_or_default();
        indexes.iter().filter(|i| i.unique && i.predicate.is_none() && i.only.is_empty()).any(|index| {
            let column = |part: &PartSpec| match &part.target {
                PartTarget::Field(field) => column_of(field),
                PartTarget::Expr(_) => None,
            };
            let list: Vec<_> = index.parts.iter().filter_map(column).collect();
            index.parts.len() == columns.len() && columns.iter().all(|c| list.contains(&c.value))
        })
    }

    fn both_sides(&mut self, edge: &Edge, near: Side, far: Side, on: Vec<(String, String)>, one: bool) {
        let (owner, target) = (self.name_of(edge.owner).to_owned(), self.name_of(edge.target).to_owned());
        let near = near.or_else(|| names::table(&target));
        let far = match (far, &near) {
            (Side::Derived(place), Some(near)) => {
                Some(At::new(names::inverse(&near.value, &owner, &target, !one), place))
            }
            (Side::Named(name), _) => Some(name),
            _ => None,
        };
        let (place, ownership) = (edge.spec.target.place.clone(), edge.spec.ownership);
        let back: Vec<_> = on.iter().map(|(here, there)| (there.clone(), here.clone())).collect();
        let many = if one && edge.spec.kind != RelationKind::HasMany {
            draft::RelationKind::HasOne(back)
        } else {
            draft::RelationKind::HasMany(back)
        };
        let (near_name, far_name) = (near.as_ref().map(|n| n.value.clone()), far.as_ref().map(|n| n.value.clone()));
        let belongs_to = near.map(|name| Relation {
            name,
            target: At::new(target, place.clone()),
            kind: draft::RelationKind::BelongsTo(on),
            inverse: far_name,
            ownership,
        });
        let has =
            far.map(|name| Relation { name, target: At::new(owner, place), kind: many, inverse: near_name, ownership });
        let (declared, inverse, other) = match edge.is_owners() {
            true => (belongs_to, has, edge.target),
            false => (has, belongs_to, edge.owner),
        };
        if let Some(declared) = declared {
            self.declared.insert(edge.at, declared);
        }
        if let Some(inverse) = inverse {
            self.inverses.insert(edge.at, (other, inverse));
        }
    }
}

/// One side's name.
enum Side {
    Named(At<String>),
    /// To be derived; findings about it go to the place.
    Derived(Place),
    None,
}

impl Side {
    fn or_else(self, derive: impl FnOnce() -> String) -> Option<At<String>> {
        match self {
            Self::Named(name) => Some(name),
            Self::Derived(place) => Some(At::new(derive(), place)),
            Self::None => None,
        }
    }
}

fn same_texts(a: &[At<String>], b: &[At<String>]) -> bool {
    a.len() == b.len() && b.iter().all(|c| a.iter().any(|other| other.value == c.value))
}
