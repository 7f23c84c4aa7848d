//! What goes wrong, and what a session is after it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pilaster::ErrorKind;

use super::models::*;
use super::{database, dump, own};

#[test]
fn after_a_failed_flush_only_a_rollback_helps() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let bea = session.add(NewUser::new("bea"));
    let twice = session.add(NewUser::new("ann"));
    assert!(session.flush().unwrap_err().is_unique_violation());
    assert_eq!(*session.load(User::query()).unwrap_err().kind(), ErrorKind::Transaction);
    assert_eq!(*session.flush().unwrap_err().kind(), ErrorKind::Transaction);
    assert_eq!(session[bea].name, "bea");
    session.rollback().unwrap();
    assert_eq!(session[twice].name, "ann");
    session.add(NewUser::new("cid"));
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name FROM user"), ["ann", "cid"].map(String::from));
}

#[test]
fn a_failed_savepoint_can_be_given_up() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let mut inner = session.begin().unwrap();
    inner.add(NewUser::new("ann"));
    assert!(inner.commit().unwrap_err().is_unique_violation());
    session.add(NewPost::new("still here", ann));
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT name || title FROM user JOIN post ON author_id = user.id"),
        ["annstill here"].map(String::from)
    );
}

/// Three accounts. Two sessions cannot write at once on SQLite, so that the other one is played by SQL.
fn accounts() -> pilaster::blocking::Db {
    let db = database();
    for owner in ["ann", "bea", "cid"] {
        NewAccount::new(owner, 10).insert(&db).unwrap();
    }
    db
}

#[test]
fn a_stale_row_is_named() {
    let db = accounts();
    let mut session = db.session().unwrap();
    let all = session.load(Account::query().order_by(|a| a.id.asc())).unwrap();
    for &account in &all {
        session[account].balance += 1;
    }
    let elsewhere = "UPDATE account SET version = version + 1, balance = 0 WHERE id = 2";
    pilaster::sql(&mut *session.no_flush(), elsewhere).execute().unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Stale);
    assert_eq!(error.message(), "Account 2 was changed or deleted since it was read");
    session.rollback().unwrap();
    for &account in &all {
        session.refresh(account).unwrap();
        session[account].balance += 1;
    }
    let done = session.commit().unwrap();
    assert_eq!((done[all[1]].balance, done[all[1]].version), (11, 2));
}

#[test]
fn a_stale_row_is_not_deleted() {
    let db = accounts();
    let mut session = db.session().unwrap();
    let all = session.load(Account::query().order_by(|a| a.id.asc())).unwrap();
    session.delete(all[0]).unwrap();
    session.delete(all[2]).unwrap();
    let elsewhere = "UPDATE account SET version = version + 1 WHERE id = 3";
    pilaster::sql(&mut *session.no_flush(), elsewhere).execute().unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!(error.message(), "Account 3 was changed or deleted since it was read");
}

#[test]
fn a_row_without_a_version_that_is_gone_is_named_too() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session[ann].visits = 1;
    pilaster::sql(&mut *session.no_flush(), own("DELETE FROM user", &db)).execute().unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::NotFound, "User 1 is not stored any more"));
}

#[test]
fn the_version_counts_on() {
    let db = database();
    let mut session = db.session().unwrap();
    let account = session.add(NewAccount::new("ann", 1));
    session.flush().unwrap();
    let account = session.stored(account).unwrap();
    assert_eq!(session[account].version, 1);
    for balance in 2..5 {
        session[account].balance = balance;
        session.flush().unwrap();
        assert_eq!(session[account].version, balance);
    }
}

#[test]
fn a_new_row_is_not_written_to_after_it_is_stored() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.flush().unwrap();
    session[ann].name = "lost".into();
    let error = session.flush().unwrap_err();
    assert!(error.message().contains("session.stored(key)"), "{error}");
}

#[test]
fn a_reference_to_a_row_that_will_not_be_stored_is_an_error() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.add(NewPost::new("Hello", ann));
    session.delete(ann).unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!(error.message(), "a row refers to a User that is not stored and will not be");
}

/// A flush whose future is dropped at any point leaves nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_future_leaves_nothing_behind() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    for polls in 0..12 {
        let mut session = db.session().await.unwrap();
        let user = session.add(NewUser::new("ann"));
        session.add(NewPost::new("Hello", user));
        {
            let mut flush = pin!(session.flush());
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                if let Poll::Ready(outcome) = flush.as_mut().poll(&mut context) {
                    outcome.unwrap();
                    break;
                }
                // A server has time to answer, so that each round is dropped further on.
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
        }
        drop(session);
        assert_eq!(User::query().count(&db).await.unwrap(), 0, "{polls}");
    }
}

/// Many rows are updated by one statement where that is quicker: the row that was stale is named all the same.
#[test]
fn a_stale_row_is_named_among_many() {
    let db = accounts();
    Account::insert_many((0..100).map(|at| NewAccount::new(format!("owner {at}"), at))).run(&db).unwrap();
    let mut session = db.session().unwrap();
    let all = session.load(Account::query().order_by(|a| a.id.desc())).unwrap();
    for &account in &all {
        session[account].balance += 1;
    }
    session.flush().unwrap();
    assert!(all.iter().all(|&account| session[account].version == 2));
    for &account in &all {
        session[account].balance += 1;
    }
    let elsewhere = "UPDATE account SET version = version + 1 WHERE id = 42";
    pilaster::sql(&mut *session.no_flush(), elsewhere).execute().unwrap();
    let error = session.flush().unwrap_err();
    assert_eq!(error.message(), "Account 42 was changed or deleted since it was read");
}

/// An index that models do not show can want an order of its own: then the rows are sent one by one.
#[test]
fn many_rows_can_hand_on_what_a_partial_index_keeps_apart() {
    let db = database();
    for person in 0..30 {
        NewAddress::new(person, true).rating(f64::from(person)).insert(&db).unwrap();
        NewAddress::new(person, false).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let all = session.load(Address::query().order_by(|a| a.id.asc())).unwrap();
    for pair in all.chunks(2) {
        session[pair[0]].main = false;
        session[pair[1]].main = true;
    }
    session.flush().unwrap();
    for &address in &all {
        let rating = session[address].rating;
        session[address].rating = rating.map_or(Some(0.5), |_| None);
    }
    session.commit().unwrap();
    let moved = "SELECT '' || count(*) FROM address WHERE main AND rating = 0.5 AND id % 2 = 0";
    assert_eq!(dump(&db, moved), ["30"].map(String::from));
}

/// A flush that fails in its middle has sent something; a rollback takes that back, in the database and in the rows.
#[test]
fn what_a_failed_flush_had_sent_is_taken_back() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    NewUser::new("bea").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(User::query().order_by(|u| u.id.asc())).unwrap()[..] else { panic!() };
    let new = session.add(NewTag::new("sent"));
    session[ann].visits = 9;
    session.delete(bea).unwrap();
    session.add(NewTag::new("sent"));
    assert!(session.flush().unwrap_err().is_unique_violation());
    session.rollback().unwrap();
    assert!(session.stored(new).is_err());
    assert_eq!((session[ann].visits, session.changes().unwrap().len()), (0, 0));
    session.delete(bea).unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || visits FROM user"), ["ann0"].map(String::from));
    assert_eq!(Tag::query().count(&db).unwrap(), 0);
}

/// A flush that was given up half way has sent something perhaps: the session says so until it is rolled back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_cancelled_flush_only_a_rollback_helps() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    let mut session = db.session().await.unwrap();
    // The transaction has begun, so that the flush is what is given up.
    session.load(Tag::query()).await.unwrap();
    let ann = session.add(NewUser::new("ann"));
    let waits = db.dialect() != pilaster::Dialect::Sqlite;
    // Somebody else has the name, so that the flush waits however fast the server is; SQLite has no one to wait for.
    let other = if waits { Some(db.begin().await.unwrap()) } else { None };
    if let Some(other) = &other {
        NewUser::new("ann").insert(other).await.unwrap();
    }
    let finished = {
        let mut flush = pin!(session.flush());
        flush.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    assert_eq!(finished, !waits);
    if let Some(other) = other {
        other.rollback().await.unwrap();
        // Only now, as it may wait for what was given up.
        assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::Transaction);
        assert_eq!(*session.load(User::query()).await.unwrap_err().kind(), ErrorKind::Transaction);
    }
    session.rollback().await.unwrap();
    assert_eq!(session[ann].name, "ann");
    assert_eq!(User::query().count(&db).await.unwrap(), 0);
    session.add(NewUser::new("ann"));
    session.commit().await.unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 1);
}

/// A commit that is given up has happened as a whole, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_commit_is_all_or_nothing() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    for polls in 0..10 {
        let mut session = db.session().await.unwrap();
        let user = session.add(NewUser::new(format!("user {polls}")));
        session.add(NewPost::new("Hello", user));
        {
            let mut commit = pin!(session.commit());
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..polls {
                if commit.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
        }
        // At one time, as the server may be about to commit.
        let both = own("SELECT (SELECT count(*) FROM user), (SELECT count(*) FROM post)", &db.blocking());
        let (users, posts): (i64, i64) = db.sql(both).one().await.unwrap();
        assert_eq!(users, posts, "{polls}");
    }
}
