//! Rules on Rust names.

use crate::names::{self, reserved};

/// What is wrong with a name: a sentence and what to do.
pub type Problem = (String, String);

/// The rule for fields and relations. Keywords are fine: they become raw identifiers.
#[must_use]
pub fn snake(what: &str, name: &str) -> Option<Problem> {
    if names::is_value_name(name) {
        return None;
    }
    let message = if reserved::NEVER_RAW.contains(&name) {
        format!("`{name}` cannot be a name in Rust")
    } else {
        format!("`{name}` is no name for a {what}: these are snake_case")
    };
    let keep = match what {
        "field" => format!(" with `column: {}` to keep the column's name", shown(name)),
        _ => String::new(),
    };
    Some((message, format!("write `{}`{keep}", names::field(name))))
}

/// The rule for models, enums and their variants, and types.
#[must_use]
pub fn camel(what: &str, name: &str) -> Option<Problem> {
    if names::is_type_name(name) {
        return None;
    }
    let message = if reserved::NEVER_RAW.contains(&name) {
        format!("`{name}` cannot be a name in Rust")
    } else {
        let article = if what.starts_with('e') { "an" } else { "a" };
        format!("`{name}` is no name for {article} {what}: these are UpperCamelCase")
    };
    Some((message, format!("write `{}`", names::variant(name))))
}

/// Whether a field may not have a name because generated code has it beside the fields.
#[must_use]
pub fn reserved_field(name: &str) -> Option<Problem> {
    reserved::FIELDS.contains(&name).then(|| {
        let message = format!("generated code has a field `{name}` of its own");
        (message, format!("give it another name, with `column: {name}` to keep the column's name"))
    })
}

/// Whether a relation may not have a name because generated code has it; `finders` are the model's own.
#[must_use]
pub fn reserved_relation(name: &str, finders: &[String]) -> Option<Problem> {
    if !reserved::relation(name) && !finders.iter().any(|f| f == name) {
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

fn shown(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_snake_case_and_keywords_are_fine() {
        for name in ["id", "type", "async", "r2d2", "_x", "größe"] {
            assert_eq!(snake("field", name), None, "{name}");
        }
        for name in ["self", "_", "__", "crate", "userName", "2fa", "a b", "", "a-b", "x\"y", "é*/", "a__b"] {
            assert!(snake("field", name).is_some(), "{name}");
        }
        let help = |name| snake("field", name).unwrap().1;
        assert_eq!(help("userName"), "write `user_name` with `column: userName` to keep the column's name");
        assert_eq!(help("2fa"), "write `_2fa` with `column: 2fa` to keep the column's name");
        assert_eq!(help("self"), "write `self_` with `column: self` to keep the column's name");
    }

    #[test]
    fn models_are_upper_camel_case() {
        for name in ["User", "Box", "Pg13", "Éa", "_3d", "T1_2"] {
            assert_eq!(camel("model", name), None, "{name}");
        }
        let help = |name| camel("model", name).unwrap().1;
        assert_eq!(help("user_group"), "write `UserGroup`");
        assert_eq!(help("Self"), "write `Self_`");
        assert_eq!(help("3D"), "write `_3d`");
    }

    #[test]
    fn generated_names_are_reserved() {
        let finders = [finder(&["email"]), finder(&["a", "b"])];
        assert!(reserved_relation("query", &finders).is_some());
        assert!(reserved_relation("by_email", &finders).is_some());
        assert!(reserved_relation("by_a_and_b", &finders).is_some());
        assert_eq!(reserved_relation("by_name", &finders), None);
        assert!(reserved_relation("__relation_user", &[]).is_some());
        assert!(reserved_field("__source").is_some());
    }
}
