//! The one intermediate representation, in two layers joined by ids: [`table`]s are what a database can report,
//! [`model`]s are the Rust view of them.
//!
//! A [`Schema`] is made by [`build::build`] from a [`draft::Draft`] and is immutable afterwards: every id in it is
//! valid and every rule in [`check`] holds.

pub mod build;
pub mod check;
pub mod draft;
pub mod expr;
pub mod infer;
pub mod model;
pub mod quote;
pub mod table;
pub mod ty;

pub use expr::{Expr, ExprError};
pub use model::{CustomType, EnumType, Field, Hooks, Model, Ownership, Relation, RelationKind, Variant};
pub use table::{
    Action, Check, Column, Default, DialectName, ForeignKey, Generated, Index, IndexPart, IndexTarget, Literal,
    SqliteOptions, Table, TableKind, TableName, Unique,
};
pub use ty::{RawType, SqlType};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the vector that holds it.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

ids! {
    /// A table of a schema.
    TableId
    /// A column of its table.
    ColumnId
    /// A model of a schema.
    ModelId
    /// An enum of a schema.
    EnumId
    /// A custom type of a schema.
    CustomId
}

/// A checked schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Enum types.
    pub enums: Vec<EnumType>,
    /// Custom types.
    pub customs: Vec<CustomType>,
    /// Tables and views.
    pub tables: Vec<Table>,
    /// Models.
    pub models: Vec<Model>,
    /// The databases it is for, when the source says so; empty leaves it to the settings.
    pub dialects: Vec<DialectName>,
    /// Whether it was read of a server that tells tables apart without regard to upper and lower case.
    pub folds_names: bool,
}

impl Schema {
    /// The table of an id.
    #[must_use]
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.index()]
    }

    /// The model of an id.
    #[must_use]
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id.index()]
    }

    /// The enum of an id.
    #[must_use]
    pub fn enum_type(&self, id: EnumId) -> &EnumType {
        &self.enums[id.index()]
    }

    /// The custom type of an id.
    #[must_use]
    pub fn custom(&self, id: CustomId) -> &CustomType {
        &self.customs[id.index()]
    }
}

impl Table {
    /// The column of an id.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.index()]
    }
}
