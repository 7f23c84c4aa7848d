//! Databases on a server, and generating from them.

use std::path::Path;

use pilaster::blocking::Db;
use pilaster_generator::config::{Input, Layer, Options};
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::{DialectName, Schema};
use pilaster_generator::{ddl, pipeline, url};
use pilaster_tests::database::{Kind, Server, is_required};
use pilaster_tests::servers_mysql::unique_name;

/// The servers that there are.
pub fn all() -> Vec<Host> {
    [Kind::Postgres, Kind::Mysql].into_iter().filter_map(Host::find).collect()
}

/// A server of some kind.
#[derive(Debug, Clone)]
pub struct Host {
    pub dialect: DialectName,
    url: String,
}

impl Host {
    pub fn find(kind: Kind) -> Option<Self> {
        let dialect = if kind == Kind::Postgres { DialectName::Postgres } else { DialectName::Mysql };
        match kind.server() {
            Server::Url(url) => Some(Self { dialect, url }),
            Server::Absent(why) => {
                assert!(!is_required(kind), "{} is required: {why}", kind.name());
                None
            }
        }
    }

    /// Whether it is MySQL itself.
    pub fn is_mysql(&self) -> bool {
        let db = Db::builder(&self.url).max_connections(1).connect().unwrap();
        let mysql = self.dialect == DialectName::Mysql
            && !db.sql("SELECT version()").one::<String>().unwrap().contains("MariaDB");
        db.close().unwrap();
        mysql
    }

    /// A new database, filled by statements that are run one by one.
    pub fn database(&self, statements: &[String]) -> Fresh {
        let fresh = self.empty();
        let db = fresh.open();
        for statement in statements {
            db.sql(statement.as_str()).batch().unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        db.close().unwrap();
        fresh
    }

    /// A new database, filled by a script.
    pub fn script(&self, sql: &str) -> Fresh {
        let fresh = self.empty();
        let db = fresh.open();
        db.sql(sql).batch().unwrap();
        db.close().unwrap();
        fresh
    }

    pub fn empty(&self) -> Fresh {
        let name = unique_name();
        self.admin(&format!("CREATE DATABASE {name}"));
        Fresh { host: self.clone(), url: url::with_database(&self.url, &name), name }
    }

    pub fn admin(&self, statement: &str) {
        let db = Db::builder(&self.url).max_connections(1).connect().unwrap();
        db.sql(statement).batch().unwrap();
        db.close().unwrap();
    }
}

/// A database that goes when this goes.
#[derive(Debug)]
pub struct Fresh {
    pub host: Host,
    pub url: String,
    pub name: String,
}

impl Fresh {
    pub fn open(&self) -> Db {
        Db::builder(&self.url).max_connections(1).connect().unwrap()
    }

    /// What is read of it.
    pub fn schema(&self) -> (Schema, Diagnostics) {
        let (schema, diagnostics) = self.schema_with(Layer::default());
        (schema.unwrap_or_else(|| panic!("{diagnostics}")), diagnostics)
    }

    pub fn schema_with(&self, layer: Layer) -> (Option<Schema>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let options = options(Layer { input: Some(Input::Database(self.url.clone())), ..layer });
        (pipeline::schema(&options, &mut diagnostics), diagnostics)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let force = if self.host.dialect == DialectName::Postgres { " WITH (FORCE)" } else { "" };
        if !std::thread::panicking() {
            self.host.admin(&format!("DROP DATABASE {}{force}", self.name));
        }
    }
}

pub fn options(layer: Layer) -> Options {
    layer.options(Path::new("")).unwrap()
}

/// The statements of a schema, or none when the database cannot hold it.
pub fn statements(schema: &Schema, dialect: DialectName) -> Option<Vec<String>> {
    let mut diagnostics = Diagnostics::new();
    let statements = ddl::create(schema, dialect, &mut diagnostics);
    (!diagnostics.has_errors()).then_some(statements)
}
