//! How MySQL itself checks passwords: by `caching_sha2_password`, which encrypts a password that the server does not
//! remember, over TLS or by the server's key. MariaDB's ways are tested with its modes of TLS.

use pilaster::{Db, ErrorKind};

use crate::{Database, is_mysql, servers};

async fn user(url: &str) -> pilaster::Result<String> {
    let db = Db::builder(url).max_connections(1).connect().await?;
    let user = db.sql("SELECT substring_index(current_user(), '@', 1)").one::<String>().await?;
    db.close().await?;
    Ok(user)
}

#[tokio::test]
async fn passwords_are_checked_with_and_without_tls() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    if !is_mysql(&db).await {
        return;
    }
    let unique: String = servers::unique_name().chars().rev().take(20).collect();
    let (plain, secure) = (format!("p{unique}"), format!("s{unique}"));
    let password = "IDENTIFIED WITH caching_sha2_password BY 's3cret: pä§'";
    for (name, require) in [(&plain, "NONE"), (&secure, "SSL")] {
        db.sql(format!("CREATE USER '{name}'@'%' {password} REQUIRE {require}")).execute().await.unwrap();
        db.sql(format!("GRANT SELECT ON {}.* TO '{name}'@'%'", database.name)).execute().await.unwrap();
    }
    let (_, place) = database.url.rsplit_once('@').unwrap();
    let url = |name: &str, mode: &str| format!("mysql://{name}:s3cret%3A%20p%C3%A4%C2%A7@{place}?ssl-mode={mode}");
    let modes: &[&str] = if cfg!(feature = "tls") { &["DISABLED", "PREFERRED", "REQUIRED"] } else { &["DISABLED"] };
    for mode in modes {
        // Forgotten, and then remembered.
        db.sql("FLUSH PRIVILEGES").execute().await.unwrap();
        for _ in 0..2 {
            assert_eq!(user(&url(&plain, mode)).await.unwrap(), plain, "{mode}");
        }
        let secured = user(&url(&secure, mode)).await;
        if *mode == "DISABLED" {
            let error = secured.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Permission) && error.to_string().contains("TLS"), "{error}");
        } else {
            assert_eq!(secured.unwrap(), secure);
        }
        let wrong = user(&format!("mysql://{plain}:wr0ng@{place}?ssl-mode={mode}")).await.unwrap_err();
        assert!(matches!(wrong.kind(), ErrorKind::Permission) && !format!("{wrong:?}").contains("wr0ng"), "{wrong:?}");
    }
    db.sql(format!("DROP USER '{plain}'@'%', '{secure}'@'%'")).execute().await.unwrap();
}
