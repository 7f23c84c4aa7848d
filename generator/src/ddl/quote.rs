//! Identifiers and texts as SQL: the only place that puts quotes around them.

use crate::ir::DialectName;

/// An identifier in the dialect's quotes, whatever it contains: backticks on MySQL, double quotes elsewhere.
#[must_use]
pub fn quote_ident(name: &str, dialect: DialectName) -> String {
    match dialect {
        DialectName::Mysql => format!("`{}`", name.replace('`', "``")),
        DialectName::Sqlite | DialectName::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A text literal. Backslashes are doubled on MySQL, which reads them as escapes unless `NO_BACKSLASH_ESCAPES` is set;
/// the quotes are safe in either mode.
#[must_use]
pub fn quote_text(text: &str, dialect: DialectName) -> String {
    let text = text.replace('\'', "''");
    match dialect {
        DialectName::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
        DialectName::Sqlite | DialectName::Postgres => format!("'{text}'"),
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote_ident("a\"b`c", DialectName::Sqlite), "\"a\"\"b`c\"");
        assert_eq!(quote_ident("a\"b`c", DialectName::Postgres), "\"a\"\"b`c\"");
        assert_eq!(quote_ident("a\"b`c", DialectName::Mysql), "`a\"b``c`");
    }

    #[test]
    fn texts_cannot_be_left() {
        assert_eq!(quote_text("it's\\", DialectName::Postgres), "'it''s\\'");
        assert_eq!(quote_text("it's\\", DialectName::Mysql), "'it''s\\\\'");
    }
}
