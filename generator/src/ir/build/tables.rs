//! Tables: columns, defaults and expressions.

use std::collections::BTreeSet;

use super::{Builder, column_id, shown};
use crate::codes;
use crate::diag::{Place, suggest_help};
use crate::ir::check::defaults;
use crate::ir::draft::{self, At, RawDefault, RawExpr};
use crate::ir::table::Default as ColumnDefault;
use crate::ir::{Column, Expr, Generated, Table, TableId, TableKind, TableName};

impl Builder<'_> {
    pub(super) fn tables(&mut self, tables: &[draft::Table], models: &[draft::Model]) {
        let mut folded = BTreeSet::new();
        for draft in tables {
            let name = &draft.name;
            if name.value.name.is_empty() || name.value.name.contains('\0') {
                let help = "give the table a name with `table:`";
                self.broken(codes::INVALID_NAME, &name.place, "a table's name is empty or contains NUL", help);
                self.left_out.insert(name.value.clone());
                continue;
            }
            if self.table_ids.contains_key(&name.value) {
                self.second_table(name, models);
                continue;
            }
            let fold = (name.value.schema.clone(), name.value.name.to_lowercase());
            if !folded.insert(fold) {
                let message =
                    format!("the table `{}` differs from another one only by upper and lower case", shown(&name.value));
                self.warn(codes::DUPLICATE_NAME, &name.place, message, "SQLite takes them for one: rename one of them");
            }
            let table = self.table_of(draft);
            if table.columns.is_empty() {
                let message = format!("the table `{}` has no columns", shown(&name.value));
                self.broken(
                    codes::EMPTY,
                    &name.place,
                    message,
                    "give it at least one column, for instance `id: bigint primary`",
                );
                if self.lenient {
                    self.left_out.insert(name.value.clone());
                    continue;
                }
            }
            self.keyless(draft, models);
            self.table_ids.insert(name.value.clone(), TableId::from(self.tables.len()));
            self.tables.push(table);
        }
    }

    /// Much of what a model can do is done by its key.
    fn keyless(&mut self, table: &draft::Table, models: &[draft::Model]) {
        // Where there is more to mend, its key may be among that: a word that was misspelt.
        let more = table.columns.is_empty() || self.diagnostics.has_errors();
        if more || table.kind != TableKind::Table || !table.primary_key.is_empty() {
            return;
        }
        let Some(model) = models.iter().find(|model| model.table == table.name.value) else { return };
        if model.keyless {
            return;
        }
        let message = format!(
            "`{}` has no primary key: its rows can be inserted and queried, but not fetched, saved or deleted by key",
            model.name.value
        );
        let help = match self.lenient {
            true => "give the table a primary key in the database, or leave it out with `exclude` under [tables]",
            false => {
                "mark the columns that tell its rows apart with `primary`, for instance `id: bigint primary`; \
                 `primary_key: []` says that none is meant"
            }
        };
        let place = if self.lenient { &table.name.place } else { &model.name.place };
        self.warn(codes::NO_KEY, place, message, help);
    }

    fn second_table(&mut self, name: &At<TableName>, models: &[draft::Model]) {
        let on: Vec<_> = models.iter().filter(|m| m.table == name.value).map(|m| m.name.value.as_str()).collect();
        let message = match on.as_slice() {
            [first, second, ..] => format!("`{first}` and `{second}` are both on the table `{}`", shown(&name.value)),
            _ => format!("the table `{}` is there twice", shown(&name.value)),
        };
        let help = "two models cannot share a table: give one of them another with `table:`";
        self.left_out.insert(name.value.clone());
        self.broken(codes::SHARED_TABLE, &name.place, message, help);
    }

    fn table_of(&mut self, draft: &draft::Table) -> Table {
        let mut table = Table {
            name: draft.name.value.clone(),
            kind: draft.kind,
            columns: Vec::with_capacity(draft.columns.len()),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            comment: draft.comment.clone(),
            renamed_from: draft.renamed_from.clone(),
            sqlite: draft.sqlite,
        };
        for column in &draft.columns {
            self.column(&mut table, column);
        }
        self.generated(&mut table, draft);
        self.primary_key(&mut table, draft);
        self.auto_increments(&mut table, draft);
        self.uniques(&mut table, draft);
        self.indexes(&mut table, draft);
        for (name, expr) in &draft.checks {
            let what = name.as_ref().map_or_else(|| "a check".to_owned(), |n| format!("the check `{n}`"));
            if let Some(expr) = self.expr(&table, expr, &what) {
                table.checks.push(crate::ir::Check { name: name.clone(), expr });
            }
        }
        table
    }

    fn column(&mut self, table: &mut Table, draft: &draft::Column) {
        let name = &draft.name;
        if name.value.is_empty() || name.value.contains('\0') {
            let help = "give the column a name";
            return self.broken(codes::INVALID_NAME, &name.place, "a column's name is empty or contains NUL", help);
        }
        if column_id(table, &name.value).is_some() {
            return self.duplicate("the column", name);
        }
        if table.columns.iter().any(|c| c.name.to_lowercase() == name.value.to_lowercase()) {
            let message = format!("the column `{}` differs from another one only by upper and lower case", name.value);
            self.warn(
                codes::DUPLICATE_NAME,
                &name.place,
                message,
                "SQLite and MySQL take them for one: rename one of them",
            );
        }
        let ty = self.resolve(&draft.ty);
        if ty.is_none() && self.lenient {
            return;
        }
        // Without a type it stays, so that nothing else is reported because of it.
        let known = ty.is_some();
        let ty = ty.unwrap_or(crate::ir::SqlType::BigInt { unsigned: false });
        let mut column = Column {
            name: name.value.clone(),
            ty,
            nullable: draft.nullable,
            default: None,
            generated: None,
            collation: draft.collation.clone(),
            comment: draft.comment.clone(),
            renamed_from: draft.renamed_from.clone(),
            declared: draft.declared.clone(),
        };
        column.default = draft.default.as_ref().filter(|_| known).and_then(|default| self.default(&column, default));
        table.columns.push(column);
    }

    fn default(&mut self, column: &Column, default: &At<RawDefault>) -> Option<ColumnDefault> {
        match &default.value {
            RawDefault::Typed(typed) => Some(typed.clone()),
            RawDefault::Written(written) => {
                let ty = self.beneath(&column.ty).clone();
                let labels: Vec<String> = match &ty {
                    crate::ir::SqlType::Enum(id) => {
                        let variants = self.enums.get(id.index()).map(|e| e.variants.as_slice()).unwrap_or_default();
                        variants.iter().map(|v| v.label.clone()).collect()
                    }
                    _ => Vec::new(),
                };
                match defaults::typed(&ty, &labels, written) {
                    Ok(typed) => Some(typed),
                    Err((message, help)) => {
                        self.broken(codes::DEFAULT_VALUE, &default.place, message, help);
                        None
                    }
                }
            }
            RawDefault::Expr(raw) => {
                let what = format!("the default of `{}`", column.name);
                let expr = self.parse(raw, &default.place, &what)?;
                if let Some(name) = expr.columns().first() {
                    let message = format!("{what} refers to a column: `{name}`");
                    let place = default.place.narrow(name);
                    let help = format!("databases do not allow that; put a text in quotes: '{name}'");
                    self.broken(codes::DEFAULT_VALUE, &place, message, help);
                    return None;
                }
                Some(ColumnDefault::Expr(expr))
            }
        }
    }

    /// Generated columns may refer to columns that come after them, so they are read when all are there.
    fn generated(&mut self, table: &mut Table, draft: &draft::Table) {
        for column in &draft.columns {
            let Some((raw, stored)) = &column.generated else { continue };
            let what = format!("the generated column `{}`", column.name.value);
            let Some(expr) = self.expr(table, raw, &what) else { continue };
            if expr.columns().contains(&column.name.value.as_str()) {
                let place = raw.place.narrow(&column.name.value);
                self.broken(codes::EXPRESSION, &place, format!("{what} refers to itself"), "leave its own name out");
                continue;
            }
            if let Some(found) = table.columns.iter_mut().find(|c| c.name == column.name.value) {
                found.generated = Some(Generated { expr, stored: *stored });
            }
        }
    }

    /// An expression over the columns of a table; names are matched as SQL does, without regard to case.
    pub(super) fn expr(&mut self, table: &Table, raw: &At<RawExpr>, what: &str) -> Option<Expr> {
        let mut expr = self.parse(&raw.value, &raw.place, what)?;
        let find = |name: &str| {
            let exact = table.columns.iter().find(|c| c.name == name);
            exact.or_else(|| table.columns.iter().find(|c| c.name.to_lowercase() == name.to_lowercase()))
        };
        if let Some(name) = expr.columns().into_iter().find(|name| find(name).is_none()) {
            let message = format!("{what} names `{name}`, which is no column of `{}`", shown(&table.name));
            let known = suggest_help(name, "columns", table.columns.iter().map(|c| c.name.as_str()));
            let help =
                if known.starts_with("did") { known } else { format!("{known}; a text goes in quotes: '{name}'") };
            let place = raw.place.narrow(name);
            self.broken(codes::UNKNOWN_COLUMN, &place, message, help);
            return None;
        }
        expr.rename_columns(&mut |name| find(name).filter(|c| c.name != name).map(|c| c.name.clone()));
        Some(expr)
    }

    fn parse(&mut self, raw: &RawExpr, place: &Place, what: &str) -> Option<Expr> {
        let text = match raw {
            RawExpr::PerDialect(texts) => return Some(Expr::PerDialect(texts.clone())),
            RawExpr::Neutral(text) => text,
        };
        match Expr::parse_neutral(text) {
            Ok(expr) => Some(expr),
            Err(error) => {
                let place = inside(place, text, error.offset);
                let message = format!("{what} cannot be read: {}", error.message);
                let help = "correct it, or write it per database: { sqlite: …, postgres: …, mysql: … }";
                self.broken(codes::EXPRESSION, &place, message, help);
                None
            }
        }
    }
}

/// The place of an offset in a text, where the text stands in the source as it is.
fn inside(place: &Place, text: &str, offset: usize) -> Place {
    let Place::Text { source, span } = place else { return place.clone() };
    for start in [span.start, span.start + 1] {
        if source.text.get(start..start + text.len()) == Some(text) {
            let at = start + offset.min(text.len());
            return Place::text(source, at..(at + 1).min(start + text.len()).max(at));
        }
    }
    place.clone()
}
