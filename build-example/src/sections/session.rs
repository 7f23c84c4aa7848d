//! Section 5 once more, as the tutorial has it: with a session.

use pilaster::{Db, Result};

use crate::models::{NewPost, NewUser, User};
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("5. The same with a session, which collects changes and writes them together");

    step("who wants to know is told what sessions commit");
    let subscription = db.on_commit(|changes| {
        show("inserted users", changes.inserted::<User>().map(|user| &user.username).collect::<Vec<_>>());
        show("updated users", changes.updated::<User>().count());
        show("deleted users", changes.deleted::<User>().count());
    });

    step("create: nothing is sent yet; the post refers to a user that has no id");
    let mut session = db.session().await?;
    let kim = session.add(NewUser::new("kim", "kim@example.com"));
    session.add(NewPost::new("Hello", "My first post.", kim));
    show("what a flush would write", session.plan()?);

    step("read: what was added is sent first, so that queries see it; a row that is here needs no statement");
    let kims = session.load(User::query().filter(|u| u.username.eq("kim"))).await?;
    let users = session.load(User::query().order_by(|u| u.id.asc())).await?;
    show("all users", users.len());
    let first = session.get::<User>(1).await?;

    step("update: writing to a row is noticed");
    for &user in &kims {
        session[user].email = "new_email@example.com".into();
    }
    for change in session.changes()? {
        show("pending", format_args!("{change}"));
    }

    step("related rows come for all users of a load at once");
    for &user in &users {
        let posts = session.related(user, |u| u.posts).await?;
        show("posts", (&session[user].username, posts.len()));
    }

    step("delete, in a savepoint that is given up");
    let mut attempt = session.begin().await?;
    if let Some(user) = first {
        attempt.delete(user)?;
    }
    attempt.rollback().await?;

    step("delete, and commit everything");
    for &user in &kims {
        session.delete(user)?;
    }
    session.add(NewUser::new("lee", "lee@example.com"));
    let done = session.commit().await?;
    show("committed", done);
    subscription.cancel();
    Ok(())
}
