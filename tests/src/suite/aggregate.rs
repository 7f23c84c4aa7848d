//! Aggregates and groups.

use pilaster::rust_decimal::Decimal;
use pilaster::{Db, ErrorKind, Result};

use super::blog;
use crate::models::{NewPost, NewSeat, NewTicket, Post, Status, Ticket, User};

pub async fn count_sum_avg_min_max(db: &Db) -> Result<()> {
    blog(db).await?;
    let row = Post::query()
        .select(|p| (p.id.count(), p.views.sum(), p.views.avg(), p.views.min(), p.views.max()))
        .one(db)
        .await?;
    assert_eq!(row, (4, Some(22), Some(5.5), Some(0), Some(10)));
    let row = Post::query()
        .select(|p| (p.rating.count(), p.user_id.count_distinct(), p.title.min(), pilaster::count_rows()))
        .one(db)
        .await?;
    assert_eq!(row, (2, 2, Some("Empty".to_owned()), 4));
    Ok(())
}

pub async fn of_nothing(db: &Db) -> Result<()> {
    let row = Post::query()
        .select(|p| (p.id.count(), p.views.sum(), p.views.avg(), p.rating.max(), p.rating.sum()))
        .one(db)
        .await?;
    assert_eq!(row, (0, None, None, None, None));
    let groups = Post::query().group_by(|p| p.status).select(|p| (p.status, p.id.count())).all(db).await?;
    assert_eq!(groups, []);
    Ok(())
}

pub async fn groups(db: &Db) -> Result<()> {
    blog(db).await?;
    let rows: Vec<(Status, i64, Option<i64>)> = Post::query()
        .group_by(|p| p.status)
        .order_by(|p| p.status.asc())
        .select(|p| (p.status, p.id.count(), p.views.sum()))
        .all(db)
        .await?;
    assert_eq!(rows, [(Status::Draft, 1, Some(5)), (Status::Published, 2, Some(10)), (Status::Archived, 1, Some(7))]);
    let pairs = Post::query()
        .group_by(|p| (p.user_id, p.status))
        .select(|p| (p.user_id, p.status, p.id.count()))
        .all(db)
        .await?;
    assert_eq!(pairs.len(), 3);
    Ok(())
}

pub async fn having(db: &Db) -> Result<()> {
    blog(db).await?;
    let rows: Vec<(String, i64)> = User::query()
        .left_join(|u| u.posts)
        .group_by(|(u, _)| u.name)
        .having(|(_, p)| p.id.count().gt(0))
        .order_by(|(_, p)| p.id.count().desc())
        .select(|(u, p)| (u.name, p.id.count()))
        .all(db)
        .await?;
    assert_eq!(rows, [("ann".to_owned(), 3), ("bob".to_owned(), 1)]);
    Ok(())
}

/// A value in an expression that is grouped by, listed and ordered by is one value.
pub async fn groups_of_expressions(db: &Db) -> Result<()> {
    blog(db).await?;
    let all: Vec<i32> = Post::query().all(db).await?.into_iter().map(|post| post.views).collect();
    let mut wanted: std::collections::BTreeMap<i32, i64> = std::collections::BTreeMap::new();
    all.iter().for_each(|views| *wanted.entry(views + 2).or_default() += 1);
    let rows: Vec<(i32, i64)> = Post::query()
        .filter(|p| p.views.gt(-2))
        .group_by(|p| p.views + 2)
        .order_by(|p| (p.views + 2).asc())
        .select(|p| (p.views + 2, p.id.count()))
        .all(db)
        .await?;
    assert_eq!(rows, wanted.clone().into_iter().collect::<Vec<_>>());
    let distinct: Vec<i32> =
        Post::query().distinct().order_by(|p| (p.views + 2).desc()).select(|p| p.views + 2).limit(2).all(db).await?;
    assert_eq!(distinct, wanted.into_keys().rev().take(2).collect::<Vec<_>>());
    Ok(())
}

/// HAVING takes what rows are grouped by, and what depends on it.
pub async fn having_of_grouped(db: &Db) -> Result<()> {
    blog(db).await?;
    let doubled: Vec<(i32, i64)> = Post::query()
        .group_by(|p| p.views * 2)
        .having(|p| (p.views * 2).gt(5) & p.id.count().gt(0))
        .order_by(|p| (p.views * 2).asc())
        .select(|p| (p.views * 2, p.id.count()))
        .all(db)
        .await?;
    let all: Vec<i32> = Post::query().all(db).await?.into_iter().map(|post| post.views * 2).collect();
    let mut wanted: std::collections::BTreeMap<i32, i64> = std::collections::BTreeMap::new();
    all.into_iter().filter(|views| *views > 5).for_each(|views| *wanted.entry(views).or_default() += 1);
    assert_eq!(doubled, wanted.into_iter().collect::<Vec<_>>());
    let writers: Vec<(String, i64)> = User::query()
        .left_join(|u| u.posts)
        .group_by(|(u, _)| u.id)
        .having(|(u, p)| u.name.eq("ann") & p.id.count().gt(1))
        .select(|(u, p)| (u.name, p.id.count()))
        .all(db)
        .await?;
    assert_eq!(writers, [("ann".to_owned(), 3)]);
    let rows: Vec<(User, i64)> = User::query()
        .left_join(|u| u.posts)
        .group_by(|(u, _)| u.id)
        .having(|(u, _)| u.posts.any(|p| p.views.gt(9)))
        .select(|(u, p)| (u, p.id.count() + 9))
        .all(db)
        .await?;
    assert_eq!(rows.iter().map(|(user, count)| (user.name.as_str(), *count)).collect::<Vec<_>>(), [("ann", 12)]);
    Ok(())
}

/// In HAVING, too, aggregates are looked for in subqueries, and these see what the rows are grouped by.
pub async fn having_with_subqueries(db: &Db) -> Result<()> {
    let ([ann, ..], _) = blog(db).await?;
    let by_writer = || User::query().left_join(|u| u.posts).group_by(|(u, _)| u.id);
    let published = || Post::query().filter(|p| p.status.eq(Status::Published)).select(|p| p.views);
    let best = by_writer().having(|(_, p)| p.views.max().in_(published())).select(|(u, _)| u.name);
    assert_eq!(best.all(db).await?, ["ann"]);
    let others = by_writer().having(|(_, p)| p.views.max().not_in(published())).select(|(u, _)| u.name);
    assert_eq!(others.all(db).await?, ["bob"]);
    let dependent =
        by_writer().having(|(u, _)| u.name.in_(User::query().filter(|u| u.id.eq(ann.id)).select(|u| u.name)));
    assert_eq!(dependent.select(|(_, p)| p.id.count()).all(db).await?, [3]);
    let edited = Post::query().group_by(|p| p.id).having(|p| p.editor.has(|e| e.name.eq("ann")));
    assert_eq!(edited.select(|p| p.title).all(db).await?, ["Rust and SQL"]);
    let most = || Post::query().select(|p| p.views.max()).as_expr();
    let each = Post::query().group_by(|p| p.user_id).select(|p| p.views.max());
    assert_eq!(User::query().filter(|_| most().in_(each)).count(db).await?, 3);
    Ok(())
}

/// Two columns of one name.
pub async fn having_of_two_tables(db: &Db) -> Result<()> {
    let ([ann, ..], posts) = blog(db).await?;
    let query = || Post::query().join(|p| p.user).group_by(|(p, u)| (p.id, u.id));
    let both = query().having(|(p, u)| u.id.eq(ann.id) & p.id.ne(posts[0].id)).select(|(p, _)| p.views.sum());
    assert_eq!(both.count(db).await?, 2);
    let within = query().having(|(p, _)| p.editor.exists()).select(|(_, u)| u.posts.count());
    assert_eq!(within.order_by(|(p, _)| p.id.asc()).all(db).await?, [3, 1]);
    Ok(())
}

/// A value beside a decimal is a decimal, and beside an integer an integer, also where it is the same.
pub async fn values_beside_groups(db: &Db) -> Result<()> {
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    Ticket::insert_many(["1.50", "2.00", "2.50"].map(|text| NewTicket::new(price(text)))).run(db).await?;
    let rows: Vec<(Option<Decimal>, i64)> = Ticket::query()
        .group_by(|t| (t.hall, t.price * 2 - t.price - t.price))
        .select(|t| ((t.price * 2).max(), t.id.count() / 2))
        .all(db)
        .await?;
    assert_eq!(rows, [(Some(price("5")), 1)]);
    let distinct = Ticket::query().distinct().select(|t| (t.price * 2, t.id * 0 / 2, t.price * 2 + 2));
    let distinct = distinct.order_by(|t| ((t.price * 2).desc(), (t.id * 0 / 2).asc())).all(db).await?;
    assert_eq!(distinct[0], (price("5"), 0, price("7")));
    Ok(())
}

/// Averages have all the digits of a floating point number, those of decimals the digits of their column.
pub async fn averages(db: &Db) -> Result<()> {
    blog(db).await?;
    let views = Post::query().filter(|p| p.views.gt(0)).select(|p| p.views.avg()).one(db).await?;
    assert!((views.unwrap() - 22.0 / 3.0).abs() < 1e-12, "{views:?}");
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    Ticket::insert_many(["0.07", "0.08", "1.26", "1.27"].map(|text| NewTicket::new(price(text)))).run(db).await?;
    for (least, most, wanted) in [("0.07", "0.08", "0.08"), ("1.26", "1.27", "1.27")] {
        let prices = Ticket::query().filter(|t| t.price.between(price(least), price(most)));
        assert_eq!(prices.select(|t| t.price.avg()).one(db).await?, Some(price(wanted)));
    }
    let sum = Ticket::query().filter(|t| t.price.lt(1)).select(|t| (t.price.coalesce(0) * price("1.1")).sum());
    assert_eq!(sum.one(db).await?, Some(price("0.165")));
    Ok(())
}

/// What can have many values in a group is refused everywhere, not taken from any row.
pub async fn ungrouped_columns(db: &Db) -> Result<()> {
    blog(db).await?;
    let is_refused = |outcome: Result<()>, column: &str| {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query), "{error:?}");
        let place = format!("column \"{column}\" of \"post\" can have many values in a group");
        assert!(error.to_string().contains(&place), "{error}");
    };
    let query = || Post::query().group_by(|p| p.status);
    is_refused(query().select(|p| (p.title, p.id.count())).all(db).await.map(drop), "title");
    is_refused(query().select(|p| (p.status, p.views + p.id.count())).all(db).await.map(drop), "views");
    is_refused(query().order_by(|p| p.views.asc()).select(|p| p.status).all(db).await.map(drop), "views");
    is_refused(query().having(|p| p.views.gt(1)).select(|p| p.status).all(db).await.map(drop), "views");
    is_refused(query().all(db).await.map(drop), "id");
    let whole = query().all(db).await.unwrap_err().to_string();
    assert!(whole.contains("all columns of Post are read here"), "nobody wrote the column: {whole}");
    // In a subquery as well, where PostgreSQL takes only columns that are grouped by for settled.
    let in_sum = Post::query()
        .group_by(|p| p.status)
        .select(|outer| (outer.status, User::query().select(move |u| (u.id + outer.views).sum()).as_expr()));
    is_refused(in_sum.all(db).await.map(drop), "views");
    let titled = Post::query().group_by(|p| p.title.lower()).having(|outer| {
        User::query().filter(move |u| u.name.eq(outer.title.lower())).select(|u| u.id.count()).as_expr().gt(0)
    });
    is_refused(titled.select(|p| p.title.lower()).all(db).await.map(drop), "title");
    is_refused(Post::query().select(|p| (p.title, p.id.count())).all(db).await.map(drop), "title");
    let by_ann = query().having(|p| p.user.has(|u| u.name.eq("ann")));
    is_refused(by_ann.select(|p| p.status).all(db).await.map(drop), "user_id");
    // Of a primary key all other columns follow.
    let rows =
        Post::query().group_by(|p| p.id).order_by(|p| p.title.asc()).select(|p| (p, p.views.sum())).all(db).await?;
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|(post, sum)| *sum == Some(i64::from(post.views))));
    Ok(())
}

/// A query may be used within itself: what a subquery reads is its own.
pub async fn shares_of_a_total(db: &Db) -> Result<()> {
    blog(db).await?;
    let base = Post::query().filter(|p| p.views.ge(0));
    let total = base.clone().select(|p| p.id.count()).as_expr();
    let shares = base.clone().group_by(|p| p.user_id).order_by(|p| p.id.count().desc());
    let shares = shares.select(|p| (p.id.count(), total)).all(db).await?;
    assert_eq!(shares, [(3, Some(4)), (1, Some(4))]);
    let most = base.clone().order_by(|p| p.views.desc()).limit(1).select(|p| p.title).as_expr();
    let row = base.select(|p| (p.id.count(), most)).one(db).await?;
    assert_eq!(row.0, 4);
    assert!(row.1.is_some());
    Ok(())
}

/// The order of a single row, or of rows that are counted, does not matter.
pub async fn orders_that_do_not_matter(db: &Db) -> Result<()> {
    blog(db).await?;
    let ordered = Post::query().order_by(|p| p.views.asc());
    assert_eq!(ordered.clone().select(|p| p.views.sum()).one(db).await?, Some(22));
    assert_eq!(ordered.clone().select(|p| p.user_id.count_distinct()).one(db).await?, 2);
    let most = ordered.clone().select(|p| p.views.max()).as_expr();
    assert_eq!(Post::query().filter(|p| p.views.eq(most)).count(db).await?, 1);
    assert_eq!(ordered.distinct().select(|p| p.status).count(db).await?, 3);
    assert_eq!(Post::query().group_by(|p| p.status).count(db).await?, 3);
    let groups = || Post::query().group_by(|p| p.user_id).having(|p| p.id.count().gt(1));
    assert!(groups().exists(db).await?);
    assert!(!groups().offset(1).exists(db).await?);
    assert_eq!((groups().count(db).await?, groups().limit(5).count(db).await?), (1, 1));
    assert!(!Post::query().group_by(|p| p.user_id).having(|p| p.id.count().gt(9)).exists(db).await?);
    Ok(())
}

/// Groups that are looked for in a subquery, or that one looks at.
pub async fn having_of_groups_in_subqueries(db: &Db) -> Result<()> {
    let ([_, bob, _], _) = blog(db).await?;
    NewPost::new("bob", &bob).insert(db).await?;
    let names = User::query()
        .filter(|u| u.name.ne("bob"))
        .order_by(|u| u.name.asc())
        .select(|u| u.name.lower())
        .all(db)
        .await?;
    let named = User::query()
        .group_by(|u| u.name.lower())
        .having(|u| u.name.lower().in_(Post::query().select(|p| p.title.lower())));
    assert_eq!(named.select(|u| u.name.lower()).all(db).await?, ["bob"]);
    let unnamed = User::query()
        .group_by(|u| u.name.lower())
        .having(|u| u.name.lower().not_in(Post::query().select(|p| p.title.lower())));
    let unnamed = unnamed.order_by(|u| u.name.lower().asc()).select(|u| u.name.lower()).all(db).await?;
    assert_eq!(unnamed, names);
    let of_own = User::query().group_by(|u| u.id).having(|u| u.posts.any(|p| p.title.eq(u.name)));
    assert_eq!(of_own.select(|u| u.name).all(db).await?, ["bob"]);
    Ok(())
}

/// One row of many is one row.
pub async fn counts_of_aggregates(db: &Db) -> Result<()> {
    blog(db).await?;
    let sum = || Post::query().select(|p| p.views.sum());
    assert_eq!(sum().count(db).await?, 1);
    assert!(sum().filter(|p| p.id.lt(0)).exists(db).await?);
    Ok(())
}

/// Distinct rows have an order by what they are made of.
pub async fn distinct_orders(db: &Db) -> Result<()> {
    blog(db).await?;
    let query = || Post::query().distinct();
    let error = query().order_by(|p| p.views.asc()).select(|p| p.status).all(db).await.unwrap_err();
    assert!(error.to_string().contains("not selected"), "{error}");
    let rows = query().order_by(|p| p.status.desc()).select(|p| (p.status, p.user_id)).all(db).await?;
    assert_eq!(rows.first().map(|row| row.0), Some(Status::Archived));
    assert_eq!(query().order_by(|p| p.title.asc()).all(db).await?.len(), 4);
    Ok(())
}

/// What the error of a wrong query says.
fn said<T>(outcome: Result<T>) -> String {
    let error = outcome.err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::Query), "{error:?}");
    error.to_string()
}

/// HAVING needs groups: those of `group_by`, or the one that a list of aggregates makes of all rows.
pub async fn having_without_groups(db: &Db) -> Result<()> {
    blog(db).await?;
    let several = || Post::query().having(|p| p.id.count().gt(1));
    let outcomes = [
        said(several().all(db).await),
        said(several().first(db).await),
        said(several().count(db).await),
        said(several().exists(db).await),
        said(several().select(|p| p.title).all(db).await),
        said(several().select(|p| (p.title, p.views)).count(db).await),
        said(Post::query().having(|p| p.views.gt(1)).all(db).await),
        said(User::query().filter(|u| u.id.in_(several().select(|p| p.user_id))).all(db).await),
    ];
    for said in outcomes {
        assert!(said.starts_with("`having` chooses among groups, and this query has none"), "{said}");
        assert!(["`group_by`", "`select`", "`filter`"].iter().all(|word| said.contains(word)), "{said}");
    }
    let ordered = said(Post::query().order_by(|p| p.views.max().desc()).all(db).await);
    assert!(ordered.starts_with("`order_by` has an aggregate"), "{ordered}");
    assert_eq!(several().select(|p| (p.id.count(), p.views.sum())).all(db).await?, [(4, Some(22))]);
    assert_eq!(Post::query().having(|p| p.id.count().gt(4)).select(|p| p.views.max()).all(db).await?, []);
    Ok(())
}

/// They are refused before anything is sent, by name and place.
pub async fn aggregates_where_none_can_stand(db: &Db) -> Result<()> {
    let ([ann, ..], _) = blog(db).await?;
    let query = Post::query;
    let total = move |p: <Post as pilaster::Model>::Columns<pilaster::query::NotNull>| {
        User::query().select(move |_| p.views.sum()).as_expr()
    };
    let upsert = || NewPost::new("x", &ann).id(1).on_conflict(Post::PRIMARY_KEY);
    let outcomes = [
        (said(query().filter(|p| p.id.count().gt(1)).all(db).await), "count", "`filter`"),
        (said(query().filter(|p| p.views.gt(1) & p.views.max().lt(1)).count(db).await), "max", "`filter`"),
        (said(query().filter(|_| pilaster::count_rows().gt(1)).exists(db).await), "count_rows", "`filter`"),
        (said(query().filter(|p| !p.views.sum().in_([1, 2])).group_by(|p| p.id).all(db).await), "sum", "`filter`"),
        (said(User::query().filter(|u| u.posts.any(|p| p.views.avg().gt(1.0))).all(db).await), "avg", "`filter`"),
        // It reads rows of the query around its own only, and so is one of that.
        (said(query().filter(move |p| total(p).gt(1)).all(db).await), "sum", "`filter`"),
        (said(query().join_on::<User>(|p, u| u.id.eq(p.id.min())).all(db).await), "min", "the condition of a join"),
        (said(query().group_by(|p| p.id.count()).select(|p| p.id.count()).all(db).await), "count", "`group_by`"),
        (said(query().group_by(|p| p.id.count()).all(db).await), "count", "`group_by`"),
        (said(query().select(|p| p.views.sum().max()).all(db).await), "sum", "another one, `max`"),
        (
            said(query().group_by(|p| p.id).having(|p| (p.views.count_distinct() + 1).sum().gt(1)).count(db).await),
            "count_distinct",
            "another one, `sum`",
        ),
        (
            said(Post::update().filter(|p| p.id.count().gt(1)).set(|p| p.views, 1).run(db).await),
            "count",
            "the `filter` of an update or a delete",
        ),
        (
            said(Post::delete_many().filter(|p| p.views.min().gt(1)).run(db).await),
            "min",
            "the `filter` of an update or a delete",
        ),
        (
            said(Post::update().all_rows().set_to(|p| (p.views, p.views.max().coalesce(0))).run(db).await),
            "max",
            "what is set in a row",
        ),
        (
            said(upsert().set_to(|old, new| (old.views, new.views.max().coalesce(0))).run(db).await),
            "max",
            "what is set in a row",
        ),
    ];
    for (said, name, place) in outcomes {
        assert!(said.starts_with(&format!("the aggregate `{name}` cannot stand in {place}")), "{said}");
        let helps = ["`having`", "subquery", "group rows"];
        assert!(helps.iter().any(|help| said.contains(help)), "{said}");
    }
    assert_eq!(query().select(|p| p.views.sum()).one(db).await?, Some(22), "nothing was changed");
    Ok(())
}

/// A subquery has aggregates of its own wherever it stands, and HAVING those of the groups in subqueries, too.
pub async fn aggregates_in_subqueries(db: &Db) -> Result<()> {
    let ([ann, bob, _], posts) = blog(db).await?;
    let most = || Post::query().select(|p| p.views.max()).as_expr();
    assert_eq!(Post::query().filter(|p| p.views.eq(most())).all(db).await?, posts[..1]);
    let writers = User::query().filter(|u| u.posts.count().gt(0)).order_by(|u| u.id.asc()).all(db).await?;
    assert_eq!(writers, [ann.clone(), bob.clone()]);
    let above = Post::query().filter(|outer| {
        let own = Post::query().filter(move |p| p.user_id.eq(outer.user_id)).select(|p| p.views.max()).as_expr();
        outer.views.eq(own)
    });
    assert_eq!(above.order_by(|p| p.id.asc()).select(|p| p.views).all(db).await?, [10, 7]);
    // It reads rows of both queries, and so is one of the inner.
    let both = Post::query().filter(|outer| {
        let all = Post::query().filter(|p| p.views.gt(0)).select(move |p| (p.views + outer.views).max()).as_expr();
        all.eq(17)
    });
    assert_eq!(both.select(|p| p.views).all(db).await?, [7]);
    let joined = Post::query().join_on::<User>(|p, u| p.user_id.eq(u.id) & p.views.eq(most()));
    assert_eq!(joined.select(|(_, u)| u.name).all(db).await?, ["ann"]);
    let many = Post::query().group_by(|p| p.user_id).having(|p| p.id.count().gt(1)).select(|p| p.user_id);
    assert_eq!(User::query().filter(|u| u.id.in_(many.clone())).all(db).await?, [ann.clone()]);
    let grouped = Post::query().group_by(|p| p.user_id).having(|outer| {
        User::query().filter(move |u| u.id.le(outer.id.max())).select(|u| u.id.count()).as_expr().gt(0)
    });
    assert_eq!(grouped.count(db).await?, 2);
    Post::update().filter(|p| p.user_id.in_(many.clone())).set_to(|p| (p.views, most().coalesce(0))).run(db).await?;
    assert_eq!(Post::query().filter(|p| p.user_id.eq(ann.id)).select(|p| p.views.min()).one(db).await?, Some(10));
    assert_eq!(Post::delete_many().filter(|p| p.user_id.in_(many)).run(db).await?, 3);
    Ok(())
}

pub async fn floats(db: &Db) -> Result<()> {
    blog(db).await?;
    let row = Post::query().select(|p| (p.rating.sum(), p.rating.avg(), p.rating.min())).one(db).await?;
    assert_eq!(row, (Some(6.5), Some(3.25), Some(2.0)));
    Ok(())
}

pub async fn decimals(db: &Db) -> Result<()> {
    let prices = ["0.10", "0.20", "0.30", "99999.99"];
    let rows = prices.map(|price| NewTicket::new(price.parse::<Decimal>().unwrap()));
    Ticket::insert_many(rows).run(db).await?;
    let (sum, least, most) = Ticket::query().select(|t| (t.price.sum(), t.price.min(), t.price.max())).one(db).await?;
    assert_eq!(sum, Some("100000.59".parse().unwrap()));
    assert_eq!((least, most), (Some("0.10".parse().unwrap()), Some("99999.99".parse().unwrap())));
    let cheap: Decimal = "0.3".parse().unwrap();
    assert_eq!(Ticket::query().filter(|t| t.price.eq(cheap)).count(db).await?, 1);
    assert_eq!(Ticket::query().filter(|t| t.price.lt(cheap)).count(db).await?, 2);
    // 0.1 + 0.2 as floating point numbers is not 0.3.
    let computed = Ticket::query().filter(|t| t.price.lt(cheap)).select(|t| ((t.price * 1).sum(), (t.price * 1).avg()));
    assert_eq!(computed.one(db).await?, (Some(cheap), Some("0.15".parse().unwrap())));
    Ok(())
}

/// Whole numbers beside exact ones: values and columns, computed and compared.
pub async fn decimals_and_integers(db: &Db) -> Result<()> {
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    NewSeat::new(1, 3).insert(db).await?;
    let rows = ["1.10", "5.00", "99999.99"].map(|text| NewTicket::new(price(text)).hall(1).number(3));
    Ticket::insert_many(rows).run(db).await?;
    let computed = Ticket::query()
        .order_by(|t| t.id.asc())
        .select(|t| (t.price * 2, t.price * t.number, t.price + 1_i64, t.price - t.hall, t.price / 2))
        .all(db)
        .await?;
    let expected = [
        ["2.2", "3.3", "2.1", "0.1", "0.55"],
        ["10", "15", "6", "4", "2.5"],
        ["199999.98", "299999.97", "100000.99", "99998.99", "49999.995"],
    ];
    for ((a, b, c, d, e), expected) in computed.into_iter().zip(expected) {
        assert_eq!([a, b, c, d, e], expected.map(price));
    }
    assert_eq!(Ticket::query().filter(|t| t.price.eq(5)).count(db).await?, 1);
    assert_eq!(Ticket::query().filter(|t| t.price.gt(t.number)).count(db).await?, 2);
    assert_eq!(Ticket::query().filter(|t| t.price.in_([5, 6]) | t.price.between(1_u8, 2)).count(db).await?, 2);
    assert_eq!(Ticket::query().filter(|t| (t.price * t.number).lt(4)).count(db).await?, 1);
    Ticket::update().filter(|t| t.price.lt(2)).set_to(|t| (t.price, t.price * 3)).run(db).await?;
    Ticket::update().filter(|t| t.price.eq(5)).set(|t| t.price, 7).run(db).await?;
    let stored = Ticket::query().order_by(|t| t.price.asc()).select(|t| t.price).all(db).await?;
    assert_eq!(stored, ["3.30", "7.00", "99999.99"].map(price));
    Ok(())
}

pub async fn counts_of_groups(db: &Db) -> Result<()> {
    blog(db).await?;
    let groups = Post::query().group_by(|p| p.status).select(|p| (p.status, p.id.count()));
    assert_eq!(groups.clone().count(db).await?, 3);
    let page = groups.order_by(|p| p.status.asc()).paginate(2, 2, db).await?;
    assert_eq!((page.items, page.total), (vec![(Status::Archived, 1)], 3));
    Ok(())
}
