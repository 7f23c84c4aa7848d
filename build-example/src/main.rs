//! The blog of the tutorial.

fn main() {}
