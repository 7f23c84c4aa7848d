//! Only what is in a query's scope can be named.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().filter(|u| u.title.eq("x"));
}
