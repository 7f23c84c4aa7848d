//! What a database reports, in the words of the schema that it should have.
//!
//! A database says less than a schema does. SQLite has no names for enums and one width of integers, MariaDB knows no
//! difference between RESTRICT and NO ACTION, and all of them print expressions in a form of their own. So a report and
//! a schema cannot be compared as they are. Here every part of the report that is what such a database makes of a part of the
//! schema becomes that part, word for word; what is left differs in truth, and [`super::diff`] finds it.
//!
//! What SQLite makes of a schema is asked of SQLite: `kept` is read from an empty database that was made from the schema.
//! For a server `kept` is the schema itself, and its parts are compared by what they mean there.

mod column;
mod enums;
mod expression;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use super::state::{State, Table, shown};
use crate::ir::{DialectName, TableName};
use enums::Labels;

/// A report in the words of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    /// The tables.
    pub state: State,
    /// What could not be compared and counts as equal, each in a few words.
    pub uncompared: Vec<String>,
}

/// How two things compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    Different,
    /// They are written in a way that only the database understands.
    Unknown,
}

impl Likeness {
    fn of(same: bool) -> Self {
        if same { Self::Same } else { Self::Different }
    }
}

/// Says what a database reports in the words of the schema that it should have, as far as the two agree. `kept` is what
/// such a database reports when it is made from the schema; only SQLite's is looked at.
#[must_use]
pub fn recognise(found: &State, wanted: &State, kept: &State, dialect: DialectName) -> Recognised {
    recognise_by(found, wanted, kept, dialect, false)
}

/// The same for a server that may tell tables apart without regard to upper and lower case, as SQLite always does.
#[must_use]
pub fn recognise_by(found: &State, wanted: &State, kept: &State, dialect: DialectName, folds: bool) -> Recognised {
    let kept = if dialect == DialectName::Sqlite { kept } else { wanted };
    let folds = folds || dialect == DialectName::Sqlite;
    let names = |state| Names::of(wanted, state, dialect, folds);
    let (found, kept) = (names(found).apply(found), names(kept).apply(kept));
    let labels = Labels::of(&found, wanted, dialect);
    let mut reader =
        Reader { found: &found, wanted, kept: &kept, dialect, labels: &labels, uncompared: BTreeSet::new() };
    let tables: BTreeMap<TableName, Table> =
        found.tables.values().map(|table| (table.name.clone(), reader.table(table))).collect();
    let uncompared = reader.uncompared.into_iter().collect();
    Recognised { state: State { enums: labels.enums(&found, &tables), tables }, uncompared }
}

/// Tables by how a database tells them apart.
struct Names<'a> {
    dialect: DialectName,
    folds: bool,
    wanted: &'a State,
    by_key: BTreeMap<TableName, &'a TableName>,
}

impl<'a> Names<'a> {
    /// How a report names the tables of a schema. Those that both name alike are no others: a schema may have `users` and
    /// `public.users`.
    fn of(wanted: &'a State, reported: &State, dialect: DialectName, folds: bool) -> Self {
        let others = wanted.tables.keys().filter(|name| !reported.tables.contains_key(*name));
        let by_key = others.map(|name| (key(name, dialect, folds), name)).collect();
        Self { dialect, folds, wanted, by_key }
    }

    fn wanted(&self, name: &TableName) -> TableName {
        let other =
            self.by_key.get(&key(name, self.dialect, self.folds)).filter(|_| !self.wanted.tables.contains_key(name));
        other.map_or_else(|| name.clone(), |name| (*name).clone())
    }

    /// The state with its tables named as the schema names them.
    fn apply(&self, state: &State) -> State {
        let named = |table: &Table| {
            let mut table = Table { name: self.wanted(&table.name), ..table.clone() };
            for key in &mut table.foreign_keys {
                key.table = self.wanted(&key.table);
            }
            (table.name.clone(), table)
        };
        State { enums: state.enums.clone(), tables: state.tables.values().map(named).collect() }
    }
}

/// A name without what does not count. A report leaves out the schema in which a connection works.
fn key(name: &TableName, dialect: DialectName, folds: bool) -> TableName {
    let usual = match dialect {
        DialectName::Sqlite => true,
        DialectName::Postgres => name.schema.as_deref() == Some("public"),
        DialectName::Mysql => false,
    };
    let folded = |name: &String| if folds { name.to_lowercase() } else { name.clone() };
    TableName { schema: name.schema.as_ref().filter(|_| !usual).map(folded), name: folded(&name.name) }
}

/// What is known while tables are read.
struct Reader<'a> {
    found: &'a State,
    wanted: &'a State,
    kept: &'a State,
    dialect: DialectName,
    labels: &'a Labels,
    uncompared: BTreeSet<String>,
}

impl Reader<'_> {
    /// A table in the words of the one that should be there; as it is when none should.
    fn table(&mut self, found: &Table) -> Table {
        let (Some(wanted), Some(kept)) = (self.wanted.tables.get(&found.name), self.kept.tables.get(&found.name))
        else {
            return found.clone();
        };
        let columns = found.columns.iter().map(|column| self.column(found, column, wanted, kept)).collect();
        let comment = if found.comment == kept.comment { &wanted.comment } else { &found.comment };
        let other_options = self.dialect == DialectName::Sqlite && found.sqlite != kept.sqlite;
        let mut table = Table {
            name: wanted.name.clone(),
            columns,
            primary_key: found.primary_key.iter().map(|column| spelled(wanted, column, self.dialect)).collect(),
            comment: comment.clone(),
            sqlite: if other_options { found.sqlite } else { wanted.sqlite },
            ..found.clone()
        };
        self.parts(&mut table, found, wanted, kept);
        table
    }

    fn not_compared(&mut self, table: &TableName, what: &str) {
        self.uncompared.insert(format!("table `{}`, {what}", shown(table)));
    }
}

/// A column's name as a table has it. SQLite and MySQL do not tell names apart by upper and lower case.
fn spelled(table: &Table, name: &str, dialect: DialectName) -> String {
    let folds = dialect != DialectName::Postgres;
    let same = |other: &str| other == name || (folds && other.to_lowercase() == name.to_lowercase());
    let found = table.columns.iter().find(|column| same(&column.name));
    found.map_or_else(|| name.to_owned(), |column| column.name.clone())
}

#[cfg(test)]
mod tests;
