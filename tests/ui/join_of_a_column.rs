//! Joins follow relations.

use pilaster_tests::models::User;

fn main() {
    let _ = User::query().join(|u| u.name);
}
