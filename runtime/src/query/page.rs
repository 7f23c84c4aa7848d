//! Pages of a result.

use crate::error::{Error, Result};

/// One page of a query's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many rows all pages have together.
    pub total: u64,
    /// The number of this page, from 1.
    pub page: u64,
    /// How many rows a page has at most.
    pub per_page: u64,
}

impl<T> Page<T> {
    /// How many pages there are.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.per_page.max(1))
    }

    /// Whether there is a page behind this one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.page < self.pages()
    }

    /// Whether there is a page before this one.
    #[must_use]
    pub fn has_prev(&self) -> bool {
        self.page > 1
    }

    pub(crate) fn offset(page: u64, per_page: u64) -> Result<u64> {
        if page == 0 || per_page == 0 {
            return Err(Error::query("pages count from 1 and have at least one row"));
        }
        let offset = (page - 1).checked_mul(per_page).filter(|offset| i64::try_from(*offset).is_ok());
        offset.ok_or_else(|| Error::query(format!("page {page} is out of range")))
    }
}
