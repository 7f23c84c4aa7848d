//! What `pilaster check` says of a database that somebody has changed, or that is not where the files are.

use std::fs;

use pilaster_tests::database::Kind;

use super::{KINDS, Project, fresh};

const SPEC: &str = "pilaster: 1
enums:
  Status: [draft, published]
models:
  Writer:
    columns:
      id: bigint primary
      name: string(40) unique
      born: { type: integer, null: true, default: 1970 }
    checks: { adult: born < 2010 }
  Post:
    columns:
      id: bigint primary
      title: { type: string(40), index: true }
      status: Status = draft
    relations:
      writer: { belongs_to: Writer, on_delete: cascade }
";

const REVISION: &str = "pilaster_migration: 1
revision: 20990101_0000_more
parents: [PARENT]
message: more
up:
  - add_column: { table: post, column: { name: views, type: integer, null: true } }
down:
  - drop_column: { table: post, column: { name: views, type: integer, null: true } }
";

impl Project {
    /// A project with one revision, which a database has.
    fn upgraded(url: &str) -> Self {
        let project = Self::of_spec(SPEC);
        project.run("first", &["db", "init"]);
        project.run("first", &["db", "migrate", "-m", "first"]);
        project.run("first", &["db", "upgrade", "--database", url]);
        project
    }

    fn first(&self) -> String {
        let names = fs::read_dir(self.0.path().join("migrations")).unwrap();
        let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names[0].trim_end_matches(".yaml").to_owned()
    }

    fn second(&self) -> std::path::PathBuf {
        self.0.path().join("migrations/20990101_0000_more.yaml")
    }

    /// The check of a database, which finds something.
    fn found(&self, url: &str) -> String {
        let (code, said) = self.try_run(&["check", "--database", url]);
        assert_eq!(code, 1, "{said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_is_told_where_it_is() {
    for kind in KINDS {
        let Some(made) = fresh(kind).await else { continue };
        let project = Project::upgraded(&made.url);
        let longer = match kind {
            Kind::Postgres => "ALTER TABLE writer ALTER name TYPE varchar(99), ALTER born SET DEFAULT 1980",
            _ => {
                "ALTER TABLE writer MODIFY name varchar(99) /*M! COLLATE utf8mb4_nopad_bin */ \
                 /*!80017 COLLATE utf8mb4_0900_bin */ NOT NULL, ALTER born SET DEFAULT 1980"
            }
        };
        let mut changes = vec![
            "ALTER TABLE post ADD hits integer",
            "DROP INDEX post_title_idx",
            "CREATE TABLE other (id bigint PRIMARY KEY)",
        ];
        if kind == Kind::Mysql {
            changes[1] = "DROP INDEX post_title_idx ON post";
        }
        if kind != Kind::SqliteFile {
            changes.push(longer);
            changes.push("ALTER TABLE writer DROP CONSTRAINT adult");
        }
        for sql in changes {
            made.db.sql(sql).batch().await.unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
        }
        let said = project.found(&made.url);
        for part in [
            "applied revisions and database: drifted",
            "not in the schema, and left alone:\n    table `other`",
            "of the database is not in the revisions\n --> table \"post\", column \"hits\"",
            "error[P0812]: the index over (title) of the revisions is missing in the database\n --> table \"post\"",
        ] {
            assert!(said.contains(part), "{}: {part}\n{said}", kind.name());
        }
        let errors = said.matches("error[P0812]").count();
        if kind == Kind::SqliteFile {
            assert_eq!(errors, 2, "{said}");
        } else {
            for part in [
                "the type is string(99) in the database, and string(40) in the revisions\n --> table \"writer\", column \"name\"",
                "the default is 1980 in the database, and 1970 in the revisions\n --> table \"writer\", column \"born\"",
                "the check `adult` `born < 2010` of the revisions is missing in the database",
            ] {
                assert!(said.contains(part), "{}: {part}\n{said}", kind.name());
            }
            assert_eq!(errors, 5, "{said}");
        }
        let (_, json) = project.try_run(&["check", "--json", "--database", &made.url]);
        for part in [
            "{\"ok\":false,\"code\":{\"state\":\"absent\",",
            "\"migrations\":{\"state\":\"in_sync\",\"changes\":[]}",
            "\"revisions\":{\"state\":\"in_sync\",\"pending\":[],\"unknown\":[],\"edited\":[],\"unfinished\":[]}",
            "\"only_in_database\":[\"table `other`\"]",
            "{\"place\":\"table \\\"post\\\"\",\"what\":\"index\",\"database\":null,\"schema\":\"over (title)\"}",
        ] {
            assert!(json.contains(part), "{}: {part}\n{json}", kind.name());
        }
        made.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_of_files_and_database_are_told_apart() {
    for kind in KINDS {
        let Some(made) = fresh(kind).await else { continue };
        let (db, url) = (&made.db, made.url.as_str());
        let empty = Project::of_spec(SPEC);
        empty.run("empty", &["db", "init"]);
        empty.run("empty", &["db", "migrate", "-m", "first"]);
        let said = empty.found(url);
        assert!(said.contains("migrations and database: behind, pending: "), "{said}");
        assert!(said.contains("error[P0813]") && !said.contains("P0812"), "an empty database has not drifted\n{said}");

        let project = Project::upgraded(url);
        let said = project.run("in sync", &["check", "--database", url]);
        assert!(said.contains("migrations and database: in sync\n"), "{said}");

        // The files go on.
        fs::write(project.second(), REVISION.replace("PARENT", &project.first())).unwrap();
        let spec = SPEC
            .replace("status: Status = draft", "status: Status = draft\n      views: { type: integer, null: true }");
        fs::write(project.0.path().join("models.yaml"), &spec).unwrap();
        let said = project.found(url);
        assert!(said.contains("migrations and database: behind, pending: 20990101_0000_more\n"), "{said}");
        assert!(said.contains("applied revisions and database: in sync"), "behind is not drifted\n{said}");
        assert!(said.contains("spec and migrations: in sync, 2 revisions"), "{said}");

        // The database goes on.
        project.run("ahead", &["db", "upgrade", "--database", url]);
        let text = fs::read_to_string(project.second()).unwrap();
        fs::remove_file(project.second()).unwrap();
        let said = project.found(url);
        assert!(said.contains("migrations and database: ahead, without a file: 20990101_0000_more\n"), "{said}");
        assert!(said.contains("error[P0814]") && said.contains("what it should have is not known"), "{said}");
        assert!(said.contains("spec and migrations: behind, 1 change of the spec"), "{said}");

        // A file is edited.
        fs::write(project.second(), text.replace("message: more", "message: most")).unwrap();
        let said = project.found(url);
        assert!(said.contains("migrations and database: edited, changed since: 20990101_0000_more\n"), "{said}");
        assert!(said.contains("error[P0815]") && !said.contains("P0812"), "{said}");

        // A run has stopped halfway.
        db.sql("UPDATE pilaster_migrations SET state = 'upgrade failed', steps = 0 WHERE revision LIKE '2099%'")
            .execute()
            .await
            .unwrap();
        let said = project.found(url);
        assert!(said.contains("migrations and database: unfinished, applied in part: 20990101_0000_more\n"), "{said}");
        assert!(said.contains("error[P0816]: `20990101_0000_more` is applied in part"), "{said}");
        assert!(!said.contains("P0815"), "what is unfinished may be edited where it is not done\n{said}");

        // The notes are gone.
        db.sql("DROP TABLE pilaster_migrations").execute().await.unwrap();
        let said = project.found(url);
        assert!(said.contains("migrations and database: unstamped"), "{said}");
        assert!(said.contains("error[P0817]") && said.contains("pilaster db stamp head"), "{said}");
        assert!(said.contains("applied revisions and database: in sync"), "{said}");
        project.run("stamped", &["db", "stamp", "head", "--database", url]);
        project.run("stamped", &["check", "--database", url]);
        made.remove().await.unwrap();
    }
}

/// Code, migrations and database are looked at even where one of them cannot be.
#[test]
fn what_is_compared_is_said() {
    let project = Project::of_spec(SPEC);
    let said = project.run("nothing", &["check"]);
    assert!(said.contains("spec and code: absent") && said.contains("spec and migrations: absent"), "{said}");
    assert!(!said.contains("database"), "{said}");
    project.run("code", &["generate"]);
    let said = project.run("code", &["check"]);
    assert!(said.contains("spec and code: in sync"), "{said}");
    fs::write(project.0.path().join("models.yaml"), SPEC.replace("title", "heading")).unwrap();
    let (code, said) = project.try_run(&["check"]);
    assert!(code == 1 && said.contains("spec and code: differs, ") && said.contains("error[P0513]"), "{said}");
    let (code, said) = project.try_run(&["check", "--database"]);
    assert!(code == 2 && said.contains("no database is named"), "{said}");
    let (code, said) = project.try_run(&["check", "--database", "sqlite://missing.db"]);
    assert!(code == 1 && said.contains("there is no such file") && said.contains("database: unknown"), "{said}");
    assert_eq!(project.try_run(&["check", "--database", "what://is/this"]).0, 2);
    assert_eq!(project.try_run(&["check", "--spec", "missing.yaml"]).0, 2);
}

/// A spec that is there gives the names that a database cannot tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_has_the_words_of_the_spec() {
    for kind in KINDS {
        let Some(made) = fresh(kind).await else { continue };
        let project = Project::of_spec(SPEC);
        project.run("create", &["db", "create", "--database", &made.url]);
        made.db.sql("CREATE TABLE other (id bigint PRIMARY KEY)").execute().await.unwrap();
        let said = project.run("baseline", &["db", "init", "--from-database", &made.url]);
        assert!(said.contains("left out, as the spec does not have it: other\n"), "{said}");
        let text = project.run("show", &["db", "show"]);
        assert!(text.contains("create_enum: { enum: status, labels: [draft, published] }"), "{text}");
        assert!(text.contains("{ name: born, type: integer, null: true, default: { int: 1970 } }"), "{text}");
        assert!(!text.contains("other") && !text.contains("post_title_idx"), "{text}");
        assert!(project.run("migrate", &["db", "migrate"]).starts_with("nothing has changed"), "{}", kind.name());
        made.remove().await.unwrap();
    }
}

/// A check leaves a file as it is, down to how it keeps its journal.
#[test]
fn looking_changes_nothing() {
    let project = Project::of_spec("pilaster: 1\nmodels:\n  A:\n    columns: { id: bigint primary }\n");
    let path = project.0.path().join("it.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE a (id INTEGER PRIMARY KEY)").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let said = project.run("look", &["check", "--database", "sqlite://it.db"]);
    assert!(said.contains("spec and database: in sync"), "{said}");
    assert!(fs::read(&path).unwrap() == before, "the file was written to");
}
