//! What the databases differ in: one constant per database, one documented field per difference.

use crate::ir::{DialectName, TableName};

/// Where the comments of tables and columns go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// The database keeps none. They are documentation, so leaving them out is not worth a diagnostic.
    None,
    /// In the definition: `COMMENT 'text'`.
    Inline,
    /// As statements of their own: `COMMENT ON …`.
    Statements,
}

/// How a foreign key to a table that is made later is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LateKeys {
    /// In the table like any other: SQLite looks for the target when rows are written.
    Inline,
    /// By `ALTER TABLE` at the end.
    Alter,
}

/// A name with that among which no other may be the same: a schema, or a table of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scoped {
    schema: Option<String>,
    table: Option<String>,
    name: String,
}

/// What a database can do and how.
#[derive(Debug)]
pub(super) struct Dialect {
    /// The name in the IR.
    pub name: DialectName,
    /// The name for people.
    pub label: &'static str,
    /// `CREATE TYPE … AS ENUM`; the others spell an enum in the column.
    pub enum_types: bool,
    /// Tables live in schemas that `CREATE SCHEMA` makes.
    pub create_schema: bool,
    /// A table may be named with a schema (PostgreSQL) or database (MySQL).
    pub qualified: bool,
    /// Where comments go.
    pub comments: Comments,
    /// How foreign keys to later tables are written.
    pub late_keys: LateKeys,
    /// Indexes stand in `CREATE TABLE`: MySQL has no `CREATE INDEX IF NOT EXISTS`.
    pub inline_indexes: bool,
    /// `CREATE INDEX … WHERE`; neither MySQL nor MariaDB has it.
    pub partial_indexes: bool,
    /// Indexes over expressions; MySQL 8 has them, MariaDB does not, and one text serves both.
    pub expression_indexes: bool,
    /// `DEFERRABLE INITIALLY DEFERRED`; InnoDB checks row by row.
    pub deferrable: bool,
    /// `ON DELETE SET DEFAULT`; InnoDB refuses it.
    pub set_default: bool,
    /// Generated columns that are computed when read; PostgreSQL has them since 18 only.
    pub virtual_columns: bool,
    /// `NOT NULL` beside `GENERATED`; MariaDB refuses it.
    pub generated_not_null: bool,
    /// Unnamed keys get a name of ours, so that a migration can drop them. SQLite cannot drop a constraint, and does
    /// not report its name.
    pub name_constraints: bool,
    /// Longest identifier: PostgreSQL cuts longer ones in silence, MySQL refuses them.
    pub max_name: Option<usize>,
    /// Indexes share one name space with the tables; on MySQL each table has its own.
    pub global_index_names: bool,
}

impl Dialect {
    /// The constant of a name.
    pub(super) fn of(name: DialectName) -> &'static Self {
        match name {
            DialectName::Sqlite => &SQLITE,
            DialectName::Postgres => &POSTGRES,
            DialectName::Mysql => &MYSQL,
        }
    }

    /// A name as it is taken beside a table: in the table's schema, where there are any.
    pub(super) fn scoped(&self, table: &TableName, name: &str) -> Scoped {
        let schema = table.schema.clone().filter(|_| self.qualified);
        Scoped { schema, table: None, name: name.to_lowercase() }
    }

    /// The name of an index or of a unique constraint, which is one, as it is taken: among those of all tables and with the
    /// tables' own, or among those of its table.
    pub(super) fn index_scope(&self, table: &TableName, name: &str) -> Scoped {
        let own = (!self.global_index_names).then(|| table.name.to_lowercase());
        Scoped { table: own, ..self.scoped(table, name) }
    }

    /// Why a name cannot be one here, if it cannot.
    pub(super) fn name_trouble(&self, name: &str) -> Option<String> {
        let mysql = self.name == DialectName::Mysql;
        let (length, unit) = if mysql { (name.chars().count(), "characters") } else { (name.len(), "bytes") };
        match self.max_name {
            _ if name.is_empty() => Some("it is empty".to_owned()),
            _ if name.contains('\0') => Some("it holds a zero byte".to_owned()),
            Some(max) if length > max => Some(format!("it has {length} {unit}, and {max} are the limit")),
            // Its own catalog is in three-byte UTF-8.
            _ if mysql && name.chars().any(|c| c > '\u{ffff}') => {
                Some("it holds a character outside the basic plane".to_owned())
            }
            _ if mysql && name.ends_with(' ') => Some("it ends with a space".to_owned()),
            _ => None,
        }
    }
}

static SQLITE: Dialect = Dialect {
    name: DialectName::Sqlite,
    label: "SQLite",
    enum_types: false,
    create_schema: false,
    qualified: false,
    comments: Comments::None,
    late_keys: LateKeys::Inline,
    inline_indexes: false,
    partial_indexes: true,
    expression_indexes: true,
    deferrable: true,
    set_default: true,
    virtual_columns: true,
    generated_not_null: true,
    name_constraints: false,
    max_name: None,
    global_index_names: true,
};

static POSTGRES: Dialect = Dialect {
    name: DialectName::Postgres,
    label: "PostgreSQL",
    enum_types: true,
    create_schema: true,
    qualified: true,
    comments: Comments::Statements,
    late_keys: LateKeys::Alter,
    inline_indexes: false,
    partial_indexes: true,
    expression_indexes: true,
    deferrable: true,
    set_default: true,
    virtual_columns: false,
    generated_not_null: true,
    name_constraints: true,
    max_name: Some(63),
    global_index_names: true,
};

static MYSQL: Dialect = Dialect {
    name: DialectName::Mysql,
    label: "MySQL",
    enum_types: false,
    create_schema: false,
    qualified: true,
    comments: Comments::Inline,
    late_keys: LateKeys::Alter,
    inline_indexes: true,
    partial_indexes: false,
    expression_indexes: false,
    deferrable: false,
    set_default: false,
    virtual_columns: true,
    generated_not_null: false,
    name_constraints: true,
    max_name: Some(64),
    global_index_names: false,
};
