//! Renames, and what is named after the things that they rename.

use super::{MYSQL, Walk};
use crate::ir::TableName;
use crate::migrate::change::Both;
use crate::migrate::ddl::names;
use crate::migrate::state::Table;

/// What goes before a column is renamed and comes back after it, in one statement.
#[derive(Default)]
struct Anew {
    gone: Vec<String>,
    new: Vec<String>,
}

impl Anew {
    fn add(&mut self, gone: String, new: Option<String>) {
        self.gone.push(gone);
        self.new.extend(new.map(|text| format!("ADD {text}")));
    }
}

impl Walk<'_, '_> {
    /// Renames a column. MySQL renames none that a check or a computed column reads, so these are made anew; MariaDB does
    /// as well with it.
    pub(super) fn rename_column(&mut self, before: &Table, name: &Both<String>) {
        let Some(after) = self.state.tables.get(&before.name).cloned() else { return };
        let computed = readers(before, &name.from);
        let mut anew = Anew::default();
        self.indexes_anew(before, &after, &computed, &mut anew);
        self.checks_anew(before, &after, &name.from, &computed, &mut anew);
        let mut columns = Vec::new();
        for column in &computed {
            anew.gone.push(format!("DROP COLUMN {}", self.out.ident(column)));
            let text = self.out.parts(&after, &self.state, |parts| parts.column(0, column));
            columns.extend(text.map(|text| format!("ADD COLUMN {text}")));
        }
        let (from, to) = (self.out.ident(&name.from), self.out.ident(&name.to));
        let rename = format!("RENAME COLUMN {from} TO {to}");
        let clauses: Vec<String> = anew.gone.into_iter().chain([rename]).chain(columns).chain(anew.new).collect();
        self.out.sql(format!("ALTER TABLE {} {}", self.out.table(&before.name), clauses.join(", ")));
        self.rename_keys_of(before, &after, &computed);
    }

    /// Indexes over computed columns, which would go with them.
    fn indexes_anew(&mut self, before: &Table, after: &Table, computed: &[String], anew: &mut Anew) {
        let old = names::named(before, &self.state, MYSQL);
        for (at, was) in old.indexes.iter().enumerate().filter(|(_, index)| index.is_on(MYSQL)) {
            if computed.iter().any(|column| was.uses(column)) {
                let text = self.out.parts(after, &self.state, |parts| parts.inline_index(0, at));
                anew.add(self.drop_of("INDEX", was.name.as_ref()), text);
            }
        }
        for (at, was) in old.uniques.iter().enumerate() {
            if computed.iter().any(|column| was.columns.contains(column)) {
                let text = self.out.parts(after, &self.state, |parts| parts.unique(0, at));
                anew.add(self.drop_of("INDEX", was.name.as_ref()), text);
            }
        }
    }

    fn checks_anew(&mut self, before: &Table, after: &Table, column: &str, computed: &[String], anew: &mut Anew) {
        let old = names::named(before, &self.state, MYSQL);
        for (at, was) in old.checks.iter().enumerate() {
            let reads = was.expr.columns();
            if reads.contains(&column) || computed.iter().any(|column| reads.contains(&column.as_str())) {
                let text = self.out.parts(after, &self.state, |parts| parts.check(0, at));
                anew.add(self.drop_of("CONSTRAINT", was.name.as_ref()), text);
            }
        }
    }

    fn drop_of(&self, what: &str, name: Option<&String>) -> String {
        format!("DROP {what} {}", self.out.ident(name.map_or("", String::as_str)))
    }

    /// Gives what has no name of its own the one that goes with the new name of its column. Indexes over computed columns
    /// were made anew, with their names.
    fn rename_keys_of(&mut self, before: &Table, after: &Table, computed: &[String]) {
        let (old, new) = (names::named(before, &self.state, MYSQL), names::named(after, &self.state, MYSQL));
        self.rename_indexes(&old, &new, computed);
        self.rename_foreign_keys(&old, &new, after);
    }

    /// Gives what has no name of its own the one that goes with the new name of its table.
    pub(super) fn rename_made(&mut self, before: &Table, now: &TableName) {
        let Some(after) = self.state.tables.get(now).cloned() else { return };
        let (old, new) = (names::named(before, &self.state, MYSQL), names::named(&after, &self.state, MYSQL));
        self.rename_indexes(&old, &new, &[]);
        for (at, (was, is)) in old.checks.iter().zip(&new.checks).enumerate() {
            let Some(Both { from, .. }) = differ(was.name.as_ref(), is.name.as_ref()) else { continue };
            let from = self.out.ident(&from);
            let Some(text) = self.out.parts(&after, &self.state, |parts| parts.check(0, at)) else { continue };
            self.out.alter(now, format!("DROP CONSTRAINT {from}, ADD {text}"));
        }
        self.rename_foreign_keys(&old, &new, &after);
    }

    /// Renames the indexes and unique constraints whose made name changed, but for those that use one of some columns.
    fn rename_indexes(&mut self, old: &Table, new: &Table, but_of: &[String]) {
        let indexes = old.indexes.iter().zip(&new.indexes);
        let indexes = indexes.filter(|(was, _)| was.is_on(MYSQL) && !but_of.iter().any(|column| was.uses(column)));
        let uniques = old.uniques.iter().zip(&new.uniques);
        let uniques = uniques.filter(|(was, _)| !but_of.iter().any(|column| was.columns.contains(column)));
        let names = indexes.map(|(was, is)| (&was.name, &is.name));
        for (was, is) in names.chain(uniques.map(|(was, is)| (&was.name, &is.name))) {
            let Some(Both { from, to }) = differ(was.as_ref(), is.as_ref()) else { continue };
            let (from, to) = (self.out.ident(&from), self.out.ident(&to));
            self.out.alter(&new.name, format!("RENAME INDEX {from} TO {to}"));
        }
    }

    fn rename_foreign_keys(&mut self, old: &Table, new: &Table, after: &Table) {
        for (was, is) in old.foreign_keys.iter().zip(&new.foreign_keys) {
            if let Some(name) = differ(was.name.as_ref(), is.name.as_ref()) {
                self.rename_key(after, is, &name);
            }
        }
    }
}

fn differ(from: Option<&String>, to: Option<&String>) -> Option<Both<String>> {
    let both = Both::differ(from.cloned(), to.cloned())?;
    Some(Both { from: both.from?, to: both.to? })
}

/// The computed columns that read a column, be it by way of others, in the order of the table.
fn readers(table: &Table, column: &str) -> Vec<String> {
    let mut found: Vec<&str> = vec![column];
    loop {
        let next = table.columns.iter().find(|other| {
            let reads = other.generated.as_ref().map_or(Vec::new(), |generated| generated.expr.columns());
            !found.contains(&other.name.as_str()) && reads.iter().any(|name| found.contains(name))
        });
        match next {
            Some(column) => found.push(&column.name),
            None => break,
        }
    }
    let is_reader = |name: &&str| *name != column && found.contains(name);
    table.columns.iter().map(|column| column.name.as_str()).filter(is_reader).map(str::to_owned).collect()
}
