//! Links of many-to-many relations.

use pilaster::{Db, Result};

use super::{blog, names, users};
use crate::models::{NewTag, Tag};

pub async fn link_and_unlink(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    let tag = NewTag::new("rust").insert(db).await?;
    assert!(posts[0].tags().link(db, &tag).await?);
    assert!(!posts[0].tags().link(db, &tag).await?);
    assert_eq!(posts[0].tags().all(db).await?, [tag.clone()]);
    assert_eq!(tag.posts().all(db).await?, posts[..1]);
    assert!(tag.posts().unlink(db, &posts[0]).await?);
    assert!(!posts[0].tags().unlink(db, &tag).await?);
    assert!(!posts[0].tags().exists(db).await?);
    let gone = Tag { name: "gone".into() };
    assert!(posts[0].tags().link(db, &gone).await.unwrap_err().is_foreign_key_violation());
    Ok(())
}

pub async fn replace_and_clear(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    let tags = Tag::insert_many(["a", "b", "c"].map(NewTag::new)).all(db).await?;
    posts[1].tags().replace(db, &tags).await?;
    posts[0].tags().replace(db, &tags[..2]).await?;
    posts[0].tags().replace(db, &tags[1..]).await?;
    let found = posts[0].tags().order_by(|t| t.name.asc()).all(db).await?;
    assert_eq!(found, tags[1..]);
    // One that fails changes nothing.
    let gone = Tag { name: "gone".into() };
    let error = posts[0].tags().replace(db, [&tags[0], &gone]).await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error:?}");
    assert_eq!(posts[0].tags().count(db).await?, 2);
    posts[0].tags().replace(db, [&tags[0], &tags[0]]).await?;
    assert_eq!(posts[0].tags().count(db).await?, 1);
    assert_eq!(posts[0].tags().clear(db).await?, 1);
    assert_eq!(posts[0].tags().clear(db).await?, 0);
    assert_eq!(posts[1].tags().count(db).await?, 3);
    Ok(())
}

pub async fn self_links(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    ann.following().link(db, &bob).await?;
    assert_eq!(names(&ann.following().all(db).await?), ["bob"]);
    assert_eq!(names(&bob.followers().all(db).await?), ["ann"]);
    assert_eq!(ann.followers().count(db).await? + bob.following().count(db).await?, 0);
    ann.following().link(db, &ann).await?;
    assert_eq!(ann.following().count(db).await?, 2);
    Ok(())
}

pub async fn queries(db: &Db) -> Result<()> {
    let (_, posts) = blog(db).await?;
    let tags = Tag::insert_many(["a", "b", "c"].map(NewTag::new)).all(db).await?;
    posts[0].tags().replace(db, &tags).await?;
    assert_eq!(posts[0].tags().filter(|t| t.name.gt("a")).count(db).await?, 2);
    assert!(posts[0].tags().first(db).await?.is_some());
    assert_eq!(posts[0].tags().limit(2).all(db).await?.len(), 2);
    assert_eq!(posts[0].tags().paginate(2, 2, db).await?.total, 3);
    let with = posts[0].tags().query().include(|t| t.posts).all(db).await?;
    assert_eq!(with.iter().map(|(_, posts)| posts.len()).collect::<Vec<_>>(), [1, 1, 1]);
    Ok(())
}
