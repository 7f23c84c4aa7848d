//! A row that is there already is found by a key of its own model.

use pilaster_misuse::models::{NewUser, Post};

fn main() {
    let _ = NewUser::new("ann").on_conflict(Post::PRIMARY_KEY);
}
