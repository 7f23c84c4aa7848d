//! Texts and bytes, which drivers may move out of a row: each is read as often as it is asked for.

use pilaster::{Db, Dialect, Result, uuid};

use super::{names, place, post, quoted, users};
use crate::models::{
    Country, Everything, Letter, Mailbox, NewCountry, NewEverything, NewLetter, NewMailbox, NewStamp, NewTag, NewUser,
    Post, Stamp, Tag, User,
};
use crate::types::Email;

/// Two countries, two mailboxes and a stamp, and three letters: two from "de", one to a mailbox.
async fn letters(db: &Db) -> Result<Vec<Letter>> {
    Country::insert_many([NewCountry::new("de", "Germany"), NewCountry::new("fr", "France")]).run(db).await?;
    let boxes = ["ann@example.com", "bob@example.com"].map(|email| NewMailbox::new(Email::from(email)).owner("x"));
    let boxes = Mailbox::insert_many(boxes).all(db).await?;
    NewStamp::new(uuid::Uuid::from_u128(7), "blue").insert(db).await?;
    let rows = [
        NewLetter::new("one", "de").mailbox_id(&boxes[1]),
        NewLetter::new("two", "de").stamp_id(uuid::Uuid::from_u128(7)),
        NewLetter::new("three", "fr"),
    ];
    Letter::insert_many(rows).all(db).await
}

pub async fn a_column_selected_twice(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    post(db, &ann, "Rust").await?;
    let twice = User::query().select(|u| (u.name, u.name, u.bio, u.bio)).one(db).await?;
    assert_eq!(twice, ("ann".to_owned(), "ann".to_owned(), None, None));
    let with_models = User::query().select(|u| (u.name, u, u, u.name, u.email)).one(db).await?;
    assert_eq!(with_models, ("ann".to_owned(), ann.clone(), ann.clone(), "ann".to_owned(), None));
    let across = Post::query().join(|p| p.user).select(|(p, u)| (p.title, u.name, p, u, p.title)).all(db).await?;
    assert_eq!((&across[0].0, &across[0].1), (&across[0].4, &across[0].3.name));
    let row = NewEverything::new().raw(vec![0, 159, 1]).short("x").insert(db).await?;
    let bytes = Everything::query().select(|e| (e.raw, e.short, e.raw, e, e.raw)).one(db).await?;
    assert_eq!(bytes, (row.raw.clone(), row.short.clone(), row.raw.clone(), row.clone(), row.raw.clone()));
    Ok(())
}

pub async fn keys_of_text(db: &Db) -> Result<()> {
    let letters = letters(db).await?;
    let by_country = Country::query().order_by(|c| c.code.asc()).include(|c| c.letters).all(db).await?;
    let subjects = |letters: &[Letter]| letters.iter().map(|letter| letter.subject.clone()).collect::<Vec<_>>();
    let found: Vec<_> = by_country.iter().map(|(country, all)| (country.name.as_str(), subjects(all))).collect();
    let expected = [("France", vec!["three".to_owned()]), ("Germany", vec!["one".to_owned(), "two".to_owned()])];
    let mut sorted = found;
    sorted.sort();
    sorted.iter_mut().for_each(|(_, subjects)| subjects.sort());
    assert_eq!(sorted, expected);
    let parents = Letter::query()
        .order_by(|l| l.id.asc())
        .include(|l| l.country.include(|c| c.letters))
        .include(|l| l.mailbox)
        .include(|l| l.stamp)
        .all(db)
        .await?;
    for ((letter, (country, siblings), mailbox, stamp), stored) in parents.iter().zip(&letters) {
        assert_eq!((letter, &country.code), (stored, &letter.country_id));
        assert!(siblings.contains(letter));
        assert_eq!(mailbox.as_ref().map(|mailbox| &mailbox.email), letter.mailbox_id.as_ref());
        assert_eq!(stamp.as_ref().map(|stamp| stamp.id), letter.stamp_id);
    }
    assert_eq!(parents.iter().filter(|(_, _, mailbox, stamp)| mailbox.is_some() || stamp.is_some()).count(), 2);
    assert_eq!(Country::insert_many([NewCountry::new("it", "Italy")]).keys(db).await?, ["it"]);
    assert_eq!(Mailbox::get(db, Email::from("ann@example.com")).await?.unwrap().owner.as_deref(), Some("x"));
    // The key stands beside the columns of the related row.
    let [ann] = users(db, ["ann"]).await?;
    let tags = Tag::insert_many(["x", "y"].map(NewTag::new)).all(db).await?;
    let first = post(db, &ann, "a").await?;
    for tag in &tags {
        first.tags().link(db, tag).await?;
    }
    let by_tag = Tag::query().order_by(|t| t.name.asc()).include(|t| t.posts).all(db).await?;
    assert_eq!(by_tag, tags.iter().map(|tag| (tag.clone(), vec![first.clone()])).collect::<Vec<_>>());
    let by_post = Post::query().include(|p| p.tags.order_by(|t| t.name.asc())).one(db).await?;
    assert_eq!(by_post, (first, tags));
    Ok(())
}

pub async fn rows_that_may_be_missing(db: &Db) -> Result<()> {
    letters(db).await?;
    let rows = Letter::query().left_join(|l| l.mailbox).order_by(|(l, _)| l.id.asc()).all(db).await?;
    let owners: Vec<_> =
        rows.iter().map(|(_, mailbox)| mailbox.as_ref().map(|mailbox| mailbox.email.clone())).collect();
    assert_eq!(owners, [Some(Email::from("bob@example.com")), None, None]);
    let columns = Letter::query()
        .left_join(|l| l.mailbox)
        .order_by(|(l, _)| l.id.asc())
        .select(|(l, m)| (m.email, m, m.owner, l.subject, m.email))
        .all(db)
        .await?;
    let (email, mailbox, owner, subject, again) = columns[0].clone();
    assert_eq!((&email, owner.as_deref(), subject.as_str()), (&again, Some("x"), "one"));
    assert_eq!(mailbox.map(|mailbox| mailbox.email), email);
    assert!(columns[1..].iter().all(|row| row.0.is_none() && row.1.is_none() && row.4.is_none()));
    Ok(())
}

pub async fn hand_written_sql_reads_again(db: &Db) -> Result<()> {
    users(db, ["ann"]).await?;
    NewEverything::new().raw(vec![1, 2]).doc(pilaster::serde_json::json!({"a": [1]})).insert(db).await?;
    let sql = format!("SELECT name, bio FROM {}", quoted(db, "user"));
    let read = db.sql(&sql).map(|row| {
        assert!(!row.is_null(0)? && row.is_null(1)?);
        let first = row.get::<String>(0)?;
        assert_eq!((row.text(0)?.as_deref(), row.text(0)?.as_deref()), (Some("ann"), Some("ann")));
        assert_eq!(
            (row.by_name::<String>("name")?, row.get::<Option<String>>(0)?),
            (first.clone(), Some(first.clone()))
        );
        assert_eq!((row.get::<Option<String>>(1)?, row.get::<Option<String>>(1)?), (None, None));
        assert!(!row.is_null(0)? && row.name(0) == Some("name") && row.len() == 2);
        Ok(first)
    });
    assert_eq!(read.one().await?, "ann");
    let read = db.sql("SELECT raw, doc, guid FROM everything").map(|row| {
        let (raw, doc) = (row.get::<Vec<u8>>(0)?, row.get::<pilaster::serde_json::Value>(1)?);
        assert_eq!((row.get::<Vec<u8>>(0)?, row.bytes(0)?.as_deref()), (raw.clone(), Some(&*raw)));
        assert_eq!((row.get::<pilaster::serde_json::Value>(1)?, row.json(1)?.is_some()), (doc.clone(), true));
        Ok((raw, doc.to_string()))
    });
    assert_eq!(read.one().await?, (vec![1, 2], r#"{"a":[1]}"#.to_owned()));
    assert_eq!(db.sql(&sql).one::<(String, Option<String>)>().await?, ("ann".to_owned(), None));
    // A value that is bound, read twice.
    let bound = match db.dialect() {
        Dialect::Postgres => format!("SELECT CAST({} AS text), 'x'", place(db, 1)),
        _ => format!("SELECT {}, 'x'", place(db, 1)),
    };
    let read = db.sql(bound).bind("é").map(|row| Ok((row.get::<String>(0)?, row.get::<String>(0)?)));
    assert_eq!(read.one().await?, ("é".to_owned(), "é".to_owned()));
    Ok(())
}

pub async fn streams_writes_and_sessions(db: &Db) -> Result<()> {
    let letters = letters(db).await?;
    let mut rows = Letter::query().order_by(|l| l.id.asc()).select(|l| (l, l.subject)).stream(db);
    for letter in &letters {
        assert_eq!(rows.next().await.unwrap()?, (letter.clone(), letter.subject.clone()));
    }
    drop(rows);
    let mut ann = NewUser::new("ann").email("ann@example.com").bio("writes").insert(db).await?;
    ann.bio = Some("reads".into());
    ann.save(db).await?;
    ann.reload(db).await?;
    assert_eq!((ann.bio.as_deref(), ann.email.clone()), (Some("reads"), Some(Email::from("ann@example.com"))));
    assert_eq!(names(&User::query().all(db).await?), ["ann"]);
    let mut session = db.session().await?;
    let loaded = session.load(Country::query().order_by(|c| c.code.asc()).include(|c| c.letters)).await?;
    assert_eq!(loaded.len(), 2);
    let country = session.get::<Country>("de").await?.unwrap();
    let there = session.related(country, |c| c.letters).await?;
    assert_eq!(there.len(), 2);
    for key in there {
        assert_eq!(session[key].country_id, "de");
    }
    let email = Email::from("eve@example.com");
    let boxes =
        ["eve@example.com", "kim@example.com"].map(|it| session.add(NewMailbox::new(Email::from(it)).owner("y")));
    let post = session.add(NewLetter::new("four", "fr").mailbox_id(boxes[0]));
    session.flush().await?;
    assert_eq!((&session[boxes[0]].email, session[boxes[1]].owner.as_deref()), (&email, Some("y")));
    assert_eq!(session[post].subject, "four");
    session.commit().await?;
    let last = Letter::query().order_by(|l| l.id.desc()).include(|l| l.mailbox).first(db).await?.unwrap();
    assert_eq!((last.0.mailbox_id, last.1.map(|mailbox| mailbox.email)), (Some(email.clone()), Some(email)));
    assert_eq!(Mailbox::query().count(db).await?, 4);
    assert_eq!(Stamp::get(db, uuid::Uuid::from_u128(7)).await?.unwrap().label, "blue");
    Ok(())
}
