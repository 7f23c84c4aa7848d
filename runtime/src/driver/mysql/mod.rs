//! MySQL and MariaDB, over mysql_async.
//!
//! The protocol answers one statement after another. A future that is dropped between a statement and the end of its
//! answer leaves the connection out of step: it is marked before and unmarked behind, and whoever finds the mark drops
//! the connection instead of reading the answer to another question.

mod bind;
mod cache;
mod cursor;
mod emulated;
mod error;
mod geometry;
mod open;
mod options;
mod rows;
mod server;
mod text;
mod tls;
mod violation;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{BinaryProtocol, Conn, Params as Sent, QueryResult, Statement, TextProtocol};

use self::cache::Cache;
pub(crate) use self::cursor::Cursor;
use self::error::{from_mysql, is_of_server, may_end_transaction};
pub(crate) use self::error::{is_several, is_so_already, is_there};
use self::open::Opened;
pub(crate) use self::options::Options;
use self::server::Server;
use self::text::{commits, is_worth_preparing};
use self::violation::Known;
use super::{Begin, Done, Each, Gate, Returned, Rows, is_reading};
use crate::Isolation;
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Row, Source};
use crate::rt;
use crate::value::Params;

/// How many rows that nobody wants are read to keep a connection; with more of them it is dropped, unless a transaction
/// would end with it.
const DRAINED: usize = 1_000;

/// For how long a connection may be idle and still be taken for one that lives. The client library sees that the server
/// closed it only when it is used.
const AWAKE: Duration = Duration::from_secs(1);

/// A connection to a MySQL or MariaDB server.
pub(crate) struct Connection {
    client: Conn,
    cache: Cache,
    /// Prepared statements that are not kept, and not yet ended.
    loose: Vec<Statement>,
    server: Server,
    /// A statement was sent and its answer not read to the end.
    busy: bool,
    /// The statement is between two rows of a stream, so that the rest can be read by whoever comes next.
    paused: bool,
    /// What was sent last is answered in text, as what is not prepared is.
    in_text: bool,
    /// What the client library knows of the last answer is of a statement that ran: it takes that to preparing for one too.
    ran: bool,
    /// The connection itself failed.
    lost: bool,
    /// The server said that a transaction is open.
    transaction: bool,
    /// Savepoints to undo before the next statement.
    undo: Vec<String>,
    /// Where constraints are that were violated.
    known: Known,
    /// How many bytes the server takes at once.
    packet: usize,
    /// Which server it is.
    which: Arc<str>,
    /// How long the server may take to answer where it has nothing to do.
    patience: Duration,
    /// When the last answer was read.
    used: Instant,
}

impl Connection {
    /// Connects and sets the session up.
    pub(crate) async fn open(options: &Options) -> Result<Self> {
        let named = |error: Error| {
            let message = format!("cannot connect to the server at {}: {}", options.place(), error.message());
            Error::new(error.kind().clone(), message).with_source(error)
        };
        let Opened { client, version, packet, which } = open::open(options).await.map_err(named)?;
        let mut server = Server::of(&version).map_err(named)?;
        server.returning &= options.returning;
        let cache = Cache::new(options.statements);
        Ok(Self {
            client,
            cache,
            loose: Vec::new(),
            server,
            busy: false,
            paused: false,
            in_text: false,
            ran: false,
            lost: false,
            transaction: false,
            undo: Vec::new(),
            known: Known::default(),
            packet,
            which,
            patience: options.connect_timeout,
            used: Instant::now(),
        })
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        self.refuse_ddl(sql)?;
        let values = self.collect(params)?;
        self.enter().await?;
        let outcome = self.run(sql, values, each, None).await;
        self.finish(sql, outcome).await
    }

    pub(crate) async fn stream(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> Result<()> {
        self.refuse_ddl(sql)?;
        let values = self.collect(params)?;
        self.enter().await?;
        let outcome = self.run(sql, values, each, Some(gate)).await;
        self.finish(sql, outcome).await
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        self.refuse_ddl(sql)?;
        let values = self.collect(params)?;
        self.enter().await?;
        let outcome = self.run(sql, values, &mut |_| Ok(()), None).await;
        self.finish(sql, outcome).await?;
        let last_key = self.client.last_insert_id().and_then(|key| i64::try_from(key).ok()).unwrap_or(0);
        Ok(Done { affected: self.client.affected_rows(), last_key })
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &mut dyn Rows, returned: Returned<'_>) -> Result<u64> {
        self.enter().await?;
        let outcome = rows::execute(self, sql, rows, returned).await;
        self.leave(outcome, false).await
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.refuse_ddl(sql)?;
        self.enter().await?;
        self.command(sql).await
    }

    pub(crate) async fn begin(&mut self, begin: Begin) -> Result<()> {
        if begin.deferrable {
            let kind = ErrorKind::Unsupported { feature: "deferrable transactions", dialect: "MySQL" };
            return Err(Error::new(kind, "MySQL and MariaDB have no snapshot to wait for"));
        }
        self.enter().await?;
        let mut text = String::new();
        if let Some(isolation) = begin.isolation {
            // It holds for the transaction that begins next.
            text = format!("SET TRANSACTION ISOLATION LEVEL {}; ", level(isolation));
        }
        text.push_str(if begin.read_only { "START TRANSACTION READ ONLY" } else { "START TRANSACTION" });
        self.command(&text).await
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        self.enter().await?;
        self.command("COMMIT").await
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        self.undo.clear();
        self.enter().await?;
        self.command("ROLLBACK").await
    }

    /// Whether the server knows SKIP LOCKED.
    pub(crate) fn skips_locked(&self) -> bool {
        self.server.skips_locked
    }

    /// Whether a statement only reads, by its words.
    pub(crate) fn is_read_only(&self, sql: &str) -> bool {
        is_reading(sql)
    }

    /// Whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction && (!self.busy || self.paused)
    }

    /// Whether the connection is still of use, as far as is known without asking the server.
    pub(crate) fn is_alive(&self) -> bool {
        !self.busy && !self.client.is_disconnected()
    }

    /// Whether the connection still lives. One that was used just now is not asked, so that asking costs nothing where
    /// much is done.
    pub(crate) async fn is_awake(&mut self) -> bool {
        if !self.is_alive() || self.used.elapsed() < AWAKE {
            return self.is_alive();
        }
        self.busy = true;
        let lives = matches!(rt::timeout(self.patience, self.client.ping()).await, Some(Ok(())));
        (self.busy, self.lost, self.used) = (!lives, !lives, Instant::now());
        lives
    }

    /// Whether the connection can be used further. One with an open transaction cannot: its locks must go at once, and
    /// rolling back takes a message that nobody here waits for; the server rolls back when the connection ends.
    pub(crate) fn abandon(&mut self) -> bool {
        self.undo.clear();
        !self.busy && !self.transaction && !self.client.is_disconnected()
    }

    /// Undoes what came after a savepoint, and ends it, before the next statement.
    pub(crate) fn abandon_to(&mut self, savepoint: &str) {
        self.undo.push(savepoint.to_owned());
    }

    /// Marks the connection as waiting for an answer.
    async fn enter(&mut self) -> Result<()> {
        if self.busy && self.paused {
            // A stream in a transaction that was given up.
            self.paused = false;
            self.client.query_drop("DO 0").await.map_err(|fault| from_mysql(fault, Some("DO 0")))?;
            self.busy = false;
        }
        if self.busy || self.client.is_disconnected() {
            let why = "the connection was left in the middle of a statement and is of no further use";
            return Err(Error::new(ErrorKind::Connection, why));
        }
        if let Some(savepoint) = (!self.undo.is_empty()).then(|| std::mem::take(&mut self.undo)) {
            // The outermost one is the last, and takes the others with it.
            for name in savepoint.iter().rev().take(1) {
                self.busy = true;
                let undo = format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}");
                Box::pin(self.command(&undo)).await?;
            }
        }
        (self.busy, self.ran) = (true, false);
        Ok(())
    }

    /// Like `leave`, behind a statement of its user's, which must neither begin nor end a transaction: procedures can do
    /// both, and some statements commit that nobody would think of.
    async fn finish<T>(&mut self, sql: &str, outcome: Result<T>) -> Result<T> {
        let before = self.transaction;
        let begins = outcome.is_err() && !is_worth_preparing(sql);
        let value = self.leave(outcome, begins).await?;
        let message = match (before, self.transaction) {
            (true, false) => "the statement ended the transaction that it ran in",
            (false, true) => "the statement left a transaction open, or autocommit off, which was undone",
            _ => return Ok(value),
        };
        Err(Error::new(ErrorKind::Transaction, message))
    }

    /// Notes what the answer says about connection and transaction; `begins` says whether what failed may have begun one.
    async fn leave<T>(&mut self, outcome: Result<T>, begins: bool) -> Result<T> {
        match &outcome {
            Ok(_) => self.note_status(),
            Err(error) if matches!(error.kind(), ErrorKind::Connection) => {
                self.lost = true;
                return outcome;
            }
            Err(error) => {
                // Kept apart, as it is rare and needs much room.
                let Some(whole) = Box::pin(self.drain()).await else {
                    return outcome;
                };
                // An error of the server's says nothing about the transaction, which a deadlock ends; any answer does.
                let may_differ = begins || (self.transaction && may_end_transaction(error));
                let unknown = !whole || (may_differ && is_of_server(error));
                if unknown && Box::pin(self.client.query_drop("DO 0")).await.is_err() {
                    return outcome;
                }
                // What was not sent changed nothing.
                if self.ran || unknown {
                    self.note_status();
                }
            }
        }
        let outcome = match outcome {
            // Kept apart, as it is rare and needs much room.
            Err(error) => Err(Box::pin(self.placed(error)).await),
            outcome => outcome,
        };
        // Those of a statement that failed; there is no answer to wait for.
        while let Some(statement) = self.loose.pop() {
            if self.client.close(statement).await.is_err() {
                break;
            }
        }
        self.busy = self.client.is_disconnected();
        self.used = Instant::now();
        outcome
    }

    /// Without autocommit every statement begins a transaction, that of whoever has the connection next as well.
    fn note_status(&mut self) {
        if let Some(status) = self.client.last_ok_packet() {
            let flags = status.status_flags();
            self.transaction = flags.contains(StatusFlags::SERVER_STATUS_IN_TRANS)
                || !flags.contains(StatusFlags::SERVER_STATUS_AUTOCOMMIT);
        }
    }

    /// Reads what was left of an answer: in a transaction all of it, else as far as it is not much. Says whether it came
    /// to its own end instead of one by an error; `None` when there is more of it.
    async fn drain(&mut self) -> Option<bool> {
        let most = if self.transaction { usize::MAX } else { DRAINED };
        if self.in_text {
            drain(QueryResult::<TextProtocol>::new(&mut self.client), most).await
        } else {
            drain(QueryResult::<BinaryProtocol>::new(&mut self.client), most).await
        }
    }

    /// DDL would commit the transaction that it runs in, and nobody could roll back what came before.
    fn refuse_ddl(&self, sql: &str) -> Result<()> {
        if !self.transaction || !commits(sql) {
            return Ok(());
        }
        let kind = ErrorKind::Unsupported { feature: "DDL inside a transaction", dialect: "MySQL" };
        let message = "MySQL and MariaDB would commit the transaction before this statement: run it outside of one";
        Err(Error::new(kind, message))
    }

    /// The parameters of a statement.
    fn collect(&self, params: &dyn Params) -> Result<Vec<mysql_async::Value>> {
        let mut values = Vec::new();
        params.bind(&mut |value| {
            values.push(bind::within(value, self.packet)?);
            Ok(())
        })?;
        Ok(values)
    }

    /// Refuses a text that the server would hang up on.
    fn fits(&self, sql: &str) -> Result<()> {
        // The command is a byte more.
        match sql.len().saturating_add(1) < self.packet {
            true => Ok(()),
            false => Err(Error::query(format!(
                "the statement has {} bytes, and the server takes {} (send it in parts, give what is long as a value, or \
                 raise the server's max_allowed_packet)",
                sql.len(),
                self.packet
            ))),
        }
    }

    /// Runs statements without parameters and rows.
    async fn command(&mut self, sql: &str) -> Result<()> {
        let outcome = match self.fits(sql) {
            Ok(()) => {
                self.ran = true;
                self.client.query_drop(sql).await.map_err(|fault| from_mysql(fault, Some(sql)))
            }
            Err(error) => Err(error),
        };
        self.leave(outcome, true).await
    }

    /// Runs one statement.
    async fn run(
        &mut self,
        sql: &str,
        values: Vec<mysql_async::Value>,
        each: Each<'_>,
        gate: Option<&Gate>,
    ) -> Result<()> {
        let named = |fault| from_mysql(fault, Some(sql));
        self.fits(sql)?;
        self.in_text = values.is_empty() && !is_worth_preparing(sql);
        if self.in_text {
            self.ran = true;
            let answer = self.client.query_iter(sql).await.map_err(named)?;
            return Box::pin(hand_out(answer, sql, each, gate, &mut self.paused)).await;
        }
        let statement = self.prepare(sql, true).await?;
        self.run_prepared(&statement, sql, values, each, gate).await?;
        self.release(statement).await
    }

    /// Ends a statement if it is not kept.
    async fn release(&mut self, statement: Statement) -> Result<()> {
        let Some(at) = self.loose.iter().position(|loose| loose.id() == statement.id()) else { return Ok(()) };
        self.loose.swap_remove(at);
        self.client.close(statement).await.map_err(|fault| from_mysql(fault, Some("CLOSE")))
    }

    /// Runs a prepared statement.
    async fn run_prepared(
        &mut self,
        statement: &Statement,
        sql: &str,
        values: Vec<mysql_async::Value>,
        each: Each<'_>,
        gate: Option<&Gate>,
    ) -> Result<()> {
        let named = |fault| from_mysql(fault, Some(sql));
        let (given, count) = (values.len(), usize::from(statement.num_params()));
        if given != count {
            return Err(Error::query(format!("the statement has {count} parameters, and {given} values were given")));
        }
        bind::all_within(&values, self.packet)?;
        (self.in_text, self.ran) = (false, true);
        let sent = if values.is_empty() { Sent::Empty } else { Sent::Positional(values) };
        let answer = self.client.exec_iter(statement, sent).await.map_err(named)?;
        Box::pin(hand_out(answer, sql, each, gate, &mut self.paused)).await
    }

    /// Prepares a statement, or takes it from the cache; `keep` puts it there. One that is not kept is released after its
    /// use, and after an error by `leave`.
    async fn prepare(&mut self, sql: &str, keep: bool) -> Result<Statement> {
        match self.cache.get(sql) {
            Some(statement) => Ok(statement),
            // Kept apart, as it is rare and needs much room.
            None => Box::pin(self.prepare_anew(sql, keep)).await,
        }
    }

    async fn prepare_anew(&mut self, sql: &str, keep: bool) -> Result<Statement> {
        let named = |fault| from_mysql(fault, Some(sql));
        self.ran = false;
        let statement = match self.client.prep(sql).await {
            // The server's statements are used up: those of this connection go.
            Err(mysql_async::Error::Server(fault)) if fault.code == 1461 => {
                for statement in self.cache.drain() {
                    self.client.close(statement).await.map_err(named)?;
                }
                self.client.prep(sql).await
            }
            outcome => outcome,
        };
        let statement = statement.map_err(named)?;
        if !(keep && self.cache.keeps()) {
            self.loose.push(statement.clone());
        } else if let Some(gone) = self.cache.put(sql, statement.clone()) {
            self.client.close(gone).await.map_err(named)?;
        }
        Ok(statement)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.busy && !self.lost {
            open::stop(&self.client, &self.which, self.patience);
        }
        // The client library says goodbye in a task of its own, after it read all rows that are on their way. Locks must
        // go at once, whether that task ever runs or not. A call that is given up in the middle makes it close the
        // connection right here, and the server rolls back. Now and then the answer is there before it is given up.
        let mut tries = if self.busy || self.transaction { 100 } else { 0 };
        while tries > 0 && !self.client.is_disconnected() {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = self.client.ping().as_mut().poll(&mut context);
            tries -= 1;
        }
    }
}

/// Hands the rows of an answer out. What a stream waits for can be given up: the client library reads the rest before the
/// next statement.
async fn hand_out<P: Protocol>(
    mut answer: QueryResult<'_, '_, P>,
    sql: &str,
    each: Each<'_>,
    gate: Option<&Gate>,
    paused: &mut bool,
) -> Result<()> {
    let named = |fault| from_mysql(fault, Some(sql));
    let columns = answer.columns().unwrap_or_default();
    loop {
        *paused = gate.is_some();
        let row = answer.next().await;
        *paused = false;
        let Some(row) = row.map_err(named)? else { break };
        each(&Row::new(Source::Mysql(&Cursor::new(row, &columns))))?;
        // Nobody wants more rows for now.
        if let Some(gate) = gate.filter(|gate| gate.is_closed()) {
            *paused = true;
            gate.pass().await;
            *paused = false;
        }
    }
    answer.drop_result().await.map_err(named)
}

/// Reads at most so many rows, of all sets of them.
async fn drain<P: Protocol>(mut answer: QueryResult<'_, '_, P>, most: usize) -> Option<bool> {
    for _ in 0..most {
        match answer.next().await {
            Ok(None) if answer.is_empty() => return Some(true),
            Ok(_) => {}
            Err(mysql_async::Error::Server(_)) => return Some(false),
            Err(_) => return None,
        }
    }
    None
}

/// Whether trying again a little later can help to connect: the server is starting, or its connections are used up.
pub(crate) fn may_pass(error: &Error) -> bool {
    use mysql_async::{Error as Fault, IoError};
    let mut source = std::error::Error::source(error);
    while let Some(beneath) = source {
        match beneath.downcast_ref::<Fault>() {
            Some(Fault::Server(server)) => return matches!(server.code, 1040 | 1053 | 1203),
            Some(Fault::Io(IoError::Io(io))) => {
                use std::io::ErrorKind as Kind;
                return matches!(io.kind(), Kind::ConnectionRefused | Kind::ConnectionReset | Kind::UnexpectedEof);
            }
            _ => source = beneath.source(),
        }
    }
    false
}

fn level(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::ReadCommitted => "READ COMMITTED",
        Isolation::RepeatableRead => "REPEATABLE READ",
        Isolation::Serializable => "SERIALIZABLE",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
