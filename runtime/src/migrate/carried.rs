//! The migrations that a program carries: what generated code holds of them, and what has to be true before they run.
//!
//! The command writes each revision for the database as it finds it, and asks before something is lost. A program has
//! its revisions written before it meets any database, each for the state that all those before it in the list make. So
//! it refuses a database that is in another state, and what loses data unless somebody has accepted that.

use std::collections::BTreeSet;

use super::data::{Revision, Text};
use super::plan::Direction;
use super::store::Applied;
use super::text::{self, Written};
use super::{Migrator, Target, fail};
use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::sql::Dialect;

/// The history of a project as generated code holds it.
#[derive(Debug)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: Revisions,
    /// For PostgreSQL.
    pub postgres: Revisions,
    /// For MySQL and MariaDB.
    pub mysql: Revisions,
}

/// The history for one database.
#[derive(Debug)]
pub enum Revisions {
    /// A text per revision, each after its parents.
    Texts(&'static [&'static str]),
    /// Why there are none.
    Refused(&'static str),
}

impl Migrations {
    /// A migrator of the history, written for a database.
    ///
    /// # Errors
    /// `Unsupported` when it could not be written for this one.
    pub fn migrator(&self, dialect: Dialect) -> Result<Migrator<'static>> {
        let revisions = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
            Dialect::Mysql => &self.mysql,
        };
        let texts = match revisions {
            Revisions::Texts(texts) => *texts,
            Revisions::Refused(why) => {
                let name = dialect.name();
                let kind = ErrorKind::Unsupported { feature: "the migrations of this program", dialect: name };
                return Err(Error::new(kind, format!("the migrations of this program cannot run on {name}: {why}")));
            }
        };
        let written = texts.iter().map(|text| text::read_static(text, dialect)).collect::<Result<Vec<_>>>()?;
        Ok(migrator(written))
    }

    /// Brings a database to the head.
    pub fn migrate<'d, M: Mode>(&'static self, db: &'d Database<M>) -> M::Out<'d, Vec<String>> {
        M::run(async move { self.migrator(db.dialect())?.up(db, &Target::Head).await })
    }
}

fn migrator(written: Vec<Written>) -> Migrator<'static> {
    let mut losses = Vec::new();
    let mut revisions = Vec::with_capacity(written.len());
    for Written { revision, loses, loses_back } in written {
        let mut add = |direction, what: Vec<Text>| {
            losses.extend(what.into_iter().map(|what| Loss { revision: revision.id.clone(), direction, what }));
        };
        add(Direction::Up, loses);
        add(Direction::Down, loses_back);
        revisions.push(revision);
    }
    Migrator { carried: Some(Carried { losses, allowed: false }), ..Migrator::of(revisions.into()) }
}

/// A revision of a text as generated code holds it.
///
/// # Errors
/// `Migration` when it is none.
pub fn revision(text: &str, dialect: Dialect) -> Result<Revision> {
    text::read_owned(text, dialect).map(|written| written.revision)
}

/// What holds for revisions that a program carries.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    losses: Vec<Loss>,
    /// Whether losses are accepted.
    pub allowed: bool,
}

/// Something that is lost, and that nobody has accepted in the revision.
#[derive(Debug, Clone)]
struct Loss {
    revision: Text,
    direction: Direction,
    what: Text,
}

impl Carried {
    /// Refuses a plan for which the revisions were not written, and one that loses what nobody has given up.
    pub fn permit(
        &self,
        revisions: &[Revision],
        rows: &[Applied],
        direction: Direction,
        plan: &[&Revision],
    ) -> Result<()> {
        in_order(revisions, rows, direction, plan)?;
        let lost = |loss: &&Loss| loss.direction == direction && plan.iter().any(|it| it.id == loss.revision);
        match self.losses.iter().find(lost) {
            Some(Loss { revision, what, .. }) if !self.allowed => {
                let way = if direction == Direction::Up { "upgrade" } else { "downgrade" };
                Err(fail(format!(
                    "the {way} of `{revision}` loses data: {what}; if that is meant, accept it in the revision before \
                     anybody applies it (`allow: {{ CODE: reason }}`), run `pilaster db {way} --allow-destructive`, or \
                     call `Migrator::allow_destructive`"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a plan whose revisions do not find what all those before them in the list make, and nothing else.
fn in_order(revisions: &[Revision], rows: &[Applied], direction: Direction, plan: &[&Revision]) -> Result<()> {
    let is_noted = |revision: &Revision| rows.iter().any(|row| row.revision == revision.id);
    let mut there: BTreeSet<usize> = (0..).zip(revisions).filter(|(_, it)| is_noted(it)).map(|(at, _)| at).collect();
    for step in plan {
        let Some(at) = revisions.iter().position(|it| it.id == step.id) else { continue };
        // One that was begun is noted too.
        there.remove(&at);
        if !there.iter().copied().eq(0..at) {
            let other = (0..at).find(|before| !there.contains(before)).or_else(|| there.last().copied());
            let other = other.and_then(|other| revisions.get(other)).map_or("", |it| &it.id[..]);
            let id = &step.id;
            return Err(fail(format!(
                "`{id}` and `{other}` were applied in another order than this program has them, and its steps are \
                 written for that one: use `pilaster db upgrade` or `downgrade`, which write them for what they find"
            )));
        }
        if direction == Direction::Up {
            there.insert(at);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::store::State;
    use super::*;

    fn written(id: &str, more: &str) -> String {
        format!("revision {id}\nmessage\nchecksum 1\nup\n{more}")
    }

    fn row(id: &str, state: State) -> Applied {
        Applied { revision: id.to_owned(), checksum: "1".into(), at: String::new(), state, steps: 0 }
    }

    /// Whether revisions may be applied or taken back where others are noted.
    fn permitted(noted: &[(&str, State)], direction: Direction, plan: &[&str]) -> Result<()> {
        let all: Vec<Revision> =
            ["a", "b", "c"].iter().map(|id| revision(&written(id, ""), Dialect::Sqlite).unwrap()).collect();
        let rows: Vec<Applied> = noted.iter().map(|(id, state)| row(id, *state)).collect();
        let plan: Vec<&Revision> = plan.iter().map(|id| all.iter().find(|it| it.id == *id).unwrap()).collect();
        Carried { losses: Vec::new(), allowed: false }.permit(&all, &rows, direction, &plan)
    }

    #[test]
    fn revisions_run_in_the_order_that_they_are_written_for() {
        use Direction::{Down, Up};
        use State::{Done, Upgrading};
        assert!(permitted(&[], Up, &["a", "b", "c"]).is_ok());
        assert!(permitted(&[("a", Done), ("b", Upgrading)], Up, &["b", "c"]).is_ok());
        assert!(permitted(&[("a", Done), ("b", Done), ("c", Done)], Down, &["c", "b"]).is_ok());
        let told = |noted: &[(&str, State)], direction, plan: &[&str]| {
            permitted(noted, direction, plan).unwrap_err().to_string()
        };
        assert!(told(&[("a", Done), ("c", Done)], Up, &["b"]).contains("`b` and `c` were applied in another order"));
        assert!(told(&[("a", Done)], Up, &["c"]).contains("`c` and `b`"));
        assert!(told(&[("a", Done), ("b", Done), ("c", Done)], Down, &["b"]).contains("`b` and `c`"));
    }

    #[test]
    fn losses_have_to_be_accepted() {
        let text = written("a", "loses `t` is dropped\ndown\nloses all of it\n");
        let carried = migrator(vec![text::read_owned(&text, Dialect::Sqlite).unwrap()]);
        let told = |migrator: &Migrator<'_>, noted: &[Applied], direction| {
            let plan: Vec<&Revision> = migrator.revisions().iter().collect();
            let permit = migrator.carried.as_ref().unwrap().permit(migrator.revisions(), noted, direction, &plan);
            permit.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(told(&carried, &[], Direction::Up).contains("upgrade of `a` loses data: `t` is dropped; "));
        let done = [row("a", State::Done)];
        assert!(told(&carried, &done, Direction::Down).contains("downgrade of `a` loses data: all of it; "));
        assert_eq!(told(&carried.allow_destructive(), &[], Direction::Up), "");
    }

    #[test]
    fn a_database_that_it_was_not_written_for_is_told_why() {
        let texts = || Revisions::Texts(&["revision a\nmessage\nchecksum 1\nup\n"]);
        let it = Migrations { sqlite: texts(), postgres: texts(), mysql: Revisions::Refused("no arrays") };
        assert_eq!(it.migrator(Dialect::Postgres).unwrap().revisions().len(), 1);
        let error = it.migrator(Dialect::Mysql).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { dialect: "MySQL", .. }), "{error}");
        assert!(error.to_string().contains("cannot run on MySQL: no arrays"), "{error}");
    }
}
