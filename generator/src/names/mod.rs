//! Rust names: case, plural, reserved words. Knows strings only, no schema objects.
//!
//! Every function returns a name that [`ident`] turns into a legal identifier, for any input text.

mod case;
mod inflect;
pub mod reserved;

pub use inflect::{plural, singular};

use proc_macro2::{Ident, Span};

/// The name of the model of a table: singular, UpperCamelCase (`order_lines` → `OrderLine`).
#[must_use]
pub fn model(table: &str) -> String {
    let mut words = case::words(table);
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    legal(case::camel(&words), table, "Table", true)
}

/// The type of a model's new rows (`User` → `NewUser`). Underscores would stand inside of it, where rustc's lints want none.
#[must_use]
pub fn new_row(model: &str) -> String {
    format!("New{}", model.trim_start_matches('_'))
}

/// The type of a model's columns (`User` → `UserColumns`), without underscores inside of it either.
#[must_use]
pub fn columns(model: &str) -> String {
    format!("{}Columns", model.trim_end_matches('_'))
}

/// The module of a model, which is a file or folder beside others of ours, and beside the model itself: a name whose
/// first letter has no upper case, such as `数` or `_1`, is the same in both.
#[must_use]
pub fn module(model: &str) -> String {
    let name = field(model);
    if reserved::MODULES.contains(&name.as_str()) || name == model { format!("{name}_") } else { name }
}

/// The table of a model: snake case (`OrderLine` → `order_line`).
#[must_use]
pub fn table(model: &str) -> String {
    legal(case::snake(&case::words(model)), model, "table", false)
}

/// The field of a column: snake case, always a legal identifier once `ident` made it raw where needed.
///
/// An underscore at either end is kept, so that `_id` beside `id` and `type_` beside `type` stay apart.
#[must_use]
pub fn field(column: &str) -> String {
    let words = case::words(column);
    let mut name = case::snake(&words);
    if !name.is_empty() {
        if column.starts_with('_') && case::starts_identifier(&name) {
            name.insert(0, '_');
        }
        if column.ends_with('_') {
            name.push('_');
        }
    }
    legal(name, column, "column", false)
}

/// The Rust name of an enum label: UpperCamelCase (`PG-13` → `Pg13`).
///
/// Signs at either end of a label carry meaning and are spelled out: `A+` → `APlus`, `-1` → `Minus1`.
#[must_use]
pub fn variant(label: &str) -> String {
    let words = case::words(&case::spell_ends(label));
    legal(case::camel(&words), label, "Empty", true)
}

/// The name of an enum that a column brings with it: the table's model and the column (`post`, `status` → `PostStatus`).
#[must_use]
pub fn column_enum(table: &str, column: &str) -> String {
    let mut words = case::words(&model(table));
    words.extend(case::words(column));
    legal(case::camel(&words), column, "Label", true)
}

/// The name of an enum type that has one of its own in the database (`order_status` → `OrderStatus`).
#[must_use]
pub fn enum_type(sql_name: &str) -> String {
    legal(case::camel(&case::words(sql_name)), sql_name, "Label", true)
}

/// Whether a name can stand as it is for a model, an enum or a variant: an identifier that rustc's lints find in the
/// usual case, so with underscores at its ends and between digits only.
#[must_use]
pub fn is_type_name(name: &str) -> bool {
    let core = name.trim_matches('_');
    let cased = |c: char| c.is_lowercase() || c.is_uppercase();
    let chars: Vec<char> = core.chars().collect();
    let apart = |pair: &[char]| match pair {
        ['_', other] | [other, '_'] => *other == '_' || cased(*other),
        _ => false,
    };
    is_name(name) && core.starts_with(|c: char| !c.is_lowercase()) && !chars.windows(2).any(apart)
}

/// Whether a name can stand as it is for a field or a relation: an identifier that rustc's lints find in the usual
/// case.
#[must_use]
pub fn is_value_name(name: &str) -> bool {
    let core = name.trim_matches('_');
    is_name(name) && !core.is_empty() && !core.contains("__") && !core.chars().any(char::is_uppercase)
}

fn is_name(name: &str) -> bool {
    case::is_identifier(name) && !reserved::NEVER_RAW.contains(&name)
}

/// The name of a belongs-to relation: `user_id` → `user`; a key without an `_id` ending is `<column>_<target>`;
/// composite keys take the target's name. Arguments are field names and the target model's name.
#[must_use]
pub fn belongs_to(fields: &[&str], target: &str) -> String {
    let target = table(target);
    let name = match fields {
        [field] => match field.strip_suffix("_id") {
            Some(stem) if !stem.trim_matches('_').is_empty() => stem.to_owned(),
            _ => join(field, &target),
        },
        _ => target,
    };
    legal(name, "", "relation", false)
}

/// The name of the other side of a belongs-to: `posts` when the relation has the target's name (`user` → User),
/// `author_posts` otherwise; singular for one-to-one. `owner` is the model that holds the key.
#[must_use]
pub fn inverse(relation: &str, owner: &str, target: &str, many: bool) -> String {
    let owner = table(owner);
    let owner = if many { plural(&owner) } else { owner };
    if relation == table(target) { owner } else { join(relation, &owner) }
}

/// The name of a many-to-many relation: the other side's plural, with the table between in front when several tables
/// join the same pair.
#[must_use]
pub fn many_to_many(target: &str, through: Option<&str>) -> String {
    let target = plural(&table(target));
    through.map_or(target.clone(), |through| join(&table(through), &target))
}

/// Two names as one: underscores at the seam do not add up.
#[must_use]
pub fn join(one: &str, two: &str) -> String {
    format!("{}_{}", one.trim_end_matches('_'), two.trim_start_matches('_'))
}

/// An identifier for a Rust name, raw where it is a keyword.
#[must_use]
pub fn ident(name: &str) -> Ident {
    let name = if case::is_identifier(name) { name.to_owned() } else { field(name) };
    if reserved::NEVER_RAW.contains(&name.as_str()) {
        Ident::new(&format!("{name}_"), Span::call_site())
    } else if reserved::KEYWORDS.contains(&name.as_str()) {
        Ident::new_raw(&name, Span::call_site())
    } else {
        Ident::new(&name, Span::call_site())
    }
}

/// Makes a converted name legal: spells out texts of symbols, guards a leading digit, steps aside for the keywords
/// that cannot be raw.
fn legal(name: String, source: &str, empty: &str, upper: bool) -> String {
    let mut name = match name.trim_matches('_').is_empty() {
        true if source.is_empty() => empty.to_owned(),
        true if upper => case::camel(&case::spelled(source)),
        true => case::snake(&case::spelled(source)),
        false => name,
    };
    if upper && name.starts_with(char::is_lowercase) {
        // a letter that has no upper case
        name.insert(0, 'X');
    }
    if !case::starts_identifier(&name) {
        name.insert(0, '_');
    }
    if reserved::NEVER_RAW.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests;
