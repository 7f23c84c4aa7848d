//! The work as one writes it with tokio-postgres: one bare connection, statements prepared once, rows read by position.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row, Statement};

use crate::data::{Child, Family, Grandchild, NewFamily, NewUser, Parent, Post, User};
use crate::{Anything, Hand};

pub const USER: &str =
    "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined FROM \"user\"";
pub const JOIN: &str = "SELECT t0.id, t0.username, t0.email, t0.full_name, t0.bio, t0.city, t0.country, t0.age, t0.score, \
    t0.active, t0.logins, t0.joined, t1.id, t1.title, t1.body, t1.views, t1.published, t1.user_id \
    FROM \"user\" AS t0 JOIN post AS t1 ON t1.user_id = t0.id";
const COLUMNS: usize = 11;
/// Rows of one INSERT; 11,000 parameters.
const ROWS: usize = 1_000;

/// A connection with its statements.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    client: tokio_postgres::Client,
    get: Statement,
    by_email: Statement,
    all: Statement,
    join: Statement,
    parents: Statement,
    children: Statement,
    grandchildren: Statement,
    insert: Statement,
    insert_parents: Statement,
    insert_children: Statement,
    rename: Statement,
}

impl Client {
    pub async fn connect(url: &str) -> Anything<Self> {
        let (client, connection) = config(url)?.connect(NoTls).await?;
        tokio::spawn(connection);
        let mut insert = String::from(
            "INSERT INTO \"user\" (username, email, full_name, bio, city, country, age, score, active, logins, joined) VALUES ",
        );
        for row in 0..ROWS {
            insert.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..COLUMNS {
                write!(insert, "{}${}", if column == 0 { "" } else { ", " }, row * COLUMNS + column + 1)?;
            }
            insert.push(')');
        }
        insert.push_str(" RETURNING id");
        let inner = Inner {
            get: client.prepare(&format!("{USER} WHERE id = $1")).await?,
            by_email: client.prepare(&format!("{USER} WHERE email = $1")).await?,
            all: client.prepare(USER).await?,
            join: client.prepare(JOIN).await?,
            parents: client.prepare("SELECT id, name, note FROM parent").await?,
            children: client.prepare("SELECT id, name, rank, parent_id FROM child WHERE parent_id = ANY ($1)").await?,
            grandchildren: client
                .prepare("SELECT id, name, rank, child_id FROM grandchild WHERE child_id = ANY ($1)")
                .await?,
            insert: client.prepare(&insert).await?,
            insert_parents: client
                .prepare("INSERT INTO parent (name, note) SELECT * FROM unnest($1::text[], $2::text[]) RETURNING id")
                .await?,
            insert_children: client
                .prepare(
                    "INSERT INTO child (name, rank, parent_id) SELECT * FROM unnest($1::text[], $2::int4[], $3::int8[]) \
                     RETURNING id",
                )
                .await?,
            rename: client.prepare("UPDATE \"user\" SET full_name = $1 WHERE id = $2").await?,
            client,
        };
        Ok(Self(Arc::new(inner)))
    }
}

/// A URL as the client library takes it.
pub fn config(url: &str) -> Anything<tokio_postgres::Config> {
    let parsed: tokio_postgres::Config = url.parse()?;
    let mut config = tokio_postgres::Config::new();
    config.user(parsed.get_user().unwrap_or("postgres")).dbname(parsed.get_dbname().unwrap_or("postgres"));
    if let Some(password) = parsed.get_password() {
        config.password(password);
    }
    // A host behind the question mark goes over the one before it, as it does for the other side.
    match parsed.get_hosts().last() {
        Some(tokio_postgres::config::Host::Tcp(host)) => config.host(host),
        Some(tokio_postgres::config::Host::Unix(path)) => config.host_path(path),
        None => config.host("localhost"),
    };
    config.port(parsed.get_ports().first().copied().unwrap_or(5432));
    Ok(config)
}

/// A user out of a row that begins with its columns.
pub fn user(row: &Row) -> User {
    User {
        id: row.get(0),
        username: row.get(1),
        email: row.get(2),
        full_name: row.get(3),
        bio: row.get(4),
        city: row.get(5),
        country: row.get(6),
        age: row.get(7),
        score: row.get(8),
        active: row.get(9),
        logins: row.get(10),
        joined: row.get(11),
    }
}

fn post(row: &Row) -> Post {
    Post {
        id: row.get(12),
        title: row.get(13),
        body: row.get(14),
        views: row.get(15),
        published: row.get(16),
        user_id: row.get(17),
    }
}

impl Client {
    /// The join, decoded while it comes instead of after all of it is there.
    pub async fn streamed_join(&self) -> Anything<Vec<(User, Post)>> {
        let mut rows = pin!(self.0.client.query_raw(&self.0.join, [0_i32; 0]).await?);
        let mut out = Vec::new();
        while let Some(row) = rows.try_next().await? {
            out.push((user(&row), post(&row)));
        }
        Ok(out)
    }
}

impl Hand for Client {
    async fn get(&self, id: i64) -> Anything<Option<User>> {
        Ok(self.0.client.query_opt(&self.0.get, &[&id]).await?.as_ref().map(user))
    }

    async fn by_email(&self, email: String) -> Anything<Vec<User>> {
        Ok(self.0.client.query(&self.0.by_email, &[&email]).await?.iter().map(user).collect())
    }

    async fn all(&self) -> Anything<Vec<User>> {
        Ok(self.0.client.query(&self.0.all, &[]).await?.iter().map(user).collect())
    }

    async fn join(&self) -> Anything<Vec<(User, Post)>> {
        Ok(self.0.client.query(&self.0.join, &[]).await?.iter().map(|row| (user(row), post(row))).collect())
    }

    async fn nested(&self) -> Anything<Vec<Family>> {
        let inner = &self.0;
        let parents = inner.client.query(&inner.parents, &[]).await?;
        let parents: Vec<Parent> =
            parents.iter().map(|row| Parent { id: row.get(0), name: row.get(1), note: row.get(2) }).collect();
        let keys: Vec<i64> = parents.iter().map(|parent| parent.id).collect();
        let children = inner.client.query(&inner.children, &[&keys]).await?;
        let children: Vec<Child> = children
            .iter()
            .map(|row| Child { id: row.get(0), name: row.get(1), rank: row.get(2), parent_id: row.get(3) })
            .collect();
        let keys: Vec<i64> = children.iter().map(|child| child.id).collect();
        let mut below: HashMap<i64, Vec<Grandchild>> = HashMap::new();
        for row in inner.client.query(&inner.grandchildren, &[&keys]).await? {
            let child = Grandchild { id: row.get(0), name: row.get(1), rank: row.get(2), child_id: row.get(3) };
            below.entry(child.child_id).or_default().push(child);
        }
        Ok(crate::data::families(parents, children, below))
    }

    async fn insert(&self, rows: Vec<NewUser>) -> Anything<Vec<i64>> {
        let inner = &self.0;
        inner.client.batch_execute("BEGIN").await?;
        let mut keys = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS) {
            let mut params: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(chunk.len() * COLUMNS);
            for row in chunk {
                let values: [&(dyn ToSql + Sync); COLUMNS] = [
                    &row.username,
                    &row.email,
                    &row.full_name,
                    &row.bio,
                    &row.city,
                    &row.country,
                    &row.age,
                    &row.score,
                    &row.active,
                    &row.logins,
                    &row.joined,
                ];
                params.extend(values);
            }
            keys.extend(inner.client.query(&inner.insert, &params).await?.iter().map(|row| row.get::<_, i64>(0)));
        }
        inner.client.batch_execute("COMMIT").await?;
        Ok(keys)
    }
    async fn insert_families(&self, rows: Vec<NewFamily>) -> Anything<usize> {
        let inner = &self.0;
        inner.client.batch_execute("BEGIN").await?;
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let notes: Vec<Option<&str>> = rows.iter().map(|row| row.note.as_deref()).collect();
        let keys = inner.client.query(&inner.insert_parents, &[&names, &notes]).await?;
        let keys: Vec<i64> = keys.iter().map(|row| row.get(0)).collect();
        let count = rows.iter().map(|row| row.children.len()).sum();
        let (mut names, mut ranks, mut parents) =
            (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count));
        for (row, key) in rows.iter().zip(keys) {
            for (name, rank) in &row.children {
                names.push(name.as_str());
                ranks.push(*rank);
                parents.push(key);
            }
        }
        let children = inner.client.query(&inner.insert_children, &[&names, &ranks, &parents]).await?;
        inner.client.batch_execute("COMMIT").await?;
        Ok(children.len())
    }

    async fn rename(&self, rows: Vec<(i64, String)>) -> Anything<usize> {
        let inner = &self.0;
        inner.client.batch_execute("BEGIN").await?;
        for (key, name) in &rows {
            inner.client.execute(&inner.rename, &[name, key]).await?;
        }
        inner.client.batch_execute("COMMIT").await?;
        Ok(rows.len())
    }
}
