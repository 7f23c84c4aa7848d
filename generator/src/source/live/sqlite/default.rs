//! Defaults of columns: constants typed by their column, the current time, or an expression.

use super::expression::{expression, only_sqlite, unwrap};
use super::tokens::{Kind, Token, tokens};
use crate::ir::draft::RawDefault;
use crate::ir::quote::quote_string;
use crate::ir::{Default, DialectName, Literal, SqlType};

/// Texts of the current date and time: SQLite's own, those of our DDL, and what people write for them.
const NOW: &[(&str, Moment)] = &[
    ("current_date", Moment::Date),
    ("date('now')", Moment::Date),
    ("current_time", Moment::Time),
    ("time('now')", Moment::Time),
    ("strftime('%H:%M:%f000','now')", Moment::Time),
    ("current_timestamp", Moment::Both),
    ("datetime('now')", Moment::Both),
    ("datetime(current_timestamp)", Moment::Both),
    ("strftime('%Y-%m-%d %H:%M:%f','now')", Moment::Both),
    ("strftime('%Y-%m-%d %H:%M:%f000','now')", Moment::Both),
    ("strftime('%Y-%m-%d %H:%M:%S','now')", Moment::Both),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Date,
    Time,
    Both,
}

/// The default of a column. `None` for `NULL`, which is what happens without a default.
pub(super) fn default(text: &str, ty: &SqlType, columns: &[&str]) -> Option<RawDefault> {
    let tokens = tokens(text);
    let tokens = unwrap(&tokens);
    if matches!(tokens, [only] if only.is_word("null")) {
        return None;
    }
    if is_now(tokens, ty) {
        return Some(RawDefault::Typed(Default::Now));
    }
    if let Some(word) = name_for_text(tokens) {
        let quoted = || RawDefault::Expr(only_sqlite(quote_string(DialectName::Sqlite, word)));
        return Some(typed_text(word, ty).map_or_else(quoted, |literal| of_literal(literal, ty)));
    }
    if let Some(literal) = constant(tokens, ty) {
        return Some(of_literal(literal, ty));
    }
    let expr = if tokens.iter().any(|token| matches!(token.kind, Kind::Sign('(' | '|'))) {
        expression(text, columns)
    } else {
        only_sqlite(text.trim())
    };
    Some(RawDefault::Expr(expr))
}

fn of_literal(literal: Literal, ty: &SqlType) -> RawDefault {
    match (literal, ty) {
        // What limits of the type and forms of dates say about these is the builder's to check.
        (Literal::Text(text), _) | (Literal::Number(text), SqlType::Decimal(_)) => RawDefault::Written(text),
        (literal, _) => RawDefault::Typed(Default::Value(literal)),
    }
}

/// A default that is a name, quoted or not, is text: no column can stand there. In an expression it would be one, so it
/// must not be taken for an expression.
fn name_for_text(tokens: &[Token]) -> Option<&str> {
    match tokens {
        [Token { kind: Kind::Name(text, _), .. }] => Some(text),
        [Token { kind: Kind::Word(word), .. }] => {
            let words = ["true", "false", "current_date", "current_time", "current_timestamp"];
            (!words.iter().any(|known| word.eq_ignore_ascii_case(known))).then_some(word)
        }
        _ => None,
    }
}

fn is_now(tokens: &[Token], ty: &SqlType) -> bool {
    let text: String = tokens
        .iter()
        .map(|token| match &token.kind {
            Kind::Word(word) => word.to_ascii_lowercase(),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Sign(sign) => sign.to_string(),
            Kind::Name(text, _) | Kind::Constant(text) => text.clone(),
        })
        .collect();
    let moment = match ty {
        SqlType::Date => Moment::Date,
        SqlType::Time => Moment::Time,
        SqlType::DateTime | SqlType::Timestamp => Moment::Both,
        _ => return false,
    };
    NOW.iter().any(|(known, of)| *of == moment && *known == text)
}

/// A constant, as a value of the column's type would be stored. `None` when it would not be one of them.
fn constant(tokens: &[Token], ty: &SqlType) -> Option<Literal> {
    let (negative, token) = match tokens {
        [sign, number] if sign.is_sign('-') => (true, number),
        [sign, number] if sign.is_sign('+') => (false, number),
        [only] => (false, only),
        _ => return None,
    };
    let signed = tokens.len() == 2;
    match &token.kind {
        Kind::Constant(number) if !number.starts_with(['x', 'X']) => typed_number(number, negative, ty),
        Kind::Constant(blob) if !signed && *ty == SqlType::Bytes => bytes(blob),
        Kind::Text(text) if !signed => typed_text(text, ty),
        Kind::Word(word) if !signed => typed_word(word, ty),
        _ => None,
    }
}

fn typed_number(number: &str, negative: bool, ty: &SqlType) -> Option<Literal> {
    let number = number.replace('_', "");
    let sign = if negative { "-" } else { "" };
    let int = match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16).ok().map(|value| if negative { -value } else { value }),
        None => format!("{sign}{number}").parse::<i128>().ok(),
    };
    match ty {
        SqlType::Boolean => match int? {
            0 => Some(Literal::Bool(false)),
            1 => Some(Literal::Bool(true)),
            _ => None,
        },
        SqlType::BigInt { .. } => int.filter(|value| i64::try_from(*value).is_ok()).map(Literal::Int),
        SqlType::Decimal(_) if number.contains(['e', 'E']) && int.is_none() => None,
        SqlType::Decimal(_) | SqlType::Double => {
            let text = int.map_or_else(|| format!("{sign}{number}"), |value| value.to_string());
            text.parse::<f64>().ok().filter(|value| value.is_finite()).map(|_| Literal::Number(tidy(&text)))
        }
        // Text affinity turns a number into text.
        SqlType::Text | SqlType::String(_) => int.map(|value| Literal::Text(value.to_string())),
        _ => None,
    }
}

/// A number with digits on both sides of its point.
fn tidy(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    let digits = match digits.split_once('.') {
        Some((whole, rest)) if !rest.starts_with(|c: char| c.is_ascii_digit()) => format!("{whole}{rest}"),
        _ => digits,
    };
    format!("{sign}{digits}")
}

fn typed_text(text: &str, ty: &SqlType) -> Option<Literal> {
    let fits = match ty {
        // Numeric affinity turns text into a number where it can.
        SqlType::BigInt { .. } | SqlType::Decimal(_) | SqlType::Double | SqlType::Boolean => {
            let (negative, number) = text.strip_prefix('-').map_or((false, text), |number| (true, number));
            let starts = number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains(['x', 'X', '_']);
            return if starts { typed_number(number, negative, ty) } else { None };
        }
        SqlType::Text | SqlType::String(_) | SqlType::Uuid | SqlType::Json | SqlType::Enum(_) => true,
        SqlType::Date => shape(text, "0000-00-00"),
        SqlType::Time => shape(text, "00:00") || shape(text, "00:00:00"),
        SqlType::DateTime | SqlType::Timestamp => shape(text, "0000-00-00 00:00") || shape(text, "0000-00-00 00:00:00"),
        _ => false,
    };
    fits.then(|| Literal::Text(text.to_owned()))
}

/// Whether a text has digits where the pattern has `0`, and is equal elsewhere; a fraction may follow seconds.
fn shape(text: &str, pattern: &str) -> bool {
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction_fits = fraction.is_empty() || pattern.ends_with(":00:00");
    text.len() == pattern.len()
        && fraction_fits
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && text.bytes().zip(pattern.bytes()).all(|(c, p)| if p == b'0' { c.is_ascii_digit() } else { c == p })
}

fn typed_word(word: &str, ty: &SqlType) -> Option<Literal> {
    let value = match word.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    match ty {
        SqlType::Boolean => Some(Literal::Bool(value)),
        SqlType::BigInt { .. } => Some(Literal::Int(i128::from(value))),
        _ => None,
    }
}

fn bytes(blob: &str) -> Option<Literal> {
    let hex = blob.get(2..blob.len().checked_sub(1)?)?;
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pair = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    digits.chunks(2).map(pair).collect::<Option<_>>().map(Literal::Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: SqlType = SqlType::BigInt { unsigned: false };

    fn value(text: &str, ty: SqlType) -> Option<Literal> {
        match default(text, &ty, &[]) {
            Some(RawDefault::Typed(Default::Value(literal))) => Some(literal),
            Some(RawDefault::Written(text)) => Some(Literal::Text(text)),
            _ => None,
        }
    }

    #[test]
    fn constants_are_typed_by_their_column() {
        let text = |text: &str| Some(Literal::Text(text.to_owned()));
        let number = |text: &str| Some(Literal::Number(text.to_owned()));
        assert_eq!(value("-0x10", INT), Some(Literal::Int(-16)));
        assert_eq!(value("(5)", INT), Some(Literal::Int(5)));
        assert_eq!(value("'0'", INT), Some(Literal::Int(0)));
        assert_eq!(value("true", INT), Some(Literal::Int(1)));
        assert_eq!(value("99999999999999999999", INT), None);
        assert_eq!(value("1", SqlType::Boolean), Some(Literal::Bool(true)));
        assert_eq!(value("FALSE", SqlType::Boolean), Some(Literal::Bool(false)));
        assert_eq!(value("2", SqlType::Boolean), None);
        assert_eq!(value("-.50", SqlType::Decimal(None)), text("-0.50"));
        assert_eq!(value("1e3", SqlType::Decimal(None)), None);
        assert_eq!(value("-.50", SqlType::Double), number("-0.50"));
        assert_eq!(value("1.", SqlType::Double), number("1"));
        assert_eq!(value("'it''s'", SqlType::Text), text("it's"));
        assert_eq!(value("\"x\"", SqlType::Text), text("x"));
        for name in ["x", "[x]", "`x`"] {
            assert_eq!(value(name, SqlType::Text), text("x"), "{name}");
            assert_eq!(default(name, &INT, &[]), Some(RawDefault::Expr(only_sqlite("'x'"))), "{name}");
        }
        assert_eq!(value("0", SqlType::Text), text("0"));
        assert_eq!(value("'1999-01-08'", SqlType::Date), text("1999-01-08"));
        assert_eq!(value("'19990108'", SqlType::Date), None);
        assert_eq!(value("'1999-01-08'", SqlType::Timestamp), None);
        assert_eq!(value("'1999-01-08 01:02:03.5'", SqlType::Timestamp), text("1999-01-08 01:02:03.5"));
        assert_eq!(value("X'00fF'", SqlType::Bytes), Some(Literal::Bytes(vec![0, 255])));
        assert_eq!(value("'a'", SqlType::Bytes), None, "stored as text");
    }

    #[test]
    fn the_current_time_in_its_spellings() {
        for (text, ty) in [
            ("CURRENT_TIMESTAMP", SqlType::Timestamp),
            ("CURRENT_DATE", SqlType::Date),
            ("(datetime( 'now' ))", SqlType::DateTime),
            ("strftime('%Y-%m-%d %H:%M:%f000', 'now')", SqlType::Timestamp),
        ] {
            assert_eq!(default(text, &ty, &[]), Some(RawDefault::Typed(Default::Now)), "{text}");
        }
        let kept = default("CURRENT_TIMESTAMP", &SqlType::Text, &[]);
        assert_eq!(kept, Some(RawDefault::Expr(only_sqlite("CURRENT_TIMESTAMP"))));
    }

    #[test]
    fn null_is_no_default_and_the_rest_an_expression() {
        assert_eq!(default("NULL", &INT, &[]), None);
        let found = default("(abs(-1) + 2)", &INT, &[]);
        assert!(matches!(found, Some(RawDefault::Expr(_))), "{found:?}");
        for odd in ["", "(", ")", "-", "- -1", "x''", "'", "((("] {
            let _ = default(odd, &INT, &[]);
        }
    }
}
