//! Situations that units of work are known to get wrong.

use pilaster::Dialect;
use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump};

fn users(db: &pilaster::blocking::Db, names: &[&str]) {
    for name in names {
        NewUser::new(*name).insert(db).unwrap();
    }
}

/// The database would delete the post with its author, if it were still hers.
#[test]
fn a_child_moves_to_another_parent_before_its_own_is_deleted() {
    let db = database();
    users(&db, &["ann", "bea"]);
    NewPost::new("moved", 1).insert(&db).unwrap();
    NewPost::new("stays", 1).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(User::query().order_by(|u| u.id.asc())).unwrap()[..] else { panic!() };
    let [moved, stays] = session.related(ann, |u| u.posts).unwrap()[..] else { panic!() };
    session.delete(ann).unwrap();
    session[moved].author_id = session[bea].id;
    assert_eq!(session.plan().unwrap(), ["update Post (author_id): #2", "delete User: #0"]);
    session.flush().unwrap();
    assert!(session.delete(stays).is_err(), "it went with its author");
    assert_eq!(session.related(bea, |u| u.posts).unwrap(), [moved]);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT title || author_id FROM post"), ["moved2"].map(String::from));
}

/// To a parent that is new, while the old one goes.
#[test]
fn a_child_moves_to_a_new_parent() {
    let db = database();
    users(&db, &["ann"]);
    NewPost::new("moved", 1).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let (ann, post) = (session.get::<User>(1).unwrap().unwrap(), session.get::<Post>(1).unwrap().unwrap());
    session.delete(ann).unwrap();
    let next = session.add(NewUser::new("bea"));
    session.assign(post, |p| p.author, next).unwrap();
    assert_eq!(
        session.plan().unwrap(),
        ["insert User (name, bio): #2", "update Post (author_id): #1", "delete User: #0"]
    );
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT title || author_id FROM post"), ["moved2"].map(String::from));
}

#[test]
fn a_key_that_is_a_foreign_key_as_well() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let passport = session.add(NewPassport::new(ann, "X1"));
    assert_eq!(session.plan().unwrap(), ["insert User (name, bio): #0", "insert Passport (user_id, number): #1"]);
    session.flush().unwrap();
    let (ann, passport) = (session.stored(ann).unwrap(), session.stored(passport).unwrap());
    assert_eq!(session[passport].user_id, session[ann].id);
    assert_eq!(session.get::<Passport>(session[ann].id).unwrap(), Some(passport));
    assert_eq!(session.related(ann, |u| u.passport).unwrap(), Some(passport));
    // Given back, and a new one for the same person: the key is used again.
    session.delete(passport).unwrap();
    let renewed = session.add(NewPassport::new(ann, "X2"));
    let done = session.commit().unwrap();
    assert_eq!((done[renewed].user_id, done[renewed].number.as_str()), (1, "X2"));
    // Both go, children first.
    let mut session = db.session().unwrap();
    let (ann, passport) = (session.get::<User>(1).unwrap().unwrap(), session.get::<Passport>(1).unwrap().unwrap());
    session.delete(ann).unwrap();
    session.delete(passport).unwrap();
    assert_eq!(session.plan().unwrap(), ["delete Passport: #1", "delete User: #0"]);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name FROM user"), Vec::<String>::new());
}

/// A natural key is taken over by another row, and all of it is taken back.
#[test]
fn keys_that_changed_hands_are_rolled_back() {
    let db = database();
    NewCountry::new("de", "Germany").insert(&db).unwrap();
    NewCountry::new("fr", "France").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [de, fr] = session.load(Country::query().order_by(|c| c.code.asc())).unwrap()[..] else { panic!() };
    session.delete(de).unwrap();
    session[fr].code = "de".into();
    assert_eq!(session.plan().unwrap(), ["delete Country: #0", "update Country (code): #1"]);
    session.flush().unwrap();
    assert_eq!(session.get::<Country>("de").unwrap(), Some(fr));
    session.rollback().unwrap();
    assert_eq!(session.get::<Country>("de").unwrap(), Some(de));
    assert_eq!(session.get::<Country>("fr").unwrap(), Some(fr));
    // The same in a savepoint, with a new row in the place of the old one.
    let mut inner = session.begin().unwrap();
    inner.delete(de).unwrap();
    let new = inner.add(NewCountry::new("de", "new"));
    inner.flush().unwrap();
    let new = inner.stored(new).unwrap();
    assert_eq!(inner.get::<Country>("de").unwrap(), Some(new));
    drop(inner);
    assert_eq!(session.get::<Country>("de").unwrap(), Some(de));
    session[de].name = "kept".into();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT code || name FROM country ORDER BY code"), ["dekept", "frFrance"].map(String::from));
}

/// Row after row moves up to the key of the one before.
#[test]
fn a_chain_of_changed_keys() {
    let db = database();
    for code in ["a1", "a2", "a3"] {
        NewCountry::new(code, code).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [one, two, three] = session.load(Country::query().order_by(|c| c.code.asc())).unwrap()[..] else { panic!() };
    (session[one].code, session[two].code) = ("a2".into(), "a3".into());
    session[three].code = "a4".into();
    assert_eq!(session.plan().unwrap(), ["update Country (code): #2 #1 #0"]);
    session.flush().unwrap();
    assert_eq!(session.get::<Country>("a2").unwrap(), Some(one));
    assert_eq!(session.get::<Country>("a1").unwrap(), None);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT code || name FROM country ORDER BY code"), ["a2a1", "a3a2", "a4a3"].map(String::from));
}

#[test]
fn links_of_a_model_with_itself_go_both_ways() {
    let db = database();
    let mut session = db.session().unwrap();
    let [ann, bea, cid] = ["ann", "bea", "cid"].map(|name| session.add(NewUser::new(name)));
    session.link(ann, |u| u.following, bea).unwrap();
    session.link(bea, |u| u.following, ann).unwrap();
    session.link(cid, |u| u.following, cid).unwrap();
    session.link(cid, |u| u.followers, ann).unwrap();
    session.flush().unwrap();
    let [ann, bea, cid] = [ann, bea, cid].map(|user| session.stored(user).unwrap());
    assert_eq!(session.related(ann, |u| u.following).unwrap(), [bea, cid]);
    assert_eq!(session.related(cid, |u| u.followers).unwrap(), [ann, cid]);
    session.unlink(ann, |u| u.following, bea).unwrap();
    session.delete(cid).unwrap();
    session.commit().unwrap();
    let left =
        "SELECT a.name || b.name FROM follow JOIN user a ON a.id = follower_id JOIN user b ON b.id = followed_id";
    assert_eq!(dump(&db, left), ["beaann"].map(String::from));
}

#[test]
fn rows_that_give_different_columns_go_in_batches_of_their_own() {
    let db = database();
    let mut session = db.session().unwrap();
    for at in 0..100 {
        let user = NewUser::new(format!("user {at}"));
        session.add(if at % 2 == 0 { user } else { user.visits(at) });
    }
    let statements = Statements::listen();
    session.flush().unwrap();
    // Where all columns are known, SQLite is sent the first row by itself, and is asked whether its key is the highest.
    assert_eq!(statements.count(), if db.dialect() == Dialect::Sqlite { 4 } else { 2 });
    let users = session.load(User::query()).unwrap();
    for (at, &user) in users.iter().enumerate() {
        match at % 2 {
            0 => session[user].visits = 7,
            _ => session[user].bio = Some("new".into()),
        }
    }
    assert_eq!(session.plan().unwrap().len(), 2);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM user WHERE visits = 7 OR bio = 'new'"), ["100"].map(String::from));
}

#[test]
fn a_thousand_deletes_cost_a_statement_for_each_table() {
    let db = database();
    let mut session = db.session().unwrap();
    for at in 0..1000 {
        let user = session.add(NewUser::new(format!("user {at}")));
        session.add(NewPost::new("post", user));
    }
    session.commit().unwrap();
    let mut session = db.session().unwrap();
    let (users, posts) = (session.load(User::query()).unwrap(), session.load(Post::query()).unwrap());
    users.into_iter().for_each(|user| session.delete(user).unwrap());
    posts.into_iter().for_each(|post| session.delete(post).unwrap());
    assert_eq!(session.plan().unwrap().len(), 2);
    session.commit().unwrap();
    assert_eq!(User::query().count(&db).unwrap() + Post::query().count(&db).unwrap(), 0);
}

/// Only the reference goes; the row that it led to stays.
#[test]
fn a_parent_is_deleted_under_children_that_can_be_without() {
    let db = database();
    users(&db, &["ann", "bea"]);
    NewPost::new("reviewed", 1).reviewer_id(2).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let post = session.get::<Post>(1).unwrap().unwrap();
    let bea = session.related(post, |p| p.reviewer).unwrap().unwrap();
    session.delete(bea).unwrap();
    session.flush().unwrap();
    // What the database did with the foreign key is in the row.
    assert_eq!(session[post].reviewer_id, None);
    assert_eq!(session.related(post, |p| p.reviewer).unwrap(), None);
    session.rollback().unwrap();
    assert_eq!(session[post].reviewer_id, Some(2));
    assert_eq!(session.related(post, |p| p.reviewer).unwrap(), Some(bea));
}

/// What a trigger makes of a row is in the session, where the database gives the row back as it stored it.
#[test]
fn what_triggers_change_is_in_the_row() {
    let db = database();
    let statements: &[&str] = match db.dialect() {
        // Its triggers cannot change a row before it is written, and what they do after shows in no RETURNING.
        Dialect::Sqlite => return,
        Dialect::Postgres => &[
            "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name = upper(NEW.name); RETURN NEW; END $$",
            "CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON country FOR EACH ROW EXECUTE FUNCTION loud()",
        ],
        _ => &["CREATE TRIGGER loud BEFORE INSERT ON country FOR EACH ROW SET NEW.name = upper(NEW.name)"],
    };
    statements.iter().for_each(|sql| db.sql(*sql).batch().unwrap());
    let mut session = db.session().unwrap();
    let countries = session.add_all((0..40).map(|at| NewCountry::new(format!("{at:02}"), "name")));
    session.flush().unwrap();
    for country in countries {
        let country = session.stored(country).unwrap();
        assert_eq!(session[country].name, "NAME");
        if db.dialect() == Dialect::Postgres {
            session[country].name = "other".into();
            session.flush().unwrap();
            assert_eq!(session[country].name, "OTHER");
        }
    }
    session.commit().unwrap();
}

/// Each of many rows has the key that is stored with it, after rows that are gone, and also where a trigger takes keys.
#[test]
fn many_rows_have_their_own_keys() {
    let db = database();
    let stored = |db: &pilaster::blocking::Db| dump(db, "SELECT id || ' ' || label FROM tag ORDER BY id");
    let tags = |from: i32| (from..from + 130).map(|at| NewTag::new(format!("t{at}")));
    Tag::insert_many(tags(1000)).run(&db).unwrap();
    Tag::delete_many().filter(|t| t.id.gt(7)).run(&db).unwrap();
    for trigger in [false, true] {
        if trigger && db.dialect() == Dialect::Sqlite {
            let sql = "CREATE TRIGGER twice AFTER INSERT ON tag WHEN NEW.label NOT LIKE '%!' BEGIN
                INSERT INTO tag (label) VALUES (NEW.label || '!'); END";
            db.sql(sql).batch().unwrap();
        }
        let mut session = db.session().unwrap();
        let keys = session.add_all(tags(if trigger { 500 } else { 0 }));
        let done = session.commit().unwrap();
        let rows = stored(&db);
        for key in keys {
            assert!(rows.contains(&format!("{} {}", done[key].id, done[key].label)), "{:?} in {rows:?}", done[key]);
        }
    }
}

/// SQLite looks for keys that are free where the highest is taken: <https://sqlite.org/autoinc.html>.
#[test]
fn many_rows_have_their_own_keys_where_the_highest_is_taken() {
    let db = database();
    if db.dialect() != Dialect::Sqlite {
        return; // Servers have no more keys then.
    }
    // Taken from the beginning on, and by the eleventh row.
    for (highest, tags) in [(i64::MAX, 0..130), (i64::MAX - 10, 130..260)] {
        Tag::delete_many().filter(|t| t.id.gt(i64::MAX / 2)).run(&db).unwrap();
        NewTag::new(format!("last {highest}")).id(highest).insert(&db).unwrap();
        let mut session = db.session().unwrap();
        let keys = session.add_all(tags.clone().map(|at| NewTag::new(format!("t{at}"))));
        let done = session.commit().unwrap();
        for (at, key) in tags.zip(keys) {
            let stored: Tag = Tag::get(&db, done[key].id).unwrap().unwrap();
            assert_eq!(stored.label, format!("t{at}"));
        }
    }
}

/// Of many rows the one that is refused is named, as if they had been sent one by one, and nothing stays.
#[test]
fn one_of_many_rows_is_refused() {
    let db = database();
    let mut session = db.session().unwrap();
    // SQLite takes 100 in one statement, then 10, and the last one by one.
    for twice in [77, 125, 185] {
        session.add_all((0..187).map(|at| NewTag::new(format!("t{}", if at == twice { 3 } else { at }))));
        let error = session.flush().unwrap_err();
        let pilaster::ErrorKind::UniqueViolation(violation) = error.kind() else { panic!("{error:?}") };
        assert_eq!(violation.table.as_deref(), Some("tag"));
        session.rollback().unwrap();
        assert_eq!(Tag::query().count(&mut session).unwrap(), 0);
    }
    // References are checked as well; the rows before are there until the rollback.
    session.add_all((0..180).map(|at| NewPassport::new(i64::from(at), format!("{at}"))));
    assert!(session.flush().unwrap_err().is_foreign_key_violation());
    session.rollback().unwrap();
    session.add_all((0..180).map(|at| NewTag::new(format!("t{at}"))));
    session.commit().unwrap();
    assert_eq!(Tag::query().count(&db).unwrap(), 180);
}
