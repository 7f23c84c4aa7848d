//! An order says its direction.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().order_by(|u| u.name);
}
