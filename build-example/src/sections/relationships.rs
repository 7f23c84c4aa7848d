//! Section 7: one-to-many and many-to-many.

use pilaster::{Db, Result};

use crate::models::{Group, NewGroup, Post, Status, User};
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("7. Relationships and associations");
    step("two users in hand");
    let john = User::query().filter(|u| u.username.eq("john")).one(db).await?;
    let ann = User::query().filter(|u| u.username.eq("ann")).one(db).await?;

    step("one to many, from a row in hand: posts of a user, and back");
    let posts = john.posts().order_by(|p| p.id.asc()).all(db).await?;
    show("titles", posts.iter().map(|post| post.title.as_str()).collect::<Vec<_>>());
    if let Some(post) = posts.first() {
        show("the author", post.user().one(db).await?.username);
    }

    step("many to many: link, unlink, replace");
    let admins = NewGroup::new("admins").insert(db).await?;
    let staff = NewGroup::new("staff").insert(db).await?;
    show("linked", john.groups().link(db, &admins).await?);
    show("linked once more", john.groups().link(db, &admins).await?);
    ann.groups().replace(db, [&admins, &staff]).await?;
    show("admins", admins.users().order_by(|u| u.username.asc()).all(db).await?.len());
    show("unlinked", ann.groups().unlink(db, &staff).await?);

    step("users with a post about Rust, or in no group");
    let some = User::query()
        .filter(|u| u.posts.any(|p| p.title.contains("Rust")) | u.groups.is_empty())
        .order_by(|u| u.username.asc())
        .all(db)
        .await?;
    show("usernames", some.iter().map(|user| user.username.as_str()).collect::<Vec<_>>());

    step("eager loading: what is loaded stands in the type, one statement per relation");
    let loaded: Vec<(User, Vec<Post>, Vec<Group>)> = User::query()
        .order_by(|u| u.username.asc())
        .include(|u| u.posts.filter(|p| p.status.eq(Status::Published)).order_by(|p| p.id.desc()).limit(3))
        .include(|u| u.groups)
        .all(db)
        .await?;
    for (user, posts, groups) in &loaded {
        show("user, published posts, groups", (user.username.as_str(), posts.len(), groups.len()));
    }
    Ok(())
}
