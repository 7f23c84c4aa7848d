//! Questions to the rows that are there, in the SQL that all databases share.

use super::{Out, knows, quoted};
use crate::ir::{Check, Expr, TableName};
use crate::migrate::script::Precheck;
use crate::migrate::state::{ForeignKey, Index, IndexTarget, Table};

impl Out<'_> {
    /// Asks that a table has no rows.
    pub(super) fn ask_empty(&mut self, table: &TableName, column: &str) {
        let check = Precheck {
            sql: format!("SELECT count(*) FROM {}", self.table(table)),
            message: format!(
                "{} has {{count}} rows, and nothing says what they get in the new column `{column}`, which takes no NULL",
                quoted(table)
            ),
            help: "add `fill:` with a value to the change, give the column a default, or let it take NULL".to_owned(),
        };
        self.ask(&[(table, Vec::new())], check);
    }

    /// Asks that no row has NULL in a column.
    pub(super) fn ask_nulls(&mut self, table: &TableName, column: &str) {
        let check = Precheck {
            sql: format!("SELECT count(*) FROM {} WHERE {} IS NULL", self.table(table), self.ident(column)),
            message: format!("{{count}} rows of {} have NULL in `{column}`, which is no longer allowed", quoted(table)),
            help: "add `fill:` with a value to the change, or fill the rows before".to_owned(),
        };
        self.ask(&[(table, vec![column])], check);
    }

    /// Asks that no two rows have the same values in columns that are there.
    pub(super) fn ask_duplicates(&mut self, table: &Table, columns: &[String]) {
        if columns.iter().any(|column| table.column(column).is_none()) {
            return;
        }
        let parts = columns.iter().map(|column| self.ident(column)).collect();
        self.duplicates(table, texts(columns), parts, None, &columns.join(", "));
    }

    /// Asks that no two rows have the same key in a unique index.
    pub(super) fn ask_index(&mut self, table: &Table, index: &Index) {
        let there = index.columns().all(|column| table.column(column).is_some());
        if !index.unique || !there || !index.expressions().all(|expr| knows(table, expr)) {
            return;
        }
        let asked = match index.expressions().any(|expr| matches!(expr, Expr::PerDialect(_))) {
            // Nobody knows which.
            true => table.columns.iter().map(|column| column.name.as_str()).collect(),
            false => index.columns().chain(index.expressions().flat_map(Expr::columns)).collect(),
        };
        let mut parts = Vec::new();
        for part in &index.parts {
            match &part.target {
                IndexTarget::Column(column) => parts.push(self.ident(column)),
                IndexTarget::Expr(expr) => match expr.to_sql(self.dialect) {
                    Some(text) => parts.push(format!("({text})")),
                    None => return,
                },
            }
        }
        let condition = index.predicate.as_ref().and_then(|expr| expr.to_sql(self.dialect));
        let shown = index.columns().collect::<Vec<_>>().join(", ");
        self.duplicates(table, asked, parts, condition, &shown);
    }

    /// Asks that no two rows have the same values of some parts, which name these columns.
    fn duplicates(
        &mut self,
        table: &Table,
        columns: Vec<&str>,
        parts: Vec<String>,
        condition: Option<String>,
        shown: &str,
    ) {
        let given = parts.iter().map(|part| format!("{part} IS NOT NULL"));
        let condition = given.chain(condition.map(|text| format!("({text})"))).collect::<Vec<_>>().join(" AND ");
        let (name, parts) = (self.table(&table.name), parts.join(", "));
        let groups = format!("SELECT 1 AS one FROM {name} WHERE {condition} GROUP BY {parts} HAVING count(*) > 1");
        let check = Precheck {
            sql: format!("SELECT count(*) FROM ({groups}) AS doubles"),
            message: format!(
                "{{count}} values of ({shown}) stand in several rows of {}, and have to be unique",
                quoted(&table.name)
            ),
            help: "change or delete the rows that are too many before".to_owned(),
        };
        self.ask(&[(&table.name, columns)], check);
    }

    /// Asks that all rows keep a check.
    pub(super) fn ask_check(&mut self, table: &Table, check: &Check) {
        if !knows(table, &check.expr) || matches!(check.expr, Expr::PerDialect(_)) {
            return;
        }
        let Some(text) = check.expr.to_sql(self.dialect) else { return };
        let name = check.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let question = Precheck {
            sql: format!("SELECT count(*) FROM {} WHERE NOT ({text})", self.table(&table.name)),
            message: format!("{{count}} rows of {} break the new check{name}", quoted(&table.name)),
            help: "correct the rows before".to_owned(),
        };
        self.ask(&[(&table.name, check.expr.columns())], question);
    }

    /// Asks that all rows of a new foreign key have a target.
    pub(super) fn ask_orphans(&mut self, table: &Table, key: &ForeignKey, target: Option<&Table>) {
        let known = |table: &Table, columns: &[String]| columns.iter().all(|column| table.column(column).is_some());
        if !known(table, &key.columns) || !target.is_some_and(|target| known(target, &key.references)) {
            return;
        }
        let given = key.columns.iter().map(|column| format!("child.{} IS NOT NULL", self.ident(column)));
        let given = given.collect::<Vec<_>>().join(" AND ");
        let pairs = key.columns.iter().zip(&key.references);
        let same = pairs.map(|(here, there)| format!("parent.{} = child.{}", self.ident(there), self.ident(here)));
        let same = same.collect::<Vec<_>>().join(" AND ");
        let (child, parent) = (self.table(&table.name), self.table(&key.table));
        let check = Precheck {
            sql: format!(
                "SELECT count(*) FROM {child} AS child WHERE {given} \
                 AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE {same})"
            ),
            message: format!(
                "{{count}} rows of {} point with ({}) to rows of {} that are not there",
                quoted(&table.name),
                key.columns.join(", "),
                quoted(&key.table)
            ),
            help: "delete those rows, or set the columns to NULL before".to_owned(),
        };
        self.ask(&[(&table.name, texts(&key.columns)), (&key.table, texts(&key.references))], check);
    }

    /// Asks that no row meets a condition that stands in the way.
    pub(super) fn ask_condition(&mut self, table: &TableName, column: &str, condition: &str, what: &str) {
        let check = Precheck {
            sql: format!("SELECT count(*) FROM {} WHERE {condition}", self.table(table)),
            message: format!("{{count}} values of `{column}` of {} {what}", quoted(table)),
            help: "correct the rows before, or add `using:` with a conversion to the change".to_owned(),
        };
        self.ask(&[(table, vec![column])], check);
    }

    /// Asks that no row has a label that goes.
    pub(super) fn ask_label(&mut self, table: &TableName, column: &str, condition: &str, label: &str) {
        let check = Precheck {
            sql: format!("SELECT count(*) FROM {} WHERE {condition}", self.table(table)),
            message: format!("{{count}} rows of {} have the label {label:?} in `{column}`, which goes", quoted(table)),
            help: "add `replacement:` with another label to the change, or change the rows before".to_owned(),
        };
        self.ask(&[(table, vec![column])], check);
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
