//! Who is told of what was committed.

use std::sync::{Arc, Mutex};

use super::database;
use super::models::*;

/// Lines about users and posts, out of every commit.
fn listen(db: &pilaster::blocking::Db) -> (Arc<Mutex<Vec<String>>>, pilaster::Subscription) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&lines);
    let subscription = db.on_commit(move |changes| {
        let mut lines = told.lock().unwrap();
        lines.extend(changes.inserted::<User>().map(|user| format!("+ {} {}", user.id, user.name)));
        lines.extend(changes.updated::<User>().map(|(old, new)| format!("{} -> {}", old.name, new.name)));
        lines.extend(changes.deleted::<User>().map(|user| format!("- {}", user.name)));
        lines.extend(changes.inserted::<Post>().map(|post| format!("+ {}", post.title)));
        lines.extend(changes.deleted::<Post>().map(|post| format!("- {}", post.title)));
    });
    (lines, subscription)
}

fn taken(lines: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut lines.lock().unwrap())
}

#[test]
fn commits_tell_what_they_wrote() {
    let db = database();
    let (lines, subscription) = listen(&db);
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.add(NewPost::new("Hello", ann));
    session.flush().unwrap();
    assert!(taken(&lines).is_empty(), "not before the commit");
    let stored = session.stored(ann).unwrap();
    session[stored].name = "anna".into();
    let lost = session.add(NewUser::new("lost"));
    session.flush().unwrap();
    session.delete(lost).unwrap();
    session.commit().unwrap();
    assert_eq!(taken(&lines), ["+ 1 anna", "+ Hello"]);

    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session.load(Post::query()).unwrap();
    session[ann].name = "bea".into();
    session.flush().unwrap();
    session[ann].name = "cid".into();
    session.commit().unwrap();
    assert_eq!(taken(&lines), ["anna -> cid"], "once, with what was there when it began");

    // A row that goes is told as it was, and what goes with it as far as the session has it.
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session.load(Post::query()).unwrap();
    session[ann].name = "dee".into();
    session.flush().unwrap();
    session.delete(ann).unwrap();
    session.commit().unwrap();
    assert_eq!(taken(&lines), ["- cid", "- Hello"]);

    subscription.cancel();
    let mut session = db.session().unwrap();
    session.add(NewUser::new("eve"));
    session.commit().unwrap();
    assert!(taken(&lines).is_empty());
}

#[test]
fn what_was_taken_back_is_not_told() {
    let db = database();
    let (lines, _subscription) = listen(&db.clone());
    let mut session = db.session().unwrap();
    session.add(NewUser::new("ann"));
    session.flush().unwrap();
    session.rollback().unwrap();
    session.add(NewUser::new("bea"));
    let mut inner = session.begin().unwrap();
    inner.add(NewUser::new("cid"));
    inner.flush().unwrap();
    drop(inner);
    session.commit().unwrap();
    assert_eq!(taken(&lines).len(), 1);
    let mut session = db.session().unwrap();
    session.add(NewUser::new("bea"));
    assert!(session.commit().is_err());
    let mut session = db.session().unwrap();
    session.load(User::query()).unwrap();
    session.commit().unwrap();
    assert!(taken(&lines).is_empty(), "nothing was written");
}
