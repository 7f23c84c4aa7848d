//! Compiles and runs every example of the guide, so that it cannot say what is not true.
//!
//! The pages are plain Markdown without set-up code, as people read them. `build.rs` makes a test of each page: its
//! Rust blocks run one after the other, in the scope of [`blog`]'s database. A block with a `main` is a program of its
//! own. A block marked `compile_fail` becomes a documentation test that must not compile.

pub mod types;

/// Everything that the generator made of `models.yaml`.
pub mod models {
    pilaster::models!();
}

use pilaster::{Db, Result};

pub use models::*;
pub use types::*;

/// A database in memory with the tables of `models.yaml` and a few rows: what examples call `db`.
///
/// # Errors
/// Those of the database.
pub async fn blog() -> Result<Db> {
    let db = Db::connect("sqlite::memory:").await?;
    schema::create_all(&db).await?;
    let john = NewUser::new("john", "john@example.com").insert(&db).await?;
    let ann = NewUser::new("ann", "ann@example.org").bio("writes about Rust").insert(&db).await?;
    NewUser::new("bob", "bob@example.com").insert(&db).await?;
    let hello = NewPost::new("Hello", "My first post.", &john).status(Status::Published).views(7);
    let hello = hello.insert(&db).await?;
    NewPost::new("Rust and SQL", "They get along.", &ann).status(Status::Published).views(42).insert(&db).await?;
    NewPost::new("More Rust", "To be written.", &ann).editor_id(john.id).insert(&db).await?;
    NewComment::new("Welcome!", &hello).insert(&db).await?;
    let admins = NewGroup::new("admins").insert(&db).await?;
    ann.groups().link(&db, &admins).await?;
    Ok(db)
}

/// Blocks that must not compile.
pub mod refused {
    include!(concat!(env!("OUT_DIR"), "/refused.rs"));
}
