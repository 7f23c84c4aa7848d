//! `CREATE TABLE`: columns, then constraints, then options.

use std::collections::BTreeSet;

use super::column;
use super::dialect::Comments;
use super::index;
use super::name;
use super::walk::{Walk, place};
use crate::codes;
use crate::ir::{Action, DialectName, ForeignKey, Table, TableKind, Unique};

/// The statement that makes a table with the given foreign keys in it.
pub(super) fn create(walk: &mut Walk<'_>, table: &Table, keys: &[&ForeignKey]) -> String {
    check_names(walk, table);
    if walk.dialect.name_constraints {
        check_constraint_names(walk, table, keys);
    }
    let inline_key = column::inline_key(walk, table);
    let mut lines: Vec<String> = Vec::new();
    for id in 0..table.columns.len() {
        lines.extend(column::definition(walk, table, id.into(), inline_key));
    }
    if !table.primary_key.is_empty() && inline_key.is_none() {
        index::check_key(walk, table, &table.primary_key, "the primary key");
        lines.push(format!("PRIMARY KEY {}", walk.columns(table, &table.primary_key)));
    }
    for unique in &table.uniques {
        lines.push(unique_constraint(walk, table, unique));
    }
    for check in &table.checks {
        lines.extend(check_constraint(walk, table, check));
    }
    for key in keys {
        lines.extend(foreign_key(walk, table, key));
    }
    if walk.dialect.inline_indexes {
        for item in &table.indexes {
            lines.extend(index::inline(walk, table, item));
        }
    }
    let head = format!("CREATE TABLE {}{}", walk.if_not_exists(), walk.table_name(&table.name));
    format!("{head} (\n    {}\n){}", lines.join(",\n    "), options(walk, table))
}

fn check_names(walk: &mut Walk<'_>, table: &Table) {
    walk.check_name(&table.name.name, || place(table));
    for column in &table.columns {
        walk.check_name(&column.name, || column::place(table, column));
    }
    if let Some(schema) = table.name.schema.as_deref().filter(|name| *name != "main")
        && !walk.dialect.qualified
    {
        let help = "leave `schema` out for this database";
        walk.unsupported(place(table), format!("the table cannot be in schema {schema:?}"), help);
    }
}

/// Reports names of unique constraints and foreign keys that stand twice, as made ones can: `user_a_b_c_key` is that of
/// `(a, b_c)` and of `(a_b, c)`. Given names of foreign keys in two tables were reported where they are given.
fn check_constraint_names(walk: &mut Walk<'_>, table: &Table, keys: &[&ForeignKey]) {
    let dialect = walk.dialect;
    for unique in &table.uniques {
        let name = unique_name(table, unique);
        if !walk.taken.insert(dialect.index_scope(&table.name, &name)) {
            let message = format!("the name `{name}` of a unique constraint is taken on {}", dialect.label);
            let owner = format!("{}, unique {}", place(table), walk.columns(table, &unique.columns));
            walk.error(
                codes::SQL_NAME,
                owner,
                message,
                "give it another one, as in `uniques: [{ name: …, columns: … }]`",
            );
        }
    }
    let mut own = BTreeSet::new();
    for key in keys {
        let name = foreign_key_name(table, key);
        // On MySQL and MariaDB these names are one for all tables.
        let everywhere = dialect.name == DialectName::Mysql && key.name.is_none();
        let elsewhere = everywhere && !walk.taken.insert(dialect.scoped(&table.name, &format!("foreign key {name}")));
        if !own.insert(name.to_lowercase()) || elsewhere {
            let message = format!("the name `{name}` of a foreign key is taken on {}", dialect.label);
            let owner = format!("{}, foreign key {}", place(table), walk.columns(table, &key.columns));
            walk.error(codes::SQL_NAME, owner, message, "give it another one with `constraint:`");
        }
    }
}

fn unique_name(table: &Table, unique: &Unique) -> String {
    let columns = unique.columns.iter().map(|id| table.column(*id).name.as_str());
    unique.name.clone().unwrap_or_else(|| name::made(&table.name.name, columns, "key"))
}

pub(super) fn unique_constraint(walk: &mut Walk<'_>, table: &Table, unique: &Unique) -> String {
    index::check_key(walk, table, &unique.columns, "a unique constraint");
    let name = constraint(walk, table, unique.name.as_deref(), || unique_name(table, unique));
    format!("{name}UNIQUE {}", walk.columns(table, &unique.columns))
}

pub(super) fn check_constraint(walk: &mut Walk<'_>, table: &Table, check: &crate::ir::Check) -> Option<String> {
    let owner = || match &check.name {
        Some(name) => format!("{}, check \"{name}\"", place(table)),
        None => format!("{}, a check", place(table)),
    };
    let text = walk.expr(&check.expr, &owner)?;
    let name = match &check.name {
        Some(name) => {
            walk.check_name(name, owner);
            format!("CONSTRAINT {} ", walk.ident(name))
        }
        None if walk.dialect.name_constraints => {
            format!("CONSTRAINT {} ", walk.ident(&check_name(table, check, &text)))
        }
        None => String::new(),
    };
    let condition = check.expr.to_condition(walk.dialect.name).unwrap_or(text);
    Some(format!("{name}CHECK ({condition})"))
}

/// The name that a check without one gets: `<table>_<columns>_check`, with a hash if another one was given that, or an earlier
/// one has got it.
fn check_name(table: &Table, check: &crate::ir::Check, text: &str) -> String {
    let made = |check: &crate::ir::Check| name::made(&table.name.name, check.expr.columns().into_iter(), "check");
    let plain = made(check);
    let given = table.checks.iter().any(|other| other.name.as_ref() == Some(&plain));
    let mut earlier = table.checks.iter().take_while(|other| !std::ptr::eq(*other, check));
    let taken = given || earlier.any(|other| other.name.is_none() && made(other) == plain);
    if taken { name::distinct(&plain, text, "check") } else { plain }
}

/// `CONSTRAINT "name" `, with a made name where the dialect wants every key named, or nothing.
fn constraint(walk: &mut Walk<'_>, table: &Table, given: Option<&str>, made: impl FnOnce() -> String) -> String {
    let name = match given {
        Some(name) => {
            walk.check_name(name, || format!("{}, constraint \"{name}\"", place(table)));
            name.to_owned()
        }
        None if walk.dialect.name_constraints => made(),
        None => return String::new(),
    };
    format!("CONSTRAINT {} ", walk.ident(&name))
}

/// The name of a foreign key, given or made.
pub(super) fn foreign_key_name(table: &Table, key: &ForeignKey) -> String {
    let columns = key.columns.iter().map(|id| table.column(*id).name.as_str());
    key.name.clone().unwrap_or_else(|| name::made(&table.name.name, columns, "fkey"))
}

/// A foreign key as a table constraint. `None`, with a diagnostic, when its target is a view.
pub(super) fn foreign_key(walk: &mut Walk<'_>, table: &Table, key: &ForeignKey) -> Option<String> {
    let schema = walk.schema;
    let target = schema.table(key.table);
    let owner = format!("{}, foreign key {}", place(table), walk.columns(table, &key.columns));
    if target.kind == TableKind::View {
        walk.unsupported(owner, "a foreign key cannot point to a view", "point it to the table beneath");
        return None;
    }
    let name = constraint(walk, table, key.name.as_deref(), || foreign_key_name(table, key));
    let mut text = format!(
        "{name}FOREIGN KEY {} REFERENCES {} {}",
        walk.columns(table, &key.columns),
        walk.table_name(&target.name),
        walk.columns(target, &key.references),
    );
    for (event, wanted) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if let Some(action) = action(walk, wanted, &owner) {
            text.push_str(&format!(" ON {event} {action}"));
        }
    }
    if key.deferred && walk.dialect.deferrable {
        text.push_str(" DEFERRABLE INITIALLY DEFERRED");
    } else if key.deferred {
        walk.unsupported(owner, "a foreign key cannot be deferred", "remove `deferred`");
    }
    Some(text)
}

fn action(walk: &mut Walk<'_>, action: Action, owner: &str) -> Option<&'static str> {
    match action {
        Action::NoAction => None,
        Action::Restrict => Some("RESTRICT"),
        Action::Cascade => Some("CASCADE"),
        Action::SetNull => Some("SET NULL"),
        Action::SetDefault if walk.dialect.set_default => Some("SET DEFAULT"),
        Action::SetDefault => {
            walk.unsupported(owner, "a foreign key cannot set a default", "use `set_null`, `cascade` or `restrict`");
            None
        }
    }
}

/// What follows the closing parenthesis.
fn options(walk: &mut Walk<'_>, table: &Table) -> String {
    match walk.dialect.name {
        DialectName::Sqlite => sqlite_options(walk, table),
        DialectName::Postgres => String::new(),
        DialectName::Mysql => {
            // Text compares by its bytes, trailing spaces included, as on the other databases. The collation that
            // does so is named differently by the two servers; each reads only its own comment.
            let charset = " DEFAULT CHARACTER SET utf8mb4";
            let collation = " /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */";
            let comment = table.comment.as_ref().filter(|_| walk.dialect.comments == Comments::Inline);
            let comment = comment.map(|text| format!(" COMMENT {}", walk.text(text))).unwrap_or_default();
            format!("{charset}{collation}{comment}")
        }
    }
}

fn sqlite_options(walk: &mut Walk<'_>, table: &Table) -> String {
    let mut options = Vec::new();
    if table.sqlite.strict {
        options.push("STRICT");
    }
    if table.sqlite.without_rowid {
        if table.primary_key.is_empty() {
            let message = "a table without a primary key cannot be WITHOUT ROWID".to_owned();
            walk.error(codes::UNSUPPORTED, place(table), message, "give it a primary key");
        } else {
            options.push("WITHOUT ROWID");
        }
    }
    if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) }
}
