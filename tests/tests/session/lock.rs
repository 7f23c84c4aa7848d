//! Rows that a session locks as it loads them.

use pilaster::{Dialect, ErrorKind, TxOptions};

use super::models::*;
use super::race::shared;

#[test]
fn a_locked_row_takes_the_place_of_the_one_that_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    let elsewhere = User::update().filter(|u| u.id.eq(1)).set(|u| u.bio, "new");
    match db.dialect() {
        // The session holds the connection that writes.
        Dialect::Sqlite => {
            let sql = "UPDATE user SET bio = 'new'";
            pilaster::sql(&mut *session.no_flush(), sql).execute().unwrap();
        }
        _ => assert_eq!(elsewhere.run(&db).unwrap(), 1),
    }
    assert_eq!(session[ann].bio, None);
    // On MariaDB and MySQL the transaction's other reads show what was there when it began.
    let query = || User::query().filter(|u| u.id.eq(1)).for_update();
    assert_eq!(session.one(query()).unwrap(), ann);
    assert_eq!(session[ann].bio.as_deref(), Some("new"));

    // What was changed here stays, as with any other query.
    session[ann].visits = 7;
    assert_eq!(session.no_flush().first(query().no_wait()).unwrap(), Some(ann));
    assert_eq!((session[ann].visits, session[ann].bio.as_deref()), (7, Some("new")));
    session.commit().unwrap();
    assert_eq!(User::get(&db, 1).unwrap().unwrap().visits, 7);
}

#[test]
fn what_is_pending_is_sent_before() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut session = db.session().unwrap();
    let bea = session.add(NewUser::new("bea"));
    session.add(NewPost::new("Trees", bea));
    let query = User::query().filter(|u| u.name.eq("bea")).include(|u| u.posts).for_update();
    let loaded = session.load(query).unwrap();
    assert_eq!(loaded, [session.stored(bea).unwrap()]);
    assert_eq!(session.related(loaded[0], |u| u.posts).unwrap().len(), 1);
    let detached = User::query().for_share().skip_locked().all(&mut session).unwrap();
    assert_eq!(detached.len(), 2);
    session.commit().unwrap();
}

#[test]
fn two_sessions_do_not_lock_the_same_row() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let query = || User::query().filter(|u| u.id.eq(1)).for_update();
    let mut first = db.session().unwrap();
    first.one(query()).unwrap();
    let mut second = db.session().unwrap();
    // On SQLite the transaction itself does not begin.
    let expected = if db.dialect() == Dialect::Sqlite { ErrorKind::Pool } else { ErrorKind::Locked };
    assert_eq!(*second.one(query().no_wait()).unwrap_err().kind(), expected);
    second.rollback().unwrap();
    first.commit().unwrap();
    second.one(query().no_wait()).unwrap();
    second.commit().unwrap();
}

#[test]
fn a_session_that_only_reads_locks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = shared(&folder);
    let mut session = db.session_with(TxOptions::new().read_only(true)).unwrap();
    assert_eq!(*session.load(User::query().for_share()).unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(session.load(User::query()).unwrap().len(), 1);
}
