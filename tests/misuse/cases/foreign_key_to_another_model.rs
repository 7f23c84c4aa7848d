//! A foreign key takes rows of its model, or their keys.

use pilaster_misuse::models::{NewPost, Tag};

fn main() {
    let _ = NewPost::new("title", &Tag { name: "x".into() });
    let _ = NewPost::new("title", "ann");
    let _ = NewPost::new("title", 1).editor_id("ann");
}
