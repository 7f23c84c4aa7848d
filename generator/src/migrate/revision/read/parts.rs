//! Tables and their parts in a revision.

use std::ops::Range;

use super::needed;
use crate::codes;
use crate::ir::draft::{self, RawExpr};
use crate::ir::{Action, Check, Default, DialectName, Expr, Generated, Literal, SqlType, SqliteOptions, TableName};
use crate::migrate::state::{Column, ForeignKey, Index, IndexPart, IndexTarget, Table, Type, Unique, in_order};
use crate::source::yaml::read::{Map, Reader};
use crate::source::yaml::tree::{Kind, Node, Style};
use crate::source::yaml::types;

/// A name or another text, which may be empty when it is quoted.
pub(super) fn name(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<String> {
    match &node.kind {
        Kind::Text(text, Style::Quoted) => Some(text.clone()),
        _ => reader.text(node, &format!("`{key}`")).map(|text| text.value),
    }
}

pub(super) fn names(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<String> {
    let what = format!("`{key}`");
    reader.list(node, &what).iter().filter_map(|item| name(reader, item, key)).collect()
}

pub(super) fn number(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<u32> {
    let text = reader.text(node, &format!("`{key}`"))?;
    match text.value.parse() {
        Ok(number) if number > 0 => Some(number),
        _ => {
            let message = format!("`{key}` is a whole number above 0, not `{}`", text.value);
            reader.error(codes::SPEC_VALUE, &node.span, message, format!("write for instance `{key}: 1000`"));
            None
        }
    }
}

/// The name of a table or an enum.
pub(super) fn qualified(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<TableName> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some(TableName { schema: None, name: name(reader, node, key)? });
    }
    let what = format!("`{key}`");
    let map = reader.map(node, &what)?;
    reader.known(map, &what, &["schema", "name"]);
    let schema = map.get("schema").and_then(|node| name(reader, node, "schema"));
    let own = needed(reader, map, &what, "name").and_then(|node| name(reader, node, "name"));
    Some(TableName { schema, name: own? })
}

const TABLE: &[&str] =
    &["table", "columns", "primary_key", "uniques", "indexes", "checks", "foreign_keys", "comment", "sqlite"];

pub(super) fn table(reader: &mut Reader<'_>, map: Map<'_>, what: &str, whole: &Range<usize>) -> Option<Table> {
    reader.known(map, what, TABLE);
    let own = needed(reader, map, what, "table").and_then(|node| qualified(reader, node, "table"));
    let list = |reader: &mut Reader<'_>, key: &str| match map.get(key) {
        Some(node) => reader.list(node, &format!("`{key}`")),
        None => &[],
    };
    let columns: Vec<Option<Column>> = list(reader, "columns").iter().map(|node| column(reader, node)).collect();
    let item = |reader: &mut Reader<'_>, node, what: &str, keys: &[&str]| {
        let map = reader.map(node, what)?;
        reader.known(map, what, keys);
        Some(map)
    };
    let mut uniques = Vec::new();
    for node in list(reader, "uniques") {
        let Some(map) = item(reader, node, "a unique constraint", &["name", "columns"]) else { continue };
        uniques.extend(unique(reader, map, "a unique constraint", &node.span));
    }
    let mut indexes = Vec::new();
    for node in list(reader, "indexes") {
        let keys = ["name", "columns", "unique", "where", "only"];
        let Some(map) = item(reader, node, "an index", &keys) else { continue };
        indexes.extend(index(reader, map, "an index", &node.span));
    }
    let mut checks = Vec::new();
    for node in list(reader, "checks") {
        let Some(map) = item(reader, node, "a check", &["name", "expr"]) else { continue };
        checks.extend(check(reader, map, "a check", &node.span));
    }
    let foreign_keys = list(reader, "foreign_keys").iter().filter_map(|node| key(reader, node)).collect();
    if columns.is_empty() {
        reader.error(codes::SPEC_MISSING, whole, format!("{what} has no columns"), "add `columns:`");
    }
    Some(Table {
        name: own?,
        columns: columns.into_iter().collect::<Option<_>>()?,
        primary_key: map.get("primary_key").map(|node| names(reader, node, "primary_key")).unwrap_or_default(),
        uniques,
        indexes,
        checks,
        foreign_keys,
        comment: map.get("comment").and_then(|node| name(reader, node, "comment")),
        sqlite: map.get("sqlite").map(|node| sqlite(reader, node)).unwrap_or_default(),
    })
}

const COLUMN: &[&str] = &["name", "type", "null", "default", "generated", "collation", "comment", "declared"];

pub(super) fn column(reader: &mut Reader<'_>, node: &Node) -> Option<Column> {
    if matches!(node.kind, Kind::Text(..)) {
        let help = "write the whole column: `{ name: …, type: … }`, so that the change can be taken back";
        reader.error(codes::YAML_SHAPE, &node.span, "a column is a mapping here", help);
        return None;
    }
    let what = "a column";
    let map = reader.map(node, what)?;
    reader.known(map, what, COLUMN);
    let own = needed(reader, map, what, "name").and_then(|node| name(reader, node, "name"));
    let ty = needed(reader, map, what, "type").and_then(|node| ty(reader, node));
    let nullable = map.get("null").is_some_and(|node| reader.flag(node, "`null`"));
    let default = map.get("default").and_then(|node| default(reader, node));
    let generated = map.get("generated").and_then(|node| generated(reader, node));
    let collation = map.get("collation").and_then(|node| name(reader, node, "collation"));
    let comment = map.get("comment").and_then(|node| name(reader, node, "comment"));
    let declared = map.get("declared").and_then(|node| reader.per_dialect(node, "`declared`"));
    Some(Column { name: own?, ty: ty?, nullable, default, generated, collation, comment, declared })
}

pub(super) fn ty(reader: &mut Reader<'_>, node: &Node) -> Option<Type> {
    if matches!(node.kind, Kind::Map(_)) {
        let map = reader.map(node, "`type`")?;
        reader.known(map, "`type`", &["enum", "array", "raw"]);
        if let Some(node) = map.get("enum") {
            return qualified(reader, node, "enum").map(Type::Named);
        }
        if let Some(node) = map.get("array") {
            return ty(reader, node).map(|inner| Type::Array(Box::new(inner)));
        }
        let raw = needed(reader, map, "`type`", "raw").and_then(|node| reader.per_dialect(node, "`raw`"))?;
        return Some(Type::Plain(SqlType::Raw(raw)));
    }
    let text = reader.text(node, "`type`")?;
    match types::parse(&text.value).map(built_in) {
        Ok(Ok(found)) => Some(found),
        Ok(Err(name)) => {
            let message = format!("unknown type `{name}`");
            let help = format!("if it is an enum, write `{{ enum: {name} }}`");
            reader.error(codes::UNKNOWN_TYPE, &node.span, message, help);
            None
        }
        Err(error) => {
            reader.error(error.code, &node.span, error.message, error.help);
            None
        }
    }
}

/// A type without an enum in it; of one with an enum, the name.
fn built_in(ty: draft::Type) -> Result<Type, String> {
    match ty {
        draft::Type::Plain(plain) => Ok(Type::Plain(plain)),
        draft::Type::Named(name) => Err(name),
        draft::Type::Array(inner) => Ok(Type::Array(Box::new(built_in(*inner)?))),
    }
}

pub(super) fn default(reader: &mut Reader<'_>, node: &Node) -> Option<Default> {
    if !matches!(node.kind, Kind::Map(_)) {
        let word = reader.text(node, "`default`")?;
        return match word.value.as_str() {
            "auto" => Some(Default::AutoIncrement),
            "now" => Some(Default::Now),
            "null" => Some(Default::Value(Literal::Null)),
            other => {
                let help = format!("write `{{ text: {other} }}`, `{{ int: … }}`, `{{ bool: … }}` or `{{ sql: … }}`");
                let message = format!("`{other}` does not say what kind of default it is");
                reader.error(codes::SPEC_VALUE, &node.span, message, help);
                None
            }
        };
    }
    let map = reader.map(node, "`default`")?;
    let keys = ["text", "int", "number", "bool", "bytes", "sql"];
    reader.known(map, "`default`", &keys);
    let entry = map.entries.iter().find(|entry| keys.contains(&entry.key.as_str()))?;
    if entry.key == "sql" {
        return expr(reader, &entry.value, "sql").map(Default::Expr);
    }
    let text = name(reader, &entry.value, &entry.key)?;
    let literal = match entry.key.as_str() {
        "text" => Some(Literal::Text(text.clone())),
        "number" => Some(Literal::Number(text.clone())),
        "int" => text.parse().ok().map(Literal::Int),
        "bool" => text.parse().ok().map(Literal::Bool),
        _ => bytes(&text).map(Literal::Bytes),
    };
    if literal.is_none() {
        let message = format!("`{text}` is no {}", entry.key);
        reader.error(codes::SPEC_VALUE, &entry.value.span, message, "correct the value, or use another kind");
    }
    literal.map(Default::Value)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.len().is_multiple_of(2).then(|| (0..digits.len()).step_by(2).map(byte).collect())?
}

pub(super) fn generated(reader: &mut Reader<'_>, node: &Node) -> Option<Generated> {
    let map = reader.map(node, "`generated`")?;
    reader.known(map, "`generated`", &["expr", "stored"]);
    let stored = map.get("stored").is_none_or(|node| reader.flag(node, "`stored`"));
    let found = needed(reader, map, "`generated`", "expr").and_then(|node| expr(reader, node, "expr"))?;
    Some(Generated { expr: found, stored })
}

pub(super) fn expr(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Expr> {
    match reader.expr(node, &format!("`{key}`"))?.value {
        RawExpr::PerDialect(texts) => Some(Expr::PerDialect(texts)),
        RawExpr::Neutral(text) => match Expr::parse_neutral(&text) {
            Ok(expr) => Some(expr),
            Err(error) => {
                let help = "correct it, or write it per database: { sqlite: …, postgres: …, mysql: … }";
                let at = reader.part(node, error.offset.min(text.len())..text.len());
                reader.error(codes::EXPRESSION, &at, format!("`{key}` cannot be read: {}", error.message), help);
                None
            }
        },
    }
}

pub(super) fn unique(reader: &mut Reader<'_>, map: Map<'_>, what: &str, _: &Range<usize>) -> Option<Unique> {
    let own = map.get("name").and_then(|node| name(reader, node, "name"));
    let columns = needed(reader, map, what, "columns").map(|node| names(reader, node, "columns"))?;
    Some(Unique { name: own, columns })
}

pub(super) fn check(reader: &mut Reader<'_>, map: Map<'_>, what: &str, _: &Range<usize>) -> Option<Check> {
    let own = map.get("name").and_then(|node| name(reader, node, "name"));
    let found = needed(reader, map, what, "expr").and_then(|node| expr(reader, node, "expr"))?;
    Some(Check { name: own, expr: found })
}

pub(super) fn index(reader: &mut Reader<'_>, map: Map<'_>, what: &str, _: &Range<usize>) -> Option<Index> {
    let node = needed(reader, map, what, "columns")?;
    let parts: Vec<Option<IndexPart>> = reader.list(node, "`columns`").iter().map(|node| part(reader, node)).collect();
    let unique = map.get("unique").is_some_and(|node| reader.flag(node, "`unique`"));
    let predicate = map.get("where").and_then(|node| expr(reader, node, "where"));
    let only = map.get("only").map(|node| dialects(reader, node)).unwrap_or_default();
    let own = map.get("name").and_then(|node| name(reader, node, "name"));
    Some(Index { name: own, parts: parts.into_iter().collect::<Option<_>>()?, unique, predicate, only })
}

fn part(reader: &mut Reader<'_>, node: &Node) -> Option<IndexPart> {
    if !matches!(node.kind, Kind::Map(_)) {
        let target = IndexTarget::Column(name(reader, node, "columns")?);
        return Some(IndexPart { target, desc: false });
    }
    let map = reader.map(node, "a part of an index")?;
    reader.known(map, "a part of an index", &["column", "expr", "desc"]);
    let desc = map.get("desc").is_some_and(|node| reader.flag(node, "`desc`"));
    let target = match map.get("column") {
        Some(node) => IndexTarget::Column(name(reader, node, "column")?),
        None => {
            let node = needed(reader, map, "a part of an index", "expr")?;
            IndexTarget::Expr(expr(reader, node, "expr")?)
        }
    };
    Some(IndexPart { target, desc })
}

fn dialects(reader: &mut Reader<'_>, node: &Node) -> Vec<DialectName> {
    let mut found = Vec::new();
    for word in reader.texts(node, "`only`") {
        match word.value.as_str() {
            "sqlite" => found.push(DialectName::Sqlite),
            "postgres" => found.push(DialectName::Postgres),
            "mysql" => found.push(DialectName::Mysql),
            other => {
                let message = format!("there is no dialect `{other}`");
                reader.error(codes::SPEC_VALUE, &node.span, message, "the dialects are sqlite, postgres and mysql");
            }
        }
    }
    in_order(found)
}

const KEY: &[&str] = &["name", "columns", "table", "references", "on_delete", "on_update", "deferred"];

pub(super) fn key(reader: &mut Reader<'_>, node: &Node) -> Option<ForeignKey> {
    let what = "a foreign key";
    let map = reader.map(node, what)?;
    reader.known(map, what, KEY);
    let own = map.get("name").and_then(|node| name(reader, node, "name"));
    let columns = needed(reader, map, what, "columns").map(|node| names(reader, node, "columns"));
    let table = needed(reader, map, what, "table").and_then(|node| qualified(reader, node, "table"));
    let references = needed(reader, map, what, "references").map(|node| names(reader, node, "references"));
    Some(ForeignKey {
        name: own,
        columns: columns?,
        table: table?,
        references: references?,
        on_delete: action(reader, map, "on_delete"),
        on_update: action(reader, map, "on_update"),
        deferred: map.get("deferred").is_some_and(|node| reader.flag(node, "`deferred`")),
    })
}

fn action(reader: &mut Reader<'_>, map: Map<'_>, key: &str) -> Action {
    let Some(node) = map.get(key) else { return Action::NoAction };
    let Some(word) = name(reader, node, key) else { return Action::NoAction };
    match word.as_str() {
        "no_action" => Action::NoAction,
        "restrict" => Action::Restrict,
        "cascade" => Action::Cascade,
        "set_null" => Action::SetNull,
        "set_default" => Action::SetDefault,
        other => {
            let help = "write cascade, restrict, set_null, set_default or no_action";
            reader.error(codes::SPEC_VALUE, &node.span, format!("`{key}` cannot be `{other}`"), help);
            Action::NoAction
        }
    }
}

pub(super) fn sqlite(reader: &mut Reader<'_>, node: &Node) -> SqliteOptions {
    let Some(map) = reader.map(node, "`sqlite`") else { return SqliteOptions::default() };
    reader.known(map, "`sqlite`", &["strict", "without_rowid", "autoincrement"]);
    let mut flag = |key: &str| map.get(key).is_some_and(|node| reader.flag(node, &format!("`{key}`")));
    SqliteOptions { strict: flag("strict"), without_rowid: flag("without_rowid"), autoincrement: flag("autoincrement") }
}
