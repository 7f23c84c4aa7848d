//! In which order things are written.

use pilaster::Dialect;
use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump, sent};

#[test]
fn parents_come_first_however_they_were_added() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let bea = session.add(NewUser::new("bea"));
    let post = session.add(NewPost::new("Hello", ann));
    session[post].reviewer_id = Some(pilaster::IntoRef::<User>::into_ref(bea));
    assert_eq!(
        session.plan().unwrap(),
        ["insert User (name, bio): #0 #1", "insert Post (title, author_id, reviewer_id): #2"]
    );
    let done = session.commit().unwrap();
    assert_eq!((done[post].author_id, done[post].reviewer_id), (1, Some(2)));
}

#[test]
fn a_tree_is_inserted_level_by_level_and_deleted_from_the_leaves() {
    let db = database();
    let mut session = db.session().unwrap();
    // Leaves first.
    let root = session.add(NewNode::new("root"));
    let leaf = session.add(NewNode::new("leaf"));
    let inner = session.add(NewNode::new("inner").parent_id(root));
    let other = session.add(NewNode::new("other").parent_id(root));
    session.assign(leaf, |n| n.parent, inner).unwrap();
    assert_eq!(
        session.plan().unwrap(),
        [
            "insert Node (name, parent_id): #0",
            "insert Node (name, parent_id): #2 #3",
            "insert Node (name, parent_id): #1"
        ]
    );
    session.flush().unwrap();
    for key in [root, leaf, inner, other] {
        session.delete(key).unwrap();
    }
    let plan = session.plan().unwrap();
    assert_eq!(plan, ["delete Node: #7 #6 #5 #4"].map(String::from), "{plan:?}");
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name FROM node"), Vec::<String>::new());
}

#[test]
fn a_row_can_refer_to_itself() {
    let db = database();
    let mut session = db.session().unwrap();
    let node = session.add(NewNode::new("own parent"));
    session.assign(node, |n| n.parent, node).unwrap();
    assert_eq!(
        session.plan().unwrap(),
        ["insert Node (name, parent_id): #0 without parent_id", "complete Node (parent_id): #0"]
    );
    session.flush().unwrap();
    let own = session.stored(node).unwrap();
    assert_eq!(session[own].parent_id, Some(session[own].id));
    // InnoDB keeps such a row from being deleted, since it looks at the reference before the row is gone.
    session.delete(own).unwrap();
    let plan = session.plan().unwrap();
    match db.dialect() {
        Dialect::Mysql => assert_eq!(plan, ["clear Node (parent_id): #1", "delete Node: #1"]),
        _ => assert_eq!(plan, ["delete Node: #1"]),
    }
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name FROM node"), Vec::<String>::new());
}

#[test]
fn rows_in_a_circle_are_deleted() {
    let db = database();
    let mut session = db.session().unwrap();
    let nodes = session.add_all(["a", "b", "c"].map(NewNode::new));
    for (at, &node) in nodes.iter().enumerate() {
        session.assign(node, |n| n.parent, nodes[(at + 1) % 3]).unwrap();
    }
    session.flush().unwrap();
    for &node in &nodes {
        session.delete(node).unwrap();
    }
    let plan = session.plan().unwrap();
    assert!(plan[0].starts_with("clear Node (parent_id):"), "{plan:?}");
    session.commit().unwrap();
    assert_eq!(Node::query().count(&db).unwrap(), 0);
}

/// A reference to a row that is taken back does not matter once another was assigned.
#[test]
fn what_was_assigned_stands_in_the_place_of_what_was_given() {
    let db = database();
    let mut session = db.session().unwrap();
    let (lost, kept) = (session.add(NewNode::new("lost")), session.add(NewNode::new("kept")));
    let child = session.add(NewNode::new("child").parent_id(lost));
    session.assign(child, |n| n.parent, kept).unwrap();
    session.delete(lost).unwrap();
    let done = session.commit().unwrap();
    assert_eq!(done[child].parent_id, Some(done[kept].id));
}

#[test]
fn tables_that_refer_to_each_other_take_a_second_update() {
    let db = database();
    let mut session = db.session().unwrap();
    let team = session.add(NewTeam::new("reds"));
    let captain = session.add(NewPlayer::new("ann", team));
    session.add(NewPlayer::new("bea", team));
    session.assign(team, |t| t.captain, captain).unwrap();
    assert_eq!(
        session.plan().unwrap(),
        [
            "insert Team (name, captain_id): #0 without captain_id",
            "insert Player (name, team_id): #1 #2",
            "complete Team (captain_id): #0",
        ]
    );
    session.flush().unwrap();
    let stored = session.stored(team).unwrap();
    assert_eq!(session[stored].captain_id, Some(1));
    // And away again: the captain's row is cleared first.
    session.delete(team).unwrap();
    let players = session.no_flush().load(Player::query()).unwrap();
    for player in players {
        session.delete(player).unwrap();
    }
    session.commit().unwrap();
    assert_eq!(Team::query().count(&db).unwrap() + Player::query().count(&db).unwrap(), 0);
}

#[test]
fn circles_of_known_keys_are_checked_at_the_end() {
    let db = database();
    let mut session = db.session().unwrap();
    session.add(NewPing::new("a", "b"));
    session.add(NewPong::new("b", "a"));
    if db.dialect() != Dialect::Sqlite {
        // Only SQLite defers what was not declared so.
        assert!(session.plan().unwrap_err().message().starts_with("these rows wait for each other"));
        return;
    }
    assert_eq!(session.plan().unwrap()[0], "defer foreign keys");
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT code || pong_id FROM ping"), ["ab"].map(String::from));
    let mut session = db.session().unwrap();
    let (ping, pong) = (session.get::<Ping>("a").unwrap().unwrap(), session.get::<Pong>("b").unwrap().unwrap());
    session.delete(ping).unwrap();
    session.delete(pong).unwrap();
    assert_eq!(session.plan().unwrap()[0], "defer foreign keys");
    session.commit().unwrap();
    assert_eq!(Ping::query().count(&db).unwrap(), 0);
}

#[test]
fn circles_of_deferred_keys_need_nothing_more() {
    use super::deferred::{NewPing, NewPong, Ping, Pong, schema};
    let db = pilaster::blocking::Db::connect(&super::url()).unwrap();
    if db.dialect() == Dialect::Mysql {
        assert!(schema::create_all(&db).is_err(), "it cannot defer foreign keys");
        return;
    }
    schema::create_all(&db).unwrap();
    let mut session = db.session().unwrap();
    session.add(NewPing::new("a", "b"));
    session.add(NewPong::new("b", "a"));
    assert_eq!(session.plan().unwrap(), ["insert Ping (code, pong_id): #0", "insert Pong (code, ping_id): #1"]);
    session.commit().unwrap();
    let mut session = db.session().unwrap();
    let (ping, pong) = (session.get::<Ping>("a").unwrap().unwrap(), session.get::<Pong>("b").unwrap().unwrap());
    session.delete(ping).unwrap();
    session.delete(pong).unwrap();
    session.commit().unwrap();
    assert_eq!(Ping::query().count(&db).unwrap() + Pong::query().count(&db).unwrap(), 0);
    // What is still wrong when it commits is told then.
    let mut session = db.session().unwrap();
    session.add(NewPing::new("a", "nowhere"));
    session.flush().unwrap();
    assert!(session.commit().unwrap_err().is_foreign_key_violation());
}

#[test]
fn circles_of_counted_keys_are_an_error_that_names_them() {
    let db = database();
    let mut session = db.session().unwrap();
    let egg = session.add(NewEgg::new(1));
    let hen = session.add(NewHen::new(egg));
    session[egg].hen_id = pilaster::IntoRef::<Hen>::into_ref(hen);
    let error = session.flush().unwrap_err();
    assert!(error.message().contains("wait for each other"), "{error}");
    assert!(error.message().contains("new Hen") && error.message().contains("new Egg"), "{error}");
    // Nothing was sent: the session goes on.
    session.delete(hen).unwrap();
    session.delete(egg).unwrap();
    session.commit().unwrap();
}

#[test]
fn natural_keys_order_rows_by_their_values() {
    let db = database();
    let mut session = db.session().unwrap();
    session.add(NewCity::new("Bonn", "de"));
    session.add(NewCountry::new("de", "Germany"));
    let france = session.add(NewCountry::new("fr", "France"));
    let lyon = session.add(NewCity::new("Lyon", france));
    assert_eq!(
        session.plan().unwrap(),
        ["insert Country (code, name): #1 #2", "insert City (name, country_id): #0 #3"]
    );
    let done = session.commit().unwrap();
    assert_eq!(done[lyon].country_id, "fr");
}

#[test]
fn keys_of_two_columns() {
    let db = database();
    let mut session = db.session().unwrap();
    let ticket = session.add(NewTicket::new());
    let seat = session.add(NewSeat::new(2, 14));
    session.assign(ticket, |t| t.seat, seat).unwrap();
    session.add(NewTicket::new().hall(2).number(14));
    // What is assigned stands in the place of what had to be given.
    let usher = session.add(NewUsher::new((0, 0)));
    session.assign(usher, |u| u.seat, seat).unwrap();
    session.flush().unwrap();
    let usher = session.stored(usher).unwrap();
    assert_eq!((session[usher].hall, session[usher].number), (2, 14));
    let seat = session.stored(seat).unwrap();
    assert_eq!(session.get::<Seat>((2, 14)).unwrap(), Some(seat));
    session[seat].label = Some("aisle".into());
    let done = session.commit().unwrap();
    assert_eq!((done[ticket].hall, done[ticket].number), (Some(2), Some(14)));
    assert_eq!(dump(&db, "SELECT hall || '-' || number || label FROM seat"), ["2-14aisle"].map(String::from));
}

#[test]
fn unique_values_can_be_handed_on() {
    let db = database();
    for (name, place) in [("ann", 1), ("bea", 2), ("cid", 3)] {
        NewRunner::new(name, place).badge(format!("b{place}")).insert(&db).unwrap();
    }
    let mut session = db.session().unwrap();
    let [ann, bea, cid] = session.load(Runner::query().order_by(|r| r.id.asc())).unwrap()[..] else { panic!() };
    // A chain: everyone moves down.
    session[ann].place = 2;
    session[bea].place = 3;
    session[cid].place = 4;
    assert_eq!(session.plan().unwrap(), ["update Runner (place): #2 #1 #0"]);
    session.flush().unwrap();
    // A ring: everyone takes the next one's.
    session[ann].place = 3;
    session[bea].place = 4;
    session[cid].place = 2;
    let plan = session.plan().unwrap();
    assert!(plan[0].starts_with("park Runner (place):"), "{plan:?}");
    session.flush().unwrap();
    // Two exchange what can be NULL.
    session[ann].badge = Some("b2".into());
    session[bea].badge = Some("b1".into());
    session.flush().unwrap();
    // What a deleted row had is taken by a new one.
    session.delete(cid).unwrap();
    session.add(NewRunner::new("dee", 2).badge("b3"));
    assert_eq!(session.plan().unwrap(), ["delete Runner: #2", "insert Runner (name, place, badge): #3"]);
    session.commit().unwrap();
    assert_eq!(
        dump(&db, "SELECT name || place || badge FROM runner ORDER BY name"),
        ["ann3b2", "bea4b1", "dee2b3"].map(String::from)
    );
}

#[test]
fn a_key_can_be_deleted_and_used_again() {
    let db = database();
    NewCountry::new("de", "old").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let old = session.get::<Country>("de").unwrap().unwrap();
    session.delete(old).unwrap();
    let new = session.add(NewCountry::new("de", "new"));
    let done = session.commit().unwrap();
    assert_eq!(done[new].name, "new");
    assert_eq!(dump(&db, "SELECT name FROM country"), ["new"].map(String::from));
}

#[test]
fn children_move_before_their_parent_is_deleted() {
    let db = database();
    let (ann, bea) = (NewUser::new("ann").insert(&db).unwrap(), NewUser::new("bea").insert(&db).unwrap());
    NewPost::new("moves", &ann).insert(&db).unwrap();
    NewPost::new("goes", &ann).insert(&db).unwrap();
    NewPost::new("loses its reviewer", &bea).reviewer_id(&ann).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let [moves, goes, loses] = session.load(Post::query().order_by(|p| p.id.asc())).unwrap()[..] else { panic!() };
    let ann = session.get::<User>(1).unwrap().unwrap();
    session.delete(ann).unwrap();
    session[moves].author_id = 2;
    session.flush().unwrap();
    assert!(session.delete(goes).is_err(), "the database deleted it with its author");
    // MySQL 9.7 leaves it as it is where rows of the same table go and take others along, against the foreign key.
    let kept = super::is_mysql(&db).then_some(1);
    assert_eq!(session[loses].reviewer_id, kept, "the database set it to NULL");
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT title FROM post"), ["moves", "loses its reviewer"].map(String::from));
}

#[test]
fn a_parent_and_its_children_are_deleted_in_one_flush() {
    let db = database();
    let mut session = db.session().unwrap();
    let country = session.add(NewCountry::new("de", "Germany"));
    let cities = session.add_all(["Bonn", "Jena"].map(|name| NewCity::new(name, country)));
    session.flush().unwrap();
    session.delete(country).unwrap();
    for city in cities {
        session.delete(city).unwrap();
    }
    let statements = Statements::listen();
    session.commit().unwrap();
    assert_eq!(
        sent(&statements),
        [r#"DELETE FROM "city" WHERE "id" = ?"#, r#"DELETE FROM "country" WHERE "code" = ?"#]
    );
}

#[test]
fn a_key_of_two_columns_can_change() {
    let db = database();
    NewSeat::new(1, 1).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let seat = session.get::<Seat>((1, 1)).unwrap().unwrap();
    session[seat].number = 2;
    session.flush().unwrap();
    assert_eq!(session.get::<Seat>((1, 2)).unwrap(), Some(seat));
    assert_eq!(session.get::<Seat>((1, 1)).unwrap(), None);
    session.rollback().unwrap();
    assert_eq!(session[seat].number, 1);
    assert_eq!(session.get::<Seat>((1, 1)).unwrap(), Some(seat));
    session.commit().unwrap();
}

/// Rows that give the same columns go together, whatever was added between them.
#[test]
fn rows_go_together_by_what_they_give() {
    let db = database();
    let mut session = db.session().unwrap();
    let plain = session.add(NewUser::new("plain"));
    session.add(NewUser::new("counted").visits(3));
    session.add(NewTag::new("between"));
    session.add(NewUser::new("plain too"));
    session.add(NewPost::new("first", plain));
    assert_eq!(
        session.plan().unwrap(),
        [
            "insert User (name, bio): #0 #3",
            "insert User (name, bio, visits): #1",
            "insert Tag (label): #2",
            "insert Post (title, author_id, reviewer_id): #4"
        ]
    );
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT name || visits FROM user WHERE visits > 0"), ["counted3"].map(String::from));
}
