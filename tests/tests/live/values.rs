//! Models of live databases read and write what their columns hold.

use pilaster::Result;
use pilaster::blocking::Db;
use pilaster_generator::ir::DialectName;

use super::servers::{Fresh, all};

/// A database of this kind, filled by a case's script.
fn database(dialect: DialectName, sql: &str) -> Option<Fresh> {
    all().into_iter().find(|host| host.dialect == dialect).map(|host| host.script(sql))
}

fn on(fresh: &Fresh, run: fn(&Db) -> Result<()>) {
    let db = fresh.open();
    let done = run(&db);
    db.close().unwrap();
    done.unwrap();
}

#[test]
fn columns_of_postgres() {
    let sql = include_str!("../../cases/postgres_types/schema.postgres.sql");
    let Some(fresh) = database(DialectName::Postgres, sql) else { return };
    on(&fresh, |db| {
        use pilaster_tests::cases::postgres_types::{
            Carried, Domain, Mood, NewCarried, NewDomain, NewMoment, NewPlain, NewSpecial, Plain, Special,
        };
        let plain = NewPlain::new().d(2.5).insert(db)?;
        assert_eq!(Plain::query().filter(|p| p.w.eq(Mood::SoSo) & p.i.eq(false)).count(db)?, 1);
        let read = Plain::get(db, plain.id)?.unwrap();
        assert_eq!((read.d, read.j.as_str(), read.c), (Some(2.5), "it's \\ \"quoted\"", Some(i64::MAX)));
        assert_eq!((read.l.as_deref(), read.o.as_deref()), (Some("abc"), Some(&[0, 255][..])));
        assert_eq!(read.s.map(|s| s.to_string()).as_deref(), Some("2024-02-28 23:02:03 UTC"));
        assert!(read.e.is_some_and(f64::is_nan));
        Plain::update().filter(|p| p.id.eq(read.id)).set(|p| p.y, "<a/>").set(|p| p.z, 7_i64).run(db)?;
        assert_eq!(Plain::get(db, read.id)?.unwrap().z, Some(7));

        let made = NewCarried::new()
            .net("10.0.0.0/8")
            .span("P1DT2H".parse::<pilaster::Interval>().unwrap())
            .letter("x")
            .insert(db)?;
        let read = Carried::query().filter(|c| c.host.eq("127.0.0.1")).one(db)?;
        assert_eq!((read.id, read.host.as_str(), read.net.as_deref()), (made.id, "127.0.0.1", Some("10.0.0.0/8")));
        assert_eq!((read.span.to_string().as_str(), read.letter.as_deref()), ("P1DT2H", Some("x")));

        let new = NewSpecial::new("'fat' 'rat'").tags(vec!["a".to_owned(), "b, {c}".to_owned()]);
        let new = new.moods(vec![Mood::Happy, Mood::SoSo]).span("[1,5)").made("(1,2,3)").mac("08:00:2b:01:02:03");
        let read = Special::get(db, new.insert(db)?.id)?.unwrap();
        assert_eq!((read.tags.len(), read.moods), (2, Some(vec![Mood::Happy, Mood::SoSo])));
        assert_eq!((read.words.as_str(), read.made.as_deref()), ("'fat' 'rat'", Some("(1,2,3)")));
        assert_eq!((read.span.as_deref(), read.mac.as_deref()), (Some("[1,5)"), Some("08:00:2b:01:02:03")));

        let made = NewDomain::new("a-slug").at_work(5).insert(db)?;
        let read = Domain::get(db, 1)?.unwrap();
        assert_eq!((made.id, read.at_work, read.named, read.value.as_str()), (1, Some(5), Some(7), "a-slug"));
        assert!(NewDomain::new("No Slug").insert(db).is_err(), "the domain goes on checking");
        let moment = NewMoment::new().insert(db)?;
        assert_eq!(moment.g, "abc");
        Ok(())
    });
}

/// A database of MySQL's own or of MariaDB, where that is the server.
fn own_database(mysql: bool, sql: &str) -> Option<Fresh> {
    let host = all().into_iter().find(|host| host.dialect == DialectName::Mysql)?;
    (host.is_mysql() == mysql).then(|| host.script(sql))
}

#[test]
fn columns_of_mariadb() {
    let sql = include_str!("../../cases/mysql_types/schema.mariadb.sql");
    let Some(fresh) = own_database(false, sql) else { return };
    on(&fresh, |db| {
        use pilaster_tests::cases::mysql_types::{NewMoment, NewOther, NewPlain, Other, OtherMood, Plain};
        let made = NewPlain::new().d(16_777_215_u32).x(vec![1, 2, 3, 0]).insert(db)?;
        let read = Plain::get(db, made.id)?.unwrap();
        assert_eq!((read.a, read.b, read.d, read.g), (-1, Some(255), Some(16_777_215), Some(i64::MIN)));
        assert_eq!((read.l, read.n, read.o, read.p), (true, Some(true), Some(5), Some(2024)));
        assert_eq!((read.q.as_str(), read.u.as_deref()), ("it's \\ \"quoted\"", Some("abc")));
        assert_eq!((read.x.as_deref(), read.z.as_deref()), (Some(&[1, 2, 3, 0][..]), Some(&[0, 255][..])));
        Plain::update().filter(|p| p.id.eq(read.id)).set(|p| p.n, false).set(|p| p.o, 4095_u64).run(db)?;
        let read = Plain::get(db, read.id)?.unwrap();
        assert_eq!((read.n, read.o), (Some(false), Some(4095)));

        let id = pilaster::uuid::Uuid::from_u128(7);
        db.sql("INSERT INTO others (id, place) VALUES ('00000000-0000-0000-0000-000000000008', POINT(1, 2))")
            .execute()?;
        let place = Other::query().filter(|o| o.place.is_not_null()).one(db)?.place.unwrap();
        assert_eq!(place, "POINT(1 2)");
        NewOther::new(id).host("::1").hidden(3).place(place.clone()).insert(db)?;
        let read = Other::get(db, id)?.unwrap();
        assert_eq!((read.mood, read.moods.as_str(), read.host.as_deref()), (OtherMood::SoSo, "a,b", Some("::1")));
        assert_eq!((read.doc, read.hidden, read.place), (pilaster::serde_json::json!({}), Some(3), Some(place)));
        let moment = NewMoment::new().insert(db)?;
        assert_eq!(moment.a.to_string(), "2024-02-29");
        shapes(db)
    });
}

#[test]
fn columns_of_mysql() {
    let sql = include_str!("../../cases/mysql_own_types/schema.mysql_own.sql");
    let Some(fresh) = own_database(true, sql) else { return };
    on(&fresh, |db| {
        use pilaster_tests::cases::mysql_own_types::{NewOther, NewPlain, Other, OtherMood, Plain};
        let made = NewPlain::new().d(16_777_215_u32).x(vec![1, 2, 3, 0]).insert(db)?;
        let read = Plain::get(db, made.id)?.unwrap();
        assert_eq!((read.a, read.d, read.l, read.n, read.o), (-1, Some(16_777_215), true, Some(true), Some(5)));
        assert_eq!((read.q.as_str(), read.u.as_deref()), ("it's \\ \"quoted\" ü", Some("it's ü")));
        assert_eq!((read.x.as_deref(), read.z.as_deref()), (Some(&[1, 2, 3, 0][..]), Some(&[0, 255][..])));
        assert_eq!((read.y.as_deref(), read.doubled), (Some(&b"ab"[..]), Some(-2)));
        let refused = NewPlain::new().q("nö").insert(db).unwrap_err();
        assert!(matches!(refused.kind(), pilaster::ErrorKind::CheckViolation(_)), "{refused:?}");

        // A key that only a default makes is not told there.
        let doc = pilaster::serde_json::json!({ "b": [1, 2.5], "a": null });
        let id = pilaster::uuid::Uuid::from_u128(7);
        NewOther::new("SRID=4326;POINT(1 2)").id(id).doc(doc.clone()).hidden(3).insert(db)?;
        let read = Other::get(db, id)?.unwrap();
        assert_eq!((read.mood, read.moods.as_str(), read.hidden), (OtherMood::SoSo, "a,b", Some(3)));
        assert_eq!((&read.doc, read.place.as_str()), (&doc, "SRID=4326;POINT(1 2)"));
        assert_eq!(Other::query().filter(|o| o.doc.eq(doc.clone()) & o.doc2.is_null()).count(db)?, 1);
        let changed = pilaster::serde_json::json!([{ "z": 1, "a": "ü" }]);
        Other::update().filter(|o| o.id.eq(id)).set(|o| o.doc, changed.clone()).run(db)?;
        assert_eq!(Other::get(db, id)?.unwrap().doc, changed);
        // Longitude first, as in the column: ST_AsText would say it by the reference system, latitude first.
        assert_eq!(
            db.sql("SELECT concat(ST_Longitude(place), ' ', ST_Latitude(place)) FROM others").one::<String>()?,
            "1 2"
        );
        Ok(())
    });
}

/// Shapes go in as text and come out as text, and are what the server takes them for.
fn shapes(db: &Db) -> Result<()> {
    use pilaster_tests::cases::mysql_types::{NewShape, Shape};
    let new = NewShape::new("POINT(1.5 -2)")
        .any_shape("SRID=4326;LINESTRING(0 0,1 1)")
        .road("LINESTRING(0 0,1 1,2 2)")
        .area("POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 1))")
        .places("MULTIPOINT(1 1,2 2)")
        .roads("MULTILINESTRING((0 0,1 1),(2 2,3 3))")
        .areas("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))")
        .things("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))")
        .host("10.0.0.1")
        .large(u64::MAX)
        .moods("a,b'c");
    let made = new.clone().insert(db)?;
    let read = Shape::get(db, made.id)?.unwrap();
    assert_eq!(read, made);
    assert_eq!(
        (read.place.as_str(), read.any_shape.as_deref()),
        ("POINT(1.5 -2)", Some("SRID=4326;LINESTRING(0 0,1 1)"))
    );
    assert_eq!(read.things.as_deref(), Some("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"));
    assert_eq!(
        (read.host.as_deref(), read.large, read.moods.as_deref()),
        (Some("10.0.0.1"), Some(u64::MAX), Some("a,b'c"))
    );
    let known = "SELECT CONCAT(ST_X(place), ' ', ST_SRID(any_shape), ' ', ST_Area(area)) FROM shapes";
    assert_eq!(db.sql(known).one::<String>()?, "1.5 4326 15.5");
    assert_eq!(Shape::insert_many([new.clone(), NewShape::new("POINT(0 0)")]).all(db)?.len(), 2);
    assert_eq!(Shape::query().filter(|s| s.place.eq("POINT(1.5 -2)")).count(db)?, 2);
    Shape::update().filter(|s| s.id.eq(made.id)).set(|s| s.place, "POINT(7 7)").set_null(|s| s.road).run(db)?;
    assert_eq!(Shape::query().filter(|s| s.road.is_null()).select(|s| s.place).all(db)?, ["POINT(7 7)", "POINT(0 0)"]);
    let error = NewShape::new("nowhere").insert(db).unwrap_err();
    let said =
        "cannot write column \"place\" of \"shapes\": expected a shape as WKT, such as POINT(1 2), found \"nowhere\"";
    assert_eq!(error.to_string(), said);
    Ok(())
}

/// A value of every column of a table, and what is read back.
macro_rules! all_columns {
    ($db:expr, $new:expr, $model:ident: $($column:ident = $value:expr;)*) => {{
        let new = $new$(.$column($value))*;
        let made = new.clone().insert($db)?;
        let read = $model::get($db, made.id)?.unwrap();
        assert_eq!(read, made);
        assert_eq!($model::insert_many([new.clone(), new]).all($db)?.len(), 2);
        read
    }};
}

#[test]
fn columns_of_types_of_postgres_that_rust_has_not() {
    let sql = include_str!("../../cases/postgres_server_types/schema.postgres.sql");
    let Some(fresh) = database(DialectName::Postgres, sql) else { return };
    on(&fresh, |db| {
        use pilaster_tests::cases::postgres_server_types::{Domain, Many, Mood, NewDomain, NewMany, NewOne, One};
        let texts = |list: &[&str]| -> Vec<String> { list.iter().map(|text| (*text).to_owned()).collect() };
        let one = all_columns! { db, NewOne::new(), One:
            price = "$1,234.50"; bits = "1010"; more_bits = "10101"; mac8 = "08:00:2b:01:02:03:04:05";
            a_line = "{1,2,3}"; a_segment = "[(0,0),(1,1)]"; a_box = "(2,2),(1,1)"; a_path = "((0,0),(1,1))";
            a_polygon = "((0,0),(1,1),(1,0))"; a_circle = "<(1,2),3>"; long_range = "[1,9223372036854775807)";
            exact_range = "(0.5,1.5]"; plain_range = "[\"2024-02-29 00:00:00\",infinity)";
            zoned_range = "empty"; day_range = "[2024-02-29,2024-03-02)"; own_range = "[1.5,2.5)";
            ints = "{[1,3),[5,7)}"; days = "{}"; own_ranges = "{[1,2)}"; query = "'fat' & 'rat'";
            json_path = "$.\"a\"[*]"; transaction = "7"; long_transaction = "70000000000"; snapshot = "10:20:10,14";
            relation = "one"; of_type = "integer"; numbers = "1 2 3"; place = "(1,2)"; key_of = "(0,1)";
            written = "(1,\"b c\")"; lsn = "16/B374D848";
            full_name = "(Ada,Lovelace)"; letters = "[a,c)";
        };
        assert_eq!((one.price.as_deref(), one.bits.as_deref()), (Some("$1,234.50"), Some("1010")));
        assert_eq!((one.ints.as_deref(), one.own_ranges.as_deref()), (Some("{[1,3),[5,7)}"), Some("{[1,2)}")));
        assert_eq!((one.lsn.as_deref(), one.relation.as_deref()), (Some("16/B374D848"), Some("one")));
        // Names that begin like that of a type which is read as text.
        assert_eq!((one.full_name.as_deref(), one.letters.as_deref()), (Some("(Ada,Lovelace)"), Some("[a,c)")));
        let many = all_columns! { db, NewMany::new(), Many:
            prices = "{$1.00,$2.50}"; ranges = "{\"[1,2)\",empty}"; hosts = "{10.0.0.1,::1}"; points = "{\"(1,2)\"}";
            boxes = "{(2,2),(1,1);(4,4),(3,3)}"; documents = "{<a/>}"; bits = "{10,01}"; words = "{'a'}";
            bytes = vec![vec![0, 255]]; codes = "{abc}"; moods = vec![Mood::Happy]; pairs = "{\"(1,b)\"}";
            checked = "{1,2}"; goods = "{happy}"; halves = vec![1.5, 2.5]; smalls = vec![1_i16, 2]; names = "{a,b}";
            exact = vec!["1.25".parse::<pilaster::rust_decimal::Decimal>().unwrap()];
        };
        assert_eq!(
            (many.prices.as_deref(), many.boxes.as_deref()),
            (Some("{$1.00,$2.50}"), Some("{(2,2),(1,1);(4,4),(3,3)}"))
        );
        assert_eq!((many.bytes, many.moods), (Some(vec![vec![0, 255]]), Some(vec![Mood::Happy])));
        let made = NewDomain::new(5, texts(&["a", "b"])).place("(1,2)").good(Mood::Happy).insert(db)?;
        assert_eq!(Domain::get(db, 5)?.unwrap(), made);
        assert_eq!((made.tags, made.place.as_deref()), (texts(&["a", "b"]), Some("(1,2)")));
        assert!(NewDomain::new(6, texts(&["a"; 9])).insert(db).is_err(), "the domain goes on checking");
        Ok(())
    });
}
