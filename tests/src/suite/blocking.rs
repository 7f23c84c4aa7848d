//! The blocking mode, inside async code and without a runtime.

use pilaster::{Db, Result, blocking};

use super::titles;
use crate::models::{NewPost, NewTag, NewUser, Post, User};

/// The main paths, in the calling thread.
fn walk(db: &blocking::Db) -> Result<()> {
    let ann = NewUser::new("ann").insert(db)?;
    let rows = ["b", "a"].map(|title| NewPost::new(title, &ann));
    let posts = Post::insert_many(rows).all(db)?;
    assert_eq!(User::get(db, ann.id)?, Some(ann.clone()));
    assert_eq!(User::by_name(db, "ann")?, Some(ann.clone()));
    assert_eq!(titles(&Post::query().order_by(|p| p.title.asc()).all(db)?), ["a", "b"]);
    assert_eq!(Post::query().count(db)?, 2);
    assert_eq!(Post::query().paginate(1, 1, db)?.total, 2);
    let loaded: Vec<(User, Vec<Post>)> = User::query().include(|u| u.posts).all(db)?;
    assert_eq!(loaded[0].1.len(), 2);
    assert_eq!(ann.posts().count(db)?, 2);
    let tag = NewTag::new("x").insert(db)?;
    assert!(posts[0].tags().link(db, &tag)?);
    assert_eq!(Post::update().all_rows().set(|p| p.views, 3).run(db)?, 2);
    let mut post = Post::get(db, posts[0].id)?.unwrap();
    post.title = "c".into();
    post.save(db)?;
    post.reload(db)?;
    post.delete(db)?;
    assert_eq!(Post::delete_many().all_rows().run(db)?, 1);
    assert!(NewUser::new("ann").insert(db).unwrap_err().is_unique_violation());
    ann.delete(db)
}

pub async fn the_main_paths(db: &Db) -> Result<()> {
    walk(&db.blocking())
}

pub async fn transactions(db: &Db) -> Result<()> {
    let db = db.blocking();
    db.transaction(|tx| NewUser::new("ann").insert(&tx))?;
    let failed = db.transaction(|tx| {
        NewUser::new("bob").insert(&tx)?;
        NewUser::new("ann").insert(&tx)
    });
    assert!(failed.unwrap_err().is_unique_violation());
    let tx = db.begin()?;
    NewUser::new("eve").insert(&tx)?;
    drop(tx);
    assert_eq!(User::query().count(&db)?, 1);
    assert_eq!(db.test_transaction(|tx| User::delete_many().all_rows().run(&tx))?, 1);
    assert_eq!(User::query().count(&db)?, 1);
    Ok(())
}

pub async fn without_a_runtime(db: &Db) -> Result<()> {
    let db = db.blocking();
    std::thread::spawn(move || walk(&db)).join().unwrap()
}
