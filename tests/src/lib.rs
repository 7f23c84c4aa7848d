//! Golden cases and the suite that every database runs.
