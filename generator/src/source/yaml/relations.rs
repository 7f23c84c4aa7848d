//! Relations as the spec has them.

use super::keys;
use super::read::{Map, Reader};
use super::tree::{Entry, Kind, Node};
use crate::codes;
use crate::diag::{Place, suggest_help};
use crate::ir::draft::At;
use crate::ir::{Action, Ownership};

/// A relation, read but not yet resolved.
#[derive(Debug, Clone)]
pub(super) struct RelationSpec {
    pub(super) name: At<String>,
    pub(super) kind: RelationKind,
    /// The model it leads to.
    pub(super) target: At<String>,
    pub(super) inverse: Inverse,
    /// Where `null: true` stands.
    pub(super) null: Option<Place>,
    pub(super) unique: bool,
    /// Fields, or for a many-to-many the columns of the table between.
    pub(super) columns: Vec<At<String>>,
    pub(super) references: Vec<At<String>>,
    pub(super) on_delete: Action,
    pub(super) on_update: Action,
    pub(super) deferred: bool,
    /// Whether the foreign key gets an index; it does unless `index: false`.
    pub(super) index: bool,
    pub(super) constraint: Option<String>,
    pub(super) table: Option<At<String>>,
    pub(super) through: Option<At<String>>,
    pub(super) ownership: Ownership,
}

/// The kinds, each a key of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelationKind {
    BelongsTo,
    HasOne,
    HasMany,
    ManyToMany,
}

/// What the spec says about the other side.
#[derive(Debug, Clone)]
pub(super) enum Inverse {
    Omitted,
    Suppressed,
    Named(At<String>),
}

const KINDS: &[(&str, RelationKind)] = &[
    ("belongs_to", RelationKind::BelongsTo),
    ("has_one", RelationKind::HasOne),
    ("has_many", RelationKind::HasMany),
    ("many_to_many", RelationKind::ManyToMany),
];

const ACTIONS: &[(&str, Action)] = &[
    ("cascade", Action::Cascade),
    ("restrict", Action::Restrict),
    ("set_null", Action::SetNull),
    ("set_default", Action::SetDefault),
    ("no_action", Action::NoAction),
];

/// Reads a relation; `None` when its kind or target could not be read.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> Option<RelationSpec> {
    let what = format!("the relation `{}`", entry.key);
    if let Kind::Text(text, _) = &entry.value.kind {
        let target = text.split_whitespace().last().unwrap_or("Model");
        let help = format!("write {{ belongs_to: {target} }}, or has_many, has_one, many_to_many");
        reader.error(codes::YAML_SHAPE, &entry.value.span, format!("{what} must be a mapping"), help);
        return None;
    }
    let map = reader.map(&entry.value, &what)?;
    let (kind, target) = kind(reader, map, &what)?;
    let known: Vec<&str> = match kind {
        RelationKind::BelongsTo => [&["belongs_to", "unique"], keys::RELATION].concat(),
        RelationKind::HasOne => [&["has_one"], keys::RELATION].concat(),
        RelationKind::HasMany => [&["has_many"], keys::RELATION].concat(),
        RelationKind::ManyToMany => keys::MANY_TO_MANY.to_vec(),
    };
    reader.known(map, &what, &known);
    let mut flag = |key: &str| map.get(key).filter(|node| reader.flag(node, &format!("`{key}`")));
    let (null, unique, deferred) = (flag("null"), flag("unique").is_some(), flag("deferred").is_some());
    let texts = |reader: &mut Reader<'_>, key: &str| {
        map.get(key).map(|node| reader.texts(node, &format!("`{key}`"))).unwrap_or_default()
    };
    let text = |reader: &mut Reader<'_>, key: &str| map.get(key).and_then(|n| reader.text(n, &format!("`{key}`")));
    let spec = RelationSpec {
        name: At::new(entry.key.clone(), reader.place(&entry.key_span)),
        kind,
        target: reader.text(target, "the model of a relation")?,
        inverse: match text(reader, "inverse") {
            None => Inverse::Omitted,
            Some(name) if name.value == "none" => Inverse::Suppressed,
            Some(name) => Inverse::Named(name),
        },
        null: null.map(|node| reader.place(&node.span)),
        unique,
        columns: texts(reader, "columns"),
        references: texts(reader, "references"),
        on_delete: action(reader, map.get("on_delete"), "on_delete"),
        on_update: action(reader, map.get("on_update"), "on_update"),
        deferred,
        index: map.get("index").is_none_or(|node| reader.flag(node, "`index`")),
        constraint: text(reader, "constraint").map(|t| t.value),
        table: text(reader, "table"),
        through: text(reader, "through"),
        ownership: Ownership {
            cascade: word(reader, map, "cascade", "session"),
            orphans: word(reader, map, "orphans", "delete"),
        },
    };
    if let (Some(_), Some(table)) = (&spec.through, map.get("table")) {
        let help = "with `through` the table is that of the model: remove `table`";
        reader.error(codes::SPEC_CONFLICT, &table.span, format!("{what} has both `through` and `table`"), help);
    }
    Some(spec)
}

fn kind<'n>(reader: &mut Reader<'_>, map: Map<'n>, what: &str) -> Option<(RelationKind, &'n Node)> {
    let mut found = KINDS.iter().filter_map(|(key, kind)| Some((*kind, map.entry(key)?)));
    let Some((kind, entry)) = found.next() else {
        let names = KINDS.iter().map(|(key, _)| *key);
        let near = map.entries.iter().find_map(|e| crate::diag::suggest(&e.key, names.clone()).map(|s| (e, s)));
        match near {
            Some((entry, meant)) => {
                let message = format!("unknown key `{}` in {what}", entry.key);
                reader.error(codes::YAML_UNKNOWN_KEY, &entry.key_span, message, format!("did you mean `{meant}`?"));
            }
            None => {
                let help = "add `belongs_to`, `has_many`, `has_one` or `many_to_many` with the model it leads to";
                reader.error(codes::SPEC_MISSING, map.span, format!("{what} leads nowhere"), help);
            }
        }
        return None;
    };
    if let Some((_, second)) = found.next() {
        let message = format!("{what} has both `{}` and `{}`", entry.key, second.key);
        reader.error(codes::SPEC_CONFLICT, &second.key_span, message, "keep one of them");
        return None;
    }
    Some((kind, &entry.value))
}

/// A key that takes one word, or is not there.
fn word(reader: &mut Reader<'_>, map: Map<'_>, key: &str, word: &str) -> bool {
    let Some(node) = map.get(key) else { return false };
    let Some(text) = reader.text(node, &format!("`{key}`")) else { return false };
    if text.value != word {
        let message = format!("`{}` is nothing that `{key}` takes", text.value);
        let help = match key {
            "cascade" => "write `cascade: session`; what the database does is `on_delete`".to_owned(),
            _ => format!("write `{key}: {word}`"),
        };
        reader.error(codes::SPEC_VALUE, &node.span, message, help);
    }
    text.value == word
}

fn action(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Action {
    let Some(node) = node else { return Action::NoAction };
    let Some(text) = reader.text(node, &format!("`{key}`")) else { return Action::NoAction };
    let plain = text.value.to_lowercase().replace([' ', '-'], "_");
    if let Some((name, action)) = ACTIONS.iter().find(|(name, _)| *name == plain) {
        if *name != text.value {
            let message = format!("`{}` is no action", text.value);
            reader.error(codes::SPEC_VALUE, &node.span, message, format!("write `{name}`"));
        }
        return *action;
    }
    let message = format!("`{}` is no action", text.value);
    let help = suggest_help(&text.value, "actions", ACTIONS.iter().map(|(name, _)| *name));
    reader.error(codes::SPEC_VALUE, &node.span, message, help);
    Action::NoAction
}

/// A foreign key without a relation.
#[derive(Debug)]
pub(super) struct ForeignKeySpec {
    /// Fields.
    pub(super) columns: Vec<At<String>>,
    pub(super) to: KeyTarget,
    /// Fields of the model, or columns of the table.
    pub(super) references: Vec<At<String>>,
    pub(super) on_delete: Action,
    pub(super) on_update: Action,
    pub(super) deferred: bool,
    pub(super) constraint: Option<String>,
    pub(super) place: Place,
}

/// What a foreign key points to.
#[derive(Debug)]
pub(super) enum KeyTarget {
    Model(At<String>),
    /// A table that no model is on, by its SQL name.
    Table(At<String>),
}

/// Reads `{ columns: […], model: …, on_delete: … }`.
pub(super) fn foreign_key(reader: &mut Reader<'_>, node: &Node) -> Option<ForeignKeySpec> {
    let what = "a foreign key";
    let map = reader.map(node, what)?;
    reader.known(map, what, keys::FOREIGN_KEY);
    let to = match (map.get("model"), map.get("table")) {
        (Some(model), None) => KeyTarget::Model(reader.text(model, "`model`")?),
        (None, Some(table)) => KeyTarget::Table(reader.text(table, "`table`")?),
        _ => {
            let help = "add `model: User`, or `table: users` where no model is on the table";
            reader.error(codes::SPEC_MISSING, &node.span, "a foreign key points to one model or one table", help);
            return None;
        }
    };
    let columns = map.get("columns").map(|node| reader.texts(node, "`columns`")).unwrap_or_default();
    if columns.is_empty() {
        let help = "add `columns: [user_id]`";
        reader.error(codes::SPEC_MISSING, &node.span, "a foreign key has no `columns`", help);
        return None;
    }
    Some(ForeignKeySpec {
        columns,
        to,
        references: map.get("references").map(|node| reader.texts(node, "`references`")).unwrap_or_default(),
        on_delete: action(reader, map.get("on_delete"), "on_delete"),
        on_update: action(reader, map.get("on_update"), "on_update"),
        deferred: map.get("deferred").is_some_and(|node| reader.flag(node, "`deferred`")),
        constraint: map.get("constraint").and_then(|node| reader.text(node, "`constraint`")).map(|t| t.value),
        place: reader.place(&node.span),
    })
}
