//! Tests of the written spec.
