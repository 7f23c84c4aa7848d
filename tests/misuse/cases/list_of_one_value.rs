//! `in_` takes a list.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().filter(|u| u.id.in_(1));
    let _ = User::query().filter(|u| u.name.in_("ann"));
}
