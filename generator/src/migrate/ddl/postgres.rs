//! PostgreSQL: change by change, in one transaction but for what it does not allow there.

use super::{Out, Written, conversion, names};
use crate::ddl::parts::{enum_type_name, table_name};
use crate::ir::quote::quote_string;
use crate::ir::{Default, DialectName, TableName};
use crate::migrate::change::{Both, Change, ColumnChange};
use crate::migrate::replay;
use crate::migrate::script::{Action, ConcurrentIndex};
use crate::migrate::state::{Column, Index, State, Table};

mod enums;
mod online;

const POSTGRES: DialectName = DialectName::Postgres;

/// Writes the steps of changes.
pub(super) fn write(from: &State, changes: &[Change], out: &mut Out<'_>) -> Written {
    let mut walk = Walk { state: from.clone(), out, rest: changes, late: Vec::new() };
    for (at, change) in changes.iter().enumerate() {
        walk.out.begin(at, change);
        walk.rest = changes.get(at + 1..).unwrap_or_default();
        walk.change(change).map_err(|misfit| (at, misfit))?;
    }
    walk.finish_late();
    Ok(())
}

struct Walk<'w, 'a> {
    state: State,
    out: &'w mut Out<'a>,
    /// The changes that come after the one that is written.
    rest: &'w [Change],
    /// What is left to do when all of them are committed.
    late: Vec<online::Late>,
}

impl Walk<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<(), replay::Misfit> {
        let before = change.table().and_then(|name| self.state.tables.get(name)).cloned();
        if matches!(change, Change::RemoveEnumLabel { .. } | Change::OrderEnum { .. }) {
            return self.enum_anew(change);
        }
        replay::apply(&mut self.state, change)?;
        match before {
            Some(before) => self.table(change, &before),
            None => self.other(change),
        }
        Ok(())
    }

    /// Changes of no table that is there.
    fn other(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => self.create(table),
            Change::CreateEnum { name, labels } => {
                self.make_schema(name.schema.as_deref());
                let sql = format!("CREATE TYPE {} AS ENUM ({})", enum_type_name(name), label_list(labels));
                self.out.sql(sql);
            }
            Change::DropEnum { name, .. } => self.out.sql(format!("DROP TYPE {}", enum_type_name(name))),
            Change::RenameEnum(name) => self.rename("TYPE", name),
            Change::AddEnumLabel { name, label, before } => self.add_label(name, label, before.as_deref()),
            Change::RenameEnumLabel { name, label } => {
                let (old, new) = (quote_string(POSTGRES, &label.from), quote_string(POSTGRES, &label.to));
                self.out.sql(format!("ALTER TYPE {} RENAME VALUE {old} TO {new}", enum_type_name(name)));
                self.out.relabels(&self.state, name);
            }
            Change::Execute { sql, .. } => self.out.execute(sql),
            _ => {}
        }
    }

    fn table(&mut self, change: &Change, before: &Table) {
        let name = &before.name;
        match change {
            Change::DropTable(_) => self.out.sql(format!("DROP TABLE {}", self.out.table(name))),
            Change::RenameTable(to) => self.rename_table(before, to),
            Change::RenameColumn { name: column, .. } => {
                let (old, new) = (self.out.ident(&column.from), self.out.ident(&column.to));
                self.out.sql(format!("ALTER TABLE {} RENAME COLUMN {old} TO {new}", self.out.table(name)));
                self.rename_made(before, name);
            }
            Change::AddColumn { column, fill, .. } => self.add_column(name, column, fill.as_ref()),
            Change::DropColumn { column, .. } => {
                let column = self.out.ident(&column.name);
                self.out.alter(name, format!("DROP COLUMN {column}"));
            }
            Change::AlterColumn { column, change, .. } => self.alter_column(before, column, change),
            Change::PrimaryKey { columns, .. } => self.primary_key(before, columns),
            Change::AddUnique(_, unique) => {
                self.out.ask_duplicates(before, &unique.columns);
                self.add_last(name, |parts, table| parts.unique(0, table.uniques.len().saturating_sub(1)));
            }
            Change::AddCheck { check, at_once, .. } => {
                self.out.ask_check(before, check);
                self.add_check(name, *at_once);
            }
            Change::AddForeignKey { key, at_once, .. } => {
                let target = self.state.tables.get(&key.table).cloned();
                self.out.ask_orphans(before, key, target.as_ref());
                self.add_key(name, *at_once);
            }
            Change::DropUnique(_, unique) => {
                let at = before.uniques.iter().position(|other| other == unique);
                self.drop_constraint(before, at, |named, at| named.uniques.get(at)?.name.clone());
            }
            Change::DropCheck(_, check) => {
                let at = before.checks.iter().position(|other| other == check);
                self.drop_constraint(before, at, |named, at| named.checks.get(at)?.name.clone());
            }
            Change::DropForeignKey(_, key) => {
                let at = before.foreign_keys.iter().position(|other| other == key);
                self.drop_constraint(before, at, |named, at| named.foreign_keys.get(at)?.name.clone());
            }
            Change::AddIndex { index, concurrently, .. } => self.add_index(before, index, *concurrently),
            Change::DropIndex { index, concurrently, .. } => self.drop_index(before, index, *concurrently),
            Change::RenameIndex { name: index, .. } => {
                let (old, new) = (self.index_name(name, &index.from), self.out.ident(&index.to));
                self.out.sql(format!("ALTER INDEX {old} RENAME TO {new}"));
            }
            Change::CommentTable { comment, .. } => {
                let text = comment.to.as_ref().map_or("NULL".to_owned(), |text| quote_string(POSTGRES, text));
                self.out.sql(format!("COMMENT ON TABLE {} IS {text}", self.out.table(name)));
            }
            Change::Backfill(fill) => self.out.backfill(fill, Some(before)),
            _ => {}
        }
        self.out.touch(change, name);
    }

    fn create(&mut self, table: &Table) {
        let statements = self.out.parts(table, &self.state, |parts| {
            let mut all: Vec<String> = parts.table(0).into_iter().collect();
            all.extend((0..table.indexes.len()).filter_map(|at| parts.index(0, at)));
            all.extend(parts.comments(0));
            all
        });
        self.make_schema(table.name.schema.as_deref());
        statements.into_iter().for_each(|sql| self.out.sql(sql));
        self.out.creates(&table.name);
    }

    /// Makes the schema of something new, if it names one that is not there yet.
    fn make_schema(&mut self, schema: Option<&str>) {
        if let Some(schema) = schema {
            self.out.sql(format!("CREATE SCHEMA IF NOT EXISTS {}", self.out.ident(schema)));
        }
    }

    fn rename_table(&mut self, before: &Table, name: &Both<TableName>) {
        self.rename("TABLE", name);
        self.rename_made(before, &name.to);
    }

    /// Gives a table or a type another name, in another schema too.
    fn rename(&mut self, what: &str, name: &Both<TableName>) {
        let mut now = name.from.clone();
        if name.from.name != name.to.name {
            let new = self.out.ident(&name.to.name);
            self.out.sql(format!("ALTER {what} {} RENAME TO {new}", self.out.table(&now)));
            now.name.clone_from(&name.to.name);
        }
        if name.from.schema != name.to.schema {
            let moving = format!("ALTER {what} {} SET SCHEMA ", self.out.table(&now));
            self.make_schema(name.to.schema.as_deref());
            self.out.sql(match &name.to.schema {
                Some(schema) => moving + &self.out.ident(schema),
                None => into_own_schema(&moving),
            });
        }
    }

    /// Gives constraints and indexes without a name of their own the one that goes with the new names.
    fn rename_made(&mut self, before: &Table, now: &TableName) {
        let Some(after) = self.state.tables.get(now) else { return };
        let (old, new) = (names::named(before, &self.state, POSTGRES), names::named(after, &self.state, POSTGRES));
        let uniques = old.uniques.iter().zip(&new.uniques).map(|(a, b)| (&a.name, &b.name));
        let checks = old.checks.iter().zip(&new.checks).map(|(a, b)| (&a.name, &b.name));
        let keys = old.foreign_keys.iter().zip(&new.foreign_keys).map(|(a, b)| (&a.name, &b.name));
        let constraints: Vec<(String, String)> = uniques.chain(checks).chain(keys).filter_map(changed).collect();
        let on_this = |index: &&Index| index.is_on(POSTGRES);
        let indexes = old.indexes.iter().filter(on_this).zip(new.indexes.iter().filter(on_this));
        let indexes: Vec<(String, String)> = indexes.map(|(a, b)| (&a.name, &b.name)).filter_map(changed).collect();
        for (from, to) in constraints {
            let (from, to) = (self.out.ident(&from), self.out.ident(&to));
            self.out.sql(format!("ALTER TABLE {} RENAME CONSTRAINT {from} TO {to}", self.out.table(now)));
        }
        for (from, to) in indexes {
            let (from, to) = (self.index_name(now, &from), self.out.ident(&to));
            self.out.sql(format!("ALTER INDEX {from} RENAME TO {to}"));
        }
    }

    fn add_column(&mut self, table: &TableName, column: &Column, fill: Option<&crate::ir::Expr>) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        let value = fill.and_then(|fill| self.out.expr(fill));
        let name = self.out.ident(&column.name);
        match value {
            Some(value) => {
                let mut loose = after.clone();
                loose.column_mut(&column.name).into_iter().for_each(|column| column.nullable = true);
                let text = self.out.parts(&loose, &self.state, |parts| parts.column(0, &column.name));
                let Some(text) = text else { return };
                self.out.alter(table, format!("ADD COLUMN {text}"));
                self.out.sql(format!("UPDATE {} SET {name} = {value}", self.out.table(table)));
                if !column.nullable {
                    self.out.alter(table, format!("ALTER COLUMN {name} SET NOT NULL"));
                }
            }
            None => {
                if column.needs_value() {
                    self.out.ask_empty(table, &column.name);
                }
                let text = self.out.parts(&after, &self.state, |parts| parts.column(0, &column.name));
                let Some(text) = text else { return };
                self.out.alter(table, format!("ADD COLUMN {text}"));
            }
        }
        if let Some(comment) = &column.comment {
            self.comment(table, &column.name, Some(comment));
        }
    }

    fn comment(&mut self, table: &TableName, column: &str, comment: Option<&str>) {
        let text = comment.map_or("NULL".to_owned(), |text| quote_string(POSTGRES, text));
        let column = self.out.ident(column);
        self.out.sql(format!("COMMENT ON COLUMN {}.{column} IS {text}", self.out.table(table)));
    }

    fn alter_column(&mut self, before: &Table, name: &str, change: &ColumnChange) {
        let table = &before.name;
        let (Some(old), Some(after)) = (before.column(name).cloned(), self.state.tables.get(table).cloned()) else {
            return;
        };
        let Some(new) = after.column(name).cloned() else { return };
        let computed = old.generated.is_some() || new.generated.is_some();
        let retyped = change.ty.is_some()
            || change.collation.is_some()
            || change.declared.as_ref().is_some_and(|both| spelled(&both.from) != spelled(&both.to));
        match &change.generated {
            Some(Both { from: Some(_), to: None }) => {
                self.out.alter(table, format!("ALTER COLUMN {} DROP EXPRESSION", self.out.ident(name)));
            }
            Some(_) => return self.column_anew(before, &after, name),
            None if computed && retyped => return self.column_anew(before, &after, name),
            None => {}
        }
        if retyped {
            self.retype(before, &after, &old, &new, change);
        } else if change.default.is_some() {
            self.set_default(&after, &old, &new);
        }
        if let Some(nullable) = &change.nullable {
            let waits = !retyped && change.generated.is_none() && !change.at_once;
            self.set_nullable(table, &new, nullable.to, change.fill.as_ref(), waits);
        }
        if let Some(comment) = &change.comment {
            self.comment(table, name, comment.to.as_deref());
        }
    }

    fn set_nullable(
        &mut self,
        table: &TableName,
        column: &Column,
        nullable: bool,
        fill: Option<&crate::ir::Expr>,
        waits: bool,
    ) {
        let (name, quoted) = (&column.name, self.out.ident(&column.name));
        if nullable {
            return self.out.alter(table, format!("ALTER COLUMN {quoted} DROP NOT NULL"));
        }
        match fill.and_then(|fill| self.out.expr(fill)) {
            Some(value) => {
                self.out.sql(format!("UPDATE {} SET {quoted} = {value} WHERE {quoted} IS NULL", self.out.table(table)));
            }
            None if column.generated.is_none() => self.out.ask_nulls(table, name),
            None => {}
        }
        if waits && self.can_wait(table, Some(name)) {
            return self.require_later(table, name);
        }
        self.out.alter(table, format!("ALTER COLUMN {quoted} SET NOT NULL"));
    }

    fn set_default(&mut self, after: &Table, old: &Column, new: &Column) {
        let (table, name) = (&after.name, self.out.ident(&new.name));
        let numbered = |column: &Column| column.default == Some(Default::AutoIncrement);
        if numbered(old) {
            self.out.alter(table, format!("ALTER COLUMN {name} DROP IDENTITY IF EXISTS"));
            // An older table may number by a sequence behind its default.
            self.out.alter(table, format!("ALTER COLUMN {name} DROP DEFAULT"));
        }
        if numbered(new) {
            if old.default.is_some() && !numbered(old) {
                self.out.alter(table, format!("ALTER COLUMN {name} DROP DEFAULT"));
            }
            self.out.alter(table, format!("ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY"));
            let (text, column) = (quote_string(POSTGRES, &self.out.table(table)), quote_string(POSTGRES, &new.name));
            let highest = format!("SELECT coalesce(max({name}), 0) + 1 FROM {}", self.out.table(table));
            self.out.sql(format!("SELECT setval(pg_get_serial_sequence({text}, {column}), ({highest}), false)"));
            return;
        }
        match self.out.parts(after, &self.state, |parts| parts.default(0, &new.name)) {
            Some(default) => self.out.alter(table, format!("ALTER COLUMN {name} SET DEFAULT {default}")),
            None if old.default.is_some() && !numbered(old) => {
                self.out.alter(table, format!("ALTER COLUMN {name} DROP DEFAULT"));
            }
            None => {}
        }
    }

    /// Another type. What is computed from the column, and conditions over it, keep the old type in them: they go before
    /// and come back after.
    fn retype(&mut self, before: &Table, after: &Table, old: &Column, new: &Column, change: &ColumnChange) {
        let (table, name) = (&before.name, self.out.ident(&new.name));
        let Some(ty) = self.out.parts(after, &self.state, |parts| parts.ty(0, &new.name)) else { return };
        let numbered = |column: &Column| column.default == Some(Default::AutoIncrement);
        let Some(using) = self.using(before, old, new, change, &ty) else { return };
        let dependants = Dependants::of(before, after, &new.name, false);
        self.drop_dependants(before, &dependants);
        let has_default = old.default.is_some() && !numbered(old);
        if has_default {
            self.out.alter(table, format!("ALTER COLUMN {name} DROP DEFAULT"));
        }
        self.out.alter(table, format!("ALTER COLUMN {name} TYPE {ty}{using}"));
        if numbered(old) && numbered(new) {
            self.widen_sequence(table, &new.name, &ty);
        } else if change.default.is_some() || has_default {
            let was = Column { default: old.default.clone().filter(|_| numbered(old)), ..old.clone() };
            self.set_default(after, &was, new);
        }
        self.add_dependants(after, &dependants);
    }

    /// ` USING …`, where the plain cast would be refused or cut something off.
    fn using(&mut self, before: &Table, old: &Column, new: &Column, change: &ColumnChange, ty: &str) -> Option<String> {
        if let Some(using) = &change.using {
            return Some(format!(" USING ({})", self.out.expr(using)?));
        }
        if old.ty == new.ty {
            return Some(String::new());
        }
        let quoted = self.out.ident(&new.name);
        let Some(found) = conversion(&old.ty, &new.ty, &self.state, POSTGRES, &quoted) else {
            super::no_conversion(self.out, &new.name);
            return None;
        };
        if let Some((condition, what)) = found.misfit {
            self.out.ask_condition(&before.name, &new.name, &condition, &what);
        }
        let bare = ty.split(" COLLATE ").next().unwrap_or(ty);
        let plain = crate::migrate::ddl::widens(&old.ty, &new.ty, &self.state) && found.expr.is_none();
        Some(match found.expr {
            Some(expr) => format!(" USING ({expr})::{bare}"),
            None if plain => String::new(),
            None => format!(" USING {quoted}::{bare}"),
        })
    }

    /// The sequence of a numbered column has a type of its own, which is not always changed with it.
    fn widen_sequence(&mut self, table: &TableName, column: &str, ty: &str) {
        let of = format!(
            "pg_get_serial_sequence({}, {})",
            quote_string(POSTGRES, &self.out.table(table)),
            quote_string(POSTGRES, column)
        );
        self.out.sql(format!(
            "DO $do$ DECLARE sequence text := {of}; BEGIN IF sequence IS NOT NULL THEN \
             EXECUTE 'ALTER SEQUENCE ' || sequence || ' AS {ty}'; END IF; END $do$"
        ));
    }

    /// Removes a column and makes it again: a generating expression cannot be changed before PostgreSQL 17.
    fn column_anew(&mut self, before: &Table, after: &Table, name: &str) {
        let table = &before.name;
        let dependants = Dependants::of(before, after, name, true);
        self.drop_dependants(before, &dependants);
        let quoted = self.out.ident(name);
        self.out.alter(table, format!("DROP COLUMN {quoted}"));
        if let Some(text) = self.out.parts(after, &self.state, |parts| parts.column(0, name)) {
            self.out.sql(format!("ALTER TABLE {} ADD COLUMN {text}", self.out.table(table)));
        }
        if let Some(comment) = after.column(name).and_then(|column| column.comment.clone()) {
            self.comment(table, name, Some(&comment));
        }
        self.add_dependants(after, &dependants);
    }

    fn drop_dependants(&mut self, before: &Table, found: &Dependants) {
        let named = names::named(before, &self.state, POSTGRES);
        let checks = found.checks.iter().filter_map(|(at, _)| named.checks.get(*at)?.name.clone());
        let keys = found.keys.iter().filter_map(|(at, _)| named.foreign_keys.get(*at)?.name.clone());
        let uniques = found.uniques.iter().filter_map(|(at, _)| named.uniques.get(*at)?.name.clone());
        for name in checks.chain(keys).chain(uniques).collect::<Vec<_>>() {
            self.out.alter(&before.name, format!("DROP CONSTRAINT {}", self.out.ident(&name)));
        }
        for name in found.indexes.iter().filter_map(|(at, _)| named.indexes.get(*at)?.name.clone()).collect::<Vec<_>>()
        {
            self.out.sql(format!("DROP INDEX {}", self.index_name(&before.name, &name)));
        }
        for name in &found.columns {
            self.out.alter(&before.name, format!("DROP COLUMN {}", self.out.ident(name)));
        }
    }

    fn add_dependants(&mut self, after: &Table, found: &Dependants) {
        let (columns, constraints, indexes) = self.out.parts(after, &self.state, |parts| {
            let columns: Vec<String> = found.columns.iter().filter_map(|name| parts.column(0, name)).collect();
            let mut constraints: Vec<String> =
                found.uniques.iter().filter_map(|(_, at)| parts.unique(0, *at)).collect();
            constraints.extend(found.checks.iter().filter_map(|(_, at)| parts.check(0, *at)));
            constraints.extend(found.keys.iter().filter_map(|(_, at)| parts.key(0, *at)));
            let indexes: Vec<String> = found.indexes.iter().filter_map(|(_, at)| parts.index(0, *at)).collect();
            (columns, constraints, indexes)
        });
        for column in columns {
            self.out.sql(format!("ALTER TABLE {} ADD COLUMN {column}", self.out.table(&after.name)));
        }
        for constraint in constraints {
            self.out.alter(&after.name, format!("ADD {constraint}"));
        }
        indexes.into_iter().for_each(|sql| self.out.sql(sql));
    }

    fn primary_key(&mut self, before: &Table, columns: &Both<Vec<String>>) {
        let table = &before.name;
        let name = self.out.table(table);
        if !columns.to.is_empty() {
            self.out.ask_duplicates(before, &columns.to);
        }
        if !columns.from.is_empty() {
            // Whatever its name is: the table may have been made under another one.
            let class = quote_string(POSTGRES, &name);
            self.out.sql(format!(
                "DO $do$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) \
                 FROM pg_constraint WHERE conrelid = {class}::regclass AND contype = 'p'); END $do$"
            ));
        }
        if !columns.to.is_empty() {
            self.out.sql(format!("ALTER TABLE {name} ADD PRIMARY KEY {}", self.out.list(&columns.to)));
        }
        // A column that left the key keeps NOT NULL until it is told otherwise, as its state does.
    }

    fn add_last(
        &mut self,
        table: &TableName,
        write: impl FnOnce(&mut crate::ddl::parts::Parts<'_>, &Table) -> Option<String>,
    ) {
        let Some(after) = self.state.tables.get(table).cloned() else { return };
        if let Some(text) = self.out.parts(&after, &self.state, |parts| write(parts, &after)) {
            self.out.sql(format!("ALTER TABLE {} ADD {text}", self.out.table(table)));
        }
    }

    fn drop_constraint(
        &mut self,
        before: &Table,
        at: Option<usize>,
        name: impl FnOnce(&Table, usize) -> Option<String>,
    ) {
        let named = names::named(before, &self.state, POSTGRES);
        if let Some(name) = at.and_then(|at| name(&named, at)) {
            let sql = format!("ALTER TABLE {} DROP CONSTRAINT {}", self.out.table(&before.name), self.out.ident(&name));
            self.out.sql(sql);
        }
    }

    /// The name of an index, in the schema of its table.
    fn index_name(&self, table: &TableName, index: &str) -> String {
        table_name(&TableName { schema: table.schema.clone(), name: index.to_owned() }, POSTGRES)
    }

    fn add_index(&mut self, before: &Table, index: &Index, concurrently: bool) {
        self.out.ask_index(before, index);
        let Some(after) = self.state.tables.get(&before.name).cloned() else { return };
        let at = after.indexes.len().saturating_sub(1);
        let Some(sql) = self.out.parts(&after, &self.state, |parts| parts.index(0, at)) else { return };
        if !concurrently {
            return self.out.sql(sql);
        }
        let named = names::named(&after, &self.state, POSTGRES);
        let name = named.indexes.get(at).and_then(|index| index.name.clone()).unwrap_or_default();
        let create = sql.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
        self.concurrent(&before.name, &name, Some(create));
    }

    fn concurrent(&mut self, table: &TableName, name: &str, create: Option<String>) {
        let quoted = self.index_name(table, name);
        let valid = format!(
            "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass({}) AND indisvalid",
            quote_string(POSTGRES, &quoted)
        );
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {quoted}");
        self.out.step(Action::ConcurrentIndex(ConcurrentIndex { drop, create, valid }), false);
    }

    fn drop_index(&mut self, before: &Table, index: &Index, concurrently: bool) {
        let named = names::named(before, &self.state, POSTGRES);
        let at = before.indexes.iter().position(|other| other == index).filter(|_| index.is_on(POSTGRES));
        let Some(name) = at.and_then(|at| named.indexes.get(at)?.name.clone()) else { return };
        if concurrently {
            return self.concurrent(&before.name, &name, None);
        }
        self.out.sql(format!("DROP INDEX {}", self.index_name(&before.name, &name)));
    }
}

fn changed((from, to): (&Option<String>, &Option<String>)) -> Option<(String, String)> {
    (from != to).then(|| from.clone().zip(to.clone())).flatten()
}

fn spelled(raw: &Option<crate::ir::RawType>) -> Option<&str> {
    raw.as_ref().and_then(|raw| raw.get(POSTGRES))
}

/// A statement that ends with the schema of the connection, whose name is known only there.
fn into_own_schema(moving: &str) -> String {
    let moving = quote_string(POSTGRES, &(moving.replace('%', "%%") + "%I"));
    let block = format!("BEGIN EXECUTE format({moving}, current_schema()); END");
    format!("DO {}", quote_string(POSTGRES, &block))
}

fn label_list(labels: &[String]) -> String {
    labels.iter().map(|label| quote_string(POSTGRES, label)).collect::<Vec<_>>().join(", ")
}

/// What leans on a column and stays: places before and after. Generated columns by name.
struct Dependants {
    columns: Vec<String>,
    uniques: Vec<(usize, usize)>,
    checks: Vec<(usize, usize)>,
    keys: Vec<(usize, usize)>,
    indexes: Vec<(usize, usize)>,
}

impl Dependants {
    /// What leans on a column that gets another type; or, when the column itself goes, all that names it.
    fn of(before: &Table, after: &Table, column: &str, goes: bool) -> Self {
        let reads = |other: &Column| {
            let generated = other.generated.as_ref();
            other.name != column && generated.is_some_and(|generated| generated.expr.columns().contains(&column))
        };
        let both = |other: &&Column| reads(other) && after.column(&other.name).is_some_and(|now| now == *other);
        let columns: Vec<String> = before.columns.iter().filter(both).map(|column| column.name.clone()).collect();
        // What goes with the column, or with one that is computed from it.
        let gone: Vec<&str> = columns.iter().map(String::as_str).chain(goes.then_some(column)).collect();
        let has = |names: &[String]| names.iter().any(|name| gone.contains(&name.as_str()));
        let in_expr = |expr: &crate::ir::Expr| expr.columns().iter().any(|name| *name == column || gone.contains(name));
        let pairs = |before: &mut dyn Iterator<Item = bool>, place: &dyn Fn(usize) -> Option<usize>| {
            let at = before.enumerate().filter(|(_, leans)| *leans).map(|(at, _)| at);
            at.filter_map(|at| Some((at, place(at)?))).collect::<Vec<_>>()
        };
        let leans = |index: &Index| {
            let by_column = index.columns().any(|name| gone.contains(&name));
            index.is_on(POSTGRES) && (by_column || index.expressions().any(in_expr))
        };
        Self {
            uniques: pairs(&mut before.uniques.iter().map(|unique| has(&unique.columns)), &|at| {
                after.uniques.iter().position(|other| Some(other) == before.uniques.get(at))
            }),
            checks: pairs(&mut before.checks.iter().map(|check| in_expr(&check.expr)), &|at| {
                after.checks.iter().position(|other| Some(other) == before.checks.get(at))
            }),
            keys: pairs(&mut before.foreign_keys.iter().map(|key| has(&key.columns)), &|at| {
                after.foreign_keys.iter().position(|other| Some(other) == before.foreign_keys.get(at))
            }),
            indexes: pairs(&mut before.indexes.iter().map(leans), &|at| {
                after.indexes.iter().position(|other| Some(other) == before.indexes.get(at))
            }),
            columns,
        }
    }
}
