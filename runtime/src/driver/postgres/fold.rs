//! The stream of bytes between the client library and the server, and what goes past the library on it.
//!
//! *Short reads of several callers are sent and answered in one go.* The client library ends each request by a Sync, and the
//! server answers a Sync at once: that is a write of its own, and somebody woken on this side, for every statement, which
//! costs more than a read by key itself. So where reads of several callers wait to be sent together, all but the last go
//! without their Sync; the server sends the replies in one write, and what the library expects in reply to a Sync is put in
//! here. Statements without a Sync between them are one transaction to the server. Under READ COMMITTED each sees what it
//! would see alone, and one that fails takes along those behind it, which are told so and run again elsewhere. Nothing that
//! writes is sent like this, and nothing that takes long, since the replies before it would wait for it.
//!
//! *A prepared statement that is alone goes past the library.* Its channels, and what it makes of each request and row, were
//! almost a third of the instructions of a short read. So where nothing else is under way, whoever runs a statement writes his request into
//! the stream, and his reply is kept for him. Others may send by the library meanwhile: theirs comes behind his, and
//! whoever receives hands to each what is his.
//!
//! Source: the manual, "Message Flow" in the chapter on the frontend/backend protocol: "Extended Query" and "Pipelining".

mod buffer;
mod direct;
mod frames;
mod ledger;
mod line;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(super) use self::buffer::Buffer;
pub(super) use self::direct::{Received, Taken};
pub(super) use self::ledger::Copying;
pub(super) use self::line::Duplex;
use self::line::Line;

/// Who shares a connection, as far as what talks to the server needs to know.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// How many seats are taken.
    pub(super) seats: AtomicUsize,
    /// Whether those who have one write. Changes only while nobody has one.
    pub(super) writes: AtomicBool,
    /// Whether what is sent and answered is noted: from when the connection is open, and nothing under way.
    open: AtomicBool,
    /// Whether reads may go together.
    joins: AtomicBool,
    /// Whether the server may keep the reply that comes next until others are there.
    held: AtomicBool,
}

impl Crowd {
    /// The connection is open, and nothing was sent since.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Lets reads go together.
    pub(super) fn join(&self) {
        self.joins.store(true, Ordering::Relaxed);
    }

    /// Whether the server may keep the reply that comes next until others are there.
    pub(super) fn is_reply_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether all that is sent are short reads of those who have seats.
    fn reads(&self) -> bool {
        self.joins.load(Ordering::Relaxed)
            && self.seats.load(Ordering::Acquire) > 1
            && !self.writes.load(Ordering::Relaxed)
    }
}

/// A connection's stream, for whoever goes past the client library.
#[derive(Clone)]
pub(super) struct Bypass(Arc<Mutex<Line>>);

impl Bypass {
    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's stream, for the client library. It ends with this.
pub(super) struct Fold(Bypass);

impl Fold {
    pub(super) fn new(stream: impl Duplex + 'static, crowd: Arc<Crowd>) -> Self {
        Self(Bypass(Arc::new(Mutex::new(Line::new(Box::new(stream), crowd)))))
    }

    pub(super) fn bypass(&self) -> Bypass {
        self.0.clone()
    }

    /// Takes out what the bytes go over, before messages came by, for something to be put around it.
    #[cfg(feature = "tls")]
    pub(super) fn take(&self) -> io::Result<Box<dyn Duplex>> {
        self.0.line().stream.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Puts in what the bytes go over from now on.
    #[cfg(feature = "tls")]
    pub(super) fn put(&self, stream: impl Duplex + 'static) {
        self.0.line().stream = Some(Box::new(stream));
    }
}

impl Drop for Fold {
    fn drop(&mut self) {
        // Dropped, and whoever waits woken, when nothing is locked any more.
        let (stream, waiting) = self.0.line().close();
        drop(stream);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl AsyncRead for Fold {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut line = self.0.line();
        let received = line.poll_read(context, into);
        let waiting = line.waiting();
        drop(line);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        received
    }
}

impl AsyncWrite for Fold {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.0.line().poll_write(context, from)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.line().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.line().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
