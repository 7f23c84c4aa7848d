//! What the two servers have in common: places, expressions, constants.

use std::collections::BTreeMap;

use super::given_name;
use crate::codes;
use crate::diag::{Code, Diagnostic, Diagnostics, Place};
use crate::ir::check::defaults;
use crate::ir::draft::{At, RawDefault, RawExpr, Table, Type};
use crate::ir::expr::{Expr, Family, Printed};
use crate::ir::{Action, Default, DialectName, Literal, RawType, SqlType, TableName};

/// `table "album"`, with its schema where it has one.
pub(super) fn table_place(name: &TableName) -> Place {
    Place::Object(format!("table \"{}\"", shown(name)))
}

/// `table "album", column "title"`; also for constraints and indexes.
pub(super) fn part_place(name: &TableName, what: &str, part: &str) -> Place {
    Place::Object(format!("table \"{}\", {what} \"{part}\"", shown(name)))
}

/// The name with its schema where it has one.
pub(super) fn shown(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{schema}.{}", name.name),
        None => name.name.clone(),
    }
}

pub(super) fn warn(
    diagnostics: &mut Diagnostics,
    code: Code,
    place: Place,
    message: impl Into<String>,
    help: impl Into<String>,
) {
    diagnostics.push(Diagnostic::warning(code, place, message).help(help));
}

/// Says that something has no counterpart. It stays in the database.
pub(super) fn left_out(diagnostics: &mut Diagnostics, place: Place, message: impl Into<String>) {
    let help = "the database goes on applying it; take it into account where tables are made from this schema";
    warn(diagnostics, codes::LIVE_CLAUSE, place, message, help);
}

/// Reads expressions of a table as a server prints them.
pub(super) struct Expressions {
    pub dialect: DialectName,
    pub columns: Vec<(String, Family)>,
}

impl Expressions {
    /// The expression without what the server added; as it stands when that is not the same on all databases.
    pub fn read(&self, text: &str) -> RawExpr {
        let plain = self.parse(text).and_then(|expr| {
            let text = expr.neutral_text()?;
            // A function may have the name of a keyword: `left` is read as half a join.
            (Expr::parse_neutral(&text) == Ok(expr)).then_some(text)
        });
        plain.map_or_else(|| self.verbatim(text), RawExpr::Neutral)
    }

    pub fn parse(&self, text: &str) -> Option<Expr> {
        Expr::parse_printed(text, &Printed { dialect: self.dialect, columns: &self.columns }).ok()
    }

    /// The text for this database alone.
    pub fn verbatim(&self, text: &str) -> RawExpr {
        RawExpr::PerDialect(raw(self.dialect, text.trim()))
    }
}

/// A text for one database.
pub(super) fn raw(dialect: DialectName, text: impl Into<String>) -> RawType {
    let text = Some(text.into());
    match dialect {
        DialectName::Sqlite => RawType { sqlite: text, ..RawType::default() },
        DialectName::Postgres => RawType { postgres: text, ..RawType::default() },
        DialectName::Mysql => RawType { mysql: text, ..RawType::default() },
    }
}

/// A constant as a default of a column. The forms of dates and such are the builder's to check, so it is handed on as
/// a spec would have it. `None` when the type has no constants, or not this one.
pub(super) fn constant(literal: &Literal, ty: &Type, labels: &BTreeMap<String, Vec<String>>) -> Option<RawDefault> {
    let value = |literal| Some(RawDefault::Typed(Default::Value(literal)));
    let ty = match ty {
        Type::Named(name) => {
            let Literal::Text(label) = literal else { return None };
            return labels.get(name)?.contains(label).then(|| RawDefault::Written(label.clone()));
        }
        Type::Array(_) => return None,
        Type::Plain(ty) => ty,
    };
    match (ty, literal) {
        (SqlType::Boolean, Literal::Bool(truth)) => value(Literal::Bool(*truth)),
        (SqlType::Boolean, Literal::Number(number)) if number == "0" || number == "1" => {
            value(Literal::Bool(number == "1"))
        }
        (
            SqlType::TinyInt { .. } | SqlType::SmallInt { .. } | SqlType::Integer { .. } | SqlType::BigInt { .. },
            Literal::Number(number),
        ) => value(Literal::Int(number.parse().ok()?)),
        (SqlType::Real | SqlType::Double | SqlType::Decimal(_), Literal::Number(number)) => fitting(ty, number),
        (SqlType::Text | SqlType::String(_) | SqlType::Raw(_) | SqlType::Json, Literal::Text(text)) => {
            value(Literal::Text(text.clone()))
        }
        (SqlType::Date | SqlType::Time | SqlType::Uuid, Literal::Text(text)) => fitting(ty, text),
        (SqlType::DateTime | SqlType::Timestamp, Literal::Text(text)) => {
            let text = text.strip_suffix("+00").unwrap_or(text);
            let date = text.len() == "2000-01-01".len();
            fitting(ty, &if date { format!("{text} 00:00:00") } else { text.to_owned() })
        }
        (SqlType::Bytes, Literal::Text(text)) => {
            let hex = text.strip_prefix("\\x").map_or_else(|| hex(text), str::to_owned);
            Some(RawDefault::Written(if hex.is_empty() { String::new() } else { format!("0x{hex}") }))
        }
        _ => None,
    }
}

/// A constant in the form of a spec, if it has one there: `infinity` has not.
fn fitting(ty: &SqlType, text: &str) -> Option<RawDefault> {
    defaults::typed(ty, &[], text).is_ok().then(|| RawDefault::Written(text.to_owned()))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a moment is what `now` means for a column.
pub(super) fn is_now(moment: &SqlType, ty: &Type) -> bool {
    match ty {
        Type::Plain(SqlType::DateTime | SqlType::Timestamp) => *moment == SqlType::Timestamp,
        Type::Plain(ty) => moment == ty,
        _ => false,
    }
}

/// The name of a check. One that DDL of ours would make by itself is none.
pub(super) fn check_name(name: &str, table: &str, condition: &RawExpr) -> Option<String> {
    let expr = match condition {
        RawExpr::Neutral(text) => Expr::parse_neutral(text).ok(),
        RawExpr::PerDialect(_) => None,
    };
    let columns = expr.iter().flat_map(Expr::columns).map(str::to_owned);
    given_name(name, table, &columns.collect::<Vec<_>>(), "check")
}

/// Names with the place of their table.
pub(super) fn at(names: &[String], place: &Place) -> Vec<At<String>> {
    names.iter().map(|name| At::new(name.clone(), place.clone())).collect()
}

/// A referential action by its words.
pub(super) fn action(words: &str) -> Action {
    match words {
        "RESTRICT" | "r" => Action::Restrict,
        "CASCADE" | "c" => Action::Cascade,
        "SET NULL" | "n" => Action::SetNull,
        "SET DEFAULT" | "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

/// Tables in the order of their names.
pub(super) fn sort(tables: &mut [Table]) {
    tables.sort_by(|a, b| a.name.value.cmp(&b.name.value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_as_a_spec_stays_as_it_is() {
        let columns = vec![("a".to_owned(), Family::Text)];
        let expressions = Expressions { dialect: DialectName::Postgres, columns };
        for (printed, expected) in [
            ("((a)::text = 'x'::text)", RawExpr::Neutral("a = 'x'".to_owned())),
            ("(a ~ 'x'::text)", expressions.verbatim("(a ~ 'x'::text)")),
            (" (a IS JSON)", expressions.verbatim("(a IS JSON)")),
        ] {
            assert_eq!(expressions.read(printed), expected, "{printed}");
        }
        for name in ["left", "right", "substring", "position", "overlay", "coalesce", "greatest"] {
            let printed = format!("(\"{name}\"(a, 2) = 'x'::text)");
            if let RawExpr::Neutral(text) = expressions.read(&printed) {
                assert!(Expr::parse_neutral(&text).is_ok(), "{printed}: {text}");
            }
        }
    }

    #[test]
    fn constants_have_the_form_of_their_column() {
        let of = |literal: Literal, ty: SqlType| constant(&literal, &ty.into(), &BTreeMap::new());
        let text = |text: &str| Literal::Text(text.to_owned());
        let number = |text: &str| Literal::Number(text.to_owned());
        let written = |text: &str| Some(RawDefault::Written(text.to_owned()));
        let value = |literal| Some(RawDefault::Typed(Default::Value(literal)));
        assert_eq!(of(number("1"), SqlType::Boolean), value(Literal::Bool(true)));
        assert_eq!(of(number("2"), SqlType::Boolean), None);
        assert_eq!(of(number("-7"), SqlType::BigInt { unsigned: false }), value(Literal::Int(-7)));
        assert_eq!(of(number("1.5"), SqlType::Integer { unsigned: false }), None);
        assert_eq!(of(text("2024-01-02"), SqlType::DateTime), written("2024-01-02 00:00:00"));
        assert_eq!(of(text("2024-01-02 03:04:05+00"), SqlType::Timestamp), written("2024-01-02 03:04:05"));
        assert_eq!(of(text("infinity"), SqlType::DateTime), None);
        assert_eq!(of(text("\\x00ff"), SqlType::Bytes), written("0x00ff"));
        assert_eq!(of(text("{1,2}"), SqlType::Interval), None);
        let labels = BTreeMap::from([("Mood".to_owned(), vec!["a".to_owned()])]);
        let mood = Type::Named("Mood".to_owned());
        assert_eq!(constant(&text("a"), &mood, &labels), written("a"));
        assert_eq!(constant(&text("b"), &mood, &labels), None);
    }
}
