//! PostgreSQL: what a statement leaves behind on its connection, for the next one who gets it.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(feature = "postgres")]

mod server;

use pilaster::{Db, ErrorKind};

use server::with_url;

async fn of_one(url: &str, parameters: &str) -> Db {
    let joined = if url.contains('?') { format!("{url}&{parameters}") } else { format!("{url}?{parameters}") };
    Db::builder(&joined).max_connections(1).connect().await.unwrap()
}

async fn count(db: &Db) -> i64 {
    db.sql("SELECT count(*) FROM t").one().await.unwrap()
}

#[tokio::test]
async fn scripts_that_fail_leave_no_transaction_open() {
    with_url(async |url| {
        let db = of_one(&url, "").await;
        db.sql("CREATE TABLE t (a int)").execute().await.unwrap();
        for begin in ["BEGIN", "START TRANSACTION"] {
            let script = format!("{begin}; INSERT INTO t VALUES (1); SELECT 1 / 0; COMMIT");
            let error = db.sql(script).batch().await.unwrap_err();
            assert!(error.to_string().contains("division by zero"), "{error}");
            // Whoever gets the connection next begins anew, and what he writes stays.
            assert_eq!(count(&db).await, 0);
        }
        db.sql("INSERT INTO t VALUES (2)").execute().await.unwrap();
        assert_eq!(count(&of_one(&url, "").await).await, 1);
        let tx = db.begin().await.unwrap();
        tx.sql("INSERT INTO t VALUES (3)").execute().await.unwrap();
        tx.sql("COMMIT; SELECT 1 / 0").batch().await.unwrap_err();
        let error = tx.sql("INSERT INTO t VALUES (4)").execute().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Transaction, "{error}");
        drop(tx);
        assert_eq!(count(&db).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_copy_that_waits_for_rows_is_given_up() {
    with_url(async |url| {
        let db = of_one(&url, "").await;
        db.sql("CREATE TABLE t (a int)").execute().await.unwrap();
        db.sql("COPY t FROM STDIN").execute().await.unwrap_err();
        db.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
        db.sql("COPY t FROM STDIN").batch().await.unwrap_err();
        db.sql("INSERT INTO t VALUES (1)").execute().await.unwrap();
        assert_eq!(count(&db).await, 2);
    })
    .await;
}

#[tokio::test]
async fn without_a_statement_cache_types_that_cannot_be_named_are_no_hindrance() {
    with_url(async |url| {
        let db = of_one(&url, "").await;
        let role = format!("pilaster_plain_{}", std::process::id());
        db.sql(format!(
            "CREATE SCHEMA hidden; CREATE TYPE hidden.mood AS ENUM ('sad'); CREATE TABLE hidden.t (a int); \
             CREATE TABLE t (a int); CREATE TEMPORARY TABLE passing (a int); CREATE TYPE mood AS ENUM ('happy'); \
             DO $$ BEGIN FOR n IN 1..1600 LOOP EXECUTE format('CREATE DOMAIN d%s AS int', n); END LOOP; END $$; \
             CREATE ROLE {role}; GRANT SELECT ON t TO {role}"
        ))
        .batch()
        .await
        .unwrap();
        let plain = of_one(&url, &format!("statement_cache=0&options=-c%20role%3D{role}")).await;
        assert_eq!(plain.sql("SELECT current_user::text").one::<String>().await.unwrap(), role);
        let read = plain.sql("SELECT $1::mood::text || $2::d1600").bind("happy").bind(7);
        assert_eq!(read.one::<String>().await.unwrap(), "happy7");
        plain.close().await.unwrap();
        db.sql(format!("DROP OWNED BY {role}; DROP ROLE {role}")).batch().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn statements_that_another_program_left_behind_are_no_hindrance() {
    with_url(async |url| {
        let db = of_one(&url, "statement_cache=0").await;
        let names: Vec<String> = (0..3_000).map(|n| format!("PREPARE s{n} AS SELECT 1")).collect();
        db.sql(names.join("; ")).batch().await.unwrap();
        assert_eq!(db.sql("SELECT $1::int + 1").bind(1).one::<i32>().await.unwrap(), 2);
        let left = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 's%'";
        assert!(db.sql(left).one::<i64>().await.unwrap() < 10);
    })
    .await;
}
