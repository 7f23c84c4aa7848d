//! Cases with rows, each on every database; `docs/migration-cases.md` names them.

use pilaster_tests::database::Kind;

use crate::on_all::{Case, DEFAULT, End, Up};

const POSTS: &str = "models:
  Writer:
    columns: { id: bigint primary, name: string(40) }
  Post:
    columns:
      id: bigint primary
      title: string(40)
      views: integer null
    relations:
      writer: { belongs_to: Writer, null: true, on_delete: cascade }
";

const ROWS: &[&str] = &[
    "INSERT INTO writer (id, name) VALUES (1, 'ann'), (2, 'bob')",
    "INSERT INTO post (id, title, views, writer_id) VALUES (1, 'one', 5, 1), (2, 'two', NULL, 1), (3, '33', 7, 2)",
];

const POST_TITLES: &str = "SELECT title FROM post ORDER BY id";

macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $case.run().await;
        })*
    };
}

cases! {
    add_with_default: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: kind, type: string(10), default: { text: it's } } }"),
        end: End::Rows(&[("SELECT kind FROM post", &["it's", "it's", "it's"])]),
        ..DEFAULT
    };
    add_required: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: kind, type: string(10) } }"),
        end: End::Refused(["`post` has 3 rows"; 3]),
        ..DEFAULT
    };
    add_required_to_an_empty_table: Case {
        before: POSTS,
        up: Up::Changes("  - add_column: { table: post, column: { name: kind, type: string(10) } }"),
        ..DEFAULT
    };
    add_filled: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: kind, type: string(60) }, fill: \"upper(title)\" }"),
        end: End::Rows(&[("SELECT kind FROM post ORDER BY id", &["ONE", "TWO", "33"])]),
        ..DEFAULT
    };
    add_with_clock_and_expression: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: made, type: timestamp, default: now } }
  - add_column: { table: post, column: { name: three, type: integer, default: { sql: 1 + 2 } } }"),
        end: End::Rows(&[("SELECT 'x' FROM post WHERE made IS NOT NULL AND three = 3", &["x", "x", "x"])]),
        ..DEFAULT
    };
    rename_parent_child_and_columns: Case {
        before: POSTS, rows: ROWS,
        up: Up::Spec("models:
  Author:
    renamed_from: writer
    columns: { id: bigint primary, full_name: { type: string(40), renamed_from: name } }
  Article:
    renamed_from: post
    columns:
      id: bigint primary
      title: string(40)
      views: integer null
      author_id: { type: bigint, null: true, renamed_from: writer_id, index: true }
    relations:
      author: { belongs_to: Author, columns: [author_id], null: true, on_delete: cascade }
"),
        end: End::Rows(&[
            ("SELECT full_name FROM article JOIN author ON author.id = author_id ORDER BY article.id", &["ann", "ann", "bob"]),
        ]),
        ..DEFAULT
    };
    exchange_two_tables: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, x: text }\n  B:\n    columns: { id: bigint primary, y: text }\n",
        rows: &["INSERT INTO a (id, x) VALUES (1, 'from a')", "INSERT INTO b (id, y) VALUES (1, 'from b')"],
        up: Up::Changes("  - rename_table: { from: a, to: c }\n  - rename_table: { from: b, to: a }\n  - rename_table: { from: c, to: b }"),
        end: End::Rows(&[("SELECT x FROM b", &["from a"]), ("SELECT y FROM a", &["from b"])]),
        ..DEFAULT
    };
    exchange_two_columns: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, x: text, y: text }\n    checks: { c: \"length(x) < 10\" }\n",
        rows: &["INSERT INTO a (id, x, y) VALUES (1, 'x', 'y')"],
        up: Up::Changes("  - rename_column: { table: a, from: x, to: z }\n  - rename_column: { table: a, from: \"y\", to: x }\n  - rename_column: { table: a, from: z, to: \"y\" }"),
        end: End::Rows(&[("SELECT x FROM a", &["y"])]),
        ..DEFAULT
    };
    column_that_others_read_is_renamed: Case {
        before: "models:\n  A:\n    columns:\n      id: bigint primary\n      flag: boolean\n      x: integer\n      twice: { type: integer, null: true, generated: x * 2 }\n      more: { type: integer, null: true, generated: twice + 1 }\n    indexes: [[twice, x]]\n    checks: { c: x < 10, d: twice > 0 OR flag, e: flag }\n",
        rows: &["INSERT INTO a (id, flag, x) VALUES (1, TRUE, 3)"],
        up: Up::Changes("  - rename_column: { table: a, from: x, to: z }\n  - rename_column: { table: a, from: flag, to: sign }"),
        end: End::Rows(&[("SELECT 'kept' FROM a WHERE z = 3 AND twice = 6 AND more = 7", &["kept"])]),
        not_on: &[Kind::Postgres],
        ..DEFAULT
    };
    only_the_case_of_names: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, x: text }\n    checks: { c: \"length(x) < 10\" }\n",
        rows: &["INSERT INTO a (id, x) VALUES (1, 'x')"],
        up: Up::Changes("  - rename_column: { table: a, from: x, to: X }\n  - rename_table: { from: a, to: A }\n  - rename_table: { from: A, to: aa }"),
        end: End::Rows(&[("SELECT 'x' FROM aa WHERE id = 1", &["x"])]),
        ..DEFAULT
    };
    null_becomes_required: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: views, null: { from: true, to: false } }"),
        end: End::Refused(["1 rows of `post` have NULL in `views`"; 3]),
        ..DEFAULT
    };
    null_is_filled: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: views, null: { from: true, to: false }, fill: id * 10 }"),
        end: End::Rows(&[("SELECT title FROM post WHERE views = 20", &["two"])]),
        ..DEFAULT
    };
    null_is_filled_by_portions: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - backfill: { table: post, set: { views: \"1\" }, where: views IS NULL, batch: 1 }\n  - alter_column: { table: post, column: views, null: { from: true, to: false } }"),
        end: End::Rows(&[("SELECT title FROM post WHERE views = 1", &["two"])]),
        back: false,
        ..DEFAULT
    };
    text_too_long: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, type: { from: string(40), to: string(2) } }"),
        end: End::Refused(["2 values of `title` of `post` are longer than 2 characters"; 3]),
        ..DEFAULT
    };
    text_grows_and_shrinks: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, type: { from: string(40), to: text } }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        ..DEFAULT
    };
    text_becomes_a_number: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, n: { type: string(9), default: \"7\" } }\n",
        rows: &["INSERT INTO a (id, n) VALUES (1, '41')"],
        up: Up::Changes("  - alter_column: { table: a, column: \"n\", type: { from: string(9), to: integer }, default: { from: { text: \"7\" }, to: { int: \"7\" } } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE n + 1 = 42", &["x"])]),
        ..DEFAULT
    };
    text_that_is_no_number: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, type: { from: string(40), to: integer } }"),
        end: End::Refused(["2 values of `title` of `post` cannot be read as the new type"; 3]),
        ..DEFAULT
    };
    number_becomes_a_uuid: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: views, type: { from: integer, to: uuid } }"),
        end: End::Refused(["P0802"; 3]),
        ..DEFAULT
    };
    by_expression: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: views, type: { from: integer, to: boolean }, using: views > 5 }"),
        end: End::Rows(&[("SELECT title FROM post WHERE views", &["33"])]),
        back: false,
        ..DEFAULT
    };
    keys_become_wider: Case {
        before: "models:
  Writer:
    columns: { id: integer primary, name: text }
  Post:
    columns: { id: integer primary, writer_id: integer }
    relations:
      writer: { belongs_to: Writer, columns: [writer_id], on_delete: cascade }
",
        rows: &["INSERT INTO writer (name) VALUES ('ann')", "INSERT INTO post (writer_id) VALUES (1)"],
        up: Up::Changes("  - alter_column: { table: writer, column: id, type: { from: integer, to: bigint } }
  - alter_column: { table: post, column: writer_id, type: { from: integer, to: bigint } }
  - execute: { sql: INSERT INTO writer (name) VALUES ('bob') }"),
        end: End::Rows(&[("SELECT name FROM writer WHERE id = 2", &["bob"])]),
        back: false,
        ..DEFAULT
    };
    columns_in_use_are_dropped: Case {
        before: "models:
  A:
    columns:
      id: bigint primary
      n: integer
      m: integer
      s: string(20) unique
    indexes:
      - { columns: [n, m] }
    uniques:
      - [m, s]
    checks:
      both: \"n > m\"
",
        rows: &["INSERT INTO a (id, n, m, s) VALUES (1, 3, 2, 'x')"],
        up: Up::Spec("models:\n  A:\n    columns: { id: bigint primary, n: integer }\n"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE n = 3", &["x"])]),
        back: false,
        ..DEFAULT
    };
    enum_labels_come_and_go: Case {
        before: "enums:\n  Mood: [sad, ok, happy]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood = ok }\n    indexes:\n      - { columns: [id], where: \"mood = 'ok'\", only: [postgres, sqlite] }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad'), (2, 'ok'), (3, 'happy')"],
        up: Up::Changes("  - add_enum_label: { enum: mood, label: fine, before: happy }
  - rename_enum_label: { enum: mood, from: ok, to: it's }
  - remove_enum_label: { enum: mood, label: sad, before: it's, replacement: fine }
  - order_enum: { enum: mood, from: [it's, fine, happy], to: [happy, fine, it's] }
  - drop_index: { table: a, columns: [id], where: \"mood = 'it''s'\", only: [postgres, sqlite] }"),
        end: End::Rows(&[
            ("SELECT mood FROM a ORDER BY id", &["fine", "it's", "happy"]),
        ]),
        back: false,
        not_on: &[Kind::Postgres],
    };
    enum_labels_on_postgres: Case {
        before: "enums:\n  Mood: [sad, ok, happy]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood = ok }\n    checks: { c: \"mood <> 'happy'\" }\n    indexes:\n      - { columns: [id], where: \"mood = 'ok'\", only: [postgres, sqlite] }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad'), (2, 'ok')"],
        up: Up::Changes("  - add_enum_label: { enum: mood, label: fine, before: happy }
  - remove_enum_label: { enum: mood, label: sad, before: ok, replacement: fine }
  - order_enum: { enum: mood, from: [ok, fine, happy], to: [happy, fine, ok] }"),
        end: End::Rows(&[("SELECT mood::text FROM a ORDER BY id", &["fine", "ok"])]),
        back: false,
        not_on: &[Kind::SqliteFile, Kind::Mysql],
    };
    enum_label_renamed: Case {
        before: "enums:\n  Mood: [sad, ok]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood = ok }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad'), (2, 'ok')"],
        up: Up::Changes("  - rename_enum_label: { enum: mood, from: ok, to: it's }\n  - add_enum_label: { enum: mood, label: so so, before: sad }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE mood = 'it''s' AND id = 2", &["x"])]),
        ..DEFAULT
    };
    check_names_a_new_label: Case {
        before: "enums:\n  Mood: [sad, ok]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood = ok }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad'), (2, 'ok')"],
        up: Up::Changes("  - add_enum_label: { enum: mood, label: fine }
  - add_check: { table: a, name: c, expr: mood <> 'fine' }
  - add_index: { table: a, columns: [id], unique: true, where: mood <> 'fine', only: [postgres, sqlite] }
  - rename_enum_label: { enum: mood, from: sad, to: low }
  - add_check: { table: a, name: d, expr: mood = 'low' or mood = 'ok' }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE mood = 'low'", &["x"])]),
        ..DEFAULT
    };
    enum_label_in_use: Case {
        before: "enums:\n  Mood: [sad, ok]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad')"],
        up: Up::Changes("  - remove_enum_label: { enum: mood, label: sad, before: ok }"),
        end: End::Refused(["1 rows of `a` have the label \"sad\" in `mood`, which goes"; 3]),
        ..DEFAULT
    };
    unique_with_doubles: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_unique: { table: post, columns: [writer_id] }"),
        end: End::Refused(["1 values of (writer_id) stand in several rows of `post`"; 3]),
        ..DEFAULT
    };
    key_with_orphans: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary }\n  B:\n    columns: { id: bigint primary, a_id: bigint null }\n",
        rows: &["INSERT INTO b (id, a_id) VALUES (1, 9), (2, NULL)"],
        up: Up::Changes("  - add_foreign_key: { table: b, key: { columns: [a_id], table: a, references: [id] } }"),
        end: End::Refused(["1 rows of `b` point with (a_id) to rows of `a` that are not there"; 3]),
        ..DEFAULT
    };
    check_that_does_not_hold: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_check: { table: post, name: many, expr: views > 5 }"),
        end: End::Refused(["1 rows of `post` break the new check `many`"; 3]),
        ..DEFAULT
    };
    key_action_changes: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - drop_foreign_key: { table: post, key: { columns: [writer_id], table: writer, references: [id], on_delete: cascade } }
  - add_foreign_key: { table: post, key: { columns: [writer_id], table: writer, references: [id], on_delete: set_null } }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        ..DEFAULT
    };
    index_of_a_key_is_replaced: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_index: { table: post, columns: [writer_id, title] }
  - drop_index: { table: post, columns: [writer_id] }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        ..DEFAULT
    };
    primary_key_gets_a_column: Case {
        before: "models:\n  A:\n    columns: { id: { type: bigint, primary: true, auto: false }, n: integer null }\n",
        rows: &["INSERT INTO a (id, n) VALUES (1, 2)"],
        up: Up::Changes("  - alter_column: { table: a, column: \"n\", null: { from: true, to: false } }
  - primary_key: { table: a, from: [id], to: [\"n\", id] }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE n = 2", &["x"])]),
        ..DEFAULT
    };
    numbering_goes_and_comes: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, s: text }\n",
        rows: &["INSERT INTO a (s) VALUES ('one')", "INSERT INTO a (id, s) VALUES (7, 'seven')"],
        up: Up::Changes("  - alter_column: { table: a, column: id, default: { from: auto } }
  - alter_column: { table: a, column: id, default: { to: auto } }
  - execute: { sql: INSERT INTO a (s) VALUES ('eight') }"),
        end: End::Rows(&[("SELECT s FROM a WHERE id = 8", &["eight"])]),
        back: false,
        ..DEFAULT
    };
    generated_columns_change: Case {
        before: "models:
  A:
    columns:
      id: bigint primary
      n: integer
      twice: { type: bigint, null: true, generated: { expr: n * 2, stored: true } }
    indexes:
      - { columns: [twice] }
",
        rows: &["INSERT INTO a (id, n) VALUES (1, 4)"],
        up: Up::Changes("  - alter_column: { table: a, column: twice, generated: { from: { expr: n * 2, stored: true }, to: { expr: n * 3, stored: true } } }
  - alter_column: { table: a, column: \"n\", type: { from: integer, to: bigint } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE twice = 12", &["x"])]),
        ..DEFAULT
    };
    generated_becomes_plain: Case {
        before: "models:\n  A:\n    columns:\n      id: bigint primary\n      n: integer\n      twice: { type: bigint, null: true, generated: { expr: n * 2, stored: true } }\n",
        rows: &["INSERT INTO a (id, n) VALUES (1, 4)"],
        up: Up::Changes("  - alter_column: { table: a, column: twice, generated: { from: { expr: n * 2, stored: true } } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE twice = 8", &["x"])]),
        ..DEFAULT
    };
    comments: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - comment_table: { table: post, to: it's a post }\n  - alter_column: { table: post, column: title, comment: { to: \"what \\\\ it's\" } }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        ..DEFAULT
    };
    index_without_a_lock: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_index: { table: post, name: by_title, columns: [title], concurrently: true }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        ..DEFAULT
    };
    index_gets_another_name: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, n: integer }\n    indexes:\n      - { columns: [n desc], name: old }\n",
        up: Up::Spec("models:\n  A:\n    columns: { id: bigint primary, n: integer }\n    indexes:\n      - { columns: [n desc], name: new_one }\n"),
        ..DEFAULT
    };
    tables_in_a_circle: Case {
        before: "models: {}",
        up: Up::Spec("models:
  A:
    columns: { id: bigint primary, b_id: bigint null }
    foreign_keys:
      - { columns: [b_id], model: B }
  B:
    columns: { id: bigint primary, a_id: bigint null, b_id: bigint null }
    foreign_keys:
      - { columns: [a_id], model: A }
      - { columns: [b_id], model: B }
"),
        ..DEFAULT
    };
    hand_written_sql_with_effect: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - execute:
      sql:
        sqlite: [ALTER TABLE post ADD COLUMN note TEXT]
        postgres: ALTER TABLE post ADD COLUMN note TEXT
        mysql: ALTER TABLE post ADD COLUMN note LONGTEXT
      effect:
        - add_column: { table: post, column: { name: note, type: text, null: true } }
  - execute: { sql: UPDATE post SET note = title }"),
        end: End::Rows(&[("SELECT note FROM post ORDER BY id", &["one", "two", "33"])]),
        back: false,
        ..DEFAULT
    };
    dates_and_truth: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, d: date, t: boolean, m: datetime }\n",
        rows: &["INSERT INTO a (id, d, t, m) VALUES (1, '2024-02-03', TRUE, '2024-02-03 04:05:06.000000')"],
        up: Up::Changes("  - alter_column: { table: a, column: d, type: { from: date, to: datetime } }
  - alter_column: { table: a, column: t, type: { from: boolean, to: integer } }
  - alter_column: { table: a, column: m, type: { from: datetime, to: timestamp } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE t = 1 AND d = '2024-02-03 00:00:00.000000'", &["x"])]),
        ..DEFAULT
    };
    truth_becomes_text: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, t: boolean, u: boolean null }\n",
        rows: &["INSERT INTO a (id, t, u) VALUES (1, TRUE, NULL), (2, FALSE, TRUE)"],
        up: Up::Changes("  - alter_column: { table: a, column: t, type: { from: boolean, to: string(5) } }
  - alter_column: { table: a, column: u, type: { from: boolean, to: text } }"),
        end: End::Rows(&[
            ("SELECT t FROM a ORDER BY id", &["true", "false"]),
            ("SELECT coalesce(u, 'none') FROM a ORDER BY id", &["none", "true"]),
        ]),
        back: false,
        ..DEFAULT
    };
    truth_becomes_text_that_is_too_short: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, t: boolean }\n",
        rows: &["INSERT INTO a (id, t) VALUES (1, TRUE), (2, FALSE)"],
        up: Up::Changes("  - alter_column: { table: a, column: t, type: { from: boolean, to: string(4) } }"),
        end: End::Refused(["1 values of `t` of `a` are longer than 4 characters"; 3]),
        ..DEFAULT
    };
    collation_on_sqlite: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, collation: { to: NOCASE } }"),
        end: End::Rows(&[("SELECT title FROM post WHERE title = 'ONE'", &["one"])]),
        not_on: &[Kind::Postgres, Kind::Mysql],
        ..DEFAULT
    };
    collation_on_postgres: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, collation: { to: C } }
  - add_index: { table: post, columns: [title] }"),
        end: End::Rows(&[("SELECT collation_name::text FROM information_schema.columns WHERE column_name = 'title'", &["C"])]),
        not_on: &[Kind::SqliteFile, Kind::Mysql],
        ..DEFAULT
    };
    collation_on_mysql: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - alter_column: { table: post, column: title, collation: { to: utf8mb4_general_ci } }"),
        end: End::Rows(&[("SELECT title FROM post WHERE title = 'ONE'", &["one"])]),
        not_on: &[Kind::SqliteFile, Kind::Postgres],
        ..DEFAULT
    };
    conditions_follow_a_label: Case {
        before: "enums:\n  Mood: [sad, ok, happy]
models:
  A:
    columns: { id: bigint primary, mood: Mood = ok, note: text null }
    checks:
      known: \"mood in ('ok', 'happy') or note is not null\"
    indexes:
      - { columns: [id], where: \"mood = 'ok'\", only: [postgres, sqlite] }
",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'ok'), (2, 'happy')"],
        up: Up::Changes("  - rename_enum_label: { enum: mood, from: ok, to: it's }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE mood = 'it''s' AND id = 1", &["x"])]),
        ..DEFAULT
    };
    a_spec_in_which_a_label_has_another_name: Case {
        before: "enums:\n  Mood: [sad, ok]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood }\n    checks: { c: \"mood <> 'sad'\" }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'ok')"],
        up: Up::Changes("  - rename_enum_label: { enum: mood, from: sad, to: blue }
  - drop_check: { table: a, name: c, expr: \"mood <> 'blue'\" }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE mood = 'ok'", &["x"])]),
        ..DEFAULT
    };
    renamed_and_changed_at_once: Case {
        before: POSTS, rows: ROWS,
        up: Up::Spec("models:
  Writer:
    columns: { id: bigint primary, name: string(40) }
  Post:
    columns:
      id: bigint primary
      title: string(40)
      hits: { type: bigint, null: true, renamed_from: views, default: 3 }
    relations:
      writer: { belongs_to: Writer, null: true, on_delete: cascade }
"),
        end: End::Rows(&[("SELECT title FROM post WHERE hits = 5", &["one"])]),
        ..DEFAULT
    };
    enum_gets_another_name: Case {
        before: "enums:\n  Mood: [sad, ok]\nmodels:\n  A:\n    columns: { id: bigint primary, mood: Mood = ok }\n",
        rows: &["INSERT INTO a (id, mood) VALUES (1, 'sad')"],
        up: Up::Changes("  - rename_enum: { from: mood, to: feeling }\n  - add_enum_label: { enum: feeling, label: so so, before: ok }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE mood = 'sad'", &["x"])]),
        ..DEFAULT
    };
    text_becomes_an_enum: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, t: string(20) }\n",
        rows: &["INSERT INTO a (id, t) VALUES (1, 'sad'), (2, 'ok')"],
        up: Up::Changes("  - create_enum: { enum: mood, labels: [sad, ok] }
  - alter_column: { table: a, column: t, type: { from: string(20), to: { enum: mood } } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE t = 'sad'", &["x"])]),
        ..DEFAULT
    };
    text_that_is_no_label: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, t: string(20) }\n",
        rows: &["INSERT INTO a (id, t) VALUES (1, 'sad'), (2, 'glad')"],
        up: Up::Changes("  - create_enum: { enum: mood, labels: [sad, ok] }
  - alter_column: { table: a, column: t, type: { from: string(20), to: { enum: mood } } }"),
        end: End::Refused(["1 values of `t` of `a` are no labels of the enum"; 3]),
        ..DEFAULT
    };
    key_column_with_a_default: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: reader_id, type: bigint, default: { int: 2 } } }
  - add_index: { table: post, columns: [reader_id] }
  - add_foreign_key: { table: post, key: { columns: [reader_id], table: writer, references: [id] } }"),
        end: End::Rows(&[("SELECT name FROM post JOIN writer ON writer.id = reader_id", &["bob", "bob", "bob"])]),
        ..DEFAULT
    };
    a_table_gets_a_numbered_key: Case {
        before: "models:\n  A:\n    columns: { s: string(9) }\n    primary_key: []\n",
        rows: &["INSERT INTO a (s) VALUES ('x'), ('y')"],
        up: Up::Changes("  - add_column: { table: a, column: { name: id, type: bigint, default: auto } }
  - primary_key: { table: a, from: [], to: [id] }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE id IN (1, 2)", &["x", "x"])]),
        back: false,
        ..DEFAULT
    };
    unique_constraint_becomes_an_index: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, n: integer unique }\n",
        rows: &["INSERT INTO a (id, n) VALUES (1, 2)"],
        up: Up::Changes("  - drop_unique: { table: a, columns: [\"n\"] }
  - add_index: { table: a, columns: [\"n\"], unique: true, name: only_one }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE n = 2", &["x"])]),
        ..DEFAULT
    };
    key_becomes_deferred: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - drop_foreign_key: { table: post, key: { columns: [writer_id], table: writer, references: [id], on_delete: cascade } }
  - add_foreign_key: { table: post, key: { columns: [writer_id], table: writer, references: [id], on_delete: cascade, deferred: true } }"),
        end: End::Rows(&[(POST_TITLES, &["one", "two", "33"])]),
        not_on: &[Kind::Mysql],
        ..DEFAULT
    };
    check_says_something_else: Case {
        before: "models:\n  A:\n    columns: { id: bigint primary, n: integer }\n    checks: { c: n > 0 }\n",
        rows: &["INSERT INTO a (id, n) VALUES (1, 2)"],
        up: Up::Spec("models:\n  A:\n    columns: { id: bigint primary, n: integer }\n    checks: { c: n > 1 }\n"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE n = 2", &["x"])]),
        ..DEFAULT
    };
    plain_becomes_generated: Case {
        before: "models:\n  A:\n    columns:\n      id: bigint primary\n      n: integer\n      twice: { type: bigint, null: true }\n",
        rows: &["INSERT INTO a (id, n, twice) VALUES (1, 4, 1)"],
        up: Up::Changes("  - alter_column: { table: a, column: twice, generated: { to: { expr: n * 2, stored: true } } }"),
        end: End::Rows(&[("SELECT 'x' FROM a WHERE twice = 8", &["x"])]),
        back: false,
        ..DEFAULT
    };
    default_that_breaks_a_check: Case {
        before: POSTS, rows: ROWS,
        up: Up::Changes("  - add_column: { table: post, column: { name: stars, type: integer, default: { int: 0 } } }
  - add_check: { table: post, name: some, expr: stars > 0 }"),
        end: End::Refused(["3 rows of `post` break the new check `some`", "3 rows of `post` break the new check `some`", "CONSTRAINT `some` failed|Check constraint 'some' is violated"]),
        ..DEFAULT
    };
}
