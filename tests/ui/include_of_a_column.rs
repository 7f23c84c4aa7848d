//! Only relations can be included.

use pilaster_tests::models::User;

fn main() {
    let _ = User::query().include(|u| u.name);
}
