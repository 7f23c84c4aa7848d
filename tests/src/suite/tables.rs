//! The statements that create and drop the tables, run more than once.

use pilaster::{Db, Result};

use super::users;
use crate::models::{User, schema};

pub async fn created_again_and_dropped(db: &Db) -> Result<()> {
    users(db, ["ann"]).await?;
    schema::create_all(db).await?;
    assert_eq!(User::query().count(db).await?, 1, "what is there stays");
    schema::drop_all(db).await?;
    assert!(User::query().count(db).await.is_err(), "the table is gone");
    schema::drop_all(db).await?;
    schema::create_all(db).await?;
    assert_eq!(User::query().count(db).await?, 0);
    users(db, ["ann"]).await.map(drop)
}
