//! The little that is needed of a runtime: polling in place, giving way before blocking, and timers.
//!
//! All of it works inside a tokio runtime of either flavour and without any.

#[cfg(feature = "postgres")]
mod blocked;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
#[cfg(feature = "sqlite")]
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::coop::unconstrained;

#[cfg(feature = "postgres")]
pub(crate) use self::blocked::{can_enter, here, is_own};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread until it is done.
#[inline]
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    #[cfg(feature = "postgres")]
    let _blocking = blocked::Blocking::begin();
    let mut future = pin!(future);
    // Most futures of an embedded database are ready at once: the waker with its allocation comes only when one is not.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => wait_for(future),
    }
}

#[cold]
fn wait_for<T>(future: Pin<&mut impl Future<Output = T>>) -> T {
    give_way(move || {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        // Inside a task whose budget is used up, tokio's primitives would stay pending until it yields: never.
        let mut future = pin!(unconstrained(future));
        loop {
            #[cfg(feature = "postgres")]
            if let Some(reactor) = blocked::reactor() {
                return reactor.run(future);
            }
            match future.as_mut().poll(&mut context) {
                Poll::Ready(value) => {
                    // What something around this waits for may have come meanwhile, and woken nobody but this.
                    waker.wake();
                    return value;
                }
                Poll::Pending if !is_watching() => thread::park(),
                Poll::Pending => {}
            }
        }
    })
}

/// Whether the thread has begun to watch sockets, which then wake it.
fn is_watching() -> bool {
    #[cfg(feature = "postgres")]
    let is_watching = blocked::reactor().is_some();
    #[cfg(not(feature = "postgres"))]
    let is_watching = false;
    is_watching
}

/// Runs work that blocks the thread. On a worker of a multi-thread runtime its other tasks move elsewhere first.
pub(crate) fn give_way<T>(work: impl FnOnce() -> T) -> T {
    if can_give_way() { tokio::task::block_in_place(work) } else { work() }
}

/// Whether this thread is a worker of a multi-thread runtime: anywhere else `block_in_place` is of no use (`block_on`,
/// `spawn_blocking`) or panics (current-thread runtimes, `LocalSet`).
fn can_give_way() -> bool {
    // A current-thread runtime counts its only thread as a worker too; its flavour tells them apart.
    tokio::runtime::worker_index().is_some()
        && Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Waits for a future, but not for longer than `limit`; `None` when that was over first.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    // The timer is made only for a future that is not ready at once.
    let ready = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(value) = ready.await {
        return Some(value);
    }
    let mut timer = pin!(sleep(limit));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// A task that ends when nobody waits for it any more.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) struct AbortOnDrop<T>(pub(crate) tokio::task::JoinHandle<T>);

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits.
pub(crate) async fn sleep(time: Duration) {
    match background() {
        Some(handle) => {
            let sleep = {
                let _entered = handle.enter();
                tokio::time::sleep(time)
            };
            sleep.await;
        }
        None => give_way(|| thread::sleep(time)),
    }
}

/// Runs `alarm` on another thread unless `work` is done within `limit`; never after it is done.
#[cfg(feature = "sqlite")]
pub(crate) fn with_alarm<T>(limit: Duration, alarm: impl FnOnce() + Send + 'static, work: impl FnOnce() -> T) -> T {
    let Some(background) = background() else { return work() };
    // The lock is held while the alarm runs, so that taking it away cannot come in between.
    let armed = Arc::new(Mutex::new(Some(alarm)));
    let task = background.spawn({
        let armed = Arc::clone(&armed);
        async move {
            tokio::time::sleep(limit).await;
            let mut armed = armed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(alarm) = armed.take() {
                alarm();
            }
        }
    });
    let done = Disarm(|| {
        armed.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.abort();
    });
    let value = work();
    drop(done);
    value
}

/// Runs a closure when dropped, also by a panic.
#[cfg(feature = "sqlite")]
struct Disarm<F: FnMut()>(F);

#[cfg(feature = "sqlite")]
impl<F: FnMut()> Drop for Disarm<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The runtime on a thread of its own, made when it is first needed; `None` when the system gives no thread.
fn background() -> Option<&'static Handle> {
    static BACKGROUND: OnceLock<Option<Runtime>> = OnceLock::new();
    let make = || Builder::new_multi_thread().worker_threads(1).thread_name("pilaster").enable_all().build().ok();
    BACKGROUND.get_or_init(make).as_ref().map(Runtime::handle)
}

/// Runs a future beside everybody, whichever runtimes come and go; not at all when the system gives no thread.
pub(crate) fn spawn_behind(future: impl Future<Output = ()> + Send + 'static) {
    if let Some(handle) = background() {
        drop(handle.spawn(future));
    }
}

/// The runtime for work that goes on beside the caller, such as a connection to a server: the caller's where it has
/// several threads, else the one in the background, since a caller may block the only thread that its runtime has.
pub(crate) fn beside() -> Option<Handle> {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => Some(handle),
        _ => background().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn timers_need_no_runtime() {
        let begun = Instant::now();
        assert!(block_on(timeout(Duration::from_millis(20), std::future::pending::<()>())).is_none());
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert_eq!(block_on(timeout(Duration::from_secs(60), std::future::ready(1))), Some(1));
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn an_alarm_rings_only_while_the_work_runs() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let rings = Arc::new(AtomicU32::new(0));
        let count = || rings.load(Ordering::SeqCst);
        let with = |limit, work: &dyn Fn()| {
            let rings = Arc::clone(&rings);
            let alarm = move || _ = rings.fetch_add(1, Ordering::SeqCst);
            with_alarm(Duration::from_millis(limit), alarm, work);
        };
        with(60_000, &|| {});
        assert_eq!(count(), 0);
        // It may ring where this thread is held up before the work is done, but not later.
        with(10, &|| {});
        let before = count();
        thread::sleep(Duration::from_millis(30));
        assert_eq!(count(), before);
        let begun = Instant::now();
        with(5, &|| {
            while count() == before {
                assert!(begun.elapsed() < Duration::from_secs(30), "it does not ring");
                thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(count(), before + 1);
    }

    #[tokio::test]
    async fn timers_run_while_the_only_thread_is_blocked() {
        assert!(block_on(timeout(Duration::from_millis(10), std::future::pending::<()>())).is_none());
        assert!(timeout(Duration::from_millis(10), std::future::pending::<()>()).await.is_none());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn workers_give_way_and_other_threads_do_not() {
        assert!(!can_give_way(), "the test's own future is not on a worker");
        assert!(tokio::spawn(async { can_give_way() }).await.unwrap());
        assert!(!tokio::task::spawn_blocking(can_give_way).await.unwrap());
        assert!(!tokio::spawn(async { tokio::task::block_in_place(can_give_way) }).await.unwrap());
        assert_eq!(tokio::spawn(async { give_way(|| 1) }).await.unwrap(), 1);
    }

    #[test]
    fn a_local_set_does_not_panic() {
        let many = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let local = tokio::task::LocalSet::new();
        let value = local.block_on(&many, async { tokio::task::spawn_local(async { give_way(|| 1) }).await.unwrap() });
        assert_eq!(value, 1);
    }

    #[tokio::test]
    async fn blocking_inside_a_task_without_budget_ends() {
        let permits = tokio::sync::Semaphore::new(1);
        for _ in 0..1_000 {
            drop(block_on(async {
                // A pending poll first, so that the slow way is taken.
                let mut first = true;
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                permits.acquire().await
            }));
        }
    }
}
