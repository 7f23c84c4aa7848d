//! A database of its own for every test, and what is done where there is none.

use pilaster::{Db, Dialect, Result};

use crate::{servers, servers_mysql};

/// A kind of database that the suite runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An SQLite file.
    SqliteFile,
    /// SQLite in memory.
    SqliteMemory,
    /// A PostgreSQL server.
    Postgres,
    /// The same, whose statements are not kept, as behind a pooler.
    PostgresPlain,
    /// The same behind pgbouncer in transaction mode, with fewer connections to the server than programs have to it.
    PostgresPooled,
    /// A MySQL or MariaDB server.
    Mysql,
    /// The same, without RETURNING, as MySQL always is.
    MysqlPlain,
}

/// A database that nobody else uses, and what must be done when it is no longer needed.
#[derive(Debug)]
pub struct Fresh {
    /// The database.
    pub db: Db,
    /// Its URL.
    pub url: String,
    cleanup: Cleanup,
}

#[derive(Debug)]
enum Cleanup {
    Nothing,
    Folder(tempfile::TempDir),
    /// The server's URL and the name of the database on it.
    Server(String, String),
}

/// A server, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// Its URL, with a database that exists.
    Url(String),
    /// Why there is none.
    Absent(String),
}

impl Kind {
    /// Its name in messages; the first word of it is its name in `PILASTER_REQUIRE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SqliteFile => "sqlite file",
            Self::SqliteMemory => "sqlite memory",
            Self::Postgres => "postgres",
            Self::PostgresPlain => "postgres without a statement cache",
            Self::PostgresPooled => "pgbouncer",
            Self::Mysql => "mysql",
            Self::MysqlPlain => "mysql without RETURNING",
        }
    }

    /// A fresh database of this kind, or why there is none.
    ///
    /// # Errors
    /// When there is one and it cannot be opened.
    pub async fn fresh(self) -> Result<Result<Fresh, String>> {
        self.made("").await
    }

    /// The same, on a server made as `CREATE DATABASE` is told behind the name.
    ///
    /// # Errors
    /// When there is one and it cannot be opened.
    pub async fn made(self, how: &str) -> Result<Result<Fresh, String>> {
        match self {
            Self::SqliteMemory => open("sqlite::memory:".into(), Cleanup::Nothing).await.map(Ok),
            Self::SqliteFile => match tempfile::tempdir() {
                Ok(folder) => {
                    let url = format!("sqlite://{}", folder.path().join("test.db").display());
                    open(url, Cleanup::Folder(folder)).await.map(Ok)
                }
                Err(error) => Ok(Err(error.to_string())),
            },
            _ => match self.server() {
                Server::Url(url) => on_server(self, url, how).await.map(Ok),
                Server::Absent(why) => Ok(Err(why)),
            },
        }
    }

    /// The server of this kind: by URL from the environment, else one that is started for this process.
    #[must_use]
    pub fn server(self) -> Server {
        let found = match self {
            Self::Postgres | Self::PostgresPlain => servers::postgres(),
            Self::PostgresPooled => {
                let pooler = servers::postgres().and_then(|server| servers::pgbouncer(&server));
                pooler.map(|url| with_database(&url, "postgres"))
            }
            Self::Mysql | Self::MysqlPlain => servers_mysql::find()
                .map(str::to_owned)
                .ok_or_else(|| "PILASTER_TEST_MYSQL is not set, and no server is installed or starts".to_owned()),
            Self::SqliteFile | Self::SqliteMemory => Err("no server is needed".to_owned()),
        };
        let with = match self {
            Self::PostgresPlain | Self::PostgresPooled => "statement_cache=0",
            Self::MysqlPlain => "returning=false",
            _ => return found.map_or_else(Server::Absent, Server::Url),
        };
        found.map_or_else(Server::Absent, |url| Server::Url(with_parameter(&url, with)))
    }

    /// Whether it is a PostgreSQL server.
    #[must_use]
    pub fn is_postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::PostgresPlain | Self::PostgresPooled)
    }
}

async fn open(url: String, cleanup: Cleanup) -> Result<Fresh> {
    let db = Db::connect(&url).await?;
    Ok(Fresh { db, url, cleanup })
}

/// A database made as `CREATE DATABASE` is told behind its name.
async fn on_server(kind: Kind, server: String, made: &str) -> Result<Fresh> {
    let name = servers_mysql::unique_name();
    let admin = Db::builder(&server).max_connections(1).connect().await?;
    let quoted = if kind.is_postgres() { format!("\"{name}\"") } else { format!("`{name}`") };
    admin.sql(format!("CREATE DATABASE {quoted}{made}")).execute().await?;
    admin.close().await?;
    let url = with_database(&server, &name);
    // A connection may still be about to close.
    let force = if kind.is_postgres() { " WITH (FORCE)" } else { "" };
    let drop = format!("DROP DATABASE {quoted}{force}");
    let db = Db::builder(&url).max_connections(5).connect().await?;
    Ok(Fresh { db, url, cleanup: Cleanup::Server(server, drop) })
}

/// Whether a database is MySQL's own, which lacks some of what MariaDB has.
///
/// # Errors
/// When it cannot be asked.
pub async fn is_mysql(db: &Db) -> Result<bool> {
    if db.dialect() != Dialect::Mysql {
        return Ok(false);
    }
    let version = db.sql("SELECT version()").one::<String>().await?;
    Ok(!version.to_ascii_lowercase().contains("mariadb"))
}

/// The URL with another parameter.
#[must_use]
pub fn with_parameter(url: &str, parameter: &str) -> String {
    format!("{url}{}{parameter}", if url.contains('?') { '&' } else { '?' })
}

/// The URL with another database.
#[must_use]
pub fn with_database(url: &str, name: &str) -> String {
    let (rest, parameters) = match url.split_once('?') {
        Some((rest, parameters)) => (rest, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let base = match rest.get(authority..).and_then(|tail| tail.find('/')) {
        Some(slash) => rest.get(..authority + slash).unwrap_or(rest),
        None => rest,
    };
    format!("{base}/{name}{parameters}")
}

impl Fresh {
    /// Closes the database and takes it away.
    ///
    /// # Errors
    /// When it cannot be closed.
    pub async fn remove(self) -> Result<()> {
        self.db.close().await?;
        match self.cleanup {
            Cleanup::Nothing => Ok(()),
            Cleanup::Folder(folder) => {
                drop(folder);
                Ok(())
            }
            Cleanup::Server(server, drop) => {
                let admin = Db::builder(&server).max_connections(1).connect().await?;
                admin.sql(drop).execute().await?;
                admin.close().await
            }
        }
    }
}

/// Whether `PILASTER_REQUIRE` demands this kind of database, so that its absence is a failure.
#[must_use]
pub fn is_required(kind: Kind) -> bool {
    let asked = kind.name().split(' ').next().unwrap_or_default();
    std::env::var("PILASTER_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|name| name.trim().eq_ignore_ascii_case(asked)))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://a:b@h:1/x?y=z", "t"), "postgres://a:b@h:1/t?y=z");
        assert_eq!(with_database("mysql://root@localhost", "t"), "mysql://root@localhost/t");
    }
}
