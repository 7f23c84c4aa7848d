//! What a case is made from: the name of its input says which database it needs.

use std::fs;
use std::path::Path;

use pilaster::blocking::Db;
use pilaster_generator::config::Input;
use pilaster_generator::url;

use super::{servers, servers_mysql};

/// The inputs that there are. SQL files are run on a new database, which is then read.
pub const FILES: &[&str] = &[
    "spec.yaml",
    "schema.sql",
    "schema.postgres.sql",
    "schema.mysql.sql",
    "schema.mariadb.sql",
    "schema.mysql_own.sql",
];

/// An input that can be read, and what must go afterwards.
pub struct Prepared {
    pub input: Input,
    place: Place,
}

enum Place {
    Spec,
    Folder(tempfile::TempDir),
    /// A server's URL, and the name of the database on it.
    Server(String, String),
}

/// Makes a case's database, if it needs one. `None` when the server for it is not there and not required.
pub fn prepare(case: &Path) -> Option<Prepared> {
    let sql = |name: &str| fs::read_to_string(case.join(name)).ok();
    if let Some(sql) = sql("schema.sql") {
        return Some(sqlite(&sql));
    }
    if let Some(sql) = sql("schema.postgres.sql") {
        return on_server(postgres()?, &sql);
    }
    if let Some(sql) = sql("schema.mysql.sql") {
        return on_server(servers_mysql::server()?.to_owned(), &sql);
    }
    for (file, mariadb) in [("schema.mariadb.sql", true), ("schema.mysql_own.sql", false)] {
        if let Some(sql) = sql(file) {
            let server = servers_mysql::server().filter(|url| is_mariadb(url) == mariadb)?;
            return on_server(server.to_owned(), &sql);
        }
    }
    Some(Prepared { input: Input::Spec(case.join("spec.yaml")), place: Place::Spec })
}

fn sqlite(sql: &str) -> Prepared {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("schema.db").display());
    let db = Db::connect(&url).unwrap();
    // Foreign keys to tables that are not there are a case as well.
    db.sql(sql).batch().unwrap();
    db.close().unwrap();
    Prepared { input: Input::Database(url), place: Place::Folder(folder) }
}

fn postgres() -> Option<String> {
    let required =
        std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "postgres"));
    match servers::postgres() {
        Ok(url) => Some(url),
        Err(why) => {
            assert!(!required, "{why}");
            None
        }
    }
}

fn on_server(server: String, sql: &str) -> Option<Prepared> {
    let name = servers_mysql::unique_name();
    run(&server, &format!("CREATE DATABASE {name}"));
    let url = url::with_database(&server, &name);
    run(&url, sql);
    Some(Prepared { input: Input::Database(url), place: Place::Server(server, name) })
}

fn is_mariadb(url: &str) -> bool {
    let db = Db::builder(url).max_connections(1).connect().unwrap();
    let version = db.sql("SELECT version()").one::<String>().unwrap();
    db.close().unwrap();
    version.contains("MariaDB")
}

fn run(url: &str, sql: &str) {
    let db = Db::builder(url).max_connections(1).connect().unwrap();
    db.sql(sql).batch().unwrap_or_else(|error| panic!("{error}"));
    db.close().unwrap();
}

impl Prepared {
    pub fn is_server(&self) -> bool {
        matches!(self.place, Place::Server(..))
    }

    /// A text that does not tell where the database was.
    pub fn without_place(&self, text: &str) -> String {
        match &self.place {
            Place::Spec => text.to_owned(),
            Place::Folder(folder) => text.replace(&format!("{}/", folder.path().display()), ""),
            Place::Server(server, name) => {
                text.replace(&url::redact(&url::with_database(server, name)), "SERVER/DB").replace(name, "DB")
            }
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Place::Server(server, name) = &self.place
            && !std::thread::panicking()
        {
            let force = if server.starts_with("postgres") { " WITH (FORCE)" } else { "" };
            run(server, &format!("DROP DATABASE {name}{force}"));
        }
    }
}
