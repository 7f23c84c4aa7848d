//! The keys of the format: what each of its mappings takes.

/// Of a whole spec.
pub(super) const SPEC: &[&str] = &["pilaster", "dialects", "types", "enums", "models"];
/// Of an item of `types`.
pub(super) const TYPE: &[&str] = &["sql", "raw", "rust", "with"];
/// Of an item of `enums` that is no list.
pub(super) const ENUM: &[&str] = &["labels", "schema", "sql"];
/// Of a label that is no text.
pub(super) const LABEL: &[&str] = &["label", "name"];
/// Of a model.
pub(super) const MODEL: &[&str] = &[
    "schema",
    "table",
    "view",
    "columns",
    "relations",
    "foreign_keys",
    "primary_key",
    "uniques",
    "indexes",
    "checks",
    "comment",
    "renamed_from",
    "sqlite",
    "hooks",
];
/// Of a column in its long form.
pub(super) const COLUMN: &[&str] = &[
    "type",
    "raw",
    "null",
    "primary",
    "unique",
    "index",
    "version",
    "default",
    "column",
    "check",
    "comment",
    "generated",
    "collation",
    "renamed_from",
    "rust",
    "with",
    "field",
    "auto",
    "declared",
];
/// Of a default that is no constant.
pub(super) const DEFAULT: &[&str] = &["sql"];
/// Of a generated column that is no expression alone.
pub(super) const GENERATED: &[&str] = &["expr", "stored"];
/// Of a relation over a foreign key, beside its kind.
pub(super) const RELATION: &[&str] = &[
    "inverse",
    "null",
    "columns",
    "references",
    "on_delete",
    "on_update",
    "deferred",
    "constraint",
    "index",
    "cascade",
    "orphans",
];
/// Of a relation over a table between.
pub(super) const MANY_TO_MANY: &[&str] = &["many_to_many", "inverse", "table", "columns", "through"];
/// Of an item of `foreign_keys`.
pub(super) const FOREIGN_KEY: &[&str] =
    &["columns", "model", "table", "references", "on_delete", "on_update", "deferred", "constraint"];
/// Of an item of `uniques` that is no list.
pub(super) const UNIQUE: &[&str] = &["name", "columns"];
/// Of an item of `indexes` that is no list.
pub(super) const INDEX: &[&str] = &["columns", "unique", "where", "only", "name"];
/// Of a part of an index that is no text.
pub(super) const PART: &[&str] = &["column", "expr", "desc"];
/// Of a check in a list.
pub(super) const CHECK: &[&str] = &["name", "expr"];
/// Of `sqlite`.
pub(super) const SQLITE: &[&str] = &["strict", "without_rowid", "autoincrement"];
/// Of what is written per database.
pub(super) const DIALECTS: &[&str] = &["sqlite", "postgres", "mysql"];

/// Every mapping of the format with its keys, so that what is documented can be compared with what is read.
pub const ALL: &[(&str, &[&str])] = &[
    ("spec", SPEC),
    ("type", TYPE),
    ("enum", ENUM),
    ("label", LABEL),
    ("model", MODEL),
    ("column", COLUMN),
    ("default", DEFAULT),
    ("generated", GENERATED),
    ("relation", RELATION),
    ("many_to_many", MANY_TO_MANY),
    ("foreign_key", FOREIGN_KEY),
    ("unique", UNIQUE),
    ("index", INDEX),
    ("part", PART),
    ("check", CHECK),
    ("sqlite", SQLITE),
    ("dialects", DIALECTS),
];
