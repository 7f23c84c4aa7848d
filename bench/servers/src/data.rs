//! What both sides read and write, as one writes it by hand.
#![allow(dead_code)] // Most fields are only filled.

/// How many users there are, and as many posts.
pub const USERS: i64 = 10_000;

macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty),* })*) => {$(
        /// A row.
        #[derive(Clone)]
        pub struct $name {
            $(pub $field: $ty),*
        }
    )*};
}

structs! {
    User {
        id: i64, username: String, email: String, full_name: String, bio: Option<String>, city: String, country: String,
        age: i32, score: f64, active: bool, logins: i64, joined: i64
    }
    NewUser {
        username: String, email: String, full_name: String, bio: Option<String>, city: String, country: String, age: i32,
        score: f64, active: bool, logins: i64, joined: i64
    }
    Post { id: i64, title: String, body: String, views: i32, published: bool, user_id: i64 }
    Parent { id: i64, name: String, note: Option<String> }
    Child { id: i64, name: String, rank: i32, parent_id: i64 }
    Grandchild { id: i64, name: String, rank: i32, child_id: i64 }
}

/// A parent with all that is below.
pub type Family = (Parent, Vec<(Child, Vec<Grandchild>)>);

/// The unique text of a user.
pub fn email(id: i64) -> String {
    format!("user{id}@example.com")
}

/// Rows to insert, behind those that are there.
pub fn new_rows(count: i64) -> Vec<NewUser> {
    (1..=count).map(|id| numbered(USERS + id)).collect()
}

/// Made-up texts of usual lengths.
pub fn numbered(id: i64) -> NewUser {
    NewUser {
        username: format!("user{id}"),
        email: email(id),
        full_name: format!("User Number {id}"),
        bio: (id % 2 == 0).then(|| format!("The life of user {id}, told in one line of text.")),
        city: "Springfield".into(),
        country: "CH".into(),
        age: 18 + (id % 60) as i32,
        score: id as f64 * 0.5,
        active: id % 3 != 0,
        logins: id * 7,
        joined: 1_700_000_000 + id,
    }
}

/// A parent to insert with its children: their names and ranks.
#[derive(Clone)]
pub struct NewFamily {
    pub name: String,
    pub note: Option<String>,
    pub children: Vec<(String, i32)>,
}

/// A thousand parents with ten children each.
pub fn new_families() -> Vec<NewFamily> {
    let child = |at: i32, rank| (format!("child {rank} of {at}"), rank);
    let family = |at| NewFamily {
        name: format!("parent {at}"),
        note: (at % 3 == 0).then(|| "a note".to_owned()),
        children: (0..10).map(|rank| child(at, rank)).collect(),
    };
    (0..1_000).map(family).collect()
}

/// How many rows are changed at once.
pub const CHANGED: i64 = 1_000;

/// New names of users, by their keys.
pub fn changed() -> Vec<(i64, String)> {
    use std::sync::atomic::{AtomicU64, Ordering};
    // Never what is stored already.
    static ROUND: AtomicU64 = AtomicU64::new(0);
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    (1..=CHANGED).map(|id| (id, format!("Changed {id} in {round}"))).collect()
}

/// Puts what was read together.
pub fn families(
    parents: Vec<Parent>,
    children: Vec<Child>,
    mut below: std::collections::HashMap<i64, Vec<Grandchild>>,
) -> Vec<Family> {
    let mut of: std::collections::HashMap<i64, Vec<(Child, Vec<Grandchild>)>> = std::collections::HashMap::new();
    for child in children {
        let own = below.remove(&child.id).unwrap_or_default();
        of.entry(child.parent_id).or_default().push((child, own));
    }
    parents
        .into_iter()
        .map(|parent| {
            let own = of.remove(&parent.id).unwrap_or_default();
            (parent, own)
        })
        .collect()
}
