//! Types that PostgreSQL has and the others have not: intervals, arrays, and its own types as text.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

use std::future::Future;

use pilaster::chrono::NaiveDate;
use pilaster::rust_decimal::Decimal;
use pilaster::{Db, ErrorKind, Interval, Result, serde_json::json, uuid::Uuid};
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::own::{Mood, NewOdd, Odd, schema};

/// Runs a test on a database with the tables.
async fn with<O: Future<Output = Result<()>>>(test: impl FnOnce(Db) -> O) {
    let fresh = match Kind::Postgres.fresh().await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(Kind::Postgres), "PostgreSQL is required: {why}");
            return;
        }
    };
    schema::create_all(&fresh.db).await.unwrap();
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
async fn intervals() {
    with(async |db| {
        let extremes = [
            Interval::default(),
            Interval { months: 14, days: -3, micros: 3_600_000_001 },
            Interval { months: i32::MAX, days: i32::MAX, micros: i64::MAX },
            Interval { months: -i32::MAX, days: i32::MIN, micros: -i64::MAX },
            Interval { months: 0, days: 0, micros: -1 },
        ];
        for span in extremes {
            let odd = there_and_back(&db, NewOdd::new().span(span).spans(vec![span, Interval::default()])).await?;
            assert_eq!((odd.span, odd.spans), (Some(span), Some(vec![span, Interval::default()])));
        }
        let hour = Interval { micros: 3_600_000_000, ..Interval::default() };
        db.sql("UPDATE odd SET span = '60 minutes' WHERE id = 1").execute().await?;
        assert_eq!(Odd::query().filter(|o| o.span.eq(hour)).count(&db).await?, 1);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays() {
    with(async |db| {
        let empty = there_and_back(&db, NewOdd::new().numbers([]).words(Vec::new())).await?;
        assert_eq!((empty.numbers, empty.words, empty.big), (Some(vec![]), Some(vec![]), None));
        let words: Vec<String> = ["", " ", "a,b", "\"q\" \\ {x}", "NULL", "日本 🦀"].map(String::from).to_vec();
        let row = NewOdd::new()
            .numbers([i32::MIN, 0, i32::MAX])
            .big(vec![i64::MIN, i64::MAX])
            .words(words.clone())
            .doubles([0.1, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE])
            .exact([Decimal::new(-1, 2), Decimal::new(9_999_999_999, 2)])
            .flags([true, false])
            .guids([Uuid::nil(), Uuid::max()])
            .days([NaiveDate::from_ymd_opt(9999, 12, 31).unwrap()])
            .docs([json!({ "a": [1, null] }), json!("x")])
            .moods([Mood::NotSo, Mood::Happy]);
        let odd = there_and_back(&db, row).await?;
        assert_eq!(odd.numbers, Some(vec![i32::MIN, 0, i32::MAX]));
        assert_eq!(odd.words, Some(words.clone()));
        assert_eq!(odd.moods, Some(vec![Mood::NotSo, Mood::Happy]));
        assert_eq!(odd.exact, Some(vec![Decimal::new(-1, 2), Decimal::new(9_999_999_999, 2)]));
        assert_eq!(Odd::query().filter(|o| o.words.eq(words.clone())).count(&db).await?, 11);
        assert_eq!(Odd::query().filter(|o| o.words.in_([words.clone(), vec![]])).count(&db).await?, 22);
        assert_eq!(Odd::query().filter(|o| o.words.not_in([words])).count(&db).await?, 11);
        let mut odd = odd;
        odd.numbers = Some(vec![7]);
        odd.save(&db).await?;
        assert_eq!(Odd::query().filter(|o| o.numbers.eq(vec![7])).one(&db).await?, odd);
        let many: Vec<i32> = (0..10_000).collect();
        assert_eq!(there_and_back(&db, NewOdd::new().numbers(many.clone())).await?.numbers, Some(many));
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_that_rust_has_not_are_errors() {
    with(async |db| {
        for (text, said) in [("'{{1,2},{3,4}}'", "one of 2"), ("'{1,NULL}'", "NULL")] {
            db.sql(format!("INSERT INTO odd (numbers) VALUES ({text})")).execute().await?;
            let error = Odd::query().all(&db).await.unwrap_err();
            let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
            assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some("numbers")));
            assert!(error.to_string().contains(said), "{error}");
            db.sql("DELETE FROM odd").execute().await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elements_that_do_not_fit_are_told_of_their_column() {
    with(async |db| {
        let told = |outcome: Result<Odd>, column: &str| {
            let error = outcome.unwrap_err();
            let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
            assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some(column)), "{error}");
        };
        let fits = Decimal::new(1, 2);
        told(NewOdd::new().exact([fits, Decimal::new(99_999_999_999, 2)]).insert(&db).await, "exact");
        told(NewOdd::new().words(["a".to_owned(), "\0".to_owned()]).insert(&db).await, "words");
        assert_eq!(Odd::query().count(&db).await?, 0);
        Ok(())
    })
    .await;
}

/// Types of existing databases that have no equality: the error says what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_does_not_compare_is_told() {
    fn told<T: std::fmt::Debug>(outcome: Result<T>, help: &str) {
        let error = outcome.unwrap_err();
        assert!(*error.kind() == ErrorKind::Query && error.message().contains(help), "{error:?}");
        assert!(!error.message().contains("explicit"), "{error}");
    }
    with(async |db| {
        db.sql("ALTER TABLE odd ALTER network TYPE json USING NULL, ALTER search TYPE xml USING NULL")
            .execute()
            .await?;
        let json = "ALTER COLUMN … TYPE jsonb";
        told(Odd::query().filter(|o| o.network.eq("{}")).count(&db).await, json);
        told(Odd::query().filter(|o| o.network.in_(["{}", "1"])).count(&db).await, json);
        told(Odd::query().order_by(|o| o.network.asc()).all(&db).await, json);
        told(Odd::query().select(|o| o.network).distinct().all(&db).await, json);
        told(Odd::query().group_by(|o| o.network).select(|o| o.network).all(&db).await, json);
        told(Odd::query().filter(|o| o.search.eq("<a/>")).count(&db).await, "cast them to text");
        told(Odd::query().filter(|o| o.place.eq("(1,2)")).count(&db).await, "cast them to text");
        let error = db.sql("SELECT min(network) FROM odd").execute().await.unwrap_err();
        assert!(!error.message().contains(json), "{error}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_the_server_are_carried_as_text() {
    with(async |db| {
        let row = NewOdd::new()
            .address("2001:db8::1/64")
            .network("10.0.0.0/8")
            .search("'cat':2 'fat':1")
            .range("[1,10)")
            .place("(1.5,-2)")
            .hardware("08:00:2b:01:02:03")
            .bits("1011")
            .zoned("12:30:00.5+02")
            .price("$1,234.50");
        let odd = there_and_back(&db, row).await?;
        let texts = [odd.address, odd.network, odd.search, odd.range, odd.place, odd.hardware, odd.bits, odd.zoned];
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        assert_eq!(
            texts,
            [
                "2001:db8::1/64",
                "10.0.0.0/8",
                "'cat':2 'fat':1",
                "[1,10)",
                "(1.5,-2)",
                "08:00:2b:01:02:03",
                "1011",
                "12:30:00.5+02"
            ]
        );
        assert_eq!(odd.price.as_deref(), Some("$1,234.50"));
        // Alone, compared, grouped, and limited by a window.
        assert_eq!(Odd::query().select(|o| o.range).first(&db).await?, Some(Some("[1,10)".to_owned())));
        assert_eq!(Odd::query().filter(|o| o.range.eq("[1,9]")).count(&db).await?, 11, "the server's own equality");
        assert_eq!(Odd::query().group_by(|o| o.hardware).select(|o| (o.hardware, o.id.count())).one(&db).await?.1, 11);
        assert_eq!(Odd::query().filter(|o| o.address.eq("2001:db8::1/64")).count(&db).await?, 11);
        let updated = Odd::update().filter(|o| o.id.eq(odd.id)).set(|o| o.range, "empty").run(&db).await?;
        assert_eq!((updated, Odd::get(&db, odd.id).await?.unwrap().range.as_deref()), (1, Some("empty")));
        // The server says which value it could not read, whatever else there is of which only it knows.
        let named = |outcome: Result<()>, wrong: &str| {
            let error = outcome.unwrap_err();
            let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
            assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some(wrong)), "{error}");
        };
        let others = || NewOdd::new().search("'a':1").place("(1,2)").bits("1");
        named(others().range("[x").insert(&db).await.map(drop), "range");
        named(others().address("300.0.0.1").insert(&db).await.map(drop), "address");
        named(Odd::insert_many([others().range("[1,2)"), others().range("[x")]).run(&db).await.map(drop), "range");
        let update = || Odd::update().filter(|o| o.id.eq(odd.id)).set(|o| o.bits, "1").set(|o| o.zoned, "12:00+00");
        named(update().set(|o| o.hardware, "x").run(&db).await.map(drop), "hardware");
        let mut wrong = Odd::get(&db, odd.id).await?.unwrap();
        wrong.place = Some("(1".to_owned());
        named(wrong.save(&db).await, "place");
        // A session reads what it wrote.
        let mut session = db.session().await?;
        let key = session.add(NewOdd::new().place("(0,0)").numbers([1]));
        let done = session.commit().await?;
        assert_eq!(done[key].place.as_deref(), Some("(0,0)"));
        Ok(())
    })
    .await;
}

/// Types of extensions, whose numbers differ from database to database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_extensions_are_carried_as_text() {
    for (name, text, same, wrong) in [
        ("ltree", "Top.Science.Astronomy", "Top.Science.Astronomy", Some("a b")),
        ("citext", "Ann", "aNN", None),
        ("hstore", "\"a\"=>\"1\", \"b\"=>NULL", "b=>NULL,a=>1", Some("a")),
        ("cube", "(1, 2),(3, 4)", "(1,2),(3,4)", Some("x")),
    ] {
        with(async |db| {
            if let Err(error) = db.sql(format!("CREATE EXTENSION {name}")).execute().await {
                eprintln!("skipped: {error}");
                return Ok(());
            }
            db.sql(format!("ALTER TABLE odd ALTER search TYPE {name} USING NULL")).execute().await?;
            let odd = there_and_back(&db, NewOdd::new().search(text)).await?;
            assert_eq!(odd.search.as_deref(), Some(text));
            assert_eq!(Odd::query().filter(|o| o.search.eq(same)).count(&db).await?, 11, "{name}'s own equality");
            assert_eq!(Odd::query().filter(|o| o.search.in_([same, text])).count(&db).await?, 11);
            let mut odd = odd;
            odd.search = None;
            odd.save(&db).await?;
            assert_eq!(Odd::query().filter(|o| o.search.is_null()).one(&db).await?, odd);
            let same_again = || Odd::update().filter(|o| o.id.eq(odd.id)).set(|o| o.search, same);
            assert_eq!(same_again().run(&db).await?, 1);
            assert_eq!(Odd::query().group_by(|o| o.search).select(|o| o.id.count()).all(&db).await?, [11], "{name}");
            if let Some(wrong) = wrong {
                let error = NewOdd::new().search(wrong).insert(&db).await.unwrap_err();
                let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
                assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some("search")), "{error}");
                // Beside others that only the server knows.
                let rows = [text, wrong].map(|value| NewOdd::new().search(value).range("[1,2)"));
                let error = Odd::insert_many(rows).keys(&db).await.unwrap_err();
                let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
                assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("odd"), Some("search")), "{error}");
                let error = Odd::query().filter(|o| o.search.eq(wrong)).count(&db).await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
            }
            Ok(())
        })
        .await;
    }
}
