//! Behaviours: each is written once, as a function over a database, and runs on every kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
