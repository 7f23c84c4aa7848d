//! A table of 400 columns: how many rows go into one statement depends on how many values a statement takes.
#![allow(clippy::unwrap_used, clippy::identity_op, missing_docs)]

use pilaster_tests::database::{Kind, is_required};

mod models {
    pilaster::models!("wide");
}

use models::{NewWide, Wide, schema};

/// More values than one statement takes anywhere: 32,766 on SQLite, 65,535 on servers.
const ROWS: i32 = 1_000;

include!(concat!(env!("OUT_DIR"), "/wide_fill.rs"));

/// The numbers of a row, by its first column.
fn is_whole(row: &Wide) {
    let n = row.c0.unwrap();
    assert_eq!((row.c1, row.c200, row.c399), (Some(n - 1), Some(n - 200), Some(n - 399)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_of_many_columns() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::PostgresPlain, Kind::Mysql, Kind::MysqlPlain] {
        let fresh = match kind.fresh().await.unwrap() {
            Ok(fresh) => fresh,
            Err(why) => {
                assert!(!is_required(kind), "{} is required: {why}", kind.name());
                continue;
            }
        };
        let db = &fresh.db;
        schema::create_all(db).await.unwrap();
        let rows = || (0..ROWS).map(fill);
        let stored = Wide::insert_many(rows()).all(db).await.unwrap();
        assert!(stored.iter().map(|row| row.c0).eq((0..ROWS).map(Some)), "{}", kind.name());
        stored.iter().for_each(is_whole);
        let keys = Wide::insert_many(rows()).keys(db).await.unwrap();
        let last = Wide::get(db, keys[999]).await.unwrap().unwrap();
        assert_eq!(last.c0, Some(999));
        is_whole(&last);
        assert_eq!(Wide::insert_many(rows()).run(db).await.unwrap(), 1_000);
        let sums = Wide::query().select(|w| (w.c0.sum(), w.c399.sum(), w.id.count())).one(db).await.unwrap();
        assert_eq!(sums, (Some(3 * 499_500), Some(3 * (499_500 - 399_000)), 3_000));
        fresh.remove().await.unwrap();
    }
}
