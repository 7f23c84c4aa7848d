//! The rules of a schema, one function each.
