//! Static metadata of models, filled in by generated code.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::sql::Dialect;
use crate::value::Kind;

/// A table or view as a model sees it.
#[derive(Debug)]
pub struct ModelMeta {
    /// Name of the Rust struct.
    pub model: &'static str,
    /// Schema of the table, where it is not the connection's default.
    pub schema: Option<&'static str>,
    /// SQL name of the table.
    pub table: &'static str,
    /// Columns in the order of the struct's fields.
    pub columns: &'static [ColumnMeta],
    /// Positions of the primary key's columns, in key order; empty when there is none.
    pub key: &'static [usize],
    /// Position of the key column that the database makes by counting, if any.
    pub auto_key: Option<usize>,
    /// Position of the optimistic-locking counter, if any.
    pub version: Option<usize>,
    /// Unique keys beside the primary key, as positions of columns.
    pub uniques: &'static [&'static [usize]],
    /// Foreign keys.
    pub foreign_keys: &'static [ForeignKeyMeta],
    /// Where texts of statements are kept, if anywhere. A function, as metadata stands in constants, which may not point to
    /// what changes.
    pub texts: Option<fn() -> &'static Texts>,
}

/// A foreign key of a model's table. The table it points to is given by name: metadata cannot go in circles.
#[derive(Debug)]
pub struct ForeignKeyMeta {
    /// Positions of its columns.
    pub columns: &'static [usize],
    /// Schema of the table it points to.
    pub schema: Option<&'static str>,
    /// The table it points to.
    pub table: &'static str,
    /// Positions of the columns there, pairwise.
    pub targets: &'static [usize],
    /// What the database does with the rows that point to a row that is deleted.
    pub on_delete: OnDelete,
    /// Whether it is checked when the transaction commits.
    pub deferred: bool,
}

/// What the database does with the rows that point to a row that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// Refuses to delete it.
    Refuse,
    /// Deletes them too.
    Cascade,
    /// Sets their foreign key to NULL or to its default.
    Set,
}

/// Texts of a model that do not depend on the query.
#[derive(Debug, Default)]
pub struct Texts {
    by_key: PerDialect,
    columns: PerDialect,
}

impl Texts {
    /// No text yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_key: PerDialect::new(), columns: PerDialect::new() }
    }
}

/// A text per dialect, made when it is first used.
#[derive(Debug, Default)]
struct PerDialect([OnceLock<String>; 3]);

impl PerDialect {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; 3])
    }

    fn get(&self, dialect: Dialect, make: impl FnOnce() -> Result<String>) -> Result<&str> {
        let [sqlite, postgres, mysql] = &self.0;
        let text = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
            Dialect::Mysql => mysql,
        };
        if let Some(text) = text.get() {
            return Ok(text);
        }
        let made = make()?;
        Ok(text.get_or_init(|| made))
    }
}

/// A column of a model.
#[derive(Debug)]
pub struct ColumnMeta {
    /// SQL name.
    pub name: &'static str,
    /// Name of the Rust field.
    pub field: &'static str,
    /// Logical type.
    pub kind: Kind,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether the database computes it, so that it is never written.
    pub generated: bool,
    /// How many characters a text, or digits an exact number may have, where that is declared.
    pub size: Option<u32>,
}

/// A relation between two models.
#[derive(Debug)]
pub struct RelationMeta {
    /// Name of the relation.
    pub name: &'static str,
    /// The model it starts from.
    pub parent: &'static ModelMeta,
    /// The model it leads to.
    pub child: &'static ModelMeta,
    /// Without `through`: columns of the parent and of the child, pairwise.
    pub on: &'static [(usize, usize)],
    /// The table between, for many-to-many.
    pub through: Option<&'static ThroughMeta>,
}

/// The table between the two sides of a many-to-many relation.
#[derive(Debug)]
pub struct ThroughMeta {
    /// Schema of the table.
    pub schema: Option<&'static str>,
    /// SQL name of the table.
    pub table: &'static str,
    /// Columns of the parent and columns between, pairwise.
    pub near: &'static [(usize, ColumnMeta)],
    /// Columns between and columns of the child, pairwise.
    pub far: &'static [(ColumnMeta, usize)],
}

impl ColumnMeta {
    /// A column that may not be NULL and is written.
    #[must_use]
    pub const fn new(name: &'static str, field: &'static str, kind: Kind) -> Self {
        Self { name, field, kind, nullable: false, generated: false, size: None }
    }

    /// May be NULL.
    #[must_use]
    pub const fn null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Holds so many characters or digits at most.
    #[must_use]
    pub const fn sized(self, size: u32) -> Self {
        Self { size: Some(size), ..self }
    }

    /// Is computed by the database.
    #[must_use]
    pub const fn computed(self) -> Self {
        Self { generated: true, ..self }
    }

    /// No column: what generated code cannot ask for.
    pub(crate) const NONE: Self = Self::new("", "", Kind::Text);
}

impl ThroughMeta {
    /// No table between: what generated code cannot ask for.
    pub(crate) const NONE: Self = Self { schema: None, table: "", near: &[], far: &[] };
}

impl RelationMeta {
    /// No relation: what generated code cannot ask for.
    pub(crate) const NONE: Self =
        Self { name: "", parent: &ModelMeta::EMPTY, child: &ModelMeta::EMPTY, on: &[], through: None };
}

impl ModelMeta {
    /// A model without anything, to be filled in.
    pub const EMPTY: Self = Self {
        model: "",
        schema: None,
        table: "",
        columns: &[],
        key: &[],
        auto_key: None,
        version: None,
        uniques: &[],
        foreign_keys: &[],
        texts: None,
    };

    /// The SELECT by primary key.
    pub(crate) fn by_key(&self, dialect: Dialect, make: impl FnOnce() -> Result<String>) -> Result<Cow<'static, str>> {
        self.kept(|texts| &texts.by_key, dialect, make)
    }

    /// All columns, as the list of a SELECT from the table alone.
    pub(crate) fn list(&self, dialect: Dialect, make: impl FnOnce() -> Result<String>) -> Result<Cow<'static, str>> {
        self.kept(|texts| &texts.columns, dialect, make)
    }

    fn kept(
        &self,
        which: fn(&'static Texts) -> &'static PerDialect,
        dialect: Dialect,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<Cow<'static, str>> {
        match self.texts {
            Some(texts) => which(texts()).get(dialect, make).map(Cow::Borrowed),
            None => make().map(Cow::Owned),
        }
    }

    /// Whether a foreign key points to this table.
    pub(crate) fn is_target_of(&self, key: &ForeignKeyMeta) -> bool {
        self.table == key.table && self.schema == key.schema
    }

    /// Whether both are the same table.
    pub(crate) fn same_table(&self, other: &ModelMeta) -> bool {
        std::ptr::eq(self, other) || self.table == other.table && self.schema == other.schema
    }

    /// The columns of the primary key, in key order.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &'static ColumnMeta> + '_ {
        self.key.iter().filter_map(|&at| self.columns.get(at))
    }

    /// Names the column of an error by its position in a row of this model.
    pub(crate) fn locate(&self, error: Error, position: usize) -> Error {
        self.locate_in(error, Some(position))
    }

    /// Names the column of an error by its position in a row that is the primary key.
    pub(crate) fn locate_in_key(&self, error: Error, position: usize) -> Error {
        self.locate_in(error, self.key.get(position).copied())
    }

    /// Names the column of an error, if it is known.
    pub(crate) fn locate_in(&self, error: Error, column: Option<usize>) -> Error {
        match column.and_then(|at| self.columns.get(at)) {
            Some(column) => error.in_column(self.table, column.name),
            None => error,
        }
    }
}
