//! What is asked of a SELECT: its rows, or only whether there are any and how many.

use super::{Part, Statement, Writer};
use crate::error::Result;
use crate::sql::{Dialect, Select};

#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// Its rows.
    Rows,
    /// How many there are.
    Count,
    /// Whether there is any.
    Exists,
}

impl Writer {
    /// The statement that asks it.
    pub(super) fn written(dialect: Dialect, select: &Select, asked: Asked) -> Result<Statement> {
        Self::with(dialect, |w| match asked {
            Asked::Rows => {
                w.qualify = !select.joins.is_empty() || select.per.is_some() || select.has_subquery();
                w.write_select(select)
            }
            Asked::Count => w.write_count(select),
            Asked::Exists => {
                w.push("SELECT ");
                w.write_exists(select, false)
            }
        })
    }

    fn write_count(&mut self, select: &Select) -> Result<()> {
        if select.is_plain() {
            self.qualify = !select.joins.is_empty() || select.has_subquery();
            self.push("SELECT count(*)");
            self.write_from(select)?;
            return self.write_conditions(Part::Filter, &select.filter);
        }
        self.push("SELECT count(*) FROM (SELECT ");
        if select.counts_groups() {
            self.push("1 AS c0");
            self.write_body(select, |_| Ok(()))?;
        } else {
            select.check_list()?;
            self.push(if select.distinct { "DISTINCT " } else { "" });
            // The list is aliased: MySQL refuses a subquery with two columns of one name.
            self.write_body(select, |w| w.write_aliased(&select.projection))?;
        }
        self.same = None;
        self.write_limit(select);
        self.push(") AS q");
        Ok(())
    }

    pub(super) fn write_exists(&mut self, select: &Select, negated: bool) -> Result<()> {
        self.push(if negated { "NOT EXISTS (" } else { "EXISTS (" });
        if select.is_plain() {
            let outer = self.enter();
            self.push("SELECT 1");
            self.apart(|w| {
                w.write_from(select)?;
                w.write_conditions(Part::Filter, &select.filter)
            })?;
            self.leave(outer);
        } else if select.counts_groups() {
            let outer = self.enter();
            self.push("SELECT 1");
            self.apart(|w| w.write_body(select, |_| Ok(())))?;
            self.write_limit(select);
            self.leave(outer);
        } else {
            self.write_select(select)?;
        }
        self.push(")");
        Ok(())
    }
}
