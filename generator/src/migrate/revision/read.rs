//! A revision out of its text, with the place of every mistake, all of them at once.

mod parts;

use std::sync::Arc;

use super::{Entry, Revision, VERSION};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place, SourceText, suggest_help};
use crate::migrate::change::{Backfill, Both, Change, ColumnChange, Sql};
use crate::source::yaml::read::{Map, Reader};
use crate::source::yaml::tree::{self, Kind, Node};

const KEYS: &[&str] = &["pilaster_migration", "revision", "parents", "message", "up", "down"];

pub(super) fn read(source: &Arc<SourceText>, diagnostics: &mut Diagnostics) -> Option<Revision> {
    let before = diagnostics.error_count();
    let Some(root) = tree::parse(source, diagnostics) else {
        if diagnostics.error_count() == before {
            let place = Place::text(source, 0..0);
            let error = Diagnostic::error(codes::REVISION, place, "the file is empty");
            diagnostics.push(error.help("remove it, or write a revision with `pilaster db revision -m MESSAGE`"));
        }
        return None;
    };
    let mut reader = Reader { source, diagnostics };
    let revision = document(&mut reader, &root);
    revision.filter(|_| diagnostics.error_count() == before)
}

fn document(reader: &mut Reader<'_>, root: &Node) -> Option<Revision> {
    let what = "a revision";
    let map = reader.map(root, what)?;
    version(reader, map)?;
    reader.known(map, what, KEYS);
    let id = needed(reader, map, what, "revision").and_then(|node| reader.text(node, "`revision`"));
    let parents = map.get("parents").map(|node| reader.texts(node, "`parents`")).unwrap_or_default();
    let message = map.get("message").filter(|node| !node.is_blank()).and_then(|node| reader.text(node, "`message`"));
    let up = needed(reader, map, what, "up").map(|node| entries(reader, node, "`up`"))?;
    let down = map.get("down").map(|node| entries(reader, node, "`down`"));
    Some(Revision {
        id: id?.value,
        parents: parents.into_iter().map(|parent| parent.value).collect(),
        message: message.map(|text| text.value).unwrap_or_default(),
        up,
        down,
    })
}

fn version(reader: &mut Reader<'_>, map: Map<'_>) -> Option<()> {
    let help = "the file begins with `pilaster_migration: 1`";
    let Some(node) = map.get("pilaster_migration") else {
        reader.error(codes::REVISION, &(map.span.start..map.span.start), "this is no revision", help);
        return None;
    };
    let version = reader.text(node, "`pilaster_migration`")?;
    if version.value == VERSION {
        return Some(());
    }
    let message = format!("version {} of the format is not known", version.value);
    reader.error(codes::REVISION, &node.span, message, "use a newer pilaster, or correct the version");
    None
}

/// The value of a key that must be there.
fn needed<'n>(reader: &mut Reader<'_>, map: Map<'n>, what: &str, key: &str) -> Option<&'n Node> {
    let found = map.get(key);
    if found.is_none() {
        let span = map.span.start..map.span.start.saturating_add(1).min(map.span.end.max(map.span.start));
        reader.error(codes::SPEC_MISSING, &span, format!("{what} has no `{key}`"), format!("add `{key}:`"));
    }
    found
}

fn entries(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Entry> {
    if node.is_blank() {
        return Vec::new();
    }
    reader.list(node, what).iter().filter_map(|item| entry(reader, item)).collect()
}

fn entry(reader: &mut Reader<'_>, node: &Node) -> Option<Entry> {
    let map = reader.map(node, "a change")?;
    let allow = map.get("allow").map(|node| allowed(reader, node)).unwrap_or_default();
    let mut kinds = map.entries.iter().filter(|entry| entry.key != "allow");
    let Some(first) = kinds.next() else {
        reader.error(
            codes::SPEC_MISSING,
            &node.span,
            "a change names what it does",
            "write for instance `add_column:`",
        );
        return None;
    };
    if let Some(second) = kinds.next() {
        let help = "begin a new item with `- ` for each change";
        reader.error(codes::SPEC_CONFLICT, &second.key_span, "an item is one change", help);
    }
    let place = reader.place(&first.key_span);
    let change = change(reader, &first.key, &first.key_span, &first.value)?;
    Some(Entry { change, allow, place })
}

/// Risks that are accepted, each with its reason.
fn allowed(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, String)> {
    let Some(map) = reader.map(node, "`allow`") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in map.entries {
        if !codes::ALL.iter().any(|code| code.id == entry.key && code.id.starts_with("P09")) {
            let risks = codes::ALL.iter().map(|code| code.id).filter(|id| id.starts_with("P09"));
            let help = suggest_help(&entry.key, "risks", risks);
            reader.error(codes::SPEC_VALUE, &entry.key_span, format!("there is no risk `{}`", entry.key), help);
        }
        let Some(reason) = reader.text(&entry.value, "the reason") else { continue };
        if reason.value.trim().is_empty() {
            let message = format!("`{}` is allowed without a reason", entry.key);
            reader.error(codes::SPEC_VALUE, &entry.key_span, message, "say why it is no risk here");
        }
        found.push((entry.key.clone(), reason.value));
    }
    found
}

const KINDS: &[&str] = &[
    "create_table",
    "drop_table",
    "rename_table",
    "add_column",
    "drop_column",
    "rename_column",
    "alter_column",
    "primary_key",
    "add_unique",
    "drop_unique",
    "add_check",
    "drop_check",
    "add_foreign_key",
    "drop_foreign_key",
    "add_index",
    "drop_index",
    "rename_index",
    "comment_table",
    "sqlite_options",
    "create_enum",
    "drop_enum",
    "rename_enum",
    "add_enum_label",
    "remove_enum_label",
    "rename_enum_label",
    "order_enum",
    "execute",
    "backfill",
];

fn change(reader: &mut Reader<'_>, kind: &str, span: &std::ops::Range<usize>, node: &Node) -> Option<Change> {
    if !KINDS.contains(&kind) {
        let help = suggest_help(kind, "changes", KINDS.iter().copied());
        reader.error(codes::YAML_UNKNOWN_KEY, span, format!("there is no change `{kind}`"), help);
        return None;
    }
    let what = format!("`{kind}`");
    let map = reader.map(node, &what)?;
    let mut it = Item { reader, map, what: &what, whole: span };
    match kind {
        "create_table" => it.whole_table().map(|table| Change::CreateTable(Box::new(table))),
        "drop_table" => it.whole_table().map(|table| Change::DropTable(Box::new(table))),
        "execute" => it.execute(),
        "backfill" => it.backfill(),
        _ if kind.contains("enum") => it.of_enum(kind),
        "rename_table" => {
            it.known(&["from", "to"]);
            let (from, to) = (it.name_at("from"), it.name_at("to"));
            Some(Change::RenameTable(Both { from: from?, to: to? }))
        }
        _ => it.of_table(kind),
    }
}

/// A change that is read.
struct Item<'r, 's, 'n> {
    reader: &'r mut Reader<'s>,
    map: Map<'n>,
    what: &'r str,
    whole: &'r std::ops::Range<usize>,
}

impl<'n> Item<'_, '_, 'n> {
    fn known(&mut self, keys: &[&str]) {
        let misplaced = self.map.entries.iter().find(|entry| entry.key == "allow");
        if let Some(entry) = misplaced {
            let message = format!("`allow` stands in {}, and belongs beside it", self.what);
            let help = format!("write it in a line of its own below, as far in as {}", self.what);
            return self.reader.error(codes::YAML_UNKNOWN_KEY, &entry.key_span, message, help);
        }
        self.reader.known(self.map, self.what, keys);
    }

    fn get(&mut self, key: &str) -> Option<&'n Node> {
        let found = self.map.get(key);
        if found.is_none() {
            let message = format!("{} has no `{key}`", self.what);
            self.reader.error(codes::SPEC_MISSING, self.whole, message, format!("add `{key}:`"));
        }
        found
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let node = self.get(key)?;
        parts::name(self.reader, node, key)
    }

    fn optional(&mut self, key: &str) -> Option<String> {
        let node = self.map.get(key)?;
        parts::name(self.reader, node, key)
    }

    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let node = self.get(key)?;
        Some(parts::names(self.reader, node, key))
    }

    fn flag(&mut self, key: &str) -> bool {
        self.map.get(key).is_some_and(|node| self.reader.flag(node, &format!("`{key}`")))
    }

    /// The name of a table or an enum.
    fn name_at(&mut self, key: &str) -> Option<crate::ir::TableName> {
        let node = self.get(key)?;
        parts::qualified(self.reader, node, key)
    }

    fn both(&mut self) -> Option<Both<String>> {
        let (from, to) = (self.text("from"), self.text("to"));
        Some(Both { from: from?, to: to? })
    }

    fn whole_table(&mut self) -> Option<crate::migrate::state::Table> {
        parts::table(self.reader, self.map, self.what, self.whole)
    }

    fn of_table(&mut self, kind: &str) -> Option<Change> {
        let table = self.name_at("table");
        let drop = kind.starts_with("drop");
        Some(match kind {
            "add_column" | "drop_column" => {
                self.known(if drop { &["table", "column"] } else { &["table", "column", "fill"] });
                let node = self.get("column");
                let column = node.and_then(|node| parts::column(self.reader, node)).map(Box::new);
                let fill = self.map.get("fill").and_then(|node| parts::expr(self.reader, node, "fill"));
                match drop {
                    true => Change::DropColumn { table: table?, column: column? },
                    false => Change::AddColumn { table: table?, column: column?, fill },
                }
            }
            "rename_column" | "rename_index" => {
                self.known(&["table", "from", "to"]);
                let name = self.both();
                match kind {
                    "rename_column" => Change::RenameColumn { table: table?, name: name? },
                    _ => Change::RenameIndex { table: table?, name: name? },
                }
            }
            "alter_column" => {
                let column = self.text("column");
                let change = Box::new(self.properties());
                Change::AlterColumn { table: table?, column: column?, change }
            }
            "primary_key" => {
                self.known(&["table", "from", "to"]);
                let (from, to) = (self.texts("from"), self.texts("to"));
                Change::PrimaryKey { table: table?, columns: Both { from: from?, to: to? } }
            }
            "add_unique" | "drop_unique" => {
                self.known(&["table", "name", "columns"]);
                let unique = parts::unique(self.reader, self.map, self.what, self.whole);
                if drop { Change::DropUnique(table?, unique?) } else { Change::AddUnique(table?, unique?) }
            }
            "add_check" | "drop_check" => {
                self.known(if drop { &["table", "name", "expr"] } else { &["table", "name", "expr", "at_once"] });
                let check = parts::check(self.reader, self.map, self.what, self.whole);
                let at_once = !drop && self.flag("at_once");
                match drop {
                    true => Change::DropCheck(table?, check?),
                    false => Change::AddCheck { table: table?, check: check?, at_once },
                }
            }
            "add_foreign_key" | "drop_foreign_key" => {
                self.known(if drop { &["table", "key"] } else { &["table", "key", "at_once"] });
                let node = self.get("key");
                let key = node.and_then(|node| parts::key(self.reader, node));
                let at_once = !drop && self.flag("at_once");
                match drop {
                    true => Change::DropForeignKey(table?, key?),
                    false => Change::AddForeignKey { table: table?, key: key?, at_once },
                }
            }
            "add_index" | "drop_index" => {
                self.known(&["table", "name", "columns", "unique", "where", "only", "concurrently"]);
                let index = parts::index(self.reader, self.map, self.what, self.whole);
                let concurrently = self.flag("concurrently");
                match drop {
                    true => Change::DropIndex { table: table?, index: index?, concurrently },
                    false => Change::AddIndex { table: table?, index: index?, concurrently },
                }
            }
            "comment_table" => {
                self.known(&["table", "from", "to"]);
                let comment = Both { from: self.optional("from"), to: self.optional("to") };
                Change::CommentTable { table: table?, comment }
            }
            _ => {
                self.known(&["table", "from", "to"]);
                let options = Both { from: self.sqlite("from"), to: self.sqlite("to") };
                Change::SqliteOptions { table: table?, options }
            }
        })
    }

    fn sqlite(&mut self, key: &str) -> crate::ir::SqliteOptions {
        self.map.get(key).map(|node| parts::sqlite(self.reader, node)).unwrap_or_default()
    }

    fn properties(&mut self) -> ColumnChange {
        let keys = ["type", "declared", "null", "default", "generated", "collation", "comment", "using", "fill"];
        let all: Vec<&str> = ["table", "column", "at_once"].into_iter().chain(keys).collect();
        self.known(&all);
        let change = ColumnChange {
            ty: self.pair("type", parts::ty),
            declared: self.maybe("declared", |reader, node| reader.per_dialect(node, "`declared`")),
            nullable: self.pair("null", |reader, node| Some(reader.flag(node, "`null`"))),
            default: self.maybe("default", parts::default),
            generated: self.maybe("generated", parts::generated),
            collation: self.maybe("collation", |reader, node| parts::name(reader, node, "collation")),
            comment: self.maybe("comment", |reader, node| parts::name(reader, node, "comment")),
            using: self.map.get("using").and_then(|node| parts::expr(self.reader, node, "using")),
            fill: self.map.get("fill").and_then(|node| parts::expr(self.reader, node, "fill")),
            at_once: self.flag("at_once"),
        };
        if !keys.iter().any(|key| self.map.get(key).is_some()) {
            let help = "name what changes, for instance `null: { from: true, to: false }`";
            self.reader.error(codes::SPEC_MISSING, self.whole, format!("{} changes nothing", self.what), help);
        }
        change
    }

    /// A value before and after, both of which are there.
    fn pair<T>(&mut self, key: &str, read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>) -> Option<Both<T>> {
        let node = self.map.get(key)?;
        let what = format!("`{key}`");
        let map = self.reader.map(node, &what)?;
        self.reader.known(map, &what, &["from", "to"]);
        let mut side = |side: &str| needed(self.reader, map, &what, side).and_then(|node| read(self.reader, node));
        let (from, to) = (side("from"), side("to"));
        Some(Both { from: from?, to: to? })
    }

    /// A value before and after, either of which may be missing: there is none.
    fn maybe<T>(&mut self, key: &str, read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>) -> Option<Both<Option<T>>> {
        let node = self.map.get(key)?;
        let what = format!("`{key}`");
        let map = self.reader.map(node, &what)?;
        self.reader.known(map, &what, &["from", "to"]);
        let mut side = |side: &str| map.get(side).and_then(|node| read(self.reader, node));
        Some(Both { from: side("from"), to: side("to") })
    }

    fn of_enum(&mut self, kind: &str) -> Option<Change> {
        if kind == "rename_enum" {
            self.known(&["from", "to"]);
            let (from, to) = (self.name_at("from"), self.name_at("to"));
            return Some(Change::RenameEnum(Both { from: from?, to: to? }));
        }
        let name = self.name_at("enum");
        Some(match kind {
            "create_enum" | "drop_enum" => {
                self.known(&["enum", "labels"]);
                let labels = self.texts("labels");
                match kind {
                    "create_enum" => Change::CreateEnum { name: name?, labels: labels? },
                    _ => Change::DropEnum { name: name?, labels: labels? },
                }
            }
            "add_enum_label" => {
                self.known(&["enum", "label", "before"]);
                let (label, before) = (self.text("label"), self.optional("before"));
                Change::AddEnumLabel { name: name?, label: label?, before }
            }
            "remove_enum_label" => {
                self.known(&["enum", "label", "before", "replacement"]);
                let (label, before) = (self.text("label"), self.optional("before"));
                let replacement = self.optional("replacement");
                Change::RemoveEnumLabel { name: name?, label: label?, before, replacement }
            }
            "rename_enum_label" => {
                self.known(&["enum", "from", "to"]);
                let label = self.both();
                Change::RenameEnumLabel { name: name?, label: label? }
            }
            _ => {
                self.known(&["enum", "from", "to"]);
                let (from, to) = (self.texts("from"), self.texts("to"));
                Change::OrderEnum { name: name?, labels: Both { from: from?, to: to? } }
            }
        })
    }

    fn execute(&mut self) -> Option<Change> {
        self.known(&["sql", "effect"]);
        let node = self.get("sql")?;
        let sql = match &node.kind {
            Kind::Map(_) => {
                let map = self.reader.map(node, "`sql`")?;
                self.reader.known(map, "`sql`", &["sqlite", "postgres", "mysql"]);
                let mut list =
                    |key: &str| map.get(key).map(|node| parts::names(self.reader, node, key)).unwrap_or_default();
                Sql { sqlite: list("sqlite"), postgres: list("postgres"), mysql: list("mysql") }
            }
            _ => Sql::all(parts::names(self.reader, node, "sql")),
        };
        let effect = self.map.get("effect").map(|node| entries(self.reader, node, "`effect`")).unwrap_or_default();
        Some(Change::Execute { sql, effect: effect.into_iter().map(|entry| entry.change).collect() })
    }

    fn backfill(&mut self) -> Option<Change> {
        self.known(&["table", "set", "where", "batch"]);
        let table = self.name_at("table");
        let set_node = self.get("set");
        let filter_node = self.get("where");
        let mut set = Vec::new();
        if let Some(map) = set_node.and_then(|node| self.reader.map(node, "`set`")) {
            for entry in map.entries {
                set.extend(parts::expr(self.reader, &entry.value, &entry.key).map(|value| (entry.key.clone(), value)));
            }
        }
        let filter = filter_node.and_then(|node| parts::expr(self.reader, node, "where"));
        let batch = match self.map.get("batch") {
            None => 1000,
            Some(node) => parts::number(self.reader, node, "batch")?,
        };
        Some(Change::Backfill(Box::new(Backfill { table: table?, set, filter: filter?, batch })))
    }
}
