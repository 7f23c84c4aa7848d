//! Servers of one's own: that speak TLS, and that can be stopped and started again. Each is started for one test in a
//! temporary folder and goes with it.
//!
//! Uses nothing but the standard library, `servers.rs` and `servers_mysql.rs` beside it, since the runtime's own tests
//! take this in too.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{servers, servers_mysql};

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

/// Does as its input says, and ends the server when it is closed. Somebody may have its port for a moment when it starts
/// again, where it cannot have another one.
const LOOP: &str = r#"
start || failed start $?
echo ready
again() { local last=$((SECONDS + 30)); until start; do [ "$SECONDS" -lt "$last" ] || return 1; sleep 0.5; done; }
while read -r word; do case $word in stop) stop ;; start) again || failed start $? ;; esac; echo ready; done
stop
cd /; rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }
"#;

const POSTGRES: &str = r#"
dir=$1 port=$2 bin=$3
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

/// What comes last makes the tables. Nobody but the server itself says that it runs: its greeting needs no client, and its
/// socket is there once it has the port.
const MYSQL: &str = r#"
dir=$1 port=$2 server=$3 options=$4; shift 4
user=$(id -un)
export TMPDIR="$dir" # One that starts takes away what it finds of others' temporary tables.
"$@" --datadir="$dir/data" --user="$user" >log 2>&1 || failed "$1" $?
[ -f server.pem ] && options="$options --ssl-cert=$dir/server.pem --ssl-key=$dir/server.key --ssl-ca=$dir/ca.pem"
start() {
    "$server" --no-defaults --bind-address=127.0.0.1 --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" --port="$port" --user="$user" --max-connections=30 $options >>log 2>&1 &
    pid=$! waited=0
    while kill -0 "$pid" 2>/dev/null; do
        [ -S socket ] && (exec 3<>"/dev/tcp/127.0.0.1/$port" && read -r -t 5 -N 1 _ <&3) 2>/dev/null && return
        [ $((waited += 1)) -lt 600 ] || { kill -9 "$pid"; break; }
        sleep 0.1
    done
    return 1
}
stop() { kill -9 "$pid"; wait "$pid"; rm -f socket socket.lock; }
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
    child: Child,
}

impl Own {
    /// A PostgreSQL server with the roles that `pg_hba.conf` above names still to be made.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn postgres(tls: bool) -> Result<Self, String> {
        let programs = servers::postgres_programs().ok_or("no PostgreSQL server is installed")?;
        Self::start("pg", POSTGRES, tls, &[programs.as_os_str()])
    }

    /// A MySQL or MariaDB server, whose `root` has no password.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn mysql(tls: bool) -> Result<Self, String> {
        Self::mysql_with(tls, "")
    }

    /// The same with a setting on its command line.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn mysql_with(tls: bool, setting: &str) -> Result<Self, String> {
        let program = servers_mysql::program()?;
        let mut options = program.options.join(" ");
        let plain = if program.is_mariadb { "--skip-ssl" } else { "--tls-version=" };
        options.extend([" ", setting, " ", if tls { "" } else { plain }]);
        let mut arguments = vec![program.server.as_os_str(), options.as_ref(), program.installer.as_os_str()];
        arguments.extend(program.install.iter().map(OsStr::new));
        Self::start("mysql", MYSQL, tls, &arguments)
    }

    fn start(name: &str, script: &str, tls: bool, arguments: &[&OsStr]) -> Result<Self, String> {
        servers::three_times(|| Self::start_once(name, script, tls, arguments))
    }

    fn start_once(name: &str, script: &str, tls: bool, arguments: &[&OsStr]) -> Result<Self, String> {
        let folder = servers::folder_for_server(&format!("own-{name}"))?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.map_err(|error| error.to_string())?.port();
        let script =
            format!("{FAILED}cd \"$1\" || failed cd $?\n{}{script}{LOOP}", if tls { CERTIFICATES } else { "" });
        let mut command = servers::shell("bash");
        command.args(["-c", &script, "bash"]).arg(&folder).arg(port.to_string()).args(arguments);
        command.current_dir(&folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(servers::errors(&folder));
        let mut child = command.spawn().map_err(|error| format!("the server could not be started: {error}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server's shell has no pipes".into());
        };
        let mut own = Self { folder, port, to, from: BufReader::new(from), child };
        let ready = own.wait();
        if ready.is_err() {
            let _ = own.child.wait();
            let _ = std::fs::remove_dir_all(&own.folder);
        }
        ready.map(|()| own)
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
