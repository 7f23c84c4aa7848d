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
    // Not DATABASE_URL: the first thing that happens is that tables are dropped.
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite://blog.db".to_owned());
    println!("The blog of the Flask-SQLAlchemy tutorial, section by section.");
    println!("Each step says what it does, shows the SQL that it sent, and behind -> what came back.");
    println!(
        "Sections 1 and 3, setup and models, come before the program runs: build.rs made the models of models.yaml."
    );

    title("2. Configuration: a URL names the database");
    let db = Db::connect(&url).await?;
    show("connected to", format_args!("{} at {url}", db.dialect().name()));

    sections::tables::run(&db).await?;
    sections::crud::run(&db).await?;
    sections::session::run(&db).await?;
    sections::queries::run(&db).await?;
    sections::relationships::run(&db).await?;
    sections::migrations::run(&db).await?;
    sections::advanced::run(&db).await?;
    db.close().await?;

    println!("\nDone. The steps are in src/sections, the models in models.yaml; docs/README.md tells the rest.");
    Ok(())
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
pub fn show(what: &str, value: impl std::fmt::Debug) {
    println!("      ->   {what}: {value:?}");
}
