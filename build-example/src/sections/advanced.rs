//! Section 9: transactions, hand-written SQL, the pool.

use pilaster::{Db, Dialect, Error, Result};

use crate::models::{Group, NewGroup, User};
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("9. Advanced topics");

    step("a transaction commits when its closure gives Ok");
    let editors = db.transaction(async |tx| NewGroup::new("editors").insert(&tx).await).await?;
    show("committed", editors.name);

    step("and is rolled back when it gives an error");
    let failed: Result<Group> = db
        .transaction(async |tx| {
            NewGroup::new("guests").insert(&tx).await?;
            NewGroup::new("guests").insert(&tx).await
        })
        .await;
    show("refused as not unique", failed.as_ref().err().map(Error::is_unique_violation));
    show("nothing of it is left", Group::by_name(db, "guests").await?.is_none());

    step("a savepoint inside a transaction");
    let tx = db.begin().await?;
    NewGroup::new("kept").insert(&tx).await?;
    let inner = tx.begin().await?;
    NewGroup::new("lost").insert(&inner).await?;
    inner.rollback().await?;
    tx.commit().await?;
    show("groups", Group::query().order_by(|g| g.id.asc()).select(|g| g.name).all(db).await?);

    step("a custom type checks on the way in and out: see types.rs");
    show("addresses", User::query().order_by(|u| u.id.asc()).select(|u| u.email).all(db).await?);

    step("hand-written SQL, where the builder ends");
    // Quoting and parameters are the database's own here.
    let sql = match db.dialect() {
        Dialect::Mysql => "SELECT username, length(username) FROM `user` WHERE id < ? ORDER BY id",
        _ => "SELECT username, length(username) FROM \"user\" WHERE id < $1 ORDER BY id",
    };
    let rows = db.sql(sql).bind(3).all::<(String, i64)>().await?;
    show("username, length", rows);
    Ok(())
}
