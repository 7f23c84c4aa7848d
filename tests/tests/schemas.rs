//! Schemas that others wrote: all that their databases have is in the code that is made of them or named in a warning, and
//! the code compiles without a warning and reads every table.
//!
//! `PILASTER_SCHEMAS` names a folder with scripts that make the databases: `sqlite/*.sql`, `postgres/*.sql`, which `psql`
//! loads, `mysql/*.sql`. Without it nothing is tried, as we keep no schemas of others here. A file `known.txt` in it has
//! lines each of which is a part of what may be said, such as the name of a view that the script leaves without rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "schemas/catalog.rs"]
mod catalog;
#[path = "schemas/load.rs"]
mod load;
#[path = "schemas/package.rs"]
mod package;
#[allow(dead_code, reason = "made for the tests of servers, of which this one needs a part")]
#[path = "live/servers.rs"]
mod servers;

use std::path::Path;

use pilaster_generator::config::{Input, Layer, Options};
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::{Model, Schema};
use pilaster_generator::pipeline;
use pilaster_generator::render::Layout;

use catalog::Column;
use load::Database;
use package::Package;

#[test]
fn what_others_wrote_is_whole_and_compiles() {
    let Some(folder) = std::env::var_os("PILASTER_SCHEMAS") else {
        return eprintln!("skipped: PILASTER_SCHEMAS names no folder of schemas");
    };
    let (databases, mut faults) = load::all(Path::new(&folder));
    assert!(!databases.is_empty(), "no script of {} makes a database: {faults:?}", Path::new(&folder).display());
    let mut package = Package::default();
    for database in &databases {
        let (missing, columns) = take(database, &mut package);
        eprintln!("{}: {columns} columns", database.module);
        faults.extend(missing.into_iter().map(|what| format!("{}: {what}", database.module)));
    }
    faults.extend(package.faults(&databases));
    let known = std::fs::read_to_string(Path::new(&folder).join("known.txt")).unwrap_or_default();
    faults.retain(|fault| !known.lines().any(|known| !known.is_empty() && fault.contains(known)));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Puts the code of a database into the package; gives what is neither in it nor in a warning, and the number of columns.
fn take(database: &Database, package: &mut Package) -> (Vec<String>, usize) {
    let layer = Layer {
        input: Some(Input::Database(database.url.clone())),
        schemas: database.schemas.clone(),
        module: Some(database.module.clone()),
        ..Layer::default()
    };
    let options = layer.options(Path::new("")).unwrap();
    let mut diagnostics = Diagnostics::new();
    let schema = pipeline::schema(&options, &mut diagnostics);
    let Some(schema) = schema else { return (vec![diagnostics.render(false)], 0) };
    let code = code(&options, &mut diagnostics);
    let said = diagnostics.render(false);
    let Some(code) = code else { return (vec![said], 0) };
    package.add(database, &schema, code);
    let columns = catalog::columns(database);
    let missing = columns.iter().filter(|column| !is_told(column, &schema, &said));
    (missing.map(|column| format!("{column} is left out without a word")).collect(), columns.len())
}

fn code(options: &Options, diagnostics: &mut Diagnostics) -> Option<Vec<(String, String)>> {
    let files = pipeline::generate(options, Layout::Folder, diagnostics)?;
    Some(files.files.into_iter().collect())
}

/// Whether a column of the database has a field, or a warning names it, or its table where that has no model.
fn is_told(column: &Column, schema: &Schema, said: &str) -> bool {
    // What is in the connection's own schema is called without it.
    let of = column.schema.as_deref().filter(|schema| *schema != "public");
    let is_it = |model: &&Model| {
        let name = &schema.table(model.table).name;
        (name.schema.as_deref(), name.name.as_str()) == (of, column.table.as_str())
    };
    let Some(model) = schema.models.iter().find(is_it) else { return said.contains(&column.table) };
    let table = schema.table(model.table);
    model.fields.iter().any(|field| table.column(field.column).name == column.name)
        || (said.contains(&column.table) && said.contains(&column.name))
}
