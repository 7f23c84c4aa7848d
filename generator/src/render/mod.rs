//! From the plan to checked and formatted Rust files.
