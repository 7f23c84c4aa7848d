//! Columns are compared with columns of their own type only, and set to what fits them.

use pilaster_misuse::models::{NewUser, User};

fn main() {
    let _ = User::query().filter(|u| u.age.eq(u.name));
    let _ = User::update().set_to(|u| (u.age, u.name));
    let _ = User::update().set_to(|u| (u.name, u.age + 1));
    let _ = NewUser::new("ann").on_conflict(User::BY_NAME).set_to(|old, new| (old.age, new.name));
}
