//! Transactions: what stays, what goes, and who says so.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use pilaster::{Db, Dialect, Error, ErrorKind, Isolation, Result, TxOptions};

use super::names;
use crate::models::{NewUser, Post, User};

async fn stored(db: &Db) -> Result<String> {
    Ok(names(&User::query().order_by(|u| u.name.asc()).all(db).await?).join(" "))
}

pub async fn commit(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    NewUser::new("ann").insert(&tx).await?;
    assert_eq!(User::query().count(&tx).await?, 1);
    tx.commit().await?;
    assert_eq!(stored(db).await?, "ann");
    Ok(())
}

pub async fn rollback(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    NewUser::new("ann").insert(&tx).await?;
    tx.rollback().await?;
    assert_eq!(stored(db).await?, "");
    Ok(())
}

pub async fn dropped(db: &Db) -> Result<()> {
    {
        let tx = db.begin().await?;
        NewUser::new("ann").insert(&tx).await?;
    }
    assert_eq!(stored(db).await?, "");
    NewUser::new("bob").insert(db).await?;
    assert_eq!(stored(db).await?, "bob");
    Ok(())
}

pub async fn savepoints(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    NewUser::new("ann").insert(&tx).await?;
    let inner = tx.begin().await?;
    NewUser::new("bob").insert(&inner).await?;
    let refused = User::query().count(&tx).await.unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Transaction);
    inner.rollback().await?;
    let inner = tx.begin().await?;
    NewUser::new("eve").insert(&inner).await?;
    inner.commit().await?;
    {
        let inner = tx.begin().await?;
        NewUser::new("zoe").insert(&inner).await?;
    }
    tx.commit().await?;
    assert_eq!(stored(db).await?, "ann eve");
    Ok(())
}

pub async fn by_closure(db: &Db) -> Result<()> {
    let ann = db
        .transaction(async |tx| {
            let ann = NewUser::new("ann").insert(&tx).await?;
            User::insert_many(["bob", "eve"].map(NewUser::new)).run(&tx).await?;
            Ok(ann)
        })
        .await?;
    assert_eq!((stored(db).await?.as_str(), ann.name.as_str()), ("ann bob eve", "ann"));
    Ok(())
}

pub async fn errors_roll_back(db: &Db) -> Result<()> {
    let failed: Result<()> = db
        .transaction(async |tx| {
            NewUser::new("ann").insert(&tx).await?;
            NewUser::new("ann").insert(&tx).await?;
            Ok(())
        })
        .await;
    assert!(failed.unwrap_err().is_unique_violation());
    assert_eq!(stored(db).await?, "");

    #[derive(Debug)]
    enum Mine {
        Refused,
        Database(Error),
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Database(error)
        }
    }
    let failed: Result<(), Mine> = db
        .try_transaction(async |tx| {
            NewUser::new("bob").insert(&tx).await?;
            Err(Mine::Refused)
        })
        .await;
    match failed.unwrap_err() {
        Mine::Refused => {}
        Mine::Database(error) => panic!("{error:?}"),
    }
    assert_eq!(stored(db).await?, "");
    Ok(())
}

pub async fn panics_roll_back(db: &Db) -> Result<()> {
    let other = db.clone();
    let task = tokio::spawn(async move {
        other
            .transaction(async |tx| {
                NewUser::new("ann").insert(&tx).await?;
                assert_eq!(User::query().count(&tx).await?, 2, "on purpose");
                Ok(())
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(stored(db).await?, "");
    NewUser::new("bob").insert(db).await?;
    Ok(())
}

pub async fn cancelled_futures_roll_back(db: &Db) -> Result<()> {
    {
        let mut work = pin!(db.transaction(async |tx| {
            NewUser::new("ann").insert(&tx).await?;
            std::future::pending::<()>().await;
            Ok(())
        }));
        let (sent, mut waited) = (std::time::Duration::from_millis(300), Context::from_waker(Waker::noop()));
        let _ = tokio::time::timeout(sent, &mut work).await;
        assert!(work.as_mut().poll(&mut waited).is_pending());
    }
    assert_eq!(stored(db).await?, "");
    NewUser::new("bob").insert(db).await?;
    assert_eq!(stored(db).await?, "bob");
    Ok(())
}

pub async fn handles_do_not_outlive(db: &Db) -> Result<()> {
    let kept = db.transaction(async |tx| Ok(tx.clone())).await?;
    let error = User::query().count(&kept).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Transaction);
    let tx = db.begin().await?;
    let clone = tx.clone();
    tx.commit().await?;
    assert_eq!(NewUser::new("ann").insert(&clone).await.unwrap_err().kind(), &ErrorKind::Transaction);
    assert_eq!(clone.commit().await.unwrap_err().kind(), &ErrorKind::Transaction);
    assert_eq!(stored(db).await?, "");
    Ok(())
}

pub async fn rehearsal(db: &Db) -> Result<()> {
    let seen = db
        .test_transaction(async |tx| {
            NewUser::new("ann").insert(&tx).await?;
            User::query().count(&tx).await
        })
        .await?;
    assert_eq!((seen, stored(db).await?), (1, String::new()));
    Ok(())
}

pub async fn in_spawned_tasks(db: &Db) -> Result<()> {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let user = NewUser::new(format!("u{n}")).insert(&db).await?;
                db.transaction(async |tx| {
                    let posts = User::query().filter(|u| u.id.eq(user.id)).include(|u| u.posts).all(&tx).await?;
                    User::update().filter(|u| u.id.eq(user.id)).set(|u| u.age, n).run(&tx).await?;
                    Ok(posts.len())
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap()?, 1);
    }
    assert_eq!(User::query().filter(|u| u.age.is_not_null()).count(db).await?, 8);
    assert_eq!(Post::query().count(db).await?, 0);
    Ok(())
}

/// Closures and sessions may say what kind of transaction they want.
pub async fn of_a_kind(db: &Db) -> Result<()> {
    NewUser::new("ann").insert(db).await?;
    let reading = TxOptions::new().read_only(true);
    assert_eq!(db.transaction_with(reading, async |tx| User::query().count(&tx).await).await?, 1);
    let write = async |tx| NewUser::new("bob").insert(&tx).await;
    assert_eq!(db.transaction_with(reading, write).await.unwrap_err().kind(), &ErrorKind::ReadOnly);
    let tried: Result<(), String> = db
        .try_transaction_with(reading, async |tx| NewUser::new("bob").insert(&tx).await.map(drop).map_err(Failed))
        .await
        .map_err(|Failed(error)| error.to_string());
    assert!(tried.is_err());
    let mut session = db.session_with(reading).await?;
    assert_eq!(session.load(User::query()).await?.len(), 1);
    session.add(NewUser::new("eve"));
    assert_eq!(session.commit().await.unwrap_err().kind(), &ErrorKind::ReadOnly);
    let blocking = db.blocking();
    let count = move || blocking.transaction_with(reading, |tx| User::query().count(&tx));
    assert_eq!(tokio::task::spawn_blocking(count).await.unwrap()?, 1);
    assert_eq!(stored(db).await?, "ann");
    Ok(())
}

/// An error of one's own.
struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Of two who may leave as long as another one stays, one stays, though each saw the other one.
pub async fn run_again_when_serializable(db: &Db) -> Result<()> {
    NewUser::new("ann").insert(db).await?;
    NewUser::new("bob").insert(db).await?;
    let (runs, counted) = (AtomicU32::new(0), AtomicU32::new(0));
    // SQLite lets one write after the other, so that they never meet.
    let meets = db.dialect() != Dialect::Sqlite;
    let serializable = TxOptions::new().isolation(Isolation::Serializable);
    let leave = async |name: &'static str| {
        db.transaction_with(serializable, async |tx| {
            let meet = runs.fetch_add(1, Ordering::SeqCst) < 2 && meets;
            let there = User::query().count(&tx).await?;
            counted.fetch_add(1, Ordering::SeqCst);
            while meet && counted.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            match there {
                1 => Ok(0),
                _ => User::delete_many().filter(|u| u.name.eq(name)).run(&tx).await,
            }
        })
        .await
    };
    let (one, two) = tokio::join!(leave("ann"), leave("bob"));
    assert_eq!(one? + two?, 1);
    assert_eq!(User::query().count(db).await?, 1);
    let runs = runs.into_inner();
    assert!(if meets { runs >= 3 } else { runs == 2 }, "{runs}");
    Ok(())
}

pub async fn isolation_levels(db: &Db) -> Result<()> {
    for level in [Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable] {
        let name = format!("{level:?}");
        let tx = db.begin_with(TxOptions::new().isolation(level)).await?;
        NewUser::new(&*name).insert(&tx).await?;
        let before = User::query().count(&tx).await?;
        // SQLite has one who writes, and its transactions are serializable whatever is asked for.
        if db.dialect() != Dialect::Sqlite {
            let other = db.begin().await?;
            if db.dialect() == Dialect::Mysql {
                other.sql("SET innodb_lock_wait_timeout = 1").execute().await?;
            }
            let written = NewUser::new(format!("{name} beside")).insert(&other).await;
            // MySQL locks there what is read.
            let is_locked = db.dialect() == Dialect::Mysql && level == Isolation::Serializable;
            match written {
                Ok(_) if !is_locked => other.commit().await?,
                Err(error) if is_locked => assert_eq!(*error.kind(), ErrorKind::Locked, "{name}: {error}"),
                other => panic!("{name}: {other:?}"),
            }
            let seen = User::query().count(&tx).await? - before;
            assert_eq!(seen, u64::from(level == Isolation::ReadCommitted), "{name}");
        }
        if db.dialect() == Dialect::Postgres {
            let shown = tx.sql("SHOW transaction_isolation").one::<String>().await?;
            let shown: String = shown.split(' ').collect();
            assert_eq!(shown, name.to_lowercase());
        }
        tx.commit().await?;
    }
    Ok(())
}

pub async fn deferrable(db: &Db) -> Result<()> {
    NewUser::new("ann").insert(db).await?;
    let begun = db.begin_with(TxOptions::new().deferrable()).await;
    if db.dialect() == Dialect::Mysql {
        let error = begun.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { dialect: "MySQL", .. }), "{error:?}");
        return Ok(());
    }
    let tx = begun?;
    assert_eq!(User::query().count(&tx).await?, 1);
    assert_eq!(*NewUser::new("bob").insert(&tx).await.unwrap_err().kind(), ErrorKind::ReadOnly);
    tx.rollback().await
}
