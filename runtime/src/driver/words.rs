//! What the words of a statement tell, and those of a server.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::error::{Cell, ErrorKind};

/// The first word of a statement, behind white space and comments; empty when there is none.
pub(crate) fn keyword(sql: &str) -> &str {
    split_keyword(sql).0
}

/// The first word of a statement, and what stands behind it.
pub(crate) fn split_keyword(sql: &str) -> (&str, &str) {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '(' || c == '\u{feff}');
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, behind)| behind)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return rest.split_at_checked(end).unwrap_or_default();
        };
    }
}

/// Why a statement got no lock, if it was told not to wait for one.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn not_waited_for(sql: &str) -> Option<&'static str> {
    let sql = sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    let word = sql.rsplit(char::is_whitespace).next()?;
    let why = "another transaction has locked it, and the statement was told not to wait";
    word.eq_ignore_ascii_case("NOWAIT").then_some(why)
}

/// Whether a statement only reads, by its words: a SELECT can lock rows and write files, but not change a table.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn is_reading(sql: &str) -> bool {
    let first = keyword(sql).to_ascii_lowercase();
    match first.as_str() {
        "select" | "show" | "describe" | "desc" | "explain" | "values" | "table" | "help" => true,
        "with" => {
            let text = sql.to_ascii_lowercase();
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            !words.any(|word| matches!(word, "update" | "delete" | "insert" | "replace" | "merge"))
        }
        _ => false,
    }
}

/// The kind of a number that a statement computes and does not keep, where a server says that its type cannot hold it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn out_of_range(server: &str, said: &str) -> ErrorKind {
    let whole = ["bigint out of range", "BIGINT value is out of range"].iter().any(|words| said.starts_with(words));
    let expected = if whole { AN_INTEGER } else { "a result in the range of its type" };
    let found = format!("one of which {server} says: {said}");
    ErrorKind::Decode(Cell { expected: expected.to_owned(), found, ..Cell::default() })
}

/// What is expected of an integer that is read, in messages.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) const AN_INTEGER: &str = "an integer of 64 bits";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_stands_behind_comments() {
        assert_eq!(keyword("select 1"), "select");
        assert_eq!(keyword(" \n-- insert\n/* update */ WITH x AS"), "WITH");
        assert_eq!(keyword("(values (1))"), "values");
        for none in ["", "--", "/* open", "-- x", "?"] {
            assert_eq!(keyword(none), "", "{none}");
        }
        assert_eq!(split_keyword("/* START */ START/* x */ SLAVE"), ("START", "/* x */ SLAVE"));
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[test]
    fn statements_that_read_are_known_by_their_words() {
        for reads in ["SELECT 1", "(select 1)", "WITH a AS (SELECT 1) SELECT * FROM a", "-- x\nVALUES (1)"] {
            assert!(is_reading(reads), "{reads}");
        }
        for writes in
            ["INSERT INTO a SELECT 1", "WITH a AS (DELETE FROM b) SELECT 1", "UPDATE a SET b = 1", "", "CALL a()"]
        {
            assert!(!is_reading(writes), "{writes}");
        }
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[test]
    fn statements_that_do_not_wait_are_known_by_their_end() {
        for never in ["SELECT 1 FOR UPDATE NOWAIT", "select 1 for update nowait ;\n", "LOCK TABLE a NOWAIT"] {
            assert!(not_waited_for(never).is_some(), "{never}");
        }
        for waits in ["SELECT 1 FOR UPDATE", "SELECT nowait FROM a", "SELECT 1 FOR UPDATE SKIP LOCKED", ""] {
            assert!(not_waited_for(waits).is_none(), "{waits}");
        }
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[test]
    fn results_out_of_range_are_told_of_reading() {
        let said = |server: &str, said: &str| crate::Error::new(out_of_range(server, said), "").to_string();
        assert_eq!(
            said("PostgreSQL", "bigint out of range"),
            "cannot read a value: expected an integer of 64 bits, found one of which PostgreSQL says: bigint out of range"
        );
        let whole = said("the server", "BIGINT value is out of range in '`a`.`b` * 2'");
        assert!(whole.contains("expected an integer of 64 bits"), "{whole}");
        for other in ["DOUBLE value is out of range in 'exp(999)'", "BIGINT UNSIGNED value is out of range in '1 - 2'"]
        {
            assert!(said("the server", other).contains("expected a result in the range of its type"), "{other}");
        }
    }
}
