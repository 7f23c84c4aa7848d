//! Columns: each property by itself.

use super::expression::{Place, squeezed};
use super::{Likeness, Reader, spelled};
use crate::ddl::parts::constant;
use crate::ir::check::defaults;
use crate::ir::{Default, DialectName, Expr, Literal, RawType, SqlType};
use crate::migrate::state::{Column, Table, Type};

impl Reader<'_> {
    /// A column in the words of the one that should be there.
    pub(super) fn column(&mut self, table: &Table, found: &Column, wanted: &Table, kept: &Table) -> Column {
        let name = spelled(wanted, &found.name, self.dialect);
        let place = Place::of(wanted, self.dialect);
        let kept = kept.column(&spelled(kept, &found.name, self.dialect));
        let (Some(wanted), Some(kept)) = (wanted.column(&name), kept) else { return found.clone() };
        let mut column = Column { name, ..found.clone() };
        column.ty = self.labels.ty(&table.name, &wanted.name, &found.ty);
        if self.agrees(table, wanted, "type", self.types(&column, wanted, kept)) {
            column.ty.clone_from(&wanted.ty);
            column.declared.clone_from(&wanted.declared);
        }
        // MariaDB takes no NOT NULL for what is generated.
        let unsaid = self.dialect == DialectName::Mysql && wanted.generated.is_some() && found.generated.is_some();
        if found.nullable == kept.nullable || unsaid {
            column.nullable = wanted.nullable;
        }
        if self.agrees(table, wanted, "default", self.defaults(found, kept, &place)) {
            column.default.clone_from(&wanted.default);
        }
        if self.agrees(table, wanted, "expression", self.generated(found, kept, &place)) {
            column.generated.clone_from(&wanted.generated);
        }
        if found.collation == kept.collation {
            column.collation.clone_from(&wanted.collation);
        }
        if found.comment == kept.comment {
            column.comment.clone_from(&wanted.comment);
        }
        column
    }

    /// Whether a likeness counts as being equal; one that is not known is noted.
    fn agrees(&mut self, table: &Table, column: &Column, what: &str, likeness: Likeness) -> bool {
        if likeness == Likeness::Unknown {
            self.not_compared(&table.name, &format!("column `{}`: its {what} is written by hand", column.name));
        }
        likeness != Likeness::Different
    }

    /// `found` has the schema's name of its enum already.
    fn types(&self, found: &Column, wanted: &Column, kept: &Column) -> Likeness {
        if self.dialect == DialectName::Sqlite {
            let ty = if matches!(kept.ty, Type::Named(_)) { &wanted.ty } else { &kept.ty };
            return Likeness::of(found.ty == *ty && found.declared == kept.declared);
        }
        let spelled = |column: &Column| self.spelled(column.declared.as_ref());
        if let Type::Plain(SqlType::Raw(raw)) = &wanted.ty {
            let there = match &found.ty {
                Type::Plain(SqlType::Raw(raw)) => self.spelled(Some(raw)),
                _ => spelled(found),
            };
            // A word such as `varchar(3)` is read as a type of ours, and there are several words for one type.
            return if self.spelled(Some(raw)) == there { Likeness::Same } else { Likeness::Unknown };
        }
        Likeness::of(self.normal(&found.ty) == self.normal(&wanted.ty) && spelled(found) == spelled(wanted))
    }

    fn spelled(&self, raw: Option<&RawType>) -> Option<String> {
        raw.and_then(|raw| raw.get(self.dialect)).map(|text| text.trim().to_lowercase())
    }

    /// The type as the server knows it.
    fn normal(&self, ty: &Type) -> Type {
        match (ty, self.dialect) {
            (Type::Array(inner), _) => Type::Array(Box::new(self.normal(inner))),
            (Type::Plain(SqlType::TinyInt { .. }), DialectName::Postgres) => {
                SqlType::SmallInt { unsigned: false }.into()
            }
            // As wide as it gets.
            (Type::Plain(SqlType::Decimal(None)), DialectName::Mysql) => SqlType::Decimal(Some((65, 30))).into(),
            (Type::Plain(SqlType::Raw(raw)), dialect) => {
                let text = raw.get(dialect).map(str::to_lowercase);
                SqlType::Raw(RawType { postgres: text, ..RawType::default() }).into()
            }
            (ty, _) => ty.clone(),
        }
    }

    fn defaults(&self, found: &Column, kept: &Column, place: &Place) -> Likeness {
        if self.dialect == DialectName::Sqlite {
            return Likeness::of(found.default == kept.default);
        }
        let stated = |column: &Column| {
            let default = column.default.as_ref().map(|default| plain(default, &kept.ty));
            default.filter(|it| *it != Default::Value(Literal::Null))
        };
        match (stated(found), stated(kept)) {
            (Some(Default::Expr(one)), Some(Default::Expr(other))) => place.values(&one, &other),
            (Some(Default::Value(one)), Some(Default::Value(other))) => self.constants(&one, &other, &kept.ty),
            // A constant that the server prints as an expression, or that was written as one.
            (Some(Default::Expr(one)), Some(Default::Value(_)))
            | (Some(Default::Value(_)), Some(Default::Expr(one)))
                if matches!(one, Expr::PerDialect(_)) =>
            {
                Likeness::Unknown
            }
            (one, other) => Likeness::of(one == other),
        }
    }

    /// Constants by the text that the server gets of them.
    fn constants(&self, one: &Literal, other: &Literal, ty: &Type) -> Likeness {
        let plain = match ty {
            Type::Plain(ty) => ty.clone(),
            Type::Named(_) | Type::Array(_) => SqlType::Text,
        };
        let text = |literal: &Literal| match (number(literal), &plain) {
            (Some(number), SqlType::Real | SqlType::Double) => {
                number.parse::<f64>().map_or(number, |it| it.to_string())
            }
            (Some(number), _) => number,
            (None, SqlType::Json) => squeezed(&constant(literal, &plain, self.dialect)),
            (None, _) => constant(literal, &plain, self.dialect),
        };
        match text(one) == text(other) {
            true => Likeness::Same,
            // Its keys are in another order on PostgreSQL.
            false if plain == SqlType::Json => Likeness::Unknown,
            false => Likeness::Different,
        }
    }

    fn generated(&self, found: &Column, kept: &Column, place: &Place) -> Likeness {
        match (&found.generated, &kept.generated) {
            // PostgreSQL before 18 stores what is generated.
            (Some(one), Some(other)) if one.stored == other.stored || self.dialect == DialectName::Postgres => {
                place.values(&one.expr, &other.expr)
            }
            (one, other) => Likeness::of(one == other),
        }
    }
}

/// A default as a report has it: an expression that is a constant of the column's type, or the current moment, is read as
/// that.
fn plain(default: &Default, ty: &Type) -> Default {
    let Default::Expr(expr) = default else { return default.clone() };
    let ty = match ty {
        Type::Plain(ty) => ty,
        Type::Named(_) => &SqlType::Text,
        Type::Array(_) => return default.clone(),
    };
    let is_now = |moment: SqlType| match ty {
        SqlType::DateTime | SqlType::Timestamp => moment == SqlType::Timestamp,
        ty => moment == *ty,
    };
    if expr.moment().is_some_and(is_now) {
        return Default::Now;
    }
    let written = match (expr.constant(), ty) {
        (Some(Literal::Null), _) => return Default::Value(Literal::Null),
        (Some(Literal::Text(text)), SqlType::DateTime | SqlType::Timestamp) if text.len() == "2000-01-01".len() => {
            format!("{text} 00:00:00")
        }
        // MySQL has numbers for truth values.
        (Some(Literal::Number(number)), SqlType::Boolean) if number == "0" || number == "1" => {
            (number == "1").to_string()
        }
        (Some(Literal::Text(text) | Literal::Number(text)), _) => text,
        (Some(Literal::Bool(truth)), SqlType::Boolean) => truth.to_string(),
        _ => return default.clone(),
    };
    match defaults::typed(ty, &[], &written) {
        Ok(constant @ Default::Value(_)) => constant,
        _ => default.clone(),
    }
}

/// Digits without a needless end.
fn number(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Int(value) => Some(value.to_string()),
        Literal::Number(text) if text.contains('.') && !text.contains(['e', 'E']) => {
            Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
        }
        Literal::Number(text) => Some(text.clone()),
        _ => None,
    }
}
