//! An update or a deletion of all rows must say so.

use pilaster_misuse::models::User;

async fn update(db: &pilaster::Db) {
    let _ = User::update().set(|u| u.age, 1).run(db).await;
}

async fn delete(db: &pilaster::Db) {
    let _ = User::delete_many().run(db).await;
}

fn main() {}
