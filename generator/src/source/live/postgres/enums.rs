//! Enum types.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use super::catalog::{Catalog, Type};
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
    let used = used(catalog);
    let is_here = |row: &Type| catalog.schemas.iter().any(|schema| schema.name == row.schema);
    let is_read = |row: &&Type| row.kind == "e" && (is_here(row) || used.contains(&row.oid));
    let rows: Vec<&Type> = catalog.types.iter().filter(is_read).collect();
    let labels: BTreeMap<i64, Vec<&str>> = catalog.labels.iter().fold(BTreeMap::new(), |mut labels, label| {
        labels.entry(label.ty).or_insert_with(Vec::new).push(&label.label);
        labels
    });
    // What becomes no enum takes no name.
    let labelled: Vec<&Type> = rows.iter().copied().filter(|row| labels.contains_key(&row.oid)).collect();
    let rust_names = rust_names(&labelled, names, is_here);
    for row in rows {
        let sql_name = TableName { schema: names.schema(&row.schema), name: row.name.clone() };
        let place = Place::Object(format!("enum \"{sql_name}\""));
        let Some(labels) = labels.get(&row.oid) else {
            let message = "the columns of this type are read as text: it has no labels";
            super::warn(diagnostics, codes::LIVE_TYPE, place, message, "add one in the database");
            continue;
        };
        let plain = plain_name(row, names);
        let name = rust_names.get(&row.oid).unwrap_or(&plain).clone();
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

/// The names of enums by number. One that a new column brings along takes no name from those that were there: those of the
/// connection's own schema come first, then those of the others that are read.
fn rust_names(rows: &[&Type], names: &Names<'_>, is_here: impl Fn(&Type) -> bool) -> BTreeMap<i64, String> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (names.schema(&row.schema).is_some(), !is_here(row)));
    let mut taken = BTreeSet::new();
    rows.into_iter().map(|row| (row.oid, free_name(&plain_name(row, names), &mut taken))).collect()
}

fn plain_name(row: &Type, names: &Names<'_>) -> String {
    let schema = names.schema(&row.schema);
    rust::enum_type(&schema.map_or_else(|| row.name.clone(), |schema| format!("{schema}_{}", row.name)))
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

#[cfg(test)]
mod tests {
    use super::super::catalog::{Label, Schema};
    use super::*;

    fn ty(oid: i64, schema: &str, name: &str) -> Type {
        Type { oid, schema: schema.to_owned(), name: name.to_owned(), kind: "e".to_owned(), ..Type::default() }
    }

    #[test]
    fn a_type_without_labels_takes_no_name() {
        let schema = |name: &str| Schema { oid: 1, name: name.to_owned(), current: name == "public" };
        let catalog = Catalog {
            schemas: vec![schema("public"), schema("audit")],
            types: vec![ty(1, "public", "audit_status"), ty(2, "audit", "status")],
            labels: vec![Label { ty: 2, label: "new".to_owned() }],
            ..Catalog::default()
        };
        let (mut draft, mut diagnostics) = (Draft::default(), Diagnostics::default());
        let found = read(&catalog, &Names { current: Some("public") }, &mut draft, &mut diagnostics);
        assert_eq!(found, BTreeMap::from([(2, "AuditStatus".into())]));
        let codes: Vec<_> = diagnostics.iter().map(|item| item.code).collect();
        assert_eq!((draft.enums.len(), codes), (1, vec![codes::LIVE_TYPE]));
    }

    #[test]
    fn an_enum_of_another_schema_takes_no_name() {
        let (far, near, own) = (ty(1, "audit", "status"), ty(2, "b_audit", "status"), ty(3, "public", "audit_status"));
        let names = Names { current: Some("public") };
        let named = |rows: &[&Type]| rust_names(rows, &names, |row| row.schema != "audit");
        assert_eq!(named(&[&near, &own]), BTreeMap::from([(2, "BAuditStatus".into()), (3, "AuditStatus".into())]));
        let all = BTreeMap::from([(1, "AuditStatus2".into()), (2, "BAuditStatus".into()), (3, "AuditStatus".into())]);
        assert_eq!(named(&[&far, &near, &own]), all);
    }
}
