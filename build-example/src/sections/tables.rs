//! Sections 3 and 4: the models are in `models.yaml`; here their tables are made.

use pilaster::{Db, Result};

use crate::models::schema;
use crate::{step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("4. Creating the tables of the models in models.yaml");
    step("drop what an earlier run left, then create");
    schema::drop_all(db).await?;
    schema::create_all(db).await
}
