//! Whether two things of a table are the same. A name that DDL would make by itself is no name: a database reports every
//! index with one, and a spec gives most of them none.

use super::ddl::names::{is_made_check, is_made_index, is_made_key};
use super::state::{ForeignKey, Index, Unique};
use crate::ir::{Check, TableName};

/// Something of a table that may have a name.
pub(super) trait Part: Clone + PartialEq {
    /// It without its name.
    fn bare(&self) -> Self;
    /// Its name, if it has one.
    fn name(&self) -> Option<&str>;
    /// Whether it has no name, or the one that DDL would make in a table of this name.
    fn is_plain(&self, table: &str) -> bool;

    /// Whether two parts of a table are the same.
    fn same(&self, other: &Self, table: &TableName) -> bool {
        let named = || self.name() == other.name() || (self.is_plain(&table.name) && other.is_plain(&table.name));
        self == other || (self.bare() == other.bare() && named())
    }

    /// Whether one of some parts of a table is the same.
    fn is_in(&self, others: &[Self], table: &TableName) -> bool {
        others.iter().any(|other| self.same(other, table))
    }
}

impl Part for Index {
    fn bare(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn is_plain(&self, table: &str) -> bool {
        is_made_index(table, self)
    }
}

impl Part for Unique {
    fn bare(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn is_plain(&self, table: &str) -> bool {
        is_made_key(table, self.name(), &self.columns, "key")
    }
}

impl Part for ForeignKey {
    fn bare(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn is_plain(&self, table: &str) -> bool {
        is_made_key(table, self.name(), &self.columns, "fkey")
    }
}

impl Part for Check {
    fn bare(&self) -> Self {
        Self { name: None, ..self.clone() }
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn is_plain(&self, table: &str) -> bool {
        is_made_check(table, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Expr;
    use crate::migrate::state::{IndexPart, IndexTarget, plain};

    fn index(name: Option<&str>, column: &str) -> Index {
        let part = IndexPart { target: IndexTarget::Column(column.to_owned()), desc: false };
        let name = name.map(str::to_owned);
        Index { name, parts: vec![part], unique: false, predicate: None, only: Vec::new() }
    }

    #[test]
    fn the_usual_name_is_none() {
        let table = plain("post");
        assert!(index(Some("post_title_idx"), "title").same(&index(None, "title"), &table));
        assert!(!index(Some("by_title"), "title").same(&index(None, "title"), &table));
        assert!(!index(Some("post_title_idx"), "title").same(&index(None, "views"), &table));
        assert!(!index(Some("post_title_idx"), "title").same(&index(None, "title"), &plain("note")));
        let unique = |name: Option<&str>| Unique { name: name.map(str::to_owned), columns: vec!["a".to_owned()] };
        assert!(unique(Some("post_a_key")).same(&unique(None), &table));
        assert!(!unique(Some("a")).is_in(&[unique(None), unique(Some("b"))], &table));
        let check =
            |name: Option<&str>| Check { name: name.map(str::to_owned), expr: Expr::parse_neutral("a > 0").unwrap() };
        assert!(check(Some("post_a_check")).same(&check(None), &table));
        assert!(!check(Some("positive")).same(&check(None), &table));
    }
}
