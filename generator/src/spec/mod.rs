//! Writes a schema as a YAML spec: what `pilaster inspect` prints.
//!
//! The text is in the format that [`crate::source::yaml`] reads, such that loading it gives an equal schema: every
//! column is written out, relations refer to them, and what a relation would make by itself is switched off where the
//! schema does not have it.

pub(crate) mod column;
mod relation;
mod sides;
pub(crate) mod yaml_text;

use crate::ir::{
    Check, CustomType, EnumType, Expr, Field, Index, IndexTarget, Model, RawType, Schema, SqliteOptions, Table,
    TableKind, TableName, Unique,
};
use crate::names;
use sides::Sides;
use yaml_text::Yaml;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Types as the database spelled them (`NVARCHAR(160)`), where they differ from what our DDL would say. Without
    /// them the spec is shorter, and tables that are made from it have our spelling.
    pub declared: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { declared: true }
    }
}

/// The spec of a schema. Loading it again gives an equal schema.
#[must_use]
pub fn write(schema: &Schema) -> String {
    write_with(schema, &Options::default())
}

/// The spec of a schema, with options.
#[must_use]
pub fn write_with(schema: &Schema, options: &Options) -> String {
    let writer = Writer { schema, options, sides: Sides::of(schema) };
    let mut entries = vec![("pilaster".to_owned(), Yaml::Word("1"))];
    if !schema.dialects.is_empty() {
        let names = schema.dialects.iter().map(|dialect| dialect_key(*dialect));
        entries.push(("dialects".to_owned(), Yaml::texts(names)));
    }
    let mut section = |key: &str, lines: Vec<(String, Yaml)>| {
        if !lines.is_empty() {
            entries.push((key.to_owned(), Yaml::Lines(lines)));
        }
    };
    section("types", schema.customs.iter().map(|custom| writer.custom(custom)).collect());
    section("enums", schema.enums.iter().map(enumeration).collect());
    let models = (0..schema.models.len()).filter_map(|at| writer.model(at)).collect::<Vec<_>>();
    let empty = models.is_empty();
    section("models", models);
    if empty {
        entries.push(("models".to_owned(), Yaml::Map(Vec::new())));
    }
    let mut out = yaml_text::print(&entries);
    for table in writer.unwritten() {
        out.push_str(&format!("# left out: the table {:?} has no model\n", table.name.name));
    }
    out
}

struct Writer<'a> {
    schema: &'a Schema,
    options: &'a Options,
    sides: Sides,
}

/// A model with its table.
#[derive(Clone, Copy)]
struct Of<'a> {
    model: &'a Model,
    table: &'a Table,
}

impl<'a> Of<'a> {
    /// The field of a column, by the column's id.
    fn field(self, column: crate::ir::ColumnId) -> Option<&'a Field> {
        self.model.fields.iter().find(|field| field.column == column)
    }

    /// How the spec calls a column.
    fn key(self, column: crate::ir::ColumnId) -> String {
        match self.field(column) {
            Some(field) => field.name.clone(),
            None => column::fieldless_key(self, column),
        }
    }

    fn keys(self, columns: &[crate::ir::ColumnId]) -> Vec<String> {
        columns.iter().map(|column| self.key(*column)).collect()
    }
}

impl<'a> Writer<'a> {
    fn of(&self, model: &'a Model) -> Option<Of<'a>> {
        let table = self.schema.tables.get(model.table.index())?;
        Some(Of { model, table })
    }

    fn custom(&self, custom: &CustomType) -> (String, Yaml) {
        let mut map = vec![self.type_entry("sql", &custom.sql), ("rust", Yaml::text(&custom.rust))];
        if let Some(with) = &custom.with {
            map.push(("with", Yaml::text(with)));
        }
        (custom.name.clone(), Yaml::Map(map))
    }

    fn model(&self, at: usize) -> Option<(String, Yaml)> {
        let model = self.schema.models.get(at)?;
        let of = self.of(model)?;
        let table = of.table;
        let mut lines = Vec::new();
        let mut put = |key: &str, value: Option<Yaml>| {
            if let Some(value) = value {
                lines.push((key.to_owned(), value));
            }
        };
        put("schema", table.name.schema.as_ref().map(Yaml::text));
        put("table", (table.name.name != names::table(&model.name)).then(|| Yaml::text(&table.name.name)));
        put("view", (table.kind == TableKind::View).then(Yaml::yes));
        put("comment", table.comment.as_ref().map(Yaml::text));
        put("renamed_from", table.renamed_from.as_ref().map(Yaml::text));
        put("sqlite", sqlite(table.sqlite));
        put("hooks", hooks(model.hooks));
        let flags = column::Flags::of(table);
        let keyless = table.kind == TableKind::Table && table.primary_key.is_empty();
        put("columns", Some(Yaml::Lines(self.columns(of, &flags))));
        put("primary_key", (!flags.primary || keyless).then(|| Yaml::texts(of.keys(&table.primary_key))));
        put("relations", some_lines(self.relations(at, of)));
        put("foreign_keys", some_items(self.foreign_keys(at, of)));
        put("uniques", some_items(table.uniques.iter().skip(flags.uniques.len()).map(|u| unique(of, u)).collect()));
        put("indexes", some_items(table.indexes.iter().skip(flags.indexes.len()).map(|i| index(of, i)).collect()));
        put("checks", checks(of, &table.checks));
        Some((model.name.clone(), Yaml::Lines(lines)))
    }

    /// Tables that nothing in the spec stands for.
    fn unwritten(&self) -> impl Iterator<Item = &'a Table> {
        let schema = self.schema;
        schema.tables.iter().enumerate().filter_map(move |(at, table)| {
            let by_model = schema.models.iter().any(|model| model.table.index() == at);
            let by_relation = schema.models.iter().flat_map(|model| &model.relations).any(|relation| {
                matches!(&relation.kind, crate::ir::RelationKind::ManyToMany { through, .. } if through.index() == at)
            });
            (!by_model && !by_relation).then_some(table)
        })
    }
}

fn some_lines(lines: Vec<(String, Yaml)>) -> Option<Yaml> {
    (!lines.is_empty()).then_some(Yaml::Lines(lines))
}

fn some_items(items: Vec<Yaml>) -> Option<Yaml> {
    (!items.is_empty()).then_some(Yaml::Items(items))
}

fn enumeration(ty: &EnumType) -> (String, Yaml) {
    let label = |variant: &crate::ir::Variant| match variant.name == names::variant(&variant.label) {
        true => Yaml::text(&variant.label),
        false => Yaml::Map(vec![("label", Yaml::text(&variant.label)), ("name", Yaml::text(&variant.name))]),
    };
    let labels = Yaml::List(ty.variants.iter().map(label).collect());
    let TableName { schema, name } = &ty.sql_name;
    let schema = schema.as_ref().map(|schema| ("schema", Yaml::text(schema)));
    let sql = (*name != names::table(&ty.name)).then(|| ("sql", Yaml::text(name)));
    let value = match schema.is_none() && sql.is_none() {
        true => labels,
        false => Yaml::Map(std::iter::once(("labels", labels)).chain(schema).chain(sql).collect()),
    };
    (ty.name.clone(), value)
}

fn hooks(hooks: crate::ir::Hooks) -> Option<Yaml> {
    let all = [
        ("before_insert", hooks.before_insert),
        ("before_update", hooks.before_update),
        ("before_delete", hooks.before_delete),
    ];
    let names: Vec<&str> = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| Yaml::texts(names))
}

fn sqlite(options: SqliteOptions) -> Option<Yaml> {
    let flags = [
        ("strict", options.strict),
        ("without_rowid", options.without_rowid),
        ("autoincrement", options.autoincrement),
    ];
    let map: Vec<_> = flags.iter().filter(|(_, on)| *on).map(|(key, _)| (*key, Yaml::yes())).collect();
    (!map.is_empty()).then_some(Yaml::Map(map))
}

fn unique(of: Of<'_>, unique: &Unique) -> Yaml {
    let columns = Yaml::texts(of.keys(&unique.columns));
    match &unique.name {
        None => columns,
        Some(name) => Yaml::Map(vec![("columns", columns), ("name", Yaml::text(name))]),
    }
}

fn index(of: Of<'_>, index: &Index) -> Yaml {
    let part = |part: &crate::ir::IndexPart| match (&part.target, part.desc) {
        (IndexTarget::Column(column), false) => Yaml::text(of.key(*column)),
        (IndexTarget::Column(column), true) => Yaml::text(format!("{} desc", of.key(*column))),
        (IndexTarget::Expr(expr), desc) => {
            let mut map = vec![("expr", expression(of, expr))];
            if desc {
                map.push(("desc", Yaml::yes()));
            }
            Yaml::Map(map)
        }
    };
    let mut map = vec![("columns", Yaml::List(index.parts.iter().map(part).collect()))];
    if let Some(name) = &index.name {
        map.push(("name", Yaml::text(name)));
    }
    if index.unique {
        map.push(("unique", Yaml::yes()));
    }
    if let Some(predicate) = &index.predicate {
        map.push(("where", expression(of, predicate)));
    }
    if !index.only.is_empty() {
        let only = index.only.iter().map(|dialect| dialect_key(*dialect));
        map.push(("only", Yaml::texts(only)));
    }
    Yaml::Map(map)
}

/// Named checks are a mapping; with one that has no name, or two of one name, all are a list.
fn checks(of: Of<'_>, checks: &[Check]) -> Option<Yaml> {
    let mut named: Vec<(String, Yaml)> = Vec::new();
    for check in checks {
        match &check.name {
            Some(name) if named.iter().all(|(other, _)| other != name) => {
                named.push((name.clone(), expression(of, &check.expr)));
            }
            _ => return some_items(checks.iter().map(|check| listed(of, check)).collect()),
        }
    }
    some_lines(named)
}

fn listed(of: Of<'_>, check: &Check) -> Yaml {
    let expr = expression(of, &check.expr);
    match &check.name {
        None => expr,
        Some(name) => Yaml::Map(vec![("name", Yaml::text(name)), ("expr", expr)]),
    }
}

/// A neutral expression over the fields' names, or one text per dialect.
fn expression(of: Of<'_>, expr: &Expr) -> Yaml {
    let mut renamed = expr.clone();
    renamed.rename_columns(&mut |name| {
        let column = of.table.columns.iter().position(|column| column.name == name)?;
        Some(of.key(column.into()))
    });
    match renamed.neutral_text() {
        Some(text) => Yaml::text(text),
        None => per_dialect(&|dialect| expr.to_sql(dialect)),
    }
}

/// `{ sqlite: …, postgres: …, mysql: … }`, as far as there are texts.
fn per_dialect(text: &dyn Fn(crate::ir::DialectName) -> Option<String>) -> Yaml {
    use crate::ir::DialectName::{Mysql, Postgres, Sqlite};
    let entries = [Sqlite, Postgres, Mysql]
        .into_iter()
        .filter_map(|dialect| text(dialect).map(|text| (dialect_key(dialect), Yaml::text(text))));
    Yaml::Map(entries.collect())
}

pub(crate) fn raw(raw: &RawType) -> Yaml {
    use crate::ir::DialectName::{Mysql, Postgres, Sqlite};
    per_dialect(&|dialect| match dialect {
        Sqlite => raw.sqlite.clone(),
        Postgres => raw.postgres.clone(),
        Mysql => raw.mysql.clone(),
    })
}

pub(crate) fn dialect_key(dialect: crate::ir::DialectName) -> &'static str {
    match dialect {
        crate::ir::DialectName::Sqlite => "sqlite",
        crate::ir::DialectName::Postgres => "postgres",
        crate::ir::DialectName::Mysql => "mysql",
    }
}

#[cfg(test)]
#[cfg(feature = "live-sqlite")]
mod round_trip_tests;
#[cfg(test)]
mod tests;
