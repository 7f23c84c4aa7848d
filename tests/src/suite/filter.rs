//! Conditions.

use pilaster::{Db, Dialect, ErrorKind, Result};

use super::{blog, names, titles, users};
use crate::models::{NewUser, Post, Status, User, UserColumns};

/// The names of the users for whom a condition is true, joined.
async fn who(db: &Db, condition: impl FnOnce(UserColumns) -> pilaster::Expr<bool>) -> Result<String> {
    let users = User::query().filter(condition).order_by(|u| u.name.asc()).all(db).await?;
    Ok(names(&users).join(" "))
}

/// Users a, b and c of 10, 20 and unknown years.
async fn aged(db: &Db) -> Result<()> {
    let rows = [NewUser::new("a").age(10), NewUser::new("b").age(20), NewUser::new("c")];
    User::insert_many(rows).run(db).await.map(drop)
}

pub async fn comparisons(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.age.eq(10)).await?, "a");
    assert_eq!(who(db, |u| u.age.ne(10)).await?, "b");
    assert_eq!(who(db, |u| u.age.lt(20)).await?, "a");
    assert_eq!(who(db, |u| u.age.le(20)).await?, "a b");
    assert_eq!(who(db, |u| u.age.gt(10)).await?, "b");
    assert_eq!(who(db, |u| u.age.ge(10)).await?, "a b");
    assert_eq!(who(db, |u| u.age.gt(i32::MAX)).await?, "");
    assert_eq!(who(db, |u| u.age.ge(i32::MIN)).await?, "a b");
    assert_eq!(who(db, |u| u.name.eq(u.name)).await?, "a b c");
    assert_eq!(who(db, |u| u.name.ge("b")).await?, "b c");
    Ok(())
}

pub async fn null_is_neither_equal_nor_unequal(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.age.is_null()).await?, "c");
    assert_eq!(who(db, |u| u.age.is_not_null()).await?, "a b");
    assert_eq!(who(db, |u| u.age.eq(u.age)).await?, "a b");
    assert_eq!(who(db, |u| !u.age.eq(10)).await?, "b");
    Ok(())
}

pub async fn and_or_not(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.name.eq("a").and(u.age.eq(20))).await?, "");
    assert_eq!(who(db, |u| u.name.eq("a").or(u.age.eq(20))).await?, "a b");
    // Each call binds what stands before it, so that this is (a or b) and c.
    assert_eq!(who(db, |u| u.name.eq("a").or(u.name.eq("b")).and(u.age.gt(15))).await?, "b");
    assert_eq!(who(db, |u| u.name.eq("a").or(u.name.eq("b").and(u.age.gt(15)))).await?, "a b");
    assert_eq!(who(db, |u| !(u.name.eq("a") | u.name.eq("c"))).await?, "b");
    assert_eq!(who(db, |u| u.name.ne("a") & !u.age.is_null()).await?, "b");
    let both = User::query().filter(|u| u.name.ne("a")).filter(|u| u.name.ne("b")).all(db).await?;
    assert_eq!(names(&both), ["c"]);
    Ok(())
}

pub async fn lists(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.name.in_(["a", "c", "z"])).await?, "a c");
    assert_eq!(who(db, |u| u.name.not_in(["a", "c"])).await?, "b");
    assert_eq!(who(db, |u| u.name.in_(Vec::<String>::new())).await?, "");
    assert_eq!(who(db, |u| u.name.not_in(Vec::<String>::new())).await?, "a b c");
    assert_eq!(who(db, |u| !u.age.in_(Vec::<i32>::new())).await?, "a b c");
    assert_eq!(who(db, |u| u.age.in_(10..=20)).await?, "a b");
    assert_eq!(who(db, |u| u.age.not_in([10])).await?, "b");
    assert_eq!(who(db, |u| u.age.in_((0..3000).collect::<Vec<i32>>())).await?, "a b");
    Ok(())
}

/// The parameters that one statement takes.
fn most(db: &Db) -> i32 {
    if db.dialect() == Dialect::Sqlite { 32_766 } else { 65_535 }
}

pub async fn long_lists(db: &Db) -> Result<()> {
    aged(db).await?;
    let ages = |until: i32| User::query().filter(move |u| u.age.in_((0..until).collect::<Vec<i32>>()));
    let (one, many) = (ages(1).to_sql(db.dialect())?, ages(3).to_sql(db.dialect())?);
    if db.dialect() == Dialect::Postgres {
        // A list is one parameter, so that no length has a text of its own.
        assert_eq!((one.matches("= ANY($1)").count(), one.contains(" IN ")), (1, false), "{one}");
        assert_eq!(one, many);
        assert_eq!(ages(100_000).count(db).await?, 2);
        let not = User::query().filter(|u| u.name.not_in((0..100_000).map(|n| n.to_string()).collect::<Vec<_>>()));
        assert!(not.to_sql(db.dialect())?.contains("<> ALL($1)"));
        assert_eq!(not.count(db).await?, 3);
        return Ok(());
    }
    assert_eq!((one.matches('?').count(), many.matches('?').count()), (1, 3), "{many}");
    assert_eq!(ages(most(db)).count(db).await?, 2);
    let error = ages(most(db) + 1).count(db).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Query), "{error:?}");
    assert!(error.to_string().contains(&most(db).to_string()), "{error}");
    // Nothing is broken by it.
    assert_eq!(User::query().count(db).await?, 3);
    Ok(())
}

/// A statement of more values than a database takes, however they come into it.
pub async fn too_many_values(db: &Db) -> Result<()> {
    aged(db).await?;
    let sum = async |count: usize| {
        let places: Vec<String> = (1..=count).map(|at| typed(db, at)).collect();
        let one = "SELECT count(*) FROM (SELECT 1 AS one) AS v WHERE one";
        let mut statement = db.sql(format!("{one} IN ({})", places.join(", ")));
        for value in 0..count as i64 {
            statement = statement.bind(value);
        }
        statement.one::<(i64,)>().await
    };
    let error = sum(70_000).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Query), "{error:?}");
    assert!(error.to_string().contains(&most(db).to_string()), "{error}");
    if db.dialect() == Dialect::Postgres {
        let error = db.sql("SELECT $65536::bigint").bind(1).one::<i64>().await.unwrap_err();
        assert!(error.to_string().contains("65535"), "{error}");
    }
    // Nothing is broken by it.
    assert_eq!(User::query().count(db).await?, 3);
    // What looks like the place of one in a text is none.
    let text = format!("{}$65536", "x".repeat(300_000));
    assert_eq!(db.sql(format!("SELECT '{text}'")).one::<String>().await?, text);
    Ok(())
}

/// The place of a parameter that is a number.
fn typed(db: &Db, at: usize) -> String {
    if db.dialect() == Dialect::Postgres { format!("${at}::bigint") } else { "?".to_owned() }
}

pub async fn lists_of_a_subquery(db: &Db) -> Result<()> {
    blog(db).await?;
    let published = || Post::query().filter(|p| p.status.eq(Status::Published)).select(|p| p.user_id);
    assert_eq!(who(db, |u| u.id.in_(published())).await?, "ann");
    assert_eq!(who(db, |u| u.id.not_in(published())).await?, "bob eve");
    assert_eq!(who(db, |u| u.id.in_(Post::query().filter(|p| p.views.gt(99)).select(|p| p.user_id))).await?, "");
    Ok(())
}

pub async fn ranges(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.age.between(10, 20)).await?, "a b");
    assert_eq!(who(db, |u| u.age.between(11, 19)).await?, "");
    assert_eq!(who(db, |u| u.age.between(20, 10)).await?, "");
    assert_eq!(who(db, |u| !u.age.between(11, 30)).await?, "a");
    Ok(())
}

pub async fn text_is_matched_literally(db: &Db) -> Result<()> {
    let texts = ["100%", "a_b", "a*b", "a?b", "[ab]", "a\\b", "it's", "axb", "100 percent", "日本語", "ünïcode"];
    let rows = texts.iter().enumerate().map(|(n, text)| NewUser::new(format!("{n:02}")).bio(*text));
    User::insert_many(rows).run(db).await?;
    for (n, part) in ["0%", "_", "*", "?", "[a", "\\", "'"].iter().enumerate() {
        assert_eq!(who(db, |u| u.bio.contains(part)).await?, format!("{n:02}"), "{part}");
    }
    assert_eq!(who(db, |u| u.bio.starts_with("100")).await?, "00 08");
    assert_eq!(who(db, |u| u.bio.starts_with("100%")).await?, "00");
    assert_eq!(who(db, |u| u.bio.ends_with("%")).await?, "00");
    assert_eq!(who(db, |u| u.bio.ends_with("語")).await?, "09");
    assert_eq!(who(db, |u| u.bio.contains("本")).await?, "09");
    assert_eq!(who(db, |u| u.bio.starts_with("ün")).await?, "10");
    assert_eq!(who(db, |u| u.bio.contains("nowhere")).await?, "");
    assert_eq!(who(db, |u| u.bio.contains("")).await?.split(' ').count(), texts.len());
    Ok(())
}

pub async fn text_is_matched_by_case_or_not(db: &Db) -> Result<()> {
    let rows = [NewUser::new("1").bio("Rust_ace"), NewUser::new("2").bio("rust%"), NewUser::new("3")];
    User::insert_many(rows).run(db).await?;
    assert_eq!(who(db, |u| u.bio.contains("Rust")).await?, "1");
    assert_eq!(who(db, |u| u.bio.starts_with("rust")).await?, "2");
    assert_eq!(who(db, |u| u.bio.icontains("RUST")).await?, "1 2");
    assert_eq!(who(db, |u| u.bio.istarts_with("RUST_")).await?, "1");
    assert_eq!(who(db, |u| u.bio.iends_with("ACE")).await?, "1");
    assert_eq!(who(db, |u| u.bio.icontains("T%")).await?, "2");
    assert_eq!(who(db, |u| u.bio.eq("RUST%")).await?, "");
    assert_eq!(who(db, |u| u.bio.lower().eq("rust_ace")).await?, "1");
    assert_eq!(who(db, |u| u.bio.upper().eq("RUST%")).await?, "2");
    Ok(())
}

pub async fn arithmetic(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| (u.age + 5).eq(15)).await?, "a");
    assert_eq!(who(db, |u| (u.age * 2 - 10).eq(30)).await?, "b");
    assert_eq!(who(db, |u| (u.age * (u.age - 10)).eq(0)).await?, "a");
    Ok(())
}

/// A quotient of integers is an integer, wherever they come from.
pub async fn quotients_of_integers(db: &Db) -> Result<()> {
    blog(db).await?;
    let rows = User::query()
        .order_by(|u| u.id.asc())
        .select(|u| (u.age.coalesce(5) / 2, u.posts.count() / 2, u.posts.count() * 3 / 2))
        .all(db)
        .await?;
    assert_eq!(rows, [(2, 1, 4), (2, 0, 1), (2, 0, 0)]);
    let most = || Post::query().select(|p| p.views.max()).as_expr();
    assert_eq!(User::query().filter(|_| (most() / 4).eq(2)).count(db).await?, 3);
    User::update().all_rows().set_to(|u| (u.age, u.age.coalesce(-7) / 2)).run(db).await?;
    let ages = User::query().select(|u| u.age).all(db).await?;
    assert_eq!(ages, [Some(-3); 3]);
    Ok(())
}

pub async fn coalesce(db: &Db) -> Result<()> {
    aged(db).await?;
    assert_eq!(who(db, |u| u.age.coalesce(99).gt(15)).await?, "b c");
    let ages = User::query().order_by(|u| u.name.asc()).select(|u| u.age.coalesce(0)).all(db).await?;
    assert_eq!(ages, [10, 20, 0]);
    Ok(())
}

pub async fn enums(db: &Db) -> Result<()> {
    blog(db).await?;
    let of = async |wanted: &[Status]| {
        let posts = Post::query().filter(|p| p.status.in_(wanted.to_vec())).order_by(|p| p.id.asc()).all(db).await?;
        Result::Ok(titles(&posts).join(", "))
    };
    assert_eq!(of(&[Status::Archived]).await?, "Rust and SQL");
    assert_eq!(of(&[Status::Draft, Status::Archived]).await?, "SQL, Rust and SQL");
    assert_eq!(Post::query().filter(|p| p.status.ne(Status::Draft)).count(db).await?, 3);
    assert_eq!(Post::query().filter(|p| p.status.eq(&Status::Draft)).count(db).await?, 1);
    Ok(())
}

pub async fn scalar_subquery(db: &Db) -> Result<()> {
    blog(db).await?;
    users(db, ["zoe"]).await?;
    let most = Post::query().select(|p| p.views.max()).as_expr();
    let top = Post::query().filter(|p| p.views.eq(most)).all(db).await?;
    assert_eq!(titles(&top), ["Rust"]);
    Ok(())
}
