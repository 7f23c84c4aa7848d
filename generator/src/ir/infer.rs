//! Derives models from tables: names, fields and relations of a database that has no Rust view yet.

use super::draft::Draft;
use crate::diag::Diagnostics;

/// Fills `draft.models` from `draft.tables`. Items that lose a name clash are left out with a warning that shows the
/// override to write.
pub fn infer(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    let _ = (draft, overrides, diagnostics);
}

/// What the user decided about tables that are read from a database (`[tables]` in `pilaster.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Tables to take, as patterns with `*`; empty is all.
    pub include: Vec<String>,
    /// Tables to leave out, as patterns with `*`.
    pub exclude: Vec<String>,
    /// Rust names by `table`, `table.column`, `table.relation` or `enum`, `enum.label`.
    pub names: Vec<(String, String)>,
    /// Types by `table.column`: a logical type as in a spec (`boolean`, `decimal(10,2)`, `timestamp` …).
    pub types: Vec<(String, String)>,
}
