//! Databases that are there already: their history is made of them, and a check finds nothing in what was just made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod beside;
mod drift;
mod expressions;
mod others;

use std::fs;
use std::path::{Path, PathBuf};

use pilaster_tests::database::{Fresh, Kind, is_mysql, is_required};

const KINDS: [Kind; 3] = [Kind::SqliteFile, Kind::Postgres, Kind::Mysql];

async fn fresh(kind: Kind) -> Option<Fresh> {
    match kind.fresh().await.unwrap() {
        Ok(fresh) => Some(fresh),
        Err(why) if is_required(kind) => panic!("{}: {why}", kind.name()),
        Err(why) => {
            eprintln!("skipped on {}: {why}", kind.name());
            None
        }
    }
}

/// A project in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn of_spec(text: &str) -> Self {
        let project = Self::new();
        fs::write(project.0.path().join("models.yaml"), text).unwrap();
        project
    }

    /// Runs a command; gives its exit code, and all that it said.
    fn try_run(&self, args: &[&str]) -> (i32, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let root = self.0.path().display().to_string();
        let args = ["pilaster", "-C", &root].into_iter().chain(args.iter().copied());
        let code = pilaster_generator::cli::run(args, &mut out, &mut err);
        (code, String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap())
    }

    /// Runs a command that must succeed.
    fn run(&self, about: &str, args: &[&str]) -> String {
        let (code, said) = self.try_run(args);
        assert_eq!(code, 0, "{about}: {args:?}\n{said}");
        said
    }
}

/// The inputs of all good cases of the generator, and the suite's specs: name and path.
fn inputs(file: &str) -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = fs::read_dir(root.join("cases")).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), path);
    let good = cases.map(named).filter(|(name, _)| !name.starts_with("bad_"));
    let mut all: Vec<_> = good.map(|(name, path)| (name, path.join(file))).filter(|(_, path)| path.is_file()).collect();
    if file == "spec.yaml" {
        all.extend(fs::read_dir(root.join("specs")).unwrap().map(|entry| named(entry.unwrap().path())));
    }
    all.sort();
    all
}

/// A spec of the database, a history of it, and a check: nothing is left to do.
fn adopt(about: &str, url: &str, spec: Option<&str>) {
    let project = match spec {
        Some(text) => Project::of_spec(text),
        None => Project::new(),
    };
    if spec.is_none() {
        project.run(about, &["inspect", url, "--out", "models.yaml"]);
    }
    project.run(about, &["db", "init", "--from-database", url]);
    let said = project.run(about, &["db", "migrate", "-m", "more"]);
    assert!(said.starts_with("nothing has changed"), "{about}\n{said}");
    let (code, said) = project.try_run(&["check", "--database", url]);
    let applied = fs::read_dir(project.0.path().join("migrations")).unwrap().count() > 0;
    let unstamped =
        said.contains("migrations and database: unstamped") || said.contains("migrations and database: behind");
    assert!(code == 1 && unstamped || !applied, "{about}\n{said}");
    project.run(about, &["db", "stamp", "head", "--database", url]);
    let said = project.run(about, &["check", "--database", url]);
    assert!(said.contains("applied revisions and database: in sync"), "{about}\n{said}");
    if std::env::var_os("PILASTER_SHOW").is_some() {
        eprintln!("{about}\n{said}");
    }
}

async fn of_specs(kind: Kind) {
    let mut done = 0;
    for (name, path) in inputs("spec.yaml") {
        let about = format!("{name} on {}", kind.name());
        let text = fs::read_to_string(&path).unwrap();
        let Some(made) = fresh(kind).await else { return };
        let project = Project::of_spec(&text);
        let (code, _) = project.try_run(&["db", "create", "--database", &made.url]);
        // Not every spec is possible everywhere.
        if code == 0 {
            done += 1;
            let said = project.run(&about, &["check", "--database", &made.url]);
            assert!(said.contains("spec and database: in sync"), "{about}\n{said}");
            adopt(&format!("{about}, with its spec"), &made.url, Some(&text));
        }
        made.remove().await.unwrap();
        if code == 0 {
            let Some(migrated) = fresh(kind).await else { return };
            project.run(&about, &["db", "init"]);
            project.run(&about, &["db", "migrate", "-m", "all"]);
            project.run(&about, &["db", "upgrade", "--database", &migrated.url]);
            let said = project.run(&about, &["check", "--database", &migrated.url]);
            assert!(said.contains("applied revisions and database: in sync"), "{about}\n{said}");
            migrated.db.sql("DROP TABLE pilaster_migrations").execute().await.unwrap();
            adopt(&format!("{about}, inspected"), &migrated.url, None);
            migrated.remove().await.unwrap();
        }
    }
    assert!(done > 15, "{done} specs are possible on {}", kind.name());
}

async fn of_scripts(kind: Kind, file: &str) {
    let all = inputs(file);
    assert!(!all.is_empty(), "{file}");
    for (name, path) in all {
        let Some(made) = fresh(kind).await else { return };
        made.db.sql(fs::read_to_string(&path).unwrap()).batch().await.unwrap();
        adopt(&format!("{name} on {}", kind.name()), &made.url, None);
        made.remove().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_specs_make_is_adopted_on_sqlite() {
    of_specs(KINDS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_specs_make_is_adopted_on_postgres() {
    of_specs(KINDS[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_specs_make_is_adopted_on_mysql() {
    of_specs(KINDS[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_others_are_adopted_on_sqlite() {
    of_scripts(Kind::SqliteFile, "schema.sql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_others_are_adopted_on_postgres() {
    of_scripts(Kind::Postgres, "schema.postgres.sql").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_others_are_adopted_on_mysql() {
    let Some(made) = fresh(Kind::Mysql).await else { return };
    let own = if is_mysql(&made.db).await.unwrap() { "schema.mysql_own.sql" } else { "schema.mariadb.sql" };
    made.remove().await.unwrap();
    of_scripts(Kind::Mysql, "schema.mysql.sql").await;
    of_scripts(Kind::Mysql, own).await;
}
