//! Tests of the driver: what is written and read, what is refused, and how faults are told.

use super::*;
use crate::rt::block_on;
use crate::value::{Decimal, Kind, Value};

fn options() -> Options {
    Options {
        path: None,
        create: true,
        read_only: false,
        busy_timeout: Duration::from_millis(50),
        statement_timeout: None,
    }
}

fn memory() -> Connection {
    Connection::open(&options(), false).unwrap()
}

fn run(connection: &mut Connection, sql: &str, params: &[Value<'_>]) -> Result<Done> {
    block_on(connection.execute(sql, &params.to_vec()))
}

/// Reads one value by its kind.
fn read(connection: &mut Connection, sql: &str, params: &[Value<'_>], kind: Kind) -> Result<Value<'static>> {
    let mut found = None;
    block_on(connection.query(sql, &params.to_vec(), &mut |row| {
        found = Some(row.value(0, kind)?);
        Ok(())
    }))?;
    Ok(found.unwrap())
}

fn refusal(connection: &mut Connection, sql: &str, kind: Kind) -> (String, String) {
    let error = read(connection, sql, &[], kind).unwrap_err();
    match error.kind() {
        ErrorKind::Decode(cell) => (cell.expected.clone(), cell.found.clone()),
        other => panic!("{other:?}"),
    }
}

fn texts(connection: &mut Connection, sql: &str) -> Vec<String> {
    let mut out = Vec::new();
    let none: [Value<'_>; 0] = [];
    block_on(connection.query(sql, &none, &mut |row| {
        out.push(row.text(0)?.unwrap_or_default().into_owned());
        Ok(())
    }))
    .unwrap();
    out
}

#[test]
fn every_kind_is_read_as_it_was_written() {
    let mut db = memory();
    let long = "ä".repeat(20_000);
    let values = [
        (Kind::Bool, Value::Bool(true)),
        (Kind::BigInt, Value::Int(i64::MIN)),
        (Kind::UnsignedBigInt, Value::UInt(7)),
        (Kind::Double, Value::Float(-0.125)),
        (Kind::Double, Value::Float(f64::INFINITY)),
        (Kind::Decimal(None), Value::Decimal(Decimal { mantissa: 1_999, scale: 2 })),
        (Kind::Text, Value::Text("".into())),
        (Kind::Text, Value::Text("o'Neill \u{1f980} \0 end".into())),
        (Kind::Text, Value::Text(long.as_str().into())),
        (Kind::Bytes, Value::Bytes(vec![].into())),
        (Kind::Bytes, Value::Bytes(vec![0, 255, 0].into())),
        (Kind::Bytes, Value::Bytes(vec![7; 50_000].into())),
        (Kind::Date, Value::Date(-719_528)),
        (Kind::Time, Value::Time(86_399_999_999)),
        (Kind::DateTime, Value::DateTime(-1)),
        (Kind::Timestamp, Value::Timestamp(1_700_000_000_123_456)),
        (Kind::Uuid, Value::Uuid([0xab; 16])),
        (Kind::Json, Value::Json("{\"a\": [1, 2]}".into())),
        (Kind::Text, Value::Null),
    ];
    for (kind, value) in values {
        assert_eq!(read(&mut db, "SELECT ?", std::slice::from_ref(&value), kind).unwrap(), value);
    }
}

#[test]
fn parameters_keep_their_places_whatever_their_lengths() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (a, b, c, d, e)", &[]).unwrap();
    for size in [0, 1, 100, 16 * 1024, 16 * 1024 + 1, 100_000] {
        let (a, b) = ("a".repeat(size), vec![1_u8; size]);
        let params = [
            Value::Text(a.as_str().into()),
            Value::Bytes(b.as_slice().into()),
            Value::Null,
            Value::Text("between".into()),
            Value::Text(a.clone().into()),
        ];
        run(&mut db, "DELETE FROM t", &[]).unwrap();
        run(&mut db, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", &params).unwrap();
        let sum = "SELECT length(a) || ',' || length(b) || ',' || coalesce(c, 'null') || ',' || d || ',' || (a = e) || \
                   ',' || typeof(a) || ',' || typeof(b) FROM t";
        assert_eq!(texts(&mut db, sum), [format!("{size},{size},null,between,1,text,blob")]);
    }
}

#[test]
fn what_has_no_form_in_sqlite_is_refused() {
    let mut db = memory();
    for value in [
        Value::Float(f64::NAN),
        Value::UInt(u64::MAX),
        Value::Decimal(Decimal { mantissa: 1_234_567_890_123_456, scale: 2 }),
        Value::Date(i32::MAX),
        Value::Date(i32::MIN),
        Value::Time(-1),
        Value::Time(86_400_000_000),
        Value::Timestamp(i64::MIN),
        Value::DateTime(i64::MAX),
    ] {
        let error = run(&mut db, "SELECT ?", std::slice::from_ref(&value)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{value:?}: {error:?}");
    }
    // The statement is as good as new.
    assert_eq!(read(&mut db, "SELECT ?", &[Value::Int(1)], Kind::BigInt).unwrap(), Value::Int(1));
}

#[test]
fn values_of_other_types_are_taken_only_where_sqlite_makes_them() {
    let mut db = memory();
    assert_eq!(read(&mut db, "SELECT 5.0", &[], Kind::BigInt).unwrap(), Value::Int(5));
    assert_eq!(read(&mut db, "SELECT 5", &[], Kind::Double).unwrap(), Value::Float(5.0));
    assert_eq!(read(&mut db, "SELECT 'ab'", &[], Kind::Bytes).unwrap(), Value::Bytes(b"ab".to_vec().into()));
    assert_eq!(read(&mut db, "SELECT 5", &[], Kind::Json).unwrap(), Value::Json("5".into()));
    assert_eq!(read(&mut db, "SELECT 86400", &[], Kind::Timestamp).unwrap(), Value::Timestamp(86_400_000_000));
    assert_eq!(read(&mut db, "SELECT zeroblob(16)", &[], Kind::Uuid).unwrap(), Value::Uuid([0; 16]));
    let now = read(&mut db, "SELECT datetime('2024-02-29 12:00', '+1 second')", &[], Kind::DateTime).unwrap();
    assert_eq!(now, Value::DateTime(1_709_208_001_000_000));
    let exact = Value::Decimal(Decimal { mantissa: 125, scale: 1 });
    assert_eq!(read(&mut db, "SELECT '12.5'", &[], Kind::Decimal(None)).unwrap(), exact);
    assert_eq!(read(&mut db, "SELECT 12.5", &[], Kind::Decimal(None)).unwrap(), exact);
}

#[test]
fn a_wrong_type_is_named_with_the_value() {
    let mut db = memory();
    let cases = [
        ("SELECT 'abc'", Kind::BigInt, "an integer", "text \"abc\""),
        ("SELECT 5.5", Kind::Int, "an integer", "real 5.5"),
        ("SELECT 9.3e18", Kind::BigInt, "an integer of 64 bits", "real 9.3e18"),
        ("SELECT x'00'", Kind::BigInt, "an integer", "a blob of 1 bytes"),
        ("SELECT 2", Kind::Bool, "a boolean, 0 or 1", "integer 2"),
        ("SELECT 'true'", Kind::Bool, "a boolean, 0 or 1", "text \"true\""),
        ("SELECT 5", Kind::Text, "text", "integer 5"),
        ("SELECT x'61'", Kind::Text, "text", "a blob of 1 bytes"),
        ("SELECT CAST(x'61ff' AS TEXT)", Kind::Text, "text", "bytes that are not UTF-8 after the first 1"),
        ("SELECT 5", Kind::Bytes, "bytes", "integer 5"),
        ("SELECT '5'", Kind::Double, "a floating point number", "text \"5\""),
        ("SELECT 'many'", Kind::Decimal(None), "a decimal", "text \"many\""),
        ("SELECT 9e999", Kind::Decimal(None), "a decimal", "real inf"),
        ("SELECT -1", Kind::UnsignedBigInt, "an unsigned integer", "integer -1"),
        ("SELECT '2024-02-30'", Kind::Date, "a date as YYYY-MM-DD", "text \"2024-02-30\""),
        ("SELECT 5", Kind::Date, "a date as YYYY-MM-DD", "integer 5"),
        (
            "SELECT 9223372036854775807",
            Kind::Timestamp,
            "a timestamp as YYYY-MM-DD HH:MM:SS",
            "integer 9223372036854775807",
        ),
        ("SELECT x'0011'", Kind::Uuid, "a UUID", "a blob of 2 bytes"),
        ("SELECT x'7b7d'", Kind::Json, "JSON as text", "a blob of 2 bytes"),
    ];
    for (sql, kind, expected, found) in cases {
        assert_eq!(refusal(&mut db, sql, kind), (expected.to_owned(), found.to_owned()), "{sql}");
    }
    let (_, found) = refusal(&mut db, "SELECT replace(hex(zeroblob(500)), '00', 'ü')", Kind::BigInt);
    assert_eq!(found, format!("text \"{}…\"", "ü".repeat(60)));
}

#[test]
fn a_name_that_is_not_there_is_no_text() {
    let mut connection = memory();
    run(&mut connection, "CREATE TABLE t (a TEXT CHECK (a <> \"\"))", &[]).unwrap();
    for sql in ["SELECT \"b\" FROM t", "INSERT INTO t VALUES (\"b\")", "UPDATE t SET a = \"b\""] {
        let error = run(&mut connection, sql, &[]).unwrap_err();
        assert!(error.to_string().contains("no such column: \"b\""), "{error}");
    }
    run(&mut connection, "INSERT INTO t VALUES ('b')", &[]).unwrap();
}

#[test]
fn columns_that_are_not_there_are_errors() {
    let mut db = memory();
    let none: [Value<'_>; 0] = [];
    block_on(db.query("SELECT 1 AS one, 2", &none, &mut |row| {
        assert_eq!((row.len(), row.name(0), row.name(2)), (2, Some("one"), None));
        for at in [2, 1_000, usize::MAX] {
            assert!(matches!(row.int(at).unwrap_err().kind(), ErrorKind::Decode(_)));
        }
        Ok(())
    }))
    .unwrap();
}

#[test]
fn a_column_can_be_read_again_while_its_text_is_in_use() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let mut db = memory();
        block_on(db.batch(&format!("PRAGMA encoding = '{encoding}'; CREATE TABLE t (a TEXT, b BLOB)"))).unwrap();
        run(&mut db, "INSERT INTO t VALUES (?, zeroblob(3))", &[Value::Text("grün".into())]).unwrap();
        let none: [Value<'_>; 0] = [];
        block_on(db.query("SELECT a, b, a || a FROM t", &none, &mut |row| {
            let (text, blob) = (row.text(0)?, row.bytes(1)?);
            let (again, bytes) = (row.text(0)?, row.bytes(0)?);
            assert!(row.int(0).is_err() && row.float(1).is_err() && row.json(2)?.as_deref() == Some("grüngrün"));
            assert_eq!((text.as_deref(), again.as_deref()), (Some("grün"), Some("grün")));
            assert_eq!((bytes.as_deref(), blob.as_deref()), (Some("grün".as_bytes()), Some(&[0_u8; 3][..])));
            Ok(())
        }))
        .unwrap();
    }
}

#[test]
fn one_text_is_one_statement() {
    let mut db = memory();
    for sql in ["SELECT 1;", "SELECT 1; -- done", "SELECT 1 /* done */ ; ;\n", "-- first\nSELECT 1"] {
        run(&mut db, sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    for (sql, why) in [
        ("", "no statement"),
        (" -- nothing", "no statement"),
        ("SELECT 1; SELECT 2", "more than one"),
        ("SELECT 1; -- a\n DROP TABLE t", "DROP TABLE t"),
        ("SELECT 1\0", "zero byte"),
    ] {
        let error = run(&mut db, sql, &[]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Query) && error.to_string().contains(why), "{sql}: {error}");
    }
    block_on(db.batch("CREATE TABLE a (x); INSERT INTO a VALUES ('y');")).unwrap();
    assert_eq!(texts(&mut db, "SELECT x FROM a"), ["y"]);
}

#[test]
fn the_number_of_parameters_is_checked() {
    let mut db = memory();
    for params in [&[][..], &[Value::Int(1)], &[Value::Int(1), Value::Null, Value::Text("x".into())]] {
        let error = run(&mut db, "SELECT ?, ?", params).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the statement has 2 parameters, and {} values were given", params.len())
        );
    }
}

#[test]
fn statements_tell_what_they_did() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a)", &[]).unwrap();
    let done = run(&mut db, "INSERT INTO t (a) VALUES (1), (2), (3)", &[]).unwrap();
    assert_eq!(done, Done { affected: 3, last_key: 3 });
    assert_eq!(run(&mut db, "UPDATE t SET a = a WHERE id < 3", &[]).unwrap().affected, 2);
    assert_eq!(run(&mut db, "SELECT * FROM t", &[]).unwrap().affected, 0);
    assert_eq!(run(&mut db, "CREATE INDEX i ON t (a)", &[]).unwrap().affected, 0);
    assert_eq!(run(&mut db, "DELETE FROM t", &[]).unwrap().affected, 3);
}

#[test]
fn a_changed_schema_changes_the_columns() {
    let mut db = memory();
    block_on(db.batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")).unwrap();
    let none: [Value<'_>; 0] = [];
    for columns in 1..=3 {
        for _ in 0..3 {
            block_on(db.query("SELECT * FROM t", &none, &mut |row| {
                assert_eq!(row.len(), columns);
                row.is_null(columns - 1).map(|_| ())
            }))
            .unwrap();
        }
        block_on(db.batch(&format!("ALTER TABLE t ADD COLUMN a{columns}"))).unwrap();
    }
}

#[test]
fn an_error_of_the_reader_stops_and_leaves_the_statement_whole() {
    let mut db = memory();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n";
    for limit in [10, 5] {
        let mut seen = 0;
        let outcome = block_on(db.query(sql, &[Value::Int(limit)], &mut |_| {
            seen += 1;
            if seen == 3 && limit == 10 { Err(Error::query("enough")) } else { Ok(()) }
        }));
        assert_eq!((outcome.is_ok(), seen), if limit == 10 { (false, 3) } else { (true, 5) });
    }
}

#[test]
fn a_panic_of_the_reader_leaves_the_statement_whole() {
    let mut db = memory();
    for _ in 0..2 {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            block_on(db.query("SELECT ?", &[Value::Text("x".into())], &mut |_| panic!("reader")))
        }));
        assert!(panicked.is_err());
        assert_eq!(read(&mut db, "SELECT ?", &[Value::Text("y".into())], Kind::Text).unwrap(), Value::Text("y".into()));
    }
}

struct Pairs(Vec<(i64, &'static str)>);

impl Rows for Pairs {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn bind(&mut self, row: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let (number, text) = self.0[row];
        // Neither text outlives the call.
        put(&if number < 0 { Value::Float(f64::NAN) } else { Value::Int(number) })?;
        put(&Value::Text(text.to_uppercase().into()))
    }
}

#[test]
fn rows_run_one_after_another() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT UNIQUE, b TEXT)", &[]).unwrap();
    let mut rows = Pairs((0..20).map(|i| (i * 2, if i % 2 == 0 { "even" } else { "odd" })).collect());
    let mut keys = Vec::new();
    let insert = "INSERT INTO t (a, b) VALUES (?, ?)";
    assert_eq!(block_on(db.execute_rows(insert, &mut rows, Returned::Keys(&mut keys))).unwrap(), 20);
    assert_eq!(keys, (1..=20).collect::<Vec<_>>());
    assert_eq!(texts(&mut db, "SELECT DISTINCT b FROM t ORDER BY b"), ["EVEN", "ODD"]);

    let mut back = Vec::new();
    let mut rows = Pairs(vec![(101, "x"), (103, "y")]);
    let returning = "INSERT INTO t (a, b) VALUES (?, ?) RETURNING b || id";
    let mut each = |row: &Row<'_>| {
        back.push(row.text(0)?.unwrap_or_default().into_owned());
        Ok(())
    };
    block_on(db.execute_rows(returning, &mut rows, Returned::Rows(&mut each))).unwrap();
    assert_eq!(back, ["X21", "Y22"]);

    // A value that cannot be written, behind one that was, and a row that exists.
    for mut bad in [Pairs(vec![(201, "kept"), (-1, "nan")]), Pairs(vec![(203, "kept"), (201, "twice")])] {
        assert!(block_on(db.execute_rows(insert, &mut bad, Returned::Nothing)).is_err());
    }
    assert_eq!(texts(&mut db, "SELECT b FROM t WHERE a > 200"), ["KEPT", "KEPT"]);
}

#[test]
fn constraints_are_told_apart() {
    let mut db = memory();
    block_on(db.batch(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id INTEGER PRIMARY KEY, a INT NOT NULL, b INT, c INT REFERENCES p (id),
                         UNIQUE (a, b), CONSTRAINT small CHECK (a < 100));
         CREATE TABLE s (n INTEGER) STRICT;
         CREATE TRIGGER no_p BEFORE DELETE ON p BEGIN SELECT RAISE(ABORT, 'parents stay'); END;
         INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1, 1, 1)",
    ))
    .unwrap();
    let mut fail = |sql: &str| run(&mut db, sql, &[]).unwrap_err();
    let columns = |error: &Error| match error.kind() {
        ErrorKind::UniqueViolation(found) | ErrorKind::NotNullViolation(found) => {
            format!("{}: {}", found.table.as_deref().unwrap_or("?"), found.columns.join(" "))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(columns(&fail("INSERT INTO t VALUES (2, 1, 1, 1)")), "t: a b");
    assert_eq!(columns(&fail("INSERT INTO t VALUES (1, 2, 2, 1)")), "t: id");
    assert_eq!(columns(&fail("INSERT INTO t VALUES (3, NULL, 1, 1)")), "t: a");
    let check = fail("INSERT INTO t VALUES (4, 100, 1, 1)");
    assert!(matches!(check.kind(), ErrorKind::CheckViolation(found) if found.constraint.as_deref() == Some("small")));
    assert!(matches!(fail("INSERT INTO t VALUES (5, 5, 5, 5)").kind(), ErrorKind::ForeignKeyViolation(_)));
    let raised = fail("DELETE FROM p");
    assert!(matches!(raised.kind(), ErrorKind::CheckViolation(_)) && raised.to_string() == "parents stay");
    assert!(matches!(fail("INSERT INTO s VALUES ('x')").kind(), ErrorKind::Encode(_)));
    assert!(matches!(fail("INSERT INTO t (id, a) VALUES ('x', 1)").kind(), ErrorKind::Encode(_)));
}

/// A file that others write to: what to do about it is said.
#[test]
fn a_locked_file_is_told_with_what_helps() {
    let path = std::env::temp_dir().join(format!("pilaster-locked-{}.db", std::process::id()));
    let file = Options { path: Some(path.clone()), ..options() };
    let [mut one, mut other] = [(); 2].map(|()| Connection::open(&file, false).unwrap());
    run(&mut one, "CREATE TABLE t (a)", &[]).unwrap();
    block_on(one.begin(Begin::default())).unwrap();
    let begun = block_on(other.begin(Begin::default())).unwrap_err();
    let written = run(&mut other, "INSERT INTO t VALUES (1)", &[]).unwrap_err();
    for error in [begun, written] {
        assert!(matches!(error.kind(), ErrorKind::Locked), "{error:?}");
        let said = error.to_string();
        assert!(said.starts_with("database is locked (") && said.contains("busy_timeout in the URL"), "{said}");
    }
    block_on(one.rollback()).unwrap();

    // By hand: a transaction that reads first and writes then.
    block_on(other.batch("BEGIN")).unwrap();
    assert!(texts(&mut other, "SELECT a FROM t").is_empty());
    run(&mut one, "INSERT INTO t VALUES (1)", &[]).unwrap();
    let late = run(&mut other, "INSERT INTO t VALUES (2)", &[]).unwrap_err();
    assert!(matches!(late.kind(), ErrorKind::Serialization), "{late:?}");
    assert!(late.to_string().contains("begin it as one that writes"), "{late}");
    drop((one, other));
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[test]
fn wrong_statements_are_shown_with_the_place() {
    let mut db = memory();
    let error = run(&mut db, "SELECT * FROM nowhere", &[]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Query));
    assert_eq!(error.to_string(), "no such table: nowhere in: SELECT * FROM nowhere");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<rusqlite::Error>().is_some());
    let error = run(&mut db, "SELECT nope", &[]).unwrap_err();
    assert_eq!(error.to_string(), "no such column: nope, at byte 7 in: SELECT nope");
    let error = block_on(db.batch("SELECT 1; SELEKT 2")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Query) && error.to_string().contains("SELEKT"), "{error}");
}

#[test]
fn a_read_only_transaction_refuses_writes_and_ends_cleanly() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (a)", &[]).unwrap();
    for end in ["commit", "rollback", "abandon"] {
        block_on(db.begin(Begin { read_only: true, ..Begin::default() })).unwrap();
        let error = run(&mut db, "INSERT INTO t VALUES (1)", &[]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ReadOnly), "{error:?}");
        match end {
            "commit" => block_on(db.commit()).unwrap(),
            "rollback" => block_on(db.rollback()).unwrap(),
            _ => assert!(db.abandon()),
        }
        assert!(!db.in_transaction());
        run(&mut db, "INSERT INTO t VALUES (1)", &[]).unwrap();
    }
}

#[test]
fn what_is_abandoned_is_undone() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (a TEXT)", &[]).unwrap();
    block_on(db.begin(Begin::default())).unwrap();
    run(&mut db, "INSERT INTO t VALUES ('outer')", &[]).unwrap();
    block_on(db.batch("SAVEPOINT one")).unwrap();
    run(&mut db, "INSERT INTO t VALUES ('inner')", &[]).unwrap();
    db.abandon_to("one");
    assert_eq!(texts(&mut db, "SELECT a FROM t"), ["outer"]);
    assert!(db.abandon());
    assert!(!db.in_transaction());
    assert_eq!(texts(&mut db, "SELECT a FROM t"), [""; 0]);
    // Rolling back what SQLite already ended is no error.
    block_on(db.rollback()).unwrap();
}

fn calm(connection: &mut Connection, sql: &str) -> bool {
    let found = connection.session.find(sql);
    found.is_some_and(|found| connection.session.is_calm(&found))
}

#[test]
fn statements_are_called_short_only_after_short_runs() {
    let mut db = memory();
    run(&mut db, "CREATE TABLE t (a)", &[]).unwrap();
    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n";
    let insert = "INSERT INTO t VALUES (?)";
    for _ in 0..2 {
        assert!(!calm(&mut db, count));
        run(&mut db, count, &[Value::Int(10)]).unwrap();
        run(&mut db, insert, &[Value::Int(10)]).unwrap();
    }
    assert!(calm(&mut db, count));
    assert!(!calm(&mut db, insert), "outside a transaction a write waits for the disk");
    block_on(db.begin(Begin::default())).unwrap();
    assert!(calm(&mut db, insert));
    run(&mut db, count, &[Value::Int(100_000)]).unwrap();
    assert!(!calm(&mut db, count));
}

#[test]
fn a_statement_that_runs_too_long_is_interrupted() {
    let options = Options { statement_timeout: Some(Duration::from_millis(500)), ..options() };
    let mut db = Connection::open(&options, false).unwrap();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    for _ in 0..2 {
        let error = run(&mut db, endless, &[]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(error.to_string().contains("500ms"), "{error}");
        assert_eq!(texts(&mut db, "SELECT 'alive'"), ["alive"]);
    }
    let error = block_on(db.batch(&format!("SELECT 1; {endless}"))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
}
