//! PostgreSQL: many rows in one statement, whatever makes their keys, and what goes row by row instead.
#![allow(clippy::unwrap_used, missing_docs)]

use std::future::Future;

use pilaster::{Db, Result, uuid::Uuid};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::models::{NewUser, User};
use pilaster_tests::own::{NewToken, Token};

/// Runs a test on a database with one table.
async fn with<O: Future<Output = Result<()>>>(table: &'static str, test: impl FnOnce(Db) -> O) {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "PostgreSQL is required: {why}");
            return;
        }
    };
    fresh.db.sql(table).batch().await.unwrap();
    test(fresh.db.clone()).await.unwrap();
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

/// Notes by which statement rows came.
const NOTE: &str = "CREATE TABLE how (word text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    INSERT INTO how VALUES (left(current_query(), 4)); RETURN NULL; END $$; CREATE TRIGGER note AFTER INSERT ON token \
    FOR EACH STATEMENT EXECUTE FUNCTION note()";

/// By which statements rows came since it was asked last.
async fn how(db: &Db) -> Result<Vec<String>> {
    db.sql("DELETE FROM how RETURNING word").all::<String>().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_that_nobody_wants_back_are_copied() {
    let partitioned = "CREATE TABLE token (id uuid DEFAULT gen_random_uuid(), label text NOT NULL, part int, \
        PRIMARY KEY (id)) PARTITION BY HASH (id); CREATE TABLE token_0 PARTITION OF token FOR VALUES WITH (MODULUS 1, \
        REMAINDER 0)";
    for table in [TOKEN, partitioned] {
        with(table, async |db| {
            db.sql(NOTE).batch().await?;
            assert_eq!(Token::insert_many(tokens(1)).run(&db).await?, 1_500);
            assert_eq!(how(&db).await?, ["COPY"]);
            assert_eq!(Token::insert_many(tokens(2).take(100)).run(&db).await?, 100);
            assert_eq!(how(&db).await?, ["INSE"], "few are not worth it");
            Token::insert_many(tokens(3)).keys(&db).await?;
            assert!(!how(&db).await?.contains(&"COPY".to_owned()));
            let mut stored = Token::query().filter(|t| t.label.starts_with("1 ")).all(&db).await?;
            stored.sort_by_key(|token| token.part);
            let labels = stored.iter().map(|token| (token.label.clone(), token.part));
            assert!(labels.eq((0..1_500).map(|n| (format!("1 {n}"), Some(n)))));
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_copy_would_do_otherwise_is_not_copied() {
    let ruled = "CREATE RULE also AS ON INSERT TO token DO ALSO NOTIFY inserted";
    let secured = "ALTER TABLE token ENABLE ROW LEVEL SECURITY";
    let wider = "ALTER TABLE token ALTER part TYPE bigint";
    for change in [ruled, secured, wider] {
        with(TOKEN, async |db| {
            db.sql(NOTE).batch().await?;
            // The statement is prepared, and for the column as it was.
            Token::insert_many(tokens(1).take(1)).run(&db).await?;
            db.sql(change).batch().await?;
            how(&db).await?;
            assert_eq!(Token::insert_many(tokens(2)).run(&db).await?, 1_500, "{change}");
            assert!(!how(&db).await?.contains(&"COPY".to_owned()), "{change}");
            assert_eq!(Token::query().count(&db).await?, 1_501);
            Ok(())
        })
        .await;
    }
    let view = "CREATE TABLE real (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL, part int); CREATE \
        VIEW token AS SELECT * FROM real";
    with(view, async |db| {
        assert_eq!(Token::insert_many(tokens(1)).run(&db).await?, 1_500);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_fails_or_is_given_up_stores_nothing() {
    let unique =
        "CREATE TABLE token (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL UNIQUE, part int)";
    with(unique, async |db| {
        let crowd = || tokens(1).chain((0..60_000).map(|n| NewToken::new(format!("many {n}"))));
        let error = Token::insert_many(crowd().chain(tokens(1))).run(&db).await.unwrap_err();
        assert!(error.is_unique_violation(), "{error:?}");
        assert!(error.to_string().contains("label"), "{error}");
        let nul = NewToken::new("zero\0");
        let error = Token::insert_many(tokens(1).chain([nul])).run(&db).await.unwrap_err();
        assert!(matches!(error.kind(), pilaster::ErrorKind::Encode(_)), "{error:?}");
        assert_eq!(Token::query().count(&db).await?, 0);
        // Given up at some point of it, early and late.
        for micros in [200, 1_000, 5_000, 20_000] {
            let patience = std::time::Duration::from_micros(micros);
            let insert = Token::insert_many(crowd()).run(&db);
            assert!(tokio::time::timeout(patience, insert).await.is_err(), "it took less than {micros} microseconds");
            assert_eq!(Token::query().count(&db).await?, 0);
        }
        assert_eq!(Token::insert_many(crowd()).run(&db).await?, 61_500);
        Ok(())
    })
    .await;
}
