//! Plans of flushes, without a database.
