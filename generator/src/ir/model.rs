//! The models layer: the Rust view of the tables.

use super::{ColumnId, EnumId, ModelId, SqlType, TableId, TableName};

/// A model: a struct over one table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name of the Rust struct.
    pub name: String,
    /// Its table.
    pub table: TableId,
    /// Its fields, in the order of the table's columns.
    pub fields: Vec<Field>,
    /// Its relations, in order of declaration.
    pub relations: Vec<Relation>,
    /// Documentation, from the table's comment.
    pub doc: Option<String>,
    /// What of the user's is called before its rows are written.
    pub hooks: Hooks,
}

/// What of the user's is called before rows of a model are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before a row is inserted.
    pub before_insert: bool,
    /// Before a row is updated.
    pub before_update: bool,
    /// Before a row is deleted.
    pub before_delete: bool,
}

/// A field: one column of the model's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the Rust field, in snake case, without `r#`.
    pub name: String,
    /// Its column.
    pub column: ColumnId,
    /// Optimistic-locking counter.
    pub version: bool,
}

/// A relation to another model, or to the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Name of the accessor, in snake case, without `r#`.
    pub name: String,
    /// The model it leads to.
    pub target: ModelId,
    /// Its kind, with the columns that make it.
    pub kind: RelationKind,
    /// Name of the relation in the target that is the same edge seen from there.
    pub inverse: Option<String>,
    /// What sessions do with the rows that hold the foreign key. The same on both sides.
    pub ownership: Ownership,
}

/// What sessions do with the rows that belong to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ownership {
    /// They are deleted with the row that they belong to.
    pub cascade: bool,
    /// They are deleted when they are taken away from it.
    pub orphans: bool,
}

/// The kinds of relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationKind {
    /// This table holds the foreign key.
    BelongsTo {
        /// Columns here and columns there, pairwise.
        on: Vec<(ColumnId, ColumnId)>,
        /// Whether a column here may be NULL, so that there may be no target.
        optional: bool,
    },
    /// The target holds the foreign key and it is unique.
    HasOne {
        /// Columns here and columns there, pairwise.
        on: Vec<(ColumnId, ColumnId)>,
    },
    /// The target holds the foreign key.
    HasMany {
        /// Columns here and columns there, pairwise.
        on: Vec<(ColumnId, ColumnId)>,
    },
    /// A table between holds a foreign key to each side.
    ManyToMany {
        /// The table between.
        through: TableId,
        /// Columns here and columns of the table between, pairwise.
        near: Vec<(ColumnId, ColumnId)>,
        /// Columns of the table between and columns of the target, pairwise.
        far: Vec<(ColumnId, ColumnId)>,
    },
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// Name of the Rust enum.
    pub name: String,
    /// Name of the type in the database (PostgreSQL).
    pub sql_name: TableName,
    /// Labels in declaration order.
    pub variants: Vec<Variant>,
}

/// A label of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Label in the database.
    pub label: String,
    /// Name of the Rust variant.
    pub name: String,
}

/// A custom Rust type over a column type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomType {
    /// Name in the spec, in UpperCamelCase.
    pub name: String,
    /// The column type beneath.
    pub sql: SqlType,
    /// Path of the Rust type, as written.
    pub rust: String,
    /// Path of a codec of the user's, for a type that is not theirs.
    pub with: Option<String>,
}

/// The enum a type is or holds, if any.
#[must_use]
pub fn enum_of(ty: &SqlType) -> Option<EnumId> {
    match ty {
        SqlType::Enum(id) => Some(*id),
        SqlType::Array(inner) => enum_of(inner),
        _ => None,
    }
}
