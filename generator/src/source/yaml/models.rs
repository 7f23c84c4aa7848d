//! The top of the format: version, types, enums, models.

use super::column::{self, ColumnSpec};
use super::keys;
use super::read::{Map, Reader};
use super::relations::{self, ForeignKeySpec, RelationSpec};
use super::tree::{Entry, Kind, Node};
use crate::codes;
use crate::diag::{suggest, suggest_help};
use crate::ir::draft::{At, Custom, Enum, RawExpr};
use crate::ir::{DialectName, Hooks, SqliteOptions, TableName};
use crate::names;

/// Everything of a spec, read but not yet resolved.
#[derive(Debug, Default)]
pub(super) struct Spec {
    pub(super) enums: Vec<Enum>,
    pub(super) customs: Vec<Custom>,
    pub(super) models: Vec<ModelSpec>,
    pub(super) dialects: Vec<DialectName>,
}

/// A model.
#[derive(Debug)]
pub(super) struct ModelSpec {
    pub(super) name: At<String>,
    pub(super) schema: Option<String>,
    pub(super) table: Option<At<String>>,
    /// A view: read only, and made by hand.
    pub(super) view: bool,
    pub(super) columns: Vec<ColumnSpec>,
    pub(super) relations: Vec<RelationSpec>,
    /// None is given when the key is not mentioned; an empty one is meant.
    pub(super) primary_key: Option<Vec<At<String>>>,
    pub(super) foreign_keys: Vec<ForeignKeySpec>,
    pub(super) uniques: Vec<UniqueSpec>,
    pub(super) indexes: Vec<IndexSpec>,
    pub(super) checks: Vec<(Option<String>, At<RawExpr>)>,
    pub(super) comment: Option<String>,
    pub(super) renamed_from: Option<String>,
    pub(super) sqlite: SqliteOptions,
    pub(super) hooks: Hooks,
}

/// A unique constraint over fields.
#[derive(Debug)]
pub(super) struct UniqueSpec {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<At<String>>,
}

/// An index over fields and expressions.
#[derive(Debug)]
pub(super) struct IndexSpec {
    pub(super) name: Option<At<String>>,
    pub(super) parts: Vec<PartSpec>,
    pub(super) unique: bool,
    pub(super) predicate: Option<At<RawExpr>>,
    pub(super) only: Vec<DialectName>,
    pub(super) place: crate::diag::Place,
}

/// A part of an index.
#[derive(Debug)]
pub(super) struct PartSpec {
    pub(super) target: PartTarget,
    pub(super) desc: bool,
}

/// What a part orders by.
#[derive(Debug)]
pub(super) enum PartTarget {
    Field(At<String>),
    Expr(At<RawExpr>),
}

const TOP_LATER: &[&str] = &["database", "schema"];
const MODEL_LATER: &[&str] = &["database", "soft_delete", "timestamps", "inherits"];

/// Reads the whole tree.
pub(super) fn read(reader: &mut Reader<'_>, root: &Node) -> Spec {
    let mut spec = Spec::default();
    let Some(map) = reader.map(root, "a spec") else { return spec };
    known(reader, map, "a spec", keys::SPEC, TOP_LATER);
    version(reader, map);
    spec.dialects = map.get("dialects").map(|node| dialects(reader, node, "dialects")).unwrap_or_default();
    for entry in section(reader, map, "types") {
        spec.customs.extend(custom(reader, entry));
    }
    for entry in section(reader, map, "enums") {
        spec.enums.extend(enumeration(reader, entry));
    }
    for entry in section(reader, map, "models") {
        spec.models.extend(model(reader, entry));
    }
    if map.get("models").is_none() {
        reader.error(codes::SPEC_MISSING, &(0..0), "the spec has no models", "add a `models:` section");
    }
    spec
}

fn version(reader: &mut Reader<'_>, map: Map<'_>) {
    let help = "begin the spec with `pilaster: 1`";
    match map.get("pilaster") {
        None => reader.error(codes::SPEC_VERSION, &(0..0), "the format's version is missing", help),
        Some(node) => {
            if let Some(text) = reader.text(node, "`pilaster`")
                && text.value != "1"
            {
                let message = format!("this generator does not know version `{}` of the format", text.value);
                reader.error(codes::SPEC_VERSION, &node.span, message, help);
            }
        }
    }
}

fn section<'n>(reader: &mut Reader<'_>, map: Map<'n>, key: &str) -> &'n [Entry] {
    map.get(key).and_then(|node| reader.map(node, &format!("`{key}`"))).map_or(&[], |map| map.entries)
}

/// Reports unknown keys, and those that are planned.
fn known(reader: &mut Reader<'_>, map: Map<'_>, what: &str, keys: &[&str], later: &[&str]) {
    for entry in map.entries {
        let key = entry.key.as_str();
        if later.contains(&key) {
            let message = format!("`{key}` is not supported yet");
            reader.error(codes::SPEC_LATER, &entry.key_span, message, "remove it for now");
        } else if !keys.contains(&key) {
            let message = format!("unknown key `{key}` in {what}");
            let help = suggest_help(key, "keys", keys.iter().copied());
            reader.error(codes::YAML_UNKNOWN_KEY, &entry.key_span, message, help);
        }
    }
}

fn custom(reader: &mut Reader<'_>, entry: &Entry) -> Option<Custom> {
    let what = format!("the type `{}`", entry.key);
    let map = reader.map(&entry.value, &what)?;
    reader.known(map, &what, keys::TYPE);
    let sql = column::type_or_raw(reader, map, &what, "sql", &entry.key_span);
    let Some(rust) = map.get("rust") else {
        let help = "add for instance `rust: crate::types::Email`";
        reader.error(codes::SPEC_MISSING, &entry.key_span, format!("{what} has no Rust type"), help);
        return None;
    };
    let rust = reader.text(rust, "`rust`")?;
    let with = map.get("with").and_then(|node| reader.text(node, "`with`"));
    for path in [Some(&rust), with.as_ref()].into_iter().flatten() {
        rust_path(reader, path);
    }
    let name = At::new(entry.key.clone(), reader.place(&entry.key_span));
    Some(Custom { name, sql: sql?, rust, with })
}

/// A Rust type must parse, since it is put into generated code.
pub(super) fn rust_path(reader: &mut Reader<'_>, path: &At<String>) {
    if syn::parse_str::<syn::TypePath>(&path.value).is_err() {
        reader.diagnostics.push(
            crate::diag::Diagnostic::error(
                codes::SPEC_VALUE,
                path.place.clone(),
                format!("`{}` is no path of a Rust type", path.value),
            )
            .help("write for instance `crate::types::Email` or `url::Url`"),
        );
    }
}

/// A list of labels, or `{ labels: […], schema: name, sql: name }` when the type is in another schema, or its SQL name is another.
fn enumeration(reader: &mut Reader<'_>, entry: &Entry) -> Option<Enum> {
    let what = format!("the enum `{}`", entry.key);
    let (mut schema, mut sql_name) = (None, None);
    let list = if matches!(entry.value.kind, Kind::Map(_)) {
        let map = reader.map(&entry.value, &what)?;
        reader.known(map, &what, keys::ENUM);
        schema = map.get("schema").and_then(|node| reader.text(node, "`schema`")).map(|t| t.value);
        sql_name = map.get("sql").and_then(|node| reader.text(node, "`sql`")).map(|t| t.value);
        let Some(labels) = map.get("labels") else {
            let help = "write `[draft, published]`, or { labels: [draft, published], sql: type_name }";
            reader.error(codes::SPEC_MISSING, &entry.key_span, format!("{what} has no labels"), help);
            return None;
        };
        labels
    } else {
        &entry.value
    };
    let items = if list.is_blank() { &[] } else { reader.list(list, &what) };
    Some(Enum {
        name: At::new(entry.key.clone(), reader.place(&entry.key_span)),
        sql_name: TableName { schema, name: sql_name.unwrap_or_else(|| names::table(&entry.key)) },
        variants: items.iter().filter_map(|item| variant(reader, item)).collect(),
    })
}

fn variant(reader: &mut Reader<'_>, node: &Node) -> Option<(At<String>, Option<At<String>>)> {
    if !matches!(node.kind, Kind::Map(_)) {
        return reader.text(node, "a label").map(|label| (label, None));
    }
    let map = reader.map(node, "a label")?;
    reader.known(map, "a label", keys::LABEL);
    let Some(label) = map.get("label") else {
        let help = "write `draft`, or { label: PG-13, name: Pg13 }";
        reader.error(codes::SPEC_MISSING, &node.span, "a label has no `label`", help);
        return None;
    };
    let label = reader.text(label, "`label`")?;
    Some((label, map.get("name").and_then(|name| reader.text(name, "`name`"))))
}

fn model(reader: &mut Reader<'_>, entry: &Entry) -> Option<ModelSpec> {
    let what = format!("the model `{}`", entry.key);
    let map = reader.map(&entry.value, &what)?;
    known(reader, map, &what, keys::MODEL, MODEL_LATER);
    let text = |reader: &mut Reader<'_>, key: &str| map.get(key).and_then(|n| reader.text(n, &format!("`{key}`")));
    let items = |reader: &mut Reader<'_>, key: &str| {
        map.get(key).filter(|n| !n.is_blank()).map_or(&[][..], |node| reader.list(node, &format!("`{key}`")))
    };
    let columns = columns_of(reader, map).iter().map(|entry| column::read(reader, entry)).collect();
    let relations = section(reader, map, "relations").iter().filter_map(|e| relations::read(reader, e)).collect();
    let view = map.get("view").is_some_and(|node| reader.flag(node, "`view`"));
    if view {
        of_tables_only(reader, map);
    }
    Some(ModelSpec {
        name: At::new(entry.key.clone(), reader.place(&entry.key_span)),
        schema: text(reader, "schema").map(|t| t.value),
        table: text(reader, "table"),
        view,
        columns,
        relations,
        primary_key: map.get("primary_key").map(|n| reader.texts(n, "`primary_key`")),
        foreign_keys: items(reader, "foreign_keys").iter().filter_map(|n| relations::foreign_key(reader, n)).collect(),
        uniques: items(reader, "uniques").iter().filter_map(|node| unique(reader, node)).collect(),
        indexes: items(reader, "indexes").iter().filter_map(|node| index(reader, node)).collect(),
        checks: map.get("checks").map(|node| checks(reader, node)).unwrap_or_default(),
        comment: text(reader, "comment").map(|t| t.value),
        renamed_from: text(reader, "renamed_from").map(|t| t.value),
        sqlite: map.get("sqlite").map(|node| sqlite(reader, node)).unwrap_or_default(),
        hooks: map.get("hooks").map(|node| hooks(reader, node)).unwrap_or_default(),
    })
}

/// The columns, also under a key that is misspelt, which was told: that there are none is no mistake of its own.
fn columns_of<'n>(reader: &mut Reader<'_>, map: Map<'n>) -> &'n [Entry] {
    let meant = |entry: &&Entry| {
        let key = entry.key.as_str();
        !keys::MODEL.contains(&key) && suggest(key, keys::MODEL.iter().copied()) == Some("columns")
    };
    match map.entries.iter().find(meant).filter(|_| map.get("columns").is_none()) {
        Some(entry) => reader.map(&entry.value, "`columns`").map_or(&[], |map| map.entries),
        None => section(reader, map, "columns"),
    }
}

/// A view is made by hand, with none of what the DDL of a table says.
fn of_tables_only(reader: &mut Reader<'_>, map: Map<'_>) {
    for key in ["foreign_keys", "indexes", "checks", "sqlite", "renamed_from", "hooks"] {
        if let Some(entry) = map.entries.iter().find(|entry| entry.key == key) {
            let message = format!("a view has no `{key}`");
            reader.error(codes::SPEC_CONFLICT, &entry.key_span, message, "remove it, or remove `view`");
        }
    }
}

/// `[before_insert, before_update, before_delete]`, or some of them.
fn hooks(reader: &mut Reader<'_>, node: &Node) -> Hooks {
    const NAMES: [&str; 3] = ["before_insert", "before_update", "before_delete"];
    let mut hooks = Hooks::default();
    let items = if node.is_blank() { &[][..] } else { reader.list(node, "`hooks`") };
    for item in items {
        let Some(name) = reader.text(item, "a hook") else { continue };
        let place = match name.value.as_str() {
            "before_insert" => &mut hooks.before_insert,
            "before_update" => &mut hooks.before_update,
            "before_delete" => &mut hooks.before_delete,
            other => {
                let help = suggest_help(other, "hooks", NAMES);
                reader.error(codes::SPEC_VALUE, &item.span, format!("`{other}` is no hook"), help);
                continue;
            }
        };
        if std::mem::replace(place, true) {
            let message = format!("the hook `{}` stands twice", name.value);
            reader.error(codes::DUPLICATE_NAME, &item.span, message, "remove one of them");
        }
    }
    hooks
}

fn sqlite(reader: &mut Reader<'_>, node: &Node) -> SqliteOptions {
    let Some(map) = reader.map(node, "`sqlite`") else { return SqliteOptions::default() };
    reader.known(map, "`sqlite`", keys::SQLITE);
    let mut flag = |key: &str| map.get(key).is_some_and(|node| reader.flag(node, &format!("`{key}`")));
    SqliteOptions { strict: flag("strict"), without_rowid: flag("without_rowid"), autoincrement: flag("autoincrement") }
}

/// `[a, b]`, or `{ name: …, columns: [a, b] }`.
fn unique(reader: &mut Reader<'_>, node: &Node) -> Option<UniqueSpec> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some(UniqueSpec { name: None, columns: reader.texts(node, "a unique constraint") });
    }
    let map = reader.map(node, "a unique constraint")?;
    reader.known(map, "a unique constraint", keys::UNIQUE);
    let Some(columns) = map.get("columns") else {
        let help = "write `[a, b]`, or { columns: [a, b] }";
        reader.error(codes::SPEC_MISSING, &node.span, "a unique constraint has no `columns`", help);
        return None;
    };
    let name = map.get("name").and_then(|node| reader.text(node, "`name`")).map(|t| t.value);
    Some(UniqueSpec { name, columns: reader.texts(columns, "`columns`") })
}

/// `{ columns: […], unique: …, where: …, only: […], name: … }`, or the columns alone.
fn index(reader: &mut Reader<'_>, node: &Node) -> Option<IndexSpec> {
    let place = reader.place(&node.span);
    if !matches!(node.kind, Kind::Map(_)) {
        let parts = reader.list(node, "an index").iter().filter_map(|part| index_part(reader, part)).collect();
        return Some(IndexSpec { name: None, parts, unique: false, predicate: None, only: Vec::new(), place });
    }
    let map = reader.map(node, "an index")?;
    reader.known(map, "an index", keys::INDEX);
    let Some(columns) = map.get("columns") else {
        let help = "write for instance { columns: [status, title] }";
        reader.error(codes::SPEC_MISSING, &node.span, "an index has no `columns`", help);
        return None;
    };
    let only = map.get("only").map(|node| dialects(reader, node, "only")).unwrap_or_default();
    Some(IndexSpec {
        name: map.get("name").and_then(|node| reader.text(node, "`name`")),
        parts: reader.list(columns, "`columns`").iter().filter_map(|part| index_part(reader, part)).collect(),
        unique: map.get("unique").is_some_and(|node| reader.flag(node, "`unique`")),
        predicate: map.get("where").and_then(|node| reader.expr(node, "`where`")),
        only,
        place,
    })
}

/// `title`, `title desc`, `{ column: title, desc: true }` or `{ expr: lower(title) }`.
fn index_part(reader: &mut Reader<'_>, node: &Node) -> Option<PartSpec> {
    if matches!(node.kind, Kind::Map(_)) {
        let map = reader.map(node, "a part of an index")?;
        reader.known(map, "a part of an index", keys::PART);
        let desc = map.get("desc").is_some_and(|node| reader.flag(node, "`desc`"));
        let target = match (map.get("column"), map.get("expr")) {
            (Some(column), None) => PartTarget::Field(reader.text(column, "`column`")?),
            (None, Some(expr)) => PartTarget::Expr(reader.expr(expr, "`expr`")?),
            _ => {
                let help = "write { column: title, desc: true } or { expr: lower(title) }";
                reader.error(codes::SPEC_MISSING, &node.span, "a part of an index is one column or one `expr`", help);
                return None;
            }
        };
        return Some(PartSpec { target, desc });
    }
    let text = reader.text(node, "a part of an index")?;
    if text.value.contains('(') {
        let help = format!("write {{ expr: {} }}", super::tree::quoted(&text.value));
        reader.error(codes::SPEC_VALUE, &node.span, "an expression in an index needs `expr`", help);
        return None;
    }
    let (name, desc) = match text.value.split_once(char::is_whitespace) {
        None => (text.value.as_str(), false),
        Some((name, order)) => match order.trim() {
            "desc" => (name, true),
            "asc" => (name, false),
            other => {
                let message = format!("`{other}` is no order of an index");
                reader.error(codes::SPEC_VALUE, &node.span, message, "write `desc` or nothing after the column");
                return None;
            }
        },
    };
    Some(PartSpec { target: PartTarget::Field(At::new(name.to_owned(), text.place)), desc })
}

fn dialects(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<DialectName> {
    let mut all = Vec::new();
    for item in reader.list(node, &format!("`{key}`")) {
        let Some(text) = reader.text(item, &format!("an item of `{key}`")) else { continue };
        match text.value.as_str() {
            "sqlite" => all.push(DialectName::Sqlite),
            "postgres" => all.push(DialectName::Postgres),
            "mysql" => all.push(DialectName::Mysql),
            other => {
                let help = suggest_help(other, "databases", ["sqlite", "postgres", "mysql"]);
                reader.error(codes::SPEC_VALUE, &item.span, format!("`{other}` is no database"), help);
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Named checks as a mapping, or unnamed ones as a list.
fn checks(reader: &mut Reader<'_>, node: &Node) -> Vec<(Option<String>, At<RawExpr>)> {
    if let Kind::Seq(items) = &node.kind {
        return items.iter().filter_map(|item| check(reader, item)).collect();
    }
    let Some(map) = reader.map(node, "`checks`") else { return Vec::new() };
    let mut all = Vec::new();
    for entry in map.entries {
        if let Some(expr) = reader.expr(&entry.value, &format!("the check `{}`", entry.key)) {
            all.push((Some(entry.key.clone()), expr));
        }
    }
    all
}

/// An item of a list of checks: an expression, or `{ name: …, expr: … }`.
fn check(reader: &mut Reader<'_>, node: &Node) -> Option<(Option<String>, At<RawExpr>)> {
    let named = matches!(&node.kind, Kind::Map(entries) if entries.iter().any(|e| e.key == "expr" || e.key == "name"));
    if !named {
        return reader.expr(node, "a check").map(|expr| (None, expr));
    }
    let map = reader.map(node, "a check")?;
    reader.known(map, "a check", keys::CHECK);
    let name = map.get("name").and_then(|node| reader.text(node, "`name`")).map(|t| t.value);
    let Some(expr) = map.get("expr") else {
        reader.error(codes::SPEC_MISSING, &node.span, "a check has no `expr`", "write { name: …, expr: \"a > 0\" }");
        return None;
    };
    reader.expr(expr, "`expr`").map(|expr| (name, expr))
}
