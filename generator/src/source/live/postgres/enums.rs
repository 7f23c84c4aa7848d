//! Enum types.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use super::catalog::Catalog;
use crate::codes;
use crate::diag::{Diagnostics, Place};
use crate::ir::TableName;
use crate::ir::draft::{At, Draft, Enum};
use crate::names as rust;

/// Adds the enum types of the schemas that are read, and those of others that a column has. Gives their Rust names by
/// number.
pub(super) fn read(
    catalog: &Catalog,
    names: &Names<'_>,
    draft: &mut Draft,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<i64, String> {
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let used = used(catalog);
    for row in catalog.types.iter().filter(|row| row.kind == "e") {
        let here = catalog.schemas.iter().any(|schema| schema.name == row.schema);
        if !here && !used.contains(&row.oid) {
            continue;
        }
        let sql_name = TableName { schema: names.schema(&row.schema), name: row.name.clone() };
        let place = Place::Object(format!("enum \"{sql_name}\""));
        let schema = sql_name.schema.as_ref();
        let words = schema.map_or_else(|| row.name.clone(), |schema| format!("{schema}_{}", row.name));
        let plain = rust::enum_type(&words);
        let labels: Vec<&str> =
            catalog.labels.iter().filter(|label| label.ty == row.oid).map(|label| label.label.as_str()).collect();
        if labels.is_empty() {
            let message = "the columns of this type are read as text: it has no labels";
            super::warn(diagnostics, codes::LIVE_TYPE, place, message, "add one in the database");
            continue;
        }
        let name = free_name(&plain, &mut taken);
        if name != plain {
            let message = format!("the enum is named `{name}`, because another one is already called `{plain}`");
            let help = format!("to have another name, write it in pilaster.toml: [names] \"{name}\" = …");
            super::warn(diagnostics, codes::ENUM_RENAMED, place.clone(), message, help);
        }
        let variants = labels.iter().map(|label| (At::new((*label).to_owned(), place.clone()), None)).collect();
        draft.enums.push(Enum { name: At::new(name.clone(), place), sql_name, variants });
        found.insert(row.oid, name);
    }
    found
}

/// The name, with a number where enums of two schemas have names of the same words.
fn free_name(plain: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = plain.to_owned();
    let mut number = 2_u32;
    while !taken.insert(name.clone()) {
        name = format!("{plain}{number}");
        number += 1;
    }
    name
}

/// The types of all columns, and of what arrays and domains are made of.
fn used(catalog: &Catalog) -> BTreeSet<i64> {
    let mut used: BTreeSet<i64> = catalog.columns.iter().map(|column| column.ty).collect();
    let mut todo: Vec<i64> = used.iter().copied().collect();
    let by_number: BTreeMap<i64, _> = catalog.types.iter().map(|ty| (ty.oid, ty)).collect();
    while let Some(number) = todo.pop() {
        let Some(row) = by_number.get(&number) else { continue };
        todo.extend([row.element, row.base].into_iter().filter(|inner| *inner != 0 && used.insert(*inner)));
    }
    used
}

/// The labels of each enum by its name.
pub(super) fn labels(draft: &Draft) -> BTreeMap<String, Vec<String>> {
    let labels = |ty: &Enum| ty.variants.iter().map(|(label, _)| label.value.clone()).collect();
    draft.enums.iter().map(|ty| (ty.name.value.clone(), labels(ty))).collect()
}
