//! The generator of Pilaster: from a YAML model spec or a live database to typed Rust models.

pub mod codes;
pub mod ddl;
pub mod diag;
pub mod ir;
pub mod names;
pub mod output;
pub mod plan;
pub mod render;
pub mod source;
pub mod spec;
