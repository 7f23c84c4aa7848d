//! Runs a plan: revision by revision, with notes that tell at any moment how far it is.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use super::carried::Carried;
use super::data::{Revision, Script};
use super::plan::{self, Direction, Target};
use super::store::{Applied, State};
use super::{Settings, fail, lock, mark, rebuild, step, store};
use crate::driver::{self, keyword};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Lease;
use crate::rt;
use crate::sql::Dialect;

/// What to do where a step makes what is there. The command shows it apart from what went wrong.
const STAMP: &str = "\n  help: if the database got it in another way, note the revisions that it has as applied, with \
                     `pilaster db stamp REVISION` or `Migrator::stamp`";

/// How often a step is tried whose tables others use.
const TRIES: u32 = 5;

/// A runner with its connection.
pub(super) struct Runner<'a> {
    pub revisions: &'a [Revision],
    pub settings: Settings,
    pub only: Option<&'a BTreeSet<String>>,
    pub carried: Option<&'a Carried>,
    pub lease: Lease<'a>,
}

/// One revision to apply or to take back.
struct Work<'r> {
    revision: &'r Revision,
    script: &'r Script,
    direction: Direction,
    /// The first step that is not done.
    at: usize,
    /// Whether that one may have been run.
    doubt: bool,
}

impl<'r> Work<'r> {
    /// What is left to do of a revision by what is noted of it; none where there is no way. Refused when it was edited in
    /// what is done.
    fn of(revision: &'r Revision, direction: Direction, rows: &[Applied]) -> Result<Option<Self>> {
        let script = match direction {
            Direction::Up => Some(&revision.up),
            Direction::Down => revision.down.as_ref(),
        };
        let Some(script) = script else { return Ok(None) };
        let row = rows.iter().find(|row| row.revision == revision.id && row.state != State::Done);
        let (at, doubt) = match row {
            Some(row) => mark::place(&script.steps, &row.checksum).ok_or_else(|| edited(row))?,
            None => (0, false),
        };
        Ok(Some(Self { revision, script, direction, at, doubt }))
    }

    fn state(&self, steps: usize, failed: bool) -> State {
        match (self.direction, failed) {
            (Direction::Up, _) if steps >= self.script.steps.len() && !failed => State::Done,
            (Direction::Up, false) => State::Upgrading,
            (Direction::Up, true) => State::UpgradeFailed,
            (Direction::Down, false) => State::Downgrading,
            (Direction::Down, true) => State::DowngradeFailed,
        }
    }

    /// Notes that so many steps are done.
    async fn note(&self, lease: &mut Lease<'_>, steps: usize) -> Result<()> {
        if self.direction == Direction::Down && steps >= self.script.steps.len() {
            return store::forget(lease, &self.revision.id).await;
        }
        self.write(lease, self.state(steps, false), steps).await
    }

    async fn write(&self, lease: &mut Lease<'_>, state: State, steps: usize) -> Result<()> {
        let of_steps = |begun| Cow::Owned(mark::of(&self.script.steps, steps, begun));
        let checksum = match state {
            State::Done => self.revision.checksum.clone(),
            State::Upgrading | State::Downgrading => of_steps(true),
            State::UpgradeFailed | State::DowngradeFailed => of_steps(false),
        };
        store::note(lease, &self.revision.id, &checksum, state, steps).await
    }

    /// Notes that it stopped before a step; nothing of an upgrade that has changed nothing.
    async fn stopped(&self, lease: &mut Lease<'_>, steps: usize) -> Result<()> {
        let changed = self.script.steps.iter().take(steps).any(|step| !step.action.asks());
        match (self.direction, changed) {
            (Direction::Up, false) => store::forget(lease, &self.revision.id).await,
            (Direction::Down, false) => self.write(lease, State::Done, 0).await,
            _ => self.write(lease, self.state(steps, true), steps).await,
        }
    }

    fn error(&self, at: usize, error: &Error) -> Error {
        let (id, of) = (&self.revision.id, self.script.steps.len());
        let Some(step) = self.script.steps.get(at) else { return fail(format!("revision `{id}`: {error}")) };
        let way = if self.direction == Direction::Up { "upgrade" } else { "downgrade" };
        let statement = step::shown(step, &error.to_string());
        let help = if self.direction == Direction::Up && driver::is_there(error) { STAMP } else { "" };
        fail(format!("{way} of `{id}`, step {} of {of} ({}): {error}{statement}{help}", at + 1, step.about))
    }
}

impl<'a> Runner<'a> {
    pub(super) async fn plan(&mut self, direction: Direction, target: &Target) -> Result<Vec<String>> {
        let rows = store::read(&mut self.lease).await?;
        let plan = plan::plan(self.revisions, &rows, direction, target)?;
        Ok(plan.into_iter().map(|revision| revision.id.to_string()).collect())
    }

    pub(super) async fn travel(mut self, direction: Direction, target: &Target) -> Result<Vec<String>> {
        let rows = store::read(&mut self.lease).await?;
        if self.permitted(&rows, direction, target)?.is_empty() {
            return Ok(Vec::new());
        }
        self.open().await?;
        let outcome = self.all(direction, target).await;
        self.close(outcome).await
    }

    /// What is to be done, refused where it must not be.
    fn permitted(&self, rows: &[Applied], direction: Direction, target: &Target) -> Result<Vec<&'a Revision>> {
        let plan = plan::plan(self.revisions, rows, direction, target)?;
        match self.carried {
            Some(carried) => carried.permit(self.revisions, rows, direction, &plan).map(|()| plan),
            None => Ok(plan),
        }
    }

    pub(super) async fn stamp(mut self, target: &Target) -> Result<Vec<String>> {
        let wanted = plan::reach(self.revisions, target)?;
        self.open().await?;
        let outcome = self.stamp_all(&wanted).await;
        self.close(outcome).await
    }

    /// Takes the lock, and sets how long statements may wait and run.
    async fn open(&mut self) -> Result<()> {
        lock::take(&mut self.lease, self.settings.lock_wait).await?;
        let wait = self.settings.lock_timeout;
        let mut sql = match self.lease.dialect() {
            Dialect::Sqlite => return Ok(()),
            Dialect::Postgres => format!("SET lock_timeout = {}", wait.as_millis().max(1)),
            Dialect::Mysql => {
                let seconds = wait.as_secs().max(1);
                format!("SET SESSION lock_wait_timeout = {seconds}, SESSION innodb_lock_wait_timeout = {seconds}")
            }
        };
        if let (Dialect::Postgres, Some(limit)) = (self.lease.dialect(), self.settings.statement_timeout) {
            sql.push_str(&format!("; SET statement_timeout = {}", limit.as_millis()));
        }
        self.lease.batch(&sql).await
    }

    /// Gives back what was taken. An error of the work is told rather than one of this.
    async fn close<T>(&mut self, outcome: Result<T>) -> Result<T> {
        let sql = match (self.lease.dialect(), self.settings.statement_timeout) {
            (Dialect::Sqlite, _) => return outcome,
            (Dialect::Postgres, None) => "RESET lock_timeout",
            (Dialect::Postgres, Some(_)) => "RESET lock_timeout; RESET statement_timeout",
            (Dialect::Mysql, _) => {
                "SET SESSION lock_wait_timeout = DEFAULT, SESSION innodb_lock_wait_timeout = DEFAULT"
            }
        };
        let mut closed = self.lease.batch(sql).await;
        if closed.is_ok() {
            closed = lock::release(&mut self.lease).await;
        }
        let value = outcome?;
        closed.map(|()| value)
    }

    async fn all(&mut self, direction: Direction, target: &Target) -> Result<Vec<String>> {
        let rows = store::read(&mut self.lease).await?;
        let plan = self.permitted(&rows, direction, target)?;
        let foreign = |revision: &&&Revision| self.only.is_some_and(|only| !only.contains(&revision.id[..]));
        if let Some(revision) = plan.iter().find(foreign) {
            let id = &revision.id;
            return Err(fail(format!("another runner changed the database meanwhile, now `{id}` is next: run again")));
        }
        if self.lease.dialect() != Dialect::Sqlite && !plan.is_empty() {
            store::create(&mut self.lease).await?;
        }
        // All are looked at before the first one is run.
        let work = plan.into_iter().map(|revision| Work::of(revision, direction, &rows));
        let work = work.collect::<Result<Vec<_>>>()?;
        let mut done = Vec::new();
        for work in work.into_iter().flatten() {
            let ran = match self.lease.dialect() {
                Dialect::Sqlite => self.sqlite(&work).await?,
                Dialect::Postgres | Dialect::Mysql => self.server(&work).await.map(|()| true)?,
            };
            if ran {
                done.push(work.revision.id.to_string());
            }
        }
        Ok(done)
    }

    async fn stamp_all(&mut self, wanted: &BTreeSet<&str>) -> Result<Vec<String>> {
        let sqlite = self.lease.dialect() == Dialect::Sqlite;
        if !sqlite {
            store::create(&mut self.lease).await?;
        }
        lock::begin(&mut self.lease, self.settings.lock_wait).await?;
        let outcome = self.stamp_rows(wanted).await;
        finish(&mut self.lease, outcome).await
    }

    async fn stamp_rows(&mut self, wanted: &BTreeSet<&str>) -> Result<Vec<String>> {
        store::create(&mut self.lease).await?;
        let rows = store::read(&mut self.lease).await?;
        for row in rows.iter().filter(|row| !wanted.contains(row.revision.as_str())) {
            store::forget(&mut self.lease, &row.revision).await?;
        }
        let mut stamped = Vec::new();
        for revision in self.revisions.iter().filter(|revision| wanted.contains(&revision.id[..])) {
            let same = |row: &&Applied| row.revision == revision.id && row.checksum == revision.checksum;
            if !rows.iter().any(|row| same(&row) && row.state == State::Done) {
                let (id, checksum) = (&revision.id, &revision.checksum);
                store::note(&mut self.lease, id, checksum, State::Done, 0).await?;
            }
            stamped.push(revision.id.to_string());
        }
        Ok(stamped)
    }

    /// A revision on SQLite: one transaction, with foreign keys off around it where a table is made anew.
    async fn sqlite(&mut self, work: &Work<'_>) -> Result<bool> {
        let lease = &mut self.lease;
        let off = work.script.foreign_keys_off && store::number(lease, "PRAGMA foreign_keys").await? != 0;
        if !off {
            return self.sqlite_transaction(work).await;
        }
        // While this is waited for, the connection must not come to others so.
        lease.keep_to_oneself(true);
        lease.batch("PRAGMA foreign_keys = OFF").await?;
        let outcome = self.sqlite_transaction(work).await;
        self.lease.batch("PRAGMA foreign_keys = ON").await?;
        self.lease.keep_to_oneself(false);
        outcome
    }

    async fn sqlite_transaction(&mut self, work: &Work<'_>) -> Result<bool> {
        lock::begin(&mut self.lease, self.settings.lock_wait).await?;
        let outcome = self.sqlite_steps(work).await;
        let ran = outcome.is_ok();
        let last = work.script.steps.len();
        // A full disk may be noticed by the commit alone.
        let at_commit = |error: Error| if ran { work.error(last, &error).with_source(error) } else { error };
        finish(&mut self.lease, outcome).await.map_err(at_commit)
    }

    async fn sqlite_steps(&mut self, work: &Work<'_>) -> Result<bool> {
        let lease = &mut self.lease;
        store::create(lease).await?;
        // Another runner may have been here since the plan was made.
        let rows = store::read(lease).await?;
        let has = |id: &str| rows.iter().any(|row| row.revision == id);
        if has(&work.revision.id) == (work.direction == Direction::Up) {
            return Ok(false);
        }
        let parent_gone = work.revision.parents.iter().any(|parent| !has(parent));
        if work.direction == Direction::Up && parent_gone {
            let id = &work.revision.id;
            return Err(fail(format!("what `{id}` comes after was taken back meanwhile by another runner")));
        }
        let off = work.script.foreign_keys_off;
        let before = if off { rebuild::orphans(lease).await? } else { Default::default() };
        for (at, step) in work.script.steps.iter().enumerate() {
            step::run(lease, step).await.map_err(|error| work.error(at, &error).with_source(error))?;
        }
        if off {
            let last = work.script.steps.len();
            rebuild::no_new_orphans(lease, &before).await.map_err(|error| work.error(last, &error))?;
        }
        work.note(lease, work.script.steps.len()).await?;
        Ok(true)
    }

    /// A revision on a server: transactions where there can be, else step by step.
    async fn server(&mut self, work: &Work<'_>) -> Result<()> {
        let steps = &work.script.steps;
        if work.at >= steps.len() {
            return work.note(&mut self.lease, steps.len()).await;
        }
        let grouped = self.lease.dialect() == Dialect::Postgres;
        let mut at = work.at;
        while let Some(step) = steps.get(at) {
            let end = if grouped && step.transactional {
                let rest = steps.iter().skip(at).take_while(|step| step.transactional);
                at + rest.count()
            } else {
                at + 1
            };
            let outcome = self.tried(work, at, end).await;
            if let Err((failed, error)) = outcome {
                let told = work.error(failed, &error);
                // Without a connection nothing is noted, and the step stays in doubt.
                if !matches!(error.kind(), ErrorKind::Connection) {
                    work.stopped(&mut self.lease, at).await?;
                }
                return Err(told.with_source(error));
            }
            at = end;
        }
        Ok(())
    }

    /// Runs steps; again when somebody else was in the way, and nothing was done.
    async fn tried(&mut self, work: &Work<'_>, at: usize, end: usize) -> Result<(), (usize, Error)> {
        let mut tries = 1;
        loop {
            let transactional = work.script.steps.get(at).is_some_and(|step| step.transactional);
            let grouped = self.lease.dialect() == Dialect::Postgres && transactional;
            let outcome = if grouped { self.group(work, at, end).await } else { self.single(work, at).await };
            match outcome {
                Err((_, error)) if tries < TRIES && passes(&error) => {
                    // Not all at once again.
                    let jitter = u64::from(std::process::id() % 97);
                    rt::sleep(Duration::from_millis((100 << tries) + jitter)).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Steps in one transaction, with the note of them.
    async fn group(&mut self, work: &Work<'_>, at: usize, end: usize) -> Result<(), (usize, Error)> {
        let lease = &mut self.lease;
        lease.begin_atomic().await.map_err(|error| (at, error))?;
        let mut reached = at;
        let outcome = async {
            // Else rows that were changed have checks waiting, and their tables cannot be altered.
            lease.batch("SET CONSTRAINTS ALL IMMEDIATE").await?;
            for step in work.script.steps.iter().take(end).skip(at) {
                step::run(lease, step).await?;
                reached += 1;
            }
            work.note(lease, end).await
        }
        .await;
        finish(&mut self.lease, outcome).await.map_err(|error| (reached, error))
    }

    /// A step by itself, between two notes.
    async fn single(&mut self, work: &Work<'_>, at: usize) -> Result<(), (usize, Error)> {
        self.one(work, at).await.map_err(|error| (at, error))
    }

    async fn one(&mut self, work: &Work<'_>, at: usize) -> Result<()> {
        let lease = &mut self.lease;
        let Some(step) = work.script.steps.get(at) else { return Ok(()) };
        if step.action.asks() {
            step::run(lease, step).await?;
            // Before something is changed, there is nothing to note.
            let changed = work.script.steps.iter().take(at).any(|step| !step.action.asks());
            let last = at + 1 == work.script.steps.len();
            return if changed || last { work.note(lease, at + 1).await } else { Ok(()) };
        }
        if let super::Action::Sql(sql) = &step.action
            && lease.dialect() == Dialect::Mysql
            && ["INSERT", "UPDATE", "DELETE", "REPLACE"].iter().any(|word| word.eq_ignore_ascii_case(keyword(sql)))
        {
            // Rows and the note of them are one: never twice, never lost.
            lease.begin_atomic().await?;
            let ran = step::run(lease, step).await;
            let outcome = match ran {
                Ok(()) => work.note(lease, at + 1).await,
                Err(error) => Err(error),
            };
            return finish(lease, outcome).await;
        }
        work.note(lease, at).await?;
        let in_doubt = work.doubt && at == work.at;
        match step::run(lease, step).await {
            // It was run, and its end not noted.
            Err(error) if in_doubt && driver::is_so_already(&error) => {}
            outcome => outcome?,
        }
        work.note(lease, at + 1).await
    }
}

/// A revision whose steps are others now than those that are done.
fn edited(row: &Applied) -> Error {
    let (id, at, steps) = (&row.revision, &row.at, row.steps);
    let from = match row.state {
        State::Upgrading | State::Downgrading => "behind the step that was being run then, which may be done too",
        _ => "from the step that failed on",
    };
    fail(format!(
        "`{id}` was edited in what is done of it: a run of it stopped halfway at {at} UTC, with {steps} of its steps done, \
         and may be corrected only {from}; put what is before that back as it was and run it again, or finish by hand \
         what is missing and stamp the database"
    ))
}

/// Whether somebody else was in the way.
fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Locked | ErrorKind::Deadlock | ErrorKind::Serialization)
}

/// Ends a transaction: keeps it when all went well.
async fn finish<T>(lease: &mut Lease<'_>, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(value) => match lease.end_atomic(true).await {
            Ok(()) => Ok(value),
            Err(error) => {
                // What could not be committed is undone; a lost connection has done so.
                let _ = lease.end_atomic(false).await;
                Err(error)
            }
        },
        Err(error) => {
            let _ = lease.end_atomic(false).await;
            Err(error)
        }
    }
}
