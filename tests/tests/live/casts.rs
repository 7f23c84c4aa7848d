//! Casts that mean something: a database that is made of what was read computes the same.

use pilaster_tests::database::Kind;

use super::servers::{self, Host};

const SCRIPT: &str = "
CREATE TYPE st AS ENUM ('a', 'b');
CREATE TABLE t (
    id bigint PRIMARY KEY, w smallint, h smallint, q integer, u integer, email text, paid boolean, a text, b text,
    area integer GENERATED ALWAYS AS (w::integer * h) STORED,
    total bigint GENERATED ALWAYS AS (q::bigint * u) STORED,
    half numeric GENERATED ALWAYS AS (q::numeric / 2) STORED,
    site text GENERATED ALWAYS AS (substring(email from '@(.*)$')) STORED,
    state st GENERATED ALWAYS AS (CASE WHEN paid THEN 'a'::st ELSE 'b'::st END) STORED,
    CONSTRAINT just_one CHECK ((a IS NOT NULL)::integer + (b IS NOT NULL)::integer = 1)
)";

#[test]
fn what_postgres_casts_is_computed_alike() {
    let Some(host) = Host::find(Kind::Postgres) else { return };
    let first = host.script(SCRIPT);
    let (schema, diagnostics) = first.schema();
    let statements = servers::statements(&schema, host.dialect).unwrap_or_else(|| panic!("{diagnostics}"));
    let second = host.database(&statements);
    for fresh in [&first, &second] {
        let db = fresh.open();
        db.sql(
            "INSERT INTO t (id, w, h, q, u, email, paid, a) VALUES (1, 300, 300, 100001, 100000, 'x@y.org', true, 'a')",
        )
        .batch()
        .unwrap();
        let computed = "SELECT concat_ws(' ', area, total, round(half, 1), site, state) FROM t";
        let computed = db.sql(computed).one::<String>().unwrap();
        assert_eq!(computed, "90000 10000100000 50000.5 y.org a", "{statements:#?}");
        let both = "INSERT INTO t (id, a, b) VALUES (2, 'a', 'b')";
        assert!(db.sql(both).batch().unwrap_err().to_string().contains("just_one"), "{statements:#?}");
        db.close().unwrap();
    }
}
