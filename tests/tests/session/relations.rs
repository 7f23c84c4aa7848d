//! Relations in a session: lazy, eager, linked, assigned.

use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump};

fn filled() -> pilaster::blocking::Db {
    let db = database();
    let mut session = db.session().unwrap();
    for name in ["ann", "bea", "cid"] {
        let user = session.add(NewUser::new(name));
        for at in 0..3 {
            session.add(NewPost::new(format!("{name} {at}"), user));
        }
    }
    session.commit().unwrap();
    db
}

#[test]
fn related_rows_come_for_all_rows_of_a_load_at_once() {
    let db = filled();
    let mut session = db.session().unwrap();
    let users = session.load(User::query()).unwrap();
    let statements = Statements::listen();
    let mut titles = Vec::new();
    for &user in &users {
        for post in session.related(user, |u| u.posts).unwrap() {
            titles.push(session[post].title.clone());
            // Back without a statement: the authors are here.
            assert_eq!(session.related(post, |p| p.author).unwrap(), user);
            assert_eq!(session.related(post, |p| p.reviewer).unwrap(), None);
            assert!(session.related(post, |p| p.tags).unwrap().is_empty());
        }
    }
    assert_eq!(statements.count(), 2, "posts of all users, tags of all posts");
    assert_eq!(titles.len(), 9);
}

#[test]
fn what_is_added_shows_in_related_rows() {
    let db = filled();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    assert_eq!(session.related(ann, |u| u.posts).unwrap().len(), 3);
    session.add(NewPost::new("new", ann));
    let posts = session.related(ann, |u| u.posts).unwrap();
    assert_eq!(posts.len(), 4);
    session.delete(posts[0]).unwrap();
    assert_eq!(session.related(ann, |u| u.posts).unwrap().len(), 3);
}

#[test]
fn included_rows_enter_the_session() {
    let db = filled();
    let mut session = db.session().unwrap();
    let users = session.load(User::query().include(|u| u.posts.include(|p| p.reviewer))).unwrap();
    assert_eq!(users.len(), 3);
    let statements = Statements::listen();
    let post = session.get::<Post>(5).unwrap().unwrap();
    assert_eq!(session[post].title, "bea 1");
    assert_eq!(statements.count(), 0);
}

#[test]
fn links_are_made_and_taken_away() {
    let db = filled();
    let mut session = db.session().unwrap();
    let post = session.get::<Post>(1).unwrap().unwrap();
    let rust = session.add(NewTag::new("rust"));
    let sql = session.add(NewTag::new("sql"));
    session.link(post, |p| p.tags, rust).unwrap();
    session.link(rust, |t| t.posts, post).unwrap();
    session.link(sql, |t| t.posts, post).unwrap();
    assert_eq!(session.related(post, |p| p.tags).unwrap().len(), 2);
    session.unlink(post, |p| p.tags, rust).unwrap();
    let left = session.related(post, |p| p.tags).unwrap();
    assert_eq!(left, [session.stored(sql).unwrap()]);
    // The last word counts.
    session.link(post, |p| p.tags, rust).unwrap();
    session.unlink(post, |p| p.tags, rust).unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT label FROM post_tag JOIN tag ON tag.id = tag_id"), ["sql"].map(String::from));
}

#[test]
fn a_parent_can_be_assigned() {
    let db = filled();
    let mut session = db.session().unwrap();
    let post = session.get::<Post>(1).unwrap().unwrap();
    let dee = session.add(NewUser::new("dee"));
    session.assign(post, |p| p.author, dee).unwrap();
    assert_eq!(session.changes().unwrap()[1].to_string(), "update Post 1: author_id 1 -> (new row)");
    session.flush().unwrap();
    let dee = session.stored(dee).unwrap();
    assert_eq!(session[post].author_id, session[dee].id);
    assert_eq!(session.related(dee, |u| u.posts).unwrap(), [post]);
    let error = session.assign(dee, |u| u.posts, post).unwrap_err();
    assert!(error.message().contains("other side"), "{error}");
    session.rollback().unwrap();
    assert_eq!(session[post].author_id, 1);
}

#[test]
fn rows_that_are_deleted_are_not_linked_first() {
    let db = filled();
    let mut session = db.session().unwrap();
    let post = session.get::<Post>(1).unwrap().unwrap();
    let tag = session.add(NewTag::new("rust"));
    session.link(post, |p| p.tags, tag).unwrap();
    session.delete(post).unwrap();
    assert_eq!(session.plan().unwrap(), ["insert Tag (label): #1", "delete Post: #0"]);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM post_tag"), ["0"].map(String::from));
}

/// A row that the session let go of is still stored, so that others can refer to it.
#[test]
fn a_detached_row_can_be_referred_to() {
    let db = filled();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session.detach(ann).unwrap();
    let post = session.add(NewPost::new("new", ann));
    assert_eq!(session.commit().unwrap()[post].author_id, 1);
}

#[test]
fn links_go_with_either_row() {
    let db = filled();
    let mut session = db.session().unwrap();
    let posts = session.load(Post::query().order_by(|p| p.id.asc())).unwrap();
    let tags = session.add_all(["rust", "sql"].map(NewTag::new));
    for &tag in &tags {
        session.link(posts[0], |p| p.tags, tag).unwrap();
        session.link(posts[1], |p| p.tags, tag).unwrap();
        // Twice is once.
        session.link(tag, |t| t.posts, posts[1]).unwrap();
    }
    session.flush().unwrap();
    session.delete(tags[0]).unwrap();
    session.delete(posts[1]).unwrap();
    session.flush().unwrap();
    let sql = session.stored(tags[1]).unwrap();
    assert_eq!(session.related(posts[0], |p| p.tags).unwrap(), [sql]);
    assert_eq!(session.related(sql, |t| t.posts).unwrap(), [posts[0]]);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM post_tag"), ["1"].map(String::from));
}
