//! PostgreSQL's types as logical ones.
//!
//! The table is at the end. A type that is not in it is carried as text, in the spelling of the server.

use std::collections::BTreeMap;

use super::catalog::{Catalog, Type as Row};
use crate::ir::check::types::{MAX_PRECISION, MAX_SCALE, MAX_STRING};
use crate::ir::draft::Type;
use crate::ir::expr::Family;
use crate::ir::{RawType, SqlType};

/// The types of a catalog.
pub(super) struct Types<'a> {
    by_number: BTreeMap<i64, &'a Row>,
    /// Rust names of enum types.
    enums: BTreeMap<i64, String>,
    checks: BTreeMap<i64, Vec<&'a str>>,
}

/// What the type of a column was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub ty: Type,
    pub family: Family,
    /// The server's spelling, where DDL of ours would have another one.
    pub declared: Option<String>,
    /// What domains add.
    pub domain: Domain,
}

/// What domains say about the values of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Domain {
    pub not_null: bool,
    pub default: Option<String>,
    pub collation: Option<String>,
    /// Conditions over `VALUE`.
    pub checks: Vec<String>,
}

impl<'a> Types<'a> {
    pub fn of(catalog: &'a Catalog, enums: BTreeMap<i64, String>) -> Self {
        let mut checks: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for check in &catalog.domain_checks {
            checks.entry(check.ty).or_default().push(&check.condition);
        }
        Self { by_number: catalog.types.iter().map(|ty| (ty.oid, ty)).collect(), enums, checks }
    }

    /// The type of a number with a modifier, and its spelling on the server.
    pub fn read(&self, number: i64, modifier: i64, spelled: &str) -> Reading {
        let Some(row) = self.by_number.get(&number) else { return carried(spelled) };
        if let Some(name) = self.enums.get(&number) {
            return plain(Type::Named(name.clone()), Family::Other);
        }
        match row.kind.as_str() {
            "d" => self.domain(row),
            // Its labels are text, whatever hinders it to be an enum here.
            "e" => carried(spelled),
            _ if row.element != 0 && spelled.ends_with("[]") => self.array(row, modifier, spelled),
            _ if row.schema == "pg_catalog" => built_in(&row.name, modifier, spelled),
            _ => match row.name.as_str() {
                "citext" => Reading { declared: Some(spelled.to_owned()), ..plain(SqlType::Text, Family::Citext) },
                _ => carried(spelled),
            },
        }
    }

    /// A domain is its type, with its conditions at the column.
    fn domain(&self, row: &Row) -> Reading {
        let mut reading = self.read(row.base, row.base_modifier, &row.base_spelled);
        let inner = &mut reading.domain;
        inner.not_null |= row.not_null;
        inner.default = row.default.clone().or_else(|| inner.default.take());
        inner.collation = row.collation.clone().or_else(|| inner.collation.take());
        inner.checks.extend(self.checks.get(&row.oid).into_iter().flatten().map(|check| (*check).to_owned()));
        reading
    }

    /// The modifier of an array is that of its elements. Those that are carried as text make an array that is.
    fn array(&self, row: &Row, modifier: i64, spelled: &str) -> Reading {
        let element = self.read(row.element, modifier, spelled.strip_suffix("[]").unwrap_or(spelled));
        match element.ty {
            Type::Plain(SqlType::Raw(_)) | Type::Array(_) => carried(spelled),
            // What our DDL would spell otherwise, and what a domain adds, has no place in the type of an element.
            _ if element.declared.is_some() || element.domain != Domain::default() => carried(spelled),
            ty => plain(Type::Array(Box::new(ty)), Family::Other),
        }
    }
}

fn plain(ty: impl Into<Type>, family: Family) -> Reading {
    Reading { ty: ty.into(), family, declared: None, domain: Domain::default() }
}

/// A type that is carried as text.
fn carried(spelled: &str) -> Reading {
    plain(SqlType::Raw(RawType { postgres: Some(spelled.to_owned()), ..RawType::default() }), Family::Other)
}

fn built_in(name: &str, modifier: i64, spelled: &str) -> Reading {
    let Some((_, class, family)) = BUILT_IN.iter().find(|(known, ..)| *known == name) else {
        return carried(spelled);
    };
    let ty = match class {
        Class::Is(ty) => ty.clone(),
        Class::Numeric => numeric(modifier),
        Class::Characters => characters(modifier),
    };
    let usual = ours(&ty);
    let declared = (spelled != usual && spelled != "character varying").then(|| spelled.to_owned());
    Reading { declared, ..plain(ty, *family) }
}

/// The modifier of `numeric` holds precision and scale, shifted by the length of a header.
fn numeric(modifier: i64) -> SqlType {
    let packed = modifier - 4;
    let precision = u32::try_from((packed >> 16) & 0xffff).unwrap_or(u32::MAX);
    // Eleven bits, of which one is a sign.
    let scale = u32::try_from(packed & 0x7ff).ok().filter(|scale| *scale < 0x400).unwrap_or(u32::MAX);
    match modifier {
        4.. if (1..=MAX_PRECISION).contains(&precision) && scale <= MAX_SCALE && scale <= precision => {
            SqlType::Decimal(Some((precision, scale)))
        }
        _ => SqlType::Decimal(None),
    }
}

fn characters(modifier: i64) -> SqlType {
    match u32::try_from(modifier - 4) {
        Ok(length) if (1..=MAX_STRING).contains(&length) => SqlType::String(length),
        _ => SqlType::Text,
    }
}

/// How the server spells what DDL of ours makes.
fn ours(ty: &SqlType) -> String {
    let word = match ty {
        SqlType::SmallInt { .. } => "smallint",
        SqlType::Integer { .. } => "integer",
        SqlType::BigInt { .. } => "bigint",
        SqlType::Real => "real",
        SqlType::Double => "double precision",
        SqlType::Decimal(None) => "numeric",
        SqlType::Decimal(Some((precision, scale))) => return format!("numeric({precision},{scale})"),
        SqlType::Boolean => "boolean",
        SqlType::String(length) => return format!("character varying({length})"),
        SqlType::Bytes => "bytea",
        SqlType::Date => "date",
        SqlType::Time => "time without time zone",
        SqlType::DateTime => "timestamp without time zone",
        SqlType::Timestamp => "timestamp with time zone",
        SqlType::Uuid => "uuid",
        SqlType::Json => "jsonb",
        SqlType::Interval => "interval",
        _ => "text",
    };
    word.to_owned()
}

/// What a built-in type is read as.
enum Class {
    Is(SqlType),
    Numeric,
    Characters,
}

/// The built-in types by their names in the catalog. What is missing here is carried as text.
const BUILT_IN: &[(&str, Class, Family)] = &[
    ("int2", Class::Is(SqlType::SmallInt { unsigned: false }), Family::Small),
    ("int4", Class::Is(SqlType::Integer { unsigned: false }), Family::Integer),
    ("int8", Class::Is(SqlType::BigInt { unsigned: false }), Family::Big),
    ("oid", Class::Is(SqlType::BigInt { unsigned: false }), Family::Other),
    ("float4", Class::Is(SqlType::Real), Family::Real),
    ("float8", Class::Is(SqlType::Double), Family::Double),
    ("numeric", Class::Numeric, Family::Number),
    ("bool", Class::Is(SqlType::Boolean), Family::Boolean),
    ("varchar", Class::Characters, Family::Text),
    ("bpchar", Class::Characters, Family::Char),
    ("text", Class::Is(SqlType::Text), Family::Text),
    ("name", Class::Is(SqlType::Text), Family::Text),
    ("xml", Class::Is(SqlType::Text), Family::Other),
    ("bytea", Class::Is(SqlType::Bytes), Family::Other),
    ("date", Class::Is(SqlType::Date), Family::Other),
    ("time", Class::Is(SqlType::Time), Family::Other),
    ("timestamp", Class::Is(SqlType::DateTime), Family::Other),
    ("timestamptz", Class::Is(SqlType::Timestamp), Family::Other),
    ("interval", Class::Is(SqlType::Interval), Family::Other),
    ("uuid", Class::Is(SqlType::Uuid), Family::Other),
    ("json", Class::Is(SqlType::Json), Family::Other),
    ("jsonb", Class::Is(SqlType::Json), Family::Other),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(oid: i64, schema: &str, name: &str) -> Row {
        Row {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: "b".to_owned(),
            element: 0,
            base: 0,
            base_modifier: -1,
            base_spelled: String::new(),
            not_null: false,
            default: None,
            collation: None,
        }
    }

    #[test]
    fn modifiers_are_arguments() {
        let packed = |precision: i64, scale: i64| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(numeric(-1), SqlType::Decimal(None));
        assert_eq!(numeric(packed(10, 2)), SqlType::Decimal(Some((10, 2))));
        assert_eq!(numeric(packed(3, -2)), SqlType::Decimal(None), "a scale before the point");
        assert_eq!(numeric(packed(2, 5)), SqlType::Decimal(None), "more places than digits");
        assert_eq!(numeric(packed(1000, 0)), SqlType::Decimal(None));
        assert_eq!(characters(84), SqlType::String(80));
        assert_eq!(characters(-1), SqlType::Text);
        assert_eq!(characters(20_004), SqlType::Text);
    }

    #[test]
    fn spellings_are_kept_where_they_matter() {
        let declared = |name: &str, modifier: i64, spelled: &str| built_in(name, modifier, spelled).declared;
        assert_eq!(declared("varchar", 84, "character varying(80)"), None);
        assert_eq!(declared("varchar", -1, "character varying"), None, "the same as text");
        assert_eq!(declared("bpchar", 7, "character(3)").as_deref(), Some("character(3)"));
        assert_eq!(declared("json", -1, "json").as_deref(), Some("json"));
        let three = "timestamp(3) without time zone";
        assert_eq!(declared("timestamp", 3, three).as_deref(), Some(three));
        assert_eq!(built_in("tsvector", -1, "tsvector"), carried("tsvector"));
    }

    #[test]
    fn domains_are_their_type_and_add_conditions() {
        let domain = |oid, base, not_null, default: Option<&str>| Row {
            kind: "d".to_owned(),
            base,
            base_spelled: "text".to_owned(),
            not_null,
            default: default.map(str::to_owned),
            ..row(oid, "public", "d")
        };
        let check = |ty, condition: &str| super::super::catalog::DomainCheck { ty, condition: condition.to_owned() };
        let catalog = Catalog {
            types: vec![
                row(25, "pg_catalog", "text"),
                domain(70, 25, true, Some("'a'::text")),
                domain(71, 70, false, None),
            ],
            domain_checks: vec![check(70, "(VALUE <> ''::text)"), check(71, "(length(VALUE) < 9)")],
            ..Catalog::default()
        };
        let reading = Types::of(&catalog, BTreeMap::new()).read(71, -1, "d");
        assert_eq!(reading.ty, Type::Plain(SqlType::Text));
        assert!(reading.domain.not_null && reading.domain.default.as_deref() == Some("'a'::text"));
        assert_eq!(reading.domain.checks.len(), 2);
    }
}
