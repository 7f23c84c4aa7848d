//! A hook that the spec declares is the program's to write.

#[path = "../../cases/hooks_and_cascades/expected/mod.rs"]
mod models;

fn main() {}
