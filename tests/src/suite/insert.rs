//! Inserting one row and many.

use pilaster::rust_decimal::Decimal;
use pilaster::{Db, Dialect, ErrorKind, InsertMany, Result, serde_json};

use super::{names, users};
use crate::database::is_mysql;
use crate::models::{
    Everything, LogLine, NewEverything, NewLogLine, NewPost, NewSeat, NewTag, NewTicket, NewUser, Post, Seat, Status,
    Tag, User,
};
use crate::types::Email;

pub async fn one_comes_back_as_stored(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").bio("writes").age(30).insert(db).await?;
    assert!(ann.id > 0);
    assert_eq!((ann.name.as_str(), ann.bio.as_deref(), ann.age), ("ann", Some("writes"), Some(30)));
    assert_eq!(User::get(db, ann.id).await?, Some(ann));
    Ok(())
}

pub async fn defaults_are_the_databases(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").insert(db).await?;
    assert_eq!((ann.email, ann.bio, ann.age), (None, None, None));
    let post = NewPost::new("x", ann.id).insert(db).await?;
    assert_eq!((post.body.as_str(), post.status, post.views), ("nothing yet", Status::Draft, 0));
    assert_eq!(post.editor_id, None);
    Ok(())
}

/// Setters take what somebody has at hand: a value, what becomes one, or an `Option`.
pub async fn options_are_values_or_null(db: &Db) -> Result<()> {
    let (age, bio, email) = (Some(30), Some("writes".to_owned()), Some(Email::from("ann@example.com")));
    let ann = NewUser::new("ann").age(age).bio(bio.clone()).email(email.clone()).insert(db).await?;
    assert_eq!((ann.age, &ann.bio, &ann.email), (age, &bio, &email));
    let (no_age, no_bio): (Option<i32>, Option<String>) = (None, None);
    let bob = NewUser::new("bob").age(no_age).bio(no_bio).email(None).insert(db).await?;
    assert_eq!((bob.age, bob.bio, bob.email), (None, None, None));
    let eve = NewUser::new("eve").age(3).bio("plain").bio(None).age(None).age(4).insert(db).await?;
    assert_eq!((eve.age, eve.bio), (Some(4), None));
    let borrowed = bio.as_deref().map(Into::into);
    assert_eq!(NewUser::new("max").bio(borrowed).insert(db).await?.bio, bio);

    for (editor, expected) in [(Some(bob.id), Some(bob.id)), (None, None)] {
        assert_eq!(NewPost::new("x", &ann).editor_id(editor).insert(db).await?.editor_id, expected);
    }
    assert_eq!(NewPost::new("x", &ann).editor_id(&ann).editor_id(None).insert(db).await?.editor_id, None);
    let seat = NewSeat::new(1, 2).insert(db).await?;
    let price = || Decimal::new(100, 2);
    assert_eq!(NewTicket::new(price()).seat(Some((1, 2))).insert(db).await?.number, Some(2));
    assert_eq!(NewTicket::new(price()).seat(&seat).seat(None).hall(Some(3)).insert(db).await?.hall, Some(3));

    // Types that several others become keep what they took, and take an `Option`; numbers without a type fit any.
    let all = NewEverything::new().tiny(1).small(2).int(3).big(4).real(0.5).double(1.5).exact(6).flag(true).raw(b"a");
    let all =
        all.doc(serde_json::json!(null)).status(Status::Draft).short(String::from("s")).long('c').insert(db).await?;
    assert_eq!((all.tiny, all.small, all.big, all.double), (Some(1), Some(2), Some(4), Some(1.5)));
    assert_eq!(
        (all.exact, all.raw, all.doc),
        (Some(Decimal::from(6)), Some(b"a".to_vec()), Some(serde_json::Value::Null))
    );
    let none = NewEverything::new().tiny(None).big(None).double(None).exact(None).flag(None).raw(None).doc(None);
    let none = none.status(None).day(None).guid(None).clock(None).instant(None).insert(db).await?;
    assert_eq!((none.big, none.exact, none.doc, none.status), (None, None, None, None));
    let some = NewEverything::new().small(Some(2)).big(Some(4)).double(Some(0.5)).exact(Some(Decimal::ONE));
    let some = some.doc(Some(serde_json::json!([1]))).raw(Some(vec![1])).status(Some(Status::Draft)).insert(db).await?;
    assert_eq!((some.small, some.big, some.double), (Some(2), Some(4), Some(0.5)));
    assert_eq!((some.doc, some.status), (Some(serde_json::json!([1])), Some(Status::Draft)));
    Ok(())
}

pub async fn many_keep_their_order(db: &Db) -> Result<()> {
    let all = (0..500).map(|n| NewUser::new(format!("user {:03}", 499 - n)));
    let stored = User::insert_many(all).all(db).await?;
    assert_eq!(stored.len(), 500);
    assert!(stored.iter().enumerate().all(|(n, user)| user.name == format!("user {:03}", 499 - n)));
    assert_eq!(User::query().count(db).await?, 500);
    Ok(())
}

pub async fn many_with_different_columns(db: &Db) -> Result<()> {
    let rows = [
        NewUser::new("a"),
        NewUser::new("b").age(1),
        NewUser::new("c").age(2),
        NewUser::new("d").bio("x"),
        NewUser::new("e"),
    ];
    let stored = User::insert_many(rows).all(db).await?;
    assert_eq!(names(&stored), ["a", "b", "c", "d", "e"]);
    assert_eq!(stored.iter().map(|user| user.age).collect::<Vec<_>>(), [None, Some(1), Some(2), None, None]);
    Ok(())
}

pub async fn keys_only(db: &Db) -> Result<()> {
    let keys = User::insert_many(["a", "b", "c"].map(NewUser::new)).keys(db).await?;
    for (key, name) in keys.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(User::get(db, key).await?.unwrap().name, name);
    }
    let keys = Tag::insert_many(["y", "x"].map(NewTag::new)).keys(db).await?;
    assert_eq!(keys, ["y", "x"]);
    Ok(())
}

pub async fn none_at_all(db: &Db) -> Result<()> {
    assert_eq!(User::insert_many([]).all(db).await?, []);
    assert!(User::insert_many([]).keys(db).await?.is_empty());
    assert_eq!(User::insert_many([]).run(db).await?, 0);
    Ok(())
}

pub async fn a_failure_inserts_nothing(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let error = User::insert_many(["bob", "eve", "ann"].map(NewUser::new)).run(db).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(User::query().all(db).await?, [ann]);
    Ok(())
}

/// An error of a row, which is told by its number.
fn is_at<T>(outcome: Result<T>, place: &str) {
    let error = outcome.err().unwrap();
    let is_check = matches!(error.kind(), ErrorKind::Encode(_) | ErrorKind::CheckViolation(_));
    assert!(is_check || error.is_unique_violation(), "{error:?}");
    assert!(error.to_string().ends_with(&format!(" ({place})")), "{error} instead of {place}");
}

/// Of many rows the one at fault is told by its number, where that is known.
pub async fn the_row_at_fault_is_named(db: &Db) -> Result<()> {
    let fits = |n: i32| NewEverything::new().exact(Decimal::from(n));
    let wrong = || NewEverything::new().exact(Decimal::from(100_000_000));
    for (before, behind) in [(2, 2), (30, 70), (150, 1), (900, 0)] {
        let place = format!("row {} of {}", before + 2, before + behind + 2);
        // The first one goes in a statement of its own, as it gives other columns.
        let rows = || {
            let first = std::iter::once(fits(0).int(1));
            first.chain((0..before).map(fits)).chain([wrong()]).chain((0..behind).map(fits)).collect::<Vec<_>>()
        };
        is_at(Everything::insert_many(rows()).run(db).await, &place);
        is_at(Everything::insert_many(rows()).all(db).await, &place);
        is_at(Everything::insert_many(rows()).keys(db).await, &place);
        let keyed = || rows().into_iter().enumerate().map(|(at, row)| row.id(at as i64 + 1));
        let upsert = || Everything::insert_many(keyed()).on_conflict(Everything::PRIMARY_KEY);
        is_at(upsert().update_all().run(db).await, &place);
        is_at(upsert().ignore().run(db).await, &place);
    }
    // A text is for the server to refuse, which takes the rows one after another.
    let [ann] = users(db, ["ann"]).await?;
    let titles = ["a".to_owned(), "b".repeat(81), "c".to_owned()];
    let long = Post::insert_many(titles.map(|title| NewPost::new(title, &ann))).run(db).await;
    if db.dialect() != Dialect::Sqlite {
        is_at(long, "row 2 of 3");
    }
    // So few go one by one, or do where their keys are not counted and they come back.
    let tags = || ["a", "b", "a", "c"].map(NewTag::new);
    is_at(Tag::insert_many(tags()).all(db).await, "row 3 of 4");
    if db.dialect() != Dialect::Mysql {
        is_at(Tag::insert_many(tags()).run(db).await, "row 3 of 4");
        let rows = ["one", "two", "", "four"].map(|title| NewPost::new(title, &ann));
        is_at(Post::insert_many(rows.clone()).all(db).await, "row 3 of 4");
        is_at(Post::insert_many(rows).keys(db).await, "row 3 of 4");
    }
    if db.dialect() == Dialect::Sqlite {
        let names = (0..250).map(|n| if n == 130 { "ann".to_owned() } else { format!("user {n}") });
        is_at(User::insert_many(names.map(NewUser::new)).run(db).await, "row 131 of 250");
    }
    // One row alone needs no number, nor does a statement that is wrong for all of them.
    let error = User::insert_many([NewUser::new("ann")]).run(db).await.unwrap_err();
    assert!(!error.to_string().contains("(row "), "{error}");
    let twice = NewUser::new("ann").insert(db).await.unwrap_err();
    assert!(!twice.to_string().contains("(row "), "{twice}");
    Ok(())
}

/// Whether rows without a key cannot come back: the server is MySQL, or used as that has to be.
async fn lacks_returning(db: &Db) -> Result<bool> {
    Ok(format!("{db:?}").contains("returning=false") || is_mysql(db).await?)
}

pub async fn keyless_rows(db: &Db) -> Result<()> {
    if lacks_returning(db).await? {
        let error = NewLogLine::new(1).insert(db).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error:?}");
        assert_eq!(LogLine::query().count(db).await?, 0, "nothing was sent");
        LogLine::insert_many([NewLogLine::new(1).line("one")]).run(db).await?;
    } else {
        let line = NewLogLine::new(1).line("one").insert(db).await?;
        assert_eq!(line, LogLine { number: 1, line: Some("one".into()) });
    }
    assert_eq!(LogLine::insert_many([NewLogLine::new(1), NewLogLine::new(2)]).run(db).await?, 2);
    assert_eq!(LogLine::query().filter(|l| l.number.eq(1)).count(db).await?, 2);
    Ok(())
}

pub async fn keys_of_ones_own(db: &Db) -> Result<()> {
    let ann = NewUser::new("ann").id(1000).insert(db).await?;
    assert_eq!(ann.id, 1000);
    let again = NewUser::new("bob").id(1000).insert(db).await.unwrap_err();
    assert!(again.is_unique_violation(), "{again:?}");
    assert_eq!(Post::query().count(db).await?, 0);
    Ok(())
}

/// The rows of one of several writers.
fn crowd(writer: usize) -> impl Iterator<Item = NewUser> {
    (0..300).map(move |n| NewUser::new(format!("{writer} {n}")))
}

pub async fn many_writers_get_their_own_keys(db: &Db) -> Result<()> {
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let db = db.clone();
            tokio::spawn(async move { User::insert_many(crowd(writer)).all(&db).await })
        })
        .collect();
    for (writer, stored) in writers.into_iter().enumerate() {
        let stored = stored.await.unwrap()?;
        assert_eq!(stored.len(), 300);
        for (n, user) in stored.iter().enumerate() {
            assert_eq!(user.name, format!("{writer} {n}"));
        }
        let keys: Vec<i64> = stored.iter().map(|user| user.id).collect();
        let found = User::query().filter(|u| u.id.in_(keys)).all(db).await?;
        assert_eq!(found.len(), 300);
        assert!(found.iter().all(|user| stored.contains(user)), "each key is that of its name");
    }
    Ok(())
}

pub async fn more_than_fit_one_statement(db: &Db) -> Result<()> {
    let rows = || (0..12_000).map(|n| NewUser::new(format!("{n}")).age(n));
    let keys = User::insert_many(rows()).keys(db).await?;
    assert_eq!(keys.len(), 12_000);
    for at in [0, 1, 499, 500, 9_999, 10_000, 11_999] {
        let user = User::get(db, keys[at]).await?.unwrap();
        assert_eq!(user.age, i32::try_from(at).ok());
    }
    // One that fails takes all statements along.
    User::delete_many().filter(|u| u.age.ne(11_999)).run(db).await?;
    let error = InsertMany::new(rows()).run(db).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(User::query().count(db).await?, 1);
    Ok(())
}

pub async fn many_keys_of_ones_own(db: &Db) -> Result<()> {
    // Backwards, so that the order of the keys is not that of the rows.
    let tags = (0..40).rev().map(|n| NewTag::new(format!("tag {n:02}")));
    let stored = Tag::insert_many(tags).all(db).await?;
    assert!(stored.iter().rev().enumerate().all(|(n, tag)| tag.name == format!("tag {n:02}")));
    let seats = (0..20).map(|n| NewSeat::new(n % 4, 19 - n).label(format!("{n}")));
    let stored = Seat::insert_many(seats).all(db).await?;
    for (n, seat) in (0..).zip(&stored) {
        assert_eq!((seat.hall, seat.number, seat.label.clone()), (n % 4, 19 - n, Some(format!("{n}"))));
    }
    let users = (0..20).map(|n| NewUser::new(format!("{n}")).id(900 - n));
    let stored = User::insert_many(users).keys(db).await?;
    assert_eq!(stored, (0..20).map(|n| 900 - n).collect::<Vec<i64>>());
    let lines = (0..20).map(NewLogLine::new);
    if !lacks_returning(db).await? {
        assert_eq!(LogLine::insert_many(lines).all(db).await?.len(), 20, "rows without a key");
    }
    Ok(())
}
