//! Quoting of SQL names and texts: the one place that does it in the generator.

use super::DialectName;

/// A name as a quoted SQL identifier, whatever characters are in it.
#[must_use]
pub fn quote_ident(dialect: DialectName, name: &str) -> String {
    match dialect {
        DialectName::Mysql => format!("`{}`", name.replace('`', "``")),
        DialectName::Sqlite | DialectName::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A text as a SQL string literal. MySQL reads a backslash as an escape in its default mode, so it is doubled there.
#[must_use]
pub fn quote_string(dialect: DialectName, text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match dialect {
        DialectName::Mysql => format!("'{}'", doubled.replace('\\', "\\\\")),
        DialectName::Sqlite | DialectName::Postgres => format!("'{doubled}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_are_doubled() {
        assert_eq!(quote_ident(DialectName::Sqlite, r#"a"b`c"#), r#""a""b`c""#);
        assert_eq!(quote_ident(DialectName::Postgres, r#"a"b`c"#), r#""a""b`c""#);
        assert_eq!(quote_ident(DialectName::Mysql, r#"a"b`c"#), r#"`a"b``c`"#);
        assert_eq!(quote_string(DialectName::Sqlite, r"it's \ x"), r"'it''s \ x'");
        assert_eq!(quote_string(DialectName::Mysql, r"it's \' x"), r"'it''s \\'' x'");
    }
}
