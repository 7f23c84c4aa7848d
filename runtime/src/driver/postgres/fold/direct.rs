//! What goes past the client library.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::buffer::{Buffer, KEPT};
use super::line::Line;

/// A request past the client library, and its reply.
#[derive(Default)]
pub(super) struct Direct {
    state: State,
    /// Whether the request may be held back on its way.
    is_unflushed: bool,
    /// What arrived of the reply and was not taken yet.
    inbox: Buffer,
    /// How much of that, its end included, is not known yet to who waits for it.
    new: usize,
    /// Wakes who waits for the reply, where another one receives it.
    waiting: Option<Waker>,
    /// Whether there is something for him.
    calls: bool,
    /// Wakes who receives, where so much arrived that more has to wait until it is taken.
    held: Option<Waker>,
    /// What became of the stream.
    fault: Option<io::Error>,
    is_over: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Nothing,
    /// The reply is to come.
    Sent,
    /// It is there.
    Whole,
    /// Nobody wants it.
    Unwanted,
}

/// What was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::driver::postgres) enum Received {
    /// A part of the reply, or its end.
    Reply,
    /// Something for the client library.
    Other,
    /// The stream has come to an end.
    End,
}

/// What there is to be read of a reply.
#[derive(Debug)]
pub(in crate::driver::postgres) enum Taken {
    More,
    /// No more comes.
    Lost(Option<io::Error>),
}

/// What is left of a reply that nobody needs.
pub(in crate::driver::postgres) struct Left {
    /// Whether some of it is still to come.
    pub is_to_come: bool,
    /// Who is to be woken, as there is room again; and who waited. Either is to be dropped when nothing is locked.
    pub held: Option<Waker>,
    pub waiting: Option<Waker>,
}

impl Direct {
    /// The stream is no more.
    pub(super) fn close(&mut self) -> Option<Waker> {
        self.is_over = true;
        self.waiting.take()
    }

    /// Whom to wake.
    pub(super) fn waiting(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.calls) { self.waiting.take() } else { None }
    }

    /// Drops what arrived.
    fn forget(&mut self) {
        self.inbox.clear();
        self.new = 0;
    }

    /// The reply came to its end.
    fn end(&mut self) {
        if self.state == State::Sent {
            self.state = State::Whole;
            (self.new, self.calls) = (self.new.max(1), true);
        } else {
            self.state = State::Nothing;
            self.forget();
        }
    }
}

impl Line {
    /// Whether a request can be sent: nothing else is under way.
    pub(in crate::driver::postgres) fn can_send(&self) -> bool {
        self.direct.state == State::Nothing && self.is_idle()
    }

    /// Sends a request, which [can be](Self::can_send).
    pub(in crate::driver::postgres) fn send(&mut self, context: &mut Context<'_>, request: impl FnOnce(&mut Vec<u8>)) {
        self.direct.inbox.clear();
        self.direct = Direct {
            inbox: std::mem::take(&mut self.direct.inbox),
            state: State::Sent,
            is_unflushed: true,
            ..Direct::default()
        };
        self.ledger.sent_directly();
        request(&mut self.out);
        // What cannot be sent now is before something is received, and a fault shows then.
        let _ = self.send_on(context);
    }

    /// Whether all of the reply was received.
    pub(in crate::driver::postgres) fn is_reply_whole(&self) -> bool {
        self.direct.state == State::Whole
    }

    /// Whether some of a reply is to come.
    pub(in crate::driver::postgres) fn is_reply_to_come(&self) -> bool {
        matches!(self.direct.state, State::Sent | State::Unwanted)
    }

    /// Sends what is left of the request.
    fn send_on(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.direct.is_unflushed {
            ready!(self.poll_flush(context))?;
            self.direct.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Receives, as long as the reply is the next.
    pub(in crate::driver::postgres) fn receive_directly(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Received>> {
        if !self.ledger.is_next_direct() {
            return Poll::Ready(Ok(Received::Other));
        }
        // The server may answer before it has all of a long request.
        let _ = self.send_on(context)?;
        if self.direct.state == State::Sent && self.direct.new >= KEPT {
            self.direct.held = Some(context.waker().clone());
            return Poll::Pending;
        }
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(Received::End)) };
        let mut room = ReadBuf::new(self.direct.inbox.room());
        ready!(Pin::new(stream).poll_read(context, &mut room))?;
        let some = room.filled().len();
        if some == 0 {
            return Poll::Ready(Ok(Received::End));
        }
        let (rest, is_over) = self.look_through(some);
        let rest = self.direct.inbox.take_last(rest);
        if is_over {
            self.end_directly();
        }
        let is_mixed = !rest.is_empty();
        if is_mixed {
            self.route(&rest);
        }
        if self.direct.state == State::Unwanted {
            self.direct.forget();
        }
        Poll::Ready(Ok(if is_mixed { Received::Other } else { Received::Reply }))
    }

    /// Looks at what was received, up to the end of the reply, or to something that is not of it; gives how much is left, and
    /// whether that was the end.
    fn look_through(&mut self, some: usize) -> (usize, bool) {
        let mut left = self.direct.inbox.wrote(some);
        let mut is_over = false;
        while let Some(tag) = self.frames.upcoming(left) {
            if is_of_nobody(tag) {
                break;
            }
            if let Some(tag) = self.frames.next(&mut left) {
                self.ledger.received(tag, None);
                is_over = tag == b'Z';
                if is_over {
                    break;
                }
            }
        }
        let left = left.len();
        if left < some {
            (self.direct.new, self.direct.calls) = (self.direct.new + some - left, true);
        }
        (left, is_over)
    }

    /// The reply came to its end; what was sent behind it did not wait for itself.
    fn end_directly(&mut self) {
        self.direct.end();
        self.ledger.settle();
    }

    /// Hands what was received to whom it is for.
    pub(super) fn route(&mut self, received: &[u8]) {
        let mut left = received;
        while let Some(tag) = self.frames.upcoming(left) {
            let (before, is_direct) = (left, self.ledger.is_next_direct() && !is_of_nobody(tag));
            let ended = self.frames.next(&mut left);
            let piece = before.get(..before.len() - left.len()).unwrap_or_default();
            if !is_direct {
                self.put_in(piece, ended);
                continue;
            }
            if self.direct.state == State::Sent {
                self.direct.inbox.put(piece);
                (self.direct.new, self.direct.calls) = (self.direct.new + piece.len(), true);
            }
            if let Some(tag) = ended {
                self.ledger.received(tag, None);
                if tag == b'Z' {
                    self.end_directly();
                }
            }
        }
        self.settle();
    }

    /// Takes what arrived of the reply, behind what is left of what was taken before, and whom to wake since there is room
    /// again; else notes who waits for it, instead of the former one.
    pub(in crate::driver::postgres) fn take(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Buffer,
        former: &mut Option<Waker>,
    ) -> Poll<(Taken, Option<Waker>)> {
        let direct = &mut self.direct;
        direct.calls = false;
        if buffer.len() > 0 {
            buffer.put(direct.inbox.rest());
            direct.inbox.clear();
            std::mem::swap(buffer, &mut direct.inbox);
        }
        if std::mem::take(&mut direct.new) > 0 {
            std::mem::swap(buffer, &mut direct.inbox);
            return Poll::Ready((Taken::More, direct.held.take()));
        }
        if direct.is_over || direct.fault.is_some() {
            return Poll::Ready((Taken::Lost(direct.fault.take()), None));
        }
        let is_known = direct.waiting.as_ref().is_some_and(|known| known.will_wake(context.waker()));
        if !is_known {
            *former = direct.waiting.replace(context.waker().clone());
        }
        Poll::Pending
    }

    /// Nobody needs the reply, or the rest of it, any more; the memory may be used again.
    pub(in crate::driver::postgres) fn give_up(&mut self, buffer: Buffer) -> Left {
        let direct = &mut self.direct;
        direct.inbox = buffer;
        direct.forget();
        let is_to_come = direct.state == State::Sent;
        direct.state = if is_to_come { State::Unwanted } else { State::Nothing };
        Left { is_to_come, held: direct.held.take(), waiting: direct.waiting.take() }
    }

    /// Notes what became of the stream.
    pub(in crate::driver::postgres) fn lose(&mut self, fault: Option<io::Error>) {
        self.direct.fault = fault;
        self.direct.is_over = true;
    }
}

/// Whether a message belongs to no request: NoticeResponse, NotificationResponse, ParameterStatus.
fn is_of_nobody(tag: u8) -> bool {
    matches!(tag, b'N' | b'A' | b'S')
}
