//! Derives models from tables: names, fields and relations of a database that has no Rust view yet.
//!
//! Names depend on the item alone, so that a new table or key renames nothing. Where two items want one name, an
//! override wins over columns, columns over relations, exact names over converted ones and earlier over later; the
//! loser is left out with a warning that shows the override to write.

mod beside;
mod enums;
mod filter;
mod keys;
mod names;
mod relations;
mod retype;
mod zero_dates;

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{At, Draft, Field, Model, Table};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::names as rust;

pub use beside::beside;
use names::Names;

/// What the user decided about tables that are read from a database (`[tables]` in `pilaster.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Tables to take, as patterns with `*`; empty is all.
    pub include: Vec<String>,
    /// Tables to leave out, as patterns with `*`.
    pub exclude: Vec<String>,
    /// Rust names by `table`, `table.column`, `table.relation` or `enum`, `enum.label`. Tables and columns go by their
    /// SQL names, relations by the name they would have; where a column has that name too, a relation is
    /// `table.relation()`, and where several relations would have it, one of them is `table.relation(column, …)` with the
    /// columns of its foreign keys. Before each table its schema may stand: `schema.table.column`.
    pub names: Vec<(String, String)>,
    /// Types by `table.column` or `schema.table.column`: a logical type as in a spec (`boolean`,
    /// `decimal(10,2)`, `timestamp` …), or `raw`: the server's own, carried as text.
    pub types: Vec<(String, String)>,
}

/// Fills `draft.models` from `draft.tables`. Items that lose a name clash are left out with a warning that shows the
/// override to write.
pub fn infer(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    select(draft, overrides, diagnostics);
    zero_dates::warn(draft, diagnostics);
    let mut names = Names::new(overrides, draft);
    let mut taken: Taken =
        draft.customs.iter().map(|custom| (custom.name.value.clone(), "a type".to_owned())).collect();
    let models = model_names(draft, &mut names, &mut taken, diagnostics);
    enums::name(draft, &mut names, &mut taken, diagnostics);
    draft.models =
        draft.tables.iter().zip(models).map(|(table, name)| model(table, name, &mut names, diagnostics)).collect();
    relations::infer(draft, &mut names, diagnostics);
    names.finish(diagnostics);
}

/// Leaves the tables of a database that the user asked for, with the types that the user gave, and no models: what
/// migrations look at.
pub fn tables(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    select(draft, overrides, diagnostics);
    // Two enums that would have one name are one too many; nobody reads the Rust names.
    let mut unread = Diagnostics::default();
    let mut names = Names::new(overrides, draft);
    enums::name(draft, &mut names, &mut Taken::new(), &mut unread);
}

fn select(draft: &mut Draft, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    filter::select(draft, overrides, diagnostics);
    retype::apply(draft, overrides, diagnostics);
}

/// Names of types and modules, and what has each.
type Taken = BTreeMap<String, String>;

/// How a table, a column or a relation is shown.
fn place(table: &str, rest: &str) -> Place {
    match rest {
        "" => Place::Object(format!("table \"{table}\"")),
        rest => Place::Object(format!("table \"{table}\", {rest}")),
    }
}

/// The help that shows an override.
fn write_name(key: &str, name: &str) -> String {
    format!("name it in pilaster.toml: [names] {} = {}", toml_text(key), toml_text(name))
}

/// A text as a TOML string. Its escapes are those of Rust's, apart from how code points are written.
fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Names the model of each table. A table whose model finds no name is left out of the draft.
fn model_names(
    draft: &mut Draft,
    names: &mut Names<'_>,
    taken: &mut Taken,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut wanted: Vec<(u8, usize, String)> = Vec::new();
    for (at, table) in draft.tables.iter().enumerate() {
        let sql = &table.name.value.name;
        let plain = rust::model(sql);
        let (rank, name) = match names.model(&table.name.value, diagnostics) {
            Some(name) => (0, name),
            None if plain == *sql || rust::table(&plain) == *sql => (1, plain),
            None => (2, plain),
        };
        wanted.push((rank, at, name));
    }
    wanted.sort();
    let mut chosen: Vec<Option<String>> = vec![None; draft.tables.len()];
    for (_, at, name) in wanted {
        // Files and relations are named after the model in snake case, and other types stand beside it.
        let mut claims = vec![name.clone(), format!("mod {}", rust::table(&name))];
        claims.extend(rust::reserved::beside(&name));
        let clash = claims.iter().find_map(|claim| taken.get(claim));
        let (Some(slot), Some(table)) = (chosen.get_mut(at), draft.tables.get(at)) else { continue };
        let sql = &table.name.value;
        if let Some(owner) = clash {
            diagnostics.push(lost_model(&sql.to_string(), &name, owner));
        } else {
            taken.extend(claims.into_iter().map(|claim| (claim, format!("the table \"{sql}\""))));
            *slot = Some(name);
        }
    }
    filter::keep(draft, &|at| chosen.get(at).is_some_and(Option::is_some), diagnostics);
    chosen.into_iter().flatten().collect()
}

fn lost_model(table: &str, name: &str, owner: &str) -> Diagnostic {
    let message = format!("the table is left out: its model `{name}` would clash with that of {owner}");
    Diagnostic::warning(codes::NAME_TAKEN, place(table, ""), message).help(write_name(table, &format!("{name}Record")))
}

/// A model with its fields.
fn model(table: &Table, name: String, names: &mut Names<'_>, diagnostics: &mut Diagnostics) -> Model {
    let sql = &table.name.value;
    let mut wanted: Vec<(u8, usize, String)> = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let column = &column.name.value;
        let plain = rust::field(column);
        let is_key = table.primary_key.iter().any(|key| key.value == *column);
        let (rank, field) = match names.field(sql, column, diagnostics) {
            Some(name) => (0, name),
            None if plain == *column => (1, plain),
            None if is_key => (2, plain),
            None => (3, plain),
        };
        wanted.push((rank, at, field));
    }
    wanted.sort();
    let mut taken = BTreeSet::new();
    let mut fields: Vec<(usize, Field)> = Vec::new();
    for (_, at, field) in wanted {
        let Some(column) = table.columns.get(at) else { continue };
        let column = &column.name;
        if taken.insert(field.clone()) {
            let name = At::new(field, column.place.clone());
            fields.push((at, Field { name, column: column.value.clone(), version: false }));
        } else {
            let message = format!("the column is left out of `{name}`: another one is already its field `{field}`");
            let help = write_name(&format!("{sql}.{}", column.value), &rust::join(&field, "2"));
            diagnostics.push(Diagnostic::warning(codes::NAME_TAKEN, column.place.clone(), message).help(help));
        }
    }
    fields.sort_by_key(|(at, _)| *at);
    Model {
        name: At::new(name, table.name.place.clone()),
        table: table.name.value.clone(),
        fields: fields.into_iter().map(|(_, field)| field).collect(),
        relations: Vec::new(),
        doc: table.comment.clone(),
        hooks: crate::ir::Hooks::default(),
        keyless: false,
    }
}

#[cfg(test)]
mod tests;
