//! Which revisions have to be applied or taken back.

use std::collections::{BTreeMap, BTreeSet};

use super::data::Revision;
use super::fail;
use super::store::{Applied, State};
use crate::error::Result;
use crate::sql::Dialect;

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The one revision that nothing comes after.
    Head,
    /// All revisions that nothing comes after.
    Heads,
    /// Before the first revision.
    Base,
    /// A revision, by its whole name.
    Revision(String),
    /// So many revisions on, or back where it is negative; refused where there are fewer.
    Steps(i64),
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// The longest name and checksum that the table of the database takes.
const LONGEST: (usize, usize) = (190, 64);

/// Refuses a list of revisions that is no history for this database.
pub(super) fn check(revisions: &[Revision], dialect: Dialect) -> Result<()> {
    let mut known = BTreeSet::new();
    for revision in revisions {
        let id = &revision.id;
        if let Some(parent) = revision.parents.iter().find(|parent| !known.contains(&parent[..])) {
            return Err(fail(format!("`{id}` comes after `{parent}`, which does not stand before it in the history")));
        }
        if id.is_empty() || id.chars().count() > LONGEST.0 || revision.checksum.len() > LONGEST.1 {
            return Err(fail(format!("the name `{id}` or its checksum is empty or too long")));
        }
        if !known.insert(&id[..]) {
            return Err(fail(format!("the revision `{id}` stands twice in the history")));
        }
        let scripts = [Some(&revision.up), revision.down.as_ref()];
        if let Some(script) = scripts.into_iter().flatten().find(|script| script.dialect != dialect) {
            let (wanted, is) = (dialect.name(), script.dialect.name());
            return Err(fail(format!("`{id}` is written for {is}, and the database is {wanted}")));
        }
    }
    Ok(())
}

/// The revisions to apply, in order, or to take back, in order; refused where the database and the history do not fit.
pub(super) fn plan<'r>(
    revisions: &'r [Revision],
    rows: &[Applied],
    direction: Direction,
    target: &Target,
) -> Result<Vec<&'r Revision>> {
    let rows: BTreeMap<&str, &Applied> = rows.iter().map(|row| (row.revision.as_str(), row)).collect();
    fits(revisions, &rows, direction)?;
    let is_done = |revision: &&Revision| rows.get(&revision.id[..]).is_some_and(|row| row.state == State::Done);
    let plan: Vec<&Revision> = match (direction, target) {
        (Direction::Up, Target::Steps(count)) if *count > 0 => {
            steps(revisions.iter().filter(|it| !is_done(it)), count.unsigned_abs(), "not applied")?
        }
        (Direction::Up, Target::Steps(_)) => {
            return Err(fail("an upgrade goes on: a number of steps is positive".into()));
        }
        (Direction::Up, _) => {
            let wanted = reach(revisions, target)?;
            revisions.iter().filter(|it| wanted.contains(&it.id[..]) && !is_done(it)).collect()
        }
        (Direction::Down, _) => down(revisions, &rows, target)?,
    };
    let unfinished = rows.values().find(|row| row.state != State::Done && !plan.iter().any(|it| it.id == row.revision));
    match unfinished {
        Some(row) => Err(unfinished_first(row)),
        None => Ok(plan),
    }
}

/// So many revisions; refused where there are fewer.
fn steps<'r>(all: impl Iterator<Item = &'r Revision>, count: u64, are: &str) -> Result<Vec<&'r Revision>> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let plan: Vec<&Revision> = all.take(count).collect();
    match plan.len() {
        there if there < count => {
            let few = if there == 1 { "1 revision is".to_owned() } else { format!("{there} revisions are") };
            Err(fail(format!("there are not {count} revisions to go: {few} {are}; name fewer, or where to go")))
        }
        _ => Ok(plan),
    }
}

fn down<'r>(revisions: &'r [Revision], rows: &BTreeMap<&str, &Applied>, target: &Target) -> Result<Vec<&'r Revision>> {
    let noted = revisions.iter().rev().filter(|revision| rows.contains_key(&revision.id[..]));
    let plan: Vec<&Revision> = match target {
        Target::Steps(count) if *count < 0 => steps(noted, count.unsigned_abs(), "applied")?,
        Target::Steps(_) => return Err(fail("a downgrade goes back: a number of steps is negative".into())),
        Target::Revision(id) if revisions.iter().any(|it| it.id == *id) && !rows.contains_key(id.as_str()) => {
            return Err(fail(format!("`{id}` is not applied, so there is no way back to it")));
        }
        _ => {
            let kept = reach(revisions, target)?;
            noted.filter(|revision| !kept.contains(&revision.id[..])).collect()
        }
    };
    match plan.iter().find(|revision| revision.down.is_none()) {
        Some(stuck) => {
            let id = &stuck.id;
            Err(fail(format!("`{id}` cannot be taken back: it has no `down`; write it, or restore a backup")))
        }
        None => Ok(plan),
    }
}

/// A revision and all before it.
pub(super) fn reach<'r>(revisions: &'r [Revision], target: &Target) -> Result<BTreeSet<&'r str>> {
    let parents: BTreeSet<&str> = revisions.iter().flat_map(|it| it.parents.iter().map(|parent| &parent[..])).collect();
    let heads: Vec<&str> = revisions.iter().map(|it| &it.id[..]).filter(|id| !parents.contains(id)).collect();
    let mut found: BTreeSet<&str> = match target {
        Target::Base => BTreeSet::new(),
        Target::Head if heads.len() > 1 => {
            let why = format!("there are {} heads: {}; name one, or join them", heads.len(), heads.join(", "));
            return Err(fail(why));
        }
        Target::Head | Target::Heads => heads.into_iter().collect(),
        Target::Revision(id) => match revisions.iter().find(|it| it.id == *id) {
            Some(revision) => BTreeSet::from([&revision.id[..]]),
            None => return Err(fail(format!("there is no revision `{id}` in the history"))),
        },
        Target::Steps(_) => return Err(fail("a number of steps names no revision".into())),
    };
    // Parents stand before, so that one walk from the end meets all.
    for revision in revisions.iter().rev() {
        if found.contains(&revision.id[..]) {
            found.extend(revision.parents.iter().map(|parent| &parent[..]));
        }
    }
    Ok(found)
}

/// Refuses a database that the history does not tell about.
fn fits(revisions: &[Revision], rows: &BTreeMap<&str, &Applied>, direction: Direction) -> Result<()> {
    for row in rows.values() {
        let id = &row.revision;
        let Some(revision) = revisions.iter().find(|it| it.id == *id) else {
            return Err(fail(format!(
                "the database has the revision `{id}`, which is not in this history: the database is ahead; use the \
                 files or the program that brought it there, or take it back with them"
            )));
        };
        // One that is unfinished may be another from where it stopped: the runner looks at its steps.
        if row.state == State::Done && revision.checksum != row.checksum {
            let (then, now, at) = (&row.checksum, &revision.checksum, &row.at);
            return Err(fail(format!(
                "`{id}` was edited after it was applied at {at} UTC (checksum {then} then, {now} now): put it back as it \
                 was and write a new revision, or stamp the database if the edit changes nothing in it"
            )));
        }
        let other = match direction {
            Direction::Up => matches!(row.state, State::Downgrading | State::DowngradeFailed),
            Direction::Down => matches!(row.state, State::Upgrading | State::UpgradeFailed),
        };
        if other {
            return Err(unfinished_first(row));
        }
    }
    Ok(())
}

fn unfinished_first(row: &Applied) -> crate::error::Error {
    let (id, steps) = (&row.revision, row.steps);
    let (what, how) = match row.state {
        State::Downgrading | State::DowngradeFailed => ("downgrade", "downgrade"),
        _ => ("upgrade", "upgrade"),
    };
    fail(format!(
        "the {what} of `{id}` is unfinished, {steps} of its steps are done: {how} again to finish it, with its file \
         corrected from the next step on if need be, or finish by hand what is missing and stamp the database"
    ))
}
