//! The rules of a schema that need nothing but the item itself: names, types, defaults.
//!
//! Rules that need the whole schema are in [`super::build`], where names are resolved.

pub mod defaults;
pub mod names;
pub mod types;
