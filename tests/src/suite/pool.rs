//! The pool: what it tells of itself.

use std::time::Duration;

use pilaster::{Db, Result};

use crate::models::{NewUser, User};

pub async fn what_it_does_is_told(db: &Db) -> Result<()> {
    let before = db.pool_status();
    assert!(before.max_connections > 0 && before.open > 0 && before.opened >= u64::from(before.open), "{before:?}");
    assert_eq!((before.in_use, before.waiting, before.longest_held), (0, 0, None), "{before:?}");
    let tx = db.begin().await?;
    NewUser::new("ann").insert(&tx).await?;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let during = db.pool_status();
    assert_eq!((during.in_use, during.waiting), (1, 0), "{during:?}");
    assert!(during.longest_held >= Some(Duration::from_millis(5)), "{during:?}");
    tx.commit().await?;
    let after = db.pool_status();
    assert_eq!((after.in_use, after.longest_held, after.timeouts), (0, None, 0), "{after:?}");
    assert_eq!(db.blocking().pool_status().opened, after.opened);
    Ok(())
}

pub async fn a_ping_is_answered(db: &Db) -> Result<()> {
    db.ping().await?;
    let blocking = db.blocking();
    tokio::task::spawn_blocking(move || blocking.ping()).await.unwrap()?;
    assert_eq!(User::query().count(db).await?, 0);
    db.close().await?;
    assert!(db.ping().await.is_err());
    Ok(())
}
