//! What tables have that is no part of a schema.

use std::fs;

use pilaster_tests::database::Kind;

use super::{KINDS, Project, fresh};

const FUNCTION: &str = "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; \
    CREATE RULE kept AS ON DELETE TO visit DO INSTEAD NOTHING; ALTER TABLE visit ENABLE ROW LEVEL SECURITY";

/// The code of a database is the same with its triggers and without; a spec, a history and a check of it say that they lack them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_are_told_where_tables_are_made_from_what_is_read() {
    for kind in KINDS {
        let Some(made) = fresh(kind).await else { continue };
        let (function, body) = match kind {
            Kind::Postgres => (FUNCTION, "EXECUTE FUNCTION louder()"),
            Kind::Mysql => ("", "SET NEW.id = NEW.id + 1"),
            _ => ("", "BEGIN SELECT 1; END"),
        };
        made.db.sql("CREATE TABLE visit (id INTEGER PRIMARY KEY NOT NULL)").execute().await.unwrap();
        made.db.sql("CREATE TABLE other (id INTEGER PRIMARY KEY NOT NULL)").execute().await.unwrap();
        if !function.is_empty() {
            made.db.sql(function).batch().await.unwrap();
        }
        for table in ["visit", "other"] {
            // SQLite keeps the name as it stands here.
            let written = if kind == Kind::SqliteFile { table.to_uppercase() } else { table.to_owned() };
            let trigger = format!("CREATE TRIGGER on_{table} BEFORE INSERT ON {written} FOR EACH ROW {body}");
            made.db.sql(trigger).execute().await.unwrap();
        }
        let (all, one) = match kind {
            Kind::Postgres => (
                "2 triggers, 1 rule and the row security of 1 table (tables \"other\", \"visit\")",
                "1 trigger, 1 rule and the row security of 1 table (table \"visit\")",
            ),
            _ => ("2 triggers (tables \"other\", \"visit\")", "1 trigger (table \"visit\")"),
        };

        let about = kind.name();
        let project = Project::new();
        let said = project.run(about, &["generate", "--strict", "--database", &made.url, "--out", "models"]);
        assert!(!said.contains("trigger"), "{about}: {said}");
        let said = project.run(about, &["inspect", &made.url, "--out", "models.yaml"]);
        assert_eq!(said.matches("P0311").count(), 1, "{about}: {said}");
        assert!(said.contains(&format!("not taken over: {all}")), "{about}: {said}");
        fs::write(project.0.path().join("pilaster.toml"), "[tables]\nexclude = [\"other\"]\n").unwrap();
        let said = project.run(about, &["inspect", &made.url, "--out", "less.yaml"]);
        assert!(said.contains(&format!("not taken over: {one}")), "{about}: {said}");

        let project = Project::new();
        let said = project.run(about, &["db", "init", "--from-database", &made.url]);
        assert!(said.contains(&format!("not taken over: {all}")), "{about}: {said}");

        // Those of tables that the spec leaves out are not the concern of its history.
        let project = Project::of_spec("pilaster: 1\nmodels:\n  Visit: { columns: { id: integer primary } }\n");
        let said = project.run(about, &["db", "init", "--from-database", &made.url]);
        assert!(said.contains(&format!("not taken over: {one}")), "{about}: {said}");
        made.remove().await.unwrap();
    }
}
