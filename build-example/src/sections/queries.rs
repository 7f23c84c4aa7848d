//! Section 6: filters, order, limits, pages, joins, groups.

use pilaster::{Db, Result};

use crate::models::{NewPost, Post, Status, User};
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("6. Querying the database");
    write_posts(db).await?;

    step("users whose e-mail address ends with .com, by username");
    let users = User::query().filter(|u| u.email.ends_with(".com")).order_by(|u| u.username.asc()).all(db).await?;
    show("usernames", users.iter().map(|user| user.username.as_str()).collect::<Vec<_>>());

    step("limit and offset");
    let posts = Post::query().order_by(|p| p.id.asc()).limit(2).offset(1).all(db).await?;
    show("titles", posts.iter().map(|post| post.title.as_str()).collect::<Vec<_>>());

    step("a page of posts: its items, and how many there are in all");
    let page = Post::query().order_by(|p| p.title.asc()).paginate(1, 2, db).await?;
    show("titles on page 1", page.items.iter().map(|post| post.title.as_str()).collect::<Vec<_>>());
    show("posts, pages, is there a next", (page.total, page.pages(), page.has_next()));

    step("a search form: empty fields do not filter, the order comes from an allow-list");
    let (title, author): (Option<&str>, Option<&str>) = (Some("Rust"), None);
    let found = Post::query()
        .filter_if(title, |p, title| p.title.contains(title))
        .filter_if(author, |p, author| p.user.has(|u| u.username.eq(author)))
        .order_by_choice("-views", |p| vec![("title", p.title.asc()), ("views", p.views.asc())])?
        .all(db)
        .await?;
    show("found, with views", found.iter().map(|post| (post.title.as_str(), post.views)).collect::<Vec<_>>());

    step("count, exists, first");
    show("published", Post::query().filter(|p| p.status.eq(Status::Published)).count(db).await?);
    show("any with over 1000 views", Post::query().filter(|p| p.views.gt(1000)).exists(db).await?);
    show("most viewed", Post::query().order_by(|p| p.views.desc()).first(db).await?.map(|post| post.title));

    joins(db).await
}

async fn joins(db: &Db) -> Result<()> {
    step("an inner join gives pairs");
    let pairs: Vec<(User, Post)> = User::query().join(|u| u.posts).order_by(|(_, p)| p.id.asc()).all(db).await?;
    show(
        "user, title",
        pairs.iter().map(|(user, post)| (user.username.as_str(), post.title.as_str())).collect::<Vec<_>>(),
    );

    step("a left join gives an Option: bob has written nothing");
    let pairs: Vec<(User, Option<Post>)> =
        User::query().left_join(|u| u.posts).filter(|(_, p)| p.id.is_null()).all(db).await?;
    show(
        "user, has a post",
        pairs.iter().map(|(user, post)| (user.username.as_str(), post.is_some())).collect::<Vec<_>>(),
    );

    step("posts and views per user, who has any");
    let counts: Vec<(String, i64, Option<i64>)> = User::query()
        .left_join(|u| u.posts)
        .group_by(|(u, _)| u.username)
        .having(|(_, p)| p.id.count().gt(0))
        .order_by(|(u, _)| u.username.asc())
        .select(|(u, p)| (u.username, p.id.count(), p.views.sum()))
        .all(db)
        .await?;
    show("user, posts, views", counts);

    step("into a struct of one's own");
    let summaries = Post::query()
        .join(|p| p.user)
        .order_by(|(p, _)| p.id.asc())
        .select(|(p, u)| (p.title, u.username))
        .map(|(title, author)| Summary { title, author })
        .limit(2)
        .all(db)
        .await?;
    show("summaries", summaries);
    Ok(())
}

/// What a list of posts shows.
#[derive(Debug)]
#[allow(dead_code)]
struct Summary {
    title: String,
    author: String,
}

async fn write_posts(db: &Db) -> Result<()> {
    step("some posts to query");
    let john = User::query().filter(|u| u.username.eq("john")).one(db).await?;
    let ann = User::query().filter(|u| u.username.eq("ann")).one(db).await?;
    let posts = [
        NewPost::new("Hello", "My first post.", &john).status(Status::Published).views(7),
        NewPost::new("Rust and SQL", "They get along.", &ann).status(Status::Published).views(42),
        NewPost::new("More Rust", "To be written.", ann.id),
    ];
    show("posts stored", Post::insert_many(posts).run(db).await?);
    Ok(())
}
