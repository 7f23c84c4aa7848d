//! From what the spec says to tables, models and both sides of each relation.

mod edges;
mod many;
mod plain_keys;

use std::collections::{BTreeMap, BTreeSet};

use super::column::ColumnSpec;
use super::models::{IndexSpec, ModelSpec, PartTarget, Spec, rust_path};
use super::read::Reader;
use super::relations::RelationSpec;
use crate::codes;
use crate::diag::{Diagnostic, Place, suggest_help};
use crate::ir::draft::{
    At, Column, Custom, Draft, Field, Index, IndexPart, IndexTarget, Model, RawDefault, RawExpr, Relation, Table, Type,
};
use crate::ir::table::Default as ColumnDefault;
use crate::ir::{Expr, SqlType, TableKind, TableName};
use crate::names;

/// Makes the draft.
pub(super) fn lower(reader: &mut Reader<'_>, spec: Spec) -> Draft {
    let mut lower = Lower {
        reader,
        owners: Vec::new(),
        draft: Draft { enums: spec.enums, customs: spec.customs, dialects: spec.dialects, ..Draft::default() },
        specs: spec.models,
        declared: BTreeMap::new(),
        inverses: BTreeMap::new(),
        assumed: BTreeSet::new(),
        hidden: BTreeSet::new(),
        not_numbered: BTreeSet::new(),
    };
    lower.tables();
    lower.relations();
    lower.plain_keys();
    lower.keys_and_indexes();
    lower.number_keys();
    lower.place_relations();
    lower.draft
}

/// Model and position of a declared relation; the order in which everything is made.
type Declared = (usize, usize);

struct Lower<'a, 'r> {
    reader: &'a mut Reader<'r>,
    specs: Vec<ModelSpec>,
    draft: Draft,
    /// Primary key of each model by field name, as far as it is known.
    owners: Vec<Vec<At<String>>>,
    /// Relations in the models that declare them.
    declared: BTreeMap<Declared, Relation>,
    /// The other sides: the model they are in, and the relation.
    inverses: BTreeMap<Declared, (usize, Relation)>,
    /// Fields of relations that were reported, so that what names them is not reported as well.
    assumed: BTreeSet<(usize, String)>,
    /// Fields that the models do not have in the end, by model and name: they only name columns.
    hidden: BTreeSet<(usize, String)>,
    /// Columns that are not numbered although they look like it, by table and name.
    not_numbered: BTreeSet<(usize, String)>,
}

impl Lower<'_, '_> {
    fn push(&mut self, code: crate::diag::Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.reader.diagnostics.push(Diagnostic::error(code, place, message).help(help));
    }

    /// Tables and models with the columns that are declared.
    fn tables(&mut self) {
        for index in 0..self.specs.len() {
            let Some(spec) = self.specs.get_mut(index) else { continue };
            let columns = std::mem::take(&mut spec.columns);
            let name =
                spec.table.clone().unwrap_or_else(|| At::new(names::table(&spec.name.value), spec.name.place.clone()));
            let name = At::new(TableName { schema: spec.schema.clone(), name: name.value }, name.place);
            let given = spec.primary_key.take();
            let keyless = given.as_ref().is_some_and(Vec::is_empty);
            let mut key = given.unwrap_or_default();
            let flagged: Vec<_> = columns.iter().filter(|c| c.flags.primary.is_some()).collect();
            let conflict = match (key.first(), flagged.first()) {
                (Some(first), Some(_)) => Some(first.place.clone()),
                _ => None,
            };
            if key.is_empty() {
                key = flagged.iter().map(|c| c.field.clone()).collect();
            }
            let table = Table {
                name,
                kind: if spec.view { TableKind::View } else { TableKind::Table },
                columns: Vec::new(),
                primary_key: Vec::new(),
                uniques: Vec::new(),
                indexes: Vec::new(),
                checks: Vec::new(),
                foreign_keys: Vec::new(),
                comment: spec.comment.clone(),
                renamed_from: spec.renamed_from.clone(),
                sqlite: spec.sqlite,
            };
            let model = Model {
                name: spec.name.clone(),
                table: table.name.value.clone(),
                fields: Vec::new(),
                relations: Vec::new(),
                doc: spec.comment.clone(),
                hooks: spec.hooks,
                keyless,
            };
            self.draft.tables.push(table);
            self.draft.models.push(model);
            self.owners.push(key);
            if let Some(place) = conflict {
                let help = "list the columns in `primary_key`, or mark them with `primary`";
                self.push(codes::SPEC_CONFLICT, place, "the primary key is given twice", help);
            }
            self.columns(index, columns);
        }
    }

    fn columns(&mut self, index: usize, columns: Vec<ColumnSpec>) {
        for spec in &columns {
            let name = spec.column.clone().unwrap_or_else(|| spec.field.clone());
            let version = spec.flags.version.is_some();
            let field = Field { name: spec.field.clone(), column: name.value, version };
            if !spec.visible {
                self.hidden.insert((index, spec.field.value.clone()));
            }
            if let Some(model) = self.draft.models.get_mut(index) {
                model.fields.push(field);
            }
        }
        for spec in columns {
            let name = spec.column.clone().unwrap_or_else(|| spec.field.clone());
            let ty = self.column_type(index, &spec);
            let default = spec.default.map(|d| match d.value {
                RawDefault::Expr(expr) => At::new(RawDefault::Expr(self.expr(index, expr)), d.place),
                _ => d,
            });
            let auto = || At::new(RawDefault::Typed(ColumnDefault::AutoIncrement), spec.field.place.clone());
            let default = if spec.auto == Some(true) { Some(auto()) } else { default };
            if spec.auto == Some(false) {
                self.not_numbered.insert((index, name.value.clone()));
            }
            let generated = spec.generated.map(|(e, stored)| (At::new(self.expr(index, e.value), e.place), stored));
            let check = spec.check.map(|e| (None, At::new(self.expr(index, e.value), e.place)));
            let Some(table) = self.draft.tables.get_mut(index) else { continue };
            table.checks.extend(check);
            if spec.flags.unique.is_some() {
                table.uniques.push((None, vec![name.clone()]));
            }
            if let Some(place) = spec.flags.index {
                if table.kind == TableKind::View {
                    self.push(codes::SPEC_CONFLICT, place, "a view has no indexes", "remove `index`, or `view`");
                    continue;
                }
                table.indexes.push(plain_index(vec![name.clone()], place));
            }
            table.columns.push(Column {
                name,
                ty,
                nullable: spec.flags.null.is_some(),
                default,
                generated,
                collation: spec.collation,
                comment: spec.comment,
                renamed_from: spec.renamed_from,
                declared: spec.declared,
                spelled: None,
            });
        }
    }

    /// The type of a column; one with a Rust type of its own gets a custom type named after model and field.
    fn column_type(&mut self, index: usize, spec: &ColumnSpec) -> At<Type> {
        let ty = match &spec.ty {
            Some(ty) => ty.clone(),
            // reported already; the column stays, so that nothing else is reported because of it
            None if spec.flags.version.is_some() => {
                return At::new(Type::Plain(SqlType::BigInt { unsigned: false }), spec.field.place.clone());
            }
            None => return At::new(Type::Plain(SqlType::Text), spec.field.place.clone()),
        };
        let Some(rust) = &spec.rust else { return ty };
        rust_path(self.reader, rust);
        if let Some(with) = &spec.with {
            rust_path(self.reader, with);
        }
        let model = self.specs.get(index).map(|m| m.name.value.as_str()).unwrap_or_default();
        let name = format!("{model}{}", names::variant(&spec.field.value));
        let place = ty.place.clone();
        self.draft.customs.push(Custom {
            name: At::new(name.clone(), rust.place.clone()),
            sql: ty,
            rust: rust.clone(),
            with: spec.with.clone(),
        });
        At::new(Type::Named(name), place)
    }

    /// Expressions of a spec name fields; tables want columns.
    fn expr(&self, index: usize, expr: RawExpr) -> RawExpr {
        let RawExpr::Neutral(text) = &expr else { return expr };
        let Some(model) = self.draft.models.get(index) else { return expr };
        if model.fields.iter().all(|f| f.name.value == f.column) {
            return expr;
        }
        let Ok(mut parsed) = Expr::parse_neutral(text) else { return expr };
        parsed.rename_columns(&mut |name| model.fields.iter().find(|f| f.name.value == name).map(|f| f.column.clone()));
        parsed.neutral_text().map_or(expr, RawExpr::Neutral)
    }

    /// The column of a field, or a finding.
    fn column_of(&mut self, index: usize, field: &At<String>) -> Option<At<String>> {
        let model = self.draft.models.get(index)?;
        if let Some(found) = model.fields.iter().find(|f| f.name.value == field.value) {
            return Some(At::new(found.column.clone(), field.place.clone()));
        }
        if self.assumed.contains(&(index, field.value.clone())) {
            return None;
        }
        let message = format!("`{}` has no field `{}`", model.name.value, field.value);
        let help = suggest_help(&field.value, "fields", model.fields.iter().map(|f| f.name.value.as_str()));
        self.push(codes::UNKNOWN_COLUMN, field.place.clone(), message, help);
        None
    }

    fn columns_of(&mut self, index: usize, fields: &[At<String>]) -> Vec<At<String>> {
        fields.iter().filter_map(|f| self.column_of(index, f)).collect()
    }

    /// The model of a name, or a finding.
    fn model_of(&mut self, name: &At<String>) -> Option<usize> {
        let names = || self.specs.iter().map(|m| m.name.value.as_str());
        if let Some(index) = names().position(|n| n == name.value) {
            return Some(index);
        }
        let help = suggest_help(&name.value, "models", names());
        let message = format!("there is no model `{}`", name.value);
        self.push(codes::UNKNOWN_MODEL, name.place.clone(), message, help);
        None
    }

    fn spec_of(&self, (model, relation): Declared) -> Option<&RelationSpec> {
        self.specs.get(model)?.relations.get(relation)
    }

    fn name_of(&self, index: usize) -> &str {
        self.specs.get(index).map(|m| m.name.value.as_str()).unwrap_or_default()
    }

    fn table_of(&self, index: usize) -> Option<&Table> {
        self.draft.tables.get(index)
    }

    /// What needs all columns, those of relations included.
    fn keys_and_indexes(&mut self) {
        for index in 0..self.specs.len() {
            let key = self.owners.get(index).cloned().unwrap_or_default();
            let key = self.columns_of(index, &key);
            let Some(spec) = self.specs.get_mut(index) else { continue };
            let (uniques, indexes) = (std::mem::take(&mut spec.uniques), std::mem::take(&mut spec.indexes));
            let checks = std::mem::take(&mut spec.checks);
            let uniques = uniques.into_iter().map(|u| (u.name, self.columns_of(index, &u.columns), u.columns.len()));
            // one with an unknown column has been reported
            let uniques: Vec<_> = uniques.filter(|(_, c, n)| c.len() == *n).map(|(name, c, _)| (name, c)).collect();
            let indexes: Vec<_> = indexes.into_iter().filter_map(|i| self.index(index, i)).collect();
            let checks: Vec<_> =
                checks.into_iter().map(|(name, e)| (name, At::new(self.expr(index, e.value), e.place))).collect();
            let Some(table) = self.draft.tables.get_mut(index) else { continue };
            table.primary_key = key;
            table.uniques.extend(uniques);
            // indexes of relations come last, and only where no other one serves
            let of_relations = std::mem::take(&mut table.indexes);
            let (declared, made): (Vec<_>, Vec<_>) = of_relations.into_iter().partition(|i| !is_made(i));
            table.indexes = declared;
            table.indexes.extend(indexes);
            table.checks.extend(checks);
            for index in made {
                let columns = index_columns(&index);
                if !leads_with(table, &columns) {
                    table.indexes.push(Index { place: Place::None, ..index });
                }
            }
        }
    }

    fn index(&mut self, index: usize, spec: IndexSpec) -> Option<Index> {
        let mut parts = Vec::with_capacity(spec.parts.len());
        for part in spec.parts {
            let target = match part.target {
                PartTarget::Field(field) => IndexTarget::Column(self.column_of(index, &field)?),
                PartTarget::Expr(e) => IndexTarget::Expr(At::new(self.expr(index, e.value), e.place)),
            };
            parts.push(IndexPart { target, desc: part.desc });
        }
        let predicate = spec.predicate.map(|e| At::new(self.expr(index, e.value), e.place));
        Some(Index { name: spec.name, parts, unique: spec.unique, predicate, only: spec.only, place: spec.place })
    }

    /// A key that is one integer column, without a default and no foreign key, is numbered by the database.
    fn number_keys(&mut self) {
        for (index, table) in self.draft.tables.iter_mut().enumerate() {
            let [key] = table.primary_key.as_slice() else { continue };
            if table.kind == TableKind::View {
                continue;
            }
            let foreign = table.foreign_keys.iter().flat_map(|f| &f.columns).any(|c| c.value == key.value);
            let Some(column) = table.columns.iter_mut().find(|c| c.name.value == key.value) else { continue };
            let integer = matches!(column.ty.value, Type::Plain(SqlType::Integer { .. } | SqlType::BigInt { .. }));
            let free = column.default.is_none() && column.generated.is_none() && !column.nullable;
            let wanted = !self.not_numbered.contains(&(index, column.name.value.clone()));
            if integer && free && !foreign && wanted {
                let place = column.name.place.clone();
                column.default = Some(At::new(RawDefault::Typed(ColumnDefault::AutoIncrement), place));
            }
        }
    }

    /// Declared relations first, then the other sides, both in the order of the spec.
    fn place_relations(&mut self) {
        for (index, model) in self.draft.models.iter_mut().enumerate() {
            model.fields.retain(|f| !self.hidden.contains(&(index, f.name.value.clone())));
        }
        for ((model, _), relation) in std::mem::take(&mut self.declared) {
            if let Some(model) = self.draft.models.get_mut(model) {
                model.relations.push(relation);
            }
        }
        for (_, (model, relation)) in std::mem::take(&mut self.inverses) {
            if let Some(model) = self.draft.models.get_mut(model) {
                model.relations.push(relation);
            }
        }
    }
}

fn plain_index(columns: Vec<At<String>>, place: Place) -> Index {
    let parts = columns.into_iter().map(|c| IndexPart { target: IndexTarget::Column(c), desc: false }).collect();
    Index { name: None, parts, unique: false, predicate: None, only: Vec::new(), place }
}

/// Marks the index that a foreign key asks for, until it is known whether another one serves.
fn made_index(columns: Vec<At<String>>) -> Index {
    plain_index(columns, Place::Object(MADE.to_owned()))
}

const MADE: &str = "\u{0}made for a foreign key";

fn is_made(index: &Index) -> bool {
    index.place == Place::Object(MADE.to_owned())
}

/// The columns of an index up to its first expression.
fn index_columns(index: &Index) -> Vec<String> {
    let names = index.parts.iter().map_while(|part| match &part.target {
        IndexTarget::Column(name) => Some(name.value.clone()),
        IndexTarget::Expr(_) => None,
    });
    names.collect()
}

/// Whether a key, constraint or index of the table begins with these columns.
fn leads_with(table: &Table, columns: &[String]) -> bool {
    let starts = |list: Vec<&str>| {
        list.len() >= columns.len() && columns.iter().zip(&list).all(|(wanted, found)| wanted == found)
    };
    let texts = |list: &[At<String>]| starts(list.iter().map(|c| c.value.as_str()).collect());
    texts(&table.primary_key)
        || table.uniques.iter().any(|(_, list)| texts(list))
        || table.indexes.iter().any(|index| {
            let whole = index.predicate.is_none() && index.only.is_empty();
            whole && starts(index_columns(index).iter().map(String::as_str).collect())
        })
}
