//! Assignments of an UPDATE: all of them see the row as it was, and their values know what they are for.

use super::node::ROUND_HALVES;
use super::{Insert, Part, Write, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::meta::ColumnMeta;
use crate::misfit::{self, Target};
use crate::sql::{Dialect, FITS_DECIMAL, FITS_INTEGER, FITS_REAL, Node, Source, Table};
use crate::value::{Kind, Value};

type Assignment = (&'static ColumnMeta, Node);

impl Writer {
    /// What the parameters of an UPDATE are for.
    pub(crate) fn target(dialect: Dialect, write: &Write<'_>) -> Target {
        Self::traced(dialect, write.table, |w| w.write_change(write))
    }

    /// What the parameters of an INSERT are for: those of a row, and those behind them.
    pub(crate) fn insert_target(dialect: Dialect, insert: &Insert<'_>) -> Target {
        Self::traced(dialect, insert.table, |w| {
            if let Some(target) = &mut w.target {
                target.columns.extend(insert.columns.iter().map(|&column| Some(column)));
            }
            w.write_insert(insert)
        })
    }

    /// The statement was written before, so that nothing new can be wrong with it.
    fn traced(dialect: Dialect, table: Table, body: impl FnOnce(&mut Self) -> Result<()>) -> Target {
        let mut writer = Self::new(dialect);
        writer.target = Some(match table {
            Table::Model(meta) => Target::of_model(meta, &[]),
            Table::Through(_) => Target::of(table.name().1, []),
        });
        drop(body(&mut writer));
        writer.target.unwrap_or_default()
    }

    /// A value that is set.
    pub(super) fn write_value(&mut self, table: Table, (column, node): &Assignment) -> Result<()> {
        let first = self.given + self.out.params.len();
        let is_computed = is_computed(table, column, node);
        let outcome = self.write_part(Part::Set, |w| w.write_kept(column, node, is_computed));
        if outcome.is_ok() && self.target.is_none() {
            return Ok(());
        }
        // What a subquery compares with is for no column of this table.
        let is_plain = !node.has_subquery();
        let end = self.given + self.out.params.len();
        if let Some(target) = &mut self.target {
            target.columns.resize(first, None);
            target.columns.resize(end, Some(*column).filter(|_| is_plain));
            target.computed.extend(Some(*column).filter(|_| is_computed));
        }
        outcome.map_err(|error| if is_plain { error.in_column(table.name().1, column.name) } else { error })
    }

    /// A value as its column keeps it: in its range, and with its digits.
    fn write_kept(&mut self, column: &ColumnMeta, node: &Node, is_computed: bool) -> Result<()> {
        if let Node::Bind(value) = node {
            let stored = match (column.kind, value) {
                (Kind::Decimal(Some(scale)), Value::Decimal(value)) => Value::Decimal(value.stored(scale)),
                (_, value) => value.clone(),
            };
            misfit::check(column, &stored)?;
            // The columns of SQLite have 64 bits, whatever they are called.
            let is_real = self.dialect == Dialect::Sqlite && column.kind == Kind::Real;
            self.bind(if is_real { stored.into_real() } else { stored });
            return Ok(());
        }
        if !is_computed {
            return self.write_node(node);
        }
        match (self.dialect, column.kind) {
            (Dialect::Sqlite, Kind::Decimal(Some(scale))) => self.write_watched(column, |w| {
                // What has no more digits than its column is only to lose what a floating point number has of its own.
                let is_exact = node.decimal_scale().is_some_and(|digits| digits <= scale);
                w.push(if is_exact { "round(" } else { ROUND_HALVES });
                w.write_operand(node)?;
                w.number(format_args!(", {scale})"));
                Ok(())
            }),
            (Dialect::Sqlite, _) => self.write_watched(column, |w| w.write_node(node)),
            // Its column is a smallint there. This type has eight bits, and refuses other numbers.
            (Dialect::Postgres, Kind::TinyInt) => {
                self.push("CAST(CAST(CAST(");
                self.write_node(node)?;
                self.push(" AS integer) AS \"char\") AS integer)");
                Ok(())
            }
            _ => self.write_node(node),
        }
    }

    /// A value that SQLite computes for a number's column: SQLite itself takes no notice of the width of numbers, nor of the
    /// digits of exact ones.
    fn write_watched(&mut self, column: &ColumnMeta, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let (name, limits) = match (column.kind, column.size) {
            (Kind::Real, _) => (FITS_REAL, None),
            (Kind::Decimal(Some(scale)), Some(digits)) => (FITS_DECIMAL, Some((digits.into(), scale.into()))),
            (kind, _) => match kind.range() {
                Some((low, high)) => (FITS_INTEGER, Some((low, high.min(i64::MAX.into())))),
                None => return write(self),
            },
        };
        self.push(name);
        self.push("(");
        write(self)?;
        if let Some((one, other)) = limits {
            self.number(format_args!(", {one}, {other}"));
        }
        self.push(")");
        Ok(())
    }

    /// `column = value` of every assignment to the row of a source.
    pub(super) fn write_assignments(&mut self, table: Table, row: Source, set: &[Assignment]) -> Result<()> {
        let order = match self.dialect {
            Dialect::Mysql => readers_first(row, set)?,
            Dialect::Sqlite | Dialect::Postgres => set.iter().collect(),
        };
        for (at, assignment) in order.into_iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.ident(assignment.0.name);
            self.push(" = ");
            self.write_value(table, assignment)?;
        }
        Ok(())
    }
}

/// Whether it is the column itself, of whichever row.
fn is_own(column: &ColumnMeta, node: &Node) -> bool {
    matches!(node, Node::Column(_, given) if given.name == column.name)
}

/// Whether the database computes a value, so that nobody else knows whether it fits. A column's own value fits, as does the
/// one that an INSERT gives for it, or else that is at fault itself; and counters of versions fit.
fn is_computed(table: Table, column: &ColumnMeta, node: &Node) -> bool {
    match (node, table) {
        (Node::Bind(_) | Node::Invalid(_), _) => false,
        _ if is_own(column, node) => false,
        (_, Table::Model(meta)) => {
            meta.version.and_then(|at| meta.columns.get(at)).is_none_or(|version| version.name != column.name)
        }
        _ => true,
    }
}

/// The order in which no assignment reads a column that another one has changed before. MySQL's assignments are done one
/// after the other, and each sees what those before it did; see "UPDATE Statement" in its manual.
fn readers_first(row: Source, set: &[Assignment]) -> Result<Vec<&Assignment>> {
    let mut left: Vec<&Assignment> = set.iter().collect();
    let mut order = Vec::with_capacity(set.len());
    while !left.is_empty() {
        let is_read = |at: usize, column: &ColumnMeta| {
            left.iter().enumerate().any(|(other, (_, node))| other != at && node.reads(row, column))
        };
        let Some(free) = (0..left.len()).find(|&at| left.get(at).is_some_and(|(column, _)| !is_read(at, column)))
        else {
            let names: Vec<&str> = left.iter().map(|(column, _)| column.name).collect();
            let kind = ErrorKind::Unsupported { feature: "an UPDATE that exchanges columns", dialect: "MySQL" };
            let why = "each reads what another one sets, and MySQL sets one after the other";
            return Err(Error::new(kind, format!("{}: {why} (do it in two updates)", names.join(", "))));
        };
        order.push(left.remove(free));
    }
    Ok(order)
}
