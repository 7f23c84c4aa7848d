//! Values on their way there and back: bounds, NULL, empty and extreme values, and what does not fit.

use pilaster::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use pilaster::rust_decimal::Decimal;
use pilaster::{ColumnType, Db, Error, ErrorKind, uuid::Uuid};

use crate::{Database, is_mysql};

/// Writes values into a column of a type and reads them back.
async fn round<T>(db: &Db, column: &str, values: &[T])
where
    T: ColumnType<Value = T, Inner = T> + Clone + Send + Sync + PartialEq + std::fmt::Debug,
{
    let table = format!("t_{}", crate::servers::unique_name());
    db.sql(format!("CREATE TABLE {table} (n INT AUTO_INCREMENT PRIMARY KEY, v {column} NULL)"))
        .execute()
        .await
        .unwrap();
    let insert = format!("INSERT INTO {table} (v) VALUES (?)");
    for value in values {
        db.sql(&*insert)
            .bind(value.clone())
            .execute()
            .await
            .unwrap_or_else(|error| panic!("{column} {value:?}: {error}"));
    }
    db.sql(format!("INSERT INTO {table} (v) VALUES (NULL)")).execute().await.unwrap();
    let mut expected: Vec<Option<T>> = values.iter().cloned().map(Some).collect();
    expected.push(None);
    let select = format!("SELECT v FROM {table} ORDER BY n");
    let prepared = db.sql(&*select).map(|row| row.get::<Option<T>>(0)).all().await;
    assert_eq!(prepared.unwrap_or_else(|error| panic!("{column}: {error}")), expected, "{column}");
    // SHOW-like statements come over the text protocol: EXECUTE IMMEDIATE is one that gives these rows.
    let immediate = format!("EXECUTE IMMEDIATE '{select}'");
    // There the server rounds FLOAT to six digits.
    if column != "FLOAT"
        && let Ok(text) = db.sql(immediate).map(|row| row.get::<Option<T>>(0)).all().await
    {
        assert_eq!(text, expected, "{column} as text");
    }
    // To MySQL a document is no text.
    let place = if column == "JSON" && is_mysql(db).await { "CAST(? AS JSON)" } else { "?" };
    for value in values {
        let found =
            db.sql(format!("SELECT count(*) FROM {table} WHERE v = {place}")).bind(value.clone()).one::<i64>().await;
        assert!(found.unwrap() >= 1, "{column} = {value:?}");
    }
}

fn is_encode(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Encode(_))
}

#[tokio::test]
async fn integers_of_every_width() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    round(&db, "TINYINT", &[i8::MIN, -1, 0, i8::MAX]).await;
    round(&db, "TINYINT UNSIGNED", &[0_u8, u8::MAX]).await;
    round(&db, "SMALLINT", &[i16::MIN, i16::MAX]).await;
    round(&db, "SMALLINT UNSIGNED", &[0_u16, u16::MAX]).await;
    round(&db, "MEDIUMINT", &[-8_388_608_i32, 8_388_607]).await;
    round(&db, "INT", &[i32::MIN, i32::MAX]).await;
    round(&db, "INT UNSIGNED", &[0_u32, u32::MAX]).await;
    round(&db, "BIGINT", &[i64::MIN, i64::MAX]).await;
    round(&db, "BIGINT UNSIGNED", &[0_u64, u64::MAX]).await;
    round(&db, "YEAR", &[1901_i32, 2155]).await;
    round(&db, "BOOLEAN", &[false, true]).await;
    for (column, value) in [("TINYINT", 128_i64), ("SMALLINT UNSIGNED", -1), ("INT", 1 << 31), ("BIGINT UNSIGNED", -1)]
    {
        db.sql("DROP TABLE IF EXISTS small").execute().await.unwrap();
        db.sql(format!("CREATE TABLE small (v {column})")).execute().await.unwrap();
        let error = db.sql("INSERT INTO small VALUES (?)").bind(value).execute().await.unwrap_err();
        assert!(is_encode(&error) && error.to_string().contains("\"v\""), "{column}: {error}");
    }
    let error = db.sql("SELECT 300").one::<i8>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    let error = db.sql("SELECT 18446744073709551615").one::<i64>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    assert_eq!(db.sql("SELECT b'101'").one::<Vec<u8>>().await.unwrap(), [5]);
}

#[tokio::test]
async fn numbers_with_fractions() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    round(&db, "DOUBLE", &[0.0, -0.1, f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324]).await;
    round(&db, "FLOAT", &[0.0_f32, -0.1, 1.5, 16_777_216.0]).await;
    let decimals = ["0.00", "-12.50", "99999999.99", "-99999999.99"].map(|text| text.parse::<Decimal>().unwrap());
    round(&db, "DECIMAL(10,2)", &decimals).await;
    let wide = ["7922816251426433759354395033.5", "0.1", "-1"].map(|text| text.parse::<Decimal>().unwrap());
    round(&db, "DECIMAL(65,30)", &wide).await;
    // Two decimals that are one floating point number are two.
    let close = db.sql("SELECT 1 = 1 WHERE CAST('9007199254740993.1' AS DECIMAL(20,1)) = CAST(? AS DECIMAL(20,1))");
    assert_eq!(close.bind("9007199254740993.2".parse::<Decimal>().unwrap()).first::<bool>().await.unwrap(), None);
    for value in [f64::NAN, f64::INFINITY] {
        assert!(is_encode(&db.sql("SELECT ?").bind(value).one::<f64>().await.unwrap_err()));
    }
    assert_eq!(db.sql("SELECT sum(n) FROM (SELECT 1 AS n UNION SELECT 2) q").one::<i64>().await.unwrap(), 3);
    assert_eq!(db.sql("SELECT avg(n) FROM (SELECT 1 AS n UNION SELECT 2) q").one::<f64>().await.unwrap(), 1.5);
}

#[tokio::test]
async fn texts_and_bytes() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    let texts = ["", " ", "ä", "🦀 and 𐍈", "it's \\ \"q\" `b` %_", "a\0b", "\u{10ffff}"].map(str::to_owned);
    round(&db, "VARCHAR(200)", &texts).await;
    round(&db, "LONGTEXT", &texts).await;
    round(&db, "LONGTEXT", &["x".repeat(3_000_000)]).await;
    let all: Vec<u8> = (0..=255).collect();
    round(&db, "LONGBLOB", &[Vec::new(), vec![0], all.clone(), vec![0xff; 2_000_000]]).await;
    round(&db, "VARBINARY(300)", &[Vec::new(), all]).await;
    round(&db, "ENUM('draft','it''s')", &["draft", "it's"].map(str::to_owned)).await;
    round(&db, "SET('a','b')", &["", "a,b"].map(str::to_owned)).await;
    round(&db, "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", &[Uuid::nil(), Uuid::from_bytes([0xab; 16])]).await;
    if !is_mysql(&db).await {
        round(&db, "UUID", &[Uuid::nil(), Uuid::from_bytes([0xab; 16])]).await;
    }
    round(&db, "JSON", &[serde_json::json!(null), serde_json::json!({"a": [1, "🦀", 1.5]})]).await;
    assert_eq!(db.sql("SELECT X'000102030405060708090a0b0c0d0e0f'").one::<Uuid>().await.unwrap().as_bytes()[15], 15);
    db.sql("CREATE TABLE small (v VARCHAR(2), e ENUM('a'))").execute().await.unwrap();
    let error = db.sql("INSERT INTO small (v) VALUES (?)").bind("äöü").execute().await.unwrap_err();
    assert!(is_encode(&error), "{error:?}");
    let error = db.sql("INSERT INTO small (e) VALUES (?)").bind("b").execute().await.unwrap_err();
    assert!(is_encode(&error), "{error:?}");
}

#[tokio::test]
async fn dates_and_times() {
    let Some(database) = Database::new() else { return };
    let db = database.connect("").await;
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let late = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    round(&db, "DATE", &[day(1000, 1, 1), day(1969, 12, 31), day(2024, 2, 29), day(9999, 12, 31)]).await;
    round(&db, "TIME(6)", &[NaiveTime::MIN, late]).await;
    let times =
        [day(1000, 1, 1).and_time(NaiveTime::MIN), day(1969, 12, 31).and_time(late), day(9999, 12, 31).and_time(late)];
    round::<NaiveDateTime>(&db, "DATETIME(6)", &times).await;
    let stamps =
        ["1970-01-01T00:00:01Z", "2038-01-19T03:14:07.999999Z"].map(|text| text.parse::<DateTime<Utc>>().unwrap());
    round(&db, "TIMESTAMP(6)", &stamps).await;
    assert_eq!(db.sql("SELECT @@time_zone").one::<String>().await.unwrap(), "+00:00");
    let lengths = ["SELECT CAST('24:00:00' AS TIME)", "SELECT CAST('-00:00:01' AS TIME)"];
    for sql in lengths {
        let error = db.sql(sql).one::<NaiveTime>().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{sql}: {error}");
    }
    db.sql("CREATE TABLE zero (d DATE)").execute().await.unwrap();
    let refused = db.sql("INSERT INTO zero VALUES ('0000-00-00')").execute().await.unwrap_err();
    assert!(is_encode(&refused), "{refused:?}");
    db.sql("SET sql_mode = ''; INSERT INTO zero VALUES ('0000-00-00')").batch().await.unwrap();
    let error = db.sql("SELECT d FROM zero").one::<NaiveDate>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(cell) if cell.found.contains("0000-00-00")), "{error:?}");
    let late = db.sql("SELECT CAST(? AS DATETIME)").bind(day(9999, 12, 31)).one::<NaiveDate>().await.unwrap();
    assert_eq!(late, day(9999, 12, 31));
}
