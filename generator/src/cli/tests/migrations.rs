//! The commands of migrations, from an empty folder to two heads.

use super::*;

fn project() -> Project {
    let mut project = Project::new();
    // 2026-11-22 22:30
    project.around.now = Some(1_795_386_600);
    assert_eq!(project.run(&["db", "init"]).code, 0);
    project
}

fn migrated() -> Project {
    let project = project();
    let ran = project.run(&["db", "migrate", "-m", "users and posts"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    project
}

const FIRST: &str = "migrations/20261122_2230_users_and_posts.yaml";

impl Project {
    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    fn change_spec(&self, from: &str, to: &str) {
        let spec = self.read("models.yaml");
        assert!(spec.contains(from), "{spec}");
        self.write("models.yaml", &spec.replace(from, to));
    }
}

#[test]
fn the_first_revision_makes_everything() {
    let project = migrated();
    let text = project.read(FIRST);
    let start = "pilaster_migration: 1
revision: 20261122_2230_users_and_posts
parents: []
message: users and posts
up:
  - create_table:
      table: user
      columns:
        - { name: id, type: bigint, default: auto }
        - { name: username, type: string(80) }
      primary_key: [id]
      uniques:
        - { columns: [username] }
  - create_table:
      table: post
";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("foreign_keys:\n        - { columns: [user_id], table: "), "{text}");
    let ran = project.run(&["db", "migrate", "-m", "again"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "nothing has changed, and nothing was written\n"));
    assert_eq!(project.run(&["db", "check"]).out, "the migrations lead to the spec\n");
    let ran = project.run(&["db", "migrate", "--json"]);
    assert_eq!(ran.out, "{\"ok\":true,\"revision\":null,\"changes\":[],\"diagnostics\":[]}\n");
}

#[test]
fn later_revisions_hold_what_changed() {
    let project = migrated();
    project.change_spec("title: string(80)", "title: text\n      views: { type: integer, default: 0 }");
    let ran = project.run(&["db", "check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[P0811]") && ran.err.contains("add column post.views"), "{}", ran.err);
    let ran = project.run(&["db", "migrate", "-m", "Views!"]);
    assert_eq!(
        ran.out,
        "ROOT/migrations/20261122_2231_views.yaml written\n  add column post.views\n  alter column post.title: type\n"
    );
    let text = project.read("migrations/20261122_2231_views.yaml");
    let add = "- add_column: { table: post, column: { name: views, type: integer, default: { int: 0 } } }";
    assert!(text.contains(add), "{text}");
    assert!(
        text.contains("- alter_column: { table: post, column: title, type: { from: string(80), to: text } }"),
        "{text}"
    );
    let ran = project.run(&["db", "history"]);
    assert_eq!(
        ran.out,
        "20261122_2230_users_and_posts -> 20261122_2231_views (head), Views!\n\
         base -> 20261122_2230_users_and_posts, users and posts\n"
    );
    assert_eq!(project.run(&["db", "show", "views"]).out, text);
    assert_eq!(project.run(&["db", "show"]).out, text);
    assert!(project.run(&["db", "heads"]).out.contains("_views (head)"));
    let ran = project.run(&["db", "show", "nothing"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[P0807]: there is no revision `nothing`"), "{}", ran.err);
}

#[test]
fn scripts_are_printed_per_database() {
    let project = migrated();
    project.change_spec("title: string(80)", "name: string(80)");
    let ran = project.run(&["db", "migrate", "-m", "name"]);
    assert!(ran.err.contains("warning[P0902]: `post.title` is dropped with its values"), "{}", ran.err);
    assert!(ran.err.contains("warning[P0809]: Was the column `title` of `post` renamed to `name`?"), "{}", ran.err);
    let ran = project.run(&["db", "upgrade", "--sql", "--dialect", "postgres"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("error[P0902]") && ran.err.contains("--allow-destructive"), "{}", ran.err);
    let ran = project.run(&["db", "upgrade", "--sql", "--dialect", "postgres", "--allow-destructive"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("BEGIN;\n") && ran.out.contains("DROP COLUMN \"title\";\n"), "{}", ran.out);
    let one = project.run(&["db", "upgrade", "+1", "--sql", "--dialect", "mysql"]);
    assert!(one.out.contains("CREATE TABLE `post`") && !one.out.contains("DROP COLUMN"), "{}", one.out);
    let down = project.run(&["db", "downgrade", "-1", "--sql", "--dialect", "sqlite", "--allow-destructive"]);
    assert!(down.out.starts_with("-- revision 20261122_2231_name\n"), "{}\n{}", down.out, down.err);
    let ran = project.run(&["db", "upgrade"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn renames_are_written_in_the_spec_or_asked_for() {
    let mut project = migrated();
    project.change_spec("title: string(80)", "name: { type: string(80), renamed_from: title }");
    let ran = project.run(&["db", "migrate", "-m", "name"]);
    assert!(ran.out.ends_with("\n  rename column post.title to name\n"), "{}", ran.out);
    // The old name may stay in the spec.
    assert_eq!(project.run(&["db", "check"]).code, 0);
    project.change_spec("{ type: string(80), renamed_from: title }", "string(80)");
    project.change_spec("      name: string(80)", "      heading: string(80)");
    project.around.confirm = Some(|question| {
        assert_eq!(question, "Was the column `name` of `post` renamed to `heading`?");
        true
    });
    let ran = project.run(&["db", "migrate", "-m", "heading"]);
    assert!(ran.out.ends_with("\n  rename column post.name to heading\n"), "{}", ran.out);
}

fn merge_file(project: &Project) -> String {
    let names = fs::read_dir(project.path().join("migrations")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).find(|name| name.contains("merge")).unwrap()
}

#[test]
fn two_heads_are_merged() {
    let project = migrated();
    let revision = |id: &str, column: &str| {
        let text = format!(
            "pilaster_migration: 1\nrevision: {id}\nparents: [\"20261122_2230_users_and_posts\"]\nup:\n  - add_column: \
             {{ table: post, column: {{ name: {column}, type: text, null: true }} }}\n"
        );
        project.write(&format!("migrations/{id}.yaml"), &text);
    };
    revision("b_one", "one");
    revision("b_two", "two");
    let ran = project.run(&["db", "migrate"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[P0806]: there are 2 heads: b_one, b_two"), "{}", ran.err);
    assert!(project.run(&["db", "branches"]).out.ends_with("_users_and_posts -> b_one, b_two\n"));
    let ran = project.run(&["db", "merge"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(project.run(&["db", "heads"]).out.starts_with("b_one, b_two -> "));
    let ran = project.run(&["db", "downgrade", "b_one", "--sql", "--dialect", "sqlite"]);
    assert!(ran.err.contains("error[P0808]: `b_two` cannot be taken back"), "{}\n{}", ran.err, ran.out);
    project.write("migrations/b_two.yaml", "pilaster_migration: 1\nrevision: b_two\nparents: [20261122_2230_users_and_posts]\nup:\n  - rename_table: { from: post, to: article }\n");
    fs::remove_file(project.path().join("migrations").join(merge_file(&project))).unwrap();
    let ran = project.run(&["db", "merge"]);
    assert!(ran.err.contains("`b_one` after `b_two`: there is no table `post` at this point"), "{}", ran.err);
    revision("b_two", "one");
    let ran = project.run(&["db", "merge"]);
    assert!(ran.err.contains("`post` has a column `one` already"), "{}", ran.err);
}

#[test]
fn a_database_gives_a_first_revision() {
    let project = Project::new();
    assert_eq!(project.run(&["db", "create", "--database", "sqlite://it.db"]).code, 0);
    let ran = project.run(&["db", "init", "--from-database", "sqlite://it.db"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = project.run(&["db", "check", "--json"]);
    assert!(!ran.out.contains("create table") && !ran.out.contains("drop table"), "{}", ran.out);
}

#[test]
fn a_folder_that_is_missing_is_told() {
    let project = Project::new();
    let ran = project.run(&["db", "migrate"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("pilaster db init"), "{}", ran.err);
}

#[test]
fn five_hundred_tables_make_one_revision_and_no_second() {
    let project = project();
    let model = |at: usize| {
        format!(
            "  Thing{at}:\n    columns:\n      id: bigint primary\n      name: string(80) unique\n      size: integer = 0\n      \
             note: text null\n      made: timestamp = now\n    relations:\n      other: {{ belongs_to: Thing{}, null: true, \
             inverse: none }}\n    checks: {{ positive: size >= 0 }}\n",
            at / 2
        )
    };
    let spec: String = (0..500).map(model).collect();
    project.write("models.yaml", &format!("pilaster: 1\nmodels:\n{spec}"));
    for (message, said) in [("all", "all.yaml"), ("nothing", "nothing")] {
        let ran = project.run(&["db", "migrate", "-m", message]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(said), "{}", ran.out);
    }
    for dialect in ["sqlite", "postgres", "mysql"] {
        let ran = project.run(&["db", "upgrade", "--sql", "--dialect", dialect]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out.matches("CREATE TABLE").count(), 500, "{dialect}");
    }
}

#[test]
fn a_database_is_brought_up_and_back() {
    let project = migrated();
    let on = |args: &[&str]| {
        let args: Vec<&str> = ["db"].iter().chain(args).chain(&["--database", "sqlite://it.db"]).copied().collect();
        project.run(&args)
    };
    assert!(on(&["current"]).err.contains("there is no such file"));
    let ran = on(&["upgrade", "--dry-run"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("-- would apply 20261122_2230_users_and_posts\n"), "{}", ran.out);
    assert!(ran.out.contains("CREATE TABLE \"user\""), "{}", ran.out);
    assert!(!project.exists("it.db"), "nothing is made by that");
    let ran = on(&["upgrade"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("applied 20261122_2230_users_and_posts\n", ""));
    assert_eq!(on(&["upgrade"]).out, "nothing to do\n");
    assert!(on(&["current"]).out.starts_with("20261122_2230_users_and_posts applied at "));

    let spec = project.run(&["inspect", "sqlite://it.db"]);
    assert!(spec.out.contains("Post:") && !spec.out.to_lowercase().contains("migrations"), "{}{}", spec.out, spec.err);

    project.change_spec("title: string(80)", "title: string(80)\n      views: { type: integer, default: 0 }");
    assert_eq!(project.run(&["db", "migrate", "-m", "views"]).code, 0);
    let beyond = on(&["upgrade", "+2"]);
    assert!(beyond.err.contains("1 revision is not applied"), "{}", beyond.err);
    assert_eq!(on(&["upgrade", "+1"]).out, "applied 20261122_2231_views\n");
    let beyond = on(&["downgrade", "-3"]);
    assert!(beyond.err.contains("2 revisions are applied"), "{}", beyond.err);
    for (command, told) in
        [(["upgrade", "+3"], "+3 leads beyond the end"), (["downgrade", "-3"], "-3 leads beyond the end")]
    {
        let ran = project.run(&["db", command[0], command[1], "--sql", "--dialect", "sqlite"]);
        assert!(ran.code == 1 && ran.err.contains(told) && ran.err.contains("2 revisions"), "{}", ran.err);
    }
    let back = on(&["downgrade"]);
    assert!(back.err.contains("error[P0902]") && back.err.contains("--allow-destructive"), "{}", back.err);
    assert_eq!(on(&["downgrade", "-1", "--allow-destructive"]).out, "taken back 20261122_2231_views\n");
    assert_eq!(on(&["stamp", "head"]).out, "stamped 20261122_2230_users_and_posts\nstamped 20261122_2231_views\n");
    assert_eq!(on(&["stamp", "users_and_posts"]).out, "stamped 20261122_2230_users_and_posts\n");
    assert_eq!(on(&["upgrade", "views"]).out, "applied 20261122_2231_views\n");

    let text = project.read(FIRST);
    project.write(FIRST, &text.replace("message: users and posts", "message: edited"));
    let ran = on(&["upgrade"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[P0820]") && ran.err.contains("was edited after it was applied"), "{}", ran.err);
    project.write(FIRST, &text);
    fs::remove_file(project.path().join("migrations/20261122_2231_views.yaml")).unwrap();
    let ran = on(&["upgrade"]);
    assert!(ran.err.contains("`20261122_2231_views`, which is not in this history"), "{}", ran.err);
}

#[test]
fn what_begins_with_a_hyphen_is_a_flag_or_a_number() {
    let project = migrated();
    for command in [&["upgrade"][..], &["downgrade"], &["upgrade", "--sql", "--dialect", "sqlite", "--from"]] {
        for (flag, hint) in [("--sqll", "'--sql'"), ("--allow", "'--allow-destructive'"), ("-x", "-x"), ("-2x", "-2")] {
            let ran = project.run(&[&["db"], command, &[flag, "--database", "sqlite:it.db"]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?} {flag}: {}", ran.err);
            assert!(ran.err.contains("unexpected argument") || ran.err.contains("a value is required"), "{}", ran.err);
            assert!(command.len() > 1 || ran.err.contains(hint), "{}", ran.err);
        }
    }
    for command in ["stamp", "current", "show", "history", "heads", "check", "create", "drop", "migrate", "merge"] {
        let ran = project.run(&["db", command, "--databas"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command}: {}", ran.err);
        assert!(ran.err.contains("unexpected argument '--databas'"), "{}", ran.err);
    }
    // A number of steps back is no flag.
    assert_eq!(project.run(&["db", "upgrade", "--database", "sqlite:it.db"]).code, 0);
    let ran = project.run(&["db", "downgrade", "-1", "--allow-destructive", "--database", "sqlite:it.db"]);
    assert_eq!(ran.out, "taken back 20261122_2230_users_and_posts\n", "{}", ran.err);
}

#[test]
fn only_what_makes_a_database_makes_a_file() {
    let project = migrated();
    for command in [&["db", "stamp"][..], &["db", "stamp", "base"], &["db", "current"], &["db", "downgrade"]] {
        let ran = project.run(&[command, &["--database", "sqlite:it.db"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command:?}");
        let told = "error[P0301]: sqlite:it.db: there is no such file";
        assert!(ran.err.contains(told) && ran.err.contains("`pilaster db create`"), "{command:?}: {}", ran.err);
        assert!(!project.exists("it.db"), "{command:?}");
    }
    for command in [&["check"][..], &["generate"], &["db", "init", "--migrations", "other"]] {
        let flag = if command.len() > 1 { "--from-database" } else { "--database" };
        let ran = project.run(&[command, &[flag, "sqlite:it.db"]].concat());
        assert!(ran.code == 1 && ran.err.contains("P0301") && !project.exists("it.db"), "{command:?}: {}", ran.err);
    }
    project.run(&["db", "upgrade", "--database", "sqlite:it.db"]);
    // Who only looks does not change how the file keeps its journal.
    fs::write(project.path().join("empty.db"), "").unwrap();
    assert_eq!(project.run(&["db", "current", "--database", "sqlite:empty.db"]).out, "no revision is applied\n");
    assert_eq!(project.read("empty.db"), "");
}

#[test]
fn the_folder_of_the_settings_is_that_of_all_commands() {
    let project = Project::new();
    project.write("pilaster.toml", "[migrations]\nfolder = \"db/history\"\n");
    assert_eq!(project.run(&["db", "init"]).out, "ROOT/db/history made\n");
    let ran = project.run(&["db", "migrate", "-m", "first"]);
    assert!(ran.out.starts_with("ROOT/db/history/"), "{}{}", ran.out, ran.err);
    assert_eq!(project.run(&["db", "check"]).code, 0);
    assert!(project.run(&["db", "heads"]).out.contains("_first"));
    // A flag goes over it.
    let ran = project.run(&["db", "heads", "--migrations", "elsewhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("ROOT/elsewhere cannot be read"), "{}", ran.err);
    // Told once, however often the settings are read.
    project.write("pilaster.toml", "[migrations]\nfolders = \"db/history\"\n");
    for words in [["db", "heads"], ["db", "current"]] {
        let ran = project.run(&words);
        assert_eq!((ran.code, ran.err.matches("unknown key `folders`").count()), (2, 1), "{}", ran.err);
    }
}

#[test]
fn committed_code_carries_the_migrations() {
    let project = migrated();
    assert_eq!(project.run(&["generate"]).code, 0);
    let code = project.read("src/models/migrations.rs");
    assert!(code.contains("revision 20261122_2230_users_and_posts\n") && code.contains("pub fn migrate<"), "{code}");
    assert!(project.read("src/models/schema.rs").contains("pub use super::migrations::{migrate, migrator};"));
    assert_eq!(project.run(&["generate", "--check"]).code, 0);

    let text = project.read(FIRST);
    project.write(FIRST, &text.replace("message: users and posts", "message: edited"));
    let ran = project.run(&["generate", "--check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[P0513]: ROOT/src/models/migrations.rs is not what the input gives"), "{}", ran.err);

    fs::remove_file(project.path().join(FIRST)).unwrap();
    assert_eq!(project.run(&["generate"]).code, 0);
    assert!(!project.exists("src/models/migrations.rs"));
}

#[test]
fn a_new_folder_makes_cargo_look_again() {
    let project = Project::new();
    project.write("build.rs", "fn main() {}");
    let path = project.path().join("build.rs");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let modified = || fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(project.run(&["db", "init"]).code, 0);
    assert!(modified() > long_ago);
    assert_eq!(project.read("build.rs"), "fn main() {}");
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(project.run(&["db", "init"]).code, 0);
    assert_eq!(modified(), long_ago, "it was there");
}

#[test]
fn dropped_tables_come_again() {
    let project = migrated();
    let url = format!("sqlite://{}", project.path().join("it.db").display());
    let on = |words: &[&str]| project.run(&[words, &["--database", &url]].concat());
    for _ in 0..2 {
        assert_eq!(on(&["db", "upgrade"]).out, "applied 20261122_2230_users_and_posts\n");
        let ran = on(&["db", "drop", "--yes"]);
        assert!(ran.out.ends_with("3 tables dropped\n"), "{}{}", ran.out, ran.err);
    }
    assert!(on(&["db", "drop", "--sql"]).out.contains("DROP TABLE IF EXISTS pilaster_migrations;"));
}

#[test]
fn a_risk_that_is_accepted_with_a_reason_is_no_hindrance() {
    let project = migrated();
    project.change_spec("title: string(80)", "name: string(80)");
    project.run(&["db", "migrate", "-m", "name"]);
    let path = "migrations/20261122_2231_name.yaml";
    let upgrade = ["db", "upgrade", "--sql", "--dialect", "sqlite"];
    assert_eq!(project.run(&upgrade).code, 1);
    let text = project.read(path);
    let (before, after) = text.split_once("  - drop_column").unwrap();
    let (line, rest) = after.split_once('\n').unwrap();
    let allow = |reason: &str| format!("{before}  - drop_column{line}\n    allow: {{ P0902: {reason} }}\n{rest}");
    project.write(path, &allow("nobody reads it"));
    let ran = project.run(&upgrade);
    assert!(ran.code == 0 && ran.out.contains("CREATE TABLE"), "{}{}", ran.out, ran.err);
    project.write(path, &allow("\"\""));
    let ran = project.run(&upgrade);
    assert!(ran.code == 1 && ran.err.contains("`P0902` is allowed without a reason"), "{}{}", ran.out, ran.err);
    project.write(path, &allow("nobody reads it").replace("P0902", "P0901"));
    assert!(project.run(&["db", "check"]).err.contains("P0810"), "what is accepted in vain is told");
}

#[test]
fn check_takes_the_folder_that_it_is_told_and_tells_a_mistake_once() {
    let project = migrated();
    assert_eq!(project.run(&["generate", "--out", "src/models"]).code, 0);
    fs::rename(project.path().join("migrations"), project.path().join("elsewhere")).unwrap();
    let told = ["check", "--out", "src/models", "--migrations", "elsewhere"];
    let ran = project.run(&told);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("spec and code: in sync"), "{}", ran.out);
    assert_eq!(project.run(&["check", "--out", "src/models"]).code, 1, "the code has revisions that are gone");
    let spec = project.read("models.yaml");
    project.change_spec("title: string(80)", "title: string(80)\n      views: integer = 0");
    let ran = project.run(&told);
    assert_eq!((ran.code, ran.err.matches("P0811").count()), (1, 1), "{}", ran.err);
    project.write("models.yaml", &spec);
    let file = FIRST.replace("migrations", "elsewhere");
    project.write(&file, &project.read(&file).replace("create_table", "make_table"));
    let ran = project.run(&told);
    assert_eq!(
        (ran.code, ran.err.matches("no change `make_table`").count()),
        (1, 2),
        "one for each table: {}",
        ran.err
    );
}

#[test]
fn rows_are_asked_before_the_first_change_also_behind_a_rename() {
    let project = migrated();
    project
        .change_spec("title: string(80)", "headline: { type: string(80), renamed_from: title }\n      views: integer");
    assert_eq!(project.run(&["db", "migrate", "-m", "views"]).code, 0);
    for dialect in ["mysql", "postgres"] {
        let ran = project.run(&["db", "upgrade", "head", "--sql", "--dialect", dialect]);
        let at = |what: &str| ran.out.find(what).unwrap_or_else(|| panic!("{what}: {}{}", ran.out, ran.err));
        assert!(at("-- must give 0: SELECT count(*) FROM ") < at(" RENAME COLUMN "), "{}", ran.out);
    }

    // What a change before has touched is asked when it is there.
    project.change_spec("views: integer", "views: { type: integer, unique: true }");
    assert_eq!(project.run(&["db", "migrate", "-m", "unique"]).code, 0);
    let file = "migrations/20261122_2232_unique.yaml";
    let text = project.read(file);
    let add = "  - add_unique: { table: post, columns: [views] }";
    assert!(text.contains(add), "{text}");
    let fill = "  - backfill: { table: post, set: { views: id }, where: views < id, batch: 100 }";
    project.write(file, &text.replacen(add, &format!("{fill}\n{add}"), 1));
    let ran = project.run(&["db", "upgrade", "head", "--sql", "--dialect", "mysql"]);
    let last = ran.out.rfind("-- must give 0: ").unwrap();
    assert!(ran.out.find("UPDATE `post` SET `views`").is_some_and(|fill| fill < last), "{}", ran.out);
}

#[test]
fn what_stops_an_upgrade_is_told_on_lines_that_can_be_read() {
    let project = migrated();
    let on = |args: &[&str]| project.run(&[&["db"], args, &["--database", "sqlite://it.db"]].concat());
    let text = project.read(FIRST);
    let (up, down) = text.split_once("down:").unwrap();
    project.write(FIRST, &format!("{up}  - execute:\n      sql: |\n        SELECT\n        nothing\ndown:{down}"));
    let ran = on(&["upgrade"]);
    assert!(ran.err.contains("in: SELECT nothing") && !ran.err.contains('\u{fffd}'), "{}", ran.err);
}

#[test]
fn a_risk_that_is_accepted_in_the_wrong_place_is_told_where_it_belongs() {
    let project = migrated();
    project.change_spec("      title: string(80)\n", "");
    assert_eq!(project.run(&["db", "migrate", "-m", "untitled"]).code, 0);
    let file = "migrations/20261122_2231_untitled.yaml";
    let text = project.read(file);
    let drop = "column: { name: title, type: string(80) } }";
    assert!(text.contains(drop), "{text}");
    let within = drop.replace(" } }", " }, allow: { P0902: unused } }");
    project.write(file, &text.replacen(drop, &within, 1));
    let ran = project.run(&["db", "check"]);
    assert!(ran.err.contains("`allow` stands in `drop_column`, and belongs beside it"), "{}", ran.err);
    let beside = format!("{drop}\n    allow: {{ P0902: unused }}");
    project.write(file, &text.replacen(drop, &beside, 1));
    assert_eq!(project.run(&["db", "check"]).code, 0);
}

#[test]
fn a_fill_that_names_no_column_is_refused_and_not_taken_for_a_text() {
    let project = migrated();
    project.change_spec("title: string(80)", "title: string(80)\n      lead: string(80)");
    assert_eq!(project.run(&["db", "migrate", "-m", "lead"]).code, 0);
    let file = "migrations/20261122_2231_lead.yaml";
    let text = project.read(file);
    let add = "column: { name: lead, type: string(80) } }";
    assert!(text.contains(add), "{text}");
    let filled = |fill: &str| text.replacen(add, &add.replace("} }", &format!("}}, fill: {fill} }}")), 1);
    project.write(file, &filled("titel"));
    for args in [&["db", "check"][..], &["db", "upgrade", "--database", "sqlite://it.db"]] {
        let ran = project.run(args);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("`post` has no column `titel` at this point"), "{}", ran.err);
        assert!(ran.err.contains("a text goes in quotes of its own"), "{}", ran.err);
    }
    for fill in ["title", "\"'titel'\""] {
        project.write(file, &filled(fill));
        assert_eq!(project.run(&["db", "check"]).code, 0);
    }
}

#[test]
fn a_fill_sees_what_a_change_before_it_has_filled() {
    let project = migrated();
    let on = |args: &[&str]| project.run(&[&["db"], args, &["--database", "sqlite://it.db"]].concat());
    assert_eq!(on(&["upgrade"]).code, 0);
    let database = rusqlite::Connection::open(project.path().join("it.db")).unwrap();
    database.execute("INSERT INTO user (username) VALUES ('Ann')", []).unwrap();
    project.change_spec("username: string(80) unique", "username: string(80) unique\n      low: text\n      top: text");
    assert_eq!(project.run(&["db", "migrate", "-m", "more"]).code, 0);
    let file = "migrations/20261122_2231_more.yaml";
    let text = project.read(file);
    let (low, top) = ("column: { name: low, type: text } }", "column: { name: top, type: text } }");
    assert!(text.contains(low) && text.contains(top), "{text}");
    let filled = |add: &str, fill: &str| add.replace("} }", &format!("}}, fill: {fill} }}"));
    let text = text.replacen(low, &filled(low, "lower(username)"), 1).replacen(top, &filled(top, "low"), 1);
    project.write(file, &text);
    let ran = on(&["upgrade"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let row = database.query_row("SELECT low, top FROM user", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let row: (String, String) = row;
    assert_eq!(row, ("ann".to_owned(), "ann".to_owned()));
}

/// What is dropped and was required comes back empty: said when the file is written, and not when it is too late.
#[test]
fn a_way_back_that_lacks_values_is_told_when_it_is_written() {
    let project = migrated();
    let before = project.read("models.yaml");
    project.change_spec("title: string(80)", "heading: string(80) = untitled");
    let ran = project.run(&["db", "migrate", "-m", "heading"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told =
        "warning[P0905]: on the way back, `post.title` takes no NULL, and rows that are there have no value for it";
    assert!(ran.err.contains(told) && ran.err.contains("add `fill:`"), "{}", ran.err);
    assert!(ran.err.contains("down: add column post.title"), "{}", ran.err);
    let file = project.read("migrations/20261122_2231_heading.yaml");
    assert!(
        file.contains("# down: drop column post.title: the values of the column are gone, and rows need one"),
        "{file}"
    );
    // The other way, nothing is lacking.
    project.write("models.yaml", &before);
    let ran = project.run(&["db", "migrate", "-m", "back"]);
    assert!(!ran.err.contains("on the way back"), "{}", ran.err);
}

#[test]
fn the_settings_of_a_url_count() {
    let project = migrated();
    let wrong = format!("{}?bussy_timeout=1s", url_of(&project));
    let ran = project.run(&["db", "upgrade", "--database", &wrong]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("bussy_timeout"), "{}", ran.err);
    assert!(!project.exists("blog.db"));
    // A relative path starts where the command runs, with settings as without.
    let ran = project.run(&["db", "upgrade", "--database", "sqlite://blog.db?busy_timeout=1s"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(project.exists("blog.db"));
    let read_only = format!("{}?read_only=true", url_of(&project));
    assert_eq!(project.run(&["db", "current", "--database", &read_only]).code, 0);
    let ran = project.run(&["db", "downgrade", "--database", &read_only, "base"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
}
