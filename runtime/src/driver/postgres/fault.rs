//! Faults of replies that did not come by way of the client library, as the library has them.
//!
//! It makes its errors of messages that it receives, and lets nobody else make any. So it is let receive the message again,
//! as the reply to a login that goes nowhere.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, Error as Fault, NoTls};

/// What the server said: an ErrorResponse.
#[cold]
pub(super) fn told(message: &[u8]) -> Option<Fault> {
    of(Replay { message: message.to_vec(), error: None })
}

/// That the server closed the connection, or what became of the socket.
#[cold]
pub(super) fn lost(error: Option<io::Error>) -> Option<Fault> {
    of(Replay { message: Vec::new(), error })
}

/// That the server said what it is not to say.
#[cold]
pub(super) fn unexpected() -> Option<Fault> {
    // An EmptyQueryResponse, of all things.
    of(Replay { message: b"I\0\0\0\x04".to_vec(), error: None })
}

/// A server that takes all and says one thing.
struct Replay {
    message: Vec<u8>,
    error: Option<io::Error>,
}

/// None where the library would let itself in, which no such server has it do.
fn of(replay: Replay) -> Option<Fault> {
    let mut config = Config::new();
    config.user("pilaster").ssl_mode(SslMode::Disable);
    let login = pin!(config.connect_raw(replay, NoTls));
    // Everything is there, so there is nothing to wait for.
    match login.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(fault)) => Some(fault),
        _ => None,
    }
}

impl AsyncRead for Replay {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error));
        }
        let some = self.message.len().min(into.remaining());
        into.put_slice(self.message.get(..some).unwrap_or_default());
        self.message.drain(..some);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replay {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(from.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn faults_are_those_of_the_library() {
        let body = b"SERROR\0VERROR\0C23505\0Mtwice\0nt_key\0\0";
        let mut message = vec![b'E'];
        message.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        message.extend_from_slice(body);
        let fault = told(&message).unwrap();
        let db = fault.as_db_error().unwrap();
        assert_eq!((db.code().code(), db.message(), db.constraint()), ("23505", "twice", Some("t_key")));
        assert!(lost(None).unwrap().is_closed());
        let reset = lost(Some(io::ErrorKind::ConnectionReset.into())).unwrap();
        let io = reset.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(io.kind(), io::ErrorKind::ConnectionReset);
        let odd = unexpected().unwrap();
        assert!(odd.as_db_error().is_none() && !odd.is_closed(), "{odd}");
        // Cut off, it is none, and told all the same.
        assert!(told(&message[..9]).unwrap().as_db_error().is_none());
    }
}
