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

#[test]
fn columns_of_mysql() {
    let sql = include_str!("../../cases/mysql_types/schema.mysql.sql");
    let Some(fresh) = database(DialectName::Mysql, sql) else { return };
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
        NewOther::new(id).host("::1").hidden(3).place(place.clone()).insert(db)?;
        let read = Other::get(db, id)?.unwrap();
        assert_eq!((read.mood, read.moods.as_str(), read.host.as_deref()), (OtherMood::SoSo, "a,b", Some("::1")));
        assert_eq!((read.doc, read.hidden, read.place), (pilaster::serde_json::json!({}), Some(3), Some(place)));
        let moment = NewMoment::new().insert(db)?;
        assert_eq!(moment.a.to_string(), "2024-02-29");
        Ok(())
    });
}
