//! What the page on existing databases promises.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

/// Runs `pilaster`, the first word being its name, in a folder.
fn pilaster(folder: &Path, line: &str) -> (i32, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let folder = folder.display().to_string();
    let words = line.split_whitespace().chain(["-C", &folder]).map(str::to_owned);
    let code = pilaster_generator::cli::run(words, &mut out, &mut err);
    (code, String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err))
}

#[test]
fn a_database_becomes_models() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blog.db");
    let db = pilaster::blocking::Db::connect(&format!("sqlite://{}", path.display())).unwrap();
    db.sql(
        "CREATE TABLE blog_usr (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, active INT NOT NULL);
         CREATE TABLE order_lines (id INTEGER PRIMARY KEY, \"createdAt\" DATETIME NOT NULL);
         CREATE TABLE post (id INTEGER PRIMARY KEY,
             status TEXT NOT NULL CHECK (status IN ('draft', 'published')),
             author_id INTEGER NOT NULL REFERENCES blog_usr (id),
             blog_usr_id INTEGER NOT NULL REFERENCES blog_usr (id));
         CREATE TABLE tag (id INTEGER PRIMARY KEY);
         CREATE TABLE post_tag (post_id INTEGER NOT NULL REFERENCES post (id),
             tag_id INTEGER NOT NULL REFERENCES tag (id), PRIMARY KEY (post_id, tag_id));",
    )
    .batch()
    .unwrap();
    db.close().unwrap();

    let (code, spec) = pilaster(folder.path(), "pilaster inspect blog.db");
    assert_eq!(code, 0, "{spec}");
    for part in [
        "OrderLine",
        "created_at",
        "author: { belongs_to: BlogUsr",
        "many_to_many: ",
        "[draft, published]",
        "table: order_lines",
    ] {
        assert!(spec.contains(part), "{part} in\n{spec}");
    }

    fs::write(
        folder.path().join("pilaster.toml"),
        "[generate]\ndatabase = 'sqlite://blog.db'\n[names]\n'blog_usr' = 'User'\n'blog_usr.mail' = 'email'\n[types]\n'blog_usr.active' = 'boolean'\n",
    )
    .unwrap();
    // Paths of URLs are relative to where the command runs, so this one is named in full.
    let url = format!("sqlite://{}", path.display());
    let (code, said) = pilaster(folder.path(), &format!("pilaster generate --database {url}"));
    assert_eq!(code, 0, "{said}");
    let model = fs::read_to_string(folder.path().join("src/models/user/model.rs")).unwrap();
    assert!(model.contains("pub email: String") && model.contains("pub active: bool"), "{model}");
    let relations = fs::read_to_string(folder.path().join("src/models/user/relations.rs")).unwrap();
    assert!(relations.contains("pub fn author_posts(") && relations.contains("pub fn blog_usr_posts("), "{relations}");
    let (code, said) = pilaster(folder.path(), &format!("pilaster generate --check --database {url}"));
    assert_eq!(code, 0, "{said}");
}
