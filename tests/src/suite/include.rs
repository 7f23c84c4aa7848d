//! Eager loading: what is loaded, and in how many statements.

use pilaster::{Db, Result};

use super::{blog, names, titles, users};
use crate::models::{
    Category, Comment, NewCategory, NewComment, NewPost, NewSeat, NewTag, NewTicket, NewUser, Post, Profile, Seat,
    Status, Tag, Ticket, User,
};
use crate::statements::Statements;

pub async fn many(db: &Db) -> Result<()> {
    blog(db).await?;
    let statements = Statements::listen();
    let users: Vec<(User, Vec<Post>)> = User::query().order_by(|u| u.name.asc()).include(|u| u.posts).all(db).await?;
    assert_eq!(statements.count(), 2);
    assert_eq!(users.iter().map(|(_, posts)| posts.len()).collect::<Vec<_>>(), [3, 1, 0]);
    assert!(users.iter().all(|(user, posts)| posts.iter().all(|post| post.user_id == user.id)));
    let first = User::query().order_by(|u| u.name.asc()).include(|u| u.posts).first(db).await?;
    assert_eq!(first.unwrap().1.len(), 3);
    Ok(())
}

pub async fn one_and_optional(db: &Db) -> Result<()> {
    let ([ann, bob, _], _) = blog(db).await?;
    let statements = Statements::listen();
    let posts: Vec<(Post, User, Option<User>)> =
        Post::query().order_by(|p| p.id.asc()).include(|p| p.user).include(|p| p.editor).all(db).await?;
    assert_eq!(statements.count(), 3);
    let owners: Vec<_> = posts.iter().map(|(_, user, editor)| (user.id, editor.as_ref().map(|e| e.id))).collect();
    assert_eq!(owners, [(ann.id, None), (ann.id, Some(bob.id)), (bob.id, Some(ann.id)), (ann.id, None)]);
    let profiles: Vec<(User, Option<Profile>)> = User::query().include(|u| u.profile).all(db).await?;
    assert!(profiles.iter().all(|(_, profile)| profile.is_none()));
    Ok(())
}

pub async fn filtered_ones_are_optional(db: &Db) -> Result<()> {
    blog(db).await?;
    let posts: Vec<(Post, Option<User>)> =
        Post::query().order_by(|p| p.id.asc()).include(|p| p.user.filter(|u| u.name.eq("bob"))).all(db).await?;
    assert_eq!(posts.iter().map(|(_, user)| user.is_some()).collect::<Vec<_>>(), [false, false, true, false]);
    Ok(())
}

pub async fn filtered_ordered_limited(db: &Db) -> Result<()> {
    blog(db).await?;
    let statements = Statements::listen();
    let users = User::query()
        .order_by(|u| u.name.asc())
        .include(|u| u.posts.filter(|p| p.status.ne(Status::Draft)).order_by(|p| p.views.desc()).limit(1))
        .all(db)
        .await?;
    assert_eq!(statements.count(), 2);
    let tops: Vec<_> = users.iter().map(|(_, posts)| titles(posts)).collect();
    assert_eq!(tops, [vec!["Rust"], vec!["Rust and SQL"], vec![]]);
    let two = User::query().order_by(|u| u.name.asc()).include(|u| u.posts.limit(2)).all(db).await?;
    assert_eq!(titles(&two[0].1), ["Rust", "SQL"]);
    Ok(())
}

pub async fn nested(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    for (post, body) in [(&posts[0], "a"), (&posts[0], "b"), (&posts[2], "c")] {
        NewComment::new(body, post).insert(db).await?;
    }
    NewTag::new("t").insert(db).await?;
    let statements = Statements::listen();
    let deep: Vec<(User, Vec<(Post, Vec<Comment>, Vec<Tag>)>, Vec<User>)> = User::query()
        .order_by(|u| u.name.asc())
        .include(|u| u.posts.order_by(|p| p.id.desc()).include(|p| p.comments).include(|p| p.tags))
        .include(|u| u.followers)
        .all(db)
        .await?;
    assert_eq!(statements.count(), 5);
    let comments: Vec<Vec<usize>> =
        deep.iter().map(|(_, posts, _)| posts.iter().map(|(_, comments, _)| comments.len()).collect()).collect();
    assert_eq!(comments, [vec![0, 0, 2], vec![1], vec![]]);
    let up: Vec<(Comment, (Post, User))> =
        Comment::query().order_by(|c| c.id.asc()).include(|c| c.post.include(|p| p.user)).all(db).await?;
    assert_eq!(statements.count(), 3);
    assert_eq!(up.iter().map(|(_, (_, user))| user.name.as_str()).collect::<Vec<_>>(), ["ann", "ann", "bob"]);
    Ok(())
}

pub async fn many_to_many(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    let tags = Tag::insert_many(["a", "b"].map(NewTag::new)).all(db).await?;
    posts[0].tags().replace(db, &tags).await?;
    posts[1].tags().link(db, &tags[1]).await?;
    let statements = Statements::listen();
    let loaded: Vec<(Post, Vec<Tag>)> =
        Post::query().order_by(|p| p.id.asc()).include(|p| p.tags.order_by(|t| t.name.desc())).all(db).await?;
    assert_eq!(statements.count(), 2);
    let found: Vec<Vec<&str>> =
        loaded.iter().map(|(_, tags)| tags.iter().map(|tag| tag.name.as_str()).collect()).collect();
    assert_eq!(found, [vec!["b", "a"], vec!["b"], vec![], vec![]]);
    let limited = Tag::query().order_by(|t| t.name.asc()).include(|t| t.posts.limit(1)).all(db).await?;
    assert_eq!(limited.iter().map(|(_, posts)| posts.len()).collect::<Vec<_>>(), [1, 1]);
    Ok(())
}

pub async fn of_a_table_with_itself(db: &Db) -> Result<()> {
    let root = NewCategory::new("root").insert(db).await?;
    NewCategory::new("a").parent_id(&root).insert(db).await?;
    let loaded: Vec<(Category, Option<Category>, Vec<Category>)> =
        Category::query().order_by(|c| c.id.asc()).include(|c| c.parent).include(|c| c.children).all(db).await?;
    assert_eq!((loaded[0].1.is_none(), loaded[0].2.len()), (true, 1));
    assert_eq!((loaded[1].1.as_ref(), loaded[1].2.len()), (Some(&root), 0));
    let [ann, bob, eve] = users(db, ["ann", "bob", "eve"]).await?;
    ann.following().replace(db, [&bob, &eve]).await?;
    bob.following().link(db, &eve).await?;
    let loaded: Vec<(User, Vec<User>, Vec<User>)> =
        User::query().order_by(|u| u.id.asc()).include(|u| u.following).include(|u| u.followers).all(db).await?;
    let counts: Vec<_> = loaded.iter().map(|(_, to, from)| (to.len(), from.len())).collect();
    assert_eq!(counts, [(2, 0), (1, 1), (0, 2)]);
    Ok(())
}

pub async fn composite_keys(db: &Db) -> Result<()> {
    let price = "2.00".parse::<pilaster::rust_decimal::Decimal>().unwrap();
    NewSeat::new(1, 2).insert(db).await?;
    NewSeat::new(2, 1).insert(db).await?;
    NewSeat::new(2, 2).insert(db).await?;
    for (hall, number) in [(1, 2), (2, 1), (1, 2)] {
        NewTicket::new(price).hall(hall).number(number).insert(db).await?;
    }
    NewTicket::new(price).insert(db).await?;
    let statements = Statements::listen();
    let seats: Vec<(Seat, Vec<Ticket>)> =
        Seat::query().order_by(|s| (s.hall.asc(), s.number.asc())).include(|s| s.tickets).all(db).await?;
    assert_eq!(statements.count(), 2);
    assert_eq!(seats.iter().map(|(_, tickets)| tickets.len()).collect::<Vec<_>>(), [2, 1, 0]);
    let tickets: Vec<(Ticket, Option<Seat>)> =
        Ticket::query().order_by(|t| t.id.asc()).include(|t| t.seat).all(db).await?;
    let halls: Vec<_> = tickets.iter().map(|(_, seat)| seat.as_ref().map(|seat| seat.hall)).collect();
    assert_eq!(halls, [Some(1), Some(2), Some(1), None]);
    Ok(())
}

pub async fn duplicated_parents(db: &Db) -> Result<()> {
    blog(db).await?;
    let statements = Statements::listen();
    // Three posts share an author, who is loaded once with her posts and handed to each.
    let posts: Vec<(Post, (User, Vec<Post>))> =
        Post::query().order_by(|p| p.id.asc()).include(|p| p.user.include(|u| u.posts)).all(db).await?;
    assert_eq!(statements.count(), 3);
    assert_eq!(posts.iter().map(|(_, (_, posts))| posts.len()).collect::<Vec<_>>(), [3, 3, 1, 3]);
    Ok(())
}

pub async fn no_parents(db: &Db) -> Result<()> {
    let statements = Statements::listen();
    let none = User::query().include(|u| u.posts.include(|p| p.comments)).include(|u| u.profile).all(db).await?;
    assert!(none.is_empty());
    assert_eq!(statements.count(), 1);
    users(db, ["ann"]).await?;
    statements.take();
    User::query().include(|u| u.posts.include(|p| p.comments)).all(db).await?;
    assert_eq!(statements.count(), 2);
    Ok(())
}

pub async fn with_pages(db: &Db) -> Result<()> {
    blog(db).await?;
    let statements = Statements::listen();
    let page = User::query().order_by(|u| u.name.desc()).include(|u| u.posts).paginate(1, 2, db).await?;
    assert_eq!(statements.count(), 3);
    assert_eq!(
        page.items.iter().map(|(user, posts)| (user.name.as_str(), posts.len())).collect::<Vec<_>>(),
        [("eve", 0), ("bob", 1)]
    );
    assert_eq!(page.total, 3);
    let one = User::query().filter(|u| u.name.eq("ann")).include(|u| u.posts).one(db).await?;
    assert_eq!((names(&[one.0]), one.1.len()), (vec!["ann"], 3));
    Ok(())
}

pub async fn of_many_parents(db: &Db) -> Result<()> {
    let users = User::insert_many((0..5000).map(|n| NewUser::new(format!("u{n}")))).all(db).await?;
    Post::insert_many(users.iter().map(|user| NewPost::new("x", user))).run(db).await?;
    let statements = Statements::listen();
    let loaded = User::query().include(|u| u.posts).all(db).await?;
    assert!(statements.count() <= 3);
    assert!(loaded.iter().all(|(user, posts)| posts.len() == 1 && posts[0].user_id == user.id));
    Ok(())
}
