//! How the values of PostgreSQL's types look on the wire.

use tokio_postgres::types::{Kind, Type};

/// The binary form of a type's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    /// Text, and types whose binary form is their text: enums, citext, xml.
    Text,
    /// `"char"`: one byte, which in binary cannot be none.
    Char,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Json,
    /// JSON text behind the number of a version.
    Jsonb,
    /// Text behind the number of a version: ltree and what belongs to it.
    Versioned,
    Inet,
    /// No binary form that this driver knows; the server reads it from text.
    Other,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    One(Form),
    /// An array of elements of a type with this number.
    Many(Form, u32),
}

impl Form {
    pub(super) fn of(ty: &Type) -> Self {
        match *ty {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID | Type::XID => Self::Oid,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => Self::Text,
            Type::CHAR => Self::Char,
            Type::BYTEA => Self::Bytes,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::TimestampTz,
            Type::INTERVAL => Self::Interval,
            Type::UUID => Self::Uuid,
            Type::JSON => Self::Json,
            Type::JSONB => Self::Jsonb,
            Type::INET | Type::CIDR => Self::Inet,
            _ => Self::of_kind(ty),
        }
    }

    /// The form of a type that the server made at run time.
    fn of_kind(ty: &Type) -> Self {
        match (ty.kind(), ty.name()) {
            (Kind::Enum(_), _) => Self::Text,
            (Kind::Domain(inner), _) => Self::of(inner),
            (Kind::Simple, "citext") => Self::Text,
            (Kind::Simple, "ltree" | "lquery" | "ltxtquery") => Self::Versioned,
            _ => Self::Other,
        }
    }
}

impl Slot {
    pub(super) fn of(ty: &Type) -> Self {
        match ty.kind() {
            Kind::Array(element) => Self::Many(Form::of(element), element.oid()),
            Kind::Domain(inner) => Self::of(inner),
            _ => Self::One(Form::of(ty)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, kind: Kind) -> Type {
        Type::new(name.into(), 70_000, kind, "public".into())
    }

    #[test]
    fn types_made_at_run_time_have_the_form_of_what_they_are() {
        let status = made("status", Kind::Enum(vec!["a".into()]));
        assert_eq!(Form::of(&status), Form::Text);
        assert_eq!(Form::of(&made("age", Kind::Domain(Type::INT2))), Form::Int2);
        assert_eq!(Form::of(&made("citext", Kind::Simple)), Form::Text);
        assert_eq!(Form::of(&made("geometry", Kind::Simple)), Form::Other);
        assert_eq!(Slot::of(&made("_status", Kind::Array(status))), Slot::Many(Form::Text, 70_000));
        assert_eq!(Slot::of(&Type::INT8_ARRAY), Slot::Many(Form::Int8, 20));
    }
}
