//! The suite on PostgreSQL: the server of `PILASTER_TEST_POSTGRES`, or skipped; `PILASTER_REQUIRE=postgres` forbids that.

macro_rules! suite {
    ($($topic:ident: $($name:ident),+;)*) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let kind = pilaster_tests::database::Kind::Postgres;
                pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
            })+
        })*
    };
}

pilaster_tests::behaviours!(suite);
