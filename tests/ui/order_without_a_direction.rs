//! An order says its direction.

use pilaster_tests::models::User;

fn main() {
    let _ = User::query().order_by(|u| u.name);
}
