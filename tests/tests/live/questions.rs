//! One text of queries, compiled against the models of one library as three databases have it: the same answers.

use pilaster::Result;
use pilaster::blocking::Db;
use pilaster_generator::ir::DialectName;

use super::servers;

type Ask = fn(&Db) -> Result<Vec<String>>;

/// The questions, over the models of a module.
macro_rules! questions {
    ($name:ident, $models:ident) => {
        fn $name(db: &Db) -> Result<Vec<String>> {
            use pilaster_tests::cases::$models::{Author, Book, BookStatus, Loan, NewTag, Tag};
            let mut said = Vec::new();
            let mut say = |what: &str, answer: String| said.push(format!("{what}: {answer}"));

            let ann = Author::by_name(db, "Ann")?.unwrap();
            say("by a unique key", format!("{:?} {:?}", ann.id, ann.born));
            let books = ann.books().order_by(|b| b.title.desc()).all(db)?;
            say("lazy", format!("{:?}", books.iter().map(|b| (&b.title, b.price.normalize())).collect::<Vec<_>>()));
            let found = Book::query().filter(|b| b.title.contains("100%")).all(db)?;
            say("literal text", format!("{:?}", found.iter().map(|b| b.id).collect::<Vec<_>>()));
            let found = Book::query().filter(|b| b.title.icontains("RUST")).order_by(|b| b.id.asc()).all(db)?;
            say("without case", format!("{:?}", found.iter().map(|b| b.id).collect::<Vec<_>>()));
            let found = Book::query()
                .filter(|b| b.status.eq(BookStatus::Printed) & b.author.has(|a| a.born.is_not_null()))
                .order_by(|b| b.id.asc())
                .all(db)?;
            say("an enum and a relation", format!("{:?}", found.iter().map(|b| (b.id, b.status)).collect::<Vec<_>>()));
            let early = found.iter().map(|b| b.published).min().unwrap();
            say("before a date", format!("{}", Book::query().filter(|b| b.published.lt(early)).count(db)?));
            let sums = Book::query()
                .join(|b| b.author)
                .group_by(|(_, a)| a.name)
                .order_by(|(_, a)| a.name.asc())
                .select(|(b, a)| (a.name, b.price.sum(), b.id.count(), b.pages.max()))
                .all(db)?;
            // The same number with fewer digits on SQLite.
            let shown = sums.iter().map(|(name, sum, count, most)| (name, sum.map(|sum| sum.normalize()), count, most));
            say("groups", format!("{:?}", shown.collect::<Vec<_>>()));
            let pairs = Book::query().left_join(|b| b.loans).order_by(|(b, l)| (b.id.asc(), l.id.asc())).all(db)?;
            let shown = pairs.iter().map(|(b, l)| (b.id, l.as_ref().map(|l| (&l.reader, l.taken, l.back))));
            say("left join", format!("{:?}", shown.collect::<Vec<_>>()));
            let all = Author::query()
                .order_by(|a| a.id.asc())
                .include(|a| a.books.order_by(|b| b.id.desc()).limit(1).include(|b| b.tags.order_by(|t| t.word.asc())))
                .all(db)?;
            let shown = all.iter().map(|(a, books)| {
                let books = books.iter().map(|(b, tags)| (b.id, tags.iter().map(|t| &t.word).collect::<Vec<_>>()));
                (&a.name, books.collect::<Vec<_>>())
            });
            say("nested includes", format!("{:?}", shown.collect::<Vec<_>>()));
            let unused = Tag::query().filter(|t| t.books.none(|b| b.id.gt(0))).all(db)?;
            say("no such books", format!("{:?}", unused.iter().map(|t| &t.word).collect::<Vec<_>>()));
            let page = Loan::query().order_by(|l| l.taken.desc()).paginate(1, 2, db)?;
            say("a page", format!("{:?} of {}", page.items.iter().map(|l| l.id).collect::<Vec<_>>(), page.total));
            let out = Loan::query().filter(|l| l.back.is_null()).select(|l| l.reader).distinct().all(db)?;
            say("distinct", format!("{}", out.len()));

            let tag = NewTag::new("fresh").insert(db)?;
            books[0].tags().link(db, &tag)?;
            let done = Book::update().filter(|b| b.tags.any(|t| t.word.eq("fresh"))).set(|b| b.title, "New").run(db)?;
            say(
                "update by a relation",
                format!("{done} {:?}", Book::query().filter(|b| b.title.eq("New")).one(db)?.id),
            );
            ann.delete(db)?;
            say("cascade", format!("{} {}", Book::query().count(db)?, Loan::query().count(db)?));
            Ok(said)
        }
    };
}

questions!(ask_sqlite, library_sqlite);
questions!(ask_postgres, library_postgres);
questions!(ask_mysql, library_mysql);

#[test]
fn one_text_of_queries_gives_the_same_answers_on_every_database() {
    let db = Db::connect("sqlite::memory:").unwrap();
    db.sql(include_str!("../../cases/library_sqlite/schema.sql")).batch().unwrap();
    let expected = ask_sqlite(&db).unwrap();
    assert!(expected.contains(&"literal text: [2]".to_owned()), "{expected:#?}");
    assert!(expected.contains(&"cascade: 2 1".to_owned()), "{expected:#?}");
    for host in servers::all() {
        let (sql, ask): (_, Ask) = match host.dialect {
            DialectName::Postgres => (include_str!("../../cases/library_postgres/schema.postgres.sql"), ask_postgres),
            _ => (include_str!("../../cases/library_mysql/schema.mysql.sql"), ask_mysql),
        };
        let fresh = host.script(sql);
        if host.dialect == DialectName::Postgres {
            // Rows with given numbers do not move the sequence.
            fresh.open().sql("SELECT setval('tag_id_seq', 100)").all::<i64>().unwrap();
        }
        let db = fresh.open();
        let found = ask(&db).unwrap();
        db.close().unwrap();
        assert_eq!(found, expected, "{:?}", host.dialect);
    }
}
