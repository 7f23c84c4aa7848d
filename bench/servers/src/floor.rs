//! What a reply costs before anybody looks at it: the same statement on a blocking socket, its bytes thrown away.
//!
//! No client can be faster, so what is asked of one beside by hand can be told from what there is to be had.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use tokio_postgres::config::Host;

use crate::{Anything, hand_postgres};

/// More than the server sends at a time.
const BUFFER: usize = 256 * 1024;
/// The tag and the length of a message.
const HEADER: usize = 5;
const ERROR: u8 = b'E';
const READY: u8 = b'Z';

trait Socket: Read + Write + Send {}
impl<S: Read + Write + Send> Socket for S {}

/// A connection without a password on which one statement is prepared.
pub struct Floor {
    socket: Box<dyn Socket>,
    buffer: Vec<u8>,
}

impl Floor {
    pub fn connect(url: &str, sql: &str) -> Anything<Self> {
        let config = hand_postgres::config(url)?;
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket: Box<dyn Socket> = match config.get_hosts().first() {
            Some(Host::Unix(folder)) => Box::new(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?),
            Some(Host::Tcp(host)) => Box::new(TcpStream::connect((host.as_str(), port))?),
            None => return Err("the URL names no host".into()),
        };
        let mut floor = Self { socket, buffer: vec![0; BUFFER] };
        let user = config.get_user().unwrap_or("postgres");
        let database = config.get_dbname().unwrap_or("postgres");
        floor.ask(|into| frontend::startup_message([("user", user), ("database", database)], into))?;
        floor.ask(|into| {
            frontend::parse("", sql, [], into)?;
            frontend::sync(into);
            Ok(())
        })?;
        Ok(floor)
    }

    /// Runs the statement and throws the reply away.
    pub fn run(&mut self) -> Anything<()> {
        self.ask(|into| {
            let values = |_: (), _: &mut _| Ok(IsNull::Yes);
            frontend::bind("", "", [], [], values, [1], into).map_err(|_| io::Error::other("nothing to bind"))?;
            frontend::execute("", 0, into)?;
            frontend::sync(into);
            Ok(())
        })
    }

    /// Sends a request and reads until the server is ready for another one.
    fn ask(&mut self, request: impl FnOnce(&mut bytes::BytesMut) -> io::Result<()>) -> Anything<()> {
        let mut into = bytes::BytesMut::new();
        request(&mut into)?;
        self.socket.write_all(&into)?;
        // What is left of a message, and as much of the next one's header as came.
        let (mut left, mut header, mut known) = (0, [0; HEADER], 0);
        loop {
            let read = self.socket.read(&mut self.buffer)?;
            let mut rest = self.buffer.get(..read).filter(|rest| !rest.is_empty()).ok_or("the server hung up")?;
            while !rest.is_empty() {
                if left > 0 {
                    let skipped = rest.len().min(left);
                    (rest, left) = (&rest[skipped..], left - skipped);
                } else {
                    let more = rest.len().min(HEADER - known);
                    header[known..known + more].copy_from_slice(&rest[..more]);
                    (rest, known) = (&rest[more..], known + more);
                    if known == HEADER {
                        let [tag, length @ ..] = header;
                        (left, known) = (u32::from_be_bytes(length) as usize - 4, 0);
                        if tag == ERROR {
                            return Err("the server refused a connection without a password, or the statement".into());
                        }
                    }
                }
                if left == 0 && known == 0 && header[0] == READY && rest.is_empty() {
                    return Ok(());
                }
            }
        }
    }
}
