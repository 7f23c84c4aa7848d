//! What is risky about changes to tables that hold rows, and what to do instead.
//!
//! A finding says whether data is lost, so that it can be refused until somebody allows it. Tables and enums that the
//! same changes make are not looked at: nothing is in them.

use std::collections::BTreeSet;

use super::change::{Change, ColumnChange};
use super::ddl::widens;
use super::replay;
use super::revision::Entry;
use super::state::{State, shown};
use crate::codes;
use crate::diag::{Code, Diagnostic, Place};
use crate::ir::draft::Type;
use crate::ir::{Default, SqlType, TableName};

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
    for (at, entry) in entries.iter().enumerate() {
        let before = judge.found.len();
        judge.change(&entry.change);
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
    new_enums: BTreeSet<String>,
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
            Change::Execute { effect, sql } if effect.is_empty() => {
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
            Change::PrimaryKey { columns, .. } if !columns.from.is_empty() => {
                let message = format!("the primary key of `{name}` is made anew, for which all rows are read");
                self.risk(codes::RISK_KEY, false, message, "do it while nobody uses the table");
            }
            Change::AddUnique(..) => {
                let message =
                    format!("rows of `{name}` may have the same values; the table is locked while that is checked");
                let help =
                    "look for doubles before; on PostgreSQL a unique index can be made with `concurrently: true`";
                self.risk(codes::RISK_UNIQUE, false, message, help);
            }
            Change::AddIndex { index, concurrently: false, .. } => {
                let code = if index.unique { codes::RISK_UNIQUE } else { codes::RISK_INDEX };
                let message = format!("nobody can write to `{name}` while the index is made");
                let help = "on PostgreSQL add `concurrently: true`; elsewhere do it while few write";
                self.risk(code, false, message, help);
            }
            Change::AddCheck(..) | Change::AddForeignKey(..) => {
                let message = format!("`{name}` is locked while all its rows are checked");
                self.risk(codes::RISK_CONSTRAINT, false, message, "do it while few write");
            }
            _ => {}
        }
    }

    fn added(&mut self, table: &str, column: &super::state::Column, filled: bool) {
        let name = format!("`{table}.{}`", column.name);
        if !column.nullable && column.default.is_none() && column.generated.is_none() && !filled {
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
