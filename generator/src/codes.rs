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

    // P04xx: names and plan
    PLAN_PATH = "P0401", "a setting that should be a Rust path or type is none";
    TYPE_CLASH = "P0402", "two generated types would have one name";
    TYPE_UNSUPPORTED = "P0403", "a column type that has no Rust type yet";

    // P05xx: rendering and output
    TEMPLATE = "P0501", "a template does not render";
    NOT_RUST = "P0502", "a template renders something that is not Rust";

    // P07xx: settings
}
