//! Sections 3 and 4: the models are in `models.yaml`; here their tables are made.

use pilaster::{Db, Result};

use crate::models::schema;
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("4. Creating the tables of the models in models.yaml");
    step("drop what an earlier run left, and its notes");
    schema::drop_all(db).await?;

    step("create: the program carries the migrations of the folder, and runs what the database does not have");
    show("revisions applied", schema::migrate(db).await?);

    step("without migrations this makes the tables that are missing; here all are there");
    schema::create_all(db).await
}
