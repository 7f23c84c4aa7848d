//! The work as one writes it with mysql_async: one bare connection, statements in its cache, rows read by position. Rows
//! are inserted by one prepared statement each, in a transaction.

use std::collections::HashMap;
use std::sync::Arc;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, params::Params};
use tokio::sync::Mutex;

use crate::data::{Child, Family, Grandchild, NewFamily, NewUser, Parent, Post, User};
use crate::{Anything, Hand};

const USER: &str =
    "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined FROM user";
const JOIN: &str = "SELECT t0.id, t0.username, t0.email, t0.full_name, t0.bio, t0.city, t0.country, t0.age, t0.score, \
    t0.active, t0.logins, t0.joined, t1.id, t1.title, t1.body, t1.views, t1.published, t1.user_id \
    FROM user AS t0 JOIN post AS t1 ON t1.user_id = t0.id";
const INSERT: &str = "INSERT INTO user (username, email, full_name, bio, city, country, age, score, active, logins, joined) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// A connection.
#[derive(Clone)]
pub struct Client(Arc<Mutex<Conn>>);

impl Client {
    pub async fn connect(url: &str) -> Anything<Self> {
        let options = OptsBuilder::from_opts(mysql_async::Opts::from_url(url)?).prefer_socket(false);
        Ok(Self(Arc::new(Mutex::new(Conn::new(options).await?))))
    }
}

/// A value, moved out of its row.
macro_rules! take {
    ($row:expr, $at:expr) => {
        $row.take($at).expect("the column is there")
    };
}

fn user(row: &mut Row) -> User {
    User {
        id: take!(row, 0),
        username: take!(row, 1),
        email: take!(row, 2),
        full_name: take!(row, 3),
        bio: take!(row, 4),
        city: take!(row, 5),
        country: take!(row, 6),
        age: take!(row, 7),
        score: take!(row, 8),
        active: take!(row, 9),
        logins: take!(row, 10),
        joined: take!(row, 11),
    }
}

fn post(row: &mut Row) -> Post {
    Post {
        id: take!(row, 12),
        title: take!(row, 13),
        body: take!(row, 14),
        views: take!(row, 15),
        published: take!(row, 16),
        user_id: take!(row, 17),
    }
}

fn listed(sql: &str, count: usize) -> String {
    format!("{sql} ({})", vec!["?"; count].join(", "))
}

impl Hand for Client {
    async fn get(&self, id: i64) -> Anything<Option<User>> {
        let row: Option<Row> = self.0.lock().await.exec_first(format!("{USER} WHERE id = ?"), (id,)).await?;
        Ok(row.map(|mut row| user(&mut row)))
    }

    async fn by_email(&self, email: String) -> Anything<Vec<User>> {
        let sql = format!("{USER} WHERE email = ?");
        Ok(self.0.lock().await.exec_map(sql, (email,), |mut row: Row| user(&mut row)).await?)
    }

    async fn all(&self) -> Anything<Vec<User>> {
        Ok(self.0.lock().await.exec_map(USER, (), |mut row: Row| user(&mut row)).await?)
    }

    async fn join(&self) -> Anything<Vec<(User, Post)>> {
        Ok(self.0.lock().await.exec_map(JOIN, (), |mut row: Row| (user(&mut row), post(&mut row))).await?)
    }

    async fn nested(&self) -> Anything<Vec<Family>> {
        let mut connection = self.0.lock().await;
        let parents: Vec<Parent> = connection
            .exec_map("SELECT id, name, note FROM parent", (), |(id, name, note)| Parent { id, name, note })
            .await?;
        let keys: Vec<mysql_async::Value> = parents.iter().map(|parent| parent.id.into()).collect();
        let sql = listed("SELECT id, name, `rank`, parent_id FROM child WHERE parent_id IN", keys.len());
        let children: Vec<Child> = connection
            .exec_map(sql, Params::Positional(keys), |(id, name, rank, parent_id)| Child { id, name, rank, parent_id })
            .await?;
        let keys: Vec<mysql_async::Value> = children.iter().map(|child| child.id.into()).collect();
        let sql = listed("SELECT id, name, `rank`, child_id FROM grandchild WHERE child_id IN", keys.len());
        let mut below: HashMap<i64, Vec<Grandchild>> = HashMap::new();
        let found: Vec<Grandchild> = connection
            .exec_map(sql, Params::Positional(keys), |(id, name, rank, child_id)| Grandchild {
                id,
                name,
                rank,
                child_id,
            })
            .await?;
        for child in found {
            below.entry(child.child_id).or_default().push(child);
        }
        Ok(crate::data::families(parents, children, below))
    }

    async fn insert(&self, rows: Vec<NewUser>) -> Anything<Vec<i64>> {
        let mut connection = self.0.lock().await;
        connection.query_drop("START TRANSACTION").await?;
        let mut keys = Vec::with_capacity(rows.len());
        let statement = connection.prep(INSERT).await?;
        for row in rows {
            let values: Vec<mysql_async::Value> = vec![
                row.username.into(),
                row.email.into(),
                row.full_name.into(),
                row.bio.into(),
                row.city.into(),
                row.country.into(),
                row.age.into(),
                row.score.into(),
                row.active.into(),
                row.logins.into(),
                row.joined.into(),
            ];
            connection.exec_drop(&statement, Params::Positional(values)).await?;
            keys.push(connection.last_insert_id().map_or(0, |key| key as i64));
        }
        connection.query_drop("COMMIT").await?;
        Ok(keys)
    }
    /// Keys of one INSERT of many rows count up from the first, as InnoDB promises for rows whose number is known.
    async fn insert_families(&self, rows: Vec<NewFamily>) -> Anything<usize> {
        let mut connection = self.0.lock().await;
        connection.query_drop("START TRANSACTION").await?;
        let values = |columns: &str, count: usize| vec![columns; count].join(", ");
        let insert = format!("INSERT INTO parent (name, note) VALUES {}", values("(?, ?)", rows.len()));
        let insert = connection.prep(insert).await?;
        let mut params: Vec<mysql_async::Value> = Vec::with_capacity(rows.len() * 2);
        let mut children = Vec::with_capacity(rows.len() * 10);
        for (at, row) in rows.into_iter().enumerate() {
            params.extend([row.name.into(), row.note.into()]);
            children.extend(row.children.into_iter().map(|(name, rank)| (at as i64, name, rank)));
        }
        connection.exec_drop(&insert, Params::Positional(params)).await?;
        let first = connection.last_insert_id().map_or(0, |key| key as i64);
        let insert =
            format!("INSERT INTO child (name, rank, parent_id) VALUES {}", values("(?, ?, ?)", children.len()));
        let insert = connection.prep(insert).await?;
        let count = children.len();
        let mut params: Vec<mysql_async::Value> = Vec::with_capacity(count * 3);
        for (at, name, rank) in children {
            params.extend([name.into(), rank.into(), (first + at).into()]);
        }
        connection.exec_drop(&insert, Params::Positional(params)).await?;
        connection.query_drop("COMMIT").await?;
        Ok(count)
    }

    async fn rename(&self, rows: Vec<(i64, String)>) -> Anything<usize> {
        let mut connection = self.0.lock().await;
        connection.query_drop("START TRANSACTION").await?;
        let update = connection.prep("UPDATE user SET full_name = ? WHERE id = ?").await?;
        let count = rows.len();
        for (key, name) in rows {
            connection.exec_drop(&update, (name, key)).await?;
        }
        connection.query_drop("COMMIT").await?;
        Ok(count)
    }
}
