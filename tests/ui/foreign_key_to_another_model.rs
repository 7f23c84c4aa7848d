//! A foreign key takes rows of its model.

use pilaster_tests::models::{NewPost, Tag};

fn main() {
    let _ = NewPost::new("title", &Tag { name: "x".into() });
}
