//! A MySQL or MariaDB server for tests: the one that `PILASTER_TEST_MYSQL` names, else one started in a folder of its
//! own from the programs on this machine, else none, which is said once, or is a failure where `PILASTER_REQUIRE` asks
//! for `mysql`.
//!
//! This file stands alone, so that the runtime's tests can take it in too.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The URL of the server, without a database: `mysql://root@127.0.0.1:3306`. `None` when there is no server.
#[must_use]
pub fn find() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(String, Option<Child>)>> = OnceLock::new();
    let found = SERVER.get_or_init(|| match std::env::var("PILASTER_TEST_MYSQL") {
        Ok(url) if !url.trim().is_empty() => Some((without_database(url.trim()), None)),
        _ => start().map(|(url, child)| (url, Some(child))),
    });
    found.as_ref().map(|(url, _)| url.as_str())
}

/// The URL of the server as [`find`] gives it. `None` when there is no server and none is required: tests that need
/// one pass by.
///
/// # Panics
/// When `PILASTER_REQUIRE` asks for the server and there is none.
#[allow(clippy::panic)]
#[must_use]
pub fn server() -> Option<&'static str> {
    let required =
        std::env::var("PILASTER_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "mysql"));
    match find() {
        Some(url) => Some(url),
        None if required => panic!("PILASTER_REQUIRE asks for MySQL, and there is no server"),
        None => {
            skipped();
            None
        }
    }
}

/// The URL of a database on the server.
#[must_use]
pub fn url(server: &str, database: &str) -> String {
    match server.split_once('?') {
        Some((place, query)) => format!("{place}/{database}?{query}"),
        None => format!("{server}/{database}"),
    }
}

/// A name that no other test has, now or later.
#[must_use]
pub fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
    format!("pilaster_test_{process}_{:x}_{number}", now.as_micros())
}

/// A table of the numbers from 1 to some power of ten, in a column `seq`, to select from. Only MariaDB has such tables.
#[must_use]
pub fn numbers(digits: u32) -> String {
    let digit = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 \
                 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    let sum: String = (0..digits).map(|at| format!(" + d{at}.n * {}", 10_u64.pow(at))).collect();
    let from: Vec<String> = (0..digits).map(|at| format!("{digit} d{at}")).collect();
    format!("(SELECT 1{sum} AS seq FROM {})", from.join(", "))
}

#[allow(clippy::print_stderr)]
fn skipped() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| eprintln!("skipped: no MySQL or MariaDB (set PILASTER_TEST_MYSQL, or install mariadb-server)"));
}

fn without_database(url: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let (scheme, rest) = place.split_once("://").unwrap_or(("mysql", place));
    let host = rest.rfind('@').map_or(0, |at| at + 1);
    let end = rest[host..].find('/').map_or(rest.len(), |at| host + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}://{}{query}", &rest[..end])
}

/// Starts a server that ends, and takes its folder along, when this process ends. Tries three times: that one starts on a
/// machine that is busy with other servers is not what is tested.
fn start() -> Option<(String, Child)> {
    let server = program(&["mariadbd", "mysqld"])?;
    let install = program(&["mariadb-install-db", "mysql_install_db"])?;
    (0..3).find_map(|_| start_once(&server, &install))
}

#[allow(clippy::print_stderr)]
fn start_once(server: &Path, install: &Path) -> Option<(String, Child)> {
    let folder = std::env::temp_dir().join(unique_name());
    let data = folder.join("data");
    std::fs::create_dir_all(&data).ok()?;
    let user = whoami();
    let made = Command::new(install)
        .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--user={user}"))
        .stdin(Stdio::null())
        .output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        eprintln!("{} failed: {made:?}", install.display());
        let _ = std::fs::remove_dir_all(&folder);
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let child = watched(server, &folder, &user, port)?;
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > PATIENCE {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            eprintln!("{} did not start: {}", server.display(), log.lines().last().unwrap_or("nothing in its log"));
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Some((format!("mysql://root@127.0.0.1:{port}"), child))
}

/// The server under a shell that waits for its input to end, which this process' end does.
fn watched(server: &Path, folder: &Path, user: &str, port: u16) -> Option<Child> {
    let script = r#"folder=$1; shift; "$@" >"$folder/log" 2>&1 & pid=$!; cat >/dev/null; kill $pid; wait $pid; rm -rf "$folder""#;
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder)
        .arg(server)
        .args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
        ])
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        .arg(format!("--port={port}"))
        .arg(format!("--user={user}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// The first of some programs that is installed.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// The user to run as: servers refuse to run as root unless told to.
fn whoami() -> String {
    let answer =
        Command::new("id").arg("-un").output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    answer.ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "root".to_owned())
}
