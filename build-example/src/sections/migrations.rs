//! Section 8: the history of the tables, made by commands and carried by the program.

use pilaster::migrate::Target;
use pilaster::{Db, Result};

use crate::models::schema;
use crate::{show, step, title};

pub async fn run(db: &Db) -> Result<()> {
    title("8. Migrations: commands, as in Flask-Migrate, and a program that runs them");
    println!("   pilaster db init                              made the folder migrations");
    println!("   pilaster db migrate -m \"Initial migration\"    wrote the revision in it, out of models.yaml");
    println!("   pilaster db upgrade                           would apply it; this program did so in section 4");

    step("the history that build.rs took in, written for this database");
    let migrator = schema::migrator(db.dialect())?;
    for revision in migrator.revisions() {
        show("revision, message", (&revision.id, &revision.message));
    }

    step("what of it is applied");
    for applied in migrator.current(db).await? {
        show("revision, state", (&applied.revision, applied.state));
    }

    step("what is left to do: nothing, so that a program may ask at every start");
    show("revisions", migrator.plan_upgrade(db, Target::Head).await?);
    Ok(())
}
