//! Enums have no order that all databases share in comparisons.

use pilaster_misuse::models::{Post, Status};

fn main() {
    let _ = Post::query().filter(|p| p.status.lt(Status::Archived));
}
