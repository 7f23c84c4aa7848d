//! A number has no row that could be locked.

use pilaster_misuse::models::User;

async fn count(tx: &pilaster::Tx) {
    let _ = User::query().for_update().count(tx).await;
}

fn main() {}
