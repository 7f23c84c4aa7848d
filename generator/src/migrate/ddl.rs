//! Turns changes into the steps of one database.
//!
//! The shared part walks the changes and keeps the state beside them; what each database does with them is in a file
//! of its own. PostgreSQL takes them one by one. MySQL takes changes of one table that stand together as one `ALTER
//! TABLE`, which is also all or nothing. SQLite gathers what it cannot alter, and makes the table anew once.
//!
//! What can be asked of the rows is asked before anything is done, as far as the tables are there by their names then.

mod convert;
mod mysql;
mod names;
mod postgres;
mod precheck;
mod sqlite;

use std::collections::BTreeSet;

use super::change::{Backfill, Change};
use super::replay;
use super::script::{self, Action, Precheck, Script, Step};
use super::state::{Column, State, Table, shown};
use crate::codes;
use crate::ddl::label;
use crate::ddl::parts::{Parts, table_name};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::quote::quote_ident;
use crate::ir::{DialectName, Expr, TableName};

pub(crate) use convert::{conversion, widens};

/// The steps that make changes of a state on a database. `None`, with diagnostics, when a change does not fit the
/// state or cannot be made there.
pub fn script(from: &State, changes: &[Change], dialect: DialectName, diagnostics: &mut Diagnostics) -> Option<Script> {
    let mut found = Diagnostics::default();
    let mut out = Out::new(dialect, &mut found);
    let done = match dialect {
        DialectName::Sqlite => sqlite::write(from, changes, &mut out),
        DialectName::Postgres => postgres::write(from, changes, &mut out),
        DialectName::Mysql => mysql::write(from, changes, &mut out),
    };
    if let Err((at, misfit)) = done {
        let about = changes.get(at).map(Change::describe).unwrap_or_default();
        out.diagnostics.push(Diagnostic::error(codes::MISFIT, Place::Object(about), misfit.message).help(misfit.help));
    }
    let (steps, foreign_keys_off) = out.finish();
    let failed = found.has_errors();
    // The same table is written more than once; what it cannot have is told once.
    let mut told: Vec<Diagnostic> = Vec::new();
    for item in found {
        if !told.contains(&item) {
            told.push(item);
        }
    }
    diagnostics.extend(told);
    (!failed).then_some(Script { dialect, foreign_keys_off, steps })
}

/// How writing the steps ends: with the position of a change that does not fit, and why.
type Written = Result<(), (usize, replay::Misfit)>;

/// Where steps go.
struct Out<'a> {
    dialect: DialectName,
    diagnostics: &'a mut Diagnostics,
    steps: Vec<Step>,
    /// Questions that can be asked before the first step.
    early: Vec<Step>,
    /// Tables that the steps so far have made or changed, so that questions to them have to wait.
    touched: BTreeSet<TableName>,
    /// Tables that the steps have made: there are no rows to ask.
    created: BTreeSet<TableName>,
    /// Whether the steps may have changed anything.
    all_touched: bool,
    foreign_keys_off: bool,
    /// The change that is written.
    at: usize,
    about: String,
    /// The table of the `ALTER TABLE` that the last step is, when clauses may be added to it.
    altering: Option<String>,
}

impl<'a> Out<'a> {
    fn new(dialect: DialectName, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            dialect,
            diagnostics,
            steps: Vec::new(),
            early: Vec::new(),
            touched: BTreeSet::new(),
            created: BTreeSet::new(),
            all_touched: false,
            foreign_keys_off: false,
            at: 0,
            about: String::new(),
            altering: None,
        }
    }

    fn finish(self) -> (Vec<Step>, bool) {
        let mut steps = self.early;
        steps.extend(self.steps);
        (steps, self.foreign_keys_off)
    }

    /// The change that the following steps belong to.
    fn begin(&mut self, at: usize, change: &Change) {
        self.at = at;
        self.about = change.describe();
    }

    fn step(&mut self, action: Action, transactional: bool) {
        self.altering = None;
        let transactional = transactional && self.dialect != DialectName::Mysql;
        self.steps.push(Step { change: self.at, about: self.about.clone(), transactional, action });
    }

    fn sql(&mut self, sql: impl Into<String>) {
        self.step(Action::Sql(sql.into()), true);
    }

    /// A clause of `ALTER TABLE`, put to the one before if that is of the same table.
    fn alter(&mut self, table: &TableName, clause: impl AsRef<str>) {
        let clause = clause.as_ref();
        let name = table_name(table, self.dialect);
        if self.altering.as_ref() == Some(&name)
            && let Some(Step { action: Action::Sql(sql), about, .. }) = self.steps.last_mut()
        {
            sql.push_str(", ");
            sql.push_str(clause);
            if !about.contains(&self.about) {
                about.push_str("; ");
                about.push_str(&self.about);
            }
            return;
        }
        self.sql(format!("ALTER TABLE {name} {clause}"));
        self.altering = Some(name);
    }

    /// A question to the rows of a table, asked first if the table is still what it was.
    fn ask(&mut self, tables: &[&TableName], check: Precheck) {
        if tables.first().is_some_and(|table| self.created.contains(*table)) {
            return;
        }
        let wait = self.all_touched || tables.iter().any(|table| self.touched.contains(*table));
        let step = Step {
            change: self.at,
            about: self.about.clone(),
            transactional: self.dialect != DialectName::Mysql,
            action: Action::Precheck(check),
        };
        if wait {
            self.altering = None;
            self.steps.push(step);
        } else if self.early.iter().all(|other| other.action != step.action) {
            self.early.push(step);
        }
    }

    fn ident(&self, name: &str) -> String {
        quote_ident(self.dialect, name)
    }

    fn list(&self, names: &[String]) -> String {
        format!("({})", names.iter().map(|name| self.ident(name)).collect::<Vec<_>>().join(", "))
    }

    fn table(&self, name: &TableName) -> String {
        table_name(name, self.dialect)
    }

    /// The text of an expression; without one for this dialect, a diagnostic.
    fn expr(&mut self, expr: &Expr) -> Option<String> {
        let text = expr.to_sql(self.dialect);
        if text.is_none() {
            let message = format!("an expression is not written for {}, or uses what it lacks", label(self.dialect));
            let help = "write it per database: `{ sqlite: …, postgres: …, mysql: … }`";
            self.error(codes::NO_EXPRESSION, message, help);
        }
        text
    }

    fn error(&mut self, code: crate::diag::Code, message: impl Into<String>, help: impl Into<String>) {
        let place = Place::Object(self.about.clone());
        self.diagnostics.push(Diagnostic::error(code, place, message).help(help));
    }

    /// Refuses what this dialect cannot do.
    fn unsupported(&mut self, what: &str, help: &str) {
        self.error(codes::UNSUPPORTED, format!("{what} on {}", label(self.dialect)), help);
    }

    /// Writes parts of a table, which is the first of the schema that they see. All its names are written out.
    fn parts<T>(&mut self, table: &Table, state: &State, write: impl FnOnce(&mut Parts<'_>) -> T) -> T {
        let named = names::named(table, state, self.dialect);
        let schema = state.schema([&named]);
        write(&mut Parts::new(&schema, self.dialect, self.diagnostics))
    }

    /// Runs hand-written SQL.
    fn execute(&mut self, sql: &super::change::Sql) {
        for statement in sql.get(self.dialect) {
            self.sql(statement.clone());
        }
        self.all_touched = true;
    }

    /// Fills columns in portions.
    fn backfill(&mut self, fill: &Backfill, table: Option<&Table>) {
        let Some(filter) = self.expr(&fill.filter) else { return };
        let mut set = Vec::new();
        for (column, value) in &fill.set {
            let Some(value) = self.expr(value) else { return };
            set.push(format!("{} = {value}", self.ident(column)));
        }
        let (name, set, batch) = (self.table(&fill.table), set.join(", "), fill.batch);
        let sql = match self.dialect {
            DialectName::Mysql => format!("UPDATE {name} SET {set} WHERE {filter} LIMIT {batch}"),
            DialectName::Postgres => {
                let some = format!("ARRAY(SELECT ctid FROM {name} WHERE {filter} LIMIT {batch})");
                format!("UPDATE {name} SET {set} WHERE ctid = ANY ({some})")
            }
            DialectName::Sqlite => {
                let key = match table.filter(|table| table.sqlite.without_rowid) {
                    Some(table) => self.list(&table.primary_key),
                    None => "rowid".to_owned(),
                };
                let inner = key.trim_start_matches('(').trim_end_matches(')');
                format!(
                    "UPDATE {name} SET {set} WHERE {key} IN (SELECT {inner} FROM {name} WHERE {filter} LIMIT {batch})"
                )
            }
        };
        let left = format!("SELECT count(*) FROM {name} WHERE {filter}");
        self.step(Action::Backfill(script::Backfill { sql, left, batch }), false);
        self.touched.insert(fill.table.clone());
    }
}

/// Whether rows that are there cannot have a value of a column: it takes no NULL and nothing fills it in.
fn needs_value(column: &Column) -> bool {
    !column.nullable && column.default.is_none() && column.generated.is_none()
}

/// Refuses a change of type for which nobody has said what becomes of the values.
fn no_conversion(out: &mut Out<'_>, column: &str) {
    out.error(
        codes::CONVERSION,
        format!("nothing says how the values of `{column}` become values of the new type"),
        "add `using:` with an expression to the change, or drop the column and add another",
    );
}

/// Whether a table has all columns that an expression names.
fn knows(table: &Table, expr: &Expr) -> bool {
    expr.columns().iter().all(|column| table.column(column).is_some())
}

/// A table for messages.
fn quoted(name: &TableName) -> String {
    format!("`{}`", shown(name))
}

#[cfg(test)]
#[cfg(feature = "live-sqlite")]
mod sqlite_tests;
