//! Results larger than the memory that reading them takes: hundreds of megabytes, on every database there is.
#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(target_os = "linux")]

use pilaster::Dialect;
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::servers_mysql::numbers;

/// Rows of 4,000 characters, 400 MB in all.
const ROWS: i64 = 100_000;

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

// One test, so that nothing else takes memory meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_the_result() {
    for kind in [Kind::SqliteFile, Kind::Postgres, Kind::PostgresPlain, Kind::Mysql] {
        let fresh = match kind.fresh().await.unwrap() {
            Ok(fresh) => fresh,
            Err(why) => {
                assert!(!is_required(kind), "{} is required: {why}", kind.name());
                continue;
            }
        };
        let text = match fresh.db.dialect() {
            Dialect::Postgres => format!("SELECT n::bigint, repeat('x', 4000) FROM generate_series(1, {ROWS}) n"),
            Dialect::Mysql => format!("SELECT seq, repeat('x', 4000) FROM {} s", numbers(5)),
            _ => format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
                 SELECT i, printf('%.*c', 4000, 'x') FROM n"
            ),
        };
        let before = peak();
        let mut rows = fresh.db.sql(text).stream::<(i64, String)>();
        let (mut sum, mut bytes) = (0, 0);
        while let Some(row) = rows.next().await {
            let (number, text) = row.unwrap();
            sum += number;
            bytes += text.len();
        }
        drop(rows);
        assert_eq!((sum, bytes), (ROWS * (ROWS + 1) / 2, 400_000_000));
        let grown = peak() - before;
        assert!(grown < 40, "{}: {grown} MiB for 400 MB of rows", kind.name());
        fresh.remove().await.unwrap();
    }
}
