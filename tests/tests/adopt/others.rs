//! Databases whose names are hard to tell apart, or are none.

use pilaster::blocking::Db;
use pilaster_tests::database::{Kind, is_required};
use pilaster_tests::servers_mysql;
use pilaster_tests::servers_own::Own;

use super::{Project, adopt, fresh};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_of_postgres_with_the_same_names() {
    let Some(made) = fresh(Kind::Postgres).await else { return };
    let script = "CREATE SCHEMA app;
        CREATE TABLE app.users (id integer PRIMARY KEY, mail text); CREATE INDEX by_mail ON app.users (mail);
        CREATE TABLE public.users (id integer PRIMARY KEY, mail varchar(9)); CREATE INDEX by_mail ON public.users (mail);
        CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER away FOREIGN DATA WRAPPER nowhere;
        CREATE FOREIGN TABLE app.far (id integer NOT NULL, n integer CHECK (n > 0)) SERVER away";
    made.db.sql(script).batch().await.unwrap();
    let separator = if made.url.contains('?') { '&' } else { '?' };
    adopt("app first", &format!("{}{separator}search_path=app,public", made.url), None);
    made.db.sql("DROP TABLE pilaster_migrations").execute().await.ok();
    made.db.sql("DROP TABLE IF EXISTS app.pilaster_migrations").execute().await.unwrap();
    adopt("public first", &format!("{}{separator}search_path=public,app", made.url), None);
    made.remove().await.unwrap();
}

/// A server that keeps the names of tables in lower case has what a schema in upper case asks for.
#[test]
fn tables_in_lower_case_alone() {
    let Ok(program) = servers_mysql::program() else { return };
    if !program.is_mariadb {
        // MySQL takes the setting only when its files are made.
        return;
    }
    let server = match Own::mysql_with(false, "--lower-case-table-names=1") {
        Ok(server) => server,
        Err(why) if is_required(Kind::Mysql) => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: {why}");
            return;
        }
    };
    let url = format!("mysql://root@127.0.0.1:{}/adopted", server.port);
    let db = Db::connect(&format!("mysql://root@127.0.0.1:{}/mysql", server.port)).unwrap();
    db.sql("CREATE DATABASE adopted").execute().unwrap();
    db.close().unwrap();
    let spec = "pilaster: 1\ndialects: [mysql]\nmodels:
  Writer: { table: Writers, columns: { id: bigint primary, name: string(40) unique } }
  Post:
    table: MyPosts
    columns: { id: bigint primary, title: { type: string(40), index: true } }
    relations: { writer: { belongs_to: Writer } }
";
    let project = Project::of_spec(spec);
    project.run("create", &["db", "create", "--database", &url]);
    let said = project.run("check", &["check", "--database", &url]);
    assert!(said.contains("spec and database: in sync"), "{said}");
    adopt("in lower case", &url, Some(spec));
}
