//! Joins follow relations.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().join(|u| u.name);
}
