//! The sections of the tutorial.

pub mod advanced;
pub mod crud;
pub mod migrations;
pub mod queries;
pub mod relationships;
pub mod session;
pub mod tables;
