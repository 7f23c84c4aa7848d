//! The ways in: each source reads one input format into an [`crate::ir::draft::Draft`].

#[cfg(feature = "live-sqlite")]
pub mod live;
pub mod yaml;
