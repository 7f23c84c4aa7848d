//! Joins, and what they make of NULL.

use pilaster::{Db, Result};

use super::{blog, users};
use crate::models::{Category, Comment, NewCategory, NewComment, NewTag, Post, Tag, User};

pub async fn inner(db: &Db) -> Result<()> {
    blog(db).await?;
    let pairs: Vec<(User, Post)> = User::query().join(|u| u.posts).order_by(|(_, p)| p.id.asc()).all(db).await?;
    let pairs: Vec<_> = pairs.iter().map(|(user, post)| (user.name.as_str(), post.title.as_str())).collect();
    assert_eq!(pairs, [("ann", "Rust"), ("ann", "SQL"), ("bob", "Rust and SQL"), ("ann", "Empty")]);
    let count = Post::query().join(|p| p.user).filter(|(p, u)| p.views.gt(5).and(u.name.eq("ann"))).count(db).await?;
    assert_eq!(count, 1);
    Ok(())
}

pub async fn left(db: &Db) -> Result<()> {
    blog(db).await?;
    let pairs: Vec<(User, Option<Post>)> =
        User::query().left_join(|u| u.posts).order_by(|(u, p)| (u.name.asc(), p.id.asc())).all(db).await?;
    let pairs: Vec<_> = pairs.iter().map(|(u, p)| (u.name.as_str(), p.as_ref().map(|p| p.title.as_str()))).collect();
    let ann = [("ann", Some("Rust")), ("ann", Some("SQL")), ("ann", Some("Empty"))];
    assert_eq!(pairs[..3], ann);
    assert_eq!(pairs[3..], [("bob", Some("Rust and SQL")), ("eve", None)]);
    let without = User::query().left_join(|u| u.posts).filter(|(_, p)| p.id.is_null()).all(db).await?;
    assert_eq!(without.len(), 1);
    Ok(())
}

pub async fn left_columns_are_options(db: &Db) -> Result<()> {
    blog(db).await?;
    let rows: Vec<(String, Option<String>, Option<f64>)> = User::query()
        .left_join(|u| u.posts)
        .filter(|(u, _)| u.name.in_(["bob", "eve"]))
        .order_by(|(u, _)| u.name.asc())
        .select(|(u, p)| (u.name, p.title, p.rating))
        .all(db)
        .await?;
    let bob = ("bob".to_owned(), Some("Rust and SQL".to_owned()), Some(2.0));
    assert_eq!(rows, [bob, ("eve".to_owned(), None, None)]);
    Ok(())
}

pub async fn of_a_table_with_itself(db: &Db) -> Result<()> {
    let root = NewCategory::new("root").insert(db).await?;
    let child = NewCategory::new("child").parent_id(&root).insert(db).await?;
    let pairs: Vec<(Category, Category)> = Category::query().join(|c| c.parent).all(db).await?;
    assert_eq!(pairs, [(child.clone(), root.clone())]);
    let all: Vec<(String, Option<String>)> = Category::query()
        .left_join(|c| c.parent)
        .order_by(|(c, _)| c.name.asc())
        .select(|(c, p)| (c.name, p.name))
        .all(db)
        .await?;
    assert_eq!(all, [("child".to_owned(), Some("root".to_owned())), ("root".to_owned(), None)]);
    let down = Category::query().join(|c| c.children).filter(|(c, _)| c.id.eq(root.id)).one(db).await?;
    assert_eq!(down, (root, child));
    Ok(())
}

pub async fn many_to_many(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    let tags = Tag::insert_many(["a", "b", "c"].map(NewTag::new)).all(db).await?;
    posts[0].tags().replace(db, &tags[..2]).await?;
    posts[1].tags().link(db, &tags[0]).await?;
    let rows = Tag::query()
        .left_join(|t| t.posts)
        .group_by(|(t, _)| t.name)
        .order_by(|(t, _)| t.name.asc())
        .select(|(t, p)| (t.name, p.id.count()))
        .all(db)
        .await?;
    assert_eq!(rows, [("a".to_owned(), 2), ("b".to_owned(), 1), ("c".to_owned(), 0)]);
    assert_eq!(Post::query().join(|p| p.tags).filter(|(_, t)| t.name.eq("b")).count(db).await?, 1);
    Ok(())
}

pub async fn by_a_condition(db: &Db) -> Result<()> {
    blog(db).await?;
    let same: Vec<(User, Post)> = User::query().join_on::<Post>(|u, p| p.editor_id.eq(u.id)).all(db).await?;
    assert_eq!(same.len(), 2);
    let maybe: Vec<(User, Option<Post>)> = User::query()
        .left_join_on::<Post>(|u, p| p.editor_id.eq(u.id).and(p.views.gt(6)))
        .order_by(|(u, _)| u.name.asc())
        .all(db)
        .await?;
    assert_eq!(maybe.iter().map(|(_, post)| post.is_some()).collect::<Vec<_>>(), [true, false, false]);
    Ok(())
}

pub async fn three_tables(db: &Db) -> Result<()> {
    let ([ann, ..], posts) = blog(db).await?;
    let comment = NewComment::new("nice", &posts[0]).insert(db).await?;
    let rows: Vec<(Comment, Post, User)> = Comment::query().join(|c| c.post).join(|(_, p)| p.user).all(db).await?;
    assert_eq!(rows, [(comment, posts[0].clone(), ann)]);
    let rows: Vec<(User, Option<Post>, Option<Comment>)> = User::query()
        .left_join(|u| u.posts)
        .left_join(|(_, p)| p.comments)
        .filter(|(u, ..)| u.name.ne("ann"))
        .order_by(|(u, ..)| u.name.asc())
        .all(db)
        .await?;
    assert_eq!(
        rows.iter().map(|(_, p, c)| (p.is_some(), c.is_some())).collect::<Vec<_>>(),
        [(true, false), (false, false)]
    );
    Ok(())
}

pub async fn select_across(db: &Db) -> Result<()> {
    blog(db).await?;
    users(db, ["zoe"]).await?;
    let rows: Vec<(User, Option<Post>)> = Post::query()
        .left_join(|p| p.editor)
        .join(|(p, _)| p.user)
        .order_by(|(p, ..)| p.id.asc())
        .select(|(p, _, u)| (u, p))
        .map(|(user, post)| (user, Some(post)))
        .all(db)
        .await?;
    assert_eq!(rows.len(), 4);
    Ok(())
}
