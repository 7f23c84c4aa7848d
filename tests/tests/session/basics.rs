//! Adding, changing and deleting; what is sent and what comes back.

use pilaster::{Action, uuid::Uuid};
use pilaster_tests::statements::Statements;

use super::models::*;
use super::{database, dump, sent};

#[test]
fn new_rows_are_stored_with_their_references() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let post = session.add(NewPost::new("Hello", ann));
    assert_eq!(session[ann].name, "ann");
    session[ann].bio = Some("writes".into());
    let done = session.commit().unwrap();
    assert_eq!((done[ann].id, done[ann].bio.as_deref()), (1, Some("writes")));
    assert_eq!((done[post].title.as_str(), done[post].author_id), ("Hello", 1));
    assert_eq!(done[post].reviewer_id, None);
    assert_eq!(Post::query().all(&db).unwrap(), [done[post].clone()]);
}

#[tokio::test]
async fn the_same_text_works_async() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    let mut session = db.session().await.unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.flush().await.unwrap();
    let stored = session.stored(ann).unwrap();
    session[stored].bio = Some("there".into());
    let found = session.one(User::query().filter(|u| u.name.eq("ann"))).await.unwrap();
    assert_eq!(found, stored);
    assert_eq!(User::query().count(&mut session).await.unwrap(), 1);
    let done = session.commit().await.unwrap();
    assert_eq!(done[ann].bio.as_deref(), Some("there"));
}

/// Also inside a spawned task: every future of the session can be sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_can_live_in_a_task() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    let task = tokio::spawn(async move {
        let mut session = db.session().await?;
        let key = session.add(NewUser::new("ann"));
        let ann = session.load(User::query()).await?[0];
        let posts = session.related(ann, |u| u.posts).await?;
        assert!(posts.is_empty());
        let mut inner = session.begin().await?;
        inner.add(NewPost::new("x", key));
        inner.commit().await?;
        session.get::<User>(1).await?;
        session.refresh(ann).await?;
        session.commit().await.map(|done| done[key].id)
    });
    assert_eq!(task.await.unwrap().unwrap(), 1);
}

#[test]
fn only_what_changed_is_sent() {
    let db = database();
    NewUser::new("ann").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.one(User::query()).unwrap();
    let statements = Statements::listen();
    session[ann].visits = 5;
    assert_eq!(session[ann].visits, 5);
    assert!(session.is_dirty().unwrap());
    session.flush().unwrap();
    assert_eq!(sent(&statements), [r#"UPDATE "user" SET "visits" = ? WHERE "id" = ?"#]);
    assert!(!session.is_dirty().unwrap());
    session.flush().unwrap();
    assert_eq!(statements.count(), 0);
    // Set back to what is stored.
    session[ann].visits = 6;
    session[ann].visits = 5;
    assert!(!session.is_dirty().unwrap());
    session.flush().unwrap();
    assert_eq!(statements.count(), 0);
    session.commit().unwrap();
    assert_eq!(dump(&db, "SELECT '' || visits FROM user"), ["5"].map(String::from));
}

#[test]
fn changes_are_data() {
    let db = database();
    let old = NewUser::new("old").insert(&db).unwrap();
    NewUser::new("gone").insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.add(NewPost::new("Hello", ann).reviewer_id(&old));
    let old = session.get::<User>(1).unwrap();
    let gone = session.get::<User>(2).unwrap();
    assert!(!session.is_dirty().unwrap(), "reading flushed");
    let bea = session.add(NewUser::new("bea"));
    session.add(NewPost::new("News", bea));
    session[old.unwrap()].visits += 1;
    session.delete(gone.unwrap()).unwrap();
    let lines: Vec<String> = session.changes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"insert User: name = "bea""#,
            r#"insert Post: title = "News", author_id = (new row)"#,
            "update User 1: visits 0 -> 1",
            "delete User 2",
        ]
    );
    assert_eq!(session.changes().unwrap()[3].action, Action::Delete);
    assert_eq!(
        session.plan().unwrap(),
        [
            "insert User (name, bio): #6",
            "insert Post (title, author_id, reviewer_id): #7",
            "update User (visits): #4",
            "delete User: #5"
        ]
    );
}

#[test]
fn values_of_changes_can_be_read() {
    let db = database();
    let id = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
    let gone = NewToken::new(id, "spare").insert(&db).unwrap();
    let address = NewAddress::new(1, true).rating(0.5).insert(&db).unwrap();
    let mut session = db.session().unwrap();
    let token = session.get::<Token>(id).unwrap().unwrap();
    let address = session.get::<Address>(address.id).unwrap().unwrap();
    session[address].rating = Some(1e300);
    session.add(NewNode::new("x".repeat(100)));
    session.delete(token).unwrap();
    let mut lines: Vec<String> = session.changes().unwrap().iter().map(ToString::to_string).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "delete Token 67e55044-10b1-426f-9247-bb680e5fe0c8",
            &format!("insert Node: name = \"{}…\"", "x".repeat(60)),
            "update Address 1: rating 0.5 -> 1e300",
        ]
    );
    session.commit().unwrap();
    let error = gone.delete(&db).unwrap_err();
    assert_eq!(error.message(), "Token 67e55044-10b1-426f-9247-bb680e5fe0c8 is not stored any more");
}

#[test]
fn what_the_database_makes_is_in_the_row() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    let shape = session.add(NewRectangle::new(3, 4));
    session.flush().unwrap();
    let shape = session.stored(shape).unwrap();
    assert_eq!(session[session.stored(ann).unwrap()].visits, 0);
    assert_eq!(session[shape].area, 12);
    session[shape].height = 5;
    session.flush().unwrap();
    assert_eq!(session[shape].area, 15);
}

#[test]
fn a_thousand_rows_cost_a_handful_of_statements() {
    let db = database();
    let mut session = db.session().unwrap();
    let users = session.add_all((0..1000).map(|at| NewUser::new(format!("user {at}"))));
    for &user in &users {
        for title in ["one", "two"] {
            session.add(NewPost::new(title, user));
        }
    }
    let statements = Statements::listen();
    session.flush().unwrap();
    // SQLite tells the key of the first post, and that it is the highest, which says what those of the others are.
    assert_eq!(statements.count(), if db.dialect() == pilaster::Dialect::Sqlite { 4 } else { 2 });
    for &user in &users {
        let user = session.stored(user).unwrap();
        session[user].visits = session[user].id as i32;
    }
    session.flush().unwrap();
    assert_eq!(statements.count(), 1);
    let done = session.commit().unwrap();
    assert!(users.iter().zip(1..).all(|(&user, id)| done[user].id == id), "in the order they were added");
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM post"), ["2000"].map(String::from));
    assert_eq!(dump(&db, "SELECT '' || count(*) FROM user WHERE visits = id"), ["1000"].map(String::from));
}

#[test]
fn rows_that_are_deleted_before_they_are_stored_never_were() {
    let db = database();
    let mut session = db.session().unwrap();
    let ann = session.add(NewUser::new("ann"));
    session.delete(ann).unwrap();
    let done = session.commit().unwrap();
    assert!(done.try_get(ann).is_err());
    assert_eq!(User::query().count(&db).unwrap(), 0);
}

#[test]
fn an_idle_session_sends_nothing() {
    let db = database();
    let statements = Statements::listen();
    db.session().unwrap().commit().unwrap();
    let mut session = db.session().unwrap();
    session.flush().unwrap();
    drop(session);
    assert_eq!(statements.count(), 0);
}

/// Every verb waits where there is something to wait for.
#[tokio::test]
async fn every_verb_works_async() {
    let db = pilaster::Db::connect(&super::url()).await.unwrap();
    schema::create_all(&db).await.unwrap();
    let mut session = db.session().await.unwrap();
    let [ann, bea] = session.add_all(["ann", "bea"].map(NewUser::new))[..] else { panic!() };
    let post = session.add(NewPost::new("Hello", ann));
    let tag = session.add(NewTag::new("rust"));
    session.link(post, |p| p.tags, tag).unwrap();
    session.assign(post, |p| p.reviewer, bea).unwrap();
    assert_eq!((session.changes().unwrap().len(), session.plan().unwrap().len()), (5, 4));
    session.flush().await.unwrap();
    let [ann, bea] = [ann, bea].map(|user| session.stored(user).unwrap());
    let (post, tag) = (session.stored(post).unwrap(), session.stored(tag).unwrap());

    assert_eq!(session.get::<User>(1).await.unwrap(), Some(ann));
    assert_eq!(session.one(User::query().filter(|u| u.name.eq("bea"))).await.unwrap(), bea);
    assert_eq!(session.first(Post::query()).await.unwrap(), Some(post));
    assert_eq!(session.load(User::query().include(|u| u.posts).order_by(|u| u.id.asc())).await.unwrap(), [ann, bea]);
    assert_eq!(session.related(post, |p| p.tags).await.unwrap(), [tag]);
    assert_eq!(session.related(post, |p| p.reviewer).await.unwrap(), Some(bea));

    session[ann].visits = 3;
    session.refresh(ann).await.unwrap();
    session[bea].visits = 3;
    session.expire(bea).unwrap();
    assert_eq!((session[ann].visits, session[bea].visits), (0, 0));
    session[ann].bio = Some("pending".into());
    assert_eq!(User::query().filter(|u| u.bio.eq("pending")).count(&mut *session.no_flush()).await.unwrap(), 0);
    User::update().filter(|u| u.id.eq(2)).set(|u| u.visits, 7).run(&mut session).await.unwrap();
    assert_eq!(session[bea].visits, 7);

    let mut inner = session.begin().await.unwrap();
    inner.delete(post).unwrap();
    inner.unlink(post, |p| p.tags, tag).unwrap();
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    let inner = session.begin().await.unwrap();
    inner.commit().await.unwrap();
    assert_eq!(session.related(post, |p| p.tags).await.unwrap(), [tag]);
    session.detach(tag).unwrap();
    assert!(!session.is_dirty().unwrap());

    session.rollback().await.unwrap();
    assert_eq!(User::query().count(&db).await.unwrap(), 0);
    let new = session.add(NewUser::new("cid"));
    let done = session.commit().await.unwrap();
    assert_eq!(done[new].name, "cid");
}

/// Also where so many rows are added that the session would rather not ask for them back.
#[test]
fn what_the_database_makes_is_in_each_of_many_rows() {
    let db = database();
    let mut session = db.session().unwrap();
    let users = session.add_all((0..100).map(|at| NewUser::new(format!("user {at}"))));
    let shapes = session.add_all((0..100).map(|at| NewRectangle::new(at, 2)));
    let accounts = session.add_all((0..100).map(|at| NewAccount::new(format!("owner {at}"), at)));
    session.flush().unwrap();
    for (at, &user) in users.iter().enumerate() {
        let user = session.stored(user).unwrap();
        assert_eq!((session[user].id, session[user].visits), (at as i64 + 1, 0));
        let (shape, account) = (session.stored(shapes[at]).unwrap(), session.stored(accounts[at]).unwrap());
        assert_eq!((session[shape].area, session[account].version), (at as i32 * 2, 1));
        session[shape].height = 3;
        session[account].balance += 1;
    }
    session.flush().unwrap();
    for (at, (&shape, &account)) in shapes.iter().zip(&accounts).enumerate() {
        let (shape, account) = (session.stored(shape).unwrap(), session.stored(account).unwrap());
        assert_eq!((session[shape].area, session[account].version), (at as i32 * 3, 2));
    }
    session.commit().unwrap();
}
