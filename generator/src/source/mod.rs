//! The ways in: each source reads one input format into an [`crate::ir::draft::Draft`].

#[cfg(any(feature = "live-sqlite", feature = "live-postgres", feature = "live-mysql"))]
pub mod live;
pub mod yaml;
