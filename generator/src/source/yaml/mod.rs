//! The YAML model spec (design: the spec's format).
//!
//! [`load`] goes through three steps: `tree` keeps every value's place, `models`, `column` and `relations` read the
//! format out of it, `lower` makes tables, models and both sides of each relation.

mod column;
mod keys;
mod lower;
mod models;
pub(crate) mod read;
mod relations;
mod syntax;
pub(crate) mod tree;
pub(crate) mod types;

use std::sync::Arc;

pub use keys::ALL as KEYS;

use crate::diag::{Diagnostics, SourceText};
use crate::ir::draft::Draft;

/// Reads a spec. Everything that could be read is in the draft, also when there were errors.
pub fn load(source: &Arc<SourceText>, diagnostics: &mut Diagnostics) -> Draft {
    let before = diagnostics.len();
    let root = match tree::parse(source, diagnostics) {
        Some(root) => root,
        // an empty file is a spec without anything
        None if diagnostics.len() == before => {
            tree::Node { span: 0..0, kind: tree::Kind::Text(String::new(), tree::Style::Plain) }
        }
        None => return Draft::default(),
    };
    let mut reader = read::Reader { source, diagnostics };
    let spec = models::read(&mut reader, &root);
    lower::lower(&mut reader, spec)
}

#[cfg(test)]
mod tests;
