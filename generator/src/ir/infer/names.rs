//! The names that the user gave, and which of them were of use.

use super::keys::Keys;
use super::{Overrides, place};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::TableName;
use crate::ir::draft::Draft;
use crate::names as rust;

/// Looks names up and remembers which were used.
pub(super) struct Names<'a> {
    overrides: &'a Overrides,
    keys: Keys,
    used: Vec<bool>,
}

impl<'a> Names<'a> {
    pub fn new(overrides: &'a Overrides, draft: &Draft) -> Self {
        Self { overrides, keys: Keys::of(draft), used: vec![false; overrides.names.len()] }
    }

    /// The name of a model.
    pub fn model(&mut self, table: &TableName, diagnostics: &mut Diagnostics) -> Option<String> {
        let keys = self.keys.table(table);
        keys.iter().find_map(|key| self.type_name(key, diagnostics))
    }

    /// The name of an enum, or of a model by one of its keys.
    pub fn type_name(&mut self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let name = self.get(key)?;
        let plain = rust::model(name);
        self.checked(key, name, rust::is_type_name(name), &plain, diagnostics)
    }

    /// The name of a label of an enum.
    pub fn variant(&mut self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let name = self.get(key)?;
        self.checked(key, name, rust::is_type_name(name), &rust::variant(name), diagnostics)
    }

    /// The name of a column's field.
    pub fn field(&mut self, table: &TableName, column: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let (key, name) = self.part(table, column)?;
        self.checked(&key, name, rust::is_value_name(name), &rust::field(name), diagnostics)
    }

    /// The name of a relation, by one of its keys: that of all relations that would have a name (see [`relation_key`]), or its own.
    pub fn relation(&mut self, table: &TableName, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let (key, name) = self.part(table, key)?;
        let fits = rust::is_value_name(name) && !rust::reserved::relation(name);
        let plain = match rust::field(name) {
            taken if rust::reserved::relation(&taken) => format!("{taken}_"),
            plain => plain,
        };
        self.checked(&key, name, fits, &plain, diagnostics)
    }

    /// Reports the names that nothing asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        let unused = self.overrides.names.iter().zip(&self.used).filter(|(_, used)| !**used);
        for ((key, name), _) in unused {
            let message = format!(
                "the name `{name}` for `{key}` is of no use: nothing is called so, or a key with its schema says it"
            );
            diagnostics.push(
                Diagnostic::warning(codes::OVERRIDE_UNUSED, Place::Object(format!("names.\"{key}\"")), message)
                    .help("write SQL names as in the database: `table`, `table.column`, or `table.relation` with the name it would have, and `table.relation(column, …)` with those of its foreign key where several would have that name; `schema.table` says which of several tables of a name"),
            );
        }
    }

    /// What is given for a part of a table, with its key.
    fn part(&mut self, table: &TableName, part: &str) -> Option<(String, &'a str)> {
        let mut keys = self.keys.table(table).into_iter().map(|table| format!("{table}.{part}"));
        keys.find_map(|key| self.get(&key).map(|name| (key, name)))
    }

    fn get(&mut self, key: &str) -> Option<&'a str> {
        let at = self.overrides.names.iter().rposition(|(other, _)| other == key)?;
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
        }
        self.overrides.names.get(at).map(|(_, name)| name.as_str())
    }

    fn checked(&self, key: &str, name: &str, fits: bool, plain: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        if fits {
            return Some(name.to_owned());
        }
        let message = format!("`{name}` cannot be the name of `{key}`");
        diagnostics.push(
            Diagnostic::error(codes::OVERRIDE_INVALID, Place::Object(format!("names.\"{key}\"")), message)
                .help(format!("use a name that is free and in the usual case, for instance `{plain}`")),
        );
        None
    }
}

/// The key by which a relation's name can be overridden, within its table.
pub(super) fn relation_key(table: &super::Table, name: &str) -> String {
    let is_column = table.columns.iter().any(|column| column.name.value == name);
    if is_column { format!("{name}()") } else { name.to_owned() }
}

/// How a relation is shown.
pub(super) fn relation_place(table: &super::Table, name: &str) -> Place {
    place(&table.name.value.to_string(), &format!("relation \"{name}\""))
}
