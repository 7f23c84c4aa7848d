//! Static metadata of models, filled in by generated code.

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
    pub through: Option<ThroughMeta>,
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

impl ModelMeta {
    /// The positions of the columns that can be written.
    pub(crate) fn writable(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter(|(_, column)| !column.generated).map(|(at, _)| at)
    }
}
