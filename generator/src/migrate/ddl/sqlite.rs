//! SQLite: `ALTER TABLE` where it can, and otherwise the table made anew, once for all that changes of it.
//!
//! Renames, and columns, indexes and tables that come and go are done when they come up. Everything else only marks its
//! table; the table is made anew when the changes end, or before something that wants to see it finished: SQL written
//! by hand, a fill, another name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Out, Written, conversion, names};
use crate::ir::quote::{quote_ident, quote_string};
use crate::ir::{Default, DialectName, Expr, TableName};
use crate::migrate::change::{Both, Change, ColumnChange};
use crate::migrate::replay;
use crate::migrate::script::{Action, SqliteRebuild};
use crate::migrate::state::{Column, Index, State, Table, Type, enum_of};

const SQLITE: DialectName = DialectName::Sqlite;

/// Writes the steps of changes.
pub(super) fn write(from: &State, changes: &[Change], out: &mut Out<'_>) -> Written {
    let mut walk = Walk { state: from.clone(), pending: BTreeMap::new(), out };
    for (at, change) in changes.iter().enumerate() {
        walk.out.begin(at, change);
        walk.change(change).map_err(|misfit| (at, misfit))?;
    }
    walk.flush_all();
    Ok(())
}

/// What has to be done to a table and has not been done yet.
struct Pending {
    /// The table as it is in the database.
    before: Table,
    /// The first change, and what all of them do.
    at: usize,
    about: String,
    /// Values of columns where they are not the old ones: expressions over the old table.
    values: BTreeMap<String, String>,
    /// Whether it differs also where its own text does not: the labels of an enum.
    forced: bool,
}

struct Walk<'w, 'a> {
    state: State,
    pending: BTreeMap<TableName, Pending>,
    out: &'w mut Out<'a>,
}

impl Walk<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<(), replay::Misfit> {
        let table = change.table().cloned();
        let before = table.as_ref().and_then(|name| self.state.tables.get(name)).cloned();
        self.first(change);
        replay::apply(&mut self.state, change)?;
        let Some((table, before)) = table.zip(before) else {
            self.other(change);
            return Ok(());
        };
        match change {
            Change::DropTable(_) => {
                self.pending.remove(&table);
                self.out.foreign_keys_off = true;
                self.out.sql(format!("DROP TABLE {}", self.name(&table)));
                self.out.moves(&table);
            }
            Change::RenameTable(name) => {
                self.rename_table(name);
                self.out.renames(name);
                self.renamed(&before, &name.to);
            }
            Change::RenameColumn { name, .. } => {
                let (old, new) = (self.out.ident(&name.from), self.out.ident(&name.to));
                self.out.sql(format!("ALTER TABLE {} RENAME COLUMN {old} TO {new}", self.name(&table)));
                self.renamed(&before, &table);
            }
            Change::AddColumn { column, fill, .. } => self.add_column(&before, column, fill.as_ref()),
            Change::DropColumn { column, .. } => self.drop_column(&before, column),
            Change::AlterColumn { column, change, .. } => self.alter_column(&before, column, change),
            Change::AddIndex { index, .. } => self.add_index(&table, &before, index),
            Change::DropIndex { index, .. } => self.drop_index(&before, index),
            Change::RenameIndex { name, .. } => self.rename_index(&table, name),
            Change::CommentTable { .. } => {}
            Change::Backfill(fill) => self.out.backfill(fill, Some(&before)),
            Change::PrimaryKey { columns, .. } => {
                let real = self.real(&before);
                self.out.ask_duplicates(&real, &columns.to);
                for column in columns.to.iter().filter(|column| real.column(column).is_some_and(|c| c.nullable)) {
                    self.out.ask_nulls(&table, column);
                }
                self.mark(&before);
            }
            Change::AddUnique(_, unique) => {
                self.out.ask_duplicates(&self.real(&before), &unique.columns);
                self.mark(&before);
            }
            Change::AddCheck { check, .. } => {
                self.out.ask_check(&self.real(&before), check);
                self.mark(&before);
            }
            Change::AddForeignKey { key, .. } => {
                let target = self.state.tables.get(&key.table).filter(|_| !self.pending.contains_key(&key.table));
                self.out.ask_orphans(&self.real(&before), key, target);
                self.mark(&before);
            }
            _ => {
                self.mark(&before);
            }
        }
        Ok(())
    }

    /// What must be finished before a change.
    fn first(&mut self, change: &Change) {
        match change {
            Change::RenameTable(name) => self.flush(&name.from.clone()),
            Change::RenameColumn { table, .. } | Change::RenameIndex { table, .. } => self.flush(&table.clone()),
            Change::AddColumn { table, fill, .. } => self.first_of_values(table, [fill.as_ref(), None]),
            Change::AlterColumn { table, change, .. } => {
                self.first_of_values(table, [change.using.as_ref(), change.fill.as_ref()]);
            }
            Change::Execute { .. } | Change::Backfill(_) => {
                let (at, about) = (self.out.at, self.out.about.clone());
                self.flush_all();
                (self.out.at, self.out.about) = (at, about);
            }
            _ => {}
        }
    }

    /// Finishes a table before values are computed from columns that are not in it yet: the copy reads the old table, and
    /// SQLite takes a name that it does not know for a text.
    fn first_of_values(&mut self, table: &TableName, values: [Option<&Expr>; 2]) {
        let Some(pending) = self.pending.get(table) else { return };
        let waits = |column: &str| pending.before.column(column).is_none() || pending.values.contains_key(column);
        if values.into_iter().flatten().flat_map(Expr::columns).any(waits) {
            let (at, about) = (self.out.at, self.out.about.clone());
            self.flush(table);
            (self.out.at, self.out.about) = (at, about);
        }
    }

    /// Changes of no table that is there.
    fn other(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => self.create(table),
            Change::Execute { sql, .. } => self.out.execute(sql),
            Change::AddEnumLabel { name, .. } | Change::OrderEnum { name, .. } => self.enum_users(name, |_| None),
            Change::RenameEnumLabel { name, label } => {
                let (from, to) = (quote_string(SQLITE, &label.from), quote_string(SQLITE, &label.to));
                self.enum_users(name, |column| Some(format!("CASE {column} WHEN {from} THEN {to} ELSE {column} END")));
            }
            Change::RemoveEnumLabel { name, label, replacement, .. } => {
                let gone = quote_string(SQLITE, label);
                match replacement {
                    Some(other) => {
                        let to = quote_string(SQLITE, other);
                        let value =
                            |column: &str| Some(format!("CASE {column} WHEN {gone} THEN {to} ELSE {column} END"));
                        self.enum_users(name, value);
                    }
                    None => {
                        let users: Vec<_> =
                            self.state.users_of_enum(name).map(|(table, c)| (table.clone(), c.name.clone())).collect();
                        for (table, column) in &users {
                            if self.real(table).column(column).is_some() {
                                let condition = format!("{} = {gone}", self.out.ident(column));
                                self.out.ask_label(&table.name, column, &condition, label);
                            }
                        }
                        self.enum_users(name, |_| None);
                    }
                }
            }
            _ => {}
        }
    }

    fn name(&self, table: &TableName) -> String {
        self.out.table(table)
    }

    /// The table as its rows can be asked: without columns that are not there yet or that get other values.
    fn real(&self, table: &Table) -> Table {
        let Some(pending) = self.pending.get(&table.name) else { return table.clone() };
        let mut real = pending.before.clone();
        real.columns.retain(|column| !pending.values.contains_key(&column.name));
        real
    }

    /// Marks a table to be made anew.
    fn mark(&mut self, before: &Table) -> &mut Pending {
        let (at, about) = (self.out.at, self.out.about.clone());
        let new =
            || Pending { before: before.clone(), at, about: String::new(), values: BTreeMap::new(), forced: false };
        let pending = self.pending.entry(before.name.clone()).or_insert_with(new);
        if !pending.about.split("; ").any(|other| other == about) {
            let between = if pending.about.is_empty() { "" } else { "; " };
            pending.about.push_str(between);
            pending.about.push_str(&about);
        }
        pending
    }

    fn create(&mut self, table: &Table) {
        // Its name may be that of a table that is still to be finished in none of the ways there are: names are unique.
        let state = &self.state;
        let (create, indexes) = self.out.parts(table, state, |parts| {
            let create = parts.table(0);
            let indexes: Vec<String> = (0..table.indexes.len()).filter_map(|at| parts.index(0, at)).collect();
            (create, indexes)
        });
        create.into_iter().chain(indexes).for_each(|sql| self.out.sql(sql));
        self.out.creates(&table.name);
    }

    /// By way of another name where only upper and lower case differ, which SQLite takes for one name.
    fn rename_table(&mut self, name: &Both<TableName>) {
        if let Some(schema) = name.to.schema.as_deref().filter(|schema| *schema != "main") {
            let what = format!("a table cannot move to the schema {schema:?}");
            return self.out.unsupported(&what, "a file has none: leave the schema out, or leave this database out");
        }
        let mut from = self.name(&name.from);
        if name.from.name.to_lowercase() == name.to.name.to_lowercase() {
            let between = self.out.ident(&self.temporary(&name.to.name));
            self.out.sql(format!("ALTER TABLE {from} RENAME TO {between}"));
            from = between;
        }
        self.out.sql(format!("ALTER TABLE {from} RENAME TO {}", self.name(&name.to)));
    }

    /// Gives indexes without a name the one that goes with the new names.
    fn renamed(&mut self, before: &Table, now: &TableName) {
        self.out.touched.insert(now.clone());
        let Some(after) = self.state.tables.get(now).cloned() else { return };
        let (old, new) = (names::named(before, &self.state, SQLITE), names::named(&after, &self.state, SQLITE));
        for (at, (was, is)) in old.indexes.iter().zip(&new.indexes).enumerate() {
            if was.name != is.name && is.is_on(SQLITE) {
                self.out.sql(format!("DROP INDEX {}", self.out.ident(was.name.as_deref().unwrap_or_default())));
                if let Some(sql) = self.out.parts(&after, &self.state, |parts| parts.index(0, at)) {
                    self.out.sql(sql);
                }
            }
        }
    }

    fn rename_index(&mut self, table: &TableName, name: &Both<String>) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let at = after.indexes.iter().position(|index| index.name.as_ref() == Some(&name.to));
        let Some(at) = at.filter(|at| after.indexes.get(*at).is_some_and(|index| index.is_on(SQLITE))) else { return };
        self.out.sql(format!("DROP INDEX {}", self.out.ident(&name.from)));
        if let Some(sql) = self.out.parts(&after, &self.state, |parts| parts.index(0, at)) {
            self.out.sql(sql);
        }
    }

    fn add_index(&mut self, table: &TableName, before: &Table, index: &Index) {
        self.out.ask_index(&self.real(before), index);
        if self.pending.contains_key(table) || !index.is_on(SQLITE) {
            return;
        }
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let at = after.indexes.len().saturating_sub(1);
        if let Some(sql) = self.out.parts(&after, &self.state, |parts| parts.index(0, at)) {
            self.out.sql(sql);
        }
    }

    /// Dropped at once also when the table is made anew later: its name may be given to another index before.
    fn drop_index(&mut self, before: &Table, index: &Index) {
        let Some(pending) = self.pending.get_mut(&before.name) else {
            if let Some(name) = index_name(before, index, &self.state) {
                self.out.sql(format!("DROP INDEX {}", self.out.ident(&name)));
            }
            return;
        };
        let name = index_name(&pending.before, index, &self.state);
        if let Some(at) = pending.before.indexes.iter().position(|other| other == index) {
            pending.before.indexes.remove(at);
            if let Some(name) = name {
                self.out.sql(format!("DROP INDEX {}", self.out.ident(&name)));
            }
        }
    }

    fn add_column(&mut self, before: &Table, column: &Column, fill: Option<&Expr>) {
        let table = &before.name;
        let native = column.generated.as_ref().is_none_or(|generated| !generated.stored && column.nullable)
            && (column.nullable
                || matches!(&column.default, Some(Default::Value(value)) if *value != crate::ir::Literal::Null))
            && matches!(&column.default, None | Some(Default::Value(_)))
            && fill.is_none();
        if native && !self.pending.contains_key(table) {
            let Some(after) = self.state.tables.get(table).cloned() else { return };
            if let Some(text) = self.out.parts(&after, &self.state, |parts| parts.column(0, &column.name)) {
                self.out.sql(format!("ALTER TABLE {} ADD COLUMN {text}", self.out.table(table)));
                self.out.touched.insert(table.clone());
            }
            return;
        }
        let value = fill.and_then(|fill| self.out.expr(fill));
        if value.is_none() && column.needs_value() && !self.pending_column(table, &column.name) {
            self.out.ask_empty(table, &column.name);
        }
        let pending = self.mark(before);
        if let Some(value) = value {
            pending.values.insert(column.name.clone(), value);
        }
    }

    fn pending_column(&self, table: &TableName, column: &str) -> bool {
        self.pending.get(table).is_some_and(|pending| pending.before.column(column).is_none())
    }

    /// Natively where nothing of the table's text names the column, so that SQLite itself finds views and triggers that
    /// do; a column that waits to be added is simply not added.
    fn drop_column(&mut self, before: &Table, column: &Column) {
        if self.pending.contains_key(&before.name) {
            self.mark(before).values.remove(&column.name);
            return;
        }
        self.out.sql(format!("ALTER TABLE {} DROP COLUMN {}", self.name(&before.name), self.out.ident(&column.name)));
        self.out.touched.insert(before.name.clone());
    }

    fn alter_column(&mut self, before: &Table, name: &str, change: &ColumnChange) {
        if change.is_comment() {
            return;
        }
        let Some(old) = before.column(name).cloned() else { return };
        let waits = self.pending.get(&before.name).is_some_and(|pending| pending.before.column(name).is_none());
        let quoted = self.out.ident(name);
        let held = self.pending.get(&before.name).and_then(|pending| pending.values.get(name)).cloned();
        let mut value = held.clone();
        let using = change.using.as_ref().and_then(|expr| self.out.expr(expr));
        if let Some(Both { from, to }) = &change.ty {
            value = match using {
                Some(using) => Some(using),
                None if old.generated.is_some() => value,
                None => self.converted(before, name, from, to, waits, held),
            };
        } else if let Some(using) = using {
            value = Some(using);
        }
        if change.nullable.as_ref().is_some_and(|nullable| !nullable.to) {
            match change.fill.as_ref().and_then(|fill| self.out.expr(fill)) {
                Some(fill) => value = Some(format!("coalesce({}, {fill})", value.unwrap_or(quoted))),
                None if !waits && old.generated.is_none() && value.is_none() => self.out.ask_nulls(&before.name, name),
                None => {}
            }
        }
        let pending = self.mark(before);
        if let Some(value) = value {
            pending.values.insert(name.to_owned(), value);
        }
    }

    fn converted(
        &mut self,
        before: &Table,
        name: &str,
        from: &Type,
        to: &Type,
        waits: bool,
        held: Option<String>,
    ) -> Option<String> {
        let quoted = self.out.ident(name);
        let operand = held.clone().map_or(quoted, |held| format!("({held})"));
        match conversion(from, to, &self.state, SQLITE, &operand) {
            Some(found) => {
                if let Some((condition, what)) = found.misfit.filter(|_| !waits && held.is_none()) {
                    self.out.ask_condition(&before.name, name, &condition, &what);
                }
                found.expr.or(held)
            }
            None => {
                super::no_conversion(self.out, name);
                held
            }
        }
    }

    /// Marks the tables that have an enum, whose labels stand in checks; with what becomes of the values.
    fn enum_users(&mut self, name: &TableName, value: impl Fn(&str) -> Option<String>) {
        let users = self.state.users_of_enum(name).filter(|(_, column)| enum_of(&column.ty).is_some());
        let users: Vec<(Table, String)> = users.map(|(table, column)| (table.clone(), column.name.clone())).collect();
        for (table, column) in users {
            let quoted = self.out.ident(&column);
            let pending = self.mark(&table);
            pending.forced = true;
            let operand = pending.values.get(&column).map_or(quoted, |value| format!("({value})"));
            if let Some(value) = value(&operand) {
                pending.values.insert(column, value);
            }
        }
    }

    fn flush_all(&mut self) {
        let mut left: Vec<(usize, TableName)> = self.pending.iter().map(|(name, p)| (p.at, name.clone())).collect();
        left.sort();
        for (_, name) in left {
            self.flush(&name);
        }
    }

    /// Makes a marked table anew, unless nothing that SQLite keeps of it differs.
    fn flush(&mut self, name: &TableName) {
        let Some(pending) = self.pending.remove(name) else { return };
        let Some(after) = self.state.tables.get(name).cloned() else { return };
        let (at, about) = (self.out.at, std::mem::take(&mut self.out.about));
        (self.out.at, self.out.about) = (pending.at, pending.about.clone());
        self.rebuild(&pending, &after);
        (self.out.at, self.out.about) = (at, about);
    }

    fn rebuild(&mut self, pending: &Pending, after: &Table) {
        if self.is_the_same(pending, after) {
            return;
        }
        let temporary = self.temporary(&after.name.name);
        let named = names::named(after, &self.state, SQLITE);
        // Under its temporary name, and beside itself, so that keys to itself lead to the name that it will have.
        let mut state = self.state.clone();
        let mut new = after.clone();
        new.name = TableName { name: temporary.clone(), ..after.name.clone() };
        state.tables.insert(new.name.clone(), new.clone());
        let Some(create) = self.out.parts(&new, &state, |parts| parts.table(0)) else { return };
        let indexes = self.out.parts(after, &self.state, |parts| {
            (0..named.indexes.len()).filter_map(|at| parts.index(0, at)).collect::<Vec<_>>()
        });
        let known: BTreeSet<String> = names::named(&pending.before, &self.state, SQLITE)
            .indexes
            .into_iter()
            .filter_map(|index| index.name)
            .collect();
        let (to, from) = self.copied(pending, after);
        let quote = |name: &str| quote_ident(SQLITE, name);
        let copy = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {}",
            quote(&temporary),
            to.join(", "),
            from.join(", "),
            quote(&after.name.name)
        );
        let rename = format!("ALTER TABLE {} RENAME TO {}", quote(&temporary), quote(&after.name.name));
        self.out.foreign_keys_off = true;
        let rebuild = SqliteRebuild {
            table: after.name.name.clone(),
            temporary,
            create,
            copy,
            rename,
            indexes,
            known_indexes: known.into_iter().collect(),
            sequence: after.sqlite.autoincrement,
        };
        self.out.step(Action::SqliteRebuild(Box::new(rebuild)), true);
        self.out.touched.insert(after.name.clone());
    }

    /// Columns of the new table that are not computed, and their values over the old one. Columns that are new and have
    /// no value of their own are left to their defaults.
    fn copied(&mut self, pending: &Pending, after: &Table) -> (Vec<String>, Vec<String>) {
        let mut pairs = Vec::new();
        for column in after.columns.iter().filter(|column| column.generated.is_none()) {
            let quoted = self.out.ident(&column.name);
            match pending.values.get(&column.name) {
                Some(value) => pairs.push((quoted, value.clone())),
                None if pending.before.column(&column.name).is_some() => pairs.push((quoted.clone(), quoted)),
                None => {}
            }
        }
        // A row needs one column at least.
        if let (true, Some(first)) = (pairs.is_empty(), after.columns.iter().find(|c| c.generated.is_none())) {
            let default = self.out.parts(after, &self.state, |parts| parts.default(0, &first.name));
            pairs.push((self.out.ident(&first.name), default.unwrap_or_else(|| "NULL".to_owned())));
        }
        pairs.into_iter().unzip()
    }

    /// Whether the text that SQLite keeps is the same and no value differs; then only new indexes are made.
    fn is_the_same(&mut self, pending: &Pending, after: &Table) -> bool {
        let was = self.out.parts(&pending.before, &self.state, |parts| parts.table(0));
        let is = self.out.parts(after, &self.state, |parts| parts.table(0));
        // A key to a table that is gone by now is in neither text.
        let keys = pending.before.foreign_keys == after.foreign_keys;
        if pending.forced || !pending.values.is_empty() || was != is || !keys {
            return false;
        }
        for (at, _) in after.indexes.iter().enumerate().filter(|(_, index)| !pending.before.indexes.contains(index)) {
            if let Some(sql) = self.out.parts(after, &self.state, |parts| parts.index(0, at)) {
                self.out.sql(sql);
            }
        }
        true
    }

    fn temporary(&self, table: &str) -> String {
        let mut name = format!("_pilaster_new_{table}");
        while self.state.tables.keys().any(|other| other.name == name) {
            name.push('_');
        }
        name
    }
}

/// The name of an index of a table, if it is on this database.
fn index_name(table: &Table, index: &Index, state: &State) -> Option<String> {
    let at = table.indexes.iter().position(|other| other == index).filter(|_| index.is_on(SQLITE))?;
    names::named(table, state, SQLITE).indexes.get(at)?.name.clone()
}
