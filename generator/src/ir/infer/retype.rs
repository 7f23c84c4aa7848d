//! Types that the user gave to columns.

use std::collections::{BTreeMap, BTreeSet};

use super::filter::named;
use super::keys::Keys;
use super::{Overrides, enums};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::draft::{Column, Draft, RawDefault, RawExpr, Type};
use crate::ir::{Default, Literal, RawType, SqlType};

/// Gives columns the types that the user wrote.
pub(super) fn apply(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    let found = find(draft, overrides);
    let types: Vec<Option<Wanted>> = overrides.types.iter().map(|(_, text)| parse(text, draft)).collect();
    let users = users(draft);
    let given = types.iter().enumerate().filter(|(at, _)| found.contains_key(at)).filter_map(|(_, ty)| ty.as_ref());
    let asked: BTreeSet<String> = given.filter_map(|ty| ty.named().map(str::to_owned)).collect();
    for (at, ((key, text), ty)) in overrides.types.iter().zip(types).enumerate() {
        let place = Place::Object(format!("types.\"{key}\""));
        let Some(columns) = found.get(&at) else {
            let message = format!(
                "the type `{text}` for `{key}` is of no use: there is no such column, or a key with its schema says its type"
            );
            diagnostics.push(
                Diagnostic::warning(codes::OVERRIDE_UNUSED, place, message)
                    .help("write `table.column` or `schema.table.column`, with the names as in the database"),
            );
            continue;
        };
        let Some(ty) = ty else {
            let message = format!("`{text}` is not a column type");
            diagnostics.push(
                Diagnostic::error(codes::OVERRIDE_INVALID, place, message)
                    .help("write a type as in a spec: `boolean`, `bigint`, `decimal(10,2)`, `string(80)`, `timestamp`, or an enum; `raw` carries a server's type as text"),
            );
            continue;
        };
        for (table, column) in columns {
            free_enum(draft, (*table, *column), &ty, &users, &asked);
            let Some(column) = draft.tables.get_mut(*table).and_then(|table| table.columns.get_mut(*column)) else {
                continue;
            };
            match ty.of(column) {
                Ok(ty) => retype(column, ty),
                Err(why) => {
                    let message = format!("`{key}` cannot be `raw`: {why}");
                    let help = "write a type as in a spec: `text`, `bigint`, `double`";
                    diagnostics.push(Diagnostic::error(codes::OVERRIDE_INVALID, place.clone(), message).help(help));
                }
            }
        }
    }
    // Those that several columns had, and none has any more.
    let left = self::users(draft);
    draft.enums.retain(|ty| {
        let name = &ty.name.value;
        left.contains_key(name) || asked.contains(name) || !users.contains_key(name)
    });
}

/// What the user wants a column to be.
enum Wanted {
    /// A type of a spec.
    Type(Type),
    /// The server's own, carried as text.
    Raw,
}

impl Wanted {
    fn named(&self) -> Option<&str> {
        match self {
            Self::Type(ty) => named(ty),
            Self::Raw => None,
        }
    }

    /// The type of a column, or why it cannot be that.
    fn of(&self, column: &mut Column) -> Result<Type, &'static str> {
        match self {
            Self::Type(ty) => Ok(ty.clone()),
            Self::Raw => {
                let spelled = column.spelled.clone().ok_or("its database has no types of its own")?;
                if holds_all(&column.ty.value) {
                    return Err("its Rust type holds all that the column does");
                }
                column.declared = None;
                if let Some(default) = &mut column.default
                    && default.value == RawDefault::Typed(Default::Now)
                {
                    default.value = RawDefault::Expr(RawExpr::PerDialect(now(&column.ty.value, &spelled)));
                }
                Ok(Type::Plain(SqlType::Raw(spelled)))
            }
        }
    }
}

/// Whether there is no value of a type that Rust has no room for; drivers send it in a form of its own, and no text.
fn holds_all(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Plain(
            SqlType::Boolean
                | SqlType::TinyInt { .. }
                | SqlType::SmallInt { .. }
                | SqlType::Integer { .. }
                | SqlType::BigInt { .. }
                | SqlType::Real
                | SqlType::Double
                | SqlType::Bytes
        )
    )
}

/// The present moment as a default of a server's own type; MySQL wants as many digits as the type has.
fn now(ty: &Type, spelled: &RawType) -> RawType {
    let word = match ty {
        Type::Plain(SqlType::Date) => "CURRENT_DATE",
        Type::Plain(SqlType::Time) => "CURRENT_TIME",
        _ => "CURRENT_TIMESTAMP",
    };
    let digits = |text: &str| text.find('(').and_then(|at| text.get(at..)).unwrap_or_default().to_owned();
    RawType {
        sqlite: spelled.sqlite.as_ref().map(|_| word.to_owned()),
        postgres: spelled.postgres.as_ref().map(|_| word.to_owned()),
        mysql: spelled.mysql.as_ref().map(|text| format!("{word}{}", digits(text))),
    }
}

/// Which columns each of the types is for: places of tables and columns by the place of the type.
fn find(draft: &Draft, overrides: &Overrides) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let given: BTreeMap<&str, usize> =
        overrides.types.iter().enumerate().map(|(at, (key, _))| (key.as_str(), at)).collect();
    let mut found: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    if given.is_empty() {
        return found;
    }
    let keys = Keys::of(draft);
    for (table_at, table) in draft.tables.iter().enumerate() {
        let keys = keys.table(&table.name.value);
        for (column_at, column) in table.columns.iter().enumerate() {
            let mut keys = keys.iter().map(|key| format!("{key}.{}", column.name.value));
            if let Some(at) = keys.find_map(|key| given.get(key.as_str())) {
                found.entry(*at).or_default().push((table_at, column_at));
            }
        }
    }
    found
}

/// How many columns have each of the enums.
fn users(draft: &Draft) -> BTreeMap<String, usize> {
    let columns = draft.tables.iter().flat_map(|table| &table.columns);
    columns.filter_map(|column| named(&column.ty.value)).fold(BTreeMap::new(), |mut users, name| {
        *users.entry(name.to_owned()).or_default() += 1;
        users
    })
}

/// A column that had an enum of its own gets its check back, but where it keeps the server's type. The enum goes, unless it
/// is asked for.
fn free_enum(
    draft: &mut Draft,
    (table, column): (usize, usize),
    now: &Wanted,
    users: &BTreeMap<String, usize>,
    asked: &BTreeSet<String>,
) {
    let Some(table) = draft.tables.get_mut(table) else { return };
    let name = table.columns.get(column).and_then(|column| named(&column.ty.value));
    let Some(name) = name.filter(|name| now.named() != Some(*name) && users.get(*name) == Some(&1)) else { return };
    let Some(at) = draft.enums.iter().position(|ty| ty.name.value == name) else { return };
    let ty = draft.enums.remove(at);
    if matches!(now, Wanted::Type(_)) {
        enums::revert(&ty, table, column);
    }
    if asked.contains(&ty.name.value) {
        draft.enums.insert(at, ty);
    }
}

fn retype(column: &mut Column, ty: Type) {
    if let (Some(default), Type::Plain(ty)) = (&mut column.default, &ty)
        && let RawDefault::Typed(Default::Value(literal)) = &default.value
    {
        let converted = convert(literal, ty).map(|literal| RawDefault::Typed(Default::Value(literal)));
        let written = || written(literal).map(RawDefault::Written);
        if let Some(value) = converted.or_else(written) {
            default.value = value;
        }
    }
    column.ty.value = ty;
}

/// A constant of another type with the same meaning.
fn convert(literal: &Literal, ty: &SqlType) -> Option<Literal> {
    match (literal, ty) {
        (Literal::Int(0 | 1), SqlType::Boolean) => Some(Literal::Bool(*literal == Literal::Int(1))),
        (Literal::Int(value), SqlType::Decimal(_) | SqlType::Double | SqlType::Real) => {
            Some(Literal::Number(value.to_string()))
        }
        (Literal::Bool(value), SqlType::BigInt { .. } | SqlType::Integer { .. }) => {
            Some(Literal::Int(i128::from(*value)))
        }
        _ => None,
    }
}

/// A constant as a spec would have it, to be typed by the column.
fn written(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Null | Literal::Bytes(_) => None,
        Literal::Int(value) => Some(value.to_string()),
        Literal::Number(text) | Literal::Text(text) => Some(text.clone()),
        Literal::Bool(value) => Some(value.to_string()),
    }
}

/// A logical type as in a spec, or an enum or custom type of the draft.
fn parse(text: &str, draft: &Draft) -> Option<Wanted> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("raw") {
        return Some(Wanted::Raw);
    }
    typed(text, draft).map(Wanted::Type)
}

fn typed(text: &str, draft: &Draft) -> Option<Type> {
    if let Some(inner) = text.strip_suffix("[]") {
        return typed(inner, draft).map(|inner| Type::Array(Box::new(inner)));
    }
    let is_named =
        draft.enums.iter().any(|ty| ty.name.value == text) || draft.customs.iter().any(|ty| ty.name.value == text);
    if is_named {
        return Some(Type::Named(text.to_owned()));
    }
    plain(&text.to_ascii_lowercase()).map(Type::Plain)
}

fn plain(text: &str) -> Option<SqlType> {
    let (word, unsigned) = text.strip_suffix(" unsigned").map_or((text, false), |word| (word.trim_end(), true));
    let integer = match word {
        "tinyint" => Some(SqlType::TinyInt { unsigned }),
        "smallint" => Some(SqlType::SmallInt { unsigned }),
        "integer" => Some(SqlType::Integer { unsigned }),
        "bigint" => Some(SqlType::BigInt { unsigned }),
        _ => None,
    };
    if integer.is_some() || unsigned {
        return integer;
    }
    if let Some((word, arguments)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let arguments: Vec<u32> = arguments.split(',').map(|text| text.trim().parse().ok()).collect::<Option<_>>()?;
        return match (word.trim_end(), arguments.as_slice()) {
            ("decimal", [precision, scale]) => Some(SqlType::Decimal(Some((*precision, *scale)))),
            ("string", [length]) => Some(SqlType::String(*length)),
            _ => None,
        };
    }
    Some(match text {
        "real" => SqlType::Real,
        "double" => SqlType::Double,
        "decimal" => SqlType::Decimal(None),
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
