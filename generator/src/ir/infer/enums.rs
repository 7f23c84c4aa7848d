//! Names of enums and of their labels.

use std::collections::BTreeSet;

use super::filter::named;
use super::names::Names;
use super::{Taken, write_name};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::SqlType;
use crate::ir::draft::{At, Draft, Enum, RawExpr, Table, Type};
use crate::names as rust;

/// Gives each enum and label its final name. An enum whose name is taken is read as text with a check.
pub(super) fn name(draft: &mut Draft, names: &mut Names<'_>, taken: &mut Taken, diagnostics: &mut Diagnostics) {
    let mut kept: Vec<Enum> = Vec::new();
    for mut ty in std::mem::take(&mut draft.enums) {
        let plain = ty.name.value.clone();
        let name = names.type_name(&plain, diagnostics).unwrap_or_else(|| plain.clone());
        if let Some(owner) = taken.get(&name) {
            diagnostics.push(lost(&ty, &name, owner));
            revert(&ty, &mut draft.tables);
            continue;
        }
        taken.insert(name.clone(), format!("the enum `{name}`"));
        label_names(&mut ty, &plain, names, diagnostics);
        rename(&plain, &name, &mut draft.tables);
        ty.name.value = name;
        kept.push(ty);
    }
    draft.enums = kept;
}

fn lost(ty: &Enum, name: &str, owner: &str) -> Diagnostic {
    let message = format!("the labels are read as text: the enum `{name}` would clash with a type of {owner}");
    Diagnostic::warning(codes::NAME_TAKEN, ty.name.place.clone(), message)
        .help(write_name(&ty.name.value, &format!("{name}Kind")))
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

fn rename(from: &str, to: &str, tables: &mut [Table]) {
    for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
        set_name(&mut column.ty.value, from, to);
    }
}

fn set_name(ty: &mut Type, from: &str, to: &str) {
    match ty {
        Type::Named(name) if name == from => to.clone_into(name),
        Type::Array(inner) => set_name(inner, from, to),
        _ => {}
    }
}

/// Makes the columns of an enum text again, with the check that made it one.
pub(super) fn revert(ty: &Enum, tables: &mut [Table]) {
    for table in tables {
        for column in table.columns.iter_mut().filter(|column| named(&column.ty.value) == Some(&ty.name.value)) {
            let quote = |text: &str, quote: &str| format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)));
            let labels: Vec<String> = ty.variants.iter().map(|(label, _)| quote(&label.value, "'")).collect();
            let condition = format!("{} IN ({})", quote(&column.name.value, "\""), labels.join(", "));
            table.checks.push((None, At::new(RawExpr::Neutral(condition), column.ty.place.clone())));
            column.ty.value = Type::Plain(SqlType::Text);
        }
    }
}
