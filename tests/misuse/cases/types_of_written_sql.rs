//! Hand-written SQL is bound to and read as values of columns and lists of them.

use pilaster::Db;

struct Name(String);

async fn bound(db: &Db) {
    let _ = db.sql("DELETE FROM user WHERE name = ?").bind(Name("ann".into())).execute().await;
    let _ = db.sql("DELETE FROM user WHERE name = ANY($1)").bind(&[Name("ann".into())]).execute().await;
}

async fn read(db: &Db) {
    let _ = db.sql("SELECT name FROM user").all::<Name>().await;
    let _ = db.sql("SELECT id, name FROM user").all::<(i64, &str)>().await;
}

fn main() {}
