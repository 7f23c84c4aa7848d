//! Enums of PostgreSQL: labels are added to a type, and for anything else the type is made anew.

use super::{Dependants, POSTGRES, Walk, label_list};
use crate::ddl::parts::{distinct_name, enum_type_name, made_name};
use crate::ir::quote::quote_string;
use crate::ir::{Default, TableName};
use crate::migrate::change::Change;
use crate::migrate::replay;
use crate::migrate::script::Action;
use crate::migrate::state::{Column, Table, Type};

impl Walk<'_, '_> {
    /// A new label cannot be used in the transaction that adds it, so it is added by itself; saying so twice does no
    /// harm.
    pub(super) fn add_label(&mut self, name: &TableName, label: &str, before: Option<&str>) {
        let before = before.map(|other| format!(" BEFORE {}", quote_string(POSTGRES, other))).unwrap_or_default();
        let label = quote_string(POSTGRES, label);
        let sql = format!("ALTER TYPE {} ADD VALUE IF NOT EXISTS {label}{before}", enum_type_name(name));
        self.out.step(Action::Sql(sql), false);
        self.out.relabels(&self.state, name);
    }

    /// Makes the type anew with other labels, or the same in another order, and moves its columns to it.
    pub(super) fn enum_anew(&mut self, change: &Change) -> Result<(), replay::Misfit> {
        let (name, removed) = match change {
            Change::RemoveEnumLabel { name, label, replacement, .. } => (name, Some((label, replacement.as_ref()))),
            Change::OrderEnum { name, .. } => (name, None),
            _ => return Ok(()),
        };
        let users: Vec<(Table, Column)> =
            self.state.users_of_enum(name).map(|(table, column)| (table.clone(), column.clone())).collect();
        replay::apply(&mut self.state, change)?;
        let labels = self.state.enums.get(name).cloned().unwrap_or_default();
        if let Some((label, None)) = removed {
            for (table, column) in &users {
                let quoted = self.out.ident(&column.name);
                let label_text = quote_string(POSTGRES, label);
                let condition = match column.ty {
                    Type::Array(_) => format!("{label_text} = ANY ({quoted}::text[])"),
                    _ => format!("{quoted}::text = {label_text}"),
                };
                self.out.ask_label(&table.name, &column.name, &condition, label);
            }
        }
        let (ty, old) = (enum_type_name(name), self.spare_type(name));
        self.out.sql(format!("ALTER TYPE {ty} RENAME TO {}", self.out.ident(&old.name)));
        self.out.sql(format!("CREATE TYPE {ty} AS ENUM ({})", label_list(&labels)));
        for (table, column) in &users {
            self.move_column(table, column, &ty, removed);
        }
        self.out.sql(format!("DROP TYPE {}", enum_type_name(&old)));
        self.out.relabels(&self.state, name);
        Ok(())
    }

    fn spare_type(&self, name: &TableName) -> TableName {
        let plain = made_name(&format!("{}_", name.name), std::iter::empty(), "old");
        let mut spare = TableName { name: plain, ..name.clone() };
        while self.state.enums.contains_key(&spare) {
            spare.name = distinct_name(&spare.name, &spare.name, "old");
        }
        spare
    }

    fn move_column(&mut self, table: &Table, column: &Column, ty: &str, removed: Option<(&String, Option<&String>)>) {
        let quoted = self.out.ident(&column.name);
        let after = self.state.tables.get(&table.name).cloned().unwrap_or_else(|| table.clone());
        let dependants = Dependants::of(table, &after, &column.name, false);
        self.drop_dependants(table, &dependants);
        let default = column.default.is_some() && column.default != Some(Default::AutoIncrement);
        if default {
            self.out.alter(&table.name, format!("ALTER COLUMN {quoted} DROP DEFAULT"));
        }
        let (suffix, text) = match column.ty {
            Type::Array(_) => ("[]", format!("{quoted}::text[]")),
            _ => ("", format!("{quoted}::text")),
        };
        let value = match removed {
            Some((label, Some(other))) => {
                let (label, other) = (quote_string(POSTGRES, label), quote_string(POSTGRES, other));
                match column.ty {
                    Type::Array(_) => format!("array_replace({text}, {label}, {other})"),
                    _ => format!("(CASE {text} WHEN {label} THEN {other} ELSE {text} END)"),
                }
            }
            _ => text,
        };
        self.out.alter(&table.name, format!("ALTER COLUMN {quoted} TYPE {ty}{suffix} USING {value}::{ty}{suffix}"));
        if default {
            let bare = Column { default: None, ..column.clone() };
            self.set_default(&after, &bare, column);
        }
        self.add_dependants(&after, &dependants);
        self.out.touched.insert(table.name.clone());
    }
}
