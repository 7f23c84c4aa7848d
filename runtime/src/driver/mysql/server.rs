//! What a server is and can do, by the version that it tells.

use crate::error::{Error, ErrorKind, Result};

/// A server, as far as it makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    /// It is MariaDB.
    pub mariadb: bool,
    /// INSERT gives rows back.
    pub returning: bool,
    /// A locking SELECT can pass over rows that others have locked.
    pub skips_locked: bool,
}

impl Server {
    /// Reads `10.11.6-MariaDB-log` or `8.0.36`.
    pub(super) fn of(version: &str) -> Result<Self> {
        let mariadb = version.to_ascii_lowercase().contains("mariadb");
        // A replication prefix that old clients needed.
        let number = if mariadb { version.strip_prefix("5.5.5-").unwrap_or(version) } else { version };
        let mut parts = number.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let (name, least) = if mariadb { ("MariaDB", (10, 5)) } else { ("MySQL", (8, 0)) };
        if found < least {
            let kind = ErrorKind::Unsupported { feature: "this version of the server", dialect: name };
            let message =
                format!("it is {name} {version}, and {}.{} or newer is needed (upgrade it)", least.0, least.1);
            return Err(Error::new(kind, message));
        }
        // https://mariadb.com/kb/en/select/#skip-locked; MySQL has it from 8.0 on.
        Ok(Self { mariadb, returning: mariadb, skips_locked: !mariadb || found >= (10, 6) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let mariadb = |skips_locked| Server { mariadb: true, returning: true, skips_locked };
        assert_eq!(Server::of("10.11.6-MariaDB-0+deb12u1").unwrap(), mariadb(true));
        assert_eq!(Server::of("5.5.5-10.6.1-MariaDB").unwrap(), mariadb(true));
        assert_eq!(Server::of("10.5.29-MariaDB").unwrap(), mariadb(false));
        for mysql in ["8.0.36", "8.4.3-commercial", "9.7.4-2"] {
            let expected = Server { mariadb: false, returning: false, skips_locked: true };
            assert_eq!(Server::of(mysql).unwrap(), expected);
        }
        for old in ["5.7.44-log", "10.4.34-MariaDB", "", "something"] {
            let error = Server::of(old).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{old}: {error:?}");
        }
    }
}
