//! What tables have that is no part of a schema: triggers, rules, row security. Models are the same with it and without, and
//! tables that are made from the schema do not have it.

use std::collections::BTreeSet;

use crate::codes;
use crate::diag::{Diagnostic, Place};
use crate::ir::TableName;
use crate::ir::draft::Draft;

/// How many tables are named.
const NAMED: usize = 10;

/// One warning for all of it that the tables of a draft have, those that are wanted, however much there is.
pub fn beside(draft: &Draft, is_wanted: impl Fn(&TableName) -> bool) -> Option<Diagnostic> {
    let kept: BTreeSet<&TableName> = draft.tables.iter().map(|table| &table.name.value).collect();
    let found = draft.beside.iter().filter(|it| it.triggers > 0 || it.rules > 0 || it.row_security);
    let found: Vec<_> = found.filter(|it| kept.contains(&it.table) && is_wanted(&it.table)).collect();
    let count = |count: i64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    let triggers = count(found.iter().map(|it| it.triggers).sum(), "trigger");
    let rules = count(found.iter().map(|it| it.rules).sum(), "rule");
    let secured = count(found.iter().map(|it| i64::from(it.row_security)).sum(), "table");
    let secured = secured.map(|tables| format!("the row security of {tables}"));
    let what: Vec<String> = [triggers, rules, secured].into_iter().flatten().collect();
    let what = match what.as_slice() {
        [] => return None,
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let mut tables: Vec<String> = found.iter().take(NAMED).map(|it| format!("\"{}\"", it.table)).collect();
    if let Some(more @ 1..) = found.len().checked_sub(NAMED) {
        tables.push(format!("{more} more"));
    }
    let word = if found.len() == 1 { "table" } else { "tables" };
    let message = format!("not taken over: {what} ({word} {})", tables.join(", "));
    let help = "the database goes on running them; where tables are made from this schema, make them by hand, as with \
                `execute` in a migration";
    Some(Diagnostic::warning(codes::LIVE_BESIDE, Place::None, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::draft::Beside;
    use crate::ir::infer::tests::table as plain;

    /// A draft of tables with what each has, in which all but the last were kept.
    fn message(tables: &[(&str, i64, i64, bool)]) -> Option<String> {
        let mut draft = Draft::default();
        for &(name, triggers, rules, row_security) in tables {
            let table = TableName::plain(name.to_owned());
            draft.tables.push(plain(name, &[]));
            draft.beside.push(Beside { table, triggers, rules, row_security });
        }
        draft.tables.pop();
        beside(&draft, |table| table.name != "unwanted").map(|found| found.message)
    }

    #[test]
    fn all_is_said_at_once() {
        let last = ("excluded", 1, 1, true);
        assert_eq!(message(&[last]), None);
        assert_eq!(message(&[("unwanted", 1, 1, true), last]), None);
        let one = message(&[("plain", 0, 0, false), ("film", 1, 0, false), last]);
        assert_eq!(one.unwrap(), "not taken over: 1 trigger (table \"film\")");
        let names: Vec<String> = (0..12).map(|number| format!("t{number}")).collect();
        let mut many: Vec<(&str, i64, i64, bool)> = names.iter().map(|name| (name.as_str(), 2, 0, false)).collect();
        (many[3].2, many[4].3) = (1, true);
        many.push(last);
        let said = message(&many).unwrap();
        let head = "not taken over: 24 triggers, 1 rule and the row security of 1 table (tables \"t0\", \"t1\", ";
        assert!(said.starts_with(head) && said.ends_with("\"t9\", 2 more)"), "{said}");
    }
}
