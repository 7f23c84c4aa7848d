//! Names that are taken: by the language, and by what generated code defines itself.

/// Keywords that cannot be raw identifiers; a name equal to one gets a trailing underscore.
pub const NEVER_RAW: &[&str] = &["self", "Self", "super", "crate", "_"];

/// Keywords of any edition that can be raw identifiers.
pub const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Functions and methods of every model, and methods that its users reach through traits. A relation is a method
/// beside them, so it cannot have one of these names.
pub const MODEL_METHODS: &[&str] = &[
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "clone_into",
    "cmp",
    "default",
    "delete",
    "delete_many",
    "eq",
    "fmt",
    "from",
    "get",
    "get_many",
    "hash",
    "insert",
    "insert_many",
    "into",
    "ne",
    "new",
    "partial_cmp",
    "query",
    "reload",
    "save",
    "to_owned",
    "to_string",
    "try_from",
    "try_into",
    "type_id",
    "update",
    "update_many",
    "upsert",
    "upsert_many",
];

/// Modules that generated code has beside those of models, and the file that names them all.
pub const MODULES: &[&str] = &["enums", "migrations", "mod", "schema"];

/// Fields that a model's columns have beside its own.
pub const FIELDS: &[&str] = &["__source"];

/// Whether a relation may not have this name. Constants of ours begin with two underscores.
#[must_use]
pub fn relation(name: &str) -> bool {
    MODEL_METHODS.contains(&name) || name.starts_with("__")
}

/// Types that generated code defines beside a model: no other model or enum can have these names.
#[must_use]
pub fn beside(model: &str) -> [String; 2] {
    [super::new_row(model), super::columns(model)]
}
