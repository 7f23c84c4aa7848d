//! Relations, and foreign keys that have none.

use super::sides::counterpart;
use super::yaml_text::Yaml;
use super::{Of, Writer};
use crate::ir::{
    Action, ColumnId, ForeignKey, IndexTarget, Model, ModelId, Relation, RelationKind, Table, TableId, TableKind,
};
use crate::names;

type Entries = Vec<(&'static str, Yaml)>;

/// An edge over a foreign key.
struct Edge<'a> {
    /// The model with the key, and the one it leads to.
    owner: Of<'a>,
    target: Of<'a>,
    /// Columns of the owner and of the target.
    on: Vec<(ColumnId, ColumnId)>,
    /// Name of the belongs-to.
    near: Option<&'a str>,
}

impl<'a> Writer<'a> {
    /// The relations that the spec declares at a model.
    pub(super) fn relations(&self, at: usize, of: Of<'a>) -> Vec<(String, Yaml)> {
        let declared = of.model.relations.iter().enumerate().filter(|(r, _)| self.sides.is_declared((at, *r)));
        declared
            .filter_map(|(position, relation)| {
                let map = match &relation.kind {
                    RelationKind::ManyToMany { .. } => self.many_to_many(of, relation)?,
                    _ => self.keyed((at, position), of, relation)?,
                };
                Some((relation.name.clone(), Yaml::Map(map)))
            })
            .collect()
    }

    fn keyed(&self, at: (usize, usize), of: Of<'a>, relation: &'a Relation) -> Option<Entries> {
        let edge = self.edge(of, relation)?;
        let other = counterpart(self.schema, at)
            .and_then(|(model, position)| self.schema.models.get(model)?.relations.get(position));
        let (kind, inverse) = match &relation.kind {
            RelationKind::HasOne { .. } => ("has_one", names::table(&edge.target.model.name)),
            RelationKind::HasMany { .. } => ("has_many", names::table(&edge.target.model.name)),
            _ => {
                let many = !matches!(other.map(|other| &other.kind), Some(RelationKind::HasOne { .. }));
                let (owner, target) = (&edge.owner.model.name, &edge.target.model.name);
                ("belongs_to", names::inverse(&relation.name, owner, target, many))
            }
        };
        let leads_to = self.schema.models.get(relation.target.index())?;
        let mut map = vec![(kind, Yaml::text(&leads_to.name))];
        match other {
            None => map.push(("inverse", Yaml::Word("none"))),
            Some(other) if other.name != inverse => map.push(("inverse", Yaml::text(&other.name))),
            Some(_) => {}
        }
        map.extend(edge_columns(&edge));
        if edge.owner.table.kind == TableKind::View {
            return Some(map);
        }
        let key = edge.owner.table.foreign_keys.iter().find(|key| fits(key, &edge))?;
        map.extend(settings(key));
        if relation.ownership.cascade {
            map.push(("cascade", Yaml::Word("session")));
        }
        if relation.ownership.orphans {
            map.push(("orphans", Yaml::Word("delete")));
        }
        let columns: Vec<ColumnId> = edge.on.iter().map(|(here, _)| *here).collect();
        if !leads(edge.owner.table, &columns) && kind != "has_one" {
            map.push(("index", Yaml::Word("false")));
        }
        Some(map)
    }

    /// The edge of a relation over a key, seen from either side.
    fn edge(&self, of: Of<'a>, relation: &'a Relation) -> Option<Edge<'a>> {
        let other = self.of(self.schema.models.get(relation.target.index())?)?;
        match &relation.kind {
            RelationKind::BelongsTo { on, .. } => {
                Some(Edge { owner: of, target: other, on: on.clone(), near: Some(&relation.name) })
            }
            RelationKind::HasOne { on } | RelationKind::HasMany { on } => Some(Edge {
                owner: other,
                target: of,
                on: on.iter().map(|(here, there)| (*there, *here)).collect(),
                near: relation.inverse.as_deref(),
            }),
            RelationKind::ManyToMany { .. } => None,
        }
    }

    fn many_to_many(&self, of: Of<'a>, relation: &Relation) -> Option<Entries> {
        let RelationKind::ManyToMany { through, near, far } = &relation.kind else { return None };
        let target = self.schema.models.get(relation.target.index())?;
        let between = self.schema.tables.get(through.index())?;
        let mut map = vec![("many_to_many", Yaml::text(&target.name))];
        let columns: Vec<ColumnId> = near.iter().map(|(_, c)| *c).chain(far.iter().map(|(c, _)| *c)).collect();
        match self.schema.models.iter().find(|model| model.table == *through) {
            Some(model) => {
                map.push(("through", Yaml::text(&model.name)));
                let keys = |to: TableId| between.foreign_keys.iter().filter(|key| key.table == to).count();
                if keys(of.model.table) > 1 || keys(target.table) > 1 {
                    let of = Of { model, table: between };
                    let halves = [near.first().map(|(_, c)| *c), far.first().map(|(c, _)| *c)];
                    map.push(("columns", Yaml::texts(halves.into_iter().flatten().map(|c| of.key(c)))));
                }
            }
            None => map.extend(own_table(of, target, between, &columns)),
        }
        let plural = names::plural(&names::table(&of.model.name));
        let plain = relation.name == names::plural(&names::table(&target.name));
        let inverse = if plain { plural } else { format!("{}_{plural}", relation.name) };
        match &relation.inverse {
            None => map.push(("inverse", Yaml::Word("none"))),
            Some(name) if *name != inverse => map.push(("inverse", Yaml::text(name))),
            Some(_) => {}
        }
        Some(map)
    }

    /// Foreign keys that no relation stands for.
    pub(super) fn foreign_keys(&self, at: usize, of: Of<'a>) -> Vec<Yaml> {
        let mut used: Vec<usize> = Vec::new();
        for (owner, model) in self.schema.models.iter().enumerate() {
            for relation in &model.relations {
                let here = self.of(model).and_then(|this| self.edge(this, relation));
                let Some(edge) = here.filter(|_| owner == at || relation.target == ModelId::from(at)) else { continue };
                if std::ptr::eq(edge.owner.table, of.table) {
                    used.extend(of.table.foreign_keys.iter().position(|key| fits(key, &edge)));
                }
            }
        }
        let keys = of.table.foreign_keys.iter().enumerate().filter(|(position, _)| !used.contains(position));
        keys.map(|(_, key)| self.foreign_key(of, key)).collect()
    }

    fn foreign_key(&self, of: Of<'a>, key: &ForeignKey) -> Yaml {
        let mut map = vec![("columns", Yaml::texts(of.keys(&key.columns)))];
        let target = self.schema.models.iter().find(|model| model.table == key.table).and_then(|model| self.of(model));
        match target {
            Some(target) => {
                map.push(("model", Yaml::text(&target.model.name)));
                if key.references != target.table.primary_key {
                    map.push(("references", Yaml::texts(target.keys(&key.references))));
                }
            }
            None => {
                let table = self.schema.tables.get(key.table.index());
                map.push(("table", Yaml::text(table.map_or("", |table| &table.name.name))));
            }
        }
        map.extend(settings(key));
        Yaml::Map(map)
    }
}

/// `columns` and `references`, where they are not what the names say.
fn edge_columns(edge: &Edge<'_>) -> Entries {
    let mut map = Entries::new();
    let stem = edge.near.map_or_else(|| names::table(&edge.target.model.name), str::to_owned);
    let here = edge.owner.keys(&edge.on.iter().map(|(here, _)| *here).collect::<Vec<_>>());
    let columns: Vec<ColumnId> = edge.on.iter().map(|(_, there)| *there).collect();
    let there = edge.target.keys(&columns);
    let usual: Vec<String> = match there.as_slice() {
        [_] => vec![format!("{stem}_id")],
        fields => fields.iter().map(|field| format!("{stem}_{field}")).collect(),
    };
    if here != usual {
        map.push(("columns", Yaml::texts(here)));
    }
    if columns != edge.target.table.primary_key {
        map.push(("references", Yaml::texts(there)));
    }
    map
}

/// Actions and name of a foreign key.
fn settings(key: &ForeignKey) -> Entries {
    let mut map = Entries::new();
    for (name, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
        if action != Action::NoAction {
            map.push((name, Yaml::Word(action_key(action))));
        }
    }
    if key.deferred {
        map.push(("deferred", Yaml::yes()));
    }
    if let Some(name) = &key.name {
        map.push(("constraint", Yaml::text(name)));
    }
    map
}

fn action_key(action: Action) -> &'static str {
    match action {
        Action::NoAction => "no_action",
        Action::Restrict => "restrict",
        Action::Cascade => "cascade",
        Action::SetNull => "set_null",
        Action::SetDefault => "set_default",
    }
}

fn fits(key: &ForeignKey, edge: &Edge<'_>) -> bool {
    let pairs: Vec<(ColumnId, ColumnId)> = key.columns.iter().copied().zip(key.references.iter().copied()).collect();
    key.table == edge.target.model.table && pairs == edge.on
}

/// The table between, where it is not what the names say.
fn own_table(of: Of<'_>, target: &Model, between: &Table, columns: &[ColumnId]) -> Entries {
    let mut map = Entries::new();
    let (owner, other) = (names::table(&of.model.name), names::table(&target.name));
    if between.name.name != format!("{owner}_{other}") {
        map.push(("table", Yaml::text(&between.name.name)));
    }
    let columns: Vec<&str> = columns
        .iter()
        .filter_map(|column| between.columns.get(column.index()))
        .map(|column| column.name.as_str())
        .collect();
    if owner == other || columns != [format!("{owner}_id"), format!("{other}_id")] {
        map.push(("columns", Yaml::texts(columns)));
    }
    map
}

/// Whether a key, constraint or index begins with some columns: a relation makes an index only where none does.
fn leads(table: &Table, columns: &[ColumnId]) -> bool {
    let index = |index: &crate::ir::Index| {
        let parts: Vec<ColumnId> = index
            .parts
            .iter()
            .map_while(|part| match &part.target {
                IndexTarget::Column(column) => Some(*column),
                IndexTarget::Expr(_) => None,
            })
            .collect();
        index.predicate.is_none() && index.only.is_empty() && parts.starts_with(columns)
    };
    table.primary_key.starts_with(columns)
        || table.uniques.iter().any(|unique| unique.columns.starts_with(columns))
        || table.indexes.iter().any(index)
}
