//! PostgreSQL: many rows in one INSERT, whatever makes their keys, and what goes row by row instead.
#![allow(clippy::unwrap_used, missing_docs)]

use std::future::Future;

use pilaster::{Db, ErrorKind, Result, uuid::Uuid};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::models::{NewUser, User};
use pilaster_tests::own::{NewToken, Token};
use pilaster_tests::servers;

/// Runs a test on a database with one table.
async fn with<O: Future<Output = Result<()>>>(table: &'static str, test: impl FnOnce(Db) -> O) {
    with_url(table, async |db, _| test(db).await).await;
}

/// The same with the database's URL.
async fn with_url<O: Future<Output = Result<()>>>(table: &'static str, test: impl FnOnce(Db, String) -> O) {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "PostgreSQL is required: {why}");
            return;
        }
    };
    fresh.db.sql(table).batch().await.unwrap();
    test(fresh.db.clone(), fresh.url.clone()).await.unwrap();
    fresh.remove().await.unwrap();
}

const TOKEN: &str = "CREATE TABLE token (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL, part int)";
const USER: &str = "CREATE TABLE \"user\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(80) NOT NULL \
    UNIQUE, email varchar(120), bio text, age int)";

fn tokens(writer: i32) -> impl Iterator<Item = NewToken> {
    (0..1_500).map(move |n| NewToken::new(format!("{writer} {n}")).part(n))
}

/// Every row that came back is stored under the key that it came back with.
async fn is_stored(db: &Db, tokens: &[Token]) -> Result<()> {
    let mut stored = Token::query().order_by(|t| t.id.asc()).all(db).await?;
    let mut expected = tokens.to_vec();
    expected.sort_by_key(|token| token.id);
    stored.retain(|token| expected.binary_search_by_key(&token.id, |token| token.id).is_ok());
    assert_eq!(stored, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_keys_of_many_writers_are_those_of_their_rows() {
    with(TOKEN, async |db| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let db = db.clone();
                tokio::spawn(async move { Token::insert_many(tokens(writer)).all(&db).await })
            })
            .collect();
        for (writer, found) in writers.into_iter().enumerate() {
            let found = found.await.unwrap()?;
            for (n, token) in found.iter().enumerate() {
                assert_eq!((token.label.clone(), token.part), (format!("{writer} {n}"), i32::try_from(n).ok()));
            }
            is_stored(&db, &found).await?;
        }
        assert_eq!(Token::query().count(&db).await?, 6_000);
        let keys: Vec<Uuid> = Token::insert_many(tokens(9)).keys(&db).await?;
        assert_eq!(Token::get(&db, keys[1_499]).await?.unwrap().label, "9 1499");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_must_be_counted_are_counted() {
    with(USER, async |db| {
        let names = |from: i32| (from..from + 100).map(|n| NewUser::new(format!("{n}")));
        let first = User::insert_many(names(0)).all(&db).await?;
        assert!(first.iter().map(|user| user.id).eq(1..=100));
        // The sequence goes on behind them.
        assert_eq!(NewUser::new("one").insert(&db).await?.id, 101);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_statement_does() {
    with(TOKEN, async |db| {
        Token::insert_many(tokens(1)).all(&db).await?;
        assert_eq!(commands(&db).await?, 1);
        Ok(())
    })
    .await;
}

/// How many statements inserted the rows: each of a transaction has its own number.
async fn commands(db: &Db) -> Result<i64> {
    db.sql("SELECT count(DISTINCT cmin::text) FROM token").one::<i64>().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_that_change_keys_are_obeyed() {
    with(TOKEN, async |db| {
        let trigger = "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := gen_random_uuid(); \
            RETURN NEW; END $$; CREATE TRIGGER other BEFORE INSERT ON token FOR EACH ROW EXECUTE FUNCTION other()";
        db.sql(trigger).batch().await?;
        let found = Token::insert_many(tokens(1).take(40)).all(&db).await?;
        assert!(found.iter().enumerate().all(|(n, token)| token.label == format!("1 {n}")));
        is_stored(&db, &found).await?;
        assert_eq!(commands(&db).await?, 40);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_views_and_keys_without_default_go_one_by_one() {
    let partitioned = "CREATE TABLE token (id uuid DEFAULT gen_random_uuid(), label text NOT NULL, part int, \
        PRIMARY KEY (id)) PARTITION BY HASH (id); CREATE TABLE token_0 PARTITION OF token FOR VALUES WITH (MODULUS 1, \
        REMAINDER 0)";
    let view = "CREATE TABLE real (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL, part int); CREATE \
        VIEW token AS SELECT * FROM real";
    let domain = "CREATE DOMAIN key AS uuid DEFAULT gen_random_uuid(); CREATE TABLE token (id key PRIMARY KEY, label text \
        NOT NULL, part int)";
    for table in [partitioned, view, domain] {
        with(table, async |db| {
            let found = Token::insert_many(tokens(1).take(20)).all(&db).await?;
            assert!(found.iter().enumerate().all(|(n, token)| token.label == format!("1 {n}")));
            is_stored(&db, &found).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_the_sequence_inserts_all_the_same() {
    with(USER, async |db| {
        let role = format!("inserts_only_{}", std::process::id());
        let grant = format!("CREATE ROLE {role}; GRANT SELECT, INSERT ON \"user\" TO {role}");
        db.sql(grant).batch().await?;
        let tx = db.begin().await?;
        tx.sql(format!("SET LOCAL ROLE {role}")).execute().await?;
        let names = (0..20).map(|n| NewUser::new(format!("{n}")));
        let found = User::insert_many(names).all(&tx).await?;
        assert!(found.iter().map(|user| user.id).eq(1..=20));
        tx.commit().await?;
        db.sql(format!("DROP OWNED BY {role}; DROP ROLE {role}")).batch().await
    })
    .await;
}

/// Rows of several writers, each with keys, models or nothing back, on more connections than the server has.
async fn writers_without_statements(url: &str) -> Result<()> {
    let db = Db::builder(url).max_connections(6).connect().await?;
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                let label = async |key: Uuid| Token::get(&db, key).await.map(|token| token.map(|token| token.label));
                match writer % 3 {
                    0 => {
                        let keys: Vec<Uuid> = Token::insert_many(tokens(writer)).keys(&db).await?;
                        assert_eq!((keys.len(), label(keys[1_234]).await?), (1_500, Some(format!("{writer} 1234"))));
                    }
                    1 => {
                        let tx = db.begin().await?;
                        let found = Token::insert_many(tokens(writer)).all(&tx).await?;
                        tx.commit().await?;
                        is_stored(&db, &found).await?;
                    }
                    _ => assert_eq!(Token::insert_many(tokens(writer)).run(&db).await?, 1_500),
                }
                Result::Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap()?;
    }
    let labels = Token::query().select(|t| t.label).distinct().all(&db).await?;
    assert_eq!((labels.len(), Token::query().count(&db).await?), (9_000, 9_000));
    // Who is refused stores nothing, and the connection goes on.
    let twice = (0..1_500).map(|n| NewToken::new("again").id(Uuid::from_u128(n % 1_499)));
    assert!(Token::insert_many(twice).run(&db).await.is_err());
    assert_eq!(Token::delete_many().all_rows().run(&db).await?, 9_000);
    // Keys that a sequence counts.
    let names = |from: i32| (from..from + 1_500).map(|n| NewUser::new(format!("{n}")));
    let keys: Vec<i64> = User::insert_many(names(0)).keys(&db).await?;
    assert_eq!(User::get(&db, keys[1_499]).await?.map(|user| user.name), Some("1499".to_owned()));
    assert_eq!(User::insert_many(names(1_500)).run(&db).await?, 1_500);
    assert_eq!(User::delete_many().all_rows().run(&db).await?, 3_000);
    db.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_need_not_be_kept() {
    with_url(TOKEN, async |db, url| {
        db.sql(USER).execute().await?;
        let separator = if url.contains('?') { '&' } else { '?' };
        writers_without_statements(&format!("{url}{separator}statement_cache=0")).await
    })
    .await;
}

/// The client library asks for types that it does not know, with statements that are not kept either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_rows_and_ranges_are_known_without_kept_statements() {
    with_url(TOKEN, async |db, url| {
        db.sql(
            "CREATE TYPE pair AS (a integer, b text); CREATE TYPE spread AS RANGE (subtype = float8);
             CREATE TABLE kept (pair pair, pairs pair[], spread spread, spreads spread[], token token)",
        )
        .batch()
        .await?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let plain = Db::connect(&format!("{url}{separator}statement_cache=0")).await?;
        plain.sql("INSERT INTO kept (pair, spread) VALUES ($1, $2)").bind("(1,x)").bind("[1,2)").execute().await?;
        for column in ["pairs", "spreads", "token"] {
            let insert = format!("INSERT INTO kept ({column}) VALUES ($1)");
            plain.sql(insert).bind(None::<String>).execute().await?;
        }
        let stored = "SELECT pair::text || spread::text FROM kept WHERE pair IS NOT NULL";
        assert_eq!(plain.sql(stored).one::<String>().await?, "(1,x)[1,2)");
        plain.close().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stderr)]
async fn a_pooler_in_transaction_mode_may_stand_between() {
    with_url(TOKEN, async |db, url| {
        db.sql(USER).execute().await?;
        let name = db.sql("SELECT current_database()").one::<String>().await?;
        let server = url.replacen(&format!("/{name}"), "", 1);
        match servers::pgbouncer(&server) {
            Ok(pooler) => {
                let pooled = pooler.replacen('?', &format!("/{name}?statement_cache=0&"), 1);
                writers_without_statements(&pooled).await
            }
            Err(why) => {
                let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains("pgbouncer"));
                assert!(!required, "PILASTER_REQUIRE names pgbouncer: {why}");
                eprintln!("skipped: {why}");
                Ok(())
            }
        }
    })
    .await;
}

/// A trigger that runs at the commit, and takes its time.
const SLOW_COMMIT: &str = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'; \
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON token DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_commit_that_is_lost_nobody_knows_but_of_a_statement_before_it() {
    with(TOKEN, async |db| {
        db.sql(SLOW_COMMIT).batch().await?;
        let begun = std::time::Instant::now();
        let ended = async |sleeping: &str| loop {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{sleeping} sleeps");
            let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep' AND query ~ $1";
            // Its own connection may be one that was ended a moment ago.
            if db.sql(kill).bind(sleeping).one::<i64>().await.is_ok_and(|ended| ended > 0) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        let many = Token::insert_many(tokens(0).take(3)).run(&db);
        let error = tokio::join!(many, ended("COMMIT")).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection) && error.is_outcome_unknown(), "{error:?}");
        assert!(error.to_string().contains("not known"), "{error}");
        let tx = db.begin().await?;
        NewToken::new("one").insert(&tx).await?;
        // Nobody gets the connection that was ended, not even at once.
        let committed = async {
            let committed = tx.commit().await;
            for _ in 0..5 {
                assert_eq!(db.sql("SELECT 1").one::<i64>().await.unwrap(), 1);
            }
            committed
        };
        let error = tokio::join!(committed, ended("COMMIT")).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection) && error.is_outcome_unknown(), "{error:?}");
        // What stands in a transaction is undone with it.
        let tx = db.begin().await?;
        let slept = async { tx.sql("SELECT pg_sleep(30)").execute().await };
        let error = tokio::join!(slept, ended("SELECT pg_sleep")).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection) && !error.is_outcome_unknown(), "{error:?}");
        assert!(!error.to_string().contains("not known"), "{error}");
        drop(tx);
        assert_eq!(Token::query().count(&db).await?, 0);
        Ok(())
    })
    .await;
}
