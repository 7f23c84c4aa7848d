//! Parts of a text are looked for in columns that hold text.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().filter(|u| u.age.contains("3"));
    let _ = User::query().select(|u| u.id.lower());
}
