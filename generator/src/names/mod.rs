//! Rust names: case, plural, reserved words. Knows strings only, no schema objects.

/// The name of the model of a table: singular, UpperCamelCase (`order_lines` → `OrderLine`).
#[must_use]
pub fn model(table: &str) -> String {
    table.to_owned()
}

/// The table of a model: snake case (`OrderLine` → `order_line`).
#[must_use]
pub fn table(model: &str) -> String {
    model.to_owned()
}

/// The field of a column: snake case, always a legal identifier once `ident` made it raw where needed.
#[must_use]
pub fn field(column: &str) -> String {
    column.to_owned()
}

/// The Rust name of an enum label: UpperCamelCase (`PG-13` → `Pg13`).
#[must_use]
pub fn variant(label: &str) -> String {
    label.to_owned()
}

/// The plural of a snake-case name, by its last word (`blog_post` → `blog_posts`).
#[must_use]
pub fn plural(name: &str) -> String {
    name.to_owned()
}

/// The name of a belongs-to relation: `user_id` → `user`; a key without an `_id` ending is `<column>_<target>`;
/// composite keys take the target's name. Arguments are field names and the target model's name.
#[must_use]
pub fn belongs_to(fields: &[&str], target: &str) -> String {
    let _ = fields;
    target.to_owned()
}

/// The name of the other side of a belongs-to: `posts` when the relation has the target's name (`user` → User),
/// `author_posts` otherwise; singular for one-to-one. `owner` is the model that holds the key.
#[must_use]
pub fn inverse(relation: &str, owner: &str, target: &str, many: bool) -> String {
    let _ = (relation, target, many);
    owner.to_owned()
}

/// An identifier for a Rust name, raw where it is a keyword.
#[must_use]
pub fn ident(name: &str) -> proc_macro2::Ident {
    proc_macro2::Ident::new(name, proc_macro2::Span::call_site())
}
