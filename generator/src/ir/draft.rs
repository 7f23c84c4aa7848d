//! What sources hand to [`super::build`]: the same things as in the IR, by name instead of by id, each with its place.
//!
//! A draft may be wrong in every way; building it finds out.

use super::table::{Action, DialectName, SqliteOptions, TableKind, TableName};
use super::{Default as ColumnDefault, Hooks, Ownership, RawType};
use crate::diag::Place;

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> At<T> {
    /// A value at a place.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

/// Everything a source found.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Enum types.
    pub enums: Vec<Enum>,
    /// Custom types.
    pub customs: Vec<Custom>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Models; a source without a Rust view leaves them empty and lets [`super::infer`] derive them.
    pub models: Vec<Model>,
    /// The databases it is for, when the source says so.
    pub dialects: Vec<DialectName>,
    /// What the schema of the connection is called, whose tables go by their plain names; the database, on MySQL.
    pub schema: Option<String>,
    /// What tables have that is no part of a schema.
    pub beside: Vec<Beside>,
    /// Whether it was read of a server that tells tables apart without regard to upper and lower case, and may have
    /// folded their names.
    pub folds_names: bool,
    /// For what was found in a live database: an item that breaks a rule is left out with a warning, so that one odd
    /// table does not fail the whole. Otherwise it is an error.
    pub lenient: bool,
}

/// What a table of a database has that is no part of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its name.
    pub table: TableName,
    /// How many triggers are its own.
    pub triggers: i64,
    /// How many rules it has, that of a view apart.
    pub rules: i64,
    /// Whether policies say which of its rows a user sees.
    pub row_security: bool,
}

/// A type whose enums go by a name: by the Rust name in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type<N = String> {
    /// A type that needs no look-up (never `Enum`, `Custom` or `Array` in here).
    Plain(super::SqlType),
    /// An enum, or a custom type of the draft, by name.
    Named(N),
    /// An array.
    Array(Box<Type<N>>),
}

impl<N> From<super::SqlType> for Type<N> {
    fn from(ty: super::SqlType) -> Self {
        Self::Plain(ty)
    }
}

/// An enum type.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Rust name.
    pub name: At<String>,
    /// SQL name.
    pub sql_name: TableName,
    /// (label, Rust variant name when the source gives one), in order.
    pub variants: Vec<(At<String>, Option<At<String>>)>,
}

/// A custom type.
#[derive(Debug, Clone)]
pub struct Custom {
    /// Name in the spec.
    pub name: At<String>,
    /// The type beneath.
    pub sql: At<Type>,
    /// Path of the Rust type.
    pub rust: At<String>,
    /// Path of the codec.
    pub with: Option<At<String>>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: At<TableName>,
    /// Table or view.
    pub kind: TableKind,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Primary key columns by SQL name.
    pub primary_key: Vec<At<String>>,
    /// Unique constraints: name and columns by SQL name.
    pub uniques: Vec<(Option<String>, Vec<At<String>>)>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Checks: name and condition.
    pub checks: Vec<(Option<String>, At<RawExpr>)>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Comment.
    pub comment: Option<String>,
    /// Earlier name.
    pub renamed_from: Option<String>,
    /// SQLite's options.
    pub sqlite: SqliteOptions,
}

/// An expression as text: neutral, or one per dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawExpr {
    /// Parsed once, checked against the columns, written per dialect.
    Neutral(String),
    /// Written by hand per dialect.
    PerDialect(RawType),
}

/// A column default by source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawDefault {
    /// Already typed.
    Typed(ColumnDefault),
    /// A constant of the spec as written, to be typed by the column (`now` included).
    Written(String),
    /// A SQL expression.
    Expr(RawExpr),
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// SQL name.
    pub name: At<String>,
    /// Type.
    pub ty: At<Type>,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Default.
    pub default: Option<At<RawDefault>>,
    /// Generated: expression, stored.
    pub generated: Option<(At<RawExpr>, bool)>,
    /// Collation.
    pub collation: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Earlier name.
    pub renamed_from: Option<String>,
    /// Declared spelling.
    pub declared: Option<RawType>,
    /// How the database that was read spells the type, whatever it was read as; nothing in a spec.
    pub spelled: Option<RawType>,
}

/// An index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Name.
    pub name: Option<At<String>>,
    /// Parts.
    pub parts: Vec<IndexPart>,
    /// Unique.
    pub unique: bool,
    /// Predicate.
    pub predicate: Option<At<RawExpr>>,
    /// Dialects, empty is all.
    pub only: Vec<DialectName>,
    /// Where it stands.
    pub place: Place,
}

/// One part of an index.
#[derive(Debug, Clone)]
pub struct IndexPart {
    /// Column by SQL name, or an expression.
    pub target: IndexTarget,
    /// Descending.
    pub desc: bool,
}

/// What an index part orders by.
#[derive(Debug, Clone)]
pub enum IndexTarget {
    /// A column by SQL name.
    Column(At<String>),
    /// An expression.
    Expr(At<RawExpr>),
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    /// Name.
    pub name: Option<String>,
    /// Columns by SQL name.
    pub columns: Vec<At<String>>,
    /// Target table.
    pub table: At<TableName>,
    /// Target columns by SQL name; empty means the target's primary key.
    pub references: Vec<At<String>>,
    /// On delete.
    pub on_delete: Action,
    /// On update.
    pub on_update: Action,
    /// Deferrable, initially deferred.
    pub deferred: bool,
    /// Where it stands.
    pub place: Place,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Rust name.
    pub name: At<String>,
    /// Its table.
    pub table: TableName,
    /// Fields: Rust name, column by SQL name, version flag. Columns without a field are left out of the model.
    pub fields: Vec<Field>,
    /// Relations.
    pub relations: Vec<Relation>,
    /// Documentation.
    pub doc: Option<String>,
    /// What of the user's is called before its rows are written.
    pub hooks: Hooks,
    /// That it has no primary key is meant.
    pub keyless: bool,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Rust name.
    pub name: At<String>,
    /// Column by SQL name.
    pub column: String,
    /// Optimistic-locking counter.
    pub version: bool,
}

/// A relation. Column names are SQL names.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Rust name.
    pub name: At<String>,
    /// Target model by Rust name.
    pub target: At<String>,
    /// Kind.
    pub kind: RelationKind,
    /// Name of the inverse in the target, when there is one.
    pub inverse: Option<String>,
    /// What sessions do with the rows that hold the foreign key.
    pub ownership: Ownership,
}

/// The kinds of relation, by name.
#[derive(Debug, Clone)]
pub enum RelationKind {
    /// Columns here, columns there.
    BelongsTo(Vec<(String, String)>),
    /// Columns here, columns there.
    HasOne(Vec<(String, String)>),
    /// Columns here, columns there.
    HasMany(Vec<(String, String)>),
    /// Through a table.
    ManyToMany {
        /// The table between.
        through: TableName,
        /// Columns here, columns between.
        near: Vec<(String, String)>,
        /// Columns between, columns there.
        far: Vec<(String, String)>,
    },
}
