//! The suite behind pgbouncer in transaction mode, which has two connections to the server for the five of a program:
//! skipped where it or the server is not installed, which `PILASTER_REQUIRE=pgbouncer` forbids.
#![cfg(unix)]

macro_rules! suite {
    ($($topic:ident: $($name:ident),+;)*) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let kind = pilaster_tests::database::Kind::PostgresPooled;
                pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
            })+
        })*
    };
}

pilaster_tests::behaviours!(suite);
