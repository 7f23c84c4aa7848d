//! Tests on small databases.
