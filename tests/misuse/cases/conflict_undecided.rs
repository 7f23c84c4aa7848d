//! `on_conflict` has to say what becomes of a row that is there already, and `update` takes columns.

use pilaster::Db;
use pilaster_misuse::models::{NewUser, User};

fn main() {}

async fn nothing_said(db: &Db) {
    let _ = NewUser::new("ann").on_conflict(User::BY_NAME).insert(db).await;
    let _ = NewUser::new("ann").on_conflict(User::BY_NAME).run(db).await;
}

fn an_expression() {
    let _ = NewUser::new("ann").on_conflict(User::BY_NAME).update(|u| u.age + 1);
}
