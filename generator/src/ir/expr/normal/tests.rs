//! Expressions that a server keeps alike, and some that it does not.

use super::super::Expr;
use super::*;

const POSTGRES: DialectName = DialectName::Postgres;
const MYSQL: DialectName = DialectName::Mysql;

fn columns() -> Vec<(String, SqlType)> {
    let unsigned = false;
    [
        ("i", SqlType::Integer { unsigned }),
        ("big", SqlType::BigInt { unsigned }),
        ("x", SqlType::Double),
        ("t", SqlType::Text),
        ("at", SqlType::Timestamp),
        ("dt", SqlType::DateTime),
        ("d", SqlType::Date),
        ("n", SqlType::Decimal(Some((10, 2)))),
    ]
    .map(|(name, ty)| (name.to_owned(), ty))
    .into()
}

fn kept(text: &str, dialect: DialectName) -> String {
    Expr::parse_neutral(text).unwrap().as_kept(dialect, true, &columns()).neutral_text().unwrap()
}

#[test]
fn negations_go_inwards_on_mysql() {
    for (written, expected) in [
        ("NOT (a > 1 AND b)", "a <= 1 OR b = 0"),
        ("NOT (a >= 1 OR NOT b)", "a < 1 AND b <> 0"),
        ("NOT (a IN (1, 2)) AND NOT (a BETWEEN 1 AND 2)", "a NOT IN (1, 2) AND a NOT BETWEEN 1 AND 2"),
        ("NOT (a LIKE 'x') OR NOT (a IS NULL)", "a NOT LIKE 'x' OR a IS NOT NULL"),
        ("NOT (a IS DISTINCT FROM b)", "a IS NOT DISTINCT FROM b"),
        ("NOT NOT a", "a <> 0"),
        ("0 <> a AND 0 = b", "a <> 0 AND b = 0"),
        ("(NOT (a = 1)) IS TRUE", "(a <> 1) IS TRUE"),
        ("CASE WHEN NOT (a < 1) THEN 1 END = 2", "CASE WHEN a >= 1 THEN 1 END = 2"),
        ("coalesce(a, TRUE)", "coalesce(a, 1) <> 0"),
        ("CASE WHEN a THEN NOT b ELSE FALSE END = TRUE", "CASE WHEN a <> 0 THEN b = 0 ELSE 0 END = 1"),
        ("TRUE", "1"),
        ("NOT 1", "0"),
    ] {
        assert_eq!(kept(written, MYSQL), expected, "{written}");
    }
}

#[test]
fn functions_of_two_names_have_one_on_mysql() {
    let one = kept("round(a, 0) = mod(b, 2) AND pow(a, 2) > 1", MYSQL);
    assert_eq!(one, kept("round(a) = b % 2 AND power(a, 2) > 1", MYSQL));
    assert_ne!(kept("round(a, 1) = 1", MYSQL), kept("round(a) = 1", MYSQL));
}

#[test]
fn chains_are_flat_and_ranges_are_found() {
    for dialect in [POSTGRES, MYSQL] {
        for (one, other) in [
            ("a > 1 AND (b > 2 AND c > 3)", "a > 1 AND b > 2 AND c > 3"),
            ("a > 1 OR (b > 2 OR c > 3)", "a > 1 OR b > 2 OR c > 3"),
            ("a >= 1 AND a <= 2", "a BETWEEN 1 AND 2"),
            ("a < 1 OR a > 2", "a NOT BETWEEN 1 AND 2"),
            ("NOT (a >= 1 AND a <= 2)", "NOT (a BETWEEN 1 AND 2)"),
            ("b > 1 AND (a >= 1 AND a <= 2) AND c > 1", "b > 1 AND a BETWEEN 1 AND 2 AND c > 1"),
            ("a >= 0 AND a >= 1 AND a <= 2 AND a <= 9", "a >= 0 AND a BETWEEN 1 AND 2 AND a <= 9"),
            ("a IN (1) AND b NOT IN (2)", "a = 1 AND b <> 2"),
        ] {
            assert_eq!(kept(one, dialect), kept(other, dialect), "{one}");
        }
        for (one, other) in [
            ("a > 1 AND (b > 2 OR c > 3)", "a > 1 AND b > 2 OR c > 3"),
            ("a >= 1 AND b <= 2", "a BETWEEN 1 AND 2"),
            ("a > 1 AND a <= 2", "a BETWEEN 1 AND 2"),
            ("a <= 1 OR a >= 2", "a NOT BETWEEN 1 AND 2"),
            ("a IN (1, 2)", "a = 1"),
        ] {
            assert_ne!(kept(one, dialect), kept(other, dialect), "{one}");
        }
    }
}

#[test]
fn casts_and_constants_are_those_of_postgres() {
    for (one, other) in [
        ("at > '2000-01-01'", "at > '2000-01-01 00:00:00+00'"),
        ("at > '2000-01-01T10:00:00.5'", "at > '2000-01-01 10:00:00.5+00'"),
        ("dt IN ('2000-01-01', '2000-01-01 10:00')", "dt IN ('2000-01-01 00:00:00', '2000-01-01 10:00:00')"),
        ("CAST('2000-01-01' AS DATE) < d", "'2000-01-01' < d"),
        ("dt BETWEEN '2000-01-01' AND '2001-01-01'", "dt >= '2000-01-01 00:00:00' AND dt <= '2001-01-01 00:00'"),
        ("power(i, 2) + sqrt(i) > 1", "power(CAST(i AS DOUBLE), 2) + sqrt(CAST(i AS DOUBLE)) > 1"),
        ("CAST(i AS INTEGER) > 5 AND CAST(i AS DOUBLE) > 1.5", "i > 5 AND i > 1.5"),
        ("CAST(big AS INTEGER) + 1 > 2", "big + 1 > 2"),
        ("CAST(t AS TEXT) || 'x' = 'y'", "t || 'x' = 'y'"),
        ("lower(CAST(code AS TEXT)) = 'x'", "lower(code) = 'x'"),
        ("CAST(code AS TEXT) = t", "code = t"),
        ("i > '-5'", "i > -5"),
        ("coalesce(CAST(i AS INTEGER), 0) > 1", "coalesce(i, 0) > 1"),
        ("x > CAST(sqrt(n) AS DOUBLE)", "x > sqrt(n)"),
        ("x > .5 AND x > 1e3", "x > 0.5 AND x > 1000"),
    ] {
        assert_eq!(kept(one, POSTGRES), kept(other, POSTGRES), "{one}");
    }
    for (one, other) in [
        ("at > '2000-01-01'", "at > '2000-01-02'"),
        ("at > '2000-01-01+02'", "at > '2000-01-01'"),
        ("t > '2000-01-01'", "t > '2000-01-01 00:00:00'"),
        ("CAST(i AS INTEGER) * i > 5", "i * i > 5"),
        ("CAST(n AS INTEGER) > 5", "n > 5"),
        ("CAST(x AS DECIMAL(10, 2)) > 5", "x > 5"),
        ("CAST(code AS TEXT) = 'x'", "code = 'x'"),
        ("CAST(code AS TEXT) = CAST(other AS TEXT)", "code = other"),
        ("abs(CAST(i AS DOUBLE)) > 5", "abs(i) > 5"),
        ("a = TRUE", "a"),
    ] {
        assert_ne!(kept(one, POSTGRES), kept(other, POSTGRES), "{one}");
    }
    assert_ne!(kept("at > '2000-01-01'", MYSQL), kept("at > '2000-01-01 00:00:00'", MYSQL));
}

#[test]
fn long_chains_take_no_time() {
    for chain in [vec!["i"; 150].join(" + ") + " > 1.5", vec!["i > 1"; 90].join(" AND ")] {
        for dialect in [POSTGRES, MYSQL] {
            assert!(!kept(&chain, dialect).is_empty());
        }
    }
}
