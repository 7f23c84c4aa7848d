//! A PostgreSQL database of its own for every test.

use std::sync::atomic::{AtomicU32, Ordering};

use pilaster::Db;

#[path = "../../../tests/src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[allow(dead_code)]
mod until;

#[allow(unused_imports)]
pub use until::{LONG, until};

/// A URL with more parameters.
#[allow(dead_code)]
pub fn with(url: &str, parameters: &str) -> String {
    format!("{url}{}{parameters}", if url.contains('?') { '&' } else { '?' })
}

/// Waits until the server is in the middle of a statement that sleeps.
#[allow(dead_code)]
pub async fn until_asleep(db: &Db, sql: &str) {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = $1 \
        AND wait_event = 'PgSleep'";
    until(sql, async || db.sql(asleep).bind(sql).one::<i64>().await.unwrap() > 0).await;
}

/// Waits until this database runs no statement any more that has these words.
#[allow(dead_code)]
pub async fn until_none_runs(db: &Db, words: &str) {
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
        AND position($1 IN query) > 0";
    until("nothing of it goes on", async || db.sql(running).bind(words).one::<i64>().await.unwrap() == 0).await;
}

/// Runs a test with the URL of an empty database, which is dropped afterwards. Skips it, saying so, where there is no
/// server and `PILASTER_REQUIRE` does not name it.
#[allow(dead_code, clippy::print_stderr)]
pub async fn with_url<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = match servers::postgres() {
        Ok(server) => server,
        Err(why) => {
            let required = std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.contains("postgres"));
            assert!(!required, "PILASTER_REQUIRE names postgres: {why}");
            eprintln!("skipped: {why}");
            return;
        }
    };
    let name = format!("pilaster_runtime_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = Db::builder(&server).max_connections(1).connect().await.unwrap();
    admin.sql(format!("CREATE DATABASE {name}")).execute().await.unwrap();
    test(with_database(&server, &name)).await;
    admin.sql(format!("DROP DATABASE {name} WITH (FORCE)")).execute().await.unwrap();
    admin.close().await.unwrap();
}

/// The same with an open database of four connections.
#[allow(dead_code)]
pub async fn with_db<F: Future<Output = ()>>(test: impl FnOnce(Db) -> F) {
    with_url(async |url| {
        let db = Db::builder(&url).max_connections(4).connect().await.unwrap();
        test(db).await;
    })
    .await;
}

/// The URL of the same database through a pgbouncer in transaction mode, or why there is none.
#[allow(dead_code)]
pub fn through_pooler(url: &str) -> Result<String, String> {
    Ok(of_pooler(&servers::pgbouncer(&servers::postgres()?)?, url))
}

/// The same through one that passes over a parameter of those who connect.
#[allow(dead_code)]
pub fn through_pooler_with(url: &str, ignored: &str) -> Result<String, String> {
    Ok(of_pooler(&servers::pgbouncer_ignoring(&servers::postgres()?, ignored)?, url))
}

fn of_pooler(pooler: &str, url: &str) -> String {
    let database = url.split('?').next().and_then(|base| base.rsplit('/').next()).unwrap_or("");
    format!("{}&statement_cache=0", with_database(pooler, database))
}

fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let base = base[authority..].find('/').map_or(base, |slash| &base[..authority + slash]);
    format!("{base}/{name}{query}")
}
