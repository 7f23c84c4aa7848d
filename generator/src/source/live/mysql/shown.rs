//! What `SHOW CREATE TABLE` tells and the views of MariaDB's `information_schema` do not: characters outside the basic
//! plane, each of whose four bytes is a `?` there, and what the periods of a table are for. Constants of `varchar` columns
//! are no better there: these are asked for by `DEFAULT(…)`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::connect::Snapshot;
use super::catalog::{Catalog, Column, Name};
use crate::ir::DialectName;
use crate::ir::quote::{quote_ident, quote_string};

/// The text of a table, if the user may see it.
pub(super) fn text(snapshot: &Snapshot, (schema, name): &Name) -> Option<String> {
    let [schema, name] = [schema, name].map(|name| quote_ident(DialectName::Mysql, name));
    snapshot.rows(&format!("SHOW CREATE TABLE {schema}.{name}"), |row| row.get::<String>(1)).ok()?.pop()
}

/// Asks for the texts of the tables that may need them, and puts the characters back.
pub(super) fn complete(snapshot: &Snapshot, catalog: &mut Catalog) {
    let texts = doubtful(catalog).into_iter().filter_map(|name| Some((name.clone(), text(snapshot, &name)?)));
    catalog.texts = texts.collect();
    restore(catalog);
    for row in catalog.columns.iter_mut().filter(|row| is_narrow(row) && catalog.texts.contains_key(&row.table)) {
        match constant(snapshot, row) {
            Some(text) => row.default = Some(quote_string(DialectName::Mysql, &text)),
            None => row.cut = true,
        }
    }
}

/// Whether the default is a constant in which the server prints a single `?` for a wide character, wherever it prints it.
fn is_narrow(row: &Column) -> bool {
    let inner = row.default.as_deref().and_then(|text| text.strip_prefix('\'')?.strip_suffix('\''));
    let is_constant = |inner: &str| inner.contains('?') && !inner.replace("''", "").contains('\'');
    ["char", "varchar"].contains(&row.word.as_str()) && inner.is_some_and(is_constant)
}

/// The constant by its value. No row is read for it.
fn constant(snapshot: &Snapshot, row: &Column) -> Option<String> {
    let [schema, table, name] =
        [&row.table.0, &row.table.1, &row.name].map(|name| quote_ident(DialectName::Mysql, name));
    let sql = format!(
        "SELECT DEFAULT({schema}.{table}.{name}) FROM (SELECT 1 AS one) AS one LEFT JOIN {schema}.{table} ON FALSE"
    );
    snapshot.rows(&sql, |row| row.get::<String>(0)).ok()?.pop()
}

/// Tables with a `?` in an expression or a default, and those with a condition that a period may be.
fn doubtful(catalog: &Catalog) -> BTreeSet<Name> {
    let texts = |row: &Column| [&row.default, &row.generated].into_iter().flatten().any(|text| is_cut(text));
    let columns = catalog.columns.iter().filter(|row| texts(row));
    let checks = catalog.checks.iter().filter(|row| is_cut(&row.condition) || is_order(&row.condition));
    let views: BTreeSet<&Name> = catalog.tables.iter().filter(|row| row.kind == "VIEW").map(|row| &row.name).collect();
    let names = columns.map(|row| &row.table).chain(checks.map(|row| &row.table));
    names.filter(|name| !views.contains(name)).cloned().collect()
}

fn is_cut(text: &str) -> bool {
    text.contains('?')
}

/// The condition of a period: its first column is before its second.
fn is_order(condition: &str) -> bool {
    let is_name = |name: &str| name.starts_with('`') && name.ends_with('`') && !name.contains(' ');
    condition.split_once(" < ").is_some_and(|(start, end)| is_name(start) && is_name(end))
}

/// Puts the characters back, and marks what was not found.
fn restore(catalog: &mut Catalog) {
    let Catalog { columns, checks, texts, tables, .. } = catalog;
    let views: BTreeSet<&Name> = tables.iter().filter(|row| row.kind == "VIEW").map(|row| &row.name).collect();
    for row in columns.iter_mut().filter(|row| !views.contains(&row.table)) {
        let rest = own_text(texts, &row.table, &format!("\n  {} ", quote_ident(DialectName::Mysql, &row.name)));
        let mut found = true;
        for (value, before) in [(&mut row.default, "DEFAULT "), (&mut row.generated, "GENERATED ALWAYS AS (")] {
            if let Some(value) = value.as_mut().filter(|value| is_cut(value)) {
                found &= put_back(value, rest, before);
            }
        }
        row.cut = !found;
    }
    for row in checks.iter_mut().filter(|row| is_cut(&row.condition)) {
        let name = quote_ident(DialectName::Mysql, &row.name);
        let start = if row.at_column { format!("\n  {name} ") } else { format!("\n  CONSTRAINT {name} ") };
        let rest = own_text(texts, &row.table, &start);
        row.cut = !put_back(&mut row.condition, rest, "CHECK (");
    }
}

/// The text of a table from where a part of it begins.
fn own_text<'a>(texts: &'a BTreeMap<Name, String>, table: &Name, start: &str) -> Option<&'a str> {
    texts.get(table)?.split_once(start).map(|(_, rest)| rest)
}

/// Whether the value was found in the text behind these words; it then is as it is there.
fn put_back(value: &mut String, text: Option<&str>, before: &str) -> bool {
    let found = text.and_then(|text| whole(text, before, value).or_else(|| whole(text, &format!("{before}("), value)));
    found.map(|found| *value = found).is_some()
}

/// The part of a text behind some words that `information_schema` would print as this value.
fn whole(text: &str, before: &str, value: &str) -> Option<String> {
    const WIDE: &str = "????";
    let mut flat = String::with_capacity(text.len());
    for c in text.chars() {
        if c > '\u{ffff}' { flat.push_str(WIDE) } else { flat.push(c) }
    }
    let from = flat.find(&format!("{before}{value}"))? + before.len();
    // A wide character has as many bytes as there are marks for it, so both texts have the same places.
    text.get(from..from + value.len()).map(str::to_owned)
}

/// The name of the period of a table, other than that of its versions.
pub(super) fn period(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\n  PERIOD FOR `")?;
    rest.split_once("` (`").map(|(name, _)| name)
}

/// Whether the rows of a unique key must not overlap in time.
pub(super) fn is_without_overlaps(text: &str, index: &str) -> bool {
    let start = match index {
        "PRIMARY" => "  PRIMARY KEY (".to_owned(),
        name => format!("  UNIQUE KEY {} (", quote_ident(DialectName::Mysql, name)),
    };
    text.lines().any(|line| line.starts_with(&start) && line.contains("` WITHOUT OVERLAPS)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CREATE TABLE `w` (\n  `txt` text DEFAULT '🦀 it\\'s?',\n  `vc` varchar(20) DEFAULT '?',\n  `g` \
        varchar(40) GENERATED ALWAYS AS (concat(`vc`,'🦀')) VIRTUAL,\n  PERIOD FOR `p` (`s`, `e`),\n  UNIQUE KEY `b` \
        (`b`,`p` WITHOUT OVERLAPS),\n  UNIQUE KEY `c` (`c`)\n)";

    #[test]
    fn wide_characters_are_found_again() {
        for (before, value, expected) in [
            ("DEFAULT ", "'???? it\\'s?'", Some("'🦀 it\\'s?'")),
            ("DEFAULT ", "'?'", Some("'?'")),
            ("GENERATED ALWAYS AS (", "concat(`vc`,'????')", Some("concat(`vc`,'🦀')")),
            ("DEFAULT ", "'??? it\\'s?'", None),
        ] {
            assert_eq!(whole(TEXT, before, value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn periods_and_their_keys() {
        assert_eq!(period(TEXT), Some("p"));
        assert_eq!(period("CREATE TABLE `v` (\n  PERIOD FOR SYSTEM_TIME (`s`, `e`)\n)"), None);
        assert!(is_without_overlaps(TEXT, "b") && !is_without_overlaps(TEXT, "c"));
        assert!(is_order("`s` < `e`") && !is_order("`s` < 3") && !is_order("`a` < `b` + `c`"));
    }
}
