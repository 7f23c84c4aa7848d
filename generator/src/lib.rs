//! The generator of Pilaster: from a YAML model spec or a live database to typed Rust models.
//!
//! A build script calls [`build()`], or a [`Generator`] with settings of its own; the binary `pilaster` does the same
//! from the command line and writes folders of code to commit. Both run one pipe of stages: [`source`] reads the
//! input, [`ir`] checks it, [`plan`] decides the code, [`render`] prints it and [`output`] writes it.

#[cfg(feature = "cli")]
pub mod cli;
pub mod codes;
pub mod config;
pub mod ddl;
pub mod diag;
pub mod ir;
pub mod migrate;
pub mod names;
pub mod output;
pub mod pipeline;
pub mod plan;
pub mod render;
pub mod secret;
pub mod source;
pub mod spec;
pub mod url;

pub use config::{Generator, build};
