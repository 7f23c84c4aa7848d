//! Without a statement cache: behind a pooler that gives every transaction another connection to the server.
//!
//! A statement that was prepared is known to one connection of the server only. Each statement therefore gets a
//! transaction of its own, in which it is prepared, run and closed; one without parameters and rows goes as plain text.

use std::pin::pin;

use futures_util::Stream;
use tokio_postgres::SimpleQueryMessage;

use super::options::Wanted;
use super::{Session, error};
use crate::error::Result;
use crate::value::Params;

/// The types that a database has beside the server's own, as parameters of a statement.
const TYPES: &str = "SELECT format('$%s::%s', row_number() OVER (ORDER BY oid), oid::regtype) FROM pg_catalog.pg_type \
    WHERE oid >= 16384 AND typtype IN ('b', 'd', 'e') AND typisdefined ORDER BY oid LIMIT 2000";

/// The settings that whoever connected did not make. A pooler may be told to pass over them, and then a limit or a
/// protection would be missing in silence.
const UNSET: &str = "SELECT name FROM pg_catalog.pg_settings WHERE source NOT IN ('client', 'session') AND name IN ";

impl Session {
    /// Makes sure that the server knows what the URL asks of it.
    pub(super) async fn check_settings(&mut self, wanted: &[Wanted], place: &str) -> Result<()> {
        let names: Vec<String> = wanted.iter().filter_map(|wanted| Some(format!("'{}'", wanted.name?))).collect();
        if names.is_empty() {
            return Ok(());
        }
        let sql = format!("{UNSET}({})", names.join(", "));
        let mut unset = Vec::new();
        let read = self.read_plainly(&sql, |message| {
            if let SimpleQueryMessage::Row(row) = message {
                unset.extend(row.try_get(0).ok().flatten().map(str::to_owned));
            }
        });
        read.await.map_err(|error| error::of_statement(error, &sql))?;
        let is_missed = |wanted: &&Wanted| wanted.name.is_some_and(|name| unset.iter().any(|unset| unset == name));
        let missed = wanted.iter().filter(is_missed);
        if missed.clone().next().is_none() { Ok(()) } else { Err(error::not_set(missed, place)) }
    }

    /// Begins a transaction for one statement, if that is needed; its reply is not waited for.
    pub(super) fn pin(&mut self) -> bool {
        if self.link.keeps_statements() || self.state.in_transaction {
            return false;
        }
        self.fire("BEGIN");
        self.state.in_transaction = true;
        true
    }

    /// Ends it as the statement did.
    pub(super) async fn unpin<T>(&mut self, pinned: bool, outcome: Result<T>) -> Result<T> {
        match (pinned, &outcome) {
            (false, _) => {}
            (true, Ok(_)) => self.end("COMMIT").await?,
            // The error that is in hand matters more than one of rolling back.
            (true, Err(_)) => drop(self.end("ROLLBACK").await),
        }
        outcome
    }

    /// Runs a statement without parameters as plain text; some cannot run in a transaction. `None` when it has
    /// parameters, or there is no need.
    pub(super) async fn execute_plainly(&mut self, sql: &str, params: &dyn Params) -> Result<Option<u64>> {
        let mut given = 0_usize;
        params.bind(&mut |_| {
            given += 1;
            Ok(())
        })?;
        if self.link.keeps_statements() || self.state.in_transaction || given > 0 {
            return Ok(None);
        }
        self.begin_request();
        let mut affected = 0;
        let outcome = self.read_plainly(sql, |message| {
            if let SimpleQueryMessage::CommandComplete(rows) = message {
                affected = rows;
            }
        });
        match outcome.await {
            Ok(()) => self.state.in_flight = false,
            Err(error) => return Err(self.failed(error, sql)),
        }
        Ok(Some(affected))
    }

    async fn read_plainly(
        &self,
        sql: &str,
        mut each: impl FnMut(SimpleQueryMessage),
    ) -> Result<(), tokio_postgres::Error> {
        let mut messages = pin!(self.link.client.simple_query_raw(sql).await?);
        while let Some(message) = std::future::poll_fn(|context| messages.as_mut().poll_next(context)).await {
            each(message?);
        }
        Ok(())
    }

    /// Asks for the types of the database once, in one transaction. The client library would ask for each when it
    /// meets it, with statements that another connection of the server does not know.
    pub(super) async fn learn_types(&mut self) -> Result<()> {
        let mut types = Vec::new();
        let read = self.read_plainly(TYPES, |message| {
            if let SimpleQueryMessage::Row(row) = message {
                types.extend(row.try_get(0).ok().flatten().map(str::to_owned));
            }
        });
        read.await.map_err(|error| error::of_statement(error, TYPES))?;
        if types.is_empty() {
            return Ok(());
        }
        let pinned = self.pin();
        let sql = format!("SELECT {}", types.join(", "));
        let outcome = self.prepare(&sql).await;
        self.unpin(pinned, outcome.map(drop)).await
    }
}
