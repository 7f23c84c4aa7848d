//! Tests of neutral expressions.

use super::*;
use DialectName::{Mysql, Postgres, Sqlite};

fn expr(text: &str) -> Expr {
    Expr::parse_neutral(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn error(text: &str) -> (usize, String) {
    let e = Expr::parse_neutral(text).unwrap_err();
    (e.offset, e.message)
}

fn sql(text: &str, dialect: DialectName) -> String {
    expr(text).to_sql(dialect).unwrap()
}

#[test]
fn names_and_texts_are_quoted_per_dialect() {
    assert_eq!(sql("length(title) > 0", Sqlite), r#"length("title") > 0"#);
    assert_eq!(sql("length(title) > 0", Mysql), "char_length(`title`) > 0");
    assert_eq!(sql(r"a = 'it''s \'", Postgres), r#""a" = 'it''s \'"#);
    assert_eq!(sql(r"a = 'it''s \'", Mysql), r"`a` = 'it''s \\'");
    assert_eq!(sql(r#""we""ird`" = 1"#, Postgres), r#""we""ird`" = 1"#);
    assert_eq!(sql(r#""we""ird`" = 1"#, Mysql), r#"`we"ird``` = 1"#);
    assert_eq!(sql("a || b", Mysql), "CONCAT(`a`, `b`)");
}

#[test]
fn what_differs_between_databases_is_translated() {
    assert_eq!(sql("a is distinct from b", Sqlite), r#""a" IS NOT "b""#);
    assert_eq!(sql("a is distinct from b", Mysql), "NOT (`a` <=> `b`)");
    assert_eq!(sql("cast(a as bigint)", Mysql), "CAST(`a` AS SIGNED)");
    assert_eq!(sql("cast(a as integer)", Postgres), r#"CAST("a" AS BIGINT)"#);
    assert_eq!(sql("cast(a is null as integer)", Postgres), r#"CAST("a" IS NULL AS INTEGER)"#);
    assert_eq!(sql("a::text", Mysql), "CAST(`a` AS CHAR)");
    assert_eq!(sql("now()", Sqlite), "CURRENT_TIMESTAMP");
    assert_eq!(expr("cast(a as date)").to_sql(Sqlite), None);
    let raw = RawType { postgres: Some("a ~ 'x'".into()), ..RawType::default() };
    assert_eq!(Expr::PerDialect(raw.clone()).to_sql(Postgres).as_deref(), Some("a ~ 'x'"));
    assert_eq!(Expr::PerDialect(raw).to_sql(Sqlite), None);
}

#[test]
fn equal_in_normal_form() {
    assert_eq!(expr("(a)>0  and ((b = 'x'))"), expr("a > 0 AND b='x'"));
    assert_ne!(expr("a > 0 or b > 0 and c > 0"), expr("(a > 0 or b > 0) and c > 0"));
    assert_eq!(expr("char_length(a)"), expr("LENGTH(a)"));
    for text in [
        "a - (b - c)",
        "a - b - c",
        "(a + b) * c",
        "-(-1)",
        "NOT (a OR b) AND c",
        "a BETWEEN 1 AND 2 + b",
        "x NOT IN ('a', 'b')",
        "CASE WHEN a THEN 1 ELSE 2 END = 2",
        "(a = b) = TRUE",
        "name LIKE 'a!%' ESCAPE '!'",
        "a IS NOT NULL",
        "(a || b) || c",
        "\"user\" = 1",
        "\"Mixed Case\" > current",
    ] {
        let first = expr(text);
        let printed = first.neutral_text().unwrap();
        assert_eq!(expr(&printed), first, "{text} -> {printed}");
        assert_eq!(printed, text);
        for dialect in [Sqlite, Postgres, Mysql] {
            assert!(first.to_sql(dialect).is_some());
        }
    }
}

#[test]
fn columns_are_found_and_renamed() {
    let mut e = expr("a > 0 and lower(b) = 'c' or case when d in (a, e) then user else f end");
    assert_eq!(e.columns(), ["a", "b", "d", "e", "user", "f"]);
    e.rename_columns(&mut |name| (name == "a").then(|| "A x".to_owned()));
    assert_eq!(e.columns(), ["A x", "b", "d", "e", "user", "f"]);
}

#[test]
fn errors_have_a_place_and_a_reason() {
    assert_eq!(error("a >"), (3, "expected an expression, found the end".into()));
    assert_eq!(error("é > 'x"), (5, "Unterminated string literal".into()));
    assert_eq!(error("a > 0 b"), (6, "`b` was not expected here".into()));
    assert_eq!(error("a > 0; drop table x"), (5, "`;` was not expected here".into()));
    assert_eq!(error("a > 0 and b ~ 'x'").1, "the operator `~` is not the same on all databases");
    assert_eq!(
        error("substring(a from '@x') = 'b'").1,
        "a part by a regular expression is not the same on all databases"
    );
    assert_eq!(error("a in (select 1)").1, "a subquery is not the same on all databases");
    assert_eq!(error("post.a > 1").1, "a column with a table in front is not the same on all databases");
    assert_eq!(error(" -- x"), (0, "the expression is empty".into()));
    assert!(Expr::parse_neutral("a = '\0'").is_err());
}

#[test]
fn hostile_depth_is_an_error() {
    for n in [100, 1000, 20_000] {
        for (open, close) in
            [("(", ")"), ("f(", ")"), ("NOT ", ""), ("- ", ""), ("case when ", " then 1 end"), ("a + ", "")]
        {
            let text = format!("{}a{}", open.repeat(n), close.repeat(n));
            let result = Expr::parse_neutral(&text);
            assert!(result.is_err() || n == 100, "{open} {n}");
        }
    }
    let chain = vec!["a"; 200].join(" + ");
    let deep = expr(&chain);
    assert_eq!(deep.columns(), ["a"]);
    assert!(deep.to_sql(Sqlite).is_some());
    let long = format!("a in ({})", vec!["1"; 5000].join(","));
    assert!(Expr::parse_neutral(&long).is_ok());
}
