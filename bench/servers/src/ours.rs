//! The same work through the generated models.

use pilaster::{Db, Dialect, Session, blocking};

use crate::Anything;
use crate::data::{self, CHANGED, USERS};
use crate::models::{Child, Grandchild, NewChild, NewGrandchild, NewParent, NewPost, NewUser, Parent, Post, User};

pub async fn get(db: &Db, id: i64) -> Anything<Option<User>> {
    Ok(User::get(db, id).await?)
}

pub fn get_blocking(db: &blocking::Db, id: i64) -> Anything<Option<User>> {
    Ok(User::get(db, id)?)
}

pub async fn by_email(db: &Db, email: String) -> Anything<Vec<User>> {
    Ok(User::query().filter(|u| u.email.eq(email)).all(db).await?)
}

pub async fn all(db: &Db) -> Anything<Vec<User>> {
    Ok(User::query().all(db).await?)
}

pub async fn join(db: &Db) -> Anything<Vec<(User, Post)>> {
    Ok(User::query().join(|u| u.posts).all(db).await?)
}

type Family = (Parent, Vec<(Child, Vec<Grandchild>)>);

pub async fn nested(db: &Db) -> Anything<Vec<Family>> {
    Ok(Parent::query().include(|p| p.children.include(|c| c.grandchildren)).all(db).await?)
}

pub async fn insert(db: &Db, rows: Vec<NewUser>) -> Anything<Vec<i64>> {
    Ok(User::insert_many(rows).keys(db).await?)
}

/// Rows to insert, behind those that are there.
pub fn new_rows(count: i64) -> Vec<NewUser> {
    data::new_rows(count).into_iter().map(new_user).collect()
}

fn new_user(row: data::NewUser) -> NewUser {
    let data::NewUser { username, email, full_name, bio, city, country, age, score, active, logins, joined } = row;
    let row = NewUser::new(username, email, full_name, city, country, age, score, active, logins, joined);
    match bio {
        Some(bio) => row.bio(bio),
        None => row,
    }
}

/// The table of users in hand-written SQL.
pub fn quoted(db: &Db) -> &'static str {
    if db.dialect() == Dialect::Mysql { "`user`" } else { "\"user\"" }
}

/// Fills the tables; keys count from 1.
pub async fn fill(db: &Db) -> Anything<()> {
    User::insert_many((1..=USERS).map(|id| new_user(data::numbered(id)))).run(db).await?;
    let body = "A body that is as long as a line of text usually is, or a little longer.";
    let post = |id: i64| {
        let title = format!("Post {id} with a title of some words");
        NewPost::new(title, body, (id % 1000) as i32, id % 2 == 0, 1 + (id * 31) % USERS)
    };
    Post::insert_many((1..=USERS).map(post)).run(db).await?;
    Parent::insert_many((1..=100).map(|id| NewParent::new(format!("parent {id}")))).run(db).await?;
    let ten = |parents: i64| (1..=parents).flat_map(|parent| (0..10).map(move |rank| (parent, rank)));
    let children = ten(100).map(|(parent, rank)| NewChild::new(format!("child {rank} of {parent}"), rank, parent));
    Child::insert_many(children).run(db).await?;
    let below =
        ten(1_000).map(|(child, rank)| NewGrandchild::new(format!("grandchild {rank} of {child}"), rank, child));
    Grandchild::insert_many(below).run(db).await?;
    let tables = format!("{}, post, parent, child, grandchild", quoted(db));
    db.sql(if db.dialect() == Dialect::Mysql {
        format!("ANALYZE TABLE {tables}")
    } else {
        format!("ANALYZE {tables}")
    })
    .batch()
    .await?;
    Ok(())
}

/// A session with new parents and their children.
pub async fn with_families(db: &Db) -> Anything<Session> {
    let mut session = db.session().await?;
    for data::NewFamily { name, note, children } in data::new_families() {
        let parent = NewParent::new(name);
        let parent = session.add(match note {
            Some(note) => parent.note(note),
            None => parent,
        });
        session.add_all(children.into_iter().map(|(name, rank)| NewChild::new(name, rank, parent)));
    }
    Ok(session)
}

/// A session with a thousand changed users.
pub async fn with_changes(db: &Db) -> Anything<Session> {
    let mut session = db.session().await?;
    let users = session.load(User::query().filter(|u| u.id.le(CHANGED)).order_by(|u| u.id.asc())).await?;
    for (user, (_, name)) in users.into_iter().zip(data::changed()) {
        session[user].full_name = name;
    }
    Ok(session)
}

pub async fn commit(session: Session) -> Anything<pilaster::Done> {
    Ok(session.commit().await?)
}
