//! Databases with the tables of the suite.

use pilaster::{Db, Result};
use tokio::sync::OnceCell;

use crate::database::{Fresh, Kind, with_database};
use crate::models::schema;
use crate::servers;

/// A fresh database of a kind with the tables of the suite, or why there is none.
///
/// # Errors
/// When there is one and it cannot be opened, or its tables cannot be made.
pub async fn fresh(kind: Kind) -> Result<Result<Fresh, String>> {
    if kind.is_postgres()
        && let Some(copy) = copy().await?
    {
        return kind.made(copy).await;
    }
    let fresh = kind.fresh().await?;
    if let Ok(fresh) = &fresh {
        schema::create_all(&fresh.db).await?;
    }
    Ok(fresh)
}

/// What `CREATE DATABASE` says to copy a database of PostgreSQL with these tables. It is made once: to copy it takes less than
/// to make the tables. `None` on a server that the environment names: nobody would take it away there.
async fn copy() -> Result<Option<&'static str>> {
    static COPY: OnceCell<Option<&str>> = OnceCell::const_new();
    let made = COPY.get_or_try_init(async || {
        let (None, Ok(server)) = (servers::named_postgres(), servers::postgres()) else { return Ok(None) };
        let admin = Db::builder(&server).max_connections(1).connect().await?;
        // What went wrong the last time is told again, and not that it is there.
        admin.sql("DROP DATABASE IF EXISTS suite").execute().await?;
        admin.sql("CREATE DATABASE suite").execute().await?;
        // Before 15 files are what is copied, and there is no choice. To write the pages to the log costs more, as nothing
        // here waits for a disk.
        let version = admin.sql("SELECT current_setting('server_version_num')::int").one::<i32>().await?;
        admin.close().await?;
        // Not by way of a pooler, which would stay connected to it: what is copied is nobody else's.
        let db = Db::builder(&with_database(&server, "suite")).max_connections(1).connect().await?;
        schema::create_all(&db).await?;
        db.close().await?;
        Ok(Some(if version < 150_000 { " TEMPLATE suite" } else { " TEMPLATE suite STRATEGY file_copy" }))
    });
    made.await.copied()
}
