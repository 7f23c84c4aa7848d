//! What servers print, and what is read of it.

use super::super::Expr;
use super::*;

fn columns() -> Vec<(String, Family)> {
    let columns = [
        ("a", Family::Text),
        ("b", Family::Text),
        ("i", Family::Integer),
        ("big", Family::Big),
        ("w", Family::Small),
        ("x", Family::Double),
        ("code", Family::Citext),
        ("c", Family::Char),
        ("n", Family::Number),
        ("ok", Family::Boolean),
        ("d", Family::Other),
        ("s", Family::Other),
    ];
    columns.map(|(name, family)| (name.to_owned(), family)).into()
}

fn read(dialect: DialectName, text: &str) -> Result<String, ExprError> {
    let columns = columns();
    let expr = Expr::parse_printed(text, &Printed { dialect, columns: &columns })?;
    Ok(expr.neutral_text().unwrap())
}

#[test]
fn postgres_reads_as_it_was_written() {
    for (printed, written) in [
        ("((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))", "a IN ('x', 'y')"),
        ("((a)::text <> ALL (ARRAY['q'::text]))", "a NOT IN ('q')"),
        ("((n > (0)::numeric) AND (i > '-1'::integer))", "n > 0 AND i > -1"),
        ("((length((a)::text) > 0) OR ((a)::text ~~ 'x%'::text))", "length(a) > 0 OR a LIKE 'x%'"),
        ("((s = 'draft'::st) OR (s = ANY (ARRAY['x'::app.st])))", "s = 'draft' OR s IN ('x')"),
        ("\nCASE\n    WHEN (i = 1) THEN true\n    ELSE false\nEND", "CASE WHEN i = 1 THEN TRUE ELSE FALSE END"),
        ("(d > '2020-01-01 00:00:00+00'::timestamp with time zone)", "d > '2020-01-01 00:00:00+00'"),
        ("(((a)::text || b) <> 'z'::text)", "(a || b) <> 'z'"),
        ("(((i)::numeric + 1.5) > (2)::numeric)", "i + 1.5 > 2"),
        ("((COALESCE(a, ''::character varying))::text <> ''::text)", "coalesce(a, '') <> ''"),
        ("(ok AND (NOT (ok IS TRUE)))", "ok AND NOT (ok IS TRUE)"),
        ("((i)::text = '1'::text)", "CAST(i AS TEXT) = '1'"),
        ("(b ~~ like_escape('a!%'::text, '!'::text))", "b LIKE 'a!%' ESCAPE '!'"),
        ("(TRIM(BOTH FROM b) = b)", "trim(b) = b"),
        ("((a)::text IS DISTINCT FROM b)", "a IS DISTINCT FROM b"),
        ("((big % (2)::bigint) = ((w)::integer % 2))", "big % 2 = w % 2"),
        ("((x * (2)::double precision) > (i)::double precision)", "x * 2 > i"),
        ("((big * '5000000000'::bigint) > (i + '-5'::integer))", "big * 5000000000 > i + -5"),
        ("(COALESCE(n, (0)::numeric) > (0)::numeric)", "coalesce(n, 0) > 0"),
        ("(COALESCE(s, 'a'::st) = 'b'::st)", "coalesce(s, 'a') = 'b'"),
        ("(\nCASE s\n    WHEN 'a'::st THEN 1\n    ELSE 2\nEND = 1)", "CASE s WHEN 'a' THEN 1 ELSE 2 END = 1"),
        ("(code = 'ABC'::citext)", "code = 'ABC'"),
        ("(c ~~ 'a%'::text)", "c LIKE 'a%'"),
        ("(\"substring\"(b, i) = b)", "substr(b, i) = b"),
        ("(\"substring\"(b, 1, 2) = E'a\\\\b'::text)", "substr(b, 1, 2) = 'a\\b'"),
    ] {
        assert_eq!(read(DialectName::Postgres, printed).as_deref(), Ok(written), "{printed}");
    }
}

#[test]
fn casts_that_mean_something_are_kept() {
    for (printed, written) in [
        ("(((w)::integer * i) > 5)", "CAST(w AS INTEGER) * i > 5"),
        ("(((i)::bigint * i) > 5)", "CAST(i AS INTEGER) * i > 5"),
        ("(((i)::double precision / (2)::double precision) > x)", "CAST(i AS DOUBLE PRECISION) / 2 > x"),
        ("((code)::text = 'ABC'::text)", "CAST(code AS TEXT) = 'ABC'"),
        ("((c)::text ~~ 'a%'::text)", "CAST(c AS TEXT) LIKE 'a%'"),
        (
            "((((a IS NOT NULL))::integer + ((b IS NOT NULL))::integer) = 1)",
            "CAST(a IS NOT NULL AS INTEGER) + CAST(b IS NOT NULL AS INTEGER) = 1",
        ),
    ] {
        assert_eq!(read(DialectName::Postgres, printed).as_deref(), Ok(written), "{printed}");
    }
}

#[test]
fn mysql_reads_as_it_was_written() {
    for (printed, written) in [
        ("`a` in ('x','y')", "a IN ('x', 'y')"),
        ("`ok` <> 0 and !(`ok` is true) and `ok` = 1", "ok AND NOT (ok IS TRUE) AND ok = TRUE"),
        ("concat(`a`,'-',`b`) <> 'z'", "((a || '-') || b) <> 'z'"),
        ("char_length(`a`) > 0 and ucase(`b`) = `b`", "length(a) > 0 AND upper(b) = b"),
        ("!(`a` <=> `b`)", "a IS DISTINCT FROM b"),
        ("`b` = 'a\\\\b\\'c\"'", "b = 'a\\b''c\"'"),
        ("(`a` = _utf8mb4'x')", "a = 'x'"),
        ("((0 <> `ok`) and (0 = `ok`) and ((0 <> `ok`) is not true))", "ok AND NOT ok AND ok IS NOT TRUE"),
        ("(0 = coalesce(`ok`,true))", "NOT coalesce(ok, TRUE)"),
        ("(0 <> `i`)", "0 <> i"),
        ("(not((`a` like _utf8mb4'x')))", "a NOT LIKE 'x'"),
        ("(cast(`i` as char charset utf8mb4) = _utf8mb4'it\\'s')", "CAST(i AS TEXT) = 'it''s'"),
        ("((`i` <> -(5)) and (`ok` = false) and (pow(`i`,2) > 1))", "i <> -5 AND ok = FALSE AND power(i, 2) > 1"),
        ("`a` like 'x' = `ok`", "(a LIKE 'x') = ok"),
        ("`ok` = `a` like 'x'", "ok = (a LIKE 'x')"),
        ("`ok` = `i` between 1 and 2 and `ok` = `i` in (1,2)", "ok = (i BETWEEN 1 AND 2) AND ok = (i IN (1, 2))"),
        ("`i` MOD 2 = 0", "i % 2 = 0"),
        ("`d` > current_timestamp()", "d > CURRENT_TIMESTAMP"),
    ] {
        assert_eq!(read(DialectName::Mysql, printed).as_deref(), Ok(written), "{printed}");
    }
}

#[test]
fn what_means_something_else_without_its_casts_is_kept() {
    for text in [
        "((i)::numeric / (2)::numeric) > 1",
        "(d > (now() - '1 day'::interval))",
        "(('2020-01-01'::date + 1) < d)",
        "(b ~ 'x'::text)",
        "(d = CURRENT_USER)",
        "nextval('t_seq'::regclass)",
        "'{}'::text[]",
        "(other > 1)",
        "app.valid(a)",
        "\"MyFunc\"(a) = b",
        "\"substring\"(b, '@(.*)$'::text) = b",
        "\nCASE\n    WHEN ok THEN 'a'::st\n    ELSE 'b'::st\nEND",
        "\nCASE\n    WHEN ok THEN (1)::numeric\n    ELSE (2)::numeric\nEND",
        "((i * (5)::bigint) > 1)",
        "(((abs(i))::numeric / (2)::numeric) > (1)::numeric)",
        "((ok)::integer = 1)",
        "((COALESCE(ok, false))::integer = 1)",
        "((a)::citext = 'x'::citext)",
        "((x)::real > (0)::double precision)",
        "((big)::integer > 5)",
    ] {
        assert!(read(DialectName::Postgres, text).is_err(), "{text}");
    }
    for text in ["length(`a`) > 0", "`a` regexp 'x'", "regexp_like(`a`,_utf8mb4'x')", "!(`ok`) = 0", "`i` > 0 and"] {
        assert!(read(DialectName::Mysql, text).is_err(), "{text}");
    }
}
