//! Columns and enums of MySQL.

use super::{MYSQL, Walk};
use crate::ir::quote::quote_string;
use crate::ir::{Check, Expr, RawType, SqlType, TableName};
use crate::migrate::change::{Both, ColumnChange};
use crate::migrate::ddl::{conversion, names, no_conversion};
use crate::migrate::state::{Column, State, Table, Type};

/// Whether one clause makes the change, without a look at the rows.
pub(super) fn in_place(change: &ColumnChange) -> bool {
    change.using.is_none() && change.fill.is_none() && !truth_to_text(change)
}

/// Whether truth values become text, which would be `1` and `0` here and words on the other databases.
fn truth_to_text(change: &ColumnChange) -> bool {
    let text = |ty: &Type| matches!(ty, Type::Plain(SqlType::Text | SqlType::String(_)));
    change.ty.as_ref().is_some_and(|both| both.from == Type::Plain(SqlType::Boolean) && text(&both.to))
}

/// Whether the server can change what generates a column; otherwise it is removed and made again.
fn regenerates(old: &Column, new: &Column) -> bool {
    match (&old.generated, &new.generated) {
        (None, None) => false,
        (Some(was), None) => !was.stored,
        (None, Some(_)) => true,
        (Some(was), Some(is)) => !was.stored || !is.stored,
    }
}

impl Walk<'_, '_> {
    /// Asks the rows whether a change of a column is possible.
    pub(super) fn ask_column(&mut self, before: &Table, name: &str, change: &ColumnChange) {
        let Some(old) = before.column(name) else { return };
        if change.nullable.as_ref().is_some_and(|both| !both.to) && change.fill.is_none() && old.generated.is_none() {
            self.out.ask_nulls(&before.name, name);
        }
        let Some(Both { from, to }) = change.ty.as_ref().filter(|_| change.using.is_none()) else { return };
        if change.generated.is_some() {
            return;
        }
        let quoted = self.out.ident(name);
        match conversion(from, to, &self.state, MYSQL, &quoted) {
            Some(found) => {
                if let Some((condition, what)) = found.misfit {
                    self.out.ask_condition(&before.name, name, &condition, &what);
                }
            }
            None => no_conversion(self.out, name),
        }
    }

    pub(super) fn alter_clauses(
        &mut self,
        before: &Table,
        after: &Table,
        name: &str,
        change: &ColumnChange,
    ) -> Vec<String> {
        let (Some(old), Some(new)) = (before.column(name), after.column(name)) else { return Vec::new() };
        let Some(text) = self.out.parts(after, &self.state, |parts| parts.column(0, name)) else { return Vec::new() };
        if regenerates(old, new) && (change.generated.is_some() || change.ty.is_some()) {
            if old.generated.is_some() && new.generated.is_none() {
                let help = "make it stored first, or add another column, fill it and drop this one";
                self.out.unsupported("a computed column cannot become a plain one", help);
                return Vec::new();
            }
            return self.column_anew(before, after, name, &text);
        }
        let quoted = self.out.ident(name);
        let expr = change.ty.as_ref().and_then(|ty| conversion(&ty.from, &ty.to, &self.state, MYSQL, &quoted)?.expr);
        if expr.is_some() && change.using.is_none() {
            let help = "add `using:` with an expression to the change";
            self.out.unsupported("the values are not converted as on other databases", help);
        }
        vec![format!("MODIFY COLUMN {text}")]
    }

    /// Removes a column and makes it again, with the indexes and checks that it is in: the server would take it out of
    /// them.
    fn column_anew(&mut self, before: &Table, after: &Table, name: &str, text: &str) -> Vec<String> {
        let (old, quoted) = (names::named(before, &self.state, MYSQL), self.out.ident(name));
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for (was, index) in old.indexes.iter().zip(&before.indexes).filter(|(_, index)| index.is_on(MYSQL)) {
            let at = after.indexes.iter().position(|other| other == index).filter(|_| index.uses(name));
            if let Some(at) = at {
                gone.push(format!("DROP INDEX {}", self.out.ident(was.name.as_deref().unwrap_or_default())));
                new.extend(self.out.parts(after, &self.state, |parts| parts.inline_index(0, at)));
            }
        }
        for (was, unique) in old.uniques.iter().zip(&before.uniques) {
            let has = unique.columns.iter().any(|column| column == name);
            if let Some(at) = after.uniques.iter().position(|other| other == unique).filter(|_| has) {
                gone.push(format!("DROP INDEX {}", self.out.ident(was.name.as_deref().unwrap_or_default())));
                new.extend(self.out.parts(after, &self.state, |parts| parts.unique(0, at)));
            }
        }
        for (was, check) in old.checks.iter().zip(&before.checks) {
            let has = check.expr.columns().contains(&name);
            if let Some(at) = after.checks.iter().position(|other| other == check).filter(|_| has) {
                gone.push(format!("DROP CONSTRAINT {}", self.out.ident(was.name.as_deref().unwrap_or_default())));
                new.extend(self.out.parts(after, &self.state, |parts| parts.check(0, at)));
            }
        }
        gone.push(format!("DROP COLUMN {quoted}"));
        gone.push(format!("ADD COLUMN {text}"));
        gone.into_iter().chain(new.into_iter().map(|text| format!("ADD {text}"))).collect()
    }

    /// Adds a column, fills it, and then refuses NULL.
    pub(super) fn add_filled(&mut self, table: &TableName, column: &Column, fill: Option<&Expr>) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let Some(value) = fill.and_then(|fill| self.out.expr(fill)) else { return };
        let mut loose = after.clone();
        loose.column_mut(&column.name).into_iter().for_each(|column| column.nullable = true);
        let loose = self.out.parts(&loose, &self.state, |parts| parts.column(0, &column.name));
        let tight = self.out.parts(&after, &self.state, |parts| parts.column(0, &column.name));
        let (Some(loose), Some(tight)) = (loose, tight) else { return };
        let name = self.out.ident(&column.name);
        self.out.sql(format!("ALTER TABLE {} ADD COLUMN {loose}", self.out.table(table)));
        self.out.sql(format!("UPDATE {} SET {name} = {value}", self.out.table(table)));
        if !column.nullable {
            self.out.sql(format!("ALTER TABLE {} MODIFY COLUMN {tight}", self.out.table(table)));
        }
    }

    /// Changes a column with values that the change gives.
    pub(super) fn alter_filled(&mut self, before: &Table, name: &str, change: &ColumnChange) {
        let table = &before.name;
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        self.hold_keys(before, &after);
        self.ask_column(before, name, change);
        let quoted = self.out.ident(name);
        let words = || {
            let both = change.ty.as_ref().filter(|_| truth_to_text(change))?;
            let mysql = conversion(&both.from, &both.to, &self.state, MYSQL, &quoted)?.expr;
            Some(Expr::PerDialect(RawType { mysql, ..RawType::default() }))
        };
        if let Some(using) = change.using.clone().or_else(words) {
            return self.by_another_column(before, &after, name, &using, change.fill.as_ref());
        }
        if let Some(value) = change.fill.as_ref().and_then(|fill| self.out.expr(fill)) {
            if change.ty.is_some() {
                // The value is one of the new type.
                let mut loose = after.clone();
                loose.column_mut(name).into_iter().for_each(|column| column.nullable = true);
                let clauses = self.alter_clauses(before, &loose, name, change);
                if !clauses.is_empty() {
                    self.out.sql(format!("ALTER TABLE {} {}", self.out.table(table), clauses.join(", ")));
                }
            }
            self.out.sql(format!("UPDATE {} SET {quoted} = {value} WHERE {quoted} IS NULL", self.out.table(table)));
        }
        let clauses = self.alter_clauses(before, &after, name, change);
        if !clauses.is_empty() {
            self.out.sql(format!("ALTER TABLE {} {}", self.out.table(table), clauses.join(", ")));
        }
    }

    /// Puts the converted values into a column beside the old one, which then takes its place.
    fn by_another_column(&mut self, before: &Table, after: &Table, name: &str, using: &Expr, fill: Option<&Expr>) {
        let table = &before.name;
        let is_in = |columns: &[String]| columns.iter().any(|column| column == name);
        let used = is_in(&after.primary_key)
            || after.uniques.iter().any(|unique| is_in(&unique.columns))
            || after.indexes.iter().any(|index| index.uses(name))
            || after.checks.iter().any(|check| check.expr.columns().contains(&name))
            || after.foreign_keys.iter().any(|key| is_in(&key.columns))
            || self.state.keys_to(table).any(|(_, key)| is_in(&key.references));
        if used {
            let help = "drop the keys, indexes and checks of the column before, and add them again after";
            return self.out.unsupported("a column in use cannot be converted by an expression", help);
        }
        let between = format!("{name}__new");
        let mut beside = after.clone();
        for column in beside.columns.iter_mut().filter(|column| column.name == name) {
            column.name.clone_from(&between);
            column.nullable = true;
        }
        let loose = self.out.parts(&beside, &self.state, |parts| parts.column(0, &between));
        let tight = self.out.parts(after, &self.state, |parts| parts.column(0, name));
        let (Some(loose), Some(tight), Some(mut value)) = (loose, tight, self.out.expr(using)) else { return };
        if let Some(fill) = fill.and_then(|fill| self.out.expr(fill)) {
            value = format!("coalesce({value}, {fill})");
        }
        let (old, new, sql) = (self.out.ident(name), self.out.ident(&between), self.out.table(table));
        self.out.sql(format!("ALTER TABLE {sql} ADD COLUMN {loose}"));
        self.out.sql(format!("UPDATE {sql} SET {new} = {value}"));
        self.out.sql(format!("ALTER TABLE {sql} DROP COLUMN {old}, CHANGE COLUMN {new} {tight}"));
    }

    /// The columns of an enum, by table.
    fn users(&self, name: &TableName) -> Vec<(Table, Vec<String>)> {
        let mut found: Vec<(Table, Vec<String>)> = Vec::new();
        for (table, column) in self.state.users_of_enum(name) {
            match found.iter_mut().find(|(other, _)| other.name == table.name) {
                Some((_, columns)) => columns.push(column.name.clone()),
                None => found.push((table.clone(), vec![column.name.clone()])),
            }
        }
        found
    }

    /// States the columns of an enum anew.
    pub(super) fn modify_users(&mut self, name: &TableName) {
        for (table, columns) in self.users(name) {
            self.modify(&table, &columns, &self.state.clone());
        }
    }

    fn modify(&mut self, table: &Table, columns: &[String], state: &State) {
        let text = |column: &String| {
            let text = self.out.parts(table, state, |parts| parts.column(0, column))?;
            Some(format!("MODIFY COLUMN {text}"))
        };
        let clauses: Vec<String> = columns.iter().filter_map(text).collect();
        self.out.sql(format!("ALTER TABLE {} {}", self.out.table(&table.name), clauses.join(", ")));
        self.out.touched.insert(table.name.clone());
    }

    /// In three steps: both labels, the rows, the new one. Checks that name the label go before and come back after.
    pub(super) fn rename_label(&mut self, before: &State, name: &TableName, label: &Both<String>) {
        let checks = self.renamed_checks(before);
        for (table, check, _) in &checks {
            let sql = format!("ALTER TABLE {} DROP CONSTRAINT {}", self.out.table(table), self.out.ident(check));
            self.out.sql(sql);
        }
        self.rename_label_of_rows(name, label);
        for (table, _, check) in checks {
            let Some(after) = self.state.tables.get(&table).cloned() else { continue };
            let at = after.checks.iter().position(|other| *other == check);
            if let Some(text) = at.and_then(|at| self.out.parts(&after, &self.state, |parts| parts.check(0, at))) {
                self.out.sql(format!("ALTER TABLE {} ADD {text}", self.out.table(&table)));
            }
        }
    }

    /// Checks that are others after a label was renamed: table, name until now, and what they are then.
    fn renamed_checks(&mut self, before: &State) -> Vec<(TableName, String, Check)> {
        let mut found = Vec::new();
        let mut computed = false;
        for (old, new) in before.tables.values().zip(self.state.tables.values()) {
            computed |= old.columns.iter().zip(&new.columns).any(|(old, new)| old.generated != new.generated);
            let named = names::named(old, before, MYSQL);
            let pairs = named.checks.iter().zip(old.checks.iter().zip(&new.checks));
            found.extend(
                pairs
                    .filter(|(_, (old, new))| old != new)
                    .filter_map(|(named, (_, new))| Some((old.name.clone(), named.name.clone()?, new.clone()))),
            );
        }
        if computed {
            let help = "drop the column before, and add it again after";
            self.out.unsupported("a label that a column is computed from cannot be renamed", help);
        }
        found
    }

    fn rename_label_of_rows(&mut self, name: &TableName, label: &Both<String>) {
        let mut both = self.state.clone();
        if let Some(labels) = both.enums.get_mut(name) {
            labels.push(label.from.clone());
        }
        let (from, to) = (quote_string(MYSQL, &label.from), quote_string(MYSQL, &label.to));
        for (table, columns) in self.users(name) {
            self.modify(&table, &columns, &both);
            self.replace_label(&table, &columns, &from, &to);
            self.modify(&table, &columns, &self.state.clone());
        }
    }

    fn replace_label(&mut self, table: &Table, columns: &[String], from: &str, to: &str) {
        for column in columns {
            let quoted = self.out.ident(column);
            let name = self.out.table(&table.name);
            self.out.sql(format!("UPDATE {name} SET {quoted} = {to} WHERE {quoted} = {from}"));
        }
    }

    pub(super) fn remove_label(&mut self, name: &TableName, label: &str, replacement: Option<&str>) {
        let gone = quote_string(MYSQL, label);
        for (table, columns) in self.users(name) {
            match replacement {
                Some(other) => self.replace_label(&table, &columns, &gone, &quote_string(MYSQL, other)),
                None => {
                    for column in &columns {
                        let condition = format!("{} = {gone}", self.out.ident(column));
                        self.out.ask_label(&table.name, column, &condition, label);
                    }
                }
            }
            self.modify(&table, &columns, &self.state.clone());
        }
    }
}
