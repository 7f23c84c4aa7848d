//! The rules of a schema that need nothing but the item itself: names, types, defaults; and names of constraints,
//! which are to be looked at before anything is resolved.
//!
//! Rules that need the whole schema are in [`super::build`], where names are resolved.

pub(crate) mod constraint_names;
pub mod defaults;
pub mod names;
pub mod types;
