//! Neutral SQL expressions: parsed once, checked against a table's columns, written per dialect.
//!
//! The neutral language is the common ground of the three databases: columns, constants, operators, `CASE`, `CAST`,
//! function calls. What is outside of it is written by hand, one text per dialect.

mod node;
mod normal;
mod parse;
mod printed;
mod write;

use std::fmt;

pub use node::Neutral;
pub use printed::{Family, Printed};

use super::{DialectName, Literal, RawType, SqlType};

/// An expression of a check, an index predicate, a generated column or a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// One text for all, in the normal form that parsing gives it.
    Neutral(Neutral),
    /// One text per dialect, written by hand.
    PerDialect(RawType),
}

/// Why a text is no neutral expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// Byte offset into the text.
    pub offset: usize,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExprError {}

impl Expr {
    /// Reads a neutral expression. Two texts that differ in spacing, case of keywords or needless parentheses give
    /// equal expressions.
    ///
    /// # Errors
    /// When the text is not well formed, is nested too deeply, or uses what not every database has.
    pub fn parse_neutral(text: &str) -> Result<Self, ExprError> {
        parse::parse(text, None).map(Self::Neutral)
    }

    /// Reads what a server prints of an expression that it keeps: without the casts and parentheses that it adds.
    ///
    /// # Errors
    /// When the text is no neutral expression even so.
    pub fn parse_printed(text: &str, printed: &Printed<'_>) -> Result<Self, ExprError> {
        parse::parse(text, Some(printed)).map(Self::Neutral)
    }

    /// The constant that the expression is, if it is one.
    #[must_use]
    pub fn constant(&self) -> Option<Literal> {
        match self {
            Self::Neutral(neutral) => neutral.constant(),
            Self::PerDialect(_) => None,
        }
    }

    /// The type of the current date or time that the expression is, if it is one.
    #[must_use]
    pub fn moment(&self) -> Option<SqlType> {
        match self {
            Self::Neutral(neutral) => neutral.moment(),
            Self::PerDialect(_) => None,
        }
    }

    /// The columns that are named, each once, in order of appearance. None are known of hand-written texts.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Neutral(neutral) => neutral.columns(),
            Self::PerDialect(_) => Vec::new(),
        }
    }

    /// Gives columns other names: `rename` is asked for each and answers `None` to keep it.
    pub fn rename_columns(&mut self, rename: &mut dyn FnMut(&str) -> Option<String>) {
        if let Self::Neutral(neutral) = self {
            neutral.rename_columns(rename);
        }
    }

    /// Gives a text that some columns are compared with another value.
    pub fn rename_text(&mut self, columns: &[String], from: &str, to: &str) {
        if let Self::Neutral(neutral) = self {
            neutral.rename_text(columns, from, to);
        }
    }

    /// The SQL of a dialect for a place that takes conditions only. MySQL takes no other value for one there, be it a
    /// column of truth values.
    #[must_use]
    pub fn to_condition(&self, dialect: DialectName) -> Option<String> {
        match self {
            Self::Neutral(neutral) => write::condition(neutral, dialect),
            Self::PerDialect(_) => self.to_sql(dialect),
        }
    }

    /// The same expression in the one form of several that a server knows no difference between, for comparisons with
    /// what it reports. `is_condition` says that no other value is meant; `columns` are those whose types are known.
    #[must_use]
    pub fn as_kept(&self, dialect: DialectName, is_condition: bool, columns: &[(String, SqlType)]) -> Self {
        match self {
            Self::Neutral(neutral) if is_condition => Self::Neutral(normal::condition(neutral, dialect, columns)),
            Self::Neutral(neutral) => Self::Neutral(normal::normal(neutral, dialect, columns)),
            Self::PerDialect(_) => self.clone(),
        }
    }

    /// The SQL of a dialect, with quoted names; `None` when it was not written for that dialect or uses what the
    /// dialect lacks.
    #[must_use]
    pub fn to_sql(&self, dialect: DialectName) -> Option<String> {
        match self {
            Self::Neutral(neutral) => write::write(neutral, Some(dialect)),
            Self::PerDialect(raw) => raw.get(dialect).map(str::to_owned),
        }
    }

    /// The neutral text, as it may stand in a spec; `None` for one that is written per dialect.
    #[must_use]
    pub fn neutral_text(&self) -> Option<String> {
        match self {
            Self::Neutral(neutral) => write::write(neutral, None),
            Self::PerDialect(_) => None,
        }
    }
}

impl RawType {
    /// The text for a dialect.
    #[must_use]
    pub fn get(&self, dialect: DialectName) -> Option<&str> {
        match dialect {
            DialectName::Sqlite => self.sqlite.as_deref(),
            DialectName::Postgres => self.postgres.as_deref(),
            DialectName::Mysql => self.mysql.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests;
