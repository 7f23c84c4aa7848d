//! The session: a unit of work against SQLite. Server databases run the same code over the same driver contract.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::collapsible_if,
    clippy::needless_pass_by_ref_mut,
    clippy::expect_used,
    clippy::panic,
    missing_docs
)]

mod basics;
mod errors;
mod identity;
mod order;
mod property;
mod relations;

/// The models, from `specs/session.yaml`.
mod models {
    #![allow(dead_code)]
    pilaster::models!("session");
}

use pilaster::blocking::Db;

/// A database of its own with all tables.
fn database() -> Db {
    let db = Db::connect("sqlite::memory:").unwrap();
    models::schema::create_all(&db).unwrap();
    db
}

/// Rows of a table as text, in the order of its first column.
fn dump(db: &Db, sql: &str) -> Vec<String> {
    db.sql(sql.to_owned()).map(|row| row.text(0).map(|text| text.unwrap_or_default().into_owned())).all().unwrap()
}
