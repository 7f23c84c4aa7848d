//! What a left join may not find is an `Option`.

use pilaster_misuse::models::{Post, User};

async fn pairs(db: &pilaster::Db) -> pilaster::Result<Vec<(User, Post)>> {
    User::query().left_join(|u| u.posts).all(db).await
}

fn main() {}
