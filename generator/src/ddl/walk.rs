//! The one walk over a schema that every dialect shares.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::dialect::{Comments, Dialect, LateKeys, Scoped};
use super::{Notes, index, order, table, types};
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place};
use crate::ir::quote::{quote_ident, quote_string};
use crate::ir::{DialectName, EnumType, Expr, ForeignKey, Schema, Table, TableId, TableName};

/// What the statements may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// An empty database: what is there already is an error.
    Empty,
    /// A database that may hold some of it: what is there already is left alone.
    Missing,
}

/// The state of writing a schema for one database.
pub(super) struct Walk<'a> {
    pub schema: &'a Schema,
    pub dialect: &'static Dialect,
    pub mode: Mode,
    /// Base tables in the order in which they are made.
    pub order: Vec<TableId>,
    /// Names that indexes cannot have any more.
    pub taken: BTreeSet<Scoped>,
    diagnostics: &'a mut Diagnostics,
    statements: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(schema: &'a Schema, dialect: DialectName, mode: Mode, diagnostics: &'a mut Diagnostics) -> Self {
        let order = order::tables(schema);
        let dialect = Dialect::of(dialect);
        let taken = schema.tables.iter().map(|table| dialect.scoped(&table.name, &table.name.name)).collect();
        Self { schema, dialect, mode, order, taken, diagnostics, statements: Vec::new() }
    }

    pub(super) fn create(mut self) -> Vec<String> {
        self.schemas();
        self.enum_types();
        let schema = self.schema;
        let late = late_keys(schema, self.dialect, &self.order);
        // MySQL takes a key to a table that does not exist yet while it does not check keys; unlike ALTER TABLE that
        // can be said twice.
        let unchecked = self.dialect.name == DialectName::Mysql && self.mode == Mode::Missing && !late.is_empty();
        if unchecked {
            self.push("SET FOREIGN_KEY_CHECKS = 0");
        }
        for id in self.order.clone() {
            self.table(id, if unchecked { &[] } else { &late });
        }
        if unchecked {
            self.push("SET FOREIGN_KEY_CHECKS = 1");
        } else {
            late.iter().for_each(|(id, key)| self.late_key(schema.table(*id), key));
        }
        self.statements
    }

    fn schemas(&mut self) {
        if !self.dialect.create_schema {
            return;
        }
        let tables = self.order.iter().filter_map(|id| self.schema.table(*id).name.schema.as_deref());
        let enums = self.schema.enums.iter().filter_map(|ty| ty.sql_name.schema.as_deref());
        let names: BTreeSet<&str> = tables.chain(enums).filter(|name| *name != "public" && !name.is_empty()).collect();
        for name in names {
            self.push(format!("CREATE SCHEMA IF NOT EXISTS {}", self.ident(name)));
        }
    }

    fn enum_types(&mut self) {
        if !self.dialect.enum_types {
            return;
        }
        for ty in &self.schema.enums {
            // A label is as short as one likes, and as long as a name may be.
            for variant in ty.variants.iter().filter(|variant| !variant.label.is_empty()) {
                self.check_name(&variant.label, || format!("enum \"{}\", label {:?}", ty.sql_name, variant.label));
            }
            self.check_enum_name(ty);
            let name = types::enum_type_name(&ty.sql_name);
            let statement = format!("CREATE TYPE {name} AS ENUM ({})", types::labels(ty, self.dialect));
            self.push_if_missing(statement);
        }
    }

    /// PostgreSQL makes a type for every table, so an enum cannot have the name of one.
    fn check_enum_name(&mut self, ty: &EnumType) {
        let owner = || format!("enum \"{}\"", ty.sql_name);
        self.check_name(&ty.sql_name.name, owner);
        let name = types::enum_type_name(&ty.sql_name);
        if self.order.iter().any(|id| self.table_name(&self.schema.table(*id).name) == name) {
            let message = format!("a table has the name of the enum, which {} does not allow", self.dialect.label);
            self.error(codes::SQL_NAME, owner(), message, "give the table or the enum another SQL name");
        }
    }

    fn table(&mut self, id: TableId, late: &[(TableId, &ForeignKey)]) {
        let schema = self.schema;
        let table = schema.table(id);
        let keys = table.foreign_keys.iter().filter(|key| !late.iter().any(|(_, other)| std::ptr::eq(*other, *key)));
        let keys: Vec<&ForeignKey> = keys.collect();
        let statement = table::create(self, table, &keys);
        self.push(statement);
        if !self.dialect.inline_indexes {
            for item in &table.indexes {
                if let Some(statement) = index::statement(self, table, item) {
                    self.push(statement);
                }
            }
        }
        if self.dialect.comments == Comments::Statements {
            self.comments(table);
        }
    }

    fn comments(&mut self, table: &Table) {
        let name = self.table_name(&table.name);
        if let Some(comment) = &table.comment {
            self.push(format!("COMMENT ON TABLE {name} IS {}", self.text(comment)));
        }
        for column in &table.columns {
            if let Some(comment) = &column.comment {
                let column = self.ident(&column.name);
                self.push(format!("COMMENT ON COLUMN {name}.{column} IS {}", self.text(comment)));
            }
        }
    }

    fn late_key(&mut self, table: &Table, key: &ForeignKey) {
        if let Some(text) = table::foreign_key(self, table, key) {
            let statement = format!("ALTER TABLE {} ADD {text}", self.table_name(&table.name));
            self.push_if_missing(statement);
        }
    }

    /// Adds a statement that has no `IF NOT EXISTS` of its own.
    fn push_if_missing(&mut self, statement: String) {
        if self.mode == Mode::Missing && self.dialect.name == DialectName::Postgres {
            // A tag that the statement does not hold, as names and labels may hold anything.
            let mut tag = "$do$".to_owned();
            while statement.contains(&tag) {
                tag.insert(1, '_');
            }
            let body = format!("BEGIN {statement}; EXCEPTION WHEN duplicate_object THEN NULL; END");
            self.push(format!("DO {tag} {body} {tag}"));
        } else {
            self.push(statement);
        }
    }

    fn push(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    /// `IF NOT EXISTS ` when existing things are left alone.
    pub(super) fn if_not_exists(&self) -> &'static str {
        match self.mode {
            Mode::Empty => "",
            Mode::Missing => "IF NOT EXISTS ",
        }
    }

    pub(super) fn ident(&self, name: &str) -> String {
        quote_ident(self.dialect.name, name)
    }

    pub(super) fn text(&self, text: &str) -> String {
        quote_string(self.dialect.name, text)
    }

    /// A list of quoted column names in parentheses.
    pub(super) fn columns(&self, table: &Table, ids: &[crate::ir::ColumnId]) -> String {
        let names: Vec<String> = ids.iter().map(|id| self.ident(&table.column(*id).name)).collect();
        format!("({})", names.join(", "))
    }

    /// The quoted name of a table, with its schema where the dialect has them.
    pub(super) fn table_name(&self, name: &TableName) -> String {
        table_name(name, self.dialect)
    }

    /// The text of an expression; without one for this dialect, a diagnostic that names the owner.
    pub(super) fn expr(&mut self, expr: &Expr, owner: &dyn Fn() -> String) -> Option<String> {
        let text = expr.to_sql(self.dialect.name);
        if text.is_none() {
            let message = format!("an expression is not written for {}, or uses what it lacks", self.dialect.label);
            self.error(
                codes::NO_EXPRESSION,
                owner(),
                message,
                "write it per database: `{ sqlite: …, postgres: …, mysql: … }`",
            );
        }
        text
    }

    /// Reports what the dialect cannot do.
    pub(super) fn unsupported(&mut self, owner: impl Display, what: impl Display, help: &str) {
        let message = format!("{what} on {}", self.dialect.label);
        self.error(codes::UNSUPPORTED, owner, message, help);
    }

    /// Reports an error at a schema object.
    pub(super) fn error(&mut self, code: Code, owner: impl Display, message: String, help: &str) {
        let place = Place::Object(owner.to_string());
        self.diagnostics.push(Diagnostic::error(code, place, message).help(help));
    }

    /// Reports a warning at a schema object.
    pub(super) fn warning(&mut self, code: Code, owner: impl Display, message: String, help: &str) {
        let place = Place::Object(owner.to_string());
        self.diagnostics.push(Diagnostic::warning(code, place, message).help(help));
    }

    /// Reports a name that the database cannot hold.
    pub(super) fn check_name(&mut self, name: &str, owner: impl Fn() -> String) {
        if let Some(trouble) = self.dialect.name_trouble(name) {
            let message = format!("{} cannot hold the name: {trouble}", self.dialect.label);
            self.error(codes::SQL_NAME, owner(), message, "choose another name");
        }
    }
}

/// `table "album"`, for places.
pub(super) fn place(table: &Table) -> String {
    match &table.name.schema {
        Some(schema) => format!("table \"{schema}.{}\"", table.name.name),
        None => format!("table \"{}\"", table.name.name),
    }
}

pub(super) fn table_name(name: &TableName, dialect: &Dialect) -> String {
    let table = quote_ident(dialect.name, &name.name);
    match &name.schema {
        Some(schema) if dialect.qualified => format!("{}.{table}", quote_ident(dialect.name, schema)),
        _ => table,
    }
}

/// The foreign keys to tables that are made later than their own, with their tables.
fn late_keys<'s>(schema: &'s Schema, dialect: &Dialect, order: &[TableId]) -> Vec<(TableId, &'s ForeignKey)> {
    if dialect.late_keys == LateKeys::Inline {
        return Vec::new();
    }
    back_edges(schema, order)
}

fn back_edges<'s>(schema: &'s Schema, order: &[TableId]) -> Vec<(TableId, &'s ForeignKey)> {
    let mut seen = BTreeSet::new();
    let mut late = Vec::new();
    for id in order {
        seen.insert(*id);
        let keys = schema.table(*id).foreign_keys.iter();
        late.extend(keys.filter(|key| !seen.contains(&key.table)).map(|key| (*id, key)));
    }
    late
}

/// The statements that remove a schema: tables in reverse order, then enum types.
pub(super) fn drop(schema: &Schema, dialect: DialectName, notes: Notes) -> Vec<String> {
    let dialect = Dialect::of(dialect);
    let order = order::tables(schema);
    let cycles = back_edges(schema, &order);
    let (before, after) = if cycles.is_empty() { (Vec::new(), None) } else { release(schema, dialect, &cycles) };
    let tables = order.iter().rev().map(|id| {
        let name = table_name(&schema.table(*id).name, dialect);
        format!("DROP TABLE IF EXISTS {name}")
    });
    let enums = schema.enums.iter().rev().filter(|_| dialect.enum_types);
    let enums = enums.map(|ty| format!("DROP TYPE IF EXISTS {}", types::enum_type_name(&ty.sql_name)));
    let notes = (notes == Notes::Drop).then(|| "DROP TABLE IF EXISTS pilaster_migrations".to_owned());
    before.into_iter().chain(tables).chain(enums).chain(notes).chain(after).collect()
}

/// What lets go of tables that point at each other: statements before the drops, and one after.
fn release(schema: &Schema, dialect: &Dialect, cycles: &[(TableId, &ForeignKey)]) -> (Vec<String>, Option<String>) {
    match dialect.name {
        // Dropping a table deletes its rows, and a cascade then looks for a table that is gone already. Inside a
        // transaction the pragma does nothing.
        DialectName::Sqlite => {
            (vec!["PRAGMA foreign_keys = OFF".to_owned()], Some("PRAGMA foreign_keys = ON".to_owned()))
        }
        // A table that does not exist cannot be altered in MySQL, and `IF EXISTS` is MariaDB's.
        DialectName::Mysql => {
            (vec!["SET FOREIGN_KEY_CHECKS = 0".to_owned()], Some("SET FOREIGN_KEY_CHECKS = 1".to_owned()))
        }
        DialectName::Postgres => {
            let before = cycles.iter().map(|(id, key)| {
                let table = schema.table(*id);
                let name = quote_ident(dialect.name, &table::foreign_key_name(table, key));
                let table = table_name(&table.name, dialect);
                format!("ALTER TABLE IF EXISTS {table} DROP CONSTRAINT IF EXISTS {name}")
            });
            (before.collect(), None)
        }
    }
}
