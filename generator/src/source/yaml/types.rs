//! The words of column types: `integer`, `string(80)`, `bigint unsigned`, `text[]`, or the name of an enum or type.

use std::ops::Range;

use crate::codes;
use crate::diag::{Code, suggest};
use crate::ir::SqlType;
use crate::ir::check::types as known;
use crate::ir::draft::Type;

/// Why a text is no type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeError {
    pub(crate) code: Code,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl TypeError {
    fn new(code: Code, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, range, message: message.into(), help: help.into() }
    }
}

/// Reads a type. Whether a name exists is found out when the schema is built.
pub(crate) fn parse(text: &str) -> Result<Type, TypeError> {
    let trimmed = text.trim_end();
    let whole = 0..trimmed.len();
    if let Some(inner) = trimmed.strip_suffix("[]") {
        return match parse(inner)? {
            Type::Array(_) => {
                let help = "use one `[]`, or `json`";
                Err(TypeError::new(codes::UNKNOWN_TYPE, whole, "arrays of arrays are not supported", help))
            }
            scalar => Ok(Type::Array(Box::new(scalar))),
        };
    }
    let (head, unsigned) = match trimmed.strip_suffix("unsigned").map(str::trim_end) {
        Some(head) if head.len() + "unsigned".len() < trimmed.len() => (head, true),
        _ => (trimmed, false),
    };
    let (name, args) = match head.split_once('(') {
        None => (head, None),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(args) => (name.trim_end(), Some(args)),
            None => {
                let message = format!("`{head}` has a `(` without its `)` at the end");
                return Err(TypeError::new(codes::UNKNOWN_TYPE, whole, message, "write for instance `decimal(10,2)`"));
            }
        },
    };
    let error = |message: String, help: &str| Err(TypeError::new(codes::TYPE_ARGUMENT, whole.clone(), message, help));
    let args = match args.map(numbers).transpose() {
        Ok(args) => args,
        Err(bad) => return error(format!("`{bad}` is no length"), "write whole numbers, as in `string(80)`"),
    };
    if let Some(ty) = integer(name, unsigned) {
        return match args {
            None => Ok(Type::Plain(ty)),
            Some(_) => error(format!("`{name}` takes no length"), &format!("write `{name}`")),
        };
    }
    if unsigned {
        return error(format!("`{name}` cannot be unsigned"), "only tinyint, smallint, integer and bigint can");
    }
    match (name, args.as_deref()) {
        ("string", Some([length])) => Ok(Type::Plain(SqlType::String(*length))),
        ("string", _) => error("`string` needs a length".into(), "write `string(80)`, or `text` for any length"),
        ("decimal", None) => Ok(Type::Plain(SqlType::Decimal(None))),
        ("decimal", Some([precision])) => Ok(Type::Plain(SqlType::Decimal(Some((*precision, 0))))),
        ("decimal", Some([precision, scale])) => Ok(Type::Plain(SqlType::Decimal(Some((*precision, *scale))))),
        ("decimal", _) => error("`decimal` takes a precision and a scale".into(), "write `decimal(10,2)`"),
        (_, None) => Ok(known::simple(name).map_or_else(|| Type::Named(name.to_owned()), Type::Plain)),
        (_, Some(_)) if known::simple(name).is_some() => {
            error(format!("`{name}` takes no length"), &format!("write `{name}`"))
        }
        (_, Some(_)) => Err(unknown_with_length(head, name, whole.clone())),
    }
}

fn unknown_with_length(head: &str, name: &str, range: Range<usize>) -> TypeError {
    let help = match (known::foreign(name), suggest(name, ["string", "decimal"])) {
        (Some("string(80)"), _) => format!("write `{}`", head.replacen(name, "string", 1)),
        (Some(ours), _) => format!("write `{ours}`"),
        (None, Some(meant)) => format!("did you mean `{}`?", head.replacen(name, meant, 1)),
        (None, None) => "only `string(n)` and `decimal(p,s)` take lengths".to_owned(),
    };
    TypeError::new(codes::UNKNOWN_TYPE, range, format!("unknown type `{head}`"), help)
}

fn integer(name: &str, unsigned: bool) -> Option<SqlType> {
    Some(match name {
        "tinyint" => SqlType::TinyInt { unsigned },
        "smallint" => SqlType::SmallInt { unsigned },
        "integer" => SqlType::Integer { unsigned },
        "bigint" => SqlType::BigInt { unsigned },
        _ => return None,
    })
}

fn numbers(args: &str) -> Result<Vec<u32>, String> {
    args.split(',').map(|arg| arg.trim().parse().map_err(|_| arg.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read() {
        for (text, ty) in [
            ("bigint", SqlType::BigInt { unsigned: false }),
            ("tinyint unsigned", SqlType::TinyInt { unsigned: true }),
            ("string(80)", SqlType::String(80)),
            ("decimal(10, 2)", SqlType::Decimal(Some((10, 2)))),
            ("decimal", SqlType::Decimal(None)),
            ("timestamp", SqlType::Timestamp),
        ] {
            assert_eq!(parse(text), Ok(Type::Plain(ty)), "{text}");
        }
        assert_eq!(parse("Status"), Ok(Type::Named("Status".into())));
        assert_eq!(parse("Status[]"), Ok(Type::Array(Box::new(Type::Named("Status".into())))));
        assert_eq!(parse("decimal(4,1)[]"), Ok(Type::Array(Box::new(Type::Plain(SqlType::Decimal(Some((4, 1))))))));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let help = |text: &str| parse(text).unwrap_err().help;
        assert_eq!(help("string"), "write `string(80)`, or `text` for any length");
        assert_eq!(help("varchar(20)"), "write `string(20)`");
        assert_eq!(help("strng(20)"), "did you mean `string(20)`?");
        assert_eq!(help("point(2)"), "only `string(n)` and `decimal(p,s)` take lengths");
        assert_eq!(help("bigint(20)"), "write `bigint`");
        assert_eq!(help("text(5)"), "write `text`");
        assert_eq!(help("text unsigned"), "only tinyint, smallint, integer and bigint can");
        assert_eq!(help("text[][]"), "use one `[]`, or `json`");
        assert_eq!(help("decimal(10"), "write for instance `decimal(10,2)`");
        assert_eq!(help("decimal(-1)"), "write whole numbers, as in `string(80)`");
    }
}
