//! On which side of an edge the spec declares it.
//!
//! A model's relations are those it declares, then the other sides of what other models declare. The side with the key
//! declares, unless the order of the schema's relations says otherwise.

use std::collections::BTreeSet;

use crate::ir::{ColumnId, Model, Relation, RelationKind, Schema, TableId};

/// A relation: model and position.
pub(super) type Position = (usize, usize);

/// The relations that the spec declares; the others follow from them.
#[derive(Debug)]
pub(super) struct Sides {
    declared: BTreeSet<Position>,
}

impl Sides {
    pub fn of(schema: &Schema) -> Self {
        let mut declared: BTreeSet<Position> = BTreeSet::new();
        for (at, model) in schema.models.iter().enumerate() {
            for (position, relation) in model.relations.iter().enumerate() {
                if by_itself(schema, (at, position), relation) {
                    declared.insert((at, position));
                }
            }
        }
        let mut sides = Self { declared };
        sides.turn(schema);
        sides
    }

    /// Whether a relation is declared where it is.
    pub fn is_declared(&self, at: Position) -> bool {
        self.declared.contains(&at)
    }

    /// Declares a relation where it is, when it stands before others that are declared there. Each edge turns once at
    /// most, so this ends.
    fn turn(&mut self, schema: &Schema) {
        let mut turned: BTreeSet<Position> = BTreeSet::new();
        loop {
            let early = schema.models.iter().enumerate().find_map(|(at, model)| {
                let last = (0..model.relations.len()).rev().find(|r| self.is_declared((at, *r)))?;
                (0..last).map(|position| (at, position)).find(|position| {
                    !self.is_declared(*position) && !turned.contains(position) && can_turn(schema, *position)
                })
            });
            let Some(early) = early else { return };
            let Some(other) = counterpart(schema, early) else { return };
            self.declared.remove(&other);
            self.declared.insert(early);
            turned.extend([early, other]);
        }
    }
}

/// Whether a relation declares its edge when nothing speaks against it.
fn by_itself(schema: &Schema, at: Position, relation: &Relation) -> bool {
    match &relation.kind {
        RelationKind::BelongsTo { .. } => true,
        RelationKind::HasOne { .. } | RelationKind::HasMany { .. } => counterpart(schema, at).is_none(),
        RelationKind::ManyToMany { through, near, far } => match counterpart(schema, at) {
            None => true,
            Some(other) => {
                let near = first(schema, *through, near.iter().map(|(_, between)| *between));
                let far = first(schema, *through, far.iter().map(|(between, _)| *between));
                (near, at) < (far, other)
            }
        },
    }
}

/// Where the first of some columns stands in the key of the table between.
fn first(schema: &Schema, table: TableId, columns: impl Iterator<Item = ColumnId>) -> Option<usize> {
    let key = &schema.tables.get(table.index())?.primary_key;
    columns.filter_map(|column| key.iter().position(|other| *other == column)).min()
}

/// A many-to-many over a table without a model makes that table, with the columns of the declaring side first.
fn can_turn(schema: &Schema, at: Position) -> bool {
    match relation(schema, at).map(|relation| &relation.kind) {
        Some(RelationKind::ManyToMany { through, .. }) => schema.models.iter().any(|model| model.table == *through),
        _ => counterpart(schema, at).is_some(),
    }
}

/// The same edge seen from the other model.
pub(super) fn counterpart(schema: &Schema, at: Position) -> Option<Position> {
    let this = relation(schema, at)?;
    let name = this.inverse.as_ref()?;
    let target: &Model = schema.models.get(this.target.index())?;
    let position = target.relations.iter().position(|other| {
        other.name == *name && other.target.index() == at.0 && other.inverse.as_ref() == Some(&this.name)
    })?;
    Some((this.target.index(), position)).filter(|other| *other != at)
}

fn relation(schema: &Schema, (model, position): Position) -> Option<&Relation> {
    schema.models.get(model)?.relations.get(position)
}
