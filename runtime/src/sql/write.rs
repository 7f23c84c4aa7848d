//! The one place that makes query text.

mod asked;
mod assign;
mod bulk_insert;
mod bulk_update;
mod conflict;
mod form;
mod group;
mod kept;
mod level;
mod lock;
mod node;
mod number;
mod own;
mod shape;

use std::fmt::Write as _;

use self::asked::Asked;
pub(crate) use self::bulk_update::BulkUpdate;
pub(crate) use self::conflict::{Conflict, Existing};
pub(crate) use self::kept::SqlText;
use self::level::{Level, Part};
use super::expr::Aggregate;
use super::{Dialect, Join, Node, Order, Projection, Select, Source, Table};
use crate::error::{Error, Result};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::Target;
use crate::value::{Kind, Value};

/// A rendered statement.
#[derive(Debug, Default)]
pub(crate) struct Statement<S = String> {
    pub sql: S,
    pub params: Vec<Value<'static>>,
}

/// An INSERT of some columns of a table.
pub(crate) struct Insert<'a> {
    pub table: Table,
    pub columns: &'a [&'static ColumnMeta],
    pub returning: &'a [&'static ColumnMeta],
    pub existing: Existing<'a>,
}

/// A DELETE, or with assignments an UPDATE, of some rows.
pub(crate) struct Write<'a> {
    pub source: Source,
    pub table: Table,
    pub set: &'a [(&'static ColumnMeta, Node)],
    pub filter: &'a [Node],
}

/// Writes one statement in one dialect.
pub(crate) struct Writer {
    dialect: Dialect,
    out: Statement,
    /// The sources in scope; their place in the statement is their alias.
    scope: Vec<(Source, Alias)>,
    /// Those of them whose rows can be missing, behind a left join.
    optional: Vec<Source>,
    aliases: u32,
    /// The query that is written, and those that it stands in, the outermost first.
    level: Level,
    around: Vec<Level>,
    qualify: bool,
    /// Parameters before those of the writer's own: the columns of an INSERT.
    given: usize,
    /// What the parameters are for, where that is asked.
    target: Option<Target>,
    /// Where rows are grouped or distinct.
    same: Option<group::Same>,
    /// While HAVING is written for MySQL.
    having: Option<group::Having>,
}

#[derive(Clone, Copy)]
enum Alias {
    Number(u32),
    Table(Table),
    /// The row that an INSERT was to add, where it finds another one.
    Excluded,
}

impl Writer {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            out: Statement::default(),
            scope: Vec::new(),
            optional: Vec::new(),
            aliases: 0,
            level: Level::default(),
            around: Vec::new(),
            qualify: true,
            given: 0,
            target: None,
            same: None,
            having: None,
        }
    }

    /// The text and parameters of a SELECT.
    pub(crate) fn select(dialect: Dialect, select: &Select) -> Result<Statement<SqlText>> {
        kept::statement(dialect, select, Asked::Rows)
    }

    /// How many rows a SELECT gives.
    pub(crate) fn count(dialect: Dialect, select: &Select) -> Result<Statement<SqlText>> {
        kept::statement(dialect, select, Asked::Count)
    }

    /// Whether a SELECT gives a row.
    pub(crate) fn exists(dialect: Dialect, select: &Select) -> Result<Statement<SqlText>> {
        kept::statement(dialect, select, Asked::Exists)
    }

    /// The text of an INSERT. The parameters of its rows come first, those here behind them.
    pub(crate) fn insert(dialect: Dialect, insert: &Insert<'_>) -> Result<Statement> {
        Self::with(dialect, |w| w.write_insert(insert))
    }

    fn write_insert(&mut self, insert: &Insert<'_>) -> Result<()> {
        self.push("INSERT INTO ");
        self.table_name(insert.table);
        if insert.columns.is_empty() {
            self.push(if self.dialect == Dialect::Mysql { " () VALUES ()" } else { " DEFAULT VALUES" });
        } else {
            self.push(" (");
            self.separated(insert.columns, |w, column| w.ident(column.name));
            self.push(") VALUES (");
            for at in 0..insert.columns.len() {
                self.push(if at == 0 { "" } else { ", " });
                self.placeholder(at + 1);
            }
            self.push(")");
        }
        self.given = insert.columns.len();
        self.write_existing(insert)?;
        self.write_returning(insert.returning);
        Ok(())
    }

    fn write_returning(&mut self, columns: &[&'static ColumnMeta]) {
        if !columns.is_empty() {
            self.push(" RETURNING ");
            self.separated(columns, |w, column| w.returned(column));
        }
    }

    /// A column that comes back.
    fn returned(&mut self, column: &ColumnMeta) {
        self.as_text(column.kind, |w| w.ident(column.name));
    }

    /// Values of the server's own types come as the text that the server writes.
    fn as_text(&mut self, kind: Kind, write: impl FnOnce(&mut Self)) {
        let (before, behind) = match (kind, self.dialect) {
            (Kind::Server | Kind::Geometry, Dialect::Postgres) => ("", "::text"),
            (Kind::Server, Dialect::Mysql) => ("CAST(", " AS CHAR)"),
            _ => ("", ""),
        };
        self.push(before);
        write(self);
        self.push(behind);
    }

    /// An item of a list that is read: a column of such a type, or anything else.
    fn projected(&mut self, node: &Node) -> Result<()> {
        let kind = if let Node::Column(_, column) = node { column.kind } else { Kind::Text };
        let mut outcome = Ok(());
        self.as_text(kind, |w| outcome = w.write_node(node));
        outcome
    }

    /// The text and parameters of an UPDATE or DELETE.
    pub(crate) fn write(dialect: Dialect, write: &Write<'_>) -> Result<Statement> {
        Self::with(dialect, |w| w.write_change(write))
    }

    fn write_change(&mut self, write: &Write<'_>) -> Result<()> {
        self.scope.push((write.source, Alias::Table(write.table)));
        self.qualify = write.filter.iter().chain(write.set.iter().map(|(_, node)| node)).any(Node::has_subquery);
        if let Some(key) = self.key_to_join(write) {
            return self.write_joined(write, &key);
        }
        self.push(if write.set.is_empty() { "DELETE FROM " } else { "UPDATE " });
        self.table_name(write.table);
        self.push(if write.set.is_empty() { "" } else { " SET " });
        self.write_assignments(write.table, write.source, write.set)?;
        self.write_filter(write)
    }

    fn with(dialect: Dialect, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<Statement> {
        let mut writer = Self::new(dialect);
        writer.out.sql.reserve(256);
        body(&mut writer)?;
        Ok(writer.out)
    }

    fn push(&mut self, text: &str) {
        self.out.sql.push_str(text);
    }

    fn ident(&mut self, name: &str) {
        self.dialect.quote_ident(&mut self.out.sql, name);
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.out.sql, "{number}");
    }

    fn separated<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            each(self, item);
        }
    }

    fn separated_nodes<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>, by: &str) -> Result<()> {
        for (at, node) in nodes.into_iter().enumerate() {
            if at > 0 {
                self.push(by);
            }
            self.write_node(node)?;
        }
        Ok(())
    }

    fn placeholder(&mut self, number: usize) {
        if self.dialect == Dialect::Postgres {
            self.push("$");
            self.number(number);
        } else {
            self.push("?");
        }
    }

    fn bind(&mut self, value: Value<'static>) {
        let next = self.given + self.out.params.len() + 1;
        if let Some(known) = self.same.as_mut().and_then(|same| same.parameter(next)) {
            return self.placeholder(known);
        }
        let (before, behind) = match (&value, self.dialect) {
            // MySQL gets decimals as text, and would compare a DECIMAL with a text as floating point numbers.
            (Value::Decimal(value), Dialect::Mysql) => ("CAST(", format!(" AS DECIMAL(65,{}))", value.scale.min(30))),
            // To MySQL a document is no text. MariaDB, where it is one, does not read these comments.
            (Value::Json(_), Dialect::Mysql) => ("/*!80017 CAST( */ ", " /*!80017 AS JSON) */".to_owned()),
            _ => ("", String::new()),
        };
        self.out.params.push(value);
        self.push(before);
        self.placeholder(next);
        self.push(&behind);
    }

    fn table_name(&mut self, table: Table) {
        let (schema, name) = table.name();
        if let Some(schema) = schema {
            self.ident(schema);
            self.push(".");
        }
        self.ident(name);
    }

    /// The alias of a column's table, which must be in scope.
    fn alias_of(&self, source: Source, column: &str) -> Result<Alias> {
        let alias = self.scope.iter().rev().find(|(known, _)| *known == source).map(|(_, alias)| *alias);
        alias
            .ok_or_else(|| Error::query(format!("column \"{column}\" is used in a query that does not read its table")))
    }

    fn column(&mut self, source: Source, column: &ColumnMeta) -> Result<()> {
        let alias = self.alias_of(source, column.name)?;
        if self.qualify {
            match alias {
                Alias::Number(number) => {
                    self.push("t");
                    self.number(number);
                }
                Alias::Table(table) => self.table_name(table),
                Alias::Excluded if self.dialect == Dialect::Mysql => return self.values_of(column),
                Alias::Excluded => self.push("excluded"),
            }
            self.push(".");
        }
        self.ident(column.name);
        Ok(())
    }

    /// MySQL's word for the row that an INSERT was to add. Newer servers have an alias for it, which MariaDB has not.
    fn values_of(&mut self, column: &ColumnMeta) -> Result<()> {
        self.push("VALUES(");
        self.ident(column.name);
        self.push(")");
        Ok(())
    }

    fn write_select(&mut self, select: &Select) -> Result<()> {
        let outer = self.enter();
        match &select.per {
            Some((per, limit)) => self.apart(|w| w.write_limited(select, per, *limit))?,
            None => {
                let order = match select.is_bare() {
                    true => &[],
                    false => select.check_list().and_then(|()| select.checked_order())?,
                };
                self.push(if select.distinct { "SELECT DISTINCT " } else { "SELECT " });
                self.apart(|w| {
                    w.write_body(select, |w| w.write_projection(&select.projection))?;
                    w.write_order(order)
                })?;
                self.write_limit(select);
                self.write_lock(select)?;
            }
        }
        self.leave(outer);
        Ok(())
    }

    /// Sources get their aliases before the list is written, since the list names them.
    fn write_body(&mut self, select: &Select, list: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        select.check_having()?;
        self.declare(select);
        self.same = (self.dialect == Dialect::Postgres).then(|| group::Same::of(select)).flatten();
        list(self)?;
        self.write_declared_from(select)?;
        self.write_conditions(Part::Filter, &select.filter)?;
        self.write_groups(select)
    }

    /// Gives the sources of a SELECT their aliases.
    fn declare(&mut self, select: &Select) {
        let sources = std::iter::once(select.source).chain(select.joins.iter().map(|join| join.source));
        for source in sources {
            self.scope.push((source, Alias::Number(self.aliases)));
            self.aliases += 1;
        }
        self.optional.extend(select.joins.iter().filter(|join| join.left).map(|join| join.source));
    }

    fn write_from(&mut self, select: &Select) -> Result<()> {
        self.declare(select);
        self.write_declared_from(select)
    }

    fn write_declared_from(&mut self, select: &Select) -> Result<()> {
        self.push(" FROM ");
        self.write_source(select.source, select.table);
        for Join { left, source, table, on } in &select.joins {
            self.push(if *left { " LEFT JOIN " } else { " JOIN " });
            self.write_joined_table(select, *source, *table);
            self.push(" ON ");
            self.write_part(Part::On, |w| w.write_node(on))?;
        }
        Ok(())
    }

    fn write_source(&mut self, source: Source, table: Table) {
        self.table_name(table);
        if self.qualify {
            self.alias(" AS t", source);
        }
    }

    /// The alias of a source that has one, behind a word.
    fn alias(&mut self, word: &str, source: Source) {
        if let Some(&(_, Alias::Number(number))) = self.scope.iter().rev().find(|(known, _)| *known == source) {
            self.push(word);
            self.number(number);
        }
    }

    fn write_projection(&mut self, projection: &[Projection]) -> Result<()> {
        let mut first = true;
        for item in projection {
            match item {
                Projection::Model(source, table) if !self.qualify => {
                    self.alias_of(*source, table.columns.first().map_or("", |column| column.name))?;
                    self.push(if std::mem::take(&mut first) { "" } else { ", " });
                    self.push(&table.list(self.dialect, || Ok(Self::list(self.dialect, table.columns)))?);
                }
                Projection::Model(source, table) => {
                    for column in table.columns {
                        self.push(if std::mem::take(&mut first) { "" } else { ", " });
                        let mut outcome = Ok(());
                        self.as_text(column.kind, |w| outcome = w.column(*source, column));
                        outcome?;
                    }
                }
                Projection::Node(node) => {
                    self.push(if std::mem::take(&mut first) { "" } else { ", " });
                    self.projected(node)?;
                }
            }
        }
        Ok(())
    }

    /// `limit` rows for each value of `per`: numbered by a window in a subquery.
    fn write_limited(&mut self, select: &Select, per: &[Node], limit: u64) -> Result<()> {
        let order = select.check_list().and_then(|()| select.checked_order())?;
        let width: usize = select.projection.iter().map(Projection::width).sum();
        self.push("SELECT ");
        self.separated(0..width, |w, at| w.number(format_args!("c{at}")));
        self.push(" FROM (SELECT ");
        self.write_body(select, |w| {
            w.write_aliased(&select.projection)?;
            w.push(", row_number() OVER (PARTITION BY ");
            w.separated_nodes(per, ", ")?;
            w.write_order(order)?;
            w.push(") AS n");
            Ok(())
        })?;
        self.same = None;
        self.push(") AS q WHERE n <= ");
        self.number(limit);
        self.push(" ORDER BY n");
        Ok(())
    }

    fn write_aliased(&mut self, projection: &[Projection]) -> Result<()> {
        let mut at = 0;
        for item in projection {
            let nodes: Vec<Node> = match item {
                Projection::Model(source, table) => table.columns.iter().map(|c| Node::Column(*source, c)).collect(),
                Projection::Node(node) => vec![node.clone()],
            };
            for node in nodes {
                self.push(if at == 0 { "" } else { ", " });
                self.projected(&node)?;
                self.number(format_args!(" AS c{at}"));
                at += 1;
            }
        }
        Ok(())
    }

    fn write_order(&mut self, order: &[Order]) -> Result<()> {
        for (at, item) in order.iter().enumerate() {
            self.push(if at == 0 { " ORDER BY " } else { ", " });
            self.write_order_item(item)?;
        }
        Ok(())
    }

    /// NULLs come first when ascending on SQLite and MySQL, and so they do on PostgreSQL, where they are last unless
    /// told otherwise; it is told only where there can be any, since its indexes have them last. An explicit choice is
    /// the same everywhere. Enums order by declaration, which SQLite's text does not.
    fn write_order_item(&mut self, item: &Order) -> Result<()> {
        if let (Some(last), Dialect::Mysql) = (item.nulls_last, self.dialect) {
            self.write_operand(&item.node)?;
            self.push(if last { " IS NULL, " } else { " IS NOT NULL, " });
        }
        match item.kind {
            Kind::Enum(labels) if self.dialect == Dialect::Sqlite && !labels.is_empty() => {
                self.push("CASE ");
                self.write_node(&item.node)?;
                for (at, label) in labels.iter().enumerate() {
                    self.push(" WHEN ");
                    self.text_literal(label);
                    self.number(format_args!(" THEN {at}"));
                }
                self.push(" END");
            }
            _ => self.write_operand(&item.node)?,
        }
        self.push(if item.desc { " DESC" } else { "" });
        match (item.nulls_last, self.dialect) {
            (Some(last), Dialect::Sqlite | Dialect::Postgres) => {
                self.push(if last { " NULLS LAST" } else { " NULLS FIRST" });
            }
            (None, Dialect::Postgres) if self.can_be_null(&item.node) => {
                self.push(if item.desc { " NULLS LAST" } else { " NULLS FIRST" });
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether NULLs are to be reckoned with.
    fn can_be_null(&self, node: &Node) -> bool {
        match node {
            Node::Column(source, column) => column.nullable || self.optional.contains(source),
            Node::Aggregate { function: Aggregate::Count, .. } => false,
            Node::Call("lower" | "upper", nodes) => nodes.iter().any(|node| self.can_be_null(node)),
            _ => true,
        }
    }

    /// For the labels of enums only; everything else is bound.
    fn text_literal(&mut self, text: &str) {
        self.push("'");
        self.push(&text.replace('\'', "''"));
        self.push("'");
    }

    /// Limits are literals: SQLite plans a statement anew whenever a bound limit changes.
    fn write_limit(&mut self, select: &Select) {
        match (select.limit, select.offset) {
            (None, None) => return,
            (Some(limit), _) => self.number(format_args!(" LIMIT {limit}")),
            (None, Some(_)) => match self.dialect {
                Dialect::Sqlite => self.push(" LIMIT -1"),
                Dialect::Postgres => {}
                Dialect::Mysql => self.push(" LIMIT 18446744073709551615"),
            },
        }
        if let Some(offset) = select.offset {
            self.number(format_args!(" OFFSET {offset}"));
        }
    }
}

impl Table {
    /// Its schema, where it is not the connection's default, and its name.
    pub(crate) fn name(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Model(ModelMeta { schema, table, .. }) => (*schema, table),
            Self::Through(through) => (through.schema, through.table),
        }
    }
}

impl Projection {
    fn width(&self) -> usize {
        match self {
            Self::Model(_, table) => table.columns.len(),
            Self::Node(_) => 1,
        }
    }
}
