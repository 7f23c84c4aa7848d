//! What the database refuses, and what the error says about it.

use pilaster::{Db, Dialect, ErrorKind, Result};

use super::{place, post, quoted, users};
use crate::models::{NewPost, NewSeat, NewTag, NewTicket, NewUser, Post, Tag, User};

pub async fn unique(db: &Db) -> Result<()> {
    users(db, ["ann"]).await?;
    let error = NewUser::new("ann").insert(db).await.unwrap_err();
    let ErrorKind::UniqueViolation(violation) = error.kind() else { panic!("{error:?}") };
    assert!(violation.constraint.is_some() || violation.columns == ["name"], "{violation:?}");
    if let Some(table) = &violation.table {
        assert_eq!(table, "user");
    }
    let [bob] = users(db, ["bob"]).await?;
    let clash = User::update().filter(|u| u.id.eq(bob.id)).set(|u| u.name, "ann").run(db).await.unwrap_err();
    assert!(clash.is_unique_violation());
    Ok(())
}

pub async fn primary_key(db: &Db) -> Result<()> {
    NewTag::new("x").insert(db).await?;
    let error = NewTag::new("x").insert(db).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(Tag::query().count(db).await?, 1);
    Ok(())
}

pub async fn foreign_key(db: &Db) -> Result<()> {
    let error = NewPost::new("x", 999_i64).insert(db).await.unwrap_err();
    of_key(&error, "post", "user_id");
    let [ann] = users(db, ["ann"]).await?;
    let rows = [NewPost::new("a", &ann), NewPost::new("b", &ann).editor_id(999_i64)];
    of_key(&Post::insert_many(rows).run(db).await.unwrap_err(), "post", "editor_id");
    let mut post = post(db, &ann, "x").await?;
    post.editor_id = Some(999);
    of_key(&post.save(db).await.unwrap_err(), "post", "editor_id");
    let error = Post::update().filter(|p| p.id.eq(post.id)).set(|p| p.user_id, 999).run(db).await.unwrap_err();
    of_key(&error, "post", "user_id");
    Ok(())
}

/// A foreign key's violation that names its table and column.
fn of_key(error: &pilaster::Error, table: &str, column: &str) {
    let ErrorKind::ForeignKeyViolation(found) = error.kind() else { panic!("{error:?}") };
    assert_eq!(
        (found.table.as_deref(), found.columns.as_slice()),
        (Some(table), &[column.to_owned()][..]),
        "{error:?}"
    );
}

pub async fn check(db: &Db) -> Result<()> {
    let [ann] = users(db, ["ann"]).await?;
    let error = NewPost::new("", &ann).insert(db).await.unwrap_err();
    let ErrorKind::CheckViolation(violation) = error.kind() else { panic!("{error:?}") };
    assert_eq!(violation.constraint.as_deref(), Some("title_not_empty"), "{violation:?}");
    assert_eq!(violation.table.as_deref(), Some("post"));
    Ok(())
}

pub async fn not_null(db: &Db) -> Result<()> {
    let insert = format!("INSERT INTO {} (name) VALUES ({})", quoted(db, "user"), place(db, 1));
    let error = db.sql(insert).bind(None::<String>).execute().await.unwrap_err();
    let ErrorKind::NotNullViolation(violation) = error.kind() else { panic!("{error:?}") };
    assert_eq!(violation.columns, ["name"]);
    Ok(())
}

pub async fn restricted_delete(db: &Db) -> Result<()> {
    let seat = NewSeat::new(1, 1).insert(db).await?;
    let price: pilaster::rust_decimal::Decimal = "1.00".parse().unwrap();
    NewTicket::new(price).hall(1).number(1).insert(db).await?;
    let error = seat.delete(db).await.unwrap_err();
    let ErrorKind::ForeignKeyViolation(violation) = error.kind() else { panic!("{error:?}") };
    assert_eq!(violation.table.as_deref(), Some("ticket"));
    Ok(())
}

pub async fn what_is_wrong_stays_out(db: &Db) -> Result<()> {
    let [ann, bob] = users(db, ["ann", "bob"]).await?;
    let rows = [NewPost::new("one", &ann), NewPost::new("two", &bob), NewPost::new("", &ann)];
    Post::insert_many(rows).run(db).await.unwrap_err();
    assert_eq!(Post::query().count(db).await?, 0);
    // `set_null` when the editor goes, `cascade` when the author goes.
    let post = NewPost::new("x", &ann).editor_id(&bob).insert(db).await?;
    bob.delete(db).await?;
    assert_eq!(Post::get(db, post.id).await?.unwrap().editor_id, None);
    ann.delete(db).await?;
    assert_eq!(Post::get(db, post.id).await?, None);
    Ok(())
}

pub async fn a_killed_connection_is_replaced(db: &Db) -> Result<()> {
    let others = match db.dialect() {
        Dialect::Postgres => {
            "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        }
        Dialect::Mysql => {
            "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        }
        // A file has no connections that somebody else could close.
        _ => return Ok(()),
    };
    users(db, ["ann"]).await?;
    for _ in 0..3 {
        let tx = db.begin().await?;
        // On another connection, which is then idle.
        assert_eq!(User::query().count(db).await?, 1);
        let idle = tx.sql(others).all::<i64>().await?;
        assert!(!idle.is_empty());
        for id in idle {
            let kill = match db.dialect() {
                Dialect::Mysql => format!("KILL CONNECTION {id}"),
                _ => format!("SELECT pg_terminate_backend({id})"),
            };
            tx.sql(kill).execute().await?;
        }
        // Whoever reads next need not know.
        assert_eq!(User::query().count(db).await?, 1);
        tx.commit().await?;
    }
    Ok(())
}
