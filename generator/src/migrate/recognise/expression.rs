//! Expressions, which a server prints in its own way.

use super::Likeness;
use crate::ir::{DialectName, Expr};

/// Whether a report's expression is what becomes of one of the schema. What people write for one database alone is not
/// understood here.
pub(super) fn expressions(found: &Expr, kept: &Expr, dialect: DialectName) -> Likeness {
    let text = |expr: &Expr| squeezed(&expr.neutral_text().or_else(|| expr.to_sql(dialect)).unwrap_or_default());
    if found == kept || text(found) == text(kept) {
        return Likeness::Same;
    }
    if dialect == DialectName::Mysql && found.as_mysql_keeps_it() == kept.as_mysql_keeps_it() {
        return Likeness::Same;
    }
    let by_hand = |expr: &Expr| matches!(expr, Expr::PerDialect(_));
    match dialect {
        DialectName::Sqlite => Likeness::Different,
        _ if by_hand(found) || by_hand(kept) => Likeness::Unknown,
        _ => Likeness::Different,
    }
}

/// Whether both or neither are there, and if both, whether they are alike.
pub(super) fn optional(found: Option<&Expr>, kept: Option<&Expr>, dialect: DialectName) -> Likeness {
    match (found, kept) {
        (Some(found), Some(kept)) => expressions(found, kept, dialect),
        (found, kept) => Likeness::of(found == kept),
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
