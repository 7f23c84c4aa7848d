//! The half of a connection that talks to the server, and who drives it.
//!
//! The client library hands requests to that half and takes replies from it by channels, so that something has to poll it.
//! A task does, as is usual; but a caller who waits for a reply, and is alone in that, drives it himself meanwhile. That
//! saves waking the task and being woken by it, which costs about as much as the server does for a row.
//!
//! Whoever polls it does so with the same waker, the [`Ear`], which knows who *drives*, and is to be woken: so nothing has to
//! be polled where only that changes. Whoever leaves, or is joined by others, who must not depend on his being polled,
//! [hands over](Wire::hand_over) to the task.
//!
//! A caller who drives is woken by what arrives while he waits, and not by the library's channels as well: he fills them
//! himself, and a task that wakes itself is put behind others, for which a runtime wakes another thread. Whoever hands over
//! for him wakes him if he waits, so that he listens to the channels from then on.
//!
//! Who [sends](Waiting::send) past the client library drives the stream alone: all of the connection is polled only where
//! something came for the library, and by the task.
//!
//! Where several share the connection, the task lets those go first who are ready to run when it is woken: what they send
//! goes to the server in one write, and what came meanwhile is taken in one read. Otherwise it would run right after the
//! first of them, as a runtime does with what was woken last, and every statement would cost a write and a wait.
//!
//! The socket goes to the runtime of the caller who drives, and home where the task does, see `roam.rs`.

mod ear;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::Stream;
use tokio::task::coop;

use self::ear::{Ear, Former, OfBytes};
use super::fold::{Buffer, Bypass, Copying, Crowd, Received, Taken};
use super::link::Link;
use super::roam::{Roaming, Whereto};
use crate::rt;

/// How often one looks whether a socket that is away is used, and whether its runtime moves.
const AWAY: Duration = Duration::from_millis(250);

/// So long after it was used a connection is taken to be open, in nanoseconds, though its socket is away.
const SURE: u64 = 1_000_000;

type Half = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Wire {
    /// `None` once the connection is over.
    half: Mutex<Option<Half>>,
    /// The stream that it talks on.
    bypass: Bypass,
    ear: Arc<Ear>,
    /// Tells the ear; of the socket alone, where the library does not wait for it.
    waker: Waker,
    waker_of_bytes: Waker,
    /// How many callers there were.
    drivers: AtomicU64,
    /// Who shares the connection.
    pub(super) crowd: Arc<Crowd>,
    /// Where its socket is.
    roaming: Arc<Roaming>,
    /// Whether somebody looks whether the socket is to be taken home.
    watched: AtomicBool,
    begun: Instant,
    /// When it was used, or looked at, while nobody would have heard of its end, in nanoseconds since.
    seen: AtomicU64,
    /// Whether the socket was read past the library since it was polled, so that nobody hears of what comes next.
    is_unheard: AtomicBool,
}

impl Wire {
    pub(super) fn new(
        half: impl Future<Output = ()> + Send + 'static,
        crowd: Arc<Crowd>,
        roaming: Arc<Roaming>,
        bypass: Bypass,
    ) -> Arc<Self> {
        let ear = Arc::default();
        Arc::new(Self {
            half: Mutex::new(Some(Box::pin(half))),
            bypass,
            waker: Waker::from(Arc::clone(&ear)),
            waker_of_bytes: Waker::from(Arc::new(OfBytes(Arc::clone(&ear)))),
            ear,
            drivers: AtomicU64::new(0),
            crowd,
            roaming,
            watched: AtomicBool::new(false),
            begun: Instant::now(),
            seen: AtomicU64::new(0),
            is_unheard: AtomicBool::new(false),
        })
    }

    /// The COPY that began since something was sent.
    pub(super) fn copying(&self) -> Option<Copying> {
        self.bypass.line().copying()
    }

    /// Ends the connection, with which nothing can be done any more.
    pub(super) fn end(&self) {
        let half = lock(&self.half).take();
        drop(half);
        self.ear.wake_task();
    }

    /// The task: drives while nobody else does, until the connection is over. When it is dropped, so is the connection.
    pub(super) fn drive(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        let closing = Closing(self);
        async move {
            let wire = &*closing.0;
            let mut stood_back = false;
            poll_fn(|context| {
                wire.ear.note_task(context.waker());
                stood_back = !stood_back && wire.crowd.seats.load(Ordering::Relaxed) > 1;
                if stood_back {
                    // Woken at once, it runs after all that wait to run.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match wire.poll(Whereto::Home, |ear| ear.listen_by_task()) {
                    Some(true) => Poll::Ready(()),
                    Some(false) => Poll::Pending,
                    None => {
                        // Whoever polls it may have handed over, and not look again.
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                }
            })
            .await;
        }
    }

    /// Sends and receives what can be, once it is settled who hears of more; whether the connection is over. `None` where
    /// another one does so at this moment.
    fn poll(&self, whereto: Whereto, settle: impl FnOnce(&Ear) -> Former) -> Option<bool> {
        // Woken when nothing is locked any more, also where the half panics.
        let mut former = Former::default();
        let mut ended = None;
        let mut half = match self.half.try_lock() {
            Ok(half) => half,
            Err(TryLockError::Poisoned(poisoned)) => {
                // It panicked, and cannot be polled again.
                let mut half = poisoned.into_inner();
                ended = half.take();
                half
            }
            Err(TryLockError::WouldBlock) => return None,
        };
        former.replace(settle(&self.ear));
        if whereto != Whereto::Look {
            self.is_unheard.store(false, Ordering::Relaxed);
        }
        self.roaming.send(whereto);
        let mut context = Context::from_waker(&self.waker);
        let is_over = half.as_mut().is_none_or(|half| half.as_mut().poll(&mut context).is_ready());
        if is_over {
            ended = ended.or_else(|| half.take());
        }
        drop(half);
        if ended.is_some() {
            self.ear.wake_task();
        }
        Some(is_over)
    }

    /// Sends a request of a caller who drives past the client library, if nothing else is under way.
    fn send(&self, own: u64, request: impl FnOnce(&mut Vec<u8>)) -> bool {
        let Ok(half) = self.half.try_lock() else { return false };
        let mut line = self.bypass.line();
        if half.is_none() || !line.can_send() || !self.ear.speak(own) {
            return false;
        }
        self.roaming.send(Whereto::Here);
        line.send(&mut Context::from_waker(&self.waker_of_bytes), request);
        true
    }

    /// Receives what can be for a caller who sent past the client library; polls all where something came for the library.
    /// Whether the connection is over; `None` where another one polls it at this moment.
    fn receive(&self, own: u64, waker: &Waker) -> Option<bool> {
        let mut former = Former::default();
        let half = match self.half.try_lock() {
            Ok(half) => half,
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Poisoned(poisoned)) => {
                drop(poisoned);
                return self.poll(Whereto::Here, |ear| ear.listen(own, waker));
            }
        };
        let Some(heard) = self.ear.listen_to_bytes(own, waker) else {
            drop(half);
            return self.poll(Whereto::Here, |ear| ear.listen(own, waker));
        };
        former.replace(heard);
        self.is_unheard.store(true, Ordering::Relaxed);
        self.roaming.send(Whereto::Here);
        let mut line = self.bypass.line();
        match line.receive_directly(&mut Context::from_waker(&self.waker_of_bytes)) {
            Poll::Pending => return Some(half.is_none()),
            Poll::Ready(Ok(Received::Reply)) => {
                if !line.is_reply_whole() {
                    self.ear.look_again();
                }
                return Some(half.is_none());
            }
            Poll::Ready(Ok(Received::Other)) => {}
            Poll::Ready(Ok(Received::End)) => line.lose(None),
            Poll::Ready(Err(error)) => line.lose(Some(error)),
        }
        drop((line, half));
        // The library has something to read, if only the end.
        self.waker.wake_by_ref();
        Some(false)
    }

    /// Lets the task drive, if somebody else does; told by whom it is.
    fn hand_over(&self, own: u64) {
        let missed = self.ear.hand_over(own);
        if !(missed || self.has_to_poll(own)) {
            return;
        }
        let polled = if coop::has_budget_remaining() { self.poll(Whereto::Home, Ear::listen_by_task) } else { None };
        // What was refused for want of budget is polled by the task.
        if polled.is_none() || !coop::has_budget_remaining() {
            self.ear.wake_task();
        }
    }

    /// Lets the task drive, if this caller does.
    fn leave(&self, own: u64) {
        let missed = self.ear.leave(own);
        if missed.is_some() && self.may_end_unheard() {
            self.seen.store(self.now(), Ordering::Relaxed);
        }
        let has_to_poll = missed.is_some_and(|missed| missed || self.has_to_poll(own));
        if has_to_poll || self.half.is_poisoned() {
            self.ear.wake_task();
        }
    }

    /// Whether the connection has to be polled for the task, which takes the socket home; or does what a caller could not who
    /// has to give way, or notices that the half panicked.
    fn has_to_poll(&self, own: u64) -> bool {
        (self.roaming.is_away() && self.has_others(own)) || !coop::has_budget_remaining() || self.half.is_poisoned()
    }

    /// Whether somebody sits here beside one who does.
    fn has_others(&self, own: u64) -> bool {
        self.crowd.seats.load(Ordering::Acquire) > usize::from(own != ear::TASK)
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    /// Whether nobody might hear of the end of the connection: the socket is watched by a runtime that may stand still, or by
    /// nobody.
    fn may_end_unheard(&self) -> bool {
        self.roaming.is_away() || self.is_unheard.load(Ordering::Relaxed)
    }

    /// Has the end of the connection noticed, where nobody might hear of it. Not while a caller drives, who would miss what is
    /// taken here.
    pub(super) fn glance(&self) {
        if !self.may_end_unheard()
            || self.has_others(ear::TASK)
            || !self.ear.is_with_task()
            || self.now() < self.seen.load(Ordering::Relaxed) + SURE
            // The task reads what is left of a reply, however long.
            || self.bypass.line().is_reply_to_come()
        {
            return;
        }
        if self.poll(Whereto::Look, |_| Former::default()).is_some() {
            self.seen.store(self.now(), Ordering::Relaxed);
        }
        // Something of somebody who came meanwhile may have been sent by this.
        if self.has_others(ear::TASK) {
            self.ear.wake_task();
        }
    }

    /// Looks from time to time whether the socket, which is away, is to be taken home.
    fn watch(self: &Arc<Self>) {
        if !self.roaming.is_away() {
            return;
        }
        fence(Ordering::SeqCst);
        if self.watched.load(Ordering::Relaxed) || self.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        self.roaming.ask();
        let wire = Arc::downgrade(self);
        rt::spawn_behind(async move {
            let mut before = None;
            loop {
                rt::sleep(AWAY).await;
                let Some(wire) = wire.upgrade() else { return };
                if !wire.roaming.is_away() {
                    wire.watched.store(false, Ordering::Release);
                    // Who took it away meanwhile saw that somebody looks, or is seen here.
                    fence(Ordering::SeqCst);
                    if !wire.roaming.is_away() || wire.watched.swap(true, Ordering::AcqRel) {
                        return;
                    }
                }
                if lock(&wire.half).is_none() {
                    return;
                }
                let drivers = wire.drivers.load(Ordering::Relaxed);
                let is_unused = before.replace(drivers) == Some(drivers) && wire.ear.is_with_task();
                if wire.roaming.ask() || is_unused {
                    wire.ear.wake_task();
                }
            }
        });
    }
}

/// Ends the connection when the task ends, in whatever way.
struct Closing(Arc<Wire>);

impl Drop for Closing {
    fn drop(&mut self) {
        let half = lock(&self.0.half).take();
        drop(half);
        self.0.ear.wake_caller();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A caller who waits for replies.
pub(super) struct Waiting<'l> {
    link: &'l Link,
    id: u64,
    /// Whether others may use the connection at the same time.
    shared: bool,
    /// Whether he may drive. Otherwise the task does, as long as his seat is taken, or whoever else begins to sees it.
    drives: bool,
    /// Whether he sent past the client library.
    is_direct: bool,
}

impl<'l> Waiting<'l> {
    /// One who has the connection for himself, and has sent nothing yet.
    pub(super) fn alone(link: &'l Link) -> Self {
        Self::new(link, false)
    }

    /// One who has a seat on it, and has sent nothing yet.
    pub(super) fn seated(link: &'l Link) -> Self {
        Self::new(link, true)
    }

    fn new(link: &'l Link, shared: bool) -> Self {
        let id = link.wire.drivers.fetch_add(1, Ordering::Relaxed) + 1;
        let mut waiting = Self { link, id, shared, drives: true, is_direct: false };
        if !waiting.needs_task() {
            // So that what is sent does not wake the task.
            drop(link.wire.ear.begin(id));
            waiting.look_around();
        }
        waiting
    }

    /// Waits for a future of the client library's; pinned where it is made, as it needs much room and would be held twice.
    pub(super) async fn wait<F: Future + Unpin>(&mut self, mut future: F) -> F::Output {
        poll_fn(|context| self.poll(context, |context| Pin::new(&mut future).poll(context))).await
    }

    /// The next row.
    pub(super) async fn next<S: Stream>(&mut self, mut stream: Pin<&mut S>) -> Option<S::Item> {
        poll_fn(|context| self.poll(context, |context| stream.as_mut().poll_next(context))).await
    }

    /// Sends a request past the client library, where he drives and nothing else is under way. Its reply is to be
    /// [given up](Self::give_up_reply) in the end.
    pub(super) fn send(&mut self, request: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.is_direct = !self.needs_task() && self.link.wire.send(self.id, request);
        self.is_direct
    }

    /// Waits for more of the reply to what was sent past the client library.
    pub(super) async fn more(&mut self, buffer: &mut Buffer) -> Taken {
        let link = self.link;
        let more = poll_fn(|context| {
            self.poll(context, |context| {
                // Dropped when nothing is locked any more.
                let mut former = None;
                link.wire.bypass.line().take(context, buffer, &mut former)
            })
        });
        let (taken, held) = more.await;
        if let Some(held) = held {
            held.wake();
        }
        taken
    }

    /// Nobody needs the reply, or the rest of it, any more.
    pub(super) fn give_up_reply(&mut self, buffer: Buffer) {
        let wire = &self.link.wire;
        self.is_direct = false;
        let left = wire.bypass.line().give_up(buffer);
        if left.is_to_come {
            // It is read with what is for the library.
            wire.waker.wake_by_ref();
        }
        if let Some(held) = left.held {
            held.wake();
        }
        drop(left.waiting);
    }

    /// The connection is not to be used again.
    pub(super) fn give_up_connection(&self) {
        self.link.give_up();
    }

    /// Polls something of the client library's, or a reply past it, and the connection where that is not ready.
    pub(super) fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let link = self.link;
        let wire = &link.wire;
        let mut deaf = Context::from_waker(Waker::noop());
        while !self.needs_task() {
            self.drives = true;
            drop(wire.ear.begin(self.id));
            if let Poll::Ready(ready) = poll(&mut deaf) {
                // Who came meanwhile is not to wait until this one comes for more.
                self.look_around();
                return Poll::Ready(ready);
            }
            let polled = if self.is_direct {
                wire.receive(self.id, context.waker())
            } else {
                wire.poll(Whereto::Here, |ear| ear.listen(self.id, context.waker()))
            };
            wire.watch();
            match polled {
                // Whoever polls it at this moment did not know that he drives no more.
                None => self.let_go(),
                Some(true) => return poll(context),
                Some(false) => {
                    if let Poll::Ready(ready) = poll(&mut deaf) {
                        self.look_around();
                        return Poll::Ready(ready);
                    }
                    if !self.look_around() && wire.ear.wait(self.id) {
                        return Poll::Pending;
                    }
                    continue;
                }
            }
            return poll(context);
        }
        let ready = poll(context);
        if ready.is_pending() && (self.drives || wire.has_to_poll(self.id)) {
            self.let_go();
        }
        ready
    }

    /// Lets the task drive where it has to since a moment ago; whether it has. Who came meanwhile has seen that this one
    /// drives, or is seen here: either was noted with the ear before the other one.
    fn look_around(&mut self) -> bool {
        let needs_task = self.needs_task();
        if needs_task {
            self.let_go();
        }
        needs_task
    }

    fn let_go(&mut self) {
        self.link.wire.hand_over(self.id);
        self.drives = false;
    }

    /// Whether the task has to drive: others depend on the connection too, or this one has to give way before he gets anything
    /// from a socket, and nothing would ever come where he blocks his thread instead.
    fn needs_task(&self) -> bool {
        (self.shared && self.link.seats() != 1) || !coop::has_budget_remaining()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.drives {
            self.link.wire.leave(self.id);
        }
    }
}

#[cfg(test)]
mod tests;
