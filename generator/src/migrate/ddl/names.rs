//! The names that databases have for what the schema leaves unnamed.
//!
//! They are made of the table's and the columns' names by the same rules as in [`crate::ddl`], so that what was made by
//! `CREATE TABLE` is found again. When a rename changes one, the thing itself gets its new name, so that a database that
//! was migrated and one that was made today are the same.

use std::collections::BTreeSet;

use crate::ddl::parts::{distinct_name, made_name};
use crate::ir::quote::quote_ident;
use crate::ir::{Check, DialectName, TableName};
use crate::migrate::state::{ForeignKey, Index, IndexTarget, State, Table};

const ALL: [DialectName; 3] = [DialectName::Sqlite, DialectName::Postgres, DialectName::Mysql];

/// The table with every name that the dialect keeps written out.
pub(in crate::migrate) fn named(table: &Table, state: &State, dialect: DialectName) -> Table {
    let mut named = table.clone();
    let own = &table.name.name;
    let is_table = |name: &str| {
        // A schema has names of its own; SQLite has one only.
        let beside = |other: &TableName| dialect == DialectName::Sqlite || other.schema == table.name.schema;
        state.tables.keys().any(|other| beside(other) && other.name.to_lowercase() == name)
    };
    if dialect != DialectName::Sqlite {
        for unique in named.uniques.iter_mut().filter(|unique| unique.name.is_none()) {
            unique.name = Some(made_name(own, unique.columns.iter().map(String::as_str), "key"));
        }
        for key in &mut named.foreign_keys {
            key.name = Some(key_name(own, key));
        }
        let mut taken: BTreeSet<String> = named.checks.iter().filter_map(|check| check.name.clone()).collect();
        for check in &mut named.checks {
            let name = check_name(own, check, &taken, dialect);
            taken.insert(name.clone());
            check.name = Some(name);
        }
    }
    let mut taken = BTreeSet::new();
    for index in named.indexes.iter_mut().filter(|index| index.is_on(dialect)) {
        let name = index_name(own, index, &taken, &is_table, dialect);
        taken.insert(name.to_lowercase());
        index.name = Some(name);
    }
    named
}

/// The name of a foreign key, given or made.
pub(super) fn key_name(table: &str, key: &ForeignKey) -> String {
    key.name.clone().unwrap_or_else(|| made_name(table, key.columns.iter().map(String::as_str), "fkey"))
}

fn check_name(table: &str, check: &Check, taken: &BTreeSet<String>, dialect: DialectName) -> String {
    if let Some(name) = &check.name {
        return name.clone();
    }
    let name = made_name(table, check.expr.columns().into_iter(), "check");
    match taken.contains(&name) {
        true => distinct_name(&name, &check.expr.to_sql(dialect).unwrap_or_default(), "check"),
        false => name,
    }
}

fn index_name(
    table: &str,
    index: &Index,
    taken: &BTreeSet<String>,
    is_table: &dyn Fn(&str) -> bool,
    dialect: DialectName,
) -> String {
    if let Some(name) = &index.name {
        return name.clone();
    }
    let name = made_name(table, index.columns(), "idx");
    let folded = name.to_lowercase();
    // On MySQL each table has names of its own.
    let global = dialect != DialectName::Mysql;
    if taken.contains(&folded) || (global && is_table(&folded)) {
        return distinct_name(&name, &definition(index, dialect), "idx");
    }
    name
}

/// Whether an index has the name that DDL gives it by itself, on one database or another.
pub(in crate::migrate) fn is_made_index(table: &str, index: &Index) -> bool {
    let Some(name) = &index.name else { return true };
    let plain = made_name(table, index.columns(), "idx");
    let distinct = |dialect| distinct_name(&plain, &definition(index, dialect), "idx");
    *name == plain || ALL.into_iter().any(|dialect| *name == distinct(dialect))
}

/// The same for a check.
pub(in crate::migrate) fn is_made_check(table: &str, check: &Check) -> bool {
    let Some(name) = &check.name else { return true };
    let plain = made_name(table, check.expr.columns().into_iter(), "check");
    let distinct = |dialect| distinct_name(&plain, &check.expr.to_sql(dialect).unwrap_or_default(), "check");
    *name == plain || ALL.into_iter().any(|dialect| *name == distinct(dialect))
}

/// The same for a constraint over columns: `key` or `fkey`.
pub(in crate::migrate) fn is_made_key(table: &str, name: Option<&str>, columns: &[String], suffix: &str) -> bool {
    name.is_none_or(|name| name == made_name(table, columns.iter().map(String::as_str), suffix))
}

/// What the hash of a name is made of: uniqueness, parts and condition as the dialect writes them.
fn definition(index: &Index, dialect: DialectName) -> String {
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| {
            let target = match &part.target {
                IndexTarget::Column(name) => quote_ident(dialect, name),
                IndexTarget::Expr(expr) => format!("({})", expr.to_sql(dialect).unwrap_or_default()),
            };
            if part.desc { format!("{target} DESC") } else { target }
        })
        .collect();
    let predicate = index.predicate.as_ref().and_then(|expr| expr.to_sql(dialect));
    let predicate = predicate.map(|text| format!(" WHERE {text}")).unwrap_or_default();
    format!("{}{}{predicate}", index.unique, parts.join(", "))
}
