//! Only unique keys find a row that is there already.

use pilaster_misuse::models::{NewUser, User};

fn main() {
    let _ = NewUser::new("ann").on_conflict(User::BY_AGE);
}
