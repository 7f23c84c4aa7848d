//! What tables have that is no part of a schema: triggers, rules, row security.

use crate::codes;
use crate::diag::{Diagnostic, Place};

/// How many tables are named.
const NAMED: usize = 10;

/// What was counted, over all tables of a database.
#[derive(Debug, Default)]
pub(super) struct Beside {
    tables: Vec<String>,
    triggers: i64,
    rules: i64,
    /// Tables with row security.
    secured: i64,
}

impl Beside {
    /// Adds what a table has, if anything.
    pub fn add(&mut self, table: impl ToString, triggers: i64, rules: i64, secured: bool) {
        if triggers > 0 || rules > 0 || secured {
            self.tables.push(table.to_string());
        }
        self.triggers += triggers;
        self.rules += rules;
        self.secured += i64::from(secured);
    }

    /// One warning for all of it, however much there is.
    pub fn told(self) -> Option<Diagnostic> {
        let count = |count: i64, one: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {one}s")),
        };
        let secured = count(self.secured, "table").map(|tables| format!("the row security of {tables}"));
        let what: Vec<String> =
            [count(self.triggers, "trigger"), count(self.rules, "rule"), secured].into_iter().flatten().collect();
        let what = match what.as_slice() {
            [] => return None,
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        };
        let mut tables: Vec<String> = self.tables.iter().take(NAMED).map(|table| format!("\"{table}\"")).collect();
        if let Some(more @ 1..) = self.tables.len().checked_sub(NAMED) {
            tables.push(format!("{more} more"));
        }
        let word = if self.tables.len() == 1 { "table" } else { "tables" };
        let message = format!("not taken over: {what} ({word} {})", tables.join(", "));
        let help = "the database goes on running them; where tables are made from this schema, make them by hand, as with \
                    `execute` in a migration";
        Some(Diagnostic::warning(codes::LIVE_BESIDE, Place::None, message).help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(beside: Beside) -> Option<String> {
        beside.told().map(|found| found.message)
    }

    #[test]
    fn all_is_said_at_once() {
        assert_eq!(message(Beside::default()), None);
        let mut beside = Beside::default();
        beside.add("plain", 0, 0, false);
        beside.add("film", 1, 0, false);
        assert_eq!(message(beside).unwrap(), "not taken over: 1 trigger (table \"film\")");
        let mut beside = Beside::default();
        for number in 0..12 {
            beside.add(format!("t{number}"), 2, i64::from(number == 3), number == 4);
        }
        let said = message(beside).unwrap();
        let head = "not taken over: 24 triggers, 1 rule and the row security of 1 table (tables \"t0\", \"t1\", ";
        assert!(said.starts_with(head) && said.ends_with("\"t9\", 2 more)"), "{said}");
    }
}
