//! Names of the logical types, and rules on their arguments.

use super::super::SqlType;

/// Longest `string(n)` that every database takes; longer ones are `text`.
pub const MAX_STRING: u32 = 16_383;
/// Most digits of a decimal that every database takes.
pub const MAX_PRECISION: u32 = 65;
/// Most digits after the point that every database takes.
pub const MAX_SCALE: u32 = 30;

/// The logical types by name, in the order of the guide. `string` needs a length, `decimal` takes two.
pub const NAMES: &[&str] = &[
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double",
    "decimal",
    "boolean",
    "string",
    "text",
    "bytes",
    "date",
    "time",
    "datetime",
    "timestamp",
    "interval",
    "uuid",
    "json",
];

/// A type that is one word.
#[must_use]
pub fn simple(name: &str) -> Option<SqlType> {
    Some(match name {
        "real" => SqlType::Real,
        "double" => SqlType::Double,
        "boolean" => SqlType::Boolean,
        "text" => SqlType::Text,
        "bytes" => SqlType::Bytes,
        "date" => SqlType::Date,
        "time" => SqlType::Time,
        "datetime" => SqlType::DateTime,
        "timestamp" => SqlType::Timestamp,
        "interval" => SqlType::Interval,
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        _ => return None,
    })
}

/// Our word for a type that other tools call by this name.
#[must_use]
pub fn foreign(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "int" | "int4" | "i32" | "mediumint" | "serial" => "integer",
        "int8" | "i64" | "bigserial" | "biginteger" | "long" => "bigint",
        "int2" | "i16" | "smallserial" | "short" => "smallint",
        "int1" | "i8" | "byte" => "tinyint",
        "bool" => "boolean",
        "float4" | "f32" => "real",
        "float" | "float8" | "f64" | "number" => "double",
        "numeric" | "money" => "decimal(10,2)",
        "str" | "varchar" | "char" | "character" | "nvarchar" => "string(80)",
        "clob" | "longtext" | "mediumtext" | "tinytext" | "citext" => "text",
        "blob" | "bytea" | "binary" | "varbinary" | "longblob" => "bytes",
        "timestamptz" | "instant" => "timestamp",
        "jsonb" => "json",
        "guid" => "uuid",
        _ => return None,
    })
}

/// What is wrong with the arguments of a type: a sentence and what to do.
#[must_use]
pub fn arguments(ty: &SqlType) -> Option<(String, String)> {
    let found = |message: &str, help: &str| Some((message.to_owned(), help.to_owned()));
    match ty {
        SqlType::String(0) => found("a string of no characters holds nothing", "give a length of at least 1"),
        SqlType::String(n) if *n > MAX_STRING => Some((
            format!("`string({n})` is longer than every database takes"),
            format!("use `text`, or at most `string({MAX_STRING})`"),
        )),
        SqlType::Decimal(Some((0, _))) => found("a decimal of no digits holds nothing", "give at least one digit"),
        SqlType::Decimal(Some((p, s))) if s > p => Some((
            format!("`decimal({p},{s})` has more digits after the point than digits"),
            format!("the first number counts all digits: write `decimal({},{s})`", p + s),
        )),
        SqlType::Decimal(Some((p, s))) if *p > MAX_PRECISION || *s > MAX_SCALE => Some((
            format!("`decimal({p},{s})` has more digits than every database takes"),
            format!("use at most `decimal({MAX_PRECISION},{MAX_SCALE})`"),
        )),
        SqlType::Array(inner) => arguments(inner),
        _ => None,
    }
}

/// Whether a text written by hand can only be a type: words, quoted names and literals, one balanced argument list or
/// brackets after them, and no comma or comment outside those, so that it cannot end the column or the statement.
#[must_use]
pub fn is_type_text(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut chars = text.trim().chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' | '`' => {
                // A backslash may hide the closing quote from MySQL.
                match chars.by_ref().find(|end| *end == c || *end == '\\') {
                    Some(end) if end == c => {}
                    _ => return false,
                }
            }
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return false,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => return false,
            '-' if before == '-' => return false,
            ',' | '.' | '_' | ' ' | '-' | '+' => {}
            c if c.is_alphanumeric() => {}
            _ => return false,
        }
        before = c;
    }
    depth == 0 && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_type() {
        for good in [
            "inet",
            "varchar(20)",
            "timestamp(3) with time zone",
            "geometry(Point, 4326)",
            "enum('a','it''s')",
            "\"My Type\"[]",
            "int[3][]",
            "numeric(10,-2)",
        ] {
            assert!(is_type_text(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "int, b int",
            "int); drop table x",
            "int -- ",
            "int /* */",
            "'open",
            "a(",
            "int[",
            "a)(",
            "enum('\\', 'x')",
        ] {
            assert!(!is_type_text(bad), "{bad}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        assert_eq!(arguments(&SqlType::String(80)), None);
        assert_eq!(arguments(&SqlType::Decimal(Some((10, 10)))), None);
        for ty in [
            SqlType::String(0),
            SqlType::String(u32::MAX),
            SqlType::Decimal(Some((2, 10))),
            SqlType::Decimal(Some((u32::MAX, u32::MAX))),
            SqlType::Array(Box::new(SqlType::String(0))),
        ] {
            assert!(arguments(&ty).is_some(), "{ty:?}");
        }
    }
}
