//! A history for a program to carry: every revision written for each database, from the state that all those before it
//! make, and whether it leads to the spec.

use super::diff::{Renames, diff};
use super::history::{File, History};
use super::lint::lint;
use super::revision::Entry;
use super::script::Script;
use super::state::State;
use super::text::{self, Way};
use super::{ddl, replay};
use crate::codes;
use crate::ddl::one_finding;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity};
use crate::ir::{DialectName, Schema};

/// A history as a program carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Per database a text for each revision, in order, or why there are none.
    pub databases: Vec<(DialectName, Result<Vec<String>, String>)>,
}

/// How many differences are told one by one.
const SHOWN: usize = 5;

/// Writes a history for databases. `None`, with all mistakes, when it cannot be used: a change does not fit, there are
/// several heads, or a database that is required cannot do it. That it does not lead to the schema is a warning; so is a
/// way back that cannot be gone, which is then left out: whoever has applied a revision cannot change its file any more.
pub fn embed(
    history: &History,
    schema: &Schema,
    dialects: &[DialectName],
    required: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Embedded> {
    let before = diagnostics.error_count();
    if let [_, _, ..] = history.heads().as_slice() {
        diagnostics.push(several_heads(history));
    }
    let head = history.state(diagnostics)?;
    diagnostics.extend(out_of_step(&head, schema));
    let mut targets: Vec<Target> = dialects.iter().map(|dialect| Target::new(*dialect)).collect();
    write(history, &mut targets, diagnostics);
    let databases = targets.into_iter().map(|target| target.finish(required, diagnostics)).collect();
    (diagnostics.error_count() == before).then_some(Embedded { databases })
}

/// That there is more than one head where one is needed.
#[must_use]
pub fn several_heads(history: &History) -> Diagnostic {
    let heads = history.heads();
    let message = format!("there are {} heads: {}", heads.len(), heads.join(", "));
    let help = "join them with `pilaster db merge -m MESSAGE`";
    Diagnostic::error(codes::REVISION_HEADS, Place::None, message).help(help)
}

/// What the spec has and no revision makes, if there is something.
fn out_of_step(head: &State, schema: &Schema) -> Option<Diagnostic> {
    let changes = diff(head, &State::of(schema), &Renames::of(schema, head)).changes;
    let mut told: Vec<String> = changes.iter().take(SHOWN).map(|change| change.describe()).collect();
    if changes.len() > SHOWN {
        told.push(format!("and {} more", changes.len() - SHOWN));
    }
    let message = format!("the migrations do not lead to the spec, which has changed since: {}", told.join("; "));
    let help = "write a revision with `pilaster db migrate -m MESSAGE`";
    (!changes.is_empty()).then(|| Diagnostic::warning(codes::OUT_OF_STEP, Place::None, message).help(help))
}

/// Walks the history once, for all databases.
fn write(history: &History, targets: &mut [Target], diagnostics: &mut Diagnostics) {
    let mut state = State::default();
    for file in history.files() {
        let before = state.clone();
        // That it fits was asked before.
        let _ = replay::apply_all(&mut state, &file.revision.up_changes());
        let up = Leg { state: &before, entries: &file.revision.up, loses: losses(&before, &file.revision.up) };
        let misfit = History::way_back(state.clone(), file).err();
        let down = file.revision.down.as_ref().filter(|_| misfit.is_none());
        let down = down.map(|down| Leg { state: &state, entries: down, loses: losses(&state, down) });
        diagnostics.extend(misfit.map(warning));
        targets.iter_mut().for_each(|target| target.revision(file, &up, down.as_ref()));
    }
}

fn warning(item: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..item }
}

/// One way of a revision: where it begins, its changes, and what it loses.
struct Leg<'a> {
    state: &'a State,
    entries: &'a [Entry],
    loses: Vec<String>,
}

/// What is lost and nobody has accepted.
fn losses(state: &State, entries: &[Entry]) -> Vec<String> {
    let (risks, _) = lint(state, entries);
    let open = risks.into_iter().filter(|risk| risk.destructive && risk.allowed.is_none());
    open.map(|risk| format!("{} ({})", risk.message, risk.code.id)).collect()
}

/// A database that the history is written for.
struct Target {
    dialect: DialectName,
    texts: Vec<String>,
    /// What it cannot do on the way up.
    refused: Diagnostics,
    /// What it cannot do on the ways back.
    no_way_back: Diagnostics,
}

impl Target {
    fn new(dialect: DialectName) -> Self {
        Self { dialect, texts: Vec::new(), refused: Diagnostics::default(), no_way_back: Diagnostics::default() }
    }

    /// The history goes on behind a revision that this database cannot do, so that all that is in the way is told.
    fn revision(&mut self, file: &File, up: &Leg<'_>, down: Option<&Leg<'_>>) {
        let there = script(file, up, self.dialect, &mut self.refused);
        let back = down.and_then(|down| script(file, down, self.dialect, &mut self.no_way_back));
        let Some(there) = there else { return };
        let up = Way { script: &there, loses: &up.loses };
        let down = down.zip(back.as_ref()).map(|(leg, script)| Way { script, loses: &leg.loses });
        self.texts.push(text::revision(file, up, down));
    }

    /// The texts, or why there are none; a database that nobody asked for is one warning.
    fn finish(self, required: bool, diagnostics: &mut Diagnostics) -> (DialectName, Result<Vec<String>, String>) {
        let why = self.refused.iter().next().map(|first| first.message.clone());
        if required {
            diagnostics.extend(self.refused);
            diagnostics.extend(self.no_way_back.into_iter().map(warning));
        } else {
            let (cannot, found) = match why {
                Some(_) => ("the migrations cannot run", &self.refused),
                None => ("not all migrations can be taken back", &self.no_way_back),
            };
            diagnostics.extend(one_finding(cannot, self.dialect, found));
        }
        (self.dialect, why.map_or(Ok(self.texts), Err))
    }
}

/// The steps of a way on a database; what it cannot do is found, with its place.
fn script(file: &File, leg: &Leg<'_>, dialect: DialectName, found: &mut Diagnostics) -> Option<Script> {
    let mut all = Diagnostics::default();
    let changes: Vec<_> = leg.entries.iter().map(|entry| entry.change.clone()).collect();
    let script = ddl::script(leg.state, &changes, dialect, &mut all);
    // What will only differ there is told of the tables of the spec.
    let errors = all.into_iter().filter(|item| item.severity == Severity::Error);
    found.extend(errors.map(|item| Diagnostic { place: place(file, leg.entries, &item.place), ..item }));
    script
}

/// Where the change stands that a finding is about: the one that it names, else the one that names most of what it names.
fn place(file: &File, entries: &[Entry], place: &Place) -> Place {
    let Place::Object(object) = place else { return place.clone() };
    let quoted: Vec<&str> = object.split('"').skip(1).step_by(2).collect();
    let named = |entry: &&Entry| {
        let about = entry.change.describe();
        let words = || about.split(|c: char| !c.is_alphanumeric() && c != '_');
        let common = quoted.iter().filter(|name| words().any(|word| word == **name)).count();
        if about == *object { usize::MAX } else { common }
    };
    // Of several the first one: `max_by_key` gives the last.
    match entries.iter().rev().max_by_key(named) {
        Some(entry) if named(&entry) > 0 && entry.place != Place::None => entry.place.clone(),
        _ => Place::Object(format!("{}: {object}", file.name)),
    }
}

#[cfg(test)]
mod tests;
