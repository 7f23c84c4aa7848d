//! MariaDB: many rows in one INSERT, also the first time that a connection sees its text.
#![allow(clippy::unwrap_used, missing_docs)]

use pilaster::{Db, Result};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::models::{NewUser, User};

const USER: &str = "CREATE TABLE user (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL UNIQUE, \
    email varchar(120), bio text, age int)";

/// How many statements the only connection has run.
async fn executed(db: &Db) -> Result<u64> {
    let status = "SHOW SESSION STATUS LIKE 'Com_stmt_execute'";
    Ok(db.sql(status).one::<(String, String)>().await?.1.parse().unwrap())
}

#[tokio::test]
async fn the_first_rows_of_a_connection_go_together() {
    let fresh = match Kind::Mysql.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Mysql), "MySQL is required: {why}");
            return;
        }
    };
    fresh.db.sql(USER).batch().await.unwrap();
    let is_mariadb = fresh.db.sql("SELECT VERSION()").one::<String>().await.unwrap().contains("MariaDB");
    let join = if fresh.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{join}max_connections=1", fresh.url);
    for (round, settings) in ["", "&statement_cache=0"].into_iter().enumerate() {
        let db = Db::connect(&format!("{url}{settings}")).await.unwrap();
        let users = |part: &str| (0..1_500).map(|n| NewUser::new(format!("{round} {part} {n}"))).collect::<Vec<_>>();
        let before = executed(&db).await.unwrap();
        let keys = User::insert_many(users("a")).keys(&db).await.unwrap();
        let stored = User::insert_many(users("b")).all(&db).await.unwrap();
        let sent = executed(&db).await.unwrap() - before;
        for (n, (key, row)) in keys.iter().zip(&stored).enumerate() {
            assert_eq!(User::get(&db, *key).await.unwrap().unwrap().name, format!("{round} a {n}"));
            assert_eq!(row.name, format!("{round} b {n}"));
            assert_eq!(User::get(&db, row.id).await.unwrap().as_ref(), Some(row));
        }
        assert_eq!((keys.len(), stored.len()), (1_500, 1_500));
        // One row alone, which tells that the key is counted, and the others by the 500. MySQL has no RETURNING.
        assert!(sent <= 12 || !is_mariadb, "{sent} statements");
        db.close().await.unwrap();
    }
    fresh.remove().await.unwrap();
}
