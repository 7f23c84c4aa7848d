//! The databases and what is in them.

use std::path::Path;

use pilaster::blocking::Db;
use rusqlite::{Connection, params};

use crate::{Anything, hand, models::schema};

/// How many users there are, and as many posts.
pub const USERS: i64 = 10_000;
/// How many rows are inserted at once.
pub const NEW: usize = 1_000;

/// Connections: both sides read one file; each writes to its own.
pub struct Bench {
    pub db: Db,
    pub hand: Connection,
    pub db_writes: Db,
    pub hand_writes: Connection,
    /// The e-mail address of each user, by key.
    pub emails: Vec<String>,
}

impl Bench {
    /// Makes and fills the databases in a folder.
    pub fn new(folder: &Path) -> Anything<Self> {
        let (reads, mine, yours) = (folder.join("reads.db"), folder.join("ours.db"), folder.join("hand.db"));
        let open = |path: &Path| -> Anything<(Db, Connection)> {
            let db = Db::connect(&format!("sqlite://{}", path.display()))?;
            schema::create_all(&db)?;
            Ok((db, hand::connect(path)?))
        };
        let (db, mut filled) = open(&reads)?;
        fill(&mut filled)?;
        let (db_writes, _) = open(&mine)?;
        let (_, hand_writes) = open(&yours)?;
        Ok(Self { db, hand: filled, db_writes, hand_writes, emails: (0..=USERS).map(email).collect() })
    }

    /// Takes away what was inserted.
    pub fn clear_by_hand(&self) {
        self.hand_writes.execute_batch("DELETE FROM user").expect("the table is there");
    }

    /// The same for parents and children.
    pub fn clear_families_by_hand(&self) {
        self.hand_writes.execute_batch("DELETE FROM child; DELETE FROM parent").expect("the tables are there");
    }

    /// The same on the other side.
    pub fn clear_families(&self) {
        for table in ["child", "parent"] {
            self.db_writes.sql(format!("DELETE FROM {table}")).execute().expect("the table is there");
        }
    }

    /// The same on the other side, through SQL.
    pub fn clear_ours(&self) {
        self.db_writes.sql("DELETE FROM user").execute().expect("the table is there");
    }
}

/// The unique text of a user.
pub fn email(id: i64) -> String {
    format!("user{id}@example.com")
}

fn fill(connection: &mut Connection) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    for id in 1..=USERS {
        let row = hand::NewUser::numbered(id);
        all.prepare_cached(hand::INSERT)?.execute(row.params())?;
    }
    for id in 1..=USERS {
        let title = format!("Post {id} with a title of some words");
        let body = "A body that is as long as a line of text usually is, or a little longer.";
        let post = params![title, body, id % 1000, id % 2 == 0, 1 + (id * 31) % USERS];
        all.prepare_cached("INSERT INTO post (title, body, views, published, user_id) VALUES (?, ?, ?, ?, ?)")?
            .execute(post)?;
    }
    let ten = |parents: i64| (1..=parents).flat_map(|parent| (0..10).map(move |rank| (parent, rank)));
    for id in 1..=100 {
        let note = (id % 3 == 0).then_some("a note");
        all.execute("INSERT INTO parent (name, note) VALUES (?, ?)", params![format!("parent {id}"), note])?;
    }
    for (parent, rank) in ten(100) {
        let row = params![format!("child {rank} of {parent}"), rank, parent];
        all.execute("INSERT INTO child (name, rank, parent_id) VALUES (?, ?, ?)", row)?;
    }
    for (child, rank) in ten(1000) {
        let row = params![format!("grandchild {rank} of {child}"), rank, child];
        all.execute("INSERT INTO grandchild (name, rank, child_id) VALUES (?, ?, ?)", row)?;
    }
    all.commit()?;
    connection.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")
}

/// Rows to insert by hand.
pub fn new_rows() -> Vec<hand::NewUser> {
    (1..=NEW as i64).map(hand::NewUser::numbered).collect()
}
