//! The blog of the Flask-SQLAlchemy tutorial, section by section, on an SQLite file.
//!
//! `cargo run -p build-example` prints what each step does, the SQL that it sent, and what came back.
#![allow(clippy::print_stdout)]

mod echo;
mod sections;
mod types;

/// Everything that build.rs generated from `models.yaml`: `User`, `NewUser`, …, `schema`.
pub mod models {
    pilaster::models!();
}

use pilaster::Db;

#[tokio::main]
async fn main() -> pilaster::Result<()> {
    echo::start();
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://blog.db".to_owned());
    title("2. Configuration: a URL, from the environment or in the code");
    let db = Db::connect(&url).await?;
    println!("      connected to {} ({url})", db.dialect().name());

    sections::tables::run(&db).await?;
    sections::crud::run(&db).await?;
    sections::queries::run(&db).await?;
    sections::relationships::run(&db).await?;
    sections::advanced::run(&db).await?;
    db.close().await
}

/// Prints the title of a section.
pub fn title(text: &str) {
    println!("\n== {text}");
}

/// Prints what the next step does.
pub fn step(text: &str) {
    println!("\n   {text}");
}

/// Prints what came back.
pub fn show(value: impl std::fmt::Debug) {
    println!("      ->   {value:?}");
}
