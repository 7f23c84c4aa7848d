//! What a thread that blocks can wait for: its own parking place, or sockets that it watches itself.
//!
//! Outside of any runtime, a thread that waits for a socket watches it by a small runtime, which spares it another thread
//! that does and wakes it. What the thread does otherwise does not run inside of that runtime, so that it may still start
//! others and block on them.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

thread_local! {
    /// What this thread blocks for, if it does.
    static BLOCKED: RefCell<Option<Blocked>> = const { RefCell::new(None) };
}

/// Runtimes that no thread waits by. There are as many as threads ever waited at the same time.
static SPARE: Mutex<Vec<Arc<Reactor>>> = Mutex::new(Vec::new());

/// A thread that blocks.
#[derive(Default)]
struct Blocked {
    reactor: Option<Arc<Reactor>>,
}

/// A runtime that only watches sockets.
pub(super) struct Reactor {
    runtime: Runtime,
    /// Tells that the thread that waits was woken.
    notify: Notify,
    woken: AtomicBool,
}

impl Wake for Reactor {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.notify.notify_one();
        }
    }
}

impl Reactor {
    /// One that nobody else uses; `None` where the system has none to give.
    fn take() -> Option<Arc<Self>> {
        let spare = lock(&SPARE).pop();
        spare.or_else(|| {
            let runtime = Builder::new_current_thread().enable_io().build().ok()?;
            Some(Arc::new(Self { runtime, notify: Notify::new(), woken: AtomicBool::new(false) }))
        })
    }

    /// Runs a future until it is done, on a thread that watches sockets by this.
    pub(super) fn run<T>(self: &Arc<Self>, mut future: Pin<&mut impl Future<Output = T>>) -> T {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        loop {
            // What was woken for before is seen by the poll.
            self.woken.swap(false, Ordering::AcqRel);
            match future.as_mut().poll(&mut context) {
                Poll::Ready(value) => return value,
                Poll::Pending => self.runtime.block_on(self.woken()),
            }
        }
    }

    async fn woken(&self) {
        while !self.woken.load(Ordering::Acquire) {
            self.notify.notified().await;
        }
    }
}

/// Notes that a thread blocks, until it is dropped.
pub(super) struct Blocking {
    /// Whether it did before, for something that this is a part of.
    is_inner: bool,
}

impl Blocking {
    pub(super) fn begin() -> Self {
        let begin = |blocked: &RefCell<Option<Blocked>>| {
            let mut blocked = blocked.borrow_mut();
            let is_inner = blocked.is_some();
            blocked.get_or_insert_default();
            is_inner
        };
        // A thread that is about to end has none any more.
        Self { is_inner: BLOCKED.try_with(begin).unwrap_or(true) }
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        let Some(reactor) = (if self.is_inner { reactor() } else { end() }) else { return };
        if self.is_inner {
            // What comes for the work around this may have come meanwhile.
            reactor.wake_by_ref();
        } else {
            lock(&SPARE).push(reactor);
        }
    }
}

fn end() -> Option<Arc<Reactor>> {
    BLOCKED.try_with(RefCell::take).ok()??.reactor
}

/// What the thread watches sockets by, if it does: not inside of a runtime that it came to meanwhile, where it could not
/// wait by another one.
pub(super) fn reactor() -> Option<Arc<Reactor>> {
    if Handle::try_current().is_ok() {
        return None;
    }
    BLOCKED.try_with(|blocked| blocked.borrow().as_ref()?.reactor.clone()).ok()?
}

/// Whether a runtime is one by which threads that block watch sockets.
pub(crate) fn is_own(runtime: &Handle) -> bool {
    reactor().is_some_and(|reactor| reactor.runtime.handle().id() == runtime.id())
}

/// Whether this thread can enter a runtime: not when it is about to end.
pub(crate) fn can_enter() -> bool {
    !Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

/// The runtime by which a socket is best watched that this thread waits for; `None` where it has none, or blocks one that
/// it may be the only thread of.
pub(crate) fn here() -> Option<Handle> {
    if !can_enter() {
        return None;
    }
    let current = Handle::try_current().ok();
    let handle = BLOCKED.try_with(|blocked| match (&mut *blocked.borrow_mut(), &current) {
        (None, _) => current.clone(),
        (Some(_), Some(_)) => None,
        (Some(blocked), None) => {
            if blocked.reactor.is_none() {
                blocked.reactor = Reactor::take();
            }
            blocked.reactor.as_ref().map(|reactor| reactor.runtime.handle().clone())
        }
    });
    handle.ok().flatten()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::poll_fn;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream as Plain};
    use std::thread;
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpStream;

    use super::*;
    use crate::rt::block_on;

    #[test]
    fn a_thread_that_blocks_watches_its_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Plain::connect(listener.local_addr().unwrap()).unwrap();
        let mut server = listener.accept().unwrap().0;
        client.set_nonblocking(true).unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            server.write_all(b"a").unwrap();
        });
        let read = block_on(async {
            // Begun before it is known that a socket is waited for.
            tokio::task::yield_now().await;
            let mut client = {
                let here = here().unwrap();
                let _entered = here.enter();
                TcpStream::from_std(client).unwrap()
            };
            assert!(Handle::try_current().is_err(), "the caller's own work runs in no runtime");
            client.read_u8().await.unwrap()
        });
        assert_eq!(read, b'a');
        assert!(here().is_none(), "it blocks no more");
        writer.join().unwrap();
    }

    #[test]
    fn nobody_watches_on_a_thread_of_a_runtime_that_is_blocked() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            assert_eq!(here().unwrap().id(), Handle::current().id());
            block_on(async { assert!(here().is_none()) });
        });
    }

    #[test]
    fn what_wakes_the_outer_work_during_the_inner_is_not_lost() {
        for watches in [true, false] {
            let mut polls = 0;
            block_on(poll_fn(|context| {
                if watches {
                    here().unwrap();
                }
                polls += 1;
                if polls > 3 {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                let mut first = true;
                block_on(poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                }));
                Poll::Pending
            }));
        }
    }
}
