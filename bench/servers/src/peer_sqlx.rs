//! The same reads as one writes them with SQLx: one bare connection, the statement kept, rows decoded while they come.
//!
//! What a client reaches that is made for this tells what can be asked of one.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Result, Row};
use tokio::sync::Mutex;

use crate::data::{Post, User};
use crate::{Anything, hand_postgres};

const ONE: &str = "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined \
    FROM \"user\" WHERE id = $1";

/// A connection.
#[derive(Clone)]
pub struct Client(Arc<Mutex<PgConnection>>);

impl Client {
    pub async fn connect(url: &str) -> Anything<Self> {
        Ok(Self(Arc::new(Mutex::new(PgConnection::connect(url).await?))))
    }

    pub async fn all(&self) -> Anything<Vec<User>> {
        self.read(hand_postgres::USER, user).await
    }

    pub async fn join(&self) -> Anything<Vec<(User, Post)>> {
        self.read(hand_postgres::JOIN, |row| Ok((user(row)?, post(row)?))).await
    }

    pub async fn get(&self, id: i64) -> Anything<Option<User>> {
        let mut connection = self.0.lock().await;
        let row = sqlx::query(ONE).bind(id).fetch_optional(&mut *connection).await?;
        Ok(row.as_ref().map(user).transpose()?)
    }

    async fn read<T>(&self, sql: &'static str, decode: impl Fn(&PgRow) -> Result<T>) -> Anything<Vec<T>> {
        let mut connection = self.0.lock().await;
        let mut rows = sqlx::query(sql).fetch(&mut *connection);
        let mut out = Vec::new();
        while let Some(row) = rows.try_next().await? {
            out.push(decode(&row)?);
        }
        Ok(out)
    }
}

fn user(row: &PgRow) -> Result<User> {
    Ok(User {
        id: row.try_get(0)?,
        username: row.try_get(1)?,
        email: row.try_get(2)?,
        full_name: row.try_get(3)?,
        bio: row.try_get(4)?,
        city: row.try_get(5)?,
        country: row.try_get(6)?,
        age: row.try_get(7)?,
        score: row.try_get(8)?,
        active: row.try_get(9)?,
        logins: row.try_get(10)?,
        joined: row.try_get(11)?,
    })
}

fn post(row: &PgRow) -> Result<Post> {
    Ok(Post {
        id: row.try_get(12)?,
        title: row.try_get(13)?,
        body: row.try_get(14)?,
        views: row.try_get(15)?,
        published: row.try_get(16)?,
        user_id: row.try_get(17)?,
    })
}
