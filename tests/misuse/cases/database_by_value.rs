//! Statements run on a reference.

use pilaster::{Db, Tx};
use pilaster_misuse::models::{NewUser, User};

async fn database(db: Db) {
    let _ = User::query().all(db).await;
}

async fn transaction(tx: Tx) {
    let _ = NewUser::new("ann").insert(tx).await;
}

async fn no_database() {
    let _ = User::query().one(1).await;
}

fn main() {}
