//! Inserting rows that may be there already.

use pilaster::{Db, Dialect, ErrorKind, Result};

use super::{names, users};
use crate::models::{Document, NewDocument, NewPost, NewSeat, NewTag, NewUser, Post, Seat, Tag, User};

pub async fn one_is_inserted_or_updated(db: &Db) -> Result<()> {
    let upsert = |age, bio| NewUser::new("ann").age(age).bio(bio).on_conflict(User::BY_NAME).update(|u| u.age);
    let first = upsert(30, "writes").insert(db).await?;
    assert_eq!((first.age, first.bio.as_deref()), (Some(30), Some("writes")));
    let second = upsert(31, "reads").insert(db).await?;
    assert_eq!(second, User { age: Some(31), ..first });
    assert_eq!(User::query().all(db).await?, [second]);
    Ok(())
}

pub async fn one_is_ignored(db: &Db) -> Result<()> {
    let ignoring = |age| NewUser::new("ann").age(age).on_conflict(User::BY_NAME).ignore();
    let ann = ignoring(30).insert(db).await?.unwrap();
    assert_eq!(ignoring(31).insert(db).await?, None);
    assert_eq!(
        (ignoring(32).run(db).await?, NewUser::new("bob").on_conflict(User::BY_NAME).ignore().run(db).await?),
        (0, 1)
    );
    assert_eq!(User::get(db, ann.id).await?.unwrap().age, Some(30));
    assert_eq!(User::query().count(db).await?, 2);
    Ok(())
}

pub async fn all_that_is_given(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").age(30).bio("writes").insert(db).await?;
    let again = NewUser::new("ann").id(77).age(31).on_conflict(User::BY_NAME).update_all().insert(db).await?;
    assert_eq!(again, User { age: Some(31), bio: None, ..ann.clone() }, "all of it, but for the key");
    let post = NewPost::new("x", &ann).id(5).views(3).body("long").insert(db).await?;
    let same = NewPost::new("y", &ann).id(5).on_conflict(Post::PRIMARY_KEY).update_all().insert(db).await?;
    assert_eq!(same, Post { title: "y".into(), ..post }, "what would be left to a default stays");
    let key = NewUser::new("zoe").id(ann.id).on_conflict(User::PRIMARY_KEY).update_all().insert(db).await?;
    assert_eq!(key, User { name: "zoe".into(), age: None, ..again });
    assert_eq!(User::query().count(db).await?, 1);
    Ok(())
}

pub async fn by_expressions(db: &Db) -> Result<()> {
    let upsert = |age: i32| {
        let row = NewUser::new("ann").age(age).bio("new").on_conflict(User::BY_NAME);
        row.set_to(|old, new| (old.age, old.age + new.age + 1)).set(|u| u.bio, "seen").set(|u| u.bio, "seen again")
    };
    upsert(10).insert(db).await?;
    let ann = upsert(5).insert(db).await?;
    assert_eq!((ann.age, ann.bio.as_deref()), (Some(16), Some("seen again")));
    let ann = NewUser::new("ann").on_conflict(User::BY_NAME).set_null(|u| u.bio).insert(db).await?;
    assert_eq!((ann.age, ann.bio), (Some(16), None));
    let many = ["bob", "ann", "ann"].map(|name| NewUser::new(name).age(1));
    let upsert = User::insert_many(many).on_conflict(User::BY_NAME);
    let stored = upsert.set_to(|old, new| (old.age, old.age + new.age + 100)).all(db).await?;
    assert_eq!(stored.iter().map(|user| user.age).collect::<Vec<_>>(), [Some(1), Some(117), Some(218)]);
    Ok(())
}

pub async fn several_columns_see_the_row_as_it_was(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    NewPost::new("x", &ann).id(1).views(3).body("old").insert(db).await?;
    let post = NewPost::new("y", &ann).id(1).views(7).body("new").on_conflict(Post::PRIMARY_KEY);
    let post = post.update(|p| (p.views, p.title)).set_to(|old, _| (old.body, old.title)).insert(db).await?;
    assert_eq!((post.views, post.title.as_str(), post.body.as_str()), (7, "y", "x"));
    Ok(())
}

pub async fn many_keep_their_order(db: &Db) -> Result<()> {
    let row = |n: i32| NewUser::new(format!("user {:03}", 499 - n)).age(n);
    let before = User::insert_many((0..500).filter(|n| n % 3 == 0).map(row)).all(db).await?;
    let again = (0..500).map(|n| row(n).age(n + 1_000));
    let stored = User::insert_many(again).on_conflict(User::BY_NAME).update(|u| u.age).all(db).await?;
    assert_eq!(stored.len(), 500);
    for (n, user) in (0..500).zip(&stored) {
        assert_eq!((user.name.as_str(), user.age), (format!("user {:03}", 499 - n).as_str(), Some(n + 1_000)));
    }
    for known in before {
        assert!(stored.iter().any(|user| user.id == known.id && user.name == known.name));
    }
    assert_eq!(User::query().count(db).await?, 500);
    let keys = User::insert_many((0..500).map(row)).on_conflict(User::BY_NAME).update(|u| u.age).keys(db).await?;
    assert_eq!(keys, stored.iter().map(|user| user.id).collect::<Vec<_>>());
    let run = User::insert_many((400..600).map(row)).on_conflict(User::BY_NAME).update(|u| u.age).run(db).await?;
    assert_eq!((run, User::query().count(db).await?), (200, 600));
    Ok(())
}

pub async fn many_are_ignored(db: &Db) -> Result<()> {
    let row = |n: i32| NewUser::new(format!("user {n:03}")).age(n);
    User::insert_many((0..50).map(row)).run(db).await?;
    let rows = (25..75).rev().map(|n| row(n).age(n + 1_000));
    let stored = User::insert_many(rows).on_conflict(User::BY_NAME).ignore().all(db).await?;
    let expected: Vec<String> = (50..75).rev().map(|n| format!("user {n:03}")).collect();
    assert_eq!(names(&stored), expected, "those that were inserted, in the order given");
    assert_eq!(User::query().filter(|u| u.age.ge(1_000)).count(db).await?, 25);
    assert_eq!(User::insert_many((70..90).map(row)).on_conflict(User::BY_NAME).ignore().run(db).await?, 15);
    let twice = User::insert_many([row(200), row(200)]).on_conflict(User::BY_NAME).ignore();
    assert_eq!(twice.run(db).await?, 1);
    assert_eq!(User::insert_many([]).on_conflict(User::BY_NAME).ignore().run(db).await?, 0);
    Ok(())
}

/// PostgreSQL's statement cannot change a row that it has inserted or changed itself.
pub async fn the_same_row_many_times(db: &Db) -> Result<()> {
    let words = "to be or not to be that is the question whether to";
    let rows = words.split(' ').map(|word| NewUser::new(word).age(1));
    let upsert = User::insert_many(rows).on_conflict(User::BY_NAME);
    let stored = upsert.set_to(|old, new| (old.age, old.age + new.age)).all(db).await?;
    let ages: Vec<i32> = stored.iter().filter_map(|user| user.age).collect();
    assert_eq!(ages, [1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1, 3]);
    let rows = (0..60).map(|n| NewUser::new(format!("user {}", n % 7)).age(n));
    assert_eq!(User::insert_many(rows).on_conflict(User::BY_NAME).update_all().run(db).await?, 60);
    let last = User::by_name(db, "user 3").await?.unwrap();
    assert_eq!(last.age, Some(59), "the last one counts");
    Ok(())
}

pub async fn another_key_is_a_violation(db: &Db) -> Result<()> {
    let rows = [("ann", "a@example.com"), ("bob", "b@example.com")];
    User::insert_many(rows.map(|(name, email)| NewUser::new(name).email(email))).run(db).await?;
    let before = User::query().order_by(|u| u.id.asc()).all(db).await?;
    let eve = || NewUser::new("eve").email("b@example.com").age(1).on_conflict(User::BY_NAME);
    let error = eve().update_all().insert(db).await.unwrap_err();
    let ErrorKind::UniqueViolation(violation) = error.kind() else { panic!("{error:?}") };
    assert_eq!(violation.table.as_deref(), Some("user"), "{error}");
    assert!(violation.constraint.is_some() || violation.columns == ["email"], "{violation:?}");
    assert!(eve().ignore().insert(db).await.unwrap_err().is_unique_violation());
    let many = || [NewUser::new("zoe").age(2), NewUser::new("eve").email("b@example.com").age(2)];
    let updating = User::insert_many(many()).on_conflict(User::BY_NAME).update(|u| u.age);
    assert!(updating.run(db).await.unwrap_err().is_unique_violation());
    assert!(User::insert_many(many()).on_conflict(User::BY_NAME).ignore().all(db).await.is_err());
    assert_eq!(User::query().order_by(|u| u.id.asc()).all(db).await?, before, "nothing was changed");
    Ok(())
}

/// A row that is found by the key that was asked for stays as it is, whatever else is in the way.
pub async fn ignored_by_one_key_of_several(db: &Db) -> Result<()> {
    let rows = [("ann", "a@example.com"), ("bob", "b@example.com")];
    let stored = User::insert_many(rows.map(|(name, email)| NewUser::new(name).email(email))).all(db).await?;
    let ann = || NewUser::new("ann").id(stored[1].id).email("b@example.com");
    assert_eq!(ann().on_conflict(User::BY_NAME).ignore().insert(db).await?, None);
    assert_eq!(ann().on_conflict(User::BY_EMAIL).ignore().run(db).await?, 0);
    assert_eq!(ann().on_conflict(User::BY_NAME).get_or_insert(db).await?, stored[0]);
    let many = || [NewUser::new("zoe"), ann(), NewUser::new("yan")];
    let added = User::insert_many(many()).on_conflict(User::BY_NAME).ignore().all(db).await?;
    assert_eq!(names(&added), ["zoe", "yan"]);
    let other = NewUser::new("eve").id(stored[1].id).on_conflict(User::BY_NAME).ignore().insert(db).await;
    assert!(other.unwrap_err().is_unique_violation());
    Ok(())
}

pub async fn null_finds_nothing(db: &Db) -> Result<()> {
    let rows = || ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(NewUser::new);
    let stored = User::insert_many(rows()).on_conflict(User::BY_EMAIL).update(|u| u.age).all(db).await?;
    assert_eq!(names(&stored), ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let stored = NewUser::new("z").on_conflict(User::BY_EMAIL).ignore().insert(db).await?;
    assert_eq!(stored.unwrap().name, "z");
    let error = User::insert_many(rows()).on_conflict(User::BY_EMAIL).update(|u| u.age).run(db).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    Ok(())
}

pub async fn keys_of_several_columns(db: &Db) -> Result<()> {
    let seats = |label: &'static str| (0..30).map(move |n| NewSeat::new(n / 10, n % 10).label(label));
    Seat::insert_many(seats("old").step_by(2)).run(db).await?;
    let stored = Seat::insert_many(seats("new")).on_conflict(Seat::PRIMARY_KEY).update_all().all(db).await?;
    assert_eq!(stored.len(), 30);
    let places = stored.iter().map(|seat| (seat.hall, seat.number));
    assert!(places.eq((0..30).map(|n| (n / 10, n % 10))));
    assert!(stored.iter().all(|seat| seat.label.as_deref() == Some("new")));
    assert_eq!(
        Tag::insert_many(["x", "y"].map(NewTag::new)).on_conflict(Tag::PRIMARY_KEY).update_all().run(db).await?,
        2
    );
    assert_eq!(NewTag::new("x").on_conflict(Tag::PRIMARY_KEY).update_all().insert(db).await?.name, "x");
    Ok(())
}

pub async fn versions_count(db: &Db) -> Result<()> {
    let mut old = NewDocument::new("first").id(1).insert(db).await?;
    let upsert = NewDocument::new("second").id(1).on_conflict(Document::PRIMARY_KEY);
    let new = upsert.update_all().insert(db).await?;
    assert_eq!((new.title.as_str(), new.version), ("second", old.version + 1));
    old.title = "third".into();
    assert_eq!(old.save(db).await.unwrap_err().kind(), &ErrorKind::Stale);
    Ok(())
}

pub async fn get_or_insert(db: &Db) -> Result<()> {
    let get = |age| NewUser::new("ann").age(age).on_conflict(User::BY_NAME);
    let ann = get(30).get_or_insert(db).await?;
    assert_eq!(ann.age, Some(30));
    assert_eq!(get(31).get_or_insert(db).await?, ann);
    let tasks = (0..20).map(|n| {
        let db = db.clone();
        tokio::spawn(async move { NewUser::new("eve").age(n).on_conflict(User::BY_NAME).get_or_insert(&db).await })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap()?);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:?}");
    assert_eq!(User::query().count(db).await?, 2);
    Ok(())
}

pub async fn many_writers(db: &Db) -> Result<()> {
    let tasks = (0..8).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                let row = NewUser::new("hits").age(1).on_conflict(User::BY_NAME);
                row.set_to(|old, new| (old.age, old.age + new.age)).run(&db).await?;
            }
            Ok::<(), pilaster::Error>(())
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(User::by_name(db, "hits").await?.unwrap().age, Some(80));
    Ok(())
}

pub async fn in_a_transaction_and_a_session(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    let ignoring = || NewUser::new("ann").on_conflict(User::BY_NAME).ignore();
    assert!(ignoring().insert(&tx).await?.is_some());
    assert!(ignoring().insert(&tx).await?.is_none(), "and the transaction goes on");
    assert_eq!(NewUser::new("ann").on_conflict(User::BY_NAME).get_or_insert(&tx).await?.name, "ann");
    tx.commit().await?;

    let mut session = db.session().await?;
    let key = session.one(User::query()).await?;
    let upsert = NewUser::new("ann").age(9).on_conflict(User::BY_NAME).update(|u| u.age);
    upsert.run(&mut session).await?;
    assert_eq!(session[key].age, Some(9), "the session read its row again");
    session.commit().await?;
    Ok(())
}

pub async fn the_key_has_to_be_given(db: &Db) -> Result<()> {
    let error = NewUser::new("ann").on_conflict(User::PRIMARY_KEY).update_all().insert(db).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Query);
    assert!(error.to_string().contains(r#"the new User gives no value for "id""#), "{error}");
    Ok(())
}

/// All assignments of an update see the row as it was, also where the server does one after the other.
pub async fn updates_see_the_row_as_it_was(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    NewPost::new("title", &ann).views(3).body("body").insert(db).await?;
    let update = Post::update().all_rows().set(|p| p.title, "new").set_to(|p| (p.body, p.title));
    update.run(db).await?;
    let post = Post::query().one(db).await?;
    assert_eq!((post.title.as_str(), post.body.as_str()), ("new", "title"));
    let exchange = Post::update().all_rows().set_to(|p| (p.title, p.body)).set_to(|p| (p.body, p.title)).run(db).await;
    let post = Post::query().one(db).await?;
    if db.dialect() == Dialect::Mysql {
        let error = exchange.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error:?}");
        assert_eq!((post.title.as_str(), post.body.as_str()), ("new", "title"));
    } else {
        assert_eq!(exchange?, 1);
        assert_eq!((post.title.as_str(), post.body.as_str()), ("title", "new"));
    }
    Ok(())
}
