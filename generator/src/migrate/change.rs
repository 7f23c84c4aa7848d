//! One step from a schema to the next.
//!
//! Changes name things and carry what they take away, so that each can be read, replayed and turned round by itself.
//! The databases' own ways of doing them are in [`super::ddl`].

use super::state::{Column, ForeignKey, Index, Table, Type, Unique, shown};
use crate::ir::{Check, Default as ColumnDefault, DialectName, Expr, Generated, RawType, SqliteOptions, TableName};

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Both<T> {
    /// Before.
    pub from: T,
    /// After.
    pub to: T,
}

impl<T: PartialEq> Both<T> {
    /// The two values, unless they are equal.
    pub fn differ(from: T, to: T) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }
}

impl<T> Both<T> {
    fn turned(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

/// A step from a schema to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Makes a table with everything in it.
    CreateTable(Box<Table>),
    /// Removes a table with its rows.
    DropTable(Box<Table>),
    /// Gives a table another name.
    RenameTable(Both<TableName>),
    /// Adds a column.
    AddColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: Box<Column>,
        /// What rows that are there get: needed for a column that takes no NULL and has no default.
        fill: Option<Expr>,
    },
    /// Removes a column with its values.
    DropColumn {
        /// The table.
        table: TableName,
        /// The column as it was.
        column: Box<Column>,
    },
    /// Gives a column another name.
    RenameColumn {
        /// The table.
        table: TableName,
        /// The names.
        name: Both<String>,
    },
    /// Changes properties of a column.
    AlterColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// What changes.
        change: Box<ColumnChange>,
    },
    /// Adds, removes or replaces the primary key; no columns are no key.
    PrimaryKey {
        /// The table.
        table: TableName,
        /// The columns.
        columns: Both<Vec<String>>,
    },
    /// Adds a unique constraint.
    AddUnique(TableName, Unique),
    /// Removes a unique constraint.
    DropUnique(TableName, Unique),
    /// Adds a check.
    AddCheck {
        /// The table.
        table: TableName,
        /// The check.
        check: Check,
        /// Whether the rows that are there are checked in the same transaction, with the table locked, where they could be
        /// checked afterwards (PostgreSQL).
        at_once: bool,
    },
    /// Removes a check.
    DropCheck(TableName, Check),
    /// Adds a foreign key.
    AddForeignKey {
        /// The table.
        table: TableName,
        /// The foreign key.
        key: ForeignKey,
        /// As of a check.
        at_once: bool,
    },
    /// Removes a foreign key.
    DropForeignKey(TableName, ForeignKey),
    /// Adds an index.
    AddIndex {
        /// The table.
        table: TableName,
        /// The index.
        index: Index,
        /// Without locking the table against writes, where the database has that (PostgreSQL).
        concurrently: bool,
    },
    /// Removes an index.
    DropIndex {
        /// The table.
        table: TableName,
        /// The index.
        index: Index,
        /// Without locking the table against writes, where the database has that (PostgreSQL).
        concurrently: bool,
    },
    /// Gives an index another name.
    RenameIndex {
        /// The table.
        table: TableName,
        /// The names.
        name: Both<String>,
    },
    /// Changes the comment of a table.
    CommentTable {
        /// The table.
        table: TableName,
        /// The comments.
        comment: Both<Option<String>>,
    },
    /// Changes the options that SQLite has for a table.
    SqliteOptions {
        /// The table.
        table: TableName,
        /// The options.
        options: Both<SqliteOptions>,
    },
    /// Makes an enum.
    CreateEnum {
        /// SQL name.
        name: TableName,
        /// Labels in order.
        labels: Vec<String>,
    },
    /// Removes an enum that no column has any more.
    DropEnum {
        /// SQL name.
        name: TableName,
        /// Labels in order.
        labels: Vec<String>,
    },
    /// Gives an enum another name.
    RenameEnum(Both<TableName>),
    /// Adds a label.
    AddEnumLabel {
        /// The enum.
        name: TableName,
        /// The label.
        label: String,
        /// The label that it stands before; at the end without one.
        before: Option<String>,
    },
    /// Removes a label.
    RemoveEnumLabel {
        /// The enum.
        name: TableName,
        /// The label.
        label: String,
        /// The label that it stood before.
        before: Option<String>,
        /// What rows that have it get instead. Without it, such rows stop the migration.
        replacement: Option<String>,
    },
    /// Gives a label another name, in all rows.
    RenameEnumLabel {
        /// The enum.
        name: TableName,
        /// The labels.
        label: Both<String>,
    },
    /// Puts the labels into another order.
    OrderEnum {
        /// The enum.
        name: TableName,
        /// The labels.
        labels: Both<Vec<String>>,
    },
    /// Runs SQL.
    Execute {
        /// The statements.
        sql: Sql,
        /// What they do to the schema, for the replay.
        effect: Vec<Change>,
    },
    /// Sets columns of existing rows, some at a time.
    Backfill(Box<Backfill>),
}

/// Statements written by hand, per database. A database without any has nothing to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sql {
    /// For SQLite.
    pub sqlite: Vec<String>,
    /// For PostgreSQL.
    pub postgres: Vec<String>,
    /// For MySQL and MariaDB.
    pub mysql: Vec<String>,
}

impl Sql {
    /// The same statements for all databases.
    #[must_use]
    pub fn all(statements: Vec<String>) -> Self {
        Self { sqlite: statements.clone(), postgres: statements.clone(), mysql: statements }
    }

    /// The statements for a database.
    #[must_use]
    pub fn get(&self, dialect: DialectName) -> &[String] {
        match dialect {
            DialectName::Sqlite => &self.sqlite,
            DialectName::Postgres => &self.postgres,
            DialectName::Mysql => &self.mysql,
        }
    }
}

/// Setting columns of existing rows, some at a time, each portion in a transaction of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The table.
    pub table: TableName,
    /// Columns and their values.
    pub set: Vec<(String, Expr)>,
    /// Which rows: a condition that no longer holds for a row that was set, so that it can be resumed.
    pub filter: Expr,
    /// Rows per portion.
    pub batch: u32,
}

/// What changes of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its type.
    pub ty: Option<Both<Type>>,
    /// The spelling of its type.
    pub declared: Option<Both<Option<RawType>>>,
    /// Whether NULL is allowed.
    pub nullable: Option<Both<bool>>,
    /// Its default.
    pub default: Option<Both<Option<ColumnDefault>>>,
    /// What it is generated by.
    pub generated: Option<Both<Option<Generated>>>,
    /// Its collation.
    pub collation: Option<Both<Option<String>>>,
    /// Its comment.
    pub comment: Option<Both<Option<String>>>,
    /// How a value of the old type becomes one of the new type; without it, as the database casts.
    pub using: Option<Expr>,
    /// What rows with NULL get when it is no longer allowed.
    pub fill: Option<Expr>,
    /// Whether rows are looked at in the same transaction when NULL is no longer allowed, as of a new check.
    pub at_once: bool,
}

impl ColumnChange {
    /// What differs between two columns, their names aside.
    #[must_use]
    pub fn between(from: &Column, to: &Column) -> Self {
        Self {
            ty: Both::differ(from.ty.clone(), to.ty.clone()),
            declared: Both::differ(from.declared.clone(), to.declared.clone()),
            nullable: Both::differ(from.nullable, to.nullable),
            default: Both::differ(from.default.clone(), to.default.clone()),
            generated: Both::differ(from.generated.clone(), to.generated.clone()),
            collation: Both::differ(from.collation.clone(), to.collation.clone()),
            comment: Both::differ(from.comment.clone(), to.comment.clone()),
            using: None,
            fill: None,
            at_once: false,
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.properties().is_empty()
    }

    /// Whether nothing changes but the comment.
    #[must_use]
    pub fn is_comment(&self) -> bool {
        self.properties() == ["comment"]
    }

    /// The names of what changes.
    #[must_use]
    pub fn properties(&self) -> Vec<&'static str> {
        [
            ("type", self.ty.is_some()),
            ("declared", self.declared.is_some()),
            ("null", self.nullable.is_some()),
            ("default", self.default.is_some()),
            ("generated", self.generated.is_some()),
            ("collation", self.collation.is_some()),
            ("comment", self.comment.is_some()),
        ]
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| name)
        .collect()
    }

    fn turned(self) -> Self {
        Self {
            ty: self.ty.map(Both::turned),
            declared: self.declared.map(Both::turned),
            nullable: self.nullable.map(Both::turned),
            default: self.default.map(Both::turned),
            generated: self.generated.map(Both::turned),
            collation: self.collation.map(Both::turned),
            comment: self.comment.map(Both::turned),
            using: None,
            fill: None,
            at_once: false,
        }
    }
}

/// How a change is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inverse {
    /// By a change that leaves nothing behind.
    Exact(Change),
    /// By a change that brings the schema back, but not all values; with what is lost.
    Lossy(Change, &'static str),
    /// Not by a change that is known; with the reason.
    None(&'static str),
}

impl Change {
    /// What takes the change back.
    #[must_use]
    pub fn inverse(&self) -> Inverse {
        use Inverse::{Exact, Lossy};
        match self.clone() {
            Self::CreateTable(table) => Exact(Self::DropTable(table)),
            Self::DropTable(table) => Lossy(Self::CreateTable(table), "the rows of the table are gone"),
            Self::RenameTable(name) => Exact(Self::RenameTable(name.turned())),
            Self::AddColumn { table, column, .. } => Exact(Self::DropColumn { table, column }),
            Self::DropColumn { table, column } if column.generated.is_some() => {
                Exact(Self::AddColumn { table, column, fill: None })
            }
            Self::DropColumn { table, column } => {
                let why = if column.needs_value() {
                    "the values of the column are gone, and rows need one: add `fill:` with it below, or the way back \
                     is refused where there are rows"
                } else {
                    "the values of the column are gone"
                };
                Lossy(Self::AddColumn { table, column, fill: None }, why)
            }
            Self::RenameColumn { table, name } => Exact(Self::RenameColumn { table, name: name.turned() }),
            Self::AlterColumn { table, column, change } => {
                let lossy = change.ty.is_some() || change.generated.is_some();
                let back = Self::AlterColumn { table, column, change: Box::new(change.turned()) };
                if lossy {
                    Lossy(back, "values that the other type cannot hold are not the same again")
                } else {
                    Exact(back)
                }
            }
            Self::PrimaryKey { table, columns } => Exact(Self::PrimaryKey { table, columns: columns.turned() }),
            Self::AddUnique(table, unique) => Exact(Self::DropUnique(table, unique)),
            Self::DropUnique(table, unique) => Exact(Self::AddUnique(table, unique)),
            Self::AddCheck { table, check, .. } => Exact(Self::DropCheck(table, check)),
            Self::DropCheck(table, check) => Exact(Self::AddCheck { table, check, at_once: false }),
            Self::AddForeignKey { table, key, .. } => Exact(Self::DropForeignKey(table, key)),
            Self::DropForeignKey(table, key) => Exact(Self::AddForeignKey { table, key, at_once: false }),
            Self::AddIndex { table, index, concurrently } => Exact(Self::DropIndex { table, index, concurrently }),
            Self::DropIndex { table, index, concurrently } => Exact(Self::AddIndex { table, index, concurrently }),
            Self::RenameIndex { table, name } => Exact(Self::RenameIndex { table, name: name.turned() }),
            Self::CommentTable { table, comment } => Exact(Self::CommentTable { table, comment: comment.turned() }),
            Self::SqliteOptions { table, options } => Exact(Self::SqliteOptions { table, options: options.turned() }),
            Self::CreateEnum { name, labels } => Exact(Self::DropEnum { name, labels }),
            Self::DropEnum { name, labels } => Exact(Self::CreateEnum { name, labels }),
            Self::RenameEnum(name) => Exact(Self::RenameEnum(name.turned())),
            Self::AddEnumLabel { name, label, before } => {
                Exact(Self::RemoveEnumLabel { name, label, before, replacement: None })
            }
            Self::RemoveEnumLabel { name, label, before, replacement } => {
                let back = Self::AddEnumLabel { name, label, before };
                match replacement {
                    Some(_) => Lossy(back, "which rows had the label is not known any more"),
                    None => Exact(back),
                }
            }
            Self::RenameEnumLabel { name, label } => Exact(Self::RenameEnumLabel { name, label: label.turned() }),
            Self::OrderEnum { name, labels } => Exact(Self::OrderEnum { name, labels: labels.turned() }),
            Self::Execute { .. } => Inverse::None("what takes hand-written SQL back must be written by hand"),
            Self::Backfill(_) => Inverse::None("what stood in the rows before is not known any more"),
        }
    }

    /// The name that the files have for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateTable(_) => "create_table",
            Self::DropTable(_) => "drop_table",
            Self::RenameTable(_) => "rename_table",
            Self::AddColumn { .. } => "add_column",
            Self::DropColumn { .. } => "drop_column",
            Self::RenameColumn { .. } => "rename_column",
            Self::AlterColumn { .. } => "alter_column",
            Self::PrimaryKey { .. } => "primary_key",
            Self::AddUnique(..) => "add_unique",
            Self::DropUnique(..) => "drop_unique",
            Self::AddCheck { .. } => "add_check",
            Self::DropCheck(..) => "drop_check",
            Self::AddForeignKey { .. } => "add_foreign_key",
            Self::DropForeignKey(..) => "drop_foreign_key",
            Self::AddIndex { .. } => "add_index",
            Self::DropIndex { .. } => "drop_index",
            Self::RenameIndex { .. } => "rename_index",
            Self::CommentTable { .. } => "comment_table",
            Self::SqliteOptions { .. } => "sqlite_options",
            Self::CreateEnum { .. } => "create_enum",
            Self::DropEnum { .. } => "drop_enum",
            Self::RenameEnum(_) => "rename_enum",
            Self::AddEnumLabel { .. } => "add_enum_label",
            Self::RemoveEnumLabel { .. } => "remove_enum_label",
            Self::RenameEnumLabel { .. } => "rename_enum_label",
            Self::OrderEnum { .. } => "order_enum",
            Self::Execute { .. } => "execute",
            Self::Backfill(_) => "backfill",
        }
    }

    /// The table that it works on, by its name before the change.
    #[must_use]
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Self::CreateTable(table) | Self::DropTable(table) => Some(&table.name),
            Self::RenameTable(name) => Some(&name.from),
            Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::AlterColumn { table, .. }
            | Self::PrimaryKey { table, .. }
            | Self::AddUnique(table, _)
            | Self::DropUnique(table, _)
            | Self::AddCheck { table, .. }
            | Self::DropCheck(table, _)
            | Self::AddForeignKey { table, .. }
            | Self::DropForeignKey(table, _)
            | Self::AddIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::RenameIndex { table, .. }
            | Self::CommentTable { table, .. }
            | Self::SqliteOptions { table, .. } => Some(table),
            Self::Backfill(backfill) => Some(&backfill.table),
            Self::CreateEnum { .. }
            | Self::DropEnum { .. }
            | Self::RenameEnum(_)
            | Self::AddEnumLabel { .. }
            | Self::RemoveEnumLabel { .. }
            | Self::RenameEnumLabel { .. }
            | Self::OrderEnum { .. }
            | Self::Execute { .. } => None,
        }
    }

    /// What it does in a few words, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let on = |what: String, table: &TableName| format!("{what} of {}", shown(table));
        let list = |columns: &[String]| columns.join(", ");
        match self {
            Self::CreateTable(table) => format!("create table {}", shown(&table.name)),
            Self::DropTable(table) => format!("drop table {}", shown(&table.name)),
            Self::RenameTable(name) => format!("rename table {} to {}", shown(&name.from), shown(&name.to)),
            Self::AddColumn { table, column, .. } => format!("add column {}.{}", shown(table), column.name),
            Self::DropColumn { table, column } => format!("drop column {}.{}", shown(table), column.name),
            Self::RenameColumn { table, name } => {
                format!("rename column {}.{} to {}", shown(table), name.from, name.to)
            }
            Self::AlterColumn { table, column, change } => {
                format!("alter column {}.{column}: {}", shown(table), change.properties().join(", "))
            }
            Self::PrimaryKey { table, columns } if columns.to.is_empty() => on("drop the primary key".into(), table),
            Self::PrimaryKey { table, columns } => on(format!("make ({}) the primary key", list(&columns.to)), table),
            Self::AddUnique(table, unique) => on(format!("add unique ({})", list(&unique.columns)), table),
            Self::DropUnique(table, unique) => on(format!("drop unique ({})", list(&unique.columns)), table),
            Self::AddCheck { table, check, .. } => on(format!("add check {}", check_name(check)), table),
            Self::DropCheck(table, check) => on(format!("drop check {}", check_name(check)), table),
            Self::AddForeignKey { table, key, .. } => {
                let what = format!("add foreign key ({}) to {}", list(&key.columns), shown(&key.table));
                on(what, table)
            }
            Self::DropForeignKey(table, key) => {
                let what = format!("drop foreign key ({}) to {}", list(&key.columns), shown(&key.table));
                on(what, table)
            }
            Self::AddIndex { table, index, .. } => on(format!("add index {}", index_name(index)), table),
            Self::DropIndex { table, index, .. } => on(format!("drop index {}", index_name(index)), table),
            Self::RenameIndex { table, name } => on(format!("rename index {} to {}", name.from, name.to), table),
            Self::CommentTable { table, .. } => on("change the comment".into(), table),
            Self::SqliteOptions { table, .. } => on("change the SQLite options".into(), table),
            Self::CreateEnum { name, .. } => format!("create enum {name}"),
            Self::DropEnum { name, .. } => format!("drop enum {name}"),
            Self::RenameEnum(name) => format!("rename enum {} to {}", name.from, name.to),
            Self::AddEnumLabel { name, label, .. } => format!("add label {label:?} to enum {name}"),
            Self::RemoveEnumLabel { name, label, .. } => format!("remove label {label:?} from enum {name}"),
            Self::RenameEnumLabel { name, label } => {
                format!("rename label {:?} of enum {name} to {:?}", label.from, label.to)
            }
            Self::OrderEnum { name, .. } => format!("order the labels of enum {name}"),
            Self::Execute { .. } => "run SQL".to_owned(),
            Self::Backfill(backfill) => {
                let columns: Vec<&str> = backfill.set.iter().map(|(column, _)| column.as_str()).collect();
                on(format!("fill {}", columns.join(", ")), &backfill.table)
            }
        }
    }
}

fn check_name(check: &Check) -> String {
    match (&check.name, check.expr.neutral_text()) {
        (Some(name), _) => name.clone(),
        (None, Some(text)) => format!("({text})"),
        (None, None) => "without a name".to_owned(),
    }
}

fn index_name(index: &Index) -> String {
    match &index.name {
        Some(name) => name.clone(),
        None => format!("({})", index.columns().collect::<Vec<_>>().join(", ")),
    }
}

/// What takes a list of changes back, in the order in which it has to be done, and why parts of it cannot be or lose
/// something: one text per such change, which begins with what the change does.
#[must_use]
pub fn invert(changes: &[Change]) -> (Vec<Change>, Vec<String>) {
    let mut back = Vec::with_capacity(changes.len());
    let mut notes = Vec::new();
    for change in changes.iter().rev() {
        let note = |why: &str| format!("{}: {why}", change.describe());
        match change.inverse() {
            Inverse::Exact(inverse) => back.push(inverse),
            Inverse::Lossy(inverse, why) => {
                back.push(inverse);
                notes.push(note(why));
            }
            Inverse::None(why) => notes.push(note(why)),
        }
    }
    notes.reverse();
    (back, notes)
}
