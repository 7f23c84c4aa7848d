//! Types that MySQL and MariaDB have and the others have not: unsigned integers, and their own types as text.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::future::Future;

use pilaster::{Db, Dialect, ErrorKind, Result};
use pilaster_tests::database::{Kind, is_mysql, is_required};
use pilaster_tests::own_mysql::{NewOdd, NewRacer, NewToken, Odd, Racer, Token, schema};

/// Runs a test on a database with the tables.
async fn with<O: Future<Output = Result<()>>>(test: impl FnOnce(Db) -> O) {
    with_kind(Kind::Mysql, test).await;
}

async fn with_kind<O: Future<Output = Result<()>>>(kind: Kind, test: impl FnOnce(Db) -> O) {
    let fresh = match kind.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Mysql), "MySQL is required: {why}");
            return;
        }
    };
    if is_mysql(&fresh.db).await.unwrap() {
        // It has no types for addresses and UUIDs: what carries them as text has them as text there.
        for text in schema::create_statements(Dialect::Mysql).unwrap() {
            let text =
                text.replace("`address` inet6", "`address` varchar(45)").replace("`guid` uuid", "`guid` char(36)");
            fresh.db.sql(text).execute().await.unwrap();
        }
    } else {
        schema::create_all(&fresh.db).await.unwrap();
    }
    test(fresh.db.clone()).await.unwrap();
    fresh.remove().await.unwrap();
}

/// Inserts a row alone and among many, and reads it: it is the same each time.
async fn there_and_back(db: &Db, row: NewOdd) -> Result<Odd> {
    let stored = row.clone().insert(db).await?;
    assert_eq!(Odd::get(db, stored.id).await?.as_ref(), Some(&stored));
    let mut many = Odd::insert_many(std::iter::repeat_n(row, 10)).all(db).await?;
    let mut last = many.pop().unwrap();
    last.id = stored.id;
    assert_eq!(last, stored);
    Ok(stored)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsigned_integers() {
    with(async |db| {
        for (tiny, small, int, big) in [(0, 0, 0, 0), (u8::MAX, u16::MAX, u32::MAX, u64::MAX)] {
            let odd = there_and_back(&db, NewOdd::new().tiny(tiny).small(small).int(int).big(big)).await?;
            assert_eq!((odd.tiny, odd.small, odd.int, odd.big), (Some(tiny), Some(small), Some(int), Some(big)));
            assert_eq!(Odd::query().filter(|o| o.big.eq(big).and(o.tiny.eq(tiny))).count(&db).await?, 11);
        }
        Ok(())
    })
    .await;
}

/// Those of 64 bits are computed exactly, from end to end, and below zero too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsigned_integers_of_64_bits_are_computed() {
    with(async |db| {
        let id = NewOdd::new().big(3_u64).insert(&db).await?.id;
        let one = || Odd::query().filter(|o| o.id.eq(id));
        let update = || Odd::update().filter(|o| o.id.eq(id));
        assert_eq!(one().filter(|o| (o.big - 5).eq(-2) & (o.big * -1).lt(0) & (o.big - 1).eq(2)).count(&db).await?, 1);
        assert_eq!(
            one().select(|o| (o.big + 1, o.big - 1, o.big * 4, o.big / 2)).one(&db).await?,
            (Some(4), Some(2), Some(12), Some(1))
        );
        update().set_to(|o| (o.big, o.big * 2 - 1)).run(&db).await?;
        assert_eq!(one().one(&db).await?.big, Some(5));
        for (start, step) in [(u64::MAX, 1), (0, -1)] {
            update().set(|o| o.big, start).run(&db).await?;
            assert_eq!(one().select(|o| o.big - step + step).one(&db).await?, Some(start));
            assert_eq!(one().select(|o| o.big / 1).one(&db).await?, Some(start));
            assert_eq!(one().select(|o| (o.big - step) / 1 + step).one(&db).await?, Some(start));
            assert_eq!(one().filter(|o| ((o.big - step) / -2).le(0)).count(&db).await?, 1);
            let error = update().set_to(|o| (o.big, o.big + step)).run(&db).await.unwrap_err();
            let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
            assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some("big")), "{error:?}");
            let error = one().select(|o| o.big + step).one(&db).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
        }
        // Sums and averages.
        let sums = || Odd::query().select(|o| (o.big.sum(), o.big.avg(), o.big.max()));
        NewOdd::new().big(u64::MAX - 4).insert(&db).await?;
        NewOdd::new().insert(&db).await?;
        update().set(|o| o.big, 4_u64).run(&db).await?;
        let half = 9_223_372_036_854_775_807.5;
        assert_eq!(sums().one(&db).await?, (Some(u64::MAX), Some(half), Some(u64::MAX - 4)));
        update().set(|o| o.big, 5_u64).run(&db).await?;
        let error = sums().one(&db).await.unwrap_err();
        let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
        assert!(cell.found.contains("18446744073709551616"), "{error}");
        assert_eq!(Odd::query().group_by(|o| o.tiny).having(|o| o.big.sum().gt(u64::MAX)).count(&db).await?, 1);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_the_server_are_carried_as_text() {
    with(async |db| {
        let guid = "123e4567-e89b-12d3-a456-426614174000";
        let row = NewOdd::new().choices("a,c").year("2026").address("2001:db8::1").guid(guid);
        let odd = there_and_back(&db, row).await?;
        let texts: Vec<String> = [odd.choices, odd.year, odd.address, odd.guid].into_iter().flatten().collect();
        assert_eq!(texts, ["a,c", "2026", "2001:db8::1", guid]);
        assert_eq!(Odd::query().filter(|o| o.guid.eq(guid)).count(&db).await?, 11);
        let error = NewOdd::new().choices("d").insert(&db).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_a_default_makes() {
    let tokens = || (0..20).map(|n| NewToken::new(format!("{n}")));
    with(async |db| {
        if is_mysql(&db).await? {
            return Ok(());
        }
        let stored = Token::insert_many(tokens()).all(&db).await?;
        for (n, token) in stored.iter().enumerate() {
            assert_eq!(token.label, format!("{n}"));
            assert_eq!(Token::get(&db, token.id).await?.as_ref(), Some(token));
        }
        Ok(())
    })
    .await;
    // MySQL does not tell them: refused before anything is sent.
    with_kind(Kind::MysqlPlain, async |db| {
        let error = NewToken::new("x").insert(&db).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error:?}");
        assert!(Token::insert_many(tokens()).keys(&db).await.is_err());
        assert_eq!(Token::query().count(&db).await?, 0);
        assert_eq!(Token::insert_many(tokens()).run(&db).await?, 20);
        let given = "123e4567-e89b-12d3-a456-426614174000".parse().unwrap();
        assert_eq!(NewToken::new("x").id(given).insert(&db).await?.id, given);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_exchange_large_numbers() {
    with(async |db| {
        let places = [1, u64::MAX - 9];
        for place in places {
            NewRacer::new(place).insert(&db).await?;
        }
        let mut session = db.session().await?;
        let rows = session.load(Racer::query().order_by(|r| r.id.asc())).await?;
        for (row, place) in rows.into_iter().zip([places[1], places[0]]) {
            session[row].place = place;
        }
        session.commit().await?;
        let racers = Racer::query().order_by(|r| r.id.asc()).all(&db).await?;
        assert_eq!(racers.iter().map(|r| r.place).collect::<Vec<_>>(), [places[1], places[0]]);
        Ok(())
    })
    .await;
}

/// Rows that come back may be larger than what the server takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_larger_than_the_server_takes_at_once_are_read() {
    with(async |db| {
        let most = usize::try_from(db.sql("SELECT @@max_allowed_packet").one::<i64>().await?).unwrap();
        db.sql("CREATE TABLE page (one longtext, two longtext)").execute().await?;
        let half = "a".repeat(most / 3 * 2);
        db.sql("INSERT INTO page (one) VALUES (?)").bind(half.as_str()).execute().await?;
        db.sql("UPDATE page SET two = one").execute().await?;
        let connection = db.sql("SELECT connection_id()").one::<i64>().await?;
        let (one, two) = db.sql("SELECT one, two FROM page").one::<(String, String)>().await?;
        assert!(one == half && two == half);
        if !is_mysql(&db).await? {
            let back = db.sql("INSERT INTO page (one) VALUES (?) RETURNING one, one").bind(half.as_str());
            assert!(back.one::<(String, String)>().await? == (one, two));
        }
        assert_eq!(db.sql("SELECT connection_id()").one::<i64>().await?, connection, "it is not lost");
        Ok(())
    })
    .await;
}

/// The server hangs up on whoever sends more than it takes at once, so that nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_server_takes_at_once_is_refused() {
    with(async |db| {
        let most = usize::try_from(db.sql("SELECT @@max_allowed_packet").one::<i64>().await?).unwrap();
        db.sql("CREATE TABLE page (one longtext, two longtext)").execute().await?;
        let sent = db.sql("INSERT INTO page VALUES (?, ?)").bind("a".repeat(most)).bind("b").execute();
        let error = sent.await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)) && !error.is_outcome_unknown(), "{error:?}");
        assert!(error.to_string().contains("max_allowed_packet"), "{error}");
        for text in [format!("SELECT '{}'", "a".repeat(most)), format!("SELECT '{}', ?", "a".repeat(most))] {
            let query = db.sql(&text);
            let query = if text.ends_with('?') { query.bind(1) } else { query };
            let error = query.one::<String>().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Query) && !error.is_outcome_unknown(), "{error:?}");
        }
        // The command itself is a byte.
        let connection = db.sql("SELECT connection_id()").one::<i64>().await?;
        let just = "SELECT ''".len() + 1;
        let text = format!("SELECT '{}'", "a".repeat(most - just));
        assert_eq!(text.len(), most - 1);
        let error = db.sql(&text).one::<String>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query) && !error.is_outcome_unknown(), "{error:?}");
        assert!(db.sql(text.replacen('a', "", 1)).one::<String>().await? == text["SELECT 'a".len()..text.len() - 1]);
        assert_eq!(db.sql("SELECT connection_id()").one::<i64>().await?, connection, "it is not lost");
        let error = db.sql(format!("DO '{}'", "a".repeat(most))).batch().await.unwrap_err();
        assert!(error.to_string().contains("max_allowed_packet"), "{error}");
        assert_eq!(db.sql("SELECT count(*) FROM page").one::<i64>().await?, 0);
        let token = Token::insert_many([NewToken::new("t".repeat(most))]).run(&db).await.unwrap_err();
        assert!(
            matches!(token.kind(), ErrorKind::Encode(cell) if cell.column.as_deref() == Some("label")),
            "{token:?}"
        );
        Ok(())
    })
    .await;
}
