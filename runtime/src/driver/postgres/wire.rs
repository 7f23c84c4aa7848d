//! The half of a connection that talks to the server, and who drives it.
//!
//! The client library hands requests to that half and takes replies from it by channels, so that something has to poll it.
//! A task does, as is usual; but a caller who waits for a reply, and is alone in that, drives it himself meanwhile. That
//! saves waking the task and being woken by it, which costs about as much as the server does for a row.
//!
//! Whoever polled last is who is woken when something arrives: the *driver*. So whoever leaves, or is joined by others, who
//! must not depend on his being polled, [hands over](Wire::hand_over) to the task.
//!
//! A caller who drives is woken by what arrives, and not by the library's channels as well: he fills them himself, and a
//! task that wakes itself is put behind others, for which a runtime wakes another thread. Whoever hands over for him wakes
//! him, so that he listens to the channels from then on.
//!
//! Where several share the connection, the task lets those go first who are ready to run when it is woken: what they send
//! goes to the server in one write, and what came meanwhile is taken in one read. Otherwise it would run right after the
//! first of them, as a runtime does with what was woken last, and every statement would cost a write and a wait.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::Stream;
use tokio::task::coop;

use super::fold::Crowd;
use super::link::Link;
use super::roam::{Roaming, Whereto};
use crate::rt;

/// The task, among those who drive.
const TASK: u64 = 0;

/// How often one looks whether a socket that is away is used, and whether its runtime moves.
const AWAY: Duration = Duration::from_millis(250);

/// So long after it was used a connection is taken to be open, in nanoseconds, though its socket is away.
const SURE: u64 = 1_000_000;

type Half = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Wire {
    driven: Mutex<Driven>,
    /// Who polled it last.
    driver: AtomicU64,
    /// How many drivers there were.
    drivers: AtomicU64,
    /// Wakes the task.
    task: Mutex<Waker>,
    /// Who shares the connection.
    pub(super) crowd: Arc<Crowd>,
    /// Where its socket is.
    roaming: Arc<Roaming>,
    /// Whether somebody looks whether the socket is to be taken home.
    watched: AtomicBool,
    begun: Instant,
    /// When it was used, or looked at, while its socket was away, in nanoseconds since.
    seen: AtomicU64,
}

/// What is driven, and by whom.
struct Driven {
    /// `None` once the connection is over.
    half: Option<Half>,
    /// The caller who drives, and does not listen to the library's channels.
    caller: Option<Caller>,
}

struct Caller {
    id: u64,
    waker: Waker,
}

impl Driven {
    /// Notes who drives; gives the caller who does so no more. After the poll: where that panics, he is woken by the end.
    fn change(&mut self, who: u64, waker: &Waker) -> Option<Caller> {
        match &mut self.caller {
            Some(caller) if caller.id == who => {
                caller.waker.clone_from(waker);
                None
            }
            _ if who == TASK => self.caller.take(),
            caller => caller.replace(Caller { id: who, waker: waker.clone() }),
        }
    }
}

/// What came of polling.
struct Polled {
    is_over: bool,
    /// Who drove before. He has to be woken, unless it is himself who lets another one drive.
    before: Option<Caller>,
}

impl Wire {
    pub(super) fn new(
        half: impl Future<Output = ()> + Send + 'static,
        crowd: Arc<Crowd>,
        roaming: Arc<Roaming>,
    ) -> Arc<Self> {
        Arc::new(Self {
            driven: Mutex::new(Driven { half: Some(Box::pin(half)), caller: None }),
            driver: AtomicU64::new(TASK),
            drivers: AtomicU64::new(TASK),
            task: Mutex::new(Waker::noop().clone()),
            crowd,
            roaming,
            watched: AtomicBool::new(false),
            begun: Instant::now(),
            seen: AtomicU64::new(0),
        })
    }

    /// The task: drives while nobody else does, until the connection is over. When it is dropped, so is the connection.
    pub(super) fn drive(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        let closing = Closing(self);
        async move {
            let wire = &*closing.0;
            let mut stood_back = false;
            poll_fn(|context| {
                lock(&wire.task).clone_from(context.waker());
                stood_back = !stood_back && wire.crowd.seats.load(Ordering::Relaxed) > 1;
                if stood_back {
                    // Woken at once, it runs after all that wait to run.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match wire.poll(TASK, Whereto::Home, context) {
                    Some(polled) => {
                        polled.wake_but(TASK);
                        if polled.is_over { Poll::Ready(()) } else { Poll::Pending }
                    }
                    None => {
                        // It may have been woken while somebody hands over to it, who does not look again.
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                }
            })
            .await;
        }
    }

    /// Sends and receives what can be. `None` where another one does so at this moment, who will be woken then.
    fn poll(&self, who: u64, whereto: Whereto, context: &mut Context<'_>) -> Option<Polled> {
        let mut driven = match self.driven.try_lock() {
            Ok(driven) => driven,
            Err(TryLockError::Poisoned(poisoned)) => {
                // It panicked, and cannot be polled again.
                let mut driven = poisoned.into_inner();
                driven.half = None;
                driven
            }
            Err(TryLockError::WouldBlock) => return None,
        };
        self.driver.store(who, Ordering::Relaxed);
        self.roaming.send(whereto);
        let is_over = driven.half.as_mut().is_none_or(|half| half.as_mut().poll(context).is_ready());
        let before = driven.change(who, context.waker());
        if is_over {
            let ended = driven.half.take();
            drop(driven);
            if ended.is_some() {
                lock(&self.task).wake_by_ref();
            }
        }
        Some(Polled { is_over, before })
    }

    /// Lets the task drive, if somebody else does; told by whom it is.
    fn hand_over(&self, own: u64, whereto: Whereto) {
        if self.driver.load(Ordering::Relaxed) == TASK {
            return;
        }
        if self.roaming.is_away() {
            self.seen.store(self.now(), Ordering::Relaxed);
        }
        self.drive_by_task(own, whereto);
    }

    fn drive_by_task(&self, own: u64, whereto: Whereto) {
        let task = lock(&self.task).clone();
        if !coop::has_budget_remaining() {
            // The socket would not be polled.
            return task.wake();
        }
        if let Some(polled) = self.poll(TASK, whereto, &mut Context::from_waker(&task)) {
            polled.wake_but(own);
        }
        if whereto != Whereto::Home {
            // Something of somebody who came meanwhile may have been sent by this.
            fence(Ordering::SeqCst);
            if self.roaming.is_away() && self.has_others(own) {
                task.wake();
            }
        }
    }

    /// Whether somebody sits here beside one who does, or anybody beside the task.
    fn has_others(&self, own: u64) -> bool {
        self.crowd.seats.load(Ordering::Acquire) > usize::from(own != TASK)
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    /// Has the end of the connection noticed, where the socket is watched by a runtime that may stand still.
    pub(super) fn glance(&self) {
        let is_in_use = self.driver.load(Ordering::Relaxed) != TASK || self.has_others(TASK);
        if is_in_use || !self.roaming.is_away() || self.now() < self.seen.load(Ordering::Relaxed) + SURE {
            return;
        }
        self.seen.store(self.now(), Ordering::Relaxed);
        self.drive_by_task(TASK, Whereto::Look);
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
                if lock(&wire.driven).half.is_none() {
                    return;
                }
                let drivers = wire.drivers.load(Ordering::Relaxed);
                let is_unused = before.replace(drivers) == Some(drivers) && wire.driver.load(Ordering::Relaxed) == TASK;
                if wire.roaming.ask() || is_unused {
                    lock(&wire.task).wake_by_ref();
                }
            }
        });
    }
}

impl Polled {
    fn wake_but(&self, own: u64) {
        if let Some(caller) = &self.before
            && caller.id != own
        {
            caller.waker.wake_by_ref();
        }
    }
}

/// Ends the connection when the task ends, in whatever way.
struct Closing(Arc<Wire>);

impl Drop for Closing {
    fn drop(&mut self) {
        let ended = {
            let mut driven = lock(&self.0.driven);
            (driven.half.take(), driven.caller.take())
        };
        if let (_, Some(caller)) = ended {
            caller.waker.wake();
        }
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
        let waiting = Self { link, id: link.wire.drivers.fetch_add(1, Ordering::Relaxed) + 1, shared };
        if !waiting.needs_task() {
            // So that what is sent does not wake the task.
            let mut deaf = Context::from_waker(Waker::noop());
            if let Some(polled) = link.wire.poll(waiting.id, Whereto::Here, &mut deaf) {
                polled.wake_but(waiting.id);
            }
            link.wire.watch();
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

    /// Polls something of the client library's, and the connection where that is not ready.
    pub(super) fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let wire = &self.link.wire;
        let mut deaf = Context::from_waker(Waker::noop());
        if self.needs_task() {
            let ready = poll(context);
            if ready.is_pending() {
                wire.hand_over(self.id, Whereto::Home);
            }
            return ready;
        }
        let ready = poll(&mut deaf);
        if ready.is_ready() {
            return ready;
        }
        let polled = wire.poll(self.id, Whereto::Here, context).inspect(|polled| polled.wake_but(self.id));
        wire.watch();
        // Who came meanwhile has seen this driver, or is seen here.
        if self.needs_task() {
            wire.hand_over(self.id, Whereto::Home);
        } else if polled.is_some_and(|polled| !polled.is_over) {
            return poll(&mut deaf);
        }
        poll(context)
    }

    /// Whether the task has to drive: others depend on the connection too, or this one has to give way before he gets anything
    /// from a socket, and nothing would ever come where he blocks his thread instead.
    fn needs_task(&self) -> bool {
        fence(Ordering::SeqCst);
        (self.shared && self.link.seats() != 1) || !coop::has_budget_remaining()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.link.wire.driver.load(Ordering::Relaxed) == self.id {
            let whereto = if self.needs_task() { Whereto::Home } else { Whereto::Stay };
            self.link.wire.hand_over(self.id, whereto);
        }
    }
}
