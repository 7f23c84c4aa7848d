//! The tables layer as text, without what a server cannot keep: the names of logical types that it has no type for,
//! names that it makes up, and the order of things.

use pilaster_generator::ir::{
    Action, Column, ColumnId, Default, DialectName, Expr, Index, IndexTarget, Literal, Schema, SqlType, Table,
    TableKind,
};

/// Every table of a schema, as a server of this kind would report it.
pub fn described(schema: &Schema, dialect: DialectName) -> Vec<String> {
    let base = schema.tables.iter().filter(|table| table.kind == TableKind::Table);
    let mut tables: Vec<String> = base.map(|table| Describe { schema, table, dialect }.table()).collect();
    tables.sort();
    tables
}

struct Describe<'a> {
    schema: &'a Schema,
    table: &'a Table,
    dialect: DialectName,
}

impl Describe<'_> {
    fn is_mysql(&self) -> bool {
        self.dialect == DialectName::Mysql
    }

    fn table(&self) -> String {
        let mut lines = vec![format!("{:?} {:?}", self.table.name, self.table.comment)];
        lines.extend(self.table.columns.iter().map(|column| self.column(column)));
        lines.push(format!("  key {:?}", self.names(&self.table.primary_key)));
        let mut rest = self.keys();
        rest.extend(self.table.checks.iter().map(|check| format!("  check {}", self.expr(&check.expr))));
        rest.sort();
        rest.dedup();
        lines.extend(rest);
        lines.join("\n")
    }

    fn names(&self, ids: &[ColumnId]) -> Vec<&str> {
        ids.iter().map(|id| self.table.columns[id.index()].name.as_str()).collect()
    }

    fn column(&self, column: &Column) -> String {
        let ty = self.ty(&column.ty);
        let null = if column.nullable { "null" } else { "" };
        let default = column.default.as_ref().map(|default| self.default(default, &ty)).unwrap_or_default();
        let generated = column.generated.as_ref().map(|generated| {
            // PostgreSQL before 18 stores what is generated.
            let stored = generated.stored || self.dialect == DialectName::Postgres;
            format!(" as {} {stored}", self.expr(&generated.expr))
        });
        // MariaDB takes no NOT NULL for what is generated.
        let null = if self.is_mysql() && generated.is_some() { "" } else { null };
        let (collation, comment) = (&column.collation, &column.comment);
        let generated = generated.unwrap_or_default();
        format!("  {:?} {ty} {null}{default}{generated} {collation:?} {comment:?}", column.name)
    }

    fn ty(&self, ty: &SqlType) -> String {
        match ty {
            SqlType::Custom(id) => self.ty(&self.schema.custom(*id).sql),
            SqlType::Enum(id) => {
                let ty = self.schema.enum_type(*id);
                let labels: Vec<&str> = ty.variants.iter().map(|variant| variant.label.as_str()).collect();
                // On MySQL an enum has no name of its own, and MariaDB reports it in three bytes a character.
                let plain = |label: &str| label.replace(|c| c > '\u{ffff}', "?");
                let labels: Vec<String> = labels
                    .iter()
                    .map(|label| if self.is_mysql() { plain(label) } else { (*label).to_owned() })
                    .collect();
                let name = if self.is_mysql() { String::new() } else { ty.sql_name.to_string() };
                format!("{name} {labels:?}")
            }
            SqlType::TinyInt { .. } if !self.is_mysql() => self.ty(&SqlType::SmallInt { unsigned: false }),
            SqlType::Interval => "Raw interval".to_owned(),
            SqlType::Raw(raw) => format!("Raw {}", raw.get(self.dialect).unwrap_or("?")),
            SqlType::Array(inner) => format!("array of {}", self.ty(inner)),
            // As wide as it gets.
            SqlType::Decimal(None) if self.is_mysql() => self.ty(&SqlType::Decimal(Some((65, 30)))),
            ty => format!("{ty:?}"),
        }
    }

    fn default(&self, default: &Default, ty: &str) -> String {
        match default {
            // Digits as the server likes them.
            Default::Value(Literal::Number(text)) if ty == "Double" || ty == "Real" => {
                format!(" = {}", text.parse::<f64>().unwrap())
            }
            Default::Value(Literal::Number(text)) => {
                let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
                format!(" = {text}")
            }
            Default::Value(value) => format!(" = {value:?}"),
            Default::Expr(expr) => format!(" = {}", self.expr(expr)),
            other => format!(" = {other:?}"),
        }
    }

    /// The text for this database, in which what is written by hand is as it was printed.
    fn expr(&self, expr: &Expr) -> String {
        expr.neutral_text().or_else(|| expr.to_sql(self.dialect)).unwrap_or_else(|| "?".to_owned())
    }

    fn keys(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for unique in &self.table.uniques {
            lines.push(format!("  unique {:?} {:?}", unique.name, self.names(&unique.columns)));
        }
        for index in &self.table.indexes {
            if index.only.is_empty() || index.only.contains(&self.dialect) {
                lines.push(self.index(index));
            }
        }
        for key in &self.table.foreign_keys {
            let target = self.schema.table(key.table);
            let references: Vec<&str> =
                key.references.iter().map(|id| target.columns[id.index()].name.as_str()).collect();
            let action = |action: Action| match action {
                // InnoDB knows no difference.
                Action::Restrict if self.is_mysql() => Action::NoAction,
                other => other,
            };
            lines.push(format!(
                "  foreign {:?} {:?} -> {:?} {references:?} delete {:?} update {:?} {}",
                key.name,
                self.names(&key.columns),
                target.name,
                action(key.on_delete),
                action(key.on_update),
                key.deferred,
            ));
        }
        lines
    }

    fn index(&self, index: &Index) -> String {
        let part = |part: &pilaster_generator::ir::IndexPart| {
            let target = match &part.target {
                IndexTarget::Column(id) => self.table.columns[id.index()].name.clone(),
                IndexTarget::Expr(expr) => self.expr(expr),
            };
            format!("{target}{}", if part.desc { " desc" } else { "" })
        };
        let parts: Vec<String> = index.parts.iter().map(part).collect();
        let plain = index.parts.iter().all(|part| !part.desc && matches!(part.target, IndexTarget::Column(_)));
        if self.is_mysql() && index.unique && plain {
            // Its name tells that it was an index once.
            let made =
                pilaster_generator::ddl::made_name(&self.table.name.name, parts.iter().map(String::as_str), "idx");
            return format!("  unique {:?} {parts:?}", index.name.clone().or(Some(made)));
        }
        let predicate = index.predicate.as_ref().map(|expr| self.expr(expr));
        format!("  index {:?} {parts:?} unique {} where {predicate:?}", index.name, index.unique)
    }
}
