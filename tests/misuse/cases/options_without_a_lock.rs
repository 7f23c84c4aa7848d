//! What becomes of locked rows is said of a lock, and once.

use pilaster_misuse::models::User;

fn main() {
    let _ = User::query().skip_locked();
    let _ = User::query().for_update().no_wait().skip_locked();
}
