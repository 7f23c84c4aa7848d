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
    YAML_UNSUPPORTED = "P0104", "a feature of YAML that specs do not use: anchors, tags, several documents";
    YAML_LIMIT = "P0105", "the text is nested too deeply or is too large";
    YAML_SHAPE = "P0106", "a mapping, list or text stands where another of them is needed";
    YAML_COMMA = "P0107", "a comma inside `{…}` or `[…]` cuts an unquoted value in two";
    YAML_COMMENT = "P0108", "YAML reads a `#` as a comment and drops what was meant as a value";
    SPEC_LATER = "P0109", "a key that is planned and not supported yet";
    SPEC_VERSION = "P0110", "the `pilaster` version line is missing or unknown";
    SPEC_MISSING = "P0111", "a key that is needed is missing";
    SPEC_VALUE = "P0112", "a value that its key does not take";
    SPEC_CONFLICT = "P0113", "two settings that exclude each other";
    COLUMN_FORM = "P0114", "the short form of a column is not `TYPE [null] [primary] [unique] [index] [version] [= VALUE]`";
    COLUMN_QUOTES = "P0115", "quotes around a default are part of its value";

    // P02xx: schema rules
    UNKNOWN_TYPE = "P0201", "a column type that does not exist";
    UNKNOWN_MODEL = "P0202", "a model that does not exist";
    UNKNOWN_COLUMN = "P0203", "a column or field that does not exist";
    UNKNOWN_TABLE = "P0204", "a table that does not exist";
    DUPLICATE_NAME = "P0205", "two things of one kind have the same name";
    SHARED_TABLE = "P0206", "two models are on one table";
    NAME_CLASH = "P0207", "two things of different kinds would have the same Rust name";
    RESERVED_NAME = "P0208", "a name that generated code needs for itself";
    INVALID_NAME = "P0209", "a name that is no Rust identifier in the usual case";
    PRIMARY_KEY = "P0210", "a primary key that cannot be";
    FOREIGN_KEY = "P0211", "a foreign key that cannot be";
    FOREIGN_KEY_TYPE = "P0212", "a foreign key's column has another type than its target";
    DEFAULT_VALUE = "P0213", "a default that its column's type does not take";
    VERSION_COLUMN = "P0214", "a version counter that cannot be one";
    AUTO_INCREMENT = "P0215", "a column that the database cannot number";
    EXPRESSION = "P0216", "an expression that cannot be read as neutral SQL";
    TYPE_ARGUMENT = "P0217", "a length, precision or scale out of range";
    EMPTY = "P0218", "something has no parts: a table without columns, an enum without labels";
    RELATION_TWICE = "P0219", "a relation is declared on both sides";
    RELATION_COLUMNS = "P0220", "the columns of a relation cannot be made out";

    // P03xx: live databases

    // P04xx: names and plan

    // P05xx: rendering and output

    // P07xx: settings
}
