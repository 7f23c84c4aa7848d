//! Only columns that may be NULL can be set to it.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::update().filter(|u| u.id.eq(1)).set_null(|u| u.name);
}
