//! Migrations at run time: brings a database from revision to revision.
//!
//! The steps come written for the database, from the files of a project by the command `pilaster db`, or built into a
//! program by its build script: then `schema::migrate` runs them, and `schema::migrator` gives a [`Migrator`] of them.
//! There is no diff here and no DDL is made.
//!
//! What was done is noted in the table `pilaster_migrations`. A revision is one transaction on SQLite, with everything in
//! it. On PostgreSQL the steps that can be are transactions, together with the note of them, and what cannot be in one is
//! run by itself. On MySQL and MariaDB every statement commits, so each is noted. What was stopped in between, by an error
//! or by the end of the process, goes on there with the next run. One runner works at a time; others wait.

pub(crate) mod carried;
mod data;
mod lock;
mod mark;
mod plan;
mod rebuild;
mod run;
mod step;
mod store;
mod text;

pub use data::{Action, Backfill, ConcurrentIndex, List, Precheck, Revision, Script, SqliteRebuild, Step, Text};
pub use plan::Target;
pub use store::{Applied, State, TABLE};

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor};
use crate::mode::Mode;
use carried::Carried;
use plan::Direction;
use run::Runner;

/// Brings databases along a history.
///
/// ```
/// use pilaster::migrate::{Action, Migrator, Revision, Script, Step, Target};
/// use pilaster::{Dialect, blocking::Db};
///
/// let step = |sql: &'static str| Step { about: sql.into(), transactional: true, action: Action::Sql(sql.into()) };
/// let script = |steps| Script { dialect: Dialect::Sqlite, foreign_keys_off: false, steps };
/// let history = [Revision {
///     id: "20261122_2230_notes".into(),
///     parents: vec![].into(),
///     message: "notes".into(),
///     checksum: "1f0c".into(),
///     up: script(vec![step("CREATE TABLE note (text TEXT)")].into()),
///     down: Some(script(vec![step("DROP TABLE note")].into())),
/// }];
///
/// let db = Db::connect("sqlite::memory:")?;
/// let migrator = Migrator::new(&history);
/// assert_eq!(migrator.upgrade(&db, Target::Head)?, ["20261122_2230_notes"]);
/// assert!(migrator.upgrade(&db, Target::Head)?.is_empty());
/// assert_eq!(migrator.current(&db)?[0].revision, "20261122_2230_notes");
/// assert_eq!(migrator.downgrade(&db, Target::Steps(-1))?, ["20261122_2230_notes"]);
/// # Ok::<(), pilaster::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Migrator<'m> {
    revisions: Cow<'m, [Revision]>,
    settings: Settings,
    only: Option<BTreeSet<String>>,
    /// What holds for those that a program carries.
    carried: Option<Carried>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Settings {
    lock_wait: Duration,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
}

impl<'m> Migrator<'m> {
    /// A migrator of a history, in which every revision stands behind its parents.
    #[must_use]
    pub fn new(revisions: &'m [Revision]) -> Self {
        Self::of(Cow::Borrowed(revisions))
    }

    fn of(revisions: Cow<'m, [Revision]>) -> Self {
        let lock_wait = Duration::from_secs(60);
        let settings = Settings { lock_wait, lock_timeout: Duration::from_secs(5), statement_timeout: None };
        Self { revisions, settings, only: None, carried: None }
    }

    /// The history, every revision behind its parents.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Runs no other revisions than these: what else a target would ask for, since another runner changed the database
    /// after it was looked at, is an error. For scripts that were written for what was found there.
    #[must_use]
    pub fn only(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.only = Some(names.into_iter().collect());
        self
    }

    /// Also runs revisions that lose data and in which nobody has accepted that. Asked of migrations that are built into a
    /// program; those that are given to [`Migrator::new`] are run as they are.
    #[must_use]
    pub fn allow_destructive(mut self) -> Self {
        if let Some(carried) = &mut self.carried {
            carried.allowed = true;
        }
        self
    }

    /// How long to wait for another runner; 60 seconds by default.
    #[must_use]
    pub fn lock_wait(mut self, time: Duration) -> Self {
        self.settings.lock_wait = time;
        self
    }

    /// How long a statement waits for tables that others use; 5 seconds by default. While it waits, everybody else
    /// who comes to the table waits behind it. It is tried again a few times. On SQLite there is nothing to wait for
    /// within a transaction.
    #[must_use]
    pub fn lock_timeout(mut self, time: Duration) -> Self {
        self.settings.lock_timeout = time;
        self
    }

    /// How long a statement may run on PostgreSQL; by default what the connection says.
    #[must_use]
    pub fn statement_timeout(mut self, time: Duration) -> Self {
        self.settings.statement_timeout = Some(time);
        self
    }

    /// Applies what is missing up to a target, and gives the names of what was applied, in order. Nothing is locked
    /// when nothing is missing.
    ///
    /// After a step has failed, the revision may be corrected from that step on; what is done stays as it is.
    ///
    /// Errors are of kind [`ErrorKind::Migration`] and say what to do: a step failed, a revision was edited after it was
    /// applied, or in what is done of it, the database has one that is not in the history, another one is unfinished, data would be lost that nobody
    /// has given up. [`ErrorKind::Locked`] when another runner was at work for too long.
    pub fn upgrade<'a, M: Mode>(&'a self, db: &'a Database<M>, target: Target) -> M::Out<'a, Vec<String>> {
        M::run(async move { self.up(db, &target).await })
    }

    /// Takes back what is applied beyond a target, the newest first, and gives its names in order.
    ///
    /// Errors are those of [`Migrator::upgrade`], and `Migration` when a revision has no way back.
    pub fn downgrade<'a, M: Mode>(&'a self, db: &'a Database<M>, target: Target) -> M::Out<'a, Vec<String>> {
        M::run(async move { self.runner(db).await?.travel(Direction::Down, &target).await })
    }

    /// What [`Migrator::upgrade`] would apply. Changes nothing.
    pub fn plan_upgrade<'a, M: Mode>(&'a self, db: &'a Database<M>, target: Target) -> M::Out<'a, Vec<String>> {
        M::run(async move { self.runner(db).await?.plan(Direction::Up, &target).await })
    }

    /// What [`Migrator::downgrade`] would take back. Changes nothing.
    pub fn plan_downgrade<'a, M: Mode>(&'a self, db: &'a Database<M>, target: Target) -> M::Out<'a, Vec<String>> {
        M::run(async move { self.runner(db).await?.plan(Direction::Down, &target).await })
    }

    /// What is noted in the database, oldest first. Makes no table, and looks at no history.
    pub fn current<'a, M: Mode>(&'a self, db: &'a Database<M>) -> M::Out<'a, Vec<Applied>> {
        M::run(async move { store::read(&mut self.runner(db).await?.lease).await })
    }

    /// Notes a revision and those before it as applied, and no others, and runs nothing: for a database that was made in
    /// another way, or was brought to a state by hand. What is noted has the checksums of this history. Gives the names.
    pub fn stamp<'a, M: Mode>(&'a self, db: &'a Database<M>, target: Target) -> M::Out<'a, Vec<String>> {
        M::run(async move { self.runner(db).await?.stamp(&target).await })
    }

    async fn up<M: Mode>(&self, db: &Database<M>, target: &Target) -> Result<Vec<String>> {
        self.runner(db).await?.travel(Direction::Up, target).await
    }

    async fn runner<'a, M: Mode>(&'a self, db: &'a Database<M>) -> Result<Runner<'a>> {
        let lease = db.target().lease(Access::Write).await?.unchecked();
        plan::check(&self.revisions, lease.dialect())?;
        let (only, carried) = (self.only.as_ref(), self.carried.as_ref());
        Ok(Runner { revisions: &self.revisions, settings: self.settings, only, carried, lease })
    }
}

/// An error of migrations.
fn fail(message: String) -> Error {
    Error::new(ErrorKind::Migration, message)
}
