//! Rows one after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pilaster::{Db, ErrorKind, Result};

use super::{post, quoted, users};
use crate::models::{NewUser, Post, User};

/// More rows than are read ahead.
const MANY: usize = 3_000;

async fn crowd(db: &Db) -> Result<()> {
    let rows = (0..MANY).map(|n| NewUser::new(format!("{n:05}")).bio("x".repeat(200)));
    User::insert_many(rows).run(db).await?;
    Ok(())
}

pub async fn all_rows_in_their_order(db: &Db) -> Result<()> {
    crowd(db).await?;
    let expected = User::query().order_by(|u| u.name.desc()).all(db).await?;
    let mut rows = User::query().order_by(|u| u.name.desc()).stream(db);
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row?);
    }
    assert_eq!(found, expected);
    assert!(rows.next().await.is_none() && rows.next().await.is_none());
    // Of a join, of a projection, of hand-written SQL, and of nothing.
    let [ann] = users(db, ["ann"]).await?;
    post(db, &ann, "x").await?;
    let mut pairs = Post::query().join(|p| p.user).stream(db);
    assert_eq!(pairs.next().await.unwrap()?.1, ann);
    drop(pairs);
    let mut names = User::query().filter(|u| u.name.eq("ann")).select(|u| (u.id, u.name)).stream(db);
    assert_eq!(names.next().await.unwrap()?, (ann.id, "ann".to_owned()));
    assert!(names.next().await.is_none());
    let mut none = User::query().filter(|u| u.name.eq("nobody")).stream(db);
    assert!(none.next().await.is_none());
    Ok(())
}

pub async fn few_rows_are_read_ahead(db: &Db) -> Result<()> {
    crowd(db).await?;
    let decoded = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&decoded);
    let counted = User::query().map(move |user| {
        counter.fetch_add(1, Ordering::SeqCst);
        user.id
    });
    let mut rows = counted.stream(db);
    assert_eq!(decoded.load(Ordering::SeqCst), 0, "nothing is sent before a row is asked for");
    for taken in 1..=MANY {
        rows.next().await.unwrap()?;
        let ahead = decoded.load(Ordering::SeqCst) - taken;
        assert!(ahead <= 128, "{ahead} rows ahead of {taken}");
    }
    assert!(rows.next().await.is_none());
    Ok(())
}

pub async fn dropped_before_its_end(db: &Db) -> Result<()> {
    crowd(db).await?;
    let begun = Instant::now();
    for taken in 0..20 {
        let mut rows = User::query().stream(db);
        for _ in 0..taken * 20 {
            rows.next().await.unwrap()?;
        }
    }
    for _ in 0..10 {
        assert_eq!(User::query().count(db).await?, MANY as u64);
        NewUser::new(format!("{:?}", begun.elapsed())).insert(db).await?.delete(db).await?;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for what was dropped");
    Ok(())
}

pub async fn in_a_transaction(db: &Db) -> Result<()> {
    crowd(db).await?;
    let tx = db.begin().await?;
    NewUser::new("ann").insert(&tx).await?;
    let mut rows = User::query().order_by(|u| u.name.asc()).stream(&tx);
    for n in 0..300 {
        assert_eq!(rows.next().await.unwrap()?.name, format!("{n:05}"));
    }
    drop(rows);
    // The rest of the rows is in nobody's way, and the transaction is whole.
    NewUser::new("bob").insert(&tx).await?;
    let nested = tx.begin().await?;
    let mut rows = User::query().stream(&nested);
    assert!(rows.next().await.is_some());
    drop(rows);
    nested.rollback().await?;
    assert_eq!(User::query().count(&tx).await?, MANY as u64 + 2);
    tx.commit().await?;
    assert_eq!(User::query().count(db).await?, MANY as u64 + 2);
    Ok(())
}

pub async fn an_error_comes_last(db: &Db) -> Result<()> {
    users(db, ["1", "2", "x", "4"]).await?;
    let names = format!("SELECT name FROM {} ORDER BY id", quoted(db, "user"));
    let mut rows = db.sql(names).map(|row| row.text(0).map(|name| name.unwrap().parse::<i32>())).stream();
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row?.ok());
    }
    assert_eq!(found, [Some(1), Some(2), None, Some(4)]);
    let numbers = format!("SELECT age FROM {} ORDER BY name", quoted(db, "user"));
    db.sql(format!("UPDATE {} SET age = 7 WHERE name <> 'x'", quoted(db, "user"))).execute().await?;
    let mut rows = db.sql(numbers).stream::<i32>();
    for _ in 0..3 {
        assert_eq!(rows.next().await.unwrap()?, 7);
    }
    let error = rows.next().await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
    assert!(rows.next().await.is_none());
    let wrong = db.sql("SELECT nothing FROM nowhere").stream::<i32>().next().await.unwrap().unwrap_err();
    assert!(matches!(wrong.kind(), ErrorKind::Query), "{wrong:?}");
    assert_eq!(User::query().count(db).await?, 4);
    Ok(())
}

pub async fn blocking(db: &Db) -> Result<()> {
    crowd(db).await?;
    let db = db.blocking();
    let names: Result<Vec<String>> = User::query().order_by(|u| u.name.asc()).select(|u| u.name).stream(&db).collect();
    let names = names?;
    assert_eq!((names.len(), names[2_999].as_str()), (MANY, "02999"));
    assert_eq!(User::query().stream(&db).take(5).count(), 5);
    let count = std::thread::spawn({
        let db = db.clone();
        move || User::query().stream(&db).count()
    });
    assert_eq!(count.join().unwrap(), MANY);
    let tx = db.begin()?;
    assert_eq!(User::query().stream(&tx).take(200).count(), 200);
    assert_eq!(User::query().count(&tx)?, MANY as u64);
    tx.commit()
}
