//! Changing and deleting rows, by row and by query.

use pilaster::{Db, ErrorKind, Result};

use super::{blog, names, post, users};
use crate::models::{
    Category, Document, NewCategory, NewDocument, NewRectangle, NewSeat, NewTag, NewUser, Post, Rectangle, Seat,
    Status, Tag, User,
};

pub async fn save(db: &Db) -> Result<()> {
    let [mut ann, bob] = users(db, ["ann", "bob"]).await?;
    ann.name = "anna".into();
    ann.bio = Some("new".into());
    ann.save(db).await?;
    assert_eq!(User::get(db, ann.id).await?, Some(ann.clone()));
    assert_eq!(User::get(db, bob.id).await?, Some(bob));
    ann.bio = None;
    ann.save(db).await?;
    assert_eq!(User::get(db, ann.id).await?.unwrap().bio, None);
    // A model that is nothing but its key.
    let mut tag = NewTag::new("x").insert(db).await?;
    tag.save(db).await?;
    Ok(())
}

pub async fn save_of_a_row_that_is_gone(db: &Db) -> Result<()> {
    let [mut ann] = users(db, ["ann"]).await?;
    User::delete_many().all_rows().run(db).await?;
    assert!(ann.save(db).await.unwrap_err().is_not_found());
    assert!(Tag { name: "none".into() }.save(db).await.unwrap_err().is_not_found());
    Ok(())
}

pub async fn reload(db: &Db) -> Result<()> {
    let [mut ann] = users(db, ["ann"]).await?;
    User::update().filter(|u| u.id.eq(ann.id)).set(|u| u.name, "anna").run(db).await?;
    assert_eq!(ann.name, "ann");
    ann.reload(db).await?;
    assert_eq!(ann.name, "anna");
    User::delete_many().all_rows().run(db).await?;
    assert!(ann.reload(db).await.unwrap_err().is_not_found());
    assert_eq!(ann.name, "anna");
    Ok(())
}

pub async fn delete(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    post(db, &ann, "x").await?;
    ann.delete(db).await?;
    assert_eq!(User::query().all(db).await?, [bob]);
    assert_eq!(Post::query().count(db).await?, 0);
    Ok(())
}

pub async fn delete_of_a_row_that_is_gone(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    ann.delete(db).await?;
    assert!(ann.delete(db).await.unwrap_err().is_not_found());
    Ok(())
}

pub async fn update_by_query(db: &Db) -> Result<()> {
    let ([ann, ..], _) = blog(db).await?;
    let changed = Post::update()
        .filter(|p| p.user_id.eq(ann.id))
        .filter(|p| p.status.ne(Status::Draft))
        .set(|p| p.status, Status::Archived)
        .set(|p| p.title, "closed")
        .run(db)
        .await?;
    assert_eq!(changed, 2);
    assert_eq!(Post::query().filter(|p| p.title.eq("closed")).count(db).await?, 2);
    assert_eq!(Post::update().filter(|p| p.id.eq(-1)).set(|p| p.title, "x").run(db).await?, 0);
    // Rows that hold the value already count too, on every database.
    assert_eq!(Post::update().filter(|p| p.title.eq("closed")).set(|p| p.title, "closed").run(db).await?, 2);
    let by_relation = Post::update().filter(|p| p.user.has(|u| u.name.eq("bob"))).set(|p| p.views, 1).run(db).await?;
    assert_eq!(by_relation, 1);
    Ok(())
}

pub async fn update_to_null_and_options(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").bio("x").age(1).insert(db).await?;
    let row = || User::update().filter(|u| u.id.eq(ann.id));
    row().set_null(|u| u.bio).set_option(|u| u.age, None::<i32>).run(db).await?;
    let read = User::get(db, ann.id).await?.unwrap();
    assert_eq!((read.bio, read.age), (None, None));
    row().set(|u| u.bio, "y").set_option(|u| u.age, Some(2)).run(db).await?;
    let read = User::get(db, ann.id).await?.unwrap();
    assert_eq!((read.bio.as_deref(), read.age), (Some("y"), Some(2)));
    Ok(())
}

pub async fn update_by_an_expression(db: &Db) -> Result<()> {
    blog(db).await?;
    Post::update().all_rows().set_to(|p| (p.views, p.views + 1)).run(db).await?;
    assert_eq!(Post::query().select(|p| p.views.sum()).one(db).await?, Some(26));
    Post::update().filter(|p| p.title.eq("SQL")).set_to(|p| (p.body, p.title)).run(db).await?;
    assert_eq!(Post::query().filter(|p| p.body.eq("SQL")).count(db).await?, 1);
    Ok(())
}

pub async fn update_that_sets_nothing(db: &Db) -> Result<()> {
    assert_eq!(User::update().all_rows().run(db).await.unwrap_err().kind(), &ErrorKind::Query);
    Ok(())
}

pub async fn update_of_all(db: &Db) -> Result<()> {
    users(db, ["ann", "bob"]).await?;
    assert_eq!(User::update().all_rows().set(|u| u.age, 7).run(db).await?, 2);
    assert_eq!(User::query().filter(|u| u.age.eq(7)).count(db).await?, 2);
    Ok(())
}

pub async fn delete_by_query(db: &Db) -> Result<()> {
    users(db, ["ann", "bob", "eve"]).await?;
    assert_eq!(User::delete_many().filter(|u| u.name.in_(["ann", "eve", "zoe"])).run(db).await?, 2);
    assert_eq!(names(&User::query().all(db).await?), ["bob"]);
    assert_eq!(User::delete_many().filter(|u| u.posts.exists()).run(db).await?, 0);
    assert_eq!(User::delete_many().all_rows().run(db).await?, 1);
    Ok(())
}

/// MySQL by itself reads no table that it changes.
pub async fn by_rows_of_the_same_table(db: &Db) -> Result<()> {
    let root = NewCategory::new("root").insert(db).await?;
    let inner = NewCategory::new("inner").parent_id(&root).insert(db).await?;
    NewCategory::new("leaf").parent_id(&inner).insert(db).await?;
    let below = Category::update().filter(|c| c.parent.has(|p| p.name.eq("inner"))).set(|c| c.name, "low");
    assert_eq!(below.run(db).await?, 1);
    let parents = || Category::query().filter(|c| c.parent_id.is_not_null()).select(|c| c.parent_id);
    let both = Category::update().filter(|c| c.id.in_(parents()) & c.name.ne("root")).set(|c| c.name, "middle");
    assert_eq!(both.run(db).await?, 1);
    let all = Category::query().order_by(|c| c.id.asc()).select(|c| c.name).all(db).await?;
    assert_eq!(all, ["root", "middle", "low"]);
    assert_eq!(Category::delete_many().filter(|c| c.children.is_empty()).run(db).await?, 1);
    // A key of two columns.
    Seat::insert_many((0..6).map(|n| NewSeat::new(n % 2, n))).run(db).await?;
    let first = || Seat::query().filter(|s| s.number.lt(2)).select(|s| s.hall);
    assert_eq!(Seat::delete_many().filter(|s| s.hall.in_(first()) & s.number.gt(3)).run(db).await?, 2);
    assert_eq!(Seat::query().count(db).await?, 4);
    Ok(())
}

/// All values are made of the rows as they were, whichever row is written first.
pub async fn of_rows_of_the_same_table(db: &Db) -> Result<()> {
    let root = NewCategory::new("root").insert(db).await?;
    let inner = NewCategory::new("inner").parent_id(&root).insert(db).await?;
    let leaf = NewCategory::new("leaf").parent_id(&inner).insert(db).await?;
    let names = || Category::query().order_by(|c| c.id.asc()).select(|c| c.name);
    // Of the row's own.
    let up = Category::update().filter(|c| c.parent_id.is_not_null());
    let up = up.set_to(|c| (c.name, Category::query().filter(|p| p.id.eq(c.parent_id)).select(|p| p.name).as_expr()));
    assert_eq!(up.run(db).await?, 2);
    assert_eq!(names().all(db).await?, ["root", "root", "inner"]);
    // The same for all, with a given value beside it, of rows that the table itself tells.
    let first = Category::query().select(|c| c.id.min()).as_expr();
    let to_first = Category::update().filter(|c| c.parent.has(|p| p.name.eq("root")));
    let to_first = to_first.set(|c| c.name, "new").set(|c| c.parent_id, first);
    assert_eq!(to_first.run(db).await?, 2);
    assert_eq!(names().all(db).await?, ["root", "new", "new"]);
    assert_eq!(Category::get(db, leaf.id).await?.unwrap().parent_id, Some(root.id));
    // By a key of two columns, one of which is changed.
    Seat::insert_many((0..6).map(|n| NewSeat::new(n % 2, n))).run(db).await?;
    let highest = Seat::query().select(|s| s.number.max()).as_expr();
    let last = Seat::update().filter(|s| s.hall.eq(0) & s.number.eq(4)).set(|s| s.number, highest);
    assert_eq!(last.run(db).await?, 1);
    let seats = Seat::query().filter(|s| s.hall.eq(0)).order_by(|s| s.number.asc()).select(|s| s.number);
    assert_eq!(seats.all(db).await?, [0, 2, 5]);
    Ok(())
}

pub async fn generated_columns(db: &Db) -> Result<()> {
    let mut square = NewRectangle::new(3, 4).insert(db).await?;
    assert_eq!(square.area, 12);
    square.width = 5;
    square.save(db).await?;
    assert_eq!(square.area, 20);
    assert_eq!(Rectangle::query().filter(|r| r.area.eq(20)).count(db).await?, 1);
    Ok(())
}

/// What the database computes, and what counts by itself, is nobody's to set.
pub async fn what_cannot_be_set(db: &Db) -> Result<()> {
    let square = NewRectangle::new(3, 3).id(1).insert(db).await?;
    let document = NewDocument::new("draft").id(1).insert(db).await?;
    assert_eq!(document.version, 1);
    let area = "Rectangle.area is computed by the database, and cannot be set";
    let version = "Document.version counts the writes of a row by itself, and cannot be set";
    let told = |outcome: Result<()>, expected: &str| {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Query, expected));
    };
    told(Rectangle::update().all_rows().set(|r| r.area, 5).run(db).await.map(drop), area);
    told(Rectangle::update().all_rows().set_to(|r| (r.area, r.width)).run(db).await.map(drop), area);
    let by_key = || NewRectangle::new(4, 4).id(1).on_conflict(Rectangle::PRIMARY_KEY);
    told(by_key().set(|r| r.area, 5).insert(db).await.map(drop), area);
    told(by_key().update(|r| r.area).insert(db).await.map(drop), area);
    told(Document::update().all_rows().set(|d| d.version, 5).run(db).await.map(drop), version);
    let by_key = || NewDocument::new("new").id(1).on_conflict(Document::PRIMARY_KEY);
    told(by_key().update(|d| (d.title, d.version)).insert(db).await.map(drop), version);
    assert_eq!(Rectangle::get(db, 1).await?.as_ref(), Some(&square));
    assert_eq!(Document::get(db, 1).await?.as_ref(), Some(&document));
    // All that was given is no more than that.
    assert_eq!(
        NewRectangle::new(4, 4).id(1).on_conflict(Rectangle::PRIMARY_KEY).update_all().insert(db).await?.area,
        16
    );
    Ok(())
}

/// Databases do not agree on what it means to set a column twice.
pub async fn the_last_word_on_a_column_counts(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let update = User::update().filter(|u| u.id.eq(ann.id)).set(|u| u.age, 1).set(|u| u.bio, "x").set(|u| u.age, 2);
    assert_eq!(update.set_null(|u| u.bio).run(db).await?, 1);
    let ann = User::get(db, ann.id).await?.unwrap();
    assert_eq!((ann.age, ann.bio), (Some(2), None));
    let update =
        User::update().filter(|u| u.id.eq(bob.id)).set(|u| u.age, 5).set_to(|u| (u.age, u.age.coalesce(0) + 1));
    update.run(db).await?;
    assert_eq!(User::get(db, bob.id).await?.unwrap().age, Some(1));
    Ok(())
}

pub async fn versions(db: &Db) -> Result<()> {
    let mut mine = NewDocument::new("draft").insert(db).await?;
    let mut theirs = Document::get(db, mine.id).await?.unwrap();
    let first = mine.version;
    mine.title = "mine".into();
    mine.save(db).await?;
    assert_eq!(mine.version, first + 1);
    theirs.title = "theirs".into();
    let told = format!("Document {} was changed or deleted since it was read", mine.id);
    for error in [theirs.save(db).await.unwrap_err(), theirs.delete(db).await.unwrap_err()] {
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Stale, told.as_str()));
    }
    theirs.reload(db).await?;
    assert_eq!(theirs, mine);
    // A write by query counts as well: who holds the row in hand has not seen it.
    Document::update().filter(|d| d.id.eq(mine.id)).set(|d| d.title, "by query").run(db).await?;
    assert_eq!(mine.save(db).await.unwrap_err().kind(), &ErrorKind::Stale);
    theirs.reload(db).await?;
    assert_eq!((theirs.title.as_str(), theirs.version), ("by query", first + 2));
    theirs.delete(db).await?;
    assert_eq!(mine.save(db).await.unwrap_err().kind(), &ErrorKind::Stale);
    Ok(())
}

/// What another one saves meanwhile is the next save's, and not this one's outcome.
pub async fn a_save_gives_back_what_it_wrote(db: &Db) -> Result<()> {
    let id = NewDocument::new("draft").insert(db).await?.id;
    let writer = |name: usize| {
        let db = db.clone();
        async move {
            for n in 0..60 {
                let mut mine = Document::get(&db, id).await?.unwrap();
                let (title, version) = (format!("{name} {n}"), mine.version);
                mine.title.clone_from(&title);
                match mine.save(&db).await {
                    Ok(()) => assert_eq!((mine.title, mine.version), (title, version + 1)),
                    Err(error) => assert_eq!(error.kind(), &ErrorKind::Stale),
                }
            }
            Ok::<_, pilaster::Error>(())
        }
    };
    let writers: Vec<_> = (0..6).map(|name| tokio::spawn(writer(name))).collect();
    for writer in writers {
        writer.await.unwrap()?;
    }
    Ok(())
}
