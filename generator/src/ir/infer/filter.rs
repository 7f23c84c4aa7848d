//! Which tables are taken.

use super::{Overrides, place};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::TableName;
use crate::ir::draft::{At, Draft, Table, Type};

/// Takes the tables that the user asked for.
pub(super) fn select(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    let schema = draft.schema.clone();
    let matches = |pattern: &str, name: &TableName| matches(pattern, name, schema.as_deref());
    for (key, patterns) in [("include", &overrides.include), ("exclude", &overrides.exclude)] {
        for pattern in patterns {
            if !draft.tables.iter().any(|table| matches(pattern, &table.name.value)) {
                let message = format!("the pattern `{pattern}` matches no table");
                diagnostics.push(
                    Diagnostic::warning(codes::OVERRIDE_UNUSED, Place::Object(format!("tables.{key}")), message)
                        .help("write the names as in the database; `*` stands for any characters"),
                );
            }
        }
    }
    let any = |patterns: &[String], table: &Table| patterns.iter().any(|p| matches(p, &table.name.value));
    let wanted: Vec<bool> = draft
        .tables
        .iter()
        .map(|table| {
            (overrides.include.is_empty() || any(&overrides.include, table)) && !any(&overrides.exclude, table)
        })
        .collect();
    keep(draft, &|at| wanted.get(at).copied().unwrap_or(false), diagnostics);
}

/// Keeps some tables, and of their foreign keys those to other kept ones.
pub(super) fn keep(draft: &mut Draft, wanted: &dyn Fn(usize) -> bool, diagnostics: &mut Diagnostics) {
    let mut at = 0;
    let mut gone: Vec<TableName> = Vec::new();
    draft.tables.retain(|table| {
        let keep = wanted(at);
        at += 1;
        if !keep {
            gone.push(table.name.value.clone());
        }
        keep
    });
    if gone.is_empty() {
        return;
    }
    for table in &mut draft.tables {
        let name = table.name.value.to_string();
        table.foreign_keys.retain(|key| {
            let keep = !gone.contains(&key.table.value);
            if !keep {
                diagnostics.push(lost_key(&name, &key.columns, &key.table.value.to_string()));
            }
            keep
        });
    }
    drop_unused_enums(draft);
}

fn lost_key(table: &str, columns: &[At<String>], target: &str) -> Diagnostic {
    let columns: Vec<&str> = columns.iter().map(|column| column.value.as_str()).collect();
    let message =
        format!("the foreign key ({}) is left out with the table \"{target}\" it leads to", columns.join(", "));
    Diagnostic::warning(codes::KEY_EXCLUDED, place(table, ""), message)
        .help("take that table in too, or leave this one out; the columns themselves stay")
}

/// Enums that came with a table go with it.
fn drop_unused_enums(draft: &mut Draft) {
    let used: Vec<&str> =
        draft.tables.iter().flat_map(|table| &table.columns).filter_map(|column| named(&column.ty.value)).collect();
    draft.enums.retain(|ty| used.contains(&ty.name.value.as_str()));
}

/// The name of a type that goes by one.
pub(super) fn named(ty: &Type) -> Option<&str> {
    match ty {
        Type::Named(name) => Some(name),
        Type::Array(inner) => named(inner),
        Type::Plain(_) => None,
    }
}

/// Whether a table's name, with or without its schema, fits a pattern; `own` is the schema of tables that name none.
fn matches(pattern: &str, name: &TableName, own: Option<&str>) -> bool {
    let schema = name.schema.as_deref().or(own);
    let qualified = schema.map(|schema| format!("{schema}.{}", name.name));
    fits(pattern, &name.name) || qualified.is_some_and(|qualified| fits(pattern, &qualified))
}

/// `*` stands for any characters, also none.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("users", "users", true),
            ("users", "users2", false),
            ("*", "", true),
            ("_*", "_bkp", true),
            ("*_old", "a_old_b", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("a*a", "a", false),
            ("", "", true),
            ("é*", "été", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
