//! Files as values, and the one place that writes them.

pub mod hash;

/// Rendered files: relative path (with `/`) and bytes, in order of path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    /// Path and text.
    pub files: std::collections::BTreeMap<String, String>,
}
