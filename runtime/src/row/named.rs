//! A row whose columns are found by their names: hand-written SQL gives them in an order of its own.

use std::borrow::Cow;

use super::{RawRow, Row};
use crate::error::{Error, Result};
use crate::meta::ModelMeta;
use crate::value::Decimal;

/// A row with its columns in another order.
pub(crate) struct Named<'r> {
    row: &'r Row<'r>,
    /// Where each column stands in the row.
    columns: Vec<usize>,
}

/// Whether a row has the columns of a model as they are, as `SELECT *` mostly gives them.
pub(crate) fn is_in_order(row: &Row<'_>, meta: &ModelMeta) -> bool {
    let mut columns = meta.columns.iter().enumerate();
    row.len() == meta.columns.len() && columns.all(|(at, column)| row.name(at) == Some(column.name))
}

fn places(row: &Row<'_>, meta: &ModelMeta) -> Result<Vec<usize>> {
    let place = |name: &str| {
        let called = |like: fn(&str, &str) -> bool| {
            let mut found = (0..row.len()).filter(|&at| row.name(at).is_some_and(|given| like(given, name)));
            (found.next(), found.next())
        };
        // SQLite and MySQL call a column as the query writes it, and know it in any case.
        let exact = called(|given, name| given == name);
        match if exact.0.is_some() { exact } else { called(str::eq_ignore_ascii_case) } {
            (Some(at), None) => Ok(at),
            (None, _) => {
                Err(Error::query(format!("the result has no column named \"{name}\", which {} has", meta.model)))
            }
            (Some(_), Some(_)) => Err(Error::query(format!(
                "the result has several columns named \"{name}\", which {} has (select those of its table alone, or give \
                 the others other names)",
                meta.model
            ))),
        }
    };
    meta.columns.iter().map(|column| place(column.name)).collect()
}

impl<'r> Named<'r> {
    /// The columns of a model, by their names.
    ///
    /// # Errors
    /// `Query` when one is missing, or several have its name.
    pub(crate) fn new(row: &'r Row<'r>, meta: &ModelMeta) -> Result<Self> {
        Ok(Self { row, columns: places(row, meta)? })
    }

    fn at(&self, at: usize) -> Result<usize> {
        let found = self.columns.get(at).copied();
        found.ok_or_else(|| Error::decode("a column", format!("no column at position {at}")))
    }

    /// Hands the elements of an array to `each`.
    pub(super) fn list(&self, at: usize, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<bool> {
        self.row.list(self.at(at)?, each)
    }
}

macro_rules! forward {
    ($($name:ident -> $ty:ty;)*) => {$(
        fn $name(&self, at: usize) -> Result<$ty> {
            self.row.$name(self.at(at)?)
        }
    )*};
}

impl RawRow for Named<'_> {
    forward! {
        is_null -> bool;
        bool -> Option<bool>;
        int -> Option<i64>;
        uint -> Option<u64>;
        float -> Option<f64>;
        decimal -> Option<Decimal>;
        text -> Option<Cow<'_, str>>;
        bytes -> Option<Cow<'_, [u8]>>;
        date -> Option<i32>;
        time -> Option<i64>;
        datetime -> Option<i64>;
        timestamp -> Option<i64>;
        uuid -> Option<[u8; 16]>;
        json -> Option<Cow<'_, str>>;
        take_text -> Option<String>;
        take_bytes -> Option<Vec<u8>>;
    }

    fn len(&self) -> usize {
        self.columns.len()
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.row.name(self.at(at).ok()?)
    }
}
