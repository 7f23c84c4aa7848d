//! A filter compares a column with values of its own type only.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().filter(|u| u.age.eq("old"));
}
