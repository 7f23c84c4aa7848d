//! The suite on SQLite: a file, and memory.

macro_rules! suite {
    ($($topic:ident: $($name:ident),+;)*) => {
        /// On a file.
        mod file {
            $(mod $topic {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let kind = pilaster_tests::database::Kind::SqliteFile;
                    pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
                })+
            })*
        }

        /// In memory, on a runtime of one thread.
        mod memory {
            $(mod $topic {
                $(#[tokio::test]
                async fn $name() {
                    let kind = pilaster_tests::database::Kind::SqliteMemory;
                    pilaster_tests::suite::run(kind, async |db| pilaster_tests::suite::$topic::$name(&db).await).await;
                })+
            })*
        }
    };
}

pilaster_tests::behaviours!(suite);
