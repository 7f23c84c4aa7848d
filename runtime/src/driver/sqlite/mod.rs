//! SQLite: the driver that runs in the caller's thread.
//!
//! A message to another thread per statement or row costs more than most statements do, so SQLite runs where it is
//! called. On a thread of a multi-thread tokio runtime the runtime's other work is moved away first, unless the
//! statement is known to be short; on a current-thread runtime, and without one, the thread is simply busy.

mod affinity;
mod bind;
mod cursor;
mod error;
mod fits;
mod stmt;
mod violation;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use self::error::from_rusqlite;
pub(crate) use self::error::is_there;
pub(crate) use self::stmt::Cursor;
use self::stmt::{Found, Running, Session};
use super::{Begin, Done, Each, Gate, Returned, Rows, of_row};
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Row, Source};
use crate::rt;
use crate::value::{Kind, Params};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

/// How many parameters a statement can have.
const PARAMETERS: usize = 32_766;

/// So many rows go into one INSERT, where nothing is wanted back: a third of the time that they take one by one. What is left
/// of many goes in smaller numbers.
const TOGETHER: [usize; 2] = [100, 10];

/// So many runs of a short statement are still short.
const FEW: usize = 8;

/// How a connection is opened.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The file; `None` is a database in memory.
    pub path: Option<PathBuf>,
    pub create: bool,
    /// The file is opened for reading only.
    pub read_only: bool,
    pub busy_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Option<Duration>,
}

/// A connection to a SQLite database.
pub(crate) struct Connection {
    session: Box<Session>,
    /// The connection refuses writes, by its place in the pool.
    reader: bool,
    /// The transaction that is open refuses writes.
    guarded: bool,
    in_memory: bool,
    broken: bool,
    statement_timeout: Option<Duration>,
}

/// Hands the parameters of a statement out.
type Bind<'a> = dyn FnMut(&mut dyn FnMut(&crate::value::Value<'_>) -> Result<()>) -> Result<()> + 'a;

impl Connection {
    /// Opens the database; a `reader` shares it with one that writes.
    pub(crate) fn open(options: &Options, reader: bool) -> Result<Self> {
        rt::give_way(|| open(options, reader))
    }

    pub(crate) async fn query(&mut self, sql: &str, params: &dyn Params, each: Each<'_>) -> Result<()> {
        self.run(sql, true, |session, found| {
            let mut running = session.run(sql, found)?;
            bind_params(&mut running, params)?;
            while running.step()? {
                each(&Row::new(Source::Sqlite(running.row())))?;
            }
            Ok(())
        })
        .map_err(|error| self.explain(error, sql, &mut |put| params.bind(put)))
    }

    pub(crate) async fn stream(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> Result<()> {
        let outcome = self.stream_rows(sql, params, each, gate).await;
        self.note(outcome)
    }

    /// Rows in chunks: the runtime's other work goes on between them.
    async fn stream_rows(&mut self, sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> Result<()> {
        let (session, limit) = (&mut *self.session, self.statement_timeout);
        let interrupt = limit.map(|limit| (limit, Arc::new(session.connection().get_interrupt_handle())));
        let found = session.find(sql);
        let mut running = rt::give_way(|| session.run(sql, found))?;
        bind_params(&mut running, params)?;
        loop {
            let mut work = || -> Result<bool> {
                while running.step()? {
                    each(&Row::new(Source::Sqlite(running.row())))?;
                    if gate.is_closed() {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            let more = rt::give_way(|| match &interrupt {
                Some((limit, handle)) => {
                    // The time that passes between chunks is not the statement's.
                    let handle = Arc::clone(handle);
                    rt::with_alarm(*limit, move || handle.interrupt(), work).map_err(|error| too_long(*limit, error))
                }
                None => work(),
            })?;
            if !more {
                return Ok(());
            }
            gate.pass().await;
        }
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &dyn Params) -> Result<Done> {
        self.run(sql, true, |session, found| {
            let mut running = session.run(sql, found)?;
            bind_params(&mut running, params)?;
            while running.step()? {}
            Ok(Done { affected: running.changes(), last_key: running.last_key() })
        })
        .map_err(|error| self.explain(error, sql, &mut |put| params.bind(put)))
    }

    pub(crate) async fn execute_rows(&mut self, sql: &str, rows: &mut dyn Rows, returned: Returned<'_>) -> Result<u64> {
        let mut returned = returned;
        let (mut at, mut affected) = (0, 0);
        for size in TOGETHER {
            let many = matches!(returned, Returned::Nothing) && rows.len() - at >= size;
            let bulk = if many { rows.bulk() } else { None };
            let Some(text) = bulk.and_then(|bulk| together(sql, bulk.columns.len(), size)) else { continue };
            let outcome = self.run(&text, false, |session, found| {
                let mut running = session.run(&text, found)?;
                while rows.len() - at >= size {
                    running.bind(|binder| {
                        (at..at + size).try_for_each(|row| rows.bind(row, &mut |value| bind::put(binder, value)))
                    })?;
                    while running.step()? {}
                    affected += running.changes();
                    at += size;
                }
                Ok(())
            });
            // What is wrong with which row shows when they go one by one: the statement that failed changed nothing.
            if let Err(error) = outcome {
                if error.is_of_row() && self.session.in_transaction() {
                    break;
                }
                return Err(error);
            }
        }
        let (first, few) = (at, rows.len() <= FEW);
        let work = |session: &mut Session, found| {
            let mut running = session.run(sql, found)?;
            for row in first..rows.len() {
                at = row;
                running.bind(|binder| rows.bind(row, &mut |value| bind::put(binder, value)))?;
                while running.step()? {
                    if let Returned::Rows(each) = &mut returned {
                        each(&Row::new(Source::Sqlite(running.row())))?;
                    }
                }
                affected += running.changes();
                if let Returned::Keys(keys) = &mut returned {
                    keys.push(running.last_key());
                }
            }
            Ok(affected)
        };
        let outcome = self.run(sql, few, work);
        outcome.map_err(|error| {
            let error = self.explain(error, sql, &mut |put| rows.bind(at, put));
            of_row(error, rows, at)
        })
    }

    /// A violation with its table and columns, for which the parameters are asked once more.
    #[cold]
    fn explain(&mut self, error: Error, sql: &str, params: &mut Bind<'_>) -> Error {
        violation::complete(error, &mut self.session, sql, || {
            let mut values = Vec::new();
            params(&mut |value| {
                values.push(value.to_static());
                Ok(())
            })?;
            Ok(values)
        })
    }

    /// Whether the columns of a table store values of these kinds exactly as they are given, see [`affinity`], and no
    /// trigger can come in between.
    pub(crate) fn keeps(&self, table: &str, columns: &mut dyn Iterator<Item = (&'static str, Kind)>) -> bool {
        let declared = |column: &str| {
            let found = self.session.connection().column_metadata(None, table, column);
            found.ok().map(|(declared, ..)| declared.map_or(String::new(), |name| name.to_string_lossy().into_owned()))
        };
        for (column, kind) in columns {
            if !declared(column).is_some_and(|declared| affinity::keeps(&declared, kind)) {
                return false;
            }
        }
        let triggers = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";
        self.session.connection().query_row(triggers, [table], |row| row.get(0)).is_ok_and(|count: i64| count == 0)
    }

    /// The key that the last INSERT counted.
    pub(crate) fn last_key(&self) -> i64 {
        self.session.last_key()
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.run(sql, false, |session, _| session.connection().execute_batch(sql).map_err(from_rusqlite))
    }

    pub(crate) async fn begin(&mut self, begin: Begin) -> Result<()> {
        // IMMEDIATE: a transaction that asks for the lock at its first write can find that another one wrote
        // meanwhile, and then no waiting helps.
        self.control(if begin.read_only { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" })?;
        if begin.read_only && !self.reader {
            self.guarded = true;
            self.control("PRAGMA query_only = 1")?;
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<()> {
        self.control("COMMIT")?;
        self.unguard()
    }

    pub(crate) async fn rollback(&mut self) -> Result<()> {
        // SQLite rolls back by itself after some errors, such as a full disk.
        if self.session.in_transaction() {
            self.control("ROLLBACK")?;
        }
        self.unguard()
    }

    /// Whether a statement only reads.
    pub(crate) fn is_read_only(&mut self, sql: &str) -> Result<bool> {
        self.session.is_read_only(sql)
    }

    /// Whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.session.in_transaction()
    }

    /// Undoes what was begun and not ended, without waiting; whether the connection can be used further.
    pub(crate) fn abandon(&mut self) -> bool {
        if self.session.in_transaction() && self.control("ROLLBACK").is_err() {
            self.broken = true;
        }
        if self.unguard().is_err() {
            self.broken = true;
        }
        // A database in memory ends with its connection, which is worse than what may be wrong with it.
        !self.broken || self.in_memory
    }

    /// Undoes what came after a savepoint, and ends it, without waiting.
    pub(crate) fn abandon_to(&mut self, savepoint: &str) {
        if self.session.in_transaction() {
            let undone = self.control(&format!("ROLLBACK TO {savepoint}"));
            if undone.and_then(|()| self.control(&format!("RELEASE {savepoint}"))).is_err() {
                self.broken = true;
            }
        }
    }

    fn unguard(&mut self) -> Result<()> {
        if self.guarded {
            self.control("PRAGMA query_only = 0")?;
            self.guarded = false;
        }
        Ok(())
    }

    /// Runs a statement of transaction control, which may wait for the disk and is never cut short.
    fn control(&mut self, sql: &str) -> Result<()> {
        let session = &mut *self.session;
        let outcome = rt::give_way(|| {
            let found = session.find(sql);
            let mut running = session.run(sql, found)?;
            running.bind(|_| Ok(()))?;
            while running.step()? {}
            Ok(())
        });
        self.note(outcome)
    }

    /// Runs `work`, and moves the runtime's other work away before unless the statement is known to be short.
    #[inline]
    fn run<T>(
        &mut self,
        sql: &str,
        few: bool,
        work: impl FnOnce(&mut Session, Option<Found>) -> Result<T>,
    ) -> Result<T> {
        let session = &mut *self.session;
        let found = session.find(sql);
        let calm = few && found.as_ref().is_some_and(|found| session.is_calm(found));
        let outcome = match (self.statement_timeout, calm) {
            (Some(limit), _) => rt::give_way(|| limited(limit, session, |session| work(session, found))),
            (None, true) => work(session, found),
            (None, false) => rt::give_way(|| work(session, found)),
        };
        self.note(outcome)
    }

    /// Remembers when the connection itself has failed, so that the pool drops it.
    #[inline]
    fn note<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome
            && matches!(error.kind(), ErrorKind::Connection)
        {
            self.broken = true;
        }
        outcome
    }
}

/// An INSERT of one row with so many columns as one of so many rows, if it is that.
fn together(sql: &str, columns: usize, rows: usize) -> Option<String> {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let fits = columns > 0 && columns * rows <= PARAMETERS && sql.ends_with(&format!("VALUES {row}"));
    fits.then(|| format!("{sql}{}", format!(", {row}").repeat(rows - 1)))
}

/// Interrupts what runs for longer than allowed.
fn limited<T>(limit: Duration, session: &mut Session, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    let interrupt = session.connection().get_interrupt_handle();
    let outcome = rt::with_alarm(limit, move || interrupt.interrupt(), || work(session));
    outcome.map_err(|error| too_long(limit, error))
}

/// Says how long a statement could run, if that is what ended it.
fn too_long(limit: Duration, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Timeout => {
            let message = format!("the statement was interrupted after the {limit:?} that it may run");
            Error::new(ErrorKind::Timeout, message).with_source(error)
        }
        _ => error,
    }
}

#[inline]
fn bind_params(running: &mut Running<'_>, params: &dyn Params) -> Result<()> {
    running.bind(|binder| params.bind(&mut |value| bind::put(binder, value)))
}

fn open(options: &Options, reader: bool) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if options.read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    if options.create && !options.read_only && !reader {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let opened = match &options.path {
        Some(path) => {
            explain_missing(path, flags.contains(OpenFlags::SQLITE_OPEN_CREATE))?;
            rusqlite::Connection::open_with_flags(path, flags)
        }
        None => rusqlite::Connection::open_in_memory_with_flags(flags | OpenFlags::SQLITE_OPEN_READ_WRITE),
    };
    let named = |error| in_file(options, from_rusqlite(error));
    let connection = opened.map_err(named)?;
    connection.busy_timeout(options.busy_timeout).map_err(named)?;
    prepare(&connection, options, reader).map_err(named)?;
    Ok(Connection {
        session: Box::new(Session::new(connection, STATEMENTS)),
        reader,
        guarded: false,
        in_memory: options.path.is_none(),
        broken: false,
        statement_timeout: options.statement_timeout,
    })
}

/// Sets what every connection needs. Reading the journal's mode reads the file's head, so that a file that is no
/// database is found here.
fn prepare(connection: &rusqlite::Connection, options: &Options, reader: bool) -> rusqlite::Result<()> {
    // A name in double quotes that is not there would be read as a text: <https://sqlite.org/quirks.html#dblquote>.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    fits::define(connection)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;")?;
    if options.path.is_none() {
        return Ok(());
    }
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if !options.read_only && !reader && !mode.eq_ignore_ascii_case("wal") {
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            tracing::warn!(target: "pilaster::pool", mode, "SQLite cannot use WAL here; readers and writers will wait");
        }
    }
    // PRAGMA journal_mode alone does not notice every file that is no database.
    connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0))?;
    if reader {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    Ok(())
}

/// SQLite says only that it cannot open the file; this says why.
fn explain_missing(path: &Path, create: bool) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let (file, folder) = (path.display(), folder.display());
        return Err(Error::new(
            ErrorKind::Connection,
            format!("cannot open the SQLite database {file}: there is no folder {folder}"),
        ));
    }
    if !create && !path.exists() {
        let why = "there is no such file, and it is not to be created";
        return Err(Error::new(
            ErrorKind::Connection,
            format!("cannot open the SQLite database {}: {why}", path.display()),
        ));
    }
    Ok(())
}

/// Names the file in an error of opening it.
fn in_file(options: &Options, error: Error) -> Error {
    let file = options.path.as_ref().map_or("in memory".into(), |path| path.display().to_string());
    let message = format!("cannot open the SQLite database {file}: {}", error.message());
    Error::new(error.kind().clone(), message).with_source(error)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
