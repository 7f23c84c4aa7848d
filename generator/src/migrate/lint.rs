//! What is risky about changes to tables that hold rows, and what to do instead.
//!
//! A finding says whether data is lost, so that it can be refused until somebody allows it. Tables and enums that the
//! same changes make are not looked at: nothing is in them.

mod sql;

use std::collections::BTreeSet;

use super::change::{Change, ColumnChange, Sql};
use super::ddl::widens;
use super::replay;
use super::revision::Entry;
use super::state::{Index, IndexTarget, State, Table, Type, shown};
use crate::codes;
use crate::diag::{Code, Diagnostic, Place};
use crate::ir::{Default, SqlType, TableName};
use sql::Danger;

/// A risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// The position of the change.
    pub at: usize,
    /// What kind it is.
    pub code: Code,
    /// Whether rows or values are lost.
    pub destructive: bool,
    /// What may happen.
    pub message: String,
    /// What to do instead, or before.
    pub help: &'static str,
    /// Where the change stands.
    pub place: Place,
    /// Why somebody accepts it, if somebody does.
    pub allowed: Option<String>,
}

impl Risk {
    /// The risk as a warning.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::warning(self.code, self.place.clone(), self.message.clone()).help(self.help)
    }
}

/// The risks of changes, in their order, and warnings of those that were accepted in vain.
#[must_use]
pub fn lint(from: &State, entries: &[Entry]) -> (Vec<Risk>, Vec<Diagnostic>) {
    let mut judge = Judge { state: from.clone(), new: BTreeSet::new(), new_enums: BTreeSet::new(), found: Vec::new() };
    let mut unused = Vec::new();
    let end = entries.iter().fold(from.clone(), |mut state, entry| {
        let _ = replay::apply(&mut state, &entry.change);
        state
    });
    for (at, entry) in entries.iter().enumerate() {
        let before = judge.found.len();
        judge.change(&entry.change);
        judge.of_keys(&entry.change, &end);
        judge.of_rules(&entry.change, &end);
        for (code, destructive, message, help) in judge.take(before) {
            let allowed = entry.allow.iter().find(|(id, _)| id == code.id).map(|(_, reason)| reason.clone());
            let place = match &entry.place {
                Place::None => Place::Object(entry.change.describe()),
                place => place.clone(),
            };
            judge.found.push(Risk { at, code, destructive, message, help, place, allowed });
        }
        let here = judge.found.get(before..).unwrap_or_default();
        for (id, _) in entry.allow.iter().filter(|(id, _)| here.iter().all(|risk| risk.code.id != id)) {
            let message = format!("the change does not have the risk {id} that it allows");
            unused.push(Diagnostic::warning(codes::ALLOW_UNUSED, entry.place.clone(), message).help("remove it"));
        }
        // What does not fit is told by the replay.
        let _ = replay::apply(&mut judge.state, &entry.change);
    }
    (judge.found, unused)
}

type Raw = (Code, bool, String, &'static str);

struct Judge {
    state: State,
    /// Tables that the changes make.
    new: BTreeSet<TableName>,
    new_enums: BTreeSet<TableName>,
    found: Vec<Risk>,
}

impl Judge {
    fn take(&mut self, from: usize) -> Vec<Raw> {
        let raw = self.found.split_off(from);
        raw.into_iter().map(|risk| (risk.code, risk.destructive, risk.message, risk.help)).collect()
    }

    fn risk(&mut self, code: Code, destructive: bool, message: String, help: &'static str) {
        let place = Place::None;
        self.found.push(Risk { at: 0, code, destructive, message, help, place, allowed: None });
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => drop(self.new.insert(table.name.clone())),
            Change::CreateEnum { name, .. } => drop(self.new_enums.insert(name.clone())),
            Change::Execute { effect, sql } => {
                self.statements(sql);
                if !effect.is_empty() {
                    return;
                }
                let none = sql.sqlite.is_empty() && sql.postgres.is_empty() && sql.mysql.is_empty();
                if !none {
                    let message = "later migrations do not see what this SQL does to the schema".to_owned();
                    let help = "if it changes tables, say how under `effect:`; if not, allow this with a reason";
                    self.risk(codes::RISK_UNSEEN, false, message, help);
                }
            }
            Change::RemoveEnumLabel { name, label, replacement, .. } if !self.new_enums.contains(name) => {
                let message = match replacement {
                    Some(other) => format!("which rows had {label:?} is lost: they become {other:?}"),
                    None => format!("rows that have {label:?} stop the migration"),
                };
                let help = "take the label out of use first, and remove it in a later release";
                self.risk(codes::RISK_LABEL, replacement.is_some(), message, help);
            }
            Change::RenameEnumLabel { name, .. } if !self.new_enums.contains(name) => {
                let help =
                    "stop the old program first, or add the new label, move the rows, and remove the old one later";
                self.risk(codes::RISK_RENAME, false, "a running program writes the old label".to_owned(), help);
            }
            _ => {
                if let Some(table) = change.table().filter(|table| !self.new.contains(*table)).cloned() {
                    self.of_table(change, &table);
                }
                if let Change::RenameTable(name) = change
                    && self.new.contains(&name.from)
                {
                    self.new.insert(name.to.clone());
                }
            }
        }
    }

    /// Dangers that the words of hand-written statements tell of, each once.
    fn statements(&mut self, sql: &Sql) {
        let all = [&sql.sqlite, &sql.postgres, &sql.mysql];
        let dangers: BTreeSet<Danger> = all.into_iter().flatten().filter_map(|text| sql::danger(text)).collect();
        for danger in dangers {
            match danger {
                Danger::Loss(words) => {
                    let message = format!("hand-written SQL loses what is there: {words}");
                    let help = "write it as a change, which can be taken back, or accept it with a reason";
                    self.risk(codes::RISK_SQL, true, message, help);
                }
                Danger::Transaction => {
                    let message = "hand-written SQL begins or ends a transaction".to_owned();
                    let help = "take it out: what is done in one transaction is decided by the runner";
                    self.risk(codes::RISK_TRANSACTION, false, message, help);
                }
                Danger::Alone => {
                    let message = "hand-written SQL cannot be run within a transaction".to_owned();
                    let help = "write an index as a change with `concurrently: true`; run anything else by hand";
                    self.risk(codes::RISK_TRANSACTION, false, message, help);
                }
            }
        }
    }

    /// Foreign keys without an index: whoever deletes from their target reads the whole table.
    fn of_keys(&mut self, change: &Change, end: &State) {
        let (table, keys) = match change {
            Change::CreateTable(table) => (&table.name, table.foreign_keys.as_slice()),
            Change::AddForeignKey { table, key, .. } => (table, std::slice::from_ref(key)),
            _ => return,
        };
        let Some(last) = end.tables.get(table) else { return };
        for key in keys.iter().filter(|key| last.foreign_keys.contains(key) && !leads(last, &key.columns)) {
            let message = format!(
                "no index leads with ({}) of `{}`, so each row that is deleted from `{}` reads all of it",
                key.columns.join(", "),
                shown(table),
                shown(&key.table)
            );
            let help = "add an index on those columns; MySQL makes one by itself";
            self.risk(codes::RISK_KEY_INDEX, false, message, help);
        }
    }

    /// Rules that go and do not come back in other words.
    fn of_rules(&mut self, change: &Change, end: &State) {
        let Some(last) = change.table().and_then(|table| end.tables.get(table)) else { return };
        let (gone, what) = match change {
            Change::DropCheck(_, check) => {
                let again = last.checks.iter().any(|other| check.name.is_some() && other.name == check.name);
                (!again, "check")
            }
            Change::DropUnique(_, unique) => {
                let index = last.indexes.iter().any(|index| index.unique && index.columns().eq(unique.columns.iter()));
                let again = last.uniques.iter().any(|other| other.columns == unique.columns);
                (!index && !again, "unique constraint")
            }
            Change::DropForeignKey(_, key) => {
                let again = last.foreign_keys.iter().any(|other| other.columns == key.columns);
                let columns = key.columns.iter().all(|column| last.column(column).is_some());
                (!again && columns, "foreign key")
            }
            _ => return,
        };
        if gone {
            let message = format!("rows of `{}` may break from now on what the {what} forbade", shown(&last.name));
            self.risk(
                codes::RISK_RULE,
                false,
                message,
                "say in the commit why it goes: bringing it back needs sound rows",
            );
        }
    }

    /// An index whose columns another one leads with.
    fn covered(&mut self, table: &TableName, index: &Index) {
        let Some(found) = self.state.tables.get(table) else { return };
        let simple = |index: &Index| {
            let plain = index.parts.iter().all(|part| !part.desc && matches!(part.target, IndexTarget::Column(_)));
            plain && index.predicate.is_none() && index.only.is_empty()
        };
        if index.unique || !simple(index) {
            return;
        }
        let columns: Vec<&str> = index.columns().collect();
        let by = |others: Vec<&str>| others.starts_with(&columns);
        let by_index = found.indexes.iter().filter(|other| simple(other)).any(|other| by(other.columns().collect()));
        let list = |columns: &Vec<String>| by(columns.iter().map(String::as_str).collect());
        if by_index || list(&found.primary_key) || found.uniques.iter().any(|unique| list(&unique.columns)) {
            let message = format!("another index of `{}` begins with ({})", shown(table), columns.join(", "));
            let help = "leave it out, or drop the other one if nothing needs its further columns";
            self.risk(codes::RISK_COVERED, false, message, help);
        }
    }

    fn of_table(&mut self, change: &Change, table: &TableName) {
        let name = shown(table);
        match change {
            Change::DropTable(_) => {
                let message = format!("`{name}` is dropped with its rows");
                let help = "deploy a program that no longer uses it first, and keep a backup";
                self.risk(codes::RISK_DROP_TABLE, true, message, help);
            }
            Change::DropColumn { column, .. } if column.generated.is_none() => {
                let message = format!("`{name}.{}` is dropped with its values", column.name);
                let help = "deploy a program that no longer uses it first; if it was renamed, write `renamed_from`";
                self.risk(codes::RISK_DROP_COLUMN, true, message, help);
            }
            Change::RenameTable(_) | Change::RenameColumn { .. } => {
                let help = "stop the old program first, or add the new name beside the old one and drop that later";
                self.risk(codes::RISK_RENAME, false, format!("a running program uses the old name in `{name}`"), help);
            }
            Change::AddColumn { column, fill, .. } => self.added(&name, column, fill.is_some()),
            Change::AlterColumn { column, change, .. } => self.altered(table, column, change),
            Change::PrimaryKey { columns, .. } => {
                let how = if columns.from.is_empty() { "made" } else { "made anew" };
                let message = format!("the primary key of `{name}` is {how}, for which all rows are read");
                self.risk(codes::RISK_KEY, false, message, "do it while nobody uses the table");
            }
            Change::AddUnique(..) => {
                let message =
                    format!("rows of `{name}` may have the same values; the table is locked while that is checked");
                let help =
                    "look for doubles before; on PostgreSQL a unique index can be made with `concurrently: true`";
                self.risk(codes::RISK_UNIQUE, false, message, help);
            }
            Change::AddIndex { index, concurrently, .. } => {
                self.covered(table, index);
                if *concurrently {
                    return;
                }
                let code = if index.unique { codes::RISK_UNIQUE } else { codes::RISK_INDEX };
                let message = format!("nobody can write to `{name}` while the index is made");
                let help = "on PostgreSQL add `concurrently: true`; elsewhere do it while few write";
                self.risk(code, false, message, help);
            }
            Change::AddCheck { at_once, .. } | Change::AddForeignKey { at_once, .. } => self.checked(&name, *at_once),
            _ => {}
        }
    }

    /// PostgreSQL checks rows that are there after the transaction, unless it is told otherwise.
    fn checked(&mut self, table: &str, at_once: bool) {
        let (message, help) = match at_once {
            true => (
                format!("`{table}` is locked while all its rows are checked"),
                "do it while few write; on PostgreSQL leave `at_once` out, and they are checked while others go on",
            ),
            false => (
                format!("all rows of `{table}` are checked, which locks it on SQLite and MySQL"),
                "do it while few write; on PostgreSQL others go on",
            ),
        };
        self.risk(codes::RISK_CONSTRAINT, false, message, help);
    }

    fn added(&mut self, table: &str, column: &super::state::Column, filled: bool) {
        let name = format!("`{table}.{}`", column.name);
        if column.needs_value() && !filled {
            let message = format!("{name} takes no NULL, and rows that are there have no value for it");
            let help = "add `fill:` with a value to the change, give the column a default, or let it take NULL";
            self.risk(codes::RISK_REQUIRED, false, message, help);
        }
        let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
        let computed = matches!(column.default, Some(Default::Expr(_) | Default::AutoIncrement));
        if stored || computed {
            let message = format!("every row is written anew to compute {name}");
            let help = "add the column without it, fill it by `backfill`, and add the rest after";
            self.risk(codes::RISK_REWRITE, false, message, help);
        }
    }

    fn altered(&mut self, table: &TableName, column: &str, change: &ColumnChange) {
        let name = format!("`{}.{column}`", shown(table));
        if change.nullable.as_ref().is_some_and(|both| both.to) {
            let help = "deploy a program that can read NULL there first";
            self.risk(codes::RISK_NULL, false, format!("{name} may be NULL from now on"), help);
        } else if change.nullable.is_some() && change.fill.is_none() {
            let message = format!("rows with NULL in {name} stop the migration");
            self.risk(codes::RISK_REQUIRED, false, message, "add `fill:` with a value to the change");
        }
        if change.nullable.as_ref().is_some_and(|both| !both.to) {
            self.checked(&shown(table), change.at_once);
        }
        let Some(ty) = &change.ty else { return };
        let moment = |ty: &Type| matches!(ty, Type::Plain(SqlType::DateTime | SqlType::Timestamp));
        if moment(&ty.from) && moment(&ty.to) {
            let message = format!("the values of {name} are taken to be UTC");
            let help = "if they are local times, write the conversion under `using:`";
            return self.risk(codes::RISK_ZONE, false, message, help);
        }
        if !widens(&ty.from, &ty.to, &self.state) {
            let message = format!("values of {name} may not fit the new type, or lose a part");
            let help = "add a column of the new type, fill it by `backfill`, and drop the old one in a later release";
            return self.risk(codes::RISK_NARROW, true, message, help);
        }
        if !grows_in_place(&ty.from, &ty.to) {
            let message = format!("every row of `{}` is written anew while it is locked", shown(table));
            let help = "do it while few use the table, or add a column and fill it by `backfill`";
            self.risk(codes::RISK_REWRITE, false, message, help);
        }
    }
}

/// Whether an index or key of a table begins with some columns, in any order.
fn leads(table: &Table, columns: &[String]) -> bool {
    let begins = |others: Vec<&str>| {
        others.len() >= columns.len() && others.iter().take(columns.len()).all(|name| columns.iter().any(|c| c == name))
    };
    let list = |columns: &Vec<String>| begins(columns.iter().map(String::as_str).collect());
    list(&table.primary_key)
        || table.uniques.iter().any(|unique| list(&unique.columns))
        || table.indexes.iter().any(|index| index.predicate.is_none() && begins(index.columns().collect()))
}

/// Whether only the catalog changes: longer text, and decimals with more digits before the point.
fn grows_in_place(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Plain(SqlType::String(_)), Type::Plain(SqlType::String(_) | SqlType::Text)) => true,
        (Type::Plain(SqlType::Decimal(Some((_, from)))), Type::Plain(SqlType::Decimal(Some((_, to))))) => from == to,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::change::Both;
    use crate::migrate::random_tests::{Random, state};
    use crate::migrate::state::{Column, plain};

    fn codes_of(changes: Vec<Change>) -> Vec<(&'static str, bool)> {
        let mut random = Random::new(1);
        let mut from = state(&mut random);
        while !from.tables.contains_key(&plain("album")) {
            from = state(&mut random);
        }
        let entries: Vec<Entry> = changes.into_iter().map(Entry::new).collect();
        let (risks, unused) = lint(&from, &entries);
        assert!(unused.is_empty());
        risks.into_iter().map(|risk| (risk.code.id, risk.destructive)).collect()
    }

    fn altered(change: ColumnChange) -> Change {
        Change::AlterColumn { table: plain("album"), column: "s".into(), change: Box::new(change) }
    }

    fn retyped(from: SqlType, to: SqlType) -> ColumnChange {
        ColumnChange { ty: Both::differ(Type::Plain(from), Type::Plain(to)), ..ColumnChange::default() }
    }

    #[test]
    fn what_loses_data_is_destructive() {
        let column = Box::new(Column::new("s", Type::Plain(SqlType::String(40))));
        assert_eq!(codes_of(vec![Change::DropColumn { table: plain("album"), column }]), [("P0902", true)]);
        let narrow = altered(retyped(SqlType::String(40), SqlType::String(10)));
        assert_eq!(codes_of(vec![narrow]), [("P0903", true)]);
        assert_eq!(codes_of(vec![altered(retyped(SqlType::String(40), SqlType::Text))]), []);
        let zone = altered(retyped(SqlType::DateTime, SqlType::Timestamp));
        assert_eq!(codes_of(vec![zone]), [("P0913", false)]);
    }

    /// The codes of changes of a revision over a table `post` of a table `writer`.
    fn codes_in(list: &str) -> Vec<&'static str> {
        let text = format!("pilaster_migration: 1\nrevision: r\nparents: []\nmessage: m\nup:\n{list}\n");
        let source = crate::diag::SourceText { name: "r.yaml".into(), text };
        let mut diagnostics = crate::diag::Diagnostics::default();
        let read = crate::migrate::revision::read(&source.into(), &mut diagnostics);
        let revision = read.unwrap_or_else(|| panic!("{diagnostics}"));
        let column = |name: &str| Column::new(name, Type::Plain(SqlType::Integer { unsigned: false }));
        let mut state = State::default();
        for name in ["writer", "post"] {
            let columns = ["id", "a", "b"].map(column).to_vec();
            let table = Table {
                name: plain(name),
                columns,
                primary_key: vec!["id".into()],
                uniques: vec![crate::migrate::state::Unique { name: None, columns: vec!["a".into()] }],
                indexes: Vec::new(),
                checks: vec![crate::ir::Check {
                    name: Some("c".into()),
                    expr: crate::ir::Expr::parse_neutral("a > 1").unwrap(),
                }],
                foreign_keys: Vec::new(),
                comment: None,
                sqlite: crate::ir::SqliteOptions::default(),
            };
            state.tables.insert(table.name.clone(), table);
        }
        lint(&state, &revision.up).0.into_iter().map(|risk| risk.code.id).collect()
    }

    #[test]
    fn keys_want_an_index_and_indexes_want_a_purpose() {
        let key = "  - add_foreign_key: { table: post, key: { columns: [b], table: writer, references: [id] } }";
        assert_eq!(codes_in(key), ["P0910", "P0916"]);
        let index = "  - add_index: { table: post, columns: [b, a], concurrently: true }";
        assert_eq!(codes_in(&format!("{key}\n{index}")), ["P0910"]);
        assert_eq!(codes_in("  - add_index: { table: post, columns: [a], concurrently: true }"), ["P0917"]);
        assert_eq!(codes_in("  - add_index: { table: post, columns: [a desc], concurrently: true }"), [] as [&str; 0]);
    }

    #[test]
    fn rules_that_go_are_told_and_those_that_change_are_not() {
        assert_eq!(codes_in("  - drop_check: { table: post, name: c, expr: a > 1 }"), ["P0915"]);
        let other = "  - drop_check: { table: post, name: c, expr: a > 1 }\n  - add_check: { table: post, name: c, expr: a > 2 }";
        assert_eq!(codes_in(other), ["P0910"]);
        assert_eq!(codes_in("  - drop_unique: { table: post, columns: [a] }"), ["P0915"]);
        let index = "  - drop_unique: { table: post, columns: [a] }\n  - add_index: { table: post, columns: [a], unique: true }";
        assert_eq!(codes_in(index), ["P0909"]);
    }

    #[test]
    fn hand_written_sql_is_read_for_words_that_lose_data() {
        assert_eq!(codes_in("  - execute: { sql: [DROP TABLE post, COMMIT] }"), ["P0918", "P0919", "P0914"]);
        let known = "  - execute: { sql: DELETE FROM post, effect: [{ comment_table: { table: post, to: x } }] }";
        assert_eq!(codes_in(known), ["P0918"]);
    }

    #[test]
    fn when_rows_are_checked_is_told() {
        let entry = |at_once| {
            let check = crate::ir::Check { name: None, expr: crate::ir::Expr::parse_neutral("n > 1").unwrap() };
            Entry::new(Change::AddCheck { table: plain("album"), check, at_once })
        };
        let (risks, _) = lint(&State::default(), &[entry(true), entry(false)]);
        assert!(risks[0].message.contains("is locked") && risks[0].help.contains("leave `at_once` out"));
        assert!(risks[1].message.contains("locks it on SQLite and MySQL"));
    }

    #[test]
    fn new_tables_have_no_risks() {
        let mut random = Random::new(3);
        let mut other = state(&mut random);
        let (_, mut table) = other.tables.pop_first().unwrap();
        table.name = plain("fresh");
        table.foreign_keys.clear();
        let column = Box::new(table.columns.last().unwrap().clone());
        let changes = vec![
            Change::CreateTable(Box::new(table.clone())),
            Change::DropColumn { table: plain("fresh"), column },
            Change::DropTable(Box::new(table)),
        ];
        assert_eq!(codes_of(changes), []);
    }

    #[test]
    fn what_is_accepted_says_why_and_what_is_not_there_is_told() {
        let column = Box::new(Column::new("s", Type::Plain(SqlType::String(40))));
        let mut entry = Entry::new(Change::DropColumn { table: plain("album"), column });
        entry.allow = vec![("P0902".into(), "nobody reads it".into()), ("P0901".into(), "x".into())];
        let (risks, unused) = lint(&State::default(), &[entry]);
        assert_eq!(risks[0].allowed.as_deref(), Some("nobody reads it"));
        assert_eq!(unused.len(), 1);
        assert_eq!(unused[0].code, codes::ALLOW_UNUSED);
    }
}
