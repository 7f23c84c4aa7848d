//! Tests of inference, on drafts made by hand.
