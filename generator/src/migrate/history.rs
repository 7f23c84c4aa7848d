//! The revisions of a project: which comes after which, and what they make together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diff::{Renames, diff};
use super::replay;
use super::revision::{self, Revision};
use super::state::State;
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place, SourceText, suggest_help};

/// A file of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, as the user wrote the folder.
    pub name: String,
    /// What is kept of it to see that it was edited.
    pub checksum: String,
    /// What it says.
    pub revision: Revision,
}

/// All revisions, each after its parents; those that do not depend on each other by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    files: Vec<File>,
}

impl History {
    /// Reads files. `None`, with all problems, when they make no history: one cannot be read, stands twice, comes after
    /// one that is not there, or after itself.
    pub fn read(sources: &[Arc<SourceText>], diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.error_count();
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        for source in sources {
            let Some(revision) = revision::read(source, diagnostics) else { continue };
            let checksum = revision::checksum(&source.text);
            let file = File { name: source.name.clone(), checksum, revision };
            if let Some(other) = files.get(&file.revision.id) {
                let message =
                    format!("`{}` and `{}` are both the revision `{}`", other.name, file.name, file.revision.id);
                let help = "give one of them another `revision:`, and its children the same under `parents:`";
                diagnostics.push(Diagnostic::error(codes::REVISION_TWICE, start(source), message).help(help));
                continue;
            }
            files.insert(file.revision.id.clone(), file);
        }
        for file in files.values() {
            let source = sources.iter().find(|source| source.name == file.name);
            for parent in file.revision.parents.iter().filter(|parent| !files.contains_key(*parent)) {
                let message = format!("`{}` comes after `{parent}`, which is not there", file.revision.id);
                let known = suggest_help(parent, "revisions", files.keys().map(String::as_str));
                let help = format!("bring the file back, or correct `parents:` ({known})");
                let place = source.map_or(Place::None, |source| start(source).narrow(parent));
                diagnostics.push(Diagnostic::error(codes::REVISION_PARENT, place, message).help(help));
            }
        }
        if diagnostics.error_count() > before {
            return None;
        }
        let (files, circle) = sort(files);
        if !circle.is_empty() {
            let message = format!("these revisions come after each other in a circle: {}", circle.join(", "));
            let help = "correct `parents:` in one of them";
            diagnostics.push(Diagnostic::error(codes::REVISION_PARENT, Place::None, message).help(help));
            return None;
        }
        Some(Self { files })
    }

    /// The files in order.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file of a revision.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.revision.id == id)
    }

    /// Revisions that nothing comes after.
    #[must_use]
    pub fn heads(&self) -> Vec<&str> {
        let parents: BTreeSet<&String> = self.files.iter().flat_map(|file| &file.revision.parents).collect();
        let ids = self.files.iter().map(|file| &file.revision.id);
        ids.filter(|id| !parents.contains(id)).map(String::as_str).collect()
    }

    /// Revisions that several come after, with those.
    #[must_use]
    pub fn branches(&self) -> Vec<(&str, Vec<&str>)> {
        let children = |id: &str| {
            let files = self.files.iter().filter(|file| file.revision.parents.iter().any(|parent| parent == id));
            files.map(|file| file.revision.id.as_str()).collect::<Vec<_>>()
        };
        let all = self.files.iter().map(|file| (file.revision.id.as_str(), children(&file.revision.id)));
        all.filter(|(_, children)| children.len() > 1).collect()
    }

    /// A revision and all before it.
    #[must_use]
    pub fn ancestors(&self, ids: &[&str]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut left: Vec<&str> = ids.to_vec();
        while let Some(id) = left.pop() {
            if let Some(file) = self.get(id).filter(|file| found.insert(file.revision.id.as_str())) {
                left.extend(file.revision.parents.iter().map(String::as_str));
            }
        }
        found
    }

    /// The revision that a word means: `head`, a name, the beginning of one name, or a part of one after the date.
    ///
    /// # Errors
    /// A message and what to do, when there is none or more than one.
    pub fn find(&self, word: &str) -> Result<&str, (String, String)> {
        let ids: Vec<&str> = self.files.iter().map(|file| file.revision.id.as_str()).collect();
        if word == "head" {
            return match self.heads().as_slice() {
                [one] => Ok(*one),
                [] => Err((
                    "there are no revisions".to_owned(),
                    "make one with `pilaster db migrate -m MESSAGE`".to_owned(),
                )),
                many => Err((
                    format!("there are {} heads: {}", many.len(), many.join(", ")),
                    "name one of them, or join them with `pilaster db merge`".to_owned(),
                )),
            };
        }
        if let Some(exact) = ids.iter().find(|id| **id == word) {
            return Ok(exact);
        }
        let by = |is: &dyn Fn(&str) -> bool| ids.iter().copied().filter(|id| is(id)).collect::<Vec<_>>();
        let begins = by(&|id| id.starts_with(word));
        let found = if begins.is_empty() { by(&|id| id.ends_with(&format!("_{word}"))) } else { begins };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err((format!("there is no revision `{word}`"), suggest_help(word, "revisions", ids.iter().copied()))),
            many => Err((format!("`{word}` can be {}", many.join(" or ")), "write more of the name".to_owned())),
        }
    }

    /// The revisions to apply, in order, to get to `targets` where `applied` are applied already.
    #[must_use]
    pub fn upgrade(&self, applied: &BTreeSet<&str>, targets: &[&str]) -> Vec<&File> {
        let wanted = self.ancestors(targets);
        let missing = |id: &str| wanted.contains(id) && !applied.contains(id);
        self.files.iter().filter(|file| missing(&file.revision.id)).collect()
    }

    /// The state after a set of revisions, which holds the parents of each. `None`, with diagnostics, when changes clash.
    pub fn state_of(&self, applied: &BTreeSet<&str>, diagnostics: &mut Diagnostics) -> Option<State> {
        let mut state = State::default();
        for file in self.files.iter().filter(|file| applied.contains(file.revision.id.as_str())) {
            state = Self::step(state, file, diagnostics)?;
        }
        Some(state)
    }

    /// Whether heads can be joined: databases have applied one or the other first, and both must end as the same. Tells
    /// what clashes.
    pub fn commute(&self, heads: &[&str], diagnostics: &mut Diagnostics) -> bool {
        let mut ends: Vec<(&str, State)> = Vec::new();
        for head in heads {
            let first = self.ancestors(&[head]);
            let Some(mut state) = self.state_of(&first, diagnostics) else { return false };
            for file in self.files.iter().filter(|file| !first.contains(file.revision.id.as_str())) {
                for entry in &file.revision.up {
                    if let Err(misfit) = replay::apply(&mut state, &entry.change) {
                        let message = format!("`{}` after `{head}`: {}", file.revision.id, misfit.message);
                        let help =
                            "change one of them such that their order does not matter, before anybody applies it";
                        diagnostics.push(Diagnostic::error(codes::MISFIT, entry.place.clone(), message).help(help));
                        return false;
                    }
                }
            }
            ends.push((head, state));
        }
        let Some(((one, first), rest)) = ends.split_first() else { return true };
        for (other, state) in rest {
            let found = diff(first, state, &Renames::default());
            if let Some(change) = found.changes.first() {
                let message =
                    format!("with `{one}` first or `{other}` first the end is not the same: {}", change.describe());
                let help = "change one of them such that their order does not matter, before anybody applies it";
                diagnostics.push(Diagnostic::error(codes::MISFIT, Place::None, message).help(help));
                return false;
            }
        }
        true
    }

    /// Whether the way back of a file fits the state that the file leads to.
    ///
    /// # Errors
    /// Which change does not, and why.
    pub fn way_back(mut state: State, file: &File) -> Result<(), Diagnostic> {
        file.revision.down.iter().flatten().try_for_each(|entry| {
            replay::apply(&mut state, &entry.change).map_err(|misfit| {
                let message = format!("the way back of `{}` does not fit: {}", file.revision.id, misfit.message);
                Diagnostic::error(codes::MISFIT, entry.place.clone(), message).help(misfit.help)
            })
        })
    }

    fn step(mut state: State, file: &File, diagnostics: &mut Diagnostics) -> Option<State> {
        for entry in &file.revision.up {
            if let Err(misfit) = replay::apply(&mut state, &entry.change) {
                let id = &file.revision.id;
                let message = format!("{} of `{id}` does not fit: {}", entry.change.describe(), misfit.message);
                let error = Diagnostic::error(codes::MISFIT, entry.place.clone(), message);
                diagnostics.push(error.help(misfit.help));
                return None;
            }
        }
        Some(state)
    }

    /// The state after all revisions.
    pub fn state(&self, diagnostics: &mut Diagnostics) -> Option<State> {
        let all = self.files.iter().map(|file| file.revision.id.as_str()).collect();
        self.state_of(&all, diagnostics)
    }
}

fn start(source: &Arc<SourceText>) -> Place {
    Place::text(source, 0..source.text.len())
}

/// Each after its parents, otherwise by name; and the names of those that go round in a circle.
fn sort(mut left: BTreeMap<String, File>) -> (Vec<File>, Vec<String>) {
    let mut missing: BTreeMap<String, usize> =
        left.values().map(|file| (file.revision.id.clone(), file.revision.parents.len())).collect();
    let mut children: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in left.values() {
        for parent in &file.revision.parents {
            children.entry(parent.clone()).or_default().push(file.revision.id.clone());
        }
    }
    let mut ready: BTreeSet<String> =
        missing.iter().filter(|(_, count)| **count == 0).map(|(id, _)| id.clone()).collect();
    let mut files = Vec::with_capacity(left.len());
    while let Some(id) = ready.pop_first() {
        files.extend(left.remove(&id));
        for child in children.remove(&id).unwrap_or_default() {
            if let Some(count) = missing.get_mut(&child) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(child);
                }
            }
        }
    }
    (files, left.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, parents: &str, up: &str) -> Arc<SourceText> {
        let text = format!("pilaster_migration: 1\nrevision: {id}\nparents: [{parents}]\nup: [{up}]\n");
        Arc::new(SourceText { name: format!("migrations/{id}.yaml"), text })
    }

    fn history(sources: &[Arc<SourceText>]) -> Result<History, String> {
        let mut diagnostics = Diagnostics::default();
        History::read(sources, &mut diagnostics).ok_or_else(|| diagnostics.to_string())
    }

    #[test]
    fn heads_branches_and_order() {
        let it =
            history(&[source("c", "a", ""), source("a", "", ""), source("b", "a", ""), source("d", "\"c\", b", "")]);
        let it = it.unwrap();
        assert_eq!(it.files().iter().map(|file| file.revision.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(it.heads(), ["d"]);
        assert_eq!(it.branches(), [("a", vec!["b", "c"])]);
        let ids = |files: Vec<&File>| files.iter().map(|file| file.revision.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(it.upgrade(&BTreeSet::from(["a"]), &["c"])), ["c"]);
        assert_eq!(ids(it.upgrade(&BTreeSet::from(["a", "b"]), &["d"])), ["c", "d"]);
    }

    #[test]
    fn what_is_no_history_is_told() {
        let told = |sources: &[Arc<SourceText>]| history(sources).unwrap_err();
        assert!(told(&[source("a", "b", "")]).contains("`a` comes after `b`, which is not there"));
        assert!(told(&[source("a", "b", ""), source("b", "a", "")]).contains("in a circle: a, b"));
        let twice =
            [source("a", "", ""), Arc::new(SourceText { name: "x.yaml".into(), ..(*source("a", "", "")).clone() })];
        assert!(told(&twice).contains("are both the revision `a`"));
    }

    #[test]
    fn words_mean_revisions() {
        let it = history(&[source("2026_a", "", ""), source("2027_b", "", "")]).unwrap();
        assert_eq!(it.find("2026"), Ok("2026_a"));
        assert_eq!(it.find("b"), Ok("2027_b"));
        assert!(it.find("head").unwrap_err().0.contains("2 heads"));
        assert!(it.find("20").unwrap_err().0.contains("2026_a or 2027_b"));
        assert!(it.find("x").is_err());
    }

    #[test]
    fn clashes_are_told_where_they_are() {
        let make = "create_table: { table: t, columns: [{ name: id, type: bigint }] }";
        let it =
            history(&[source("a", "", &format!("{{ {make} }}")), source("b", "", &format!("{{ {make} }}"))]).unwrap();
        let mut diagnostics = Diagnostics::default();
        assert_eq!(it.state(&mut diagnostics), None);
        assert!(diagnostics.to_string().contains("create table t of `b` does not fit: there is a table `t` already"));
        assert!(diagnostics.to_string().contains("migrations/b.yaml:4"));
    }
}
