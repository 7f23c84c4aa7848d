//! Expressions, which a server prints in its own way.

use super::Likeness;
use crate::ir::{DialectName, Expr, SqlType, TableName};
use crate::migrate::state::{Table, Type};

/// Where expressions are compared.
pub(super) struct Place {
    pub table: TableName,
    pub dialect: DialectName,
    /// The columns whose types are known to be like those of constants and casts.
    columns: Vec<(String, SqlType)>,
}

impl Place {
    pub fn of(table: &Table, dialect: DialectName) -> Self {
        let columns = table.columns.iter().filter_map(|column| match &column.ty {
            // What is declared in another way, such as `citext`, has casts of its own.
            Type::Plain(ty) if column.declared.is_none() && !matches!(ty, SqlType::Raw(_)) => {
                Some((column.name.clone(), ty.clone()))
            }
            _ => None,
        });
        Self { table: table.name.clone(), dialect, columns: columns.collect() }
    }

    /// Whether a report's condition is what becomes of one of the schema.
    pub fn conditions(&self, found: &Expr, kept: &Expr) -> Likeness {
        self.compare(found, kept, true)
    }

    /// Whether a report's value is what becomes of one of the schema.
    pub fn values(&self, found: &Expr, kept: &Expr) -> Likeness {
        self.compare(found, kept, false)
    }

    /// What people write for one database alone is not understood here.
    fn compare(&self, found: &Expr, kept: &Expr, is_condition: bool) -> Likeness {
        let text =
            |expr: &Expr| squeezed(&expr.neutral_text().or_else(|| expr.to_sql(self.dialect)).unwrap_or_default());
        if found == kept || text(found) == text(kept) {
            return Likeness::Same;
        }
        if self.dialect == DialectName::Sqlite {
            return Likeness::Different;
        }
        let form = |expr: &Expr| expr.as_kept(self.dialect, is_condition, &self.columns);
        if form(found) == form(kept) {
            return Likeness::Same;
        }
        let by_hand = |expr: &Expr| matches!(expr, Expr::PerDialect(_));
        if by_hand(found) || by_hand(kept) { Likeness::Unknown } else { Likeness::Different }
    }

    /// Whether both or neither condition are there, and if both, whether they are alike.
    pub fn optional(&self, found: Option<&Expr>, kept: Option<&Expr>) -> Likeness {
        match (found, kept) {
            (Some(found), Some(kept)) => self.conditions(found, kept),
            (found, kept) => Likeness::of(found == kept),
        }
    }
}

/// A text without the white space between its words.
pub(super) fn squeezed(text: &str) -> String {
    let mut quote = None;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() && quote.is_none() {
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        out.push(c);
    }
    out
}
