//! Random sequences of operations against a plain model in memory: both end in the same rows.
