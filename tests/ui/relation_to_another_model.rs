//! Relations lead to the rows of one model.

use pilaster_tests::models::{Post, Tag, User};

fn main() {
    let tag = Tag { name: "x".into() };
    let _ = Post::query().filter(|p| p.user.eq(&tag));
    let _ = User::query().filter(|u| u.posts.contains("Rust"));
}
