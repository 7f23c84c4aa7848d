//! What a database has, by its own catalog.

use std::fmt;

use pilaster::blocking::Db;
use pilaster_generator::ir::DialectName;

use super::load::Database;

/// A column of a table or view.
#[derive(Debug)]
pub struct Column {
    pub schema: Option<String>,
    pub table: String,
    pub name: String,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.schema.as_ref().map(|schema| format!("{schema}.")).unwrap_or_default();
        write!(f, "{schema}{}.{}", self.table, self.name)
    }
}

/// Tables and views that are somebody's: partitions are read through what they are parts of, what SQLite keeps for a virtual
/// table is that table's, and what an extension brings is the extension's.
const SQLITE: &str = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') \
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const SQLITE_COLUMNS: &str = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1";
const POSTGRES: &str = "SELECT n.nspname::text, c.relname::text, a.attname::text FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped \
    AND n.nspname = ANY($1) AND NOT EXISTS (SELECT FROM pg_depend d \
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";
const MYSQL: &str =
    "SELECT NULL, table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()";

/// All columns of a database.
pub fn columns(database: &Database) -> Vec<Column> {
    let db = Db::connect(&database.url).unwrap();
    let found = match database.dialect {
        DialectName::Sqlite => sqlite(&db),
        DialectName::Postgres => db.sql(POSTGRES).bind(database.schemas.clone().unwrap()).all().unwrap(),
        DialectName::Mysql => db.sql(MYSQL).all().unwrap(),
    };
    db.close().unwrap();
    found.into_iter().map(|(schema, table, name)| Column { schema, table, name }).collect()
}

/// Of a view that cannot be read here, as it calls a function of the program that made it, the name alone.
fn sqlite(db: &Db) -> Vec<(Option<String>, String, String)> {
    let mut found = Vec::new();
    for table in db.sql(SQLITE).all::<String>().unwrap() {
        let columns = db.sql(SQLITE_COLUMNS).bind(&table).all::<String>().unwrap_or_else(|_| vec![String::new()]);
        found.extend(columns.into_iter().map(|column| (None, table.clone(), column)));
    }
    found
}
