//! Section 5: create, read, update, delete.

use pilaster::{Db, ErrorKind, Result};

use crate::models::{NewUser, User};
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("5. Creating, reading, updating and deleting records");

    step("create: required columns are the arguments, the key comes back");
    let john = NewUser::new("john", "john@example.com").insert(db).await?;
    show("stored", &john);

    step("create many in one transaction");
    let more = [
        NewUser::new("ann", "ann@example.org").bio("writes about Rust"),
        NewUser::new("bob", "bob@example.com"),
        NewUser::new("eve", "eve@example.com"),
    ];
    show("their keys", User::insert_many(more).keys(db).await?);

    step("read: all, by key, by a unique column, by a filter");
    show("all users", User::query().all(db).await?.len());
    show("by key", User::get(db, john.id).await?);
    show("by username", User::by_username(db, "ann").await?);
    show("by a filter", User::query().filter(|u| u.username.eq("john")).all(db).await?);

    step("update a row in hand");
    let mut user = User::get(db, 1).await?.unwrap_or(john);
    user.email = "new_email@example.com".into();
    user.save(db).await?;
    show("its e-mail address now", &user.email);

    step("update by a query: without a filter it would not compile");
    let changed = User::update().filter(|u| u.username.eq("john")).set(|u| u.email, "john@example.com").run(db).await?;
    show("rows that got an address", changed);
    let changed = User::update().filter(|u| u.username.eq("ann")).set_null(|u| u.bio).run(db).await?;
    show("rows that lost their bio", changed);

    step("delete a row in hand, and by a query");
    if let Some(eve) = User::by_username(db, "eve").await? {
        eve.delete(db).await?;
    }
    show("rows deleted by the query", User::delete_many().filter(|u| u.username.eq("nobody")).run(db).await?);

    step("mistakes come back as errors that say what and where");
    if let Err(error) = NewUser::new("john", "second@example.com").insert(db).await {
        show("a name that is taken", format_args!("{error}"));
        if let ErrorKind::UniqueViolation(found) = error.kind() {
            show("its table and columns", (&found.table, &found.columns));
        }
    }
    if let Err(error) = NewUser::new("zoe", "no address").insert(db).await {
        show("a value that its type refuses", format_args!("{error}"));
    }
    Ok(())
}
