//! Declared types of SQLite as logical types.
//!
//! SQLite takes any words as a type and derives an affinity from them; what people mean by the words is in a table
//! here. Integers of every declared width are 64 bits wide in SQLite, so all of them are read as `bigint`. What the
//! table does not know is read by affinity, and where that says nothing (NUMERIC, or no type at all) as raw text.

use crate::ir::check::types::{MAX_PRECISION, MAX_SCALE, MAX_STRING};
use crate::ir::{RawType, SqlType};

/// What a declared type was read as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The logical type.
    pub ty: SqlType,
    /// Whether the declaration says enough to be sure.
    pub certain: bool,
}

/// The logical type of a declared one.
pub(super) fn logical(declared: &str, strict: bool) -> Reading {
    let (words, arguments) = parts(declared);
    let certain = |ty| Reading { ty, certain: true };
    if words.is_empty() || (strict && words == "ANY") {
        return Reading { ty: raw(declared), certain: false };
    }
    if let Some((_, class)) = WORDS.iter().find(|(names, _)| names.contains(&words.as_str())) {
        return certain(class.ty(&arguments));
    }
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if has(&["INT"]) {
        Reading { ty: BIGINT, certain: has(&["UNSIGNED", "SIGNED"]) }
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Reading { ty: Class::Char.ty(&arguments), certain: true }
    } else if has(&["BLOB"]) {
        certain(SqlType::Bytes)
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        certain(SqlType::Double)
    } else {
        Reading { ty: raw(declared), certain: false }
    }
}

/// The type of a view's column that is computed: SQLite reports its affinity.
pub(super) fn computed(affinity: &str) -> SqlType {
    match affinity.to_ascii_uppercase().as_str() {
        "NUM" => SqlType::Double,
        _ => raw(affinity),
    }
}

/// The declared type that DDL of ours has for a logical one, to tell whether a database's own spelling is worth
/// keeping.
pub(super) fn ours(ty: &SqlType, strict: bool, rowid: bool) -> String {
    let word = match ty {
        SqlType::BigInt { .. } if strict || rowid => "INTEGER",
        SqlType::Boolean if strict => "INTEGER",
        SqlType::Double if strict => "REAL",
        SqlType::Bytes => "BLOB",
        SqlType::Decimal(_) | SqlType::Raw(_) if strict => "ANY",
        _ if strict => "TEXT",
        SqlType::BigInt { .. } => "BIGINT",
        SqlType::Double => "DOUBLE",
        SqlType::Decimal(None) => "DECIMAL",
        SqlType::Decimal(Some((precision, scale))) => return format!("DECIMAL({precision},{scale})"),
        SqlType::Boolean => "BOOLEAN",
        SqlType::String(length) => return format!("VARCHAR({length})"),
        SqlType::Date => "DATE",
        SqlType::Time => "TIME",
        SqlType::DateTime => "DATETIME",
        SqlType::Timestamp => "TIMESTAMP",
        SqlType::Uuid => "UUID_TEXT",
        SqlType::Json => "JSON_TEXT",
        SqlType::Raw(raw) => return raw.sqlite.clone().unwrap_or_default(),
        _ => "TEXT",
    };
    word.to_owned()
}

/// Whether two spellings of a type make SQLite treat values differently. Other differences between them are none: it
/// keeps neither lengths nor kinds.
pub(super) fn differ(one: &str, other: &str) -> bool {
    affinity(one) != affinity(other)
}

/// What SQLite derives from a type's words, by the rules of its manual. INTEGER and NUMERIC differ in casts only.
fn affinity(declared: &str) -> &'static str {
    let words = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if has(&["INT"]) {
        "NUMERIC"
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if has(&["BLOB"]) || words.trim().is_empty() {
        "BLOB"
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

const BIGINT: SqlType = SqlType::BigInt { unsigned: false };

/// A type carried as text. A column without a type converts nothing, just like one declared `BLOB`.
fn raw(declared: &str) -> SqlType {
    let spelling = if declared.trim().is_empty() { "BLOB" } else { declared };
    SqlType::Raw(RawType { sqlite: Some(spelling.to_owned()), ..RawType::default() })
}

/// What words of a type stand for.
#[derive(Clone, Copy)]
enum Class {
    Int,
    Bool,
    Double,
    Decimal,
    Char,
    Text,
    Bytes,
    Date,
    Time,
    DateTime,
    Timestamp,
    Uuid,
    Json,
}

impl Class {
    fn ty(self, arguments: &[u32]) -> SqlType {
        match (self, arguments) {
            (Self::Int, _) => BIGINT,
            (Self::Bool, _) => SqlType::Boolean,
            (Self::Double, _) => SqlType::Double,
            (Self::Decimal, [precision, ..]) if *precision > MAX_PRECISION => SqlType::Decimal(None),
            (Self::Decimal, [precision]) if *precision > 0 => SqlType::Decimal(Some((*precision, 0))),
            (Self::Decimal, [precision, scale]) if *precision > 0 && scale <= precision && *scale <= MAX_SCALE => {
                SqlType::Decimal(Some((*precision, *scale)))
            }
            (Self::Decimal, _) => SqlType::Decimal(None),
            (Self::Char, [length]) if (1..=MAX_STRING).contains(length) => SqlType::String(*length),
            (Self::Char | Self::Text, _) => SqlType::Text,
            (Self::Bytes, _) => SqlType::Bytes,
            (Self::Date, _) => SqlType::Date,
            (Self::Time, _) => SqlType::Time,
            (Self::DateTime, _) => SqlType::DateTime,
            (Self::Timestamp, _) => SqlType::Timestamp,
            (Self::Uuid, _) => SqlType::Uuid,
            (Self::Json, _) => SqlType::Json,
        }
    }
}

/// Words of declared types, without their arguments.
const WORDS: &[(&[&str], Class)] = &[
    (
        &[
            "INTEGER",
            "INT",
            "TINYINT",
            "SMALLINT",
            "MEDIUMINT",
            "BIGINT",
            "INT2",
            "INT4",
            "INT8",
            "UNSIGNED BIG INT",
            "SERIAL",
            "BIGSERIAL",
            "SMALLSERIAL",
            "ROWID",
            "YEAR",
            "ROWVERSION",
        ],
        Class::Int,
    ),
    (&["BOOLEAN", "BOOL"], Class::Bool),
    (&["REAL", "DOUBLE", "DOUBLE PRECISION", "FLOAT", "FLOAT4", "FLOAT8"], Class::Double),
    (&["DECIMAL", "NUMERIC", "DEC", "NUMBER", "MONEY", "SMALLMONEY", "CURRENCY"], Class::Decimal),
    (
        &[
            "CHAR",
            "VARCHAR",
            "NCHAR",
            "NVARCHAR",
            "VARCHAR2",
            "NVARCHAR2",
            "CHARACTER",
            "CHARACTER VARYING",
            "VARYING CHARACTER",
            "NATIVE CHARACTER",
            "BPCHAR",
        ],
        Class::Char,
    ),
    (
        &[
            "TEXT",
            "CLOB",
            "NCLOB",
            "NTEXT",
            "TINYTEXT",
            "MEDIUMTEXT",
            "LONGTEXT",
            "CITEXT",
            "STRING",
            "XML",
            "ENUM",
            "SET",
            "NAME",
            "INET",
            "CIDR",
        ],
        Class::Text,
    ),
    (
        &[
            "BLOB",
            "TINYBLOB",
            "MEDIUMBLOB",
            "LONGBLOB",
            "BYTEA",
            "BINARY",
            "VARBINARY",
            "BINARY VARYING",
            "BYTES",
            "IMAGE",
        ],
        Class::Bytes,
    ),
    (&["DATE"], Class::Date),
    (&["TIME", "TIME WITHOUT TIME ZONE"], Class::Time),
    (&["DATETIME", "DATETIME2", "SMALLDATETIME", "TIMESTAMP WITHOUT TIME ZONE"], Class::DateTime),
    (&["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "DATETIMEOFFSET"], Class::Timestamp),
    (&["UUID", "UUID_TEXT", "GUID", "UNIQUEIDENTIFIER"], Class::Uuid),
    (&["JSON", "JSON_TEXT", "JSONB"], Class::Json),
];

/// The words of a declared type in capitals, and its arguments.
fn parts(declared: &str) -> (String, Vec<u32>) {
    let (before, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let (inner, after) = rest.split_once(')').unwrap_or((rest, ""));
    let words: Vec<String> =
        before.split_whitespace().chain(after.split_whitespace()).map(str::to_ascii_uppercase).collect();
    let arguments = inner.split(',').map_while(|text| text.trim().parse().ok()).collect();
    (words.join(" "), arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(declared: &str) -> SqlType {
        logical(declared, false).ty
    }

    #[test]
    fn the_words_that_people_write() {
        for (declared, ty) in [
            ("INTEGER", BIGINT),
            ("int(11)", BIGINT),
            ("TINYINT(1)", BIGINT),
            ("UNSIGNED BIG INT", BIGINT),
            ("bool", SqlType::Boolean),
            ("NVARCHAR(160)", SqlType::String(160)),
            ("VARYING CHARACTER ( 255 )", SqlType::String(255)),
            ("varchar", SqlType::Text),
            ("VARCHAR(0)", SqlType::Text),
            ("VARCHAR(99999999999)", SqlType::Text),
            ("NUMERIC(10, 2)", SqlType::Decimal(Some((10, 2)))),
            ("NUMERIC(10)", SqlType::Decimal(Some((10, 0)))),
            ("DECIMAL(2,10)", SqlType::Decimal(None)),
            ("double  precision", SqlType::Double),
            ("float(2,1)", SqlType::Double),
            ("varbinary(100)", SqlType::Bytes),
            ("timestamp(6) with time zone", SqlType::Timestamp),
            ("DATETIME", SqlType::DateTime),
            ("UUID_TEXT", SqlType::Uuid),
            ("my_text_type", SqlType::Text),
        ] {
            assert_eq!(read(declared), ty, "{declared}");
        }
    }

    #[test]
    fn what_says_nothing_is_raw_and_uncertain() {
        for declared in ["", "GEOMETRY", "BIT(1)", "💥"] {
            let reading = logical(declared, false);
            assert_eq!(reading.ty, raw(declared), "{declared}");
            assert!(!reading.certain, "{declared}");
        }
        assert!(!logical("FLOATING POINT", false).certain, "its affinity is INTEGER");
        assert!(!logical("ANY", true).certain);
    }

    #[test]
    fn our_spellings_read_as_themselves() {
        for ty in [
            BIGINT,
            SqlType::Double,
            SqlType::Decimal(None),
            SqlType::Decimal(Some((10, 2))),
            SqlType::Boolean,
            SqlType::String(80),
            SqlType::Text,
            SqlType::Bytes,
            SqlType::Date,
            SqlType::Time,
            SqlType::DateTime,
            SqlType::Timestamp,
            SqlType::Uuid,
            SqlType::Json,
        ] {
            assert_eq!(read(&ours(&ty, false, false)), ty);
        }
        assert!(!differ("decimal( 10, 2)", "DECIMAL(10,2)"));
        assert!(!differ("INT", "BIGINT") && !differ("NVARCHAR(40)", "VARCHAR(40)"));
        assert!(differ("STRING", "TEXT") && differ("JSON", "JSON_TEXT"));
    }
}
