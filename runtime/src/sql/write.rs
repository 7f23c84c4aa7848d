//! The one place that makes query text.

/// A rendered statement.
pub(crate) struct Statement;
/// Writes.
pub(crate) struct Writer;
