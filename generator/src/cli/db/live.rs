//! A live database beside the schema that it should have.
//!
//! What it should have is what the revisions that it has applied make, so that one that is behind has not drifted for
//! that. Without revisions it is the spec.

use std::collections::BTreeSet;

use pilaster::migrate::{Applied, Migrator, State as Progress};

use super::super::Context;
use super::super::args::PlaceArgs;
use super::online::{self, Missing, Online};
use crate::config::{Input, Layer, Options};
use crate::diag::{Diagnostic, Diagnostics, Place, Severity};
use crate::ir::{DialectName, Schema};
use crate::migrate::drift::{Drift, drift};
use crate::migrate::history::History;
use crate::migrate::recognise::{Recognised, recognise, recognise_by};
use crate::migrate::state::State;
use crate::{codes, ddl, pipeline};

/// How the notes of a database stand to the revisions.
#[derive(Debug, Default)]
pub(in crate::cli) struct Standing {
    /// Revisions that are not applied.
    pub pending: Vec<String>,
    /// Noted revisions that are not among the files.
    pub unknown: Vec<String>,
    /// Noted revisions whose files are others now.
    pub edited: Vec<String>,
    /// Revisions that are applied in part.
    pub unfinished: Vec<String>,
    /// Whether the tables are there without a note.
    pub unstamped: bool,
}

impl Standing {
    fn of(history: &History, rows: &[Applied]) -> Self {
        let noted = |id: &str| rows.iter().any(|row| row.revision == id);
        let names = |is: &dyn Fn(&Applied) -> bool| -> Vec<String> {
            rows.iter().filter(|row| is(row)).map(|row| row.revision.clone()).collect()
        };
        // Of one that is on its way, the steps are noted and not the file, which may be corrected.
        let edited = |row: &Applied| {
            let is_other = history.get(&row.revision).is_some_and(|file| file.checksum != row.checksum);
            row.state == Progress::Done && is_other
        };
        let ids = history.files().iter().map(|file| file.revision.id.clone());
        Self {
            pending: ids.filter(|id| !noted(id)).collect(),
            unknown: names(&|row| history.get(&row.revision).is_none()),
            edited: names(&edited),
            unfinished: names(&|row| row.state != Progress::Done),
            unstamped: false,
        }
    }

    /// The state in one word, that of the worst.
    pub(in crate::cli) fn word(&self) -> &'static str {
        match () {
            () if !self.unfinished.is_empty() => "unfinished",
            () if !self.unknown.is_empty() => "ahead",
            () if !self.edited.is_empty() => "edited",
            () if self.unstamped => "unstamped",
            () if !self.pending.is_empty() => "behind",
            () => "in_sync",
        }
    }

    fn tell(&self, place: &Place, diagnostics: &mut Diagnostics) {
        let mut error = |code, message: String, help: &str| {
            diagnostics.push(Diagnostic::error(code, place.clone(), message).help(help));
        };
        for id in &self.unfinished {
            let help = "run the same command again to finish it, with its file corrected from the step that failed on if \
                        need be, or finish it by hand and stamp it";
            error(codes::UNFINISHED, format!("`{id}` is applied in part"), help);
        }
        for id in &self.unknown {
            let message = format!("`{id}` is applied, and there is no such file: the database is ahead of the files");
            error(
                codes::AHEAD,
                message,
                "get the files that the database was upgraded with, or take it back with them",
            );
        }
        for id in &self.edited {
            let help =
                "put the file back and write a new revision, or stamp the database if the edit changes nothing in it";
            error(codes::EDITED, format!("`{id}` was edited after it was applied"), help);
        }
        if self.unstamped {
            let message = "the tables of the revisions are there, and none of the revisions is noted".to_owned();
            error(codes::UNSTAMPED, message, "note them with `pilaster db stamp head`");
        } else if !self.pending.is_empty() {
            let message =
                format!("the database lacks {}: {}", super::revisions(self.pending.len()), self.pending.join(", "));
            error(codes::BEHIND, message, "apply them with `pilaster db upgrade`");
        }
    }
}

/// A database as it was found.
#[derive(Debug)]
pub(in crate::cli) struct Compared {
    /// Its URL without a password.
    pub shown: String,
    /// Beside the revisions, if there are some.
    pub standing: Option<Standing>,
    /// Beside the schema that it should have; `None` where that is not known.
    pub drift: Option<Drift>,
    /// What was not compared.
    pub uncompared: Vec<String>,
}

/// Compares a database with the revisions and with the schema that it should have, and tells what differs.
pub(in crate::cli) fn compare(
    context: &mut Context,
    place: &PlaceArgs,
    history: Option<&History>,
    spec: &Schema,
) -> Option<Compared> {
    let online = online::connect(context, place, Missing::Look)?;
    let rows = online::told(context, &online, Migrator::new(&[]).current(&online.db))?;
    let history = history.filter(|history| !history.files().is_empty() || !rows.is_empty());
    let mut standing = history.map(|history| Standing::of(history, &rows));
    let object = Place::Object(format!("database \"{}\"", online.shown));
    let mut compared = Compared { shown: online.shown.clone(), standing: None, drift: None, uncompared: Vec::new() };
    if let Some(wanted) = expected(context, history, standing.as_mut(), &rows, spec) {
        let reading = Reading::of(context, &online, &wanted)?;
        let fits = reading.fits(&wanted);
        if let Some(standing) = standing.as_mut().filter(|_| rows.is_empty()) {
            standing.unstamped = fits && !wanted.tables.is_empty();
        }
        // An empty database is behind, and not drifted away from anything.
        let nothing_yet = rows.is_empty() && history.is_some() && !fits;
        if !nothing_yet {
            let basis = if history.is_some() { "the revisions" } else { "the spec" };
            compared.drift = Some(told(context, drift(&reading.recognised.state, &wanted), basis));
            compared.uncompared = reading.uncompared;
        }
    }
    if let Some(standing) = &standing {
        standing.tell(&object, &mut context.diagnostics);
    }
    compared.standing = standing;
    Some(compared)
}

/// What the database should have. Of one that is in between, or where others brought it, that is not known.
fn expected(
    context: &mut Context,
    history: Option<&History>,
    standing: Option<&mut Standing>,
    rows: &[Applied],
    spec: &Schema,
) -> Option<State> {
    let (Some(history), Some(standing)) = (history, standing) else { return Some(State::of(spec)) };
    if !standing.unfinished.is_empty() || !standing.unknown.is_empty() {
        return None;
    }
    let applied: BTreeSet<&str> = match rows {
        [] => history.files().iter().map(|file| file.revision.id.as_str()).collect(),
        rows => rows.iter().map(|row| row.revision.as_str()).collect(),
    };
    history.state_of(&applied, &mut context.diagnostics)
}

fn told(context: &mut Context, drift: Drift, basis: &str) -> Drift {
    for item in &drift.findings {
        let help = "if it is meant, say it in the spec and write a revision; if not, change the database back";
        let error = Diagnostic::error(codes::DRIFT, Place::Object(item.place.clone()), item.message(basis));
        context.diagnostics.push(error.help(help));
    }
    drift
}

/// What was read of a database, in the words of a schema.
pub(in crate::cli) struct Reading {
    pub recognised: Recognised,
    /// What was not compared, for either side's sake.
    pub uncompared: Vec<String>,
}

impl Reading {
    fn of(context: &mut Context, online: &Online, wanted: &State) -> Option<Self> {
        let flags = Layer { input: Some(Input::Database(online.url.clone())), ..Layer::default() };
        let mut options = context.options(flags)?;
        options.schemas = schemas(context, online, &options, wanted)?;
        let mut said = Diagnostics::default();
        let live = pipeline::tables(&options, wanted, &mut said);
        // Nobody reads the names that enums have in Rust.
        let compared = [codes::LIVE_EMPTY, codes::ENUM_RENAMED];
        let left_out = said.iter().filter(|item| item.severity == Severity::Warning && !compared.contains(&item.code));
        let mut uncompared: Vec<String> = left_out.map(in_words).collect();
        let Some(live) = live else {
            context.diagnostics.extend(said);
            return None;
        };
        let recognised = in_words_of(context, &options, &live, wanted, online.dialect)?;
        uncompared.splice(0..0, recognised.uncompared.iter().cloned());
        uncompared.dedup();
        Some(Self { recognised, uncompared })
    }

    /// Whether any table of the schema is there.
    fn fits(&self, wanted: &State) -> bool {
        self.recognised.state.tables.keys().any(|name| wanted.tables.contains_key(name))
    }
}

fn in_words(item: &Diagnostic) -> String {
    match &item.place {
        Place::Object(object) => format!("{object}: {}", item.message),
        _ => item.message.clone(),
    }
}

/// What a database reports in the words of a schema; `None`, told, when such a database cannot have that schema.
pub(in crate::cli) fn in_words_of(
    context: &mut Context,
    options: &Options,
    live: &Schema,
    wanted: &State,
    dialect: DialectName,
) -> Option<Recognised> {
    let folds = live.folds_names;
    let live = &State::of(live);
    if dialect != DialectName::Sqlite {
        return Some(recognise_by(live, wanted, wanted, dialect, folds));
    }
    let mut said = Diagnostics::default();
    let statements = ddl::create(&wanted.schema(wanted.tables.values()), dialect, &mut said);
    if said.has_errors() {
        context.diagnostics.extend(said.into_iter().filter(|item| item.severity == Severity::Error));
        return None;
    }
    let kept = pipeline::kept_by_sqlite(&statements, options, &mut context.diagnostics)?;
    Some(recognise(live, wanted, &State::of(&kept), dialect))
}

/// The schemas to read: where tables of the schema are in others than the connection's own, those too.
fn schemas(context: &mut Context, online: &Online, options: &Options, wanted: &State) -> Option<Vec<String>> {
    let mut schemas = options.schemas.clone();
    let named = wanted.tables.keys().filter_map(|name| name.schema.clone());
    let enums = wanted.enums.keys().filter_map(|name| name.schema.clone());
    let others: BTreeSet<String> = named.chain(enums).filter(|schema| !schemas.contains(schema)).collect();
    let own = match online.dialect {
        _ if others.is_empty() => return Some(schemas),
        DialectName::Sqlite => return Some(schemas),
        DialectName::Postgres => "SELECT current_schema()::text",
        DialectName::Mysql => "SELECT database()",
    };
    if schemas.is_empty() {
        let own = online.db.sql(own).one::<(Option<String>,)>();
        schemas.extend(online::told(context, online, own)?.0);
    }
    let others: Vec<String> = others.into_iter().filter(|schema| !schemas.contains(schema)).collect();
    schemas.extend(others);
    Some(schemas)
}
