//! Enum types.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use super::catalog::Catalog;
use crate::codes;
use crate::diag::{Diagnostics, Place};
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
        let schema = names.schema(&row.schema);
        let sql_name = schema.as_ref().map_or_else(|| row.name.clone(), |schema| format!("{schema}.{}", row.name));
        let place = Place::Object(format!("enum \"{sql_name}\""));
        let words = schema.as_ref().map_or_else(|| row.name.clone(), |schema| format!("{schema}_{}", row.name));
        let name = rust::enum_type(&words);
        let labels: Vec<&str> =
            catalog.labels.iter().filter(|label| label.ty == row.oid).map(|label| label.label.as_str()).collect();
        let why = match () {
            () if labels.is_empty() => Some("it has no labels".to_owned()),
            () if row.name.contains('.') => Some("a point in its name would be taken for that of a schema".to_owned()),
            () if !taken.insert(name.clone()) => Some(format!("another enum is already called `{name}`")),
            () => None,
        };
        if let Some(why) = why {
            let message = format!("the columns of this type are read as text: {why}");
            super::warn(diagnostics, codes::LIVE_TYPE, place, message, "rename the type in the database");
            continue;
        }
        let variants = labels.iter().map(|label| (At::new((*label).to_owned(), place.clone()), None)).collect();
        draft.enums.push(Enum { name: At::new(name.clone(), place), sql_name, variants });
        found.insert(row.oid, name);
    }
    found
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
