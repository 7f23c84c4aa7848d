//! The suite on MariaDB used without RETURNING, which is as near to MySQL as it comes without one: the server of `PILASTER_TEST_MYSQL`, else one that is started, else skipped, which
//! `PILASTER_REQUIRE=mysql` forbids.

macro_rules! suite {
    ($($topic:ident: $($name:ident),+;)*) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let kind = pilaster_tests::database::Kind::MysqlPlain;
                pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
            })+
        })*
    };
}

pilaster_tests::behaviours!(suite);
