//! Cases written by hand.
