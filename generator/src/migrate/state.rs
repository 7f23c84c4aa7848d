//! The tables layer by name: what migrations start from and lead to.
//!
//! A [`Schema`] joins its parts by ids, which is right for code and wrong for history: a change must mean the same
//! whatever stands beside it. A [`State`] holds the same tables by name, without models and without Rust's view of a
//! type, since neither reaches a database.

use std::collections::BTreeMap;

use crate::ir::{self, draft, table};
use crate::ir::{
    Action, Check, ColumnId, Default, DialectName, EnumId, EnumType, Expr, Generated, RawType, Schema, SqlType,
    SqliteOptions, TableKind, TableName, Variant,
};
use crate::names;

/// A type whose enums go by their SQL names.
pub type Type = draft::Type<TableName>;

/// All tables and enums of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Labels of the enums, by SQL name.
    pub enums: BTreeMap<TableName, Vec<String>>,
    /// Base tables. Views are left out.
    pub tables: BTreeMap<TableName, Table>,
}

/// A base table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its columns. Their order is kept where a table is made and is otherwise no difference.
    pub columns: Vec<Column>,
    /// Columns of the primary key in key order; empty when there is none.
    pub primary_key: Vec<String>,
    /// Unique constraints.
    pub uniques: Vec<Unique>,
    /// Indexes that are not constraints.
    pub indexes: Vec<Index>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Comment.
    pub comment: Option<String>,
    /// SQLite's own options.
    pub sqlite: SqliteOptions,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// What the database fills in.
    pub default: Option<Default>,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: Option<Generated>,
    /// Collation by the database's name.
    pub collation: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// The spelling of the type that a database reported, where it is not ours.
    pub declared: Option<RawType>,
}

/// A unique constraint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unique {
    /// Name, when given.
    pub name: Option<String>,
    /// Columns in order.
    pub columns: Vec<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name, when given.
    pub name: Option<String>,
    /// Parts in order.
    pub parts: Vec<IndexPart>,
    /// `UNIQUE`.
    pub unique: bool,
    /// `WHERE …`.
    pub predicate: Option<Expr>,
    /// Dialects it is made on; empty is all.
    pub only: Vec<DialectName>,
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// A column or an expression.
    pub target: IndexTarget,
    /// Descending.
    pub desc: bool,
}

/// What an index part orders by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexTarget {
    /// A column.
    Column(String),
    /// An expression.
    Expr(Expr),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Name, when given.
    pub name: Option<String>,
    /// Columns of this table.
    pub columns: Vec<String>,
    /// The table they point to.
    pub table: TableName,
    /// The columns there.
    pub references: Vec<String>,
    /// What happens when the target is deleted.
    pub on_delete: Action,
    /// What happens when the target's key changes.
    pub on_update: Action,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferred: bool,
}

impl State {
    /// The tables and enums of a schema. Custom types become the types beneath them.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        let labels = |ty: &EnumType| ty.variants.iter().map(|variant| variant.label.clone()).collect();
        let enums = schema.enums.iter().map(|ty| (ty.sql_name.clone(), labels(ty))).collect();
        let base = schema.tables.iter().filter(|table| table.kind == TableKind::Table);
        let tables = base.map(|table| (table.name.clone(), from_ir(table, schema))).collect();
        Self { enums, tables }
    }

    /// A schema of some tables, with the targets of their foreign keys (which come without keys of their own) and all
    /// enums: what the DDL of these tables needs. The tables have the ids of their places in `wanted`.
    #[must_use]
    pub fn schema<'a>(&'a self, wanted: impl IntoIterator<Item = &'a Table>) -> Schema {
        let mut tables: Vec<&Table> = wanted.into_iter().collect();
        let asked = tables.len();
        for key in tables.clone().into_iter().flat_map(|table| &table.foreign_keys) {
            let known = tables.iter().any(|table| table.name == key.table);
            tables.extend(self.tables.get(&key.table).filter(|_| !known));
        }
        let mut ids = BTreeMap::new();
        for (at, table) in tables.iter().enumerate().rev() {
            ids.insert(&table.name, ir::TableId::from(at));
        }
        let enum_names: Vec<&TableName> = self.enums.keys().collect();
        let enums = self.enums.iter().map(|(name, labels)| enum_type(name, labels)).collect();
        let irs = tables.iter().enumerate().map(|(at, table)| {
            let keys = if at < asked { table.foreign_keys.as_slice() } else { &[] };
            let find = |key: &ForeignKey| Some(to_ir_key(key, table, *ids.get(&key.table)?, tables.iter().copied()));
            let keys = keys.iter().filter_map(find).collect();
            to_ir(table, keys, &enum_names)
        });
        Schema { enums, tables: irs.collect(), ..Schema::default() }
    }

    /// Columns that have an enum as their type, arrays of it included: table and position of the column.
    pub fn users_of_enum<'a>(&'a self, name: &'a TableName) -> impl Iterator<Item = (&'a Table, &'a Column)> {
        let all = self.tables.values().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        all.filter(move |(_, column)| enum_of(&column.ty) == Some(name))
    }

    /// Foreign keys of other tables, and of the table itself, that lead to a table.
    pub fn keys_to<'a>(&'a self, target: &'a TableName) -> impl Iterator<Item = (&'a Table, &'a ForeignKey)> {
        let all = self.tables.values().flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)));
        all.filter(move |(_, key)| key.table == *target)
    }
}

impl Table {
    /// The column of a name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column of a name, to change it.
    pub fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

impl Column {
    /// A column of a type that takes NULL and has nothing else.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            nullable: true,
            default: None,
            generated: None,
            collation: None,
            comment: None,
            declared: None,
        }
    }

    /// Whether rows that are there cannot have a value of it: it takes no NULL and nothing fills it in.
    pub(crate) fn needs_value(&self) -> bool {
        !self.nullable && self.default.is_none() && self.generated.is_none()
    }
}

impl Index {
    /// The columns that it is over by name; expressions are left out.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match &part.target {
            IndexTarget::Column(name) => Some(name.as_str()),
            IndexTarget::Expr(_) => None,
        })
    }

    /// The expressions in it, its condition included.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let parts = self.parts.iter().filter_map(|part| match &part.target {
            IndexTarget::Expr(expr) => Some(expr),
            IndexTarget::Column(_) => None,
        });
        parts.chain(&self.predicate)
    }

    /// Whether a column is in it, as a part or within an expression.
    #[must_use]
    pub fn uses(&self, column: &str) -> bool {
        self.columns().any(|name| name == column) || self.expressions().any(|expr| expr.columns().contains(&column))
    }

    /// Whether a dialect has it.
    #[must_use]
    pub fn is_on(&self, dialect: DialectName) -> bool {
        self.only.is_empty() || self.only.contains(&dialect)
    }
}

/// The enum in a type.
#[must_use]
pub fn enum_of(ty: &Type) -> Option<&TableName> {
    match ty {
        Type::Named(name) => Some(name),
        Type::Array(inner) => enum_of(inner),
        Type::Plain(_) => None,
    }
}

/// Dialects in their own order, each once.
#[must_use]
pub fn in_order(mut dialects: Vec<DialectName>) -> Vec<DialectName> {
    dialects.sort();
    dialects.dedup();
    dialects
}

/// A table's name as SQL shows it.
#[must_use]
pub fn shown(name: &TableName) -> String {
    name.to_string()
}

/// The name of a table in the connection's own schema.
#[must_use]
pub fn plain(name: &str) -> TableName {
    TableName::plain(name)
}

fn from_ir(table: &table::Table, schema: &Schema) -> Table {
    let name_of = |id: &ColumnId| table.columns.get(id.index()).map_or(String::new(), |column| column.name.clone());
    let names_of = |ids: &[ColumnId]| ids.iter().map(name_of).collect::<Vec<_>>();
    let part = |part: &table::IndexPart| IndexPart {
        target: match &part.target {
            table::IndexTarget::Column(id) => IndexTarget::Column(name_of(id)),
            table::IndexTarget::Expr(expr) => IndexTarget::Expr(expr.clone()),
        },
        desc: part.desc,
    };
    let index = |index: &table::Index| Index {
        name: index.name.clone(),
        parts: index.parts.iter().map(part).collect(),
        unique: index.unique,
        predicate: index.predicate.clone(),
        only: in_order(index.only.clone()),
    };
    let key = |key: &table::ForeignKey| {
        let target = schema.tables.get(key.table.index())?;
        let there = |id: &ColumnId| target.columns.get(id.index()).map(|column| column.name.clone());
        Some(ForeignKey {
            name: key.name.clone(),
            columns: names_of(&key.columns),
            table: target.name.clone(),
            references: key.references.iter().filter_map(there).collect(),
            on_delete: key.on_delete,
            on_update: key.on_update,
            deferred: key.deferred,
        })
    };
    let unique = |unique: &table::Unique| Unique { name: unique.name.clone(), columns: names_of(&unique.columns) };
    Table {
        name: table.name.clone(),
        columns: table.columns.iter().map(|column| column_from_ir(column, schema)).collect(),
        primary_key: names_of(&table.primary_key),
        uniques: table.uniques.iter().map(unique).collect(),
        indexes: table.indexes.iter().map(index).collect(),
        checks: table.checks.clone(),
        foreign_keys: table.foreign_keys.iter().filter_map(key).collect(),
        comment: table.comment.clone().filter(|text| !text.is_empty()),
        sqlite: table.sqlite,
    }
}

fn column_from_ir(column: &table::Column, schema: &Schema) -> Column {
    Column {
        name: column.name.clone(),
        ty: type_from_ir(&column.ty, schema),
        nullable: column.nullable,
        default: column.default.clone(),
        generated: column.generated.clone(),
        collation: column.collation.clone(),
        comment: column.comment.clone().filter(|text| !text.is_empty()),
        declared: column.declared.clone(),
    }
}

fn type_from_ir(ty: &SqlType, schema: &Schema) -> Type {
    match ty {
        SqlType::Custom(id) => schema.customs.get(id.index()).map_or(Type::Plain(SqlType::Text), |custom| {
            // What is beneath a custom type is never another one.
            match &custom.sql {
                SqlType::Custom(_) => Type::Plain(SqlType::Text),
                beneath => type_from_ir(beneath, schema),
            }
        }),
        SqlType::Enum(id) => {
            schema.enums.get(id.index()).map_or(Type::Plain(SqlType::Text), |ty| Type::Named(ty.sql_name.clone()))
        }
        SqlType::Array(inner) => Type::Array(Box::new(type_from_ir(inner, schema))),
        plain => Type::Plain(plain.clone()),
    }
}

fn enum_type(name: &TableName, labels: &[String]) -> EnumType {
    let variant = |label: &String| Variant { label: label.clone(), name: names::variant(label) };
    EnumType { name: name.to_string(), sql_name: name.clone(), variants: labels.iter().map(variant).collect() }
}

fn ids(table: &Table, columns: &[String]) -> Vec<ColumnId> {
    let find = |name: &String| table.columns.iter().position(|column| column.name == *name).map(ColumnId::from);
    columns.iter().filter_map(find).collect()
}

fn to_ir_key<'a>(
    key: &ForeignKey,
    table: &Table,
    target: ir::TableId,
    mut all: impl Iterator<Item = &'a Table>,
) -> table::ForeignKey {
    let there = all.nth(target.index()).map_or(Vec::new(), |there| ids(there, &key.references));
    table::ForeignKey {
        name: key.name.clone(),
        columns: ids(table, &key.columns),
        table: target,
        references: there,
        on_delete: key.on_delete,
        on_update: key.on_update,
        deferred: key.deferred,
    }
}

fn to_ir(table: &Table, foreign_keys: Vec<table::ForeignKey>, enums: &[&TableName]) -> table::Table {
    let part = |part: &IndexPart| {
        let target = match &part.target {
            IndexTarget::Column(name) => {
                table::IndexTarget::Column(ids(table, std::slice::from_ref(name)).first().copied()?)
            }
            IndexTarget::Expr(expr) => table::IndexTarget::Expr(expr.clone()),
        };
        Some(table::IndexPart { target, desc: part.desc })
    };
    let index = |index: &Index| table::Index {
        name: index.name.clone(),
        parts: index.parts.iter().filter_map(part).collect(),
        unique: index.unique,
        predicate: index.predicate.clone(),
        only: index.only.clone(),
    };
    let unique = |unique: &Unique| table::Unique { name: unique.name.clone(), columns: ids(table, &unique.columns) };
    table::Table {
        name: table.name.clone(),
        kind: TableKind::Table,
        columns: table.columns.iter().map(|column| column_to_ir(column, enums)).collect(),
        primary_key: ids(table, &table.primary_key),
        uniques: table.uniques.iter().map(unique).collect(),
        indexes: table.indexes.iter().map(index).collect(),
        checks: table.checks.clone(),
        foreign_keys,
        comment: table.comment.clone(),
        renamed_from: None,
        sqlite: table.sqlite,
    }
}

fn column_to_ir(column: &Column, enums: &[&TableName]) -> table::Column {
    table::Column {
        name: column.name.clone(),
        ty: type_to_ir(&column.ty, enums),
        nullable: column.nullable,
        default: column.default.clone(),
        generated: column.generated.clone(),
        collation: column.collation.clone(),
        comment: column.comment.clone(),
        renamed_from: None,
        declared: column.declared.clone(),
    }
}

fn type_to_ir(ty: &Type, enums: &[&TableName]) -> SqlType {
    match ty {
        Type::Plain(plain) => plain.clone(),
        Type::Array(inner) => SqlType::Array(Box::new(type_to_ir(inner, enums))),
        // Replay refuses enums that are not there, so the look-up finds what it looks for.
        Type::Named(name) => {
            enums.iter().position(|other| *other == name).map_or(SqlType::Text, |at| SqlType::Enum(EnumId::from(at)))
        }
    }
}
