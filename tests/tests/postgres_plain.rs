//! The suite on PostgreSQL whose statements are not kept, as behind a pooler: the server of `PILASTER_TEST_POSTGRES`,
//! else one that is started, else skipped, which `PILASTER_REQUIRE=postgres` forbids.

macro_rules! suite {
    ($($topic:ident: $($name:ident),+;)*) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let kind = pilaster_tests::database::Kind::PostgresPlain;
                pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
            })+
        })*
    };
}

pilaster_tests::behaviours!(suite);
