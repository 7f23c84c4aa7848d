//! Servers of one's own: that speak TLS, and that can be stopped and started again. Each is started for one test in a
//! temporary folder and goes with it.
//!
//! Uses nothing but the standard library and `servers.rs` beside it, since the runtime's own tests take this in too.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::servers;

/// An authority, a certificate of the server for `localhost` only, and one of a client named `certified`.
const CERTIFICATES: &str = r#"
make() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" -keyout "$1.key" "${@:3}" 2>/dev/null; }
sign() { printf '%s\n' "$2" >ext; openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out "$1.pem" 2>/dev/null; }
make ca 'an authority' -x509 -days 2 -out ca.pem
make other 'another authority' -x509 -days 2 -out other.pem
make server localhost -out server.csr; sign server 'subjectAltName=DNS:localhost'
make client certified -out client.csr; sign client 'subjectAltName=DNS:certified'
chmod 600 ./*.key
"#;

/// Says what failed where the log may be empty.
const FAILED: &str = r#"
failed() { echo "$1 ended with $2" >&2; exit 1; }
"#;

/// Does as its input says, and ends the server when it is closed.
const LOOP: &str = r#"
start && echo ready
while read -r word; do case $word in stop) stop ;; start) start ;; esac; echo ready; done
stop
cd /; rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }
"#;

const POSTGRES: &str = r#"
bin=$1 dir=$2 port=$3; cd "$dir" || failed cd $?
"$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync >log 2>&1 || failed initdb $?
cat >data/pg_hba.conf <<HBA
local all all trust
host all postgres all trust
hostssl all secure all trust
hostnossl all plain all trust
hostssl all certified all cert
host all worded all scram-sha-256
HBA
ssl=; [ -f server.pem ] && ssl="-c ssl=on -c ssl_cert_file=$dir/server.pem -c ssl_key_file=$dir/server.key -c ssl_ca_file=$dir/ca.pem"
start() { "$bin/pg_ctl" -D data -l log -w -o "-F -k '$dir' -p $port -c listen_addresses=localhost -c max_connections=30 $ssl" start >/dev/null 2>&1; }
stop() { "$bin/pg_ctl" -D data -m immediate stop >/dev/null 2>&1; }
"#;

const MARIADB: &str = r#"
bin=$1 dir=$2 port=$3 setting=$4; cd "$dir" || failed cd $?
user=$(id -un)
"$bin/mariadb-install-db" --no-defaults --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --datadir="$dir/data" --user="$user" >log 2>&1 || failed mariadb-install-db $?
server=$(command -v mariadbd || echo /usr/sbin/mariadbd)
ssl=; [ -f server.pem ] && ssl="--ssl-cert=$dir/server.pem --ssl-key=$dir/server.key --ssl-ca=$dir/ca.pem"
start() {
    "$server" --no-defaults --bind-address=127.0.0.1 --skip-name-resolve --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" --port="$port" --user="$user" --max-connections=30 $ssl $setting >>log 2>&1 &
    pid=$!
    for _ in $(seq 300); do [ -S socket ] && mariadb --no-defaults -S socket -u root -e 'DO 0' >/dev/null 2>&1 && return; sleep 0.1; done
    return 1
}
stop() { kill -9 "$pid"; wait "$pid"; rm -f socket; }
"#;

/// A server, which ends when this is dropped.
#[derive(Debug)]
pub struct Own {
    /// Where it keeps its files: `ca.pem`, `other.pem`, `client.pem`, `client.key`.
    pub folder: PathBuf,
    /// Where it listens, on `localhost`.
    pub port: u16,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _child: Child,
}

impl Own {
    /// A PostgreSQL server with the roles that `pg_hba.conf` above names still to be made.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn postgres(tls: bool) -> Result<Self, String> {
        let programs = servers::postgres_programs().ok_or("no PostgreSQL server is installed")?;
        Self::start("pg", POSTGRES, &programs, tls, "")
    }

    /// A MariaDB server, whose `root` has no password.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn mariadb(tls: bool) -> Result<Self, String> {
        Self::mariadb_with(tls, "")
    }

    /// The same with a setting on its command line.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn mariadb_with(tls: bool, setting: &str) -> Result<Self, String> {
        let programs = Path::new("/usr/bin");
        if !programs.join("mariadb-install-db").is_file() {
            return Err("no MariaDB server is installed".into());
        }
        Self::start("maria", MARIADB, programs, tls, setting)
    }

    /// Tries three times: that a server starts on a machine that is busy with other servers is not what is tested.
    #[allow(clippy::print_stderr)]
    fn start(name: &str, script: &str, programs: &Path, tls: bool, setting: &str) -> Result<Self, String> {
        let mut last = Self::start_once(name, script, programs, tls, setting);
        for _ in 0..2 {
            if last.is_ok() {
                break;
            }
            last = Self::start_once(name, script, programs, tls, setting);
        }
        last
    }

    fn start_once(name: &str, script: &str, programs: &Path, tls: bool, setting: &str) -> Result<Self, String> {
        let folder = servers::folder_for_server(&format!("own-{name}"))?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.map_err(|error| error.to_string())?.port();
        let script = format!("cd \"$2\"\n{FAILED}{}{script}{LOOP}", if tls { CERTIFICATES } else { "" });
        let mut command = servers::shell("bash");
        command.args(["-c", &script, "bash"]).arg(programs).arg(&folder).arg(port.to_string()).arg(setting);
        command.current_dir(&folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(servers::errors(&folder));
        let mut child = command.spawn().map_err(|error| format!("the server could not be started: {error}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server's shell has no pipes".into());
        };
        let mut own = Self { folder, port, to, from: BufReader::new(from), _child: child };
        own.wait().map(|()| own)
    }

    fn wait(&mut self) -> Result<(), String> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(_) if line.trim() == "ready" => Ok(()),
            _ => Err(servers::why_not_started(&self.folder)),
        }
    }

    fn say(&mut self, word: &str) -> Result<(), String> {
        writeln!(self.to, "{word}").map_err(|error| error.to_string())?;
        self.wait()
    }

    /// Stops the server as a power cut would.
    ///
    /// # Errors
    /// When its shell is gone.
    pub fn stop(&mut self) -> Result<(), String> {
        self.say("stop")
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.say("start")
    }

    /// The path of one of its files.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// Whether a program can be run.
#[must_use]
pub fn has(program: &str) -> bool {
    Command::new(program).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
