//! Required columns are arguments.

use pilaster_misuse::models::NewPost;

fn main() {
    let _ = NewPost::new("title");
}
