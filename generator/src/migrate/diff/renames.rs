//! Renames: those that are known, and pairs that may be some.

use std::collections::{BTreeMap, BTreeSet};

use super::Walk;
use crate::ir::{Schema, TableName};
use crate::migrate::change::{Both, Change};
use crate::migrate::state::{State, Table, shown};
use crate::names;

/// Things that have another name now. Tables are given by the name that they have afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    /// Tables: name afterwards to name before.
    pub tables: BTreeMap<TableName, TableName>,
    /// Columns: table and name afterwards to name before.
    pub columns: BTreeMap<(TableName, String), String>,
    /// Enums: name afterwards to name before.
    pub enums: BTreeMap<TableName, TableName>,
    /// Labels: enum and label afterwards to label before.
    pub labels: BTreeMap<(TableName, String), String>,
}

/// Something that is gone, and something like it that is new.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// A table with the same columns.
    Table(Both<TableName>),
    /// A column of the same type.
    Column(TableName, Both<String>),
    /// An enum with the same labels.
    Enum(Both<TableName>),
    /// The only label that is gone, and the only one that is new.
    Label(TableName, Both<String>),
}

impl Hint {
    /// The question, for people.
    #[must_use]
    pub fn question(&self) -> String {
        match self {
            Self::Table(name) => format!("Was the table `{}` renamed to `{}`?", shown(&name.from), shown(&name.to)),
            Self::Column(table, name) => {
                format!("Was the column `{}` of `{}` renamed to `{}`?", name.from, shown(table), name.to)
            }
            Self::Enum(name) => format!("Was the enum `{}` renamed to `{}`?", name.from, name.to),
            Self::Label(owner, label) => {
                format!("Was the label {:?} of the enum `{owner}` renamed to {:?}?", label.from, label.to)
            }
        }
    }
}

impl Renames {
    /// The renames that a spec tells by `renamed_from`, as far as they have not been made yet: the old name is still
    /// in the state, and what has the new name there, if anything, is itself renamed.
    #[must_use]
    pub fn of(schema: &Schema, from: &State) -> Self {
        let mut found = Self::default();
        let mut wanted = Vec::new();
        for table in &schema.tables {
            let Some(old) = &table.renamed_from else { continue };
            let named = |name: String| TableName { schema: table.name.schema.clone(), name };
            let candidates = [named(old.clone()), named(names::table(old))];
            wanted
                .extend(candidates.into_iter().find(|old| from.tables.contains_key(old)).map(|old| (old, &table.name)));
        }
        for (old, new) in resolve(wanted, |name| from.tables.contains_key(name)) {
            found.tables.insert(new.clone(), old);
        }
        for table in &schema.tables {
            let before = found.tables.get(&table.name).unwrap_or(&table.name);
            let Some(before) = from.tables.get(before) else { continue };
            let told = table.columns.iter().filter_map(|column| Some((column.renamed_from.clone()?, &column.name)));
            let told = told.filter(|(old, _)| before.column(old).is_some()).collect();
            for (old, new) in resolve(told, |name| before.column(name).is_some()) {
                found.columns.insert((table.name.clone(), new.clone()), old);
            }
        }
        found
    }

    /// Takes a hint for true.
    pub fn confirm(&mut self, hint: &Hint) {
        match hint.clone() {
            Hint::Table(name) => drop(self.tables.insert(name.to, name.from)),
            Hint::Column(table, name) => drop(self.columns.insert((table, name.to), name.from)),
            Hint::Enum(name) => drop(self.enums.insert(name.to, name.from)),
            Hint::Label(owner, label) => drop(self.labels.insert((owner, label.to), label.from)),
        }
    }
}

/// Keeps the renames that can still be made. One whose new name exists already is done, unless what exists is renamed
/// away; of names that are exchanged it cannot be told whether that has been done, so those are left out.
fn resolve<N: Clone + Ord>(wanted: Vec<(N, &N)>, exists: impl Fn(&N) -> bool) -> Vec<(N, N)> {
    let mut left: Vec<(N, N)> =
        wanted.into_iter().map(|(old, new)| (old, new.clone())).filter(|(a, b)| a != b).collect();
    let mut freed: BTreeSet<N> = BTreeSet::new();
    let mut found = Vec::new();
    loop {
        let ready = |(old, new): &(N, N)| !freed.contains(old) && (!exists(new) || freed.contains(new));
        let Some(at) = left.iter().position(ready) else { return found };
        let pair = left.remove(at);
        freed.insert(pair.0.clone());
        found.push(pair);
    }
}

/// Makes the known renames, and those of upper and lower case.
pub(super) fn apply(walk: &mut Walk<'_>, renames: &Renames) {
    for (to, from) in &renames.enums {
        if walk.work.enums.contains_key(from) && !walk.work.enums.contains_key(to) && walk.to.enums.contains_key(to) {
            walk.emit(Change::RenameEnum(Both { from: from.clone(), to: to.clone() }));
        }
    }
    for ((owner, to), from) in &renames.labels {
        let has = |label: &String| walk.work.enums.get(owner).is_some_and(|labels| labels.contains(label));
        if has(from) && !has(to) {
            let label = Both { from: from.clone(), to: to.clone() };
            walk.emit(Change::RenameEnumLabel { name: owner.clone(), label });
        }
    }
    tables(walk, renames);
    for name in walk.common() {
        columns(walk, renames, &name);
    }
}

fn tables(walk: &mut Walk<'_>, renames: &Renames) {
    let is_known = |(to, from): &(&TableName, &TableName)| {
        to != from && walk.to.tables.contains_key(*to) && walk.work.tables.contains_key(*from)
    };
    let known = renames.tables.iter().filter(is_known);
    let mut pairs: Vec<(TableName, TableName)> = known.map(|(to, from)| (from.clone(), to.clone())).collect();
    let fold = |name: &TableName| (name.schema.clone(), name.name.to_lowercase());
    let free = |name: &&TableName| !walk.to.tables.contains_key(name) && pairs.iter().all(|(from, _)| from != *name);
    let gone: BTreeMap<_, _> = walk.work.tables.keys().filter(free).map(|name| (fold(name), name)).collect();
    let new = |name: &&TableName| !walk.work.tables.contains_key(name) && pairs.iter().all(|(_, to)| to != *name);
    let new = walk.to.tables.keys().filter(new);
    let folded: Vec<_> = new.filter_map(|name| Some(((*gone.get(&fold(name))?).clone(), name.clone()))).collect();
    pairs.extend(folded);
    let spare = |walk: &Walk<'_>, name: &TableName| {
        let mut spare = TableName { name: format!("{}__renamed", name.name), ..name.clone() };
        while walk.work.tables.contains_key(&spare) {
            spare.name.push('_');
        }
        spare
    };
    let exists = |walk: &Walk<'_>, name: &TableName| walk.work.tables.contains_key(name);
    let rename = |walk: &mut Walk<'_>, from, to| walk.emit(Change::RenameTable(Both { from, to }));
    in_order(walk, pairs, exists, spare, rename);
}

fn columns(walk: &mut Walk<'_>, renames: &Renames, table: &TableName) {
    let (Some(old), Some(new)) = (walk.work.tables.get(table), walk.to.tables.get(table)) else { return };
    let known = renames.columns.iter().filter(|((owner, _), _)| owner == table);
    let known = known.filter(|((_, to), from)| to != *from && old.column(from).is_some() && new.column(to).is_some());
    let mut pairs: Vec<(String, String)> = known.map(|((_, to), from)| (from.clone(), to.clone())).collect();
    let gone = |name: &String| new.column(name).is_none() && pairs.iter().all(|(from, _)| from != name);
    let gone: BTreeMap<_, _> =
        old.columns.iter().map(|c| &c.name).filter(|n| gone(n)).map(|name| (name.to_lowercase(), name)).collect();
    let is_new = |name: &&String| old.column(name).is_none() && pairs.iter().all(|(_, to)| to != *name);
    let new = new.columns.iter().map(|column| &column.name).filter(is_new);
    let folded: Vec<_> =
        new.filter_map(|name| Some(((*gone.get(&name.to_lowercase())?).clone(), name.clone()))).collect();
    pairs.extend(folded);
    let has =
        |walk: &Walk<'_>, name: &str| walk.work.tables.get(table).is_some_and(|table| table.column(name).is_some());
    let spare = |walk: &Walk<'_>, name: &String| {
        let mut spare = format!("{name}__renamed");
        while has(walk, &spare) {
            spare.push('_');
        }
        spare
    };
    let rename = |walk: &mut Walk<'_>, from, to| {
        walk.emit(Change::RenameColumn { table: table.clone(), name: Both { from, to } });
    };
    in_order(walk, pairs, |walk, name| has(walk, name), spare, rename);
}

/// Makes renames such that no name is taken when it is given: chains from their ends, cycles through a spare name. A
/// name that something else keeps is not given.
fn in_order<N: Clone + PartialEq>(
    walk: &mut Walk<'_>,
    mut pairs: Vec<(N, N)>,
    exists: impl Fn(&Walk<'_>, &N) -> bool,
    spare: impl Fn(&Walk<'_>, &N) -> N,
    rename: impl Fn(&mut Walk<'_>, N, N),
) {
    while !pairs.is_empty() {
        let free = pairs.iter().position(|(_, to)| !exists(walk, to));
        let kept = pairs.iter().position(|(_, to)| pairs.iter().all(|(from, _)| from != to));
        match (free, kept) {
            (Some(at), _) => {
                let (from, to) = pairs.remove(at);
                rename(walk, from, to);
            }
            (None, Some(at)) => drop(pairs.remove(at)),
            (None, None) => {
                let (from, to) = pairs.remove(0);
                let between = spare(walk, &from);
                rename(walk, from, between.clone());
                pairs.push((between, to));
            }
        }
    }
}

/// Reports what may be renames, among what is left.
pub(super) fn hints(walk: &mut Walk<'_>) {
    let mut hints = Vec::new();
    let to = walk.to;
    let mut new: Vec<&Table> = to.tables.values().filter(|table| !walk.work.tables.contains_key(&table.name)).collect();
    for old in walk.work.tables.values().filter(|table| !to.tables.contains_key(&table.name)) {
        if let Some(at) = new.iter().position(|table| shape(table) == shape(old)) {
            hints.push(Hint::Table(Both { from: old.name.clone(), to: new.remove(at).name.clone() }));
        }
    }
    for (name, table) in &to.tables {
        let Some(old) = walk.work.tables.get(name) else { continue };
        let mut new: Vec<_> = table.columns.iter().filter(|column| old.column(&column.name).is_none()).collect();
        for gone in old.columns.iter().filter(|column| table.column(&column.name).is_none()) {
            let like = |column: &&crate::migrate::state::Column| column.ty == gone.ty;
            if let Some(at) = new.iter().position(like) {
                let pair = Both { from: gone.name.clone(), to: new.remove(at).name.clone() };
                hints.push(Hint::Column(name.clone(), pair));
            }
        }
    }
    let mut new: Vec<_> = to.enums.iter().filter(|(name, _)| !walk.work.enums.contains_key(*name)).collect();
    for (name, labels) in walk.work.enums.iter().filter(|(name, _)| !to.enums.contains_key(*name)) {
        if let Some(at) = new.iter().position(|(_, others)| *others == labels) {
            hints.push(Hint::Enum(Both { from: name.clone(), to: new.remove(at).0.clone() }));
        }
    }
    for (name, labels) in &to.enums {
        let Some(old) = walk.work.enums.get(name) else { continue };
        let gone: Vec<_> = old.iter().filter(|label| !labels.contains(label)).collect();
        let new: Vec<_> = labels.iter().filter(|label| !old.contains(label)).collect();
        if let ([from], [label]) = (gone.as_slice(), new.as_slice()) {
            hints.push(Hint::Label(name.clone(), Both { from: (*from).clone(), to: (*label).clone() }));
        }
    }
    walk.hints = hints;
}

/// What tables have in common that are the same under another name.
fn shape(table: &Table) -> BTreeMap<&str, &crate::migrate::state::Type> {
    table.columns.iter().map(|column| (column.name.as_str(), &column.ty)).collect()
}
