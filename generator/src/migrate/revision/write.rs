//! A revision as text.

use super::{Entry, Revision, VERSION};
use crate::ir::{Action, Check, Default, Expr, Generated, Literal, RawType, SqlType, SqliteOptions, TableName};
use crate::migrate::change::{Backfill, Both, Change, ColumnChange, Sql};
use crate::migrate::state::{Column, ForeignKey, Index, IndexTarget, Table, Type, Unique};
use crate::spec::column::plain_type;
use crate::spec::yaml_text::{Yaml, print};
use crate::spec::{dialect_key, raw};

type Map = Vec<(&'static str, Yaml)>;

pub(super) fn text(revision: &Revision, notes: &[String]) -> String {
    let head = vec![
        ("pilaster_migration".to_owned(), Yaml::Bare(VERSION.to_owned())),
        ("revision".to_owned(), Yaml::Bare(revision.id.clone())),
        ("parents".to_owned(), Yaml::List(revision.parents.iter().cloned().map(Yaml::Bare).collect())),
        ("message".to_owned(), Yaml::text(&revision.message)),
        ("up".to_owned(), Yaml::Items(revision.up.iter().map(entry).collect())),
    ];
    let mut out = print(&head);
    for note in notes {
        let note: String = note.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push_str(&format!("# down: {note}\n"));
    }
    if let Some(down) = &revision.down {
        out.push_str(&print(&[("down".to_owned(), Yaml::Items(down.iter().map(entry).collect()))]));
    }
    out
}

fn entry(entry: &Entry) -> Yaml {
    let mut lines = vec![(entry.change.kind().to_owned(), change(&entry.change))];
    if !entry.allow.is_empty() {
        let allow = entry.allow.iter().map(|(code, reason)| (code.clone(), Yaml::text(reason)));
        lines.push(("allow".to_owned(), Yaml::Lines(allow.collect())));
    }
    Yaml::Block(lines)
}

fn change(change: &Change) -> Yaml {
    let on = |table: &TableName, rest: Map| {
        let mut map = vec![("table", qualified(table))];
        map.extend(rest);
        Yaml::Map(map)
    };
    match change {
        Change::CreateTable(made) | Change::DropTable(made) => table(made),
        Change::RenameTable(name) => Yaml::Map(vec![("from", qualified(&name.from)), ("to", qualified(&name.to))]),
        Change::AddColumn { table, column: added, fill } => {
            let fill = fill.as_ref().map(|fill| ("fill", expr(fill)));
            on(table, std::iter::once(("column", column(added))).chain(fill).collect())
        }
        Change::DropColumn { table, column: dropped } => on(table, vec![("column", column(dropped))]),
        Change::RenameColumn { table, name } => on(table, names(name)),
        Change::AlterColumn { table, column, change } => {
            let mut map = vec![("column", Yaml::text(column))];
            map.extend(properties(change));
            on(table, map)
        }
        Change::PrimaryKey { table, columns } => {
            on(table, vec![("from", Yaml::texts(&columns.from)), ("to", Yaml::texts(&columns.to))])
        }
        Change::AddUnique(table, item) | Change::DropUnique(table, item) => on(table, unique(item)),
        Change::AddCheck { table, check: item, at_once } => on(table, and_at_once(check(item), *at_once)),
        Change::DropCheck(table, item) => on(table, check(item)),
        Change::AddForeignKey { table, key: item, at_once } => {
            on(table, and_at_once(vec![("key", Yaml::Map(key(item)))], *at_once))
        }
        Change::DropForeignKey(table, item) => on(table, vec![("key", Yaml::Map(key(item)))]),
        Change::AddIndex { table, index: item, concurrently }
        | Change::DropIndex { table, index: item, concurrently } => {
            let mut map = index(item);
            if *concurrently {
                map.push(("concurrently", Yaml::yes()));
            }
            on(table, map)
        }
        Change::RenameIndex { table, name } => on(table, names(name)),
        Change::CommentTable { table, comment } => on(table, both(comment, &|text| text.as_ref().map(Yaml::text))),
        Change::SqliteOptions { table, options } => {
            on(table, vec![("from", sqlite(options.from)), ("to", sqlite(options.to))])
        }
        _ => of_enum(change),
    }
}

fn and_at_once(mut map: Map, at_once: bool) -> Map {
    map.extend(at_once.then(|| ("at_once", Yaml::yes())));
    map
}

/// Changes of enums, and those of no object.
fn of_enum(change: &Change) -> Yaml {
    let name_and = |name: &TableName, rest: Map| {
        let mut map = vec![("enum", qualified(name))];
        map.extend(rest);
        Yaml::Map(map)
    };
    let before = |before: &Option<String>| before.as_ref().map(|label| ("before", Yaml::text(label)));
    match change {
        Change::CreateEnum { name, labels } | Change::DropEnum { name, labels } => {
            name_and(name, vec![("labels", Yaml::texts(labels))])
        }
        Change::RenameEnum(name) => Yaml::Map(vec![("from", qualified(&name.from)), ("to", qualified(&name.to))]),
        Change::AddEnumLabel { name, label, before: at } => {
            name_and(name, std::iter::once(("label", Yaml::text(label))).chain(before(at)).collect())
        }
        Change::RemoveEnumLabel { name, label, before: at, replacement } => {
            let replacement = replacement.as_ref().map(|label| ("replacement", Yaml::text(label)));
            let label = ("label", Yaml::text(label));
            name_and(name, std::iter::once(label).chain(before(at)).chain(replacement).collect())
        }
        Change::RenameEnumLabel { name, label } => name_and(name, names(label)),
        Change::OrderEnum { name, labels } => {
            name_and(name, vec![("from", Yaml::texts(&labels.from)), ("to", Yaml::texts(&labels.to))])
        }
        Change::Execute { sql, effect } => execute(sql, effect),
        Change::Backfill(fill) => backfill(fill),
        _ => Yaml::Map(Vec::new()),
    }
}

fn execute(sql: &Sql, effect: &[Change]) -> Yaml {
    let list = |statements: &[String]| match statements {
        [one] => Yaml::text(one),
        many => Yaml::texts(many),
    };
    let same = sql.sqlite == sql.postgres && sql.postgres == sql.mysql;
    let sql = match same {
        true => list(&sql.sqlite),
        false => {
            let all = [("sqlite", &sql.sqlite), ("postgres", &sql.postgres), ("mysql", &sql.mysql)];
            Yaml::Map(all.iter().filter(|(_, s)| !s.is_empty()).map(|(key, s)| (*key, list(s))).collect())
        }
    };
    let mut lines = vec![("sql".to_owned(), sql)];
    if !effect.is_empty() {
        let items = effect.iter().map(|change| entry(&Entry::new(change.clone())));
        lines.push(("effect".to_owned(), Yaml::Items(items.collect())));
    }
    Yaml::Block(lines)
}

fn backfill(fill: &Backfill) -> Yaml {
    let set = fill.set.iter().map(|(column, value)| (column.clone(), expr(value))).collect();
    Yaml::Map(vec![
        ("table", qualified(&fill.table)),
        ("set", Yaml::Lines(set)),
        ("where", expr(&fill.filter)),
        ("batch", Yaml::Bare(fill.batch.to_string())),
    ])
}

fn names(name: &Both<String>) -> Map {
    vec![("from", Yaml::text(&name.from)), ("to", Yaml::text(&name.to))]
}

/// Before and after, each left out when there is nothing.
fn both<T>(both: &Both<T>, write: &dyn Fn(&T) -> Option<Yaml>) -> Map {
    let from = write(&both.from).map(|value| ("from", value));
    from.into_iter().chain(write(&both.to).map(|value| ("to", value))).collect()
}

fn properties(change: &ColumnChange) -> Map {
    let mut map: Map = Vec::new();
    let mut put = |key: &'static str, value: Option<Map>| map.extend(value.map(|value| (key, Yaml::Map(value))));
    put("type", change.ty.as_ref().map(|ty| both(ty, &|ty| Some(type_of(ty)))));
    put("declared", change.declared.as_ref().map(|it| both(it, &|it| it.as_ref().map(raw))));
    put("null", change.nullable.as_ref().map(|it| both(it, &|it| Some(truth(*it)))));
    put("default", change.default.as_ref().map(|it| both(it, &|it| it.as_ref().map(default))));
    put("generated", change.generated.as_ref().map(|it| both(it, &|it| it.as_ref().map(generated))));
    put("collation", change.collation.as_ref().map(|it| both(it, &|it| it.as_ref().map(Yaml::text))));
    put("comment", change.comment.as_ref().map(|it| both(it, &|it| it.as_ref().map(Yaml::text))));
    map.extend(change.using.as_ref().map(|using| ("using", expr(using))));
    map.extend(change.at_once.then(|| ("at_once", Yaml::yes())));
    map.extend(change.fill.as_ref().map(|fill| ("fill", expr(fill))));
    map
}

fn truth(value: bool) -> Yaml {
    Yaml::Word(if value { "true" } else { "false" })
}

/// The name of a table or an enum.
fn qualified(name: &TableName) -> Yaml {
    match &name.schema {
        None => Yaml::text(&name.name),
        Some(schema) => Yaml::Map(vec![("schema", Yaml::text(schema)), ("name", Yaml::text(&name.name))]),
    }
}

fn table(table: &Table) -> Yaml {
    let mut lines = vec![("table".to_owned(), qualified(&table.name))];
    let mut put = |key: &str, value: Option<Yaml>| lines.extend(value.map(|value| (key.to_owned(), value)));
    let items = |items: Vec<Map>| (!items.is_empty()).then(|| Yaml::Items(items.into_iter().map(Yaml::Map).collect()));
    put("columns", Some(Yaml::Items(table.columns.iter().map(column).collect())));
    put("primary_key", (!table.primary_key.is_empty()).then(|| Yaml::texts(&table.primary_key)));
    put("uniques", items(table.uniques.iter().map(unique).collect()));
    put("indexes", items(table.indexes.iter().map(index).collect()));
    put("checks", items(table.checks.iter().map(check).collect()));
    put("foreign_keys", items(table.foreign_keys.iter().map(key).collect()));
    put("comment", table.comment.as_ref().map(Yaml::text));
    put("sqlite", (table.sqlite != SqliteOptions::default()).then(|| sqlite(table.sqlite)));
    Yaml::Block(lines)
}

fn column(column: &Column) -> Yaml {
    let mut map = vec![("name", Yaml::text(&column.name)), ("type", type_of(&column.ty))];
    let mut put = |key: &'static str, value: Option<Yaml>| map.extend(value.map(|value| (key, value)));
    put("null", column.nullable.then(Yaml::yes));
    put("default", column.default.as_ref().map(default));
    put("generated", column.generated.as_ref().map(generated));
    put("collation", column.collation.as_ref().map(Yaml::text));
    put("comment", column.comment.as_ref().map(Yaml::text));
    put("declared", column.declared.as_ref().map(raw));
    Yaml::Map(map)
}

fn type_of(ty: &Type) -> Yaml {
    match ty {
        Type::Plain(SqlType::Raw(spelled)) => Yaml::Map(vec![("raw", raw(spelled))]),
        Type::Plain(plain) => Yaml::text(plain_type(plain)),
        Type::Named(name) => Yaml::Map(vec![("enum", qualified(name))]),
        Type::Array(inner) => Yaml::Map(vec![("array", type_of(inner))]),
    }
}

fn default(default: &Default) -> Yaml {
    let (key, value) = match default {
        Default::Now => return Yaml::text("now"),
        Default::AutoIncrement => return Yaml::text("auto"),
        Default::Expr(sql) => ("sql", expr(sql)),
        Default::Value(Literal::Null) => return Yaml::Word("null"),
        Default::Value(Literal::Int(value)) => ("int", Yaml::Bare(value.to_string())),
        Default::Value(Literal::Number(text)) => ("number", Yaml::Bare(text.clone())),
        Default::Value(Literal::Bool(value)) => ("bool", truth(*value)),
        Default::Value(Literal::Text(text)) => ("text", Yaml::text(text)),
        Default::Value(Literal::Bytes(bytes)) => {
            ("bytes", Yaml::text(format!("0x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())))
        }
    };
    Yaml::Map(vec![(key, value)])
}

fn generated(generated: &Generated) -> Yaml {
    Yaml::Map(vec![("expr", expr(&generated.expr)), ("stored", truth(generated.stored))])
}

fn expr(expr: &Expr) -> Yaml {
    match expr {
        Expr::PerDialect(texts) => raw(texts),
        neutral => neutral.neutral_text().map_or_else(|| raw(&RawType::default()), Yaml::text),
    }
}

fn named(name: &Option<String>) -> Map {
    name.iter().map(|name| ("name", Yaml::text(name))).collect()
}

fn unique(unique: &Unique) -> Map {
    let mut map = named(&unique.name);
    map.push(("columns", Yaml::texts(&unique.columns)));
    map
}

fn check(check: &Check) -> Map {
    let mut map = named(&check.name);
    map.push(("expr", expr(&check.expr)));
    map
}

fn index(index: &Index) -> Map {
    let mut map = named(&index.name);
    let part = |part: &crate::migrate::state::IndexPart| {
        let mut map = match &part.target {
            IndexTarget::Column(name) if !part.desc => return Yaml::text(name),
            IndexTarget::Column(name) => vec![("column", Yaml::text(name))],
            IndexTarget::Expr(sql) => vec![("expr", expr(sql))],
        };
        map.extend(part.desc.then(|| ("desc", Yaml::yes())));
        Yaml::Map(map)
    };
    map.push(("columns", Yaml::List(index.parts.iter().map(part).collect())));
    map.extend(index.unique.then(|| ("unique", Yaml::yes())));
    map.extend(index.predicate.as_ref().map(|predicate| ("where", expr(predicate))));
    if !index.only.is_empty() {
        map.push(("only", Yaml::texts(index.only.iter().map(|dialect| dialect_key(*dialect)))));
    }
    map
}

fn key(key: &ForeignKey) -> Map {
    let mut map = named(&key.name);
    map.push(("columns", Yaml::texts(&key.columns)));
    map.push(("table", qualified(&key.table)));
    map.push(("references", Yaml::texts(&key.references)));
    for (word, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
        let value = match action {
            Action::NoAction => continue,
            Action::Restrict => "restrict",
            Action::Cascade => "cascade",
            Action::SetNull => "set_null",
            Action::SetDefault => "set_default",
        };
        map.push((word, Yaml::text(value)));
    }
    map.extend(key.deferred.then(|| ("deferred", Yaml::yes())));
    map
}

fn sqlite(options: SqliteOptions) -> Yaml {
    let flags = [
        ("strict", options.strict),
        ("without_rowid", options.without_rowid),
        ("autoincrement", options.autoincrement),
    ];
    Yaml::Map(flags.iter().filter(|(_, on)| *on).map(|(key, _)| (*key, Yaml::yes())).collect())
}
