//! The table of types: what Rust type a column has, and what the runtime needs to know of it.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{Context, Dates, tokens};
use crate::ir::{Column, RawType, SqlType};

/// The Rust side of a column type, without regard to NULL.
pub(super) struct RustType {
    /// The type of the field.
    pub value: TokenStream,
    /// The type that stands in `Column<…>`: the same, but for custom types.
    pub marker: TokenStream,
    /// The runtime's `Kind`.
    pub kind: TokenStream,
    /// How an argument of this type is taken.
    pub argument: Argument,
    /// What documentation calls it.
    pub label: String,
}

/// How a value is passed to a generated function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// `impl Into<T>`.
    Into,
    /// `T`.
    Exact,
}

/// The Rust type of a column; the error says what there is none for.
pub(super) fn of_column(context: &Context<'_>, column: &Column) -> Result<RustType, &'static str> {
    of(context, &column.ty)
}

/// Whether values of a type are copied; what is known of custom types is nothing.
pub(super) fn is_copy(ty: &SqlType) -> bool {
    !matches!(
        ty,
        SqlType::String(_)
            | SqlType::Text
            | SqlType::Bytes
            | SqlType::Json
            | SqlType::Raw(_)
            | SqlType::Array(_)
            | SqlType::Custom(_)
    )
}

fn of(context: &Context<'_>, ty: &SqlType) -> Result<RustType, &'static str> {
    let krate = &context.krate;
    let (root, vec) = (&context.root, &context.std.vec);
    Ok(match ty {
        SqlType::TinyInt { unsigned: false } => plain(quote!(i8), "TinyInt", "tinyint"),
        SqlType::TinyInt { unsigned: true } => plain(quote!(u8), "UnsignedTinyInt", "tinyint unsigned"),
        SqlType::SmallInt { unsigned: false } => plain(quote!(i16), "SmallInt", "smallint"),
        SqlType::SmallInt { unsigned: true } => plain(quote!(u16), "UnsignedSmallInt", "smallint unsigned"),
        SqlType::Integer { unsigned: false } => plain(quote!(i32), "Int", "integer"),
        SqlType::Integer { unsigned: true } => plain(quote!(u32), "UnsignedInt", "integer unsigned"),
        SqlType::BigInt { unsigned: false } => into(quote!(i64), "BigInt", "bigint"),
        SqlType::BigInt { unsigned: true } => into(quote!(u64), "UnsignedBigInt", "bigint unsigned"),
        SqlType::Real => plain(quote!(f32), "Real", "real"),
        SqlType::Double => into(quote!(f64), "Double", "double"),
        SqlType::Decimal(precision) => decimal(context, *precision),
        SqlType::Boolean => plain(quote!(bool), "Bool", "boolean"),
        SqlType::String(length) => text(context, &format!("string({length})")),
        SqlType::Text => text(context, "text"),
        SqlType::Bytes => into(quote!(#vec<u8>), "Bytes", "bytes"),
        SqlType::Date | SqlType::Time | SqlType::DateTime | SqlType::Timestamp => moment(context, ty),
        SqlType::Uuid => plain(quote!(#krate::uuid::Uuid), "Uuid", "uuid"),
        SqlType::Json => into(quote!(#krate::serde_json::Value), "Json", "json"),
        SqlType::Enum(id) => {
            let item = context.schema.enum_type(*id);
            let name = tokens::ident(&item.name);
            let value = quote!(#root #name);
            let kind = quote!(<#value as __rt::ColumnType>::KIND);
            RustType { marker: value.clone(), value, kind, argument: Argument::Exact, label: item.name.clone() }
        }
        SqlType::Custom(id) => custom(context, *id)?,
        SqlType::Raw(raw) => server(context, raw),
        SqlType::Interval => plain(quote!(#krate::Interval), "Interval", "interval"),
        SqlType::Array(element) => {
            let RustType { value, marker, kind, label, .. } = of(context, element)?;
            RustType {
                value: quote!(#vec<#value>),
                marker: quote!(#krate::Array<#marker>),
                kind: quote!(__rt::Kind::Array(&#kind)),
                argument: Argument::Into,
                label: format!("{label}[]"),
            }
        }
    })
}

/// A type that is spelled by hand. Those that the runtime reads as text by itself come as they are; all others are asked
/// for as text.
fn server(context: &Context<'_>, raw: &RawType) -> RustType {
    const READ: [&str; 12] = [
        "text",
        "varchar",
        "char",
        "character",
        "citext",
        "name",
        "xml",
        "inet",
        "cidr",
        "ltree",
        "lquery",
        "ltxtquery",
    ];
    let label = "a type of the server's, carried as text";
    if raw.mysql.as_deref().is_some_and(is_shape) {
        return RustType { marker: quote!(__rt::Geometry), ..into(context.std.string.clone(), "Geometry", label) };
    }
    if raw.postgres.is_none() && raw.mysql.is_none() {
        return text(context, label);
    }
    // Arrays of them are not read as text, nor is a type of the user's whose name or schema begins like one of them.
    let word = raw
        .postgres
        .as_deref()
        .filter(|spelled| !spelled.ends_with(']'))
        .map(|spelled| spelled.split(['(', ' ']).next().unwrap_or(""));
    if word.is_some_and(|word| READ.iter().any(|known| known.eq_ignore_ascii_case(word))) {
        return text(context, label);
    }
    into(context.std.string.clone(), "Server", label)
}

/// Whether a type of MySQL is a shape, whose bytes the runtime turns to text and back.
fn is_shape(spelled: &str) -> bool {
    const SHAPES: [&str; 9] = [
        "geometry",
        "point",
        "linestring",
        "polygon",
        "multipoint",
        "multilinestring",
        "multipolygon",
        "geometrycollection",
        "geomcollection",
    ];
    let word = spelled.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    SHAPES.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Dates and times, by the crate that the user chose.
fn moment(context: &Context<'_>, ty: &SqlType) -> RustType {
    let krate = &context.krate;
    let jiff = context.options.dates == Dates::Jiff;
    let (kind, label, value) = match (ty, jiff) {
        (SqlType::Date, false) => ("Date", "date", quote!(#krate::chrono::NaiveDate)),
        (SqlType::Date, true) => ("Date", "date", quote!(#krate::jiff::civil::Date)),
        (SqlType::Time, false) => ("Time", "time", quote!(#krate::chrono::NaiveTime)),
        (SqlType::Time, true) => ("Time", "time", quote!(#krate::jiff::civil::Time)),
        (SqlType::DateTime, false) => ("DateTime", "datetime", quote!(#krate::chrono::NaiveDateTime)),
        (SqlType::DateTime, true) => ("DateTime", "datetime", quote!(#krate::jiff::civil::DateTime)),
        (_, false) => ("Timestamp", "timestamp", quote!(#krate::chrono::DateTime<#krate::chrono::Utc>)),
        (_, true) => ("Timestamp", "timestamp", quote!(#krate::jiff::Timestamp)),
    };
    plain(value, kind, label)
}

fn plain(value: TokenStream, kind: &str, label: &str) -> RustType {
    let kind = format_ident!("{kind}");
    let kind = quote!(__rt::Kind::#kind);
    RustType { marker: value.clone(), value, kind, argument: Argument::Exact, label: label.into() }
}

fn into(value: TokenStream, kind: &str, label: &str) -> RustType {
    RustType { argument: Argument::Into, ..plain(value, kind, label) }
}

fn text(context: &Context<'_>, label: &str) -> RustType {
    into(context.std.string.clone(), "Text", label)
}

fn decimal(context: &Context<'_>, precision: Option<(u32, u32)>) -> RustType {
    let (krate, some, none) = (&context.krate, &context.std.some, &context.std.none);
    let value = quote!(#krate::rust_decimal::Decimal);
    let Some((precision, scale)) = precision else {
        let kind = quote!(__rt::Kind::Decimal(#none));
        return RustType { marker: value.clone(), value, kind, argument: Argument::Into, label: "decimal".into() };
    };
    let label = format!("decimal({precision},{scale})");
    let scale = Literal::u32_unsuffixed(scale);
    let kind = quote!(__rt::Kind::Decimal(#some(#scale)));
    RustType { marker: quote!(__rt::Scaled<#scale>), value, kind, argument: Argument::Into, label }
}

fn custom(context: &Context<'_>, id: crate::ir::CustomId) -> Result<RustType, &'static str> {
    let item = context.schema.custom(id);
    let beneath = of(context, &item.sql)?;
    let path: syn::Type = syn::parse_str(&item.rust).map_err(|_| "a custom type whose `rust:` is no type")?;
    let marker = tokens::ident(&format!("{}Column", item.name));
    let root = &context.root;
    Ok(RustType {
        value: quote!(#path),
        marker: quote!(#root #marker),
        kind: beneath.kind,
        argument: Argument::Into,
        label: item.name.clone(),
    })
}
