//! Reads the schema of an SQLite file.
//!
//! The pragmas say most of it; what they leave out is read from the `CREATE` texts. Tables come in the order of their
//! names, so that a table that was rebuilt does not move.

mod catalog;
mod create_sql;
mod default;
mod expression;
mod failure;
mod keys;
mod table;
mod tokens;
mod types;

use std::path::Path;

use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::draft::{Beside, Draft};
use crate::ir::{DialectName, TableName};

use catalog::Catalog;

/// Reads the tables of an SQLite file, which is opened read only and never created.
pub fn load(path: &Path, diagnostics: &mut Diagnostics) -> Draft {
    if let Some(diagnostic) = failure::unsuitable(path) {
        diagnostics.push(diagnostic);
        return Draft::default();
    }
    match catalog::open(path).and_then(|connection| catalog::read(&connection)) {
        Ok(catalog) => {
            let draft = draft(&catalog, diagnostics);
            if draft.tables.is_empty() {
                diagnostics.push(empty(path));
            }
            draft
        }
        Err(error) => {
            diagnostics.push(failure::failure(path, &error));
            Draft::default()
        }
    }
}

/// Reads the tables that statements make in an empty database. An index over a function that only programs of the user
/// have is not among them. `None` when a table cannot be made, with the reason.
#[cfg(feature = "cli")]
pub(crate) fn load_statements(statements: &[String], diagnostics: &mut Diagnostics) -> Option<Draft> {
    let made = rusqlite::Connection::open_in_memory().and_then(|connection| {
        for statement in statements {
            let done = connection.execute_batch(statement);
            if statement.starts_with("CREATE TABLE") {
                done?;
            }
        }
        catalog::read(&connection)
    });
    match made {
        Ok(catalog) => Some(draft(&catalog, &mut Diagnostics::default())),
        Err(error) => {
            let message = format!("SQLite does not take the schema: {error}");
            diagnostics.push(Diagnostic::error(codes::DATABASE, Place::None, message));
            None
        }
    }
}

fn empty(path: &Path) -> Diagnostic {
    let message = format!("`{}` has no tables", path.display());
    Diagnostic::warning(codes::LIVE_EMPTY, Place::Object(format!("database \"{}\"", path.display())), message)
        .help("check that this is the right file, and that its migrations have run")
}

fn draft(catalog: &Catalog, diagnostics: &mut Diagnostics) -> Draft {
    let mut draft = Draft { lenient: true, dialects: vec![DialectName::Sqlite], ..Draft::default() };
    for (name, object) in catalog {
        let table = TableName::plain(name.clone());
        draft.beside.push(Beside { table, triggers: object.triggers, rules: 0, row_security: false });
        if is_readable(name, object, diagnostics) {
            table::read(name, object, &mut draft, diagnostics);
        }
    }
    keys::resolve(catalog, &mut draft.tables, diagnostics);
    draft
}

/// Whether a table can be taken, with a warning when not.
fn is_readable(name: &str, object: &catalog::Object, diagnostics: &mut Diagnostics) -> bool {
    let (message, help) = match (object.kind.as_str(), &object.broken) {
        // The tables in which a virtual table keeps its data go with it.
        ("shadow", _) => return false,
        ("virtual", _) => (
            "a virtual table is left out: what it can do depends on its module".to_owned(),
            "query it with raw SQL, or read it through a view",
        ),
        (_, Some(reason)) => {
            (format!("the view is left out: SQLite cannot read it ({reason})"), "repair the view, or drop it")
        }
        _ if object.columns.is_empty() => ("it has no columns and is left out".to_owned(), "drop it"),
        _ => return true,
    };
    diagnostics.push(Diagnostic::warning(codes::LIVE_TABLE, table_place(name), message).help(help));
    false
}

fn table_place(table: &str) -> Place {
    Place::Object(format!("table \"{table}\""))
}

fn column_place(table: &str, column: &str) -> Place {
    Place::Object(format!("table \"{table}\", column \"{column}\""))
}

#[cfg(test)]
mod tests;
