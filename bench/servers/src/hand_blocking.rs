//! The work as one writes it with `postgres`, which is tokio-postgres on a runtime of its own, on a thread that blocks.

use std::cell::RefCell;

use postgres::{Client, NoTls, Statement};

use crate::data::User;
use crate::{Anything, hand_postgres};

/// A connection with a statement.
pub struct Blocking {
    client: RefCell<Client>,
    get: Statement,
}

impl Blocking {
    pub fn connect(url: &str) -> Anything<Self> {
        let mut client = postgres::Config::from(hand_postgres::config(url)?).connect(NoTls)?;
        let get = client.prepare(&format!("{} WHERE id = $1", hand_postgres::USER))?;
        Ok(Self { client: RefCell::new(client), get })
    }

    pub fn get(&self, id: i64) -> Anything<Option<User>> {
        let row = self.client.borrow_mut().query_opt(&self.get, &[&id])?;
        Ok(row.map(|row| hand_postgres::user(&row)))
    }
}
