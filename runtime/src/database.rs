//! A database: the handle that a program keeps, and how it is opened.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::executor::{Executor, Target, sealed};
use crate::mode::{Async, Blocking, Mode, Outcome};
use crate::pool::{Pool, PoolStatus};
use crate::raw::Sql;
use crate::session::{Committed, Subscription, UnitOfWork};
use crate::sql::Dialect;
use crate::transaction::{Level, Transaction, TxOptions, attempt, rehearse};

/// An async database.
pub type Db = Database<Async>;

/// A database with its pool of connections. Clones share the pool.
///
/// Statements run on it as `&db`, each by itself. On SQLite one connection writes and several read beside it: a read
/// sees what was committed before it began. Writing through the database while one's own transaction is open waits
/// for that transaction, and so ends in an error after the time that one may wait for a connection. A database in
/// memory has a single connection, so the same holds for reading there.
///
/// SQLite runs in the thread that calls it. On tokio's multi-thread runtime other tasks move away before anything
/// that can take long; on a current-thread runtime they wait.
pub struct Database<M: Mode> {
    pool: Arc<Pool>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Database<M> {
    /// Opens the database at a URL: `sqlite://blog.db`, `sqlite:///var/lib/blog.db` or `sqlite::memory:`, or with the
    /// feature `postgres` a server: `postgres://user:password@host:5432/blog`, `postgres:///blog?host=/run/postgresql`
    /// over a Unix socket. Special characters in it are escaped as in `%40` for `@`. Settings of [`Builder`] can stand
    /// behind it by name: `sqlite://blog.db?max_connections=8&busy_timeout=2s`.
    ///
    /// PostgreSQL takes these, too, with the meaning that its own tools give them: `application_name`, `search_path`,
    /// `options`, `connect_timeout`, `lock_timeout`, `target_session_attrs`, `load_balance_hosts`, `keepalives`,
    /// `channel_binding`, `sslmode`, `sslrootcert`, `sslcert` and `sslkey`; MySQL takes `socket`, `connect_timeout`,
    /// `tcp_keepalive`, `ssl-mode`, `ssl-ca`, `ssl-cert` and `ssl-key`. Without the feature `tls`, modes that ask for TLS
    /// are refused as unsupported.
    ///
    /// # Errors
    /// `Config` when the URL or a file that it names is wrong, `Connection` when the server cannot be reached or its
    /// certificate is not to be trusted, `Permission` when it refuses the user, `Unsupported` when it is too old or this
    /// build has no driver for it.
    pub fn connect(url: &str) -> M::Out<'static, Self> {
        Self::builder(url).connect()
    }

    /// Opens the database that the environment variable `DATABASE_URL` names, else the `url` under `[database]` in
    /// the file `pilaster.toml` of the current directory. Settings under `[database]` hold for both.
    pub fn from_env() -> M::Out<'static, Self> {
        let builder: Builder<M> = Builder { settings: Settings::from_env(), mode: PhantomData };
        builder.connect()
    }

    /// Settings for a database that is about to be opened.
    #[must_use]
    pub fn builder(url: &str) -> Builder<M> {
        Builder { settings: Settings::parse(url), mode: PhantomData }
    }

    fn new(pool: Arc<Pool>) -> Self {
        Self { pool, mode: PhantomData }
    }

    /// The language that the database speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.pool.dialect()
    }

    /// Begins a transaction. It ends with [`Transaction::commit`]; dropped, it is rolled back.
    #[track_caller]
    pub fn begin(&self) -> M::Out<'static, Transaction<M>> {
        self.begin_with(TxOptions::new())
    }

    /// Begins a transaction of a certain kind.
    #[track_caller]
    pub fn begin_with(&self, options: TxOptions) -> M::Out<'static, Transaction<M>> {
        let (pool, begun_at) = (Arc::clone(&self.pool), Location::caller());
        M::run(async move { Level::begin(pool, options, begun_at).await.map(Transaction::new) })
    }

    /// Begins a unit of work. Its transaction begins with its first statement.
    #[track_caller]
    pub fn session(&self) -> M::Out<'static, UnitOfWork<M>> {
        self.session_with(TxOptions::new())
    }

    /// Begins a unit of work whose transaction is of a certain kind.
    #[track_caller]
    pub fn session_with(&self, options: TxOptions) -> M::Out<'static, UnitOfWork<M>> {
        let (pool, begun_at) = (Arc::clone(&self.pool), Location::caller());
        M::run(async move { Ok(UnitOfWork::new(pool, options, begun_at)) })
    }

    /// Has a closure called after every commit of a session on this database, or on clones of this handle, with the rows
    /// that were inserted, updated and deleted. Nothing is gathered while nobody asked.
    ///
    /// It is called in the task that commits, once the database has committed, so it should be quick; what takes long
    /// or can fail belongs behind a channel.
    ///
    /// Only sessions know their rows: what is written without one is not reported.
    pub fn on_commit(&self, listener: impl Fn(&Committed<'_>) + Send + Sync + 'static) -> Subscription {
        crate::session::subscribe(&self.pool, Arc::new(listener))
    }

    /// Runs a closure in a transaction, which is committed when it returns `Ok` and rolled back when it returns `Err`.
    /// When the database says that running it again can help (a serialization failure, a deadlock), that is done a few
    /// times, so the closure should have no other effects.
    ///
    /// The closure's error is [`Error`]; for errors of one's own there is [`Database::try_transaction`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pilaster::Result<()> {
    /// # let db = pilaster::Db::connect("sqlite::memory:").await?;
    /// # db.sql("CREATE TABLE note (text TEXT)").execute().await?;
    /// db.transaction(async |tx| {
    ///     tx.sql("INSERT INTO note VALUES ('one')").execute().await?;
    ///     tx.sql("INSERT INTO note VALUES ('two')").execute().await?;
    ///     Ok(())
    /// })
    /// .await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn transaction<'a, F, O>(&self, closure: F) -> M::Out<'a, O::Value>
    where
        F: FnMut(Transaction<M>) -> O + Send + 'a,
        O: Outcome<M, Error = Error> + 'a,
        O::Value: 'a,
    {
        self.transaction_with(TxOptions::new(), closure)
    }

    /// [`Database::transaction`] of a certain kind: at [`Isolation::Serializable`](crate::Isolation::Serializable), say,
    /// where servers end one of two transactions that could not have run one after the other, and it is run again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pilaster::Result<()> {
    /// use pilaster::{Isolation, TxOptions};
    ///
    /// # let db = pilaster::Db::connect("sqlite::memory:").await?;
    /// # db.sql("CREATE TABLE duty (on_call BOOLEAN)").execute().await?;
    /// let serializable = TxOptions::new().isolation(Isolation::Serializable);
    /// let left = db
    ///     .transaction_with(serializable, async |tx| {
    ///         tx.sql("UPDATE duty SET on_call = FALSE").execute().await?;
    ///         tx.sql("SELECT count(*) FROM duty WHERE on_call").one::<i64>().await
    ///     })
    ///     .await?;
    /// # assert_eq!(left, 0);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn transaction_with<'a, F, O>(&self, options: TxOptions, closure: F) -> M::Out<'a, O::Value>
    where
        F: FnMut(Transaction<M>) -> O + Send + 'a,
        O: Outcome<M, Error = Error> + 'a,
        O::Value: 'a,
    {
        M::run(attempt(Arc::clone(&self.pool), options, Location::caller(), closure))
    }

    /// [`Database::transaction`] with an error type of one's own, which [`Error`] converts to.
    #[track_caller]
    pub fn try_transaction<'a, F, O>(&self, closure: F) -> M::Tried<'a, O::Value, O::Error>
    where
        F: FnMut(Transaction<M>) -> O + Send + 'a,
        O: Outcome<M> + 'a,
        O::Value: 'a,
    {
        self.try_transaction_with(TxOptions::new(), closure)
    }

    /// [`Database::transaction_with`] with an error type of one's own.
    #[track_caller]
    pub fn try_transaction_with<'a, F, O>(&self, options: TxOptions, closure: F) -> M::Tried<'a, O::Value, O::Error>
    where
        F: FnMut(Transaction<M>) -> O + Send + 'a,
        O: Outcome<M> + 'a,
        O::Value: 'a,
    {
        M::run_tried(attempt(Arc::clone(&self.pool), options, Location::caller(), closure))
    }

    /// Runs a closure in a transaction that is rolled back in any case, and gives what the closure gave: a test leaves
    /// nothing behind.
    #[track_caller]
    pub fn test_transaction<'a, F, O>(&self, closure: F) -> M::Out<'a, O::Value>
    where
        F: FnOnce(Transaction<M>) -> O + Send + 'a,
        O: Outcome<M, Error = Error> + 'a,
        O::Value: 'a,
    {
        M::run(rehearse(Arc::clone(&self.pool), Location::caller(), closure))
    }

    /// Hand-written SQL on this database; see [`crate::sql`].
    pub fn sql<'e>(&'e self, text: impl Into<Cow<'e, str>>) -> Sql<'e, &'e Self> {
        Sql::new(self, text.into())
    }

    /// Asks the database whether it answers, as a health check does: one statement, on a connection of the pool. It waits
    /// for a free connection as every statement does.
    ///
    /// # Errors
    /// `Connection` when the server cannot be reached, `Pool` when no connection was free in time.
    pub fn ping(&self) -> M::Out<'_, ()> {
        self.sql("SELECT 1").map(|_| Ok(())).one()
    }

    /// What the pool does at this moment and did since it was opened: for metrics. Asks the database nothing.
    ///
    /// ```
    /// # use pilaster::blocking::Db;
    /// let db = Db::builder("sqlite::memory:").connect()?;
    /// let status = db.pool_status();
    /// assert_eq!((status.open, status.in_use, status.waiting), (1, 0, 0));
    /// # Ok::<(), pilaster::Error>(())
    /// ```
    #[must_use]
    pub fn pool_status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Closes the database, for all clones: refuses new work, waits for what is running and closes the connections.
    pub fn close(&self) -> M::Out<'static, ()> {
        let pool = Arc::clone(&self.pool);
        M::run(async move { pool.close().await })
    }

    /// The same database with blocking methods.
    #[must_use]
    pub fn blocking(&self) -> Database<Blocking> {
        Database::new(Arc::clone(&self.pool))
    }

    /// The same database with async methods.
    #[must_use]
    pub fn into_async(&self) -> Database<Async> {
        Database::new(Arc::clone(&self.pool))
    }
}

impl<M: Mode> Clone for Database<M> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.pool))
    }
}

impl<M: Mode> std::fmt::Debug for Database<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.pool.shown()).finish_non_exhaustive()
    }
}

impl<M: Mode> sealed::Sealed for &Database<M> {}

impl<'e, M: Mode> Executor<'e> for &'e Database<M> {
    type Mode = M;

    fn target(self) -> Target<'e> {
        Target::pool(&self.pool)
    }
}

/// Settings of a database that is about to be opened.
#[derive(Debug)]
pub struct Builder<M: Mode> {
    // A wrong URL is reported by `connect`.
    settings: Result<Settings>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Builder<M> {
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        if let Ok(settings) = &mut self.settings {
            change(settings);
        }
        self
    }

    /// How many connections there are at most. On SQLite one of them writes and the others read; a single one does
    /// both. The default is one for writing and as many for reading as there are processor cores, at least 4; for a
    /// server it is 8. Connections are opened when they are needed.
    #[must_use]
    pub fn max_connections(self, number: u32) -> Self {
        self.with(|settings| settings.max_connections = number.max(1))
    }

    /// How long to wait for a free connection; 30 seconds by default.
    #[must_use]
    pub fn acquire_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.acquire_timeout = time)
    }

    /// Closes connections to a server that were idle for so long; `None` for never. 10 minutes by default.
    #[must_use]
    pub fn idle_timeout(self, time: Option<Duration>) -> Self {
        self.with(|settings| settings.idle_timeout = time)
    }

    /// Closes connections to a server that are older, between statements; `None` for never. 30 minutes by default.
    #[must_use]
    pub fn max_lifetime(self, time: Option<Duration>) -> Self {
        self.with(|settings| settings.max_lifetime = time)
    }

    /// How many prepared statements a connection to a server keeps; 256 by default. With 0 nothing is kept, as behind a
    /// pooler that gives every transaction another connection; each statement then takes a transaction of its own.
    #[must_use]
    pub fn statement_cache(self, statements: usize) -> Self {
        self.with(|settings| settings.statement_cache = statements)
    }

    /// Whether short statements share connections to PostgreSQL, so that one is sent while others still wait for their
    /// replies; they do by default. Those are what finds a row by a key, queries with a limit of at most 100 rows, and
    /// updates and deletes by primary key, outside of transactions and sessions; everything else has a connection for
    /// itself. Without a statement cache nothing is shared.
    #[must_use]
    pub fn share_connections(self, share: bool) -> Self {
        self.with(|settings| settings.share_connections = share)
    }

    /// How long SQLite waits for a lock that another process holds; 5 seconds by default. The thread waits.
    #[must_use]
    pub fn busy_timeout(self, time: Duration) -> Self {
        self.with(|settings| settings.busy_timeout = time)
    }

    /// Whether a SQLite file that is missing is created; it is by default.
    #[must_use]
    pub fn create_if_missing(self, create: bool) -> Self {
        self.with(|settings| settings.create_if_missing = create)
    }

    /// Whether the database is opened for reading only.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        self.with(|settings| settings.read_only = read_only)
    }

    /// Whether every statement is logged with its parameters, at level INFO of `tracing`'s target `pilaster::sql`.
    #[must_use]
    pub fn echo(self, echo: bool) -> Self {
        self.with(|settings| settings.echo = echo)
    }

    /// Statements that take at least so long are logged at level WARN.
    #[must_use]
    pub fn slow_statement(self, threshold: Duration) -> Self {
        self.with(|settings| settings.slow_statement = Some(threshold))
    }

    /// How long a statement may run before it is interrupted and gives an error of kind
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout); without limit by default. On SQLite a statement that writes
    /// takes the transaction around it along.
    #[must_use]
    pub fn statement_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.statement_timeout = Some(limit))
    }

    /// Opens the database.
    pub fn connect(self) -> M::Out<'static, Database<M>> {
        M::run(async move { Pool::open(self.settings?).await.map(Database::new) })
    }
}
