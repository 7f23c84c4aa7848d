//! Neutral SQL expressions: parsed once, checked against a table's columns, written per dialect.

use super::RawType;

/// An expression of a check, an index predicate, a generated column or a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// One text per dialect, written by hand.
    PerDialect(RawType),
}

impl Expr {
    /// The neutral text, as it may stand in a spec; `None` for one that is written per dialect.
    #[must_use]
    pub fn neutral_text(&self) -> Option<String> {
        None
    }

    /// Gives columns other names: `rename` is asked for each and answers `None` to keep it.
    pub fn rename_columns(&mut self, rename: &mut dyn FnMut(&str) -> Option<String>) {
        let _ = rename;
    }

    /// The SQL of a dialect; `None` when it was not written for that dialect.
    #[must_use]
    pub fn to_sql(&self, dialect: super::DialectName) -> Option<String> {
        let Self::PerDialect(raw) = self;
        match dialect {
            super::DialectName::Sqlite => raw.sqlite.clone(),
            super::DialectName::Postgres => raw.postgres.clone(),
            super::DialectName::Mysql => raw.mysql.clone(),
        }
    }
}
