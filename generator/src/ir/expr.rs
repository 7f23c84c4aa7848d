//! Neutral SQL expressions: parsed once, checked against a table's columns, written per dialect.

use super::RawType;

/// An expression of a check, an index predicate, a generated column or a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// One text per dialect, written by hand.
    PerDialect(RawType),
}
