//! A query selects what its rows have.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().select(|u| (u.name, u.posts));
    let _ = User::query().select(|_| "name");
}
