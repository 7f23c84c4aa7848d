//! Parts of statements, for those who alter tables instead of making them.

use super::dialect::{Comments, Dialect};
use super::walk::{Mode, Walk};
use super::{column, index, table, types};
use crate::diag::Diagnostics;
use crate::ir::{DialectName, Literal, Schema, SqlType, Table, TableName};

/// Writes parts of the tables of a schema. A table, column, key or index is named by its place; what is not there, or
/// cannot be on the dialect (then with a diagnostic), is `None`.
pub(crate) struct Parts<'a> {
    walk: Walk<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(schema: &'a Schema, dialect: DialectName, diagnostics: &'a mut Diagnostics) -> Self {
        Self { walk: Walk::new(schema, dialect, Mode::Empty, diagnostics) }
    }

    fn of(&self, at: usize) -> Option<&'a Table> {
        let schema: &'a Schema = self.walk.schema;
        schema.tables.get(at)
    }

    /// `CREATE TABLE`, with its foreign keys, and its indexes where the dialect has them in there.
    pub(crate) fn table(&mut self, at: usize) -> Option<String> {
        let table = self.of(at)?;
        let keys: Vec<_> = table.foreign_keys.iter().collect();
        Some(table::create(&mut self.walk, table, &keys))
    }

    /// `COMMENT ON …` of a table and its columns, where the dialect has that.
    pub(crate) fn comments(&mut self, at: usize) -> Vec<String> {
        let Some(table) = self.of(at) else { return Vec::new() };
        if self.walk.dialect.comments != Comments::Statements {
            return Vec::new();
        }
        let own = table.comment.as_deref().map(|text| self.table_comment(table, Some(text)));
        let columns = table.columns.iter().filter(|column| column.comment.is_some());
        let columns = columns.map(|column| self.column_comment(table, &column.name, column.comment.as_deref()));
        own.into_iter().chain(columns).collect()
    }

    fn table_comment(&self, table: &Table, text: Option<&str>) -> String {
        let text = text.map_or("NULL".to_owned(), |text| self.walk.text(text));
        format!("COMMENT ON TABLE {} IS {text}", self.walk.table_name(&table.name))
    }

    fn column_comment(&self, table: &Table, column: &str, text: Option<&str>) -> String {
        let text = text.map_or("NULL".to_owned(), |text| self.walk.text(text));
        let column = self.walk.ident(column);
        format!("COMMENT ON COLUMN {}.{column} IS {text}", self.walk.table_name(&table.name))
    }

    /// The definition of a column.
    pub(crate) fn column(&mut self, at: usize, name: &str) -> Option<String> {
        let table = self.of(at)?;
        let id = table.columns.iter().position(|column| column.name == name)?;
        let inline = column::inline_key(&mut self.walk, table);
        column::definition(&mut self.walk, table, id.into(), inline)
    }

    /// The type of a column with its collation.
    pub(crate) fn ty(&mut self, at: usize, name: &str) -> Option<String> {
        let table = self.of(at)?;
        let found = table.columns.iter().find(|column| column.name == name)?;
        column::type_and_collation(&mut self.walk, table, found)
    }

    /// What follows `DEFAULT`, unless there is none or the column is numbered.
    pub(crate) fn default(&mut self, at: usize, name: &str) -> Option<String> {
        let table = self.of(at)?;
        let id = table.columns.iter().position(|column| column.name == name)?;
        let text = column::default(&mut self.walk, table, id.into());
        text.strip_prefix(" DEFAULT ").map(str::to_owned)
    }

    /// A unique constraint.
    pub(crate) fn unique(&mut self, at: usize, item: usize) -> Option<String> {
        let table = self.of(at)?;
        Some(table::unique_constraint(&mut self.walk, table, table.uniques.get(item)?))
    }

    /// A check.
    pub(crate) fn check(&mut self, at: usize, item: usize) -> Option<String> {
        let table = self.of(at)?;
        table::check_constraint(&mut self.walk, table, table.checks.get(item)?)
    }

    /// A foreign key.
    pub(crate) fn key(&mut self, at: usize, item: usize) -> Option<String> {
        let table = self.of(at)?;
        table::foreign_key(&mut self.walk, table, table.foreign_keys.get(item)?)
    }

    /// `CREATE INDEX`.
    pub(crate) fn index(&mut self, at: usize, item: usize) -> Option<String> {
        let table = self.of(at)?;
        index::statement(&mut self.walk, table, table.indexes.get(item)?)
    }

    /// An index as it stands within a table.
    pub(crate) fn inline_index(&mut self, at: usize, item: usize) -> Option<String> {
        let table = self.of(at)?;
        index::inline(&mut self.walk, table, table.indexes.get(item)?)
    }
}

/// The quoted name of a table, with its schema where the dialect has them.
pub(crate) fn table_name(name: &TableName, dialect: DialectName) -> String {
    super::walk::table_name(name, Dialect::of(dialect))
}

/// A constant as what follows `DEFAULT`.
pub(crate) fn constant(literal: &Literal, ty: &SqlType, dialect: DialectName) -> String {
    super::literal::constant(literal, ty, dialect)
}

/// The quoted name of a PostgreSQL enum type.
pub(crate) fn enum_type_name(name: &TableName) -> String {
    types::enum_type_name(name)
}

/// A name of ours for what has none: `<table>_<columns>_<suffix>`.
pub(crate) fn made_name<'n>(table: &str, columns: impl Iterator<Item = &'n str>, suffix: &str) -> String {
    super::name::made(table, columns, suffix)
}

/// A made name with a hash of the definition in it.
pub(crate) fn distinct_name(name: &str, definition: &str, suffix: &str) -> String {
    super::name::distinct(name, definition, suffix)
}
