//! What differs between the databases, as data.

/// The functions by which SQLite keeps a computed number as its column has it. The driver makes them known there.
pub(crate) const FITS_INTEGER: &str = "pilaster_integer";
pub(crate) const FITS_REAL: &str = "pilaster_real";
pub(crate) const FITS_DECIMAL: &str = "pilaster_decimal";

/// A database's language. MariaDB speaks MySQL's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// The name for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        }
    }

    /// Whether CREATE, ALTER and DROP belong to the transaction that they run in. MySQL commits it before and behind them.
    pub(crate) fn transactional_ddl(self) -> bool {
        self != Self::Mysql
    }

    /// Whether an INSERT can leave rows alone that exist already, and says how many it added.
    pub(crate) fn ignores_existing(self) -> bool {
        self != Self::Mysql
    }

    /// Whether UPDATE and DELETE can give back the rows they wrote. MariaDB has it for DELETE only.
    pub(crate) fn writes_return(self) -> bool {
        self != Self::Mysql
    }

    /// Writes an identifier, quoted; quotes inside are doubled, so that any name is only a name.
    pub(crate) fn quote_ident(self, out: &mut String, name: &str) {
        let quote = if self == Self::Mysql { '`' } else { '"' };
        out.push(quote);
        if name.contains(quote) {
            for c in name.chars() {
                if c == quote {
                    out.push(quote);
                }
                out.push(c);
            }
        } else {
            out.push_str(name);
        }
        out.push(quote);
    }
}
