//! The work as one writes it with rusqlite: cached statements, rows read by position into structs.
#![allow(dead_code)] // Most fields are only filled.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, Params, Result, Row, Statement, params, params_from_iter};

/// The statement that inserts a user.
pub const INSERT: &str = "INSERT INTO user (username, email, full_name, bio, city, country, age, score, active, logins, \
     joined) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub struct User {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub full_name: String,
    pub bio: Option<String>,
    pub city: String,
    pub country: String,
    pub age: i32,
    pub score: f64,
    pub active: bool,
    pub logins: i64,
    pub joined: i64,
}

pub struct Post {
    pub id: i64,
    pub title: String,
    pub body: String,
    pub views: i32,
    pub published: bool,
    pub user_id: i64,
}

pub struct Parent {
    pub id: i64,
    pub name: String,
    pub note: Option<String>,
}

pub struct Child {
    pub id: i64,
    pub name: String,
    pub rank: i32,
    pub parent_id: i64,
}

pub struct Grandchild {
    pub id: i64,
    pub name: String,
    pub rank: i32,
    pub child_id: i64,
}

pub struct NewUser {
    pub username: String,
    pub email: String,
    pub full_name: String,
    pub bio: Option<String>,
    pub city: String,
    pub country: String,
    pub age: i32,
    pub score: f64,
    pub active: bool,
    pub logins: i64,
    pub joined: i64,
}

impl NewUser {
    /// Made-up texts of usual lengths.
    pub fn numbered(id: i64) -> Self {
        Self {
            username: format!("user{id}"),
            email: crate::data::email(id),
            full_name: format!("User Number {id}"),
            bio: (id % 2 == 0).then(|| format!("The life of user {id}, told in one line of text.")),
            city: "Springfield".into(),
            country: "CH".into(),
            age: (id % 90) as i32,
            score: id as f64 * 0.25,
            active: id % 3 != 0,
            logins: id * 17,
            joined: 1_700_000_000 + id * 60,
        }
    }

    pub fn params(&self) -> impl Params {
        let Self { username, email, full_name, bio, city, country, age, score, active, logins, joined } = self;
        (username, email, full_name, bio, city, country, age, score, active, logins, joined)
    }
}

/// The same settings as the runtime's.
pub fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        full_name: row.get(3)?,
        bio: row.get(4)?,
        city: row.get(5)?,
        country: row.get(6)?,
        age: row.get(7)?,
        score: row.get(8)?,
        active: row.get(9)?,
        logins: row.get(10)?,
        joined: row.get(11)?,
    })
}

fn post(row: &Row<'_>, at: usize) -> Result<Post> {
    Ok(Post {
        id: row.get(at)?,
        title: row.get(at + 1)?,
        body: row.get(at + 2)?,
        views: row.get(at + 3)?,
        published: row.get(at + 4)?,
        user_id: row.get(at + 5)?,
    })
}

const USER: &str =
    "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined FROM user";

macro_rules! by {
    ($column:literal) => {
        concat!(
            "SELECT id, username, email, full_name, bio, city, country, age, score, active, logins, joined FROM user ",
            "WHERE ",
            $column,
            " = ?"
        )
    };
}

pub fn get(connection: &Connection, id: i64) -> Option<User> {
    let mut statement = connection.prepare_cached(by!("id")).ok()?;
    let mut rows = statement.query([id]).ok()?;
    user(rows.next().ok()??).ok()
}

pub fn by_email(connection: &Connection, email: &str) -> Result<Vec<User>> {
    connection.prepare_cached(by!("email"))?.query_map([email], user)?.collect()
}

pub fn all(connection: &Connection) -> Result<Vec<User>> {
    connection.prepare_cached(USER)?.query_map([], user)?.collect()
}

pub fn join(connection: &Connection) -> Result<Vec<(User, Post)>> {
    let sql = "SELECT t0.id, t0.username, t0.email, t0.full_name, t0.bio, t0.city, t0.country, t0.age, t0.score, \
               t0.active, t0.logins, t0.joined, t1.id, t1.title, t1.body, t1.views, t1.published, t1.user_id \
               FROM user AS t0 JOIN post AS t1 ON t1.user_id = t0.id";
    connection.prepare_cached(sql)?.query_map([], |row| Ok((user(row)?, post(row, 12)?)))?.collect()
}

pub fn insert(connection: &Connection, rows: &[NewUser]) -> Result<Vec<i64>> {
    let all = connection.unchecked_transaction()?;
    let mut keys = Vec::with_capacity(rows.len());
    {
        let mut statement = all.prepare_cached(INSERT)?;
        for row in rows {
            let row = params![
                row.username,
                row.email,
                row.full_name,
                row.bio,
                row.city,
                row.country,
                row.age,
                row.score,
                row.active,
                row.logins,
                row.joined
            ];
            statement.execute(row)?;
            keys.push(all.last_insert_rowid());
        }
    }
    all.commit()?;
    Ok(keys)
}

type Family = (Parent, Vec<(Child, Vec<Grandchild>)>);

/// Three statements: parents, their children by an IN list, their children by another one.
pub fn nested(connection: &Connection) -> Result<Vec<Family>> {
    let parent = |row: &Row<'_>| Ok(Parent { id: row.get(0)?, name: row.get(1)?, note: row.get(2)? });
    let parents: Vec<Parent> = connection
        .prepare_cached("SELECT id, name, note FROM parent")?
        .query_map([], parent)?
        .collect::<Result<_>>()?;
    let child =
        |row: &Row<'_>| Ok(Child { id: row.get(0)?, name: row.get(1)?, rank: row.get(2)?, parent_id: row.get(3)? });
    let sql = listed("SELECT id, name, rank, parent_id FROM child WHERE parent_id IN ", parents.len());
    let keys = params_from_iter(parents.iter().map(|parent| parent.id));
    let children: Vec<Child> = connection.prepare_cached(&sql)?.query_map(keys, child)?.collect::<Result<_>>()?;

    let grandchild =
        |row: &Row<'_>| Ok(Grandchild { id: row.get(0)?, name: row.get(1)?, rank: row.get(2)?, child_id: row.get(3)? });
    let sql = listed("SELECT id, name, rank, child_id FROM grandchild WHERE child_id IN ", children.len());
    let keys = params_from_iter(children.iter().map(|child| child.id));
    let mut by_child: HashMap<i64, Vec<Grandchild>> = HashMap::new();
    for row in connection.prepare_cached(&sql)?.query_map(keys, grandchild)? {
        let row = row?;
        by_child.entry(row.child_id).or_default().push(row);
    }
    let mut by_parent: HashMap<i64, Vec<(Child, Vec<Grandchild>)>> = HashMap::new();
    for child in children {
        let below = by_child.remove(&child.id).unwrap_or_default();
        by_parent.entry(child.parent_id).or_default().push((child, below));
    }
    let with_children = |parent: Parent| {
        let below = by_parent.remove(&parent.id).unwrap_or_default();
        (parent, below)
    };
    Ok(parents.into_iter().map(with_children).collect())
}

fn listed(sql: &str, keys: usize) -> String {
    let mut text = String::with_capacity(sql.len() + keys * 3 + 2);
    text.push_str(sql);
    text.push('(');
    for at in 0..keys {
        text.push_str(if at == 0 { "?" } else { ", ?" });
    }
    text.push(')');
    text
}

/// A parent to insert, with the names and ranks of its children.
pub struct NewFamily {
    pub name: String,
    pub note: Option<String>,
    pub children: Vec<(String, i32)>,
}

/// So many rows go into one INSERT: of 25, 50 and 100 the best.
const TOGETHER: usize = 100;

/// Inserts parents, then children by the parents' keys, in one transaction; gives the keys of both. Many rows go into one
/// statement, and their keys are reckoned back from the last one's, as nobody else writes meanwhile.
pub fn insert_families(connection: &Connection, families: &[NewFamily]) -> Result<(Vec<i64>, Vec<i64>)> {
    let all = connection.unchecked_transaction()?;
    let parents =
        insert_together(&all, "INSERT INTO parent (name, note) VALUES (?, ?)", families, |insert, at, family| {
            insert.raw_bind_parameter(at, &family.name)?;
            insert.raw_bind_parameter(at + 1, &family.note)
        })?;
    let mut rows = Vec::with_capacity(families.len() * 10);
    for (family, &parent) in families.iter().zip(&parents) {
        rows.extend(family.children.iter().map(|(name, rank)| (name, *rank, parent)));
    }
    let sql = "INSERT INTO child (name, rank, parent_id) VALUES (?, ?, ?)";
    let children = insert_together(&all, sql, &rows, |insert, at, (name, rank, parent)| {
        insert.raw_bind_parameter(at, name)?;
        insert.raw_bind_parameter(at + 1, rank)?;
        insert.raw_bind_parameter(at + 2, parent)
    })?;
    all.commit()?;
    Ok((parents, children))
}

/// Inserts rows, each with as many parameters as the statement of one row has.
fn insert_together<T>(
    connection: &Connection,
    one: &str,
    rows: &[T],
    bind: impl Fn(&mut Statement<'_>, usize, &T) -> Result<()>,
) -> Result<Vec<i64>> {
    let columns = one.matches('?').count();
    let row = &one[one.rfind('(').unwrap_or(0)..];
    let many = format!("{one}{}", format!(", {row}").repeat(TOGETHER - 1));
    let mut keys = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(TOGETHER) {
        let (size, sql) = if chunk.len() == TOGETHER { (TOGETHER, many.as_str()) } else { (1, one) };
        let mut insert = connection.prepare_cached(sql)?;
        for part in chunk.chunks(size) {
            for (number, row) in part.iter().enumerate() {
                bind(&mut insert, number * columns + 1, row)?;
            }
            insert.raw_execute()?;
            let last = connection.last_insert_rowid();
            keys.extend((0..part.len() as i64).map(|at| last - part.len() as i64 + 1 + at));
        }
    }
    Ok(keys)
}
