//! One row is one row: the identity map, re-reads, bulk writes, rollbacks.

use pilaster::{ErrorKind, Executor};
use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump, own};

#[test]
fn a_row_is_loaded_once() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let by_query = session.one(User::query().filter(|u| u.name.eq("ann"))).unwrap();
    let statements = Statements::listen();
    assert_eq!(session.get::<User>(1).unwrap(), Some(by_query));
    assert_eq!(statements.count(), 0);
    assert_eq!(session.get::<User>(2).unwrap(), None);
    assert_eq!(session.first(User::query()).unwrap(), Some(by_query));
    assert_eq!(session.load(User::query()).unwrap(), [by_query]);
}

#[test]
fn one_wants_exactly_one() {
    let db = database();
    let mut session = db.session().unwrap();
    assert_eq!(*session.one(User::query()).unwrap_err().kind(), ErrorKind::NotFound);
    session.add_all([NewUser::new("ann"), NewUser::new("bea")]);
    assert_eq!(*session.one(User::query()).unwrap_err().kind(), ErrorKind::NotUnique);
}

fn count<'e>(on: impl Executor<'e, Mode = pilaster::Blocking>) -> u64 {
    User::query().count(on).unwrap()
}

#[test]
fn queries_on_the_session_see_what_is_pending() {
    let db = database();
    let mut session = db.session().unwrap();
    session.add(NewUser::new("ann"));
    assert_eq!(count(&mut *session.no_flush()), 0);
    assert_eq!(session.no_flush().load(User::query()).unwrap(), []);
    assert_eq!(count(&mut session), 1);
    let detached: Vec<User> = User::query().all(&mut session).unwrap();
    assert_eq!(detached[0].name, "ann");
}

#[test]
fn without_a_flush_a_re_read_leaves_dirty_rows_alone() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    NewUser::new("bea").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let keys = session.load(User::query().order_by(|u| u.id.asc())).unwrap();
    session[keys[0]].visits = 7;
    User::update().all_rows().set(|u| u.bio, "x").run(&mut *session.no_flush()).unwrap();
    assert_eq!((session[keys[0]].visits, session[keys[0]].bio.clone()), (7, None));
    assert_eq!(session[keys[1]].bio.as_deref(), Some("x"));
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || visits || bio FROM user ORDER BY name"), ["ann7x", "bea0x"].map(String::from));
}

#[test]
fn bulk_writes_refresh_the_rows_of_the_model() {
    let db = database();
    let ann = NewUser::new("ann").insert(&db).unwrap();
    NewPost::new("Hello", &ann).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    let post = session.get::<Post>(1).unwrap().unwrap();
    User::update().filter(|u| u.id.eq(1)).set(|u| u.visits, 9).run(&mut session).unwrap();
    assert_eq!(session[ann].visits, 9);
    User::delete_many().filter(|u| u.id.eq(1)).run(&mut session).unwrap();
    assert_eq!(session[ann].name, "ann", "still there to read");
    assert!(session.delete(ann).is_err());
    assert!(session.delete(post).is_err(), "deleted with it");
    assert_eq!(session.get::<User>(1).unwrap(), None);
}

#[test]
fn refresh_expire_and_detach() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session[ann].visits = 3;
    session.refresh(ann).unwrap();
    assert_eq!(session[ann].visits, 0);
    session[ann].visits = 3;
    session.expire(ann).unwrap();
    assert_eq!(session[ann].visits, 0);
    let statements = Statements::listen();
    assert_eq!(session.get::<User>(1).unwrap(), Some(ann));
    assert_eq!(statements.count(), 1, "an expired row is read again");
    session[ann].visits = 4;
    session.detach(ann).unwrap();
    assert_eq!(session[ann].visits, 4);
    assert!(!session.is_dirty().unwrap());
    let again = session.get::<User>(1).unwrap().unwrap();
    assert_ne!(again, ann);
    session.delete(again).unwrap();
    session.flush().unwrap();
    assert_eq!(*session.refresh(again).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(session[again].name, "ann");
}

#[test]
fn keys_of_another_session_are_refused() {
    let db = database();
    let mut one = db.session().unwrap();
    let mut other = db.session().unwrap();
    let ann = one.add(NewUser::new("ann"));
    other.add(NewUser::new("bea"));
    assert!(other.try_get(ann).is_err());
    assert!(other.try_get_mut(ann).is_err());
    other.add(NewPost::new("Hello", ann));
    assert_eq!(other.flush().unwrap_err().message(), "a row refers to a row of another session");
    let _ = one.rollback();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other[ann].name.clone())).is_err());
}

#[test]
fn a_reference_of_a_session_means_nothing_outside() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let error = NewPost::new("Hello", ann).insert(&db).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
    session.rollback().unwrap();
}

#[test]
fn a_rollback_puts_rows_back() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    NewUser::new("bea").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(User::query().order_by(|u| u.id.asc())).unwrap()[..] else { panic!() };
    session[ann].visits = 1;
    session.delete(bea).unwrap();
    assert_eq!(session.get::<User>(2).unwrap(), None, "it will be deleted");
    let new = session.add(NewUser::new("cid"));
    session.flush().unwrap();
    let stored = session.stored(new).unwrap();
    session[ann].visits = 2;
    session.rollback().unwrap();
    assert_eq!((session[ann].visits, session[new].name.as_str()), (0, "cid"));
    assert!(session.delete(stored).is_err() && session.delete(new).is_err(), "it is not there any more");
    assert_eq!(session.get::<User>(3).unwrap(), None);
    assert!(!session.is_dirty().unwrap());
    session.delete(bea).unwrap();
    session[ann].visits = 5;
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || visits FROM user"), ["ann5"].map(String::from));
}

#[test]
fn dropping_a_session_rolls_back() {
    let db = database();
    let mut session = db.session().unwrap();
    session.add(NewUser::new("ann"));
    session.flush().unwrap();
    drop(session);
    assert_eq!(User::query().count(&db).unwrap(), 0);
}

#[test]
fn savepoints_undo_their_part() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    session[ann].visits = 1;
    let mut inner = session.begin().unwrap();
    inner[ann].visits = 2;
    let lost = inner.add(NewUser::new("lost"));
    inner.flush().unwrap();
    inner[ann].bio = Some("lost".into());
    inner.rollback().unwrap();
    assert_eq!((session[ann].visits, session[ann].bio.clone()), (1, None));
    assert!(session.stored(lost).is_err());

    let mut inner = session.begin().unwrap();
    inner[ann].visits = 3;
    let kept = inner.add(NewUser::new("kept"));
    let mut innermost = inner.begin().unwrap();
    innermost.delete(ann).unwrap();
    innermost.flush().unwrap();
    drop(innermost);
    inner.commit().unwrap();
    let done = session.commit().unwrap();
    assert_eq!((done[ann].visits, done[kept].name.as_str()), (3, "kept"));
    assert_eq!(dump(&db, "SELECT name || visits FROM user ORDER BY name"), ["ann3", "kept0"].map(String::from));
}

#[test]
fn a_changed_key_moves_the_identity() {
    let db = database();
    NewCountry::new("de", "Germany").insert(&db).unwrap();
    NewCity::new("Bonn", "de").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let country = session.get::<Country>("de").unwrap().unwrap();
    let city = session.get::<City>(1).unwrap().unwrap();
    session[country].code = "dd".into();
    session.add(NewCity::new("Jena", country));
    session.flush().unwrap();
    assert_eq!(session[city].country_id, "dd", "the database changed it with the key");
    assert_eq!(session.get::<Country>("dd").unwrap(), Some(country));
    assert_eq!(session.get::<Country>("de").unwrap(), None);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || country_id FROM city"), ["Bonndd", "Jenadd"].map(String::from));
}

/// New rows are put into the identity map when somebody looks, by their keys as they were stored.
#[test]
fn new_rows_have_their_identity_before_anybody_looks() {
    let db = database();
    let mut session = db.session().unwrap();
    let countries = session.add_all([NewCountry::new("de", "Germany"), NewCountry::new("fr", "France")]);
    session.flush().unwrap();
    let more = session.add(NewCountry::new("it", "Italy"));
    session.flush().unwrap();
    let germany = session.stored(countries[0]).unwrap();
    let (france, italy) = (session.stored(countries[1]).unwrap(), session.stored(more).unwrap());
    session[germany].code = "dd".into();
    session.delete(france).unwrap();
    let statements = Statements::listen();
    assert_eq!(session.get::<Country>("it").unwrap(), Some(italy));
    assert_eq!(session.get::<Country>("fr").unwrap(), None);
    assert_eq!(session.get::<Country>("de").unwrap(), Some(germany), "that is its key until the flush");
    assert_eq!(statements.count(), 0);
    session.flush().unwrap();
    assert_eq!(session.get::<Country>("dd").unwrap(), Some(germany));
    assert_eq!(session.get::<Country>("de").unwrap(), None);
    session.rollback().unwrap();
    assert_eq!(session.get::<Country>("it").unwrap(), None);
}

/// A write by a filter has its rows read again: what is rolled back must not stay in them.
#[test]
fn a_rollback_puts_back_what_was_read_again() {
    let db = database();
    for name in ["ann", "bea", "cid"] {
        let user = NewUser::new(name).insert(&db).unwrap();
        NewPost::new(name, &user).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(User::query().filter(|u| u.id.le(2)).order_by(|u| u.id.asc())).unwrap()[..] else {
        panic!()
    };
    let post = session.get::<Post>(2).unwrap().unwrap();
    User::update().all_rows().set(|u| u.visits, 9).run(&mut session).unwrap();
    assert_eq!((session[ann].visits, session[bea].visits), (9, 9));
    // Read for the first time after that write.
    let cid = session.one(User::query().filter(|u| u.name.eq("cid"))).unwrap();
    pilaster::sql(&mut session, own("UPDATE user SET bio = 'lost'", &db)).execute().unwrap();
    session.refresh(ann).unwrap();
    assert_eq!(session[ann].bio.as_deref(), Some("lost"));
    session[ann].visits += 1;
    session.flush().unwrap();
    User::delete_many().filter(|u| u.id.eq(2)).run(&mut session).unwrap();
    assert!(session.delete(bea).is_err() && session.delete(post).is_err());
    session.rollback().unwrap();
    for user in [ann, bea, cid] {
        assert_eq!((session[user].visits, session[user].bio.clone()), (0, None), "{}", session[user].name);
    }
    assert!(!session.is_dirty().unwrap());
    assert_eq!(session.get::<User>(2).unwrap(), Some(bea));
    session[post].title = "here".into();
    session[bea].visits = 1;
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT name || visits || title FROM user JOIN post ON author_id = user.id ORDER BY name"),
        ["ann0ann", "bea1here", "cid0cid"].map(String::from)
    );
}

#[test]
fn a_savepoint_puts_back_what_was_read_again() {
    let db = database();
    for name in ["ann", "bea", "cid"] {
        NewUser::new(name).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let ann = session.get::<User>(1).unwrap().unwrap();
    User::update().all_rows().set(|u| u.visits, 1).run(&mut session).unwrap();
    let mut inner = session.begin().unwrap();
    User::update().all_rows().set(|u| u.visits, 2).run(&mut inner as &mut pilaster::blocking::Session).unwrap();
    let bea = inner.get::<User>(2).unwrap().unwrap();
    assert_eq!((inner[ann].visits, inner[bea].visits), (2, 2));
    inner.rollback().unwrap();
    assert_eq!((session[ann].visits, session[bea].visits), (1, 1));
    // Dropped, it cannot read anything: the next statement does.
    let mut inner = session.begin().unwrap();
    User::update().all_rows().set(|u| u.visits, 3).run(&mut inner as &mut pilaster::blocking::Session).unwrap();
    let cid = inner.get::<User>(3).unwrap().unwrap();
    let new = pilaster::sql(
        &mut inner as &mut pilaster::blocking::Session,
        own("INSERT INTO user (name) VALUES ('new')", &db),
    );
    new.execute().unwrap();
    let new = inner.one(User::query().filter(|u| u.name.eq("new"))).unwrap();
    drop(inner);
    assert_eq!((session[ann].visits, session[bea].visits), (1, 1));
    assert_eq!(session.load(User::query()).unwrap().len(), 3);
    assert_eq!(session[cid].visits, 1);
    assert!(session.delete(new).is_err(), "it was never there");
    session.rollback().unwrap();
    for user in [ann, bea, cid] {
        assert_eq!(session[user].visits, 0, "{}", session[user].name);
    }
}
