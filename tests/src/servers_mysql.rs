//! A MySQL or MariaDB server for tests: the one that `PILASTER_TEST_MYSQL` names, else one started in a folder of its
//! own from the programs on this machine, of which `PILASTER_MYSQLD` may choose one, else none, which is said once, or
//! is a failure where `PILASTER_REQUIRE` asks for `mysql`.
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
    ONCE.get_or_init(|| eprintln!("skipped: no MySQL or MariaDB (set PILASTER_TEST_MYSQL, or install one)"));
}

fn without_database(url: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let (scheme, rest) = place.split_once("://").unwrap_or(("mysql", place));
    let host = rest.rfind('@').map_or(0, |at| at + 1);
    let end = rest[host..].find('/').map_or(rest.len(), |at| host + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}://{}{query}", &rest[..end])
}

/// A server's program, and how it is called.
#[derive(Debug, Clone)]
pub struct Program {
    /// Which of the two it is; not all who take this file in ask.
    #[allow(dead_code)]
    pub is_mariadb: bool,
    /// The server.
    pub server: PathBuf,
    /// The program that makes the tables of a new server: MySQL itself, another one of MariaDB.
    pub installer: PathBuf,
    /// How that one is called.
    pub install: &'static [&'static str],
    /// What the server is told that the other one needs not to be told, or does not know.
    pub options: &'static [&'static str],
}

impl Program {
    /// What the program is shows in its version, as that of MariaDB may be called `mysqld` too. `None` when it cannot be
    /// run, or MariaDB has nothing that makes its tables.
    fn of(server: PathBuf) -> Option<Self> {
        let output = Command::new(&server).args(["--no-defaults", "--version"]).stdin(Stdio::null()).output().ok()?;
        let version = output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())?;
        if !version.contains("MariaDB") {
            return Some(Self {
                is_mariadb: false,
                installer: server.clone(),
                server,
                install: &["--no-defaults", "--initialize-insecure"],
                // Names are looked up, as its root is one of `localhost`. The folder that packages have it read and write
                // files in may be closed to us.
                options: &["--mysqlx=OFF", "--skip-log-bin", "--secure-file-priv=NULL"],
            });
        }
        Some(Self {
            is_mariadb: true,
            server,
            installer: installed(&["mariadb-install-db", "mysql_install_db"]).next()?,
            install: &[
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ],
            // Statistics that are kept in tables get lost there when they are taken of a table while it is altered: they
            // stay under the name of the copy, come to whichever table the same connection alters next, and then one of its
            // indexes cannot be renamed ("duplicate key in table 'mysql.innodb_index_stats'").
            options: &["--skip-name-resolve", "--innodb-stats-persistent=OFF"],
        })
    }
}

/// The server that `PILASTER_MYSQLD` names, else the first that is installed, MariaDB's before MySQL's.
///
/// # Errors
/// Says why there is none.
pub fn program() -> Result<Program, String> {
    match std::env::var_os("PILASTER_MYSQLD").filter(|named| !named.is_empty()) {
        Some(named) => Program::of(named.clone().into())
            .ok_or_else(|| format!("PILASTER_MYSQLD names no server that can be started: {}", named.display())),
        None => installed(&["mariadbd", "mysqld"])
            .find_map(Program::of)
            .ok_or_else(|| "no MySQL or MariaDB server is installed".to_owned()),
    }
}

/// Starts a server that ends, and takes its folder along, when this process ends. Tries three times: that one starts on a
/// machine that is busy with other servers is not what is tested.
#[allow(clippy::print_stderr)]
fn start() -> Option<(String, Child)> {
    let program = program().map_err(|why| eprintln!("{why}")).ok()?;
    (0..3).find_map(|_| start_once(&program))
}

#[allow(clippy::print_stderr)]
fn start_once(program: &Program) -> Option<(String, Child)> {
    let folder = std::env::temp_dir().join(unique_name());
    let data = folder.join("data");
    std::fs::create_dir_all(&data).ok()?;
    let user = whoami();
    let made = Command::new(&program.installer)
        .args(program.install)
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--user={user}"))
        // One that starts takes away what it finds of others' temporary tables.
        .env("TMPDIR", &folder)
        .stdin(Stdio::null())
        .output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        eprintln!("{} failed: {made:?}", program.installer.display());
        let _ = std::fs::remove_dir_all(&folder);
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let child = watched(program, &folder, &user, port)?;
    let begun = Instant::now();
    // It has a socket once it has the port, where somebody else may listen otherwise.
    while !folder.join("socket").exists() || TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > PATIENCE || folder.join("ended").exists() {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            eprintln!(
                "{} did not start: {}",
                program.server.display(),
                log.lines().last().unwrap_or("nothing in its log")
            );
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Some((format!("mysql://root@127.0.0.1:{port}"), child))
}

/// The server under a shell that waits for its input to end, which this process' end does. Where the server ends before, a
/// file `ended` is in the folder.
fn watched(program: &Program, folder: &Path, user: &str, port: u16) -> Option<Child> {
    let script = r#"
folder=$1; shift
exec 3<&0
"$@" >"$folder/log" 2>&1 3<&- & pid=$!
{ cat >/dev/null; kill "$pid"; } <&3 &
wait "$pid"
: >"$folder/ended"
wait
rm -rf "$folder"
"#;
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder)
        .arg(&program.server)
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"])
        .args(program.options)
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        .arg(format!("--port={port}"))
        .arg(format!("--user={user}"))
        .env("TMPDIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// Where programs of these names are installed.
fn installed(names: &[&'static str]) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    let files: Vec<PathBuf> =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).collect();
    files.into_iter().filter(|file| file.is_file())
}

/// The user to run as: servers refuse to run as root unless told to.
fn whoami() -> String {
    let answer =
        Command::new("id").arg("-un").output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    answer.ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "root".to_owned())
}
