//! How each database spells a logical type.
//!
//! SQLite takes any word and derives an *affinity* from it: `INT` anywhere gives INTEGER, `CHAR`/`CLOB`/`TEXT` TEXT,
//! `BLOB` BLOB, `REAL`/`FLOA`/`DOUB` REAL, everything else NUMERIC, which turns text that looks like a number into
//! one. The words here keep the logical type readable in the file and give the right affinity: dates and times may be
//! NUMERIC, because their fixed forms always hold a `-` or `:`; JSON (`1.0` is a document) and UUIDs (`…` of digits
//! and one `e`, written without hyphens by somebody else) must be TEXT, hence `JSON_TEXT` and `UUID_TEXT`.
//!
//! MySQL: text without a length is LONGTEXT, because TEXT ends at 64 KiB. A timestamp is TIMESTAMP(6), so that a
//! reader can tell it from a datetime; MariaDB before 11.5 and MySQL end it in 2038 and refuse later values. UUIDs are
//! CHAR(36), as only MariaDB has a type for them.

use super::dialect::Dialect;
use crate::ir::check::types::is_type_text;
use crate::ir::quote::quote_string;
use crate::ir::{DialectName, RawType, Schema, SqlType, TableName};

/// Why a type cannot be written: a reason that follows "… is not possible on X:", and a remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The reason.
    pub reason: String,
    /// What to do.
    pub help: &'static str,
    /// The spelling is not that of one type, rather than unsupported.
    pub malformed: bool,
}

fn refuse(reason: impl Into<String>, help: &'static str) -> Refusal {
    Refusal { reason: reason.into(), help, malformed: false }
}

/// The spelling of a type.
pub(super) fn spelling(ty: &SqlType, dialect: &Dialect, schema: &Schema) -> Result<String, Refusal> {
    match ty {
        SqlType::Custom(id) => spelling(&schema.custom(*id).sql, dialect, schema),
        SqlType::Array(inner) if dialect.name == DialectName::Postgres => {
            Ok(format!("{}[]", spelling(inner, dialect, schema)?))
        }
        SqlType::Array(_) => Err(refuse("it has no arrays", "use `json`, or a table of its own")),
        SqlType::Enum(id) => Ok(enum_spelling(schema.enum_type(*id), dialect)),
        SqlType::Raw(raw) => raw_spelling(raw, dialect),
        SqlType::String(length) if dialect.name == DialectName::Mysql && *length > 16_383 => {
            Err(refuse("a string holds at most 16383 characters", "use `text`"))
        }
        SqlType::String(length) => Ok(format!("VARCHAR({length})")),
        SqlType::Decimal(Some((precision, scale))) => decimal(*precision, *scale, dialect),
        plain => word(plain, dialect),
    }
}

fn enum_spelling(ty: &crate::ir::EnumType, dialect: &Dialect) -> String {
    match dialect.name {
        DialectName::Sqlite => "TEXT".to_owned(),
        DialectName::Postgres => enum_type_name(&ty.sql_name),
        DialectName::Mysql => format!("ENUM({})", labels(ty, dialect)),
    }
}

/// The labels of an enum as a list of literals.
pub(super) fn labels(ty: &crate::ir::EnumType, dialect: &Dialect) -> String {
    ty.variants.iter().map(|variant| quote_string(dialect.name, &variant.label)).collect::<Vec<_>>().join(", ")
}

/// The quoted name of a PostgreSQL enum type, with its schema if it has one.
pub(super) fn enum_type_name(name: &TableName) -> String {
    super::walk::table_name(name, Dialect::of(DialectName::Postgres))
}

fn decimal(precision: u32, scale: u32, dialect: &Dialect) -> Result<String, Refusal> {
    let (word, most) = match dialect.name {
        DialectName::Sqlite => ("DECIMAL", (u32::MAX, u32::MAX)),
        DialectName::Postgres => ("NUMERIC", (1000, 1000)),
        DialectName::Mysql => ("DECIMAL", (65, 30)),
    };
    if precision > most.0 || scale > most.1 {
        let reason = format!("decimals have at most {} digits, {} of them after the point", most.0, most.1);
        return Err(refuse(reason, "use a smaller precision and scale"));
    }
    Ok(format!("{word}({precision},{scale})"))
}

fn raw_spelling(raw: &RawType, dialect: &Dialect) -> Result<String, Refusal> {
    match raw.get(dialect.name) {
        None => {
            Err(refuse("the type is not spelled for it", "add its spelling under `raw`, or leave this database out"))
        }
        Some(text) if is_type_text(text) => Ok(text.trim().to_owned()),
        Some(text) => Err(Refusal {
            reason: format!("{text:?} is not the text of one type"),
            help: "write the type alone, as after a column's name",
            malformed: true,
        }),
    }
}

/// The table of words: SQLite, PostgreSQL, MySQL; empty where there is none.
fn word(ty: &SqlType, dialect: &Dialect) -> Result<String, Refusal> {
    let words = match ty {
        SqlType::TinyInt { unsigned: false } => ["TINYINT", "SMALLINT", "TINYINT"],
        SqlType::TinyInt { unsigned: true } => ["TINYINT UNSIGNED", "", "TINYINT UNSIGNED"],
        SqlType::SmallInt { unsigned: false } => ["SMALLINT", "SMALLINT", "SMALLINT"],
        SqlType::SmallInt { unsigned: true } => ["SMALLINT UNSIGNED", "", "SMALLINT UNSIGNED"],
        SqlType::Integer { unsigned: false } => ["INTEGER", "INTEGER", "INT"],
        SqlType::Integer { unsigned: true } => ["INTEGER UNSIGNED", "", "INT UNSIGNED"],
        SqlType::BigInt { unsigned: false } => ["BIGINT", "BIGINT", "BIGINT"],
        SqlType::BigInt { unsigned: true } => ["", "", "BIGINT UNSIGNED"],
        SqlType::Real => ["REAL", "REAL", "FLOAT"],
        SqlType::Double => ["DOUBLE", "DOUBLE PRECISION", "DOUBLE"],
        SqlType::Decimal(_) => ["DECIMAL", "NUMERIC", "DECIMAL(65,30)"],
        SqlType::Boolean => ["BOOLEAN", "BOOLEAN", "BOOLEAN"],
        SqlType::Text => ["TEXT", "TEXT", "LONGTEXT"],
        SqlType::Bytes => ["BLOB", "BYTEA", "LONGBLOB"],
        SqlType::Date => ["DATE", "DATE", "DATE"],
        SqlType::Time => ["TIME", "TIME", "TIME(6)"],
        SqlType::DateTime => ["DATETIME", "TIMESTAMP", "DATETIME(6)"],
        SqlType::Timestamp => ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP(6)"],
        SqlType::Interval => ["", "INTERVAL", ""],
        SqlType::Uuid => ["UUID_TEXT", "UUID", "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"],
        SqlType::Json => ["JSON_TEXT", "JSONB", "JSON"],
        _ => ["", "", ""],
    };
    let [sqlite, postgres, mysql] = words;
    let word = match dialect.name {
        DialectName::Sqlite => sqlite,
        DialectName::Postgres => postgres,
        DialectName::Mysql => mysql,
    };
    if !word.is_empty() {
        return Ok(word.to_owned());
    }
    Err(match ty {
        SqlType::BigInt { unsigned: true } => {
            refuse("it has no unsigned 64-bit integers", "use `bigint`, or `decimal(20,0)`")
        }
        SqlType::Interval => refuse("it has no intervals", "use `bigint` with a unit of your own"),
        _ => refuse("it has no such type", "use the next larger signed type"),
    })
}

/// The spelling in a STRICT table of SQLite, which knows six types only. Decimals are ANY, which keeps a number as it
/// was written.
pub(super) fn strict(ty: &SqlType, schema: &Schema) -> &'static str {
    match ty {
        SqlType::Custom(id) => strict(&schema.custom(*id).sql, schema),
        SqlType::TinyInt { .. }
        | SqlType::SmallInt { .. }
        | SqlType::Integer { .. }
        | SqlType::BigInt { .. }
        | SqlType::Boolean => "INTEGER",
        SqlType::Real | SqlType::Double => "REAL",
        SqlType::Bytes => "BLOB",
        SqlType::Decimal(_) | SqlType::Raw(_) => "ANY",
        _ => "TEXT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_enum_types_are_quoted_part_by_part() {
        let named = |schema: Option<&str>, name: &str| {
            enum_type_name(&TableName { schema: schema.map(str::to_owned), name: name.to_owned() })
        };
        assert_eq!(named(None, "mo.od"), "\"mo.od\"");
        assert_eq!(named(Some("We.ird"), "mo\"od"), "\"We.ird\".\"mo\"\"od\"");
    }
}
