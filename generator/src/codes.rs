//! Every diagnostic code, with one line of meaning each.
//!
//! Ranges: `P00xx` general, `P01xx` YAML spec, `P02xx` schema rules, `P03xx` live databases, `P04xx` names and plan,
//! `P05xx` rendering and output, `P06xx` SQL DDL, `P07xx` settings, `P08xx` migrations, `P09xx` risks of
//! migrations.

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
    NO_KEY = "P0221", "a model without a primary key";

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
    LIVE_RIGHTS = "P0310", "something that the user of the URL may not see";
    LIVE_BESIDE = "P0311", "triggers, rules and row security, which are no part of a schema";
    LIVE_ZERO_DATE = "P0312", "a date that is zero by default, which no Rust type holds";

    // P04xx: names and plan
    NAME_TAKEN = "P0401", "an item is left out because its Rust name is taken";
    LABELS_ALIKE = "P0402", "labels of an enum that would have the same Rust name";
    OVERRIDE_UNUSED = "P0403", "an override that matches nothing";
    OVERRIDE_INVALID = "P0404", "an override that is no legal name or type";
    RELATION_LEFT_OUT = "P0405", "a foreign key that gives no relation";
    KEY_EXCLUDED = "P0406", "a foreign key to a table that was left out";
    PLAN_PATH = "P0407", "a setting that should be a Rust path or type is none";
    TYPE_CLASH = "P0408", "two generated types would have one name";
    TYPE_UNSUPPORTED = "P0409", "a column type that has no Rust type yet";
    ENUM_RENAMED = "P0410", "an enum is named otherwise because its Rust name is taken";

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
    TEMPLATE = "P0520", "a template does not render";
    NOT_RUST = "P0521", "a template renders something that is not Rust";

    // P07xx: settings
    SETTINGS_SYNTAX = "P0701", "the settings file is not well-formed TOML";
    SETTINGS_KEY = "P0702", "a key that the settings do not have";
    SETTINGS_VALUE = "P0703", "a setting of the wrong kind";
    NO_INPUT = "P0704", "there is neither a spec nor a database to read, or there are both";
    DATABASE_URL = "P0705", "a database URL that cannot be used";
    INPUT_READ = "P0706", "an input file that cannot be read";
    DATABASE = "P0707", "the database refused a statement";
    REFUSED = "P0708", "something that must be confirmed and was not";

    // P08xx: migrations
    MISFIT = "P0801", "a change that does not fit the schema at its point";
    CONVERSION = "P0802", "a change of type without a known conversion of the values";
    REVISION = "P0803", "a file that is no revision, or of an unknown version";
    REVISION_TWICE = "P0804", "two files are the same revision";
    REVISION_PARENT = "P0805", "a revision comes after one that is not there, or after itself";
    REVISION_HEADS = "P0806", "there are several heads where one is needed";
    REVISION_UNKNOWN = "P0807", "there is no such revision, or several";
    NO_WAY_BACK = "P0808", "a revision that cannot be taken back";
    MAYBE_RENAMED = "P0809", "something is dropped and something like it is made";
    ALLOW_UNUSED = "P0810", "a risk is accepted that is not there";
    OUT_OF_STEP = "P0811", "the spec and the migrations differ";
    DRIFT = "P0812", "a database and the schema that it should have differ";
    BEHIND = "P0813", "a database lacks revisions that the files have";
    AHEAD = "P0814", "a database has a revision that the files do not have";
    EDITED = "P0815", "a revision was edited after a database applied it";
    UNFINISHED = "P0816", "a revision is applied to a database in part";
    UNSTAMPED = "P0817", "a database has the tables of the revisions and no note of them";
    RUN = "P0820", "a migration could not be run";

    // P09xx: risks of migrations
    RISK_DROP_TABLE = "P0901", "a table is dropped with its rows";
    RISK_DROP_COLUMN = "P0902", "a column is dropped with its values";
    RISK_NARROW = "P0903", "values may not fit the new type of their column";
    RISK_LABEL = "P0904", "a label of an enum goes";
    RISK_REQUIRED = "P0905", "rows that are there may have no value for a column that needs one";
    RISK_RENAME = "P0906", "a rename breaks programs that know the old name";
    RISK_REWRITE = "P0907", "every row is written anew while the table is locked";
    RISK_INDEX = "P0908", "an index is made while nobody can write to the table";
    RISK_UNIQUE = "P0909", "rows that are there may have the same values in columns that become unique";
    RISK_CONSTRAINT = "P0910", "all rows are checked while the table is locked";
    RISK_KEY = "P0911", "the primary key changes";
    RISK_NULL = "P0912", "programs that know the column as never NULL may meet NULL";
    RISK_ZONE = "P0913", "moments change their meaning";
    RISK_UNSEEN = "P0914", "SQL whose effect on the schema is not known";
    RISK_RULE = "P0915", "a rule that the rows have kept goes";
    RISK_KEY_INDEX = "P0916", "a foreign key whose columns no index leads with";
    RISK_COVERED = "P0917", "an index that another one makes needless";
    RISK_SQL = "P0918", "SQL that removes tables, columns or all rows";
    RISK_TRANSACTION = "P0919", "SQL that the transaction of a migration does not allow";
}
