//! What SQLite makes of a value by the declared type of its column: <https://www.sqlite.org/datatype3.html>, section 3.

use crate::value::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    /// Nothing is changed.
    None,
    Real,
    Numeric,
}

/// The affinity of a declared type, by the words in it, in the order of the manual.
fn of(declared: &str) -> Affinity {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    match () {
        () if has(&["INT"]) => Affinity::Integer,
        () if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
        () if declared.is_empty() || has(&["BLOB"]) => Affinity::None,
        () if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
        () => Affinity::Numeric,
    }
}

/// Whether what is read from such a column is what was written to it.
pub(super) fn keeps(declared: &str, kind: Kind) -> bool {
    use Affinity::{Integer, None, Numeric, Real, Text};
    let affinity = of(declared);
    match kind {
        Kind::Bool => matches!(affinity, Integer | Numeric | None),
        Kind::Real | Kind::Double => matches!(affinity, Real | Numeric | None),
        // A text that looks like a number becomes one elsewhere.
        Kind::Text | Kind::Json | Kind::Uuid | Kind::Enum(_) | Kind::Server | Kind::Geometry => {
            matches!(affinity, Text | None)
        }
        // Written as text that looks like no number.
        Kind::Date | Kind::Time | Kind::DateTime | Kind::Timestamp => true,
        Kind::Bytes => true,
        // Rounded when it is read.
        Kind::Decimal(_) => false,
        // Types that SQLite does not have.
        Kind::Interval | Kind::Array(_) => false,
        // Integers.
        _ => matches!(affinity, Integer | Numeric | None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_where_nothing_is_converted() {
        for declared in ["TEXT", "VARCHAR(80)", "varchar", "UUID_TEXT", "JSON_TEXT", ""] {
            assert!(keeps(declared, Kind::Text), "{declared}");
        }
        // A type that is no type of SQLite's is numeric, also the one that looks like text.
        for declared in ["STRING", "INTEGER", "POINT", "MONEY", "REAL"] {
            assert!(!keeps(declared, Kind::Text), "{declared}");
        }
        assert!(keeps("BIGINT", Kind::BigInt) && keeps("BOOLEAN", Kind::Bool) && keeps("DOUBLE", Kind::Double));
        assert!(
            !keeps("REAL", Kind::BigInt) && !keeps("TEXT", Kind::Int) && !keeps("DECIMAL(10,2)", Kind::Decimal(None))
        );
        assert!(keeps("DATE", Kind::Date) && keeps("BLOB", Kind::Bytes));
    }
}
