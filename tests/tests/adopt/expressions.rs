//! Expressions of all kinds: a database that was just made of them is what the spec says, whatever the server prints.

use std::fmt::Write as _;

use pilaster_tests::database::Kind;

use super::{KINDS, Project, fresh};

const COLUMNS: &[(&str, &str)] = &[
    ("age", "integer"),
    ("big", "bigint"),
    ("small", "smallint"),
    ("s", "string(40)"),
    ("u", "string(40)"),
    ("moment", "timestamp"),
    ("dt", "datetime"),
    ("d", "date"),
    ("clock", "time"),
    ("x", "double"),
    ("n", "decimal(10,2)"),
    ("r", "real"),
    ("uid", "uuid"),
    ("mood", "Mood"),
    ("flag", "boolean"),
    ("gone", "boolean"),
];

/// Conditions that are possible everywhere.
const CONDITIONS: &[&str] = &[
    "age BETWEEN 0 AND 150",
    "age NOT BETWEEN 5 AND 7",
    "NOT (age BETWEEN 8 AND 9)",
    "age BETWEEN 0 AND 150 OR age BETWEEN 200 AND 300",
    "flag = (age BETWEEN 1 AND 2)",
    "(age BETWEEN 1 AND 2) = flag",
    "s IN ('a')",
    "s NOT IN ('b')",
    "s IN ('a', 'b')",
    "NOT (s IN ('a', 'b'))",
    "age IN (1)",
    "age NOT IN (1)",
    "flag IN (TRUE)",
    "(age IN (1, 2)) = flag",
    "flag = (age IN (1, 2))",
    "mood = 'a'",
    "mood IN ('a')",
    "mood IN ('a', 'b')",
    "NOT (s LIKE 'z%')",
    "s NOT LIKE 'z!%' ESCAPE '!'",
    "(s LIKE 'x') = flag",
    "flag = (s LIKE 'x')",
    "flag <> (s NOT LIKE 'x')",
    "moment > '2000-01-01'",
    "moment > '2000-01-01 10:00'",
    "moment > '2000-01-01T10:00:00.5'",
    "'2000-01-01' < moment",
    "dt > '2000-01-01'",
    "dt BETWEEN '2000-01-01' AND '2100-01-01'",
    "dt IN ('2000-01-01', '2000-01-02 10:00:00')",
    "d > '2000-01-01'",
    "clock > '10:00'",
    "round(age) > 1",
    "abs(age) < 10",
    "CAST(age AS INTEGER) > 5",
    "CAST(big AS INTEGER) + 1 > 5",
    "CAST(s AS TEXT) <> 'x'",
    "CAST(age AS DOUBLE) > 1.5",
    "CAST(age AS DECIMAL(10, 2)) > 1.5",
    "CAST(age > 1 AS INTEGER) + CAST(big IS NULL AS INTEGER) = 1",
    "gone",
    "NOT gone",
    "NOT (flag AND gone)",
    "NOT (flag OR NOT gone)",
    "coalesce(flag, TRUE)",
    "coalesce(flag, FALSE) = TRUE",
    "TRUE = flag",
    "flag <> gone",
    "flag = FALSE",
    "flag IS NOT TRUE",
    "CASE WHEN age > 1 THEN TRUE ELSE FALSE END",
    "CASE WHEN age > 1 THEN gone ELSE NOT gone END",
    "CASE age WHEN 1 THEN 'a' ELSE 'b' END = s",
    "CASE mood WHEN 'a' THEN 1 ELSE 2 END = 1",
    "CASE WHEN flag THEN n ELSE 0 END > 1",
    "age > 0 AND (small > 0 AND big > 0)",
    "age > 0 OR (small > 0 OR big > 0)",
    "age > 0 AND (small > 0 OR big > 0)",
    "(age > 0) = (big > 0)",
    "(s IS NULL) <> (u IS NULL)",
    "s || '-' || u <> 'x'",
    "length(s) > 0",
    "lower(s) = s",
    "trim(s) = s",
    "substr(s, 1, 2) = 'ab'",
    "replace(s, 'a', 'b') <> 'q'",
    "age % 2 = 0",
    "small % 2 = 0",
    "big % 2 = 0",
    "age & 1 = 1",
    "-age < 5",
    "age > -5",
    "age - (small - big) > 0",
    "x * 1.5 > 2",
    "age * 1.5 > 2",
    "x * 2 > age",
    "n * 2 > age + 1",
    "n > 1.50",
    "n IN (1, 2.5)",
    "age IN (1, 2.5)",
    "age + 1 > 1.5",
    "r > 0.5",
    "age = x",
    "coalesce(big, 0) + coalesce(n, 0) > 0",
    "big > 5000000000",
    "s IS DISTINCT FROM u",
    "s IS NOT DISTINCT FROM u",
    "nullif(s, '') IS NOT NULL",
    "coalesce(s, u, 'x') <> ''",
    "NOT (s = 'a' OR s = 'b')",
    "age = 1 OR s = 'a' AND flag",
    "uid <> '0000000A-0000-0000-0000-000000000000'",
];

/// Functions that SQLite may lack.
const FUNCTIONS: &[&str] = &["power(age, 2) < 100", "sqrt(age) < 10", "power(x, 2) < sqrt(n)", "ceil(age) > floor(x)"];

/// Types and expressions of generated columns.
const GENERATED: &[(&str, &str)] = &[
    ("boolean", "NOT gone"),
    ("boolean", "NOT (flag AND gone)"),
    ("boolean", "coalesce(flag, TRUE)"),
    ("boolean", "age BETWEEN 1 AND 2"),
    ("boolean", "s IN ('a')"),
    ("integer", "CASE WHEN flag THEN 1 ELSE 0 END"),
    ("integer", "small * age"),
    ("double", "x * 2"),
];

/// Types and expressions of defaults.
const DEFAULTS: &[(&str, &str)] = &[
    ("timestamp", "CURRENT_TIMESTAMP"),
    ("string(9)", "'a'"),
    ("boolean", "TRUE"),
    ("integer", "7"),
    ("bigint", "-7"),
    ("decimal(10,2)", "1.5"),
    ("double", "1.5"),
    ("date", "'2000-01-01'"),
    ("datetime", "'2000-01-01'"),
    ("Mood", "'b'"),
    ("integer", "1 + 2"),
];

fn spec(kind: Kind) -> String {
    let mut spec =
        String::from("pilaster: 1\nenums:\n  Mood: [a, b]\nmodels:\n  T:\n    columns:\n      id: bigint primary\n");
    for (name, ty) in COLUMNS {
        let _ = writeln!(spec, "      {name}: {ty}");
    }
    for (at, (ty, text)) in GENERATED.iter().enumerate() {
        let _ = writeln!(spec, "      g{at}: {{ type: \"{ty}\", null: true, generated: \"{text}\" }}");
    }
    for (at, (ty, text)) in DEFAULTS.iter().enumerate() {
        let _ = writeln!(spec, "      f{at}: {{ type: \"{ty}\", default: {{ sql: \"{text}\" }} }}");
    }
    spec.push_str("    checks:\n");
    let sqlite = kind == Kind::SqliteFile;
    // A list of labels is an enum there, and some forms that it has of others are read by nobody but itself.
    let possible = |text: &&&str| !sqlite || !["s IN", "DECIMAL", "DISTINCT"].iter().any(|no| text.contains(no));
    let more = if sqlite { &[] } else { FUNCTIONS };
    let conditions: Vec<&&str> = CONDITIONS.iter().chain(more).filter(possible).collect();
    for (at, text) in conditions.iter().enumerate() {
        let _ = writeln!(spec, "      c{at}: \"{text}\"");
    }
    if kind != Kind::Mysql {
        spec.push_str("    indexes:\n");
        for (at, text) in conditions.iter().enumerate() {
            let _ = writeln!(spec, "      - {{ name: i{at}, columns: [id], where: \"{text}\" }}");
        }
    }
    spec
}

async fn round(kind: Kind) {
    let Some(made) = fresh(kind).await else { return };
    let project = Project::of_spec(&spec(kind));
    project.run(kind.name(), &["db", "create", "--database", &made.url]);
    let said = project.run(kind.name(), &["check", "--database", &made.url]);
    assert!(said.contains("spec and database: in sync"), "{}\n{said}", kind.name());
    assert!(!said.contains("not compared"), "{}\n{said}", kind.name());
    made.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_of_expressions_is_in_sync_on_sqlite() {
    round(KINDS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_of_expressions_is_in_sync_on_postgres() {
    round(KINDS[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_of_expressions_is_in_sync_on_mysql() {
    round(KINDS[2]).await;
}
