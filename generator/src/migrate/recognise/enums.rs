//! Enums where the database has no types for them: SQLite and MySQL keep the labels at every column, without a name.

use std::collections::BTreeMap;

use crate::ir::{DialectName, TableName};
use crate::migrate::state::{State, Table, Type, enum_of};

/// Which columns of a report have which enum of the schema, and what labels that has there.
pub(super) struct Labels {
    /// Whether the report names its enums itself.
    named: bool,
    columns: BTreeMap<(TableName, String), TableName>,
    labels: BTreeMap<TableName, Vec<String>>,
}

impl Labels {
    /// The columns of an enum all change with it, so it is recognised where they have the same labels, whichever those
    /// are; else only where they are the ones of the schema.
    pub(super) fn of(found: &State, wanted: &State, dialect: DialectName) -> Self {
        let named = dialect == DialectName::Postgres;
        let mut all = Self { named, columns: BTreeMap::new(), labels: BTreeMap::new() };
        if named {
            return all;
        }
        for (name, labels) in &wanted.enums {
            let users: Vec<(&Table, &str, &Vec<String>)> = wanted
                .users_of_enum(name)
                .filter_map(|(table, column)| {
                    let there = found.tables.get(&table.name)?.column(&column.name)?;
                    Some((table, column.name.as_str(), found.enums.get(enum_of(&there.ty)?)?))
                })
                .collect();
            let first = users.first().map(|(.., first)| *first).filter(|first| !same(first, labels, dialect));
            let common = first.filter(|first| users.iter().all(|(.., other)| other == first));
            let common = common.unwrap_or(labels);
            for (table, column, _) in users.iter().filter(|(.., other)| same(other, common, dialect)) {
                all.columns.insert((table.name.clone(), (*column).to_owned()), name.clone());
            }
            all.labels.insert(name.clone(), common.clone());
        }
        all
    }

    /// The type of a column, by the schema's name of its enum.
    pub(super) fn ty(&self, table: &TableName, column: &str, ty: &Type) -> Type {
        match self.columns.get(&(table.clone(), column.to_owned())) {
            Some(name) => Type::Named(name.clone()),
            None => ty.clone(),
        }
    }

    /// The enums that there are: those of the schema, and what is left of the report's own.
    pub(super) fn enums(&self, found: &State, tables: &BTreeMap<TableName, Table>) -> BTreeMap<TableName, Vec<String>> {
        if self.named {
            return found.enums.clone();
        }
        let mut enums = self.labels.clone();
        let columns = tables.values().flat_map(|table| &table.columns);
        for name in columns.filter_map(|column| enum_of(&column.ty)).filter(|name| !self.labels.contains_key(*name)) {
            enums.extend(found.enums.get(name).map(|labels| (name.clone(), labels.clone())));
        }
        enums
    }
}

/// Whether labels are the same. MariaDB prints a `?` for every character outside the basic plane.
fn same(found: &[String], wanted: &[String], dialect: DialectName) -> bool {
    let kept = |label: &String| match dialect {
        DialectName::Mysql => label.replace(|c| c > '\u{ffff}', "?"),
        _ => label.clone(),
    };
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(one, other)| *one == kept(other))
}
