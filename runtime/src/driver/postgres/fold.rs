//! Short reads of several callers, sent and answered in one go.
//!
//! The client library ends each request by a Sync, and the server answers a Sync at once: that is a write of its own, and
//! somebody woken on this side, for every statement, which costs more than a read by key itself. So where reads of several
//! callers wait to be sent together, all but the last go without their Sync; the server sends the replies in one write, and
//! what the library expects in reply to a Sync is put in here.
//!
//! Statements without a Sync between them are one transaction to the server. Under READ COMMITTED each sees what it would
//! see alone, and one that fails takes along those behind it, which are told so and run again elsewhere. Nothing that
//! writes is sent like this, and nothing that takes long, since the replies before it would wait for it.
//!
//! Source: the manual, "Message Flow" in the chapter on the frontend/backend protocol: "Extended Query" and "Pipelining".

mod frames;
mod ledger;

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::frames::Frames;
use self::ledger::Ledger;

/// How much is read at a time while replies are expected that something is put into.
const PART: usize = 8192;
/// Memory above this is given back.
const KEPT: usize = 16 * PART;

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

/// A stream of bytes from and to the server.
pub(super) struct Fold<S> {
    stream: S,
    crowd: Arc<Crowd>,
    ledger: Ledger,
    frames: Frames,
    /// What is sent instead of what was given to send, and how much of it was.
    out: Vec<u8>,
    sent: usize,
    /// How much was looked at of what is given next, as it was given before and could not be sent.
    known: usize,
    cuts: Vec<Range<usize>>,
    /// What was received and put in: how much of it can be handed on, and how much was. Replies whose end the server may
    /// keep are not, until they are whole: who waits for one can go elsewhere as long as he has nothing of it.
    replies: Vec<u8>,
    whole: usize,
    taken: usize,
    part: Vec<u8>,
    /// What comes before the first message.
    unframed: usize,
}

impl<S> Fold<S> {
    pub(super) fn new(stream: S, crowd: Arc<Crowd>) -> Self {
        Self {
            stream,
            crowd,
            ledger: Ledger::default(),
            frames: Frames::default(),
            out: Vec::new(),
            sent: 0,
            known: 0,
            cuts: Vec::new(),
            replies: Vec::new(),
            whole: 0,
            taken: 0,
            part: Vec::new(),
            unframed: 0,
        }
    }

    /// The stream itself, before messages came by, and who shares it.
    #[cfg(feature = "tls")]
    pub(super) fn into_parts(self) -> (S, Arc<Crowd>) {
        (self.stream, self.crowd)
    }

    /// What the messages go over.
    #[cfg(feature = "tls")]
    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    fn is_open(&self) -> bool {
        self.crowd.open.load(Ordering::Acquire)
    }

    fn note_held(&self) {
        self.crowd.held.store(self.ledger.is_next_joined(), Ordering::Relaxed);
    }

    /// Hands on what was received before.
    fn hand_on(&mut self, into: &mut ReadBuf<'_>) {
        let rest = self.replies.get(self.taken..self.whole).unwrap_or_default();
        let some = rest.len().min(into.remaining());
        into.put_slice(rest.get(..some).unwrap_or_default());
        self.taken += some;
        if self.taken == self.whole {
            self.replies.drain(..self.taken);
            (self.whole, self.taken) = (0, 0);
            self.replies.shrink_to(KEPT);
        }
    }
}

impl<S: AsyncRead + Unpin> Fold<S> {
    /// Receives what nothing has to be put into.
    fn receive(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        let new = into.filled().get(before..).unwrap_or_default();
        let greeting = self.unframed.min(new.len());
        self.unframed -= greeting;
        let is_open = self.is_open();
        let ledger = &mut self.ledger;
        self.frames.pass(new.get(greeting..).unwrap_or_default(), &mut |tag| {
            if is_open {
                ledger.received(tag, None);
            }
        });
        self.ledger.settle();
        Poll::Ready(Ok(()))
    }

    /// Receives something that has to be put into; whether there was anything.
    fn receive_joined(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.part.resize(PART, 0);
        let mut part = ReadBuf::new(&mut self.part);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        let (ledger, whole) = (&mut self.ledger, &mut self.whole);
        self.frames.copy(part.filled(), &mut self.replies, &mut |tag, replies| {
            let (was_held, length) = (ledger.is_next_joined(), replies.len());
            ledger.received(tag, Some(replies));
            // What something was put behind is over.
            if !was_held || replies.len() > length {
                *whole = replies.len();
            }
        });
        if !self.ledger.is_next_joined() {
            self.whole = self.replies.len();
        }
        let any = !part.filled().is_empty();
        self.ledger.settle();
        self.note_held();
        Poll::Ready(Ok(any))
    }
}

impl<S: AsyncWrite + Unpin> Fold<S> {
    /// Sends what is to be sent instead of what was given.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let some = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if some == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += some;
        }
        self.out.clear();
        self.out.shrink_to(KEPT);
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Keeps for sending what is left without the cuts.
    fn keep(&mut self, from: &[u8]) {
        let mut at = 0;
        for cut in self.cuts.drain(..) {
            self.out.extend_from_slice(from.get(at..cut.start).unwrap_or_default());
            at = cut.end;
        }
        self.out.extend_from_slice(from.get(at..).unwrap_or_default());
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fold<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.taken == this.whole {
            if !this.ledger.is_joined() {
                return this.receive(context, into);
            }
            if !ready!(this.receive_joined(context))? {
                return Poll::Ready(Ok(()));
            }
        }
        this.hand_on(into);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fold<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if !this.is_open() {
            if from.starts_with(frames::TLS_REQUEST) {
                this.unframed = frames::TLS_REPLY;
            }
            return Pin::new(&mut this.stream).poll_write(context, from);
        }
        ready!(this.drain(context))?;
        let new = from.get(this.known..).unwrap_or_default();
        if !new.is_empty() {
            this.ledger.sent(new, this.known, this.crowd.reads(), &mut this.cuts);
        }
        if this.cuts.is_empty() {
            this.known = from.len();
            let some = ready!(Pin::new(&mut this.stream).poll_write(context, from))?;
            this.known -= some.min(this.known);
            return Poll::Ready(Ok(some));
        }
        this.keep(from);
        this.known = 0;
        this.note_held();
        // What cannot be sent now is when it is flushed, which a caller does after writing.
        match this.drain(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(from.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
