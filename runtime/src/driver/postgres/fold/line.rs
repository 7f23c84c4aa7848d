//! The stream itself, as the client library sends and receives on it.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Crowd;
use super::buffer::KEPT;
use super::direct::{Direct, Received};
use super::frames::{self, Frames};
use super::ledger::{Copying, Ledger};

/// How much is read at a time while replies are expected that something is put into.
const PART: usize = 8192;

/// What bytes go over.
pub(in crate::driver::postgres) trait Duplex:
    AsyncRead + AsyncWrite + Send + Unpin
{
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A stream of bytes from and to the server.
pub(in crate::driver::postgres) struct Line {
    /// `None` once the connection is over.
    pub(super) stream: Option<Box<dyn Duplex>>,
    pub(super) crowd: Arc<Crowd>,
    pub(super) ledger: Ledger,
    pub(super) frames: Frames,
    pub(super) direct: Direct,
    /// What is sent instead of what was given to send, or before it, and how much of it was.
    pub(super) out: Vec<u8>,
    sent: usize,
    /// How much was looked at of what is given next, as it was given before and could not be sent.
    known: usize,
    cuts: Vec<Range<usize>>,
    /// What was received and put in: how much of it can be handed on, and how much was. Replies whose end the server may
    /// keep are not, until they are whole: who waits for one can go elsewhere as long as he has nothing of it.
    pub(super) replies: Vec<u8>,
    whole: usize,
    taken: usize,
    part: Vec<u8>,
    /// What comes before the first message.
    unframed: usize,
}

impl Line {
    pub(super) fn new(stream: Box<dyn Duplex>, crowd: Arc<Crowd>) -> Self {
        Self {
            stream: Some(stream),
            crowd,
            ledger: Ledger::default(),
            frames: Frames::default(),
            direct: Direct::default(),
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

    /// Takes out what the bytes go over; and whoever waits for some, who is to be woken.
    pub(super) fn close(&mut self) -> (Option<Box<dyn Duplex>>, Option<Waker>) {
        (self.stream.take(), self.direct.close())
    }

    /// The COPY that began since something was sent.
    pub(in crate::driver::postgres) fn copying(&self) -> Option<Copying> {
        self.ledger.copying()
    }

    /// Whether no more is to be had of the stream: the server waits for the rows of a COPY. It passes over a Sync, and answers
    /// the next request with the COPY's failure, so that nobody knows any more whose reply is whose.
    fn waits_for_rows(&self) -> bool {
        self.copying() == Some(Copying::In)
    }

    /// Whoever is to be woken, as there is something of his reply.
    pub(super) fn waiting(&mut self) -> Option<Waker> {
        self.direct.waiting()
    }

    fn is_open(&self) -> bool {
        self.crowd.open.load(Ordering::Acquire)
    }

    /// Whether nothing is under way, and whatever was sent or received has come to its end.
    pub(super) fn is_idle(&self) -> bool {
        self.stream.is_some()
            && self.is_open()
            && self.ledger.is_empty()
            && self.out.is_empty()
            && self.known == 0
            && self.replies.is_empty()
            && self.frames.is_between()
    }

    fn note_held(&self) {
        self.crowd.held.store(self.ledger.is_next_joined(), Ordering::Relaxed);
    }

    fn poll_stream<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut Box<dyn Duplex>>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.stream {
            Some(stream) => poll(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
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

    /// Receives what nothing has to be put into.
    fn receive(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(self.poll_stream(|stream| stream.poll_read(context, into)))?;
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
        let mut part = std::mem::take(&mut self.part);
        part.resize(PART, 0);
        let mut room = ReadBuf::new(&mut part);
        let received = self.poll_stream(|stream| stream.poll_read(context, &mut room));
        let any = !room.filled().is_empty();
        self.route(room.filled());
        self.part = part;
        ready!(received)?;
        Poll::Ready(Ok(any))
    }

    /// Puts in a piece of a message for the client library, and what the server leaves out where the message ends with it.
    pub(super) fn put_in(&mut self, piece: &[u8], ended: Option<u8>) {
        self.replies.extend_from_slice(piece);
        let Some(tag) = ended else { return };
        let (was_held, length) = (self.ledger.is_next_joined(), self.replies.len());
        self.ledger.received(tag, Some(&mut self.replies));
        // What something was put behind is over.
        if !was_held || self.replies.len() > length {
            self.whole = self.replies.len();
        }
    }

    /// Notes that all that was received is put in.
    pub(super) fn settle(&mut self) {
        if !self.ledger.is_next_joined() {
            self.whole = self.replies.len();
        }
        self.ledger.settle();
        self.note_held();
    }

    /// Sends what is to be sent instead of what was given.
    pub(super) fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.out.len() {
            let rest = self.out.get(self.sent..).unwrap_or_default();
            let Some(stream) = &mut self.stream else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
            let some = ready!(Pin::new(stream).poll_write(context, rest))?;
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

    pub(super) fn poll_read(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.taken == self.whole {
            if self.waits_for_rows() {
                return Poll::Ready(Ok(()));
            }
            let any = if self.ledger.is_next_direct() {
                ready!(self.receive_directly(context))? != Received::End
            } else if self.ledger.is_joined() {
                ready!(self.receive_joined(context))?
            } else {
                return self.receive(context, into);
            };
            if !any {
                return Poll::Ready(Ok(()));
            }
        }
        self.hand_on(into);
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        if !self.is_open() {
            if from.starts_with(frames::TLS_REQUEST) {
                self.unframed = frames::TLS_REPLY;
            }
            return self.poll_stream(|stream| stream.poll_write(context, from));
        }
        ready!(self.drain(context))?;
        let new = from.get(self.known..).unwrap_or_default();
        if !new.is_empty() {
            self.ledger.sent(new, self.known, self.crowd.reads(), &mut self.cuts);
        }
        if self.cuts.is_empty() {
            self.known = from.len();
            let some = ready!(self.poll_stream(|stream| stream.poll_write(context, from)))?;
            self.known -= some.min(self.known);
            return Poll::Ready(Ok(some));
        }
        self.keep(from);
        self.known = 0;
        self.note_held();
        // What cannot be sent now is when it is flushed, which a caller does after writing.
        match self.drain(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(from.len())),
        }
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        self.poll_stream(|stream| stream.poll_flush(context))
    }

    /// Ends the stream once the reply to what went past the library is in, of which it does not know. One that waits for the
    /// rows of a COPY has no end.
    pub(super) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ledger.is_next_direct() && !self.ledger.is_lost() {
            if ready!(self.receive_directly(context))? == Received::End {
                break;
            }
        }
        ready!(self.drain(context))?;
        self.poll_stream(|stream| stream.poll_shutdown(context))
    }
}
