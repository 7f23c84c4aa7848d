//! Rules on Rust names.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

/// Methods and functions that a model has: its own, and those of the traits it derives. A relation's accessor is a
/// method beside them.
pub const RESERVED: &[&str] = &[
    "borrow",
    "by",
    "clone",
    "clone_from",
    "clone_into",
    "cmp",
    "columns",
    "default",
    "delete",
    "delete_many",
    "eq",
    "fmt",
    "from",
    "from_row",
    "get",
    "get_many",
    "hash",
    "include",
    "insert",
    "insert_many",
    "into",
    "key",
    "load",
    "ne",
    "new",
    "partial_cmp",
    "query",
    "reload",
    "save",
    "select",
    "session",
    "table",
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

/// What is wrong with a name: a sentence and what to do.
pub type Problem = (String, String);

/// Names that Rust cannot have as identifiers, not even raw ones.
const NEVER: &[&str] = &["self", "Self", "super", "crate", "_"];

/// The rule for fields and relations. Keywords are fine: they become raw identifiers.
#[must_use]
pub fn snake(what: &str, name: &str) -> Option<Problem> {
    if NEVER.contains(&name) {
        let rest =
            if what == "field" { ": give the field another name and keep the column's with `column:`" } else { "" };
        return Some((
            format!("`{name}` cannot be a name in Rust"),
            format!("write for instance `{}`{rest}", fallback(name)),
        ));
    }
    let lower = name.chars().all(|c| c == '_' || c.is_ascii_digit() || (c.is_alphabetic() && !c.is_uppercase()));
    if is_identifier(name) && lower && !name.chars().all(|c| c == '_') {
        return None;
    }
    let keep = if what == "field" {
        format!(" with `column: {}` to keep the column's name", shown(name))
    } else {
        String::new()
    };
    Some((
        format!("`{name}` is no name for a {what}: these are snake_case"),
        format!("write `{}`{keep}", legal(&name.to_snake_case(), what)),
    ))
}

/// The rule for models, enums and their variants, and types.
#[must_use]
pub fn camel(what: &str, name: &str) -> Option<Problem> {
    if NEVER.contains(&name) {
        return Some((
            format!("`{name}` cannot be a name in Rust"),
            format!("write for instance `{}Model`", name.to_upper_camel_case()),
        ));
    }
    let first = name.chars().next().is_some_and(char::is_uppercase);
    if is_identifier(name) && first && !name.contains('_') {
        return None;
    }
    Some((
        format!(
            "`{name}` is no name for {} {what}: these are UpperCamelCase",
            if what.starts_with('e') { "an" } else { "a" }
        ),
        format!("write `{}`", legal(&name.to_upper_camel_case(), what)),
    ))
}

/// Whether a relation may not have a name because generated code has it; `finders` are the model's own.
#[must_use]
pub fn reserved_relation(name: &str, finders: &[String]) -> Option<Problem> {
    if !RESERVED.contains(&name) && !finders.iter().any(|f| f == name) {
        return None;
    }
    let message = format!("generated code has a method `{name}`, so no relation can have that name");
    Some((message, format!("name it for instance `{name}_rows`")))
}

/// The name of the function that finds a row by a unique key.
#[must_use]
pub fn finder(fields: &[&str]) -> String {
    format!("by_{}", fields.join("_and_"))
}

/// Whether a text is made like an identifier of Rust: letters of any script, digits, underscores.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    first
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_ok()
}

fn fallback(name: &str) -> String {
    match name {
        "_" => "placeholder".into(),
        other => format!("{}_", other.to_lowercase()),
    }
}

/// A suggestion that is itself legal.
fn legal(name: &str, what: &str) -> String {
    if is_identifier(name) && !NEVER.contains(&name) {
        return name.to_owned();
    }
    let word = what.rsplit(' ').next().unwrap_or(what);
    let word = if what == "field" || what == "relation" { word.to_owned() } else { word.to_upper_camel_case() };
    let tail: String = name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    if tail.is_empty() {
        word
    } else if word.chars().all(char::is_lowercase) {
        format!("{word}_{tail}")
    } else {
        format!("{word}{tail}")
    }
}

fn shown(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_snake_case_and_keywords_are_fine() {
        for name in ["id", "type", "async", "r2d2", "_x", "größe", "a__b"] {
            assert_eq!(snake("field", name), None, "{name}");
        }
        for name in ["self", "_", "__", "crate", "userName", "2fa", "a b", "", "a-b", "x\"y", "é*/"] {
            assert!(snake("field", name).is_some(), "{name}");
        }
        let help = |name| snake("field", name).unwrap().1;
        assert_eq!(help("userName"), "write `user_name` with `column: userName` to keep the column's name");
        assert_eq!(help("2fa"), "write `field_2fa` with `column: 2fa` to keep the column's name");
        assert_eq!(
            help("self"),
            "write for instance `self_`: give the field another name and keep the column's with `column:`"
        );
    }

    #[test]
    fn models_are_upper_camel_case() {
        for name in ["User", "Box", "Pg13", "Éa"] {
            assert_eq!(camel("model", name), None, "{name}");
        }
        let help = |name| camel("model", name).unwrap().1;
        assert_eq!(help("user_group"), "write `UserGroup`");
        assert_eq!(help("Self"), "write for instance `SelfModel`");
        assert_eq!(help("3D"), "write `Model3d`");
    }

    #[test]
    fn generated_names_are_reserved() {
        let finders = [finder(&["email"]), finder(&["a", "b"])];
        assert!(reserved_relation("query", &finders).is_some());
        assert!(reserved_relation("by_email", &finders).is_some());
        assert!(reserved_relation("by_a_and_b", &finders).is_some());
        assert_eq!(reserved_relation("by_name", &finders), None);
    }
}
