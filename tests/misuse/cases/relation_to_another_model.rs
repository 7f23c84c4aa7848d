//! Relations lead to the rows of one model, to one of them or to any number.

use pilaster::{Entity, Key};
use pilaster_misuse::models::{Post, Tag, User};

fn by_key<T: Entity<Model = User>>(key: Key<T>) {
    let _ = Post::query().filter(|p| p.user.eq(key));
}

fn main() {
    let tag = Tag { name: "x".into() };
    let _ = Post::query().filter(|p| p.user.eq(&tag));
    let _ = User::query().filter(|u| u.posts.contains("Rust"));
    let _ = User::query().filter(|u| u.posts.eq(1));
    let _ = Post::query().filter(|p| p.user.contains(1));
}
