//! What is risky about hand-written SQL, as far as its words tell.

/// What a statement does that somebody should have meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Danger {
    /// Removes something with all that is in it; with the words that say so.
    Loss(&'static str),
    /// Begins or ends a transaction, which is the runner's.
    Transaction,
    /// Cannot be run within a transaction.
    Alone,
}

/// The danger of a statement, if its words tell of one.
pub(super) fn danger(statement: &str) -> Option<Danger> {
    let words = words(statement);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window == wanted);
    match words.as_slice() {
        ["TRUNCATE", ..] => Some(Danger::Loss("TRUNCATE")),
        ["DROP", "TABLE", ..] => Some(Danger::Loss("DROP TABLE")),
        ["DROP", "SCHEMA" | "DATABASE", ..] => Some(Danger::Loss("DROP of a whole schema")),
        ["DELETE", ..] if !words.contains(&"WHERE") => Some(Danger::Loss("DELETE without WHERE")),
        ["ALTER", "TABLE", ..] if has(&["DROP", "COLUMN"]) => Some(Danger::Loss("DROP COLUMN")),
        ["DROP", ..] if words.last() == Some(&"CASCADE") => Some(Danger::Loss("DROP … CASCADE")),
        ["BEGIN"] | ["BEGIN", "TRANSACTION" | "WORK" | "IMMEDIATE" | "EXCLUSIVE", ..] => Some(Danger::Transaction),
        ["START", "TRANSACTION", ..] | ["COMMIT", ..] | ["ROLLBACK", ..] => Some(Danger::Transaction),
        ["VACUUM", ..] => Some(Danger::Alone),
        ["CREATE" | "DROP" | "REINDEX", ..] if words.contains(&"CONCURRENTLY") => Some(Danger::Alone),
        _ => None,
    }
}

/// The words outside of quotes and comments, in capitals.
fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = statement.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            word.extend(c.to_uppercase());
            continue;
        }
        words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        match (c, chars.peek()) {
            ('\'' | '"' | '`', _) => drop(chars.by_ref().find(|end| *end == c)),
            ('-', Some('-')) => drop(chars.by_ref().find(|end| *end == '\n')),
            ('/', Some('*')) => while chars.next().is_some_and(|c| c != '*' || chars.peek() != Some(&'/')) {},
            _ => {}
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_is_lost() {
        for (sql, loss) in [
            ("drop table if exists a", "DROP TABLE"),
            ("/* old */ TRUNCATE a", "TRUNCATE"),
            ("DELETE FROM a -- where", "DELETE without WHERE"),
            ("ALTER TABLE \"a where\" DROP COLUMN b", "DROP COLUMN"),
            ("DROP TYPE mood CASCADE;", "DROP … CASCADE"),
        ] {
            assert_eq!(danger(sql), Some(Danger::Loss(loss)), "{sql}");
        }
        for sql in
            ["DELETE FROM a WHERE b", "INSERT INTO a VALUES ('drop table a')", "DROP INDEX i", "UPDATE a SET b = 1", ""]
        {
            assert_eq!(danger(sql), None, "{sql}");
        }
    }

    #[test]
    fn words_tell_what_a_transaction_does_not_allow() {
        for sql in ["BEGIN", "begin immediate", "COMMIT;", "START TRANSACTION READ ONLY", "ROLLBACK"] {
            assert_eq!(danger(sql), Some(Danger::Transaction), "{sql}");
        }
        for sql in ["VACUUM FULL a", "CREATE UNIQUE INDEX CONCURRENTLY i ON a (b)", "REINDEX TABLE CONCURRENTLY a"] {
            assert_eq!(danger(sql), Some(Danger::Alone), "{sql}");
        }
        assert_eq!(danger("BEGIN NOT ATOMIC SELECT 1; END"), None, "a block of MariaDB");
    }
}
