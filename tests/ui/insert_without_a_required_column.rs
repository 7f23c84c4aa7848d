//! Required columns are arguments.

use pilaster_tests::models::NewPost;

fn main() {
    let _ = NewPost::new("title");
}
