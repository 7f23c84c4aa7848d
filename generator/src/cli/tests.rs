//! Commands, run as functions in folders of their own.

use std::fs;
use std::path::Path;

use super::*;

/// What a command gave: exit code, output, errors, with the folder's path taken out.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

struct Project {
    dir: tempfile::TempDir,
    around: Surroundings,
}

const SPEC: &str = "pilaster: 1
models:
  User:
    columns:
      id: bigint primary
      username: string(80) unique
  Post:
    columns:
      id: bigint primary
      title: string(80)
    relations:
      user: { belongs_to: User, inverse: posts, on_delete: cascade }
";

impl Project {
    fn new() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap(), around: Surroundings::default() };
        project.write("models.yaml", SPEC);
        project
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path().join(path), text).unwrap();
    }

    fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    fn run(&self, args: &[&str]) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let root = self.path().display().to_string();
        let args = ["pilaster", "-C", &root].into_iter().chain(args.iter().copied());
        let code = run_in(self.around, args, &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&root, "ROOT").replace('\\', "/");
        Ran { code, out: text(out), err: text(err) }
    }
}

#[test]
fn help_and_version_are_results() {
    let project = Project::new();
    for args in [&["--help"][..], &["generate", "--help"], &["--version"]] {
        let ran = project.run(args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        assert!(ran.out.contains("pilaster"), "{}", ran.out);
    }
}

#[test]
fn misuse_is_two() {
    let project = Project::new();
    for args in [
        &["frobnicate"][..],
        &["generate", "--spec", "a", "--database", "sqlite://b"],
        &["generate", "--spec", "missing.yaml"],
        &["generate", "--config", "missing.toml"],
        &["generate", "--database", "postgres://ann:s3cret@host/db?sslmode=maybe"],
        &["generate", "--database", "mysql://ann:s3cret@host/db?colour=red"],
        &["inspect"],
        &["inspect", "sqlite::memory:"],
        &["inspect", "oracle://ann:s3cret@host/db"],
        &["db", "create"],
        &["db", "create", "--database", "sqlite::memory:"],
        &["db", "create", "--database", "sqlite://x.db", "--sql", "--dialect", "oracle"],
        &["db", "create", "--dialect", "sqlite"],
    ] {
        let ran = project.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?} {}", ran.err);
        assert!(ran.err.contains("error"), "{args:?}");
        assert!(!ran.err.contains("s3cret"), "{}", ran.err);
    }
}

#[test]
fn settings_are_checked() {
    let project = Project::new();
    project.write("pilaster.toml", "[generate]\nsepc = \"models.yaml\"\n");
    let ran = project.run(&["generate"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("P0702") && ran.err.contains("ROOT/pilaster.toml:2:1"), "{}", ran.err);
    let ran = project.run(&["generate", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    assert!(ran.out.starts_with(r#"{"ok":false,"diagnostics":[{"code":"P0702","severity":"error""#), "{}", ran.out);
    assert!(ran.out.contains(r#""line":2,"column":1,"end_line":2,"end_column":5"#), "{}", ran.out);
}

#[test]
fn a_new_project_is_made_once() {
    let project = Project::new();
    let ran = project.run(&["new", "My Blog"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for path in ["Cargo.toml", "build.rs", "models.yaml", "src/main.rs", "pilaster.toml", ".gitignore"] {
        assert!(project.exists(&format!("My Blog/{path}")), "{path}");
    }
    let manifest = fs::read_to_string(project.path().join("My Blog/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"my-blog\"") && !manifest.contains("{{"), "{manifest}");
    fs::remove_file(project.path().join("My Blog/build.rs")).unwrap();
    let ran = project.run(&["new", "My Blog"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.err.matches("is there already").count(), 5, "{}", ran.err);
    assert!(!project.exists("My Blog/build.rs"), "all or nothing");
}

#[test]
fn code_is_written_checked_and_written_again() {
    let project = Project::new();
    let ran = project.run(&["generate", "--check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("ROOT/src/models is missing"), "{}", ran.err);
    assert!(!project.exists("src"));
    let ran = project.run(&["generate"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("ROOT/src/models: ") && ran.out.ends_with(" 0 unchanged, 0 removed\n"), "{}", ran.out);
    assert!(project.run(&["generate"]).out.contains(": 0 written, "));
    assert_eq!(project.run(&["generate", "--check"]).code, 0);
    let file = project.path().join("src/models/mod.rs");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "// edited\n").unwrap();
    let ran = project.run(&["generate", "--check", "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains(r#""differences":["mod.rs"]"#) && ran.out.contains("P0513"), "{}", ran.out);
}

#[test]
fn tables_are_created_and_dropped() {
    let mut project = Project::new();
    project.write("pilaster.toml", "[database]\nurl = \"sqlite://file.db\"\n");
    let ran = project.run(&["db", "create"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "sqlite://file.db: 2 tables created\n"), "{}", ran.err);
    assert_eq!(project.run(&["db", "create"]).out, "sqlite://file.db: 0 tables created\n");
    let ran = project.run(&["db", "drop"]);
    assert_eq!(ran.code, 2, "nobody to ask");
    project.around.confirm = Some(|question| {
        assert!(question.contains("file.db"));
        false
    });
    assert_eq!(project.run(&["db", "drop"]).code, 2);
    assert_eq!(project.run(&["db", "create"]).out, "sqlite://file.db: 0 tables created\n");
    let ran = project.run(&["db", "drop", "--yes", "--json"]);
    let expected = r#"{"ok":true,"database":"sqlite://file.db","dropped":["post","user"],"diagnostics":[]}"#;
    assert_eq!(ran.out.trim(), expected, "{}", ran.err);
}

#[test]
fn flags_go_over_the_environment_and_that_over_the_file() {
    let mut project = Project::new();
    project.write("pilaster.toml", "[database]\nurl = \"sqlite://file.db\"\n");
    project.around.env = Some(|key| (key == "DATABASE_URL").then(|| "sqlite://env.db".to_owned()));
    assert!(project.run(&["db", "create"]).out.starts_with("sqlite://env.db"));
    assert!(project.run(&["db", "create", "--database", "sqlite:flag.db"]).out.starts_with("sqlite:flag.db"));
    assert!(!project.exists("file.db") && project.exists("env.db") && project.exists("flag.db"));
}

#[test]
fn statements_are_printed() {
    let project = Project::new();
    let ran = project.run(&["db", "create", "--sql", "--dialect", "postgres"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("CREATE TABLE IF NOT EXISTS \"post\"") && ran.out.ends_with(";\n"), "{}", ran.out);
    let ran = project.run(&["db", "drop", "--sql", "--database", "mysql://root:s3cret@host/db"]);
    assert_eq!(ran.out, "DROP TABLE IF EXISTS `post`;\nDROP TABLE IF EXISTS `user`;\n");
}

#[test]
fn servers_that_are_not_there_are_told_without_passwords() {
    let project = Project::new();
    // Nothing listens on the first port.
    for url in ["postgres://ann:s3cret@127.0.0.1:1/db", "mysql://ann:s3cret@127.0.0.1:1/db"] {
        for args in [&["generate", "--database"][..], &["inspect"], &["db", "create", "--database"]] {
            let ran = project.run(&[args, &[url]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{args:?} {}", ran.err);
            let told = ran.err.contains("P0301") && ran.err.contains("127.0.0.1:1") && ran.err.contains("check host");
            assert!(told && ran.err.contains("ann:***@") && !ran.err.contains("s3cret"), "{}", ran.err);
        }
    }
}

#[test]
fn no_mistake_shows_a_password() {
    let project = Project::new();
    let told = |ran: Ran, what: &str| {
        assert_ne!(ran.code, 0, "{what}");
        assert!(!format!("{}{}", ran.out, ran.err).contains("s3cret"), "{what}: {}{}", ran.out, ran.err);
    };
    let url = "postgres://ann:s3cret@127.0.0.1:1/db";
    for line in [
        format!("url = \"{url}"),
        format!("url = \"{url}\" max_connections = 2"),
        format!("url = [\"{url}\"]"),
        format!("urll = \"{url}\""),
    ] {
        project.write("pilaster.toml", &format!("[database]\n{line}\n"));
        told(project.run(&["inspect"]), &line);
        told(project.run(&["inspect", "--json"]), &line);
    }
    project.write("pilaster.toml", "[database]\nurl = \"sqlite:a.db\n");
    for args in [&["inspect"][..], &["db", "create"]] {
        let ran = project.run(args);
        assert_eq!(ran.err.matches("error[").count(), 1, "{}", ran.err);
    }
    project.write("pilaster.toml", "");
    for wrong in [
        "postgres//ann:s3cret@127.0.0.1/db",
        "ann:s3cret@127.0.0.1/db",
        "postgres://ann:s3cret",
        "postgre://ann:s3cret",
        "mysql://h/db?pwd=s3cret",
        "mysql://h/db?password=x&s3cret",
        "host=h password=s3cret",
    ] {
        told(project.run(&["inspect", wrong]), wrong);
        told(project.run(&["inspect", "sqlite:a.db", wrong]), wrong);
        told(project.run(&["generate", "--spec", wrong]), wrong);
        told(project.run(&["generate", "--database", wrong]), wrong);
        told(project.run(&["generate", wrong]), wrong);
        told(project.run(&["inspect", &format!("--json={wrong}")]), wrong);
    }
}

#[test]
fn what_the_database_refuses_is_told_and_undone() {
    let project = Project::new();
    project.write("text.db", "This is no database, but a text that is longer than a header of one would be. Really.");
    let ran = project.run(&["db", "create", "--database", "sqlite:text.db"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("P0707") && ran.err.contains("no SQLite database"), "{}", ran.err);
    let ran = project.run(&["db", "create", "--database", "sqlite:no/folder.db"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("check that its folder exists"), "{}", ran.err);
    let held = rusqlite::Connection::open(project.path().join("held.db")).unwrap();
    held.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ran = project.run(&["inspect", "held.db"]);
    assert!(ran.code == 1 && ran.err.contains("locked by another connection"), "{}", ran.err);
    let ran = project.run(&["db", "drop", "--yes", "--database", "sqlite:absent.db"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("nothing to drop") && !project.exists("absent.db"), "{}", ran.out);
}

#[test]
fn a_database_becomes_a_spec_that_makes_it() {
    let project = Project::new();
    project.run(&["db", "create", "--database", "sqlite:blog.db"]);
    for source in ["blog.db", &format!("sqlite://{}/blog.db", project.path().display())] {
        let ran = project.run(&["inspect", source]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("username: string(80)"), "{}", ran.out);
    }
    let ran = project.run(&["inspect", "blog.db", "--out", "copy.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "ROOT/copy.yaml written\n"));
    assert_eq!(project.run(&["inspect", "blog.db", "--out", "copy.yaml"]).code, 2, "not overwritten");
    assert_eq!(project.run(&["generate", "--spec", "copy.yaml", "--out", "a"]).code, 0);
    let ran = project.run(&["generate", "--database", &url_of(&project), "--out", "a", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_database_without_tables_takes_no_code_away() {
    let project = Project::new();
    project.run(&["db", "create", "--database", "sqlite:blog.db"]);
    let generate = ["generate", "--database", &url_of(&project), "--out", "a"];
    assert_eq!(project.run(&generate).code, 0);
    let code = || fs::read_to_string(project.path().join("a/post/mod.rs")).unwrap();
    let before = code();
    project.run(&["db", "drop", "--yes", "--database", "sqlite:blog.db"]);
    let ran = project.run(&generate);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("error[P0304]") && ran.err.contains("nothing was written"), "{}", ran.err);
    assert_eq!(code(), before);
    // Where nothing would be lost, nothing hinders.
    fs::remove_dir_all(project.path().join("a")).unwrap();
    assert_eq!(project.run(&generate).code, 0);
    assert_eq!(project.run(&generate).code, 0);
}

#[test]
fn what_a_required_database_cannot_do_is_an_error() {
    let project = Project::new();
    project.write(
        "models.yaml",
        "pilaster: 1\nmodels:\n  A:\n    columns:\n      id: bigint primary\n      n: bigint unsigned\n",
    );
    project.write("pilaster.toml", "[generate]\ndialects = [\"sqlite\"]\n");
    let ran = project.run(&["generate"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("P0501") && ran.err.contains("no unsigned 64-bit"), "{}", ran.err);
    assert!(!project.exists("src"));
    project.write("pilaster.toml", "[generate]\ndialects = [\"mysql\"]\n");
    let ran = project.run(&["generate", "--strict"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

fn url_of(project: &Project) -> String {
    url::of_file(&project.path().join("blog.db"))
}

mod migrations;
