//! Databases made of scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pilaster_generator::ir::DialectName;

use super::servers::{Fresh, Host, all as hosts};

/// A database that a script made; it goes when this goes.
#[derive(Debug)]
pub struct Database {
    pub dialect: DialectName,
    /// What its code is called.
    pub module: String,
    pub url: String,
    /// All schemas that it has tables in, where there are schemas.
    pub schemas: Option<Vec<String>>,
    _kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Folder(#[allow(dead_code, reason = "removed when it is dropped")] tempfile::TempDir),
    Server(#[allow(dead_code, reason = "removed when it is dropped")] Fresh),
}

/// A database for each script in the folder whose server is there, and what could not be made.
pub fn all(folder: &Path) -> (Vec<Database>, Vec<String>) {
    let mut found: Vec<_> = scripts(folder, "sqlite").iter().map(|script| named(script, sqlite(script))).collect();
    for host in hosts() {
        let (kind, load): (_, Load) = match host.dialect {
            DialectName::Postgres => ("postgres", psql),
            _ => ("mysql", mysql),
        };
        found.extend(scripts(folder, kind).iter().map(|script| named(script, server(&host, kind, script, load))));
    }
    let (mut databases, mut faults) = (Vec::new(), Vec::new());
    for made in found {
        match made {
            Ok(database) => databases.push(database),
            Err(why) => faults.push(why),
        }
    }
    (databases, faults)
}

fn named(script: &Path, made: Result<Database, String>) -> Result<Database, String> {
    made.map_err(|why| format!("{}: {why}", script.display()))
}

/// Runs a script on a database.
type Load = fn(&Fresh, &Path) -> Result<(), String>;

fn scripts(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join(kind)) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "sql")).collect();
    found.sort();
    found
}

fn module(kind: &str, script: &Path) -> String {
    let stem = script.file_stem().unwrap().to_string_lossy().to_lowercase();
    format!("{kind}_{}", stem.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
}

fn sqlite(script: &Path) -> Result<Database, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    // Nobody needs the file after a crash.
    db.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let made = db.execute_batch(&text(script));
    made.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
    Ok(Database {
        dialect: DialectName::Sqlite,
        module: module("sqlite", script),
        url: format!("sqlite://{}", file.display()),
        schemas: None,
        _kept: Kept::Folder(folder),
    })
}

fn server(host: &Host, kind: &str, script: &Path, load: Load) -> Result<Database, String> {
    let fresh = host.empty();
    load(&fresh, script)?;
    let schemas = (host.dialect == DialectName::Postgres).then(|| {
        let sql = "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
                   AND n.nspname !~ '^pg_(toast|temp)' GROUP BY n.nspname ORDER BY n.nspname = 'public' DESC, 1";
        fresh.open().sql(sql).all::<String>().unwrap()
    });
    let url = fresh.url.clone();
    Ok(Database { dialect: host.dialect, module: module(kind, script), url, schemas, _kept: Kept::Server(fresh) })
}

fn text(script: &Path) -> String {
    String::from_utf8_lossy(&fs::read(script).unwrap()).into_owned()
}

/// Servers' own clients load scripts, as these hold their commands.
fn psql(fresh: &Fresh, script: &Path) -> Result<(), String> {
    let mut command = Command::new("psql");
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--set",
        "ON_ERROR_STOP=1",
        "--output",
        "/dev/null",
        "--dbname",
        &fresh.url,
    ]);
    succeed(command.arg("--file").arg(script))
}

fn mysql(fresh: &Fresh, script: &Path) -> Result<(), String> {
    // As `servers_mysql` and `PILASTER_TEST_MYSQL` write it.
    let (_, rest) = fresh.url.split_once("://").unwrap();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, place) = rest.rsplit_once('@').unwrap_or(("root", rest));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, _) = place.split_once('/').unwrap();
    let (host, port) = host.split_once(':').unwrap_or((host, "3306"));
    let mut command = Command::new(if on_path("mariadb") { "mariadb" } else { "mysql" });
    command.args(["--no-defaults", "--user", user, "--host", host, "--port", port, "--default-character-set=utf8mb4"]);
    command
        .env("MYSQL_PWD", password)
        .args(query.split('&').find(|pair| pair.starts_with("socket=")).map(|pair| format!("--{pair}")));
    succeed(command.arg(&fresh.name).stdin(fs::File::open(script).unwrap()))
}

fn on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program:?} is needed to load scripts: {error}"));
    output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
