//! Without a statement cache: behind a pooler that gives every transaction another connection to the server.
//!
//! A statement that was prepared is known to one connection of the server only. Each statement therefore gets a
//! transaction of its own, in which it is prepared, run and closed; one without parameters and rows goes as plain text.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::Stream;
use tokio_postgres::{SimpleQueryMessage, Statement};

use super::{Session, State, error, keyword};
use crate::error::{Error, ErrorKind, Result};
use crate::value::Params;

/// The types that a database has beside the server's own, as far as the user may name them. Those of the rows of tables
/// are left out, as they are many, unless a column has one.
const TYPES: &str = "SELECT t.oid::regtype FROM pg_catalog.pg_type AS t \
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem \
    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'c', 'd', 'e', 'm', 'r') AND t.typisdefined \
    AND ('c' NOT IN (t.typtype, coalesce(e.typtype, 'b')) \
    OR t.oid IN (SELECT atttypid FROM pg_catalog.pg_attribute WHERE attnum > 0 AND atttypid >= 16384)) \
    AND n.nspname NOT LIKE 'pg\\_%' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') ORDER BY t.oid";
/// A type that every database has and the client library asks for, so that it has asked once where there are no others.
const KNOWN: &str = "information_schema.cardinal_number";
/// The statements that the client library made on the server's connection, in this program or another one.
const LEFT_BEHIND: &str = "SELECT name FROM pg_catalog.pg_prepared_statements WHERE name ~ '^s[0-9]+$'";
/// Those by which it asks for types, with their texts.
const ASKING: &str = "SELECT name, statement FROM pg_catalog.pg_prepared_statements \
    WHERE name ~ '^s[0-9]+$' AND parameter_types = '{oid}'::regtype[]";
/// As many as one statement may give columns of.
const PORTION: usize = 1_500;

/// How many statements of this process may have made types, of whatever database.
static MADE: AtomicU64 = AtomicU64::new(0);

/// How many times types were made by now.
pub(super) fn made() -> u64 {
    MADE.load(Ordering::Acquire)
}

/// Notes that types were made, which other connections can see.
pub(super) fn note_made() {
    MADE.fetch_add(1, Ordering::AcqRel);
}

/// Whether a statement may make types.
fn makes_types(sql: &str) -> bool {
    const KINDS: [&str; 3] = ["TYPE", "DOMAIN", "EXTENSION"];
    let mut words =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).peekable();
    std::iter::from_fn(|| Some((words.next()?, words.peek().copied()))).any(|(word, next)| {
        let makes = word.eq_ignore_ascii_case("CREATE");
        makes && next.is_some_and(|next| KINDS.iter().any(|kind| next.eq_ignore_ascii_case(kind)))
    })
}

impl Session {
    /// Notes the types that a statement made, or the statements of a batch. Other connections see them once its transaction is
    /// over.
    pub(super) fn note_types(&mut self, sql: &str) {
        let makes = makes_types(sql);
        self.state.makes_types |= makes;
        self.state.unlearned |= makes;
        if self.state.makes_types && !self.state.in_transaction {
            self.state = State { makes_types: false, unlearned: false, ..self.state };
            note_made();
        }
    }

    /// The same for one statement, most of which make none.
    pub(super) fn note_types_of_one(&mut self, sql: &str) {
        if ["CREATE", "DO"].iter().any(|makes| keyword(sql).eq_ignore_ascii_case(makes)) {
            self.note_types(sql);
        }
    }

    /// Begins a transaction for one statement, if that is needed, after the types that this process made since were learned: in
    /// a transaction of the user's own a failure for lack of them could not be undone.
    pub(super) async fn pin_knowing(&mut self) -> Result<bool> {
        if self.link.keeps_statements() {
            return Ok(false);
        }
        if !self.state.in_transaction {
            self.renew_types().await?;
        } else if self.state.unlearned && !self.state.failed {
            // Kept apart, as it is rare and needs much room.
            Box::pin(self.learn_own_types()).await?;
        }
        Ok(self.pin())
    }

    /// Learns the types that this process made since, outside of a transaction.
    pub(super) async fn renew_types(&mut self) -> Result<()> {
        let made = made();
        if self.link.keeps_statements() || self.state.in_transaction || self.learned == made {
            return Ok(());
        }
        self.learning = true;
        let outcome = Box::pin(self.learn_types()).await;
        match outcome {
            Err(error) if !self.link.is_alive() && *error.kind() != ErrorKind::Connection => {
                let why = "the connection to PostgreSQL was given up while types were looked for";
                return Err(Error::new(ErrorKind::Connection, why).with_source(error));
            }
            Err(error) if !self.link.is_alive() => return Err(error),
            // The statement in hand may not need them.
            _ => {}
        }
        (self.learning, self.learned) = (false, made);
        Ok(())
    }

    /// Learns the types that the transaction made itself.
    async fn learn_own_types(&mut self) -> Result<()> {
        let state = State { unlearned: false, ..self.state };
        self.control("SAVEPOINT pilaster_types").await?;
        self.learning = true;
        let outcome = self.learn_types().await;
        if !self.link.is_alive() {
            return outcome;
        }
        // After a failure too, as of one that went meanwhile: the statement in hand may not need it.
        self.control("ROLLBACK TO SAVEPOINT pilaster_types; RELEASE SAVEPOINT pilaster_types").await?;
        (self.learning, self.state) = (false, state);
        Ok(())
    }

    /// Begins a transaction for one statement, if that is needed; its reply is not waited for.
    pub(super) fn pin(&mut self) -> bool {
        if self.link.keeps_statements() || self.state.in_transaction {
            return false;
        }
        self.fire("BEGIN");
        self.state = State { in_transaction: true, fresh: true, ..self.state };
        true
    }

    /// Begins the transaction of a statement again, on a connection of the server's that knows another statement by its
    /// name: names count from the start of each program, and what a program cannot close stays behind when it ends.
    pub(super) async fn pin_again(&mut self) -> Result<()> {
        drop(self.end("ROLLBACK").await);
        self.pin();
        self.state.fresh = false;
        self.forget_statements().await
    }

    async fn forget_statements(&mut self) -> Result<()> {
        let mut forgetting = String::new();
        let read = self.read_plainly(LEFT_BEHIND, |message| {
            if let SimpleQueryMessage::Row(row) = message {
                forgetting.extend(["DEALLOCATE ", row.get(0).unwrap_or_default(), "; "]);
            }
        });
        read.await.map_err(|error| error::of_statement(error, LEFT_BEHIND))?;
        if forgetting.is_empty() { Ok(()) } else { self.control(&forgetting).await }
    }

    /// Prepares a statement with a type that was made since the others were learned. The library asks for it by the statements
    /// that it made then and that are closed since: for this once they are made again, in the transaction begun again.
    pub(super) async fn prepare_asking(&mut self, sql: &str) -> Result<Result<Statement, tokio_postgres::Error>> {
        self.learning = true;
        let outcome = self.prepare_with_asking(sql).await;
        self.learning = false;
        outcome
    }

    async fn prepare_with_asking(&mut self, sql: &str) -> Result<Result<Statement, tokio_postgres::Error>> {
        self.pin_again().await?;
        self.make_asking().await?;
        let prepared = self.ask_to_prepare(sql).await;
        if prepared.is_ok() {
            // It may have made more of them, for a kind of type that there was none of.
            self.note_asking(sql).await?;
            let mut closing = String::new();
            for (name, _) in &self.asking {
                closing.extend(["DEALLOCATE ", name, "; "]);
            }
            self.control(&closing).await?;
        }
        Ok(prepared)
    }

    /// Makes the statements by which the library asks for types again, under the names that it gave them.
    async fn make_asking(&mut self) -> Result<()> {
        let mut making = String::new();
        for (name, text) in &self.asking {
            making.extend(["PREPARE ", name, " (oid) AS ", text, "; "]);
        }
        if making.is_empty() { Ok(()) } else { self.control(&making).await }
    }

    /// Notes those that the library has made meanwhile. The statement in hand may be like them.
    async fn note_asking(&mut self, sql: &str) -> Result<()> {
        let mut asking = self.asking.clone();
        let read = self.read_plainly(ASKING, |message| {
            if let SimpleQueryMessage::Row(row) = message
                && let (Some(name), Some(text)) = (row.get(0), row.get(1))
                // Of those that were made again, the server has another text.
                && text != sql && asking.iter().all(|(known, _)| known != name)
            {
                asking.push((name.to_owned(), text.to_owned()));
            }
        });
        read.await.map_err(|error| error::of_statement(error, ASKING))?;
        self.asking = asking;
        Ok(())
    }

    /// Ends it as the statement did.
    pub(super) async fn unpin<T>(&mut self, pinned: bool, outcome: Result<T>) -> Result<T> {
        if !pinned {
            return outcome;
        }
        match outcome {
            Ok(value) => self.end("COMMIT").await.map(|()| value),
            Err(error) => {
                // The error that is in hand matters more than one of rolling back. Nothing stays in either case.
                drop(self.end("ROLLBACK").await);
                Err(error.without_effect())
            }
        }
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

    pub(super) async fn read_plainly(
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
    ///
    /// Those statements are closed again, so that another program does not find them under the names of its own.
    pub(super) async fn learn_types(&mut self) -> Result<()> {
        let mut types = Vec::new();
        let read = self.read_plainly(TYPES, |message| {
            if let SimpleQueryMessage::Row(row) = message {
                types.extend(row.get(0).map(str::to_owned));
            }
        });
        read.await.map_err(|error| error::of_statement(error, TYPES))?;
        if types.is_empty() {
            types.push(KNOWN.to_owned());
        }
        let pinned = self.pin();
        let outcome = self.learn(&types).await;
        // One may have gone meanwhile: the library asks for those that it meets.
        match self.unpin(pinned, outcome).await {
            Err(error) if !self.link.is_alive() => Err(error),
            _ => Ok(()),
        }
    }

    async fn learn(&mut self, types: &[String]) -> Result<()> {
        // Those of another program are not ours to make again.
        self.forget_statements().await?;
        self.make_asking().await?;
        for portion in types.chunks(PORTION) {
            let places: Vec<String> = portion.iter().zip(1..).map(|(name, at)| format!("${at}::{name}")).collect();
            let sql = format!("SELECT {}", places.join(", "));
            if let Err(error) = self.ask_to_prepare(&sql).await {
                return Err(self.failed(error, &sql));
            }
        }
        self.note_asking("").await?;
        self.forget_statements().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_make_types_are_known() {
        for sql in [
            "create type a AS ENUM ()",
            "SELECT 1;CREATE\n DOMAIN a",
            "DO $$CREATE EXTENSION a$$",
            "create create type",
        ] {
            assert!(makes_types(sql), "{sql}");
        }
        for sql in ["CREATE TABLE type (a int)", "ALTER TYPE a", "SELECT create_type", "create", "type create"] {
            assert!(!makes_types(sql), "{sql}");
        }
    }
}
