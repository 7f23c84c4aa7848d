//! Tables and enums that move to another schema, with their rows and their children.

use pilaster::Db;
use pilaster_generator::ir::{DialectName, TableName};
use pilaster_generator::migrate::change::{Both, Change, invert};
use pilaster_generator::migrate::replay;
use pilaster_generator::migrate::state::{State, plain};
use pilaster_tests::database::Kind;

use crate::on_all::state_of;

const BEFORE: &str = "enums: { Mood: [glad, sad] }
models:
  Writer:
    columns: { id: bigint primary, name: string(40) unique, mood: Mood = glad }
  Post:
    columns: { id: bigint primary }
    relations:
      writer: { belongs_to: Writer }
";

fn moved(schema: &str) -> Vec<Change> {
    let there = |name: &str| TableName { schema: Some(schema.to_owned()), name: name.to_owned() };
    vec![
        Change::RenameTable(Both { from: plain("writer"), to: there("writer") }),
        Change::RenameEnum(Both { from: plain("mood"), to: there("temper") }),
    ]
}

async fn move_there_and_back(kind: Kind, schema: &str) {
    let Some(fresh) = crate::fresh(kind).await else { return };
    let db = &fresh.db;
    let from = state_of(BEFORE);
    if kind == Kind::Mysql {
        crate::batch(db, &format!("CREATE DATABASE {schema}")).await;
    }
    crate::create(db, kind, &from).await;
    crate::batch(db, "INSERT INTO writer (id, name) VALUES (1, 'ann')").await;
    crate::batch(db, "INSERT INTO post (id, writer_id) VALUES (1, 1)").await;
    let before = crate::catalog(db, kind).await;
    let changes = moved(schema);
    let mut to: State = from.clone();
    replay::apply_all(&mut to, &changes).unwrap();
    crate::run(db, &crate::script_of(kind, &from, &changes).unwrap()).await.unwrap();
    let quoted = if kind == Kind::Postgres { format!("\"{schema}\"") } else { schema.to_owned() };
    if kind == Kind::Postgres {
        let sql = format!("SELECT name FROM {quoted}.writer WHERE mood = 'glad'::{quoted}.temper");
        assert_eq!(db.sql(sql).all::<(String,)>().await.unwrap(), [("ann".to_owned(),)]);
    }
    let sql = format!("SELECT name FROM {quoted}.writer JOIN post ON post.writer_id = writer.id");
    assert_eq!(db.sql(sql).all::<(String,)>().await.unwrap(), [("ann".to_owned(),)]);
    assert!(db.sql("INSERT INTO post (id, writer_id) VALUES (2, 9)").execute().await.is_err(), "the key leads there");
    let (back, _) = invert(&changes);
    crate::run(db, &crate::script_of(kind, &to, &back).unwrap()).await.unwrap();
    crate::compare(&crate::catalog(db, kind).await, &before, kind.name());
    if kind == Kind::Mysql {
        crate::batch(db, &format!("DROP DATABASE {schema}")).await;
    }
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_another_schema_on_postgres() {
    move_there_and_back(Kind::Postgres, "Arch.ive").await;
}

/// Names without a schema are those of the connection's own, whatever that is called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_the_schema_of_the_connection_on_postgres() {
    let kind = Kind::Postgres;
    let Some(fresh) = crate::fresh(kind).await else { return };
    crate::batch(&fresh.db, "CREATE SCHEMA \"o'wn\"; CREATE SCHEMA \"1%s\"").await;
    let separator = if fresh.url.contains('?') { '&' } else { '?' };
    let db = Db::connect(&format!("{}{separator}search_path=%22o'wn%22", fresh.url)).await.unwrap();
    let changes = moved("1%s");
    let mut there = state_of(BEFORE);
    replay::apply_all(&mut there, &changes).unwrap();
    crate::create(&db, kind, &there).await;
    let (back, _) = invert(&changes);
    crate::run(&db, &crate::script_of(kind, &there, &back).unwrap()).await.unwrap();
    crate::batch(&db, "INSERT INTO writer (id, name, mood) VALUES (1, 'ann', 'sad')").await;
    let found = "SELECT name FROM \"o'wn\".writer WHERE mood = 'sad'::\"o'wn\".mood";
    assert_eq!(fresh.db.sql(found).all::<(String,)>().await.unwrap(), [("ann".to_owned(),)]);
    db.close().await.unwrap();
    fresh.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_another_database_on_mysql() {
    move_there_and_back(Kind::Mysql, &format!("{}_archive", pilaster_tests::servers_mysql::unique_name())).await;
}

#[test]
fn sqlite_has_no_other_schema() {
    let refused = crate::script_of(Kind::SqliteFile, &state_of(BEFORE), &moved("archive")).unwrap_err();
    assert_eq!(crate::dialect(Kind::SqliteFile), DialectName::Sqlite);
    assert!(refused.contains("P0501") && refused.contains("schema"), "{refused}");
}
