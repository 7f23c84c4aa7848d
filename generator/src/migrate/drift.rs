//! What differs between a database and the schema that it should have, in words.
//!
//! The differences are the changes that would make the one of the other ([`super::diff`]), said as what is here and
//! what is there. [`super::recognise`] comes before, so that they are true ones.

use super::change::{Both, Change, ColumnChange};
use super::diff::{Renames, diff};
use super::state::{ForeignKey, Index, IndexTarget, State, Type, Unique, shown};
use crate::ir::{Action, Check, Default, Expr, Generated, Literal, RawType, SqlType, TableName};
use crate::spec::column::plain_type;

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it is: `table "post", column "title"`.
    pub place: String,
    /// What differs: `type`, `check`, …
    pub what: String,
    /// What the database has; `None` when it has no such thing.
    pub database: Option<String>,
    /// What it should have; `None` when there should be no such thing.
    pub schema: Option<String>,
}

/// All differences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// Tables and types that the schema does not speak of, and foreign keys to such tables.
    pub others: Vec<String>,
}

impl Finding {
    /// The difference in one sentence, without the place. `schema` is how the other side is called.
    #[must_use]
    pub fn message(&self, schema: &str) -> String {
        let what = &self.what;
        // Of some things all is said by what they are.
        let known = |words: &str| if words.is_empty() { "without a name".to_owned() } else { words.to_owned() };
        let after = |words: &str| if words.is_empty() { String::new() } else { format!(" {words}") };
        match (&self.database, &self.schema) {
            (Some(database), Some(wanted)) => {
                format!("the {what} is {} in the database, and {} in {schema}", known(database), known(wanted))
            }
            (None, Some(wanted)) => format!("the {what}{} of {schema} is missing in the database", after(wanted)),
            (Some(database), None) => format!("the {what}{} of the database is not in {schema}", after(database)),
            (None, None) => format!("the {what} differs"),
        }
    }
}

/// The differences between a database, in the words of the schema, and the schema.
#[must_use]
pub fn drift(database: &State, schema: &State) -> Drift {
    let mut found = Drift::default();
    for change in diff(database, schema, &Renames::default()).changes {
        match &change {
            // A key to a table that the schema does not speak of is none that it could have.
            Change::DropForeignKey(table, key) if !schema.tables.contains_key(&key.table) => {
                let words = format!("foreign key of `{}` to `{}`", shown(table), shown(&key.table));
                if schema.tables.contains_key(table) {
                    found.others.push(words);
                }
            }
            _ => found.change(change),
        }
    }
    found.join();
    found.of_tables_in_both(database, schema);
    found.findings.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

impl Drift {
    fn change(&mut self, change: Change) {
        let table = change.table().map(|name| format!("table \"{}\"", shown(name))).unwrap_or_default();
        let column = |name: &str| format!("{table}, column \"{name}\"");
        match change {
            Change::CreateTable(made) => {
                self.missing(format!("table \"{}\"", shown(&made.name)), "table", format!("`{}`", shown(&made.name)));
            }
            Change::DropTable(other) => self.others.push(format!("table `{}`", shown(&other.name))),
            Change::RenameTable(name) => {
                let names = Both { from: format!("`{}`", shown(&name.from)), to: format!("`{}`", shown(&name.to)) };
                self.differs(format!("table \"{}\"", shown(&name.to)), "name", names);
            }
            Change::RenameColumn { name, .. } => {
                let names = Both { from: format!("`{}`", name.from), to: format!("`{}`", name.to) };
                self.differs(column(&name.to), "name", names);
            }
            Change::AddColumn { column: added, .. } => {
                let words = format!("`{}` ({})", added.name, type_words(&added.ty));
                self.missing(column(&added.name), "column", words);
            }
            Change::DropColumn { column: other, .. } => {
                let words = format!("`{}` ({})", other.name, type_words(&other.ty));
                self.extra(column(&other.name), "column", words);
            }
            Change::AlterColumn { column: name, change, .. } => self.column(&column(&name), *change),
            Change::PrimaryKey { columns, .. } => {
                let words = |columns: Vec<String>| match columns.as_slice() {
                    [] => "none".to_owned(),
                    columns => format!("({})", columns.join(", ")),
                };
                self.differs(table, "primary key", Both { from: words(columns.from), to: words(columns.to) });
            }
            Change::AddUnique(_, it) => self.missing(table, &unique_name(&it), unique_words(&it)),
            Change::DropUnique(_, it) => self.extra(table, &unique_name(&it), unique_words(&it)),
            Change::AddCheck { check: it, .. } => self.missing(table, &check_name(&it), expr_words(&it.expr)),
            Change::DropCheck(_, it) => self.extra(table, &check_name(&it), expr_words(&it.expr)),
            Change::AddForeignKey { key: it, .. } => self.missing(table, &key_name(&it), key_words(&it)),
            Change::DropForeignKey(_, it) => self.extra(table, &key_name(&it), key_words(&it)),
            Change::AddIndex { index, .. } => self.missing(table, &index_name(&index), index_words(&index)),
            Change::DropIndex { index, .. } => self.extra(table, &index_name(&index), index_words(&index)),
            Change::RenameIndex { name, .. } => {
                let names = Both { from: format!("`{}`", name.from), to: format!("`{}`", name.to) };
                self.differs(table, "name of an index", names);
            }
            Change::CommentTable { comment, .. } => self.differs(table, "comment", turned(comment, text_words)),
            Change::SqliteOptions { options, .. } => {
                self.differs(table, "set of options", turned(options, |it| format!("{it:?}")));
            }
            other => self.of_enum(other),
        }
    }

    fn of_enum(&mut self, change: Change) {
        let place = |name: &TableName| format!("enum \"{name}\"");
        let list = |labels: &[String]| format!("[{}]", labels.join(", "));
        match change {
            Change::CreateEnum { name, labels } => {
                self.missing(place(&name), "enum", format!("`{name}` {}", list(&labels)))
            }
            Change::DropEnum { name, .. } => self.others.push(format!("enum `{name}`")),
            Change::RenameEnum(name) => {
                self.differs(place(&name.to), "name", Both { from: shown(&name.from), to: shown(&name.to) })
            }
            Change::AddEnumLabel { name, label, .. } => self.missing(place(&name), "label", format!("{label:?}")),
            Change::RemoveEnumLabel { name, label, .. } => self.extra(place(&name), "label", format!("{label:?}")),
            Change::OrderEnum { name, labels } => {
                self.differs(place(&name), "order of labels", turned(labels, |labels| list(&labels)));
            }
            _ => {}
        }
    }

    fn column(&mut self, place: &str, change: ColumnChange) {
        let retyped = change.ty.is_some();
        if let Some(ty) = change.ty {
            self.differs(place.to_owned(), "type", turned(ty, |ty| type_words(&ty)));
        }
        if let Some(declared) = change.declared.filter(|_| !retyped) {
            self.differs(place.to_owned(), "spelling of the type", turned(declared, |raw| raw_words(raw.as_ref())));
        }
        if let Some(nullable) = change.nullable {
            let words = |null: bool| if null { "allowed".to_owned() } else { "not allowed".to_owned() };
            self.differs(place.to_owned(), "use of NULL", turned(nullable, words));
        }
        if let Some(default) = change.default {
            self.differs(place.to_owned(), "default", turned(default, |it| default_words(it.as_ref())));
        }
        if let Some(generated) = change.generated {
            self.differs(place.to_owned(), "expression", turned(generated, |it| generated_words(it.as_ref())));
        }
        if let Some(collation) = change.collation {
            self.differs(place.to_owned(), "collation", turned(collation, text_words));
        }
        if let Some(comment) = change.comment {
            self.differs(place.to_owned(), "comment", turned(comment, text_words));
        }
    }

    fn missing(&mut self, place: String, what: &str, words: String) {
        self.findings.push(Finding { place, what: what.to_owned(), database: None, schema: Some(words) });
    }

    fn extra(&mut self, place: String, what: &str, words: String) {
        self.findings.push(Finding { place, what: what.to_owned(), database: Some(words), schema: None });
    }

    fn differs(&mut self, place: String, what: &str, words: Both<String>) {
        let (database, schema) = (Some(words.from), Some(words.to));
        self.findings.push(Finding { place, what: what.to_owned(), database, schema });
    }

    /// A table that is on one side only is told as a whole.
    fn of_tables_in_both(&mut self, database: &State, schema: &State) {
        let names = database.tables.keys().chain(schema.tables.keys());
        let alone = names.filter(|name| database.tables.contains_key(*name) != schema.tables.contains_key(*name));
        let alone: Vec<String> = alone.map(|name| format!("table \"{}\"", shown(name))).collect();
        self.findings.retain(|item| item.what == "table" || item.what == "name" || !alone.contains(&item.place));
    }

    /// What is dropped and made under one name differs, or is only made anew on the way.
    fn join(&mut self) {
        let mut joined: Vec<Finding> = Vec::new();
        for item in std::mem::take(&mut self.findings) {
            let half = |other: &Finding| {
                other.place == item.place
                    && other.what == item.what
                    && (other.schema.is_none() && item.database.is_none())
            };
            match joined.iter_mut().find(|other| half(other)) {
                Some(other) => other.schema = item.schema,
                None => joined.push(item),
            }
        }
        joined.retain(|item| item.database != item.schema);
        self.findings = joined;
    }
}

fn turned<T>(both: Both<T>, words: impl Fn(T) -> String) -> Both<String> {
    Both { from: words(both.from), to: words(both.to) }
}

fn text_words(text: Option<String>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("{text:?}"))
}

fn type_words(ty: &Type) -> String {
    match ty {
        Type::Named(name) => format!("enum `{name}`"),
        Type::Array(inner) => format!("{}[]", type_words(inner)),
        Type::Plain(SqlType::Raw(raw)) => raw_words(Some(raw)),
        Type::Plain(ty) => plain_type(ty),
    }
}

fn raw_words(raw: Option<&RawType>) -> String {
    let texts = raw.into_iter().flat_map(|raw| [&raw.sqlite, &raw.postgres, &raw.mysql]).flatten();
    match texts.map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => "the usual one".to_owned(),
        texts => format!("`{}`", texts.join("` or `")),
    }
}

fn default_words(default: Option<&Default>) -> String {
    match default {
        None => "none".to_owned(),
        Some(Default::Now) => "now".to_owned(),
        Some(Default::AutoIncrement) => "a number that is counted".to_owned(),
        Some(Default::Expr(expr)) => expr_words(expr),
        Some(Default::Value(literal)) => match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Int(value) => value.to_string(),
            Literal::Number(text) => text.clone(),
            Literal::Bool(value) => value.to_string(),
            Literal::Text(text) => format!("{text:?}"),
            Literal::Bytes(bytes) => format!("{} bytes", bytes.len()),
        },
    }
}

fn expr_words(expr: &Expr) -> String {
    if let Some(text) = expr.neutral_text() {
        return format!("`{text}`");
    }
    match expr {
        Expr::PerDialect(raw) => raw_words(Some(raw)),
        Expr::Neutral(_) => "an expression".to_owned(),
    }
}

fn generated_words(generated: Option<&Generated>) -> String {
    match generated {
        None => "none".to_owned(),
        Some(it) if it.stored => format!("{}, stored", expr_words(&it.expr)),
        Some(it) => format!("{}, not stored", expr_words(&it.expr)),
    }
}

fn unique_name(unique: &Unique) -> String {
    format!("unique constraint over ({})", unique.columns.join(", "))
}

fn unique_words(unique: &Unique) -> String {
    unique.name.as_ref().map(|name| format!("`{name}`")).unwrap_or_default()
}

fn check_name(check: &Check) -> String {
    match &check.name {
        Some(name) => format!("check `{name}`"),
        None => "check".to_owned(),
    }
}

fn key_name(key: &ForeignKey) -> String {
    format!("foreign key of ({})", key.columns.join(", "))
}

fn key_words(key: &ForeignKey) -> String {
    let action = |event: &str, action: Action| match action {
        Action::NoAction => String::new(),
        Action::Restrict => format!(", {event} restrict"),
        Action::Cascade => format!(", {event} cascade"),
        Action::SetNull => format!(", {event} set null"),
        Action::SetDefault => format!(", {event} set default"),
    };
    format!(
        "to `{}` ({}){}{}{}{}",
        shown(&key.table),
        key.references.join(", "),
        action("on delete", key.on_delete),
        action("on update", key.on_update),
        if key.deferred { ", deferred" } else { "" },
        key.name.as_ref().map(|name| format!(", named `{name}`")).unwrap_or_default(),
    )
}

fn index_name(index: &Index) -> String {
    match &index.name {
        Some(name) => format!("index `{name}`"),
        None => "index".to_owned(),
    }
}

fn index_words(index: &Index) -> String {
    let part = |part: &super::state::IndexPart| {
        let target = match &part.target {
            IndexTarget::Column(name) => name.clone(),
            IndexTarget::Expr(expr) => expr_words(expr),
        };
        if part.desc { format!("{target} desc") } else { target }
    };
    let parts: Vec<String> = index.parts.iter().map(part).collect();
    let unique = if index.unique { "unique " } else { "" };
    let condition = index.predicate.as_ref().map(|expr| format!(" where {}", expr_words(expr))).unwrap_or_default();
    format!("{unique}over ({}){condition}", parts.join(", "))
}

#[cfg(test)]
mod tests;
