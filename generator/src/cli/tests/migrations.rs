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
    assert_eq!(on(&["upgrade", "+1"]).out, "applied 20261122_2231_views\n");
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
