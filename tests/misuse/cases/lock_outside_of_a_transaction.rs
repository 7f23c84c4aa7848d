//! A lock outside of a transaction would be gone at once.

use pilaster_misuse::models::User;

async fn lock(db: &pilaster::Db) {
    let _ = User::query().for_update().all(db).await;
}

fn main() {}
