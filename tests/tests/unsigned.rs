//! Unsigned integers where they are, MySQL and SQLite: what does not fit them, and what is computed with them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::future::Future;

use pilaster::{Db, ErrorKind, Result};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::unsigned::{Gauge, NewGauge, NewRacer, Racer, schema};

/// Runs a test on a database of each kind with the table.
async fn with<O: Future<Output = Result<()>>>(test: impl Fn(Db) -> O) {
    for kind in [Kind::SqliteFile, Kind::Mysql] {
        let fresh = match kind.fresh().await.unwrap() {
            Ok(fresh) => fresh,
            Err(why) => {
                assert!(!is_required(kind), "{} is required: {why}", kind.name());
                continue;
            }
        };
        schema::create_all(&fresh.db).await.unwrap();
        test(fresh.db.clone()).await.unwrap();
        fresh.remove().await.unwrap();
    }
}

#[track_caller]
fn misfit<T: std::fmt::Debug>(outcome: Result<T>, column: &str) {
    let error = outcome.unwrap_err();
    let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("gauge"), Some(column)), "{error:?}");
}

/// For each column: bound and computed values at its ends and beyond.
macro_rules! ends {
    ($db:ident, $id:ident: $($column:ident $ty:ty),*) => {$(
        let (name, update) = (stringify!($column), || Gauge::update().filter(|g| g.id.eq($id)));
        let upsert = || NewGauge::new().id($id).on_conflict(Gauge::PRIMARY_KEY);
        for value in [-1, i64::from(<$ty>::MAX) + 1, i64::MIN] {
            misfit(update().set(|g| g.$column, value).run(&$db).await, name);
            misfit(upsert().set(|g| g.$column, value).run(&$db).await, name);
        }
        for (end, step) in [(<$ty>::MAX, 1), (0, -1)] {
            update().set(|g| g.$column, end).run(&$db).await?;
            misfit(update().set_to(|g| (g.$column, g.$column + step)).run(&$db).await, name);
            misfit(upsert().set_to(|old, _| (old.$column, old.$column + step)).run(&$db).await, name);
            assert_eq!(Gauge::get(&$db, $id).await?.unwrap().$column, Some(end));
            let past = i64::from(end) + step;
            assert_eq!(Gauge::query().filter(|g| (g.$column + step).eq(past)).count(&$db).await?, 1, "{past}");
        }
        assert_eq!(Gauge::query().filter(|g| (g.$column - 1).lt(0) & (g.$column * -1 - 1).eq(-1)).count(&$db).await?, 1);
        assert_eq!(Gauge::query().filter(|g| g.$column.gt(-1) & g.$column.lt(u64::MAX)).count(&$db).await?, 1);
        assert_eq!(Gauge::query().group_by(|g| g.id).having(|g| (g.$column.max() - 1).eq(-1)).count(&$db).await?, 1);
    )*};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_ends() {
    with(async |db| {
        let id = NewGauge::new().insert(&db).await?.id;
        ends!(db, id: tiny u8, small u16, int u32);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_exchange_them() {
    with(async |db| {
        NewRacer::new(1, 1, 1).insert(&db).await?;
        NewRacer::new(2, 2, 2).insert(&db).await?;
        let mut session = db.session().await?;
        let [one, two] = session.load(Racer::query().order_by(|r| r.id.asc())).await?[..] else { panic!() };
        for (row, place) in [(one, 2), (two, 1)] {
            let racer = &mut session[row];
            (racer.tiny, racer.small, racer.int) = (place, place.into(), place.into());
        }
        session.commit().await?;
        let racers = Racer::query().order_by(|r| r.id.asc()).all(&db).await?;
        let places: Vec<_> = racers.iter().map(|r| (r.tiny, r.small, r.int)).collect();
        assert_eq!(places, [(2, 2, 2), (1, 1, 1)]);
        Ok(())
    })
    .await;
}
