//! Numbers that are too large for a column or for the type beside them: written, computed, compared, divided.

use pilaster::rust_decimal::Decimal;
use pilaster::{Db, Dialect, ErrorKind, Result};

use super::types::{misfit, misfits};
use crate::models::{Everything, NewEverything};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Asserts that a filter finds so many rows.
macro_rules! finds {
    ($db:ident: $($count:literal $condition:expr;)*) => {$(
        let found = Everything::query().filter($condition).count($db).await;
        assert_eq!(found.unwrap_or_else(|error| panic!("{}: {error}", stringify!($condition))), $count, "{}", stringify!($condition));
    )*};
}

/// For each column of integers: beyond its bounds, bound to `update` and `upsert` in every way that there is.
macro_rules! beyond {
    ($db:ident, $id:ident: $($column:ident: $values:expr),*) => {$(
        let (name, update) = (stringify!($column), || Everything::update().filter(|e| e.id.eq($id)));
        let upsert = || NewEverything::new().id($id).on_conflict(Everything::PRIMARY_KEY);
        for value in $values {
            misfit(update().set(|e| e.$column, value).run($db).await, name);
            misfit(update().set_option(|e| e.$column, Some(value)).run($db).await, name);
            misfit(upsert().set(|e| e.$column, value).run($db).await, name);
            misfit(upsert().set(|e| e.$column, value).insert($db).await, name);
            let many = || Everything::insert_many(vec![NewEverything::new().id($id); 20]);
            misfit(many().on_conflict(Everything::PRIMARY_KEY).set(|e| e.$column, value).run($db).await, name);
            let tx = $db.begin().await?;
            misfit(update().set(|e| e.$column, value).run(&tx).await, name);
            tx.rollback().await?;
        }
    )*};
}

pub async fn set_out_of_range(db: &Db) -> Result<()> {
    let stored = NewEverything::new().tiny(1).small(2).int(3).big(4).insert(db).await?;
    let id = stored.id;
    beyond!(db, id:
        tiny: [-129, 128, i64::MAX],
        small: [-32_769, 32_768, i64::MIN],
        int: [-2_147_483_649, 2_147_483_648, i64::MAX],
        big: [1_u64 << 63, u64::MAX]
    );
    assert_eq!(Everything::query().all(db).await?, [stored], "nothing of it is stored");
    Ok(())
}

/// For each column of integers: at its bounds, and a step further.
macro_rules! computed {
    ($db:ident, $id:ident: $($column:ident $ty:ty),*) => {$(
        let (name, update) = (stringify!($column), || Everything::update().filter(|e| e.id.eq($id)));
        let upsert = || NewEverything::new().id($id).on_conflict(Everything::PRIMARY_KEY);
        for (bound, step) in [(<$ty>::MAX, 1_i8), (<$ty>::MIN, -1)] {
            update().set(|e| e.$column, bound).run($db).await?;
            let stored = Everything::get($db, $id).await?;
            assert_eq!(stored.as_ref().and_then(|row| row.$column), Some(bound));
            misfit(update().set_to(|e| (e.$column, e.$column + step)).run($db).await, name);
            misfit(update().set_to(|e| (e.$column, e.$column * 1000)).run($db).await, name);
            misfit(update().set_to(|e| (e.$column, e.$column * e.$column)).run($db).await, name);
            misfit(upsert().set_to(|old, _| (old.$column, old.$column + step)).run($db).await, name);
            misfit(upsert().set_to(|old, _| (old.$column, old.$column + step)).insert($db).await, name);
            let given = NewEverything::new().id($id).$column(bound).on_conflict(Everything::PRIMARY_KEY);
            misfit(given.set_to(|old, new| (old.$column, old.$column + new.$column)).run($db).await, name);
            // Others beside it, and a row for which it fits.
            let other = NewEverything::new().$column(0).insert($db).await?.id;
            let all = Everything::update().all_rows().set(|e| e.short, "x");
            misfit(all.set_to(|e| (e.$column, e.$column + step)).run($db).await, name);
            assert_eq!(Everything::get($db, $id).await?, stored, "it is as it was");
            Everything::delete_many().filter(|e| e.id.eq(other)).run($db).await?;
            update().set_to(|e| (e.$column, e.$column - step)).run($db).await?;
            let found = Everything::get($db, $id).await?.unwrap().$column;
            assert_eq!(found, Some(bound - <$ty>::from(step)));
            update().set_to(|e| (e.$column, e.$column + step)).run($db).await?;
        }
        update().set_null(|e| e.$column).run($db).await?;
        update().set_to(|e| (e.$column, e.$column + 1)).run($db).await?;
        assert_eq!(Everything::get($db, $id).await?.unwrap().$column, None);
    )*};
}

pub async fn computed_out_of_range(db: &Db) -> Result<()> {
    let id = NewEverything::new().insert(db).await?.id;
    computed!(db, id: tiny i8, small i16, int i32, big i64);
    Ok(())
}

pub async fn what_is_read_elsewhere(db: &Db) -> Result<()> {
    let stored = NewEverything::new().tiny(1).int(2).big(3_000_000_000_i64).insert(db).await?;
    let update = || Everything::update().filter(|e| e.id.eq(stored.id));
    misfit(update().set_to(|e| (e.int, e.big)).run(db).await, "int");
    misfit(update().set_to(|e| (e.tiny, e.big - 2_999_999_000_i64)).run(db).await, "tiny");
    misfit(update().set_to(|e| (e.int, Everything::query().select(|e| e.big.sum()).as_expr())).run(db).await, "int");
    let most = || Everything::query().select(|e| e.big.max()).as_expr();
    misfit(update().set_to(|e| (e.tiny, most())).run(db).await, "tiny");
    assert_eq!(Everything::get(db, stored.id).await?.as_ref(), Some(&stored));
    update().set_to(|e| (e.int, e.tiny + 5)).set_to(|e| (e.tiny, e.big / 30_000_000)).run(db).await?;
    let row = Everything::get(db, stored.id).await?.unwrap();
    assert_eq!((row.tiny, row.int), (Some(100), Some(6)));
    Ok(())
}

/// A `decimal(12,4)` has eight digits before the point, also where the database does not see to it.
pub async fn exact_out_of_range(db: &Db) -> Result<()> {
    for text in ["100000000", "-100000000.0000", "99999999.99995"] {
        let (exact, stored) = (number(text), NewEverything::new().int(1).insert(db).await?);
        let update = || Everything::update().filter(|e| e.id.eq(stored.id));
        let upsert = || NewEverything::new().id(stored.id).on_conflict(Everything::PRIMARY_KEY);
        misfit(update().set(|e| e.exact, exact).run(db).await, "exact");
        misfit(update().set(|e| e.exact, 100_000_000).run(db).await, "exact");
        misfit(upsert().set(|e| e.exact, exact).run(db).await, "exact");
        misfits(db, "exact", NewEverything::new().exact(exact), |row| row.exact = Some(exact)).await?;
    }
    for bound in ["99999999.9999", "-99999999.9999"] {
        let stored = NewEverything::new().exact(number(bound)).insert(db).await?;
        let update = || Everything::update().filter(|e| e.id.eq(stored.id));
        misfit(update().set_to(|e| (e.exact, e.exact * number("1.0001"))).run(db).await, "exact");
        misfit(update().set_to(|e| (e.exact, e.exact + e.exact)).run(db).await, "exact");
        let upsert = NewEverything::new().id(stored.id).on_conflict(Everything::PRIMARY_KEY);
        misfit(upsert.set_to(|old, _| (old.exact, old.exact * 2)).run(db).await, "exact");
        assert_eq!(Everything::get(db, stored.id).await?.as_ref(), Some(&stored));
        update().set_to(|e| (e.exact, e.exact * 1)).run(db).await?;
        assert_eq!(Everything::get(db, stored.id).await?.as_ref(), Some(&stored));
    }
    Ok(())
}

pub async fn floats_out_of_range(db: &Db) -> Result<()> {
    let stored = NewEverything::new().real(1e38).insert(db).await?;
    let update = || Everything::update().filter(|e| e.id.eq(stored.id));
    misfit(update().set(|e| e.real, 1e39).run(db).await, "real");
    misfit(update().set(|e| e.real, f64::MIN).run(db).await, "real");
    misfit(update().set_to(|e| (e.real, e.real * 10.0)).run(db).await, "real");
    let upsert = || NewEverything::new().id(stored.id).on_conflict(Everything::PRIMARY_KEY);
    misfit(upsert().set(|e| e.real, -1e39).run(db).await, "real");
    misfit(upsert().set_to(|old, _| (old.real, old.real * -1e300)).run(db).await, "real");
    assert_eq!(Everything::get(db, stored.id).await?.as_ref(), Some(&stored));
    update().set_to(|e| (e.real, e.real * 2.0)).run(db).await?;
    assert_eq!(Everything::get(db, stored.id).await?.unwrap().real, Some(2e38));
    Ok(())
}

/// A `real` has 32 bits on every database, whether it is given, set or computed.
pub async fn reals_have_32_bits(db: &Db) -> Result<()> {
    let stored = NewEverything::new().real(0.1).insert(db).await?;
    let update = || Everything::update().filter(|e| e.id.eq(stored.id));
    let upsert = || NewEverything::new().id(stored.id).on_conflict(Everything::PRIMARY_KEY);
    let alike = async || {
        finds! { db:
            1 |e| e.real.eq(0.1_f32);
            0 |e| e.real.eq(0.1_f64);
        }
        Ok::<_, pilaster::Error>(())
    };
    alike().await?;
    update().set(|e| e.real, 0.1_f64).run(db).await?;
    alike().await?;
    update().set(|e| e.real, 0.5).run(db).await?;
    update().set_to(|e| (e.real, e.real / 5.0)).run(db).await?;
    alike().await?;
    upsert().set(|e| e.real, 0.1_f64).run(db).await?;
    alike().await?;
    upsert().set(|e| e.real, 0.5).run(db).await?;
    upsert().set_to(|old, _| (old.real, old.real / 5.0)).run(db).await?;
    alike().await?;
    update().set_to(|e| (e.real, e.double.coalesce(0.1_f64))).run(db).await?;
    alike().await?;
    Ok(())
}

/// SQLite and PostgreSQL keep infinities; where one is computed they differ.
pub async fn computed_infinities(db: &Db) -> Result<()> {
    let stored = NewEverything::new().real(1.0).double(1e308).insert(db).await?;
    let update = || Everything::update().filter(|e| e.id.eq(stored.id));
    let overflow = update().set_to(|e| (e.double, e.double * 10.0)).run(db).await;
    if db.dialect() == Dialect::Sqlite {
        overflow?;
        assert_eq!(Everything::get(db, stored.id).await?.unwrap().double, Some(f64::INFINITY));
    } else {
        misfit(overflow, "double");
    }
    if db.dialect() == Dialect::Mysql {
        return Ok(());
    }
    update().set(|e| e.real, f32::INFINITY).set(|e| e.double, f64::INFINITY).run(db).await?;
    update().set_to(|e| (e.double, e.double * 2.0)).run(db).await?;
    let outcome = update().set_to(|e| (e.real, e.real * 2.0)).run(db).await;
    if db.dialect() == Dialect::Sqlite {
        misfit(outcome, "real");
    } else {
        outcome?;
    }
    let row = Everything::get(db, stored.id).await?.unwrap();
    assert_eq!((row.real, row.double), (Some(f32::INFINITY), Some(f64::INFINITY)));
    Ok(())
}

/// The same is said of a number that is set and of one that SQLite computes.
pub async fn what_is_expected_is_said_alike(db: &Db) -> Result<()> {
    let stored = NewEverything::new().tiny(100).big(i64::MAX).real(1e38).exact(number("99999999")).insert(db).await?;
    let update = || Everything::update().filter(|e| e.id.eq(stored.id));
    let expected = |outcome: Result<u64>| match outcome.unwrap_err().kind() {
        ErrorKind::Encode(cell) => cell.expected.clone(),
        other => panic!("{other:?}"),
    };
    let outcomes = [
        (update().set(|e| e.tiny, 200).run(db).await, update().set_to(|e| (e.tiny, e.tiny * 2)).run(db).await),
        (update().set(|e| e.big, 1_u64 << 63).run(db).await, update().set_to(|e| (e.big, e.big + 1)).run(db).await),
        (update().set(|e| e.real, 1e39).run(db).await, update().set_to(|e| (e.real, e.real * 10.0)).run(db).await),
        (
            update().set(|e| e.exact, 100_000_000).run(db).await,
            update().set_to(|e| (e.exact, e.exact * 2)).run(db).await,
        ),
    ];
    for (set, computed) in outcomes {
        let (set, computed) = (expected(set), expected(computed));
        if db.dialect() == Dialect::Sqlite {
            assert_eq!(set, computed);
        }
    }
    Ok(())
}

pub async fn compared_with_wider_ones(db: &Db) -> Result<()> {
    NewEverything::new().tiny(100).small(30_000).int(2_000_000_000).big(i64::MAX).insert(db).await?;
    let most = |of: i64| Everything::query().filter(move |e| e.big.gt(of)).select(|e| e.small.max()).as_expr();
    finds! { db:
        1 |e| e.small.lt(100_000);
        1 |e| e.small.ge(-100_000_i64);
        0 |e| e.small.eq(100_000);
        1 |e| e.small.ne(100_000);
        1 |e| e.tiny.lt(1000);
        1 |e| e.tiny.lt(100_000);
        1 |e| e.int.lt(3_000_000_000_i64);
        1 |e| e.int.gt(i64::MIN);
        1 |e| e.int.lt(u64::MAX);
        1 |e| e.big.lt(u64::MAX);
        1 |e| e.big.lt(1_u64 << 63);
        0 |e| e.big.eq(1_u64 << 63);
        0 |e| e.big.ge(u64::MAX);
        1 |e| e.big.eq(9_223_372_036_854_775_807_u64);
        1 |e| e.small.between(-100_000, 100_000);
        0 |e| e.small.between(100_000, 200_000);
        1 |e| e.small.in_([1, 30_000, 100_000]);
        1 |e| e.small.not_in([100_000]);
        1 |e| e.tiny.in_([100_i64, i64::MAX]);
        1 |e| e.big.in_([1 << 63, 9_223_372_036_854_775_807_u64]);
        1 |e| e.big.not_in([1 << 63, u64::MAX]);
        1 |e| e.small.coalesce(100_000).lt(200_000);
        1 |e| e.small.lt(e.int);
        1 |e| e.small.lt(e.big);
        1 |e| e.small.in_(Everything::query().select(|e| e.small)) & e.tiny.not_in(Everything::query().select(|e| e.int));
        1 |e| e.id.gt(0) & most(0).lt(100_000);
        1 |e| e.id.gt(0) & most(0).eq(30_000);
    }
    // Also where a value is grouped by, and in what is found of groups.
    let groups =
        Everything::query().group_by(|e| e.small).having(|e| e.small.max().lt(100_000) & e.small.sum().lt(i64::MAX));
    assert_eq!(groups.select(|e| e.small).all(db).await?, [Some(30_000)]);
    Ok(())
}

/// What no integer of PostgreSQL can be has no effect on how a column is looked for.
pub async fn compared_with_values_beyond_64_bits(db: &Db) -> Result<()> {
    let stored = NewEverything::new().small(7).big(i64::MAX).insert(db).await?;
    NewEverything::new().insert(db).await?;
    let (beyond, least) = (u64::MAX, 1_u64 << 63);
    finds! { db:
        0 |e| e.big.eq(beyond);
        0 |e| e.big.gt(least);
        0 |e| e.big.ge(least);
        1 |e| e.big.ne(least);
        1 |e| e.big.lt(least);
        1 |e| e.big.le(beyond);
        // NULL stays NULL, also where it is negated.
        1 |e| !e.big.eq(beyond);
        0 |e| !e.small.lt(least);
        1 |e| !e.small.in_([beyond]);
        1 |e| !e.small.in_([beyond, 5]);
        0 |e| !e.small.not_in([least, beyond]);
        0 |e| e.small.in_([least, beyond]);
        1 |e| e.small.not_in([least, beyond]);
        1 |e| e.small.in_([least, 7]);
        0 |e| e.small.not_in([least, 7]);
        1 |e| e.small.between(7, beyond);
        0 |e| e.small.between(8, beyond);
        0 |e| e.small.between(least, beyond);
        1 |e| !e.small.between(least, beyond);
        0 |e| !e.small.between(0, beyond);
        1 |e| e.small.between(7, beyond) & e.big.eq(i64::MAX);
        1 |e| (e.small + 1).lt(beyond);
        1 |e| e.big.coalesce(beyond).eq(beyond);
        0 |e| e.big.coalesce(beyond).eq(least);
        2 |e| e.big.coalesce(0).lt(least);
        2 |e| e.id.between(stored.id, beyond);
    }
    if db.dialect() == Dialect::Postgres {
        let query = || Everything::query().select(|e| e.id);
        let texts = [
            query().filter(|e| e.id.eq(beyond)).to_sql(db.dialect())?,
            query().filter(|e| e.id.in_([beyond])).to_sql(db.dialect())?,
            query().filter(|e| e.id.between(least, beyond)).to_sql(db.dialect())?,
        ];
        let tx = db.begin().await?;
        tx.sql("SET LOCAL enable_seqscan = off").execute().await?;
        for text in texts {
            let plan = tx.sql(format!("EXPLAIN {text}")).all::<String>().await?.join("\n");
            assert!(plan.contains("Index Cond"), "{text}\n{plan}");
        }
        tx.rollback().await?;
        let list = query().filter(|e| e.id.in_([1, beyond])).to_sql(db.dialect())?;
        assert!(list.contains("\"id\" = ANY($1)"), "no cast of the column: {list}");
    }
    Ok(())
}

pub async fn computed_wider_than_the_column(db: &Db) -> Result<()> {
    NewEverything::new().tiny(100).small(30_000).int(2_000_000_000).big(5).insert(db).await?;
    finds! { db:
        1 |e| (e.small * e.small).eq(900_000_000);
        1 |e| (e.small + 100_000).eq(130_000);
        1 |e| (e.small * 1000 - 1).gt(e.small);
        1 |e| (e.tiny * e.tiny * e.tiny * e.tiny * e.tiny).eq(10_000_000_000_i64);
        1 |e| (e.int + e.int).eq(4_000_000_000_i64);
        1 |e| (e.int * e.big).eq(10_000_000_000_i64);
        1 |e| (e.small.coalesce(0) + 100_000).eq(130_000);
        1 |e| (e.small + 10_000).in_([40_000]);
        1 |e| (e.small * 1000 / 3).eq(10_000_000);
        1 |e| (e.small.coalesce(1) / 7).eq(4_285);
    }
    // What is read of it has the type of the column.
    let read = Everything::query().select(|e| (e.small + 1, e.int - 1, e.small * e.tiny / 1000)).one(db).await?;
    assert_eq!(read, (Some(30_001), Some(1_999_999_999), Some(3_000)));
    let error = Everything::query().select(|e| e.small * 1000).one(db).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error:?}");
    let grouped = Everything::query().group_by(|e| e.small + 1).select(|e| (e.small + 1, e.id.count())).all(db).await?;
    assert_eq!(grouped, [(Some(30_001), 1)]);
    Ok(())
}

/// Nothing is written there, and nothing is said of writing.
pub async fn computed_beyond_64_bits(db: &Db) -> Result<()> {
    NewEverything::new().big(i64::MAX).int(2).double(1e308).insert(db).await?;
    let read = [
        Everything::query().select(|e| e.big * e.int).one(db).await.unwrap_err(),
        Everything::query().select(|e| e.big + 1).all(db).await.unwrap_err(),
        db.transaction(async |tx| Everything::query().select(|e| e.big * e.big).first(&tx).await).await.unwrap_err(),
    ];
    for error in read {
        let ErrorKind::Decode(cell) = error.kind() else { panic!("{error:?}") };
        assert_eq!(cell.expected, "an integer of 64 bits", "{error:?}");
        assert!(error.to_string().starts_with("cannot read "), "{error}");
        assert!(!cell.found.is_empty(), "{error:?}");
    }
    // What is to be stored is another matter.
    let written = Everything::update().all_rows().set_to(|e| (e.big, e.big * e.int)).run(db).await.unwrap_err();
    assert!(written.to_string().starts_with("cannot write column \"big\" of \"everything\""), "{written}");
    Ok(())
}

pub async fn reals_compared_with_doubles(db: &Db) -> Result<()> {
    NewEverything::new().real(0.1).double(0.1).insert(db).await?;
    finds! { db:
        1 |e| e.real.eq(0.1_f32);
        0 |e| e.real.eq(0.1_f64);
        1 |e| e.real.gt(0.1_f64);
        0 |e| e.real.le(0.1_f64);
        1 |e| e.real.lt(1e300);
        1 |e| e.real.in_([0.1_f32, 0.2]);
        0 |e| e.real.in_([0.1_f64, 0.2]);
        1 |e| e.real.not_in([0.1_f64, 1e300]);
        0 |e| e.real.eq(e.double);
        1 |e| e.real.between(0.1_f64, 0.100_000_1_f64);
        1 |e| (e.real * 1e300).gt(1e200);
        1 |e| (e.real * e.real - 0.01).lt(1e-9);
        1 |e| (e.real * 1e30 * 1e30).gt(1e50);
    }
    Ok(())
}

/// Decimals of Rust have 28 digits: a quotient is rounded to those.
pub async fn quotients_of_many_digits(db: &Db) -> Result<()> {
    NewEverything::new().exact(number("12345678.9012")).int(7).insert(db).await?;
    let seven = number("7.000000000000000000000000");
    let near = |found: Option<Decimal>, wanted: &str| {
        let (found, wanted) = (found.unwrap(), number(wanted));
        assert!((found - wanted).abs() < Decimal::new(1, 6), "{found} instead of {wanted}");
        found
    };
    let (exact, whole) = Everything::query().select(|e| (e.exact / seven, e.exact / e.int)).one(db).await?;
    let exact = near(exact, "1763668.414457143");
    near(whole, "1763668.414457143");
    if db.dialect() == Dialect::Postgres {
        assert_eq!(exact.to_string(), "1763668.414457142857142857143");
    }
    let average = Everything::query().select(|e| ((e.exact / seven).avg(), (e.exact / seven).sum())).one(db).await?;
    near(average.0, "1763668.414457143");
    near(average.1, "1763668.414457143");
    // Less than the last digit, and more digits than there can be.
    let (one, small) = (number("1.0000000000000000000000000000"), number("0.0001"));
    let tiny =
        Everything::query().select(|e| e.exact / number("700000000000000") / number("10000000000000")).one(db).await?;
    near(tiny, "0");
    let many = Everything::query().select(|e| (e.exact * one * one, e.exact * small * small * small)).one(db).await?;
    near(many.0, "12345678.9012");
    near(many.1, "0.000012345679");
    let least = Everything::query().select(|e| e.exact * small * small * small * small * small * small * small * small);
    near(least.one(db).await?, "0");
    Ok(())
}
