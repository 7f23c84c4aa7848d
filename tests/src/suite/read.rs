//! Reading rows: by key, in order, in pages, as something else.

use pilaster::{Db, Dialect, ErrorKind, Result, Sql, uuid};

use super::{blog, names, place, quoted, titles, users};
use crate::models::{NewPost, NewSeat, NewUser, Post, Seat, Status, User};

pub async fn by_key(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    assert_eq!(User::get(db, bob.id).await?, Some(bob));
    assert_eq!(User::get(db, ann.id + 1000).await?, None);
    Ok(())
}

pub async fn by_unique_key(db: &Db) -> Result<()> {
    let [ann, _] = users(db, ["ann", "bob"]).await?;
    assert_eq!(User::by_name(db, "ann").await?, Some(ann));
    assert_eq!(User::by_name(db, "Ann").await?, None);
    assert_eq!(User::by_name(db, "").await?, None);
    Ok(())
}

pub async fn by_key_of_two_columns(db: &Db) -> Result<()> {
    let seat = NewSeat::new(1, 7).label("window").insert(db).await?;
    NewSeat::new(7, 1).insert(db).await?;
    assert_eq!(Seat::get(db, (1, 7)).await?, Some(seat));
    assert_eq!(Seat::get(db, (1, 1)).await?, None);
    Ok(())
}

pub async fn all_and_first(db: &Db) -> Result<()> {
    assert_eq!(User::query().all(db).await?, []);
    assert_eq!(User::query().first(db).await?, None);
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    assert_eq!(User::query().order_by(|u| u.name.desc()).first(db).await?, Some(bob.clone()));
    assert_eq!(User::query().order_by(|u| u.id.asc()).all(db).await?, [ann, bob]);
    Ok(())
}

pub async fn one(db: &Db) -> Result<()> {
    let [ann, _] = users(db, ["ann", "bob"]).await?;
    assert_eq!(User::query().filter(|u| u.name.eq("ann")).one(db).await?, ann);
    let none = User::query().filter(|u| u.name.eq("eve")).one(db).await.unwrap_err();
    assert!(none.is_not_found() && none.to_string().contains("User"), "{none}");
    let two = User::query().one(db).await.unwrap_err();
    assert_eq!(two.kind(), &ErrorKind::NotUnique);
    // A limit of one's own does not hide that there are several... and is kept when it is smaller.
    assert_eq!(User::query().order_by(|u| u.id.asc()).limit(1).one(db).await?, ann);
    Ok(())
}

pub async fn one_or_none(db: &Db) -> Result<()> {
    let [ann, _] = users(db, ["ann", "bob"]).await?;
    assert_eq!(User::query().filter(|u| u.id.eq(ann.id)).one_or_none(db).await?, Some(ann));
    assert_eq!(User::query().filter(|u| u.name.eq("eve")).one_or_none(db).await?, None);
    assert_eq!(User::query().one_or_none(db).await.unwrap_err().kind(), &ErrorKind::NotUnique);
    Ok(())
}

pub async fn count_and_exists(db: &Db) -> Result<()> {
    assert_eq!(User::query().count(db).await?, 0);
    assert!(!User::query().exists(db).await?);
    users(db, ["ann", "bob", "eve"]).await?;
    assert_eq!(User::query().count(db).await?, 3);
    assert_eq!(User::query().filter(|u| u.name.gt("b")).count(db).await?, 2);
    assert_eq!(User::query().limit(2).count(db).await?, 2);
    assert_eq!(User::query().limit(2).offset(2).count(db).await?, 1);
    assert!(User::query().filter(|u| u.name.eq("eve")).exists(db).await?);
    assert!(!User::query().limit(0).exists(db).await?);
    Ok(())
}

pub async fn order_by_several(db: &Db) -> Result<()> {
    blog(db).await?;
    let order = Post::query().order_by(|p| (p.status.desc(), p.views.asc())).all(db).await?;
    assert_eq!(titles(&order), ["Rust and SQL", "Empty", "Rust", "SQL"]);
    let again = Post::query().order_by(|p| p.status.desc()).order_by(|p| p.views.asc()).all(db).await?;
    assert_eq!(order, again);
    let reversed = Post::query().order_by(|p| [p.views.asc().reverse(), p.id.asc()]).all(db).await?;
    assert_eq!(titles(&reversed), ["Rust", "Rust and SQL", "SQL", "Empty"]);
    Ok(())
}

pub async fn nulls_are_ordered_as_told(db: &Db) -> Result<()> {
    let rows = [NewUser::new("a").age(2), NewUser::new("b"), NewUser::new("c").age(1)];
    User::insert_many(rows).run(db).await?;
    let by = async |sort: fn(crate::models::UserColumns) -> pilaster::Sort| {
        let users = User::query().order_by(sort).all(db).await?;
        Result::Ok(names(&users).join(""))
    };
    assert_eq!(by(|u| u.age.asc().nulls_last()).await?, "cab");
    assert_eq!(by(|u| u.age.asc().nulls_first()).await?, "bca");
    assert_eq!(by(|u| u.age.desc().nulls_last()).await?, "acb");
    assert_eq!(by(|u| u.age.desc().nulls_first()).await?, "bac");
    // Without a word about it, NULLs stand in one place on every database.
    assert_eq!(by(|u| u.age.asc()).await?, "bca");
    assert_eq!(by(|u| u.age.desc()).await?, "acb");
    Ok(())
}

pub async fn enums_are_ordered_by_declaration(db: &Db) -> Result<()> {
    blog(db).await?;
    let statuses = Post::query().order_by(|p| p.status.asc()).select(|p| p.status).all(db).await?;
    assert_eq!(statuses, [Status::Draft, Status::Published, Status::Published, Status::Archived]);
    Ok(())
}

pub async fn limit_and_offset(db: &Db) -> Result<()> {
    users(db, ["a", "b", "c", "d"]).await?;
    let ordered = || User::query().order_by(|u| u.name.asc());
    assert_eq!(names(&ordered().limit(2).all(db).await?), ["a", "b"]);
    assert_eq!(names(&ordered().limit(2).offset(1).all(db).await?), ["b", "c"]);
    assert_eq!(names(&ordered().offset(3).all(db).await?), ["d"]);
    assert_eq!(names(&ordered().limit(0).all(db).await?), [""; 0]);
    assert_eq!(names(&ordered().offset(9).all(db).await?), [""; 0]);
    Ok(())
}

pub async fn pages(db: &Db) -> Result<()> {
    users(db, ["a", "b", "c", "d", "e"]).await?;
    let ordered = || User::query().order_by(|u| u.name.asc());
    let page = ordered().paginate(2, 2, db).await?;
    assert_eq!(names(&page.items), ["c", "d"]);
    assert_eq!((page.total, page.pages(), page.page, page.per_page), (5, 3, 2, 2));
    assert!(page.has_next() && page.has_prev());
    let last = ordered().paginate(3, 2, db).await?;
    assert_eq!((names(&last.items), last.has_next()), (vec!["e"], false));
    let behind = ordered().paginate(9, 2, db).await?;
    assert_eq!((behind.items.len(), behind.total), (0, 5));
    let empty = ordered().filter(|u| u.name.eq("z")).paginate(1, 10, db).await?;
    assert_eq!((empty.total, empty.pages(), empty.has_next(), empty.has_prev()), (0, 0, false, false));
    for (page, per_page) in [(0, 2), (1, 0), (u64::MAX, 2)] {
        assert_eq!(ordered().paginate(page, per_page, db).await.unwrap_err().kind(), &ErrorKind::Query);
    }
    Ok(())
}

pub async fn distinct(db: &Db) -> Result<()> {
    blog(db).await?;
    let authors = Post::query().select(|p| p.user_id).distinct().all(db).await?;
    assert_eq!(authors.len(), 2);
    assert_eq!(Post::query().select(|p| p.user_id).distinct().count(db).await?, 2);
    Ok(())
}

pub async fn optional_filters(db: &Db) -> Result<()> {
    blog(db).await?;
    let search = async |title: Option<&str>, views: Option<i32>| {
        Post::query()
            .filter_if(title, |p, title| p.title.contains(title))
            .filter_if(views, |p, views| p.views.ge(views))
            .count(db)
            .await
    };
    assert_eq!(search(None, None).await?, 4);
    assert_eq!(search(Some("Rust"), None).await?, 2);
    assert_eq!(search(Some("Rust"), Some(8)).await?, 1);
    Ok(())
}

pub async fn order_by_a_choice(db: &Db) -> Result<()> {
    blog(db).await?;
    let by = |choice: &str| {
        Post::query().order_by_choice(choice, |p| vec![("title", p.title.asc()), ("views", p.views.asc())])
    };
    assert_eq!(titles(&by("title")?.all(db).await?), ["Empty", "Rust", "Rust and SQL", "SQL"]);
    assert_eq!(titles(&by("-views")?.all(db).await?), ["Rust", "Rust and SQL", "SQL", "Empty"]);
    let wrong = by("title; DROP TABLE post").unwrap_err();
    assert!(wrong.to_string().contains("title, views"), "{wrong}");
    Ok(())
}

pub async fn select_tuples(db: &Db) -> Result<()> {
    blog(db).await?;
    let rows: Vec<(String, Status, Option<f64>, i32)> = Post::query()
        .order_by(|p| p.id.asc())
        .select(|p| (p.title, p.status, p.rating, p.views + 1))
        .limit(2)
        .all(db)
        .await?;
    let rust = ("Rust".to_owned(), Status::Published, Some(4.5), 11);
    assert_eq!(rows, [rust, ("SQL".to_owned(), Status::Draft, None, 6)]);
    Ok(())
}

pub async fn select_models(db: &Db) -> Result<()> {
    let ([ann, ..], posts) = blog(db).await?;
    let rows: Vec<(User, String, Post)> = Post::query()
        .join(|p| p.user)
        .order_by(|(p, _)| p.id.asc())
        .select(|(p, u)| (u, p.title, p))
        .limit(1)
        .all(db)
        .await?;
    assert_eq!(rows, [(ann, "Rust".to_owned(), posts[0].clone())]);
    Ok(())
}

pub async fn map_into_a_struct(db: &Db) -> Result<()> {
    #[derive(Debug, PartialEq)]
    struct Line {
        text: String,
        long: bool,
    }
    blog(db).await?;
    let query = Post::query()
        .order_by(|p| p.id.asc())
        .select(|p| (p.title, p.views))
        .map(|(title, views)| Line { text: format!("{title}: {views}"), long: title.len() > 4 });
    let first = query.clone().first(db).await?;
    assert_eq!(first, Some(Line { text: "Rust: 10".into(), long: false }));
    assert_eq!(query.filter(|p| p.title.eq("Empty")).all(db).await?, [Line { text: "Empty: 0".into(), long: true }]);
    Ok(())
}

/// Rows of hand-written SQL are models by the names of their columns, in whatever order these come.
pub async fn raw_sql_gives_models(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let post = NewPost::new("x", ann.id).rating(1.5).views(3).insert(db).await?;
    let (user, by_id) = (quoted(db, "user"), "ORDER BY id");
    assert_eq!(db.sql(format!("SELECT * FROM {user} {by_id}")).all::<User>().await?, [ann.clone(), bob.clone()]);
    let other = format!("SELECT age, bio, 7 AS more, email, name, id FROM {user} {by_id}");
    assert_eq!(db.sql(&other).all::<User>().await?, [ann.clone(), bob.clone()]);
    assert_eq!(db.sql(&other).first::<User>().await?, Some(ann.clone()));
    let mut rows = db.sql(&other).stream::<User>();
    assert_eq!(rows.next().await.transpose()?, Some(ann.clone()));
    drop(rows);
    let backwards = "SELECT editor_id, user_id, rating, views, status, body, title, id FROM post";
    assert_eq!(db.sql(backwards).one::<Post>().await?, post);
    // PostgreSQL calls a column as it was made, the others as the query does.
    let loud = format!("SELECT ID, Name, EMAIL, bio, age FROM {user} {by_id}");
    assert_eq!(db.sql(loud).all::<User>().await?, [ann.clone(), bob.clone()]);

    let refused = async |sql: String, expected: &str| {
        let error = db.sql(sql).all::<User>().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Query, "{error}");
        assert!(error.message().starts_with(expected), "{error}");
    };
    refused(format!("SELECT id, name FROM {user}"), "the result has no column named \"email\", which User has").await;
    let twice = format!("SELECT * FROM {user} JOIN post ON post.user_id = {user}.id");
    refused(twice, "the result has several columns named \"id\", which User has").await;
    // Who is NULL where there is no Option is named.
    let error =
        db.sql(format!("SELECT age, bio, email, NULL AS name, id FROM {user}")).all::<User>().await.unwrap_err();
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error}") };
    assert_eq!((cell.table.as_deref(), cell.column.as_deref()), (Some("user"), Some("name")));
    Ok(())
}

/// Lists are arrays of PostgreSQL; who has none says what to write.
pub async fn raw_sql_takes_lists(db: &Db) -> Result<()> {
    let [ann, _, eve] = users(db, ["ann", "bob", "eve"]).await?;
    let user = quoted(db, "user");
    if db.dialect() != Dialect::Postgres {
        let sql = format!("SELECT count(*) FROM {user} WHERE id IN (?)");
        let error = db.sql(&sql).bind(vec![1, 2]).one::<i64>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error}");
        assert!(error.to_string().contains("`IN (?, ?)`"), "{error}");
        let error = db.sql(sql).bind([Status::Draft]).one::<i64>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error}");
        let error = db.sql("SELECT 1").one::<Vec<i64>>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
        return Ok(());
    }
    let by = async |sql: Sql<'_, &Db>| sql.all::<String>().await;
    let ids = "SELECT name FROM \"user\" WHERE id = ANY($1) ORDER BY id";
    assert_eq!(by(db.sql(ids).bind(vec![eve.id, ann.id])).await?, ["ann", "eve"]);
    // Whole numbers fit what the server makes of the place, as single ones do.
    assert_eq!(by(db.sql(ids).bind(vec![1_i16, 3])).await?, ["ann", "eve"]);
    let list = vec![ann.id];
    assert_eq!(by(db.sql(ids).bind(&list)).await?, ["ann"]);
    assert_eq!(by(db.sql(ids).bind(list.as_slice())).await?, ["ann"]);
    assert_eq!(by(db.sql(ids).bind(Vec::<i64>::new())).await?, [] as [&str; 0]);
    let names = "SELECT name FROM \"user\" WHERE name = ANY($1) ORDER BY id";
    assert_eq!(by(db.sql(names).bind(vec!["bob", "a'\"b"])).await?, ["bob"]);
    assert_eq!(by(db.sql(names).bind(vec!["eve".to_owned()])).await?, ["eve"]);
    // Whatever holds the list.
    assert_eq!(by(db.sql(ids).bind([eve.id, ann.id])).await?, ["ann", "eve"]);
    assert_eq!(by(db.sql(ids).bind(&[3_i64, 4])).await?, ["eve"]);
    assert_eq!(by(db.sql(names).bind(["bob"])).await?, ["bob"]);
    assert_eq!(by(db.sql(names).bind(&["bob", "eve"])).await?, ["bob", "eve"]);
    assert_eq!(by(db.sql(names).bind(&vec!["ann"])).await?, ["ann"]);
    let back =
        "SELECT ($1::boolean[])[2] AND ($2::float8[])[1] = 0.5 AND ($3::uuid[])[1] = $4 AND ($5::bytea[])[1] = $6";
    let id = uuid::Uuid::from_u128(7);
    let sql = db.sql(back).bind(vec![false, true]).bind(vec![0.5]).bind(vec![id]).bind(id);
    assert!(sql.bind(vec![vec![1_u8, 2]]).bind(vec![1_u8, 2]).one::<bool>().await?);
    let error = db.sql(ids).bind(vec!["one"]).all::<String>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error}");

    NewPost::new("first", ann.id).status(Status::Published).insert(db).await?;
    NewPost::new("second", ann.id).status(Status::Archived).insert(db).await?;
    let titles = "SELECT title FROM post WHERE status = ANY($1) ORDER BY id";
    assert_eq!(by(db.sql(titles).bind(vec![Status::Archived, Status::Draft])).await?, ["second"]);
    assert_eq!(by(db.sql(titles).bind([Status::Published])).await?, ["first"]);
    assert_eq!(by(db.sql(titles).bind(&Status::ALL[..2])).await?, ["first"]);
    Ok(())
}

/// Arrays of PostgreSQL are read as what they are bound from.
pub async fn raw_sql_gives_lists(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let post = NewPost::new("x", ann.id).status(Status::Published).insert(db).await?;
    if db.dialect() != Dialect::Postgres {
        let error = db.sql("SELECT title, id AS ids FROM post").all::<(String, Vec<i64>)>().await.unwrap_err();
        let ErrorKind::Decode(cell) = error.kind() else { panic!("{error}") };
        assert_eq!(cell.column.as_deref(), Some("ids"), "{error}");
        return Ok(());
    }
    let all = "SELECT array_agg(id ORDER BY id), array_agg(name ORDER BY id) FROM \"user\"";
    assert_eq!(db.sql(all).one::<Vec<i64>>().await?, [ann.id, bob.id]);
    let (ids, names) = db.sql(all).one::<(Vec<i64>, Vec<String>)>().await?;
    assert_eq!((ids, names.join(" ")), (vec![ann.id, bob.id], "ann bob".to_owned()));
    let per_post = "SELECT id, array_agg(status), NULL::int[] FROM post GROUP BY id";
    let rows = db.sql(per_post).all::<(i64, Vec<Status>, Option<Vec<i32>>)>().await?;
    assert_eq!(rows, [(post.id, vec![Status::Published], None)]);
    let error = db.sql("SELECT ARRAY[1, NULL] AS some").one::<Vec<i32>>().await.unwrap_err();
    assert!(error.to_string().contains("without NULL"), "{error}");
    let error = db.sql("SELECT NULL::int[] AS none").one::<Vec<i32>>().await.unwrap_err();
    let ErrorKind::Decode(cell) = error.kind() else { panic!("{error}") };
    assert_eq!(cell.column.as_deref(), Some("none"), "{error}");
    Ok(())
}

pub async fn raw_sql(db: &Db) -> Result<()> {
    users(db, ["ann", "bob"]).await?;
    let table = quoted(db, "user");
    let select = format!("SELECT name, age FROM {table} WHERE name = {}", place(db, 1));
    let rows: Vec<(String, Option<i32>)> = db.sql(&select).bind("ann").all().await?;
    assert_eq!(rows, [("ann".to_owned(), None)]);
    assert_eq!(db.sql(&select).bind("' OR 1 = 1 --").first::<String>().await?, None);
    let lengths = db.sql(&select).bind("bob").map(|row| Ok(row.by_name::<String>("name")?.len())).all().await?;
    assert_eq!(lengths, [3]);
    assert_eq!(db.sql(format!("UPDATE {table} SET age = 1")).execute().await?, 2);
    assert_eq!(db.sql(format!("SELECT count(*) FROM {table}")).one::<i64>().await?, 2);
    let bytes = match db.dialect() {
        Dialect::Postgres => "SELECT $1::bytea",
        _ => "SELECT ?",
    };
    assert_eq!(db.sql(bytes).bind(b"a\0b").one::<Vec<u8>>().await?, b"a\0b");
    let wrong = db.sql("SELEKT 1").one::<i64>().await.unwrap_err();
    assert_eq!(wrong.kind(), &ErrorKind::Query);
    Ok(())
}
