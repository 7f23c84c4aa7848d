//! Changes of enums.

use super::{Fit, misfit};
use crate::diag::suggest_help;
use crate::ir::{Default, Literal, TableName};
use crate::migrate::change::Both;
use crate::migrate::state::{IndexTarget, State, Table, Type, enum_of, shown};

pub(super) fn create(state: &mut State, name: &TableName, labels: &[String]) -> Fit {
    absent(state, name)?;
    if labels.is_empty() {
        return misfit(format!("the enum `{name}` has no labels"), "give it at least one");
    }
    if let Some((_, label)) = labels.iter().enumerate().find(|(at, label)| labels.iter().take(*at).any(|l| l == *label))
    {
        return misfit(format!("the label {label:?} is there twice"), "remove one of them");
    }
    state.enums.insert(name.clone(), labels.to_vec());
    Ok(())
}

fn absent(state: &State, name: &TableName) -> Fit {
    match state.enums.contains_key(name) {
        true => misfit(format!("there is an enum `{name}` already"), "drop or rename it first"),
        false => Ok(()),
    }
}

fn labels<'s>(state: &'s mut State, name: &TableName) -> Result<&'s mut Vec<String>, super::Misfit> {
    let known: Vec<String> = state.enums.keys().map(shown).collect();
    let help = suggest_help(&shown(name), "enums", known.iter().map(String::as_str));
    match state.enums.get_mut(name) {
        Some(labels) => Ok(labels),
        None => misfit(format!("there is no enum `{name}` at this point"), help),
    }
}

pub(super) fn drop(state: &mut State, name: &TableName, expected: &[String]) -> Fit {
    let found = labels(state, name)?;
    if found != expected {
        let help = "write them all, so that the enum can be brought back";
        return misfit(format!("the labels of the enum `{name}` are not what the change says"), help);
    }
    if let Some((table, column)) = state.users_of_enum(name).next() {
        let message = format!("the enum `{name}` is the type of `{}.{}`", shown(&table.name), column.name);
        return misfit(message, "give that column another type first, or drop it");
    }
    state.enums.remove(name);
    Ok(())
}

pub(super) fn rename(state: &mut State, name: &Both<TableName>) -> Fit {
    absent(state, &name.to)?;
    let found = std::mem::take(labels(state, &name.from)?);
    state.enums.remove(&name.from);
    state.enums.insert(name.to.clone(), found);
    for column in state.tables.values_mut().flat_map(|table| &mut table.columns) {
        retype(&mut column.ty, name);
    }
    Ok(())
}

fn retype(ty: &mut Type, name: &Both<TableName>) {
    match ty {
        Type::Named(old) if *old == name.from => old.clone_from(&name.to),
        Type::Array(inner) => retype(inner, name),
        Type::Named(_) | Type::Plain(_) => {}
    }
}

pub(super) fn add_label(state: &mut State, name: &TableName, label: &str, before: Option<&str>) -> Fit {
    let labels = labels(state, name)?;
    has_not(labels, name, label)?;
    let at = match before {
        None => labels.len(),
        Some(other) => position(labels, name, other)?,
    };
    labels.insert(at, label.to_owned());
    Ok(())
}

fn has_not(labels: &[String], name: &TableName, label: &str) -> Fit {
    match labels.iter().any(|other| other == label) {
        true => misfit(format!("the enum `{name}` has the label {label:?} already"), "remove the change"),
        false => Ok(()),
    }
}

fn position(labels: &[String], name: &TableName, label: &str) -> Result<usize, super::Misfit> {
    match labels.iter().position(|other| other == label) {
        Some(at) => Ok(at),
        None => {
            let help = suggest_help(label, "labels", labels.iter().map(String::as_str));
            misfit(format!("the enum `{name}` has no label {label:?} at this point"), help)
        }
    }
}

pub(super) fn remove_label(state: &mut State, name: &TableName, label: &str, replacement: Option<&str>) -> Fit {
    let found = labels(state, name)?;
    let at = position(found, name, label)?;
    if let Some(other) = replacement {
        position(found, name, other)?;
    }
    if found.len() == 1 || replacement == Some(label) {
        return misfit(format!("nothing would be left of the enum `{name}`"), "drop the enum instead");
    }
    found.remove(at);
    let is_default = |default: &Option<Default>| *default == Some(Default::Value(Literal::Text(label.to_owned())));
    let user = state.users_of_enum(name).find(|(_, column)| is_default(&column.default));
    if let Some((table, column)) = user {
        let message = format!("the label {label:?} is the default of `{}.{}`", shown(&table.name), column.name);
        return misfit(message, "change that default first");
    }
    Ok(())
}

pub(super) fn rename_label(state: &mut State, name: &TableName, label: &Both<String>) -> Fit {
    let found = labels(state, name)?;
    has_not(found, name, &label.to)?;
    let at = position(found, name, &label.from)?;
    if let Some(place) = found.get_mut(at) {
        place.clone_from(&label.to);
    }
    for table in state.tables.values_mut() {
        let users = table.columns.iter_mut().filter(|column| enum_of(&column.ty) == Some(name));
        let mut names = Vec::new();
        for column in users {
            names.push(column.name.clone());
            if let Some(Default::Value(Literal::Text(text))) = &mut column.default
                && *text == label.from
            {
                text.clone_from(&label.to);
            }
        }
        relabel(table, &names, label);
    }
    Ok(())
}

/// Conditions follow: where a column of the enum is compared with the label, it is the new one.
fn relabel(table: &mut Table, columns: &[String], label: &Both<String>) {
    let generated = table.columns.iter_mut().filter_map(|column| column.generated.as_mut());
    let generated = generated.map(|generated| &mut generated.expr);
    let checks = table.checks.iter_mut().map(|check| &mut check.expr);
    let parts = table.indexes.iter_mut().flat_map(|index| {
        let parts = index.parts.iter_mut().filter_map(|part| match &mut part.target {
            IndexTarget::Expr(expr) => Some(expr),
            IndexTarget::Column(_) => None,
        });
        parts.chain(&mut index.predicate)
    });
    for expr in generated.chain(checks).chain(parts) {
        expr.rename_text(columns, &label.from, &label.to);
    }
}

pub(super) fn order(state: &mut State, name: &TableName, order: &Both<Vec<String>>) -> Fit {
    let found = labels(state, name)?;
    let (mut one, mut two) = (found.clone(), order.to.clone());
    one.sort();
    two.sort();
    if *found != order.from || one != two {
        let help = "`from` is the order at this point, and `to` has the same labels";
        return misfit(format!("the labels of the enum `{name}` are not what the change says"), help);
    }
    found.clone_from(&order.to);
    Ok(())
}
