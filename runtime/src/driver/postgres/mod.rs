//! PostgreSQL, over tokio-postgres.
//!
//! Every connection has a half that talks to the server, driven by a task or by who waits (see `wire.rs`); this driver
//! hands it requests and takes rows as they arrive.
//! The client library does not say whether a transaction is open, so the driver keeps account of it: of what it began
//! and ended itself, and by asking the server after a batch that may have done either.
//!
//! A future that is dropped leaves its statement running, with a reply that nobody reads. The connection is then
//! cancelled and closed when it is given back, so that no other user waits behind it; behind a pooler it is closed only.

// Without TLS the connector is copied; with it, it is not.
#![cfg_attr(not(feature = "tls"), allow(clippy::clone_on_copy))]

mod bind;
mod bulk;
mod cursor;
mod error;
mod fault;
mod fold;
mod form;
mod link;
mod numeric;
mod open;
mod options;
mod places;
mod pooler;
mod roam;
mod rows;
mod sent;
mod socket;
mod tls;
mod wire;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::task::JoinHandle;
use tokio_postgres::{RowStream, Statement};

use self::bind::Bound;
pub(crate) use self::cursor::Cursor;
use self::form::{Form, Slot};
pub(crate) use self::link::{Link, Seat};
use self::sent::Sent;
use self::wire::Waiting;
use super::{Begin, Done, Each, Gate, Returned, Rows, keyword};
use crate::Isolation;
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Row, Source};
use crate::rt;
use crate::value::Params;
pub(crate) use error::{is_so_already, is_there};

/// So many unwanted rows are read to keep a connection; a longer rest is cancelled.
const UNWANTED: usize = 4_096;

/// How long to wait for the end of a statement after each request to cancel it.
const CANCELS: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
];

/// How long a request to cancel a statement may take.
pub(super) const CANCELLING: Duration = Duration::from_secs(5);

/// A connection to a PostgreSQL database.
pub(crate) struct Connection(Box<Session>);

struct Session {
    link: Arc<Link>,
    /// The connection's task; `None` once the connection is given up.
    task: Option<JoinHandle<()>>,
    /// Parameters of the statement in hand; kept for its memory.
    bound: Bound,
    /// How many rows are inserted, by the text that inserts one; `None` where they go one by one.
    plans: FxHashMap<String, Option<Arc<bulk::Plan>>>,
    state: State,
    awaits_standbys: bool,
    /// The statements by which the client library asks for types, which were closed: names and texts.
    asking: Vec<(String, String)>,
    /// How many times types had been made when they were learned, and whether they are being learned.
    learned: u64,
    learning: bool,
}

/// What is known of the session on the server.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    in_transaction: bool,
    /// A statement of the transaction failed, so that the server refuses all others.
    failed: bool,
    /// Some statement's outcome is not known, so that it may have failed.
    unsure: bool,
    /// A request was sent whose reply was not read to the end.
    in_flight: bool,
    /// The transaction was begun for a statement's sake, which is not yet prepared.
    fresh: bool,
    /// The transaction makes types, and the last of them are not learned here.
    makes_types: bool,
    unlearned: bool,
}

/// A prepared statement with what is known of its parameters and columns.
struct Prepared {
    statement: Statement,
    /// Its name on the server, where it can go past the client library.
    name: Option<Box<str>>,
    slots: Vec<Slot>,
    forms: Vec<Form>,
}

impl Prepared {
    fn new(statement: Statement) -> Self {
        let slots = statement.params().iter().map(Slot::of).collect();
        let forms = statement.columns().iter().map(|column| Form::of(column.type_())).collect();
        let name = sent::name_of(&statement);
        Self { statement, name, slots, forms }
    }
}

/// Whether opening can succeed a little later.
pub(crate) fn may_pass(error: &Error) -> bool {
    error::may_pass(error)
}

impl Connection {
    /// Connects to the server.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        Session::open(settings).await.map(|session| Self(Box::new(session)))
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        let pinned = self.0.pin_knowing().await?;
        let outcome = self.0.run(sql, params, each, None).await;
        self.0.unpin(pinned, outcome).await.map(|_| ())
    }

    pub(crate) async fn stream(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> Result<()> {
        let pinned = self.0.pin_knowing().await?;
        let outcome = self.0.run(sql, params, each, Some(gate)).await;
        self.0.unpin(pinned, outcome).await.map(|_| ())
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        if let Some(affected) = self.0.execute_plainly(sql, params).await? {
            self.0.note_types_of_one(sql);
            return Ok(Done { affected, last_key: 0 });
        }
        let pinned = self.0.pin_knowing().await?;
        let outcome = self.0.run(sql, params, &mut |_| Ok(()), None).await;
        let affected = self.0.unpin(pinned, outcome).await?;
        self.0.note_types_of_one(sql);
        Ok(Done { affected, last_key: 0 })
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &mut dyn Rows, returned: Returned<'_>) -> Result<u64> {
        let pinned = self.0.pin_knowing().await?;
        let outcome = self.0.run_rows(sql, rows, returned).await;
        self.0.unpin(pinned, outcome).await
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        let session = &mut *self.0;
        let outcome = session.control(sql).await;
        if undoes_savepoint(sql) {
            session.state.failed &= outcome.is_err();
        } else if may_control(sql) && !session.state.in_flight {
            // Also after an error: what came before it may have begun a transaction, or ended one.
            match session.ask_for_transaction().await {
                Ok(is_open) => session.state.in_transaction = is_open,
                Err(error) => return outcome.and(Err(error)),
            }
        }
        session.note_types(sql);
        outcome
    }

    pub(crate) async fn begin(&mut self, begin: Begin) -> Result<()> {
        let mut sql = String::from("BEGIN");
        sql.push_str(match begin.isolation {
            None => "",
            Some(Isolation::ReadCommitted) => " ISOLATION LEVEL READ COMMITTED",
            Some(Isolation::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
            Some(Isolation::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
        });
        sql.push_str(if begin.read_only { " READ ONLY" } else { "" });
        sql.push_str(if begin.deferrable { " DEFERRABLE" } else { "" });
        self.0.renew_types().await?;
        self.0.control(&sql).await?;
        self.0.state = State { in_transaction: true, ..State::default() };
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        let session = &mut *self.0;
        let is_unsure = session.state.unsure || session.state.in_flight || session.learning;
        if is_unsure && !session.state.failed {
            // COMMIT of a transaction that failed is answered by a ROLLBACK and no error: it has to be known before.
            session.state.failed = session.control("SELECT 1").await.is_err();
        }
        if session.state.failed {
            session.end("ROLLBACK").await.map_err(Error::without_effect)?;
            let why = "a statement of this transaction failed, so that PostgreSQL rolled it back instead";
            return Err(Error::new(ErrorKind::Transaction, why));
        }
        let makes_types = session.state.makes_types;
        session.end("COMMIT").await.map_err(|error| match error.kind() {
            ErrorKind::Connection => {
                let why = "the connection was lost while committing";
                Error::new(ErrorKind::Connection, why).with_unknown_outcome().with_source(error.without_effect())
            }
            _ => error,
        })?;
        if makes_types {
            pooler::note_made();
        }
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        if self.in_transaction() { self.0.end("ROLLBACK").await } else { Ok(()) }
    }

    /// Whether the server can be reached, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.link.is_alive()
    }

    /// Whether a commit waits for other servers: a request to cancel it ends the wait, and it is told as done.
    pub(crate) fn awaits_standbys(&self) -> bool {
        self.0.awaits_standbys
    }

    /// What several callers can share of it.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.0.link
    }

    /// Whether a statement only reads: only the server could tell, so no.
    pub(crate) fn is_read_only(&self, _: &str) -> bool {
        false
    }

    /// Whether a transaction is open; one that the connection took with it is not.
    pub(crate) fn in_transaction(&self) -> bool {
        self.0.state.in_transaction && self.is_alive()
    }

    /// Undoes what was begun and not ended, without waiting; whether the connection can be used further.
    pub(crate) fn abandon(&mut self) -> bool {
        let session = &mut *self.0;
        if !session.link.is_alive() {
            return false;
        }
        if session.state.in_flight || session.learning {
            session.cancel();
            return false;
        }
        if session.state.in_transaction {
            // Whoever comes next waits in line behind it.
            session.fire("ROLLBACK");
        }
        session.state = State::default();
        true
    }

    /// Undoes what came after a savepoint, and ends it, without waiting.
    pub(crate) fn abandon_to(&mut self, savepoint: &str) {
        let session = &mut *self.0;
        if session.state.in_transaction {
            session.fire(&format!("ROLLBACK TO {savepoint}; RELEASE {savepoint}"));
            session.state.failed = false;
            session.state.unsure = true;
        }
    }
}

impl Session {
    /// Runs a statement, hands its rows to `each`, and says how many it gave or changed.
    async fn run(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: Option<&Gate>) -> Result<u64> {
        let mut again = !self.state.in_transaction;
        loop {
            let prepared = self.prepare(sql).await?;
            self.bound.clear();
            bind_all(&mut self.bound, &prepared, &mut |put| params.bind(put))?;
            self.begin_request();
            let outcome = self.send(&prepared, &mut *each, gate).await;
            match outcome {
                Ok(done) => return done,
                Err(error) => {
                    let stale = error::is_stale_statement(&error);
                    if stale {
                        self.link.evict(sql);
                    }
                    if !(stale && std::mem::take(&mut again)) {
                        return Err(self.failed(error, sql));
                    }
                    self.state.in_flight = false;
                }
            }
        }
    }

    /// Sends the bound parameters and reads the reply: the server's error outside, that of `each` inside.
    async fn send(
        &mut self,
        prepared: &Prepared,
        each: Each<'_>,
        gate: Option<&Gate>,
    ) -> Result<Result<u64>, tokio_postgres::Error> {
        let mut waiting = Waiting::alone(&self.link);
        let patient = self.state.in_transaction;
        let read = if let Some(sent) = Sent::new(&mut waiting, prepared, &self.bound) {
            sent.read(prepared, each, patient, gate).await
        } else {
            let stream = waiting.wait(self.link.query(prepared, &self.bound)).await?;
            read_all(&mut waiting, stream, prepared, each, patient, gate).await
        };
        read.map(|(done, complete)| {
            self.state.in_flight = !complete;
            done
        })
    }

    /// The statement of a text, out of the cache or made now.
    async fn prepare(&mut self, sql: &str) -> Result<Arc<Prepared>> {
        match self.link.prepared(sql) {
            Some(prepared) => Ok(prepared),
            // Kept apart, as it is rare and needs much room.
            None => Box::pin(self.prepare_anew(sql)).await,
        }
    }

    async fn prepare_anew(&mut self, sql: &str) -> Result<Arc<Prepared>> {
        if let Some(error) = error::of_too_many(sql) {
            return Err(error);
        }
        let fresh = std::mem::take(&mut self.state.fresh);
        let mut prepared = self.ask_to_prepare(sql).await;
        if fresh && prepared.as_ref().is_err_and(error::is_taken_name) {
            self.pin_again().await?;
            prepared = self.ask_to_prepare(sql).await;
        }
        if fresh && !self.asking.is_empty() && prepared.as_ref().is_err_and(error::is_stale_statement) {
            prepared = self.prepare_asking(sql).await?;
        }
        match prepared {
            Ok(statement) => Ok(self.link.keep(sql, statement)),
            Err(error) => Err(self.failed(error, sql)),
        }
    }

    async fn ask_to_prepare(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        self.begin_request();
        let prepared = Waiting::alone(&self.link).wait(pin!(self.link.client.prepare(sql))).await;
        self.state.in_flight = false;
        prepared
    }

    /// Runs statements without parameters and rows.
    async fn control(&mut self, sql: &str) -> Result<()> {
        self.begin_request();
        let outcome = Waiting::alone(&self.link).wait(pin!(self.link.client.batch_execute(sql))).await;
        match outcome {
            Ok(()) => {
                self.state.in_flight = false;
                Ok(())
            }
            Err(error) => Err(self.failed(error, sql)),
        }
    }

    /// Ends the transaction; it is over afterwards in any case.
    async fn end(&mut self, sql: &str) -> Result<()> {
        let outcome = self.control(sql).await;
        self.state = State { in_flight: self.state.in_flight, ..State::default() };
        outcome
    }

    /// Whether a transaction is open: a savepoint can be made in one only.
    async fn ask_for_transaction(&mut self) -> Result<bool> {
        self.begin_request();
        let outcome = self.link.client.batch_execute("SAVEPOINT pilaster_probe; RELEASE pilaster_probe").await;
        self.state.in_flight = false;
        match outcome {
            Ok(()) => Ok(true),
            Err(error) => match error.code().map(tokio_postgres::error::SqlState::code) {
                Some("25P01") => Ok(false),
                Some("25P02") => {
                    self.state.failed = true;
                    Ok(true)
                }
                _ => Err(self.failed(error, "SAVEPOINT")),
            },
        }
    }

    /// Notes that something is being sent. What is still in flight belongs to a future that was dropped.
    fn begin_request(&mut self) {
        self.state.unsure |= self.state.in_flight;
        self.state.in_flight = true;
    }

    /// Notes that the server refused a request.
    #[cold]
    fn failed(&mut self, error: tokio_postgres::Error, sql: &str) -> Error {
        // What is not the server's error leaves it in a state that is not known.
        self.state.in_flight = error.as_db_error().is_none();
        if error::is_fatal(&error) {
            self.link.give_up();
        }
        if let Some(refused) = self.link.of_copy(&error) {
            return refused;
        }
        self.state.failed |= self.state.in_transaction && error.as_db_error().is_some();
        if error::is_stale_statement(&error) {
            // The library may go on to use what the server's connection does not know.
            if !self.link.keeps_statements() {
                self.link.give_up();
            }
            if self.state.in_transaction {
                return error::of_stale_transaction(error);
            }
        }
        if error::is_left_name(&error) && self.state.in_transaction && !self.link.keeps_statements() {
            return error::of_stale_transaction(error);
        }
        error::of_statement(error, sql)
    }

    /// Sends statements and does not wait for the reply, which is read and dropped by the connection's task.
    fn fire(&mut self, sql: &str) {
        let sent = pin!(self.link.client.batch_execute(sql));
        // Sent by the first poll.
        let _ = sent.poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Asks the server to stop what it is doing, in passing; the connection is given up.
    ///
    /// Without a statement cache a pooler may stand between, and it is only closed: the pooler takes the connection to the
    /// server away with it. A request to cancel may come when that connection has passed to somebody else, whose
    /// statement it hits, and pgbouncer 1.18 ends when whoever sent one does not wait for its answer, as the client
    /// library does not.
    fn cancel(&mut self) {
        if !self.link.keeps_statements() {
            if let Some(task) = self.task.take() {
                task.abort();
            }
            return;
        }
        let (token, route, task) = (self.link.client.cancel_token(), self.link.route.clone(), self.task.take());
        drop(self.link.handle.spawn(async move {
            let Some(mut task) = task else { return };
            for pause in CANCELS {
                rt::timeout(CANCELLING, route.cancel(&token)).await;
                // The task ends when its last reply is in. A request that had not reached the statement was in vain.
                if rt::timeout(pause, &mut task).await.is_some() {
                    return;
                }
            }
            task.abort();
        }));
    }
}

/// Reads rows to the end. After an error of `each` the rest is read and dropped; it is left unread, and the reply
/// incomplete, when it is long and nobody needs the connection for a transaction.
async fn read_all(
    waiting: &mut Waiting<'_>,
    stream: RowStream,
    prepared: &Prepared,
    each: Each<'_>,
    patient: bool,
    gate: Option<&Gate>,
) -> Result<(Result<u64>, bool), tokio_postgres::Error> {
    let mut stream = pin!(stream);
    let mut unwanted = 0;
    let mut outcome = Ok(());
    while let Some(row) = waiting.next(stream.as_mut()).await {
        let row = row?;
        if outcome.is_ok() {
            outcome = each(&Row::new(Source::Postgres(Cursor::new(&row, &prepared.forms))));
            // What is not read holds up the connection's task, and that the server.
            if let Some(gate) = gate {
                gate.pass().await;
            }
            continue;
        }
        unwanted += 1;
        if unwanted > UNWANTED && !patient {
            return Ok((outcome.map(|()| 0), false));
        }
    }
    let affected = stream.rows_affected().unwrap_or(0);
    Ok((outcome.map(|()| affected), true))
}

/// Takes parameters one by one.
type Put<'a> = &'a mut dyn FnMut(&crate::Value<'_>) -> Result<()>;

/// Binds one row of parameters, as many as the statement has.
fn bind_all(bound: &mut Bound, prepared: &Prepared, values: &mut dyn FnMut(Put<'_>) -> Result<()>) -> Result<()> {
    let mut slots = prepared.slots.iter();
    let mut given = 0;
    values(&mut |value| {
        given += 1;
        slots.next().map_or(Ok(()), |slot| bound.push(*slot, value))
    })?;
    let wanted = prepared.slots.len();
    if given == wanted {
        return Ok(());
    }
    Err(Error::query(format!("the statement has {wanted} parameters, and {given} were given")))
}

/// Whether a batch takes back what came after one of our own savepoints, and does nothing else.
fn undoes_savepoint(sql: &str) -> bool {
    let name = sql.strip_prefix("ROLLBACK TO SAVEPOINT pilaster_").and_then(|rest| rest.split_once("; "));
    name.is_some_and(|(name, rest)| rest.strip_prefix("RELEASE SAVEPOINT pilaster_") == Some(name))
}

/// Whether a batch may begin or end a transaction. Words in texts and comments are taken for such, which costs a
/// question to the server and nothing else.
fn may_control(sql: &str) -> bool {
    const WORDS: [&str; 7] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"];
    const OWN: [&str; 2] = ["SAVEPOINT", "RELEASE"];
    let is = |word: &str, words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(keyword(sql), &OWN) && !sql.contains(';') {
        return false;
    }
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| is(word, &WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_that_may_end_a_transaction_are_known() {
        for sql in ["commit", "INSERT INTO t VALUES (1); End;", "SAVEPOINT a; ROLLBACK", "/* x */ start transaction"] {
            assert!(may_control(sql), "{sql}");
        }
        for sql in ["SAVEPOINT a", "RELEASE a", "CREATE TABLE weekend (a int)", "SELECT begin_date FROM t"] {
            assert!(!may_control(sql), "{sql}");
        }
    }

    #[test]
    fn only_our_own_savepoints_are_trusted() {
        assert!(undoes_savepoint("ROLLBACK TO SAVEPOINT pilaster_2; RELEASE SAVEPOINT pilaster_2"));
        for sql in ["ROLLBACK TO a; COMMIT", "ROLLBACK TO SAVEPOINT pilaster_2; COMMIT", "ROLLBACK TO SAVEPOINT a"] {
            assert!(!undoes_savepoint(sql) && may_control(sql), "{sql}");
        }
    }
}
