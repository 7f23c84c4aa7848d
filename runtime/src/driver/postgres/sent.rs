//! A prepared statement past the client library's channels: what is sent, and how the reply is read.
//!
//! Source: the manual, "Message Formats" in the chapter on the frontend/backend protocol.

use std::fmt;

use tokio_postgres::{Error as Fault, Statement};

use super::bind::Bound;
use super::cursor::{Cursor, Values};
use super::fold::{Buffer, Taken};
use super::wire::Waiting;
use super::{Prepared, UNWANTED, error, fault};
use crate::driver::{Each, Gate};
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Row, Source};

/// More than this is left to the library, which knows what to say of messages that are too long.
const LONGEST: usize = 1 << 28;

/// What stands for a NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// The name of a statement on the server. The library tells it nowhere but where it describes the statement; where it does
/// not any more, the statement goes by the library.
pub(super) fn name_of(statement: &Statement) -> Option<Box<str>> {
    /// Takes the first text in quotes, and then no more.
    #[derive(Default)]
    struct Quoted {
        text: String,
        is_open: bool,
    }

    impl fmt::Write for Quoted {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for c in text.chars() {
                match c {
                    '"' if self.is_open => return Err(fmt::Error),
                    '"' => self.is_open = true,
                    c if self.is_open => self.text.push(c),
                    _ => {}
                }
            }
            Ok(())
        }
    }

    let mut quoted = Quoted::default();
    // It ends by an error as soon as there is enough.
    let _ = fmt::write(&mut quoted, format_args!("{statement:?}"));
    let digits = quoted.text.strip_prefix('s')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| quoted.text.into())
}

/// A statement whose reply is to be read.
pub(super) struct Sent<'w, 'l> {
    waiting: &'w mut Waiting<'l>,
    buffer: Buffer,
}

impl<'w, 'l> Sent<'w, 'l> {
    /// Sends a statement, if it can go past the library.
    pub(super) fn new(waiting: &'w mut Waiting<'l>, prepared: &Prepared, bound: &Bound) -> Option<Self> {
        let name = prepared.name.as_deref()?;
        let count = u16::try_from(bound.len()).ok().filter(|_| bound.size() < LONGEST)?;
        let sent = waiting.send(|out| request(out, name, count, bound));
        sent.then(|| Self { waiting, buffer: Buffer::default() })
    }

    /// Reads rows to the end. After an error of `each` the rest is read and dropped; it is left unread, and the reply
    /// incomplete, when it is long and nobody needs the connection for a transaction.
    pub(super) async fn read(
        mut self,
        prepared: &Prepared,
        each: Each<'_>,
        patient: bool,
        gate: Option<&Gate>,
    ) -> Result<(Result<u64>, bool), Fault> {
        let (mut outcome, mut affected, mut unwanted) = (Ok(()), 0, 0);
        loop {
            while let Some(message) = self.buffer.next() {
                match message.tag {
                    b'D' if outcome.is_ok() => {
                        outcome = hand_on(message.body, prepared, each);
                        if let Some(gate) = gate {
                            gate.pass().await;
                        }
                    }
                    b'D' => {
                        unwanted += 1;
                        if unwanted > UNWANTED && !patient {
                            return Ok((outcome.map(|()| 0), false));
                        }
                    }
                    b'C' => affected = count_of(message.body),
                    // ReadyForQuery.
                    b'Z' => return Ok((outcome.map(|()| affected), true)),
                    b'E' => {
                        let fault = fault::told(message.whole);
                        return self.refused(fault);
                    }
                    // BindComplete, EmptyQueryResponse.
                    b'2' | b'I' => {}
                    // The beginning of a COPY, say, which is told by its name where it is known.
                    _ => return failed(fault::unexpected()),
                }
            }
            match self.waiting.more(&mut self.buffer).await {
                Taken::More => {}
                Taken::Lost(error) => return failed(fault::lost(error)),
            }
        }
    }
}

impl Sent<'_, '_> {
    #[cold]
    fn refused<T>(&self, fault: Option<Fault>) -> Result<(Result<T>, bool), Fault> {
        if fault.as_ref().is_some_and(error::is_fatal) {
            // The end of the stream may not have shown yet.
            self.waiting.give_up_connection();
        }
        failed(fault)
    }
}

impl Drop for Sent<'_, '_> {
    fn drop(&mut self) {
        self.waiting.give_up_reply(std::mem::take(&mut self.buffer));
    }
}

#[cold]
fn failed<T>(fault: Option<Fault>) -> Result<(Result<T>, bool), Fault> {
    let unknown = || Error::new(ErrorKind::Connection, "the server's reply cannot be read").with_unknown_outcome();
    fault.map_or_else(|| Ok((Err(unknown()), false)), Err)
}

fn hand_on(row: &[u8], prepared: &Prepared, each: Each<'_>) -> Result<()> {
    let values = Values::new(row, prepared.statement.columns());
    each(&Row::new(Source::Postgres(Cursor::of_values(&values, &prepared.forms))))
}

/// How many rows a statement gave or changed, which is the last word of what it says it did.
fn count_of(done: &[u8]) -> u64 {
    let words = done.strip_suffix(b"\0").unwrap_or(done);
    let last = words.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(last).ok().and_then(|last| last.parse().ok()).unwrap_or(0)
}

/// Bind, Execute and Sync.
fn request(out: &mut Vec<u8>, name: &str, count: u16, bound: &Bound) {
    message(out, b'B', |out| {
        // The portal has no name.
        out.push(0);
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        if bound.into_iter().all(|param| param.is_binary()) {
            // One format for all.
            out.extend_from_slice(&[0, 1, 0, 1]);
        } else {
            out.extend_from_slice(&count.to_be_bytes());
            for param in bound {
                out.extend_from_slice(&[0, u8::from(param.is_binary())]);
            }
        }
        out.extend_from_slice(&count.to_be_bytes());
        for param in bound {
            match param.bytes() {
                Some(bytes) => {
                    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
                    out.extend_from_slice(bytes);
                }
                None => out.extend_from_slice(&NULL),
            }
        }
        // All that comes back in binary.
        out.extend_from_slice(&[0, 1, 0, 1]);
    });
    // All rows of it.
    message(out, b'E', |out| out.extend_from_slice(&[0; 5]));
    message(out, b'S', |_| {});
}

fn message(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = (out.len() - start) as u32;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::*;
    use crate::Value;
    use crate::driver::postgres::form::Slot;

    #[test]
    fn requests_are_as_the_manual_has_them() {
        let mut bound = Bound::default();
        bound.push(Slot::of(&Type::INT4), &Value::Int(7)).unwrap();
        let mut out = Vec::new();
        request(&mut out, "s12", 1, &bound);
        let bind = b"B\0\0\0\x1b\0s12\0\0\x01\0\x01\0\x01\0\0\0\x04\0\0\0\x07\0\x01\0\x01";
        let rest = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
        assert_eq!(out, [&bind[..], rest].concat());

        bound.push(Slot::of(&Type::TEXT), &Value::Null).unwrap();
        out.clear();
        request(&mut out, "s1", 2, &bound);
        let bind = b"B\0\0\0\x20\0s1\0\0\x02\0\x01\0\0\0\x02\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\x01\0\x01";
        assert_eq!(out, [&bind[..], rest].concat());
    }

    /// A statement that the library made goes by its name, as long as the library tells it.
    #[tokio::test]
    async fn statements_have_their_names() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let (ours, mut server) = tokio::io::duplex(4096);
        let mut config = tokio_postgres::Config::new();
        config.user("pilaster").ssl_mode(tokio_postgres::config::SslMode::Disable);
        let serves = async {
            // The login, and a statement without parameters and columns.
            let parsed = b"1\0\0\0\x04t\0\0\0\x06\0\0n\0\0\0\x04Z\0\0\0\x05I";
            for reply in [&b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"[..], parsed] {
                assert!(server.read(&mut [0; 512]).await.unwrap() > 0);
                server.write_all(reply).await.unwrap();
            }
        };
        let asks = async {
            let (client, connection) = config.connect_raw(ours, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let statement = client.prepare("LISTEN x").await.unwrap();
            let name = name_of(&statement).unwrap();
            assert!(format!("{statement:?}").contains(&format!("\"{name}\"")), "{name}");
        };
        tokio::join!(serves, asks);
    }

    #[test]
    fn what_was_done_ends_with_how_many() {
        for (done, count) in [(&b"SELECT 3\0"[..], 3), (b"INSERT 0 12\0", 12), (b"CREATE TABLE\0", 0), (b"\0", 0)] {
            assert_eq!(count_of(done), count);
        }
    }
}
