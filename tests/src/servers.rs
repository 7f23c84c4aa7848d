//! Database servers for tests: the one that the environment names, else one that is started for this process in a
//! temporary folder and goes with it.
//!
//! Uses nothing but the standard library, since the runtime's own tests take this file in too.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Makes a cluster, starts it on a socket in the folder, and says so. Ends, and takes the folder away, when its input
/// is closed, which happens whatever becomes of the test.
#[cfg(unix)]
const SCRIPT: &str = r#"
set -e
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -o "-F -k '$dir' -c listen_addresses= -c max_connections=200 -c deadlock_timeout=100ms" start >/dev/null 2>&1
echo ready
read -r _ || true
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$dir"
"#;

/// What names a PostgreSQL server.
const VARIABLE: &str = "PILASTER_TEST_POSTGRES";

/// The URL of the PostgreSQL server that the environment names, which others use too and which stays.
#[must_use]
pub fn named_postgres() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|url| !url.is_empty())
}

/// The URL of a PostgreSQL server whose user may create databases, or why there is none. It names a database that
/// exists.
///
/// # Errors
/// Says why there is none: `PILASTER_TEST_POSTGRES` is not set, and no server is installed or it does not start.
pub fn postgres() -> Result<String, String> {
    if let Some(url) = named_postgres() {
        return Ok(url);
    }
    static STARTED: OnceLock<Result<(String, Child), String>> = OnceLock::new();
    match STARTED.get_or_init(|| three_times(start_postgres)) {
        Ok((url, _)) => Ok(url.clone()),
        Err(why) => Err(format!("{VARIABLE} is not set, and {why}")),
    }
}

/// Tries three times: that a server starts on a machine that is busy with other servers is not what is tested.
pub(crate) fn three_times<T>(start: impl Fn() -> Result<T, String>) -> Result<T, String> {
    start().or_else(|_| start()).or_else(|_| start())
}

/// The server's URL, and the process whose end is the server's.
#[cfg(unix)]
fn start_postgres() -> Result<(String, Child), String> {
    let programs = postgres_programs().ok_or("no PostgreSQL server is installed")?;
    let folder = folder_for_server("pg")?;
    let child = start(SCRIPT, &[&programs, &folder], &folder)?;
    Ok((format!("postgres://postgres@localhost/postgres?host={}", folder.display()), child))
}

/// Runs a script that says when its server is ready; as the user `postgres` where this one is root, as whom servers
/// refuse to run.
#[cfg(unix)]
fn start(script: &str, arguments: &[&Path], folder: &Path) -> Result<Child, String> {
    let mut command = shell("sh");
    command.args(["-c", script, "sh"]).args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors(folder));
    let mut child = command.spawn().map_err(|error| format!("the server could not be started: {error}"))?;
    let mut line = String::new();
    let said = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
    if matches!(said, Some(Ok(_))) && line.trim() == "ready" {
        return Ok(child);
    }
    let why = why_not_started(folder);
    let _ = child.wait();
    let _ = std::fs::remove_dir_all(folder);
    Err(why)
}

/// Where a script that starts a server complains: a file `errors` in the folder.
#[cfg(unix)]
pub(crate) fn errors(folder: &Path) -> Stdio {
    std::fs::File::create(folder.join("errors")).map_or_else(|_| Stdio::null(), Stdio::from)
}

/// The last words of a server that did not start, and of the script that should have started it.
#[cfg(unix)]
pub(crate) fn why_not_started(folder: &Path) -> String {
    let last_of = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        text.lines().last().unwrap_or("nothing").to_owned()
    };
    format!("the server did not start: its log says `{}`, its script `{}`", last_of("log"), last_of("errors"))
}

/// A shell, as a user whom servers let run them.
#[cfg(unix)]
pub(crate) fn shell(name: &str) -> Command {
    if !is_root() {
        return Command::new(name);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", name]);
    command
}

/// A new folder that the user of the server can write to. One may be there already that a process of the same number left.
#[cfg(unix)]
pub(crate) fn folder_for_server(name: &str) -> Result<PathBuf, String> {
    let named = |at: u32| std::env::temp_dir().join(format!("pilaster-{name}-{}-{at}", std::process::id()));
    let mut at = 0;
    let folder = loop {
        match std::fs::create_dir(named(at)) {
            Ok(()) => break named(at),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => at += 1,
            Err(error) => return Err(error.to_string()),
        }
    };
    let is_given = || Command::new("chown").arg("postgres").arg(&folder).status().is_ok_and(|status| status.success());
    if is_root() && !is_given() {
        return Err("as root, a user named postgres is needed to start a server".into());
    }
    Ok(folder)
}

/// The URL of a pgbouncer in transaction mode before a PostgreSQL server, with two connections to it, or why there is
/// none. It has no database; any name of the server's does.
///
/// # Errors
/// Says why there is none: it is not installed, or it does not start.
pub fn pgbouncer(server: &str) -> Result<String, String> {
    static STARTED: OnceLock<Result<(String, Child), String>> = OnceLock::new();
    match STARTED.get_or_init(|| three_times(|| start_pgbouncer(server, "extra_float_digits"))) {
        Ok((url, _)) => Ok(url.clone()),
        Err(why) => Err(why.clone()),
    }
}

/// The same, which passes over a parameter of those who connect. There is one in a process, for one parameter.
///
/// # Errors
/// Says why there is none.
#[allow(dead_code)]
pub fn pgbouncer_ignoring(server: &str, parameter: &str) -> Result<String, String> {
    static STARTED: OnceLock<Result<(String, Child), String>> = OnceLock::new();
    match STARTED.get_or_init(|| three_times(|| start_pgbouncer(server, parameter))) {
        Ok((url, _)) => Ok(url.clone()),
        Err(why) => Err(why.clone()),
    }
}

#[cfg(unix)]
fn start_pgbouncer(server: &str, ignored: &str) -> Result<(String, Child), String> {
    const SCRIPT: &str = r#"
bin=$1 dir=$2
"$bin" "$dir/ini" >"$dir/log" 2>&1 &
pid=$! waited=0
until [ -S "$dir/.s.PGSQL.6432" ]; do
    kill -0 "$pid" 2>/dev/null || exit 1
    [ "$((waited += 1))" -lt 300 ] || { kill "$pid"; exit 1; }
    sleep 0.2
done
echo ready
read -r _ || true
kill "$pid"
wait
rm -rf "$dir"
"#;
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&paths).chain(["/usr/sbin".into()]).map(|folder| folder.join("pgbouncer"));
    let program = program.into_iter().find(|path| path.is_file()).ok_or("pgbouncer is not installed")?;
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let authority = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or("");
    let (user, host) = authority.split_once('@').unwrap_or(("postgres", authority));
    let (user, host) = (user.split(':').next().unwrap_or(user), host.split(':').next().unwrap_or(host));
    let host = query.split('&').find_map(|pair| pair.strip_prefix("host=")).unwrap_or(host);
    let folder = folder_for_server("bouncer")?;
    let ini = format!(
        "[databases]\n* = host={host} user={user}\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
        unix_socket_dir = {}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n\
        server_round_robin = 1\nserver_idle_timeout = 1\nignore_startup_parameters = {ignored}\n",
        folder.display()
    );
    std::fs::write(folder.join("ini"), ini).map_err(|error| error.to_string())?;
    let child = start(SCRIPT, &[&program, &folder], &folder)?;
    Ok((format!("postgres://{user}@localhost:6432?host={}", folder.display()), child))
}

#[cfg(not(unix))]
fn start_pgbouncer(_: &str, _: &str) -> Result<(String, Child), String> {
    Err("servers are started on Unix only".into())
}

#[cfg(not(unix))]
fn start_postgres() -> Result<(String, Child), String> {
    Err("servers are started on Unix only".into())
}

/// The folder of PostgreSQL's programs: where `PATH` finds them, else where Debian keeps them.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir(Path::new("/usr/lib/postgresql"))
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    versions.into_iter().rev().chain(std::env::split_paths(&paths)).find(complete)
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // Asked once, as threads would take the folder away from each other.
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| {
        // A folder of one's own belongs to oneself.
        let probe = std::env::temp_dir().join(format!("pilaster-whoami-{}", std::process::id()));
        let folder = std::fs::create_dir_all(&probe).and_then(|()| std::fs::metadata(&probe));
        let _ = std::fs::remove_dir(&probe);
        folder.is_ok_and(|data| data.uid() == 0)
    })
}
