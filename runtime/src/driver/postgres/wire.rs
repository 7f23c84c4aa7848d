//! The half of a connection that talks to the server, and who drives it.
//!
//! The client library hands requests to that half and takes replies from it by channels, so that something has to poll it.
//! A task does, as is usual; but a caller who waits for a reply, and is alone in that, drives it himself meanwhile. That
//! saves waking the task and being woken by it, which costs about as much as the server does for a row.
//!
//! Whoever polled last is who is woken when something arrives: the *driver*. So whoever leaves, or is joined by others, who
//! must not depend on his being polled, [hands over](Wire::hand_over) to the task.
//!
//! Where several share the connection, the task lets those go first who are ready to run when it is woken: what they send
//! goes to the server in one write, and what came meanwhile is taken in one read. Otherwise it would run right after the
//! first of them, as a runtime does with what was woken last, and every statement would cost a write and a wait.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

use super::fold::Crowd;
use super::link::Link;

/// The task, among those who drive.
const TASK: u64 = 0;

type Half = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Wire {
    /// `None` once the connection is over.
    half: Mutex<Option<Half>>,
    /// Who polled it last.
    driver: AtomicU64,
    /// How many drivers there were.
    drivers: AtomicU64,
    /// Wakes the task.
    task: Mutex<Waker>,
    /// Who shares the connection.
    pub(super) crowd: Arc<Crowd>,
}

impl Wire {
    pub(super) fn new(half: impl Future<Output = ()> + Send + 'static, crowd: Arc<Crowd>) -> Arc<Self> {
        Arc::new(Self {
            half: Mutex::new(Some(Box::pin(half))),
            driver: AtomicU64::new(TASK),
            drivers: AtomicU64::new(TASK),
            task: Mutex::new(Waker::noop().clone()),
            crowd,
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
                let polled = wire.poll(TASK, context);
                if polled.is_none() {
                    // It may have been woken while somebody hands over to it, who does not look again.
                    context.waker().wake_by_ref();
                }
                polled.unwrap_or(Poll::Pending)
            })
            .await;
        }
    }

    /// Sends and receives what can be. `None` where another one does so at this moment, who will be woken then.
    fn poll(&self, who: u64, context: &mut Context<'_>) -> Option<Poll<()>> {
        let mut half = match self.half.try_lock() {
            Ok(half) => half,
            Err(TryLockError::Poisoned(poisoned)) => {
                // It panicked, and cannot be polled again.
                let mut half = poisoned.into_inner();
                *half = None;
                half
            }
            Err(TryLockError::WouldBlock) => return None,
        };
        self.driver.store(who, Ordering::Relaxed);
        let over = half.as_mut().is_none_or(|half| half.as_mut().poll(context).is_ready());
        if !over {
            return Some(Poll::Pending);
        }
        let ended = half.take();
        drop(half);
        if ended.is_some() {
            lock(&self.task).wake_by_ref();
        }
        Some(Poll::Ready(()))
    }

    /// Lets the task drive, if somebody else does.
    pub(super) fn hand_over(&self) {
        if self.driver.load(Ordering::Relaxed) != TASK {
            let task = lock(&self.task).clone();
            let _ = self.poll(TASK, &mut Context::from_waker(&task));
        }
    }
}

/// Ends the connection when the task ends, in whatever way.
struct Closing(Arc<Wire>);

impl Drop for Closing {
    fn drop(&mut self) {
        let half = lock(&self.0.half).take();
        drop(half);
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
        if !waiting.has_company() {
            // So that what is sent does not wake the task.
            let _ = link.wire.poll(waiting.id, &mut Context::from_waker(Waker::noop()));
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
        let ready = poll(context);
        if ready.is_ready() {
            return ready;
        }
        let wire = &self.link.wire;
        if self.has_company() {
            wire.hand_over();
            return Poll::Pending;
        }
        let _ = wire.poll(self.id, context);
        // Who came meanwhile has seen this driver, or is seen here.
        if self.has_company() {
            wire.hand_over();
        }
        poll(context)
    }

    /// Whether others depend on the connection too.
    fn has_company(&self) -> bool {
        fence(Ordering::SeqCst);
        self.shared && self.link.seats() != 1
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.link.wire.driver.load(Ordering::Relaxed) == self.id {
            self.link.wire.hand_over();
        }
    }
}
