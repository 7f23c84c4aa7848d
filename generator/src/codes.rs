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

    // P05xx: rendering and output
    UNSUPPORTED = "P0501", "something that a database cannot do";
    NO_EXPRESSION = "P0502", "an expression without a text for a database";
    SQL_NAME = "P0503", "a name that a database cannot hold, or that stands twice";
    RAW_TYPE = "P0504", "a type spelled by hand that is not the text of one type";
    EXISTS = "P0505", "a file that must be new is there already";
    FOREIGN_FILE = "P0510", "a file that is not generated stands where a generated one belongs";
    OUTPUT_PATH = "P0511", "an output path that leaves the output folder";
    OUTPUT_IO = "P0512", "an output file that cannot be read, written or removed";
    OUT_OF_DATE = "P0513", "a generated file that is not what the input gives";

    // P07xx: settings
    SETTINGS_SYNTAX = "P0701", "the settings file is not well-formed TOML";
    SETTINGS_KEY = "P0702", "a key that the settings do not have";
    SETTINGS_VALUE = "P0703", "a setting of the wrong kind";
    NO_INPUT = "P0704", "there is neither a spec nor a database to read, or there are both";
    DATABASE_URL = "P0705", "a database URL that cannot be used";
    INPUT_READ = "P0706", "an input file that cannot be read";
    DATABASE = "P0707", "the database refused a statement";
    REFUSED = "P0708", "something that must be confirmed and was not";
}
