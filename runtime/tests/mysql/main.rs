//! The runtime on a real MySQL or MariaDB server, each test in a database of its own.
#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "mysql")]

#[path = "../../../tests/src/servers_mysql.rs"]
mod servers;

mod errors;
#[cfg(target_os = "linux")]
mod keepalive;
mod passwords;
mod pool;
mod transactions;
#[cfg(all(feature = "chrono", feature = "decimal", feature = "json", feature = "uuid"))]
mod types;
#[path = "../server/until.rs"]
mod until;

use pilaster::{Db, blocking};

use until::{LONG, until};

/// A database that is removed when the test ends.
struct Database {
    name: String,
    url: String,
}

impl Database {
    /// `None` where there is no server.
    fn new() -> Option<Self> {
        let server = servers::server()?;
        let name = servers::unique_name();
        let admin = blocking::Db::connect(server).unwrap();
        // Text by its bytes, as in tables of ours; each server reads its own comment.
        let collation = "/*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */";
        admin.sql(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 {collation}")).execute().unwrap();
        Some(Self { url: servers::url(server, &name), name })
    }

    /// Connects with some parameters of the URL.
    async fn connect(&self, parameters: &str) -> Db {
        Db::builder(&self.with(parameters)).acquire_timeout(LONG).connect().await.unwrap()
    }

    fn with(&self, parameters: &str) -> String {
        let join = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{join}{parameters}", self.url)
    }
}

/// Whether the server is MySQL itself.
async fn is_mysql(db: &Db) -> bool {
    let version = db.sql("SELECT version()").one::<String>().await.unwrap();
    !version.to_ascii_lowercase().contains("mariadb")
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(server) = servers::server() else { return };
        // On a thread of its own: a test's runtime may be ending.
        let (server, name) = (server.to_owned(), self.name.clone());
        let gone =
            std::thread::spawn(move || blocking::Db::connect(&server)?.sql(format!("DROP DATABASE {name}")).execute());
        if !matches!(gone.join(), Ok(Ok(_))) {
            eprintln!("the database {} is left over", self.name);
        }
    }
}
