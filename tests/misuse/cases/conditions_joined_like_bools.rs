//! Conditions of a filter are joined with `&` and `|`, not like truth values.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().filter(|u| u.name.eq("ann") && u.id.gt(1));
}
