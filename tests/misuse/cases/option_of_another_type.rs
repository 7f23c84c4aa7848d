//! A column that may be NULL takes its own type, or an `Option` of that.

use pilaster_misuse::models::{NewPost, NewUser};

fn main() {
    let _ = NewUser::new("ann").bio(Some("writes"));
    let _ = NewUser::new("ann").bio(Some(30));
    let _ = NewPost::new("title", 1).editor_id(true);
}
