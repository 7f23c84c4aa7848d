//! Every diagnostic code, with one line of meaning each.
//!
//! Ranges: `P00xx` general, `P01xx` YAML spec, `P02xx` schema rules, `P03xx` live databases, `P04xx` names and plan,
//! `P05xx` rendering and output, `P06xx` SQL DDL, `P07xx` settings.

use crate::diag::Code;

macro_rules! codes {
    ($($name:ident = $id:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: Code = Code { id: $id, meaning: $meaning };)*

        /// All codes, in order.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    // P01xx: YAML spec
    YAML_SYNTAX = "P0101", "the text is not well-formed YAML";
    YAML_UNKNOWN_KEY = "P0102", "a key that the spec format does not have";
    YAML_DUPLICATE_KEY = "P0103", "the same key stands twice in one mapping";

    // P02xx: schema rules
    UNKNOWN_TYPE = "P0201", "a column type that does not exist";

    // P03xx: live databases
    LIVE_OPEN = "P0301", "the database cannot be opened";
    LIVE_READ = "P0302", "the database's schema cannot be read";
    LIVE_LOCKED = "P0303", "another connection holds a lock on the database";
    LIVE_EMPTY = "P0304", "the database has no tables";
    LIVE_TABLE = "P0305", "a table or view that cannot be read and is left out";
    LIVE_FOREIGN_KEY = "P0306", "a foreign key that leads nowhere and is left out";
    LIVE_TYPE = "P0307", "a column type that says too little";
    LIVE_NULL_KEY = "P0308", "a primary key that may hold NULL";
    LIVE_CLAUSE = "P0309", "a clause of a table that has no counterpart and is left out";

    // P04xx: names and plan
    NAME_TAKEN = "P0401", "an item is left out because its Rust name is taken";
    LABELS_ALIKE = "P0402", "labels of an enum that would have the same Rust name";
    OVERRIDE_UNUSED = "P0403", "an override that matches nothing";
    OVERRIDE_INVALID = "P0404", "an override that is no legal name or type";
    RELATION_LEFT_OUT = "P0405", "a foreign key that gives no relation";
    KEY_EXCLUDED = "P0406", "a foreign key to a table that was left out";

    // P05xx: rendering and output

    // P07xx: settings
}
