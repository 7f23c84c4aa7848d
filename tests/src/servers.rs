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
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -o "-F -k '$dir' -c listen_addresses= -c max_connections=60 -c deadlock_timeout=100ms" start >/dev/null 2>&1
echo ready
read -r _ || true
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$dir"
"#;

/// The URL of a PostgreSQL server whose user may create databases, or why there is none. It names a database that
/// exists.
///
/// # Errors
/// Says why there is none: `PILASTER_TEST_POSTGRES` is not set, and no server is installed or it does not start.
pub fn postgres() -> Result<String, String> {
    const VARIABLE: &str = "PILASTER_TEST_POSTGRES";
    if let Ok(url) = std::env::var(VARIABLE)
        && !url.is_empty()
    {
        return Ok(url);
    }
    static STARTED: OnceLock<Result<(String, Child), String>> = OnceLock::new();
    match STARTED.get_or_init(start_postgres) {
        Ok((url, _)) => Ok(url.clone()),
        Err(why) => Err(format!("{VARIABLE} is not set, and {why}")),
    }
}

/// The server's URL, and the process whose end is the server's.
#[cfg(unix)]
fn start_postgres() -> Result<(String, Child), String> {
    let programs = postgres_programs().ok_or("no PostgreSQL server is installed")?;
    let folder = std::env::temp_dir().join(format!("pilaster-pg-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut command = if is_root() {
        // The server refuses to run as root.
        let user = "postgres";
        let owned = Command::new("chown").arg(user).arg(&folder).status().is_ok_and(|status| status.success());
        if !owned {
            return Err("as root, a user named postgres is needed to start a server".into());
        }
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(&folder).current_dir(&folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("PostgreSQL could not be started: {error}"))?;
    let mut line = String::new();
    let said = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
    if matches!(said, Some(Ok(_))) && line.trim() == "ready" {
        let url = format!("postgres://postgres@localhost/postgres?host={}", folder.display());
        return Ok((url, child));
    }
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let _ = child.wait();
    let _ = std::fs::remove_dir_all(&folder);
    Err(format!("PostgreSQL did not start: {}", log.lines().last().unwrap_or("it says nothing")))
}

#[cfg(not(unix))]
fn start_postgres() -> Result<(String, Child), String> {
    Err("servers are started on Unix only".into())
}

/// The folder of PostgreSQL's programs: where `PATH` finds them, else where Debian keeps them.
fn postgres_programs() -> Option<PathBuf> {
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
    // A folder of one's own belongs to oneself.
    let probe = std::env::temp_dir().join(format!("pilaster-whoami-{}", std::process::id()));
    let root =
        std::fs::create_dir_all(&probe).and_then(|()| std::fs::metadata(&probe)).is_ok_and(|data| data.uid() == 0);
    let _ = std::fs::remove_dir(&probe);
    root
}
