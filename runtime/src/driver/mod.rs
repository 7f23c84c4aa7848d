//! The contract between the layers above and a database's client library.
//!
//! A driver gets text and parameters and gives rows; it never makes SQL of its own beyond transaction control. It turns
//! faults into kinds as follows: a lost or refused connection is `Connection`; unique, foreign key, check and not-null
//! violations carry constraint, table and columns as far as the server tells; `Serialization` and `Deadlock` mean that
//! the transaction can be run again; a lock that could not be had in time is `Locked`; a statement that ran too long is
//! `Timeout`; a missing right is `Permission`; a write to something read only is `ReadOnly`; everything else the server
//! says about a statement is `Query`.
#![cfg_attr(not(feature = "sqlite"), allow(unused_variables))]

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod cache;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod network;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(all(feature = "tls", any(feature = "postgres", feature = "mysql")))]
mod tls;
mod words;

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::words::AN_INTEGER;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use self::words::{is_reading, not_waited_for, out_of_range};
pub(crate) use self::words::{keyword, split_keyword};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::executor::Access;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::{self, Search, Target};
use crate::row::Row;
use crate::sql::{Conflict, Dialect, Existing, Table};
use crate::value::{Params, Value};

/// Takes the rows of a result one by one.
pub(crate) type Each<'a> = &'a mut (dyn FnMut(&Row<'_>) -> Result<()> + Send);

/// Holds a statement up while nobody wants more of its rows.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicBool);

impl Gate {
    /// Lets rows pass.
    pub(crate) fn open(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Holds the statement up behind the row in hand.
    pub(crate) fn close(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the statement is held up.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits while it is closed. No waker is kept: whoever opens it polls.
    pub(crate) async fn pass(&self) {
        poll_fn(|_| if self.is_closed() { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

/// Rows of parameters for one statement.
pub(crate) trait Rows: Send {
    /// How many.
    fn len(&self) -> usize;

    /// Hands the parameters of a row to `put`, in order.
    fn bind(&mut self, row: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()>;

    /// Which of the rows that the caller knows of one is, from 1, and how many these are.
    fn number(&self, row: usize) -> Option<(usize, usize)> {
        let _ = row;
        None
    }

    /// What the parameters of each of them are for. Asked for after the statement failed.
    fn target(&mut self) -> Option<Target> {
        None
    }

    /// What they are, if they are rows to insert, so that many of them may go into one statement.
    fn bulk(&self) -> Option<Bulk<'_>> {
        None
    }
}

/// The error of one of the rows.
#[cold]
pub(crate) fn of_row(error: Error, rows: &dyn Rows, row: usize) -> Error {
    match rows.number(row) {
        Some((row, of)) => error.in_row(row, of),
        None => error,
    }
}

/// The error of a statement that ran for many rows, with the place of the value at fault.
#[cold]
pub(crate) fn place_row(error: Error, rows: &mut dyn Rows) -> Error {
    if !misfit::is_wanted(&error) {
        return error;
    }
    let Some(target) = rows.target() else { return error };
    let mut search = Search::new(&target);
    for row in 0..rows.len() {
        // What cannot be bound was not sent.
        let seen = rows.bind(row, &mut |value| {
            search.see(value);
            Ok(())
        });
        if seen.is_err() {
            break;
        }
        if !search.next_row() {
            let error = if search.is_sure(&error) { of_row(error, rows, row) } else { error };
            return search.end(error);
        }
    }
    search.end(error)
}

/// Rows to insert.
pub(crate) struct Bulk<'a> {
    pub table: Table,
    /// The columns that are given.
    pub columns: Vec<&'static ColumnMeta>,
    /// The columns that come back.
    pub returning: Vec<&'static ColumnMeta>,
    /// The primary key.
    pub key: Vec<&'static ColumnMeta>,
    /// The column of it that the database makes by counting.
    pub counted: Option<&'static ColumnMeta>,
    /// What becomes of rows that are there already.
    pub existing: Existing<'a>,
}

impl Bulk<'_> {
    /// Rows of a model, with some of its columns given.
    pub(crate) fn of(meta: &'static ModelMeta, columns: &[usize], returning: &[&'static ColumnMeta]) -> Self {
        let columns = columns.iter().filter_map(|&at| meta.columns.get(at)).collect();
        Self {
            table: Table::Model(meta),
            columns,
            returning: returning.to_vec(),
            key: meta.key_columns().collect(),
            counted: meta.auto_key.and_then(|at| meta.columns.get(at)),
            existing: Existing::Refused,
        }
    }

    /// The key that a row has before and after: the one by which a row that is there already is found, else the primary key.
    pub(crate) fn own_key(&self) -> &[&'static ColumnMeta] {
        self.conflict().map_or(&self.key, |conflict| &conflict.key)
    }

    /// What rows that are there already are found by, and what becomes of them.
    pub(crate) fn conflict(&self) -> Option<&Conflict> {
        match self.existing {
            Existing::Found(conflict) => Some(conflict),
            Existing::Refused | Existing::Ignored => None,
        }
    }
}

/// What is wanted back from each run of a statement.
pub(crate) enum Returned<'a> {
    /// Nothing.
    Nothing,
    /// The key that the database counted, in the order of the rows.
    Keys(&'a mut Vec<i64>),
    /// The rows of its RETURNING clause, in the order of the rows.
    Rows(Each<'a>),
}

/// What a statement did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Rows changed.
    pub affected: u64,
    /// The last key that the database counted, where it says so.
    pub last_key: i64,
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Begin {
    /// No writes.
    pub read_only: bool,
    /// Waits until its snapshot is one that nothing can conflict with.
    pub deferrable: bool,
    /// Isolation level; `None` is the server's default.
    pub isolation: Option<crate::Isolation>,
}

/// A connection to a database of any kind.
pub(crate) enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Connection),
    #[cfg(feature = "mysql")]
    Mysql(Box<mysql::Connection>),
    #[allow(dead_code)]
    Never(std::convert::Infallible),
}

/// How much goes on on a connection that several may use at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Load {
    /// How many seats are taken.
    pub(crate) seats: usize,
    /// How long the statements in them take together, by what the last ones took.
    pub(crate) wait: Duration,
}

/// A place for one statement on a connection that several use at the same time. Given for as long as nobody has the
/// connection for himself.
pub(crate) enum Seat {
    #[cfg(feature = "postgres")]
    Postgres(postgres::Seat),
    #[allow(dead_code)]
    Never(std::convert::Infallible),
}

impl Seat {
    /// Runs a short statement, hands its rows to `each` and says how many it gave or changed. `None` when it has to be run
    /// elsewhere; nothing was given to `each` then, and nothing was changed.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables))]
    pub(crate) async fn run(self, sql: &str, params: &dyn Params, each: Each<'_>) -> Option<Result<u64>> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(seat) => seat.run(sql, params, each).await,
            Self::Never(never) => match never {},
        }
    }
}

macro_rules! forward {
    ($(#[doc = $doc:literal] $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        #[doc = $doc]
        pub(crate) async fn $name(&mut self $(, $arg: $ty)*) -> Result<$out> {
            match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite(connection) => connection.$name($($arg),*).await,
                #[cfg(feature = "postgres")]
                Self::Postgres(connection) => connection.$name($($arg),*).await,
                #[cfg(feature = "mysql")]
                Self::Mysql(connection) => connection.$name($($arg),*).await,
                Self::Never(never) => match *never {},
            }
        }
    )*};
}

impl Connection {
    /// Opens a connection for one kind of access.
    pub(crate) async fn open(settings: &Settings, access: Access) -> Result<Self> {
        match settings.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => {
                sqlite::Connection::open(&settings.sqlite_options(), access == Access::Read).map(Self::Sqlite)
            }
            #[cfg(feature = "postgres")]
            Dialect::Postgres => postgres::Connection::open(settings).await.map(Self::Postgres),
            #[cfg(feature = "mysql")]
            Dialect::Mysql => {
                let opened = mysql::Connection::open(&settings.mysql_options()?).await;
                opened.map(|connection| Self::Mysql(Box::new(connection)))
            }
            #[allow(unreachable_patterns)]
            dialect => {
                let _ = access;
                Err(crate::config::no_driver(dialect))
            }
        }
    }

    /// Whether trying again a little later can help to open a connection: the server is starting, say.
    pub(crate) fn may_pass(settings: &Settings, error: &Error) -> bool {
        match settings.dialect {
            #[cfg(feature = "postgres")]
            Dialect::Postgres => postgres::may_pass(error),
            #[cfg(feature = "mysql")]
            Dialect::Mysql => mysql::may_pass(error),
            #[allow(unreachable_patterns)]
            Dialect::Sqlite | Dialect::Postgres | Dialect::Mysql => {
                let _ = error;
                false
            }
        }
    }

    /// Whether the connection is still of use, as far as is known without asking the server.
    pub(crate) fn is_alive(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.is_alive(),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.is_alive(),
            Self::Never(never) => match *never {},
        }
    }

    /// Whether the connection, which may have been idle for long, still lives: the server is asked where its client library
    /// does not notice that it was closed.
    pub(crate) async fn is_awake(&mut self) -> bool {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.is_awake().await,
            _ => self.is_alive(),
        }
    }

    /// Whether a statement can pass over rows that others have locked.
    pub(crate) fn skips_locked(&self) -> bool {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.skips_locked(),
            _ => true,
        }
    }

    /// Whether a commit on it waits for other servers.
    pub(crate) fn awaits_standbys(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.awaits_standbys(),
            _ => false,
        }
    }

    /// What goes on in its seats; `None` where another one for this access cannot be had.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables))]
    pub(crate) fn load(&self, access: Access) -> Option<Load> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.link().load(access),
            _ => None,
        }
    }

    /// A seat, where one can be had.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables))]
    pub(crate) fn seat(&self, access: Access) -> Option<Seat> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => Some(Seat::Postgres(connection.link().seat(access))),
            _ => None,
        }
    }

    /// Whether a seat on it is taken, so that nobody can have it for himself.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.link().seats() > 0,
            _ => false,
        }
    }

    /// Waits until all seats are left.
    pub(crate) fn emptied(&self) -> impl Future<Output = ()> + Send + use<> {
        #[cfg(feature = "postgres")]
        let link = match self {
            Self::Postgres(connection) => Some(std::sync::Arc::clone(connection.link())),
            _ => None,
        };
        async move {
            #[cfg(feature = "postgres")]
            if let Some(link) = link {
                link.emptied().await;
            }
        }
    }

    /// Whether a statement only reads, as the database sees it.
    pub(crate) async fn is_read_only(&mut self, sql: &str) -> Result<bool> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.is_read_only(sql),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => Ok(connection.is_read_only(sql)),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => Ok(connection.is_read_only(sql)),
            Self::Never(never) => match *never {},
        }
    }

    /// Whether a transaction is open, as the connection itself knows.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.in_transaction(),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.in_transaction(),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.in_transaction(),
            Self::Never(never) => match *never {},
        }
    }

    /// Undoes what was begun and not ended; `false` when the connection is of no further use. Called where nothing
    /// can be waited for: a driver that has to wait notes it and undoes it before the next statement.
    pub(crate) fn abandon(&mut self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.abandon(),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.abandon(),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.abandon(),
            Self::Never(never) => match *never {},
        }
    }

    /// Undoes what came after a savepoint and ends it; like [`Connection::abandon`].
    pub(crate) fn abandon_to(&mut self, savepoint: &str) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.abandon_to(savepoint),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.abandon_to(savepoint),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => connection.abandon_to(savepoint),
            Self::Never(never) => match *never {},
        }
    }

    /// Whether the columns of a table store values of these kinds exactly as they are given. Where nobody can tell, or
    /// asking for the stored row costs little, they do not.
    pub(crate) fn keeps(&self, table: &str, columns: &mut dyn Iterator<Item = (&'static str, crate::Kind)>) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.keeps(table, columns),
            _ => {
                let _ = (table, columns);
                false
            }
        }
    }

    /// The key that the last INSERT counted; only SQLite is asked for it.
    pub(crate) fn last_key(&self) -> Option<i64> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => Some(connection.last_key()),
            _ => None,
        }
    }

    forward! {
        #[doc = "Runs one statement and hands its rows to `each`; an error of `each` stops it."]
        query(sql: &str, params: &dyn Params, each: Each<'_>) -> ();
        #[doc = "Like `query`, and waits at the gate before every further row."]
        stream(sql: &str, params: &dyn Params, each: Each<'_>, gate: &Gate) -> ();
        #[doc = "Runs one statement and says what it did."]
        execute(sql: &str, params: &dyn Params) -> Done;
        #[doc = "Runs one statement for every row of parameters and says how many rows it changed. Not atomic by itself."]
        execute_rows(sql: &str, rows: &mut dyn Rows, returned: Returned<'_>) -> u64;
        #[doc = "Runs statements separated by semicolons, without parameters."]
        batch(sql: &str) -> ();
        #[doc = "Begins a transaction."]
        begin(begin: Begin) -> ();
        #[doc = "Commits the transaction."]
        commit() -> ();
        #[doc = "Rolls the transaction back."]
        rollback() -> ();
    }
}

/// Whether a statement failed since a subquery of one value gave several, which is how an INSERT on MySQL says that it found
/// a row by another key than it should.
pub(crate) fn is_several(error: &Error) -> bool {
    #[cfg(feature = "mysql")]
    if mysql::is_several(error) {
        return true;
    }
    let _ = error;
    false
}

/// Whether a statement that makes something failed since it is there.
pub(crate) fn is_there(error: &Error) -> bool {
    #[cfg(feature = "sqlite")]
    if sqlite::is_there(error) {
        return true;
    }
    #[cfg(feature = "postgres")]
    if postgres::is_there(error) {
        return true;
    }
    #[cfg(feature = "mysql")]
    if mysql::is_there(error) {
        return true;
    }
    let _ = error;
    false
}

/// Whether a statement that makes or removes something failed since it is there, or is gone. For one that may have been
/// run before, that means that it was.
pub(crate) fn is_so_already(error: &Error) -> bool {
    #[cfg(feature = "postgres")]
    if postgres::is_so_already(error) {
        return true;
    }
    #[cfg(feature = "mysql")]
    if mysql::is_so_already(error) {
        return true;
    }
    let _ = error;
    false
}
