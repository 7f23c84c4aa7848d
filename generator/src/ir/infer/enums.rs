//! Names of enums and of their labels.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::{Taken, write_name};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::SqlType;
use crate::ir::draft::{At, Draft, Enum, RawExpr, Table, Type};
use crate::names as rust;

/// Gives each enum and label its final name. An enum whose name is taken gets another one: read as text, it would not be
/// what the database has.
pub(super) fn name(draft: &mut Draft, names: &mut Names<'_>, taken: &mut Taken, diagnostics: &mut Diagnostics) {
    let chosen = type_names(&draft.enums, names, taken, diagnostics);
    let mut renamed = BTreeMap::new();
    for (ty, name) in draft.enums.iter_mut().zip(chosen) {
        let plain = std::mem::replace(&mut ty.name.value, name.clone());
        label_names(ty, &plain, names, diagnostics);
        renamed.insert(plain, name);
    }
    // All at once, as one may get the name that another one had.
    for column in draft.tables.iter_mut().flat_map(|table| &mut table.columns) {
        set_name(&mut column.ty.value, &renamed);
    }
}

/// The final names of enums. Those that are free are given first, so that none that steps aside takes them.
fn type_names(enums: &[Enum], names: &mut Names<'_>, taken: &mut Taken, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut chosen: Vec<(String, bool)> = Vec::new();
    for ty in enums {
        let plain = &ty.name.value;
        let name = names.type_name(plain, diagnostics).unwrap_or_else(|| plain.clone());
        let is_free = !taken.contains_key(&name);
        if is_free {
            taken.insert(name.clone(), format!("the enum `{name}`"));
        }
        chosen.push((name, is_free));
    }
    for (ty, (name, _)) in enums.iter().zip(&mut chosen).filter(|(_, (_, is_free))| !is_free) {
        let free = free_name(name, taken);
        if let Some(owner) = taken.get(name) {
            diagnostics.push(stepped_aside(ty, name, &free, owner));
        }
        taken.insert(free.clone(), format!("the enum `{free}`"));
        *name = free;
    }
    chosen.into_iter().map(|(name, _)| name).collect()
}

fn free_name(name: &str, taken: &Taken) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}Kind{number}"));
    let mut names = std::iter::once(format!("{name}Kind")).chain(numbered);
    names.find(|name| !taken.contains_key(name)).unwrap_or_default()
}

fn stepped_aside(ty: &Enum, name: &str, free: &str, owner: &str) -> Diagnostic {
    let message = format!("the enum is named `{free}`, because `{name}` would clash with a type of {owner}");
    Diagnostic::warning(codes::ENUM_RENAMED, ty.name.place.clone(), message).help(write_name(&ty.name.value, free))
}

/// Labels whose names are alike are numbered, in the order of the labels, so that a new one at the end renames none.
fn label_names(ty: &mut Enum, key: &str, names: &mut Names<'_>, diagnostics: &mut Diagnostics) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (label, name) in &mut ty.variants {
        let key = format!("{key}.{}", label.value);
        let given = names.variant(&key, diagnostics);
        let plain = given.unwrap_or_else(|| rust::variant(&label.value));
        let mut unique = plain.clone();
        let mut number = 2_u32;
        while !taken.insert(unique.clone()) {
            // `Self_` has its underscore for being a keyword without.
            let stem = plain.trim_end_matches('_');
            unique = format!("{stem}{}{number}", if stem.ends_with(char::is_numeric) { "_" } else { "" });
            number += 1;
        }
        if unique != plain {
            let message = format!("the label `{}` is named `{unique}`, because `{plain}` is taken", label.value);
            diagnostics.push(
                Diagnostic::warning(codes::LABELS_ALIKE, label.place.clone(), message).help(write_name(&key, &unique)),
            );
        }
        *name = Some(At::new(unique, label.place.clone()));
    }
}

fn set_name(ty: &mut Type, renamed: &BTreeMap<String, String>) {
    match ty {
        Type::Named(name) => {
            if let Some(new) = renamed.get(name) {
                name.clone_from(new);
            }
        }
        Type::Array(inner) => set_name(inner, renamed),
        Type::Plain(_) => {}
    }
}

/// Makes a column of an enum text again, with the check that made it one.
pub(super) fn revert(ty: &Enum, table: &mut Table, at: usize) {
    let Some(column) = table.columns.get_mut(at) else { return };
    if let Type::Array(inner) = &mut column.ty.value {
        **inner = Type::Plain(SqlType::Text);
        return;
    }
    column.ty.value = Type::Plain(SqlType::Text);
    let quote = |text: &str, quote: &str| format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)));
    let labels: Vec<String> = ty.variants.iter().map(|(label, _)| quote(&label.value, "'")).collect();
    let condition = format!("{} IN ({})", quote(&column.name.value, "\""), labels.join(", "));
    table.checks.push((None, At::new(RawExpr::Neutral(condition), column.ty.place.clone())));
}
