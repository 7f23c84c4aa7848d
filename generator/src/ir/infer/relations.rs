//! Relations from foreign keys: belongs-to on the side of the key, has-many or has-one on the other, many-to-many
//! through a table that is nothing but a pair of keys.
//!
//! A model's relations come in the order that a spec would give them: its own keys, the many-to-many relations that
//! start with it, then the other sides of what other models declare.

use std::collections::BTreeSet;

use super::names::{Names, relation_key, relation_place};
use super::write_name;
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::draft::{At, Draft, ForeignKey, IndexTarget, Model, Relation, RelationKind, Table, Type};
use crate::ir::{SqlType, TableKind, TableName};
use crate::names as rust;

/// Columns here and columns there, pairwise.
type Pairs = Vec<(String, String)>;

/// One relation seen from both sides.
#[derive(Debug)]
struct Edge {
    near: Side,
    far: Side,
}

/// One end of an edge: the model that gets a relation, and which.
#[derive(Debug)]
struct Side {
    /// Index of the model and its table.
    model: usize,
    /// Index of the model it leads to.
    target: usize,
    /// The name it would have by itself, and its kind.
    name: String,
    kind: RelationKind,
    /// The name it got; none when it is left out.
    given: Option<String>,
}

/// Adds the relations to the models.
pub(super) fn infer(draft: &mut Draft, names: &mut Names<'_>, diagnostics: &mut Diagnostics) {
    let context = Context { tables: &draft.tables, models: &draft.models };
    let (keys, pairs) = context.edges(diagnostics);
    let mut taken: Vec<BTreeSet<String>> = context.models.iter().map(fields).collect();
    let mut edges: Vec<Edge> = keys;
    let split = edges.len();
    edges.extend(pairs);
    context.give_names(&mut edges, split, &mut taken, names, diagnostics);
    for (model, relations) in context.arrange(&edges).into_iter().enumerate() {
        if let Some(model) = draft.models.get_mut(model) {
            model.relations = relations;
        }
    }
}

fn fields(model: &Model) -> BTreeSet<String> {
    model.fields.iter().map(|field| field.name.value.clone()).collect()
}

struct Context<'a> {
    tables: &'a [Table],
    models: &'a [Model],
}

/// A foreign key that gives a relation.
struct Key<'a> {
    key: &'a ForeignKey,
    owner: usize,
    target: usize,
    /// The name of the belongs-to.
    name: String,
    /// Columns of the owner and of the target.
    on: Pairs,
}

impl<'a> Context<'a> {
    /// The edges of foreign keys, and those through tables between.
    fn edges(&self, diagnostics: &mut Diagnostics) -> (Vec<Edge>, Vec<Edge>) {
        let mut keys = Vec::new();
        let mut joins = Vec::new();
        for (owner, table) in self.tables.iter().enumerate() {
            let own = self.keys(owner, table, diagnostics);
            if let Some((first, second)) = join(table, &own) {
                joins.push((owner, first.clone_side(), second.clone_side()));
            }
            keys.extend(own.iter().map(|key| self.key_edge(key, table)));
        }
        let pairs = joins.iter().map(|(through, near, far)| self.join_edge(*through, near, far, &joins)).collect();
        (keys, pairs)
    }

    /// The keys of a table that can be relations. A second key over the same columns says nothing new.
    fn keys(&self, owner: usize, table: &'a Table, diagnostics: &mut Diagnostics) -> Vec<Key<'a>> {
        let mut found: Vec<Key<'a>> = Vec::new();
        for key in &table.foreign_keys {
            match self.key(owner, table, key) {
                Ok(key) if found.iter().any(|other| other.target == key.target && other.on == key.on) => {}
                Ok(key) => found.push(key),
                Err(reason) => diagnostics.push(no_relation(key, table, &reason)),
            }
        }
        found
    }

    fn key(&self, owner: usize, table: &Table, key: &'a ForeignKey) -> Result<Key<'a>, String> {
        let target = self
            .tables
            .iter()
            .position(|other| other.name.value == key.table.value)
            .ok_or_else(|| format!("there is no table \"{}\"", key.table.value.name))?;
        let there = self.tables.get(target).ok_or("its target is gone")?;
        let references: Vec<&str> = match key.references.is_empty() {
            true => there.primary_key.iter().map(|column| column.value.as_str()).collect(),
            false => key.references.iter().map(|column| column.value.as_str()).collect(),
        };
        if references.len() != key.columns.len() || references.is_empty() {
            return Err(format!("it has {} columns and its target {}", key.columns.len(), references.len()));
        }
        let on: Pairs =
            key.columns.iter().map(|c| c.value.clone()).zip(references.iter().map(|&c| c.to_owned())).collect();
        for (here, other) in &on {
            let types = (type_of(table, here), type_of(there, other));
            match types {
                (Some(one), Some(two)) if alike(one, two) => {}
                (Some(_), Some(_)) => return Err(format!("\"{here}\" and \"{other}\" have different types")),
                _ => return Err(format!("\"{here}\" or \"{other}\" is missing")),
            }
        }
        let fields: Option<Vec<&str>> = on.iter().map(|(here, _)| self.field(owner, here)).collect();
        let fields = fields.ok_or("one of its columns is not in the model")?;
        if on.iter().any(|(_, there)| self.field(target, there).is_none()) {
            return Err("a column that it leads to is not in its model".to_owned());
        }
        let name = rust::belongs_to(&fields, self.model_name(target));
        Ok(Key { key, owner, target, name, on })
    }

    fn field(&self, model: usize, column: &str) -> Option<&'a str> {
        let fields = &self.models.get(model)?.fields;
        fields.iter().find(|field| field.column == column).map(|field| field.name.value.as_str())
    }

    fn model_name(&self, model: usize) -> &'a str {
        self.models.get(model).map_or("", |model| model.name.value.as_str())
    }

    fn key_edge(&self, key: &Key<'_>, table: &Table) -> Edge {
        let many = !is_unique(table, &key.on);
        let back: Pairs = key.on.iter().map(|(here, there)| (there.clone(), here.clone())).collect();
        let inverse = rust::inverse(&key.name, self.model_name(key.owner), self.model_name(key.target), many);
        let kind = if many { RelationKind::HasMany(back) } else { RelationKind::HasOne(back) };
        Edge {
            near: Side::new(key.owner, key.target, key.name.clone(), RelationKind::BelongsTo(key.on.clone())),
            far: Side::new(key.target, key.owner, inverse, kind),
        }
    }

    /// The edge between the targets of two keys. Its names tell the table between when several join the same pair.
    fn join_edge(&self, through: usize, near: &Half, far: &Half, all: &[(usize, Half, Half)]) -> Edge {
        let pair = |one: &Half, two: &Half| (one.target.min(two.target), one.target.max(two.target));
        let several = all.iter().filter(|(_, one, two)| pair(one, two) == pair(near, far)).count() > 1;
        let between = several.then(|| self.model_name(through));
        let name = |to: &Half| match (near.target == far.target, between) {
            // To itself: what the key to the other row is called.
            (true, Some(between)) => rust::join(&rust::table(between), &rust::plural(&to.name)),
            (true, None) => rust::plural(&to.name),
            (false, between) => rust::many_to_many(self.model_name(to.target), between),
        };
        let table = self.tables.get(through).map(|table| table.name.value.clone());
        let table = table.unwrap_or(TableName { schema: None, name: String::new() });
        let kind = |from: &Half, to: &Half| RelationKind::ManyToMany {
            through: table.clone(),
            near: from.on.iter().map(|(between, there)| (there.clone(), between.clone())).collect(),
            far: to.on.clone(),
        };
        Edge {
            near: Side::new(near.target, far.target, name(far), kind(near, far)),
            far: Side::new(far.target, near.target, name(near), kind(far, near)),
        }
    }

    /// Gives out the names: those that the user wrote, then those of keys, of their other sides, of many-to-many.
    fn give_names(
        &self,
        edges: &mut [Edge],
        split: usize,
        taken: &mut [BTreeSet<String>],
        names: &mut Names<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let sides = |edges: &[Edge]| (0..edges.len()).flat_map(|at| [(at, true), (at, false)]).collect::<Vec<_>>();
        let mut order = sides(edges);
        order.sort_by_key(|(at, near)| (*at >= split, *at < split && !near));
        let mut rest = Vec::new();
        for (at, near) in order {
            let Some(side) = side(edges, at, near) else { continue };
            let Some(table) = self.tables.get(side.model) else { continue };
            let sql = &table.name.value;
            let given = names.relation(sql, &exact_key(side), diagnostics);
            match given.or_else(|| names.relation(sql, &relation_key(table, &side.name), diagnostics)) {
                Some(name) => self.claim(side, name, taken, diagnostics),
                None => rest.push((at, near)),
            }
        }
        for (at, near) in rest {
            if let Some(side) = side(edges, at, near) {
                let name = side.name.clone();
                self.claim(side, name, taken, diagnostics);
            }
        }
    }

    fn claim(&self, side: &mut Side, name: String, taken: &mut [BTreeSet<String>], diagnostics: &mut Diagnostics) {
        let (Some(table), Some(model), Some(taken)) =
            (self.tables.get(side.model), self.models.get(side.model), taken.get_mut(side.model))
        else {
            return;
        };
        let mut key = relation_key(table, &side.name);
        let why = if rust::reserved::relation(&name) {
            "every model has a method of that name".to_owned()
        } else if taken.insert(name.clone()) {
            side.given = Some(name);
            return;
        } else if let Some(field) = model.fields.iter().find(|field| field.name.value == name) {
            format!("the column \"{}\" has that name", field.column)
        } else {
            key = exact_key(side);
            "another relation has that name".to_owned()
        };
        let message = format!("the relation `{name}` of `{}` is left out: {why}", model.name.value);
        let free = match &side.kind {
            RelationKind::BelongsTo(_) => rust::join(&name, &rust::table(self.model_name(side.target))),
            _ => format!("related_{name}"),
        };
        diagnostics.push(
            Diagnostic::warning(codes::NAME_TAKEN, relation_place(table, &name), message)
                .help(write_name(&format!("{}.{key}", table.name.value), &free)),
        );
    }

    /// The relations of each model, in order.
    fn arrange(&self, edges: &[Edge]) -> Vec<Vec<Relation>> {
        let mut relations: Vec<Vec<Relation>> = vec![Vec::new(); self.models.len()];
        for (near, edge) in edges.iter().map(|edge| (true, edge)).chain(self.inverses(edges)) {
            let (side, other) = if near { (&edge.near, &edge.far) } else { (&edge.far, &edge.near) };
            let (Some(name), Some(list)) = (&side.given, relations.get_mut(side.model)) else { continue };
            let place = self.tables.get(side.model).map(|table| relation_place(table, name)).unwrap_or_default();
            list.push(Relation {
                name: At::new(name.clone(), place.clone()),
                target: At::new(self.model_name(side.target).to_owned(), place),
                kind: side.kind.clone(),
                inverse: other.given.clone(),
                ownership: crate::ir::Ownership::default(),
            });
        }
        relations
    }

    /// The far sides in the order in which their models declare the near ones.
    fn inverses<'e>(&self, edges: &'e [Edge]) -> impl Iterator<Item = (bool, &'e Edge)> {
        let mut sorted: Vec<&Edge> = edges.iter().collect();
        sorted.sort_by_key(|edge| edge.near.model);
        sorted.into_iter().map(|edge| (false, edge))
    }
}

fn side(edges: &mut [Edge], at: usize, near: bool) -> Option<&mut Side> {
    edges.get_mut(at).map(|edge| if near { &mut edge.near } else { &mut edge.far })
}

/// The key of one relation alone, where several of its table would have a name: by the columns of the foreign keys that make it.
fn exact_key(side: &Side) -> String {
    format!("{}({})", side.name, side.columns().join(", "))
}

impl Side {
    /// The columns of the foreign keys, wherever they are.
    fn columns(&self) -> Vec<&str> {
        match &self.kind {
            RelationKind::BelongsTo(on) => on.iter().map(|(own, _)| own.as_str()).collect(),
            RelationKind::HasOne(on) | RelationKind::HasMany(on) => {
                on.iter().map(|(_, other)| other.as_str()).collect()
            }
            RelationKind::ManyToMany { near, far, .. } => near
                .iter()
                .map(|(_, between)| between)
                .chain(far.iter().map(|(between, _)| between))
                .map(String::as_str)
                .collect(),
        }
    }

    fn new(model: usize, target: usize, name: String, kind: RelationKind) -> Self {
        Self { model, target, name, kind, given: None }
    }
}

/// Half of a many-to-many: a key of the table between.
struct Half {
    target: usize,
    name: String,
    /// Columns between and columns there.
    on: Pairs,
}

impl Key<'_> {
    fn clone_side(&self) -> Half {
        Half { target: self.target, name: self.name.clone(), on: self.on.clone() }
    }
}

/// The two keys that a table's primary key consists of, in its order.
fn join<'k, 'a>(table: &Table, keys: &'k [Key<'a>]) -> Option<(&'k Key<'a>, &'k Key<'a>)> {
    let position = |column: &str| table.primary_key.iter().position(|key| key.value == column);
    let mut inside: Vec<&Key<'a>> =
        keys.iter().filter(|key| key.key.columns.iter().all(|c| position(&c.value).is_some())).collect();
    inside.sort_by_key(|key| key.on.iter().filter_map(|(here, _)| position(here)).min());
    let [first, second] = inside.as_slice() else { return None };
    let columns: BTreeSet<&str> = first.on.iter().chain(&second.on).map(|(here, _)| here.as_str()).collect();
    let apart = first.on.len() + second.on.len() == columns.len();
    (table.kind == TableKind::Table && apart && columns.len() == table.primary_key.len()).then_some((*first, *second))
}

/// Whether the columns of a key are exactly the primary key or a unique set, so that one row at most leads there.
fn is_unique(table: &Table, on: &Pairs) -> bool {
    let same =
        |columns: Vec<&str>| columns.len() == on.len() && on.iter().all(|(here, _)| columns.contains(&here.as_str()));
    let of_index = |index: &crate::ir::draft::Index| {
        let columns: Option<Vec<&str>> = index
            .parts
            .iter()
            .map(|part| match &part.target {
                IndexTarget::Column(column) => Some(column.value.as_str()),
                IndexTarget::Expr(_) => None,
            })
            .collect();
        index.unique && index.predicate.is_none() && index.only.is_empty() && columns.is_some_and(same)
    };
    same(table.primary_key.iter().map(|column| column.value.as_str()).collect())
        || table.uniques.iter().any(|(_, unique)| same(unique.iter().map(|column| column.value.as_str()).collect()))
        || table.indexes.iter().any(of_index)
}

fn no_relation(key: &ForeignKey, table: &Table, reason: &str) -> Diagnostic {
    let columns: Vec<&str> = key.columns.iter().map(|column| column.value.as_str()).collect();
    let message =
        format!("the foreign key ({}) to \"{}\" gives no relation: {reason}", columns.join(", "), key.table.value.name);
    let table = &table.name.value.name;
    let help = format!(
        "give the columns the same type in pilaster.toml, for instance [types] \"{table}.{}\" = \"bigint\"",
        columns.first().unwrap_or(&"")
    );
    let diagnostic = Diagnostic::warning(codes::RELATION_LEFT_OUT, key.place.clone(), message);
    if reason.ends_with("types") { diagnostic.help(help) } else { diagnostic.help("name the columns under [names]") }
}

fn type_of<'t>(table: &'t Table, column: &str) -> Option<&'t Type> {
    table.columns.iter().find(|other| other.name.value == column).map(|column| &column.ty.value)
}

/// Whether values of two types can be compared: the same, or two widths of one.
fn alike(one: &Type, two: &Type) -> bool {
    let class = |ty: &Type| match ty {
        Type::Plain(
            SqlType::TinyInt { .. } | SqlType::SmallInt { .. } | SqlType::Integer { .. } | SqlType::BigInt { .. },
        ) => Some(1),
        Type::Plain(SqlType::Text | SqlType::String(_)) => Some(2),
        Type::Plain(SqlType::Decimal(_)) => Some(3),
        Type::Plain(SqlType::Real | SqlType::Double) => Some(4),
        _ => None,
    };
    one == two || (class(one).is_some() && class(one) == class(two))
}
