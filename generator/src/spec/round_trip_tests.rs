//! A database, the spec that `inspect` prints of it, and the code of both: the spec loads, and the code is the same.

use std::path::Path;

use rusqlite::Connection;

use crate::config::{Input, Layer, Options};
use crate::diag::Diagnostics;
use crate::output::FileSet;
use crate::render::Layout;
use crate::{pipeline, spec};

fn options(input: Input, root: &Path) -> Options {
    Layer { input: Some(input), ..Layer::default() }.options(root).unwrap()
}

fn generate(options: &Options) -> FileSet {
    let mut diagnostics = Diagnostics::default();
    let files = pipeline::generate(options, Layout::Folder, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    files.unwrap()
}

/// Makes a database of a script and goes round; gives the spec.
fn round(sql: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let live = options(Input::Database(crate::url::of_file(&path)), folder.path());
    let mut diagnostics = Diagnostics::default();
    let schema = pipeline::schema(&live, &mut diagnostics).unwrap();
    let text = spec::write(&schema);
    let written = folder.path().join("spec.yaml");
    std::fs::write(&written, &text).unwrap();
    let from_spec = options(Input::Spec(written), folder.path());
    let mut diagnostics = Diagnostics::default();
    let again = pipeline::schema(&from_spec, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics}\n{text}");
    assert_eq!(spec::write(&again.unwrap()), text, "the spec of the spec");
    let (one, two) = (generate(&live), generate(&from_spec));
    let names = |files: &FileSet| files.files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&two), "{text}");
    for (name, code) in &one.files {
        let other = two.files.get(name).unwrap();
        let different = code.lines().zip(other.lines()).find(|(one, two)| one != two);
        assert!(code == other, "{name}: {different:?}\n{text}");
    }
    text
}

#[test]
fn a_plain_database_gives_a_plain_spec() {
    let text = round(
        "CREATE TABLE Artist (ArtistId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120));
         CREATE TABLE Album (
             AlbumId INTEGER NOT NULL PRIMARY KEY,
             Title NVARCHAR(160) NOT NULL,
             ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId) ON DELETE CASCADE
         );
         CREATE INDEX IFK_AlbumArtistId ON Album (ArtistId);",
    );
    assert_eq!(
        text,
        "pilaster: 1
dialects: [sqlite]

models:
  Album:
    table: Album
    columns:
      album_id: { type: bigint, primary: true, column: AlbumId }
      title: { type: string(160), column: Title }
      artist_id: { type: bigint, column: ArtistId }
    relations:
      artist: { belongs_to: Artist, on_delete: cascade }
    indexes:
      - { columns: [artist_id], name: IFK_AlbumArtistId }

  Artist:
    table: Artist
    columns:
      artist_id: { type: bigint, primary: true, column: ArtistId }
      name: { type: string(120), null: true, column: Name }
"
    );
}

#[test]
fn keys_actions_and_indexes() {
    round(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT NOT NULL, y TEXT, UNIQUE (x, y));
         CREATE UNIQUE INDEX a_y ON a (y) WHERE x > 0;
         CREATE INDEX a_lower ON a (lower(y), x DESC);
         CREATE TABLE b (
             a_id INTEGER NOT NULL REFERENCES a ON DELETE SET NULL ON UPDATE SET NULL,
             parent INTEGER REFERENCES b (id) DEFERRABLE INITIALLY DEFERRED,
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             CONSTRAINT positive CHECK (id > 0), CHECK (parent <> id)
         );
         CREATE UNIQUE INDEX one_to_one ON b (a_id);
         CREATE TABLE pair (a_id INTEGER REFERENCES a, b_id INTEGER REFERENCES b, PRIMARY KEY (b_id, a_id)) WITHOUT ROWID;
         CREATE TABLE own (a_id INTEGER PRIMARY KEY REFERENCES a ON DELETE CASCADE, n INTEGER);
         CREATE TABLE code (code TEXT PRIMARY KEY, n REAL DEFAULT 1.50, at TEXT DEFAULT CURRENT_TIMESTAMP) STRICT;",
    );
}

#[test]
fn types_defaults_and_enums() {
    let text = round(
        r#"CREATE TABLE t (
             id INT PRIMARY KEY, flag BOOL DEFAULT TRUE, price DECIMAL(10,2) DEFAULT 9.90, name VARCHAR(99999),
             huge DECIMAL(99,98), untyped, place GEOMETRY, data BLOB DEFAULT x'00ff', doc JSON DEFAULT '{}',
             key UUID, s STRING DEFAULT 'it''s "x"', day DATE DEFAULT CURRENT_DATE, dice INT DEFAULT (random()),
             status TEXT NOT NULL DEFAULT 'a-b' CHECK (status IN ('a-b', 'a_b', '', '+', 'null')),
             sum INT GENERATED ALWAYS AS (id + 1) STORED, virt TEXT AS (upper(name)),
             no TEXT DEFAULT 'null', yes TEXT DEFAULT '', hash TEXT DEFAULT '#fff', blank TEXT DEFAULT ' x ' COLLATE NOCASE
         );
         CREATE VIEW v AS SELECT id, name, price * 2 AS twice, count(*) AS n FROM t;"#,
    );
    assert!(text.contains("view: true"), "{text}");
}

#[test]
fn types_of_any_text_and_keys_that_are_none() {
    let text = round(
        r#"CREATE TABLE t (id INTEGER PRIMARY KEY, a "any */ text" NOT NULL, b 🦀, c "it's, ""so""");
         CREATE TABLE doc (doc JSON PRIMARY KEY, n INTEGER) WITHOUT ROWID;"#,
    );
    assert!(text.contains(r#"b: { raw: { sqlite: "\"🦀\"" }"#) && !text.contains("rowid"), "{text}");
}

#[test]
fn hostile_names() {
    round(
        r##"CREATE TABLE "order details" ("type" TEXT, "self" INTEGER PRIMARY KEY, "a b" TEXT UNIQUE, "a-b" TEXT, "" TEXT,
             "é" INT, "select" INT, "__source" INT, "日本" TEXT, "🦀" TEXT, "fn" INT, "*/ } // {" TEXT, "x""y" TEXT,
             "2fa" TEXT, "camelCase" TEXT, "_id" INT, "id_" INT, "null" TEXT, "yes" TEXT, "a: b" TEXT, "#c" TEXT);
         CREATE TABLE "new" (id INTEGER PRIMARY KEY, query_id INT REFERENCES query, clone_id INTEGER REFERENCES "clone");
         CREATE TABLE query (id INTEGER PRIMARY KEY);
         CREATE TABLE "clone" (id INTEGER PRIMARY KEY, session_id INTEGER REFERENCES session, "key_id" INTEGER REFERENCES "key");
         CREATE TABLE session (id INTEGER PRIMARY KEY);
         CREATE TABLE "key" (id INTEGER PRIMARY KEY, email TEXT UNIQUE, by_email_id INTEGER REFERENCES "new");
         CREATE TABLE "Self" (id INTEGER PRIMARY KEY);
         CREATE TABLE "String" (id INTEGER PRIMARY KEY, "Option" TEXT CHECK ("Option" IN ('Some', 'None', 'Self', '1', '😀')));
         CREATE TABLE queue (id INTEGER PRIMARY KEY);
         CREATE TABLE queues (id INTEGER PRIMARY KEY);
         CREATE TABLE new_user (id INTEGER PRIMARY KEY);
         CREATE TABLE user (id INTEGER PRIMARY KEY);
         CREATE TABLE schema (id INTEGER PRIMARY KEY);
         CREATE TABLE enums (id INTEGER PRIMARY KEY);
         CREATE TABLE "1" (id INTEGER PRIMARY KEY);
         CREATE TABLE t_1_2 (id INTEGER PRIMARY KEY, Id_2 INT);
         CREATE TABLE "a""b\c" (id INTEGER PRIMARY KEY);"##,
    );
}
