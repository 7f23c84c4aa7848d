//! Keys and indexes. A unique constraint is a unique index there.

use super::super::given_name;
use super::super::server::{at, left_out, part_place};
use super::Reader;
use super::catalog::{IndexPart as Row, Name};
use super::column::is_of_versions;
use super::shown;
use crate::diag::{Diagnostics, Place};
use crate::ir::TableName;
use crate::ir::draft::{At, Index, IndexPart, IndexTarget};

/// What the indexes of a table stand for.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    pub primary_key: Vec<String>,
    pub uniques: Vec<(Option<String>, Vec<At<String>>)>,
    pub indexes: Vec<Index>,
}

impl Reader<'_> {
    pub(super) fn indexes(&self, table: &Name, name: &TableName, diagnostics: &mut Diagnostics) -> Indexes {
        let mut found = Indexes::default();
        let rows = self.rows.index_parts.get(table).map_or(&[][..], Vec::as_slice);
        let periods = self.version_columns(table);
        for parts in rows.chunk_by(|a, b| a.index == b.index) {
            // MariaDB adds the end of a version to all that is unique among those that hold.
            let is_part = |part: &&Row| !(part.unique && part.column.as_deref().is_some_and(|c| periods.contains(&c)));
            let parts: &[&Row] = &parts.iter().copied().filter(is_part).collect::<Vec<_>>();
            let Some(first) = parts.first() else { continue };
            let place = part_place(name, "index", &first.index);
            if let Some(why) = impossible(parts) {
                left_out(diagnostics, place, format!("the index is left out: {why}"));
                continue;
            }
            let columns: Vec<String> = parts.iter().filter_map(|part| part.column.clone()).collect();
            let plain = parts.iter().all(|part| !part.desc);
            self.warn_of_index(table, first, &place, diagnostics);
            if first.index == "PRIMARY" {
                if !plain {
                    left_out(diagnostics, place, "that columns of the key are sorted DESC is left out");
                }
                found.primary_key = columns;
            } else if plain && first.unique {
                let given = given_name(&first.index, &name.name, &columns, "key");
                found.uniques.push((given, at(&columns, &place)));
            } else if !(plain && self.belongs_to_key(table, &first.index, &columns)) {
                found.indexes.push(index(name, parts, &columns, place));
            }
        }
        found
    }

    /// The columns that say from when to when a version of a row holds.
    pub(super) fn version_columns(&self, table: &Name) -> Vec<&str> {
        let rows = self.rows.columns.get(table).into_iter().flatten();
        rows.filter(|row| is_of_versions(row)).map(|row| row.name.as_str()).collect()
    }

    fn warn_of_index(&self, table: &Name, first: &Row, place: &Place, diagnostics: &mut Diagnostics) {
        if first.ignored {
            let word = if self.catalog.mariadb { "IGNORED" } else { "INVISIBLE" };
            left_out(diagnostics, place.clone(), format!("that it is {word} is left out"));
        }
        if self.catalog.texts.get(table).is_some_and(|text| shown::is_without_overlaps(text, &first.index)) {
            left_out(diagnostics, place.clone(), "WITHOUT OVERLAPS is left out: it is read as one over the columns");
        }
    }

    /// Whether an index is the one that the server makes for a foreign key without one.
    fn belongs_to_key(&self, table: &Name, index: &str, columns: &[String]) -> bool {
        let parts = self.rows.key_parts.get(table).into_iter().flatten().filter(|part| part.key == index);
        parts.map(|part| part.column.as_str()).eq(columns.iter().map(String::as_str))
    }
}

fn index(name: &TableName, rows: &[&Row], columns: &[String], place: Place) -> Index {
    let part = |(row, column): (&&Row, &String)| IndexPart {
        target: IndexTarget::Column(At::new(column.clone(), place.clone())),
        desc: row.desc,
    };
    let first = rows.first();
    let given = first.and_then(|first| given_name(&first.index, &name.name, columns, "idx"));
    Index {
        name: given.map(|given| At::new(given, place.clone())),
        parts: rows.iter().zip(columns).map(part).collect(),
        unique: first.is_some_and(|first| first.unique),
        predicate: None,
        only: Vec::new(),
        place,
    }
}

/// Why an index has no counterpart.
fn impossible(rows: &[&Row]) -> Option<String> {
    let first = rows.first()?;
    if ["FULLTEXT", "SPATIAL", "RTREE", "VECTOR"].contains(&first.method.as_str()) {
        return Some(format!("it is {}", first.method));
    }
    if rows.iter().any(|row| row.column.is_none()) {
        // MariaDB has no such index, and DDL of ours is for both.
        return Some("it is over an expression".to_owned());
    }
    let prefix = rows.iter().find_map(|row| row.prefix.zip(row.column.as_ref()));
    prefix.map(|(length, column)| format!("it holds the first {length} characters of \"{column}\" only"))
}
