//! Models as rows of hand-written SQL.

use crate::error::Result;
use crate::query::Model;
use crate::row::{Named, Row, Source, is_in_order};

/// A model out of a row whose columns are found by their names; for generated code.
///
/// # Errors
/// `Decode` when a column holds something else, `Query` when one is missing or several have its name.
pub fn from_named<M: Model>(row: &Row<'_>) -> Result<M> {
    let meta = M::META;
    let decode = |row: &Row<'_>| M::decode(row, 0).map_err(|error| meta.locate(error, row.position()));
    if is_in_order(row, meta) {
        return decode(row);
    }
    decode(&Row::new(Source::Named(&Named::new(row, meta)?)))
}
