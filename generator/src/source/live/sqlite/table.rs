//! One table of the catalog as a draft table.

use super::super::given_name;
use super::catalog::{Column as Row, Index as IndexRow, Object};
use super::create_sql::{self, Check};
use super::expression::{self, expression};
use super::{column_place, default, table_place, types};
use crate::codes;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ir::draft::{At, Column, Draft, Enum, Index, IndexPart, IndexTarget, RawDefault, Table, Type};
use crate::ir::{Default, RawType, SqlType, SqliteOptions, TableKind, TableName};
use crate::names;

/// Adds a table, and the enums that its checks stand for.
pub(super) fn read(name: &str, object: &Object, draft: &mut Draft, diagnostics: &mut Diagnostics) {
    let text = create_sql::table(&object.sql);
    let names: Vec<&str> = object.columns.iter().map(|column| column.name.as_str()).collect();
    let context = Context { name, object, text: &text, names: &names };
    context.warn(diagnostics);
    let mut table = Table {
        name: At::new(TableName { schema: None, name: name.to_owned() }, table_place(name)),
        kind: if object.kind == "view" { TableKind::View } else { TableKind::Table },
        columns: context.columns(),
        primary_key: context.primary_key(),
        uniques: context.uniques(),
        indexes: context.indexes(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
        renamed_from: None,
        sqlite: SqliteOptions {
            strict: object.strict,
            without_rowid: object.without_rowid,
            autoincrement: text.autoincrement,
        },
    };
    if object.kind == "table" {
        context.checks(&mut table, &mut draft.enums);
    }
    draft.tables.push(table);
}

/// What is known about the table that is read.
struct Context<'a> {
    name: &'a str,
    object: &'a Object,
    text: &'a create_sql::Table,
    names: &'a [&'a str],
}

impl Context<'_> {
    fn columns(&self) -> Vec<Column> {
        // Hidden columns exist in virtual tables only.
        self.object.columns.iter().filter(|column| column.hidden != 1).map(|column| self.column(column)).collect()
    }

    fn column(&self, row: &Row) -> Column {
        let place = column_place(self.name, &row.name);
        let text = self.text.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&row.name));
        let ty = self.logical(row);
        let rowid = self.is_rowid(row);
        let declared = (self.object.kind == "table"
            && types::differ(&row.declared, &types::ours(&ty, self.object.strict, rowid)))
        .then(|| RawType { sqlite: Some(row.declared.clone()), ..RawType::default() });
        let generated = text
            .and_then(|column| column.generated.as_ref())
            .filter(|_| row.hidden >= 2)
            .map(|text| (At::new(expression(text, self.names), place.clone()), row.hidden == 3));
        let default = match (&row.default, rowid && !self.is_foreign(row)) {
            (_, true) => Some(RawDefault::Typed(Default::AutoIncrement)),
            (Some(text), false) if generated.is_none() => default::default(text, &ty, self.names),
            _ => None,
        };
        Column {
            name: At::new(row.name.clone(), place.clone()),
            ty: At::new(Type::Plain(ty), place.clone()),
            nullable: !row.not_null && row.key == 0,
            default: default.map(|default| At::new(default, place)),
            generated,
            collation: text
                .and_then(|column| column.collation.clone())
                .filter(|collation| !collation.eq_ignore_ascii_case("binary")),
            comment: None,
            renamed_from: None,
            declared,
            spelled: None,
        }
    }

    fn logical(&self, row: &Row) -> SqlType {
        if self.object.kind == "view" && ["", "NUM"].contains(&row.declared.as_str()) {
            types::computed(&row.declared)
        } else {
            types::logical(&row.declared, self.object.strict).ty
        }
    }

    /// Whether a column is another name of the row id, which SQLite numbers by itself: the only key column, of the
    /// type `INTEGER`, for which there is no index.
    fn is_rowid(&self, row: &Row) -> bool {
        row.key == 1
            && self.object.columns.iter().filter(|column| column.key > 0).count() == 1
            && !self.object.without_rowid
            && row.declared.eq_ignore_ascii_case("INTEGER")
            && !self.object.indexes.iter().any(|index| index.origin == "pk")
    }

    /// Whether a column is a foreign key: then its value is another row's, never a new number.
    fn is_foreign(&self, row: &Row) -> bool {
        let here =
            |key: &super::catalog::ForeignKey| key.columns.iter().any(|(c, _)| c.eq_ignore_ascii_case(&row.name));
        self.object.foreign_keys.iter().any(here)
    }

    fn primary_key(&self) -> Vec<At<String>> {
        let mut columns: Vec<&Row> = self.object.columns.iter().filter(|column| column.key > 0).collect();
        columns.sort_by_key(|column| column.key);
        columns.iter().map(|column| self.at(&column.name)).collect()
    }

    fn uniques(&self) -> Vec<(Option<String>, Vec<At<String>>)> {
        let of_constraint = |index: &&IndexRow| index.origin == "u";
        self.object
            .indexes
            .iter()
            .filter(of_constraint)
            .map(|index| {
                let columns: Vec<&str> = index.parts.iter().filter_map(|part| part.column.as_deref()).collect();
                let same = |named: &[String]| {
                    named.len() == columns.len() && named.iter().zip(&columns).all(|(a, b)| a.eq_ignore_ascii_case(b))
                };
                let name = self.text.uniques.iter().find(|(_, named)| same(named)).map(|(name, _)| name.clone());
                (name, columns.iter().map(|column| self.at(column)).collect())
            })
            .collect()
    }

    fn indexes(&self) -> Vec<Index> {
        let mut rows: Vec<&IndexRow> = self.object.indexes.iter().filter(|index| index.origin == "c").collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows.iter().map(|row| self.index(row)).collect()
    }

    fn index(&self, row: &IndexRow) -> Index {
        let place = Place::Object(format!("table \"{}\", index \"{}\"", self.name, row.name));
        let text = create_sql::index(row.sql.as_deref().unwrap_or(""));
        let parts = row.parts.iter().enumerate().map(|(at, part)| {
            let written = text.parts.get(at).map_or("", String::as_str);
            let collated = text.collated.get(at).copied().unwrap_or(false);
            let target = match &part.column {
                Some(column) if !collated => IndexTarget::Column(At::new(column.clone(), place.clone())),
                _ => IndexTarget::Expr(At::new(expression(written, self.names), place.clone())),
            };
            IndexPart { target, desc: part.desc }
        });
        let parts: Vec<IndexPart> = parts.collect();
        let columns = parts.iter().filter_map(|part| match &part.target {
            IndexTarget::Column(column) => Some(column.value.clone()),
            IndexTarget::Expr(_) => None,
        });
        let given = given_name(&row.name, self.name, &columns.collect::<Vec<_>>(), "idx");
        Index {
            name: given.map(|given| At::new(given, place.clone())),
            parts,
            unique: row.unique,
            predicate: text.predicate.map(|text| At::new(expression(&text, self.names), place.clone())),
            only: Vec::new(),
            place: place.clone(),
        }
    }

    /// Checks, and enums for those that list the labels of a text column.
    fn checks(&self, table: &mut Table, enums: &mut Vec<Enum>) {
        for check in &self.text.checks {
            if !self.enumerate(check, table, enums) {
                let condition = At::new(expression(&check.condition, self.names), table_place(self.name));
                table.checks.push((check.name.clone(), condition));
            }
        }
    }

    /// Makes a text column an enum when a check lists its labels.
    fn enumerate(&self, check: &Check, table: &mut Table, enums: &mut Vec<Enum>) -> bool {
        let Some((name, labels)) = expression::labels(&check.condition) else { return false };
        let Some(column) = table.columns.iter_mut().find(|column| column.name.value.eq_ignore_ascii_case(&name)) else {
            return false;
        };
        let is_text = matches!(column.ty.value, Type::Plain(SqlType::Text | SqlType::String(_)));
        let fits = |default: &At<RawDefault>| match &default.value {
            RawDefault::Written(text) => labels.contains(text),
            _ => true,
        };
        if !is_text || column.collation.is_some() || !column.default.as_ref().is_none_or(fits) {
            return false;
        }
        let place = column.name.place.clone();
        let name = names::column_enum(self.name, &column.name.value);
        let declared = self.object.columns.iter().find(|row| row.name == column.name.value).map(|row| &row.declared);
        column.declared = declared
            .filter(|declared| types::differ(declared, "TEXT"))
            .map(|declared| RawType { sqlite: Some(declared.clone()), ..RawType::default() });
        column.ty.value = Type::Named(name.clone());
        enums.push(Enum {
            sql_name: TableName::plain(names::table(&name)),
            name: At::new(name, place.clone()),
            variants: labels.into_iter().map(|label| (At::new(label, place.clone()), None)).collect(),
        });
        true
    }

    fn warn(&self, diagnostics: &mut Diagnostics) {
        self.warn_of_types(diagnostics);
        self.warn_of_keys(diagnostics);
        for clause in &self.text.unknown {
            let message = format!("`{clause}` is left out: it has no counterpart");
            diagnostics.push(
                Diagnostic::warning(codes::LIVE_CLAUSE, table_place(self.name), message)
                    .help("the database goes on applying it; take it out if new tables are made from this schema"),
            );
        }
        for index in self.object.indexes.iter().filter(|index| index.origin == "u") {
            let own = |part: &super::catalog::IndexPart| {
                let column = self.text.columns.iter().find(|column| Some(&column.name) == part.column.as_ref());
                let usual = column.and_then(|column| column.collation.as_deref()).unwrap_or("BINARY");
                !part.collation.eq_ignore_ascii_case(usual)
            };
            for part in index.parts.iter().filter(|part| own(part)) {
                let message = format!("a unique constraint's `COLLATE {}` is left out", part.collation);
                let place = column_place(self.name, part.column.as_deref().unwrap_or(""));
                diagnostics.push(
                    Diagnostic::warning(codes::LIVE_CLAUSE, place, message)
                        .help("give the column itself the collation, or use a unique index"),
                );
            }
        }
    }

    /// One warning per table, so that a file without types does not flood the list.
    fn warn_of_types(&self, diagnostics: &mut Diagnostics) {
        let view = self.object.kind == "view";
        let uncertain: Vec<String> = self
            .object
            .columns
            .iter()
            .filter(|row| !types::logical(&row.declared, self.object.strict).certain)
            .map(|row| match row.declared.as_str() {
                "" => format!("\"{}\"", row.name),
                declared => format!("\"{}\" {declared}", row.name),
            })
            .collect();
        let Some(first) =
            self.object.columns.iter().find(|row| !types::logical(&row.declared, self.object.strict).certain)
        else {
            return;
        };
        let why = if view {
            "SQLite does not know the type of a computed column"
        } else {
            "the declared type says too little"
        };
        let message = format!("{why}, and this is read as a guess: {}", uncertain.join(", "));
        let help = format!(
            "say what it is in pilaster.toml, for instance [types] \"{}.{}\" = \"double\"",
            self.name, first.name
        );
        diagnostics.push(Diagnostic::warning(codes::LIVE_TYPE, table_place(self.name), message).help(help));
    }

    /// Key columns that may be NULL: SQLite allows it in tables whose rows have an id of their own beside the key.
    fn warn_of_keys(&self, diagnostics: &mut Diagnostics) {
        let nullable: Vec<String> = self
            .object
            .columns
            .iter()
            .filter(|row| row.key > 0 && !row.not_null && !self.is_rowid(row))
            .map(|row| format!("\"{}\"", row.name))
            .collect();
        if nullable.is_empty() {
            return;
        }
        let message = format!("the key may hold NULL, which SQLite allows; read as NOT NULL: {}", nullable.join(", "));
        diagnostics.push(
            Diagnostic::warning(codes::LIVE_NULL_KEY, table_place(self.name), message)
                .help("declare the key columns NOT NULL; a row with NULL in its key cannot be read"),
        );
    }

    fn at(&self, column: &str) -> At<String> {
        At::new(column.to_owned(), column_place(self.name, column))
    }
}
