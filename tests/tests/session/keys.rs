//! Keys that change hands: rows that exchange theirs do without one for a moment.

use pilaster::blocking::{Db, Session};
use pilaster::{Dialect, Key, uuid::Uuid};

use super::models::*;
use super::{database, dump};

fn countries(session: &mut Session) -> Vec<Key<Country>> {
    session.load(Country::query().order_by(|c| c.code.asc())).unwrap()
}

fn two_countries() -> Db {
    let db = database();
    for (code, name, city) in [("de", "Germany", "Bonn"), ("fr", "France", "Lyon")] {
        NewCountry::new(code, name).insert(&db).unwrap();
        NewCity::new(city, code).insert(&db).unwrap();
    }
    db
}

#[test]
fn two_rows_exchange_their_keys_and_what_refers_to_them_follows() {
    let db = two_countries();
    let mut session = db.session().unwrap();
    let [de, fr] = countries(&mut session)[..] else { panic!() };
    let [bonn, lyon] = session.load(City::query().order_by(|c| c.id.asc())).unwrap()[..] else { panic!() };
    session[de].code = "fr".into();
    session[fr].code = "de".into();
    assert_eq!(session.plan().unwrap(), ["park Country (code): #1", "update Country (code): #0 #1"]);
    session.flush().unwrap();
    assert_eq!([&session[bonn].country_id, &session[lyon].country_id], ["fr", "de"]);
    assert_eq!((session.get::<Country>("fr").unwrap(), session.get::<Country>("de").unwrap()), (Some(de), Some(fr)));
    session.rollback().unwrap();
    assert_eq!([&session[bonn].country_id, &session[lyon].country_id], ["de", "fr"]);
    assert_eq!((session.get::<Country>("fr").unwrap(), session.get::<Country>("de").unwrap()), (Some(fr), Some(de)));
    // And once more, to stay.
    session[de].code = "fr".into();
    session[fr].code = "de".into();
    session.commit().unwrap();
    let select = "SELECT code || c.name || city.name FROM country c JOIN city ON country_id = code ORDER BY code";
    assert_eq!(dump(&db, select), ["deFranceLyon", "frGermanyBonn"].map(String::from));
}

#[test]
fn three_rows_pass_their_keys_round() {
    let db = database();
    for (name, place) in [("ann", 1), ("bea", 2), ("cid", 3)] {
        NewRunner::new(name, place).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [ann, bea, cid] = session.load(Runner::query().order_by(|r| r.id.asc())).unwrap()[..] else { panic!() };
    // Keys and places both, and a fourth row comes into what the ring leaves alone.
    for (row, next) in [(ann, 2), (bea, 3), (cid, 1)] {
        session[row].id = next;
        session[row].place = next as i32;
    }
    session.flush().unwrap();
    assert_eq!([1, 2, 3].map(|id| session.get::<Runner>(id).unwrap()), [Some(cid), Some(ann), Some(bea)]);
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT id || name || place FROM runner ORDER BY id"),
        ["1cid1", "2ann2", "3bea3"].map(String::from)
    );
}

#[test]
fn a_ring_and_a_chain_in_one_flush() {
    let db = database();
    for code in ["a1", "a2", "b1", "b2", "b3"] {
        NewCountry::new(code, code).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [a1, a2, b1, b2, b3] = countries(&mut session)[..] else { panic!() };
    (session[a1].code, session[a2].code) = ("a2".into(), "a1".into());
    (session[b1].code, session[b2].code) = ("b2".into(), "b3".into());
    // The end of the chain is a key that goes, and its beginning is taken by a new row.
    session.delete(b3).unwrap();
    session.add(NewCountry::new("b1", "new"));
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT code || name FROM country ORDER BY code"),
        ["a1a2", "a2a1", "b1new", "b2b1", "b3b2"].map(String::from)
    );
}

#[test]
fn many_pairs_exchange_their_keys_in_few_steps() {
    let db = database();
    Token::insert_many((0..200).map(|at| NewToken::new(Uuid::from_u128(at), format!("t{at}")))).run(&db).unwrap();
    let mut session = db.session().unwrap();
    let tokens = session.load(Token::query().order_by(|t| t.id.asc())).unwrap();
    for (at, &token) in tokens.iter().enumerate() {
        session[token].id = Uuid::from_u128(at as u128 ^ 1);
    }
    assert_eq!(session.plan().unwrap().len(), 2);
    session.commit().unwrap();
    let labels = Token::query().order_by(|t| t.id.asc()).select(|t| t.label).all(&db).unwrap();
    let expected: Vec<String> = (0..200).map(|at| format!("t{}", at ^ 1)).collect();
    assert_eq!(labels, expected);
}

/// Only a column that the rows write can be out of the way for a while: no other would come back.
#[test]
fn of_two_columns_the_one_that_changes_is_parked() {
    let db = database();
    for number in [1, 2] {
        NewSeat::new(7, number).label(format!("seat {number}")).insert(&db).unwrap();
        NewSlot::new(7, number, format!("slot {number}")).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let seats = session.load(Seat::query().order_by(|s| s.number.asc())).unwrap();
    let slots = session.load(Slot::query().order_by(|s| s.hour.asc())).unwrap();
    for at in 0..2 {
        session[seats[at]].number = 2 - at as i32;
        session[slots[at]].hour = 2 - at as i32;
    }
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT hall || ' ' || number || label FROM seat ORDER BY number"),
        ["7 1seat 2", "7 2seat 1"].map(String::from)
    );
    assert_eq!(
        dump(&db, "SELECT day || ' ' || hour || note FROM slot ORDER BY hour"),
        ["7 1slot 2", "7 2slot 1"].map(String::from)
    );
}

#[test]
fn versions_are_checked_while_keys_are_exchanged() {
    let db = database();
    for owner in ["ann", "bea"] {
        NewAccount::new(owner, 1).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [ann, bea] = session.load(Account::query().order_by(|a| a.id.asc())).unwrap()[..] else { panic!() };
    (session[ann].id, session[bea].id) = (2, 1);
    session.flush().unwrap();
    assert_eq!((session[ann].version, session[bea].version), (2, 2));
    session.rollback().unwrap();
    let other = "UPDATE account SET version = 9 WHERE owner = 'bea'";
    pilaster::sql(&mut *session.no_flush(), other).execute().unwrap();
    (session[ann].id, session[bea].id) = (2, 1);
    let error = session.flush().unwrap_err();
    assert_eq!(*error.kind(), pilaster::ErrorKind::Stale);
    assert!(error.message().contains("Account 2 was changed"), "{error}");
    session.rollback().unwrap();
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT id || owner FROM account ORDER BY id"), ["1ann", "2bea"].map(String::from));
}

/// Where a foreign key without `on_update: cascade` leads to them, the database keeps the keys where they are.
#[test]
fn keys_that_others_hold_on_to_stay() {
    let db = database();
    for number in [1, 2] {
        NewSeat::new(7, number).insert(&db).unwrap();
    }
    NewTicket::new().hall(7).number(1).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [one, two] = session.load(Seat::query().order_by(|s| s.number.asc())).unwrap()[..] else { panic!() };
    (session[one].number, session[two].number) = (2, 1);
    assert!(session.flush().unwrap_err().is_foreign_key_violation());
    session.rollback().unwrap();
    assert_eq!((session[one].number, session[two].number), (1, 2));
    session.commit().unwrap();
}

/// A key that is a foreign key as well has no value out of the way, unless the check can wait.
#[test]
fn keys_that_refer_to_others_are_exchanged_where_the_check_can_wait() {
    let db = database();
    let (ann, bea) = (NewUser::new("ann").insert(&db).unwrap(), NewUser::new("bea").insert(&db).unwrap());
    NewPassport::new(&ann, "A").insert(&db).unwrap();
    NewPassport::new(&bea, "B").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [one, other] = session.load(Passport::query().order_by(|p| p.number.asc())).unwrap()[..] else { panic!() };
    (session[one].user_id, session[other].user_id) = (bea.id, ann.id);
    if db.dialect() == Dialect::Sqlite {
        session.commit().unwrap();
        assert_eq!(
            dump(&db, "SELECT number || passport.user_id FROM passport ORDER BY number"),
            ["A2", "B1"].map(String::from)
        );
        return;
    }
    let error = session.flush().unwrap_err();
    assert_eq!(*error.kind(), pilaster::ErrorKind::Query);
    assert!(error.message().contains("exchange values of a key"), "{error}");
    assert!(error.message().contains("Passport 1") && error.message().contains("Passport 2"), "{error}");
    // Nothing was sent. What the rows mean can be exchanged instead.
    (session[one].user_id, session[other].user_id) = (ann.id, bea.id);
    (session[one].number, session[other].number) = ("B".into(), "A".into());
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT number || passport.user_id FROM passport ORDER BY number"),
        ["A2", "B1"].map(String::from)
    );
}
