//! Turns changes into the steps of one database.
//!
//! The shared part walks the changes and keeps the state beside them; what each database does with them is in a file
//! of its own. PostgreSQL takes them one by one. MySQL takes changes of one table that stand together as one `ALTER
//! TABLE`, which is also all or nothing. SQLite gathers what it cannot alter, and makes the table anew once.
//!
//! What can be asked of the rows is asked before anything is done, as far as tables and columns are there by their names
//! then, and no step before changes what is asked for.

mod convert;
mod mysql;
pub(super) mod names;
mod postgres;
mod precheck;
mod sqlite;

use std::collections::BTreeSet;

use super::change::{Backfill, Both, Change};
use super::replay;
use super::script::{self, Action, Precheck, Script, Step};
use super::state::{State, Table, shown};
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
    /// Tables that the steps so far have made, dropped or named otherwise, so that all questions to them have to wait.
    moved: BTreeSet<TableName>,
    /// Tables whose values they may have changed, so that questions to columns have to wait.
    touched: BTreeSet<TableName>,
    /// Columns that they have made, dropped, named otherwise or changed, where the others of the table are what they were.
    columns: BTreeSet<(TableName, String)>,
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
            moved: BTreeSet::new(),
            touched: BTreeSet::new(),
            columns: BTreeSet::new(),
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

    /// Has the next clause begin a statement of its own.
    fn end_statement(&mut self) {
        self.altering = None;
    }

    /// A question to the rows of tables and these columns of them, asked first if they are still what they were.
    fn ask(&mut self, of: &[(&TableName, Vec<&str>)], check: Precheck) {
        if of.first().is_some_and(|(table, _)| self.created.contains(*table)) {
            return;
        }
        let wait = of.iter().any(|(table, columns)| self.has_changed(table, columns));
        let step = Step {
            change: self.at,
            about: self.about.clone(),
            transactional: self.dialect != DialectName::Mysql,
            action: Action::Precheck(check),
        };
        if wait {
            self.end_statement();
            self.steps.push(step);
        } else if self.early.iter().all(|other| other.action != step.action) {
            self.early.push(step);
        }
    }

    /// Whether the steps so far may have changed the number of a table's rows, its name, or what is in these columns.
    fn has_changed(&self, table: &TableName, columns: &[&str]) -> bool {
        let column = |name: &&str| self.columns.contains(&(table.clone(), (*name).to_owned()));
        self.all_touched
            || self.moved.contains(table)
            || (!columns.is_empty() && self.touched.contains(table))
            || columns.iter().any(column)
    }

    /// Notes that the steps have made or dropped a table.
    fn moves(&mut self, table: &TableName) {
        self.moved.insert(table.clone());
    }

    /// Notes that they have named a table otherwise. One that they have made has no rows by its new name either.
    fn renames(&mut self, name: &Both<TableName>) {
        self.moved.extend([name.from.clone(), name.to.clone()]);
        if self.created.contains(&name.from) {
            self.created.insert(name.to.clone());
        }
    }

    /// Notes that they have made a table.
    fn creates(&mut self, table: &TableName) {
        self.moves(table);
        self.created.insert(table.clone());
    }

    /// Notes that the labels of an enum have changed: questions that name a new one have to wait for it, and rows may have
    /// others.
    fn relabels(&mut self, state: &State, name: &TableName) {
        let users = state.users_of_enum(name).map(|(table, column)| (table.name.clone(), column.name.clone()));
        self.columns.extend(users);
    }

    /// Notes what a change has done to a table that is there. Where rows are written, a trigger or a computed column may
    /// have changed others of their values.
    fn touch(&mut self, change: &Change, table: &TableName) {
        let mut columns = |names: &[&String]| {
            self.columns.extend(names.iter().map(|name| (table.clone(), (*name).clone())));
        };
        match change {
            Change::AddColumn { column, fill: None, .. } | Change::DropColumn { column, .. } => {
                columns(&[&column.name])
            }
            Change::RenameColumn { name, .. } => columns(&[&name.from, &name.to]),
            Change::DropTable(_) => self.moves(table),
            Change::RenameTable(name) => self.renames(name),
            Change::PrimaryKey { .. }
            | Change::AddUnique(..)
            | Change::DropUnique(..)
            | Change::AddCheck { .. }
            | Change::DropCheck(..)
            | Change::AddForeignKey { .. }
            | Change::DropForeignKey(..)
            | Change::AddIndex { .. }
            | Change::DropIndex { .. }
            | Change::RenameIndex { .. }
            | Change::CommentTable { .. } => {}
            _ => self.touched.extend([table.clone()]),
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
