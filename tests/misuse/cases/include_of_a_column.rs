//! Only relations can be included.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().include(|u| u.name);
}
