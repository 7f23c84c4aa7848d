//! What statements do, by their words.

use crate::driver::{keyword, split_keyword};

/// Whether a statement without parameters is likely to be run again, and can be prepared at all.
pub(super) fn is_worth_preparing(sql: &str) -> bool {
    ["select", "insert", "update", "delete", "with"].iter().any(|word| keyword(sql).eq_ignore_ascii_case(word))
}

/// Whether a statement, or one of several, commits the transaction that it runs in, so that what follows would not be
/// undone with what came before. A mere COMMIT shows behind it, and may be meant.
pub(super) fn commits(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        if one_commits(rest) {
            return true;
        }
        match behind_semicolon(rest) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
}

/// The manual's "Statements That Cause an Implicit Commit", and those that commit and begin anew at once.
fn one_commits(sql: &str) -> bool {
    const COMMITS: [&str; 20] = [
        "alter",
        "begin",
        "cache",
        "change",
        "check",
        "create",
        "drop",
        "flush",
        "grant",
        "install",
        "lock",
        "optimize",
        "rename",
        "repair",
        "reset",
        "revoke",
        "start",
        "stop",
        "truncate",
        "uninstall",
    ];
    let (first, behind) = split_keyword(sql);
    let is = |word: &str, known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    let (second, behind) = split_keyword(behind);
    if is(first, &["commit", "rollback"]) {
        let (and, behind) = if is(second, &["work"]) { split_keyword(behind) } else { (second, behind) };
        return is(and, &["and"]) && is(keyword(behind), &["chain"]);
    }
    // Those for temporary tables do not, and BEGIN NOT ATOMIC begins a block of statements.
    is(first, &COMMITS) && !is(second, &["temporary", "not"])
}

/// What stands behind the first semicolon outside of quotes and comments.
fn behind_semicolon(sql: &str) -> Option<&str> {
    if !sql.contains(';') {
        return None;
    }
    let mut rest = sql;
    loop {
        let (_, found) = rest.split_at_checked(rest.find(['\'', '"', '`', ';', '#', '-', '/'])?)?;
        let mut chars = found.chars();
        let (first, behind) = (chars.next()?, chars.as_str());
        // MySQL wants white space behind the two strokes: `4--3` is a difference.
        let is_space = |c: char| c.is_whitespace() || c.is_control();
        let is_line =
            first == '#' || found.strip_prefix("--").is_some_and(|behind| behind.chars().next().is_none_or(is_space));
        rest = match first {
            ';' => return Some(behind),
            '\'' | '"' | '`' => behind_quote(behind, first)?,
            _ if is_line => behind.split_once('\n')?.1,
            _ if found.starts_with("/*") => found.get(2..)?.split_once("*/")?.1,
            _ => behind,
        };
    }
}

fn behind_quote(text: &str, quote: char) -> Option<&str> {
    let mut chars = text.chars();
    while let Some(found) = chars.next() {
        if found == quote {
            return Some(chars.as_str());
        }
        if found == '\\' && quote != '`' {
            chars.next();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_commit() {
        for sql in [
            "CREATE TABLE a (b INT)",
            " drop index a on b",
            "-- x\nALTER TABLE a ADD b INT",
            "TRUNCATE a",
            "START TRANSACTION",
            "begin",
            "/* begin */ BEGIN WORK",
            "FLUSH TABLES",
            "COMMIT AND CHAIN",
            "rollback work and chain",
        ] {
            assert!(commits(sql), "{sql}");
        }
        for sql in [
            "create temporary table a (b int)",
            "DROP TEMPORARY TABLE a",
            "/* CREATE */ CREATE TEMPORARY TABLE a (b INT)",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "ANALYZE SELECT 1",
            "SELECT 1",
            "UPDATE a SET b = 1",
            "COMMIT",
            "COMMIT AND NO CHAIN",
            "ROLLBACK TO SAVEPOINT a; RELEASE SAVEPOINT a",
            "",
        ] {
            assert!(!commits(sql), "{sql}");
        }
    }

    #[test]
    fn every_statement_of_several_counts() {
        for sql in [
            "SELECT 1; START TRANSACTION",
            "INSERT INTO a VALUES ('it''s \\'; ', 2); BEGIN; SELECT 1",
            ";;drop table a",
            "SELECT 4--3; BEGIN",
        ] {
            assert!(commits(sql), "{sql}");
        }
        for sql in [
            "INSERT INTO a VALUES ('; BEGIN'); SELECT \"\\\"; BEGIN\"; SELECT `; BEGIN\\`",
            "SELECT 1 -- ; BEGIN\n; SELECT 2 # ; BEGIN\n; SELECT 4 - 3 / 2 /* ; BEGIN *//*/ ; BEGIN */; SELECT 4--3",
            "SELECT 1; SELECT '; BEGIN",
        ] {
            assert!(!commits(sql), "{sql}");
        }
    }
}
