//! Types of MySQL and MariaDB as logical ones. The table is at the end.
//!
//! A boolean is `tinyint(1)` there, and MariaDB's JSON a `longtext` with a check, which is for the caller to know.

use super::catalog::Column as Row;
use crate::ir::SqlType;
use crate::ir::check::types::{MAX_PRECISION, MAX_SCALE, MAX_STRING};
use crate::ir::expr::Family;
use crate::source::live::server::raw;

/// What the type of a column was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub ty: SqlType,
    pub family: Family,
    /// The server's spelling, where DDL of ours would have another one.
    pub declared: Option<String>,
    /// Labels, in place of the type.
    pub labels: Option<Vec<String>>,
    /// Whether the type says enough to be sure.
    pub certain: bool,
}

/// The collations that tables of ours have: text by its bytes.
const OURS: &[&str] = &["utf8mb4_nopad_bin", "utf8mb4_0900_bin"];

/// The collation of a column, where it is not that of tables of ours.
pub(super) fn collation(row: &Row, ty: &SqlType) -> Option<String> {
    let own = matches!(ty, SqlType::Uuid | SqlType::Json | SqlType::Bytes);
    row.collation.clone().filter(|name| !own && !OURS.contains(&name.as_str()))
}

/// The type of a column.
pub(super) fn read(row: &Row, json: bool) -> Reading {
    let spelled = without_width(&row.spelled);
    let unsigned = spelled.contains(" unsigned");
    let (ty, family, certain) = logical(row, &spelled, unsigned, json);
    let labels = (row.word == "enum").then(|| labels(&row.spelled)).flatten();
    let usual = ours(&ty, json);
    let raw = matches!(ty, SqlType::Raw(_));
    let declared = (!raw && labels.is_none() && spelled != usual).then_some(spelled);
    Reading { ty, family, declared, labels, certain }
}

fn logical(row: &Row, spelled: &str, unsigned: bool, json: bool) -> (SqlType, Family, bool) {
    if json {
        return (SqlType::Json, Family::Other, true);
    }
    let ascii = row.collation.as_deref() == Some("ascii_bin");
    match (row.word.as_str(), spelled) {
        ("tinyint", "tinyint(1)") | ("bit", "bit(1)") => return (SqlType::Boolean, Family::Boolean, true),
        ("char", "char(36)") if ascii => return (SqlType::Uuid, Family::Text, true),
        _ => {}
    }
    let Some((_, class)) = WORDS.iter().find(|(words, _)| words.contains(&row.word.as_str())) else {
        return (SqlType::Raw(raw(crate::ir::DialectName::Mysql, spelled)), Family::Other, true);
    };
    match class {
        Class::Tiny => (SqlType::TinyInt { unsigned }, Family::Integer, true),
        Class::Small => (SqlType::SmallInt { unsigned }, Family::Integer, true),
        Class::Medium => (SqlType::Integer { unsigned }, Family::Integer, true),
        Class::Big => (SqlType::BigInt { unsigned }, Family::Integer, true),
        Class::Bits => (SqlType::BigInt { unsigned: true }, Family::Other, true),
        Class::Year => (SqlType::SmallInt { unsigned: true }, Family::Integer, true),
        Class::Real => (SqlType::Real, Family::Number, true),
        Class::Double => (SqlType::Double, Family::Number, true),
        Class::Decimal => (SqlType::Decimal(decimal(spelled)), Family::Number, true),
        Class::Char => (characters(spelled), Family::Text, true),
        Class::Text => (SqlType::Text, Family::Text, true),
        Class::Bytes => (SqlType::Bytes, Family::Other, true),
        Class::Vector => (SqlType::Bytes, Family::Other, false),
        Class::Date => (SqlType::Date, Family::Other, true),
        Class::Time => (SqlType::Time, Family::Other, true),
        Class::DateTime => (SqlType::DateTime, Family::Other, true),
        Class::Timestamp => (SqlType::Timestamp, Family::Other, true),
        Class::Uuid => (SqlType::Uuid, Family::Other, true),
        Class::Json => (SqlType::Json, Family::Other, true),
    }
}

/// Without the width in which a client shows an integer, which MySQL does not report any more.
pub(super) fn without_width(spelled: &str) -> String {
    let spelled = spelled.to_owned();
    let Some((word, rest)) = spelled.split_once('(') else { return spelled };
    let integer = ["tinyint", "smallint", "mediumint", "int", "bigint", "year"].contains(&word);
    match rest.split_once(')') {
        Some((width, rest)) if integer && !(word == "tinyint" && width == "1" && rest.is_empty()) => {
            format!("{word}{rest}")
        }
        _ => spelled,
    }
}

fn arguments(spelled: &str) -> Vec<u32> {
    let inner = spelled.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').map_while(|text| text.trim().parse().ok()).collect()
}

fn decimal(spelled: &str) -> Option<(u32, u32)> {
    match arguments(spelled)[..] {
        [precision, scale] if precision <= MAX_PRECISION && scale <= MAX_SCALE => Some((precision, scale)),
        _ => None,
    }
}

fn characters(spelled: &str) -> SqlType {
    match arguments(spelled)[..] {
        [length] if (1..=MAX_STRING).contains(&length) => SqlType::String(length),
        _ => SqlType::Text,
    }
}

/// The labels of `enum('a','b''c')`, in which backslashes escape as in any text.
fn labels(spelled: &str) -> Option<Vec<String>> {
    let inner = spelled.strip_prefix("enum(")?.strip_suffix(')')?;
    let mut labels = Vec::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ',' {
            continue;
        }
        if c != '\'' {
            return None;
        }
        let mut label = String::new();
        loop {
            match chars.next()? {
                '\\' => label.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    other => other,
                }),
                '\'' if chars.next_if_eq(&'\'').is_none() => break,
                other => label.push(other),
            }
        }
        labels.push(label);
    }
    (!labels.is_empty()).then_some(labels)
}

/// How the server spells what DDL of ours makes.
fn ours(ty: &SqlType, json: bool) -> String {
    let integer = |word: &str, unsigned: bool| format!("{word}{}", if unsigned { " unsigned" } else { "" });
    let word = match ty {
        SqlType::TinyInt { unsigned } => return integer("tinyint", *unsigned),
        SqlType::SmallInt { unsigned } => return integer("smallint", *unsigned),
        SqlType::Integer { unsigned } => return integer("int", *unsigned),
        SqlType::BigInt { unsigned } => return integer("bigint", *unsigned),
        SqlType::Decimal(Some((precision, scale))) => return format!("decimal({precision},{scale})"),
        SqlType::String(length) => return format!("varchar({length})"),
        SqlType::Decimal(None) => "decimal(65,30)",
        SqlType::Real => "float",
        SqlType::Double => "double",
        SqlType::Boolean => "tinyint(1)",
        SqlType::Bytes => "longblob",
        SqlType::Date => "date",
        SqlType::Time => "time(6)",
        SqlType::DateTime => "datetime(6)",
        SqlType::Timestamp => "timestamp(6)",
        SqlType::Uuid => "char(36)",
        SqlType::Json if !json => "json",
        _ => "longtext",
    };
    word.to_owned()
}

/// What the word of a type stands for.
#[derive(Clone, Copy)]
enum Class {
    Tiny,
    Small,
    Medium,
    Big,
    Bits,
    Year,
    Real,
    Double,
    Decimal,
    Char,
    Text,
    Bytes,
    /// The server's own bytes of a vector.
    Vector,
    Date,
    Time,
    DateTime,
    Timestamp,
    Uuid,
    Json,
}

/// Words of types. What is missing here (`set`, `inet6`, `point`) is carried as text.
const WORDS: &[(&[&str], Class)] = &[
    (&["tinyint"], Class::Tiny),
    (&["smallint"], Class::Small),
    (&["mediumint", "int"], Class::Medium),
    (&["bigint"], Class::Big),
    (&["bit"], Class::Bits),
    (&["year"], Class::Year),
    (&["float"], Class::Real),
    (&["double"], Class::Double),
    (&["decimal"], Class::Decimal),
    (&["char", "varchar"], Class::Char),
    (&["tinytext", "text", "mediumtext", "longtext", "enum"], Class::Text),
    (&["tinyblob", "blob", "mediumblob", "longblob", "binary", "varbinary"], Class::Bytes),
    (&["vector"], Class::Vector),
    (&["date"], Class::Date),
    (&["time"], Class::Time),
    (&["datetime"], Class::DateTime),
    (&["timestamp"], Class::Timestamp),
    (&["uuid"], Class::Uuid),
    (&["json"], Class::Json),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(spelled: &str, collation: Option<&str>) -> Row {
        Row {
            table: (String::new(), String::new()),
            name: "c".to_owned(),
            default: None,
            nullable: false,
            word: spelled.split([' ', '(']).next().unwrap().to_owned(),
            spelled: spelled.to_owned(),
            collation: collation.map(str::to_owned),
            extra: String::new(),
            comment: String::new(),
            generated: None,
            srid: None,
            cut: false,
        }
    }

    #[test]
    fn spellings_of_both_servers() {
        for (spelled, ty, declared) in [
            ("int(11)", SqlType::Integer { unsigned: false }, None),
            ("int unsigned", SqlType::Integer { unsigned: true }, None),
            ("mediumint(8) unsigned", SqlType::Integer { unsigned: true }, Some("mediumint unsigned")),
            ("bigint(20) unsigned zerofill", SqlType::BigInt { unsigned: true }, Some("bigint unsigned zerofill")),
            ("tinyint(1)", SqlType::Boolean, None),
            ("tinyint(4)", SqlType::TinyInt { unsigned: false }, None),
            ("bit(1)", SqlType::Boolean, Some("bit(1)")),
            ("year(4)", SqlType::SmallInt { unsigned: true }, Some("year")),
            ("decimal(10,2)", SqlType::Decimal(Some((10, 2))), None),
            ("varchar(80)", SqlType::String(80), None),
            ("varchar(20000)", SqlType::Text, Some("varchar(20000)")),
            ("text", SqlType::Text, Some("text")),
            ("longtext", SqlType::Text, None),
            ("datetime", SqlType::DateTime, Some("datetime")),
            ("timestamp(6)", SqlType::Timestamp, None),
            ("uuid", SqlType::Uuid, Some("uuid")),
            ("vector(3)", SqlType::Bytes, Some("vector(3)")),
        ] {
            let reading = read(&row(spelled, None), false);
            assert_eq!((reading.ty, reading.declared.as_deref()), (ty, declared), "{spelled}");
        }
        assert_eq!(read(&row("char(36)", Some("ascii_bin")), false).ty, SqlType::Uuid);
        assert_eq!(read(&row("longtext", None), true).declared, None);
        assert!(matches!(read(&row("set('a','b')", None), false).ty, SqlType::Raw(_)));
        assert!(matches!(read(&row("point", None), false).ty, SqlType::Raw(_)));
    }

    #[test]
    fn labels_are_unescaped() {
        let found = labels(r"enum('a','it''s','d\\e',',)')").unwrap();
        assert_eq!(found, ["a", "it's", r"d\e", ",)"]);
        assert_eq!(labels("enum()"), None);
        assert_eq!(labels("enum('a"), None);
    }
}
