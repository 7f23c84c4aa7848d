//! What generated code uses and nobody else should: no promise of stability between versions of the generator.
#![doc(hidden)]

#[cfg(feature = "decimal")]
pub use crate::convert::Scaled;
pub use crate::convert::{Geometry, Number, Ordered, Textual, decode_with, encode_with, take_with, unexpected_null};
pub use crate::database::Database;
pub use crate::error::Result;
pub use crate::executor::{Executor, Out};
pub use crate::meta::{ColumnMeta, ForeignKeyMeta, ModelMeta, OnDelete, RelationMeta, Texts, ThroughMeta};
pub use crate::migrate::Migrator;
pub use crate::migrate::carried::{Migrations, Revisions, revision};
pub use crate::mode::Mode;
pub use crate::query::{
    Column, Delete, Handles, InsertMany, Insertable, IntoNullable, IntoNullableRef, IntoRef, Keyed, Model,
    ModelColumns, NotNull, Nullability, Owned, Puts, Query, Ref, Refers, Single, Unique, Update, Upsert, delete_row,
    find, get, insert_one, reload, save,
};
pub use crate::raw::{FromRow, from_named};
pub use crate::relation::{Links, Many, One, Optional, Rel, related};
pub use crate::row::Row;
pub use crate::session::Entity;
pub use crate::sql::{Node, Source};
pub use crate::value::{Kind, Value};
pub use crate::{Codec, ColumnType, Dialect, Error, Operand};

use crate::executor::Access;
use crate::value::quoted;

/// Reads an enum by its label; an unknown label is a `Decode` error.
pub fn decode_enum<T>(
    row: &Row<'_>,
    at: usize,
    name: &'static str,
    from_label: fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    row.with_text(at, |label| from_label(label).ok_or_else(|| unknown_label(name, label)))?.transpose()
}

/// The error of a text that is no label of an enum.
#[must_use]
pub fn unknown_label(name: &'static str, label: &str) -> Error {
    Error::decode(format!("a label of {name}"), quoted(label))
}

/// A column out of range of a model; cannot happen in generated code that matches its table.
#[cold]
pub fn no_column<T>(meta: &ModelMeta, column: usize) -> Result<T> {
    Err(Error::query(format!("{} has no column #{column}", meta.model)))
}

/// Statements per dialect; none where the dialect cannot do what the schema asks for.
#[derive(Debug)]
pub struct Script {
    /// For SQLite.
    pub sqlite: Option<&'static [&'static str]>,
    /// For PostgreSQL.
    pub postgres: Option<&'static [&'static str]>,
    /// For MySQL and MariaDB.
    pub mysql: Option<&'static [&'static str]>,
}

impl Script {
    /// The statements for a dialect.
    ///
    /// # Errors
    /// `Unsupported` when the dialect cannot do what the schema asks for.
    pub fn statements(&self, dialect: Dialect) -> Result<&'static [&'static str]> {
        let statements = match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
            Dialect::Mysql => self.mysql,
        };
        statements.ok_or_else(|| {
            let kind = crate::ErrorKind::Unsupported { feature: "this schema", dialect: dialect.name() };
            let message = format!("this schema was not generated for {}", dialect.name());
            Error::new(kind, message)
        })
    }

    /// Runs the statements in one transaction, where the database can. MySQL cannot: there a failure leaves what was
    /// done before it, and inside a transaction the script is refused. Settings of the connection stand before and
    /// behind the statements, since they have no effect inside; those behind are run in any case.
    pub fn run<'e, E: Executor<'e>>(&'static self, on: E) -> Out<'e, E, ()> {
        let target = on.target();
        E::Mode::run(async move {
            let mut lease = target.lease(Access::Write).await?;
            let statements = self.statements(lease.dialect())?;
            let first = statements.iter().position(|text| !is_setting(text)).unwrap_or(statements.len());
            let last = statements.iter().rposition(|text| !is_setting(text)).map_or(first, |at| at + 1);
            let (before, rest) = statements.split_at(first);
            let (inside, after) = rest.split_at(last - first);
            let atomic = lease.dialect().transactional_ddl();
            batches(&mut lease, before).await?;
            if atomic {
                lease.begin_atomic().await?;
            }
            let result = batches(&mut lease, inside).await;
            let result = if atomic { lease.finish_atomic(result).await } else { result };
            let restored = batches(&mut lease, after).await;
            result.and(restored)
        })
    }
}

/// Whether a statement sets something on the connection instead of changing the schema.
fn is_setting(statement: &str) -> bool {
    statement.starts_with("PRAGMA ") || statement.starts_with("SET ")
}

async fn batches(lease: &mut crate::executor::Lease<'_>, statements: &[&str]) -> Result<()> {
    for statement in statements {
        lease.batch(statement).await?;
    }
    Ok(())
}

/// The value of a field.
///
/// # Errors
/// `Encode` when it has no form in the database.
pub fn encode<T: ColumnType>(value: &T::Value) -> Result<Value<'_>> {
    T::encode(value)
}

/// A bound value of a column type.
pub fn bind<T: ColumnType>(value: &T::Value) -> Node {
    Node::bind(T::encode(value).map(Value::into_owned))
}

/// A bound text of a custom type over text, read by its codec first, so that only what it accepts is written.
pub fn bind_text<C: Codec<Sql = String>>(text: &str) -> Node {
    let value = C::decode(text.to_owned());
    let name = std::any::type_name::<C::Value>();
    Node::bind(value.map_err(|why| Error::encode(name, why)).and_then(|value| encode_with::<C>(&value)))
}
